//! Scales, and the key of one that is nearest.

use crate::music::message::Key;

/// Which steps a scale has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Ionian.
    Major,
    /// Natural minor, aeolian.
    Minor,
    /// Minor with a raised seventh.
    HarmonicMinor,
    /// Minor with a raised sixth.
    Dorian,
    /// Major with a lowered seventh.
    Mixolydian,
    /// Major without fourth and seventh.
    MajorPentatonic,
    /// Minor without second and sixth.
    MinorPentatonic,
    /// Minor pentatonic with the lowered fifth.
    Blues,
}

impl Mode {
    /// All of them.
    pub const ALL: [Mode; 8] = [
        Mode::Major,
        Mode::Minor,
        Mode::HarmonicMinor,
        Mode::Dorian,
        Mode::Mixolydian,
        Mode::MajorPentatonic,
        Mode::MinorPentatonic,
        Mode::Blues,
    ];

    /// Semitones above the tonic.
    const fn steps(self) -> &'static [u8] {
        match self {
            Mode::Major => &[0, 2, 4, 5, 7, 9, 11],
            Mode::Minor => &[0, 2, 3, 5, 7, 8, 10],
            Mode::HarmonicMinor => &[0, 2, 3, 5, 7, 8, 11],
            Mode::Dorian => &[0, 2, 3, 5, 7, 9, 10],
            Mode::Mixolydian => &[0, 2, 4, 5, 7, 9, 10],
            Mode::MajorPentatonic => &[0, 2, 4, 7, 9],
            Mode::MinorPentatonic => &[0, 3, 5, 7, 10],
            Mode::Blues => &[0, 3, 5, 6, 7, 10],
        }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Mode::Major => "major",
            Mode::Minor => "minor",
            Mode::HarmonicMinor => "harmonic minor",
            Mode::Dorian => "dorian",
            Mode::Mixolydian => "mixolydian",
            Mode::MajorPentatonic => "major pentatonic",
            Mode::MinorPentatonic => "minor pentatonic",
            Mode::Blues => "blues",
        })
    }
}

/// A mode on a tonic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// 0 for C, 11 for B.
    pub tonic: u8,
    /// Its steps.
    pub mode: Mode,
}

impl Scale {
    /// Whether a key belongs to it.
    #[must_use]
    pub fn contains(self, key: Key) -> bool {
        self.mode.steps().contains(&((key.get() + 12 - self.tonic % 12) % 12))
    }

    /// The key of the scale that is nearest; of two the lower.
    #[must_use]
    pub fn nearest(self, key: Key) -> Key {
        let below = (0..=key.get()).rev().filter_map(Key::new).find(|k| self.contains(*k));
        let above = (key.get()..=127).filter_map(Key::new).find(|k| self.contains(*k));
        match (below, above) {
            (Some(b), Some(a)) if a.get() - key.get() < key.get() - b.get() => a,
            (Some(b), _) => b,
            (None, Some(a)) => a,
            (None, None) => key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_to_the_nearest_of_the_scale() {
        let d_major = Scale { tonic: 2, mode: Mode::Major };
        let near = |k| d_major.nearest(Key::masked(k)).get();
        assert_eq!([near(60), near(61), near(62), near(63), near(65)], [59, 61, 62, 62, 64]);
        assert_eq!([near(0), near(127)], [1, 127]);
        for mode in Mode::ALL {
            for tonic in 0..12 {
                for key in (0..128).map(Key::masked) {
                    assert!(Scale { tonic, mode }.contains(Scale { tonic, mode }.nearest(key)));
                }
            }
        }
    }
}
