//! Training joined with the other screens: what was learned is offered at once, and closing waits until it is kept.

use iced::Task;

use super::{Leaving, Message, Studio};
use crate::gui::screen::Screen;
use crate::gui::screen::train;

impl Studio {
    /// Carries out what happens on the screen Training.
    pub(super) fn trained(&mut self, message: train::Message) -> Task<Message> {
        let has_ended = matches!(message, train::Message::Ended(..));
        let action = self.train.update(message, &self.now);
        let mut tasks = vec![self.act(action, Message::Train)];
        if has_ended && self.screen == Screen::Compose {
            let action = self.compose.enter(&self.now);
            tasks.push(self.act(action, Message::Compose));
        }
        if has_ended && self.leaving == Leaving::Pausing {
            self.leaving = Leaving::Stays;
            // What could not be kept is told before the window goes.
            let next = if self.train.has_failed() { self.go(Screen::Train) } else { self.begin_to_leave() };
            tasks.push(next);
        }
        Task::batch(tasks)
    }

    /// Work beside the window broke down, and it may have been the training.
    pub(super) fn training_broke(&mut self) {
        self.train.work_broke();
        if self.leaving == Leaving::Pausing && self.train.under_way().is_none() {
            self.leaving = Leaving::Stays;
            self.screen = Screen::Train;
        }
    }
}
