//! The screen without a window: from a melody to a file in the library, with what happens beside it done here.

use std::sync::Mutex;

use iced_test::Simulator;

use super::*;
use crate::gui::screen::bench;
use crate::studio::compose::sample::SAMPLES;
use crate::studio::desk::Report;

struct Bench {
    screen: Compose,
    now: Now,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Bench> {
        let (now, folder) = bench::room()?;
        let mut bench = Bench { screen: Compose::default(), now, _folder: folder };
        bench.tell(Message::Choose(Offer::sample(SAMPLES[0])));
        let melody = Melody::of(SAMPLES[0].name, SAMPLES[0].melody().unwrap());
        let number = bench.screen.number;
        bench.tell(Message::Read(number, Ok(Arc::new(melody))));
        bench.tell(Message::Turn(Knob::Iterations, 1));
        bench.tell(Message::Turn(Knob::Variations, 2));
        Some(bench)
    }

    fn tell(&mut self, message: Message) -> Action<Message> {
        self.screen.update(message, &self.now)
    }

    /// What the thread beside the window would do; answers with what grew meanwhile.
    fn compose(&mut self) -> Vec<f32> {
        let melody = self.screen.melody.clone().unwrap();
        let mut request = self.screen.knobs.request();
        // A few bars are as good as all, and unoptimised arithmetic is slow.
        request.parameters.bars = "1-3".parse().ok();
        let lineage = Lineage::begin(&melody.name, &melody.composition);
        let models = taught_of(&self.now);
        let grown = Mutex::new(Vec::new());
        let outcome = atelier::compose(&models, &melody.composition, &lineage, &request, || true, &mut |g| {
            grown.lock().unwrap().push(g);
        });
        let number = self.screen.number;
        let grown = grown.into_inner().unwrap();
        let shares = grown.iter().map(|g| g.share).collect();
        for growing in grown {
            self.tell(Message::Grown(number, growing));
        }
        self.tell(Message::Made(number, outcome));
        shares
    }

    fn shown(&self) -> Simulator<'_, Message> {
        bench::shown(self.screen.view(&self.now))
    }

    fn clicks(&self, words: &str) -> Vec<String> {
        bench::clicks(self.shown(), words)
    }
}

fn orders(action: Action<Message>) -> Vec<String> {
    match action {
        Action::All(actions) => actions.into_iter().flat_map(orders).collect(),
        Action::Order(Order::Show(piece)) => vec![format!("show {} notes", piece.notes.len())],
        Action::Order(order) => vec![format!("{order:?}")],
        _ => Vec::new(),
    }
}

#[test]
fn a_sample_becomes_variations_that_are_heard_beside_it_and_kept() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Begin);
    assert!(bench.shown().find("Stop").is_ok());
    let shares = bench.compose();
    assert!(shares.is_sorted(), "{shares:?}");
    assert_eq!(bench.screen.made.len(), 2);
    assert_eq!(bench.clicks("Composition"), ["Listen(Composition)"]);

    let both = orders(bench.tell(Message::Listen(Side::Composition)));
    assert_eq!(both.len(), 3, "{both:?}");
    let piece = Arc::clone(&bench.screen.made[0].piece);
    bench.now.hear(&Report::Piece(piece));
    bench.now.hear(&Report::Transport(Transport::Playing));
    bench.now.pulse.position = Micros::from_millis(3_000);
    // The other side goes on where this one is; the same one pauses.
    let alone = orders(bench.tell(Message::Listen(Side::Melody)));
    assert!(alone[1].contains("3000000"), "{alone:?}");
    assert_eq!(orders(bench.tell(Message::Listen(Side::Composition))), ["Play"]);

    let before = bench.screen.made[0].piece.notes.len();
    let sounding = bench.screen.made[0].new_tracks().position(|(_, _, sounds)| sounds).unwrap();
    bench.tell(Message::Track(sounding));
    assert!(bench.screen.made[0].piece.notes.len() < before);

    let kept = bench.screen.made[0].keep(&bench.now.folders.as_ref().unwrap().library).unwrap();
    bench.tell(Message::Kept(Ok(kept.clone()), false));
    assert!(bench.shown().find("Kept as Ode to Joy-chorale.mid in the library.").is_ok());
    let again = Melody::read(&kept).unwrap();
    assert_eq!(again.lineage.as_ref().unwrap(), &bench.screen.made[0].lineage);
    let number = bench.screen.number;
    bench.tell(Message::Read(number, Ok(Arc::new(again))));
    assert_eq!(bench.clicks("Make it again"), ["Again"]);
}

#[test]
fn bars_are_redone_in_a_chorale_and_wrong_ones_told() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Begin);
    bench.compose();
    bench.tell(Message::Bars("8-5".to_owned()));
    assert!(matches!(bench.tell(Message::Redo), Action::None));
    assert!(bench.shown().find("`8-5`: bars look like 5-8, or 5; they are counted from 1").is_ok());
    bench.tell(Message::Bars("3-4".to_owned()));
    assert!(matches!(bench.tell(Message::Redo), Action::Work(_)));
    bench.tell(Message::Stop);
    assert!(matches!(bench.screen.state, State::Ready));
}

#[test]
fn answers_that_come_too_late_change_nothing() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Begin);
    let old = bench.screen.number;
    bench.tell(Message::Stop);
    bench.tell(Message::Made(old, Ok(Vec::new())));
    bench.tell(Message::Read(old, Err("too late".to_owned())));
    assert!(bench.screen.melody.is_some() && bench.screen.said.is_none());
}
