//! Curves over steps: with axes, units, and beside the end of each its name and its value.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::canvas::{self, Cache, Frame, Geometry, LineCap, LineJoin, Path, Stroke, Text};
use iced::{Color, Element, Length, Point, Rectangle, Renderer, Size, Theme, mouse};

use crate::gui::theme::{self, Ink};

/// Left of the axis: its figures.
const LEFT: f32 = 46.0;
/// Right of the last step: names and values.
const RIGHT: f32 = 118.0;
const TOP: f32 = 24.0;
const BOTTOM: f32 = 36.0;
/// Between two lines of words.
const LINE: f32 = 15.0;

/// A curve.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// Its name.
    pub name: &'static str,
    /// Its points: steps that rise, and values.
    pub points: Vec<(u32, f64)>,
}

/// Several of them in one picture.
#[derive(Debug, Default)]
pub struct Curves {
    curves: Vec<Curve>,
    /// What values are in.
    unit: &'static str,
    /// The step at the right.
    steps: u32,
    cache: Cache,
}

impl Curves {
    /// These, still without points.
    #[must_use]
    pub fn named(unit: &'static str, names: &[&'static str]) -> Curves {
        let curves = names.iter().map(|name| Curve { name, points: Vec::new() }).collect();
        Curves { curves, unit, steps: 1, cache: Cache::new() }
    }

    /// The step at the right.
    pub fn until(&mut self, steps: u32) {
        self.steps = steps.max(1);
        self.cache.clear();
    }

    /// One more point of a curve.
    pub fn add(&mut self, curve: usize, step: u32, value: f64) {
        if let Some(curve) = self.curves.get_mut(curve).filter(|_| value.is_finite()) {
            curve.points.push((step, value));
            self.cache.clear();
        }
    }

    /// The last value of a curve.
    #[must_use]
    pub fn last(&self, curve: usize) -> Option<f64> {
        Some(self.curves.get(curve)?.points.last()?.1)
    }

    /// Draws it anew: the colours have changed.
    pub fn repaint(&mut self) {
        self.cache.clear();
    }

    /// The widget.
    pub fn view<'a, M: 'a>(&'a self) -> Element<'a, M> {
        canvas::Canvas::new(self).width(Length::Fill).height(Length::Fill).into()
    }

    /// The values from the lowest to the highest line, and how far apart lines are.
    fn range(&self) -> (f64, f64, f64) {
        let values = || self.curves.iter().flat_map(|c| c.points.iter().map(|p| p.1));
        let (low, high) = values().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return (0.0, 4.0, 1.0);
        }
        let apart = tidy((high - low).max(high.abs() * 0.05).max(1e-6) / 4.0);
        ((low / apart).floor().max(0.0) * apart, ((high / apart).ceil() + 0.5) * apart, apart)
    }

    fn draw(&self, frame: &mut Frame, ink: &Ink) {
        let size = frame.size();
        let (wide, high) = ((size.width - LEFT - RIGHT).max(1.0), (size.height - TOP - BOTTOM).max(1.0));
        let (low, top, apart) = self.range();
        let x = |step: u32| LEFT + step as f32 / self.steps as f32 * wide;
        let y = |value: f64| TOP + ((top - value) / (top - low)) as f32 * high;
        let small = |content: String, position: Point, color: Color| Text {
            content,
            position,
            color,
            size: 11.5.into(),
            font: theme::REGULAR,
            align_y: Vertical::Center,
            ..Text::default()
        };
        let places = if apart < 0.1 { 2 } else { 1 };
        for line in 0..=((top - low) / apart).floor() as u32 {
            let value = low + f64::from(line) * apart;
            let at = y(value).round();
            frame.fill_rectangle(Point::new(LEFT, at), Size::new(wide, 1.0), ink.line.scale_alpha(0.7));
            let text = small(format!("{value:.places$}"), Point::new(LEFT - 7.0, at), ink.muted);
            frame.fill_text(Text { align_x: Horizontal::Right.into(), ..text });
        }
        frame.fill_text(small(self.unit.to_owned(), Point::new(8.0, 9.0), ink.muted));
        let beside = tidy(f64::from(self.steps) / 5.0).max(1.0) as u32;
        for step in (0..=self.steps).step_by(beside as usize) {
            let at = x(step).round();
            frame.fill_rectangle(Point::new(at, TOP + high), Size::new(1.0, 5.0), ink.edge);
            let text = small(step.to_string(), Point::new(at, TOP + high + 13.0), ink.muted);
            frame.fill_text(Text { align_x: Horizontal::Center.into(), ..text });
        }
        frame.fill_rectangle(Point::new(LEFT, TOP + high), Size::new(wide, 1.0), ink.edge);
        let text = small("steps".to_owned(), Point::new(LEFT + wide, TOP + high + 27.0), ink.muted);
        frame.fill_text(Text { align_x: Horizontal::Right.into(), ..text });
        let mut ends = Vec::new();
        for (n, curve) in self.curves.iter().enumerate() {
            let colour = colour(n, ink);
            let at = |(step, value): &(u32, f64)| Point::new(x((*step).min(self.steps)), y(*value));
            let Some(last) = curve.points.last() else { continue };
            let path = Path::new(|path| {
                for (n, point) in curve.points.iter().enumerate() {
                    if n == 0 { path.move_to(at(point)) } else { path.line_to(at(point)) }
                }
            });
            let stroke = Stroke { line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
            frame.stroke(&path, stroke.with_color(colour).with_width(if n == 0 { 1.5 } else { 2.5 }));
            frame.fill(&Path::circle(at(last), if n == 0 { 2.5 } else { 4.0 }), colour);
            ends.push((at(last), colour, format!("{} {:.2}", curve.name, last.1)));
        }
        // Words that would lie on each other make room, the highest first.
        ends.sort_by(|a, b| a.0.y.total_cmp(&b.0.y));
        let most = size.height - BOTTOM - LINE * (ends.len().saturating_sub(1)) as f32;
        let mut free = f32::MIN;
        for (n, (at, colour, words)) in ends.into_iter().enumerate() {
            let y = at.y.min(most + LINE * n as f32).max(free);
            free = y + LINE;
            // Nearly seven points a letter, so that no line runs through words.
            let room = Size::new(words.chars().count() as f32 * 6.6, LINE);
            frame.fill_rectangle(Point::new(at.x + 7.0, y - LINE / 2.0), room, ink.ground);
            let text = small(words, Point::new(at.x + 9.0, y), colour);
            frame.fill_text(Text { font: theme::STRONG, ..text });
        }
    }
}

/// The colour of a curve: the first is for what goes up and down, the others are read.
#[must_use]
pub fn colour(curve: usize, ink: &Ink) -> Color {
    match curve {
        0 => ink.muted,
        1 => ink.accent,
        _ => ink.selected,
    }
}

/// The next larger of 1, 2, 5, 10, 20, 50 and so on.
fn tidy(least: f64) -> f64 {
    let ten = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0].map(|n| n * ten).into_iter().find(|n| *n >= least * 0.999).unwrap_or(10.0 * ten)
}

impl<M> canvas::Program<M> for Curves {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        vec![self.cache.draw(renderer, bounds.size(), |frame| self.draw(frame, &theme::ink(theme)))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_at_tidy_values_around_all_that_is_shown() {
        let mut curves = Curves::named("nats", &["one", "two"]);
        assert_eq!(curves.range(), (0.0, 4.0, 1.0));
        for (curve, value) in [(0, 2.31), (1, 1.94), (1, f64::NAN)] {
            curves.add(curve, 1, value);
        }
        let (low, high, apart) = curves.range();
        assert!((apart - 0.1).abs() < 1e-9 && low <= 1.94 && high >= 2.31, "{low} to {high} by {apart}");
        assert_eq!((curves.last(1), curves.last(2)), (Some(1.94), None));
        for (least, wanted) in [(0.9, 1.0), (1.1, 2.0), (3.0, 5.0), (60.0, 100.0), (0.03, 0.05)] {
            assert!((tidy(least) - wanted).abs() < wanted * 1e-9, "{least}");
        }
    }
}
