//! The computer's keys as piano keys, by where they lie and not by what is printed on them.

use iced::keyboard::{Event, key::Code, key::Physical};

use crate::gui::widget::keys::Touched;
use crate::keyboard::virtual_keyboard::layout::{self, Meaning};
use crate::music::message::{Key, Velocity};

/// Softest, usual and loudest; steps between.
const VELOCITY: (u8, u8, u8, i8) = (25, 90, 125, 10);

/// What is held, and how it is played.
#[derive(Debug)]
pub(super) struct Letters {
    octave: i8,
    velocity: u8,
    held: Vec<(Code, Key)>,
}

impl Default for Letters {
    fn default() -> Letters {
        Letters { octave: 4, velocity: VELOCITY.1, held: Vec::new() }
    }
}

impl Letters {
    /// The octave whose C is played by A.
    pub(super) fn octave(&self) -> i8 {
        self.octave
    }

    /// An octave lower or higher; the keys that go up.
    pub(super) fn shift(&mut self, step: i8) -> Vec<Key> {
        self.octave = (self.octave + step).clamp(-1, 8);
        self.let_go()
    }

    pub(super) fn let_go(&mut self) -> Vec<Key> {
        self.held.drain(..).map(|(_, key)| key).collect()
    }

    /// What a key of the computer plays; `None` when it plays nothing.
    pub(super) fn hear(&mut self, event: &Event) -> Option<Vec<Touched>> {
        match event {
            Event::KeyPressed { physical_key: Physical::Code(code), modifiers, repeat, .. } => {
                let meaning = layout::meaning(letter(*code)?)?;
                if modifiers.command() || modifiers.alt() || modifiers.logo() {
                    return None;
                }
                Some(match meaning {
                    _ if *repeat => Vec::new(),
                    Meaning::Note(semitones) => {
                        let key = layout::key(self.octave, semitones)?;
                        self.held.push((*code, key));
                        vec![Touched::Press(key, Velocity::masked(self.velocity))]
                    }
                    Meaning::Octave(step) => self.shift(step).into_iter().map(Touched::Release).collect(),
                    Meaning::Velocity(step) => {
                        let (softest, _, loudest, by) = VELOCITY;
                        self.velocity = self.velocity.saturating_add_signed(step * by).clamp(softest, loudest);
                        Vec::new()
                    }
                    Meaning::Sustain | Meaning::Button(_) => return None,
                })
            }
            Event::KeyReleased { physical_key: Physical::Code(code), .. } => {
                let at = self.held.iter().position(|(held, _)| held == code)?;
                Some(vec![Touched::Release(self.held.remove(at).1)])
            }
            _ => None,
        }
    }
}

/// What is printed there on an American keyboard.
fn letter(code: Code) -> Option<char> {
    Some(match code {
        Code::KeyA => 'a',
        Code::KeyW => 'w',
        Code::KeyS => 's',
        Code::KeyE => 'e',
        Code::KeyD => 'd',
        Code::KeyF => 'f',
        Code::KeyT => 't',
        Code::KeyG => 'g',
        Code::KeyY => 'y',
        Code::KeyH => 'h',
        Code::KeyU => 'u',
        Code::KeyJ => 'j',
        Code::KeyK => 'k',
        Code::KeyO => 'o',
        Code::KeyL => 'l',
        Code::KeyP => 'p',
        Code::Semicolon => ';',
        Code::KeyZ => 'z',
        Code::KeyX => 'x',
        Code::KeyC => 'c',
        Code::KeyV => 'v',
        _ => return None,
    })
}
