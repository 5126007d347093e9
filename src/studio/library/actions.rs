//! Renaming, duplicating, importing. Nothing ever replaces a file that is there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{LibraryError, name, prepare};
use crate::music::smf;
use crate::studio::place::{InTheWay, place};

/// What became of a file that was to be imported.
pub type Imported = Result<PathBuf, LibraryError>;

/// Gives a file another name; its ending stays if the new name has none of MIDI's. Answers with where it is.
///
/// # Errors
/// When the name is none or is taken, or the file cannot be renamed.
pub fn rename(path: &Path, new_name: &str) -> Result<PathBuf, LibraryError> {
    let new_name = new_name.trim();
    let bad = |reason| LibraryError::BadName { name: new_name.to_owned(), reason };
    if new_name.is_empty() {
        return Err(bad("it is empty"));
    }
    if new_name.starts_with('.') {
        return Err(bad("names that begin with a dot are hidden"));
    }
    if new_name.chars().any(|c| c.is_control() || r#"/\:*?"<>|"#.contains(c)) {
        return Err(bad(r#"these do not go into names: / \ : * ? " < > |"#));
    }
    if new_name.len() > 200 {
        return Err(bad("it is too long"));
    }
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("mid");
    let has_one = Path::new(new_name).extension().is_some_and(|e| e.eq_ignore_ascii_case(extension));
    let full = if has_one { new_name.to_owned() } else { format!("{new_name}.{extension}") };
    let to = path.with_file_name(full);
    if to == path {
        return Ok(to);
    }
    match move_without_replacing(path, &to) {
        Ok(()) => Ok(to),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(LibraryError::Taken { name: name(&to) }),
        Err(e) => Err(LibraryError::of("renamed", path, &e)),
    }
}

/// Makes a copy beside a file, and answers with where it is.
///
/// # Errors
/// When the file cannot be read or the copy cannot be written.
pub fn duplicate(path: &Path) -> Result<PathBuf, LibraryError> {
    let bytes = fs::read(path).map_err(|e| LibraryError::of("read", path, &e))?;
    place(&bytes, path, InTheWay::TakeNextName).map_err(|e| LibraryError::of("duplicated", path, &e))
}

/// Makes a take of what was only captured: it goes up into the library's folder.
///
/// # Errors
/// When it cannot be read or written there; it stays where it is then.
pub fn keep(library: &Path, path: &Path) -> Result<PathBuf, LibraryError> {
    let bytes = fs::read(path).map_err(|e| LibraryError::of("read", path, &e))?;
    let kept = place(&bytes, &prepare(library)?.join(path.file_name().unwrap_or_default()), InTheWay::TakeNextName)
        .map_err(|e| LibraryError::of("kept", path, &e))?;
    // The take is safe; a captured stretch that cannot be removed is only there twice.
    let _ = fs::remove_file(path);
    Ok(kept)
}

/// Copies files into the library's folder as they are, each that is music.
#[must_use]
pub fn import(library: &Path, files: &[PathBuf]) -> Vec<Imported> {
    files.iter().map(|file| import_one(library, file)).collect()
}

fn import_one(library: &Path, file: &Path) -> Imported {
    let no_music = |reason: String| LibraryError::NoMusic { file: name(file), reason };
    let bytes = fs::read(file).map_err(|e| LibraryError::of("read", file, &e))?;
    let reading = smf::read(&bytes).map_err(|e| no_music(e.to_string()))?;
    if reading.composition.tracks.is_empty() {
        return Err(no_music("there is no track in it".to_owned()));
    }
    let folder = prepare(library)?;
    let known = ["mid", "midi", "smf", "kar", "rmi"];
    let stem = file.file_name().unwrap_or_default();
    let mut path = folder.join(stem);
    if !path.extension().and_then(|e| e.to_str()).is_some_and(|e| known.contains(&e.to_ascii_lowercase().as_str())) {
        let mut with_ending = stem.to_owned();
        with_ending.push(".mid");
        path = folder.join(with_ending);
    }
    place(&bytes, &path, InTheWay::TakeNextName).map_err(|e| LibraryError::of("imported", &path, &e))
}

/// Moves a file within a disk; what is in the way stays.
pub(super) fn move_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    // Only a change of capitals: on some disks the old name is in the way of the new.
    let same_but_capitals = from.parent() == to.parent()
        && from.file_name().map(|n| n.to_string_lossy().to_lowercase())
            == to.file_name().map(|n| n.to_string_lossy().to_lowercase());
    if same_but_capitals && from != to && fs::canonicalize(to).ok() == fs::canonicalize(from).ok() {
        return fs::rename(from, to);
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists || e.kind() == io::ErrorKind::NotFound => Err(e),
        // File systems without links: the name is taken first, by an empty file that is ours.
        Err(_) => {
            fs::OpenOptions::new().write(true).create_new(true).open(to)?;
            fs::rename(from, to).inspect_err(|_| {
                let _ = fs::remove_file(to);
            })
        }
    }
}

/// Removes a file for good: one that is of no use to anybody.
///
/// # Errors
/// When the disk says no.
pub fn discard(path: &Path) -> Result<(), LibraryError> {
    fs::remove_file(path).map_err(|e| LibraryError::of("deleted", path, &e))
}
