//! Deleting, and taking it back: into a hidden folder of the library, on the same disk, by renaming. Files stay
//! there until the user empties it.
//!
//! A deletion has a folder of its own, named by its time (UTC), in which the file lies where it lay in the library:
//! `.composer-trash/2026-11-21 22.54.04.123/album/song.mid`. So nothing else has to be written down to bring it back, in
//! this session or in another. What older versions have left lies in the trash itself, as `song.mid` or `song.mid.1`.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::LibraryError;
use super::actions::move_without_replacing;
use super::listing::is_music;
use crate::studio::place;

const FOLDER: &str = ".composer-trash";

/// How the time of a deletion is written.
const STAMP: &str = "%Y-%m-%d %H.%M.%S.%3f";

/// Folders are gone into so deep: one for the time, and as deep as the library is.
const DEEPEST: usize = 9;

/// A file that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trashed {
    /// Where it was.
    pub original: PathBuf,
    /// Where it is now.
    pub kept: PathBuf,
    /// When it was deleted, where that is known.
    pub deleted: Option<Timestamp>,
    /// Bytes.
    pub size: u64,
}

/// Puts a file into the trash of a library.
///
/// # Errors
/// When it has gone, or may not be moved.
pub fn trash(library: &Path, path: &Path) -> Result<Trashed, LibraryError> {
    let failed = |e: io::Error| LibraryError::of("deleted", path, &e);
    let now = Timestamp::now();
    let stamp = now.to_zoned(TimeZone::UTC).strftime(STAMP).to_string();
    let inside = path.strip_prefix(library).ok().filter(|p| p.components().all(|c| matches!(c, Component::Normal(_))));
    let inside = inside.map_or_else(|| path.file_name().unwrap_or_default().into(), Path::to_owned);
    for number in 1..10_000 {
        let folder = if number == 1 { stamp.clone() } else { format!("{stamp} {number}") };
        let kept = library.join(FOLDER).join(folder).join(&inside);
        fs::create_dir_all(kept.parent().unwrap_or(library)).map_err(failed)?;
        match move_without_replacing(path, &kept) {
            Ok(()) => {
                let size = fs::metadata(&kept).map_or(0, |m| m.len());
                return Ok(Trashed { original: library.join(&inside), kept, deleted: Some(now), size });
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => {
                tidy(library, &kept);
                return Err(failed(e));
            }
        }
    }
    Err(failed(io::ErrorKind::AlreadyExists.into()))
}

/// Puts a deleted file back where it was, or beside what is there now, and answers with where.
///
/// # Errors
/// When it is not in the trash any more, or the place does not take it.
pub fn put_back(library: &Path, trashed: &Trashed) -> Result<PathBuf, LibraryError> {
    let failed = |e: io::Error| LibraryError::of("put back", &trashed.original, &e);
    if !trashed.kept.exists() {
        return Err(LibraryError::Gone { file: super::name(&trashed.original) });
    }
    if let Some(folder) = trashed.original.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    for path in place::names(&trashed.original) {
        match move_without_replacing(&trashed.kept, &path) {
            Ok(()) => {
                tidy(library, &trashed.kept);
                return Ok(path);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(failed(e)),
        }
    }
    Err(failed(io::ErrorKind::AlreadyExists.into()))
}

/// Removes a deleted file for good.
///
/// # Errors
/// When the disk says no.
pub fn remove_trashed(library: &Path, trashed: &Trashed) -> Result<(), LibraryError> {
    match fs::remove_file(&trashed.kept) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(LibraryError::of("deleted", &trashed.original, &e)),
        _ => {
            tidy(library, &trashed.kept);
            Ok(())
        }
    }
}

/// Removes the folders that a file has left empty.
fn tidy(library: &Path, kept: &Path) {
    let trash = library.join(FOLDER);
    for folder in kept.ancestors().skip(1).take_while(|f| f.starts_with(&trash)) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

/// What lies in the trash of a library, what was deleted last on top.
#[must_use]
pub fn trashed(library: &Path) -> Vec<Trashed> {
    let mut all = Vec::new();
    for entry in fs::read_dir(library.join(FOLDER)).into_iter().flatten().flatten() {
        let (name, kept) = (entry.file_name(), entry.path());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let deleted = time_of(&name.to_string_lossy());
            walk(library, &kept, deleted, &kept, 1, &mut all);
        } else {
            let original = library.join(without_number(Path::new(&name)));
            all.push(Trashed { original, size: entry.metadata().map_or(0, |m| m.len()), kept, deleted: None });
        }
    }
    all.sort_by(|a, b| b.deleted.cmp(&a.deleted).then_with(|| a.original.cmp(&b.original)));
    all
}

fn walk(library: &Path, top: &Path, deleted: Option<Timestamp>, folder: &Path, depth: usize, all: &mut Vec<Trashed>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kept = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if depth < DEEPEST {
                walk(library, top, deleted, &kept, depth + 1, all);
            }
        } else if let Ok(inside) = kept.strip_prefix(top) {
            let (original, size) = (library.join(inside), entry.metadata().map_or(0, |m| m.len()));
            all.push(Trashed { original, kept, deleted, size });
        }
    }
}

/// The time in the name of a deletion's folder; the second of a millisecond has a number behind it.
fn time_of(name: &str) -> Option<Timestamp> {
    let mut words = name.split(' ');
    let stamp = format!("{} {}", words.next()?, words.next()?);
    let at = DateTime::strptime("%Y-%m-%d %H.%M.%S%.f", stamp).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// `song.mid` for `song.mid.1`.
fn without_number(name: &Path) -> &Path {
    let number = name.extension().is_some_and(|e| e.to_str().is_some_and(|e| e.bytes().all(|b| b.is_ascii_digit())));
    let stem = name.file_stem().map(Path::new).filter(|stem| number && is_music(stem));
    stem.unwrap_or(name)
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
