//! A document, what of it is selected, and what was done to it.

use super::document::{Document, EditedTrack, NoteId, PlacedNote, Rank};
use super::history::{Change, Exchange, History, Way};
use super::open::{Numbers, document};
use super::selection::Selection;
use super::settle::{Draft, end_hanging, settle};
use crate::music::composition::{Composition, Note};
use crate::music::message::Key;
use crate::music::time::Ticks;

/// An exchange of more than this share of a track's notes keeps the whole track instead.
const WHOLESALE: usize = 3;

/// What becomes of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays as it is.
    Stay,
    /// It becomes another.
    Become(Note),
    /// It goes.
    Go,
}

/// Edits a document. Every call that changes something is one step, and says whether anything changed.
#[derive(Clone, Debug)]
pub struct Editor {
    pub(super) document: Document,
    pub(super) selection: Selection,
    pub(super) numbers: Numbers,
    history: History,
}

impl Editor {
    /// Takes a composition apart.
    #[must_use]
    pub fn open(composition: &Composition) -> Editor {
        let mut numbers = Numbers::default();
        let document = document(composition, &mut numbers);
        Editor { document, selection: Selection::default(), numbers, history: History::default() }
    }

    /// The piece as it is now.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The number of the present state: undoing comes back to the number that was there.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.history.revision()
    }

    /// Takes the last step back, and answers with its name.
    pub fn undo(&mut self) -> Option<&'static str> {
        self.history.undo(&mut self.document)
    }

    /// Does again what was last taken back.
    pub fn redo(&mut self) -> Option<&'static str> {
        self.history.redo(&mut self.document)
    }

    /// What [`Editor::undo`] would take back.
    #[must_use]
    pub fn next_undo(&self) -> Option<&'static str> {
        self.history.next_undo()
    }

    /// What [`Editor::redo`] would do.
    #[must_use]
    pub fn next_redo(&self) -> Option<&'static str> {
        self.history.next_redo()
    }

    /// What is selected. Notes that are gone may be in it still, and are when they come back.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Selects these notes and no others.
    pub fn select(&mut self, selection: Selection) {
        self.selection = selection;
    }

    /// Selects all notes of a track, or of all tracks.
    pub fn select_all(&mut self, track: Option<usize>) {
        self.selection = self.those(track).map(|n| n.id).collect();
    }

    /// Selects what was not, and the other way round, in a track or in all.
    pub fn invert_selection(&mut self, track: Option<usize>) {
        let inverted = self.those(track).map(|n| n.id).filter(|id| !self.selection.contains(*id)).collect();
        self.selection = inverted;
    }

    /// The notes of a track that sound between two ticks and lie between two keys, both included.
    #[must_use]
    pub fn within(&self, track: usize, from: Ticks, to: Ticks, low: Key, high: Key) -> Selection {
        let Some(track) = self.document.track(track) else { return Selection::default() };
        let keys = low.get()..=high.get();
        track.notes_between(from, to).filter(|n| keys.contains(&n.note.key.get())).map(|n| n.id).collect()
    }

    /// The selected notes with their tracks.
    pub fn selected(&self) -> impl Iterator<Item = (usize, &PlacedNote)> {
        let chosen = |n: &&PlacedNote| self.selection.contains(n.id);
        let tracks = self.document.tracks.iter().enumerate().filter(|_| !self.selection.is_empty());
        tracks.flat_map(move |(i, t)| t.notes().filter(chosen).map(move |n| (i, n)))
    }

    fn those(&self, track: Option<usize>) -> impl Iterator<Item = &PlacedNote> {
        let tracks = self.document.tracks.iter().enumerate().filter(move |(i, _)| track.is_none_or(|t| t == *i));
        tracks.flat_map(|(_, t)| t.notes())
    }

    /// Adds a note to a track and selects it alone. `None` where there is no such track.
    pub fn draw(&mut self, track: usize, note: Note) -> Option<NoteId> {
        let ids = self.add("Draw note", vec![(track, note)]);
        ids.first().copied()
    }

    /// Adds notes to tracks, and selects them alone.
    pub(super) fn add(&mut self, name: &'static str, notes: Vec<(usize, Note)>) -> Vec<NoteId> {
        let mut drafts: Vec<Draft> = self.document.tracks.iter().map(|_| Draft::default()).collect();
        let mut ids = Vec::with_capacity(notes.len());
        for (track, note) in notes {
            let Some(draft) = drafts.get_mut(track) else { continue };
            let id = NoteId(self.numbers.next());
            ids.push(id);
            draft.placed.push(PlacedNote { id, note, on: Rank::BEGINS, off: Rank::ENDS });
        }
        if self.commit_drafts(name, drafts) {
            self.selection = ids.iter().copied().collect();
        }
        ids
    }

    /// Lets `fate` decide about every selected note, told its track.
    pub fn rewrite(&mut self, name: &'static str, mut fate: impl FnMut(usize, &PlacedNote) -> Fate) -> bool {
        let mut drafts = Vec::with_capacity(self.document.tracks.len());
        for (index, track) in self.document.tracks.iter().enumerate() {
            let mut draft = Draft::default();
            for old in track.notes().filter(|n| self.selection.contains(n.id)) {
                match fate(index, old) {
                    Fate::Become(note) if note != old.note => draft.change(old, note),
                    Fate::Stay | Fate::Become(_) => {}
                    Fate::Go => draft.gone.push(*old),
                }
            }
            drafts.push(draft);
        }
        self.commit_drafts(name, drafts)
    }

    /// Removes the selected notes.
    pub fn delete(&mut self) -> bool {
        self.rewrite("Delete notes", |_, _| Fate::Go)
    }

    fn commit_drafts(&mut self, name: &'static str, drafts: Vec<Draft>) -> bool {
        let tracks = self.document.tracks.iter().enumerate().zip(drafts);
        let changes = tracks
            .filter(|(_, draft)| !draft.is_empty())
            .map(|((index, track), draft)| exchange(track, settle(track, index, draft)))
            .collect();
        self.commit(name, changes)
    }

    /// Makes a step of changes; nothing happens without any.
    pub(super) fn commit(&mut self, name: &'static str, changes: Vec<Change>) -> bool {
        if changes.is_empty() {
            return false;
        }
        changes.iter().for_each(|c| c.apply(&mut self.document, Way::Forth));
        self.history.push(name, changes);
        true
    }

    /// Makes a step of one exchange in one track.
    pub(super) fn commit_exchange(&mut self, name: &'static str, mut exchange: Exchange) -> bool {
        let Some(track) = self.document.tracks.get(exchange.track).filter(|_| !exchange.is_empty()) else {
            return false;
        };
        end_hanging(track, &mut exchange);
        self.commit(name, vec![Change::Exchange(Box::new(exchange))])
    }
}

impl Draft {
    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.placed.is_empty()
    }

    fn change(&mut self, old: &PlacedNote, note: Note) {
        self.gone.push(*old);
        let before = old.note;
        let key_stays = (before.channel, before.key) == (note.channel, note.key);
        if key_stays && (before.start, before.end) == (note.start, note.end) {
            self.quiet.push(PlacedNote { note, ..*old });
        } else {
            let on = if key_stays && before.start == note.start { old.on } else { Rank::BEGINS };
            self.placed.push(PlacedNote { id: old.id, note, on, off: Rank::ENDS });
        }
    }
}

/// The exchange, or the whole track where most of it changes.
fn exchange(track: &EditedTrack, exchange: Exchange) -> Change {
    if exchange.gone.len() <= (track.note_count() / WHOLESALE).max(1_000) {
        return Change::Exchange(Box::new(exchange));
    }
    let mut after = track.clone();
    exchange.apply(&mut after, Way::Forth);
    Change::Track { index: exchange.track, before: Box::new(track.clone()), after: Box::new(after) }
}
