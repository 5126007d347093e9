//! Syncing a file soon after each write, on a thread of its own: an fsync can take seconds.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long what was written may wait for its fsync.
const EVERY: Duration = Duration::from_millis(250);

/// The thread, and how far it has come.
#[derive(Debug)]
pub(super) struct Syncer {
    dirty: Option<mpsc::SyncSender<()>>,
    written: Arc<AtomicU64>,
    synced: Arc<AtomicU64>,
    failed: mpsc::Receiver<io::Error>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    pub(super) fn start(file: File) -> io::Result<Syncer> {
        let (dirty, wake) = mpsc::sync_channel(1);
        let (tell, failed) = mpsc::channel();
        let (written, synced) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (source, target) = (Arc::clone(&written), Arc::clone(&synced));
        let sync = move || {
            let length = source.load(Ordering::Acquire);
            match file.sync_data() {
                Ok(()) => target.store(length, Ordering::Release),
                Err(e) => {
                    let _ = tell.send(e);
                }
            }
        };
        let thread = std::thread::Builder::new().name("journal sync".into()).spawn(move || {
            while wake.recv().is_ok() {
                sync();
                // Collects what is written meanwhile into the next sync; the end cuts this short.
                std::thread::park_timeout(EVERY);
            }
            sync();
        })?;
        Ok(Syncer { dirty: Some(dirty), written, synced, failed, thread: Some(thread) })
    }

    /// The file is so long now.
    pub(super) fn wrote(&self, length: u64) {
        self.written.store(length, Ordering::Release);
        if let Some(dirty) = &self.dirty {
            // Full means that a sync is already due.
            let _ = dirty.try_send(());
        }
    }

    /// So much of the file is safe on its disk.
    pub(super) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// An error if a sync has failed since this was last asked.
    pub(super) fn failure(&self) -> io::Result<()> {
        self.failed.try_recv().map_or(Ok(()), Err)
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.dirty = None;
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
