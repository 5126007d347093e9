//! A piece on the desk: ready to be performed, and its notes in microseconds for whoever draws them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audio::sequencer::Score;
use crate::music::composition::Format;
use crate::music::message::{Key, Velocity};
use crate::music::smf::{self, Reading};
use crate::music::{Composition, Micros, general_midi};

/// Why a piece cannot be put on the desk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// It is no MIDI file.
    #[error("{path} is no MIDI file that can be played: {reason}")]
    Odd {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A note of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceNote {
    /// When the key goes down.
    pub start: Micros,
    /// When it goes up.
    pub end: Micros,
    /// The key.
    pub key: Key,
    /// How hard it is struck.
    pub velocity: Velocity,
    /// The track that it is in, from 0.
    pub track: usize,
    /// Whether it is a drum, on the channel of percussion.
    pub drum: bool,
}

/// A piece. Made once, then shared and never changed.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its name for people.
    pub name: String,
    /// Its file.
    pub path: Option<PathBuf>,
    /// What is performed.
    pub score: Arc<Score>,
    /// Its notes, by their start.
    pub notes: Vec<PieceNote>,
    /// The length of its longest note: what sounds at a time began no earlier than that before.
    pub longest: Micros,
    /// What was odd about the file, in words.
    pub warnings: Vec<String>,
}

impl Piece {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is of no use.
    pub fn read(path: &Path) -> Result<Piece, PieceError> {
        let shown = || path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| PieceError::Unreadable { path: shown(), reason: e.to_string() })?;
        let Reading { composition, warnings } =
            smf::read(&bytes).map_err(|e| PieceError::Odd { path: shown(), reason: e.to_string() })?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let warnings = warnings.iter().map(ToString::to_string).collect();
        Ok(Piece { path: Some(path.to_owned()), warnings, ..Piece::of(name, &composition) })
    }

    /// Makes a composition ready.
    #[must_use]
    pub fn of(name: String, composition: &Composition) -> Piece {
        let mut notes = Vec::with_capacity(composition.note_count());
        let shared = composition.tempo_map();
        let mut offset = Micros::ZERO;
        for (track, events) in composition.tracks.iter().enumerate() {
            let own = (composition.format == Format::Sequential).then(|| composition.tempo_map_of(track));
            let map = own.as_ref().unwrap_or(&shared);
            notes.extend(events.notes().into_iter().map(|note| PieceNote {
                start: offset.plus(map.micros(note.start)),
                end: offset.plus(map.micros(note.end)),
                key: note.key,
                velocity: note.velocity,
                track,
                drum: note.channel == general_midi::PERCUSSION,
            }));
            if own.is_some() {
                offset = offset.plus(map.micros(events.end()));
            }
        }
        notes.sort_by_key(|n| n.start);
        let longest = notes.iter().map(|n| n.end.since(n.start)).max().unwrap_or_default();
        Piece { name, path: None, score: Arc::new(Score::new(composition)), notes, longest, warnings: Vec::new() }
    }

    /// The notes that sound between two times, or begin between them.
    pub fn between(&self, from: Micros, to: Micros) -> impl Iterator<Item = &PieceNote> {
        self.numbered_between(from, to).map(|(_, note)| note)
    }

    /// The same with their numbers.
    pub fn numbered_between(&self, from: Micros, to: Micros) -> impl Iterator<Item = (usize, &PieceNote)> {
        let first = self.notes.partition_point(|n| n.start.plus(self.longest) < from);
        let last = self.notes.partition_point(|n| n.start < to).max(first);
        (first..).zip(&self.notes[first..last]).filter(move |(_, n)| n.end > from)
    }

    /// How long it lasts.
    #[must_use]
    pub fn length(&self) -> Micros {
        self.score.length()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_a_piece_with_its_notes_in_order() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/melodies/demo.mid");
        let piece = Piece::read(&path).unwrap();
        assert_eq!(piece.name, "demo");
        assert!(!piece.notes.is_empty() && piece.notes.is_sorted_by_key(|n| n.start));
        assert!(piece.notes.iter().all(|n| n.start < n.end && n.end <= piece.length()));
    }

    #[test]
    fn what_is_no_piece_says_so_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("not.mid");
        assert!(matches!(Piece::read(&path), Err(PieceError::Unreadable { .. })));
        std::fs::write(&path, "not a MIDI file").unwrap();
        let error = Piece::read(&path).unwrap_err();
        assert!(error.to_string().contains("not.mid"), "{error}");
    }
}
