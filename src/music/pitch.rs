//! Names of keys: 60 is C4, as the keyboard's papers count.

use super::message::Key;

const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

/// The name of a key with its octave, sharps only: 60 is `C4`, 41 is `F2`, 0 is `C-1`.
#[must_use]
pub fn name(key: Key) -> String {
    let k = key.get();
    format!("{}{}", NAMES[usize::from(k % 12)], i16::from(k / 12) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_the_akm322_as_delivered() {
        assert_eq!(name(Key::new(41).unwrap()), "F2");
        assert_eq!(name(Key::new(72).unwrap()), "C5");
        assert_eq!(name(Key::new(60).unwrap()), "C4");
        assert_eq!(name(Key::new(0).unwrap()), "C-1");
        assert_eq!(name(Key::new(127).unwrap()), "G9");
    }
}
