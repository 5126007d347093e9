//! Names that are to outlast a power cut.
//!
//! What a file holds is on the disk before the file has its name, and a file system keeps the order of names: after a
//! power cut there is everything up to some moment, and nothing that is half written. How late that moment is, this
//! module decides: a folder in which a name was given is synced soon after, together with all others, and before the
//! store is closed. Waiting for each name would make every write as slow as two turns of a disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The longest that a name may be younger than the disk knows.
const SOON: Duration = Duration::from_millis(500);

/// Syncs folders behind the back of those who write into them.
#[derive(Debug)]
pub(super) struct Names {
    shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    given: Mutex<Given>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Given {
    folders: BTreeSet<PathBuf>,
    closed: bool,
}

impl Names {
    /// For a store in this folder.
    pub(super) fn new(root: &Path) -> Names {
        let shared = Shared { root: root.to_owned(), given: Mutex::default(), changed: Condvar::new() };
        Names { shared: Arc::new(shared), keeper: Mutex::default() }
    }

    /// In this folder something has a new name.
    pub(super) fn given_in(&self, folder: &Path) {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.is_none() {
            let shared = Arc::clone(&self.shared);
            match std::thread::Builder::new().name("names".to_owned()).spawn(move || shared.keep()) {
                Ok(thread) => *keeper = Some(thread),
                Err(_) => return sync(folder),
            }
        }
        if self.shared.lock().folders.insert(folder.to_owned()) {
            self.shared.changed.notify_all();
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // It has nothing to say.
        let _ = keeper.map(JoinHandle::join);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Syncs until the store is closed.
    fn keep(&self) {
        loop {
            let idle = |given: &mut Given| given.folders.is_empty() && !given.closed;
            let given = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            let waited = self.changed.wait_timeout_while(given, SOON, |given| !given.closed);
            let (mut given, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let folders = std::mem::take(&mut given.folders);
            let closed = given.closed;
            drop(given);
            self.sync(&folders);
            if closed {
                return;
            }
        }
    }

    /// Each folder would be a turn of the disk; the whole file system is one.
    fn sync(&self, folders: &BTreeSet<PathBuf>) {
        #[cfg(target_os = "linux")]
        if folders.len() > 1 && File::open(&self.root).is_ok_and(|root| rustix::fs::syncfs(root).is_ok()) {
            return;
        }
        #[cfg(not(target_os = "linux"))]
        let _ = &self.root;
        folders.iter().for_each(|folder| sync(folder));
    }
}

/// Some file systems cannot sync a folder, and one that is gone again needs no sync.
fn sync(folder: &Path) {
    #[cfg(unix)]
    let _ = File::open(folder).and_then(|f| f.sync_all());
    #[cfg(not(unix))]
    let _ = folder;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_closed_has_synced_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let names = Names::new(folder.path());
        names.given_in(folder.path());
        names.given_in(&folder.path().join("gone again"));
        let shared = Arc::clone(&names.shared);
        drop(names);
        assert!(shared.lock().folders.is_empty());
        assert_eq!(Arc::strong_count(&shared), 1, "the thread is gone");
    }
}
