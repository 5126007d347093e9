//! Which chords sound: read off the voices, a chord a beat or more, for symbols and accompaniments.

use std::fmt;

use super::melody::Bar;
use super::score::{Step, VOICES};
use super::tonality::Tonality;

/// A kind of chord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Major triad.
    Major,
    /// Minor triad.
    Minor,
    /// Major triad with a minor seventh.
    Seventh,
    /// Minor triad with a minor seventh.
    MinorSeventh,
    /// Major triad with a major seventh.
    MajorSeventh,
    /// Diminished triad.
    Diminished,
    /// Diminished triad with a minor seventh.
    HalfDiminished,
    /// Diminished triad with a diminished seventh.
    DiminishedSeventh,
    /// Augmented triad.
    Augmented,
    /// Fourth in the place of the third.
    Suspended,
}

/// A quality, what a chord symbol calls it, its tones above the root, and what it costs to prefer it
/// to a plain triad.
type Kind = (Quality, &'static str, &'static [u8], f32);

const KINDS: [Kind; 10] = [
    (Quality::Major, "", &[0, 4, 7], 0.0),
    (Quality::Minor, "m", &[0, 3, 7], 0.0),
    (Quality::Seventh, "7", &[0, 4, 7, 10], 0.08),
    (Quality::MinorSeventh, "m7", &[0, 3, 7, 10], 0.14),
    (Quality::MajorSeventh, "maj7", &[0, 4, 7, 11], 0.16),
    (Quality::Diminished, "dim", &[0, 3, 6], 0.08),
    (Quality::HalfDiminished, "m7b5", &[0, 3, 6, 10], 0.14),
    (Quality::DiminishedSeventh, "dim7", &[0, 3, 6, 9], 0.14),
    (Quality::Augmented, "aug", &[0, 4, 8], 0.25),
    (Quality::Suspended, "sus4", &[0, 5, 7], 0.22),
];
/// Slow chords are plain ones: what makes a chord more than a triad costs so much more.
const PLAINNESS: f32 = 3.0;
/// What a change of chord costs, against one beat's notes.
const CHANGE: f32 = 0.12;
/// What sounds and is not in the chord costs this.
const FOREIGN: f32 = 1.0;
/// What the root and the third cost when they do not sound.
const MISSING: [f32; 2] = [0.25, 0.2];

/// A chord. Pitch classes count from C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    /// The root's pitch class.
    pub root: u8,
    /// The kind.
    pub quality: Quality,
    /// The pitch class of its lowest note, one of the chord's.
    pub bass: u8,
}

impl Chord {
    fn kind(self) -> &'static Kind {
        KINDS.iter().find(|k| k.0 == self.quality).unwrap_or(&KINDS[0])
    }

    /// Its pitch classes from the root up.
    pub fn classes(self) -> impl ExactSizeIterator<Item = u8> + Clone {
        let root = self.root;
        self.kind().2.iter().map(move |tone| (root + tone) % 12)
    }

    /// Whether a key belongs to it.
    #[must_use]
    pub fn has(self, key: u8) -> bool {
        self.classes().any(|c| c == key % 12)
    }

    /// The pitch class of its fifth, where that is perfect.
    #[must_use]
    pub fn fifth(self) -> Option<u8> {
        let class = (self.root + 7) % 12;
        self.has(class).then_some(class)
    }

    /// Its symbol, as `key` spells it: `G7/B`.
    #[must_use]
    pub fn symbol(self, key: Tonality) -> Symbol {
        Symbol { chord: self, key }
    }
}

/// A chord symbol.
#[derive(Clone, Copy, Debug)]
pub struct Symbol {
    chord: Chord,
    key: Tonality,
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Symbol { chord, key } = self;
        write!(f, "{}{}", key.spell(chord.root), chord.kind().1)?;
        if chord.bass == chord.root { Ok(()) } else { write!(f, "/{}", key.spell(chord.bass)) }
    }
}

/// How long a chord lasts at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A beat, as in a chorale.
    Beat,
    /// Half a bar of four beats, a whole one of three.
    Slow,
}

impl Pace {
    /// The steps of a chord's place in a bar.
    fn steps(self, bar: &Bar) -> u64 {
        match (self, bar.compound, bar.length) {
            (Pace::Beat, false, _) => 4,
            (_, true, _) => 6,
            (Pace::Slow, false, 12) => 12,
            (Pace::Slow, false, _) => 8,
        }
    }
}

/// The chord of every step. `bar` answers for every step; `shift` is by how much the steps are higher
/// than what sounds.
#[must_use]
pub fn read(steps: &[Step], bar: impl Fn(usize) -> Bar, first: u64, shift: i16, pace: Pace) -> Vec<Option<Chord>> {
    let mut units: Vec<(usize, usize)> = Vec::new();
    let mut last = None;
    for t in 0..steps.len() {
        let bar = bar(t);
        let unit = (bar.start, ((first + t as u64) as i64 - bar.start).max(0) as u64 / pace.steps(&bar));
        match units.last_mut() {
            Some(u) if last == Some(unit) => u.1 = t + 1,
            _ => units.push((t, t + 1)),
        }
        last = Some(unit);
    }
    let heard: Vec<Heard> = units.iter().map(|(from, to)| Heard::of(&steps[*from..*to], shift, pace)).collect();
    let mut chords = Vec::with_capacity(steps.len());
    for ((from, to), (heard, state)) in units.iter().zip(heard.iter().zip(likeliest(&heard))) {
        let chord = heard.bass.map(|bass| {
            let chord = Chord { root: (state / KINDS.len()) as u8, quality: KINDS[state % KINDS.len()].0, bass };
            // Slow chords stand on their roots.
            if chord.has(bass) && pace == Pace::Beat { chord } else { Chord { bass: chord.root, ..chord } }
        });
        chords.extend(std::iter::repeat_n(chord, to - from));
    }
    chords
}

/// What sounds in a unit.
struct Heard {
    /// How much each pitch class sounds, together 1.
    weights: [f32; 12],
    bass: Option<u8>,
    pace: Pace,
}

impl Heard {
    fn of(steps: &[Step], shift: i16, pace: Pace) -> Heard {
        let mut weights = [0f32; 12];
        let mut basses = [0f32; 12];
        for (t, step) in steps.iter().enumerate() {
            let keys = step.map(|c| c.symbol.to_key());
            let class = |key: u8| (i16::from(key) - shift).rem_euclid(12) as usize;
            let stress = if t == 0 { 2.0 } else { 1.0 };
            if let (Some(key), Pace::Slow) = (keys[0], pace) {
                weights[class(key)] += 0.5 * stress;
            }
            for key in keys.into_iter().flatten() {
                weights[class(key)] += stress;
            }
            if let Some(key) = keys[VOICES - 1].or_else(|| keys.into_iter().flatten().min()) {
                weights[class(key)] += 0.5 * stress;
                basses[class(key)] += stress;
            }
        }
        let all: f32 = weights.iter().sum();
        let bass = (0..12u8).max_by(|a, b| basses[usize::from(*a)].total_cmp(&basses[usize::from(*b)]).then(b.cmp(a)));
        Heard { weights: weights.map(|w| w / all.max(1.0)), bass: bass.filter(|_| all > 0.0), pace }
    }

    fn grade(&self, state: usize) -> f32 {
        let (root, kind) = (state / KINDS.len(), &KINDS[state % KINDS.len()]);
        let tone = |t: &u8| self.weights[(root + usize::from(*t)) % 12];
        let within: f32 = kind.2.iter().map(tone).sum();
        let missing: f32 =
            kind.2.iter().zip(MISSING).filter(|(t, _)| tone(t) == 0.0).map(|(_, price)| price).sum::<f32>();
        let seventh_missing = kind.2.get(3).is_some_and(|t| tone(t) < 0.08);
        // Without its fifth a diminished chord is none.
        let fifth_missing = kind.2[2] == 6 && tone(&6) == 0.0;
        let rooted = if self.bass.map(usize::from) == Some(root) { 0.15 } else { 0.0 };
        let colour = if self.pace == Pace::Slow { PLAINNESS * kind.3 } else { kind.3 };
        within - FOREIGN * (1.0 - within) - missing - colour + rooted
            - if seventh_missing || fifth_missing { 0.3 } else { 0.0 }
    }
}

/// The best chords when changes cost something (Viterbi).
fn likeliest(heard: &[Heard]) -> Vec<usize> {
    const STATES: usize = 12 * KINDS.len();
    let Some(first) = heard.first() else { return Vec::new() };
    let best = |grades: &[f32]| (0..STATES).fold(0, |a, b| if grades[b] > grades[a] { b } else { a });
    let mut grades: Vec<f32> = (0..STATES).map(|s| first.grade(s)).collect();
    let mut back: Vec<Vec<u8>> = Vec::with_capacity(heard.len());
    for unit in &heard[1..] {
        let other = best(&grades);
        let mut from = vec![0u8; STATES];
        let mut next = vec![0f32; STATES];
        for s in 0..STATES {
            let changed = grades[other] - CHANGE > grades[s];
            from[s] = if changed { other } else { s } as u8;
            let before = if changed { grades[other] - CHANGE } else { grades[s] };
            next[s] = before + if unit.bass.is_some() { unit.grade(s) } else { 0.0 };
        }
        grades = next;
        back.push(from);
    }
    let mut at = best(&grades);
    let mut path = vec![at];
    for from in back.iter().rev() {
        at = usize::from(from[at]);
        path.push(at);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Score;

    fn symbols(chords: &[[i16; 4]], key: &str, shift: i16) -> Vec<String> {
        let pitches: Vec<[i16; 4]> = chords.iter().flat_map(|c| std::iter::repeat_n(*c, 4)).collect();
        let bar = |t: usize| Bar { start: (t / 16 * 16) as i64, length: 16, number: 1, compound: false };
        let chords = read(&Score::of_pitches(&pitches).steps, bar, 0, shift, Pace::Beat);
        let key = key.parse().unwrap();
        chords.iter().step_by(4).map(|c| c.map_or("-".to_owned(), |c| c.symbol(key).to_string())).collect()
    }

    #[test]
    fn a_cadence_is_read_with_its_inversions_and_spelling() {
        let cadence = [[72, 67, 64, 48], [72, 69, 65, 53], [71, 67, 65, 50], [72, 67, 64, 48]];
        assert_eq!(symbols(&cadence, "C", 0), ["C", "F", "G7/D", "C"]);
        assert_eq!(symbols(&cadence, "Bb", 2), ["Bb", "Eb", "F7/C", "Bb"]);
        let minor = [[69, 64, 60, 57], [68, 64, 59, 52], [69, 66, 60, 57], [-1, -1, -1, -1]];
        assert_eq!(symbols(&minor, "Am", 0), ["Am", "E", "F#dim/A", "-"]);
    }

    #[test]
    fn a_passing_note_makes_no_chord() {
        let pitches = [[72, 67, 64, 48], [72, 67, 64, 48], [74, 67, 64, 48], [76, 67, 64, 48]];
        let bar = |_| Bar { start: 0, length: 16, number: 1, compound: false };
        let chords = read(&Score::of_pitches(&pitches).steps, bar, 0, 0, Pace::Beat);
        assert!(chords.iter().all(|c| *c == Some(Chord { root: 0, quality: Quality::Major, bass: 0 })));
    }
}
