//! A composition at a glance: the melody and what was composed to it, each track in its colour, with the place where it
//! is; a click goes there.

use iced::widget::canvas::{self, Cache, Event, Frame, Geometry};
use iced::{Color, Element, Length, Point, Rectangle, Renderer, Size, Theme, mouse};

use crate::gui::theme::{self, Ink};
use crate::music::Micros;
use crate::studio::desk::Piece;

/// The fewest keys that it is high.
const LEAST_KEYS: f32 = 24.0;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Tune<'a> {
    /// The music.
    pub piece: &'a Piece,
    /// The first so many tracks are the melody.
    pub melody_tracks: usize,
    /// How much time there is at least: a piece that grows does not become narrower.
    pub at_least: Micros,
    /// Where it is, while it is on the desk.
    pub position: Option<Micros>,
    /// Holds the drawing; cleared by its owner when the music is another.
    pub cache: &'a Cache,
}

/// The colour of a track: the melody is in that of text.
pub fn colour(track: usize, melody_tracks: usize, ink: &Ink) -> Color {
    match track.checked_sub(melody_tracks) {
        None => ink.text,
        Some(new) => ink.track(u8::try_from(new).unwrap_or(u8::MAX)),
    }
}

impl<'a> Tune<'a> {
    /// The widget; `on_seek` is told the time that was clicked at.
    pub fn view<M: 'a>(self, on_seek: impl Fn(Micros) -> M + 'a) -> Element<'a, M> {
        canvas::Canvas::new(Board { tune: self, on_seek: Box::new(on_seek) })
            .width(Length::Fill)
            .height(Length::Fill)
            .into()
    }

    fn length(&self) -> f32 {
        self.piece.length().max(self.at_least).0.max(1) as f32
    }

    fn draw(&self, frame: &mut Frame, ink: &Ink) {
        let size = frame.size();
        let keys = self.piece.notes.iter().map(|n| f32::from(n.key.get()));
        let (low, high) = keys.fold((127.0f32, 0.0f32), |(low, high), k| (low.min(k), high.max(k)));
        let spare = (LEAST_KEYS - (high - low + 1.0)).max(0.0) / 2.0;
        let (low, high) = (low - spare - 1.0, high + spare + 1.0);
        let row = size.height / (high - low + 1.0);
        for octave in 0..11u8 {
            let y = ((high - f32::from(octave * 12) + 1.0) * row).round();
            if (0.0..size.height).contains(&y) {
                frame.fill_rectangle(Point::new(0.0, y), Size::new(size.width, 1.0), ink.line.scale_alpha(0.6));
            }
        }
        // The melody on top of what goes with it.
        let melody = |n: &&crate::studio::desk::PieceNote| n.track < self.melody_tracks;
        let others = self.piece.notes.iter().filter(|n| !melody(n));
        for note in others.chain(self.piece.notes.iter().filter(melody)) {
            let x = note.start.0 as f32 / self.length() * size.width;
            let width = (note.end.since(note.start).0 as f32 / self.length() * size.width - 1.0).max(2.0);
            let y = (high - f32::from(note.key.get())) * row;
            let area = Size::new(width, (row - 0.5).clamp(2.0, 14.0));
            frame.fill_rectangle(Point::new(x, y), area, colour(note.track, self.melody_tracks, ink));
        }
    }
}

struct Board<'a, M> {
    tune: Tune<'a>,
    on_seek: Box<dyn Fn(Micros) -> M + 'a>,
}

impl<M> canvas::Program<M> for Board<'_, M> {
    type State = ();

    fn update(
        &self,
        _state: &mut (),
        event: &Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
    ) -> Option<canvas::Action<M>> {
        let Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) = event else { return None };
        let at = cursor.position_in(bounds)?;
        let share = (at.x / bounds.width.max(1.0)).clamp(0.0, 1.0);
        let at = Micros((share * self.tune.length()) as u64);
        Some(canvas::Action::publish((self.on_seek)(at)).and_capture())
    }

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let ink = theme::ink(theme);
        let notes = self.tune.cache.draw(renderer, bounds.size(), |frame| self.tune.draw(frame, &ink));
        let Some(position) = self.tune.position else { return vec![notes] };
        let mut over = Frame::new(renderer, bounds.size());
        let x = position.0 as f32 / self.tune.length() * bounds.width;
        over.fill_rectangle(Point::new(x, 0.0), Size::new(1.5, bounds.height), ink.text);
        vec![notes, over.into_geometry()]
    }

    fn mouse_interaction(&self, _state: &(), bounds: Rectangle, cursor: mouse::Cursor) -> mouse::Interaction {
        if cursor.is_over(bounds) { mouse::Interaction::Pointer } else { mouse::Interaction::None }
    }
}
