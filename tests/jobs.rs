//! Jobs from submission to result, on stores in memory and on disk, with faults between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "cloud/faulty.rs"]
mod faulty;
#[path = "cloud/memory.rs"]
mod memory;
#[path = "cloud/music.rs"]
mod music;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use composer::compose::Model;
use composer::jobs::claim::claim;
use composer::jobs::client::{Cancelled, Client, Progress};
use composer::jobs::engine::{Engine, Limits};
use composer::jobs::job::{Class, Ending, Object, Outcome};
use composer::jobs::worker::{Pace, Stop, Told, Until, Worker};
use composer::jobs::{Error, JobId, Timing};
use composer::music::smf;
use composer::store::folder::Folder;
use composer::store::{Attributes, Error as StoreError, Head, Key, Listing, Objects, Page, Written};

const PACE: Pace = Pace { first: Duration::from_millis(5), longest: Duration::from_millis(50) };
const LONG: Option<Duration> = Some(Duration::from_secs(120));

fn client(store: &Arc<dyn Objects>, lease: Duration) -> Client {
    Client { store: Arc::clone(store), timing: Timing { lease } }
}

fn worker(store: &Arc<dyn Objects>, lease: Duration, name: &str) -> Worker {
    Worker {
        store: Arc::clone(store),
        timing: Timing { lease },
        limits: Limits::default(),
        pace: PACE,
        owner: name.to_owned(),
        engine: Engine::Here(Box::new(Model::chorale().unwrap())),
    }
}

fn minute() -> Duration {
    Duration::from_secs(60)
}

fn drain(worker: &Worker) -> usize {
    worker.run(1, Until::Drained, &Stop::default(), &|_| {}).unwrap()
}

fn ending(client: &Client, id: JobId) -> Ending {
    match client.status(id).unwrap().progress {
        Progress::Ended(ending) => ending,
        other => panic!("{other:?}"),
    }
}

fn failure(client: &Client, id: JobId) -> (Class, String) {
    match ending(client, id).outcome {
        Outcome::Failed { fault } => (fault.class, fault.message),
        other => panic!("{other:?}"),
    }
}

fn memory() -> Arc<dyn Objects> {
    Arc::new(memory::Memory::default())
}

#[test]
fn a_job_becomes_a_composition_and_says_where_the_time_went() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Objects> = Arc::new(Folder::open(folder.path()).unwrap());
    let client = client(&store, minute());
    let id = client.submit(&music::order("Träumerei №7 – 夢.mid", 4)).unwrap();
    assert_eq!(client.status(id).unwrap().progress, Progress::Queued);
    assert!(matches!(client.fetch(id), Err(Error::NotEnded { .. })));
    assert_eq!(drain(&worker(&store, minute(), "one")), 1);
    let status = client.status(id).unwrap();
    assert_eq!(status.submission.unwrap().name, "Träumerei №7 – 夢.mid");
    let files = client.fetch(id).unwrap();
    let composed = smf::read(&files[0]).unwrap().composition;
    assert_eq!(composed.tracks[0].note_count(), 4, "the melody");
    assert!(composed.note_count() > 4, "and what was added");
    let ending = ending(&client, id);
    assert!(ending.stages.inference > 0.0 && ending.stages.named().iter().all(|(_, s)| *s >= 0.0), "{ending:?}");
    assert_eq!(client.find(&id.short()).unwrap(), id);
    // The same again gives the same bytes.
    let again = client.retry(id).unwrap();
    assert_eq!(drain(&worker(&store, minute(), "two")), 1);
    assert_eq!(client.fetch(again).unwrap(), files);
    for id in [id, again] {
        client.remove(id, false).unwrap();
        assert!(matches!(client.status(id), Err(Error::NoSuchJob { .. })));
    }
    let left: Vec<_> = walk(folder.path());
    assert!(left.is_empty(), "{left:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}

#[test]
fn what_cannot_be_composed_fails_once_and_says_why() {
    let store = memory();
    let client = client(&store, minute());
    let mut broken = music::order("broken.mid", 4);
    broken.input = b"no music at all".to_vec();
    let broken = client.submit(&broken).unwrap();
    let mut long = music::order("long.mid", 4);
    long.input = music::melody(30_000);
    let long = client.submit(&long).unwrap();
    let hostile: Vec<(JobId, &[u8])> = [&b"{"[..], b"[]", b"{\"schema\":\"composer.request/9\"}", b"\xff\xfe", b""]
        .into_iter()
        .map(|body| {
            let id = JobId::new();
            store.put(&id.open_mark(), b"", &Attributes::default()).unwrap();
            store.put(&id.object(Object::REQUEST), body, &Attributes::default()).unwrap();
            (id, body)
        })
        .collect();
    let huge = JobId::new();
    store.put(&huge.open_mark(), b"", &Attributes::default()).unwrap();
    store.put(&huge.object(Object::REQUEST), &vec![b' '; 1 << 20], &Attributes::default()).unwrap();
    let swapped = client.submit(&music::order("swapped.mid", 4)).unwrap();
    store.put(&swapped.object(Object::INPUT), &music::melody(5), &Attributes::default()).unwrap();
    drain(&worker(&store, minute(), "one"));
    assert_eq!(failure(&client, broken).0, Class::Input);
    assert!(failure(&client, long).1.contains("20000"), "{:?}", failure(&client, long));
    for (id, body) in hostile {
        assert_eq!(failure(&client, id).0, Class::Input, "{body:?}");
    }
    assert!(failure(&client, huge).1.contains("too long"));
    assert!(failure(&client, swapped).1.contains("not what was submitted"));
    assert!(matches!(client.fetch(broken), Err(Error::NoOutput { .. })));
}

#[test]
fn a_cancelled_job_is_not_begun_and_one_under_way_stops() {
    let store = memory();
    let lease = Duration::from_millis(200);
    let client = client(&store, lease);
    let id = client.submit(&music::order("a.mid", 4)).unwrap();
    assert_eq!(client.cancel(id).unwrap(), Cancelled::AtOnce);
    assert_eq!(client.cancel(id).unwrap(), Cancelled::TooLate);
    assert_eq!(drain(&worker(&store, lease, "one")), 0);
    assert_eq!(ending(&client, id).outcome, Outcome::Cancelled);

    let mut order = music::order("endless.mid", 2_000);
    order.work.parameters.sampling_iterations = "100".parse().unwrap();
    let id = client.submit(&order).unwrap();
    let (worker, stop) = (worker(&store, lease, "two"), Stop::default());
    std::thread::scope(|scope| {
        let working = scope.spawn(|| worker.run(1, Until::One, &stop, &|_| {}).unwrap());
        client
            .wait(&[id], LONG, PACE, &mut |s| match s.progress {
                Progress::Running { partial: true, .. } => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            })
            .unwrap();
        let partial = client.partial(id).unwrap().unwrap();
        assert!(smf::read(&partial).unwrap().composition.note_count() >= 2_000);
        assert_eq!(client.cancel(id).unwrap(), Cancelled::Soon);
        let ended = client.wait(&[id], LONG, PACE, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(ended[&id].outcome, Outcome::Cancelled);
        assert_eq!(working.join().unwrap(), 1);
    });
}

#[test]
fn a_job_whose_worker_vanished_is_made_by_another_and_after_three_it_has_failed() {
    let memory = Arc::new(memory::Memory::default());
    let store: Arc<dyn Objects> = Arc::clone(&memory) as Arc<dyn Objects>;
    let client = client(&store, minute());
    let id = client.submit(&music::order("a.mid", 4)).unwrap();
    assert!(claim(&*store, id, 1, "vanished").unwrap());
    assert!(!claim(&*store, id, 1, "late").unwrap());
    assert!(matches!(client.status(id).unwrap().progress, Progress::Running { .. }));
    memory.pass(Duration::from_secs(61));
    assert_eq!(client.status(id).unwrap().progress, Progress::Queued);
    assert_eq!(drain(&worker(&store, minute(), "one")), 1);
    assert_eq!(ending(&client, id).attempt, 2);

    let id = client.submit(&music::order("b.mid", 4)).unwrap();
    for attempt in 1..=3 {
        assert!(claim(&*store, id, attempt, "vanished").unwrap());
        memory.pass(Duration::from_secs(61));
    }
    // The client that waits says so itself when there is no worker to do it.
    let ended = client.wait(&[id], LONG, PACE, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(matches!(ended[&id].outcome, Outcome::Failed { .. }));
    assert!(failure(&client, id).1.contains("none was heard of again"));
}

#[test]
fn a_job_that_nobody_waits_for_is_not_begun() {
    let memory = Arc::new(memory::Memory::default());
    let store: Arc<dyn Objects> = Arc::clone(&memory) as Arc<dyn Objects>;
    let client = client(&store, minute());
    let id = client.submit(&music::order("a.mid", 4)).unwrap();
    memory.pass(Duration::from_secs(601));
    drain(&worker(&store, minute(), "one"));
    assert_eq!(failure(&client, id).0, Class::Deadline);
}

#[test]
fn a_worker_that_is_stopped_gives_its_job_back() {
    let store = memory();
    let client = client(&store, minute());
    let mut order = music::order("long.mid", 2_000);
    order.work.parameters.sampling_iterations = "100".parse().unwrap();
    let id = client.submit(&order).unwrap();
    let (first, stop) = (worker(&store, minute(), "one"), Stop::default());
    let told = |t: Told| {
        if matches!(t, Told::Claimed { .. }) {
            stop.release();
        }
    };
    assert_eq!(first.run(1, Until::Stopped, &stop, &told).unwrap(), 0);
    // It need not be waited for until its lease has run out, and three like that do no harm.
    assert_eq!(client.status(id).unwrap().progress, Progress::Queued);
    client.cancel(id).unwrap();
}

/// A store that refuses some calls.
#[derive(Debug)]
struct Refusing {
    inner: memory::Memory,
    /// What is said to who writes something that is to be written once.
    writes: Mutex<Option<StoreError>>,
    /// So many listings get no answer.
    unreachable: AtomicUsize,
    calls: AtomicUsize,
}

impl Refusing {
    fn new() -> Arc<Refusing> {
        let (writes, unreachable, calls) = (Mutex::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Refusing { inner: memory::Memory::default(), writes, unreachable, calls })
    }
}

impl Objects for Refusing {
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key, most)
    }
    fn put(&self, key: &Key, body: &[u8], about: &Attributes) -> Result<(), StoreError> {
        self.inner.put(key, body, about)
    }
    fn put_if_absent(&self, key: &Key, body: &[u8], about: &Attributes) -> Result<Written, StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let refusal = self.writes.lock().unwrap().clone();
        refusal.map_or_else(|| self.inner.put_if_absent(key, body, about), Err)
    }
    fn list(&self, listing: &Listing<'_>) -> Result<Page, StoreError> {
        let none = || StoreError::Unreachable { store: "refusing".into(), why: "it is down".into() };
        match self.unreachable.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)) {
            Ok(_) => Err(none()),
            Err(_) => self.inner.list(listing),
        }
    }
    fn delete(&self, key: &Key) -> Result<(), StoreError> {
        self.inner.delete(key)
    }
    fn head(&self, key: &Key) -> Result<Option<Head>, StoreError> {
        self.inner.head(key)
    }
    fn copy(&self, from: &Key, to: &Key, about: &Attributes) -> Result<(), StoreError> {
        self.inner.copy(from, to, about)
    }
    fn presign(&self, key: &Key, expires: Duration) -> Result<String, StoreError> {
        self.inner.presign(key, expires)
    }
}

#[test]
fn a_worker_that_cannot_write_waits_and_says_so_once() {
    let refusing = Refusing::new();
    let store: Arc<dyn Objects> = Arc::clone(&refusing) as Arc<dyn Objects>;
    let client = client(&store, minute());
    let id = client.submit(&music::order("a.mid", 4)).unwrap();
    let (worker, stop, told) = (worker(&store, minute(), "one"), Stop::default(), Mutex::new(Vec::new()));
    let teller = |t: Told| told.lock().unwrap().push(t);

    *refusing.writes.lock().unwrap() = Some(StoreError::Full { store: "refusing".into() });
    refusing.calls.store(0, Ordering::Relaxed);
    std::thread::scope(|scope| {
        let working = scope.spawn(|| worker.run(1, Until::Drained, &stop, &teller).unwrap());
        while refusing.calls.load(Ordering::Relaxed) < 3 {
            std::thread::sleep(Duration::from_millis(5));
        }
        // There is room again.
        *refusing.writes.lock().unwrap() = None;
        assert_eq!(working.join().unwrap(), 1);
    });
    let trouble = |told: &[Told]| told.iter().filter(|t| matches!(t, Told::Trouble(_))).count();
    assert_eq!(trouble(&told.lock().unwrap()), 1, "{told:?}");
    assert!(matches!(ending(&client, id).outcome, Outcome::Succeeded { .. }));

    client.submit(&music::order("b.mid", 4)).unwrap();
    told.lock().unwrap().clear();
    let denied = StoreError::Denied { store: "refusing".into(), why: "read-only".into() };
    *refusing.writes.lock().unwrap() = Some(denied.clone());
    refusing.calls.store(0, Ordering::Relaxed);
    assert_eq!(worker.run(2, Until::Stopped, &stop, &teller), Err(Error::Store(denied)));
    assert_eq!(trouble(&told.lock().unwrap()), 1, "{told:?}");
    let calls = refusing.calls.load(Ordering::Relaxed);
    assert!(calls <= 20, "{calls} tries");
}

#[test]
fn who_waits_outlasts_a_store_that_is_down() {
    let refusing = Refusing::new();
    let store: Arc<dyn Objects> = Arc::clone(&refusing) as Arc<dyn Objects>;
    let client = client(&store, minute());
    let id = client.submit(&music::order("a.mid", 4)).unwrap();
    assert_eq!(drain(&worker(&store, minute(), "one")), 1);
    // More than one call would try.
    refusing.unreachable.store(8, Ordering::Relaxed);
    let ended = client.wait(&[id], LONG, PACE, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(matches!(ended[&id].outcome, Outcome::Succeeded { .. }));
    // And one that stays down is waited for no longer than that.
    refusing.unreachable.store(usize::MAX, Ordering::Relaxed);
    let ended = client.wait(&[id], Some(Duration::from_millis(10)), PACE, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(ended.is_empty());
}

#[test]
fn every_job_has_one_result_whatever_the_store_does() {
    let jobs = std::env::var("COMPOSER_CHAOS_JOBS").ok().and_then(|n| n.parse().ok()).unwrap_or(120);
    let lease = Duration::from_millis(1500);
    let folder = tempfile::tempdir().unwrap();
    let faulty = Arc::new(faulty::Faulty::new(Folder::open(folder.path()).unwrap(), 12, 7));
    let store: Arc<dyn Objects> = Arc::clone(&faulty) as Arc<dyn Objects>;
    let client = client(&store, lease);
    let workers: Vec<Worker> = (0..4).map(|n| worker(&store, lease, &format!("worker {n}"))).collect();
    let stop = Stop::default();
    let endings = std::thread::scope(|scope| {
        for worker in &workers {
            scope.spawn(|| worker.run(1, Until::Stopped, &stop, &|_| {}).unwrap());
        }
        let ids: Vec<JobId> = (0..jobs)
            .map(|n| {
                loop {
                    // What a client does whose submission failed: it submits again.
                    if let Ok(id) = client.submit(&music::order(&format!("{n}.mid"), 2)) {
                        break id;
                    }
                }
            })
            .collect();
        let ended = client.wait(&ids, Some(Duration::from_secs(180 + jobs)), PACE, &mut |_| ControlFlow::Continue(()));
        stop.finish();
        let ended = ended.unwrap();
        assert_eq!(ended.len(), ids.len(), "jobs without a result");
        ended
    });
    let counts: Vec<String> =
        faulty::KINDS.iter().zip(&faulty.injected).map(|(k, n)| format!("{k} {}", n.load(Ordering::Relaxed))).collect();
    eprintln!("{jobs} jobs; injected: {}", counts.join(", "));
    let whole = Client { store: Arc::new(Folder::open(folder.path()).unwrap()), timing: client.timing };
    let mut expected = None;
    for (id, ending) in endings {
        assert!(matches!(ending.outcome, Outcome::Succeeded { .. }), "{id}: {ending:?}");
        assert_eq!(whole.status(id).unwrap().progress, Progress::Ended(ending), "{id} changed its end");
        let files = whole.fetch(id).unwrap();
        assert_eq!(*expected.get_or_insert_with(|| files.clone()), files);
    }
}
