//! A small picture of a piece, as it stands in lists.

use std::cell::Cell;

use iced::widget::canvas::{self, Cache, Geometry, Path};
use iced::{Element, Length, Point, Rectangle, Renderer, Size, Theme, mouse};

use crate::gui::theme;
use crate::studio::library::{COLUMNS, Picture};

/// Draws a picture once; `key` tells when it is another.
struct Thumb<'a> {
    picture: &'a Picture,
    key: u64,
}

/// The drawing, and what it is of.
#[derive(Debug, Default)]
struct Drawn {
    cache: Cache,
    of: Cell<(u64, bool)>,
}

/// A picture of this size.
pub fn thumb<'a, M: 'a>(picture: &'a Picture, key: u64, width: f32, height: f32) -> Element<'a, M> {
    canvas::Canvas::new(Thumb { picture, key }).width(Length::Fixed(width)).height(Length::Fixed(height)).into()
}

impl<M> canvas::Program<M> for Thumb<'_> {
    type State = Drawn;

    fn draw(
        &self,
        drawn: &Drawn,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let of = (self.key, theme.extended_palette().is_dark);
        if drawn.of.replace(of) != of {
            drawn.cache.clear();
        }
        let geometry = drawn.cache.draw(renderer, bounds.size(), |frame| {
            let (left, top) = (frame.width() * 0.03, frame.height() * 0.1);
            let wide = (frame.width() - 2.0 * left) / f32::from(COLUMNS);
            let high = (frame.height() - 2.0 * top) / f32::from(self.picture.rows.max(1));
            let bars = Path::new(|path| {
                for bar in &self.picture.bars {
                    let at = Point::new(left + f32::from(bar.column) * wide, top + f32::from(bar.row) * high);
                    path.rectangle(at, Size::new((f32::from(bar.width) * wide).max(1.0), (high - 0.5).max(1.0)));
                }
            });
            frame.fill(&bars, theme::ink(theme).accent);
        });
        vec![geometry]
    }
}
