//! Signals: Ctrl-C and its like, for commands that run until they are stopped; and files that may not grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;

/// Whether the user wants an end: Ctrl-C, SIGTERM or SIGHUP.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicU32>);

impl Interrupt {
    /// Listens from here on, once a process; wakes the calling thread when it comes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn install() -> anyhow::Result<Interrupt> {
        let reader = std::thread::current();
        Interrupt::install_with(move || reader.unpark())
    }

    /// Listens from here on, once a process; `wake` is called when it comes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn install_with(wake: impl Fn() + Send + 'static) -> anyhow::Result<Interrupt> {
        let count = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&count);
        ctrlc::set_handler(move || {
            counter.fetch_add(1, Ordering::Release);
            wake();
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(Interrupt(count))
    }

    /// Whether it came.
    #[must_use]
    pub fn came(&self) -> bool {
        self.count() > 0
    }

    /// How often it came: some want it said twice.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
}

/// Makes a file that may not grow (`ulimit -f`) an error of the write, as a full disk is; by itself the signal ends the
/// program without a word.
pub(super) fn outlive_full_files() {
    #[cfg(unix)]
    {
        let came = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, came);
    }
}
