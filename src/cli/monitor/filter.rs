//! Which messages are shown.

use crate::music::message::Voice;
use crate::music::{Channel, Message};

/// A kind of message, as `--only` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Keys going down and up.
    Notes,
    /// Controllers: wheels, knobs, buttons, pedals.
    Controls,
    /// The pitch wheel.
    Pitch,
    /// Pressure on keys or on the channel.
    Pressure,
    /// Program changes.
    Programs,
    /// System exclusive messages.
    Sysex,
    /// Clock, start, stop and the other system messages.
    System,
}

impl Kind {
    fn of(message: &Message) -> Kind {
        match message {
            Message::SysEx(_) => Kind::Sysex,
            Message::System(_) => Kind::System,
            Message::Voice(_, voice) => match voice {
                Voice::NoteOn { .. } | Voice::NoteOff { .. } => Kind::Notes,
                Voice::Control { .. } => Kind::Controls,
                Voice::PitchBend(_) => Kind::Pitch,
                Voice::KeyPressure { .. } | Voice::ChannelPressure(_) => Kind::Pressure,
                Voice::Program(_) => Kind::Programs,
            },
        }
    }
}

/// Whether a message is to be shown. Empty lists let everything pass; a list of channels stops
/// messages that have none.
pub(super) fn passes(message: &Message, only: &[Kind], channels: &[Channel]) -> bool {
    (only.is_empty() || only.contains(&Kind::of(message)))
        && (channels.is_empty() || message.channel().is_some_and(|c| channels.contains(&c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_channels_both_have_to_fit() {
        let note = Message::from_bytes(&[0x93, 60, 1]).unwrap();
        let clock = Message::from_bytes(&[0xf8]).unwrap();
        let four = Channel::from_number(4).unwrap();
        assert!(passes(&note, &[], &[]) && passes(&clock, &[], &[]));
        assert!(passes(&note, &[Kind::Notes, Kind::Pitch], &[four]));
        assert!(!passes(&note, &[Kind::Controls], &[four]));
        assert!(!passes(&note, &[], &[Channel::default()]));
        assert!(!passes(&clock, &[], &[four]) && passes(&clock, &[Kind::System], &[]));
    }
}
