//! The user's tags: in one hidden file in the library's folder, so that they go where the folder goes.
//!
//! A tagged file is known by its name or, renamed behind our back, by its contents; one of both may change at a time.
//! Several windows may have one library: a change is made to what the file holds then, under a lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::actions::move_without_replacing;
use super::reason;
use crate::studio::place::{self, InTheWay, place};

pub(super) const FILE: &str = ".composer-tags.json";
/// Empty; whoever changes the tags holds it.
const LOCK: &str = ".composer-tags.lock";
/// Where a file that cannot be understood goes, or beside it.
const BROKEN: &str = ".composer-tags.broken.json";
const SCHEMA: &str = "composer.tags/1";

/// The most characters of a tag.
const LONGEST: usize = 40;

/// How often a lock that another program holds is tried, and how long after each time. A change takes milliseconds.
const TRIES: usize = 250;
const PAUSE: Duration = Duration::from_millis(20);

/// Why tags cannot be read or kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagsError {
    /// The file is not what it should be.
    #[error("the tags in {file} cannot be understood ({reason}). The file is kept as {kept} when you tag something.")]
    Broken {
        /// Which.
        file: String,
        /// Why.
        reason: String,
        /// Where to.
        kept: String,
    },
    /// The disk says no.
    #[error("the tags cannot be kept in {file}: {reason}")]
    Io {
        /// Which.
        file: String,
        /// Why.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Document {
    schema: String,
    files: Vec<Tagged>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tagged {
    /// Below the library's folder, with slashes.
    file: String,
    /// Of its contents, in hexadecimal; a number would lose digits in other programs.
    fingerprint: String,
    tags: BTreeSet<String>,
}

/// A change to the tags of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagChange {
    /// It has these from now on.
    Set {
        /// Which.
        path: PathBuf,
        /// What its bytes come to.
        fingerprint: u64,
        /// All of its tags; what is empty or too long is made fit.
        tags: Vec<String>,
    },
    /// It has another name.
    Renamed {
        /// The old one.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
    },
}

/// All tags of a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    folder: PathBuf,
    by_file: BTreeMap<String, Tagged>,
}

impl Tags {
    /// Reads them; the error comes with empty tags to go on with.
    #[must_use]
    pub fn load(folder: &Path) -> (Tags, Option<TagsError>) {
        let mut tags = Tags { folder: folder.to_owned(), ..Tags::default() };
        let path = folder.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return (tags, None),
            Err(e) => return (tags, Some(TagsError::Io { file: path.display().to_string(), reason: reason(&e) })),
        };
        match serde_json::from_slice::<Document>(&bytes) {
            Ok(document) if document.schema == SCHEMA => {
                tags.by_file = document.files.into_iter().map(|t| (t.file.clone(), t)).collect();
                (tags, None)
            }
            outcome => {
                let reason = match outcome {
                    Ok(document) => format!("they are of the kind `{}`", document.schema),
                    Err(e) => e.to_string(),
                };
                let kept = place::names(&folder.join(BROKEN)).find(|name| !name.exists());
                let kept = kept.unwrap_or_else(|| folder.join(BROKEN)).display().to_string();
                (tags, Some(TagsError::Broken { file: path.display().to_string(), reason, kept }))
            }
        }
    }

    fn key(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.folder).unwrap_or(path);
        below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// The tags of a file.
    #[must_use]
    pub fn of(&self, path: &Path, fingerprint: Option<u64>) -> BTreeSet<String> {
        self.entry(path, fingerprint).map(|t| t.tags.clone()).unwrap_or_default()
    }

    fn entry(&self, path: &Path, fingerprint: Option<u64>) -> Option<&Tagged> {
        let by_contents = || {
            let wanted = hexadecimal(fingerprint?);
            self.by_file.values().find(|t| t.fingerprint == wanted && !self.folder.join(&t.file).exists())
        };
        self.by_file.get(&self.key(path)).or_else(by_contents)
    }

    /// All tags that are in use.
    #[must_use]
    pub fn all(&self) -> BTreeSet<String> {
        self.by_file.values().flat_map(|t| t.tags.iter().cloned()).collect()
    }

    /// Makes a change to what is in memory.
    pub fn apply(&mut self, change: &TagChange) {
        match change {
            TagChange::Set { path, fingerprint, tags } => self.set(path, *fingerprint, tags),
            TagChange::Renamed { from, to } => self.renamed(from, to),
        }
    }

    fn set(&mut self, path: &Path, fingerprint: u64, tags: &[String]) {
        let tags: BTreeSet<String> = tags.iter().filter_map(|t| tame(t)).collect();
        if let Some(old) = self.entry(path, Some(fingerprint)).map(|t| t.file.clone()) {
            self.by_file.remove(&old);
        }
        if !tags.is_empty() {
            let file = self.key(path);
            let tagged = Tagged { file: file.clone(), fingerprint: hexadecimal(fingerprint), tags };
            self.by_file.insert(file, tagged);
        }
    }

    fn renamed(&mut self, from: &Path, to: &Path) {
        if let Some(mut tagged) = self.by_file.remove(&self.key(from)) {
            tagged.file = self.key(to);
            self.by_file.insert(tagged.file.clone(), tagged);
        }
    }

    /// Makes changes, in their order, to what the library's file holds at this moment, one program after the other.
    ///
    /// # Errors
    /// When the disk does not take them, or another program does not let go of the tags; they are as they were then.
    pub fn change(folder: &Path, changes: &[TagChange]) -> Result<(), TagsError> {
        let path = folder.join(FILE);
        let failed = |e: io::Error| TagsError::Io { file: path.display().to_string(), reason: reason(&e) };
        let _held = lock(folder).map_err(failed)?;
        let (before, trouble) = Tags::load(folder);
        if let Some(error @ TagsError::Io { .. }) = trouble {
            return Err(error);
        }
        let mut after = before.clone();
        changes.iter().for_each(|change| after.apply(change));
        if after == before {
            return Ok(());
        }
        if let Some(TagsError::Broken { .. }) = trouble {
            put_aside(&path, &folder.join(BROKEN)).map_err(failed)?;
        }
        let document = Document { schema: SCHEMA.to_owned(), files: after.by_file.into_values().collect() };
        let bytes = serde_json::to_vec_pretty(&document).map_err(|e| failed(e.into()))?;
        place(&bytes, &path, InTheWay::Replace).map_err(failed)?;
        Ok(())
    }
}

/// Held as long as the file is open.
fn lock(folder: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            // Where there are no locks the tags are changed without one: it is a matter of milliseconds.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
        }
    }
    Err(io::Error::other("another program is changing them. Try again."))
}

/// Moves a file that cannot be understood to the next free name: what was kept before stays.
fn put_aside(path: &Path, aside: &Path) -> io::Result<()> {
    for name in place::names(aside) {
        match move_without_replacing(path, &name) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return outcome,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn hexadecimal(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

fn tame(tag: &str) -> Option<String> {
    let tag: String =
        crate::music::composition::text::printable(tag).trim_start_matches('#').chars().take(LONGEST).collect();
    Some(tag.trim().to_owned()).filter(|t| !t.is_empty())
}
