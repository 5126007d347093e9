//! Keys in the sense of harmony: told, read from a file, or estimated from what sounds; and how the
//! notes of a key are spelled.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::music::Composition;
use crate::music::composition::MetaType;

/// A tonic with a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tonality {
    /// 0 is C, 11 is B.
    tonic: u8,
    minor: bool,
}

/// How often each degree sounds in pieces in major and minor (Albrecht and Shanahan 2013).
const PROFILES: [[f64; 12]; 2] = [
    [0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081],
    [0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052],
];
/// What it counts when the melody ends on the tonic, in units of correlation; on the third or fifth half of it.
const LAST_NOTE: f64 = 0.2;
/// Names along the line of fifths, from eight flats' worth below C to twelve fifths above it.
const NAMES: [&str; 21] = [
    "Fb", "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#", "E#",
    "B#",
];
/// Where C stands among them.
const C: i16 = 8;

impl Tonality {
    /// The tonic's pitch class, 0 for C.
    #[must_use]
    pub const fn tonic(self) -> u8 {
        self.tonic
    }

    /// Whether it is minor.
    #[must_use]
    pub const fn is_minor(self) -> bool {
        self.minor
    }

    /// Sharps above, flats below zero, -6 to 6: F sharp major rather than G flat, E flat minor rather
    /// than D sharp.
    #[must_use]
    pub const fn sharps(self) -> i8 {
        let major = if self.minor { self.tonic + 3 } else { self.tonic };
        let fifths = (major as i8 * 7).rem_euclid(12);
        if fifths > 6 || (fifths == 6 && self.minor) { fifths - 12 } else { fifths }
    }

    /// The data of a key signature event.
    #[must_use]
    pub const fn signature(self) -> [u8; 2] {
        [self.sharps().cast_unsigned(), self.minor as u8]
    }

    /// The name of a pitch class as this key spells it: `Bb` in F major, `A#` in B major, `G#` in A minor.
    #[must_use]
    pub fn spell(self, class: u8) -> &'static str {
        // Twelve neighbours on the line of fifths, from the lowered third of major (the raised seventh of
        // minor is the highest) up.
        let lowest = i16::from(self.sharps()) - if self.minor { 3 } else { 4 };
        let fifths = i16::from(class % 12) * 7;
        let place = lowest + (fifths - lowest).rem_euclid(12);
        let place = if place + C > 20 {
            place - 12
        } else if place + C < 0 {
            place + 12
        } else {
            place
        };
        NAMES[usize::try_from(place + C).unwrap_or(0)]
    }

    /// The chord of the tonic as bits from C, `shift` semitones higher, and its root; in minor the third may be major.
    #[must_use]
    pub(super) const fn home(self, shift: i16) -> (u16, u8) {
        let root = (self.tonic as i16 + shift).rem_euclid(12) as u8;
        let chord: u32 = if self.minor { 0b1001_1001 } else { 0b1001_0001 };
        let turned = chord << root;
        ((turned | turned >> 12) as u16 & 0xfff, root)
    }

    /// Whether a pitch class belongs to the scale; in minor the raised sixth and seventh do as well.
    #[must_use]
    pub fn has(self, class: u8) -> bool {
        let degree = (class % 12 + 12 - self.tonic) % 12;
        let scale = if self.minor { 0b1111_1010_1101u16 } else { 0b1010_1011_0101 };
        scale >> degree & 1 == 1
    }

    /// The classes of the scale as bits from C, `shift` semitones higher.
    pub(super) fn scale(self, shift: i16) -> u16 {
        let class = |bit: i16| (bit - shift).rem_euclid(12) as u8;
        (0..12).filter(|bit| self.has(class(*bit))).fold(0, |set, bit| set | 1 << bit)
    }

    /// The key that fits best to how long each pitch class sounds. `last` is the class on which the
    /// melody ends.
    #[must_use]
    pub fn estimate(sounding: &[f64; 12], last: Option<u8>) -> Tonality {
        let mut best = (f64::MIN, Tonality { tonic: 0, minor: false });
        for minor in [false, true] {
            for tonic in 0..12u8 {
                let key = Tonality { tonic, minor };
                let grade = key.fit(sounding, last);
                if grade > best.0 {
                    best = (grade, key);
                }
            }
        }
        best.1
    }

    /// The correlation with the profile of the mode.
    fn fit(self, sounding: &[f64; 12], last: Option<u8>) -> f64 {
        let profile = &PROFILES[usize::from(self.minor)];
        let mean = sounding.iter().sum::<f64>() / 12.0;
        let (mut both, mut own, mut theirs) = (0.0, 0.0, 0.0);
        for (class, sounding) in sounding.iter().enumerate() {
            let (a, b) = (sounding - mean, profile[(class + 12 - usize::from(self.tonic)) % 12] - 1.0 / 12.0);
            both += a * b;
            own += a * a;
            theirs += b * b;
        }
        let third = if self.minor { 3 } else { 4 };
        let ending = last.map_or(0.0, |l| match (l % 12 + 12 - self.tonic) % 12 {
            0 => LAST_NOTE,
            d if d == third || d == 7 => LAST_NOTE / 2.0,
            _ => 0.0,
        });
        both / (own * theirs).sqrt().max(1e-9) + ending
    }

    /// The first key signature of a file. One without sharps and flats says little: many programs
    /// write it whatever the key is.
    pub(super) fn written(composition: &Composition, sounding: &[f64; 12], last: Option<u8>) -> Option<Tonality> {
        let data = composition.tracks.iter().flat_map(|t| t.metas());
        let (_, _, data) = data.filter(|(_, kind, _)| *kind == MetaType::KEY_SIGNATURE).min_by_key(|(at, _, _)| *at)?;
        let [sharps, minor @ 0..=1, ..] = *data else { return None };
        let sharps = i16::from(sharps.cast_signed());
        if !(-7..=7).contains(&sharps) || (sharps == 0 && minor == 0) {
            return None;
        }
        let major = Tonality { tonic: (sharps * 7).rem_euclid(12) as u8, minor: false };
        let relative = Tonality { tonic: (major.tonic + 9) % 12, minor: true };
        // The mode's byte is often left at major.
        let sounds_minor = relative.fit(sounding, last) > major.fit(sounding, last) + LAST_NOTE / 2.0;
        Some(if minor == 1 || sounds_minor { relative } else { major })
    }
}

impl fmt::Display for Tonality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.spell(self.tonic), if self.minor { "minor" } else { "major" })
    }
}

/// The text says no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key looks like D, Bb major, F#m or c minor")]
pub struct NoKey;

impl FromStr for Tonality {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Tonality, NoKey> {
        let mut rest = text.trim().chars();
        let letter = rest.next().ok_or(NoKey)?;
        let at = "CDEFGAB".find(letter.to_ascii_uppercase()).ok_or(NoKey)?;
        let mut tonic = [0i8, 2, 4, 5, 7, 9, 11][at];
        let mut rest = rest.as_str();
        for (sign, by) in [("#", 1), ("♯", 1), ("b", -1), ("♭", -1)] {
            if let Some(after) = rest.strip_prefix(sign) {
                tonic += by;
                rest = after;
                break;
            }
        }
        let minor = match rest.trim() {
            "" => false,
            "m" | "-" => true,
            mode => match mode.trim_start_matches(['-', ' ']).to_ascii_lowercase().as_str() {
                "major" | "maj" => false,
                "minor" | "min" => true,
                _ => return Err(NoKey),
            },
        };
        Ok(Tonality { tonic: tonic.rem_euclid(12) as u8, minor })
    }
}

impl TryFrom<String> for Tonality {
    type Error = NoKey;
    fn try_from(text: String) -> Result<Tonality, NoKey> {
        text.parse()
    }
}

impl From<Tonality> for String {
    fn from(key: Tonality) -> String {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::composition::event::key_signature;

    fn key(text: &str) -> Tonality {
        text.parse().unwrap()
    }

    #[test]
    fn keys_are_understood_as_people_write_them_and_come_back_by_name() {
        for (text, name, sharps) in [
            ("D", "D major", 2),
            ("bb major", "Bb major", -2),
            ("F#m", "F# minor", 3),
            ("c minor", "C minor", -3),
            ("Eb-minor", "Eb minor", -6),
            ("a", "A major", 3),
            ("G♯m", "G# minor", 5),
        ] {
            assert_eq!((key(text).to_string().as_str(), key(text).sharps()), (name, sharps), "{text}");
            assert_eq!(key(name), key(text));
        }
        for tonic in 0..12 {
            for minor in [false, true] {
                let key = Tonality { tonic, minor };
                let written = key_signature(&key.signature()).unwrap();
                assert_eq!(written.parse::<Tonality>().unwrap(), key, "{written}");
            }
        }
        for wrong in ["", "H", "D dorian", "major"] {
            assert!(wrong.parse::<Tonality>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn notes_are_spelled_by_the_key() {
        assert_eq!(
            (key("F").spell(10), key("B").spell(10), key("Dm").spell(1), key("Gm").spell(6)),
            ("Bb", "A#", "C#", "F#")
        );
        assert!(key("A minor").has(8) && !key("A minor").has(1) && !key("C").has(8));
    }

    #[test]
    fn a_scale_is_taken_for_its_key_by_its_last_note() {
        let mut sounding = [0.0; 12];
        for class in [0, 2, 4, 5, 7, 9, 11] {
            sounding[class] = 1.0;
        }
        assert_eq!(Tonality::estimate(&sounding, Some(0)), key("C"));
        assert_eq!(Tonality::estimate(&sounding, Some(9)), key("Am"));
        assert_eq!(Tonality::estimate(&[0.0; 12], None), key("C"));
    }
}
