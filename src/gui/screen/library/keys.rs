//! What a key of the computer means on this screen.

use iced::keyboard::key::Named;
use iced::keyboard::{Key, Modifiers};

use super::{Library, Message, bin};

impl Library {
    /// What a key of the computer means on this screen.
    #[must_use]
    pub fn shortcut(&self, key: &Key, modifiers: Modifiers) -> Option<Message> {
        let in_trash = self.bin.is_shown();
        if modifiers.command() {
            return match key.as_ref() {
                Key::Character("z") => Some(Message::Undo),
                Key::Character("d") if !in_trash => Some(Message::Duplicate),
                Key::Character("f") if !in_trash => Some(Message::Find),
                _ => None,
            };
        }
        if in_trash {
            return bin::shortcut(key).map(Message::Bin);
        }
        match key.as_ref() {
            Key::Named(Named::ArrowDown) => Some(Message::Step(1)),
            Key::Named(Named::ArrowUp) => Some(Message::Step(-1)),
            Key::Named(Named::PageDown) => Some(Message::Step(10)),
            Key::Named(Named::PageUp) => Some(Message::Step(-10)),
            Key::Named(Named::Enter) => Some(Message::Edit),
            Key::Named(Named::Space) => Some(Message::Play),
            Key::Named(Named::F2) => Some(Message::Rename),
            Key::Named(Named::Delete) => Some(Message::Delete),
            Key::Named(Named::Escape) => Some(Message::Escape),
            Key::Character("/") => Some(Message::Find),
            _ => None,
        }
    }
}

/// Whether a key that is held says it again and again.
#[must_use]
pub fn repeats(message: &Message) -> bool {
    matches!(message, Message::Step(_) | Message::Bin(bin::Message::Step(_)))
}
