//! Nothing is lost: what is edited goes to its draft within a second, and to its file when it is saved. And what the desk
//! needs to play it.

use std::sync::Arc;
use std::time::Duration;

use super::sheet::Sheet;
use super::{Action, Message, order, time_of};
use crate::gui::now::Now;
use crate::gui::work::beside;
use crate::studio::desk::{Order, Piece};
use crate::studio::edit::{self, EditError, Origin};
use crate::studio::place::InTheWay;

/// How long an edit waits for others before all are kept together.
const GATHER: Duration = Duration::from_millis(350);

impl Sheet {
    /// Keeps the state soon, with what is done meanwhile.
    pub(super) fn keep_soon(&mut self, number: u64) -> Action<Message> {
        if self.keeper.is_none() || std::mem::replace(&mut self.keeping, true) {
            return Action::None;
        }
        Action::Run(beside(move || {
            std::thread::sleep(GATHER);
            Message::KeepDue(number)
        }))
    }

    /// Keeps the state now, beside the window.
    pub(super) fn keep(&mut self, number: u64) -> Action<Message> {
        let Some(keeper) = self.keeper.clone() else { return Action::None };
        let revision = self.editor.revision();
        if !self.is_unsaved() {
            keeper.forget();
            self.keeping = false;
            self.kept = revision;
            return Action::None;
        }
        let document = self.editor.document().clone();
        Action::Run(beside(move || Message::Kept(number, revision, keeper.keep(&document))))
    }

    /// A state was kept; if it is not the present one, once more.
    pub(super) fn was_kept(&mut self, revision: u64, number: u64) -> Action<Message> {
        self.kept = revision;
        self.keeping = false;
        if self.editor.revision() == revision { Action::None } else { self.keep_soon(number) }
    }

    /// Saves the sheet to its file; one that has none goes to the library.
    pub(super) fn save(&self, number: u64, now: &Now, copy: bool) -> Action<Message> {
        let revision = self.editor.revision();
        let document = self.editor.document().clone();
        let library = now.folders.as_ref().map(|f| f.library.clone());
        let (origin, name) = (self.origin.clone(), self.name.clone());
        Action::Run(beside(move || {
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

    /// The file has this state.
    pub(super) fn was_saved(&mut self, origin: Origin, revision: u64) {
        self.name = origin.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        self.origin = Some(origin);
        self.saved = Some(revision);
        if let Some(draft) = self.recovered.take() {
            let _ = draft.remove();
        }
        if let Some(keeper) = self.keeper.as_ref().filter(|_| !self.is_unsaved()) {
            keeper.forget();
        }
    }

    /// The sheet makes way for another: what is not saved stays as a draft.
    pub(super) fn put_away(self) -> Action<Message> {
        if self.is_unsaved() && self.kept != self.editor.revision() {
            return Action::Run(beside(move || self.close()).discard());
        }
        self.close();
        Action::None
    }

    /// Keeps what is not kept yet, and lets go of the draft.
    pub(super) fn close(self) {
        let Some(keeper) = &self.keeper else { return };
        if !self.is_unsaved() {
            keeper.forget();
        } else if self.kept != self.editor.revision() {
            // Whoever closes a window is not asked; what the disk does not take here it has refused before.
            let _ = keeper.keep(self.editor.document());
        }
        if let Some(draft) = &self.recovered
            && self.is_unsaved()
            && self.kept != 0
        {
            // The newer draft has all that the older had.
            let _ = draft.remove();
        }
    }

    /// Makes the state ready to be played, beside the window.
    pub(super) fn make_ready(&mut self, number: u64, play: bool) -> Action<Message> {
        if std::mem::replace(&mut self.preparing, true) {
            return Action::None;
        }
        let revision = self.editor.revision();
        let (document, name) = (self.editor.document().clone(), self.name.clone());
        let path = self.origin.as_ref().map(|o| o.path.clone());
        Action::Run(beside(move || {
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
