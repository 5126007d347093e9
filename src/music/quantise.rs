//! Quantising: moving notes onto a grid, fully or in part. What was played stays as it is; the
//! result is a copy.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use super::composition::Note;
use super::time::{Ppq, Ticks};

/// The note value that the grid is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// 1, 2, 4 ... 64: part of a whole note.
    value: u8,
    triplet: bool,
}

impl Grid {
    /// Steps in a whole note; `None` unless `value` is 1, 2, 4, 8, 16, 32 or 64. A triplet step is
    /// two thirds of the straight one; there are none of whole notes.
    #[must_use]
    pub fn new(value: u8, triplet: bool) -> Option<Grid> {
        (value.is_power_of_two() && value <= 64 && !(triplet && value == 1)).then_some(Grid { value, triplet })
    }

    /// Sixteenths.
    pub const SIXTEENTHS: Grid = Grid::straight(16);

    /// The straight grid of the largest power of two up to `value`, 64 at most.
    #[must_use]
    pub const fn straight(value: u8) -> Grid {
        let value = if value > 64 {
            64
        } else if value == 0 {
            1
        } else {
            value
        };
        Grid { value: 1 << value.ilog2(), triplet: false }
    }

    /// Triplets of such a grid, 2 at least.
    #[must_use]
    pub const fn triplet(value: u8) -> Grid {
        Grid { triplet: true, ..Grid::straight(if value < 2 { 2 } else { value }) }
    }

    /// How many steps there are in a whole note.
    #[must_use]
    pub const fn steps_a_whole_note(self) -> u64 {
        let value = self.value as u64;
        if self.triplet { value / 2 * 3 } else { value }
    }
}

impl FromStr for Grid {
    type Err = String;
    fn from_str(s: &str) -> Result<Grid, String> {
        let (value, triplet) = match s.trim().strip_suffix(['t', 'T']) {
            Some(value) => (value, true),
            None => (s.trim(), false),
        };
        value
            .strip_prefix("1/")
            .and_then(|value| Grid::new(value.parse().ok()?, triplet))
            .ok_or_else(|| format!("`{s}`: a grid looks like 1/16, or 1/8t for triplets (1/1 to 1/64)"))
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1/{}{}", self.value, if self.triplet { "t" } else { "" })
    }
}

/// How far notes go to the grid, 0 (not at all) to 100 % (all the way).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strength(u8);

impl Strength {
    /// All the way.
    pub const FULL: Strength = Strength(100);

    /// `None` above 100.
    #[must_use]
    pub const fn new(percent: u8) -> Option<Strength> {
        if percent <= 100 { Some(Strength(percent)) } else { None }
    }

    /// In per cent.
    #[must_use]
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl FromStr for Strength {
    type Err = String;
    fn from_str(s: &str) -> Result<Strength, String> {
        let number = s.trim().trim_end_matches('%').trim_end();
        number.parse().ok().and_then(Strength::new).ok_or_else(|| format!("`{s}`: a strength must be 0 to 100 (%)"))
    }
}

/// Where the second of two steps lies between the first and the next pair: 50 % (straight) to
/// 75 % (dotted); 67 % is the swing of triplets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swing(u8);

impl Swing {
    /// None.
    pub const STRAIGHT: Swing = Swing(50);

    /// `None` unless 50 to 75.
    #[must_use]
    pub const fn new(percent: u8) -> Option<Swing> {
        if percent >= 50 && percent <= 75 { Some(Swing(percent)) } else { None }
    }
}

impl FromStr for Swing {
    type Err = String;
    fn from_str(s: &str) -> Result<Swing, String> {
        let number = s.trim().trim_end_matches('%').trim_end();
        number.parse().ok().and_then(Swing::new).ok_or_else(|| format!("`{s}`: swing must be 50 to 75 (%)"))
    }
}

/// How to quantise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantise {
    /// Onto which grid; it begins at tick 0.
    pub grid: Grid,
    /// How far.
    pub strength: Strength,
    /// Whether every second step comes late.
    pub swing: Swing,
}

impl Quantise {
    /// All the way onto a straight grid.
    #[must_use]
    pub const fn onto(grid: Grid) -> Quantise {
        Quantise { grid, strength: Strength::FULL, swing: Swing::STRAIGHT }
    }

    /// The grid point nearest to a tick; halfway between two, the later.
    fn nearest(self, at: u64, ppq: Ppq) -> u64 {
        let whole_note = 4 * u128::from(ppq.get());
        let steps = u128::from(self.grid.steps_a_whole_note());
        let point = |step: u128| {
            // In hundredths of a step, rounded once, so that odd resolutions add up no error.
            let late = if step % 2 == 1 { 2 * u128::from(self.swing.0) - 100 } else { 0 };
            let n = (step * 100 + late) * whole_note;
            let d = steps * 100;
            u64::try_from((n + d / 2) / d).unwrap_or(u64::MAX)
        };
        let step = u128::from(at) * steps / whole_note;
        let candidates = [step.saturating_sub(1), step, step + 1].map(point);
        candidates.into_iter().rev().min_by_key(|p| p.abs_diff(at)).unwrap_or(at)
    }

    /// The notes with their starts on the grid and their lengths as played, in the order of their
    /// new starts.
    ///
    /// Every note stays at least a tick long and ends no later than its key's next note begins,
    /// unless they overlapped as played; of two notes of one key that would fall together, the later
    /// one stays a tick or more behind.
    #[must_use]
    pub fn apply(self, notes: &[Note], ppq: Ppq) -> Vec<Note> {
        let mut moved: Vec<Note> = Vec::with_capacity(notes.len());
        // Of every key: which of the moved notes was its last, and when that ended as played.
        let mut last: HashMap<_, (usize, Ticks)> = HashMap::new();
        for note in notes {
            let goal = self.nearest(note.start.0, ppq);
            let mut start = part_way(note.start.0, goal, self.strength);
            let lane = (note.channel, note.key);
            if let Some((index, played_end)) = last.get(&lane)
                && let Some(before) = moved.get_mut(*index)
            {
                if start <= before.start.0 {
                    start = note.start.0.max(before.start.0 + 1);
                }
                if *played_end <= note.start {
                    before.end = before.end.min(Ticks(start));
                }
            }
            let length = note.end.0.saturating_sub(note.start.0).max(1);
            let end = Ticks(start.saturating_add(length));
            last.insert(lane, (moved.len(), note.end));
            moved.push(Note { start: Ticks(start), end, ..*note });
        }
        moved.sort_by_key(|n| n.start);
        moved
    }
}

fn part_way(from: u64, to: u64, strength: Strength) -> u64 {
    let way = u64::try_from((u128::from(from.abs_diff(to)) * u128::from(strength.0) + 50) / 100).unwrap_or(u64::MAX);
    if to >= from { from.saturating_add(way) } else { from.saturating_sub(way) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::message::{Channel, Key, Velocity};
    use super::*;

    fn note(key: u8, start: u64, end: u64) -> Note {
        Note {
            start: Ticks(start),
            end: Ticks(end),
            channel: Channel::default(),
            key: Key::masked(key),
            velocity: Velocity::masked(100),
            release: Velocity::masked(64),
        }
    }

    fn quantise(text: &str) -> Quantise {
        Quantise::onto(text.parse().unwrap())
    }

    fn starts(q: Quantise, starts: &[u64]) -> Vec<u64> {
        let notes: Vec<_> = starts.iter().enumerate().map(|(i, s)| note(i as u8, *s, s + 100)).collect();
        q.apply(&notes, Ppq::DEFAULT).iter().map(|n| n.start.0).collect()
    }

    #[test]
    fn notes_go_to_the_nearest_sixteenth() {
        assert_eq!(starts(quantise("1/16"), &[0, 119, 120, 250, 955]), [0, 0, 240, 240, 960]);
        assert_eq!(starts(quantise("1/8t"), &[300, 330, 650]), [320, 320, 640]);
    }

    #[test]
    fn strength_goes_part_of_the_way() {
        let half = Quantise { strength: "50%".parse().unwrap(), ..quantise("1/4") };
        assert_eq!(starts(half, &[100, 900]), [50, 930]);
        let none = Quantise { strength: "0".parse().unwrap(), ..quantise("1/4") };
        assert_eq!(starts(none, &[100, 900]), [100, 900]);
    }

    #[test]
    fn swing_makes_every_second_step_late() {
        let swing = Quantise { swing: "75".parse().unwrap(), ..quantise("1/8") };
        assert_eq!(starts(swing, &[10, 500, 700, 970]), [0, 720, 720, 960]);
    }

    #[test]
    fn lengths_stay_and_repeated_notes_do_not_run_into_each_other() {
        let q = quantise("1/16");
        let moved = q.apply(&[note(60, 110, 200), note(60, 230, 240), note(60, 245, 250)], Ppq::DEFAULT);
        let times: Vec<_> = moved.iter().map(|n| (n.start.0, n.end.0)).collect();
        assert_eq!(times, [(0, 90), (240, 245), (245, 250)]);
    }

    #[test]
    fn what_is_no_grid_is_refused_with_what_one_looks_like() {
        for bad in ["16", "1/3", "1/0", "1/128", "1/1t", "", "1/16x"] {
            assert!(bad.parse::<Grid>().unwrap_err().contains("1/16"), "{bad}");
        }
        assert_eq!("1/8T".parse::<Grid>().unwrap().to_string(), "1/8t");
        assert!("101".parse::<Strength>().is_err());
    }

    proptest! {
        #[test]
        fn no_note_is_lost_or_ends_before_it_starts(
            played in proptest::collection::vec((0u8..4, 0u64..4000, 0u64..600), 0..60),
            value in 0u32..7, triplet: bool, strength in 0u8..=100, swing in 50u8..=75, ppq in 1u16..2000,
        ) {
            let Some(grid) = Grid::new(1 << value, triplet) else { return Ok(()) };
            let mut notes: Vec<_> = played.iter().map(|&(key, start, length)| note(key, start, start + length)).collect();
            notes.sort_by_key(|n| n.start);
            let q = Quantise { grid, strength: Strength(strength), swing: Swing(swing) };
            let moved = q.apply(&notes, Ppq::new(ppq).unwrap());
            prop_assert_eq!(moved.len(), notes.len());
            prop_assert!(moved.iter().all(|n| n.end > n.start));
            for key in 0..4 {
                let keys: Vec<_> = moved.iter().filter(|n| n.key.get() == key).collect();
                prop_assert!(keys.windows(2).all(|w| w[0].start < w[1].start));
            }
        }
    }
}
