//! MIDI messages as this program keeps them, whatever way they came in.

use serde::{Deserialize, Serialize};

macro_rules! seven_bits {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u8", into = "u8")]
        pub struct $name(u8);

        impl $name {
            /// `None` above 127.
            #[must_use]
            pub const fn new(value: u8) -> Option<$name> {
                if value < 128 { Some($name(value)) } else { None }
            }

            /// The low seven bits.
            #[must_use]
            pub const fn masked(value: u8) -> $name {
                $name(value & 0x7f)
            }

            /// The number, 0 to 127.
            #[must_use]
            pub const fn get(self) -> u8 {
                self.0
            }
        }

        impl TryFrom<u8> for $name {
            type Error = String;
            fn try_from(v: u8) -> Result<$name, String> {
                $name::new(v).ok_or_else(|| format!("{v}: must be 0 to 127"))
            }
        }

        impl From<$name> for u8 {
            fn from(v: $name) -> u8 {
                v.0
            }
        }
    };
}

seven_bits! {
    /// A key's number, 0 to 127; 60 is C4.
    Key
}
seven_bits! {
    /// How fast a key went down or up, 0 to 127.
    Velocity
}
seven_bits! {
    /// A controller's number, 0 to 127.
    Controller
}
seven_bits! {
    /// The value of a controller, pressure or program, 0 to 127.
    Value
}

/// A channel as it is on the wire, 0 to 15. People count from 1: see [`Channel::number`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Channel(u8);

impl Channel {
    /// `None` above 15.
    #[must_use]
    pub const fn new(wire: u8) -> Option<Channel> {
        if wire < 16 { Some(Channel(wire)) } else { None }
    }

    /// The low four bits.
    #[must_use]
    pub const fn masked(wire: u8) -> Channel {
        Channel(wire & 0x0f)
    }

    /// The wire value, 0 to 15.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// As people count, 1 to 16.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0 + 1
    }

    /// From the number that people use; `None` unless 1 to 16.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Channel> {
        if number == 0 { None } else { Channel::new(number - 1) }
    }
}

impl TryFrom<u8> for Channel {
    type Error = String;
    fn try_from(v: u8) -> Result<Channel, String> {
        Channel::new(v).ok_or_else(|| format!("channel {v}: must be 0 to 15"))
    }
}

impl From<Channel> for u8 {
    fn from(v: Channel) -> u8 {
        v.0
    }
}

/// One MIDI message, settled: a note-on never has velocity 0, a system exclusive message is whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// A message of one of the sixteen channels.
    Voice(Channel, Voice),
    /// A whole system exclusive message, 0xF0 first and 0xF7 last.
    SysEx(Box<[u8]>),
    /// System common and system real-time: the status byte (0xF1 to 0xFF) and its data, zero where it has none.
    System([u8; 3]),
}

/// What a channel voice message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Voice {
    /// A key goes up.
    NoteOff {
        /// Which key.
        key: Key,
        /// Release velocity; 64 where the keyboard said "note-on with velocity 0".
        velocity: Velocity,
    },
    /// A key goes down; `velocity` is 1 to 127.
    NoteOn {
        /// Which key.
        key: Key,
        /// How fast, 1 to 127.
        velocity: Velocity,
    },
    /// Pressure on one key ("polyphonic aftertouch").
    KeyPressure {
        /// Which key.
        key: Key,
        /// How hard.
        pressure: Value,
    },
    /// A controller moved ("control change").
    Control {
        /// Which controller.
        controller: Controller,
        /// Where to.
        value: Value,
    },
    /// Another instrument ("program change").
    Program(Value),
    /// Pressure on the whole channel ("aftertouch").
    ChannelPressure(Value),
    /// The pitch wheel, -8192 to 8191, 0 at rest.
    PitchBend(i16),
}

impl Message {
    /// The controllers that end all notes of a channel: all sound off, all notes off, and the
    /// changes of mode, which are all notes off as well (MIDI 1.0).
    pub const ENDS_ALL_NOTES: [u8; 6] = [120, 123, 124, 125, 126, 127];

    /// The sustain pedal's controller.
    pub const SUSTAIN: Controller = Controller(64);

    /// A channel message from its bytes without running status; system messages as they are.
    ///
    /// A note-on with velocity 0 becomes a note-off with velocity 64, as the MIDI 1.0 specification
    /// defines it. `None` when the bytes are not one whole message.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Message> {
        let (&status, data) = bytes.split_first()?;
        if status == 0xf0 {
            return (bytes.len() > 1 && bytes.last() == Some(&0xf7)).then(|| Message::SysEx(bytes.into()));
        }
        if status > 0xf0 {
            let length = match status {
                0xf1 | 0xf3 => 1,
                0xf2 => 2,
                _ => 0,
            };
            if data.len() != length || data.iter().any(|b| *b > 127) {
                return None;
            }
            let at = |i: usize| data.get(i).copied().unwrap_or(0);
            return Some(Message::System([status, at(0), at(1)]));
        }
        let channel = Channel::masked(status);
        let voice = match (status >> 4, data) {
            (0x8, &[k, v]) => Voice::NoteOff { key: Key::new(k)?, velocity: Velocity::new(v)? },
            (0x9, &[k, 0]) => Voice::NoteOff { key: Key::new(k)?, velocity: Velocity(64) },
            (0x9, &[k, v]) => Voice::NoteOn { key: Key::new(k)?, velocity: Velocity::new(v)? },
            (0xa, &[k, v]) => Voice::KeyPressure { key: Key::new(k)?, pressure: Value::new(v)? },
            (0xb, &[c, v]) => Voice::Control { controller: Controller::new(c)?, value: Value::new(v)? },
            (0xc, &[p]) => Voice::Program(Value::new(p)?),
            (0xd, &[v]) => Voice::ChannelPressure(Value::new(v)?),
            (0xe, &[lo, hi]) => {
                let (lo, hi) = (Value::new(lo)?, Value::new(hi)?);
                Voice::PitchBend((i16::from(hi.0) << 7 | i16::from(lo.0)) - 8192)
            }
            _ => return None,
        };
        Some(Message::Voice(channel, voice))
    }

    /// The bytes on the wire, without running status.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Message::SysEx(bytes) => bytes.to_vec(),
            Message::System(bytes) => match bytes[0] {
                0xf1 | 0xf3 => bytes[..2].to_vec(),
                0xf2 => bytes.to_vec(),
                _ => bytes[..1].to_vec(),
            },
            Message::Voice(channel, voice) => {
                let status = |high: u8| high << 4 | channel.0;
                match *voice {
                    Voice::NoteOff { key, velocity } => vec![status(0x8), key.0, velocity.0],
                    Voice::NoteOn { key, velocity } => vec![status(0x9), key.0, velocity.0],
                    Voice::KeyPressure { key, pressure } => vec![status(0xa), key.0, pressure.0],
                    Voice::Control { controller, value } => vec![status(0xb), controller.0, value.0],
                    Voice::Program(p) => vec![status(0xc), p.0],
                    Voice::ChannelPressure(v) => vec![status(0xd), v.0],
                    Voice::PitchBend(bend) => {
                        let v = (i32::from(bend) + 8192).clamp(0, 16383) as u16;
                        vec![status(0xe), (v & 0x7f) as u8, (v >> 7) as u8]
                    }
                }
            }
        }
    }

    /// The channel of a channel message.
    #[must_use]
    pub fn channel(&self) -> Option<Channel> {
        match self {
            Message::Voice(channel, _) => Some(*channel),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_message_comes_back_from_its_bytes() {
        for status in 0x80..=0xefu8 {
            for (a, b) in [(0, 1), (60, 100), (127, 127), (64, 64)] {
                let bytes: &[u8] = if matches!(status >> 4, 0xc | 0xd) { &[status, a] } else { &[status, a, b] };
                assert_eq!(Message::from_bytes(bytes).unwrap().to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn velocity_0_is_a_note_off_with_velocity_64() {
        assert_eq!(Message::from_bytes(&[0x93, 60, 0]), Message::from_bytes(&[0x83, 60, 64]));
    }

    #[test]
    fn system_messages_have_the_data_that_their_status_asks_for() {
        for whole in [&[0xf1, 5][..], &[0xf2, 5, 6], &[0xf3, 5], &[0xf6], &[0xf8], &[0xff]] {
            assert_eq!(Message::from_bytes(whole).unwrap().to_bytes(), whole);
        }
        for odd in [&[0xf1][..], &[0xf2, 5], &[0xf8, 5], &[0xfd, 0x31], &[0xf1, 0x80]] {
            assert_eq!(Message::from_bytes(odd), None, "{odd:02x?}");
        }
    }

    #[test]
    fn half_messages_are_none() {
        for bytes in
            [&[][..], &[0x90], &[0x90, 60], &[0x90, 60, 200], &[60, 60, 60], &[0xf0], &[0xf0, 1], &[0xc0, 1, 2]]
        {
            assert_eq!(Message::from_bytes(bytes), None, "{bytes:02x?}");
        }
    }
}
