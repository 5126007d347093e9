//! Learn: four short pages with pictures that live. How the keyboard talks, what a roll and a take are, how the model
//! fills in notes, what a job is. Each shows the real thing: the user's own keys, their own melody, their own store.

mod bytes;
mod fill;
mod roll;
mod talk;
mod work;

use std::collections::VecDeque;
use std::time::Duration;

use iced::widget::canvas::Cache;
use iced::widget::{column, container, row, text};
use iced::{Element, Length};

use super::Action;
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::keys::{Keys, Touched};
use crate::gui::widget::piano::Span;
use crate::gui::widget::roll::Roll;
use crate::gui::widget::{button, labelled};
use crate::gui::work::{Held, beside, held, telling};
use crate::music::message::Voice;
use crate::music::{Message as Midi, Micros};
use crate::studio::compose::passes::{self, Told};
use crate::studio::desk::{Keyboard, Order, Report};
use crate::studio::jobs::board::Board;
use fill::Filling;
use roll::Played;
pub use work::Counts;

/// Messages that are shown.
const HEARD: usize = 6;
/// Between two passes of the model, so that eyes can follow.
const PACE: Duration = Duration::from_millis(90);

/// A page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// How the keyboard talks.
    #[default]
    Talk,
    /// What a roll and a take are.
    Roll,
    /// How the model fills in notes.
    Fill,
    /// What a job is.
    Work,
}

impl Page {
    /// All of them, in their order.
    pub const ALL: [Page; 4] = [Page::Talk, Page::Roll, Page::Fill, Page::Work];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Page::Talk => "How a keyboard talks",
            Page::Roll => "Rolls and takes",
            Page::Fill => "How notes are filled in",
            Page::Work => "What a job is",
        }
    }

    /// What it says, a paragraph each.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Page::Talk => &[
                "A keyboard sends no sound. It sends messages of a few bytes: this key went down, so hard; it came up again.",
                "The first byte says what happened and on which of 16 channels. It is 128 or more, so that it is known from \
                 the bytes after it, which are less.",
                "A key that comes up is a message of its own. If it got lost, the note would hang; composer lets go of \
                 everything when a cable is pulled.",
                "Try it: play, or turn a knob.",
            ],
            Page::Roll => &[
                "A roll is a picture of music. Each bar is a note: its place says which key it was, its length how long the \
                 key was down, its colour how hard it was struck.",
                "Above the keys time goes upwards. In the picture below it goes to the right, as in the editor.",
                "A take is what you played, as you played it, in a file. composer keeps all that you play anyway, below \
                 \"Captured\" in the library; Record makes a take of it, with a beat.",
            ],
            Page::Fill => &[
                "The model knows the melody, and nothing of the other voices: they are masked.",
                "It goes through the music a sixteenth at a time. In each pass it asks, voice by voice, which note is likely \
                 here: after what came before, under this melody, with what the other voices just chose. Then it draws one.",
                "Nothing is copied: the same seed draws the same notes again, another seed draws others. \"Creative risk\" \
                 says how often it takes an unlikely one.",
                "This is no film. The model is at work here, slowed down.",
            ],
            Page::Work => &[
                "A job is a composition that somebody else may compute: another program on this computer, another computer, \
                 a cloud of yours.",
                "It lies in a store: a folder, or a bucket. A worker claims it, so that no other takes it too, and says every \
                 few seconds that it is still at it: its heartbeat.",
                "If the heartbeat stops for a minute, because somebody pulled the plug, the job is free again and another \
                 worker takes it. So no job is lost.",
                "The result is written once, and waits until it is fetched.",
            ],
        }
    }
}

/// The screen.
#[derive(Debug, Default)]
pub struct Learn {
    page: Page,
    /// The last messages, the newest first.
    heard: VecDeque<(Micros, Midi)>,
    played: Played,
    roll: Roll,
    keys: Keys,
    down: u128,
    picture: Cache,
    filling: Filling,
    /// Holds the model at work, or its film.
    at_work: Option<Held>,
    counts: Option<Result<Counts, String>>,
    /// Which run answers are of.
    number: u64,
}

/// What happens on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// A page is wanted.
    Go(Page),
    /// The mouse on the keys.
    Touched(Touched),
    /// The model has come so far.
    Told(u64, Box<Told>),
    /// It has ended, or failed.
    Ended(u64, Option<String>),
    /// Show it from the beginning.
    Replay,
    /// So many passes of it.
    Shown(u64, usize),
    /// Compose once more.
    Again,
    /// Hear what came of it.
    Listen,
    /// The store was looked into.
    Counted(Result<Counts, String>),
    /// Look again.
    Count,
}

impl Learn {
    /// The screen is shown.
    pub fn enter(&mut self, now: &Now) -> Action<Message> {
        self.paint(now);
        self.turn_to(self.page, now)
    }

    /// Another screen is shown: nothing moves any more.
    pub fn leave(&mut self) {
        self.rest();
        self.down = 0;
    }

    /// Lets the model, or its film, be; what it has not shown to the end is shown anew another time.
    fn rest(&mut self) {
        if self.at_work.take().is_some() {
            self.number += 1;
            if self.filling.is_whole() {
                self.filling.show(usize::MAX);
            } else {
                self.filling = Filling::default();
            }
        }
    }

    fn turn_to(&mut self, page: Page, now: &Now) -> Action<Message> {
        self.page = page;
        self.picture.clear();
        self.rest();
        match page {
            Page::Fill if !self.filling.is_whole() => self.fill(now),
            Page::Work => count(now),
            Page::Talk | Page::Roll | Page::Fill => Action::None,
        }
    }

    /// Sets the model to work on the newest take.
    fn fill(&mut self, now: &Now) -> Action<Message> {
        let Some(library) = now.folders.as_ref().map(|f| f.library.clone()) else { return Action::None };
        self.number += 1;
        self.filling = Filling::default();
        let (number, (held, wanted)) = (self.number, held());
        self.at_work = Some(held);
        Action::Work(telling(move |tell| {
            let files = passes::takes(&library);
            let mut told = |told| tell(Message::Told(number, Box::new(told)));
            let ended = passes::show(&files, PACE, &|| wanted.is_wanted(), &mut told);
            tell(Message::Ended(number, ended.err().map(|e| format!("{e}."))));
        }))
    }

    /// Shows what was seen once more.
    fn replay(&mut self) -> Action<Message> {
        self.number += 1;
        let (number, passes) = (self.number, self.filling.passes());
        let (held, wanted) = held();
        self.at_work = Some(held);
        Action::Work(telling(move |tell| {
            for shown in 0..=passes {
                if !wanted.is_wanted() {
                    return;
                }
                tell(Message::Shown(number, shown));
                std::thread::sleep(PACE);
            }
            tell(Message::Ended(number, None));
        }))
    }

    /// Takes note of a report; `now` has heard it already.
    pub fn hear(&mut self, report: &Report, now: &Now) {
        match report {
            Report::Heard(heard) => {
                for (at, message) in heard {
                    self.hear_message(*at, message);
                }
                self.picture.clear();
            }
            Report::Keyboard(Keyboard::Away { .. } | Keyboard::Ended) => self.down = 0,
            Report::Pulse(pulse) => self.roll.live(pulse.now, None),
            Report::Keyboard(_) => {}
            _ => return,
        }
        self.paint(now);
    }

    fn hear_message(&mut self, at: Micros, message: &Midi) {
        self.roll.hear(at, message);
        self.played.hear(at, message);
        match message {
            Midi::Voice(_, Voice::NoteOn { key, .. }) => self.down |= 1 << key.get(),
            Midi::Voice(_, Voice::NoteOff { key, .. }) => self.down &= !(1 << key.get()),
            _ => {}
        }
        self.heard.push_front((at, message.clone()));
        self.heard.truncate(HEARD);
    }

    /// Hands on what has changed to the keys.
    pub fn paint(&mut self, now: &Now) {
        let letters = (!matches!(now.keyboard, Keyboard::Connected { .. })).then_some(now.octave);
        let notes = self.played.keys();
        let span = Span::AKM322.widened_to(notes);
        self.keys.show(span, self.down, letters, false);
        self.roll.above(span);
    }

    /// Draws everything anew: the colours have changed.
    pub fn repaint(&mut self) {
        self.roll.repaint();
        self.keys.repaint();
        self.picture.clear();
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Go(page) => return self.turn_to(page, now),
            Message::Touched(touched) => return Action::Touch(touched),
            Message::Told(number, told) if number == self.number => {
                self.filling.hear(*told);
                self.picture.clear();
            }
            Message::Ended(number, trouble) if number == self.number => {
                self.filling.end(trouble);
                self.at_work = None;
                self.picture.clear();
            }
            Message::Shown(number, shown) if number == self.number => {
                self.filling.show(shown);
                self.picture.clear();
            }
            Message::Replay => return self.replay(),
            Message::Again => return self.fill(now),
            Message::Listen => {
                let Some(piece) = self.filling.piece() else { return Action::None };
                return Action::All(vec![Action::Order(Order::Show(piece)), Action::Order(Order::Go)]);
            }
            Message::Counted(counts) => {
                self.counts = Some(counts);
                self.picture.clear();
            }
            Message::Count => return count(now),
            Message::Told(..) | Message::Ended(..) | Message::Shown(..) => {}
        }
        Action::None
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let tabs = Page::ALL.into_iter().enumerate().map(|(n, page)| {
            let words = text(format!("{}  {}", n + 1, page.title())).size(theme::BODY);
            button(container(words).center_y(Length::Fill))
                .height(theme::CONTROL)
                .padding([0.0, 12.0])
                .style(theme::toggle(page == self.page))
                .on_press(Message::Go(page))
                .into()
        });
        let words = self.page.words().iter().map(|words| text(*words).size(theme::BODY).into());
        let at = Page::ALL.iter().position(|p| *p == self.page).unwrap_or(0);
        let next = Page::ALL.get(at + 1).map(|next| labelled(Icon::Play, "Next").on_press(Message::Go(*next)));
        let words = column![
            text(self.page.title()).size(theme::LARGE).font(theme::STRONG),
            iced::widget::scrollable(
                container(column(words).spacing(theme::GAP + theme::NEAR)).padding(iced::padding::right(theme::WIDE))
            )
            .style(theme::scroll)
            .height(Length::Fill),
            next,
        ]
        .spacing(theme::GAP + theme::NEAR)
        .width(280.0);
        let picture = match self.page {
            Page::Talk => talk::view(self, now),
            Page::Roll => roll::view(self),
            Page::Fill => fill::view(self, now),
            Page::Work => work::view(self),
        };
        column![
            text("Learn").size(theme::TITLE).font(theme::STRONG),
            row(tabs).spacing(theme::GAP),
            row![words, container(picture).width(Length::Fill)].spacing(theme::WIDE),
        ]
        .spacing(theme::GAP + theme::NEAR)
        .padding(theme::MARGIN)
        .into()
    }
}

/// Looks into the store that is set.
fn count(now: &Now) -> Action<Message> {
    let Some(folders) = now.folders.clone() else { return Action::None };
    let settings = now.settings.clone();
    Action::Work(beside(move || {
        let counts = Board::open(&settings, &folders).and_then(|board| {
            let jobs = board.list().map_err(|e| e.to_string())?;
            Ok(Counts::of(board.place.clone(), &jobs))
        });
        Message::Counted(counts)
    }))
}

#[cfg(test)]
mod tests;
