//! Where one looks: between pixels, ticks and keys. Pure geometry.

use iced::{Rectangle, Size};

use crate::music::Ticks;
use crate::music::message::Key;

/// How wide the keys at the left are, and the names of drums in their place.
const KEYS: f32 = 52.0;
const DRUMS: f32 = 112.0;
/// How high the ruler is.
pub(super) const RULER: f32 = 34.0;
/// How high the lane is.
pub(super) const LANE: f32 = 92.0;

/// The height of a key's row.
const ROWS: std::ops::RangeInclusive<f32> = 5.0..=32.0;

/// How high it is as a rule.
const ROW: f32 = 14.0;

/// Between pixels, ticks and keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewport {
    /// The tick at the left edge of the notes.
    left: f64,
    ticks_a_pixel: f64,
    /// Pixels of rows above the top edge of the notes.
    top: f32,
    row: f32,
    /// The width of the keys.
    keys: f32,
    size: Size,
    /// Nobody looks behind this tick.
    extent: f64,
}

/// A piece that no one has opened yet may be as long as it likes.
const ENDLESS: f64 = 1e15;

impl Default for Viewport {
    fn default() -> Viewport {
        let row = ROW;
        // The middle of the keyboard in the middle of the window.
        Viewport {
            left: 0.0,
            ticks_a_pixel: 8.0,
            top: 47.0 * row,
            row,
            keys: KEYS,
            size: Size::new(900.0, 560.0),
            extent: ENDLESS,
        }
    }
}

impl Viewport {
    /// The canvas has another size.
    pub fn set_size(&mut self, size: Size) {
        self.size = size;
        self.limit();
    }

    /// Keys at the left, or the names of drums, which need more room.
    pub fn set_drums(&mut self, drums: bool) {
        self.keys = if drums { DRUMS } else { KEYS };
        self.limit();
    }

    /// How wide what stands at the left is.
    #[must_use]
    pub fn keys(&self) -> f32 {
        self.keys
    }

    /// The piece, and room behind it, ends here: one can look no farther.
    pub fn set_extent(&mut self, end: Ticks) {
        self.extent = (end.0 as f64).clamp(1.0, ENDLESS);
        self.limit();
    }

    /// Where the notes are on the canvas.
    #[must_use]
    pub fn notes(&self) -> Rectangle {
        let height = (self.size.height - RULER - LANE).max(1.0);
        Rectangle { x: self.keys, y: RULER, width: (self.size.width - self.keys).max(1.0), height }
    }

    /// Where the lane is.
    #[must_use]
    pub fn lane(&self) -> Rectangle {
        let notes = self.notes();
        Rectangle { y: notes.y + notes.height, height: LANE, ..notes }
    }

    /// The height of a key's row.
    #[must_use]
    pub fn row(&self) -> f32 {
        self.row
    }

    /// How much time a pixel is.
    #[must_use]
    pub fn ticks_a_pixel(&self) -> f64 {
        self.ticks_a_pixel
    }

    /// The first tick that is seen.
    #[must_use]
    pub fn left(&self) -> Ticks {
        Ticks(self.left.max(0.0) as u64)
    }

    /// The tick after the last that is seen.
    #[must_use]
    pub fn right(&self) -> Ticks {
        self.tick(self.size.width + 1.0)
    }

    /// Where a tick is, in pixels from the canvas's left edge.
    #[must_use]
    pub fn x(&self, at: Ticks) -> f32 {
        self.keys + ((at.0 as f64 - self.left) / self.ticks_a_pixel) as f32
    }

    /// The tick at a place; zero for what is before the beginning.
    #[must_use]
    pub fn tick(&self, x: f32) -> Ticks {
        Ticks((self.left + f64::from(x - self.keys) * self.ticks_a_pixel).max(0.0) as u64)
    }

    /// The upper edge of a key's row.
    #[must_use]
    pub fn y(&self, key: Key) -> f32 {
        RULER + f32::from(127 - key.get()) * self.row - self.top
    }

    /// The key of a row; beyond the keyboard its last one.
    #[must_use]
    pub fn key(&self, y: f32) -> Key {
        let row = ((y - RULER + self.top) / self.row).floor().clamp(0.0, 127.0);
        Key::masked(127 - row as u8)
    }

    /// Looks elsewhere.
    pub fn scroll(&mut self, x: f32, y: f32) {
        self.left += f64::from(x) * self.ticks_a_pixel;
        self.top += y;
        self.limit();
    }

    /// Makes time wider (above 1) or narrower; what is at `x` stays there.
    pub fn zoom(&mut self, factor: f32, x: f32) {
        let at = self.left + f64::from(x - self.keys) * self.ticks_a_pixel;
        self.ticks_a_pixel = self.allowed(self.ticks_a_pixel / f64::from(factor));
        self.left = at - f64::from(x - self.keys) * self.ticks_a_pixel;
        self.limit();
    }

    /// Makes rows higher or lower; what is at `y` stays there.
    pub fn zoom_rows(&mut self, factor: f32, y: f32) {
        let before = self.row;
        self.row = (self.row * factor).clamp(*ROWS.start(), *ROWS.end());
        self.top = (self.top + y - RULER) * self.row / before - (y - RULER);
        self.limit();
    }

    /// Shows these ticks and keys, with some space around them; rows are lower than usual where that takes it.
    pub fn fit(&mut self, from: Ticks, to: Ticks, keys: Option<(Key, Key)>) {
        let notes = self.notes();
        let length = to.0.saturating_sub(from.0).max(1) as f64;
        self.ticks_a_pixel = self.allowed(length * 1.04 / f64::from(notes.width));
        self.left = from.0 as f64;
        if let Some((low, high)) = keys {
            let rows = f32::from(high.get().saturating_sub(low.get())) + 3.0;
            self.row = (notes.height / rows).clamp(*ROWS.start(), ROW);
            let middle = (254.0 - f32::from(low.get()) - f32::from(high.get())) / 2.0 + 0.5;
            self.top = middle * self.row - notes.height / 2.0;
        }
        self.limit();
    }

    /// Shows at most so much time.
    pub fn zoom_to_at_most(&mut self, length: Ticks) {
        self.ticks_a_pixel = self.ticks_a_pixel.min(length.0.max(1) as f64 / f64::from(self.notes().width));
    }

    /// Turns the page if a place has left it; whether it did.
    pub fn follow(&mut self, at: Ticks) -> bool {
        let x = self.x(at);
        let notes = self.notes();
        if x >= notes.x && x <= notes.x + notes.width * 0.96 {
            return false;
        }
        self.left = at.0 as f64 - f64::from(notes.width) * 0.04 * self.ticks_a_pixel;
        self.limit();
        true
    }

    /// Brings a key into view; whether that needed a move.
    pub fn reveal(&mut self, key: Key) -> bool {
        let notes = self.notes();
        let y = self.y(key);
        let before = self.top;
        if y < notes.y {
            self.top -= notes.y - y;
        } else if y + self.row > notes.y + notes.height {
            self.top += y + self.row - notes.y - notes.height;
        }
        self.limit();
        before != self.top
    }

    /// Not nearer than a tick can be told, and not farther than everything fits.
    fn allowed(&self, ticks_a_pixel: f64) -> f64 {
        ticks_a_pixel.min(self.extent / f64::from(self.notes().width)).max(0.05)
    }

    fn limit(&mut self) {
        self.ticks_a_pixel = self.allowed(self.ticks_a_pixel);
        let width = self.ticks_a_pixel * f64::from(self.notes().width);
        self.left = self.left.clamp(0.0, (self.extent - width).max(0.0));
        let lowest = 128.0 * self.row - self.notes().height;
        self.top = self.top.min(lowest).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_music_translate_both_ways_wherever_one_looks() {
        let mut view = Viewport::default();
        view.set_size(Size::new(1000.0, 600.0));
        for (zoom, scroll) in [(1.0, 0.0), (3.0, 500.0), (0.1, 20.0)] {
            view.zoom(zoom, 300.0);
            view.zoom_rows(zoom, 200.0);
            view.scroll(scroll, scroll);
            for x in [60.0, 400.0, 999.0] {
                assert!((view.x(view.tick(x)) - x).abs() <= (1.0 / view.ticks_a_pixel()) as f32 + 0.01);
            }
            for y in [30.0, 200.0, 480.0] {
                let key = view.key(y);
                assert!(view.y(key) <= y && y < view.y(key) + view.row() + 0.01);
            }
        }
    }

    #[test]
    fn what_is_under_the_mouse_stays_there_while_zooming() {
        let mut view = Viewport::default();
        view.scroll(4_000.0, 0.0);
        let (tick, key) = (view.tick(333.0), view.key(222.0));
        view.zoom(2.5, 333.0);
        view.zoom_rows(1.3, 222.0);
        assert!(view.tick(333.0).0.abs_diff(tick.0) <= 8);
        assert_eq!(view.key(222.0), key);
    }

    #[test]
    fn nobody_gets_lost_behind_the_end() {
        let mut view = Viewport::default();
        view.set_extent(Ticks(100_000));
        view.scroll(1e9, 0.0);
        assert!(view.right().0.abs_diff(100_000) <= 20, "{view:?}");
        view.zoom(1e-9, 600.0);
        assert_eq!(view.left(), Ticks(0));
        assert!(view.right().0.abs_diff(100_000) <= 200, "{view:?}");
        view.set_size(Size::new(3_000.0, 700.0));
        view.fit(Ticks(0), Ticks(90_000), None);
        assert_eq!(view.left(), Ticks(0));
    }

    #[test]
    fn everything_is_seen_from_the_lowest_to_the_highest_key_in_a_small_window_too() {
        let (low, high) = (Key::masked(45), Key::masked(79));
        for (height, row) in [(400.0, None), (900.0, Some(ROW))] {
            let mut view = Viewport::default();
            view.set_size(Size::new(800.0, height));
            view.fit(Ticks(0), Ticks(10_000), Some((low, high)));
            let notes = view.notes();
            assert!(view.y(high) >= notes.y && view.y(low) + view.row() <= notes.y + notes.height, "{view:?}");
            assert!(row.is_none_or(|row| row == view.row()), "there is no need to be smaller");
        }
    }

    #[test]
    fn a_page_is_turned_when_the_cursor_leaves_it() {
        let mut view = Viewport::default();
        assert!(!view.follow(Ticks(100)));
        assert!(view.follow(Ticks(1_000_000)));
        assert!(!view.follow(Ticks(1_000_100)));
        assert!(view.follow(Ticks(0)));
        assert_eq!(view.left(), Ticks(0));
    }
}
