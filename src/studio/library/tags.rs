//! The user's tags: in one hidden file in the library's folder, so that they go where the folder goes.
//!
//! A tagged file is known by its name or, renamed behind our back, by its contents; one of both may change at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::reason;
use crate::studio::place::{InTheWay, place};

const FILE: &str = ".composer-tags.json";
const SCHEMA: &str = "composer.tags/1";

/// The most characters of a tag.
const LONGEST: usize = 40;

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

/// All tags of a library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    folder: PathBuf,
    by_file: BTreeMap<String, Tagged>,
    /// The file there is none of ours and must not be lost.
    broken: bool,
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
            Err(e) => {
                tags.broken = true;
                return (tags, Some(TagsError::Io { file: path.display().to_string(), reason: reason(&e) }));
            }
        };
        match serde_json::from_slice::<Document>(&bytes) {
            Ok(document) if document.schema == SCHEMA => {
                tags.by_file = document.files.into_iter().map(|t| (t.file.clone(), t)).collect();
                (tags, None)
            }
            outcome => {
                tags.broken = true;
                let reason = match outcome {
                    Ok(document) => format!("they are of the kind `{}`", document.schema),
                    Err(e) => e.to_string(),
                };
                let kept = tags.kept().display().to_string();
                (tags, Some(TagsError::Broken { file: path.display().to_string(), reason, kept }))
            }
        }
    }

    fn kept(&self) -> PathBuf {
        self.folder.join(".composer-tags.broken.json")
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

    /// Sets the tags of a file; what is empty or too long is made fit.
    pub fn set(&mut self, path: &Path, fingerprint: u64, tags: impl IntoIterator<Item = String>) {
        let tags: BTreeSet<String> = tags.into_iter().filter_map(|t| tame(&t)).collect();
        if let Some(old) = self.entry(path, Some(fingerprint)).map(|t| t.file.clone()) {
            self.by_file.remove(&old);
        }
        if !tags.is_empty() {
            let file = self.key(path);
            let tagged = Tagged { file: file.clone(), fingerprint: hexadecimal(fingerprint), tags };
            self.by_file.insert(file, tagged);
        }
    }

    /// The file has another name now.
    pub fn renamed(&mut self, from: &Path, to: &Path) {
        if let Some(mut tagged) = self.by_file.remove(&self.key(from)) {
            tagged.file = self.key(to);
            self.by_file.insert(tagged.file.clone(), tagged);
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn save(&mut self) -> Result<(), TagsError> {
        let path = self.folder.join(FILE);
        let failed = |e: io::Error| TagsError::Io { file: path.display().to_string(), reason: reason(&e) };
        if self.broken && path.exists() {
            fs::rename(&path, self.kept()).map_err(failed)?;
        }
        self.broken = false;
        let document = Document { schema: SCHEMA.to_owned(), files: self.by_file.values().cloned().collect() };
        let bytes = serde_json::to_vec_pretty(&document).map_err(|e| failed(e.into()))?;
        place(&bytes, &path, InTheWay::Replace).map_err(failed)?;
        Ok(())
    }
}

fn hexadecimal(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

fn tame(tag: &str) -> Option<String> {
    let tag: String =
        crate::music::composition::text::printable(tag).trim_start_matches('#').chars().take(LONGEST).collect();
    Some(tag.trim().to_owned()).filter(|t| !t.is_empty())
}
