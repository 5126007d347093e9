//! What files there are: names, sizes and times, without opening one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{LibraryError, reason};

/// Folders are gone into so deep.
const DEEPEST: usize = 8;

/// The folder in the library that holds no takes: what was exported.
const OURS: &str = super::export::EXPORTS;

/// More files than this are not shown.
const MOST: usize = 200_000;

/// By what a file is taken for the same as before: its size and the time of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Bytes.
    pub size: u64,
    /// When it was last changed.
    pub modified: SystemTime,
}

/// A file that may be music, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// As it was when it was listed.
    pub id: FileId,
    /// Whether the always-on capture kept it, and nobody made it a take.
    pub captured: bool,
}

/// What a folder held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files, in the order of their paths.
    pub files: Vec<Found>,
    /// When to list again.
    pub stamp: Stamp,
}

/// The folders and when something in them last came, went or was renamed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, Option<SystemTime>)>);

impl Stamp {
    /// Whether a folder has changed since: one `stat` a folder. A file that another program writes over in its
    /// place shows with the next full listing.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.0.iter().any(|(folder, then)| changed(folder) != *then)
    }
}

fn changed(folder: &Path) -> Option<SystemTime> {
    fs::metadata(folder).and_then(|m| m.modified()).ok()
}

/// Lists a folder and those in it. A folder that is not there holds nothing.
///
/// # Errors
/// When the folder itself cannot be read; folders in it are passed over then.
pub fn list(folder: &Path) -> Result<Listing, LibraryError> {
    let mut listing = Listing::default();
    // Taken before looking: what comes meanwhile is seen next time.
    let stamp = changed(folder);
    match fs::read_dir(folder) {
        Ok(entries) => {
            listing.stamp.0.push((folder.to_owned(), stamp));
            walk(entries, 0, false, &mut listing);
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => listing.stamp.0.push((folder.to_owned(), None)),
        Err(e) => return Err(LibraryError::Folder { folder: folder.display().to_string(), reason: reason(&e) }),
    }
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

fn walk(entries: fs::ReadDir, depth: usize, captured: bool, listing: &mut Listing) {
    for entry in entries.flatten() {
        let path = entry.path();
        if listing.files.len() >= MOST || entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // Links are not followed: one that leads upwards would never end.
        let Ok(kind) = entry.file_type() else { continue };
        let is_ours = depth == 0 && entry.file_name() == OURS;
        if kind.is_dir() && depth < DEEPEST && !is_ours {
            let captured = captured || (depth == 0 && entry.file_name() == crate::studio::desk::CAPTURED);
            let stamp = changed(&path);
            if let Ok(entries) = fs::read_dir(&path) {
                listing.stamp.0.push((path, stamp));
                walk(entries, depth + 1, captured, listing);
            }
        } else if is_music(&path)
            && let Ok(metadata) = fs::metadata(&path)
            && metadata.is_file()
        {
            let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            listing.files.push(Found { path, id: FileId { size: metadata.len(), modified }, captured });
        }
    }
}

/// Whether a file may be music, by its name.
#[must_use]
pub fn is_music(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    ["mid", "midi", "smf", "kar", "rmi"].contains(&extension.as_str())
}
