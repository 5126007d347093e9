//! Composing: a melody is chosen, one of three plain things is done with it, and what comes of it is compared, heard
//! beside the melody, taken track by track and kept.
//!
//! The work is done beside the window, which shows and plays what there is so far; letting go of it ends it.

mod knobs;
mod melody;
mod result;

use std::path::PathBuf;
use std::sync::Arc;

use iced::widget::canvas::Cache;
use iced::widget::{column, container, row, scrollable, text};
use iced::{Element, Length};

use super::Action;
use crate::compose::melody::Voice;
use crate::compose::request::{Kind, Parameters, Request};
use crate::gui::dialog;
use crate::gui::now::Now;
pub use crate::gui::offer::{Offer, Source};
use crate::gui::work::{Held, beside, held, telling};
use crate::gui::{offer, theme};
use crate::music::Micros;
use crate::studio::compose::atelier::{self, Growing, Made, Melody, NotMade};
use crate::studio::compose::lineage::Lineage;
use crate::studio::desk::{Order, Piece, Transport};
use crate::studio::models::{self, Taught};
use knobs::Knobs;
pub use knobs::{Knob, Manner, StyleChoice, Way};

/// Compositions that are kept in sight; the oldest go first.
const MOST: usize = 12;

/// The screen.
#[derive(Debug, Default)]
pub struct Compose {
    melody: Option<Arc<Melody>>,
    /// The files of the library that can be chosen.
    files: Vec<PathBuf>,
    /// The styles that the user's own music has taught.
    taught: Vec<Taught>,
    chosen: Option<Offer>,
    knobs: Knobs,
    state: State,
    /// What was composed to this melody, the last first.
    made: Vec<Made>,
    /// Which of them is shown.
    shown: usize,
    /// The bars to redo as they are typed, and the voices.
    bars: String,
    voices: [bool; 4],
    said: Option<(String, bool)>,
    cache: Cache,
    /// Which work answers are for.
    number: u64,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ready,
    /// A melody is being read.
    Reading,
    /// It is being composed.
    Working { share: f32, growing: Option<Growing>, _held: Held },
}

/// Which side of a comparison is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The melody alone.
    Melody,
    /// What was composed to it, as far as it has come.
    Composition,
}

/// What happens on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The library was looked through, and the styles of the user's own.
    Found(Vec<PathBuf>, Vec<Taught>),
    /// A melody was chosen.
    Choose(Offer),
    /// A file is to be chosen in the system's dialog.
    Open,
    /// It was chosen.
    File(PathBuf),
    /// Nothing is to be done.
    Nothing,
    /// Something cannot be done.
    Failed(String),
    /// A melody was read.
    Read(u64, Result<Arc<Melody>, String>),
    /// What is to be done.
    Way(Way),
    /// Who plays it.
    Style(StyleChoice),
    /// After whose manner.
    Manner(Manner),
    /// A knob was turned.
    Turn(Knob, u8),
    /// Whether an extension is harmonised.
    Harmony,
    /// Another seed.
    Seed,
    /// Begin.
    Begin,
    /// Let workers do it.
    Submit,
    /// End it.
    Stop,
    /// It has come so far.
    Grown(u64, Growing),
    /// It is done.
    Made(u64, Result<Vec<Made>, NotMade>),
    /// Show another composition.
    Show(usize),
    /// Take a track, or leave it.
    Track(usize),
    /// Hear one side, or pause it.
    Listen(Side),
    /// Go there.
    Seek(Micros),
    /// The bars to redo are being typed.
    Bars(String),
    /// A voice is to be redone, or not.
    Voice(Voice),
    /// Redo them.
    Redo,
    /// Make it again as the file says that it was made.
    Again,
    /// Keep the composition in the library.
    Keep,
    /// Keep it and open it in the editor.
    KeepAndEdit,
    /// It was kept; whether it is to be edited.
    Kept(Result<PathBuf, String>, bool),
}

impl Compose {
    /// The screen is shown.
    pub fn enter(&mut self, now: &Now) -> Action<Message> {
        let Some(folders) = &now.folders else { return Action::None };
        let (library, taught) = (folders.library.clone(), folders.models.clone());
        Action::Work(beside(move || Message::Found(offer::files(&library), models::list(&taught))))
    }

    /// A file is the melody.
    pub fn open(&mut self, path: PathBuf) -> Action<Message> {
        self.chosen = Some(Offer::file(&path));
        self.read(move || Melody::read(&path))
    }

    fn read(&mut self, read: impl FnOnce() -> Result<Melody, String> + Send + 'static) -> Action<Message> {
        self.number += 1;
        let number = self.number;
        self.state = State::Reading;
        self.said = None;
        Action::Work(beside(move || Message::Read(number, read().map(Arc::new))))
    }

    /// Draws everything anew: the colours have changed.
    pub fn repaint(&mut self) {
        self.cache.clear();
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Found(files, taught) => {
                self.files = files;
                self.knobs.keep_to(&taught);
                self.taught = taught;
            }
            Message::Choose(offer) => return self.choose(offer),
            Message::Open => {
                let asked = dialog::file("Choose a melody");
                return Action::Run(iced::Task::perform(asked, |file| match file {
                    Ok(file) => file.map_or(Message::Nothing, Message::File),
                    Err(missing) => Message::Failed(missing.to_string()),
                }));
            }
            Message::Failed(why) => self.said = Some((why, true)),
            Message::File(path) => return self.open(path),
            Message::Read(number, outcome) if number == self.number => self.take(outcome),
            Message::Way(way) => self.knobs.way = way,
            Message::Style(StyleChoice(style)) => self.knobs.style = style,
            Message::Manner(manner) => self.knobs.manner = manner,
            Message::Turn(knob, to) => self.knobs.turn(knob, to),
            Message::Harmony => self.knobs.harmony = !self.knobs.harmony,
            Message::Seed => self.knobs.another_seed(),
            Message::Begin => return self.begin(now),
            Message::Submit => {
                let Some(melody) = self.melody.clone() else { return Action::None };
                return Action::Submit(melody, Box::new(self.knobs.request()));
            }
            Message::Stop => {
                self.state = State::Ready;
                self.number += 1;
                self.cache.clear();
            }
            Message::Grown(number, grown) if number == self.number => {
                if let State::Working { share, growing, .. } = &mut self.state {
                    *share = grown.share;
                    *growing = Some(grown);
                    self.cache.clear();
                }
            }
            Message::Made(number, outcome) if number == self.number => return self.finish(outcome, now),
            Message::Show(index) => {
                let playing = self.is_on_desk(now) && now.transport == Transport::Playing;
                self.shown = index;
                self.cache.clear();
                if playing {
                    return self.listen(Side::Composition, now);
                }
            }
            Message::Track(track) => {
                let playing = self.is_on_desk(now) && now.transport == Transport::Playing;
                if let Some(made) = self.made.get_mut(self.shown) {
                    made.toggle(track);
                    self.cache.clear();
                }
                if playing {
                    return self.put_on(self.side(Side::Composition), now, true);
                }
            }
            Message::Listen(side) => return self.listen(side, now),
            Message::Seek(at) if self.is_on_desk(now) => return Action::Order(Order::Seek(at)),
            Message::Bars(bars) => {
                self.bars = bars.chars().filter(|c| c.is_ascii_digit() || *c == '-').take(9).collect();
            }
            Message::Voice(voice) => {
                if let Some(on) = self.voices.get_mut(voice as usize) {
                    *on = !*on;
                }
            }
            Message::Redo => return self.redo(now),
            Message::Again => return self.again(now),
            Message::Keep => return self.keep(now, false),
            Message::KeepAndEdit => return self.keep(now, true),
            Message::Kept(Ok(path), edit) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.said = Some((format!("Kept as {name} in the library."), false));
                if edit {
                    return Action::Edit(path);
                }
            }
            Message::Kept(Err(e), _) => self.said = Some((e, true)),
            Message::Nothing | Message::Read(..) | Message::Grown(..) | Message::Made(..) | Message::Seek(_) => {}
        }
        Action::None
    }

    fn choose(&mut self, offer: Offer) -> Action<Message> {
        let source = offer.source.clone();
        self.chosen = Some(offer);
        self.read(move || source.melody())
    }

    fn take(&mut self, outcome: Result<Arc<Melody>, String>) {
        self.state = State::Ready;
        self.cache.clear();
        match outcome {
            Ok(melody) => {
                self.melody = Some(melody);
                self.made.clear();
                self.shown = 0;
            }
            Err(e) => self.said = Some((e, true)),
        }
    }

    /// Composes what the knobs say to the melody.
    fn begin(&mut self, now: &Now) -> Action<Message> {
        let Some(melody) = self.melody.clone() else { return Action::None };
        let (request, manner, models) = (self.knobs.request(), self.knobs.manner.clone(), taught_of(now));
        self.work(move |is_wanted, tell| {
            let lineage = Lineage::begin(&melody.name, &melody.composition).by(manner.mark()?);
            atelier::compose(&models, &melody.composition, &lineage, &request, is_wanted, tell)
        })
    }

    /// Writes bars or voices of the composition that is shown anew.
    fn redo(&mut self, now: &Now) -> Action<Message> {
        let Some(made) = self.made.get(self.shown).cloned() else { return Action::None };
        let bars = match self.bars.trim() {
            "" => None,
            typed => match typed.parse() {
                Ok(bars) => Some(bars),
                Err(e) => {
                    self.said = Some((e, true));
                    return Action::None;
                }
            },
        };
        let voices: Vec<Voice> = Voice::ALL.into_iter().filter(|v| self.voices[*v as usize]).collect();
        self.knobs.another_seed();
        let usual = self.knobs.request().parameters;
        let parameters = Parameters {
            style: Default::default(),
            bars,
            voices: (!voices.is_empty()).then_some(voices),
            variations: Default::default(),
            max_input_notes_to_remove: Default::default(),
            ..usual
        };
        let request = Request { kind: Kind::Compose, parameters };
        let models = taught_of(now);
        self.work(move |is_wanted, tell| {
            atelier::compose(&models, &made.composition, &made.lineage, &request, is_wanted, tell)
        })
    }

    /// Makes a composition again whose file says how it came about.
    fn again(&mut self, now: &Now) -> Action<Message> {
        let Some((melody, lineage)) = self.melody.clone().and_then(|m| m.lineage.clone().map(|l| (m, l))) else {
            return Action::None;
        };
        let models = taught_of(now);
        self.work(move |is_wanted, tell| {
            let input = lineage.melody_in(&melody.composition);
            atelier::again(&models, &input, &lineage, is_wanted, tell)
        })
    }

    fn work(
        &mut self,
        work: impl FnOnce(&dyn Fn() -> bool, &mut dyn FnMut(Growing)) -> Result<Vec<Made>, NotMade> + Send + 'static,
    ) -> Action<Message> {
        self.number += 1;
        let number = self.number;
        let (held, wanted) = held();
        self.state = State::Working { share: 0.0, growing: None, _held: held };
        self.said = None;
        self.cache.clear();
        Action::Work(telling(move |tell| {
            let outcome = work(&|| wanted.is_wanted(), &mut |grown| tell(Message::Grown(number, grown)));
            tell(Message::Made(number, outcome));
        }))
    }

    fn finish(&mut self, outcome: Result<Vec<Made>, NotMade>, now: &Now) -> Action<Message> {
        let heard_partial = self.is_on_desk(now) && self.heard(now) == Some(Side::Composition);
        let playing = now.transport == Transport::Playing;
        self.state = State::Ready;
        self.cache.clear();
        match outcome {
            Ok(made) => {
                self.made.splice(0..0, made);
                self.made.truncate(MOST);
                self.shown = 0;
                if heard_partial {
                    return self.put_on(self.side(Side::Composition), now, playing);
                }
            }
            Err(e) => self.said = Some((format!("{e}."), true)),
        }
        Action::None
    }

    /// What a side sounds like at present.
    fn side(&self, side: Side) -> Option<Arc<Piece>> {
        match (side, &self.state) {
            (Side::Melody, _) => self.melody.as_ref().map(|m| Arc::clone(&m.piece)),
            (Side::Composition, State::Working { growing: Some(growing), .. }) => Some(Arc::clone(&growing.piece)),
            (Side::Composition, State::Working { growing: None, .. }) => None,
            (Side::Composition, _) => self.made.get(self.shown).map(|m| Arc::clone(&m.piece)),
        }
    }

    /// Whether what the desk has is from here.
    fn is_on_desk(&self, now: &Now) -> bool {
        self.melody.as_ref().is_some_and(|m| now.piece.as_ref().is_some_and(|p| p.path.is_none() && p.name == m.name))
    }

    /// Which side the desk has.
    fn heard(&self, now: &Now) -> Option<Side> {
        let on_desk = now.piece.as_ref().filter(|_| self.is_on_desk(now))?;
        let melody = self.melody.as_ref()?;
        Some(if Arc::ptr_eq(on_desk, &melody.piece) { Side::Melody } else { Side::Composition })
    }

    fn listen(&self, side: Side, now: &Now) -> Action<Message> {
        let wanted = self.side(side);
        let same = matches!((&wanted, &now.piece), (Some(a), Some(b)) if Arc::ptr_eq(a, b));
        // The one that sounds is paused, the other goes on where that is.
        if same { Action::Order(Order::Play) } else { self.put_on(wanted, now, true) }
    }

    fn put_on(&self, piece: Option<Arc<Piece>>, now: &Now, play: bool) -> Action<Message> {
        let Some(piece) = piece else { return Action::None };
        let at = if self.is_on_desk(now) { now.pulse.position } else { Micros::ZERO };
        let at = if at >= piece.length() { Micros::ZERO } else { at };
        let mut orders = vec![Action::Order(Order::Show(piece)), Action::Order(Order::Seek(at))];
        if play {
            orders.push(Action::Order(Order::Play));
        }
        Action::All(orders)
    }

    fn keep(&mut self, now: &Now, edit: bool) -> Action<Message> {
        let (Some(made), Some(folders)) = (self.made.get(self.shown).cloned(), &now.folders) else {
            return Action::None;
        };
        let library = folders.library.clone();
        Action::Work(beside(move || Message::Kept(made.keep(&library).map_err(|e| e.to_string()), edit)))
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let controls = column![melody::view(self, now), knobs::view(&self.knobs, &self.taught)].spacing(theme::WIDE);
        let controls = scrollable(container(controls).padding(iced::padding::right(theme::WIDE))).style(theme::scroll);
        let left = column![
            text("Compose").size(theme::TITLE).font(theme::STRONG),
            controls.height(Length::Fill),
            result::begin(self),
        ]
        .spacing(theme::GAP + theme::NEAR)
        .width(300.0);
        row![left, result::view(self, now)].spacing(theme::WIDE).padding(theme::MARGIN).into()
    }
}

/// Where the styles of the user's own are.
fn taught_of(now: &Now) -> PathBuf {
    now.folders.as_ref().map(|f| f.models.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
