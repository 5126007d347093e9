//! Jobs over an embedded server, behind a proxy that does to requests what networks and loaded servers do, while
//! workers are killed: every job ends once, and no client waits past its deadline.
//!
//! `COMPOSER_CHAOS_JOBS=1000` is what `make soak-jobs` runs: with that many, stalls are 10 s long.

#![cfg(feature = "s3")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "cloud/music.rs"]
mod music;
#[path = "cloud/proxy.rs"]
mod proxy;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use composer::jobs::client::{Client, Progress, Status};
use composer::jobs::job::{Ending, Object, Outcome};
use composer::jobs::worker::Pace;
use composer::jobs::{JobId, Timing};
use composer::store::folder::Folder;
use composer::store::s3::{Access, Bucket};
use composer::store::server::{Keys, Server};
use composer::store::{Objects, list_all};
use proxy::{Proxy, Weather};

const CLIENTS: usize = 4;
const WORKERS: usize = 4;
/// What a client may be late by: its last look, through a stall.
const GRACE: Duration = Duration::from_secs(30);

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The real program, working for a bucket that it reaches through the proxy.
fn worker(home: &Path, proxy: &Proxy, keys: &Keys) -> Killed {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.args(["worker", "--concurrency", "1", "--json", "--settings", "settings.toml"]);
    command.args(["--store", "s3://music/chaos", "--endpoint-url", &format!("http://{}", proxy.address)]);
    command.current_dir(home).env("HOME", home).env("AWS_ACCESS_KEY_ID", &keys.access);
    command
        .env("AWS_SECRET_ACCESS_KEY", keys.secret.as_str())
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("AWS_PROFILE");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Killed(command.spawn().unwrap())
}

/// Submits so many jobs, waits for them until their deadline, and answers with how each ended. `seen` counts those
/// that were seen to have ended.
fn client(
    proxy: &Proxy,
    home: &Path,
    timing: Timing,
    (jobs, seen): (usize, &AtomicUsize),
    patience: Duration,
) -> BTreeMap<JobId, Ending> {
    let access = Access {
        endpoint_url: Some(format!("http://{}", proxy.address)),
        keys_file: Some(home.join("keys")),
        ..Access::default()
    };
    let store: Arc<dyn Objects> = Arc::new(Bucket::open("music", "chaos/", &access).unwrap());
    let client = Client { store, timing };
    let started = Instant::now();
    let mut ids = Vec::new();
    while ids.len() < jobs {
        let mut order = music::order("chaos.mid", 2);
        order.wanted_for = Some(patience);
        // What a client does whose submission failed: it submits again. The first may be there all the same.
        ids.extend(client.submit(&order));
        assert!(started.elapsed() < patience, "not submitted in time");
    }
    let (mut ended, pace) = (BTreeMap::new(), Pace { first: Duration::from_millis(200), ..Pace::NEAR });
    while ended.len() < ids.len() {
        let left = patience.saturating_sub(started.elapsed());
        assert!(left > Duration::ZERO, "{} jobs without a result", ids.len() - ended.len());
        let open: Vec<JobId> = ids.iter().filter(|id| !ended.contains_key(*id)).copied().collect();
        // A look that failed for good is followed by another.
        let mut watch = |status: &Status| {
            seen.fetch_add(usize::from(status.progress.ending().is_some()), Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        if let Ok(more) = client.wait(&open, Some(left), pace, &mut watch) {
            ended.extend(more);
        }
    }
    assert!(started.elapsed() < patience + GRACE, "a client waited past its deadline");
    ended
}

#[test]
fn every_job_ends_once_in_any_weather() {
    let jobs: usize = std::env::var("COMPOSER_CHAOS_JOBS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let soak = jobs >= 1000;
    let stall = if soak { Duration::from_secs(10) } else { Duration::from_millis(500) };
    let lease = Duration::from_secs(if soak { 20 } else { 5 });
    let patience = Duration::from_secs(240 + jobs as u64 * 2);

    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let keys = Keys::generate();
    let (access, secret) = (&keys.access, keys.secret.as_str());
    fs::write(home.join("keys"), format!("[default]\naws_access_key_id={access}\naws_secret_access_key={secret}\n"))
        .unwrap();
    fs::write(home.join("settings.toml"), format!("[jobs]\nlease = \"{}s\"\n", lease.as_secs())).unwrap();
    let folder = Folder::open(&home.join("bucket")).unwrap();
    let server = Server::start(folder, "music", "127.0.0.1:0".parse().unwrap(), &keys).unwrap();
    let proxy = Proxy::start(server.address(), Weather { per_mille: 60, stall }, 11);
    let timing = Timing { lease };

    let (done, kills, seen) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let started = Instant::now();
    let store: Arc<dyn Objects> = Arc::new(Folder::open(&home.join("bucket/chaos")).unwrap());
    let ended = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| client(&proxy, home, timing, (jobs / CLIENTS, &seen), patience)))
            .collect();
        scope.spawn(|| {
            let mut workers: Vec<Killed> = (0..WORKERS).map(|_| worker(home, &proxy, &keys)).collect();
            let mut random = 4711u64;
            while !done.load(Ordering::Relaxed) {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                std::thread::sleep(Duration::from_millis(200 + (random >> 33) % 1800));
                // One for every eight jobs, however fast they are done: three in a row seldom hit the same job.
                if kills.load(Ordering::Relaxed) <= seen.load(Ordering::Relaxed) / 8 {
                    kills.fetch_add(1, Ordering::Relaxed);
                    workers[(random >> 50) as usize % WORKERS] = worker(home, &proxy, &keys);
                }
                for one in &mut workers {
                    assert!(one.0.try_wait().unwrap().is_none(), "a worker gave up");
                }
            }
        });
        let ended: Vec<_> = clients.into_iter().map(|c| c.join()).collect();
        done.store(true, Ordering::Relaxed);
        ended.into_iter().flat_map(Result::unwrap).collect::<BTreeMap<JobId, Ending>>()
    });
    let took = started.elapsed();

    // With nothing in between: what clients were told is what the store says, for good.
    let whole = Client { store: Arc::clone(&store), timing };
    let (mut expected, mut attempts, mut given_up) = (None, 0, 0);
    for (id, ending) in &ended {
        assert_eq!(whole.status(*id).unwrap().progress, Progress::Ended(ending.clone()), "{id} changed its end");
        attempts += ending.attempt;
        match &ending.outcome {
            Outcome::Succeeded { .. } => {
                let files = whole.fetch(*id).unwrap();
                assert_eq!(*expected.get_or_insert_with(|| files.clone()), files, "{id}");
            }
            // Three workers were killed over it.
            Outcome::Failed { fault } if fault.message.contains("none was heard of again") => given_up += 1,
            other => panic!("{id}: {other:?}"),
        }
    }
    let (objects, _) = list_all(&*store, "jobs/", None).unwrap();
    let requests = objects.iter().filter(|o| o.key.as_str().ends_with("/request.json")).count();
    let claims = objects.iter().filter(|o| o.key.as_str().ends_with("/claim.json")).count();
    for id in ended.keys() {
        let result = id.object(Object::RESULT);
        assert_eq!(objects.iter().filter(|o| o.key == result).count(), 1, "{id}");
    }
    eprintln!(
        "{} jobs in {took:.0?} ({requests} submitted, some twice), {attempts} attempts ({claims} claims in all), {} workers \
         killed, {given_up} jobs given up after three of them; {}",
        ended.len(),
        kills.load(Ordering::Relaxed),
        proxy.report()
    );
    assert_eq!(ended.len(), jobs / CLIENTS * CLIENTS);
    assert!(given_up * 50 <= jobs, "{given_up} given up");
    assert!(proxy.injected().iter().all(|n| *n > 0), "{}", proxy.report());
}
