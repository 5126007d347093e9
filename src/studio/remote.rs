//! Files of this user in a store: what is there, bringing one there, fetching it, letting others listen.
//!
//! - `identity`: which store it is, whatever its address.
//! - [`sync`]: the library here and the one in the store, made alike.
//! - [`share`]: a page that plays, and the link to it.
//!
//! A file is known by its name, a path in any script. Names of objects are plain, so a file's objects lie below the
//! hash of its name: each of its versions is a document that is written once (`library/HASH/000001.json`, then
//! `000002.json`), with the content beside it. Of two computers that change a file at the same time one hears that
//! the other was first, and nothing is written over. A version that is broken is passed over, for reading and for writing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::jobs;
use crate::jobs::client::{AT_ONCE, parallel};
use crate::jobs::patience::{document, listing, once, patiently, to_json};
use crate::store::{self, Attributes, Key, LARGEST, Objects};

mod identity;
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
    /// Nearly all of a side would be deleted.
    #[error("{gone} of {of} files in {place} would be deleted")]
    Vanishing {
        /// Where.
        place: String,
        /// So many.
        gone: usize,
        /// Of so many.
        of: usize,
    },
    /// Another program makes the same library and a store alike.
    #[error("another composer syncs the library {}{}", library.display(), process.map_or_else(String::new, |n| format!(" (process {n})")))]
    Busy {
        /// Which library.
        library: PathBuf,
        /// Which process, if it says so.
        process: Option<u32>,
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
    /// What the version before held, where the file was deleted: that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Content>,
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

    /// The version that a deletion took the place of, and which can still be fetched.
    #[must_use]
    pub fn before_deletion(&self) -> Option<Version> {
        let content = self.document.deleted.clone().filter(|_| self.document.content.is_none())?;
        let document = Document { content: Some(content), deleted: None, ..self.document.clone() };
        Some(Version { number: self.number.checked_sub(1)?, document })
    }
}

/// SHA-256, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a name, wherever it comes from, stays below the folder that it is put into.
#[must_use]
pub fn is_name(name: &str) -> bool {
    // A folder that begins with a dot is a program's own, such as the library's trash.
    let folder = |part: &str| !part.starts_with('.');
    let part = |part: &str| {
        !matches!(part, "" | "." | "..") && part.len() <= LONGEST_PART && !part.contains('\0') && fits_here(part)
    };
    let folders = name.rsplit_once('/').map_or("", |(folders, _)| folders);
    name.split('/').count() <= DEEPEST && name.split('/').all(part) && folders.split('/').all(folder)
}

/// Linux takes every name; Windows does not.
fn fits_here(part: &str) -> bool {
    let odd = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
    !cfg!(windows) || !(part.contains(odd) || part.ends_with(['.', ' ']))
}

/// Whether a file is hidden from who lists its folder.
#[must_use]
pub fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.'))
}

/// Makes the folder in which a file of this name is to be put below `root`.
///
/// # Errors
/// When the way there leads out of `root` over a link, or the file itself is one.
pub fn make_way(root: &Path, path: &Path) -> Result<(), Error> {
    let whole = |p: &Path| fs::canonicalize(p).map_err(Error::local(p));
    let link = |why: &str| Error::Local { path: path.to_owned(), why: why.to_owned() };
    fs::create_dir_all(root).map_err(Error::local(root))?;
    let (mut at, root_whole) = (root.to_owned(), whole(root)?);
    let folders = path.parent().and_then(|folder| folder.strip_prefix(root).ok());
    for part in folders.into_iter().flatten() {
        at.push(part);
        match fs::create_dir(&at) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(Error::local(&at)(e)),
            _ => {}
        }
        if !whole(&at)?.starts_with(&root_whole) {
            return Err(link(&format!("its folder is a link that leads out of {}", root.display())));
        }
    }
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => Err(link("it is a link")),
        _ => Ok(()),
    }
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

/// What one listing tells of all files: their versions and the names of the contents, but not the names of the files,
/// for which documents are read.
#[derive(Debug)]
pub struct Index(BTreeMap<String, Shelf>);

/// What lies in a file's place.
#[derive(Debug, Default)]
struct Shelf {
    versions: BTreeMap<u32, Key>,
    contents: BTreeSet<Key>,
}

impl Shelf {
    /// Whether this is the newest version, as far as a listing tells: what a number stands for may change when somebody
    /// takes a store back to what it was.
    fn ends_with(&self, version: &Version) -> bool {
        let newest = self.versions.last_key_value().map(|(number, _)| *number);
        let of_that_number = format!("/{:06}-", version.number);
        let mut held = self.contents.iter().filter(|key| key.as_str().contains(&of_that_number));
        newest == Some(version.number)
            && match version.content() {
                Some(content) => {
                    let at = content_key(&version.document.name, version.number, content).ok();
                    held.next() == at.as_ref() && held.next().is_none()
                }
                None => held.next().is_none(),
            }
    }

    /// The newest version that is of use.
    fn newest(&self, store: &dyn Objects, shelf: &str) -> Result<Option<Version>, Error> {
        for (number, key) in self.versions.iter().rev() {
            let Some(version) = read(store, shelf, *number, key)? else { continue };
            let there = |content: &Content| {
                content_key(&version.document.name, *number, content).is_ok_and(|at| self.contents.contains(&at))
            };
            if version.content().is_none_or(there) {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}

impl Index {
    /// Asks the store.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn of(store: &dyn Objects) -> Result<Index, Error> {
        let (entries, _) = listing(store, SHELF, None)?;
        let mut shelves: BTreeMap<String, Shelf> = BTreeMap::new();
        for entry in entries {
            let Some((shelf, file)) = entry.key.as_str().rsplit_once('/') else { continue };
            let shelf = shelves.entry(format!("{shelf}/")).or_default();
            match file.strip_suffix(".json").filter(|n| n.len() == 6).and_then(|n| n.parse().ok()) {
                Some(number) => drop(shelf.versions.insert(number, entry.key)),
                None => drop(shelf.contents.insert(entry.key)),
            }
        }
        Ok(Index(shelves))
    }

    /// The newest version of a file; none where there was never one of that name.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn version(&self, store: &dyn Objects, name: &str) -> Result<Option<Version>, Error> {
        let shelf = shelf_of(name);
        self.0.get(&shelf).map_or(Ok(None), |place| place.newest(store, &shelf))
    }
}

/// Reads a version's document; none where it is of no use.
fn read(store: &dyn Objects, shelf: &str, number: u32, key: &Key) -> Result<Option<Version>, Error> {
    let document = match document::<Document>(store, key) {
        Ok(Some(document)) => document,
        Ok(None) | Err(jobs::Error::Document { .. }) => return Ok(None),
        Err(jobs::Error::Store(store::Error::TooLarge { .. })) => return Ok(None),
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
    let shelves: Vec<(String, Shelf)> = Index::of(store)?.0.into_iter().collect();
    let versions = parallel::each(&shelves, AT_ONCE, |(name, shelf)| {
        match by_shelf.get(name).filter(|known| shelf.ends_with(known)) {
            Some(version) => Ok(Some((*version).clone())),
            None => shelf.newest(store, name),
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
    let file_name = name.rsplit('/').next().map(ToOwned::to_owned);
    let attributes = Attributes { file_name, metadata: vec![("sha256", content.sha256.clone())] };
    let version = write(store, name, (Some(content.clone()), None), before, &|number| {
        let at = content_key(name, number, &content)?;
        Ok(patiently(|| store.put(&at, bytes, &attributes))?)
    })?;
    // What it takes the place of is of no use any more; where it stays, it only takes room.
    let old = before.and_then(|v| v.before_deletion().or_else(|| Some(v.clone())));
    if let Some((old, content)) = old.as_ref().and_then(|v| Some((v, v.content()?))) {
        let _ = store.delete(&content_key(name, old.number, content)?);
    }
    Ok(version)
}

/// Says in the store that a file was deleted; its content is kept until a new version comes.
///
/// # Errors
/// As [`bring`].
pub fn delete(store: &dyn Objects, name: &str, before: &Version) -> Result<Version, Error> {
    write(store, name, (None, before.document.content.clone()), Some(before), &|_| Ok(()))
}

/// Writes a version's document above `before`, and above what is broken there; `first` does what comes before it.
fn write(
    store: &dyn Objects,
    name: &str,
    (content, deleted): (Option<Content>, Option<Content>),
    before: Option<&Version>,
    first: &dyn Fn(u32) -> Result<(), Error>,
) -> Result<Version, Error> {
    let brought = Timestamp::now();
    let document = Document { schema: SCHEMA.to_owned(), name: name.to_owned(), content, deleted, brought };
    let mut number = before.map_or(0, |v| v.number) + 1;
    loop {
        first(number)?;
        let at = document_key(name, number)?;
        if once(store, &at, &to_json(&document), &Attributes::default())? {
            return Ok(Version { number, document });
        }
        let there = read(store, &shelf_of(name), number, &at)?;
        let whole = match there.as_ref().and_then(Version::content) {
            Some(content) => {
                let at = content_key(name, number, content)?;
                patiently(|| store.head(&at))?.is_some()
            }
            None => there.is_some(),
        };
        if whole {
            return Err(Error::Overtaken { name: name.to_owned() });
        }
        number += 1;
    }
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
        for good in ["a.mid", "Träumerei 夢.mid", "Bach/Inventio 1.mid", "e\u{301}tude.mid", "Bach/.mid"] {
            assert!(is_name(good), "{good}");
        }
        let deep = "a/".repeat(20) + "b.mid";
        for bad in ["", "/a", "a//b", "../a", "a/../b", "a/..", "..", ".composer-trash/a.mid", "a\0", &deep] {
            assert!(!is_name(bad), "{bad}");
        }
        for odd in ["a\\b", "c:a", "why?.mid", "\"a*b\" <c>|d.mid", "a\nb.mid", "a.", "a "] {
            assert_eq!(is_name(odd), !cfg!(windows), "{odd}");
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
        let deleted = list(&store, &listed).unwrap()["夢.mid"].clone();
        assert_eq!(deleted.document.content, None);
        assert_eq!(fetch(&store, &deleted.before_deletion().unwrap()).unwrap(), b"two", "it can be had back");
        let fourth = bring(&store, "夢.mid", b"four", Some(&deleted)).unwrap();
        assert_eq!((fetch(&store, &fourth).unwrap(), fourth.number), (b"four".to_vec(), 4));
        assert!(fetch(&store, &deleted.before_deletion().unwrap()).is_err(), "until there is a new version");
    }

    #[test]
    fn a_broken_version_blocks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        let first = bring(&store, "a.mid", b"one", None).unwrap();
        for (number, broken) in [(2, &b"{"[..]), (3, &[b' '; 100_000])] {
            store.put(&document_key("a.mid", number).unwrap(), broken, &Attributes::default()).unwrap();
        }
        let listed = list(&store, &BTreeMap::new()).unwrap()["a.mid"].clone();
        assert_eq!((&listed, fetch(&store, &listed).unwrap()), (&first, b"one".to_vec()));
        let next = bring(&store, "a.mid", b"two", Some(&listed)).unwrap();
        assert_eq!(list(&store, &BTreeMap::new()).unwrap()["a.mid"], next);
        assert_eq!(fetch(&store, &next).unwrap(), b"two");
        // One whose content is gone is broken, too.
        store.delete(&content_key("a.mid", 4, next.content().unwrap()).unwrap()).unwrap();
        assert!(list(&store, &BTreeMap::new()).unwrap().is_empty());
        let anew = bring(&store, "a.mid", b"three", None).unwrap();
        assert_eq!(fetch(&store, &list(&store, &BTreeMap::new()).unwrap()["a.mid"]).unwrap(), b"three");
        assert_eq!(anew.number, 5);
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
            deleted: None,
            brought: Timestamp::UNIX_EPOCH,
        };
        store.put(&document_key("a.mid", 2).unwrap(), &to_json(&forged), &Attributes::default()).unwrap();
        store.put(&document_key("c.mid", 1).unwrap(), b"{", &Attributes::default()).unwrap();
        let listed = list(&store, &BTreeMap::new()).unwrap();
        assert_eq!(listed.iter().map(|(name, v)| (name.as_str(), v.number)).collect::<Vec<_>>(), [("a.mid", 1)]);
    }
}
