//! Changes to the settings: made at once, written beside the window, and followed by whom they concern.

use iced::Task;

use super::{Message, Studio, own};
use crate::gui::screen::settings as settings_screen;
use crate::gui::work::beside;
use crate::settings::Folders;
use crate::studio::desk::{Listen, Order};
use crate::studio::preferences::Change;

impl Studio {
    /// Makes a change at once, and writes it beside.
    pub(super) fn change(&mut self, change: Change) -> Task<Message> {
        change.apply(&mut self.now.settings);
        self.repaint();
        let followed = self.follow(&change);
        // One after the other: the file shall end as the last of them says.
        self.unwritten.push_back(change);
        if self.unwritten.len() > 1 { followed } else { Task::batch([followed, self.write_next()]) }
    }

    /// Writes the oldest change, which stays in the list until it is written.
    fn write_next(&self) -> Task<Message> {
        match (self.settings_file.clone(), self.unwritten.front().cloned()) {
            (Some(file), Some(change)) => own(beside(move || Message::Written(change.write(&file)))),
            _ => Task::none(),
        }
    }

    /// The oldest change is written, or cannot be.
    pub(super) fn written(&mut self) -> Task<Message> {
        self.unwritten.pop_front();
        self.write_next()
    }

    /// Writes what is not written yet, before the window goes. A change that was just being written is written once more.
    pub(super) fn write_changes(&mut self) {
        if let Some(file) = &self.settings_file {
            self.unwritten.drain(..).for_each(|change| drop(change.write(file)));
        }
    }

    /// Lets the desk and the screens do what a change to the settings means.
    fn follow(&mut self, change: &Change) -> Task<Message> {
        if let Change::Store(_) | Change::Library(_) | Change::SoundFonts(_) = change {
            let change = Box::new(change.clone());
            return own(beside(move || Message::Moved(Folders::of_platform(), change)));
        }
        let Some(desk) = &self.desk else { return Task::none() };
        match change {
            Change::Output(_)
            | Change::Buffer(_)
            | Change::Rate(_)
            | Change::SoundFont(_)
            | Change::Reverb(_)
            | Change::Chorus(_)
            | Change::ClickVolume(_) => {
                if let Some(choice) = settings_screen::sound(&self.now) {
                    desk.order(Order::Sound(choice));
                }
            }
            Change::Port(_) => desk.order(Order::Listen(Listen::of_settings(&self.now.settings))),
            Change::Control(..) | Change::Velocity(_) => {
                desk.order(Order::Settings(Box::new(self.now.settings.clone())));
            }
            Change::Beat(_) | Change::Instrument(_) | Change::Theme(_) => {}
            Change::Store(_) | Change::Library(_) | Change::SoundFonts(_) => {}
        }
        Task::none()
    }

    /// Other folders hold from now on.
    pub(super) fn moved(&mut self, folders: Option<Folders>, change: &Change) -> Task<Message> {
        self.now.folders = folders.map(|f| f.with_settings(&self.now.settings));
        if let Change::Store(_) = change {
            let action = self.jobs.moved(&self.now);
            return self.act(action, Message::Jobs);
        }
        self.order(Order::Settings(Box::new(self.now.settings.clone())))
    }
}
