//! What a teacher of four-part harmony would mark, as counts over a score and as a price on a note
//! that is about to be written.

use serde::Serialize;

use super::score::{Cell, Step, VOICES};

/// The keys that a voice may be written in, soprano to bass: where Bach's chorales stay.
pub const RANGES: [std::ops::RangeInclusive<u8>; VOICES] = [60..=81, 53..=76, 48..=69, 36..=64];

/// The same where there is nothing but a tune, the soprano: a fiddle's keys, in first position and a little beyond.
pub(super) const ALONE: [std::ops::RangeInclusive<u8>; VOICES] = [55..=88, 53..=76, 48..=69, 36..=64];

/// Counts over a score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Violations {
    /// Pairs of voices that both move and keep a fifth.
    pub parallel_fifths: u32,
    /// Pairs of voices that both move and keep a unison or an octave.
    pub parallel_octaves: u32,
    /// Steps in which a voice lies above the one over it.
    pub crossing: u32,
    /// Steps in which soprano and alto, or alto and tenor, are more than an octave apart.
    pub spacing: u32,
    /// Cells outside [`RANGES`].
    pub range: u32,
    /// Steps, to set the counts against.
    pub steps: u32,
}

impl Violations {
    /// Counts.
    #[must_use]
    pub fn of(steps: &[Step]) -> Violations {
        let mut found = Violations { steps: steps.len() as u32, ..Violations::default() };
        for (t, step) in steps.iter().enumerate() {
            let keys = step.map(|c: Cell| c.symbol.to_key());
            found.crossing += u32::from((1..VOICES).any(|v| above(keys[v], keys[v - 1])));
            found.spacing += u32::from((1..VOICES - 1).any(|v| wide(keys[v - 1], keys[v])));
            found.range += (0..VOICES).filter(|v| keys[*v].is_some_and(|k| !RANGES[*v].contains(&k))).count() as u32;
            let Some(before) = t.checked_sub(1).map(|t| steps[t].map(|c| c.symbol.to_key())) else { continue };
            for low in 1..VOICES {
                for high in 0..low {
                    match parallel((before[high], before[low]), (keys[high], keys[low])) {
                        Some(Parallel::Fifth) => found.parallel_fifths += 1,
                        Some(Parallel::Octave) => found.parallel_octaves += 1,
                        None => {}
                    }
                }
            }
        }
        found
    }

    /// Both kinds of parallels.
    #[must_use]
    pub fn parallels(&self) -> u32 {
        self.parallel_fifths + self.parallel_octaves
    }

    /// The counts of two scores together.
    #[must_use]
    pub fn and(self, other: Violations) -> Violations {
        Violations {
            parallel_fifths: self.parallel_fifths + other.parallel_fifths,
            parallel_octaves: self.parallel_octaves + other.parallel_octaves,
            crossing: self.crossing + other.crossing,
            spacing: self.spacing + other.spacing,
            range: self.range + other.range,
            steps: self.steps + other.steps,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parallel {
    Fifth,
    Octave,
}

fn parallel(before: (Option<u8>, Option<u8>), now: (Option<u8>, Option<u8>)) -> Option<Parallel> {
    let ((Some(a), Some(b)), (Some(c), Some(d))) = (before, now) else { return None };
    let (then, now) = (a.abs_diff(b), c.abs_diff(d));
    if a == c || b == d || then % 12 != now % 12 {
        return None;
    }
    match now % 12 {
        0 => Some(Parallel::Octave),
        7 => Some(Parallel::Fifth),
        _ => None,
    }
}

fn above(lower: Option<u8>, upper: Option<u8>) -> bool {
    matches!((lower, upper), (Some(l), Some(u)) if l > u)
}

fn wide(upper: Option<u8>, lower: Option<u8>) -> bool {
    matches!((upper, lower), (Some(u), Some(l)) if u > l + 12)
}

/// What writing `key` into `voice` costs, in nats off its logit: `None` outside of its range. `now` holds the cells of the step that are settled; others are hidden.
pub(super) fn price(
    range: &std::ops::RangeInclusive<u8>,
    before: &Step,
    now: &Step,
    voice: usize,
    key: u8,
) -> Option<f32> {
    const PARALLEL: f32 = 9.0;
    const CROSSING: f32 = 8.0;
    const SPACING: f32 = 4.0;
    if !range.contains(&key) {
        return None;
    }
    let mut price = 0.0;
    let this = (before[voice].symbol.to_key(), Some(key));
    for other in (0..VOICES).filter(|o| *o != voice) {
        let Some(there) = now[other].symbol.to_key() else { continue };
        let crossed = if other < voice { key > there } else { key < there };
        price += if crossed { CROSSING } else { 0.0 };
        let apart = other.abs_diff(voice) == 1 && other.max(voice) < VOICES - 1 && key.abs_diff(there) > 12;
        price += if apart { SPACING } else { 0.0 };
        let that = (before[other].symbol.to_key(), Some(there));
        price += if parallel((this.0, that.0), (this.1, that.1)).is_some() { PARALLEL } else { 0.0 };
    }
    Some(price)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Score;

    fn count(pitches: &[[i16; 4]]) -> Violations {
        Violations::of(&Score::of_pitches(pitches).steps)
    }

    #[test]
    fn parallels_are_counted_where_both_voices_move() {
        assert_eq!(count(&[[72, 64, 55, 48], [74, 66, 57, 50]]).parallel_fifths, 1);
        assert_eq!(count(&[[72, 64, 55, 48], [74, 66, 57, 50]]).parallel_octaves, 1);
        assert_eq!(count(&[[72, 64, 55, 48], [72, 64, 55, 48]]).parallels(), 0);
        assert_eq!(count(&[[72, 67, 60, 52], [71, 67, 62, 55]]).parallels(), 0);
    }

    #[test]
    fn crossing_spacing_and_range() {
        let v = count(&[[72, 74, 60, 48], [76, 60, 58, 48], [72, 67, 60, 30]]);
        assert_eq!((v.crossing, v.spacing, v.range, v.steps), (1, 2, 1, 3));
    }

    #[test]
    fn a_parallel_costs_more_than_none() {
        let steps = Score::of_pitches(&[[72, 64, 55, 48], [74, -1, -1, 50]]).steps;
        let octave = price(&RANGES[2], &steps[0], &steps[1], 2, 57).unwrap();
        assert!(octave > price(&RANGES[2], &steps[0], &steps[1], 2, 54).unwrap());
        assert_eq!(price(&RANGES[2], &steps[0], &steps[1], 2, 80), None);
    }
}
