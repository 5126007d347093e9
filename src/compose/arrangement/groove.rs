//! Rhythms as rows of letters, a letter a sixteenth: what each letter means is the player's to say;
//! `-` holds what sounds and `.` is silence in all of them.

use crate::compose::melody::Bar;

/// The rhythm of a bar, in four quarters, in three, and in two dotted quarters; other bars are made
/// of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Groove {
    pub four: &'static str,
    pub three: &'static str,
    pub six: &'static str,
}

impl Groove {
    /// The letter at a step of a bar.
    pub(super) fn at(&self, bar: &Bar, phase: usize) -> u8 {
        let row = |row: &'static str, at: usize| row.as_bytes().get(at % row.len().max(1)).copied().unwrap_or(b'.');
        match bar.length {
            _ if bar.compound => row(self.six, phase % 12),
            12 => row(self.three, phase),
            // Five quarters are three and two, seven are three and four.
            length if length > 16 && length % 16 != 0 => {
                if phase < 12 {
                    row(self.three, phase)
                } else {
                    row(self.four, phase - 12)
                }
            }
            _ => row(self.four, phase % 16),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_of_every_length_have_a_rhythm() {
        let groove = Groove { four: "abcdefghijklmnop", three: "ABCDEFGHIJKL", six: "0123456789xy" };
        let row = |length: u64, compound| -> String {
            let bar = Bar { start: 0, length, number: 1, compound };
            (0..length as usize).map(|p| char::from(groove.at(&bar, p))).collect()
        };
        assert_eq!(row(16, false), "abcdefghijklmnop");
        assert_eq!(row(8, false), "abcdefgh");
        assert_eq!(row(12, false), "ABCDEFGHIJKL");
        assert_eq!(row(12, true), "0123456789xy");
        assert_eq!(row(20, false), "ABCDEFGHIJKLabcdefgh");
        assert_eq!(row(14, false), "abcdefghijklmn");
    }
}
