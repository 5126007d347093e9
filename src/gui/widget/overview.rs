//! A piece as a small picture, with the place where it is; a click goes there.

use std::sync::Arc;

use iced::widget::canvas::{self, Cache, Event, Frame, Geometry, Path};
use iced::{Element, Length, Point, Rectangle, Renderer, Size, Theme, border, mouse};

use crate::gui::theme::{self, Ink};
use crate::music::Micros;
use crate::studio::desk::Piece;

/// The room at both ends, so that round corners cut nothing off.
const INSET: f32 = 6.0;

/// The picture of a piece, and where it is.
#[derive(Debug, Default)]
pub struct Overview {
    piece: Option<Arc<Piece>>,
    at: Micros,
    picture: Cache,
    place: Cache,
}

impl Overview {
    /// Shows a piece.
    pub fn show(&mut self, piece: &Arc<Piece>) {
        self.piece = Some(Arc::clone(piece));
        self.picture.clear();
        self.move_to(Micros::ZERO);
    }

    /// Marks the place.
    pub fn move_to(&mut self, at: Micros) {
        if at != self.at {
            self.at = at;
        }
        self.place.clear();
    }

    /// Draws everything anew.
    pub fn repaint(&mut self) {
        self.picture.clear();
        self.place.clear();
    }

    /// The widget; `on_seek` is told the time that was clicked at.
    pub fn view<'a, M: 'a>(&'a self, on_seek: impl Fn(Micros) -> M + 'a) -> Element<'a, M> {
        canvas::Canvas::new(Strip { overview: self, on_seek: Box::new(on_seek) })
            .width(Length::Fill)
            .height(Length::Fill)
            .into()
    }

    fn draw_picture(&self, frame: &mut Frame, ink: &Ink) {
        let Some(piece) = &self.piece else { return };
        let size = frame.size();
        let length = piece.length().0.max(1) as f32;
        let keys = piece.notes.iter().map(|n| f32::from(n.key.get()));
        let (low, high) = keys.fold((127.0f32, 0.0f32), |(low, high), k| (low.min(k), high.max(k)));
        let rows = (high - low + 1.0).max(12.0);
        let row = (size.height - 8.0) / rows;
        // As many as there are columns of points: more could not be told apart.
        let step = (piece.notes.len() / (4 * size.width as usize).max(1)).max(1);
        for note in piece.notes.iter().step_by(step) {
            let x = x_of(note.start, length, size.width);
            let width = (x_of(note.end, length, size.width) - x).max(1.5);
            let y = 4.0 + (high - f32::from(note.key.get())) * row;
            frame.fill_rectangle(Point::new(x, y), Size::new(width, row.clamp(1.5, 5.0)), ink.accent);
        }
    }

    fn draw_place(&self, frame: &mut Frame, ink: &Ink) {
        let Some(piece) = &self.piece else { return };
        let size = frame.size();
        let x = x_of(self.at, piece.length().0.max(1) as f32, size.width);
        // As round as the surface that it lies on.
        let corners = border::left((theme::RADIUS - 1.0).min(x));
        let inside = Size::new((x - 1.0).max(0.0), (size.height - 2.0).max(0.0));
        let played = Path::rounded_rectangle(Point::new(1.0, 1.0), inside, corners);
        frame.fill(&played, ink.accent.scale_alpha(0.14));
        frame.fill_rectangle(Point::new((x - 1.0).max(0.0), 0.0), Size::new(2.0, size.height), ink.text);
    }
}

/// Where a time is drawn.
fn x_of(at: Micros, length: f32, width: f32) -> f32 {
    INSET + (at.0 as f32 / length).min(1.0) * (width - 2.0 * INSET)
}

struct Strip<'a, M> {
    overview: &'a Overview,
    on_seek: Box<dyn Fn(Micros) -> M + 'a>,
}

impl<M> canvas::Program<M> for Strip<'_, M> {
    /// Whether the mouse's button is down.
    type State = bool;

    fn update(
        &self,
        dragging: &mut bool,
        event: &Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
    ) -> Option<canvas::Action<M>> {
        match event {
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) if cursor.is_over(bounds) => {
                *dragging = true;
            }
            Event::Mouse(mouse::Event::CursorMoved { .. }) if *dragging => {}
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                *dragging = false;
                return None;
            }
            _ => return None,
        }
        let piece = self.overview.piece.as_ref()?;
        let share = ((cursor.position()?.x - bounds.x - INSET) / (bounds.width - 2.0 * INSET).max(1.0)).clamp(0.0, 1.0);
        let at = Micros((f64::from(share) * piece.length().0 as f64) as u64);
        Some(canvas::Action::publish((self.on_seek)(at)).and_capture())
    }

    fn draw(
        &self,
        _dragging: &bool,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let ink = theme::ink(theme);
        let picture =
            self.overview.picture.draw(renderer, bounds.size(), |frame| self.overview.draw_picture(frame, &ink));
        let place = self.overview.place.draw(renderer, bounds.size(), |frame| self.overview.draw_place(frame, &ink));
        vec![picture, place]
    }

    fn mouse_interaction(&self, _dragging: &bool, bounds: Rectangle, cursor: mouse::Cursor) -> mouse::Interaction {
        let over = self.overview.piece.is_some() && cursor.is_over(bounds);
        if over { mouse::Interaction::Pointer } else { mouse::Interaction::None }
    }
}
