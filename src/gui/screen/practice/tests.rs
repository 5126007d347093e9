//! The screen without a window: what it asks the desk for, with the desk's reports told here.

use std::time::Duration;

use iced_test::Simulator;

use super::*;
use crate::audio::output::{Description, Format};
use crate::gui::screen::bench;
use crate::music::message::{Key, Velocity};
use crate::studio::desk::{Pulse, Sound};

struct Bench {
    screen: Practice,
    now: Now,
    _folder: tempfile::TempDir,
}

fn orders(action: Action<Message>) -> Vec<String> {
    match action {
        Action::All(actions) => actions.into_iter().flat_map(orders).collect(),
        Action::Order(Order::Show(_)) => vec!["Show".to_owned()],
        Action::Order(Order::Strips(strips)) => vec![format!("muted {}", strips.iter().filter(|s| s.mute).count())],
        Action::Order(order) => vec![format!("{order:?}")],
        _ => Vec::new(),
    }
}

impl Bench {
    /// A piece is chosen and read, and there is an output.
    fn new() -> Option<Bench> {
        let (now, folder) = bench::room()?;
        let mut bench = Bench { screen: Practice::default(), now, _folder: folder };
        let format = Format { rate: 48_000, block: 240, latency: 240 };
        let (name, system) = ("Output".to_owned(), "ALSA".to_owned());
        let output =
            Description { name, system, format, channels: 2, sample_format: "f32".to_owned(), substitute: false };
        bench.hear(Report::Sound(Sound::Open { output, latency: Duration::from_millis(10) }));
        let _ = bench.screen.enter(&bench.now);
        let piece = bench.screen.chosen.as_ref().unwrap().source.piece().unwrap();
        bench.tell(Message::Read(1, Ok(Arc::new(piece))));
        Some(bench)
    }

    fn tell(&mut self, message: Message) -> Vec<String> {
        orders(self.screen.update(message, &self.now))
    }

    fn hear(&mut self, report: Report) -> Vec<String> {
        self.now.hear(&report);
        orders(self.screen.hear(&report, &self.now))
    }

    fn lesson(&self) -> &Lesson {
        let State::Ready(lesson) = &self.screen.state else { panic!("{:?}", self.screen.state) };
        lesson
    }

    /// Begins, as the desk tells it.
    fn begin(&mut self) {
        let begun = self.tell(Message::Play);
        assert_eq!((begun[0].as_str(), begun.last().unwrap().as_str()), ("Show", "Go"), "{begun:?}");
        let piece = Arc::clone(self.lesson().practising.piece());
        self.hear(Report::Piece(piece));
        self.hear(Report::Transport(Transport::Playing));
    }

    fn at(&mut self, position: Micros) -> Vec<String> {
        let pulse = Pulse { now: Micros::from_millis(5_000).plus(position), position, ..Pulse::default() };
        self.hear(Report::Pulse(pulse))
    }

    fn strike(&mut self, key: Key) -> Vec<String> {
        let at = self.now.pulse.now;
        let channel = Default::default();
        let on = Voice::NoteOn { key, velocity: Velocity::masked(90) };
        let heard = self.hear(Report::Heard(vec![(at, Midi::Voice(channel, on))]));
        let off = Voice::NoteOff { key, velocity: Velocity::masked(64) };
        self.hear(Report::Heard(vec![(at, Midi::Voice(channel, off))]));
        heard
    }

    fn shown(&self) -> Simulator<'_, Message> {
        bench::shown(self.screen.view(&self.now))
    }

    fn notes(&self) -> Vec<(Key, Micros)> {
        let lesson = self.lesson();
        let mine = |n: &&crate::studio::desk::PieceNote| n.track == lesson.practising.part();
        lesson.practising.piece().notes.iter().filter(mine).map(|n| (n.key, n.start)).collect()
    }
}

#[test]
fn the_piece_waits_for_every_note_and_in_the_end_it_is_summed_up() {
    let Some(mut bench) = Bench::new() else { return };
    bench.begin();
    let notes = bench.notes();
    for (n, chord) in notes.chunk_by(|a, b| a.1 == b.1).enumerate() {
        assert_eq!(bench.at(chord[0].1), ["Pause"], "chord {n}");
        bench.hear(Report::Transport(Transport::Idle));
        if n == 0 {
            assert!(bench.strike(Key::masked(chord[0].0.get() + 1)).is_empty());
        }
        let struck: Vec<String> = chord.iter().flat_map(|(key, _)| bench.strike(*key)).collect();
        assert_eq!(struck, ["Go"], "the last key of chord {n} lets it go on");
        bench.hear(Report::Transport(Transport::Playing));
    }
    assert!(bench.shown().find(format!("{0} of {0} right · 1 other key", notes.len()).as_str()).is_ok());
    bench.hear(Report::Transport(Transport::Idle));
    assert!(bench.shown().find("Very well played!").is_ok());
    assert!(bench.shown().find("Try it without \"Wait for me\".").is_ok());
    assert_eq!(bench::clicks(bench.shown(), "Once more"), ["Play"]);
}

#[test]
fn whoever_leaves_finds_the_desk_as_a_usual_one() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Speed(50));
    let begun = bench.tell(Message::Play);
    assert_eq!(begun, ["Show", "muted 1", "Speed(Speed(50))", "Seek(Micros(0))", "Go"]);
    let piece = Arc::clone(bench.lesson().practising.piece());
    bench.hear(Report::Piece(piece));
    bench.hear(Report::Transport(Transport::Playing));
    let position = bench.notes()[0].1;
    bench.at(position);
    let left = orders(bench.screen.leave(&bench.now));
    assert_eq!(left, ["Pause", "muted 0", "Speed(Speed(100))"]);
    // Coming back, it goes on where it was.
    bench.hear(Report::Transport(Transport::Idle));
    assert!(bench.tell(Message::Play).contains(&format!("Seek(Micros({}))", position.0)));
}

#[test]
fn what_goes_by_is_told_and_a_take_on_the_desk_ends_it() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Waits);
    bench.begin();
    let notes = bench.notes();
    assert!(bench.at(notes[0].1).is_empty());
    let first = notes.iter().filter(|n| n.1 == notes[0].1).count();
    notes[..first].iter().for_each(|(key, _)| assert!(bench.strike(*key).is_empty()));
    bench.at(notes[first].1.plus(Micros::from_millis(300)));
    let sum = bench.lesson().practising.sum();
    assert_eq!((sum.right, sum.missed), (first, 1));
    let other = Arc::new(Piece::of("Other".to_owned(), &SAMPLES[1].melody().unwrap()));
    bench.hear(Report::Piece(other));
    assert_eq!(bench.lesson().way, Way::Stands);
    assert_eq!(bench.tell(Message::Hears), Vec::<String>::new(), "another piece is not mixed from here");
}

#[test]
fn without_an_output_it_says_so_instead_of_standing_still() {
    let Some(mut bench) = Bench::new() else { return };
    assert_eq!(bench::clicks(bench.shown(), "Begin"), ["Play"]);
    bench.hear(Report::Sound(Sound::Silent { reason: "no sound card".to_owned() }));
    let mut window = bench.shown();
    let _ = window.click("Begin");
    assert_eq!(window.into_messages().count(), 0);
}
