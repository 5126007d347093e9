//! What files there are: names, sizes and times, without opening one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::{LibraryError, reason, tags};

/// Folders are gone into so deep.
const DEEPEST: usize = 8;

/// The folder in the library that holds no takes: what was exported.
const OURS: &str = super::export::EXPORTS;

/// More files than this are not shown.
const MOST: usize = 200_000;

/// So many of the files that nobody sees are looked at in one look, so that a large library at rest costs next to nothing.
const AT_ONCE: usize = 100;

/// By what a file is taken for the same as before: its size and the time of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    /// Bytes.
    pub size: u64,
    /// When it was last changed.
    pub modified: SystemTime,
}

impl FileId {
    /// The file as it is now; none where there is none.
    #[must_use]
    pub fn of(path: &Path) -> Option<FileId> {
        fs::metadata(path).ok().map(|metadata| FileId::in_metadata(&metadata))
    }

    fn in_metadata(metadata: &fs::Metadata) -> FileId {
        FileId { size: metadata.len(), modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH) }
    }
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

/// How everything was when it was listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The folders and when something in them last came, went or was renamed; and the file of the tags.
    places: Vec<(PathBuf, Option<SystemTime>)>,
    /// In the order of their paths.
    files: Arc<Vec<(PathBuf, FileId)>>,
}

impl Stamp {
    /// Whether something has changed since: one `stat` a folder, which tells of files that come, go or are renamed, and one
    /// a file, so that one which another program writes over in its place is seen: at each look those in `sight`, and of the
    /// others a hundred, each time another part; `look` is its number.
    #[must_use]
    pub fn is_stale(&self, look: usize, sight: &[PathBuf]) -> bool {
        let parts = self.files.len().div_ceil(AT_ONCE).max(1);
        let part = self.files.iter().skip(look % parts * AT_ONCE).take(AT_ONCE);
        let in_sight = sight.iter().filter_map(|path| {
            let at = self.files.binary_search_by(|(file, _)| file.cmp(path)).ok()?;
            self.files.get(at)
        });
        self.places.iter().any(|(place, then)| changed(place) != *then)
            || in_sight.chain(part).any(|(file, then)| FileId::of(file) != Some(*then))
    }
}

fn changed(place: &Path) -> Option<SystemTime> {
    fs::metadata(place).and_then(|m| m.modified()).ok()
}

/// Lists a folder and those in it. A folder that is not there holds nothing.
///
/// # Errors
/// When the folder itself cannot be read; folders in it are passed over then.
pub fn list(folder: &Path) -> Result<Listing, LibraryError> {
    let mut listing = Listing::default();
    // Taken before looking: what comes meanwhile is seen next time.
    let stamp = changed(folder);
    let tags = folder.join(tags::FILE);
    listing.stamp.places.push((tags.clone(), changed(&tags)));
    match fs::read_dir(folder) {
        Ok(entries) => {
            listing.stamp.places.push((folder.to_owned(), stamp));
            walk(entries, 0, false, &mut listing);
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            listing.stamp.places.push((folder.to_owned(), None));
        }
        Err(e) => return Err(LibraryError::Folder { folder: folder.display().to_string(), reason: reason(&e) }),
    }
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    listing.stamp.files = Arc::new(listing.files.iter().map(|f| (f.path.clone(), f.id)).collect());
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
                listing.stamp.places.push((path, stamp));
                walk(entries, depth + 1, captured, listing);
            }
        } else if is_music(&path)
            && let Ok(metadata) = fs::metadata(&path)
            && metadata.is_file()
        {
            listing.files.push(Found { path, id: FileId::in_metadata(&metadata), captured });
        }
    }
}

/// Whether a file may be music, by its name.
#[must_use]
pub fn is_music(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    ["mid", "midi", "smf", "kar", "rmi"].contains(&extension.as_str())
}
