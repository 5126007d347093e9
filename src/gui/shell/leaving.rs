//! Closing the window: nothing that was edited goes unasked. What is not saved is kept in its draft first; where that
//! cannot be, the window stays open and asks.

use std::path::PathBuf;
use std::time::Duration;

use iced::widget::{column, container, opaque, row, space, text};
use iced::{Element, Length, Task};

use super::{Message, Studio, own};
use crate::gui::icon::Icon;
use crate::gui::screen::edit;
use crate::gui::widget::{labelled, wanted};
use crate::gui::{dialog, theme, work};
use crate::studio::desk::{Closing, Desk};
use crate::studio::jobs::board::Hired;

/// How it is with closing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Nobody wants to.
    #[default]
    Stays,
    /// What is being learned is on its way into its checkpoint.
    #[cfg(feature = "train")]
    Pausing,
    /// What was edited is on its way into its draft.
    Keeping,
    /// It cannot be kept, and this is why: what shall become of it?
    Asks(String),
    /// It is on its way to its file.
    Saving,
    /// The window closes: what runs is saved and let go of, and this is said of it.
    Ends { says: Option<&'static str> },
}

/// A window that takes longer to close than this says why.
const LATE: Duration = Duration::from_millis(400);

/// So long what was left behind is said.
const READING: Duration = Duration::from_secs(4);

/// What shall become of what was edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Save it, then close.
    Save,
    /// Save it beside its file, then close.
    SaveCopy,
    /// Save it in a folder that is chosen in the system's dialog, then close.
    Elsewhere,
    /// Close without it.
    Discard,
    /// Go on.
    Stay,
}

impl Studio {
    /// The window is to be closed.
    pub(super) fn begin_to_leave(&mut self) -> Task<Message> {
        if self.leaving != Leaving::Stays {
            return Task::none();
        }
        #[cfg(feature = "train")]
        if self.train.pause() {
            self.leaving = Leaving::Pausing;
            return Task::none();
        }
        if self.edit.is_saving() {
            self.leaving = Leaving::Saving;
            return Task::none();
        }
        match self.edit.keep_all() {
            Ok(None) => self.leave(None),
            Ok(Some(keep)) => {
                self.leaving = Leaving::Keeping;
                own(work::beside(move || Message::Safe(keep())))
            }
            Err(e) => self.ask(e.to_string()),
        }
    }

    /// Closes; `safe` is the state of the sheet that is in its draft.
    pub(super) fn leave(&mut self, safe: Option<u64>) -> Task<Message> {
        if let Err(e) = self.edit.close(safe) {
            return self.ask(e.to_string());
        }
        self.write_changes();
        self.leaving = Leaving::Ends { says: None };
        // Whatever runs is saved before the window goes; beside it, so that nothing that hangs freezes it.
        let (desk, worker, tags) = (self.desk.take(), self.jobs.close(), self.library.close());
        let end = own(work::beside(move || {
            worker.iter().for_each(Hired::release);
            tags.into_iter().for_each(|bring_to_disk| bring_to_disk());
            let closing = desk.map(Desk::close);
            worker.into_iter().for_each(Hired::dismiss);
            Message::Ended(closing)
        }));
        let late = own(work::beside(|| {
            std::thread::sleep(LATE);
            Message::Ends("What was played is being saved, and sound is let go of.")
        }));
        Task::batch([end, late])
    }

    /// The window is closing still: that is said.
    pub(super) fn ends(&mut self, remark: &'static str) -> Task<Message> {
        if let Leaving::Ends { says: says @ None } = &mut self.leaving {
            *says = Some(remark);
        }
        Task::none()
    }

    /// Closes; where something was left behind that is said first, for as long as it takes to read it.
    pub(super) fn ended(&mut self, closing: Option<Closing>) -> Task<Message> {
        let says = match closing {
            None | Some(Closing::Done) => return iced::exit(),
            Some(Closing::Hangs) => {
                "What was played is saved. The audio output, or the keyboard's driver, does not answer and is left behind; \
                 plug it out and in again if it stays silent."
            }
            Some(Closing::Unsaved) => {
                "The disk does not answer. What was played is in its journal: the next start offers to restore it."
            }
        };
        self.leaving = Leaving::Ends { says: Some(says) };
        own(work::beside(|| {
            std::thread::sleep(READING);
            Message::Ended(None)
        }))
    }

    pub(super) fn ask(&mut self, why: String) -> Task<Message> {
        self.leaving = Leaving::Asks(why);
        Task::none()
    }

    pub(super) fn answer(&mut self, answer: Answer) -> Task<Message> {
        let save = match answer {
            Answer::Save => edit::Command::Save,
            Answer::SaveCopy => edit::Command::SaveCopy,
            Answer::Elsewhere => {
                return Task::perform(dialog::folder("Save the changes in"), Message::LeaveFor);
            }
            Answer::Discard => {
                self.edit.abandon();
                return self.leave(None);
            }
            Answer::Stay => {
                self.leaving = Leaving::Stays;
                return Task::none();
            }
        };
        self.leaving = Leaving::Saving;
        let saving = self.update(Message::Edit(edit::Message::Do(save)));
        Task::batch([saving, self.saved()])
    }

    /// The folder was chosen, or was not.
    pub(super) fn leave_for(&mut self, chosen: dialog::Chosen<PathBuf>) -> Task<Message> {
        match chosen {
            Ok(Some(folder)) => {
                self.leaving = Leaving::Saving;
                let action = self.edit.save_in(folder);
                let saving = self.act(action, Message::Edit);
                Task::batch([saving, self.saved()])
            }
            Ok(None) => Task::none(),
            Err(missing) => self.ask(missing.to_string()),
        }
    }

    /// A save has ended, one way or the other.
    pub(super) fn saved(&mut self) -> Task<Message> {
        if self.leaving != Leaving::Saving || self.edit.is_saving() {
            return Task::none();
        }
        if !self.edit.is_unsaved() {
            return self.leave(None);
        }
        let why = self.edit.trouble().unwrap_or("It was changed while it was being saved.").to_owned();
        self.ask(why)
    }
}

/// The question, over everything else.
pub(super) fn view(leaving: &Leaving) -> Option<Element<'_, Message>> {
    let (head, why) = match leaving {
        Leaving::Stays => return None,
        #[cfg(feature = "train")]
        Leaving::Pausing => ("Keeping what was learned so far …", None),
        Leaving::Keeping => ("Keeping your changes …", None),
        Leaving::Saving => ("Saving …", None),
        Leaving::Ends { says: None } => return None,
        Leaving::Ends { says: Some(says) } => ("Closing …", Some(*says)),
        Leaving::Asks(why) => ("Close without your changes?", Some(why.as_str())),
    };
    let head = text(head).size(theme::LARGE).font(theme::STRONG);
    let words = why.map(|why| text(why).size(theme::BODY));
    let answers = matches!(leaving, Leaving::Asks(_)).then(|| {
        row![
            wanted(Icon::Save, "Save").on_press(Message::Leave(Answer::Save)),
            labelled(Icon::Copy, "Save a copy").on_press(Message::Leave(Answer::SaveCopy)),
            labelled(Icon::Folder, "Elsewhere …").on_press(Message::Leave(Answer::Elsewhere)),
            // What cannot be undone stands apart from what keeps the changes.
            space::horizontal(),
            labelled(Icon::Close, "Discard").on_press(Message::Leave(Answer::Discard)),
            labelled(Icon::Notes, "Keep editing").on_press(Message::Leave(Answer::Stay)),
        ]
        .spacing(theme::GAP)
    });
    let sheet = container(column![head, words, answers].spacing(theme::WIDE)).max_width(700.0).padding(24);
    let veil = container(opaque(sheet.style(theme::sheet))).center(Length::Fill).padding(theme::MARGIN);
    Some(opaque(veil.style(theme::veil)))
}
