//! Looking at the folder, beside the window, until something in it changes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Action, Library, Message};
use crate::gui::work::{beside, held};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(1_000);

/// What is seen of the library: whoever looks at the folder looks at these files first.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight(Arc<Mutex<Vec<PathBuf>>>);

impl Sight {
    pub(super) fn set(&self, seen: Vec<PathBuf>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    pub(super) fn get(&self) -> Vec<PathBuf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Library {
    /// Looks at the folder until something in it changes.
    pub(super) fn watch(&mut self) -> Action<Message> {
        let (hold, wanted) = held();
        self.watch = Some(hold);
        let (stamp, sight) = (self.shelf.stamp().clone(), self.sight.clone());
        Action::Work(beside(move || {
            for look in 0.. {
                std::thread::sleep(LOOK);
                if !wanted.is_wanted() {
                    break;
                }
                if stamp.is_stale(look, &sight.get()) {
                    return Message::Changed;
                }
            }
            Message::Nothing
        }))
    }
}
