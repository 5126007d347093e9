//! The message that a control sends, as settings and people write it.

use std::fmt;
use std::str::FromStr;

use super::{Channel, Controller, DOWN, Key, Message, Value, Voice};
use crate::music::Velocity;

/// What makes the messages of one control alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `cc 107`: a controller.
    Controller(Controller),
    /// `note 36`: a key or pad.
    Note(Key),
    /// `program 5`: a program change to this program.
    Program(Value),
    /// `pressure`: channel pressure.
    Pressure,
    /// `pitch`: the pitch wheel.
    PitchWheel,
    /// `start`, `continue` or `stop`: the real-time messages FA, FB and FC.
    RealTime(u8),
    /// `sysex F0 7F 7F 06 02 F7`: exactly this system exclusive message, such as MIDI machine control.
    SysEx(Box<[u8]>),
}

const REAL_TIME: [(&str, u8); 3] = [("start", 0xfa), ("continue", 0xfb), ("stop", 0xfc)];

impl Source {
    /// The source that a message shows; `None` for what no control sends (the clock, a key let go).
    #[must_use]
    pub fn of(message: &Message) -> Option<Source> {
        Some(match message {
            Message::Voice(_, Voice::Control { controller, .. }) => Source::Controller(*controller),
            Message::Voice(_, Voice::NoteOn { key, .. }) => Source::Note(*key),
            Message::Voice(_, Voice::Program(program)) => Source::Program(*program),
            Message::Voice(_, Voice::ChannelPressure(_)) => Source::Pressure,
            Message::Voice(_, Voice::PitchBend(_)) => Source::PitchWheel,
            Message::System([status @ 0xfa..=0xfc, ..]) => Source::RealTime(*status),
            Message::SysEx(bytes) => Source::SysEx(bytes.clone()),
            _ => return None,
        })
    }

    /// Where the control stands after this message; `None` if it is another's. Messages without a
    /// value count as 127.
    pub(super) fn value(&self, message: &Message) -> Option<i16> {
        match (self, message) {
            (Source::Controller(c), Message::Voice(_, Voice::Control { controller, value })) if c == controller => {
                Some(value.get().into())
            }
            // However softly it was struck, it is down.
            (Source::Note(k), Message::Voice(_, Voice::NoteOn { key, velocity })) if k == key => {
                Some(velocity.get().max(DOWN).into())
            }
            (Source::Note(k), Message::Voice(_, Voice::NoteOff { key, .. })) if k == key => Some(0),
            (Source::Program(p), Message::Voice(_, Voice::Program(program))) if p == program => Some(127),
            (Source::Pressure, Message::Voice(_, Voice::ChannelPressure(v))) => Some(v.get().into()),
            (Source::PitchWheel, Message::Voice(_, Voice::PitchBend(bend))) => Some(*bend),
            (Source::RealTime(s), Message::System([status, ..])) if s == status => Some(127),
            (Source::SysEx(a), Message::SysEx(b)) if a == b => Some(127),
            _ => None,
        }
    }
}

impl Source {
    /// What such a control sends on this channel when it is pressed and let go; one message where
    /// letting go says nothing.
    pub(super) fn press_and_release(&self, channel: Channel) -> Vec<Message> {
        let voices = |voices: [Voice; 2]| voices.map(|v| Message::Voice(channel, v)).to_vec();
        let [up, down] = [0, 127].map(Value::masked);
        match self {
            Source::Controller(c) => voices([down, up].map(|value| Voice::Control { controller: *c, value })),
            Source::Note(key) => voices([
                Voice::NoteOn { key: *key, velocity: Velocity::masked(127) },
                Voice::NoteOff { key: *key, velocity: Velocity::masked(64) },
            ]),
            Source::Program(program) => vec![Message::Voice(channel, Voice::Program(*program))],
            Source::Pressure => voices([down, up].map(Voice::ChannelPressure)),
            Source::PitchWheel => voices([8191, 0].map(Voice::PitchBend)),
            Source::RealTime(status) => Message::from_bytes(&[*status]).into_iter().collect(),
            Source::SysEx(bytes) => vec![Message::SysEx(bytes.clone())],
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Controller(c) => write!(f, "cc {}", c.get()),
            Source::Note(k) => write!(f, "note {}", k.get()),
            Source::Program(p) => write!(f, "program {}", p.get()),
            Source::Pressure => f.write_str("pressure"),
            Source::PitchWheel => f.write_str("pitch"),
            Source::RealTime(s) => {
                f.write_str(REAL_TIME.iter().find(|(_, status)| status == s).map_or("start", |(name, _)| name))
            }
            Source::SysEx(bytes) => {
                f.write_str("sysex")?;
                bytes.iter().try_for_each(|b| write!(f, " {b:02X}"))
            }
        }
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(s: &str) -> Result<Source, String> {
        let words: Vec<&str> = s.split_whitespace().collect();
        let number =
            |n: &str| n.parse::<u8>().ok().filter(|n| *n < 128).ok_or_else(|| format!("`{n}`: must be 0 to 127"));
        Ok(match words.as_slice() {
            ["cc", n] => Source::Controller(Controller::masked(number(n)?)),
            ["note", n] => Source::Note(Key::masked(number(n)?)),
            ["program", n] => Source::Program(Value::masked(number(n)?)),
            ["pressure"] => Source::Pressure,
            ["pitch"] => Source::PitchWheel,
            ["sysex", bytes @ ..] => {
                let bytes: Option<Vec<u8>> = bytes.iter().map(|b| u8::from_str_radix(b, 16).ok()).collect();
                match bytes.as_deref() {
                    Some([0xf0, data @ .., 0xf7]) if data.iter().all(|b| *b < 128) => {
                        Source::SysEx(bytes.unwrap_or_default().into())
                    }
                    _ => return Err(format!("`{s}`: a system exclusive message looks like `sysex F0 7F 7F 06 02 F7`")),
                }
            }
            [word] if REAL_TIME.iter().any(|(name, _)| name == word) => {
                Source::RealTime(REAL_TIME.iter().find(|(name, _)| name == word).map_or(0xfa, |(_, status)| *status))
            }
            _ => {
                return Err(format!(
                    "`{s}`: a message is `cc N`, `note N`, `program N`, `pressure`, `pitch`, `start`, `continue`, \
                     `stop` or `sysex F0 .. F7`"
                ));
            }
        })
    }
}
