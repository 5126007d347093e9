//! Jobs that are removed while somebody works on them, marks by the thousand, dates that are ahead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "cloud/memory.rs"]
mod memory;
#[path = "cloud/music.rs"]
mod music;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use composer::compose::Model;
use composer::jobs::claim::claim;
use composer::jobs::client::{Client, Progress};
use composer::jobs::engine::{Engine, Limits};
use composer::jobs::job::{Class, Object, Outcome};
use composer::jobs::worker::{Pace, Stop, Told, Until, Worker};
use composer::jobs::{JobId, Timing};
use composer::store::folder::Folder;
use composer::store::{Attributes, Error, Head, Key, Listing, Objects, Page, Written, list_all};
use memory::Memory;

const PACE: Pace = Pace { first: Duration::from_millis(5), longest: Duration::from_millis(50) };
const NONE: &Attributes = &Attributes { file_name: None, metadata: Vec::new() };

fn client(store: &Arc<dyn Objects>, lease: Duration) -> Client {
    Client { store: Arc::clone(store), timing: Timing { lease } }
}

/// Runs a worker, and not for ever; answers with how many jobs ended and what was told.
fn work(store: &Arc<dyn Objects>, lease: Duration, until: Until) -> (usize, Vec<Told>) {
    let (tell, told) = std::sync::mpsc::channel();
    let store = Arc::clone(store);
    std::thread::spawn(move || {
        let worker = Worker {
            store,
            timing: Timing { lease },
            limits: Limits::default(),
            pace: PACE,
            owner: "care".to_owned(),
            engine: Engine::Here(Box::new(Model::chorale().unwrap())),
        };
        let heard = Mutex::new(Vec::new());
        let ended = worker.run(1, until, &Stop::default(), &|t| heard.lock().unwrap().push(t)).unwrap();
        tell.send((ended, heard.into_inner().unwrap()))
    });
    told.recv_timeout(Duration::from_secs(120)).expect("the worker ends")
}

fn minute() -> Duration {
    Duration::from_secs(60)
}

fn all(store: &dyn Objects) -> Vec<String> {
    list_all(store, "", None).unwrap().0.into_iter().map(|e| e.key.to_string()).collect()
}

/// A store in which a job is removed at the very moment when a worker writes something of it.
#[derive(Debug)]
struct Removing {
    inner: Arc<Memory>,
    at: &'static str,
}

impl Removing {
    fn remove(&self, key: &Key) {
        if key.as_str().ends_with(self.at) {
            for entry in list_all(&*self.inner, "", None).unwrap().0 {
                self.inner.delete(&entry.key).unwrap();
            }
        }
    }
}

impl Objects for Removing {
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, Error> {
        self.inner.get(key, most)
    }

    fn put(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<(), Error> {
        self.remove(key);
        self.inner.put(key, body, attributes)
    }

    fn put_if_absent(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<Written, Error> {
        self.remove(key);
        self.inner.put_if_absent(key, body, attributes)
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Page, Error> {
        self.inner.list(listing)
    }

    fn delete(&self, key: &Key) -> Result<(), Error> {
        self.inner.delete(key)
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        self.inner.head(key)
    }

    fn copy(&self, from: &Key, to: &Key, attributes: &Attributes) -> Result<(), Error> {
        self.inner.copy(from, to, attributes)
    }

    fn presign(&self, key: &Key, expires: Duration) -> Result<String, Error> {
        self.inner.presign(key, expires)
    }
}

#[test]
fn a_job_that_is_removed_while_somebody_works_on_it_does_not_come_back() {
    // With a lease of 200 ms it is said every 50 ms that the worker is alive.
    let lease = Duration::from_millis(200);
    for (at, notes) in [("beat.json", 64), ("partial.mid", 64), ("output.mid", 4), ("result.json", 4)] {
        let inner = Arc::new(Memory::default());
        let store: Arc<dyn Objects> = Arc::new(Removing { inner: Arc::clone(&inner), at });
        let id = client(&store, lease).submit(&music::order("a.mid", notes)).unwrap();
        let (ended, told) = work(&store, lease, Until::Drained);
        assert_eq!(all(&*inner), Vec::<String>::new(), "{at}: {told:?}");
        assert_eq!(ended, 0, "{at}: {told:?}");
        let removed = |t: &Told| matches!(t, Told::Left { id: of, why } if *of == id && why == "it was removed");
        assert!(told.iter().any(removed), "{at}: {told:?}");
    }
}

#[test]
fn what_is_left_of_a_job_without_a_request_is_swept() {
    let memory = Arc::new(Memory::default());
    let store: Arc<dyn Objects> = Arc::clone(&memory) as Arc<dyn Objects>;
    let client = client(&store, minute());
    let (lost, whole) = (JobId::new(), client.submit(&music::order("a.mid", 4)).unwrap());
    memory.put(&lost.object(Object::beat(1)), b"{}", NONE).unwrap();
    memory.put(&lost.object(Object::partial(1)), b"MThd", NONE).unwrap();
    assert_eq!(client.jobs(None).unwrap().len(), 2, "it may be arriving");
    memory.pass(Duration::from_secs(2 * 3600));
    let jobs = client.jobs(None).unwrap();
    assert_eq!(jobs.iter().map(|j| j.id).collect::<Vec<_>>(), [whole]);
    assert!(list_all(&*store, &lost.prefix(), None).unwrap().0.is_empty());
}

#[test]
fn marks_without_jobs_keep_nobody_from_the_jobs_between() {
    let memory = Arc::new(Memory::default());
    let store: Arc<dyn Objects> = Arc::clone(&memory) as Arc<dyn Objects>;
    for n in 0..1_500 {
        memory.put(&Key::new(format!("open/0-nobody-{n:05}")).unwrap(), b"", NONE).unwrap();
        memory.put(&JobId::new().open_mark(), b"", NONE).unwrap();
    }
    memory.pass(Duration::from_secs(10));
    let client = client(&store, minute());
    let id = client.submit(&music::order("a.mid", 4)).unwrap();
    assert_eq!(work(&store, minute(), Until::One).0, 1);
    assert_eq!(client.status(id).unwrap().progress.name(), "succeeded");
    // Nor are they waited for when a worker is to end with the last job.
    memory.pass(Duration::from_secs(300));
    assert_eq!(work(&store, minute(), Until::Drained).0, 0);
}

#[test]
fn a_claim_dated_ahead_holds_its_job_for_a_lease_and_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Objects> = Arc::new(Folder::open(folder.path()).unwrap());
    let lease = Duration::from_millis(400);
    let client = client(&store, lease);
    let id = client.submit(&music::order("a.mid", 4)).unwrap();
    assert!(claim(&*store, id, 1, "from the future").unwrap());
    let path = folder.path().join(id.object(Object::claim(1)).as_str());
    let ahead = SystemTime::now() + Duration::from_secs(365 * 24 * 3600);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(ahead).unwrap();
    let begun = Instant::now();
    assert_eq!(work(&store, lease, Until::One).0, 1);
    assert!(begun.elapsed() >= lease, "its worker may be alive");
    let status = client.status(id).unwrap();
    assert_eq!((status.progress.name(), status.attempt), ("succeeded", 2));
}

#[test]
fn what_ends_as_somebody_looks_is_told_and_counts() {
    let memory = Arc::new(Memory::default());
    let store: Arc<dyn Objects> = Arc::clone(&memory) as Arc<dyn Objects>;
    let client = client(&store, minute());
    let mut late = music::order("late.mid", 4);
    late.wanted_for = Some(Duration::from_secs(1));
    let late = client.submit(&late).unwrap();
    memory.pass(Duration::from_secs(5));
    let (ended, told) = work(&store, minute(), Until::One);
    assert_eq!(ended, 1);
    let how =
        |t: &Told| matches!(t, Told::Ended { id, how, .. } if *id == late && how.starts_with("failed: no worker"));
    assert!(told.iter().any(how), "{told:?}");
    let wrong = client.submit(&music::order("wrong.mid", 4)).unwrap();
    memory.put(&wrong.object(Object::INPUT), b"another", NONE).unwrap();
    let (ended, told) = work(&store, minute(), Until::One);
    assert_eq!((ended, told.len()), (1, 1), "{told:?}");
    match client.status(wrong).unwrap().progress {
        Progress::Ended(ending) => {
            assert!(matches!(ending.outcome, Outcome::Failed { fault } if fault.class == Class::Input));
        }
        other => panic!("{other:?}"),
    }
}
