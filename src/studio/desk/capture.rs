//! The capture that is always on: what is played between takes goes to a journal and, a stretch at a
//! time, into the library's folder [`CAPTURED`], from where it can be made a take after the fact.

use std::io;
use std::path::Path;

use super::Kept;
use crate::keyboard::Event;
use crate::studio::place::{InTheWay, place};
use crate::studio::record::{Notice, Session};

/// Where captured stretches go, below the library's folder.
pub const CAPTURED: &str = "Captured";

/// See the module.
#[derive(Default)]
pub(super) struct Capture {
    session: Option<Session>,
    /// Sessions whose last stretch no disk has taken yet.
    unsaved: Vec<Session>,
    /// The last stretch on disk, unless it was kept or replaced by a take.
    last: Option<Kept>,
}

impl Capture {
    /// Takes note of what was played; `begin` makes a session where there is none.
    pub(super) fn hear(&mut self, events: &[Event], begin: impl FnOnce() -> Session) -> Vec<Notice> {
        if self.session.is_none() && events.iter().any(|e| matches!(e, Event::Message { .. })) {
            self.session = Some(begin());
        }
        let mut notices = Vec::new();
        if let Some(session) = &mut self.session {
            session.hear(events);
            session.retry();
            notices.extend(session.notices());
        }
        for session in &mut self.unsaved {
            session.retry();
            notices.extend(session.notices());
        }
        self.unsaved.retain(|s| s.unsaved().next().is_some());
        self.settle(notices)
    }

    /// Ends the stretch that runs.
    pub(super) fn end(&mut self) -> Vec<Notice> {
        let Some(mut session) = self.session.take() else { return Vec::new() };
        session.finish();
        let notices = session.notices();
        if session.unsaved().next().is_some() {
            self.unsaved.push(session);
        }
        self.settle(notices)
    }

    /// What is to be told of these notices; a stretch that was saved is remembered instead.
    fn settle(&mut self, notices: Vec<Notice>) -> Vec<Notice> {
        let mut told = Vec::new();
        for notice in notices {
            match notice {
                Notice::Saved(saved) => {
                    self.last = saved.paths.first().map(|path| Kept {
                        path: path.clone(),
                        notes: saved.notes,
                        length: saved.length,
                        elsewhere: saved.elsewhere,
                    });
                }
                Notice::NotSaved { .. } | Notice::Journal(_) => told.push(notice),
                _ => {}
            }
        }
        told
    }

    /// Makes what was captured last a take in `library`; `None` when there is nothing.
    ///
    /// # Errors
    /// When the library cannot be written: the stretch stays where it is.
    pub(super) fn keep(&mut self, library: &Path) -> io::Result<Option<Kept>> {
        let Some(stretch) = self.last.clone() else { return Ok(None) };
        let bytes = std::fs::read(&stretch.path)?;
        let name = stretch.path.file_name().unwrap_or_default();
        let path = place(&bytes, &library.join(name), InTheWay::TakeNextName)?;
        if path != stretch.path {
            // The take is safe; a stretch that cannot be removed is only there twice.
            let _ = std::fs::remove_file(&stretch.path);
        }
        self.last = None;
        Ok(Some(Kept { path, elsewhere: None, ..stretch }))
    }

    /// Notes that [`Capture::keep`] would keep.
    pub(super) fn notes(&self) -> u64 {
        let running = self.session.as_ref().and_then(|s| s.status().running().map(|r| r.notes));
        running.filter(|n| *n > 0).unwrap_or_else(|| self.last.as_ref().map_or(0, |k| k.notes as u64))
    }

    /// Whether it has to look at the clock.
    pub(super) fn is_busy(&self) -> bool {
        !self.unsaved.is_empty() || self.session.as_ref().is_some_and(|s| s.status().running().is_some())
    }
}
