//! The protocol in every order of events: the real code of workers and clients, stopped before each call to
//! the store, and gone through with every interleaving of these calls, answers that are lost included.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "cloud/memory.rs"]
mod memory;
#[path = "cloud/music.rs"]
mod music;

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use composer::jobs::claim::{claim, end};
use composer::jobs::client::{Cancelled, Client};
use composer::jobs::job::{Ending, Object, Outcome, Stages};
use composer::jobs::{JobId, Timing};
use composer::store::{Attributes, Error, Head, Key, Listing, Objects, Page, Written};
use memory::Memory;

/// What one actor does; answers with what it took for granted in the end.
type Actor = Box<dyn Fn(&Arc<dyn Objects>) -> Result<bool, Error> + Send + Sync>;

/// Where actors wait for their turn.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// For each actor, what it waits to do.
    waiting: Vec<Waiting>,
    /// Whose turn it is, and whether the answer gets lost.
    turn: Option<(usize, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// Is between two calls.
    No,
    /// For a call whose answer may get lost.
    Once,
    /// For another call.
    Other,
    /// For nothing any more.
    Done,
}

/// The store as one actor sees it.
#[derive(Debug)]
struct Stepped {
    memory: Arc<Memory>,
    gate: Arc<Gate>,
    actor: usize,
}

impl Stepped {
    fn step<T>(&self, kind: Waiting, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.gate.state.lock().unwrap();
        state.waiting[self.actor] = kind;
        self.gate.changed.notify_all();
        while state.turn.is_none_or(|(actor, _)| actor != self.actor) {
            state = self.gate.changed.wait(state).unwrap();
        }
        let lost = state.turn.take().is_some_and(|(_, lost)| lost);
        state.waiting[self.actor] = Waiting::No;
        drop(state);
        let answer = call();
        if lost { answer.and(Err(Error::Unreachable { store: "stepped".into(), why: "lost".into() })) } else { answer }
    }
}

impl Objects for Stepped {
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, Error> {
        self.step(Waiting::Other, || self.memory.get(key, most))
    }

    fn put(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<(), Error> {
        self.step(Waiting::Other, || self.memory.put(key, body, attributes))
    }

    fn put_if_absent(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<Written, Error> {
        self.step(Waiting::Once, || self.memory.put_if_absent(key, body, attributes))
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Page, Error> {
        self.step(Waiting::Other, || self.memory.list(listing))
    }

    fn delete(&self, key: &Key) -> Result<(), Error> {
        self.step(Waiting::Other, || self.memory.delete(key))
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        self.step(Waiting::Other, || self.memory.head(key))
    }

    fn copy(&self, from: &Key, to: &Key, attributes: &Attributes) -> Result<(), Error> {
        self.step(Waiting::Other, || self.memory.copy(from, to, attributes))
    }

    fn presign(&self, key: &Key, expires: Duration) -> Result<String, Error> {
        self.memory.presign(key, expires)
    }
}

/// Runs the actors once: at the n-th fork the `path[n]`-th way is taken, the first where it says nothing.
/// Answers with the way taken and the number of ways at each fork.
fn run(memory: &Arc<Memory>, actors: &[Actor], faults: usize, path: &[usize]) -> (Vec<(usize, usize)>, Vec<bool>) {
    let gate = Arc::new(Gate::default());
    gate.state.lock().unwrap().waiting = vec![Waiting::No; actors.len()];
    let mut taken = Vec::new();
    let answers = std::thread::scope(|scope| {
        let threads: Vec<_> = actors
            .iter()
            .enumerate()
            .map(|(n, actor)| {
                let store = Stepped { memory: Arc::clone(memory), gate: Arc::clone(&gate), actor: n };
                let gate = Arc::clone(&gate);
                scope.spawn(move || {
                    let store: Arc<dyn Objects> = Arc::new(store);
                    let answer = actor(&store);
                    gate.state.lock().unwrap().waiting[n] = Waiting::Done;
                    gate.changed.notify_all();
                    answer
                })
            })
            .collect();
        let mut left = faults;
        loop {
            let mut state = gate.state.lock().unwrap();
            while state.turn.is_some() || state.waiting.contains(&Waiting::No) {
                state = gate.changed.wait(state).unwrap();
            }
            let mut ways = Vec::new();
            for (n, waiting) in state.waiting.iter().enumerate() {
                if *waiting != Waiting::Done {
                    ways.push((n, false));
                }
                if *waiting == Waiting::Once && left > 0 {
                    ways.push((n, true));
                }
            }
            if ways.is_empty() {
                break;
            }
            let way = path.get(taken.len()).copied().unwrap_or(0);
            taken.push((way, ways.len()));
            left -= usize::from(ways[way].1);
            state.turn = Some(ways[way]);
            gate.changed.notify_all();
        }
        threads.into_iter().map(|t| t.join().unwrap().unwrap()).collect()
    });
    (taken, answers)
}

/// Goes every way there is; answers with how many there are.
fn every_way(set_up: impl Fn() -> (Arc<Memory>, Vec<Actor>), faults: usize, check: impl Fn(&Memory, &[bool])) -> usize {
    let (mut path, mut ways): (Vec<usize>, usize) = (Vec::new(), 0);
    loop {
        let (memory, actors) = set_up();
        let (mut taken, answers) = run(&memory, &actors, faults, &path);
        check(&memory, &answers);
        ways += 1;
        while taken.pop_if(|(way, of)| *way + 1 == *of).is_some() {}
        let Some((way, _)) = taken.last_mut() else { return ways };
        *way += 1;
        path = taken.into_iter().map(|(way, _)| way).collect();
    }
}

fn succeeded() -> Ending {
    Ending::new(Outcome::Succeeded { outputs: Vec::new() }, 1, Stages::default())
}

fn submitted(memory: &Arc<Memory>) -> JobId {
    let store: Arc<dyn Objects> = Arc::clone(memory) as Arc<dyn Objects>;
    Client { store, timing: Timing::default() }.submit(&music::order("a.mid", 1)).unwrap()
}

fn winners(answers: &[bool]) -> usize {
    answers.iter().filter(|won| **won).count()
}

#[test]
fn one_of_three_claims_an_attempt_whatever_the_order_and_the_lost_answers() {
    let set_up = || {
        let id = JobId::new();
        let actor = |n: usize| Box::new(move |s: &Arc<dyn Objects>| claim(&**s, id, 1, &n.to_string())) as Actor;
        (Arc::new(Memory::default()), (0..3).map(actor).collect())
    };
    let ways = every_way(set_up, 2, |_, answers| assert_eq!(winners(answers), 1, "{answers:?}"));
    eprintln!("{ways} ways");
    assert!(ways > 100, "{ways}");
}

#[test]
fn a_job_ends_once_whoever_ends_it_and_whoever_cancels_it() {
    let set_up = || {
        let memory = Arc::new(Memory::default());
        let id = submitted(&memory);
        let worker = Box::new(move |s: &Arc<dyn Objects>| Ok(claim(&**s, id, 1, "w")? && end(&**s, id, &succeeded())?));
        let client = Box::new(move |s: &Arc<dyn Objects>| {
            let client = Client { store: Arc::clone(s), timing: Timing::default() };
            Ok(client.cancel(id).unwrap() == Cancelled::AtOnce)
        });
        (memory, vec![worker as Actor, client as Actor])
    };
    let ways = every_way(set_up, 1, |memory, answers| {
        let listed = memory.list(&Listing::of("")).unwrap().entries;
        let find = |end: &str| listed.iter().filter(|e| e.key.as_str().ends_with(end)).count();
        // Cancelled while it is worked on, it is for its worker to say so.
        assert!(winners(answers) <= 1 && find("result.json") == winners(answers), "{answers:?} {listed:?}");
        assert_eq!(listed.iter().filter(|e| e.key.as_str().starts_with("open/")).count(), 1 - winners(answers));
    });
    eprintln!("{ways} ways");
    assert!(ways > 100, "{ways}");
}

#[test]
fn of_two_workers_that_both_hold_a_job_one_ends_it() {
    let set_up = || {
        let memory = Arc::new(Memory::default());
        let id = submitted(&memory);
        let actor = |n: u32| {
            Box::new(move |s: &Arc<dyn Objects>| {
                // The first was silent for longer than its lease, and lives after all.
                assert!(claim(&**s, id, n, "w")?);
                s.put(&id.object(Object::output(n, 0)), b"x", &Attributes::default())?;
                end(&**s, id, &succeeded())
            }) as Actor
        };
        (memory, vec![actor(1), actor(2)])
    };
    let ways = every_way(set_up, 1, |_, answers| assert_eq!(winners(answers), 1, "{answers:?}"));
    eprintln!("{ways} ways");
    assert!(ways > 100, "{ways}");
}
