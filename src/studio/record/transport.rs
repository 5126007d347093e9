//! Telling the keyboard's Rec, Play and Stop from music.

use super::recorder::Button;
use crate::keyboard::controls::{Control, ControlMap, Panel};
use crate::music::Message;

/// What a message is to a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It belongs to the take.
    Music,
    /// A button went down.
    Down(Button),
    /// A button went up, or said something that has no meaning here.
    Other,
}

/// Which messages are buttons; those do not become part of a take.
#[derive(Clone, Debug)]
pub enum Transport {
    /// None of them.
    Off,
    /// On a keyboard whose panel is known those of `complete`. On any other a knob may send what the
    /// AKM322's buttons send, so only what was learned counts.
    On {
        /// The defaults, changed by what was learned.
        complete: ControlMap,
        /// What was learned, without defaults.
        learned: ControlMap,
        /// That of the port that is connected.
        panel: Panel,
    },
}

impl Transport {
    /// Obeys the buttons of these maps; `panel` is that of the port that is connected.
    #[must_use]
    pub fn new(complete: ControlMap, learned: ControlMap, panel: Panel) -> Transport {
        Transport::On { complete, learned, panel }
    }

    /// Another port is connected, or the same one again.
    pub fn connected(&mut self, now: Panel) {
        if let Transport::On { panel, .. } = self {
            *panel = now;
        }
    }

    /// What this message is.
    #[must_use]
    pub fn role(&self, message: &Message) -> Role {
        let map = match self {
            Transport::Off => return Role::Music,
            Transport::On { complete, panel, .. } if panel.has_defaults() => complete,
            Transport::On { learned, .. } => learned,
        };
        let Some((control, _)) = map.lookup(message).filter(|(control, _)| control.is_button()) else {
            return Role::Music;
        };
        match (control, map.pressed(message)) {
            (_, None) => Role::Other,
            (Control::Rec, _) => Role::Down(Button::Rec),
            (Control::Stop, _) => Role::Down(Button::Stop),
            (Control::Play, _) => Role::Down(Button::Play),
            _ => Role::Music,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::settings::ControlSetting;

    fn transport(panel: Panel) -> Transport {
        let rec = ControlSetting { message: "cc 20".to_owned(), channel: None, press: None };
        let settings = BTreeMap::from([("rec".to_owned(), rec)]);
        Transport::new(ControlMap::from_settings(&settings).0, ControlMap::only_learned(&settings), panel)
    }

    fn role(transport: &Transport, bytes: &[u8]) -> Role {
        transport.role(&Message::from_bytes(bytes).unwrap())
    }

    #[test]
    fn the_akm322_and_the_virtual_keyboard_have_their_buttons() {
        for panel in [Panel::Akm322, Panel::Virtual] {
            let transport = transport(panel);
            assert_eq!(role(&transport, &[0xb0, 20, 127]), Role::Down(Button::Rec));
            assert_eq!(role(&transport, &[0xb0, 107, 127]), Role::Music);
            assert_eq!(role(&transport, &[0xb0, 106, 127]), Role::Down(Button::Stop));
            assert_eq!(role(&transport, &[0xb0, 106, 0]), Role::Other);
            assert_eq!(role(&transport, &[0xb0, 105, 127]), Role::Down(Button::Play));
            assert_eq!(role(&transport, &[0xb0, 1, 127]), Role::Music);
            assert_eq!(role(&transport, &[0x90, 107, 127]), Role::Music);
        }
    }

    #[test]
    fn on_another_keyboard_only_what_was_learned_is_a_button() {
        let mut transport = transport(Panel::Akm322);
        transport.connected(Panel::Unknown);
        assert_eq!(role(&transport, &[0xb0, 20, 127]), Role::Down(Button::Rec));
        for knob in 105..=107 {
            assert_eq!(role(&transport, &[0xb0, knob, 90]), Role::Music);
        }
        transport.connected(Panel::Akm322);
        assert_eq!(role(&transport, &[0xb0, 106, 90]), Role::Down(Button::Stop));
    }

    #[test]
    fn switched_off_everything_is_music() {
        assert_eq!(role(&Transport::Off, &[0xb0, 107, 127]), Role::Music);
    }
}
