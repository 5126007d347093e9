//! A small picture of a roll: as data, drawn by whoever shows it.

use crate::music::composition::Composition;
use crate::music::edit::Columns;
use crate::music::time::Ticks;

/// The columns of a picture.
pub const COLUMNS: u8 = 120;

/// The fewest keys that a picture is high.
const LEAST_KEYS: u8 = 16;

/// Some notes of one key that lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The first column, from the left.
    pub column: u8,
    /// How many columns.
    pub width: u8,
    /// The row, from the top.
    pub row: u8,
}

/// What a roll looks like from afar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// How many rows it has; zero without notes.
    pub rows: u8,
    /// What is drawn.
    pub bars: Vec<Bar>,
}

impl Picture {
    /// Of a composition.
    #[must_use]
    pub fn of(composition: &Composition) -> Picture {
        let notes: Vec<_> = composition.tracks.iter().map(|t| t.notes()).collect();
        let notes = || notes.iter().flatten();
        let Some(end) = notes().map(|n| n.end.0).max() else { return Picture::default() };
        let start = notes().map(|n| n.start.0).min().unwrap_or(0);
        let width = (end - start).max(1) as f64 / f64::from(COLUMNS);
        let mut columns = Columns::new(Ticks(start), width, usize::from(COLUMNS));
        notes().for_each(|n| columns.add(n));
        let (mut low, mut high) = (127u8, 0u8);
        for n in notes() {
            low = low.min(n.key.get());
            high = high.max(n.key.get());
        }
        let missing = LEAST_KEYS.saturating_sub(high - low + 1);
        high = (high + missing.div_ceil(2)).min(127);
        low = low.saturating_sub(missing / 2);
        let mut bars = Vec::new();
        for key in (low..=high).rev() {
            let mut open: Option<Bar> = None;
            for (column, sounds) in (0..COLUMNS).zip(columns.as_slice().iter().map(|c| c.keys >> key & 1 == 1)) {
                match &mut open {
                    Some(bar) if sounds => bar.width += 1,
                    None if sounds => open = Some(Bar { column, width: 1, row: high - key }),
                    _ => bars.extend(open.take()),
                }
            }
            bars.extend(open);
        }
        Picture { rows: high - low + 1, bars }
    }
}
