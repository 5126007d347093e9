//! The screen without a window: what it shows of a training, with the training's news told here.

use iced_test::Simulator;

use super::*;
use crate::compose::training::HeldOut;
use crate::gui::screen::bench;
use crate::studio::train::LeftOut;

struct Bench {
    screen: Train,
    now: Now,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Bench> {
        let (now, folder) = bench::room()?;
        Some(Bench { screen: Train::default(), now, _folder: folder })
    }

    fn tell(&mut self, message: Message) -> Action<Message> {
        self.screen.update(message, &self.now)
    }

    fn event(&mut self, event: Event) {
        let number = self.screen.number;
        self.tell(Message::News(number, News::Event(event)));
    }

    fn begin(&mut self) {
        self.tell(Message::Chosen("/music/My songs".into()));
        assert!(matches!(self.tell(Message::Begin), Action::Work(_)));
    }

    fn shown(&self) -> Simulator<'_, Message> {
        bench::shown(self.screen.view())
    }

    fn shows(&self, words: &str) -> bool {
        self.shown().find(words).is_ok()
    }

    fn clicks(&self, words: &str) -> Vec<String> {
        bench::clicks(self.shown(), words)
    }
}

fn measured(step: u32, nats: f64) -> Event {
    let held_out = HeldOut { chronological: nats, atb_given_s: nats / 2.0 };
    Event::Measured { measured: Measured { step, held_out }, best: true }
}

#[test]
fn what_is_missing_is_said_before_anything_begins() {
    let Some(mut bench) = Bench::new() else { return };
    bench.tell(Message::Begin);
    assert!(bench.shows("Choose a folder of MIDI files first."));
    bench.tell(Message::Chosen("/music/My songs".into()));
    assert_eq!(bench.screen.form.name, "My songs");
    bench.tell(Message::Rate("2 nats".to_owned()));
    bench.tell(Message::Begin);
    assert!(bench.shows("The learning rate is more than 0 and at most 1; usually 0.002."));
    bench.tell(Message::Rate("0.01".to_owned()));
    bench.tell(Message::Name("a/b".to_owned()));
    bench.tell(Message::Begin);
    assert!(bench.screen.said.as_ref().unwrap().0.contains("none of these"));
    bench.tell(Message::Unit(Unit::Epochs));
    let wish = bench.screen.form.wish(bench.now.folders.as_ref().unwrap()).unwrap();
    assert_eq!((wish.length, wish.rate), (Length::Epochs(20), 0.01));
}

#[test]
fn a_training_is_followed_to_its_end_and_begun_only_once() {
    let Some(mut bench) = Bench::new() else { return };
    bench.begin();
    let reins = match &bench.screen.state {
        State::Running { reins, .. } => reins.guided(),
        other => panic!("{other:?}"),
    };
    assert!(matches!(bench.tell(Message::Begin), Action::None), "two at a time");
    let number = bench.screen.number;
    let left_out = vec![LeftOut { name: "drums.mid".to_owned(), reason: "there are no notes in it".to_owned() }];
    let gathered = Gathered { learned: 8, held_out: 2, left_out, steps: 500, epoch: 25 };
    bench.tell(Message::News(number, News::Gathered(gathered)));
    bench.event(measured(0, 2.5));
    bench.event(Event::Point { step: 2, loss: 2.4 });
    bench.event(Event::Step { step: 200, loss: 2.4, left: std::time::Duration::from_secs(75) });
    assert!(bench.shows("Step 200 of 500, about 75 s left"));
    assert!(bench.shows("Learns from 8 files, 2 files held out; 20 times through all of it"));
    assert!(bench.shows("drums.mid") && bench.shows("there are no notes in it"));
    assert_eq!((bench.screen.under_way(), bench.screen.number), (Some(40), number));
    assert_eq!((bench.clicks("Stop"), bench.clicks("Good enough")), (vec!["Stop".into()], vec!["Enough".into()]));
    bench.tell(Message::Stop);
    assert!(bench.shows("Stops after this step, and keeps what it has learned …"));
    drop(reins);
    bench.tell(Message::Ended(number, End::Paused(201)));
    assert!(bench.shows("My songs has stopped after step 201"));
    let resumes = bench.clicks("Resume");
    assert!(resumes[0].starts_with("Resume(Wish { name: \"My songs\""), "{resumes:?}");
    bench.tell(Message::Ended(number + 1, End::Paused(7)));
    assert!(bench.shows("My songs has stopped after step 201"), "of another training");
}

#[test]
fn what_failed_is_said_with_what_to_do() {
    let Some(mut bench) = Bench::new() else { return };
    bench.begin();
    let number = bench.screen.number;
    let folders = bench.now.folders.clone().unwrap();
    let wish = bench.screen.form.wish(&folders).unwrap();
    let error = train::Error::Nothing { path: "/music/My songs".into(), left_out: Vec::new() };
    bench.tell(Message::Ended(number, end(Err(error), &wish, &folders.models)));
    assert!(bench.screen.has_failed());
    assert!(bench.shows("nothing in /music/My songs can be learned from: there is no MIDI file in it."));
    assert!(bench.shown().find("Resume").is_err(), "there is nothing to go on with");
    bench.tell(Message::Another);
    assert!(bench.shows("Teach composer your own music"));
}

#[test]
fn what_waits_is_resumed_or_thrown_away_on_the_second_word() {
    let Some(mut bench) = Bench::new() else { return };
    let name = "Carols".to_owned();
    let wish = Wish { name, source: "/carols".into(), from: None, length: Length::Steps(9), rate: 0.002 };
    bench.tell(Message::Found(Vec::new(), vec![wish.clone()]));
    assert!(bench.shows("Not finished") && bench.shows("/carols"));
    assert!(matches!(bench.tell(Message::Discard(wish.clone())), Action::None));
    assert!(bench.shows("Really discard"));
    assert!(matches!(bench.tell(Message::Discard(wish.clone())), Action::Work(_)));
    assert!(matches!(bench.tell(Message::Resume(wish)), Action::Work(_)));
}

#[test]
fn a_training_that_breaks_down_can_be_gone_on_with() {
    let Some(mut bench) = Bench::new() else { return };
    bench.begin();
    let guided = match &bench.screen.state {
        State::Running { reins, .. } => reins.guided(),
        other => panic!("{other:?}"),
    };
    bench.screen.work_broke();
    assert!(bench.screen.under_way().is_some(), "something else broke down");
    drop(guided);
    bench.screen.work_broke();
    assert!(bench.screen.has_failed() && bench.shows("Resume"));
}
