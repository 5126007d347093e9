//! What a roll looks like from afar: for every column of a picture, which keys sound in it and how loud.
//! A run of notes that is narrower than a column counts as a whole, so that a million notes take no longer to
//! look at than some thousand.

use super::document::EditedTrack;
use crate::music::composition::Note;
use crate::music::time::Ticks;

/// A column of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// The keys that sound in it, a bit each.
    pub keys: u128,
    /// The loudest velocity that begins in it; zero where none begins.
    pub velocity: u8,
}

/// The columns of a picture, which lie side by side between two ticks.
#[derive(Clone, Debug)]
pub struct Columns {
    from: f64,
    ticks_a_column: f64,
    columns: Vec<Column>,
}

impl Columns {
    /// Empty columns, the first beginning at `from`, each so many ticks wide.
    #[must_use]
    pub fn new(from: Ticks, ticks_a_column: f64, count: usize) -> Columns {
        let ticks_a_column = if ticks_a_column > 0.0 { ticks_a_column } else { 1.0 };
        Columns { from: from.0 as f64, ticks_a_column, columns: vec![Column::default(); count] }
    }

    /// The columns, from left to right.
    #[must_use]
    pub fn as_slice(&self) -> &[Column] {
        &self.columns
    }

    fn column(&self, at: u64) -> f64 {
        (at as f64 - self.from) / self.ticks_a_column
    }

    /// The columns from one tick to before another.
    fn span(&self, start: u64, end: u64) -> Option<std::ops::RangeInclusive<usize>> {
        let (first, last) = (self.column(start).floor(), (self.column(end) - 1e-9).floor());
        let last = last.max(first);
        let count = self.columns.len() as f64;
        (last >= 0.0 && first < count).then(|| first.max(0.0) as usize..=last.min(count - 1.0) as usize)
    }

    /// Adds a note.
    pub fn add(&mut self, note: &Note) {
        let Some(span) = self.span(note.start.0, note.end.0) else { return };
        let first = *span.start();
        let bit = 1 << note.key.get();
        for column in &mut self.columns[span] {
            column.keys |= bit;
        }
        if self.column(note.start.0) >= 0.0 {
            let loudest = &mut self.columns[first].velocity;
            *loudest = (*loudest).max(note.velocity.get());
        }
    }

    /// Adds the notes of a track.
    pub fn add_track(&mut self, track: &EditedTrack) {
        let to = self.from + self.ticks_a_column * self.columns.len() as f64;
        for run in track.notes.between(self.from.max(0.0) as u64, to.ceil() as u64) {
            match self.span(run.start(), run.end()) {
                Some(span) if span.start() == span.end() => {
                    let loudest = run.items().iter().step_by(16).map(|n| n.note.velocity.get()).max().unwrap_or(0);
                    let column = &mut self.columns[*span.start()];
                    column.keys |= run.keys();
                    column.velocity = column.velocity.max(loudest);
                }
                _ => run.items().iter().for_each(|n| self.add(&n.note)),
            }
        }
    }
}
