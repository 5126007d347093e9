//! The file of what is open is renamed, or goes, while it is edited: it is saved under the new name, and a file that was
//! deleted comes back only knowingly.

use std::path::Path;

use super::sheet::Sheet;
use super::{Action, Edit, Message, State};
use crate::studio::edit::Origin;

impl Edit {
    /// A file was renamed in the library: what is open of it is saved there from now on, and its draft says so.
    pub fn renamed(&mut self, from: &Path, to: &Path) -> Action<Message> {
        if let Some(sheet) = &mut self.aside {
            sheet.renamed(from, to);
        }
        let State::Open(sheet) = &mut self.state else { return Action::None };
        if sheet.renamed(from, to) { sheet.keep(self.number) } else { Action::None }
    }
}

impl Sheet {
    /// Whether the file is this sheet's.
    fn renamed(&mut self, from: &Path, to: &Path) -> bool {
        let Some(origin) = self.origin.as_mut().filter(|o| o.path == from) else { return false };
        *origin = origin.renamed(to);
        self.name = to.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        true
    }

    /// The file is not there any more, and that was said: no file has what is here.
    pub(super) fn file_went(&mut self, number: u64) -> Action<Message> {
        self.origin = self.origin.as_ref().map(Origin::gone);
        self.saved = None;
        self.keep_soon(number)
    }
}
