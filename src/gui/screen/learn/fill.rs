//! The third page: the model at work, pass by pass. What it does not know yet is hatched.

use std::sync::Arc;

use iced::widget::canvas::{self, Frame as Canvas, Geometry, Path, Stroke};
use iced::widget::{column, container, row, text, tooltip};
use iced::{Alignment, Element, Length, Point, Rectangle, Renderer, Size, Theme, mouse};

use super::{Learn, Message};
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::theme::{self, Ink};
use crate::gui::widget::{labelled, line, tip, wanted};
use crate::music::Micros;
use crate::studio::compose::atelier::Melody;
use crate::studio::compose::passes::{Frame, Told};
use crate::studio::desk::{Piece, PieceNote, Sound};

/// What was seen of the model at work.
#[derive(Debug, Default)]
pub(super) struct Filling {
    melody: Option<(Melody, bool)>,
    frames: Vec<Frame>,
    /// So many passes are shown.
    shown: usize,
    /// Whether it has come to its end.
    is_whole: bool,
    trouble: Option<String>,
}

impl Filling {
    pub(super) fn hear(&mut self, told: Told) {
        match told {
            Told::Melody(melody, own) => self.melody = Some((melody, own)),
            Told::Frame(frame) => {
                self.frames.push(frame);
                self.shown = self.frames.len();
            }
        }
    }

    pub(super) fn end(&mut self, trouble: Option<String>) {
        self.shown = self.frames.len();
        self.is_whole = trouble.is_none() && !self.frames.is_empty();
        self.trouble = trouble;
    }

    pub(super) fn show(&mut self, passes: usize) {
        self.shown = passes.min(self.frames.len());
    }

    pub(super) fn passes(&self) -> usize {
        self.frames.len()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The melody with what was written to it, to be heard.
    pub(super) fn piece(&self) -> Option<Arc<Piece>> {
        let (melody, _) = self.melody.as_ref()?;
        Some(self.frames.last().map_or_else(|| Arc::clone(&melody.piece), |f| Arc::clone(&f.piece)))
    }
}

pub(super) fn view<'a>(screen: &'a Learn, now: &'a Now) -> Element<'a, Message> {
    let filling = &screen.filling;
    let about = match (&filling.trouble, &filling.melody) {
        (Some(trouble), _) => trouble.clone(),
        (None, None) => "The model looks at your newest take …".to_owned(),
        (None, Some((melody, own))) => {
            let whose = if *own { "your take" } else { "the sample" };
            format!("To {whose} {}: pass {} of {}", melody.name, filling.shown, of(filling, screen))
        }
    };
    let sounds = matches!(now.sound, Sound::Open { .. });
    let may = |message: Message| filling.is_whole.then_some(message);
    let buttons = row![
        container(line(about).size(theme::BODY)).width(Length::Fill),
        tip(
            labelled(Icon::Sound, "Listen").on_press_maybe(may(Message::Listen).filter(|_| sounds)),
            "Hear what it has written",
            tooltip::Position::Top
        ),
        tip(
            labelled(Icon::Compose, "Once more").on_press_maybe(may(Message::Again)),
            "Sets the model to work on your newest take",
            tooltip::Position::Top
        ),
        wanted(Icon::Play, "Replay").on_press_maybe(may(Message::Replay)),
    ]
    .spacing(theme::GAP)
    .align_y(Alignment::Center);
    let picture = canvas::Canvas::new(Masked(screen)).width(Length::Fill).height(Length::Fill);
    let legend = "Melody: given.   Hatched: not known yet.   The line: this pass.   Coloured: drawn by the model.";
    column![
        container(picture).style(theme::well).padding(1).height(Length::Fill),
        text(legend).size(theme::SMALL).style(theme::muted),
        buttons,
    ]
    .spacing(theme::GAP)
    .into()
}

fn of(filling: &Filling, screen: &Learn) -> String {
    if filling.is_whole || screen.at_work.is_none() { filling.frames.len().to_string() } else { "many".to_owned() }
}

/// The roll with its mask.
struct Masked<'a>(&'a Learn);

/// Keys more than are played, above and below.
const SPARE: f32 = 3.0;

impl Masked<'_> {
    fn draw(&self, canvas: &mut Canvas, ink: &Ink) {
        let filling = &self.0.filling;
        let Some((melody, _)) = &filling.melody else { return };
        let size = canvas.size();
        let frame = filling.shown.checked_sub(1).and_then(|n| filling.frames.get(n));
        let up_to = frame.map_or(Micros::ZERO, |f| f.up_to);
        // As far as is shown in the end: what the model was not asked for is left out.
        let end = filling.frames.last().map_or(Micros::ZERO, |f| f.up_to);
        let whole = if filling.is_whole { end } else { melody.piece.length().min(Micros(end.0.max(SIGHT.0))) };
        let length = whole.0.max(1) as f32;
        let written = filling.frames.last().map_or(&[][..], |f| f.notes.as_slice());
        let all = melody.piece.notes.iter().chain(written).map(|n| f32::from(n.key.get()));
        // A bass that is still to come has its room.
        let (low, high) = all.fold((43.0f32, 72.0f32), |(low, high), k| (low.min(k), high.max(k)));
        let (low, high) = (low - SPARE, high + SPARE);
        let row = size.height / (high - low + 1.0);
        let x = |at: Micros| at.0 as f32 / length * size.width;
        for beat in melody.piece.score.beats().iter().take_while(|b| b.at < whole) {
            let strength = if beat.accent { 0.9 } else { 0.35 };
            canvas.fill_rectangle(
                Point::new(x(beat.at).round(), 0.0),
                Size::new(1.0, size.height),
                ink.line.scale_alpha(strength),
            );
        }
        hatch(canvas, x(up_to), ink);
        let bar = |canvas: &mut Canvas, note: &PieceNote, colour| {
            let left = x(note.start);
            let width = (x(note.end) - left - 1.0).max(2.0);
            let y = (high - f32::from(note.key.get())) * row;
            let shape =
                Path::rounded_rectangle(Point::new(left, y), Size::new(width, (row - 1.0).max(3.0)), 2.5.into());
            canvas.fill(&shape, colour);
        };
        for note in frame.map_or(&[][..], |f| f.notes.as_slice()) {
            let new = note.track.saturating_sub(melody.composition.tracks.len());
            bar(canvas, note, ink.track(u8::try_from(new).unwrap_or(u8::MAX)));
        }
        for note in melody.piece.notes.iter().filter(|n| n.start < whole && !n.drum) {
            bar(canvas, note, ink.text);
        }
        if up_to < whole {
            canvas.fill_rectangle(Point::new(x(up_to) - 1.0, 0.0), Size::new(2.0, size.height), ink.accent);
        }
    }
}

/// So much of a piece is seen before it is known how far the model gets.
const SIGHT: Micros = Micros::from_millis(16_000);

/// The mask, from here to the right.
fn hatch(canvas: &mut Canvas, from: f32, ink: &Ink) {
    let size = canvas.size();
    if from >= size.width {
        return;
    }
    canvas.fill_rectangle(Point::new(from, 0.0), Size::new(size.width - from, size.height), ink.line.scale_alpha(0.25));
    let lines = Path::new(|path| {
        let apart = 14.0;
        let mut at = (from / apart).floor() * apart - size.height;
        while at < size.width {
            // From the lower left to the upper right, cut off where the mask begins.
            let cut = (from - at).max(0.0);
            if cut < size.height {
                path.move_to(Point::new(at + cut, size.height - cut));
                path.line_to(Point::new(at + size.height, 0.0));
            }
            at += apart;
        }
    });
    canvas.stroke(&lines, Stroke::default().with_color(ink.line).with_width(1.0));
}

impl<M> canvas::Program<M> for Masked<'_> {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        vec![self.0.picture.draw(renderer, bounds.size(), |canvas| self.draw(canvas, &theme::ink(theme)))]
    }
}
