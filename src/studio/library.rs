//! The library: a folder of MIDI files that belongs to the user, who may change it behind our back at any time.
//!
//! Nothing here keeps a file open or believes that one is still there. What the folder holds is listed quickly
//! ([`list`]), what is in each file is read in the background ([`summarise`]), a [`Shelf`] joins both with the user's
//! tags and answers what to show. [`Stamp`]s tell for the price of some `stat` calls whether to look anew.
//!
//! Two things are put into the folder besides music, both hidden: the tags (`.composer-tags.json` with its lock, so that
//! they go wherever the folder goes) and what was deleted (`.composer-trash`, on the same disk, so that deleting and undoing
//! are renames that cannot half fail).

mod actions;
mod export;
mod listing;
mod picture;
mod shelf;
mod summary;
mod tags;
mod trash;

use std::io;
use std::path::{Path, PathBuf};

pub use actions::{Imported, discard, duplicate, import, keep, rename};
pub use export::{Sound, export_document, export_file, export_midi, exports, write_midi};
pub use listing::{FileId, Found, Listing, Stamp, is_music, list};
pub use picture::{Bar, COLUMNS, Picture};
pub use shelf::{Entry, Order, Query, Shelf, State};
pub use summary::{Summary, summarise};
pub use tags::{TagChange, Tags, TagsError};
pub use trash::{Trashed, empty_trash, put_back, remove_trashed, trash, trashed};

/// Why something in the library cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LibraryError {
    /// The folder cannot be listed.
    #[error(
        "the library's folder {folder} cannot be read: {reason}. Choose another in the settings, or allow reading it."
    )]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        reason: String,
    },
    /// A file has gone.
    #[error("{file} is not there any more. Somebody has moved or deleted it.")]
    Gone {
        /// Which.
        file: String,
    },
    /// It cannot be changed or written.
    #[error("{file} cannot be {what}: {reason}")]
    Failed {
        /// Which.
        file: String,
        /// What was to be done: `renamed`.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The name is none.
    #[error("`{name}` cannot be a file's name: {reason}")]
    BadName {
        /// What was wanted.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// There is another.
    #[error("there is a file named {name} already. Choose another name.")]
    Taken {
        /// The name.
        name: String,
    },
    /// What is to be imported is no music.
    #[error("{file} cannot be imported: {reason}")]
    NoMusic {
        /// Which.
        file: String,
        /// Why.
        reason: String,
    },
    /// The user said stop.
    #[error("stopped; nothing was written")]
    Stopped,
}

impl LibraryError {
    fn of(what: &'static str, path: &Path, error: &io::Error) -> LibraryError {
        match error.kind() {
            io::ErrorKind::NotFound if !path.exists() => LibraryError::Gone { file: name(path) },
            io::ErrorKind::AlreadyExists => LibraryError::Taken { name: name(path) },
            _ => LibraryError::Failed { file: name(path), what, reason: reason(error) },
        }
    }
}

/// What one look at the library shows.
#[derive(Clone, Debug)]
pub struct Look {
    /// Where it was looked.
    pub folder: PathBuf,
    /// The files.
    pub listing: Result<Listing, LibraryError>,
    /// The tags, as far as they can be read.
    pub tags: Tags,
    /// Why they cannot.
    pub trouble: Option<TagsError>,
}

/// Looks what the library holds: its files, then its tags, so that what changes meanwhile is seen with the next look.
#[must_use]
pub fn look(folder: &Path) -> Look {
    let listing = list(folder);
    let (tags, trouble) = Tags::load(folder);
    Look { folder: folder.to_owned(), listing, tags, trouble }
}

/// A file's name for people.
#[must_use]
pub fn name(path: &Path) -> String {
    crate::music::composition::text::printable(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

/// The system's words, with what to do where that is known.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "it is not permitted. Look at the rights of the folder.".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full. Make room and try again.".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk can only be read.".to_owned(),
        _ => error.to_string(),
    }
}

/// Makes the folder if it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn prepare(folder: &Path) -> Result<PathBuf, LibraryError> {
    std::fs::create_dir_all(folder)
        .map_err(|e| LibraryError::Folder { folder: folder.display().to_string(), reason: reason(&e) })?;
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests;
