//! The keys: as on the hardware, lit as played, and played with the mouse.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::canvas::{self, Cache, Event, Frame, Geometry, Path, Stroke, Text};
use iced::{Color, Element, Length, Point, Rectangle, Renderer, Size, Theme, border, mouse};

use super::piano::{Span, is_black};
use crate::gui::theme;
use crate::music::message::{Key, Velocity};
use crate::music::pitch;

/// How far down black keys reach.
const REACH: f32 = 0.62;

/// What somebody does with the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// A key goes down.
    Press(Key, Velocity),
    /// A key goes up.
    Release(Key),
}

/// The keys' drawing, kept until something about it changes.
#[derive(Debug, Default)]
pub struct Keys {
    cache: Cache,
    shown: Shown,
}

/// What the drawing shows.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    span: Span,
    down: u128,
    letters: Option<i8>,
    recording: bool,
    /// Those that are asked for.
    asked: u128,
}

impl Default for Shown {
    fn default() -> Shown {
        Shown { span: Span::AKM322, down: 0, letters: None, recording: false, asked: 0 }
    }
}

impl Keys {
    /// Shows these keys, of which those in `down` are lit; with the letters that play them, from the C of
    /// this octave.
    pub fn show(&mut self, span: Span, down: u128, letters: Option<i8>, recording: bool) {
        self.set(Shown { span, down, letters, recording, ..self.shown.clone() });
    }

    /// Marks keys that are to be struck.
    pub fn ask_for(&mut self, asked: u128) {
        self.set(Shown { asked, ..self.shown.clone() });
    }

    fn set(&mut self, shown: Shown) {
        if shown != self.shown {
            self.shown = shown;
            self.cache.clear();
        }
    }

    /// Draws everything anew: the colours have changed.
    pub fn repaint(&mut self) {
        self.cache.clear();
    }

    /// The widget.
    pub fn view<'a, M: 'a>(&'a self, on_touch: impl Fn(Touched) -> M + 'a) -> Element<'a, M> {
        canvas::Canvas::new(Board { keys: self, on_touch: Box::new(on_touch) })
            .width(Length::Fill)
            .height(Length::Fill)
            .into()
    }

    fn is_down(&self, key: Key) -> bool {
        self.shown.down >> key.get() & 1 == 1
    }

    /// A dot on a key that is to be struck, and is not yet.
    fn draw_asked(&self, frame: &mut Frame, key: Key, (left, width, height): (f32, f32, f32), lit: Color) {
        if self.shown.asked >> key.get() & 1 == 1 && !self.is_down(key) {
            let radius = (width * 0.3).clamp(3.0, 9.0);
            let middle = Point::new(left + width / 2.0, height - radius - if is_black(key) { 26.0 } else { 46.0 });
            frame.fill(&Path::circle(middle, radius), lit);
            frame.stroke(
                &Path::circle(middle, radius),
                Stroke::default().with_color(theme::readable_on(lit)).with_width(1.5),
            );
        }
    }

    fn draw(&self, frame: &mut Frame, theme: &Theme) {
        let ink = theme::ink(theme);
        let lit = if self.shown.recording { ink.record } else { ink.accent };
        let size = frame.size();
        let span = self.shown.span;
        let black_height = size.height * REACH;
        for key in span.keys().filter(|k| !is_black(*k)) {
            let place = span.place(key);
            let (left, width) = (place.left * size.width, place.width * size.width);
            let colour = if self.is_down(key) { lit } else { ink.white_key };
            // The gap between keys is the ground that shows.
            let shape = Path::rounded_rectangle(
                Point::new(left + 0.75, 0.0),
                Size::new((width - 1.5).max(1.0), size.height - 1.0),
                border::bottom((width / 5.0).min(5.0)),
            );
            frame.fill(&shape, colour);
            frame.stroke(&shape, Stroke::default().with_color(ink.line).with_width(1.0));
            if self.is_down(key) {
                frame_of(frame, (left, width, size.height - 1.0), lit);
            }
            self.draw_asked(frame, key, (left, width, size.height), lit);
            if key.get() % 12 == 0 && width > 9.0 {
                let colour = if self.is_down(key) { theme::readable_on(lit) } else { ink.on_white_key };
                let at = Point::new(left + width / 2.0, size.height - 14.0);
                frame.fill_text(label(pitch::name(key), at, colour, (width * 0.42).clamp(8.0, 12.0)));
            }
        }
        for key in span.keys().filter(|k| is_black(*k)) {
            let place = span.place(key);
            let (left, width) = (place.left * size.width, place.width * size.width);
            let down = self.is_down(key);
            let shape = Path::rounded_rectangle(
                Point::new(left, 0.0),
                Size::new(width, black_height),
                border::bottom((width / 5.0).min(4.0)),
            );
            frame.fill(&shape, if down { lit } else { ink.black_key });
            // A rim of light, so that black keys are told from a dark ground.
            frame.stroke(&shape, Stroke::default().with_color(ink.line).with_width(1.0));
            if down {
                frame_of(frame, (left, width, black_height), lit);
            }
            self.draw_asked(frame, key, (left, width, black_height), lit);
        }
        if let Some(octave) = self.shown.letters {
            self.draw_letters(frame, octave, theme);
        }
    }

    /// Which letters of the computer's keyboard play which keys.
    fn draw_letters(&self, frame: &mut Frame, octave: i8, theme: &Theme) {
        use crate::keyboard::virtual_keyboard::layout;
        let ink = theme::ink(theme);
        let on_lit = theme::readable_on(if self.shown.recording { ink.record } else { ink.accent });
        let size = frame.size();
        let span = self.shown.span;
        for letter in "awsedftgyhujkolp;".chars() {
            let Some(layout::Meaning::Note(semitones)) = layout::meaning(letter) else { continue };
            let Some(key) = layout::key(octave, semitones).filter(|k| span.has(*k)) else { continue };
            let place = span.place(key);
            let width = place.width * size.width;
            if width < 11.0 {
                return;
            }
            let x = (place.left + place.width / 2.0) * size.width;
            let (y, colour) = match (is_black(key), self.is_down(key)) {
                (_, true) => (if is_black(key) { REACH } else { 1.0 } * size.height - 32.0, on_lit),
                (true, _) => (size.height * REACH - 16.0, ink.on_black_key),
                (false, _) => (size.height - 32.0, ink.on_white_key),
            };
            frame.fill_text(label(letter.to_uppercase().to_string(), Point::new(x, y), colour, 11.0));
        }
    }
}

/// The frame of a key that is down: its colour alone would be too near to that of a white or a black key.
fn frame_of(frame: &mut Frame, (left, width, height): (f32, f32, f32), lit: Color) {
    let at = Point::new(left + 2.5, 1.5);
    let size = Size::new((width - 5.0).max(1.0), (height - 4.0).max(1.0));
    let shape = Path::rounded_rectangle(at, size, border::bottom((width / 6.0).min(3.0)));
    frame.stroke(&shape, Stroke::default().with_color(theme::readable_on(lit)).with_width(1.5));
}

fn label(content: String, position: Point, color: Color, size: f32) -> Text {
    Text {
        content,
        position,
        color,
        size: size.into(),
        font: theme::REGULAR,
        align_x: Horizontal::Center.into(),
        align_y: Vertical::Center,
        ..Text::default()
    }
}

struct Board<'a, M> {
    keys: &'a Keys,
    on_touch: Box<dyn Fn(Touched) -> M + 'a>,
}

impl<M> Board<'_, M> {
    /// The key under the mouse, and how hard it is struck: harder towards its front.
    fn under(&self, bounds: Rectangle, cursor: mouse::Cursor) -> Option<(Key, Velocity)> {
        let at = cursor.position_in(bounds)?;
        let (x, y) = (at.x / bounds.width, at.y / bounds.height);
        let key = self.keys.shown.span.key_at(x, y < REACH)?;
        let length = if is_black(key) { REACH } else { 1.0 };
        Some((key, Velocity::masked((45.0 + 70.0 * (y / length).clamp(0.0, 1.0)) as u8)))
    }
}

/// The mouse on the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Finger {
    #[default]
    Up,
    On(Key),
    /// Its button is down, and no key is.
    Between,
}

impl<M> canvas::Program<M> for Board<'_, M> {
    type State = Finger;

    fn update(
        &self,
        finger: &mut Finger,
        event: &Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
    ) -> Option<canvas::Action<M>> {
        let tell = |touched| Some(canvas::Action::publish((self.on_touch)(touched)).and_capture());
        match event {
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)) => {
                let (key, velocity) = self.under(bounds, cursor)?;
                *finger = Finger::On(key);
                tell(Touched::Press(key, velocity))
            }
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)) => {
                let Finger::On(key) = std::mem::take(finger) else { return None };
                tell(Touched::Release(key))
            }
            // A glissando: a movement lets one key go, the next one strikes the other.
            Event::Mouse(mouse::Event::CursorMoved { .. }) => match (*finger, self.under(bounds, cursor)) {
                (Finger::On(key), under) if under.map(|(k, _)| k) != Some(key) => {
                    *finger = Finger::Between;
                    tell(Touched::Release(key))
                }
                (Finger::Between, Some((key, velocity))) => {
                    *finger = Finger::On(key);
                    tell(Touched::Press(key, velocity))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn draw(
        &self,
        _finger: &Finger,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        vec![self.keys.cache.draw(renderer, bounds.size(), |frame| self.keys.draw(frame, theme))]
    }

    fn mouse_interaction(&self, _finger: &Finger, bounds: Rectangle, cursor: mouse::Cursor) -> mouse::Interaction {
        if cursor.is_over(bounds) { mouse::Interaction::Pointer } else { mouse::Interaction::None }
    }
}
