//! Which key of a computer keyboard is which key of the virtual keyboard.
//!
//! ```text
//!      W   E       T   Y   U       O   P          black keys
//!    A   S   D   F   G   H   J   K   L   ;        white keys, A is C
//!    Z / X  octave down / up      C / V  softer / louder
//!    space  sustain pedal on / off       Enter  Rec      Tab  Stop      Backspace  Play
//!    Esc or Ctrl-C  the end
//! ```

use crate::keyboard::controls::Control;
use crate::music::Key;

/// What a key of the computer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A piano key, so many semitones above the octave's C.
    Note(u8),
    /// An octave down or up.
    Octave(i8),
    /// Softer or louder.
    Velocity(i8),
    /// The sustain pedal, down or up.
    Sustain,
    /// One of the keyboard's buttons.
    Button(Control),
}

/// Help for the terminal: the keys to play with, then those that are buttons.
pub const HELP: [&str; 2] = [
    "A to ; white, WE TYU OP black, Z/X octave, C/V loudness, space pedal",
    "Enter Rec, Tab Stop, Backspace Play, Esc ends",
];

/// What a character means, whatever the case; `None` for those without meaning.
#[must_use]
pub fn meaning(c: char) -> Option<Meaning> {
    Some(match c.to_ascii_lowercase() {
        'a' => Meaning::Note(0),
        'w' => Meaning::Note(1),
        's' => Meaning::Note(2),
        'e' => Meaning::Note(3),
        'd' => Meaning::Note(4),
        'f' => Meaning::Note(5),
        't' => Meaning::Note(6),
        'g' => Meaning::Note(7),
        'y' => Meaning::Note(8),
        'h' => Meaning::Note(9),
        'u' => Meaning::Note(10),
        'j' => Meaning::Note(11),
        'k' => Meaning::Note(12),
        'o' => Meaning::Note(13),
        'l' => Meaning::Note(14),
        'p' => Meaning::Note(15),
        ';' => Meaning::Note(16),
        'z' => Meaning::Octave(-1),
        'x' => Meaning::Octave(1),
        'c' => Meaning::Velocity(-1),
        'v' => Meaning::Velocity(1),
        ' ' => Meaning::Sustain,
        '\n' | '\r' => Meaning::Button(Control::Rec),
        '\t' => Meaning::Button(Control::Stop),
        '\u{8}' => Meaning::Button(Control::Play),
        _ => return None,
    })
}

/// The key that is so many semitones above the C of an octave (4 is the one with C4), or `None`
/// where there is none.
#[must_use]
pub fn key(octave: i8, semitones: u8) -> Option<Key> {
    u8::try_from((i16::from(octave) + 1) * 12 + i16::from(semitones)).ok().and_then(Key::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_is_middle_c_and_k_the_c_above() {
        let note = |c| match meaning(c) {
            Some(Meaning::Note(n)) => key(4, n).unwrap().get(),
            other => panic!("{other:?}"),
        };
        assert_eq!((note('a'), note('W'), note('k')), (60, 61, 72));
    }

    #[test]
    fn every_button_has_a_key_and_the_help_fits() {
        for control in Control::ALL.into_iter().filter(|c| c.is_button()) {
            assert!(['\n', '\t', '\u{8}'].iter().any(|c| meaning(*c) == Some(Meaning::Button(control))));
            assert!(HELP[1].contains(control.label()), "{control:?}");
        }
        assert!(HELP.iter().all(|line| line.len() < 72));
    }

    #[test]
    fn keys_end_where_midi_ends() {
        assert_eq!(key(9, 7).map(Key::get), Some(127));
        assert_eq!(key(9, 8), None);
        assert_eq!(key(-2, 0), None);
    }
}
