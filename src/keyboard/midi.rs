//! Normalising at the edge: what comes off a cable is settled here, once, for everybody behind.
//!
//! Behind this point a note-on has a velocity, every note-on has one note-off, messages are whole,
//! and there is no active sensing.

use crate::music::message::{Message, Velocity, Voice};
use crate::music::take::Sounding;
use crate::music::wire::Parser;

/// "I am still here", sent three times a second by some keyboards; says nothing about music.
const ACTIVE_SENSING: u8 = 0xfe;

/// Settles the messages of one connection.
#[derive(Clone, Debug, Default)]
pub struct Normaliser {
    parser: Parser,
    sounding: Sounding,
}

impl Normaliser {
    /// Takes the next bytes from the cable and calls `sink` with settled messages.
    ///
    /// A second note-on for a key that is down is preceded by a note-off with velocity 64; a
    /// note-off for a key that is up is dropped.
    pub fn feed(&mut self, bytes: &[u8], mut sink: impl FnMut(Message)) {
        let Normaliser { parser, sounding } = self;
        parser.feed(bytes, &mut |message| {
            match message {
                Message::System([ACTIVE_SENSING, ..]) => return,
                Message::Voice(channel, Voice::NoteOn { key, .. }) if sounding.is_down(channel, key) => {
                    sink(Message::Voice(channel, Voice::NoteOff { key, velocity: Velocity::masked(64) }));
                }
                Message::Voice(channel, Voice::NoteOff { key, .. }) if !sounding.is_down(channel, key) => return,
                _ => {}
            }
            sounding.hear(&message);
            sink(message);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        Normaliser::default().feed(bytes, |m| out.push(m.to_bytes()));
        out
    }

    #[test]
    fn a_doubled_note_on_becomes_two_notes() {
        let got = settle(&[0x90, 60, 100, 0x90, 60, 90, 0x80, 60, 3, 0x80, 60, 4]);
        assert_eq!(got, [vec![0x90, 60, 100], vec![0x80, 60, 64], vec![0x90, 60, 90], vec![0x80, 60, 3]]);
    }

    #[test]
    fn a_note_on_with_velocity_0_ends_the_note() {
        assert_eq!(settle(&[0x90, 60, 100, 60, 0, 60, 0]), [vec![0x90, 60, 100], vec![0x80, 60, 64]]);
    }

    #[test]
    fn channels_do_not_touch_each_other() {
        assert_eq!(settle(&[0x90, 60, 100, 0x91, 60, 100]).len(), 2);
    }

    #[test]
    fn active_sensing_is_dropped_and_the_clock_is_kept() {
        assert_eq!(settle(&[0xfe, 0xf8]), [vec![0xf8]]);
    }
}
