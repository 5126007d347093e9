//! Takes that a crash left behind: journals that nobody is writing any more.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::music::{Micros, Take, TakeEvent};
use crate::studio::journal::{self, Contents, JournalError, MAGIC, file::EXTENSION};
use crate::studio::place::{InTheWay, place};
use crate::studio::record::{render, session::library_name};

/// A journal that is older than this and not locked will not be locked any more.
const SETTLED: Duration = Duration::from_secs(10);

/// No journal is larger: days of the densest playing.
const LARGEST: u64 = 4 << 30;

/// A take that was left behind.
#[derive(Clone, Debug)]
pub struct Leftover {
    /// The take's id.
    pub id: String,
    /// What can be read of it.
    pub contents: Contents,
    /// The journals that hold it.
    pub journals: Vec<PathBuf>,
}

/// A journal that cannot be read.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Why a take is not restored. It stays in its journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// There is no folder for it.
    #[error("cannot make the library's folder {folder}: {reason}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        reason: String,
    },
    /// It is no file.
    #[error(transparent)]
    Render(#[from] crate::music::smf::Error),
    /// The file cannot be written.
    #[error("cannot write {file}: {reason}; the take stays in its journal")]
    Write {
        /// Which.
        file: String,
        /// Why.
        reason: String,
    },
    /// It is restored, and will be offered again.
    #[error("{file} is saved, but its journal cannot be removed: {reason}")]
    Journal {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Takes, the oldest first.
    pub takes: Vec<Leftover>,
    /// Journals that hold no music: the crash came before anything was played.
    pub empty: Vec<PathBuf>,
    /// Journals that cannot be read, or are none.
    pub unreadable: Vec<Unreadable>,
    /// Takes that are being recorded right now.
    pub running: usize,
}

impl Leftover {
    /// The take, with what still sounded closed where the journal ends.
    #[must_use]
    pub fn take(&self) -> Take {
        self.contents.header.assemble(self.contents.events.clone(), self.contents.end)
    }

    /// Notes struck.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.contents.events.iter().filter(|(_, e)| TakeEvent::is_note_on(e)).count()
    }

    /// From beat 1 to the last thing that is known.
    #[must_use]
    pub fn length(&self) -> Micros {
        let last = self.contents.events.last().map_or(Micros::ZERO, |(at, _)| *at);
        self.contents.end.unwrap_or(last).max(last).since(self.contents.header.origin)
    }

    /// Makes the file: `output`, else the one that the player asked for, if its folder is still there; else one in the
    /// library. A file in the way stays. Then the journals are removed, unless they are to be kept.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn restore(&self, output: Option<&Path>, library: &Path, keep: bool) -> Result<PathBuf, RestoreError> {
        let take = self.take();
        let wanted = self.contents.header.wanted.as_deref().filter(|p| p.parent().is_some_and(Path::is_dir));
        let path = match output.or(wanted) {
            Some(path) => path.to_owned(),
            None => {
                fs::create_dir_all(library).map_err(|e| RestoreError::Folder {
                    folder: library.display().to_string(),
                    reason: e.to_string(),
                })?;
                library.join(library_name(&take))
            }
        };
        let bytes = render::take_file(&take)?;
        let placed = place(&bytes, &path, InTheWay::TakeNextName)
            .map_err(|e| RestoreError::Write { file: path.display().to_string(), reason: e.to_string() })?;
        if !keep {
            self.remove()
                .map_err(|e| RestoreError::Journal { file: placed.display().to_string(), reason: e.to_string() })?;
        }
        Ok(placed)
    }

    /// Removes the journals.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        self.journals.iter().try_for_each(fs::remove_file)
    }
}

impl Found {
    /// Removes the journals that hold no music. What cannot be removed stays for the next time, and
    /// so does one that another session may be just about to lock.
    pub fn remove_empty(&self) {
        let old = |path: &PathBuf| fs::metadata(path)?.modified()?.elapsed().map_err(io::Error::other);
        for path in self.empty.iter().filter(|p| old(p).is_ok_and(|age| age > SETTLED)) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Looks for journals in these folders; one that does not exist holds none.
#[must_use]
pub fn find(folders: &[PathBuf]) -> Found {
    let mut found = Found::default();
    let mut takes: BTreeMap<String, Vec<(PathBuf, Contents)>> = BTreeMap::new();
    let mut running: Vec<String> = Vec::new();
    for path in folders.iter().flat_map(|folder| journals(folder)) {
        match read(&path) {
            Ok(Outcome::Contents(contents)) => {
                takes.entry(contents.header.take.clone()).or_default().push((path, *contents));
            }
            Ok(Outcome::Running(id)) => running.extend(id),
            Ok(Outcome::Unreadable(JournalError::Empty)) => found.empty.push(path),
            Ok(Outcome::Unreadable(e)) => found.unreadable.push(Unreadable { path, reason: e.to_string() }),
            Err(e) => found.unreadable.push(Unreadable { path, reason: e.to_string() }),
        }
    }
    running.sort();
    running.dedup();
    found.running = running.len();
    for (id, parts) in takes.into_iter().filter(|(id, _)| !running.contains(id)) {
        let (journals, parts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        match journal::join(parts) {
            Some(contents) if contents.events.is_empty() => found.empty.extend(journals),
            Some(contents) => found.takes.push(Leftover { id, contents, journals }),
            None => {}
        }
    }
    found
}

/// Whole takes beside the journals: the library could not be written when they ended. [`keep`] brings one home.
///
/// [`keep`]: crate::studio::library::keep
#[must_use]
pub fn strays(folders: &[PathBuf], library: &Path) -> Vec<PathBuf> {
    folders.iter().filter(|folder| *folder != library).flat_map(|folder| files(folder, "mid")).collect()
}

fn journals(folder: &Path) -> Vec<PathBuf> {
    files(folder, EXTENSION)
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == extension)).collect();
    paths.sort();
    paths
}

/// What became of reading a journal.
enum Outcome {
    Contents(Box<Contents>),
    Running(Option<String>),
    Unreadable(JournalError),
}

fn read(path: &Path) -> io::Result<Outcome> {
    // Asked before it is opened: opening a pipe would wait for somebody to write into it.
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Ok(Outcome::Unreadable(JournalError::NotAJournal));
    }
    let mut file = File::open(path)?;
    // The take's id stands in front of the part's number: `ID.0.journal`.
    let id = || path.file_stem()?.to_str()?.rsplit_once('.').map(|(id, _)| id.to_owned());
    let running = match file.try_lock_shared() {
        Ok(()) => false,
        Err(fs::TryLockError::WouldBlock) => true,
        Err(fs::TryLockError::Error(_)) => id().is_some_and(|id| writer_lives(&id)),
    };
    if running {
        return Ok(Outcome::Running(id()));
    }
    let mut bytes = Vec::new();
    Read::by_ref(&mut file).take(MAGIC.len() as u64).read_to_end(&mut bytes)?;
    if bytes == MAGIC {
        file.read_to_end(&mut bytes)?;
    }
    Ok(journal::read(&bytes).map_or_else(Outcome::Unreadable, |c| Outcome::Contents(Box::new(c))))
}

/// Whether the process that a take's id names (`DATE-TIME-PROCESS-NUMBER`) is there: for file systems
/// that know no locks. A process that has come to the same number since then makes a take wait.
fn writer_lives(id: &str) -> bool {
    let process = id.rsplit('-').nth(1);
    cfg!(target_os = "linux") && process.is_some_and(|p| Path::new("/proc").join(p).is_dir())
}
