//! A message in words, and as data.

use serde::Serialize;

use crate::keyboard::controls::{ControlMap, controller_name};
use crate::music::message::Voice;
use crate::music::{Message, pitch};

/// What a message says, for programs: the fields of `composer.monitor/1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Meaning {
    NoteOn { key: u8, note: String, velocity: u8 },
    NoteOff { key: u8, note: String, velocity: u8 },
    KeyPressure { key: u8, note: String, pressure: u8 },
    Control { controller: u8, name: Option<&'static str>, value: u8 },
    Program { program: u8 },
    ChannelPressure { pressure: u8 },
    PitchBend { bend: i16 },
    SysEx { length: usize },
    System { name: &'static str },
}

impl Meaning {
    /// `name` of a controller is that of the learned control, else the panel's or the MIDI specification's.
    pub(super) fn of(message: &Message, controls: &ControlMap) -> Meaning {
        let voice = match message {
            Message::SysEx(bytes) => return Meaning::SysEx { length: bytes.len() },
            Message::System([status, ..]) => return Meaning::System { name: system_name(*status) },
            Message::Voice(_, voice) => *voice,
        };
        match voice {
            Voice::NoteOn { key, velocity } => {
                Meaning::NoteOn { key: key.get(), note: pitch::name(key), velocity: velocity.get() }
            }
            Voice::NoteOff { key, velocity } => {
                Meaning::NoteOff { key: key.get(), note: pitch::name(key), velocity: velocity.get() }
            }
            Voice::KeyPressure { key, pressure } => {
                Meaning::KeyPressure { key: key.get(), note: pitch::name(key), pressure: pressure.get() }
            }
            Voice::Control { controller, value } => {
                let learned = controls.lookup(message).map(|(control, _)| control.label());
                let name = learned.or_else(|| controller_name(controller));
                Meaning::Control { controller: controller.get(), name, value: value.get() }
            }
            Voice::Program(program) => Meaning::Program { program: program.get() },
            Voice::ChannelPressure(pressure) => Meaning::ChannelPressure { pressure: pressure.get() },
            Voice::PitchBend(bend) => Meaning::PitchBend { bend },
        }
    }

    /// In words, in columns.
    pub(super) fn words(&self) -> String {
        match self {
            Meaning::NoteOn { key, note, velocity } => format!("note on   {note:<4} {key:>3}  velocity {velocity}"),
            Meaning::NoteOff { key, note, velocity } => format!("note off  {note:<4} {key:>3}  velocity {velocity}"),
            Meaning::KeyPressure { key, note, pressure } => format!("pressure  {note:<4} {key:>3}  {pressure}"),
            Meaning::Control { controller, name, value } => {
                format!("control   {:<20} cc {controller:<3} {value:>3}", name.unwrap_or("-"))
            }
            Meaning::Program { program } => format!("program   {program}"),
            Meaning::ChannelPressure { pressure } => format!("pressure  channel   {pressure}"),
            Meaning::PitchBend { bend } => format!("pitch     {bend:+}"),
            Meaning::SysEx { length } => format!("sysex     {length} bytes"),
            Meaning::System { name } => format!("system    {name}"),
        }
    }
}

fn system_name(status: u8) -> &'static str {
    match status {
        0xf1 => "time code quarter frame",
        0xf2 => "song position",
        0xf3 => "song select",
        0xf6 => "tune request",
        0xf8 => "clock",
        0xfa => "start",
        0xfb => "continue",
        0xfc => "stop",
        0xfe => "active sensing",
        0xff => "reset",
        _ => "undefined",
    }
}

/// Bytes as two hexadecimal digits each.
pub(super) fn hex(message: &Message) -> String {
    message.to_bytes().iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(bytes: &[u8]) -> String {
        Meaning::of(&Message::from_bytes(bytes).unwrap(), &ControlMap::default()).words()
    }

    #[test]
    fn messages_carry_the_names_of_the_keyboard() {
        assert_eq!(words(&[0x90, 41, 100]), "note on   F2    41  velocity 100");
        assert!(words(&[0xb0, 22, 9]).contains("knob 2"));
        assert!(words(&[0xb0, 107, 127]).contains("Rec"));
        assert!(words(&[0xb0, 3, 1]).contains("cc 3"));
        assert_eq!(words(&[0xe0, 0, 0]), "pitch     -8192");
        assert_eq!(words(&[0xfa]), "system    start");
    }
}
