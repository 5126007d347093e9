//! The events of a track, and what the numbers inside meta events mean.

use crate::music::message::{Channel, Voice};
use crate::music::time::{Tempo, TimeSignature};

/// Something in a track; long data is borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A channel message.
    Voice(Channel, Voice),
    /// A system exclusive message, or the first part of one, without its leading 0xF0.
    SysEx(&'a [u8]),
    /// Bytes to be sent as they are, or a further part of a system exclusive message (0xF7 in a file).
    Escape(&'a [u8]),
    /// Something about the music that is not sent to an instrument.
    Meta(MetaType, &'a [u8]),
}

/// The number of a kind of meta event, 0 to 127 (Standard MIDI Files 1.0, "Meta-Events").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetaType(u8);

impl MetaType {
    /// Any text.
    pub const TEXT: MetaType = MetaType(0x01);
    /// Whose it is.
    pub const COPYRIGHT: MetaType = MetaType(0x02);
    /// A track's name; in the first track the piece's.
    pub const TRACK_NAME: MetaType = MetaType(0x03);
    /// The instrument, in words.
    pub const INSTRUMENT: MetaType = MetaType(0x04);
    /// A syllable to sing.
    pub const LYRIC: MetaType = MetaType(0x05);
    /// A named point in time.
    pub const MARKER: MetaType = MetaType(0x06);
    /// Something that happens on screen or on stage.
    pub const CUE_POINT: MetaType = MetaType(0x07);
    /// The device that a track is for or from.
    pub const DEVICE: MetaType = MetaType(0x09);
    /// Where a track ends. Never among a track's events: see [`Track::end`](super::Track::end).
    pub const END_OF_TRACK: MetaType = MetaType(0x2f);
    /// Microseconds a quarter note, three bytes.
    pub const TEMPO: MetaType = MetaType(0x51);
    /// Numerator, exponent of the denominator, clocks a click, 32nds a quarter note.
    pub const TIME_SIGNATURE: MetaType = MetaType(0x58);
    /// Sharps above or flats below zero, then 1 for minor.
    pub const KEY_SIGNATURE: MetaType = MetaType(0x59);
    /// For one maker's sequencer.
    pub const SEQUENCER: MetaType = MetaType(0x7f);

    /// `None` above 127.
    #[must_use]
    pub const fn new(number: u8) -> Option<MetaType> {
        if number < 0x80 { Some(MetaType(number)) } else { None }
    }

    /// The number in the file, 0 to 127.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// The tempo in a [`MetaType::TEMPO`] event; `None` where there is none, or one of zero, which
/// would stop time.
#[must_use]
pub fn tempo(data: &[u8]) -> Option<Tempo> {
    match *data {
        [a, b, c, ..] => {
            let micros = u32::from_be_bytes([0, a, b, c]);
            (micros > 0).then(|| Tempo::from_micros_per_quarter(micros))
        }
        _ => None,
    }
}

/// The data of a [`MetaType::TEMPO`] event.
#[must_use]
pub fn tempo_data(tempo: Tempo) -> [u8; 3] {
    let [_, a, b, c] = tempo.micros_per_quarter().to_be_bytes();
    [a, b, c]
}

/// The time signature in a [`MetaType::TIME_SIGNATURE`] event; `None` where it makes no sense.
#[must_use]
pub fn time_signature(data: &[u8]) -> Option<TimeSignature> {
    match *data {
        [numerator, power, ..] if power < 8 => TimeSignature::new(numerator, 1 << power),
        _ => None,
    }
}

/// The data of a [`MetaType::TIME_SIGNATURE`] event, with a click a beat and eight 32nds a quarter.
#[must_use]
pub fn time_signature_data(signature: TimeSignature) -> [u8; 4] {
    let clocks_a_beat = (96u16 >> signature.denominator_power()).max(1) as u8;
    [signature.numerator(), signature.denominator_power(), clocks_a_beat, 8]
}

/// The key in a [`MetaType::KEY_SIGNATURE`] event in words (`D major`); `None` where it makes no sense.
#[must_use]
pub fn key_signature(data: &[u8]) -> Option<String> {
    // The circle of fifths from the major key with seven flats to the minor key with seven sharps.
    const FIFTHS: [&str; 18] =
        ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"];
    match *data {
        [sharps, minor @ 0..=1, ..] => {
            let sharps = i16::from(sharps.cast_signed());
            let mode = if minor == 1 { "minor" } else { "major" };
            let place = usize::try_from(sharps + 7 + if minor == 1 { 3 } else { 0 }).ok()?;
            (-7..=7).contains(&sharps).then(|| format!("{} {mode}", FIFTHS[place]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_names() {
        assert_eq!(key_signature(&[0, 0]).unwrap(), "C major");
        assert_eq!(key_signature(&[0, 1]).unwrap(), "A minor");
        assert_eq!(key_signature(&[2, 0]).unwrap(), "D major");
        assert_eq!(key_signature(&[0xfd, 1]).unwrap(), "C minor");
        assert_eq!(key_signature(&[0xf9, 0]).unwrap(), "Cb major");
        assert_eq!(key_signature(&[7, 1]).unwrap(), "A# minor");
        assert_eq!(key_signature(&[8, 0]), None);
        assert_eq!(key_signature(&[]), None);
    }

    #[test]
    fn tempos_and_signatures_come_back_from_their_data() {
        let t = Tempo::from_bpm(97.0).unwrap();
        assert_eq!(tempo(&tempo_data(t)), Some(t));
        assert_eq!(tempo(&[0, 0, 0]), None);
        for (n, d) in [(4, 4), (6, 8), (255, 128), (1, 1)] {
            let s = TimeSignature::new(n, d).unwrap();
            assert_eq!(time_signature(&time_signature_data(s)), Some(s));
        }
        assert_eq!(time_signature_data(TimeSignature::COMMON), [4, 2, 24, 8]);
    }
}
