//! The first screen: keys to play, a roll that shows it, and takes that are kept without asking.

mod bar;
mod letters;

use std::time::{Duration, Instant};

use iced::widget::{column, combo_box, container, row, stack, text, tooltip};
use iced::{Alignment, Element, Length, keyboard as computer};

use super::Action;
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::keys::{Keys, Touched};
use crate::gui::widget::meter::Meter;
use crate::gui::widget::overview::Overview;
use crate::gui::widget::piano::Span;
use crate::gui::widget::roll::{Bars, Roll};
use crate::gui::widget::{Button, button, labelled, line, list_tip, rows_high, search, tip};
use crate::keyboard::controls::Panel;
use crate::music::message::{Key, Voice};
use crate::music::{Message as Midi, Micros, Tempo, TimeSignature};
use crate::studio::desk::{Beat, Keyboard, Order, Report, Transport};
use crate::studio::instruments::Instrument;
use crate::studio::preferences::Change;
pub use bar::CountIn;
use letters::Letters;

/// A tap that comes later than this begins anew.
const TAP_PAUSE: Duration = Duration::from_secs(2);

/// Taps that a tempo is the mean of.
const TAPS: usize = 6;

/// The screen.
#[derive(Debug)]
pub struct Play {
    roll: Roll,
    keys: Keys,
    meter: Meter,
    overview: Overview,
    instruments: combo_box::State<Named>,
    /// What is searched for among them.
    sought: String,
    chosen: Option<Named>,
    letters: Letters,
    /// The keys that the keyboard is known to have.
    span: Span,
    /// Those that are down.
    down: u128,
    shows: Shows,
    /// The tempo as it is being typed.
    typed: Option<String>,
    taps: Vec<Instant>,
}

/// What the roll shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shows {
    Live,
    Piece,
}

/// An instrument, as the list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named(Instrument);

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.name)
    }
}

/// What somebody does on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// Begin or end a take.
    Record,
    /// Stop.
    Stop,
    /// Play, or pause.
    Play,
    /// Go to a time of the piece.
    Seek(Micros),
    /// Keep what was just played.
    Keep,
    /// The mouse on the keys.
    Touched(Touched),
    /// An instrument is searched for.
    Sought(String),
    /// An instrument was chosen.
    Instrument(Named),
    /// The tempo is being typed.
    TempoTyped(String),
    /// It has been typed.
    TempoSet,
    /// Faster or slower.
    TempoBy(i8),
    /// A tap of the tempo.
    Tap,
    /// A time signature was chosen.
    Signature(TimeSignature),
    /// A count-in was chosen.
    CountIn(CountIn),
    /// The metronome, on or off.
    Metronome,
    /// The letters play an octave lower or higher.
    Octave(i8),
}

impl Default for Play {
    fn default() -> Play {
        Play {
            roll: Roll::default(),
            keys: Keys::default(),
            meter: Meter::default(),
            overview: Overview::default(),
            instruments: combo_box::State::new(Vec::new()),
            sought: String::new(),
            chosen: None,
            letters: Letters::default(),
            span: Span::AKM322,
            down: 0,
            shows: Shows::Live,
            typed: None,
            taps: Vec::new(),
        }
    }
}

impl Play {
    /// Takes note of a report; `now` has heard it already.
    pub fn hear(&mut self, report: &Report, now: &Now) {
        match report {
            Report::Keyboard(keyboard) => self.meet(keyboard, now),
            Report::Font(font) => {
                self.instruments = combo_box::State::new(font.instruments.iter().cloned().map(Named).collect());
                self.sought.clear();
            }
            Report::Instrument(instrument) => self.chosen = Some(Named(instrument.clone())),
            Report::Heard(heard) => {
                for (at, message) in heard {
                    self.hear_message(*at, message, now);
                }
                if now.transport != Transport::Playing {
                    self.shows = Shows::Live;
                }
            }
            Report::Transport(Transport::Playing) | Report::Piece(_) => {
                self.shows = Shows::Piece;
                if let Some(piece) = &now.piece {
                    self.overview.show(piece);
                }
            }
            Report::Transport(Transport::Recording { .. }) => self.shows = Shows::Live,
            Report::Pulse(pulse) => {
                self.meter.hear(pulse.peaks, pulse.rest);
                self.overview.move_to(pulse.position);
            }
            Report::Transport(Transport::Idle)
            | Report::Sound(_)
            | Report::Kept(_)
            | Report::Captured(_)
            | Report::Says(_) => {}
        }
        self.paint(now);
    }

    fn meet(&mut self, keyboard: &Keyboard, now: &Now) {
        match keyboard {
            Keyboard::Connected { panel: Panel::Akm322 | Panel::Virtual, .. } => self.span = Span::AKM322,
            Keyboard::Connected { panel: Panel::Unknown, .. } => self.span = Span::FIVE_OCTAVES,
            Keyboard::Away { .. } | Keyboard::Ended => {
                self.down = 0;
                self.roll.let_go(now.pulse.now);
            }
            Keyboard::Awaited | Keyboard::Refused { .. } | Keyboard::Unusable { .. } => {}
        }
    }

    fn hear_message(&mut self, at: Micros, message: &Midi, now: &Now) {
        self.roll.hear(at, message);
        match message {
            Midi::Voice(_, Voice::NoteOn { key, .. }) => {
                self.down |= 1 << key.get();
                // The AKM322 has octave buttons; what it plays tells where they stand. Others have more keys.
                self.span = match now.panel() {
                    Some(Panel::Unknown) => self.span.widened_to(std::iter::once(*key)),
                    _ => self.span.moved_to(*key),
                };
            }
            Midi::Voice(_, Voice::NoteOff { key, .. }) => self.down &= !(1 << key.get()),
            _ => {}
        }
    }

    /// Hands on what has changed to what is drawn.
    fn paint(&mut self, now: &Now) {
        let pulse = now.pulse;
        let recording = matches!(now.transport, Transport::Recording { .. });
        let mut span = self.span;
        let mut down = self.down;
        match (self.shows, &now.piece) {
            (Shows::Piece, Some(piece)) => {
                span = span.widened_to(piece.notes.iter().map(|n| n.key));
                if now.transport == Transport::Playing {
                    let sounding = piece.between(pulse.position, pulse.position.plus(Micros(1)));
                    // A drum's key is no key of a piano.
                    down = sounding.filter(|n| !n.drum).fold(down, |down, n| down | 1 << n.key.get());
                }
                self.roll.piece(piece, pulse.position);
            }
            _ => {
                let bars = match now.transport {
                    Transport::Recording { origin } => {
                        Some(Bars { origin, tempo: now.beat.tempo, signature: now.beat.signature })
                    }
                    _ => None,
                };
                self.roll.live(pulse.now, bars);
            }
        }
        self.roll.above(span);
        let letters = (!matches!(now.keyboard, Keyboard::Connected { .. })).then_some(self.letters.octave());
        self.keys.show(span, down, letters, recording);
    }

    /// Draws everything anew: the colours have changed.
    pub fn repaint(&mut self) {
        self.roll.repaint();
        self.keys.repaint();
        self.meter.repaint();
        self.overview.repaint();
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Record => Action::Order(Order::Record),
            Message::Stop => Action::Order(Order::Stop),
            Message::Play => Action::Order(Order::Play),
            Message::Seek(to) => Action::Order(Order::Seek(to)),
            Message::Keep => Action::Order(Order::Keep),
            Message::Touched(touched) => Action::Touch(touched),
            Message::Sought(words) => {
                self.sought = words;
                Action::None
            }
            Message::Instrument(named) => {
                self.sought.clear();
                Action::All(vec![
                    Action::Change(Change::Instrument(named.0.name.clone())),
                    Action::Order(Order::Instrument(named.0)),
                ])
            }
            Message::TempoTyped(text) => {
                self.typed = Some(text.chars().filter(|c| c.is_ascii_digit() || *c == '.').take(6).collect());
                Action::None
            }
            Message::TempoSet => match self.typed.take().and_then(|t| t.parse().ok()).and_then(Tempo::from_bpm) {
                Some(tempo) => beat(Beat { tempo, ..now.beat }),
                None => Action::None,
            },
            Message::TempoBy(step) => {
                self.typed = None;
                let bpm = now.beat.tempo.bpm().round() + f64::from(step);
                Tempo::from_bpm(bpm).map_or(Action::None, |tempo| beat(Beat { tempo, ..now.beat }))
            }
            Message::Tap => match self.tap(Instant::now()) {
                Some(tempo) => beat(Beat { tempo, ..now.beat }),
                None => Action::None,
            },
            Message::Signature(signature) => beat(Beat { signature, ..now.beat }),
            Message::CountIn(CountIn(count_in)) => beat(Beat { count_in, ..now.beat }),
            Message::Metronome => beat(Beat { metronome: !now.beat.metronome, ..now.beat }),
            Message::Octave(step) => {
                let ups = self.letters.shift(step);
                self.paint(now);
                Action::All(ups.into_iter().map(|key| Action::Touch(Touched::Release(key))).collect())
            }
        }
    }

    /// The tempo of the taps so far.
    fn tap(&mut self, at: Instant) -> Option<Tempo> {
        if self.taps.last().is_some_and(|last| at.duration_since(*last) > TAP_PAUSE) {
            self.taps.clear();
        }
        self.taps.push(at);
        if self.taps.len() > TAPS {
            self.taps.remove(0);
        }
        let (first, count) = (*self.taps.first()?, self.taps.len().checked_sub(1).filter(|n| *n > 0)?);
        let beat = at.duration_since(first).as_secs_f64() / count as f64;
        Tempo::from_bpm((60.0 / beat).round())
    }

    /// A key of the computer, unless something else wanted it.
    pub fn key(&mut self, event: &computer::Event) -> Option<Action<Message>> {
        self.letters.hear(event).map(|touches| Action::All(touches.into_iter().map(Action::Touch).collect()))
    }

    /// The octave whose C the computer's key A plays.
    #[must_use]
    pub fn octave(&self) -> i8 {
        self.letters.octave()
    }

    /// Everything that the computer's keys hold goes up.
    pub fn let_go(&mut self) -> Vec<Key> {
        self.letters.let_go()
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let piece = now.piece.as_ref().map(|piece| {
            let name = line(&piece.name).size(theme::SMALL).style(theme::muted);
            let strip = container(self.overview.view(Message::Seek)).height(theme::CONTROL).style(theme::surface);
            row![container(name).max_width(190.0), strip].spacing(theme::GAP).align_y(Alignment::Center)
        });
        let second = row![self.instrument(now), container(piece).width(Length::Fill), self.keep(now),]
            .spacing(theme::WIDE)
            .align_y(Alignment::Center);
        let stage = column![
            container(stack![self.roll.view(), self.invitation(now)]).height(Length::Fill),
            container(self.keys.view(Message::Touched)).height(Length::Fixed(148.0)),
        ];
        let stage = container(stage).padding(theme::NEAR).style(theme::surface);
        column![self.bar(now), second, stage].spacing(theme::GAP + theme::NEAR).padding(theme::MARGIN).into()
    }

    fn instrument<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        const ROOM: [f32; 2] = [8.0, 12.0];
        // As high as what is found, and nine rows at most.
        let height = match found(self.instruments.options(), &self.sought) {
            0..=9 => Length::Shrink,
            _ => Length::Fixed(rows_high(9, theme::BODY, ROOM)),
        };
        let list = combo_box(&self.instruments, "Search instruments", self.chosen.as_ref(), Message::Instrument)
            .width(Length::Fixed(230.0))
            .padding(ROOM)
            .size(theme::BODY)
            .font(theme::REGULAR)
            .on_input(Message::Sought)
            .menu_height(height)
            .input_style(theme::field)
            .menu_style(theme::menu);
        let list: Element<'_, Message> = if now.font.is_some() {
            search(list)
        } else {
            container(text("Loading instruments").size(theme::BODY).style(theme::muted))
                .width(230.0)
                .center_y(theme::CONTROL + 2.0)
                .into()
        };
        list_tip(list, "What the keys play: type to search", tooltip::Position::Bottom)
    }

    fn keep<'a>(&self, now: &'a Now) -> Option<Element<'a, Message>> {
        let recording = matches!(now.transport, Transport::Recording { .. });
        (now.captured.notes > 0 && !recording).then(|| {
            let keep = labelled(Icon::History, "Keep what I just played").on_press(Message::Keep);
            tip(keep, "Everything is captured; this makes a take of it  (Ctrl+S)", tooltip::Position::Bottom)
        })
    }

    /// What an empty roll says.
    fn invitation<'a>(&self, now: &'a Now) -> Option<Element<'a, Message>> {
        if !self.roll.is_empty() {
            return None;
        }
        let (first, second) = match &now.keyboard {
            Keyboard::Connected { .. } => {
                ("Play something", "Everything that you play is captured. Press R to record a take.")
            }
            _ => (
                "Play with the mouse, or with the keys A to ; of your computer",
                "Plug a keyboard in at any time. Everything that you play is captured; press R to record a take.",
            ),
        };
        let words = column![
            text(first).size(theme::LARGE).font(theme::STRONG),
            text(second).size(theme::BODY).style(theme::muted),
        ]
        .spacing(theme::GAP)
        .align_x(Alignment::Center);
        Some(container(words).center(Length::Fill).into())
    }
}

/// How many instruments the list shows for these words, as iced's list finds them: it does not say.
fn found(instruments: &[Named], sought: &str) -> u16 {
    let plain = |words: &str| words.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let parts: Vec<String> = sought.split(|c: char| !c.is_ascii_alphanumeric()).map(plain).collect();
    let matches = |named: &&Named| parts.iter().all(|part| plain(&named.0.name).contains(part));
    u16::try_from(instruments.iter().filter(matches).count()).unwrap_or(u16::MAX)
}

fn beat(beat: Beat) -> Action<Message> {
    Action::All(vec![Action::Order(Order::Beat(beat)), Action::Change(Change::Beat(beat))])
}

/// A button of one letter's worth.
fn step<'a>(sign: &'static str, message: Option<Message>) -> Button<'a, Message> {
    button(container(text(sign).size(theme::LARGE)).center(Length::Fill))
        .width(28.0)
        .height(theme::CONTROL)
        .padding(0)
        .style(theme::quiet)
        .on_press_maybe(message)
}

#[cfg(test)]
mod tests;
