//! Practising: a piece falls onto the keys, at any speed, and waits for the right one if one likes.
//!
//! It is a screen of its own and no mode of Play. Play records and plays back what was played, and its bar is full of what
//! that needs; here a part of a piece is chosen, and everything is about how it goes. The piece is played by the same
//! desk, the own keys sound and are captured as always, and whoever leaves finds the desk as a usual one again.

mod stage;

use std::path::PathBuf;
use std::sync::Arc;

use iced::Element;

use super::Action;
use crate::audio::sequencer::Speed;
use crate::gui::now::Now;
use crate::gui::offer::{self, Offer};
use crate::gui::widget::keys::{Keys, Touched};
use crate::gui::widget::piano::Span;
use crate::gui::widget::roll::Roll;
use crate::gui::work::beside;
use crate::music::message::Voice;
use crate::music::{Message as Midi, Micros};
use crate::studio::compose::sample::SAMPLES;
use crate::studio::desk::{Keyboard, Order, Piece, Report, Transport};
use crate::studio::practice::{self, Part, Practice as Practising, Step, Sum, place_at};

/// The screen.
#[derive(Debug)]
pub struct Practice {
    /// The files of the library that can be chosen.
    files: Vec<PathBuf>,
    chosen: Option<Offer>,
    state: State,
    speed: Speed,
    waits: bool,
    hears: bool,
    said: Option<String>,
    roll: Roll,
    keys: Keys,
    /// The keys that are down.
    down: u128,
    /// Which piece answers are about.
    number: u64,
    is_shown: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Nothing,
    Reading,
    Ready(Box<Lesson>),
}

/// A piece that is practised.
#[derive(Debug)]
struct Lesson {
    practising: Practising,
    parts: Vec<Part>,
    way: Way,
    /// Where the piece is.
    position: Micros,
}

/// How it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// It stands.
    Stands,
    /// It goes, or waits for a key.
    Goes,
    /// It has come to its end.
    Over(Sum),
}

/// What happens on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The library was looked through.
    Found(Vec<PathBuf>),
    /// A piece was chosen.
    Choose(Offer),
    /// It was read.
    Read(u64, Result<Arc<Piece>, String>),
    /// A part was chosen.
    Part(Part),
    /// Go, or stand.
    Play,
    /// From the beginning.
    Restart,
    /// So fast, in per cent.
    Speed(u8),
    /// Wait for the right key, or do not.
    Waits,
    /// Hear the part too, or do not.
    Hears,
    /// The mouse on the keys.
    Touched(Touched),
}

impl Default for Practice {
    fn default() -> Practice {
        Practice {
            files: Vec::new(),
            chosen: None,
            state: State::Nothing,
            speed: Speed::NORMAL,
            waits: true,
            hears: false,
            said: None,
            roll: Roll::default(),
            keys: Keys::default(),
            down: 0,
            number: 0,
            is_shown: false,
        }
    }
}

impl Practice {
    /// The screen is shown.
    pub fn enter(&mut self, now: &Now) -> Action<Message> {
        self.is_shown = true;
        self.paint(now);
        let mut actions = Vec::new();
        if let Some(folders) = &now.folders {
            let library = folders.library.clone();
            actions.push(Action::Work(beside(move || Message::Found(offer::files(&library)))));
        }
        if let State::Nothing = self.state {
            actions.push(self.choose(Offer::sample(SAMPLES[0]), now));
        }
        Action::All(actions)
    }

    /// Another screen is shown: the desk plays as usual again.
    pub fn leave(&mut self, now: &Now) -> Action<Message> {
        self.is_shown = false;
        self.down = 0;
        self.stand(now)
    }

    /// A file that was dropped on the window.
    pub fn open(&mut self, path: PathBuf, now: &Now) -> Action<Message> {
        self.choose(Offer::file(&path), now)
    }

    fn choose(&mut self, offer: Offer, now: &Now) -> Action<Message> {
        let stand = self.stand(now);
        self.number += 1;
        let (number, source) = (self.number, offer.source.clone());
        self.chosen = Some(offer);
        self.state = State::Reading;
        self.said = None;
        let read = beside(move || Message::Read(number, source.piece().map(Arc::new)));
        Action::All(vec![stand, Action::Work(read)])
    }

    /// Takes note of a report while the screen is shown; `now` has heard it already.
    pub fn hear(&mut self, report: &Report, now: &Now) -> Action<Message> {
        let mut steps = Vec::new();
        match report {
            Report::Heard(heard) => {
                for (at, message) in heard {
                    steps.push(self.hear_message(*at, message, now));
                }
            }
            Report::Keyboard(Keyboard::Away { .. } | Keyboard::Ended) => self.down = 0,
            Report::Pulse(pulse) => steps.push(self.moved(pulse.position, now)),
            Report::Transport(Transport::Idle) => self.stopped(now),
            Report::Transport(Transport::Playing) => self.begun(now),
            Report::Transport(Transport::Recording { .. }) => self.put_aside(),
            Report::Piece(piece) if !self.is_about(piece) => self.put_aside(),
            _ => {}
        }
        self.paint(now);
        // Only the last of several says how it is now.
        let step = steps.into_iter().rev().find(|s| *s != Step::On);
        match step {
            Some(Step::Hold) => Action::Order(Order::Pause),
            Some(Step::Go) => Action::Order(Order::Go),
            Some(Step::On) | None => Action::None,
        }
    }

    fn hear_message(&mut self, at: Micros, message: &Midi, now: &Now) -> Step {
        match *message {
            Midi::Voice(_, Voice::NoteOn { key, .. }) => {
                self.down |= 1 << key.get();
                let speed = self.speed;
                let Some(lesson) = self.lesson_under_way(now) else { return Step::On };
                let plays = now.transport == Transport::Playing;
                let place = if plays { place_at(at, (now.pulse.now, lesson.position), speed) } else { lesson.position };
                lesson.practising.struck(key, place, speed)
            }
            Midi::Voice(_, Voice::NoteOff { key, .. }) => {
                self.down &= !(1 << key.get());
                Step::On
            }
            _ => Step::On,
        }
    }

    /// The lesson, while it goes and the desk has its piece.
    fn lesson_under_way(&mut self, now: &Now) -> Option<&mut Lesson> {
        let State::Ready(lesson) = &mut self.state else { return None };
        let there = now.piece.as_ref().is_some_and(|p| Arc::ptr_eq(p, lesson.practising.piece()));
        Some(&mut **lesson).filter(|l| there && l.way == Way::Goes)
    }

    fn moved(&mut self, to: Micros, now: &Now) -> Step {
        let (speed, plays) = (self.speed, now.transport == Transport::Playing);
        let Some(lesson) = self.lesson_under_way(now) else { return Step::On };
        if !plays {
            return Step::On;
        }
        lesson.position = to;
        lesson.practising.moved(to, speed)
    }

    /// The desk stands: it waits, somebody wanted it, or it has come to its end.
    fn stopped(&mut self, now: &Now) {
        let Some(lesson) = self.lesson_under_way(now) else { return };
        if lesson.practising.is_held() {
            return;
        }
        // The last pulse is a little before the end.
        let end = lesson.practising.piece().length();
        let is_over = lesson.practising.is_over() || lesson.position.plus(Micros::from_millis(300)) >= end;
        lesson.way = if is_over { Way::Over(lesson.practising.sum()) } else { Way::Stands };
    }

    /// The desk plays: from here, or by the keyboard's own button.
    fn begun(&mut self, now: &Now) {
        let is_about = now.piece.as_ref().is_some_and(|p| self.is_about(p));
        if let State::Ready(lesson) = &mut self.state
            && is_about
            && self.is_shown
            && lesson.way == Way::Stands
        {
            lesson.way = Way::Goes;
        }
    }

    /// Something else is on the desk.
    fn put_aside(&mut self) {
        if let State::Ready(lesson) = &mut self.state
            && lesson.way == Way::Goes
        {
            lesson.way = Way::Stands;
        }
    }

    fn is_about(&self, piece: &Arc<Piece>) -> bool {
        matches!(&self.state, State::Ready(lesson) if Arc::ptr_eq(lesson.practising.piece(), piece))
    }

    /// Lets the piece stand, with the desk as a usual one.
    fn stand(&mut self, now: &Now) -> Action<Message> {
        if !now.piece.as_ref().is_some_and(|p| self.is_about(p)) {
            return Action::None;
        }
        let State::Ready(lesson) = &mut self.state else { return Action::None };
        if lesson.way == Way::Goes {
            lesson.way = Way::Stands;
        }
        let strips = lesson.practising.strips(true);
        let orders = [Order::Pause, Order::Strips(strips), Order::Speed(Speed::NORMAL)];
        Action::All(orders.map(Action::Order).into())
    }

    /// Begins, or goes on where it stood.
    fn go(&mut self, now: &Now) -> Action<Message> {
        let (hears, speed, waits) = (self.hears, self.speed, self.waits);
        let State::Ready(lesson) = &mut self.state else { return Action::None };
        if let Way::Over(_) = lesson.way {
            lesson.begin_anew(waits);
        }
        lesson.way = Way::Goes;
        let piece = Arc::clone(lesson.practising.piece());
        let there = now.piece.as_ref().is_some_and(|p| Arc::ptr_eq(p, &piece));
        let show = (!there).then_some(Order::Show(piece));
        let strips = Order::Strips(lesson.practising.strips(hears));
        let go = (!lesson.practising.is_held()).then_some(Order::Go);
        let seek = Order::Seek(lesson.position);
        let orders = show.into_iter().chain([strips, Order::Speed(speed), seek]).chain(go);
        Action::All(orders.map(Action::Order).collect())
    }

    /// Hands on what has changed to what is drawn.
    pub fn paint(&mut self, now: &Now) {
        let letters = (!matches!(now.keyboard, Keyboard::Connected { .. })).then_some(now.octave);
        let State::Ready(lesson) = &self.state else {
            self.keys.show(Span::AKM322, self.down, letters, false);
            return;
        };
        let practising = &lesson.practising;
        let span = Span::AKM322.widened_to(practising.piece().notes.iter().filter(|n| !n.drum).map(|n| n.key));
        self.roll.practised(practising.piece(), lesson.position, practising.marks());
        self.roll.above(span);
        let due = if practising.is_held() || lesson.way == Way::Stands { practising.due() } else { 0 };
        self.keys.show(span, self.down, letters, false);
        self.keys.ask_for(due);
    }

    /// Draws everything anew: the colours have changed.
    pub fn repaint(&mut self) {
        self.roll.repaint();
        self.keys.repaint();
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message, now: &Now) -> Action<Message> {
        let action = self.carry_out(message, now);
        self.paint(now);
        action
    }

    fn carry_out(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Found(files) => self.files = files,
            Message::Choose(offer) => return self.choose(offer, now),
            Message::Read(number, outcome) if number == self.number => self.take(outcome),
            Message::Read(..) => {}
            Message::Part(part) => {
                let stand = self.stand(now);
                let waits = self.waits;
                if let State::Ready(lesson) = &mut self.state {
                    let piece = Arc::clone(lesson.practising.piece());
                    lesson.practising = Practising::of(piece, part.track, waits);
                    lesson.begin_anew(waits);
                }
                return stand;
            }
            Message::Play if self.lesson_under_way(now).is_some() => return self.stand(now),
            Message::Play => return self.go(now),
            Message::Restart => {
                let goes = self.lesson_under_way(now).is_some();
                let stand = self.stand(now);
                let waits = self.waits;
                if let State::Ready(lesson) = &mut self.state {
                    lesson.begin_anew(waits);
                }
                return if goes { Action::All(vec![stand, self.go(now)]) } else { stand };
            }
            Message::Speed(percent) => {
                self.speed = Speed::new(percent.into()).unwrap_or(self.speed);
                let speed = Order::Speed(self.speed);
                return self.lesson_under_way(now).map_or(Action::None, |_| Action::Order(speed));
            }
            Message::Waits => {
                self.waits = !self.waits;
                let waits = self.waits;
                if let State::Ready(lesson) = &mut self.state
                    && lesson.practising.set_waits(waits) == Step::Go
                    && lesson.way == Way::Goes
                {
                    return Action::Order(Order::Go);
                }
            }
            Message::Hears => {
                self.hears = !self.hears;
                let hears = self.hears;
                let lesson = self.lesson_under_way(now);
                return lesson.map_or(Action::None, |l| Action::Order(Order::Strips(l.practising.strips(hears))));
            }
            Message::Touched(touched) => return Action::Touch(touched),
        }
        Action::None
    }

    fn take(&mut self, outcome: Result<Arc<Piece>, String>) {
        self.state = State::Nothing;
        match outcome {
            Ok(piece) => {
                let parts = practice::parts(&piece);
                match parts.first() {
                    Some(first) => {
                        let practising = Practising::of(piece, first.track, self.waits);
                        let lesson = Lesson { practising, parts, way: Way::Stands, position: Micros::ZERO };
                        self.state = State::Ready(Box::new(lesson));
                    }
                    None => self.said = Some("There are no notes in it that keys could play.".to_owned()),
                }
            }
            Err(e) => self.said = Some(e),
        }
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        stage::view(self, now)
    }
}

impl Lesson {
    fn begin_anew(&mut self, waits: bool) {
        self.practising = Practising::of(Arc::clone(self.practising.piece()), self.practising.part(), waits);
        self.position = Micros::ZERO;
        self.way = Way::Stands;
    }
}

#[cfg(test)]
mod tests;
