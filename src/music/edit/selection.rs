//! Which notes are selected: a bit a note, so that a million of them cost 125 kB and an answer costs nothing.

use super::NoteId;

/// A set of notes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    words: Vec<u64>,
    count: usize,
}

impl Selection {
    /// Whether a note is in it.
    #[must_use]
    pub fn contains(&self, id: NoteId) -> bool {
        self.words.get(id.0 as usize / 64).is_some_and(|w| w >> (id.0 % 64) & 1 == 1)
    }

    /// How many are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a note or takes it out.
    pub fn set(&mut self, id: NoteId, selected: bool) {
        let word = id.0 as usize / 64;
        if word >= self.words.len() {
            if !selected {
                return;
            }
            self.words.resize(word + 1, 0);
        }
        let bit = 1 << (id.0 % 64);
        if selected != (self.words[word] & bit != 0) {
            self.words[word] ^= bit;
            self.count = if selected { self.count + 1 } else { self.count - 1 };
        }
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        *self = Selection::default();
    }
}

impl Extend<NoteId> for Selection {
    fn extend<I: IntoIterator<Item = NoteId>>(&mut self, ids: I) {
        ids.into_iter().for_each(|id| self.set(id, true));
    }
}

impl FromIterator<NoteId> for Selection {
    fn from_iter<I: IntoIterator<Item = NoteId>>(ids: I) -> Selection {
        let mut selection = Selection::default();
        selection.extend(ids);
        selection
    }
}
