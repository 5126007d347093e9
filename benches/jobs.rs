//! What a job costs beside composing: figures of one run, to be held against each other.
//!
//! Overhead of a job (from submission to the composition in hand, without inference) on a folder and on the embedded
//! server, with a worker that waits for jobs; two workers with a core each against one; looking for a job among 10,000
//! that have ended against none, on a folder and on the embedded server. What is beyond its bound makes it end with
//! exit code 1. `cargo bench --bench jobs`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark prints, and fails loudly

#[path = "../tests/cloud/music.rs"]
mod music;

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
/// For so long a worker has had nothing to do when the next job comes.
const IDLE: [Duration; 2] = [Duration::ZERO, Duration::from_secs(2)];

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

/// Milliseconds that a job takes beyond inference, in the middle: jobs come one after the other, and before each the
/// worker has had nothing to do for a while.
fn overhead(store: &Arc<dyn Objects>, jobs: usize, idle: Duration) -> f64 {
    let (client, worker, stop) = (client(store), worker(store), Stop::default());
    std::thread::scope(|scope| {
        scope.spawn(|| worker.run(1, Until::Stopped, &stop, &|_| {}).unwrap());
        let mut times: Vec<f64> = (0..jobs)
            .map(|_| {
                std::thread::sleep(idle);
                let started = Instant::now();
                let ids = submit(&client, 1, 8);
                let ended = client.wait(&ids, None, Pace::NEAR, &mut |_| ControlFlow::Continue(())).unwrap();
                client.fetch(ids[0]).unwrap();
                let inference: f64 = ended.values().map(|e| e.stages.inference).sum();
                (started.elapsed().as_secs_f64() - inference) * 1e3
            })
            .collect();
        stop.finish();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

/// Seconds that workers, real ones with a core each, need for these jobs, which they share or have to themselves.
fn workers(jobs: usize, count: usize, apart: bool) -> f64 {
    let folders: Vec<_> = (0..if apart { count } else { 1 }).map(|_| tempfile::tempdir().unwrap()).collect();
    for folder in &folders {
        submit(&client(&store(folder.path())), jobs / folders.len(), 64);
    }
    let started = Instant::now();
    let workers: Vec<_> = (0..count)
        .map(|core| {
            let folder = folders[core % folders.len()].path();
            let mut command = Command::new("taskset");
            command.args(["-c", &core.to_string(), env!("CARGO_BIN_EXE_composer"), "worker", "--drain"]);
            command.args(["--concurrency", "1", "--store"]).arg(folder).env("HOME", folder);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("taskset, of util-linux")
        })
        .collect();
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    started.elapsed().as_secs_f64()
}

/// A folder behind the embedded server, as a client on this computer reaches it.
#[cfg(feature = "s3")]
fn served(folder: &Path) -> (composer::store::server::Server, Arc<dyn Objects>) {
    use composer::store::s3::{Access, Bucket};
    use composer::store::server::{Keys, Server};
    let (keys, file) = (Keys::generate(), folder.join("keys"));
    let (access, secret) = (&keys.access, keys.secret.as_str());
    std::fs::write(&file, format!("[default]\naws_access_key_id={access}\naws_secret_access_key={secret}\n")).unwrap();
    let bucket = Folder::open(&folder.join("bucket")).unwrap();
    let server = Server::start(bucket, "music", "127.0.0.1:0".parse().unwrap(), &keys).unwrap();
    let endpoint_url = Some(format!("http://{}", server.address()));
    let access = Access { endpoint_url, keys_file: Some(file), ..Access::default() };
    (server, Arc::new(Bucket::open("music", "", &access).unwrap()))
}

/// Puts jobs there as they are when they have ended; written plainly, since only their number matters.
fn end_many(folder: &Path) {
    let input = music::melody(4);
    for _ in 0..ENDED {
        let at = folder.join(JobId::new().prefix());
        std::fs::create_dir_all(at.join("attempts/0001")).unwrap();
        for (name, bytes) in [("input.mid", &input[..]), ("request.json", b"{}"), ("result.json", b"{}")] {
            std::fs::write(at.join(name), bytes).unwrap();
        }
        std::fs::write(at.join("attempts/0001/claim.json"), b"{}").unwrap();
    }
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

/// Claims in a store that is empty, and again when there are many jobs that have ended.
fn among_many(store: &Arc<dyn Objects>, folder: &Path, name: &str) -> bool {
    let empty = claiming(store);
    end_many(folder);
    let full = claiming(store);
    let (full, empty, times) = (full * 1e3, empty * 1e3, full / empty);
    println!(
        "{name}: claiming with {ENDED} ended jobs {full:.2} ms, with none {empty:.2} ms: {times:.2} times (at most 1.2)"
    );
    times <= 1.2
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let plain = store(folder.path());
    let mut within = true;
    for idle in IDLE {
        println!(
            "folder: overhead of a job beyond inference {:.1} ms, after {idle:?} idle",
            overhead(&plain, 20, idle)
        );
    }
    within &= among_many(&plain, folder.path(), "folder");
    #[cfg(feature = "s3")]
    {
        let folder = tempfile::tempdir().unwrap();
        let (_server, bucket) = served(folder.path());
        for idle in IDLE {
            let took = overhead(&bucket, 20, idle);
            println!(
                "embedded server: overhead of a job beyond inference {took:.1} ms, after {idle:?} idle (at most 50)"
            );
            within &= took <= 50.0;
        }
        within &= among_many(&bucket, &folder.path().join("bucket"), "embedded server");
    }
    // In turns, and the middle of each: whatever else this computer does takes from all. Two workers that know nothing of
    // each other are what its cores, which share caches and memory, can give.
    const JOBS: usize = 40;
    let rounds: Vec<[f64; 3]> =
        (0..5).map(|_| [workers(JOBS, 1, false), workers(JOBS, 2, false), workers(JOBS, 2, true)]).collect();
    let [one, two, apart] = [0, 1, 2].map(|n| {
        let mut times: Vec<f64> = rounds.iter().map(|round| round[n]).collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "two workers with a core each: {:.2} times as many jobs as one (at least 1.8), two with a store each {:.2} times",
        one / two,
        one / apart
    );
    within &= one / two >= f64::min(1.8, 0.97 * one / apart);
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
