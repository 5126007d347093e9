//! How many beats a bar has, and where its first one lies, where neither the file nor the player
//! says so: long and loud notes begin bars, and rhythms come back after whole bars.

/// A note on the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Accent {
    /// The step at which it begins.
    pub step: u64,
    /// Its length in steps.
    pub length: u64,
    /// How loud beside the others, about -1 to 1.
    pub loudness: f64,
}

/// Bars of equal length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Metre {
    /// Steps a bar.
    pub length: u64,
    /// The step of a bar line; others lie whole bars before and after it.
    pub first: u64,
}

/// Two and three beats would be told apart by little: the metres that are looked for.
const LENGTHS: [u64; 2] = [16, 12];
/// How much better another metre than 4/4, and another place than the beginning, must be; more where
/// there are few notes to tell by.
const COMMON: f64 = 0.12;
const BEGINNING: f64 = 0.1;
/// And how much better a pick-up of half a bar must be: what begins there sounds like a first beat.
const HALF_A_BAR: f64 = 0.35;

/// The likeliest metre; of `length` and `first` what is given is kept. `begin` is a step at which
/// bars begin when nothing else says so.
pub(super) fn estimate(accents: &[Accent], begin: u64, length: Option<u64>, first: Option<u64>) -> Metre {
    let mut best = (f64::MIN, Metre { length: 16, first: begin });
    let doubt = 1.0 + 16.0 / accents.len().max(1) as f64;
    for length in length.map_or(LENGTHS.to_vec(), |l| vec![l]) {
        let repeats = recurrence(accents, length);
        let places = first.map_or_else(|| (0..length.div_ceil(4)).map(|b| begin + 4 * b).collect(), |f| vec![f]);
        for first in places {
            let metre = Metre { length, first };
            let usual = if length == 16 { COMMON } else { 0.0 } + if first == begin { BEGINNING } else { 0.0 };
            let half = if length == 16 && first.abs_diff(begin) == 8 { HALF_A_BAR } else { 0.0 };
            let grade = stress(accents, metre) + repeats + (usual - half) * doubt;
            if grade > best.0 {
                best = (grade, metre);
            }
        }
    }
    best.1
}

/// How much weight lies on the first beats of bars, beside what lies on any beat.
fn stress(accents: &[Accent], metre: Metre) -> f64 {
    let (mut on, mut held, mut all) = (0.0, 0.0, 0.0);
    let mut bars = 0.0;
    let mut last = None;
    for accent in accents {
        let weight = (accent.length.min(8) as f64 / 4.0) + accent.loudness;
        let phase = |step: u64| (step + metre.length * 64 - metre.first % metre.length) % metre.length;
        let bar = (accent.step + metre.length - metre.first % metre.length) / metre.length;
        bars += if last == Some(bar) { 0.0 } else { 1.0 };
        last = Some(bar);
        all += weight;
        match phase(accent.step) {
            0 => on += weight,
            // Half a bar of 4/4 is the next best place.
            8 if metre.length == 16 => on += 0.3 * weight,
            phase if phase + accent.length > metre.length => held += 0.4,
            _ => {}
        }
    }
    let ends_on_a_beat = accents.last().map_or(0.0, |a| {
        let phase = (a.step + metre.length * 64 - metre.first % metre.length) % metre.length;
        match phase {
            0 => 0.4,
            8 if metre.length == 16 => 0.3,
            _ => 0.0,
        }
    });
    let mean = all / accents.len().max(1) as f64;
    (on - held) / f64::max(bars, 1.0) / f64::max(mean, 0.1) * 0.5 + ends_on_a_beat
}

/// The share of notes after which a note of the same length comes one bar later, and two.
fn recurrence(accents: &[Accent], length: u64) -> f64 {
    let same = |lag: u64| {
        let mut later = 0;
        let matches = accents.iter().filter(|a| {
            while accents.get(later).is_some_and(|b| b.step < a.step + lag) {
                later += 1;
            }
            accents.get(later).is_some_and(|b| b.step == a.step + lag && b.length.abs_diff(a.length) <= 1)
        });
        let last = accents.last().map_or(0, |a| a.step);
        let counted = accents.partition_point(|a| a.step + lag <= last);
        matches.count() as f64 / counted.max(1) as f64
    };
    same(length) + 0.5 * same(2 * length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tune(lengths: &[u64], from: u64) -> Vec<Accent> {
        let mut step = from;
        lengths
            .iter()
            .map(|length| {
                let accent = Accent { step, length: *length, loudness: 0.0 };
                step += length;
                accent
            })
            .collect()
    }

    #[test]
    fn a_waltz_a_march_and_a_pick_up() {
        // Amazing Grace, with its pick-up of one beat: bar lines after it.
        let waltz = tune(
            &[4, 8, 2, 2, 8, 4, 8, 4, 8, 4, 8, 2, 2, 8, 4, 12, 8, 4, 8, 2, 2, 8, 4, 8, 4, 8, 4, 8, 2, 2, 8, 4, 12],
            0,
        );
        assert_eq!(estimate(&waltz, 0, None, None), Metre { length: 12, first: 4 });
        // Ode to Joy.
        let march =
            tune(&[4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 2, 8, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 2, 8], 0);
        assert_eq!(estimate(&march, 0, None, None), Metre { length: 16, first: 0 });
        assert_eq!(estimate(&march, 0, Some(20), Some(8)), Metre { length: 20, first: 8 });
        assert_eq!(estimate(&[], 4, None, None), Metre { length: 16, first: 4 });
    }
}
