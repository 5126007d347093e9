//! A piece in the editor and its file: opened, kept safe while it is edited, saved.
//!
//! The user's file is not touched until it is saved, and then replaced by one atomic rename. Until then every state
//! goes to a draft in the state folder: the whole piece, atomically in the place of the draft before, because that needs
//! no replaying to be trusted. A draft is locked by the program that writes it; one that nobody has locked was
//! left behind by a crash and is offered at the next start.

mod draft;

use std::fs;
use std::path::{Path, PathBuf};

pub use draft::{Draft, Keeper, Turn, damaged_drafts, drafts, follow};

use super::library::{FileId, name};
use super::place::{InTheWay, place};
use crate::audio::sequencer::{Score, Strip};
use crate::music::Composition;
use crate::music::edit::Document;
use crate::music::smf;

/// Why a piece cannot be opened, kept or saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It cannot be read.
    #[error("{file} cannot be opened: {reason}")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        reason: String,
    },
    /// It cannot be written; what was edited is still there.
    #[error("{file} cannot be saved: {reason}. Save it elsewhere; nothing is lost.")]
    Unwritable {
        /// Which.
        file: String,
        /// Why.
        reason: String,
    },
    /// Another program has written the file.
    #[error("{file} was changed by another program since it was opened. Save under another name to keep both.")]
    ChangedBehind {
        /// Which.
        file: String,
    },
    /// Somebody has moved or deleted the file.
    #[error("{file} is not there any more: it was moved or deleted. Save once more to make it anew.")]
    Gone {
        /// Which.
        file: String,
    },
    /// Another piece would take the place of changes that are nowhere else.
    #[error("{name} has changes that cannot be kept safe: {reason}. Save or discard them first.")]
    WouldBeLost {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// The draft cannot be written.
    #[error("what you edit cannot be kept safe in {folder}: {reason}. Save often.")]
    NotKept {
        /// Where.
        folder: String,
        /// Why.
        reason: String,
    },
}

/// A file as it was when it was opened or saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where.
    pub path: PathBuf,
    id: Option<FileId>,
}

impl Origin {
    /// The file as it is now.
    #[must_use]
    pub fn of(path: &Path) -> Origin {
        Origin { path: path.to_owned(), id: FileId::of(path) }
    }

    /// The same file under another name.
    #[must_use]
    pub fn renamed(&self, to: &Path) -> Origin {
        Origin { path: to.to_owned(), id: self.id }
    }

    /// The file has gone, and the user knows: saving makes a new one.
    #[must_use]
    pub fn gone(&self) -> Origin {
        Origin { path: self.path.clone(), id: None }
    }
}

/// Reads a file to be edited, with what was odd about it in words.
///
/// # Errors
/// When it cannot be read or is no music.
pub fn open(path: &Path) -> Result<(Composition, Origin, Vec<String>), EditError> {
    let unreadable = |reason: String| EditError::Unreadable { file: name(path), reason };
    let origin = Origin::of(path);
    let bytes = fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    let reading = smf::read(&bytes).map_err(|e| unreadable(e.to_string()))?;
    Ok((reading.composition, origin, reading.warnings.iter().map(ToString::to_string).collect()))
}

/// Saves a piece in the place of its file.
///
/// # Errors
/// When the file was changed behind our back or has gone, or cannot be written; all is as it was then.
pub fn save(document: &Document, origin: &Origin) -> Result<Origin, EditError> {
    let file = || name(&origin.path);
    match (FileId::of(&origin.path), origin.id) {
        (None, None) => save_as(document, &origin.path, InTheWay::TakeNextName),
        (None, Some(_)) => Err(EditError::Gone { file: file() }),
        (now, then) if now == then => save_as(document, &origin.path, InTheWay::Replace),
        _ => Err(EditError::ChangedBehind { file: file() }),
    }
}

/// Saves a piece under a name.
///
/// # Errors
/// When it cannot be written.
pub fn save_as(document: &Document, path: &Path, in_the_way: InTheWay) -> Result<Origin, EditError> {
    let failed = |reason: String| EditError::Unwritable { file: name(path), reason };
    let bytes = smf::write(&document.composition()).map_err(|e| failed(e.to_string()))?;
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
    }
    let placed = place(&bytes, path, in_the_way).map_err(|e| failed(e.to_string()))?;
    Ok(Origin::of(&placed))
}

/// Mute and solo of the tracks as the sequencer has them; instrument, volume and pan are in the piece itself.
#[must_use]
pub fn strips(document: &Document, score: &Score) -> Vec<Strip> {
    let strip = |track: usize| {
        let mix = document.track(track).map(|t| t.mix()).unwrap_or_default();
        Strip { mute: mix.mute, solo: mix.solo, ..Strip::default() }
    };
    score.strips().iter().map(|info| strip(info.track)).collect()
}

#[cfg(test)]
mod tests;
