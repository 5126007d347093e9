//! Nothing is lost: what is edited goes to its draft within a second, and to its file when it is saved. And what the desk
//! needs to play it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::sheet::Sheet;
use super::{Action, Message, order, quietly, time_of};
use crate::gui::now::Now;
use crate::gui::work::beside;
use crate::studio::desk::{Order, Piece};
use crate::studio::edit::{self, EditError, Origin};
use crate::studio::place::InTheWay;

/// How long an edit waits for others before all are kept together.
const GATHER: Duration = Duration::from_millis(350);

/// How long a draft that could not be written waits to be tried again.
const RETRY: Duration = Duration::from_secs(2);

/// One save at a time: the next must know the file that this one makes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Saving {
    /// Nothing is being saved.
    #[default]
    Rests,
    /// It is being saved.
    UnderWay {
        /// Beside the file.
        copy: bool,
        /// What was asked for meanwhile: to save once more, or a copy.
        then: Option<bool>,
    },
}

impl Sheet {
    /// Keeps the state soon, with what is done meanwhile.
    pub(super) fn keep_soon(&mut self, number: u64) -> Action<Message> {
        self.keep_after(GATHER, number)
    }

    fn keep_after(&mut self, pause: Duration, number: u64) -> Action<Message> {
        if self.keeper.is_none() || std::mem::replace(&mut self.keeping, true) {
            return Action::None;
        }
        Action::Work(beside(move || {
            std::thread::sleep(pause);
            Message::KeepDue(number)
        }))
    }

    /// Keeps the state now, beside the window.
    pub(super) fn keep(&mut self, number: u64) -> Action<Message> {
        let Some(turn) = self.keeper.as_ref().map(|k| k.turn()) else { return Action::None };
        let revision = self.editor.revision();
        if !self.is_unsaved() {
            self.keeping = false;
            self.kept = None;
            return quietly(move || turn.forget());
        }
        let (document, origin) = (self.editor.document().clone(), self.origin.clone());
        Action::Work(beside(move || Message::Kept(number, revision, turn.keep(&document, origin.as_ref()))))
    }

    /// A state was kept, or could not be; if it is not the present one, or was not kept, once more.
    pub(super) fn was_kept(&mut self, revision: u64, number: u64, is_well: bool) -> Action<Message> {
        self.keeping = false;
        if is_well {
            self.kept = Some(revision);
        }
        // The newer draft has all that the older had.
        let older = match &self.recovered {
            Some(draft) if is_well => {
                let draft = draft.clone();
                quietly(move || drop(draft.remove()))
            }
            _ => Action::None,
        };
        let next = if !self.is_unsaved() {
            self.keep(number)
        } else if !is_well {
            self.keep_after(RETRY, number)
        } else if self.editor.revision() == revision {
            Action::None
        } else {
            self.keep_soon(number)
        };
        Action::All(vec![older, next])
    }

    /// Whether a draft has this state.
    fn is_kept(&self) -> bool {
        let revision = self.editor.revision();
        self.kept == Some(revision) || (self.kept.is_none() && self.recovered.is_some() && revision == 0)
    }

    /// What has to be done beside the window before this sheet may go; it answers with the state that is safe then.
    ///
    /// # Errors
    /// When nothing can be done.
    pub(super) fn keep_aside(&self) -> Result<impl FnOnce() -> Result<u64, EditError> + Send + use<>, EditError> {
        let revision = self.editor.revision();
        let lost = {
            let name = self.name.clone();
            move |reason: String| EditError::WouldBeLost { name, reason }
        };
        let to_keep = match (&self.keeper, self.is_unsaved() && !self.is_kept()) {
            (_, false) => None,
            (Some(keeper), true) => Some((keeper.turn(), self.editor.document().clone(), self.origin.clone())),
            (None, true) => return Err(lost("the folder for drafts cannot be written".to_owned())),
        };
        Ok(move || match to_keep {
            None => Ok(revision),
            Some((turn, document, origin)) => {
                turn.keep(&document, origin.as_ref()).map(|()| revision).map_err(|e| match e {
                    EditError::NotKept { reason, .. } => lost(reason),
                    other => other,
                })
            }
        })
    }

    /// Another sheet was to take the place of this one, and does not. What was under way is not heard of any more.
    pub(super) fn put_back(&mut self) {
        self.keeping = false;
        self.preparing = false;
        self.saving = Saving::Rests;
        self.roll.repaint();
    }

    /// Saves the sheet to its file; one that has none goes to the library. While it is being saved that waits.
    pub(super) fn save(&mut self, number: u64, now: &Now, copy: bool) -> Action<Message> {
        if let Saving::UnderWay { then, .. } = &mut self.saving {
            *then = Some(copy || *then == Some(true));
            return Action::None;
        }
        self.saving = Saving::UnderWay { copy, then: None };
        let revision = self.editor.revision();
        let document = self.editor.document().clone();
        let library = now.folders.as_ref().map(|f| f.library.clone());
        let (origin, name) = (self.origin.clone(), self.name.clone());
        Action::Work(beside(move || {
            let outcome = match (origin, library) {
                (Some(origin), _) if !copy => edit::save(&document, &origin),
                (Some(origin), _) => edit::save_as(&document, &origin.path, InTheWay::TakeNextName),
                (None, Some(library)) => {
                    edit::save_as(&document, &library.join(format!("{name}.mid")), InTheWay::TakeNextName)
                }
                (None, None) => {
                    Err(EditError::Unwritable { file: name, reason: "there is no folder for takes".to_owned() })
                }
            };
            Message::Saved(number, revision, outcome)
        }))
    }

    /// Saves the sheet in another folder, where its file is from then on.
    pub(super) fn save_in(&mut self, number: u64, folder: PathBuf) -> Action<Message> {
        if matches!(self.saving, Saving::UnderWay { .. }) {
            return Action::None;
        }
        self.saving = Saving::UnderWay { copy: true, then: None };
        let (revision, document) = (self.editor.revision(), self.editor.document().clone());
        let file = folder.join(format!("{}.mid", self.name));
        Action::Work(beside(move || {
            Message::Saved(number, revision, edit::save_as(&document, &file, InTheWay::TakeNextName))
        }))
    }

    /// Does what was asked for while it was being saved.
    pub(super) fn save_again(&mut self, before: Saving, number: u64, now: &Now) -> Action<Message> {
        match before {
            Saving::UnderWay { copy: was_copy, then: Some(copy) } if self.is_unsaved() || (copy && !was_copy) => {
                self.save(number, now, copy)
            }
            Saving::UnderWay { .. } | Saving::Rests => Action::None,
        }
    }

    /// The file has this state.
    pub(super) fn was_saved(&mut self, origin: Origin, revision: u64, number: u64) -> Action<Message> {
        self.name = origin.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        self.origin = Some(origin);
        self.saved = Some(revision);
        self.kept = None;
        let older = self.recovered.take();
        let older = older.map_or(Action::None, |draft| quietly(move || drop(draft.remove())));
        let ours = if self.is_unsaved() {
            // The draft is of the new file from now on.
            self.keep_soon(number)
        } else {
            self.forget()
        };
        Action::All(vec![older, ours])
    }

    /// The draft is not wanted.
    fn forget(&self) -> Action<Message> {
        let turn = self.keeper.as_ref().map(|k| k.turn());
        turn.map_or(Action::None, |turn| quietly(move || turn.forget()))
    }

    /// The sheet has made way for another: what is not saved is in a draft by now.
    pub(super) fn made_way(mut self) -> Action<Message> {
        if self.is_unsaved() && !self.is_kept() {
            self.kept = Some(self.editor.revision());
        }
        self.last_work().map_or(Action::None, quietly)
    }

    /// The changes are not wanted: what is left to be done with their draft.
    pub(super) fn discard(self) -> Option<impl FnOnce() + Send + use<>> {
        let turn = self.keeper.as_ref().map(|k| k.turn())?;
        Some(move || turn.forget())
    }

    /// What is left to be done with drafts when this sheet goes. The keeper goes with it, and so does its lock.
    pub(super) fn last_work(&self) -> Option<impl FnOnce() + Send + use<>> {
        let turn = self.keeper.as_ref().map(|k| k.turn())?;
        let is_unsaved = self.is_unsaved();
        // The newer draft has all that the older had.
        let older = self.recovered.clone().filter(|_| is_unsaved && self.kept.is_some());
        Some(move || {
            if !is_unsaved {
                turn.forget();
            }
            drop(older.map(|draft| draft.remove()));
        })
    }

    /// Makes the state ready to be played, beside the window.
    pub(super) fn make_ready(&mut self, number: u64, play: bool) -> Action<Message> {
        if std::mem::replace(&mut self.preparing, true) {
            return Action::None;
        }
        let revision = self.editor.revision();
        let (document, name) = (self.editor.document().clone(), self.name.clone());
        let path = self.origin.as_ref().map(|o| o.path.clone());
        Action::Work(beside(move || {
            let piece = Piece { path, ..Piece::of(name, &document.composition()) };
            Message::Ready(number, revision, Arc::new(piece), play)
        }))
    }

    /// It is ready: onto the desk with it.
    pub(super) fn ready(&mut self, revision: u64, piece: Arc<Piece>, play: bool) -> Action<Message> {
        self.preparing = false;
        self.piece = Some((revision, Arc::clone(&piece)));
        self.show(&piece, play)
    }

    fn show(&self, piece: &Arc<Piece>, play: bool) -> Action<Message> {
        let mut orders = vec![
            order(Order::Show(Arc::clone(piece))),
            order(Order::Strips(edit::strips(self.editor.document(), &piece.score))),
            order(Order::Loop(self.loop_times())),
            order(Order::Seek(time_of(self, self.cursor))),
        ];
        if play {
            orders.push(order(Order::Play));
        }
        Action::All(orders)
    }

    /// Plays from the cursor, or pauses.
    pub(super) fn play(&mut self, number: u64, now: &Now) -> Action<Message> {
        let revision = self.editor.revision();
        match &self.piece {
            Some((made_of, _)) if *made_of == revision && self.is_on_desk(now) => order(Order::Play),
            Some((made_of, piece)) if *made_of == revision => {
                let piece = Arc::clone(piece);
                self.show(&piece, true)
            }
            _ if self.is_on_desk(now) && self.playing => order(Order::Play),
            _ => self.make_ready(number, true),
        }
    }

    /// Mute and solo have changed: the desk hears of it without a new piece.
    pub(super) fn remix(&mut self, now_on_desk: bool) -> Action<Message> {
        let revision = self.editor.revision();
        let Some((made_of, piece)) = &mut self.piece else { return Action::None };
        *made_of = revision;
        let strips = edit::strips(self.editor.document(), &piece.score);
        if now_on_desk { order(Order::Strips(strips)) } else { Action::None }
    }
}
