//! A desk with a virtual keyboard, the keys on screen and no sound.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::*;
use crate::keyboard::Script;
use crate::music::message::{Key, Velocity};
use crate::settings::Folders;

/// A desk whose folders are a temporary one's, and what it tells.
struct Bench {
    desk: Option<Desk>,
    told: Receiver<Report>,
    seen: Vec<Report>,
    home: tempfile::TempDir,
}

impl Bench {
    fn with(script: &str) -> Bench {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("script.txt");
        std::fs::write(&file, script).unwrap();
        let folders = folders(home.path());
        let listen = Listen::Virtual(Script::File(file));
        let (tell, told) = channel();
        let opening = Opening { settings: Settings::default(), folders, listen };
        let desk = Desk::open(opening, move |report| drop(tell.send(report))).unwrap();
        Bench { desk: Some(desk), told, seen: Vec::new(), home }
    }

    fn desk(&mut self) -> &mut Desk {
        self.desk.as_mut().unwrap()
    }

    /// What the first report says that says anything, whether told already or within a while.
    fn wait<T>(&mut self, what: impl Fn(&Report) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut looked = 0;
        loop {
            if let Some(found) = self.seen[looked..].iter().find_map(&what) {
                return found;
            }
            looked = self.seen.len();
            assert!(begun.elapsed() < Duration::from_secs(30), "it never came; told were {:?}", self.seen);
            if let Ok(report) = self.told.recv_timeout(Duration::from_secs(1)) {
                self.seen.push(report);
            }
        }
    }

    fn takes(&self, folder: &str) -> usize {
        std::fs::read_dir(self.home.path().join(folder))
            .map_or(0, |entries| entries.flatten().filter(|e| e.path().extension().is_some_and(|e| e == "mid")).count())
    }
}

fn folders(home: &Path) -> Folders {
    let mut folders = Folders::of_platform().unwrap();
    folders.library = home.join("library");
    folders.state = home.join("state");
    folders.data = home.join("data");
    folders
}

fn kept(report: &Report) -> Option<Kept> {
    if let Report::Kept(kept) = report { Some(kept.clone()) } else { None }
}

fn captured(report: &Report) -> Option<()> {
    matches!(report, Report::Captured(Captured { notes: 2 })).then_some(())
}

#[test]
fn what_was_played_before_anybody_recorded_can_be_kept() {
    let mut bench = Bench::with("tap 60 100 20\nat 40\ntap 64 90 20\nat 9000\n");
    bench.wait(captured);
    bench.desk().order(Order::Keep);
    let take = bench.wait(kept);
    assert_eq!(take.notes, 2);
    assert_eq!(take.path.parent(), Some(bench.home.path().join("library").as_path()));
    assert_eq!((bench.takes("library"), bench.takes("library/Captured")), (1, 0));
    let piece = bench.wait(|r| if let Report::Piece(piece) = r { Some(piece.clone()) } else { None });
    assert_eq!(piece.notes.len(), 2);
}

#[test]
fn a_take_of_the_keys_on_screen_is_saved_without_asking() {
    let mut bench = Bench::with("at 1\n");
    bench.desk().order(Order::Record);
    bench.wait(|r| matches!(r, Report::Transport(Transport::Recording { .. })).then_some(()));
    for key in [60, 62, 64] {
        let touch = bench.desk().touch().unwrap();
        touch.press(Key::masked(key), Velocity::masked(80));
        touch.release(Key::masked(key));
        touch.hand_on();
    }
    bench.wait(|r| match r {
        Report::Heard(heard) => heard.iter().any(|(_, m)| m.to_bytes().starts_with(&[0x80, 64])).then_some(()),
        _ => None,
    });
    bench.desk().order(Order::Stop);
    let take = bench.wait(kept);
    assert_eq!((take.notes, bench.takes("library"), bench.takes("library/Captured")), (3, 1, 0));
}

#[test]
fn what_was_played_right_before_an_order_is_in_the_take_that_it_ends() {
    for _ in 0..20 {
        let mut bench = Bench::with("at 1\n");
        bench.desk().order(Order::Record);
        bench.wait(|r| matches!(r, Report::Transport(Transport::Recording { .. })).then_some(()));
        let touch = bench.desk().touch().unwrap();
        touch.press(Key::masked(60), Velocity::masked(80));
        touch.release(Key::masked(60));
        touch.hand_on();
        bench.desk().order(Order::Stop);
        assert_eq!(bench.wait(kept).notes, 1);
    }
}

#[test]
fn what_only_sounds_is_in_no_take() {
    let mut bench = Bench::with("at 1\n");
    bench.desk().order(Order::Record);
    bench.wait(|r| matches!(r, Report::Transport(Transport::Recording { .. })).then_some(()));
    let touch = bench.desk().touch().unwrap();
    let trial = super::Trial::Instrument(crate::music::message::Value::masked(0));
    touch.sound(trial, Key::masked(50), Velocity::masked(80));
    touch.hush(trial, Key::masked(50));
    touch.press(Key::masked(60), Velocity::masked(80));
    touch.release(Key::masked(60));
    touch.hand_on();
    let heard = bench.wait(|r| match r {
        Report::Heard(heard) => Some(heard[0].1.to_bytes()[1]),
        _ => None,
    });
    bench.desk().order(Order::Stop);
    assert_eq!((heard, bench.wait(kept).notes), (60, 1));
}

#[test]
fn the_buttons_of_the_keyboard_are_obeyed_and_are_no_music() {
    let mut bench = Bench::with("cc 107 127\ncc 107 0\nat 80\ntap 60 100 10\nat 120\ncc 106 127\ncc 106 0\n");
    let take = bench.wait(kept);
    let bytes = std::fs::read(&take.path).unwrap();
    assert_eq!(take.notes, 1);
    assert!(!bytes.windows(2).any(|w| w == [107, 127]), "the button is not in the take");
}

#[test]
fn closing_the_desk_saves_what_runs() {
    let mut bench = Bench::with("at 1\n");
    bench.desk().order(Order::Record);
    bench.wait(|r| matches!(r, Report::Transport(Transport::Recording { .. })).then_some(()));
    let touch = bench.desk().touch().unwrap();
    touch.press(Key::masked(60), Velocity::masked(80));
    touch.hand_on();
    bench.wait(|r| matches!(r, Report::Heard(_)).then_some(()));
    bench.desk = None;
    assert_eq!(bench.takes("library"), 1);
}

#[test]
fn a_departure_is_told_as_such() {
    let mut bench = Bench::with("note_on 60 100\nat 20\nunplug\nat 40\nplug\nat 60\n");
    let away = bench.wait(|r| match r {
        Report::Keyboard(Keyboard::Away { name }) => Some(name.clone()),
        _ => None,
    });
    assert!(away.contains("Virtual keyboard"), "{away}");
    // The end of what it plays is no departure.
    bench.wait(|r| matches!(r, Report::Keyboard(Keyboard::Ended)).then_some(()));
}

/// A desk whose thread does this in place of its work.
fn desk_that(work: impl FnOnce(&std::sync::mpsc::Sender<()>) + Send + 'static) -> Desk {
    let (all_saved, saved) = channel();
    let work = std::thread::spawn(move || work(&all_saved));
    let thread = work.thread().clone();
    Desk { orders: None, touch: None, thread, work: Some(work), saved, clock: Clock::start() }
}

#[test]
fn a_desk_that_hangs_is_left_behind() {
    let (hold, held) = channel::<()>();
    let mut hangs = desk_that(move |saved| {
        saved.send(()).unwrap();
        let _ = held.recv();
    });
    let short = Duration::from_millis(20);
    assert_eq!(hangs.shut(Duration::from_secs(60), short), Closing::Hangs);
    drop(hold);
    assert_eq!(hangs.shut(short, short), Closing::Done, "nobody waits for it twice");
    let (hold, held) = channel::<()>();
    let mut busy = desk_that(move |_| assert!(held.recv().is_err()));
    assert_eq!(busy.shut(short, short), Closing::Unsaved);
    drop(hold);
    let ends = desk_that(|saved| saved.send(()).unwrap());
    assert_eq!(ends.close(), Closing::Done);
}
