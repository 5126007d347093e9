//! Exports of what is open: written beside the window, which shows how far that is and can stop it. One at a time; it
//! goes on when another piece is opened.

use iced::widget::{progress_bar, row, text};
use iced::{Alignment, Element, Length};

use super::sheet::Sheet;
use super::{Action, Edit, Message, SoundKind};
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::button;
use crate::gui::work::{Held, held, telling};
use crate::studio::desk::SoundChoice;
use crate::studio::library::{self, LibraryError};

/// An export that runs; dropped, it stops.
#[derive(Debug)]
pub(super) struct Export {
    name: String,
    share: f32,
    _held: Held,
}

impl Edit {
    /// Writes the piece as sound, or as a MIDI file, into the library's folder for exports.
    pub(super) fn export(&mut self, sheet: &Sheet, kind: SoundKind, now: &Now) -> Action<Message> {
        if let Some(export) = &self.export {
            self.said = Some((format!("{} is being exported; stop that first, or wait.", export.name), false));
            return Action::None;
        }
        let Some(folders) = now.folders.clone() else { return Action::None };
        let (hold, wanted) = held();
        let name = sheet.name.clone();
        self.export = Some(Export { name: name.clone(), share: 0.0, _held: hold });
        let document = sheet.editor.document().clone();
        let choice = SoundChoice::of_settings(&now.settings, &folders);
        Action::Work(telling(move |tell| {
            let mut percent = 0;
            let mut progress = |share: f32| {
                let now = (share * 100.0) as u8;
                if std::mem::replace(&mut percent, now) != now {
                    tell(Message::Exporting(share));
                }
                wanted.is_wanted()
            };
            let outcome = library::exports(&folders.library).and_then(|folder| match kind.sound() {
                None => library::write_midi(&document.composition(), &folder.join(format!("{name}.mid"))),
                Some(sound) => {
                    let path = folder.join(format!("{name}.{}", sound.extension()));
                    library::export_document(&document, &choice, &path, sound, &mut progress)
                }
            });
            tell(Message::Exported(outcome));
        }))
    }

    /// How far it is.
    pub(super) fn export_is_at(&mut self, share: f32) {
        if let Some(export) = &mut self.export {
            export.share = share;
        }
    }

    /// It has ended.
    pub(super) fn exported(&mut self, outcome: Result<std::path::PathBuf, LibraryError>) {
        self.export = None;
        self.said = Some(match outcome {
            Ok(path) => (format!("Exported {}.", path.display()), false),
            Err(LibraryError::Stopped) => ("The export was stopped; nothing was written.".to_owned(), false),
            Err(e) => (e.to_string(), true),
        });
    }

    /// How far the export is, and the button that stops it.
    pub(super) fn exporting(&self) -> Option<Element<'_, Message>> {
        let export = self.export.as_ref()?;
        let line = row![
            text(format!("Exporting {} …", export.name)).size(theme::SMALL).style(theme::muted),
            progress_bar(0.0..=1.0, export.share).length(Length::Fixed(160.0)).girth(8.0).style(theme::progress),
            button(text("Stop").size(theme::SMALL))
                .padding([2.0, 8.0])
                .style(theme::plain)
                .on_press(Message::StopExport),
        ];
        Some(line.spacing(theme::GAP).align_y(Alignment::Center).into())
    }
}
