//! The supervisor with a sound card that is pulled out, falls silent, and comes back as another.

use std::sync::atomic::{AtomicBool, AtomicU32};

use super::*;
use crate::audio::engine::{Engine, Remote};
use crate::audio::instrument::testing::clicks;
use crate::audio::output::loan::Loan;
use crate::audio::output::{Block, Format};
use crate::audio::sequencer::Score;
use crate::music::composition::{Composition, Division, Format as FileFormat, Track};
use crate::music::message::{Channel, Key, Velocity, Voice};
use crate::music::{Micros, Ppq, Ticks};

/// Longer than any of this takes on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the pretended sound card does.
#[derive(Default)]
struct Card {
    pulled: AtomicBool,
    /// It goes on being there and asks for nothing.
    stuck: AtomicBool,
    rate: AtomicU32,
    /// Blocks shorter than this are refused.
    least: AtomicU32,
    opened: AtomicU32,
}

/// A stream of it: ends and gives the renderer back when it is dropped.
struct Playing {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open(card: &Arc<Card>, opening: Opening<'_>) -> Result<(Stream, Description), OutputError> {
    let Opening { request, renderer, home, notices, counters } = opening;
    let mut loan = Loan::new(renderer, home);
    let rate = card.rate.load(Relaxed);
    let block = (request.buffer.as_secs_f64() * f64::from(rate)).round() as u32;
    if card.pulled.load(Relaxed) {
        return Err(OutputError::NoDevice { system: "pretended".into(), reason: "no card".into() });
    }
    if block < card.least.load(Relaxed) {
        return Err(OutputError::Refused { device: "card".into(), reason: "block too short".into() });
    }
    card.opened.fetch_add(1, Relaxed);
    let format = Format { rate, block, latency: block };
    loan.get().unwrap().prepare(format);
    let over = Arc::new(AtomicBool::new(false));
    let (card, counters, seen) = (Arc::clone(card), Arc::clone(counters), Arc::clone(&over));
    let thread = std::thread::spawn(move || {
        let (mut left, mut right) = (vec![0.0; block as usize], vec![0.0; block as usize]);
        while !seen.load(Relaxed) {
            if card.pulled.load(Relaxed) {
                let _ = notices.send(Notice::Lost("it was pulled out".into()));
                return;
            }
            if !card.stuck.load(Relaxed) {
                counters.callbacks.fetch_add(1, Relaxed);
                loan.get().unwrap().render(&mut left, &mut right, &Block { now: Instant::now(), live: &[] });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let description = Description {
        name: "card".into(),
        system: "pretended".into(),
        format,
        channels: 2,
        sample_format: "f32".into(),
        substitute: false,
    };
    Ok((Stream::Pretended { _stream: Box::new(Playing { over, thread: Some(thread) }) }, description))
}

fn start(card: &Arc<Card>, renderer: Box<dyn Renderer>) -> Result<Supervisor, OutputError> {
    let card = Arc::clone(card);
    Supervisor::start(Box::new(move |o| open(&card, o)), Request::default(), renderer, Arc::new(Counters::default()))
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// An engine that plays a note of two seconds.
fn engine() -> (Engine, Remote) {
    let (key, velocity) = (Key::masked(60), Velocity::masked(100));
    let mut composition = Composition::new(FileFormat::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::new();
    track.push_voice(Ticks(0), Channel::default(), Voice::NoteOn { key, velocity });
    track.push_voice(Ticks(1_920), Channel::default(), Voice::NoteOff { key, velocity });
    composition.tracks.push(track);
    let (engine, mut remote) = Engine::new(clicks(), 48_000, Instant::now());
    remote.load(Arc::new(Score::new(&composition))).unwrap();
    remote.play().unwrap();
    (engine, remote)
}

fn card() -> Arc<Card> {
    Arc::new(Card { rate: AtomicU32::new(48_000), ..Card::default() })
}

#[test]
fn a_piece_goes_on_where_it_was_when_another_card_takes_the_place_of_one_that_was_pulled_out() {
    let card = card();
    let (engine, remote) = engine();
    let gauges = Arc::clone(remote.gauges());
    let supervisor = start(&card, Box::new(engine)).unwrap();
    until("it plays", || gauges.position() > Micros(100_000));
    card.pulled.store(true, Relaxed);
    until("the loss is told", || matches!(supervisor.state(), State::Lost(OutputError::Lost { .. })));
    let State::Lost(error) = supervisor.state() else { panic!("it came back by itself") };
    assert_eq!(error.to_string(), "the audio output `card` is gone: it was pulled out");
    let (here, frames) = (gauges.position(), gauges.frames());
    // Several attempts come to nothing.
    std::thread::sleep(3 * RETRY);
    assert_eq!((gauges.position(), gauges.frames()), (here, frames), "nothing is rendered for nobody");
    card.rate.store(44_100, Relaxed);
    card.pulled.store(false, Relaxed);
    until("sound goes on", || matches!(supervisor.state(), State::Open(open) if open.format.rate == 44_100));
    assert!(gauges.position() >= here);
    until("the piece is over", || remote.ended());
    // To the frame.
    assert!(gauges.position().since(Micros(2_000_000)) < Micros(23), "{:?}", gauges.position());
    assert_eq!((gauges.rate(), card.opened.load(Relaxed)), (44_100, 2));
}

#[test]
fn a_card_that_stops_asking_is_given_up_and_opened_anew() {
    let card = card();
    let (engine, remote) = engine();
    let supervisor = start(&card, Box::new(engine)).unwrap();
    until("it plays", || remote.gauges().position() > Micros::ZERO);
    card.stuck.store(true, Relaxed);
    let mut told = String::new();
    until("it is noticed", || match supervisor.state() {
        State::Lost(error) => {
            told = error.to_string();
            true
        }
        State::Open(_) => card.opened.load(Relaxed) > 1,
    });
    assert!(told.is_empty() || told.ends_with("it has stopped asking for sound"), "{told}");
    card.stuck.store(false, Relaxed);
    until("the piece is over", || remote.ended());
    assert!(card.opened.load(Relaxed) >= 2);
}

#[test]
fn longer_blocks_are_tried_where_short_ones_are_refused() {
    let card = card();
    card.least.store(1_000, Relaxed);
    let supervisor = start(&card, Box::new(engine().0)).unwrap();
    let State::Open(open) = supervisor.state() else { panic!("{:?}", supervisor.state()) };
    assert_eq!(open.format.block, 1_024);
    card.least.store(100_000, Relaxed);
    let error = start(&card, Box::new(engine().0)).err().unwrap();
    assert_eq!(error.to_string(), "the audio output `card` cannot be opened: block too short");
}

#[test]
fn without_a_card_it_does_not_begin_and_while_it_looks_for_one_it_can_be_ended() {
    let card = card();
    card.pulled.store(true, Relaxed);
    assert!(matches!(start(&card, Box::new(engine().0)), Err(OutputError::NoDevice { .. })));
    card.pulled.store(false, Relaxed);
    let supervisor = start(&card, Box::new(engine().0)).unwrap();
    card.pulled.store(true, Relaxed);
    until("the loss is told", || matches!(supervisor.state(), State::Lost(_)));
    drop(supervisor);
    assert_eq!(Arc::strong_count(&card), 1, "nothing of it goes on");
}

#[test]
fn a_system_that_does_not_answer_is_waited_for_and_then_told() {
    let (engine, _remote) = Engine::new(clicks(), 48_000, Instant::now());
    let (answer, never) = mpsc::channel::<()>();
    let open: Open = Box::new(move |opening| {
        // Until the test is over.
        let _ = never.recv_timeout(PATIENCE);
        let _ = opening.home.send(opening.renderer);
        Err(OutputError::NotBuilt("a card"))
    });
    let opened = Supervisor::start(open, Request::default(), Box::new(engine), Arc::new(Counters::default()));
    assert_eq!(opened.err(), Some(OutputError::Silent));
    drop(answer);
}

#[test]
fn what_stands_in_the_way_of_longer_blocks_is_told() {
    let (engine, _remote) = Engine::new(clicks(), 48_000, Instant::now());
    let refused = |reason: &str| OutputError::Refused { device: "card".into(), reason: reason.into() };
    let attempts = AtomicU32::new(0);
    let open: Open = Box::new(move |opening| {
        let _ = opening.home.send(opening.renderer);
        Err(if attempts.fetch_add(1, Relaxed) == 0 {
            refused("Buffer size 240 is not in the supported range 256..=16384")
        } else {
            refused("it is busy")
        })
    });
    let opened = Supervisor::start(open, Request::default(), Box::new(engine), Arc::new(Counters::default()));
    assert_eq!(opened.err(), Some(refused("it is busy")));
}
