//! The roll above the keys: what is played rises from them, and a piece that is performed falls onto
//! them. Only what can be seen is drawn.

use std::collections::VecDeque;
use std::sync::Arc;

use iced::alignment::{Horizontal, Vertical};
use iced::widget::canvas::{self, Cache, Frame, Geometry, Path, Stroke, Text};
use iced::{Color, Element, Length, Point, Rectangle, Renderer, Size, Theme, mouse};

use super::piano::{Span, is_black};
use crate::gui::theme::{self, Ink};
use crate::music::message::{Key, Velocity, Voice};
use crate::music::{Message, Micros, Tempo, TimeSignature, general_midi, pitch};
use crate::studio::desk::Piece;
use crate::studio::practice::Mark;

/// How much time is seen at once.
const WINDOW: Micros = Micros(6_000_000);

/// Notes that are kept to be seen; what has left the window is forgotten.
const MOST: usize = 4_096;

/// A note that was played.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Risen {
    start: Micros,
    end: Option<Micros>,
    key: Key,
    velocity: Velocity,
}

/// Where bars begin, on the clock of what is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bars {
    /// Beat 1.
    pub origin: Micros,
    /// The tempo.
    pub tempo: Tempo,
    /// The time signature.
    pub signature: TimeSignature,
}

/// What the roll shows.
#[derive(Clone, Debug)]
enum Shown {
    /// What is played.
    Live { now: Micros, bars: Option<Bars> },
    /// A piece, from a time on.
    Piece { piece: Arc<Piece>, at: Micros },
    /// A piece that is practised: what became of each of its notes.
    Practised { piece: Arc<Piece>, at: Micros, marks: Arc<[Mark]> },
}

/// The roll.
#[derive(Debug)]
pub struct Roll {
    risen: VecDeque<Risen>,
    shown: Shown,
    span: Span,
    lanes: Cache,
    notes: Cache,
}

impl Default for Roll {
    fn default() -> Roll {
        Roll {
            risen: VecDeque::new(),
            shown: Shown::Live { now: Micros::ZERO, bars: None },
            span: Span::AKM322,
            lanes: Cache::new(),
            notes: Cache::new(),
        }
    }
}

impl Roll {
    /// Takes note of what was played.
    pub fn hear(&mut self, at: Micros, message: &Message) {
        match *message {
            Message::Voice(_, Voice::NoteOn { key, velocity }) => {
                self.end(key, at);
                if self.risen.len() == MOST {
                    self.risen.pop_front();
                }
                self.risen.push_back(Risen { start: at, end: None, key, velocity });
            }
            Message::Voice(_, Voice::NoteOff { key, .. }) => self.end(key, at),
            _ => return,
        }
        self.notes.clear();
    }

    fn end(&mut self, key: Key, at: Micros) {
        if let Some(note) = self.risen.iter_mut().rev().find(|n| n.key == key && n.end.is_none()) {
            note.end = Some(at.max(note.start));
        }
    }

    /// Everything that is held ends: the keyboard is gone.
    pub fn let_go(&mut self, at: Micros) {
        for note in self.risen.iter_mut().filter(|n| n.end.is_none()) {
            note.end = Some(at.max(note.start));
        }
        self.notes.clear();
    }

    /// Shows what is played, up to now.
    pub fn live(&mut self, now: Micros, bars: Option<Bars>) {
        while self.risen.front().is_some_and(|n| n.end.is_some_and(|end| now.since(end) > WINDOW)) {
            self.risen.pop_front();
        }
        self.shown = Shown::Live { now, bars };
        self.notes.clear();
    }

    /// Shows a piece from here on.
    pub fn piece(&mut self, piece: &Arc<Piece>, at: Micros) {
        self.shown = Shown::Piece { piece: Arc::clone(piece), at };
        self.notes.clear();
    }

    /// Shows a piece that is practised from here on.
    pub fn practised(&mut self, piece: &Arc<Piece>, at: Micros, marks: &Arc<[Mark]>) {
        self.shown = Shown::Practised { piece: Arc::clone(piece), at, marks: Arc::clone(marks) };
        self.notes.clear();
    }

    /// Above these keys.
    pub fn above(&mut self, span: Span) {
        if span != self.span {
            self.span = span;
            self.repaint();
        }
    }

    /// Draws everything anew.
    pub fn repaint(&mut self) {
        self.lanes.clear();
        self.notes.clear();
    }

    /// Whether there is nothing to be seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.shown {
            Shown::Live { now, bars } => {
                bars.is_none() && !self.risen.iter().any(|n| n.end.is_none_or(|end| now.since(end) < WINDOW))
            }
            Shown::Piece { piece, .. } | Shown::Practised { piece, .. } => piece.notes.is_empty(),
        }
    }

    /// The widget.
    pub fn view<'a, M: 'a>(&'a self) -> Element<'a, M> {
        canvas::Canvas::new(self).width(Length::Fill).height(Length::Fill).into()
    }

    fn draw_lanes(&self, frame: &mut Frame, ink: &Ink) {
        let size = frame.size();
        let shade = ink.line.scale_alpha(0.28);
        for key in self.span.keys() {
            let place = self.span.place(key);
            let (left, width) = (place.left * size.width, place.width * size.width);
            if is_black(key) {
                frame.fill_rectangle(Point::new(left, 0.0), Size::new(width, size.height), shade);
            } else if key.get() % 12 == 0 {
                frame.fill_rectangle(
                    Point::new(left.round(), 0.0),
                    Size::new(1.0, size.height),
                    ink.line.scale_alpha(0.9),
                );
            }
        }
    }

    fn draw_notes(&self, frame: &mut Frame, ink: &Ink) {
        match &self.shown {
            Shown::Live { now, bars } => {
                if let Some(bars) = bars {
                    draw_bars(frame, ink, *bars, *now);
                }
                let colour = if bars.is_some() { ink.record } else { ink.accent };
                for note in &self.risen {
                    // Heights above the keys, in shares of the window.
                    // What was played since the last pulse has not risen yet.
                    let low = note.end.map_or(0.0, |end| ahead(*now, end)).max(0.0);
                    let high = ahead(*now, note.start);
                    if low <= 1.0 && high >= 0.0 {
                        self.draw_note(frame, note.key, note.velocity, (low, high.min(1.0)), colour, ink);
                    }
                }
            }
            Shown::Piece { piece, at } => {
                draw_piece_bars(frame, ink, piece, *at);
                let seen = || piece.between(*at, at.plus(WINDOW));
                for note in seen().filter(|n| n.drum) {
                    let colour = ink.track(u8::try_from(note.track).unwrap_or(u8::MAX));
                    self.draw_drum(frame, note.key, ahead(note.start, *at), colour, ink);
                }
                for note in seen().filter(|n| !n.drum) {
                    let (low, high) = (ahead(note.start, *at), ahead(note.end, *at));
                    let colour = ink.track(u8::try_from(note.track).unwrap_or(u8::MAX));
                    self.draw_note(frame, note.key, note.velocity, (low.max(0.0), high.min(1.0)), colour, ink);
                }
                self.name_drums(frame, seen().filter(|n| n.drum).map(|n| (n.key, ahead(n.start, *at))), ink);
            }
            Shown::Practised { piece, at, marks } => self.draw_practised(frame, piece, *at, marks, ink),
        }
    }

    /// The notes of the part in the accent, those of others pale; what went by stays as its outline.
    fn draw_practised(&self, frame: &mut Frame, piece: &Piece, at: Micros, marks: &[Mark], ink: &Ink) {
        draw_piece_bars(frame, ink, piece, at);
        let seen = || piece.numbered_between(at, at.plus(WINDOW)).filter(|(_, n)| !n.drum);
        let mark = |number: usize| marks.get(number).copied().unwrap_or_default();
        // What is practised lies on top.
        let others = seen().filter(|(n, _)| mark(*n) == Mark::NotMine);
        for (number, note) in others.chain(seen().filter(|(n, _)| mark(*n) != Mark::NotMine)) {
            let (low, high) = (ahead(note.start, at).max(0.0), ahead(note.end, at).min(1.0));
            match mark(number) {
                Mark::NotMine => self.draw_pale(frame, note.key, (low, high), ink.ghost.scale_alpha(0.45)),
                Mark::Missed => self.draw_outline(frame, note.key, (low, high), ink.muted),
                Mark::Coming => self.draw_note(frame, note.key, note.velocity, (low, high), ink.track(1), ink),
                Mark::Right => self.draw_note(frame, note.key, note.velocity, (low, high), ink.accent, ink),
            }
        }
    }

    fn bar_of(&self, size: Size, key: Key, (low, high): (f32, f32)) -> Option<Path> {
        let place = self.span.place(key);
        let inset = if is_black(key) { 0.0 } else { place.width * 0.14 };
        let width = ((place.width - 2.0 * inset) * size.width).max(2.0);
        let (top, height) = (size.height * (1.0 - high), (size.height * (high - low)).max(3.0));
        let at = Point::new((place.left + inset) * size.width, top);
        let radius = (width / 3.0).min(height / 2.0).min(5.0);
        self.span.has(key).then(|| Path::rounded_rectangle(at, Size::new(width, height), radius.into()))
    }

    fn draw_pale(&self, frame: &mut Frame, key: Key, between: (f32, f32), colour: Color) {
        if let Some(bar) = self.bar_of(frame.size(), key, between) {
            frame.fill(&bar, colour);
        }
    }

    fn draw_outline(&self, frame: &mut Frame, key: Key, between: (f32, f32), colour: Color) {
        if let Some(bar) = self.bar_of(frame.size(), key, between) {
            frame.stroke(&bar, Stroke::default().with_color(colour).with_width(1.5));
        }
    }

    /// The middle of a drum's mark, where it can be seen.
    fn place_of_drum(&self, size: Size, key: Key, low: f32) -> Option<Point> {
        let place = self.span.place(key);
        let middle = Point::new((place.left + place.width / 2.0) * size.width, size.height * (1.0 - low) - 6.0);
        (self.span.has(key) && low >= 0.0).then_some(middle)
    }

    /// A drum is struck, not held, and plays no key: a hollow mark where it begins.
    fn draw_drum(&self, frame: &mut Frame, key: Key, low: f32, colour: Color, ink: &Ink) {
        let Some(middle) = self.place_of_drum(frame.size(), key, low) else { return };
        let half = 5.0;
        let mark = Path::new(|path| {
            path.move_to(Point::new(middle.x, middle.y - half));
            path.line_to(Point::new(middle.x + half, middle.y));
            path.line_to(Point::new(middle.x, middle.y + half));
            path.line_to(Point::new(middle.x - half, middle.y));
            path.close();
        });
        frame.fill(&mark, ink.surface);
        frame.stroke(&mark, Stroke::default().with_color(colour).with_width(1.5));
    }

    /// The name of each drum that comes, beside its first mark, where no other name is.
    fn name_drums(&self, frame: &mut Frame, drums: impl Iterator<Item = (Key, f32)>, ink: &Ink) {
        let size = frame.size();
        let mut known = 0u128;
        let mut named: Vec<Rectangle> = Vec::new();
        for (key, low) in drums {
            let is_known = known >> key.get() & 1 == 1;
            let (Some(name), Some(mark)) = (general_midi::drum(key), self.place_of_drum(size, key, low)) else {
                continue;
            };
            // Nearly six points a letter.
            let room =
                Rectangle::new(Point::new(mark.x + 7.0, mark.y - 7.0), Size::new(name.len() as f32 * 5.6 + 6.0, 14.0));
            if is_known || room.x + room.width > size.width || named.iter().any(|other| other.intersects(&room)) {
                continue;
            }
            known |= 1 << key.get();
            named.push(room);
            frame.fill(&Path::rounded_rectangle(room.position(), room.size(), 3.0.into()), ink.surface);
            frame.fill_text(Text {
                content: name.to_owned(),
                position: Point::new(room.x + 3.0, mark.y),
                color: ink.muted,
                size: 10.5.into(),
                font: theme::REGULAR,
                align_y: Vertical::Center,
                ..Text::default()
            });
        }
    }

    fn draw_note(
        &self,
        frame: &mut Frame,
        key: Key,
        velocity: Velocity,
        (low, high): (f32, f32),
        colour: Color,
        ink: &Ink,
    ) {
        if !self.span.has(key) {
            return;
        }
        let size = frame.size();
        let place = self.span.place(key);
        let inset = if is_black(key) { 0.0 } else { place.width * 0.14 };
        let left = (place.left + inset) * size.width;
        let width = ((place.width - 2.0 * inset) * size.width).max(2.0);
        let top = size.height * (1.0 - high);
        let height = (size.height * (high - low)).max(3.0);
        let fill = theme::shade(ink, colour, velocity);
        let radius = (width / 3.0).min(height / 2.0).min(5.0);
        frame.fill(&Path::rounded_rectangle(Point::new(left, top), Size::new(width, height), radius.into()), fill);
        if width > 22.0 && height > 18.0 {
            frame.fill_text(Text {
                content: pitch::name(key),
                position: Point::new(left + width / 2.0, top + height - 9.0),
                color: theme::readable_on(fill),
                size: 10.5.into(),
                font: theme::STRONG,
                align_x: Horizontal::Center.into(),
                align_y: Vertical::Center,
                ..Text::default()
            });
        }
    }
}

/// How far `later` is after `earlier`, in windows; negative where it is before.
fn ahead(later: Micros, earlier: Micros) -> f32 {
    ((later.0 as f64 - earlier.0 as f64) / WINDOW.0 as f64) as f32
}

fn draw_bars(frame: &mut Frame, ink: &Ink, bars: Bars, now: Micros) {
    let bar = bars.signature.bar(bars.tempo).0.max(1);
    let beat = bars.signature.beat(bars.tempo).0.max(1);
    let oldest = now.since(WINDOW).since(bars.origin).0 / beat;
    for n in oldest.. {
        let at = bars.origin.plus(Micros(n * beat));
        if at > now {
            break;
        }
        let number = (n * beat).is_multiple_of(bar).then_some(n * beat / bar + 1);
        draw_beat(frame, ink, ahead(now, at), number);
    }
}

fn draw_piece_bars(frame: &mut Frame, ink: &Ink, piece: &Piece, at: Micros) {
    let beats = piece.score.beats();
    let first = beats.partition_point(|b| b.at < at);
    let mut number = beats[..first].iter().filter(|b| b.accent).count() as u64;
    for beat in beats[first..].iter().take_while(|b| b.at < at.plus(WINDOW)) {
        number += u64::from(beat.accent);
        draw_beat(frame, ink, ahead(beat.at, at), beat.accent.then_some(number));
    }
}

/// A line at this height above the keys; with its number where a bar begins.
fn draw_beat(frame: &mut Frame, ink: &Ink, height: f32, bar: Option<u64>) {
    let size = frame.size();
    let y = (size.height * (1.0 - height)).round();
    let strength = if bar.is_some() { 0.9 } else { 0.35 };
    frame.fill_rectangle(Point::new(0.0, y), Size::new(size.width, 1.0), ink.line.scale_alpha(strength));
    if let Some(number) = bar {
        frame.fill_text(Text {
            content: number.to_string(),
            position: Point::new(8.0, y - 3.0),
            color: ink.muted,
            size: 11.0.into(),
            font: theme::REGULAR,
            align_y: Vertical::Bottom,
            ..Text::default()
        });
    }
}

impl<M> canvas::Program<M> for Roll {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let ink = theme::ink(theme);
        let lanes = self.lanes.draw(renderer, bounds.size(), |frame| self.draw_lanes(frame, &ink));
        let notes = self.notes.draw(renderer, bounds.size(), |frame| self.draw_notes(frame, &ink));
        vec![lanes, notes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(roll: &mut Roll, ms: u64, bytes: &[u8]) {
        roll.hear(Micros::from_millis(ms), &Message::from_bytes(bytes).unwrap());
    }

    #[test]
    fn what_has_left_the_window_is_forgotten_and_what_is_held_is_not() {
        let mut roll = Roll::default();
        say(&mut roll, 0, &[0x90, 60, 90]);
        say(&mut roll, 10, &[0x90, 64, 90]);
        say(&mut roll, 20, &[0x80, 64, 0]);
        roll.live(Micros::from_millis(30), None);
        assert_eq!(roll.risen.len(), 2);
        say(&mut roll, 25, &[0x80, 60, 0]);
        say(&mut roll, 26, &[0x90, 60, 90]);
        roll.live(Micros::from_millis(60_000), None);
        assert_eq!(roll.risen.len(), 1, "{:?}", roll.risen);
        assert!(!roll.is_empty());
        roll.let_go(Micros::from_millis(60_000));
        roll.live(Micros::from_millis(70_000), None);
        assert!(roll.risen.is_empty() && roll.is_empty());
    }
}
