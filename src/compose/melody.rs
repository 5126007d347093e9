//! From a composition to what the model reads, and from what it wrote to tracks.
//!
//! The player's own notes are only read: they are laid on a grid of sixteenths for the model's eyes,
//! and the composition keeps them as they were played.

use serde::{Deserialize, Serialize};

use super::score::{Attack, Cell, Place, Score, Symbol, VOICES};
use crate::music::composition::{Composition, Division, Note};
use crate::music::time::{Micros, Ticks};
use crate::music::{TempoMap, general_midi};

/// Silence of more steps than this begins a new section.
const SILENCE: u64 = 32;
/// A note is read as this many steps at most.
const LONGEST: u64 = 256;
/// Steps a second where a file counts film frames and says no tempo: sixteenths at 120 a minute.
const STEP_WITHOUT_TEMPO: u64 = 125_000;

/// A voice of the choir.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    /// The highest.
    Soprano = 0,
    /// Below the soprano.
    Alto = 1,
    /// Above the bass.
    Tenor = 2,
    /// The lowest.
    Bass = 3,
}

impl Voice {
    /// From the top.
    pub const ALL: [Voice; VOICES] = [Voice::Soprano, Voice::Alto, Voice::Tenor, Voice::Bass];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        ["Soprano", "Alto", "Tenor", "Bass"][self as usize]
    }
}

/// Why there is no melody to work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMelody {
    /// Nothing but drums, or nothing at all.
    #[error("there are no notes in it that a voice could sing ({drums} notes of drums)")]
    NoNotes {
        /// Notes on the percussion channel.
        drums: usize,
    },
    /// A track was asked for that holds none.
    #[error("track {number} has no notes that a voice could sing; tracks with notes: {with_notes}")]
    NotInTrack {
        /// As counted from 1.
        number: usize,
        /// The others, for people.
        with_notes: String,
    },
    /// A file of format 2.
    #[error("its tracks are pieces of their own (format 2), which cannot sound together")]
    Sequential,
}

/// A melody, ready to be read by the model.
#[derive(Clone, Debug)]
pub struct Melody {
    /// The track it comes from, from 0.
    pub track: usize,
    /// The voice as which the model reads it.
    pub voice: Voice,
    /// Semitones by which the model reads it higher than it is: whole octaves.
    pub shift: i16,
    /// Stretches of music between long silences, in the order of time.
    pub sections: Vec<Section>,
    grid: Grid,
}

/// A stretch of music.
#[derive(Clone, Debug)]
pub struct Section {
    /// The sixteenth at which it begins, counted from the start of the file.
    pub first: u64,
    /// The melody in its voice; the other voices are hidden.
    pub score: Score,
    /// For each step the tick at which it begins, as it was played where the melody was struck.
    pub ticks: Vec<Ticks>,
}

impl Melody {
    /// Finds the melody of a composition.
    ///
    /// `track` (from 0) and `voice` are found out where they are not told: the highest track that has
    /// enough to say, and the voice in whose range it lies.
    ///
    /// # Errors
    /// When there are no notes to work with.
    pub fn of(composition: &Composition, track: Option<usize>, voice: Option<Voice>) -> Result<Melody, NoMelody> {
        if composition.format == crate::music::composition::Format::Sequential && composition.tracks.len() > 1 {
            return Err(NoMelody::Sequential);
        }
        let sung: Vec<Vec<Note>> = composition
            .tracks
            .iter()
            .map(|t| t.notes().into_iter().filter(|n| n.channel != general_midi::PERCUSSION).collect())
            .collect();
        let with_notes = || {
            let numbers = sung.iter().enumerate().filter(|(_, n)| !n.is_empty()).map(|(i, _)| (i + 1).to_string());
            numbers.collect::<Vec<_>>().join(", ")
        };
        let track = match track {
            Some(t) if sung.get(t).is_some_and(|n| !n.is_empty()) => t,
            _ if sung.iter().all(Vec::is_empty) => {
                return Err(NoMelody::NoNotes { drums: composition.note_count() });
            }
            Some(t) => return Err(NoMelody::NotInTrack { number: t + 1, with_notes: with_notes() }),
            None => highest(&sung),
        };
        let grid = Grid::of(composition);
        let notes = &sung[track];
        let middle = middle(notes);
        let voice = voice.unwrap_or(match middle {
            57.. => Voice::Soprano,
            48..57 => Voice::Tenor,
            _ => Voice::Bass,
        });
        let shift = shift_to(voice, middle);
        let sections = sections(notes, &grid, voice, shift);
        Ok(Melody { track, voice, shift, sections, grid })
    }

    /// Lengthens the last section by steps in which all is hidden.
    pub fn extend(&mut self, steps: usize) {
        let Some(last) = self.sections.last_mut() else { return };
        for _ in 0..steps {
            let step = last.first + last.score.len() as u64;
            last.score.steps.push([Cell::HIDDEN; VOICES]);
            last.score.places.push(self.grid.place(step));
            last.ticks.push(self.grid.tick(step + 1).max(last.ticks.last().copied().unwrap_or_default()));
        }
    }

    /// Sixteenths in a bar at the end of the melody.
    #[must_use]
    pub fn last_bar(&self) -> usize {
        let place = self.sections.last().and_then(|s| s.score.places.last()).copied().unwrap_or_default();
        if place.bar_length == 0 { 16 } else { usize::from(place.bar_length) * 4 }
    }

    /// Sixteenths that make up a time at the end of the melody, at least 1.
    #[must_use]
    pub fn steps_in(&self, time: Micros) -> usize {
        let Some(last) = self.sections.last() else { return 1 };
        let end = last.first + last.score.len() as u64;
        let from = self.grid.map.micros(self.grid.tick(end));
        let to = self.grid.map.ticks(from.plus(time));
        usize::try_from(self.grid.nearest(to).saturating_sub(end)).unwrap_or(1).max(1)
    }
}

/// Where the sixteenths lie.
#[derive(Clone, Debug)]
struct Grid {
    /// Ticks a quarter note; none where a file counts film frames.
    quarter: Option<u64>,
    map: TempoMap,
}

impl Grid {
    fn of(composition: &Composition) -> Grid {
        let quarter = match composition.division {
            Division::Metrical(ppq) => Some(u64::from(ppq.get())),
            Division::Smpte { .. } => None,
        };
        Grid { quarter, map: composition.tempo_map() }
    }

    fn tick(&self, step: u64) -> Ticks {
        match self.quarter {
            Some(quarter) => Ticks(step.saturating_mul(quarter) / 4),
            None => self.map.ticks(Micros(step.saturating_mul(STEP_WITHOUT_TEMPO))),
        }
    }

    fn nearest(&self, at: Ticks) -> u64 {
        match self.quarter {
            Some(quarter) => at.0.saturating_mul(4).saturating_add(quarter / 2) / quarter,
            None => (self.map.micros(at).0 + STEP_WITHOUT_TEMPO / 2) / STEP_WITHOUT_TEMPO,
        }
    }

    fn place(&self, step: u64) -> Place {
        let unknown = Place { beat: (step % 4) as u8, ..Place::default() };
        let Some(quarter) = self.quarter else { return unknown };
        let at = self.tick(step);
        let bar = self.map.position(at).map(|p| p.bar);
        let start = bar.and_then(|b| self.map.bar_start(b));
        let next = bar.and_then(|b| self.map.bar_start(b + 1));
        let (Some(start), Some(next)) = (start, next) else { return unknown };
        let since = (at.0.saturating_sub(start.0) * 4 + quarter / 2) / quarter;
        let length = (next.0.saturating_sub(start.0) + quarter / 2) / quarter;
        Place {
            beat: (since % 4) as u8,
            bar: (since + 1).min(32) as u8,
            bar_length: length.clamp(1, 9) as u8,
            fermata: 0,
        }
    }
}

/// The track with the highest notes, of those that have a fifth of the most notes at least.
fn highest(sung: &[Vec<Note>]) -> usize {
    let most = sung.iter().map(Vec::len).max().unwrap_or(0);
    let enough = |n: &Vec<Note>| !n.is_empty() && n.len() * 5 >= most;
    let candidates = sung.iter().enumerate().filter(|(_, n)| enough(n));
    let mut best = (0, 0);
    for (i, notes) in candidates {
        let middle = middle(notes);
        if middle > best.1 {
            best = (i, middle);
        }
    }
    best.0
}

/// The key in the middle of all notes.
fn middle(notes: &[Note]) -> u8 {
    let mut keys: Vec<u8> = notes.iter().map(|n| n.key.get()).collect();
    keys.sort_unstable();
    keys.get(keys.len() / 2).copied().unwrap_or(0)
}

/// Whole octaves that bring a melody near the middle of a voice.
fn shift_to(voice: Voice, middle: u8) -> i16 {
    let (low, high) = [(57, 79), (53, 72), (48, 67), (38, 60)][voice as usize];
    let middle = i16::from(middle);
    let mut shift = 0;
    while middle + shift < low {
        shift += 12;
    }
    while middle + shift > high {
        shift -= 12;
    }
    shift
}

struct Laid {
    from: u64,
    to: u64,
    key: u8,
    start: Ticks,
}

fn sections(notes: &[Note], grid: &Grid, voice: Voice, shift: i16) -> Vec<Section> {
    let mut laid: Vec<Laid> = notes
        .iter()
        .map(|n| {
            let from = grid.nearest(n.start);
            let to = grid.nearest(n.end).clamp(from + 1, from + LONGEST);
            Laid { from, to, key: n.key.get(), start: n.start }
        })
        .collect();
    // Of notes on one step the last one in this order stands: the longest, then the highest.
    laid.sort_by_key(|n| (n.from, n.to, n.key));
    let polyphonic = is_polyphonic(&laid);
    let mut sections = Vec::new();
    let mut begin = 0;
    while begin < laid.len() {
        let mut end = laid[begin].to;
        let mut next = begin + 1;
        while next < laid.len() && laid[next].from <= end + SILENCE {
            end = end.max(laid[next].to);
            next += 1;
        }
        sections.push(section(&laid[begin..next], end, grid, voice, shift, polyphonic));
        begin = next;
    }
    sections
}

fn section(laid: &[Laid], end: u64, grid: &Grid, voice: Voice, shift: i16, polyphonic: bool) -> Section {
    let first = laid[0].from;
    let length = usize::try_from(end - first).unwrap_or(0);
    let mut line: Vec<Option<(u8, bool)>> = vec![None; length];
    let mut ticks: Vec<Ticks> = (first..=end).map(|s| grid.tick(s)).collect();
    for n in laid {
        let (from, to) = ((n.from - first) as usize, (n.to - first) as usize);
        let hidden = polyphonic && line[from].is_some_and(|(key, _)| key > n.key);
        if hidden {
            continue;
        }
        ticks[from] = n.start;
        for (i, cell) in line[from..to].iter_mut().enumerate() {
            *cell = Some((n.key, i == 0));
        }
        // What the newer note cut short does not come back when it ends.
        for cell in line[to..].iter_mut().take_while(|c| c.is_some_and(|(_, struck)| !struck)) {
            *cell = None;
        }
    }
    for i in 1..ticks.len() {
        ticks[i] = ticks[i].max(ticks[i - 1]);
    }
    let steps = line.iter().map(|cell| {
        let mut step = [Cell::HIDDEN; VOICES];
        step[voice as usize] = match cell {
            None => Cell { symbol: Symbol::REST, attack: Attack::Held },
            Some((key, struck)) => Cell {
                symbol: readable(i16::from(*key) + shift),
                attack: if *struck { Attack::Struck } else { Attack::Held },
            },
        };
        step
    });
    let score = Score { steps: steps.collect(), places: (first..end).map(|s| grid.place(s)).collect() };
    Section { first, score, ticks }
}

/// Whether notes sound together for more than a quarter of the time.
fn is_polyphonic(laid: &[Laid]) -> bool {
    let all: u64 = laid.iter().map(|n| n.to - n.from).sum();
    let mut reached = 0;
    let mut union = 0;
    for n in laid {
        union += n.to.saturating_sub(n.from.max(reached));
        reached = reached.max(n.to);
    }
    all > union + union / 4
}

/// The symbol of a key, by octaves brought to where the model knows keys.
fn readable(key: i16) -> Symbol {
    let mut key = key;
    let (low, high) = (i16::from(super::score::LOWEST), i16::from(super::score::LOWEST + super::score::KEYS - 1));
    while key < low {
        key += 12;
    }
    while key > high {
        key -= 12;
    }
    u8::try_from(key).ok().and_then(Symbol::key).unwrap_or(Symbol::REST)
}
