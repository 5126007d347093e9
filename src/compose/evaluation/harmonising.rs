//! What the model writes over given melodies, beside what the composer wrote.

use std::ops::ControlFlow;

use serde::Serialize;

use super::mock::{Grade, Grader};
use super::{Pitches, side_by_side};
use crate::compose::draw::{self, Manner};
use crate::compose::model::Model;
use crate::compose::rules::Violations;
use crate::compose::score::{Cell, Score, Step, VOICES};
use crate::compose::{Done, Error, Progress};

/// Rules and rhythm of a set of pieces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Texture {
    /// Pairs of voices in parallel fifths, unisons and octaves, a piece.
    pub parallels_a_piece: f64,
    /// Of all steps, those with crossed voices, in per cent.
    pub crossing_percent: f64,
    /// Of all steps, those with upper voices more than an octave apart, in per cent.
    pub spacing_percent: f64,
    /// Cells outside the voices' ranges, in per cent.
    pub range_percent: f64,
    /// Of the quarters, those whose notes are part of a triad or a chord of the seventh, in per cent.
    pub chords_percent: f64,
    /// Changes of pitch a piece, soprano to bass.
    pub changes_a_piece: [f64; VOICES],
}

impl Texture {
    /// Of steps, piece by piece.
    #[must_use]
    pub fn of(pieces: &[Vec<Step>]) -> Texture {
        let mut found = Violations::default();
        let mut changes = [0.0; VOICES];
        for steps in pieces {
            found = found.and(Violations::of(steps));
            for pair in steps.windows(2) {
                for (v, changes) in changes.iter_mut().enumerate() {
                    *changes += f64::from(u8::from(pair[0][v].symbol != pair[1][v].symbol));
                }
            }
        }
        let quarters: Vec<&Step> = pieces.iter().flat_map(|p| p.iter().step_by(4)).collect();
        let chords = quarters.iter().filter(|s| is_chord(s)).count();
        let count = pieces.len().max(1) as f64;
        let percent = |n: u32| 100.0 * f64::from(n) / f64::from(found.steps.max(1));
        Texture {
            parallels_a_piece: f64::from(found.parallels()) / count,
            crossing_percent: percent(found.crossing),
            spacing_percent: percent(found.spacing),
            range_percent: percent(found.range) / VOICES as f64,
            chords_percent: 100.0 * chords as f64 / quarters.len().max(1) as f64,
            changes_a_piece: changes.map(|c| c / count),
        }
    }
}

/// Whether all that sounds belongs to one triad or chord of the seventh.
fn is_chord(step: &Step) -> bool {
    // Bits are semitones above the root: seventh chords (dominant, major, minor, half and wholly
    // diminished), which hold the triads, and the augmented triad.
    const CHORDS: [u16; 6] =
        [0b0100_1001_0001, 0b1000_1001_0001, 0b0100_1000_1001, 0b0100_0100_1001, 0b0010_0100_1001, 0b0001_0001_0001];
    let sounding = step.iter().filter_map(|c| c.symbol.to_key()).fold(0u16, |set, key| set | 1 << (key % 12));
    (0..12).any(|root| {
        let above_root = (sounding >> root | sounding << (12 - root)) & 0xfff;
        CHORDS.iter().any(|chord| above_root & !chord == 0)
    })
}

/// What can be told of a set of pieces without a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Rules and rhythm.
    #[serde(flatten)]
    pub texture: Texture,
    /// "Bach or Mock", against the training split.
    pub bach_or_mock: Grade,
}

impl Quality {
    /// Of pieces.
    #[must_use]
    pub fn of(pieces: &[Pitches], grader: &Grader) -> Quality {
        let steps: Vec<Vec<Step>> = pieces.iter().map(|p| Score::of_pitches(p).steps).collect();
        let distances: Vec<_> = pieces.iter().map(|p| grader.grade(p)).collect();
        Quality { texture: Texture::of(&steps), bach_or_mock: Grade::of(&distances) }
    }
}

/// The same melodies, harmonised twice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Harmonised {
    /// Melodies.
    pub pieces: usize,
    /// As the data has them.
    pub original: Quality,
    /// As the model harmonises the soprano: the best of some drafts.
    pub model: Quality,
}

impl Harmonised {
    /// Harmonises the soprano of every piece.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when `progress` says so.
    pub fn of(
        model: &Model,
        pieces: &[Pitches],
        grader: &Grader,
        manner: Manner,
        threads: usize,
        progress: Progress<'_>,
    ) -> Result<Harmonised, Error> {
        let scores: Vec<Score> = pieces.iter().map(|p| Score::of_pitches(p)).collect();
        let work = |i: usize, score: &Score| {
            let mut melody = score.clone();
            for step in &mut melody.steps {
                *step = [step[0], Cell::HIDDEN, Cell::HIDDEN, Cell::HIDDEN];
            }
            let manner = Manner { seed: manner.seed.wrapping_add(i as u64), ..manner };
            let drafts = draw::fill(model, &melody, manner, &mut |_| ControlFlow::Continue(()))?;
            let best = drafts.into_iter().next().map(|d| d.score.steps).unwrap_or_default();
            let pitch = |c: Cell| c.symbol.to_key().map_or(-1, i16::from);
            Ok(best.iter().map(|step| step.map(pitch)).collect::<Pitches>())
        };
        let of = scores.len();
        let written = side_by_side(&scores, threads, &work, &mut |parts| progress(Done { parts, of }))?;
        Ok(Harmonised {
            pieces: pieces.len(),
            original: Quality::of(pieces, grader),
            model: Quality::of(&written, grader),
        })
    }
}
