//! Files of this user in a store: what is there, bringing one there, fetching it, letting others listen.
//!
//! - [`sync`]: the library here and the one in the store, made alike.
//! - [`share`]: a page that plays, and the link to it.
//!
//! A file is known by its name, a path in any script. Names of objects are plain, so a file's objects lie below the
//! hash of its name: each of its versions is a document that is written once (`library/HASH/000001.json`, then
//! `000002.json`), with the content beside it. Of two computers that change a file at the same time one hears that
//! the other was first, and nothing is written over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::jobs;
use crate::jobs::client::{AT_ONCE, parallel};
use crate::jobs::patience::{document, listing, once, patiently, to_json};
use crate::store::{self, Attributes, Key, LARGEST, Objects};

pub mod share;
pub mod sync;

/// Below this are the files.
const SHELF: &str = "library/";
const SCHEMA: &str = "composer.file/1";
/// A name has at most so many parts, and each so many bytes.
const DEEPEST: usize = 9;
const LONGEST_PART: usize = 255;

/// Why a file did not go to the store, or did not come from there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// What lies in the store.
    #[error(transparent)]
    Document(jobs::Error),
    /// Another computer was first with a version.
    #[error("{name} was changed by another computer at the same time")]
    Overtaken {
        /// Which.
        name: String,
    },
    /// A version is gone, or broken.
    #[error("{name} cannot be fetched: what is in the store is not what was brought there")]
    Broken {
        /// Which.
        name: String,
    },
    /// A name that is none.
    #[error("`{name}` cannot be a file's name in a store")]
    BadName {
        /// What was wanted.
        name: String,
    },
    /// A file of this computer.
    #[error("{}: {why}", path.display())]
    Local {
        /// Which.
        path: PathBuf,
        /// What happened.
        why: String,
    },
}

impl From<jobs::Error> for Error {
    fn from(error: jobs::Error) -> Error {
        match error {
            jobs::Error::Store(e) => Error::Store(e),
            other => Error::Document(other),
        }
    }
}

impl Error {
    fn local(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
        |e| Error::Local { path: path.to_owned(), why: e.to_string() }
    }
}

/// What a version's document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    schema: String,
    /// The file's name: a path with `/` between its parts.
    pub name: String,
    /// None where the file was deleted.
    pub content: Option<Content>,
    /// When it was brought there, by the clock of who brought it.
    pub brought: Timestamp,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// A file's newest version in a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// From 1.
    pub number: u32,
    /// What it says.
    pub document: Document,
}

impl Version {
    fn content(&self) -> Option<&Content> {
        self.document.content.as_ref()
    }
}

/// SHA-256, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a name, wherever it comes from, stays below the folder that it is put into, on every system.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let odd = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
    let part = |part: &str| {
        !part.is_empty()
            && part.len() <= LONGEST_PART
            && !part.starts_with('.')
            && !part.ends_with(['.', ' '])
            && !part.contains(odd)
    };
    name.split('/').count() <= DEEPEST && name.split('/').all(part)
}

fn shelf_of(name: &str) -> String {
    format!("{SHELF}{}/", &sha256(name.as_bytes())[..32])
}

fn key(text: String) -> Result<Key, Error> {
    Key::new(text).map_err(|e| Error::BadName { name: e.to_string() })
}

fn document_key(name: &str, number: u32) -> Result<Key, Error> {
    key(format!("{}{number:06}.json", shelf_of(name)))
}

/// The version's number keeps apart what two computers bring at the same time, and what was there before.
fn content_key(name: &str, number: u32, content: &Content) -> Result<Key, Error> {
    let extension = name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    let plain = |e: &String| (1..=5).contains(&e.len()) && e.bytes().all(|c| c.is_ascii_alphanumeric());
    let extension = extension.filter(plain).unwrap_or_else(|| "bin".to_owned());
    key(format!("{}{number:06}-{}.{extension}", shelf_of(name), content.sha256.get(..16).unwrap_or_default()))
}

/// What one listing tells of all files: their numbers of versions, but not their names, for which documents are read.
#[derive(Debug)]
pub struct Index(BTreeMap<String, (u32, Key)>);

impl Index {
    /// Asks the store.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn of(store: &dyn Objects) -> Result<Index, Error> {
        let (entries, _) = listing(store, SHELF, None)?;
        let mut newest: BTreeMap<String, (u32, Key)> = BTreeMap::new();
        for entry in entries {
            let Some((shelf, file)) = entry.key.as_str().rsplit_once('/') else { continue };
            let number = file.strip_suffix(".json").filter(|n| n.len() == 6).and_then(|n| n.parse().ok());
            let Some(number) = number else { continue };
            let slot = newest.entry(format!("{shelf}/")).or_insert_with(|| (number, entry.key.clone()));
            if number > slot.0 {
                *slot = (number, entry.key);
            }
        }
        Ok(Index(newest))
    }

    /// The newest version of a file; none where there was never one of that name.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn version(&self, store: &dyn Objects, name: &str) -> Result<Option<Version>, Error> {
        let shelf = shelf_of(name);
        self.0.get(&shelf).map_or(Ok(None), |(number, key)| read(store, &shelf, *number, key))
    }
}

/// Reads a version's document; none where it is of no use.
fn read(store: &dyn Objects, shelf: &str, number: u32, key: &Key) -> Result<Option<Version>, Error> {
    let document = match document::<Document>(store, key) {
        Ok(Some(document)) => document,
        Ok(None) | Err(jobs::Error::Document { .. }) => return Ok(None),
        Err(e) => return Err(Error::from(e)),
    };
    // A document speaks for the file in whose place it lies, and for no other.
    let name = &document.name;
    let right = document.schema == SCHEMA && is_name(name) && shelf_of(name) == shelf;
    Ok(right.then_some(Version { number, document }))
}

/// The newest version of every file, those that were deleted too, by name. What is `known` is not read again.
///
/// # Errors
/// When the store cannot be asked. Documents that are of no use are passed over.
pub fn list(store: &dyn Objects, known: &BTreeMap<String, Version>) -> Result<BTreeMap<String, Version>, Error> {
    let by_shelf: BTreeMap<String, &Version> = known.iter().map(|(name, v)| (shelf_of(name), v)).collect();
    let newest: Vec<(String, (u32, Key))> = Index::of(store)?.0.into_iter().collect();
    let versions = parallel::each(&newest, AT_ONCE, |(shelf, (number, key))| {
        match by_shelf.get(shelf).filter(|v| v.number == *number) {
            Some(version) => Ok(Some((*version).clone())),
            None => read(store, shelf, *number, key),
        }
    });
    let mut files = BTreeMap::new();
    for version in versions {
        if let Some(version) = version? {
            files.insert(version.document.name.clone(), version);
        }
    }
    Ok(files)
}

/// Brings a file to the store as the version after `before`.
///
/// # Errors
/// [`Error::Overtaken`] when another computer has brought that version; nothing of theirs is harmed.
pub fn bring(store: &dyn Objects, name: &str, bytes: &[u8], before: Option<&Version>) -> Result<Version, Error> {
    if !is_name(name) {
        return Err(Error::BadName { name: name.to_owned() });
    }
    let content = Content { sha256: sha256(bytes), size: bytes.len() as u64 };
    let number = before.map_or(0, |v| v.number) + 1;
    let file_name = name.rsplit('/').next().map(ToOwned::to_owned);
    let attributes = Attributes { file_name, metadata: vec![("sha256", content.sha256.clone())] };
    let at = content_key(name, number, &content)?;
    patiently(|| store.put(&at, bytes, &attributes))?;
    write(store, name, number, Some(content), before)
}

/// Says in the store that a file was deleted; its content goes.
///
/// # Errors
/// As [`bring`].
pub fn delete(store: &dyn Objects, name: &str, before: &Version) -> Result<Version, Error> {
    write(store, name, before.number + 1, None, Some(before))
}

fn write(
    store: &dyn Objects,
    name: &str,
    number: u32,
    content: Option<Content>,
    before: Option<&Version>,
) -> Result<Version, Error> {
    let document = Document { schema: SCHEMA.to_owned(), name: name.to_owned(), content, brought: Timestamp::now() };
    if !once(store, &document_key(name, number)?, &to_json(&document), &Attributes::default())? {
        return Err(Error::Overtaken { name: name.to_owned() });
    }
    // What it takes the place of is of no use any more; where it stays, it only takes room.
    if let Some((before, old)) = before.and_then(|v| Some((v, v.content()?))) {
        let _ = store.delete(&content_key(name, before.number, old)?);
    }
    Ok(Version { number, document })
}

/// What a version holds.
///
/// # Errors
/// When it was deleted, or is not what was brought there.
pub fn fetch(store: &dyn Objects, version: &Version) -> Result<Vec<u8>, Error> {
    let name = &version.document.name;
    let broken = || Error::Broken { name: name.clone() };
    let content = version.content().ok_or_else(broken)?;
    let at = content_key(name, version.number, content)?;
    for _ in 0..3 {
        // What was cut off on its way is whole the next time.
        match patiently(|| store.get(&at, LARGEST))? {
            Some(bytes) if sha256(&bytes) == content.sha256 => return Ok(bytes),
            Some(_) => {}
            None => break,
        }
    }
    Err(broken())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::folder::Folder;

    #[test]
    fn names_stay_in_their_folder() {
        for good in ["a.mid", "Träumerei 夢.mid", "Bach/Inventio 1.mid", "e\u{301}tude.mid"] {
            assert!(is_name(good), "{good}");
        }
        let deep = "a/".repeat(20) + "b.mid";
        for bad in ["", "/a", "a//b", "../a", "a/../b", ".composer-tags.json", "a\\b", "c:a", "a\n", "a.", &deep] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn versions_follow_each_other_and_only_one_computer_brings_each() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        let first = bring(&store, "夢.mid", b"one", None).unwrap();
        let second = bring(&store, "夢.mid", b"two", Some(&first)).unwrap();
        assert!(matches!(bring(&store, "夢.mid", b"three", Some(&first)), Err(Error::Overtaken { .. })));
        let listed = list(&store, &BTreeMap::new()).unwrap();
        assert_eq!(listed["夢.mid"], second);
        assert_eq!(fetch(&store, &second).unwrap(), b"two");
        assert!(matches!(fetch(&store, &first), Err(Error::Broken { .. })));
        delete(&store, "夢.mid", &second).unwrap();
        assert_eq!(list(&store, &listed).unwrap()["夢.mid"].document.content, None);
    }

    #[test]
    fn a_document_cannot_speak_for_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        bring(&store, "a.mid", b"one", None).unwrap();
        let forged = Document {
            schema: SCHEMA.to_owned(),
            name: "../../b.mid".to_owned(),
            content: None,
            brought: Timestamp::UNIX_EPOCH,
        };
        store.put(&document_key("a.mid", 2).unwrap(), &to_json(&forged), &Attributes::default()).unwrap();
        store.put(&document_key("c.mid", 1).unwrap(), b"{", &Attributes::default()).unwrap();
        assert!(list(&store, &BTreeMap::new()).unwrap().is_empty());
    }
}
