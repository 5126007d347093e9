//! Arrangements: the harmony that the model found, spread over instruments.
//!
//! The voices and so the chords are learned; everything here is rule: which instrument plays what
//! (`styles`, a table), in which rhythm (`groove`, rows of letters), and how many notes are left
//! when there may only be so many (`limit`).

mod groove;
mod limit;
mod players;
mod styles;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::chords::{self, Chord, Pace};
use super::melody::{Bar, Melody, Section, Voice};
use super::score::{Attack, Step};
use crate::music::message::Value;

pub use limit::limit;

/// How the harmony is spread over instruments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// The four voices as the model writes them, sung.
    #[default]
    Chorale,
    /// Violins, violas, cellos, plucked double basses.
    Strings,
    /// Violin, cello and a piano with two hands.
    PianoTrio,
    /// Guitar, organ, bass guitar, drums.
    Rock,
    /// Pad, arpeggio, bass and drums, all by machine.
    Synth,
    /// Nobody: a tune alone, that goes on as a folk tune does.
    Folk,
}

impl Style {
    /// All of them.
    pub const ALL: [Style; 6] =
        [Style::Chorale, Style::Strings, Style::PianoTrio, Style::Rock, Style::Synth, Style::Folk];

    /// The name that users type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        ["chorale", "strings", "piano-trio", "rock", "synth", "folk"][self as usize]
    }

    fn pace(self) -> Pace {
        match self {
            Style::Chorale | Style::Strings | Style::PianoTrio | Style::Folk => Pace::Beat,
            Style::Rock | Style::Synth => Pace::Slow,
        }
    }
}

/// A note to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which section.
    pub section: usize,
    /// The step at which it begins.
    pub from: usize,
    /// The step at which it ends.
    pub to: usize,
    /// Its MIDI key.
    pub key: u8,
    /// How loud.
    pub velocity: u8,
    /// How much of it is played, in eighths of its length: 8 is all.
    pub gate: u8,
}

/// What one player plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What its track is called.
    pub name: String,
    /// The instrument, where it is not that of a track that is there.
    pub sound: Sound,
    /// Its notes, section by section in the order of time.
    pub notes: Vec<Note>,
}

/// What a part sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// A program of General MIDI, counted from 0.
    Program(Value),
    /// The percussion channel.
    Percussion,
}

/// A section as arrangers see it.
pub struct Stage<'a> {
    index: usize,
    section: &'a Section,
    steps: &'a [Step],
    /// The bar of every step.
    bars: Vec<Bar>,
    chords: Vec<Option<Chord>>,
    /// Semitones by which what is written sounds lower than the model reads it.
    back: i16,
    /// How loud the accompaniment is at every step.
    loudness: Vec<u8>,
    phrases: Vec<Phrase>,
    is_last: bool,
    pace: Pace,
}

/// A phrase as the players count, with the chord on which it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    steps: Range<usize>,
    /// Where its last note begins.
    rest: usize,
}

impl<'a> Stage<'a> {
    /// Of a section with the steps that are filled so far.
    #[must_use]
    pub fn of(melody: &'a Melody, index: usize, steps: &'a [Step], style: Style) -> Stage<'a> {
        let section = &melody.sections[index];
        let steps = &steps[..steps.len().min(section.score.len())];
        let bars: Vec<Bar> = (0..steps.len()).map(|t| melody.bar(section, t)).collect();
        let chords = chords::read(steps, |t| bars[t], section.first, melody.shift, style.pace());
        Stage {
            index,
            section,
            steps,
            chords,
            back: melody.back(),
            loudness: loudness(section, &bars),
            phrases: phrases(section, &bars),
            bars,
            is_last: index + 1 == melody.sections.len(),
            pace: style.pace(),
        }
    }

    /// The chords with the steps at which they begin, within the steps that new notes go to.
    pub fn chords(&self) -> impl Iterator<Item = (usize, Chord)> + '_ {
        let open = self.section.open.clone();
        // A band leaves the pick-up to the melody, and has no chord there.
        open.filter(|t| *t < self.steps.len() && !(self.pace == Pace::Slow && self.is_pick_up(*t))).filter_map(|t| {
            let chord = self.chords.get(t).copied().flatten()?;
            let first = t == self.section.open.start || (self.pace == Pace::Slow && self.is_pick_up(t - 1));
            let begins = first || self.chords[t - 1] != Some(chord);
            begins.then_some((t, chord))
        })
    }

    /// The steps since the bar line.
    fn phase(&self, t: usize) -> usize {
        ((self.section.first + t as u64) as i64 - self.bars[t].start).max(0) as usize
    }

    /// Whether `t` belongs to a pick-up: nothing but the melody sounds there.
    fn is_pick_up(&self, t: usize) -> bool {
        self.bars[t].start < self.section.first as i64 && self.phase(0) * 2 >= self.bars[t].length as usize
    }

    /// What the model wrote in a voice: what was hidden of it, within the steps that new notes go to.
    fn voice(&self, voice: Voice, octaves: i16) -> Vec<Note> {
        let v = voice as usize;
        let mut notes: Vec<Note> = Vec::new();
        let hidden =
            |t: usize| self.section.score.steps[t][v].symbol.class().is_none() && self.section.open.contains(&t);
        let mut t = 0;
        while t < self.steps.len() {
            let symbol = self.steps[t][v].symbol;
            let mut end = t + 1;
            if hidden(t) {
                let goes_on = |t: usize| {
                    hidden(t) && self.steps[t][v].symbol == symbol && self.steps[t][v].attack != Attack::Struck
                };
                while end < self.steps.len() && goes_on(end) {
                    end += 1;
                }
                let key = symbol.to_key().map(|k| i16::from(k) - self.back + 12 * octaves);
                if let Some(key) = key.and_then(|k| u8::try_from(k).ok()).filter(|k| *k < 128) {
                    notes.push(Note {
                        section: self.index,
                        from: t,
                        to: end,
                        key,
                        velocity: self.loudness[t],
                        gate: 8,
                    });
                }
            }
            t = end;
        }
        notes
    }
}

/// The phrases of a section by their fermatas. One that begins with a pick-up begins for the players
/// at the bar line after it.
fn phrases(section: &Section, bars: &[Bar]) -> Vec<Phrase> {
    let length = bars.len();
    let holds = |t: usize| section.score.places[t].fermata == 2;
    let mut phrases = Vec::new();
    let mut from = 0;
    let mut t = 0;
    while t < length {
        if holds(t) {
            let rest = t;
            while t < length && holds(t) {
                t += 1;
            }
            // Silence after a phrase belongs to it.
            let next = section.notes.iter().find(|n| n.from >= t).map_or(t, |n| n.from.min(length));
            let next = bars.get(next).map_or(next, |bar| {
                let line = bar.start + bar.length as i64 - section.first as i64;
                let is_pick_up = (line - next as i64) * 2 <= bar.length as i64;
                if is_pick_up { (line.max(0) as usize).min(length) } else { next }
            });
            phrases.push(Phrase { steps: from..next, rest });
            (from, t) = (next, next);
        } else {
            t += 1;
        }
    }
    if from < length {
        phrases.push(Phrase { steps: from..length, rest: length });
    }
    phrases
}

/// The melody's dynamics, drawn out over half a bar before and after, a little below it, and first
/// beats a little above the others.
fn loudness(section: &Section, bars: &[Bar]) -> Vec<u8> {
    const AROUND: usize = 8;
    let mut sums = vec![0usize; section.loudness.len() + 1];
    for (t, l) in section.loudness.iter().enumerate() {
        sums[t + 1] = sums[t] + usize::from(*l);
    }
    (0..bars.len())
        .map(|t| {
            let (from, to) = (t.saturating_sub(AROUND), (t + AROUND + 1).min(section.loudness.len()));
            let mean = (sums[to] - sums[from]) / (to - from).max(1);
            let phase = (section.first + t as u64) as i64 - bars[t].start;
            let accent = if phase == 0 {
                4
            } else if phase % 4 == 0 {
                0
            } else {
                -4
            };
            ((mean * 5 / 6) as i64 + accent).clamp(24, 112) as u8
        })
        .collect()
}

/// What the players of a style play. `written` says which voices of a chorale are wanted; where the
/// player's own bass stays, no other is added.
#[must_use]
pub fn arrange(style: Style, stages: &[Stage<'_>], written: &[Voice], bass_stays: bool) -> Vec<Part> {
    if style == Style::Chorale {
        let sound = Sound::Program(styles::CHOIR);
        let part = |v: &Voice| Part { name: v.name().to_owned(), sound, notes: voice(stages, *v) };
        return written.iter().map(part).collect();
    }
    let players = styles::players(style).iter().filter(|p| !bass_stays || !p.is_bass());
    players.map(|player| players::play(player, stages)).collect()
}

/// What the model wrote of a voice.
#[must_use]
pub fn voice(stages: &[Stage<'_>], voice: Voice) -> Vec<Note> {
    stages.iter().flat_map(|s| s.voice(voice, 0)).collect()
}

/// What the model wrote of the melody itself: after its end, or where notes were taken away.
#[must_use]
pub fn melody(stages: &[Stage<'_>], voice: Voice, shift: i16) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for stage in stages {
        let octaves = (stage.back - shift) / 12;
        notes.extend(stage.voice(voice, octaves).into_iter().map(|n| {
            let velocity = stage.section.loudness[n.from];
            Note { velocity, ..n }
        }));
    }
    notes
}
