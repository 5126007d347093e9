//! Names of keys: 60 is C4, as the keyboard's papers count.

use super::message::Key;

const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The name of a key with its octave, sharps only: 60 is `C4`, 41 is `F2`, 0 is `C-1`.
#[must_use]
pub fn name(key: Key) -> String {
    let k = key.get();
    format!("{}{}", NAMES[usize::from(k % 12)], i16::from(k / 12) - 1)
}

/// The key of a name as [`name`] writes it, of either spelling (`C#4`, `Db4`), or of a number, 0 to 127.
#[must_use]
pub fn parse(text: &str) -> Option<Key> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Key::new(number);
    }
    let mut rest = text.chars();
    let letter = rest.next()?.to_ascii_uppercase();
    let natural = NAMES.iter().position(|n| n.len() == 1 && n.starts_with(letter))? as i16;
    let (shift, octave) = match rest.as_str() {
        sharp if sharp.starts_with('#') => (1, &sharp[1..]),
        flat if flat.starts_with('b') => (-1, &flat[1..]),
        octave => (0, octave),
    };
    let octave: i16 = octave.parse::<i8>().ok()?.into();
    u8::try_from((octave + 1) * 12 + natural + shift).ok().and_then(Key::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for key in (0..128).map(Key::masked) {
            assert_eq!(parse(&name(key)), Some(key));
            assert_eq!(parse(&key.get().to_string()), Some(key));
        }
        assert_eq!(parse("bb3"), Key::new(58));
        assert_eq!(parse("Cb4"), Key::new(59));
        for wrong in ["", "H4", "C", "C-2", "G#9", "128", "C##4", "-1", "é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_range_of_the_akm322_as_delivered() {
        assert_eq!(name(Key::new(41).unwrap()), "F2");
        assert_eq!(name(Key::new(72).unwrap()), "C5");
        assert_eq!(name(Key::new(60).unwrap()), "C4");
        assert_eq!(name(Key::new(0).unwrap()), "C-1");
        assert_eq!(name(Key::new(127).unwrap()), "G9");
    }
}
