//! What a caller may rely on, whatever the store.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use composer::compose::Model;
use composer::jobs::Timing;
use composer::jobs::client::{Cancelled, Client, Progress, parallel};
use composer::jobs::engine::{Engine, Limits};
use composer::jobs::job::Outcome;
use composer::jobs::patience::patiently;
use composer::jobs::worker::scout::{Found, Scout};
use composer::jobs::worker::{Pace, Stop, Until, Worker};
use composer::store::{Attributes, Error, Key, Listing, Objects, Written, list_all};
use composer::studio::remote;
use composer::studio::remote::share::{Piece, share};

use crate::music;

pub(crate) const NONE: &Attributes = &Attributes { file_name: None, metadata: Vec::new() };

pub(crate) fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

pub(crate) fn names(store: &dyn Objects, prefix: &str, after: Option<&str>) -> Vec<String> {
    list_all(store, prefix, after).unwrap().0.into_iter().map(|e| e.key.to_string()).collect()
}

/// Writing, reading, listing, deleting.
fn keeps_objects(store: &dyn Objects) {
    let (a, body) = (key("keeps/a.mid"), b"MThd\0\xff".as_slice());
    assert_eq!(store.get(&a, 100).unwrap(), None);
    assert_eq!(store.head(&a).unwrap(), None);
    store.delete(&a).unwrap();
    let attributes =
        Attributes { file_name: Some("Träumerei 夢.mid".into()), metadata: vec![("schema", "x/1".into())] };
    store.put(&a, body, &attributes).unwrap();
    assert_eq!(store.get(&a, 6).unwrap().unwrap(), body);
    assert_eq!(store.get(&a, 5).unwrap_err(), Error::TooLarge { key: a.clone(), most: 5 });
    store.put(&a, b"", NONE).unwrap();
    assert_eq!(store.get(&a, 100).unwrap().unwrap(), b"");
    let head = store.head(&a).unwrap().unwrap();
    assert_eq!((head.size, head.content_type.as_str(), head.content_encoding), (0, "audio/midi", None));

    assert_eq!(store.put_if_absent(&a, b"x", NONE).unwrap(), Written::Before);
    assert_eq!(store.get(&a, 100).unwrap().unwrap(), b"");
    assert_eq!(store.put_if_absent(&key("keeps/b.json"), b"x", NONE).unwrap(), Written::Now);
    store.copy(&key("keeps/b.json"), &key("keeps/c/d.json"), NONE).unwrap();
    assert_eq!(store.get(&key("keeps/c/d.json"), 100).unwrap().unwrap(), b"x");
    assert!(store.copy(&key("keeps/nothing"), &key("keeps/e"), NONE).is_err());

    assert_eq!(names(store, "keeps/", None), ["keeps/a.mid", "keeps/b.json", "keeps/c/d.json"]);
    assert_eq!(names(store, "keeps/c", None), ["keeps/c/d.json"]);
    assert_eq!(names(store, "keeps/", Some("keeps/b")), ["keeps/b.json", "keeps/c/d.json"]);
    assert_eq!(names(store, "keeps/nowhere/", None), [""; 0]);
    for name in ["keeps/a.mid", "keeps/b.json", "keeps/c/d.json"] {
        store.delete(&key(name)).unwrap();
    }
    assert_eq!(names(store, "keeps/", None), [""; 0]);
}

/// The store's clock, and the dates that it gives.
fn has_one_clock(store: &dyn Objects) {
    let before = store.list(&Listing::of("clock/")).unwrap().now;
    store.put(&key("clock/a"), b"x", NONE).unwrap();
    let page = store.list(&Listing::of("clock/")).unwrap();
    let modified = page.entries[0].modified;
    // Servers that count whole seconds cut off what is behind.
    let second = jiff::SignedDuration::from_secs(1);
    assert!(modified + second >= before && modified <= page.now + second, "{before} {modified} {}", page.now);
}

/// Of many that create the same object one does.
fn has_one_winner(store: &dyn Objects) {
    for round in 0..5 {
        let at = key(&format!("race/{round}"));
        let writers: Vec<String> = (0..24).map(|n| format!("writer {n}")).collect();
        let won = parallel::each(&writers, 24, |w| store.put_if_absent(&at, w.as_bytes(), NONE));
        let winners: Vec<&String> =
            writers.iter().zip(&won).filter(|(_, w)| matches!(w, Ok(Written::Now))).map(|(w, _)| w).collect();
        let there = store.get(&at, 100).unwrap().unwrap();
        // Somebody whose answer was lost may have written it; nobody else.
        assert!(winners.len() <= 1, "{winners:?}");
        assert!(winners.iter().all(|w| w.as_bytes() == there), "{winners:?} {there:?}");
        assert!(won.iter().any(|w| matches!(w, Ok(Written::Now))), "{won:?}");
    }
}

/// More than a page of objects.
fn lists_pages(store: &dyn Objects) {
    let keys: Vec<Key> = (0..1_105).map(|n| key(&format!("pages/{n:05}/x.json"))).collect();
    for put in parallel::each(&keys, 16, |k| patiently(|| store.put(k, b"{}", NONE))) {
        put.unwrap();
    }
    let expected: Vec<String> = keys.iter().map(ToString::to_string).collect();
    assert_eq!(names(store, "pages/", None), expected);
    assert_eq!(names(store, "pages/", Some("pages/01099/x.json")).len(), 5);
    let page = store.list(&Listing { most: 7, ..Listing::of("pages/") }).unwrap();
    assert_eq!((page.entries.len(), page.more), (7, true));
    for deleted in parallel::each(&keys, 16, |k| patiently(|| store.delete(k))) {
        deleted.unwrap();
    }
}

/// A link that anybody can follow, for a while, where the store has links.
fn presigns(store: &dyn Objects) {
    match store.presign(&key("links/a.mid"), Duration::from_secs(60)) {
        Ok(link) => assert!(link.starts_with("http") && link.contains("X-Amz-Expires=60"), "{link}"),
        Err(e) => assert!(matches!(e, Error::Unsupported { .. }), "{e:?}"),
    }
}

/// A job's whole life: submit, claim, beat, result, list, cancel, retry, remove.
fn carries_jobs(store: &Arc<dyn Objects>) {
    let timing = Timing { lease: Duration::from_secs(8) };
    let pace = Pace { first: Duration::from_millis(20), longest: Duration::from_millis(200) };
    let client = Client { store: Arc::clone(store), timing };
    let worker = Worker {
        store: Arc::clone(store),
        timing,
        limits: Limits::default(),
        pace,
        owner: "worker".into(),
        engine: Engine::Here(Box::new(Model::chorale().unwrap())),
    };
    let ids: Vec<_> = (0..4).map(|n| client.submit(&music::order(&format!("{n} 夢.mid"), 2)).unwrap()).collect();
    assert_eq!(client.cancel(ids[3]).unwrap(), Cancelled::AtOnce);
    let mut jobs = client.jobs(None).unwrap();
    jobs.retain(|j| ids.contains(&j.id));
    assert_eq!(jobs.len(), 4);
    assert!(jobs.iter().filter(|j| j.progress == Progress::Queued).count() == 3, "{jobs:?}");
    assert_eq!(worker.run(2, Until::Drained, &Stop::default(), &|_| {}).unwrap(), 3);
    let ended = client.wait(&ids, Some(Duration::from_secs(60)), pace, &mut |_| ControlFlow::Continue(())).unwrap();
    let succeeded = ended.values().filter(|e| matches!(e.outcome, Outcome::Succeeded { .. })).count();
    assert_eq!((ended.len(), succeeded), (4, 3));
    let first = client.fetch(ids[0]).unwrap();
    let again = client.retry(ids[0]).unwrap();
    assert_eq!(worker.run(1, Until::One, &Stop::default(), &|_| {}).unwrap(), 1);
    assert_eq!(client.fetch(again).unwrap(), first);
    for id in ids.into_iter().chain([again]) {
        client.remove(id, false).unwrap();
    }
    assert_eq!(names(&**store, "jobs/", None), [""; 0]);
    assert_eq!(names(&**store, "open/", None), [""; 0]);
}

/// A job that lasts: its worker is heard of, tells how far it is and shows a part, and keeps what it has claimed.
fn hears_of_long_jobs(store: &Arc<dyn Objects>) {
    let timing = Timing { lease: Duration::from_secs(6) };
    let client = Client { store: Arc::clone(store), timing };
    let worker = |owner: &str| Worker {
        store: Arc::clone(store),
        timing,
        limits: Limits::default(),
        pace: Pace::NEAR,
        owner: owner.into(),
        engine: Engine::Here(Box::new(Model::chorale().unwrap())),
    };
    let (first, second) = (worker("first"), worker("second"));
    let mut order = music::order("long.mid", 2_000);
    order.work.parameters.sampling_iterations = "100".parse().unwrap();
    let id = client.submit(&order).unwrap();
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let working = scope.spawn(|| first.run(1, Until::One, &stop, &|_| {}).unwrap());
        let shown = client.wait(&[id], Some(Duration::from_secs(120)), Pace::NEAR, &mut |s| match s.progress {
            Progress::Running { partial: true, .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        assert!(shown.unwrap().is_empty(), "it was to last longer");
        assert!(client.partial(id).unwrap().unwrap().starts_with(b"MThd"));
        let Found::NothingNow = Scout::new(&second).find().unwrap() else { panic!("it is the first one's") };
        assert_eq!(client.cancel(id).unwrap(), Cancelled::Soon);
        assert_eq!(working.join().unwrap(), 1);
    });
    assert_eq!(client.status(id).unwrap().progress.ending().unwrap().outcome, Outcome::Cancelled);
    client.remove(id, false).unwrap();
}

/// Who waits for a change hears of it long before it would have looked again; the first object of a place and the
/// next.
pub(crate) fn tells_of_changes(store: &Arc<dyn Objects>) {
    for name in ["news/a", "news/b"] {
        let since = store.list(&Listing::of("news/")).unwrap().now;
        let (tell, told) = std::sync::mpsc::channel();
        let waiting = Arc::clone(store);
        std::thread::spawn(move || {
            waiting.await_change("news/", since, Duration::from_secs(600), &|| false);
            let _ = tell.send(());
        });
        store.put(&key(name), b"x", NONE).unwrap();
        told.recv_timeout(Duration::from_secs(60)).unwrap();
    }
}

/// A page and what it plays, for whoever has the link; a store without links says so and keeps nothing.
fn shares(store: &dyn Objects) {
    let piece = Piece { title: "Träumerei 夢", midi: b"MThd", sound: (b"OggS", "ogg") };
    match share(store, &piece, Duration::from_secs(60)) {
        Ok(links) => {
            let page = follow(&links.page);
            assert!(page.contains("text/html") && page.contains("<h1>Träumerei 夢</h1>"), "{page}");
            assert!(follow(&links.sound).ends_with("OggS") && follow(&links.midi).ends_with("MThd"));
            assert_eq!(names(store, "shared/", None).len(), 3);
        }
        Err(e) => assert!(matches!(e, remote::Error::Store(Error::Unsupported { .. })), "{e:?}"),
    }
    for name in names(store, "shared/", None) {
        store.delete(&key(&name)).unwrap();
    }
}

/// What is behind a link, with its head, as a browser hears it.
fn follow(link: &str) -> String {
    let (host, path) = link.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}

/// All of it.
pub(crate) fn holds(store: &Arc<dyn Objects>) {
    keeps_objects(&**store);
    has_one_clock(&**store);
    has_one_winner(&**store);
    presigns(&**store);
    shares(&**store);
    carries_jobs(store);
    hears_of_long_jobs(store);
    lists_pages(&**store);
}
