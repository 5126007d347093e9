//! Where keys lie: pure geometry, shared by the keys and the roll above them.

use crate::music::message::Key;

/// A range of keys, both ends included. The ends are white keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    low: u8,
    high: u8,
}

/// A key's place, as shares of the whole width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Its left edge.
    pub left: f32,
    /// Its width.
    pub width: f32,
}

/// How wide a black key is, in white keys.
const BLACK: f32 = 0.58;

/// Whether a key is black.
#[must_use]
pub const fn is_black(key: Key) -> bool {
    matches!(key.get() % 12, 1 | 3 | 6 | 8 | 10)
}

/// White keys below this key, from key 0.
fn whites_below(key: u8) -> u32 {
    const BEFORE: [u32; 12] = [0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6];
    u32::from(key / 12) * 7 + BEFORE[usize::from(key % 12)]
}

impl Span {
    /// The AKM322's keys as delivered: F2 to C5.
    pub const AKM322: Span = Span { low: 41, high: 72 };
    /// 61 keys, C2 to C7.
    pub const FIVE_OCTAVES: Span = Span { low: 36, high: 96 };
    /// A piano's 88 keys, A0 to C8.
    pub const PIANO: Span = Span { low: 21, high: 108 };
    /// All keys that MIDI has.
    pub const ALL: Span = Span { low: 0, high: 127 };

    /// The lowest key.
    #[must_use]
    pub fn low(self) -> Key {
        Key::masked(self.low)
    }

    /// The highest key.
    #[must_use]
    pub fn high(self) -> Key {
        Key::masked(self.high)
    }

    /// Whether a key is in it.
    #[must_use]
    pub fn has(self, key: Key) -> bool {
        (self.low..=self.high).contains(&key.get())
    }

    /// Moved by octaves, as the keyboard's buttons move it, until the key is in it; as far as MIDI goes.
    #[must_use]
    pub fn moved_to(self, key: Key) -> Span {
        let mut span = self;
        while key.get() < span.low && span.low >= 12 {
            span = Span { low: span.low - 12, high: span.high - 12 };
        }
        while key.get() > span.high && span.high <= 115 {
            span = Span { low: span.low + 12, high: span.high + 12 };
        }
        if span.has(key) { span } else { Span::ALL }
    }

    /// The smallest usual keyboard that has all of these keys too.
    #[must_use]
    pub fn widened_to(self, keys: impl Iterator<Item = Key> + Clone) -> Span {
        if keys.clone().all(|k| self.has(k)) {
            return self;
        }
        let larger = [Span::FIVE_OCTAVES, Span::PIANO];
        let fits = |span: &Span| span.has(self.low()) && span.has(self.high()) && keys.clone().all(|k| span.has(k));
        larger.into_iter().find(fits).unwrap_or(Span::ALL)
    }

    /// The keys, lowest first.
    pub fn keys(self) -> impl Iterator<Item = Key> {
        (self.low..=self.high).map(Key::masked)
    }

    /// How many of them are white.
    #[must_use]
    pub fn whites(self) -> u32 {
        whites_below(self.high) - whites_below(self.low) + 1
    }

    /// Where a key lies.
    #[must_use]
    pub fn place(self, key: Key) -> Place {
        let whites = self.whites() as f32;
        let left = whites_below(key.get()) as f32 - whites_below(self.low) as f32;
        if is_black(key) {
            // Black keys do not sit on the middle: those of a group spread a little.
            let spread = match key.get() % 12 {
                1 | 6 => -0.06,
                3 | 10 => 0.06,
                _ => 0.0,
            };
            return Place { left: (left - BLACK / 2.0 + spread) / whites, width: BLACK / whites };
        }
        Place { left: left / whites, width: 1.0 / whites }
    }

    /// The key at a point: `x` as a share of the width, `over_black` where black keys reach.
    #[must_use]
    pub fn key_at(self, x: f32, over_black: bool) -> Option<Key> {
        let inside = |key: &Key| {
            let place = self.place(*key);
            (place.left..place.left + place.width).contains(&x)
        };
        let black = self.keys().filter(|k| is_black(*k)).find(inside).filter(|_| over_black);
        black.or_else(|| self.keys().filter(|k| !is_black(*k)).find(inside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_akm322_has_32_keys_of_which_19_are_white() {
        assert_eq!(Span::AKM322.keys().count(), 32);
        assert_eq!(Span::AKM322.whites(), 19);
        assert_eq!((Span::FIVE_OCTAVES.whites(), Span::PIANO.whites()), (36, 52));
    }

    #[test]
    fn every_key_is_found_where_it_lies() {
        for span in [Span::AKM322, Span::FIVE_OCTAVES, Span::PIANO, Span::ALL] {
            for key in span.keys() {
                let place = span.place(key);
                assert!(place.left >= -0.01 && place.left + place.width <= 1.01, "{key:?}");
                let middle = place.left + place.width / 2.0;
                assert_eq!(span.key_at(middle, is_black(key)), Some(key));
            }
        }
        assert_eq!(Span::AKM322.key_at(1.2, true), None);
    }

    #[test]
    fn the_octave_buttons_are_revealed_by_what_is_played() {
        let at = |key| Span::AKM322.moved_to(Key::masked(key));
        assert_eq!(at(60), Span::AKM322);
        assert_eq!((at(40).low, at(40).high), (29, 60));
        assert_eq!((at(97).low, at(97).high), (77, 108));
        assert_eq!((at(0).low, at(0).high), (Span::AKM322.low - 36 - 5, 127).min((0, 127)));
    }

    #[test]
    fn a_piece_widens_the_keyboard_as_far_as_it_must() {
        let widened = |keys: &[u8]| Span::AKM322.widened_to(keys.iter().map(|k| Key::masked(*k)));
        assert_eq!(widened(&[41, 72]), Span::AKM322);
        assert_eq!(widened(&[40]), Span::FIVE_OCTAVES);
        assert_eq!(widened(&[100]), Span::PIANO);
        assert_eq!(widened(&[3]), Span::ALL);
    }
}
