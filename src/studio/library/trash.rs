//! Deleting, and taking it back: into a hidden folder of the library, on the same disk, by renaming. Files stay
//! there until the user empties it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::LibraryError;
use super::actions::move_without_replacing;

const FOLDER: &str = ".composer-trash";

/// A file that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trashed {
    /// Where it was.
    pub original: PathBuf,
    /// Where it is now.
    pub kept: PathBuf,
}

/// Puts a file into the trash of a library.
///
/// # Errors
/// When it has gone, or may not be moved.
pub fn trash(library: &Path, path: &Path) -> Result<Trashed, LibraryError> {
    let failed = |e: io::Error| LibraryError::of("deleted", path, &e);
    let folder = library.join(FOLDER);
    fs::create_dir_all(&folder).map_err(failed)?;
    let name = path.file_name().unwrap_or_default();
    for number in 0..10_000 {
        let mut kept = name.to_owned();
        if number > 0 {
            kept.push(format!(".{number}"));
        }
        let kept = folder.join(kept);
        match move_without_replacing(path, &kept) {
            Ok(()) => return Ok(Trashed { original: path.to_owned(), kept }),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(failed(e)),
        }
    }
    Err(failed(io::ErrorKind::AlreadyExists.into()))
}

/// Puts a deleted file back where it was, or beside what is there now, and answers with where.
///
/// # Errors
/// When it is not in the trash any more, or the place does not take it.
pub fn put_back(trashed: &Trashed) -> Result<PathBuf, LibraryError> {
    let failed = |e: io::Error| LibraryError::of("put back", &trashed.original, &e);
    if !trashed.kept.exists() {
        return Err(LibraryError::Gone { file: super::name(&trashed.original) });
    }
    if let Some(folder) = trashed.original.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    for path in super::actions::free_names(&trashed.original) {
        match move_without_replacing(&trashed.kept, &path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(failed(e)),
        }
    }
    Err(failed(io::ErrorKind::AlreadyExists.into()))
}

/// What lies in a trash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrashSize {
    /// Files.
    pub files: usize,
    /// Bytes in them.
    pub bytes: u64,
}

/// How much is in the trash.
#[must_use]
pub fn trash_size(library: &Path) -> TrashSize {
    let entries = fs::read_dir(library.join(FOLDER)).into_iter().flatten().flatten();
    entries.fold(TrashSize::default(), |size, entry| TrashSize {
        files: size.files + 1,
        bytes: size.bytes + entry.metadata().map_or(0, |m| m.len()),
    })
}

/// Removes what is in the trash, for good.
///
/// # Errors
/// When something cannot be removed.
pub fn empty_trash(library: &Path) -> Result<(), LibraryError> {
    let folder = library.join(FOLDER);
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(LibraryError::of("emptied", &folder, &e)),
        _ => Ok(()),
    }
}
