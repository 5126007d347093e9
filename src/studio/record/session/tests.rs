//! Takes that survive what disks do.

use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::keyboard::controls::{ControlMap, Panel};
use crate::music::{Message, Ppq, Tempo, TimeSignature};
use crate::studio::record::Start;
use crate::studio::recover;

/// A session whose "files" are the number of notes, in a place of its own.
struct Bench {
    root: tempfile::TempDir,
    session: Session,
    clock: Clock,
}

impl Bench {
    fn new(start: Start, destination: impl FnOnce(&Path) -> Destination) -> Bench {
        let root = tempfile::tempdir().unwrap();
        let plan = Plan {
            tempo: Tempo::DEFAULT,
            time_signature: TimeSignature::COMMON,
            ppq: Ppq::DEFAULT,
            count_in: 0,
            start,
            silence: None,
            split: false,
            duration: None,
            channel: None,
            stay: true,
        };
        let folders = TakeFolders {
            journals: vec![root.path().join("journals")],
            volatile: None,
            library: root.path().join("library"),
        };
        let transport =
            Transport::new(ControlMap::default(), ControlMap::only_learned(&BTreeMap::new()), Panel::Akm322);
        let render: Render = Box::new(|take| Ok(vec![("", format!("{} notes", take.notes()).into_bytes())]));
        let clock = Clock::start();
        let setup = Setup { plan, destination: destination(root.path()), folders, transport, render };
        let session = Session::start(setup, clock, clock.now(), None);
        Bench { root, session, clock }
    }

    fn send(&mut self, bytes: &[u8]) {
        let message = Message::from_bytes(bytes).unwrap();
        self.session.hear(&[Event::Message { at: self.clock.now(), message }]);
    }

    fn note(&mut self, key: u8) {
        self.send(&[0x90, key, 80]);
        self.send(&[0x80, key, 64]);
    }

    fn saved(&mut self) -> Vec<Saved> {
        let saved = |n| if let Notice::Saved(s) = n { Some(s) } else { None };
        self.session.notices().into_iter().filter_map(saved).collect()
    }

    fn journals(&self) -> usize {
        fs::read_dir(self.root.path().join("journals")).map_or(0, Iterator::count)
    }
}

fn file(force: bool) -> impl FnOnce(&Path) -> Destination {
    move |root| Destination::File { path: root.join("song.mid"), force }
}

#[test]
fn a_take_is_in_its_file_and_its_journal_is_gone() {
    let mut bench = Bench::new(Start::AtOnce, file(false));
    bench.note(60);
    assert_eq!(bench.journals(), 1);
    bench.session.finish();
    let saved = bench.saved();
    assert_eq!(saved[0].paths, [bench.root.path().join("song.mid")]);
    assert_eq!((saved[0].notes, &saved[0].elsewhere), (1, &None));
    assert_eq!(fs::read(&saved[0].paths[0]).unwrap(), b"1 notes");
    assert_eq!(bench.journals(), 0);
}

#[test]
fn nothing_played_leaves_nothing_behind() {
    let mut bench = Bench::new(Start::AtOnce, file(false));
    bench.session.finish();
    assert!(bench.saved().is_empty());
    assert!(!bench.root.path().join("song.mid").exists());
    assert_eq!(bench.journals(), 0);
}

#[test]
fn a_file_that_came_meanwhile_stays() {
    let mut bench = Bench::new(Start::AtOnce, file(false));
    bench.note(60);
    fs::write(bench.root.path().join("song.mid"), "somebody else's").unwrap();
    bench.session.finish();
    assert_eq!(bench.saved()[0].paths, [bench.root.path().join("song-2.mid")]);
    assert_eq!(fs::read(bench.root.path().join("song.mid")).unwrap(), b"somebody else's");
}

#[test]
fn a_folder_that_cannot_be_written_sends_the_take_to_the_library() {
    let mut bench =
        Bench::new(Start::AtOnce, |root| Destination::File { path: root.join("gone").join("song.mid"), force: false });
    bench.note(60);
    bench.session.finish();
    let saved = bench.saved().remove(0);
    assert!(saved.elsewhere.unwrap().contains("song.mid"));
    assert!(saved.paths[0].starts_with(bench.root.path().join("library")));
}

#[test]
fn when_nothing_can_be_written_the_take_is_tried_again() {
    let mut bench = Bench::new(Start::RecButton, |root| Destination::Library(root.join("blocked").join("library")));
    for name in ["blocked", "library", "journals"] {
        fs::write(bench.root.path().join(name), "a file where a folder should be").unwrap();
    }
    bench.send(&[0xb0, 107, 127]);
    bench.note(60);
    bench.send(&[0xb0, 106, 127]);
    let notices = bench.session.notices();
    assert!(notices.iter().any(|n| matches!(n, Notice::NotSaved { in_memory: true, .. })), "{notices:?}");
    assert_eq!(bench.session.unsaved().map(|u| u.1).collect::<Vec<_>>(), [true]);
    fs::remove_file(bench.root.path().join("library")).unwrap();
    std::thread::sleep(RETRY_EVERY);
    bench.session.retry();
    assert_eq!(bench.saved().len(), 1);
    assert_eq!(bench.session.unsaved().count(), 0);
}

#[test]
fn a_journal_that_somebody_removes_while_one_plays_costs_nothing() {
    let mut bench = Bench::new(Start::AtOnce, file(false));
    bench.note(60);
    fs::remove_dir_all(bench.root.path().join("journals")).unwrap();
    bench.note(62);
    bench.session.finish();
    assert_eq!(bench.saved()[0].notes, 2);
}

#[test]
fn the_last_resort_takes_what_nothing_else_does() {
    let mut bench = Bench::new(Start::RecButton, |root| Destination::Library(root.join("blocked").join("library")));
    for name in ["blocked", "library", "journals"] {
        fs::write(bench.root.path().join(name), "a file where a folder should be").unwrap();
    }
    bench.send(&[0xb0, 107, 127]);
    bench.note(60);
    bench.session.finish();
    assert_eq!(bench.session.unsaved().count(), 1);
    let last_resort = bench.root.path().join("last");
    bench.session.retry_in(&last_resort);
    assert!(bench.saved()[0].paths[0].starts_with(&last_resort));
    assert_eq!(bench.session.unsaved().count(), 0);
}

#[test]
fn the_buttons_make_takes_and_are_not_in_them() {
    let mut bench = Bench::new(Start::RecButton, |root| Destination::Library(root.join("library")));
    for keys in [1u8, 2] {
        bench.send(&[0xb0, 107, 127]);
        (0..keys).for_each(|k| bench.note(60 + k));
        bench.send(&[0xb0, 106, 127]);
        bench.send(&[0xb0, 106, 0]);
    }
    let saved = bench.saved();
    assert_eq!(saved.iter().map(|s| s.notes).collect::<Vec<_>>(), [1, 2]);
    bench.send(&[0xb0, 105, 127]);
    assert!(bench.session.status().replay.is_some(), "Play follows the last take");
    bench.send(&[0xb0, 107, 127]);
    assert!(bench.session.status().replay.is_none());
}

#[test]
fn takes_of_the_same_second_stand_in_their_order() {
    let bench = Bench::new(Start::AtOnce, file(false));
    let name = |started: &str| {
        let info = crate::music::take::TakeInfo {
            started: started.into(),
            device: String::new(),
            tempo: Tempo::DEFAULT,
            time_signature: TimeSignature::COMMON,
            ppq: Ppq::DEFAULT,
        };
        library_name(&Take { info, events: Vec::new(), length: bench.clock.now() })
    };
    let names = [
        name("2026-11-21T10:05:03.104+01:00"),
        name("2026-11-21T10:05:03.980+01:00"),
        name("2026-11-21T10:05:04.000+01:00"),
    ];
    assert_eq!(names[0], "2026-11-21 10.05.03.1.mid");
    assert!(names.is_sorted(), "{names:?}");
    assert_eq!(name("2026-11-21T10:05:03+01:00"), "2026-11-21 10.05.03.mid");
}

#[test]
fn what_a_crash_leaves_is_found_once_nobody_writes_it() {
    let mut bench = Bench::new(Start::AtOnce, file(false));
    bench.note(60);
    bench.send(&[0x90, 62, 80]);
    let folders = [bench.root.path().join("journals")];
    let found = recover::find(&folders);
    assert_eq!((found.takes.len(), found.running), (0, 1));

    let Bench { root, session, .. } = bench;
    drop(session);
    let found = recover::find(&folders);
    assert_eq!((found.takes.len(), found.running), (1, 0));
    let leftover = &found.takes[0];
    assert_eq!(leftover.notes(), 2);
    assert_eq!(leftover.contents.header.wanted.as_deref(), Some(root.path().join("song.mid").as_path()));
    assert_eq!(leftover.take().events.len(), 4, "the key that was down is closed");
    leftover.remove().unwrap();
    assert!(recover::find(&folders).takes.is_empty());
}
