//! The second page: what was just played, rising from the keys and lying as in the editor.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::canvas::{self, Frame, Geometry, Path, Stroke, Text};
use iced::widget::{column, container};
use iced::{Color, Element, Length, Point, Rectangle, Renderer, Size, Theme, mouse};

use super::{Learn, Message};
use crate::gui::theme::{self, Ink};
use crate::gui::widget::piano::is_black;
use crate::music::message::{Key, Velocity, Voice};
use crate::music::{Message as Midi, Micros, pitch};

/// Notes that are kept.
const MOST: usize = 48;
/// A longer pause begins another picture.
const PAUSE: Micros = Micros::from_millis(6_000);
/// The least time that is shown.
const LEAST: Micros = Micros::from_millis(4_000);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Note {
    start: Micros,
    end: Option<Micros>,
    key: Key,
    velocity: Velocity,
}

/// What was just played.
#[derive(Debug, Default)]
pub(super) struct Played {
    notes: Vec<Note>,
}

impl Played {
    pub(super) fn hear(&mut self, at: Micros, message: &Midi) {
        match *message {
            Midi::Voice(_, Voice::NoteOn { key, velocity }) => {
                let last = self.notes.last().map(|n| n.end.unwrap_or(n.start));
                if last.is_some_and(|last| at.since(last) > PAUSE) {
                    self.notes.clear();
                }
                if self.notes.len() == MOST {
                    self.notes.remove(0);
                }
                self.notes.push(Note { start: at, end: None, key, velocity });
            }
            Midi::Voice(_, Voice::NoteOff { key, .. }) => {
                if let Some(note) = self.notes.iter_mut().rev().find(|n| n.key == key && n.end.is_none()) {
                    note.end = Some(at);
                }
            }
            _ => {}
        }
    }

    /// The keys that were played.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + Clone {
        self.notes.iter().map(|n| n.key)
    }
}

/// What is shown before anything was played: the beginning of a tune, some notes harder than others.
fn example() -> Vec<Note> {
    let tune = [(64, 90), (64, 70), (65, 80), (67, 115), (67, 90), (65, 75), (64, 70), (62, 55)];
    let note = |(n, (key, velocity)): (usize, (u8, u8))| Note {
        start: Micros::from_millis(500 * n as u64),
        end: Some(Micros::from_millis(500 * n as u64 + if n == 7 { 900 } else { 420 })),
        key: Key::masked(key),
        velocity: Velocity::masked(velocity),
    };
    tune.into_iter().enumerate().map(note).collect()
}

pub(super) fn view(screen: &Learn) -> Element<'_, Message> {
    let stage = column![
        container(screen.roll.view()).height(Length::Fill),
        container(screen.keys.view(Message::Touched)).height(110.0),
    ];
    let lying = canvas::Canvas::new(Lying(screen)).width(Length::Fill).height(Length::Fill);
    column![
        container(stage).padding(theme::NEAR).style(theme::surface).height(Length::FillPortion(3)),
        container(lying).style(theme::well).padding(1).height(Length::FillPortion(2)),
    ]
    .spacing(theme::GAP)
    .into()
}

/// The notes lying: time to the right, keys upwards.
struct Lying<'a>(&'a Learn);

const LEFT: f32 = 46.0;
const BOTTOM: f32 = 24.0;
/// Above the notes: what they are.
const TOP: f32 = 26.0;

impl Lying<'_> {
    fn draw(&self, frame: &mut Frame, ink: &Ink) {
        let size = frame.size();
        let own = &self.0.played.notes;
        let example = example();
        let (notes, caption) = match own.as_slice() {
            [] => (example.as_slice(), "an example; play, and yours is here"),
            own => (own, "what you have just played"),
        };
        let begin = notes.first().map_or(Micros::ZERO, |n| n.start);
        let now = notes.iter().map(|n| n.end.unwrap_or(n.start)).max().unwrap_or(begin);
        let length = now.since(begin).max(LEAST).0 as f32 * 1.04;
        let keys = notes.iter().map(|n| f32::from(n.key.get()));
        let (low, high) = keys.fold((127.0f32, 0.0f32), |(low, high), k| (low.min(k), high.max(k)));
        let spare = (13.0 - (high - low)).max(2.0) / 2.0;
        let (low, high) = ((low - spare).floor(), (high + spare).ceil());
        let (wide, tall) = (size.width - LEFT - 10.0, size.height - BOTTOM - TOP);
        let row = tall / (high - low + 1.0);
        let y = |key: f32| TOP + (high - key) * row;
        let words = |content: &str, position: Point, color: Color| Text {
            content: content.to_owned(),
            position,
            color,
            size: 11.5.into(),
            font: theme::REGULAR,
            align_y: Vertical::Center,
            ..Text::default()
        };
        for key in (low as u8)..=(high as u8) {
            let at = Point::new(LEFT, y(f32::from(key)));
            if is_black(Key::masked(key)) {
                frame.fill_rectangle(at, Size::new(wide, row), ink.line.scale_alpha(0.35));
            }
            if key % 12 == 0 {
                let middle = Point::new(LEFT - 8.0, at.y + row / 2.0);
                let name = words(&pitch::name(Key::masked(key)), middle, ink.muted);
                frame.fill_text(Text { align_x: Horizontal::Right.into(), ..name });
            }
        }
        let bottom = size.height - BOTTOM;
        for second in 0..=(length / 1e6) as u32 {
            let x = LEFT + second as f32 * 1e6 / length * wide;
            frame.fill_rectangle(Point::new(x, TOP), Size::new(1.0, tall), ink.line.scale_alpha(0.7));
            let text = words(&format!("{second} s"), Point::new(x, bottom + 12.0), ink.muted);
            frame.fill_text(Text { align_x: Horizontal::Center.into(), ..text });
        }
        let caption = words(caption, Point::new(size.width - 10.0, 14.0), ink.muted);
        frame.fill_text(Text { align_x: Horizontal::Right.into(), ..caption });
        for note in notes {
            let x = LEFT + note.start.since(begin).0 as f32 / length * wide;
            // A key that is still down reaches as far as the picture does.
            let end = note.end.unwrap_or(Micros(begin.0 + length as u64));
            let width = (end.since(note.start).0 as f32 / length * wide).clamp(3.0, (LEFT + wide - x).max(3.0));
            let shape = Path::rounded_rectangle(
                Point::new(x, y(f32::from(note.key.get())) + row * 0.1),
                Size::new(width, (row * 0.8).max(3.0)),
                3.0.into(),
            );
            // Wider apart than elsewhere, so that soft and hard are seen.
            let strength = 0.35 + 0.65 * f32::from(note.velocity.get()) / 127.0;
            frame.fill(&shape, theme::mix(ink.ground, ink.accent, strength));
            frame.stroke(&shape, Stroke::default().with_color(ink.accent).with_width(1.0));
        }
    }
}

impl<M> canvas::Program<M> for Lying<'_> {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        vec![self.0.picture.draw(renderer, bounds.size(), |frame| self.draw(frame, &theme::ink(theme)))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_a_pause_is_another_picture() {
        let mut played = Played::default();
        let mut say = |ms, bytes: &[u8]| played.hear(Micros::from_millis(ms), &Midi::from_bytes(bytes).unwrap());
        say(0, &[0x90, 60, 90]);
        say(400, &[0x80, 60, 0]);
        say(500, &[0x90, 62, 90]);
        say(900, &[0x80, 62, 0]);
        say(9_000, &[0x90, 64, 90]);
        assert_eq!(played.keys().map(Key::get).collect::<Vec<_>>(), [64]);
        for n in 0..200 {
            played.hear(Micros::from_millis(9_000 + n), &Midi::from_bytes(&[0x90, 50, 90]).unwrap());
        }
        assert_eq!(played.notes.len(), MOST);
    }
}
