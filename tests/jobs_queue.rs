//! Jobs that a queue names: once, twice, too late, or when nothing can be done about them any more.

#![cfg(feature = "lambda")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "cloud/memory.rs"]
mod memory;
#[path = "cloud/music.rs"]
mod music;

use std::sync::Arc;
use std::time::Duration;

use composer::compose::Model;
use composer::jobs::claim::claim;
use composer::jobs::client::{Client, Progress};
use composer::jobs::engine::{Engine, Limits};
use composer::jobs::job::{Ending, Outcome};
use composer::jobs::queue::{Batch, Message, Part, handle};
use composer::jobs::worker::{Pace, Stop, Worker};
use composer::jobs::{JobId, Timing};
use composer::store::Objects;

fn worker(store: &Arc<memory::Memory>) -> (Worker, Client) {
    let store: Arc<dyn Objects> = Arc::clone(store) as Arc<dyn Objects>;
    let timing = Timing::default();
    let worker = Worker {
        store: Arc::clone(&store),
        timing,
        limits: Limits::default(),
        pace: Pace::NEAR,
        owner: "queue".to_owned(),
        engine: Engine::Here(Box::new(Model::chorale().unwrap())),
    };
    (worker, Client { store, timing })
}

/// The names of the messages that are to come again.
fn again(worker: &Worker, part: Part, bodies: &[String]) -> Vec<String> {
    let records = bodies.iter().enumerate().map(|(i, body)| Message { id: i.to_string(), body: body.clone() });
    let answer = handle(worker, part, &Batch { records: records.collect() }, &Stop::default(), &|_| {});
    answer.again.into_iter().map(|item| item.id).collect()
}

fn event(id: JobId) -> String {
    format!(r#"{{"Records":[{{"s3":{{"object":{{"key":"jobs/{id}/request.json"}}}}}}]}}"#)
}

fn ending(client: &Client, id: JobId) -> Ending {
    match client.status(id).unwrap().progress {
        Progress::Ended(ending) => ending,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_is_composed_once_however_often_it_is_told() {
    let store = Arc::new(memory::Memory::default());
    let (worker, client) = worker(&store);
    let id = client.submit(&music::order("a.mid", 2)).unwrap();
    let nothing: [String; 0] = [];
    assert_eq!(again(&worker, Part::Work, &[event(id), event(id), "nonsense".to_owned()]), nothing);
    let first = ending(&client, id);
    assert!(matches!(first.outcome, Outcome::Succeeded { .. }), "{first:?}");
    assert_eq!(again(&worker, Part::Work, &[event(id), event(JobId::new())]), nothing);
    assert_eq!(again(&worker, Part::Bury, &[event(id), event(JobId::new())]), nothing);
    assert_eq!(ending(&client, id), first);
}

#[test]
fn what_another_works_on_comes_again_and_what_is_given_up_has_failed() {
    let store = Arc::new(memory::Memory::default());
    let (worker, client) = worker(&store);
    let id = client.submit(&music::order("a.mid", 2)).unwrap();
    assert!(claim(&*client.store, id, 1, "vanishes").unwrap());
    assert_eq!(again(&worker, Part::Work, &[event(id)]), ["0"]);
    assert_eq!(again(&worker, Part::Bury, &[event(id)]), ["0"]);
    store.pass(Duration::from_secs(61));
    assert_eq!(again(&worker, Part::Bury, &[event(id)]), Vec::<String>::new());
    match ending(&client, id).outcome {
        Outcome::Failed { fault } => assert_eq!(fault.message, "its queue gave it up; it was begun 1 times"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_three_attempts_the_next_word_of_a_job_ends_it() {
    let store = Arc::new(memory::Memory::default());
    let (worker, client) = worker(&store);
    let id = client.submit(&music::order("a.mid", 2)).unwrap();
    for attempt in 1..=3 {
        assert!(claim(&*client.store, id, attempt, "vanishes").unwrap());
        store.pass(Duration::from_secs(61));
    }
    assert_eq!(again(&worker, Part::Work, &[event(id)]), Vec::<String>::new());
    assert!(matches!(ending(&client, id).outcome, Outcome::Failed { .. }));
}
