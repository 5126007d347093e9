//! A bar of progress on standard error, where a person sees it.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WIDTH: usize = 40;
/// Drawn no oftener than this.
const PAUSE: Duration = Duration::from_millis(100);

/// A bar, which any thread may draw.
#[derive(Debug)]
pub struct Bar {
    live: bool,
    drawn: Mutex<Option<Instant>>,
}

impl Bar {
    /// One that is not drawn yet, and never where nobody sees it.
    #[must_use]
    pub fn new() -> Bar {
        Bar { live: std::io::stderr().is_terminal(), drawn: Mutex::new(None) }
    }

    /// Draws what share is done, with a word before it.
    pub fn draw(&self, word: &str, share: f64) {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.live || drawn.is_some_and(|t| t.elapsed() < PAUSE) {
            return;
        }
        *drawn = Some(Instant::now());
        let share = share.clamp(0.0, 1.0);
        let done = (share * WIDTH as f64) as usize;
        let bar = format!("{}{}", "█".repeat(done), "░".repeat(WIDTH - done));
        let space = if word.is_empty() { "" } else { "  " };
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "\r{word}{space}{bar} {:3.0} %\x1b[K", share * 100.0).and_then(|()| err.flush());
    }

    /// Draws that so many of these are done.
    pub fn count(&self, what: &str, done: usize, of: usize) {
        self.draw(&format!("{what} {done} of {of}"), done as f64 / of.max(1) as f64);
    }

    /// Takes it away.
    pub fn clear(&self) {
        if self.drawn.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "\r\x1b[K").and_then(|()| err.flush());
        }
    }
}

impl Default for Bar {
    fn default() -> Bar {
        Bar::new()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}
