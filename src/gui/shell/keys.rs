//! What the computer's keys do that no widget wanted: shortcuts first, then piano keys.

use iced::keyboard::key::Named;
use iced::keyboard::{Event, Key};
use iced::{Task, keyboard};

use super::{Answer, Leaving, Message, Studio};
use crate::gui::screen::{Screen, edit, library, play, practice};
use crate::gui::status;
use crate::gui::widget::focus;

impl Studio {
    pub(super) fn key(&mut self, event: &Event) -> Task<Message> {
        if let Some(message) = self.shortcut(event) {
            return self.update(message);
        }
        if let Event::KeyPressed { key: Key::Named(Named::Tab), modifiers, .. } = event {
            return if modifiers.shift() { focus::previous() } else { focus::next() };
        }
        let released = matches!(event, Event::KeyReleased { .. });
        // What was pressed there is let go wherever one is by then.
        let has_keys = matches!(self.screen, Screen::Play | Screen::Practice | Screen::Learn);
        let plays = (has_keys && !self.help && self.leaving == Leaving::Stays) || released;
        let Some(action) = plays.then(|| self.play.key(event)).flatten() else { return Task::none() };
        self.now.octave = self.play.octave();
        self.practice.paint(&self.now);
        self.learn.paint(&self.now);
        self.act(action, Message::Play)
    }

    fn shortcut(&self, event: &Event) -> Option<Message> {
        let Event::KeyPressed { key, modified_key, modifiers, repeat, .. } = event else { return None };
        if self.leaving != Leaving::Stays {
            let stays = matches!(self.leaving, Leaving::Asks(_)) && *key == Key::Named(Named::Escape);
            return stays.then_some(Message::Leave(Answer::Stay));
        }
        if modified_key.as_ref() == Key::Character("?") || *key == Key::Named(Named::F1) {
            return Some(Message::Help);
        }
        if self.help {
            return (*key == Key::Named(Named::Escape)).then_some(Message::Help);
        }
        if self.now.remarks.is_open() && *key == Key::Named(Named::Escape) {
            return Some(Message::Status(status::Message::All));
        }
        let own = match self.screen {
            Screen::Library => {
                self.library.shortcut(key, *modifiers).filter(|m| !repeat || library::repeats(m)).map(Message::Library)
            }
            Screen::Edit => edit::shortcut(key, *modifiers).filter(|m| !repeat || edit::repeats(m)).map(Message::Edit),
            _ => None,
        };
        if own.is_some() {
            return own;
        }
        if modifiers.command() {
            return self.with_command(key);
        }
        if *modifiers != keyboard::Modifiers::default() {
            return None;
        }
        if self.screen == Screen::Practice {
            return match key.as_ref() {
                Key::Named(Named::Space) if !repeat => Some(Message::Practice(practice::Message::Play)),
                Key::Named(Named::Home) => Some(Message::Practice(practice::Message::Restart)),
                _ => None,
            };
        }
        let message = match (self.screen, key.as_ref()) {
            (_, Key::Named(Named::Space)) if !repeat => play::Message::Play,
            (_, Key::Named(Named::Home)) => play::Message::Seek(crate::music::Micros::ZERO),
            (Screen::Play, Key::Character("r")) if !repeat => play::Message::Record,
            (Screen::Play, Key::Character("m")) if !repeat => play::Message::Metronome,
            (Screen::Play, Key::Character("b")) if !repeat => play::Message::Tap,
            (Screen::Play, Key::Named(Named::ArrowUp)) => play::Message::TempoBy(1),
            (Screen::Play, Key::Named(Named::ArrowDown)) => play::Message::TempoBy(-1),
            _ => return None,
        };
        Some(Message::Play(message))
    }

    fn with_command(&self, key: &Key) -> Option<Message> {
        match key.as_ref() {
            Key::Character("s") if self.screen == Screen::Play => Some(Message::Play(play::Message::Keep)),
            Key::Character(digit) => {
                let number = digit.parse::<usize>().ok().filter(|n| *n < 10)?;
                // 0 lies behind 9.
                Screen::ALL.get(number.checked_sub(1).unwrap_or(9)).copied().map(Message::Go)
            }
            _ => None,
        }
    }
}
