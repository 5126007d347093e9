//! The level meter: two bars over 60 dB, with the highest level of the last while.

use iced::widget::canvas::{self, Cache, Frame, Geometry, Path};
use iced::{Color, Element, Length, Point, Rectangle, Renderer, Size, Theme, mouse};

use crate::gui::theme::{self, Ink};

/// The lowest level that is shown, in decibels below full scale.
const FLOOR: f32 = -60.0;

/// How fast a bar falls, in decibels a pulse.
const FALL: f32 = 1.4;

/// The pulses that the highest level stays for.
const STAY: u8 = 30;

/// Levels in decibels below full scale.
#[derive(Debug)]
pub struct Meter {
    levels: [f32; 2],
    peak: (f32, u8),
    cache: Cache,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter { levels: [FLOOR; 2], peak: (FLOOR, 0), cache: Cache::new() }
    }
}

impl Meter {
    /// Takes the largest samples since the last time; at rest everything falls to the floor.
    pub fn hear(&mut self, peaks: [f32; 2], rest: bool) {
        for (level, peak) in self.levels.iter_mut().zip(peaks) {
            let heard = if peak > 0.0 { 20.0 * peak.log10() } else { FLOOR };
            *level = if rest { FLOOR } else { heard.max(*level - FALL).clamp(FLOOR, 0.0) };
        }
        let highest = self.levels[0].max(self.levels[1]);
        self.peak = match self.peak {
            _ if rest => (FLOOR, 0),
            (peak, _) if highest >= peak => (highest, STAY),
            (_, 0) => (highest, 0),
            (peak, left) => (peak, left - 1),
        };
        self.cache.clear();
    }

    /// Draws it anew.
    pub fn repaint(&mut self) {
        self.cache.clear();
    }

    /// The highest level of the last while, in words.
    #[must_use]
    pub fn words(&self) -> String {
        if self.peak.0 <= FLOOR { "silent".to_owned() } else { format!("{:.0} dB", self.peak.0) }
    }

    /// The widget.
    pub fn view<'a, M: 'a>(&'a self) -> Element<'a, M> {
        canvas::Canvas::new(self).width(Length::Fill).height(Length::Fixed(14.0)).into()
    }

    fn draw(&self, frame: &mut Frame, ink: &Ink, warning: Color) {
        let size = frame.size();
        let share = |level: f32| (level - FLOOR) / -FLOOR;
        for (row, level) in self.levels.iter().enumerate() {
            let y = row as f32 * 8.0;
            let whole = Path::rounded_rectangle(Point::new(0.0, y), Size::new(size.width, 6.0), 3.0.into());
            frame.fill(&whole, ink.line);
            let width = share(*level) * size.width;
            if width > 1.0 {
                let colour = if *level > -3.0 { warning } else { ink.accent };
                let bar =
                    Path::rounded_rectangle(Point::new(0.0, y), Size::new(width, 6.0), (width / 2.0).min(3.0).into());
                frame.fill(&bar, colour);
            }
        }
        if self.peak.0 > FLOOR {
            let x = (share(self.peak.0) * size.width - 2.0).max(0.0);
            frame.fill_rectangle(Point::new(x, 0.0), Size::new(2.0, 14.0), ink.text);
        }
    }
}

impl<M> canvas::Program<M> for Meter {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let warning = theme.extended_palette().warning.base.color;
        vec![self.cache.draw(renderer, bounds.size(), |frame| self.draw(frame, &theme::ink(theme), warning))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_rise_at_once_fall_slowly_and_rest_on_the_floor() {
        let mut meter = Meter::default();
        meter.hear([1.0, 0.1], false);
        assert_eq!((meter.levels, meter.words().as_str()), ([0.0, -20.0], "0 dB"));
        meter.hear([0.0, 0.0], false);
        assert_eq!(meter.levels, [-FALL, -20.0 - FALL]);
        meter.hear([0.0, 0.0], true);
        assert_eq!((meter.levels, meter.words().as_str()), ([FLOOR; 2], "silent"));
    }
}
