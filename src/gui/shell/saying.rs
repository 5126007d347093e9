//! What is said at the foot of the window, and what somebody does with it.

use iced::{Task, clipboard};

use super::{Message, Studio};
use crate::gui::screen::Screen;
use crate::gui::status;
use crate::settings::SettingsError;
use crate::studio::desk::{Order, Remark};

impl Studio {
    /// Says what went wrong.
    pub(super) fn complain(&mut self, text: String) -> Task<Message> {
        self.now.remarks.say(Remark { text, wrong: true });
        Task::none()
    }

    /// Somebody does something with the line at the foot.
    pub(super) fn tend(&mut self, message: status::Message) -> Task<Message> {
        match message {
            status::Message::Copy(remedy) => clipboard::write(remedy),
            status::Message::Retry => {
                let retry = self.order(Order::Retry);
                Task::batch([retry, self.examine()])
            }
            status::Message::Library => self.go(Screen::Library),
            status::Message::Dismiss(index) => {
                if !self.now.remarks.dismiss(index) {
                    self.now.left_behind = None;
                }
                Task::none()
            }
            status::Message::DismissAll => {
                self.now.remarks.clear();
                Task::none()
            }
            status::Message::All => {
                self.now.remarks.toggle();
                Task::none()
            }
        }
    }
}

/// What the first screen says of the settings' file.
pub(super) fn remark_on_settings(fault: Option<&SettingsError>, warnings: &[String]) -> Option<Remark> {
    let what = match (fault, warnings) {
        (Some(_), _) => "The settings' file is of no use",
        (None, [_, ..]) => "Something in the settings' file is wrong",
        (None, []) => return None,
    };
    Some(Remark { text: format!("{what}; the screen Settings says what."), wrong: true })
}
