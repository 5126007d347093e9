//! The pages without a window, with what the desk, the model and the store would tell.

use std::sync::Arc;

use iced_test::Simulator;

use super::*;
use crate::gui::screen::bench;
use crate::music::message::{Channel, Key, Velocity};
use crate::studio::compose::atelier::Melody;
use crate::studio::compose::passes::Frame;
use crate::studio::compose::sample::SAMPLES;
use crate::studio::desk::Piece;

struct Bench {
    screen: Learn,
    now: Now,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Bench> {
        let (now, folder) = bench::room()?;
        Some(Bench { screen: Learn::default(), now, _folder: folder })
    }

    fn tell(&mut self, message: Message) -> Action<Message> {
        self.screen.update(message, &self.now)
    }

    fn shown(&self) -> Simulator<'_, Message> {
        bench::shown(self.screen.view(&self.now))
    }

    fn shows(&self, words: &str) -> bool {
        self.shown().find(words).is_ok()
    }

    fn frame(&mut self, up_to: u64) {
        let (number, piece) = (self.screen.number, Arc::new(Piece::of(String::new(), &SAMPLES[1].whole().unwrap())));
        let frame = Frame { notes: piece.notes.clone(), up_to: Micros::from_millis(up_to), piece };
        self.tell(Message::Told(number, Box::new(Told::Frame(frame))));
    }
}

#[test]
fn what_is_played_is_listed_with_its_bytes() {
    let Some(mut bench) = Bench::new() else { return };
    let on = Voice::NoteOn { key: Key::masked(60), velocity: Velocity::masked(100) };
    let heard = vec![(Micros::from_millis(1_500), Midi::Voice(Channel::default(), on))];
    bench.screen.hear(&Report::Heard(heard), &bench.now);
    assert!(bench.shows("90 3C 64") && bench.shows("note on C4, velocity 100, channel 1") && bench.shows("0:01.5"));
    assert_eq!(bench.screen.down, 1 << 60);
    assert_eq!(bench::clicks(bench.shown(), "Next"), ["Go(Roll)"]);
}

#[test]
fn the_model_is_seen_at_work_and_seen_again() {
    let Some(mut bench) = Bench::new() else { return };
    assert!(matches!(bench.tell(Message::Go(Page::Fill)), Action::Work(_)));
    assert!(bench.shows("The model looks at your newest take …"));
    let number = bench.screen.number;
    let melody = Melody::of("Grace", SAMPLES[1].melody().unwrap());
    bench.tell(Message::Told(number, Box::new(Told::Melody(melody, true))));
    (1..=3).for_each(|n| bench.frame(500 * n));
    assert!(bench.shows("To your take Grace: pass 3 of many"));
    bench.tell(Message::Ended(number, None));
    assert!(bench.screen.at_work.is_none(), "nothing moves any more");
    assert_eq!(bench::clicks(bench.shown(), "Replay"), ["Replay"]);
    assert!(matches!(bench.tell(Message::Replay), Action::Work(_)));
    bench.tell(Message::Shown(bench.screen.number, 1));
    assert!(bench.shows("To your take Grace: pass 1 of 3"));
    bench.tell(Message::Shown(number, 2));
    assert!(bench.shows("To your take Grace: pass 1 of 3"), "of another run");
    bench.screen.leave();
    assert!(bench.screen.at_work.is_none());
    assert!(bench.shows("To your take Grace: pass 3 of 3"));
    // Whoever comes back sees it, and need not wait again.
    bench.tell(Message::Go(Page::Roll));
    assert!(matches!(bench.tell(Message::Go(Page::Fill)), Action::None));
    // What was left half way is begun anew.
    assert!(matches!(bench.tell(Message::Again), Action::Work(_)));
    let number = bench.screen.number;
    bench.screen.leave();
    bench.tell(Message::Ended(number, None));
    assert!(matches!(bench.tell(Message::Go(Page::Fill)), Action::Work(_)));
}

#[test]
fn the_store_s_jobs_are_counted_and_a_store_that_is_not_there_says_so() {
    let Some(mut bench) = Bench::new() else { return };
    let Action::Work(look) = bench.tell(Message::Go(Page::Work)) else { panic!("nothing is looked at") };
    let mut answers = bench::run(look).0;
    let answer = answers.pop().unwrap().unwrap();
    assert!(matches!(&answer, Message::Counted(Ok(Counts { waiting: 0, .. }))), "{answer:?}");
    bench.tell(answer);
    let Some(Ok(counts)) = &bench.screen.counts else { panic!("{:?}", bench.screen.counts) };
    let words = format!("The figures are of your store: {}", counts.place);
    assert!(bench.shows(&words), "{words}");
    bench.tell(Message::Counted(Err("no such bucket".to_owned())));
    assert!(bench.shows("Your store cannot be looked into: no such bucket"));
    assert_eq!(bench::clicks(bench.shown(), "Look again"), ["Count"]);
}
