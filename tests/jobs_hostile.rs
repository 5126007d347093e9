//! Whatever lies in a shared store, a worker goes on: jobs that take too much time or memory, or that bring down
//! the process they are composed in, end as failed, and the next job is composed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "cloud/memory.rs"]
mod memory;
#[path = "cloud/music.rs"]
mod music;

use std::sync::Arc;
use std::time::{Duration, Instant};

use composer::compose::request::Request;
use composer::jobs::Timing;
use composer::jobs::client::{Client, Progress};
use composer::jobs::engine::{Apart, Done, Engine, Heard, Limits, Wish};
use composer::jobs::job::{Class, Fault, Outcome};
use composer::jobs::worker::{Pace, Stop, Until, Worker};
use composer::music::composition::{Composition, Division, Format, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks, smf};
use composer::store::Objects;

/// The program itself, as a worker starts it.
fn apart(memory: u64) -> Engine {
    let arguments = ["worker".into(), "--hand".into(), memory.to_string().into()];
    Engine::Apart(Apart::new(env!("CARGO_BIN_EXE_composer").into(), arguments.into()))
}

fn limits(seconds: f64) -> Limits {
    Limits { time: Duration::from_secs_f64(seconds), ..Limits::default() }
}

fn fault(done: Done) -> Fault {
    match done {
        Done::Failed(fault) => fault,
        other => panic!("{other:?}"),
    }
}

/// As much as a job may hold: each note as long as one is read, one after the other, and a time signature for
/// every few bytes that are left. What is asked of each step before the first is composed takes hours.
fn endless() -> Vec<u8> {
    let mut track = Track::new();
    let long = 64 * 480;
    for i in 0..9_000u64 {
        let (key, at) = (Key::masked(60 + (i % 12) as u8), i * long);
        track.push_voice(Ticks(at), Channel::default(), Voice::NoteOn { key, velocity: Velocity::masked(90) });
        track.push_voice(Ticks(at + long), Channel::default(), Voice::NoteOff { key, velocity: Velocity::masked(64) });
    }
    let mut song = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks.push(track);
    let mut file = smf::write(&song).unwrap();
    // Signatures go in front of the notes, as bytes: 1/4 and 2/4 in turn, a tick apart.
    let signatures: Vec<u8> = (0..200_000).flat_map(|i: u32| [1, 0xff, 0x58, 4, 1 + (i % 2) as u8, 2, 24, 8]).collect();
    let length = u32::from_be_bytes(file[18..22].try_into().unwrap()) + signatures.len() as u32;
    file.splice(22..22, signatures);
    file[18..22].copy_from_slice(&length.to_be_bytes());
    assert!(file.len() as u64 <= Limits::default().bytes, "{}", file.len());
    file
}

#[test]
fn what_takes_too_long_is_ended_whatever_it_is_at() {
    let engine = apart(1 << 30);
    let file = endless();
    let started = Instant::now();
    let late = fault(engine.work(&file, &Request::default(), limits(3.0), &mut |_| Wish::GoOn));
    assert_eq!((late.class, &late.message[..]), (Class::Input, "it was not done after 3 s"));
    let heard_first = started.elapsed();
    // Cancelled before the first note is composed, too.
    let mut heard = 0;
    let stopped = engine.work(&file, &Request::default(), limits(600.0), &mut |_| {
        heard += 1;
        Wish::Stop
    });
    assert!(matches!(stopped, Done::Stopped), "{stopped:?}");
    assert_eq!(heard, 1);
    eprintln!("ended after {heard_first:?}");
}

#[test]
fn what_takes_too_much_memory_fails_alone() {
    let mut order = music::order("large.mid", 4_000);
    order.work.parameters.sampling_iterations = "100".parse().unwrap();
    let tight = apart(48 << 20);
    let small = Limits { memory: 48 << 20, ..limits(120.0) };
    let died = fault(tight.work(&endless(), &order.work, small, &mut |_| Wish::GoOn));
    assert_eq!(died.class, Class::Internal);
    assert!(died.message.contains("more than 48 MiB"), "{}", died.message);
    // And the next is composed, by another process or by the same.
    let easy = music::order("easy.mid", 4);
    for _ in 0..2 {
        let done = tight.work(&easy.input, &easy.work, small, &mut |_| Wish::GoOn);
        assert!(matches!(&done, Done::Composed(files) if files.len() == 1), "{done:?}");
    }
}

#[test]
fn a_part_is_shown_for_the_asking_and_the_same_bytes_come_of_it() {
    let order = music::order("a.mid", 16);
    let (mut partial, mut shares) = (None, Vec::new());
    let done = apart(1 << 30).work(&order.input, &order.work, limits(120.0), &mut |heard| {
        match heard {
            Heard::Share(share) => shares.push(share),
            Heard::Partial(file) => partial = Some(file),
        }
        if partial.is_none() { Wish::Show } else { Wish::GoOn }
    });
    let here = Engine::Here(Box::new(composer::compose::Model::chorale().unwrap()));
    let expected = here.work(&order.input, &order.work, limits(120.0), &mut |_| Wish::GoOn);
    let (Done::Composed(files), Done::Composed(expected)) = (done, expected) else { panic!("nothing was composed") };
    assert_eq!(files, expected);
    assert!(shares.is_sorted() && shares.iter().all(|s| (0.0..=1.0).contains(s)), "{shares:?}");
    let partial = partial.expect("a part, for the asking");
    assert!(smf::read(&partial).unwrap().composition.note_count() >= 16);
}

#[test]
fn a_worker_fails_hostile_jobs_and_does_the_others() {
    let store: Arc<dyn Objects> = Arc::new(memory::Memory::default());
    let timing = Timing::default();
    let client = Client { store: Arc::clone(&store), timing };
    let mut hostile = music::order("hostile.mid", 4);
    hostile.input = endless();
    let hostile = client.submit(&hostile).unwrap();
    let ids: Vec<_> = (0..3).map(|_| client.submit(&music::order("good.mid", 4)).unwrap()).collect();
    let worker = Worker {
        store,
        timing,
        limits: limits(10.0),
        pace: Pace::NEAR,
        owner: "hostile".to_owned(),
        engine: apart(1 << 30),
    };
    assert_eq!(worker.run(1, Until::Drained, &Stop::default(), &|_| {}).unwrap(), 4);
    let outcome = |id| match client.status(id).unwrap().progress {
        Progress::Ended(ending) => ending.outcome,
        other => panic!("{other:?}"),
    };
    assert!(matches!(outcome(hostile), Outcome::Failed { fault } if fault.class == Class::Input));
    assert!(ids.into_iter().all(|id| matches!(outcome(id), Outcome::Succeeded { .. })));
}

#[test]
fn a_program_that_is_no_hand_fails_the_job_and_not_the_worker() {
    let order = music::order("a.mid", 4);
    let nothing = Engine::Apart(Apart::new("/nowhere/composer".into(), Vec::new()));
    let missing = fault(nothing.work(&order.input, &order.work, limits(60.0), &mut |_| Wish::GoOn));
    assert_eq!(missing.class, Class::Transient, "{}", missing.message);
    let help = Engine::Apart(Apart::new(env!("CARGO_BIN_EXE_composer").into(), vec!["--version".into()]));
    let odd = fault(help.work(&order.input, &order.work, limits(60.0), &mut |_| Wish::GoOn));
    assert_eq!(odd.class, Class::Internal, "{}", odd.message);
}
