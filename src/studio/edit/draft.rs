//! Drafts: what is being edited, on disk before it is saved.
//!
//! A draft is one file: a line that says what it is, a line of JSON, then a Standard MIDI File.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{EditError, Origin};
use crate::music::edit::Document;
use crate::music::{Composition, smf};
use crate::studio::library::FileId;
use crate::studio::place::{InTheWay, place};

const FOLDER: &str = "drafts";
const EXTENSION: &str = "draft";
const MAGIC: &[u8] = b"composer draft 1\n";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Header {
    /// The file that is edited; none for a new piece.
    original: Option<PathBuf>,
    /// That file as it was when it was opened or saved last; drafts of older versions do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    was: Option<Was>,
    /// What to call the piece.
    name: String,
    /// When it was kept (RFC 3339).
    kept: String,
}

/// A [`FileId`] in writing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Was {
    size: u64,
    modified: jiff::Timestamp,
}

impl Header {
    /// The file as it was before the edits, so that saving them notices what another program did to it meanwhile.
    fn origin(&self) -> Option<Origin> {
        let path = self.original.clone()?;
        let id = match self.was {
            Some(was) => Some(FileId { size: was.size, modified: was.modified.into() }),
            None => {
                let kept = self.kept.parse::<jiff::Timestamp>().ok().map(SystemTime::from);
                let now = FileId::of(&path);
                let is_newer = now.is_some_and(|now| kept.is_none_or(|kept| now.modified > kept));
                // Nobody has seen the newer file: no id that it can have is ours.
                if is_newer { Some(FileId { size: 0, modified: SystemTime::UNIX_EPOCH }) } else { now }
            }
        };
        Some(Origin { path, id })
    }
}

/// Keeps a piece safe while it is edited. Dropped without [`Keeper::forget`] it leaves the draft to the next start.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    lock: PathBuf,
    name: String,
    _locked: File,
    /// Turns that were given.
    given: AtomicU64,
    /// The latest turn that was carried out.
    done: Mutex<u64>,
}

/// An order to a keeper that another thread carries out. One that comes late, after a later one was carried out,
/// changes nothing: the disk has what was wanted last.
#[derive(Debug)]
pub struct Turn {
    keeper: Arc<Keeper>,
    number: u64,
}

impl Turn {
    /// See [`Keeper::keep`].
    ///
    /// # Errors
    /// As there.
    pub fn keep(&self, document: &Document, origin: Option<&Origin>) -> Result<(), EditError> {
        self.keeper.in_turn(self.number, || self.keeper.write(document, origin))
    }

    /// See [`Keeper::forget`].
    pub fn forget(&self) {
        let _ = self.keeper.in_turn(self.number, || self.keeper.remove());
    }
}

impl Keeper {
    /// Makes ready to keep a piece; nothing is written but an empty lock.
    ///
    /// # Errors
    /// When the state folder cannot be written.
    pub fn begin(state: &Path, name: &str) -> Result<Keeper, EditError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = state.join(FOLDER);
        let failed = |e: io::Error| not_kept(&folder, &e);
        fs::create_dir_all(&folder).map_err(failed)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{}-{number}", jiff::Timestamp::now().as_millisecond(), std::process::id());
        let lock = folder.join(format!("{id}.lock"));
        let locked = File::create(&lock).map_err(failed)?;
        // Where there are no locks, the process that the name tells is looked for.
        let _ = locked.try_lock();
        let path = folder.join(format!("{id}.{EXTENSION}"));
        let (given, done) = (AtomicU64::new(0), Mutex::new(0));
        Ok(Keeper { path, lock, name: name.to_owned(), _locked: locked, given, done })
    }

    /// The next order, for whatever thread carries it out.
    #[must_use]
    pub fn turn(self: &Arc<Self>) -> Turn {
        Turn { keeper: Arc::clone(self), number: self.next() }
    }

    fn next(&self) -> u64 {
        self.given.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn in_turn(&self, number: u64, work: impl FnOnce() -> Result<(), EditError>) -> Result<(), EditError> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if *done > number {
            return Ok(());
        }
        work()?;
        *done = number;
        Ok(())
    }

    /// Writes a state in the place of the one before, and the file that it is a change to. Takes as long as the disk does.
    ///
    /// # Errors
    /// When the disk does not take it; the state before is still there then.
    pub fn keep(&self, document: &Document, origin: Option<&Origin>) -> Result<(), EditError> {
        self.in_turn(self.next(), || self.write(document, origin))
    }

    fn write(&self, document: &Document, origin: Option<&Origin>) -> Result<(), EditError> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let failed = |e: io::Error| not_kept(folder, &e);
        let header = Header {
            original: origin.map(|o| o.path.clone()),
            was: origin.and_then(|o| o.id).and_then(|id| {
                let modified = jiff::Timestamp::try_from(id.modified).ok()?;
                Some(Was { size: id.size, modified })
            }),
            name: self.name.clone(),
            kept: jiff::Timestamp::now().to_string(),
        };
        let mut bytes = MAGIC.to_vec();
        // What can fail is a path that is no Unicode, and then the music matters more than whence it came.
        let line = serde_json::to_vec(&header)
            .or_else(|_| serde_json::to_vec(&Header { original: None, ..header }))
            .map_err(|e| failed(e.into()))?;
        bytes.extend(line);
        bytes.push(b'\n');
        bytes.extend(smf::write(&document.composition()).map_err(|e| failed(io::Error::other(e)))?);
        place(&bytes, &self.path, InTheWay::Replace).map_err(failed)?;
        Ok(())
    }

    /// What was edited is saved, or is not wanted: the draft goes.
    pub fn forget(&self) {
        let _ = self.in_turn(self.next(), || self.remove());
    }

    fn remove(&self) -> Result<(), EditError> {
        let _ = fs::remove_file(&self.path);
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.lock);
    }
}

fn not_kept(folder: &Path, error: &io::Error) -> EditError {
    EditError::NotKept { folder: folder.display().to_string(), reason: error.to_string() }
}

/// A draft that was left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    path: PathBuf,
    /// The file that was edited, as it was then; none for a new piece.
    pub origin: Option<Origin>,
    /// What it is called.
    pub name: String,
    /// When it was last kept, as a local date and time (RFC 3339).
    pub kept: String,
}

impl Draft {
    /// The piece.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Composition, EditError> {
        let unreadable = |reason: String| EditError::Unreadable { file: self.name.clone(), reason };
        let bytes = fs::read(&self.path).map_err(|e| unreadable(e.to_string()))?;
        let (_, music) = parts(&bytes).ok_or_else(|| unreadable("the draft is not whole".to_owned()))?;
        Ok(smf::read(music).map_err(|e| unreadable(e.to_string()))?.composition)
    }

    /// Removes it.
    ///
    /// # Errors
    /// When the disk says no.
    pub fn remove(&self) -> io::Result<()> {
        let _ = fs::remove_file(self.path.with_extension("lock"));
        fs::remove_file(&self.path)
    }
}

fn parts(bytes: &[u8]) -> Option<(Header, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let line = rest.iter().position(|b| *b == b'\n')?;
    Some((serde_json::from_slice(&rest[..line]).ok()?, &rest[line + 1..]))
}

/// A file was renamed: the drafts of it that nobody is writing are of the new name from now on. One that cannot be written
/// stays as it is, and is offered under its old name.
pub fn follow(state: &Path, from: &Path, to: &Path) {
    for path in left_behind(state) {
        let Ok(bytes) = fs::read(&path) else { continue };
        let Some((header, music)) = parts(&bytes).filter(|(h, _)| h.original.as_deref() == Some(from)) else {
            continue;
        };
        let name = to.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let header = Header { original: Some(to.to_owned()), name, ..header };
        if let Ok(line) = serde_json::to_vec(&header) {
            let _ = place(&[MAGIC, &line, b"\n", music].concat(), &path, InTheWay::Replace);
        }
    }
}

/// The drafts that nobody is writing any more, the newest first. Locks that were left behind without a draft go.
#[must_use]
pub fn drafts(state: &Path) -> Vec<Draft> {
    let zone = jiff::tz::TimeZone::system();
    let local = |t: jiff::Timestamp| t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut found = Vec::new();
    for path in left_behind(state) {
        if let Some((header, _)) = fs::read(&path).ok().as_deref().and_then(parts) {
            let origin = header.origin();
            let kept = header.kept.parse().map_or(header.kept, local);
            found.push(Draft { path, origin, name: header.name, kept });
        }
    }
    found.sort_by(|a, b| b.kept.cmp(&a.kept));
    found
}

/// Drafts that nobody is writing any more and that cannot be read. They stay until somebody removes them.
#[must_use]
pub fn damaged_drafts(state: &Path) -> Vec<PathBuf> {
    let is_damaged = |path: &PathBuf| fs::read(path).ok().as_deref().and_then(parts).is_none();
    left_behind(state).filter(is_damaged).collect()
}

fn left_behind(state: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(state.join(FOLDER)).into_iter().flatten().flatten();
    entries.map(|e| e.path()).filter(|path| {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if extension == "lock" && !path.with_extension(EXTENSION).exists() && !is_locked(path) {
            let _ = fs::remove_file(path);
        }
        extension == EXTENSION && !is_locked(&path.with_extension("lock"))
    })
}

/// Whether a program that lives holds the lock.
fn is_locked(lock: &Path) -> bool {
    let Ok(file) = File::open(lock) else { return false };
    match file.try_lock() {
        Ok(()) => false,
        Err(fs::TryLockError::WouldBlock) => true,
        Err(fs::TryLockError::Error(_)) => {
            let process = lock.file_stem().and_then(|s| s.to_str()).and_then(|s| s.split('-').nth(1));
            cfg!(target_os = "linux") && process.is_some_and(|p| Path::new("/proc").join(p).is_dir())
        }
    }
}
