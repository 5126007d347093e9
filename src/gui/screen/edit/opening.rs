//! A sheet is opened, and the one that was open makes way: not before its changes are safe in a draft.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::safe::Saving;
use super::sheet::Sheet;
use super::{Action, Edit, Message, Opened, State, quietly};
use crate::gui::now::Now;
use crate::gui::work::beside;
use crate::music::edit::Editor;
use crate::studio::edit::{self, Draft, EditError, Keeper};

impl Opened {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no music.
    pub fn read(path: &Path) -> Result<Opened, EditError> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (composition, origin, warnings) = edit::open(path)?;
        let editor = Box::new(Editor::open(&composition));
        Ok(Opened { editor, name, origin: Some(origin), recovered: None, odd: warnings.len(), keeper: None })
    }

    /// Reads a draft.
    fn draft(draft: Draft) -> Result<Opened, EditError> {
        let editor = Box::new(Editor::open(&draft.read()?));
        let (name, origin) = (draft.name.clone(), draft.origin.clone());
        Ok(Opened { editor, name, origin, recovered: Some(draft), odd: 0, keeper: None })
    }

    /// Reads the changes to a file that were not saved, or the file where there are none.
    pub(super) fn latest(path: &Path, state: Option<&Path>) -> Result<Opened, EditError> {
        let drafts = state.map(edit::drafts).unwrap_or_default();
        let ours = drafts.into_iter().find(|d| d.origin.as_ref().is_some_and(|o| o.path == path));
        // A draft that does not open stays where it is, and the library tells of it.
        ours.and_then(|draft| Opened::draft(draft).ok()).map_or_else(|| Opened::read(path), Ok)
    }
}

impl Opened {
    /// With a place below the state folder where its changes are kept.
    #[must_use]
    pub fn kept_in(self, state: Option<&Path>) -> Opened {
        let keeper = state.map(|state| Keeper::begin(state, &self.name).map(Arc::new));
        Opened { keeper, ..self }
    }
}

impl Edit {
    /// Opens a file, with the changes to it that were not saved.
    pub fn open(&mut self, path: PathBuf, now: &Now) -> Action<Message> {
        if let Some(sheet) = self.aside.take_if(|s| s.origin.as_ref().is_some_and(|o| o.path == path)) {
            self.number += 1;
            self.put_back(sheet);
            return Action::None;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let state = now.folders.as_ref().map(|f| f.state.clone());
        self.begin(name, now, move || Opened::latest(&path, state.as_deref()))
    }

    /// Opens what a crash left behind.
    pub fn recover(&mut self, draft: Draft, now: &Now) -> Action<Message> {
        self.begin(draft.name.clone(), now, move || Opened::draft(draft))
    }

    pub(super) fn begin(
        &mut self,
        name: String,
        now: &Now,
        read: impl FnOnce() -> Result<Opened, EditError> + Send + 'static,
    ) -> Action<Message> {
        // What the file holds is known when it is saved, and a draft of it must not outlive that.
        if self.is_saving() {
            self.said = Some(("It is being saved: the same again in a moment.".to_owned(), false));
            return Action::None;
        }
        // What was open and not saved stays as a draft until it is opened again.
        let before = match std::mem::take(&mut self.state) {
            State::Open(sheet) => Some(sheet),
            State::Empty | State::Opening(_) => self.aside.take(),
        };
        let keep = match before.as_ref().map(|sheet| sheet.keep_aside()).transpose() {
            Ok(keep) => keep,
            Err(e) => {
                self.said = Some((e.to_string(), true));
                self.is_stuck = true;
                before.into_iter().for_each(|sheet| self.put_back(sheet));
                return Action::None;
            }
        };
        self.aside = before;
        self.number += 1;
        let number = self.number;
        self.state = State::Opening(name);
        self.said = None;
        let state = now.folders.as_ref().map(|f| f.state.clone());
        Action::Work(beside(move || {
            let safe = keep.map_or(Ok(()), |keep| keep().map(drop));
            let opened = safe.and_then(|()| read()).map(|opened| opened.kept_in(state.as_deref()));
            Message::Opened(number, opened.map(Box::new))
        }))
    }

    fn put_back(&mut self, mut sheet: Box<Sheet>) {
        sheet.put_back();
        self.state = State::Open(sheet);
    }

    /// What was being opened is not wanted any more: what made way for it comes back.
    fn call_back(&mut self) {
        if matches!(self.state, State::Opening(_)) {
            self.number += 1;
            self.state = State::Empty;
            self.aside.take().into_iter().for_each(|sheet| self.put_back(sheet));
        }
    }

    /// Work beside the window broke down, and nobody knows which: nothing is waited for any more.
    pub fn work_broke(&mut self) {
        self.call_back();
        self.export = None;
        if let State::Open(sheet) = &mut self.state {
            sheet.put_back();
        }
    }

    pub(super) fn take(&mut self, outcome: Result<Box<Opened>, EditError>) -> Action<Message> {
        let mut made_way = Action::None;
        if let Some(sheet) = self.aside.take() {
            if let Err(e @ EditError::WouldBeLost { .. }) = &outcome {
                self.said = Some((e.to_string(), true));
                self.is_stuck = true;
                self.put_back(sheet);
                return Action::None;
            }
            made_way = sheet.made_way();
        }
        self.is_stuck = false;
        let mut opened = match outcome {
            Ok(opened) => *opened,
            Err(e) => {
                self.state = State::Empty;
                self.said = Some((e.to_string(), true));
                return made_way;
            }
        };
        self.said = match (&opened.recovered, opened.odd) {
            (Some(draft), _) => Some((
                format!("These changes are not saved; they were last kept at {}. Save to keep them.", draft.kept),
                false,
            )),
            (None, 0) => None,
            (None, odd) => Some((format!("The file has {odd} oddities; what could be read is here."), false)),
        };
        let keeper = match opened.keeper.take().transpose() {
            Ok(keeper) => keeper,
            Err(e) => {
                self.said = Some((e.to_string(), true));
                None
            }
        };
        let mut sheet = Box::new(Sheet::new(opened, keeper));
        // A draft that was left behind is nobody's: from now on it is this sheet's own.
        let own = if sheet.recovered.is_some() { sheet.keep_soon(self.number) } else { Action::None };
        self.state = State::Open(sheet);
        Action::All(vec![made_way, own])
    }

    /// Throws away the changes that cannot be kept.
    pub(super) fn discard(&mut self) -> Action<Message> {
        self.throw_away().map_or(Action::None, quietly)
    }

    fn throw_away(&mut self) -> Option<impl FnOnce() + Send + use<>> {
        self.number += 1;
        self.said = None;
        self.is_stuck = false;
        match std::mem::take(&mut self.state) {
            State::Open(sheet) => sheet.discard(),
            State::Empty | State::Opening(_) => None,
        }
    }

    /// What has to be done beside the window before it may be closed, if anything; it answers with the state that is
    /// safe then.
    ///
    /// # Errors
    /// When nothing can be done: what was edited would be lost.
    pub fn keep_all(&mut self) -> Result<Option<impl FnOnce() -> Result<u64, EditError> + Send + use<>>, EditError> {
        self.call_back();
        match &self.state {
            State::Open(sheet) if sheet.is_unsaved() => sheet.keep_aside().map(Some),
            State::Open(_) | State::Empty | State::Opening(_) => Ok(None),
        }
    }

    /// The window goes, and `safe` is the state that is in the draft. What was edited since then is kept first, which
    /// takes as long as the disk does.
    ///
    /// # Errors
    /// When that cannot be kept; the sheet stays open then.
    pub fn close(&mut self, safe: Option<u64>) -> Result<(), EditError> {
        if let State::Open(sheet) = &mut self.state {
            sheet.kept = safe.or(sheet.kept);
            if sheet.is_unsaved() {
                sheet.kept = Some(sheet.keep_aside()?()?);
            }
            if let Some(work) = sheet.last_work() {
                work();
            }
        }
        self.state = State::Empty;
        Ok(())
    }

    /// The window goes, and the changes are not wanted.
    pub fn abandon(&mut self) {
        if let Some(work) = self.throw_away() {
            work();
        }
    }

    /// Whether what is open is on its way to its file.
    #[must_use]
    pub fn is_saving(&self) -> bool {
        matches!(&self.state, State::Open(sheet) if matches!(sheet.saving, Saving::UnderWay { .. }))
    }

    /// Saves what is open in another folder.
    pub fn save_in(&mut self, folder: PathBuf) -> Action<Message> {
        match &mut self.state {
            State::Open(sheet) => sheet.save_in(self.number, folder),
            State::Empty | State::Opening(_) => Action::None,
        }
    }

    /// What was last said to be wrong.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.said.as_ref().filter(|(_, wrong)| *wrong).map(|(what, _)| what.as_str())
    }
}
