//! A sheet is opened, and the one that was open makes way: not before its changes are safe in a draft.

use std::path::{Path, PathBuf};

use super::sheet::Sheet;
use super::{Action, Edit, Message, Opened, State};
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
        Ok(Opened { editor, name, origin: Some(origin), recovered: None, odd: warnings.len() })
    }

    /// Reads a draft.
    fn draft(draft: Draft) -> Result<Opened, EditError> {
        let editor = Box::new(Editor::open(&draft.read()?));
        let (name, origin) = (draft.name.clone(), draft.origin.clone());
        Ok(Opened { editor, name, origin, recovered: Some(draft), odd: 0 })
    }

    /// Reads the changes to a file that were not saved, or the file where there are none.
    pub(super) fn latest(path: &Path, state: Option<&Path>) -> Result<Opened, EditError> {
        let drafts = state.map(edit::drafts).unwrap_or_default();
        let ours = drafts.into_iter().find(|d| d.origin.as_ref().is_some_and(|o| o.path == path));
        // A draft that does not open stays where it is, and the library tells of it.
        ours.and_then(|draft| Opened::draft(draft).ok()).map_or_else(|| Opened::read(path), Ok)
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
        self.begin(name, move || Opened::latest(&path, state.as_deref()))
    }

    /// Opens what a crash left behind.
    pub fn recover(&mut self, draft: Draft) -> Action<Message> {
        self.begin(draft.name.clone(), move || Opened::draft(draft))
    }

    pub(super) fn begin(
        &mut self,
        name: String,
        read: impl FnOnce() -> Result<Opened, EditError> + Send + 'static,
    ) -> Action<Message> {
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
        Action::Run(beside(move || {
            let safe = keep.map_or(Ok(()), |keep| keep());
            Message::Opened(number, safe.and_then(|()| read()).map(Box::new))
        }))
    }

    fn put_back(&mut self, mut sheet: Box<Sheet>) {
        sheet.put_back();
        self.state = State::Open(sheet);
    }

    pub(super) fn take(&mut self, outcome: Result<Box<Opened>, EditError>, now: &Now) -> Action<Message> {
        if let Some(sheet) = self.aside.take() {
            if let Err(e @ EditError::WouldBeLost { .. }) = &outcome {
                self.said = Some((e.to_string(), true));
                self.is_stuck = true;
                self.put_back(sheet);
                return Action::None;
            }
            sheet.made_way();
        }
        self.is_stuck = false;
        let opened = match outcome {
            Ok(opened) => *opened,
            Err(e) => {
                self.state = State::Empty;
                self.said = Some((e.to_string(), true));
                return Action::None;
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
        let keeper = match now.folders.as_ref().map(|f| Keeper::begin(&f.state, &opened.name)) {
            Some(Ok(keeper)) => Some(keeper),
            Some(Err(e)) => {
                self.said = Some((e.to_string(), true));
                None
            }
            None => None,
        };
        let mut sheet = Box::new(Sheet::new(opened, keeper));
        // A draft that was left behind is nobody's: from now on it is this sheet's own.
        let own = if sheet.recovered.is_some() { sheet.keep_soon(self.number) } else { Action::None };
        self.state = State::Open(sheet);
        own
    }

    /// Throws away the changes that cannot be kept.
    pub(super) fn discard(&mut self) {
        if let State::Open(sheet) = std::mem::take(&mut self.state) {
            sheet.discard();
        }
        self.number += 1;
        self.said = None;
        self.is_stuck = false;
    }

    /// Keeps what is open before the window goes; takes as long as the disk does.
    pub fn close(&mut self) {
        if let Some(sheet) = self.aside.take() {
            sheet.close();
        }
        if let State::Open(sheet) = std::mem::take(&mut self.state) {
            sheet.close();
        }
    }
}
