//! A message byte by byte, with what each says.

use crate::keyboard::controls::controller_name;
use crate::music::message::Voice;
use crate::music::{Message, pitch};

/// A byte, or several that say one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// In hexadecimal, as manuals write them.
    pub(super) hex: String,
    /// Its number.
    pub(super) number: String,
    /// What it says.
    pub(super) words: String,
}

fn part(byte: u8, words: String) -> Part {
    Part { hex: format!("{byte:02X}"), number: byte.to_string(), words }
}

/// The parts of a message.
pub(super) fn parts(message: &Message) -> Vec<Part> {
    let bytes = message.to_bytes();
    let byte = |n: usize| bytes.get(n).copied().unwrap_or_default();
    let (channel, voice) = match message {
        Message::Voice(channel, voice) => (channel.number(), voice),
        Message::SysEx(all) => {
            return vec![
                part(byte(0), "system exclusive: its maker's own".to_owned()),
                Part {
                    hex: "…".to_owned(),
                    number: format!("{} bytes", all.len()),
                    words: "what it means, the maker knows".to_owned(),
                },
            ];
        }
        Message::System(_) => return vec![part(byte(0), "for the whole system: clock, start, stop".to_owned())],
    };
    let first = |what: &str| part(byte(0), format!("{what}, channel {channel}"));
    match voice {
        Voice::NoteOn { key, velocity } => vec![
            first("key down"),
            part(byte(1), format!("key {}", pitch::name(*key))),
            part(byte(2), format!("so hard: {} of 127", velocity.get())),
        ],
        Voice::NoteOff { key, .. } => vec![
            first("key up"),
            part(byte(1), format!("key {}", pitch::name(*key))),
            part(byte(2), "how fast it came up".to_owned()),
        ],
        Voice::KeyPressure { key, .. } => vec![
            first("pressure on a key"),
            part(byte(1), format!("key {}", pitch::name(*key))),
            part(byte(2), "so much".to_owned()),
        ],
        Voice::Control { controller, value } => vec![
            first("control"),
            part(byte(1), controller_name(*controller).unwrap_or("one without a usual name").to_owned()),
            part(byte(2), format!("stands at {} of 127", value.get())),
        ],
        Voice::Program(_) => vec![first("instrument"), part(byte(1), "which, from 0".to_owned())],
        Voice::ChannelPressure(_) => vec![first("pressure"), part(byte(1), "so much".to_owned())],
        Voice::PitchBend(bend) => vec![
            first("pitch wheel"),
            part(byte(1), "the fine part".to_owned()),
            part(byte(2), format!("the coarse part: together {bend:+}")),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_message_is_said() {
        let of = |bytes: &[u8]| {
            let parts = parts(&Message::from_bytes(bytes).unwrap());
            parts.into_iter().map(|p| format!("{} {}", p.hex, p.words)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[0x90, 60, 100]), ["90 key down, channel 1", "3C key C4", "64 so hard: 100 of 127"]);
        assert_eq!(of(&[0xe0, 0, 64])[2], "40 the coarse part: together +0");
        assert_eq!(of(&[0xb0, 1, 9])[1], "01 modulation wheel");
        assert_eq!((of(&[0xc0, 5]).len(), of(&[0xf8]).len(), of(&[0xf0, 1, 2, 0xf7]).len()), (2, 1, 2));
    }
}
