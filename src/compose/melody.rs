//! From a composition to what the model reads.
//!
//! The player's own notes are only read: they are laid on a grid of sixteenths for the model's eyes,
//! and the composition keeps them as they were played.

mod beats;
pub(super) mod grid;
mod lines;
mod metre;
mod phrases;

use serde::{Deserialize, Serialize};

pub use grid::Bar;
use grid::Grid;
pub use lines::{Fate, Line};

use super::arrangement::Style;
use super::request::{Bass, Parameters};
use super::score::{Attack, Cell, Score, Symbol, VOICES};
use super::tonality::Tonality;
use crate::music::composition::{Composition, Format, Note};
use crate::music::general_midi;
use crate::music::time::{Micros, Ticks};

/// Silence of more steps than this begins a new section.
const SILENCE: u64 = 32;

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

    /// The voice of that name, in capitals or not.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Voice> {
        Voice::ALL.into_iter().find(|v| v.name().eq_ignore_ascii_case(name.trim()))
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
    /// Bars were asked for in which there is no melody.
    #[error("there is no melody in bars {from} to {to}; it lies in bars {first} to {last}")]
    NotInBars {
        /// The first bar asked for.
        from: u32,
        /// The last.
        to: u32,
        /// The first bar with melody.
        first: i64,
        /// The last.
        last: i64,
    },
    /// There is nothing left to do.
    #[error("all four voices are there already")]
    Complete,
}

/// A melody, ready to be read by the model, and what else of the input the model reads.
#[derive(Clone, Debug)]
pub struct Melody {
    /// The track it comes from, from 0.
    pub track: usize,
    /// The voice as which the model reads it.
    pub voice: Voice,
    /// Semitones by which the model reads it higher than it is.
    pub shift: i16,
    /// The key of what sounds: told, written in the file, or estimated.
    pub tonality: Tonality,
    /// Other voices that the input has.
    pub lines: Vec<Line>,
    /// Stretches of music between long silences, in the order of time.
    pub sections: Vec<Section>,
    grid: Grid,
}

/// A stretch of music.
#[derive(Clone, Debug)]
pub struct Section {
    /// The sixteenth at which it begins, counted from the start of the grid.
    pub first: u64,
    /// The voices that are given; what is to be written is hidden.
    pub score: Score,
    /// For each step the tick at which it begins, as it was played where the melody was struck.
    pub ticks: Vec<Ticks>,
    /// How loud the melody is at each step: its note's velocity.
    pub loudness: Vec<u8>,
    /// The melody's notes.
    pub notes: Vec<Sung>,
    /// The steps that new notes go to, from and to.
    pub open: std::ops::Range<usize>,
}

/// A note of the melody as it lies on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sung {
    /// Which of the track's notes.
    pub index: usize,
    /// The step of its section at which it begins.
    pub from: usize,
    /// The step after it.
    pub to: usize,
}

impl Melody {
    /// Finds the melody of a composition, and its tempo, metre, pick-up and key, where `told` does not
    /// say them; and which other voices are there.
    ///
    /// # Errors
    /// When there are no notes to work with.
    pub fn of(composition: &Composition, told: &Parameters) -> Result<Melody, NoMelody> {
        if composition.format == Format::Sequential && composition.tracks.len() > 1 {
            return Err(NoMelody::Sequential);
        }
        let sung: Vec<Vec<(usize, Note)>> = composition
            .tracks
            .iter()
            .map(|t| t.notes().into_iter().enumerate().filter(|(_, n)| n.channel != general_midi::PERCUSSION).collect())
            .collect();
        let track = match told.track.map(|t| t.get() as usize - 1) {
            Some(t) if sung.get(t).is_some_and(|n| !n.is_empty()) => t,
            _ if sung.iter().all(Vec::is_empty) => {
                return Err(NoMelody::NoNotes { drums: composition.note_count() });
            }
            Some(t) => {
                let numbers = sung.iter().enumerate().filter(|(_, n)| !n.is_empty()).map(|(i, _)| (i + 1).to_string());
                let with_notes = numbers.collect::<Vec<_>>().join(", ");
                return Err(NoMelody::NotInTrack { number: t + 1, with_notes });
            }
            None => lines::melody_track(composition, &sung),
        };
        let notes = lines::melody_channel(&sung[track]);
        let plain: Vec<Note> = notes.iter().map(|(_, n)| *n).collect();
        let grid = Grid::of(composition, &plain, told);
        let laid = lines::lay(&notes, &grid);
        let polyphonic = lines::is_polyphonic(&laid);
        // Of chords and of two hands the top decides where the melody lies.
        let top = if polyphonic { lines::top(&laid, &grid, &notes) } else { plain.clone() };
        let named = composition.tracks[track].name().and_then(|n| Voice::of_name(&n));
        let alone = (told.style == Style::Folk).then_some(Voice::Soprano);
        let voice = alone.or(told.voice).or(named).unwrap_or_else(|| lines::voice_of(&top));
        let shift = lines::shift_to(voice, &top, None);
        let mut others = lines::others(composition, &sung, track, voice, shift, told);
        if polyphonic
            && told.bass == Bass::Keep
            && voice != Voice::Bass
            && others.iter().all(|l| l.voice != Voice::Bass)
        {
            others.extend(lines::lowest(&notes, track, shift));
        }
        let mut sections = lines::sections(&laid, &grid, voice, shift, polyphonic);
        for section in &mut sections {
            phrases::mark(section, voice);
            for line in others.iter().filter(|l| l.fate != Fate::Replaced) {
                lines::give(section, line, &grid);
            }
        }
        let (sounding, last) = lines::sounding(&plain, &top);
        let tonality = told
            .key
            .or_else(|| Tonality::written(composition, &sounding, last))
            .unwrap_or_else(|| Tonality::estimate(&sounding, last));
        let mut melody = Melody { track, voice, shift, tonality, lines: others, sections, grid };
        melody.open(told)?;
        Ok(melody)
    }

    /// Hides what is to be written anew.
    fn open(&mut self, told: &Parameters) -> Result<(), NoMelody> {
        let bar = |step: u64| self.grid.bar(step).map_or(1 + step as i64 / 16, |b| b.number);
        let asked = told.bars.map(|b| (i64::from(b.from()), i64::from(b.to())));
        let mut any = false;
        for section in &mut self.sections {
            let within = |t: &usize| asked.is_none_or(|(a, b)| (a..=b).contains(&bar(section.first + *t as u64)));
            let from = (0..section.score.len()).find(within).unwrap_or(section.score.len());
            let to = (from..section.score.len()).rev().find(within).map_or(from, |t| t + 1);
            section.open = from..to;
            any |= from < to;
            for line in self.lines.iter().filter(|l| l.fate == Fate::Redone) {
                lines::hide(section, line.voice, from..to);
            }
        }
        if let (Some(bars), false) = (told.bars, any) {
            let first = self.sections.first().map_or(1, |s| bar(s.first));
            let last = self.sections.last().map_or(1, |s| bar(s.first + s.score.len().saturating_sub(1) as u64));
            return Err(NoMelody::NotInBars { from: bars.from(), to: bars.to(), first, last });
        }
        Ok(())
    }

    /// Lengthens the last section by steps in which all is hidden; they end as a piece does.
    pub fn extend(&mut self, steps: usize) {
        let Some(last) = self.sections.last_mut() else { return };
        let before = last.score.len();
        for _ in 0..steps {
            let step = last.first + last.score.len() as u64;
            last.score.steps.push([Cell::HIDDEN; VOICES]);
            last.score.places.push(self.grid.place(step));
            last.ticks.push(self.grid.tick(step + 1).max(last.ticks.last().copied().unwrap_or_default()));
            last.loudness.push(last.loudness.last().copied().unwrap_or(lines::USUAL_VELOCITY));
        }
        last.open = last.open.start..last.score.len();
        phrases::end_extension(last, before);
    }

    /// Leaves nothing but the tune: the other voices are silent, and phrases end where they will.
    pub fn alone(&mut self) {
        for section in &mut self.sections {
            for step in &mut section.score.steps {
                for (v, cell) in step.iter_mut().enumerate() {
                    if v != self.voice as usize {
                        *cell = Cell { symbol: Symbol::REST, attack: Attack::Held };
                    }
                }
            }
            for place in &mut section.score.places {
                place.fermata = 0;
            }
        }
    }

    /// Steps from the end of the melody to the end of so many bars after the one in which it ends.
    #[must_use]
    pub fn bars_on(&self, bars: u32) -> usize {
        let Some(last) = self.sections.last() else { return 0 };
        let end = last.first + last.score.len() as u64;
        let bar = self.grid.bar(end.saturating_sub(1));
        let (start, length) = bar.map_or((end as i64 - 16, 16), |b| (b.start, b.length));
        let rest = (start + length as i64 - end as i64).max(0) as usize;
        rest + length as usize * bars as usize
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

    /// The bar in which a step of a section lies; bars of four quarters where there are none.
    #[must_use]
    pub fn bar(&self, section: &Section, step: usize) -> Bar {
        let step = section.first + step as u64;
        let start = (step / 16 * 16) as i64;
        self.grid.bar(step).unwrap_or(Bar { start, length: 16, number: start / 16 + 1, compound: false })
    }

    /// Whether it was played freely, so that beats had to be looked for.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.grid.free
    }

    /// The metre, where the file does not say it itself, with the steps before the first bar line: a
    /// pick-up. None where bars do not lie on the file's own quarters.
    #[must_use]
    pub fn metre(&self) -> Option<((u8, u8), u64)> {
        let signature = self.grid.signature.filter(|_| !self.grid.free)?;
        let bar = self.grid.bar(0)?;
        Some((signature, (bar.start + bar.length as i64).unsigned_abs() % bar.length))
    }

    /// The tick of a step of the grid.
    #[must_use]
    pub fn tick(&self, step: u64) -> Ticks {
        self.grid.tick(step)
    }

    /// Semitones by which new notes of the model's are to be lowered to go with the melody. Where the
    /// melody lies octaves above its voice (below it, for a bass), they stay where voices are at home.
    #[must_use]
    pub fn back(&self) -> i16 {
        let away =
            if self.voice == Voice::Bass { self.shift > 0 } else { self.shift < 0 && self.voice != Voice::Tenor };
        if away { self.shift % 12 } else { self.shift }
    }

    /// The mean velocity of the melody.
    #[must_use]
    pub fn mean_loudness(&self) -> u8 {
        let (mut sum, mut count) = (0usize, 0usize);
        for loudness in self.sections.iter().flat_map(|s| &s.loudness) {
            (sum, count) = (sum + usize::from(*loudness), count + 1);
        }
        sum.checked_div(count).map_or(lines::USUAL_VELOCITY, |v| v.clamp(1, 127) as u8)
    }

    /// Takes notes of the melody away, by the index in its track: the model may write there.
    pub fn free(&mut self, removed: &std::collections::BTreeSet<usize>) {
        for section in &mut self.sections {
            let hide: Vec<Sung> = section.notes.iter().filter(|n| removed.contains(&n.index)).copied().collect();
            for n in hide {
                for step in &mut section.score.steps[n.from..n.to] {
                    step[self.voice as usize] = Cell::HIDDEN;
                }
            }
            section.notes.retain(|n| !removed.contains(&n.index));
        }
    }
}
