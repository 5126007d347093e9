//! What a job costs beside composing, on a folder: figures of one run, to be held against each other.
//!
//! Overhead of a job (from submission to result, without inference), two workers against one, looking for a job
//! among 10,000 that have ended against none. `cargo bench --bench jobs`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark prints, and fails loudly

#[path = "../tests/cloud/music.rs"]
mod music;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use composer::compose::Model;
use composer::jobs::client::Client;
use composer::jobs::engine::{Engine, Limits};
use composer::jobs::job::{Ending, Outcome, Stages};
use composer::jobs::worker::scout::{Found, Scout};
use composer::jobs::worker::{Pace, Stop, Until, Worker};
use composer::jobs::{JobId, Timing, claim};
use composer::store::Objects;
use composer::store::folder::Folder;

const ENDED: usize = 10_000;

fn store(folder: &Path) -> Arc<dyn Objects> {
    Arc::new(Folder::open(folder).unwrap())
}

fn client(store: &Arc<dyn Objects>) -> Client {
    Client { store: Arc::clone(store), timing: Timing::default() }
}

fn worker(store: &Arc<dyn Objects>) -> Worker {
    Worker {
        store: Arc::clone(store),
        timing: Timing::default(),
        limits: Limits::default(),
        pace: Pace::NEAR,
        owner: "bench".to_owned(),
        engine: Engine::Here(Box::new(Model::chorale().unwrap())),
    }
}

fn submit(client: &Client, jobs: usize, notes: u64) -> Vec<JobId> {
    (0..jobs).map(|n| client.submit(&music::order(&format!("{n}.mid"), notes)).unwrap()).collect()
}

/// Seconds for so many jobs with so many at a time, and the sum of their inference.
fn work(jobs: usize, notes: u64, concurrency: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (client, worker) = (client(&store), worker(&store));
    let ids = submit(&client, jobs, notes);
    let started = Instant::now();
    worker.run(concurrency, Until::Drained, &Stop::default(), &|_| {}).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let ended = client.wait(&ids, None, Pace::NEAR, &mut |_| ControlFlow::Continue(())).unwrap();
    (seconds, ended.values().map(|e| e.stages.inference).sum())
}

/// Seconds from asking for a job to having claimed it, the median of several.
fn claiming(store: &Arc<dyn Objects>) -> f64 {
    let (client, worker) = (client(store), worker(store));
    let mut times: Vec<f64> = (0..21)
        .map(|_| {
            submit(&client, 1, 4);
            let started = Instant::now();
            let Found::Job(job) = Scout::new(&worker).find().unwrap() else { panic!("no job found") };
            assert!(claim::claim(&**store, job.id, job.attempt, "bench").unwrap());
            let seconds = started.elapsed().as_secs_f64();
            let ending = Ending::new(Outcome::Cancelled, 1, Stages::default());
            assert!(claim::end(&**store, job.id, &ending).unwrap());
            seconds
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let (seconds, inference) = work(40, 8, 1);
    println!("overhead of a job beyond inference: {:.1} ms (at most 50)", (seconds - inference) / 40.0 * 1e3);
    let (one, _) = work(16, 64, 1);
    let (two, _) = work(16, 64, 2);
    println!("two at a time against one: {:.2} times as many jobs (at least 1.8 on two idle cores)", one / two);

    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let empty = claiming(&store);
    let input = music::melody(4);
    for _ in 0..ENDED {
        // As a job leaves them; written plainly, since only their number matters.
        let id = JobId::new();
        let at = folder.path().join(id.prefix());
        std::fs::create_dir_all(at.join("attempts/0001")).unwrap();
        for (name, bytes) in [("input.mid", &input[..]), ("request.json", b"{}"), ("result.json", b"{}")] {
            std::fs::write(at.join(name), bytes).unwrap();
        }
        std::fs::write(at.join("attempts/0001/claim.json"), b"{}").unwrap();
    }
    let full = claiming(&store);
    println!(
        "claiming with {ENDED} ended jobs: {:.2} ms against {:.2} ms with none, {:.2} times (at most 1.2)",
        full * 1e3,
        empty * 1e3,
        full / empty
    );
}
