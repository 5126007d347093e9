//! Notes that were copied, to be put elsewhere.

use super::editor::Editor;
use super::{Fate, NoteId};
use crate::music::composition::Note;
use crate::music::time::Ticks;

/// Notes with their distances from the first of them, in tracks counted from the topmost of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clip {
    notes: Vec<(usize, Note)>,
    length: Ticks,
}

impl Clip {
    /// How many notes it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// From its first note's start to its last end.
    #[must_use]
    pub fn length(&self) -> Ticks {
        self.length
    }
}

impl Editor {
    /// The selected notes.
    #[must_use]
    pub fn copy(&self) -> Clip {
        let start = self.selected().map(|(_, n)| n.note.start.0).min().unwrap_or(0);
        let top = self.selected().map(|(track, _)| track).min().unwrap_or(0);
        let notes: Vec<_> = self
            .selected()
            .map(|(track, n)| {
                let note = Note { start: Ticks(n.note.start.0 - start), end: Ticks(n.note.end.0 - start), ..n.note };
                (track - top, note)
            })
            .collect();
        let length = notes.iter().map(|(_, n)| n.end).max().unwrap_or_default();
        Clip { notes, length }
    }

    /// The selected notes, which go.
    pub fn cut(&mut self) -> Clip {
        let clip = self.copy();
        self.rewrite("Cut notes", |_, _| Fate::Go);
        clip
    }

    /// Puts notes at a tick of a track, those of further tracks into the tracks below it, and selects them. Notes
    /// that change tracks take the channel of the track's own notes.
    pub fn paste(&mut self, clip: &Clip, track: usize, at: Ticks) -> Vec<NoteId> {
        let last = self.document.tracks.len().saturating_sub(1);
        let channels: Vec<_> = self.document.tracks.iter().map(|t| t.channel()).collect();
        let notes = clip
            .notes
            .iter()
            .map(|(below, note)| {
                let track = (track + below).min(last);
                let start = note.start.0.saturating_add(at.0);
                let end = note.end.0.saturating_add(at.0);
                let channel = channels.get(track).copied().flatten().unwrap_or(note.channel);
                (track, Note { start: Ticks(start), end: Ticks(end), channel, ..*note })
            })
            .collect();
        self.add("Paste notes", notes)
    }

    /// Puts a copy of the selected notes behind them, and selects it.
    pub fn duplicate(&mut self, step: Ticks) -> bool {
        let copy = self.copy();
        // Full steps, so that what is repeated falls into time again.
        let length = copy.length.0.div_ceil(step.0.max(1)).saturating_mul(step.0.max(1));
        let notes = self
            .selected()
            .map(|(track, n)| {
                let shifted = |t: Ticks| Ticks(t.0.saturating_add(length));
                (track, Note { start: shifted(n.note.start), end: shifted(n.note.end), ..n.note })
            })
            .collect();
        !self.add("Duplicate notes", notes).is_empty()
    }
}
