//! Composing for somebody who wants to see how it is done: pass by pass, at a pace that eyes can follow.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::atelier::Melody;
use super::sample::SAMPLES;
use crate::compose::Model;
use crate::compose::arrange::{self, Failed, Pass};
use crate::compose::request::{Parameters, Request, SamplingIterations, Variations};
use crate::music::Micros;
use crate::studio::desk::{Piece, PieceNote};

/// Passes that are shown; by then one has understood.
const MOST: usize = 160;
/// Of fewer notes there is too little to be seen.
const FEWEST: usize = 8;

/// What there is after a pass of the model.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The notes that the model has written so far.
    pub notes: Vec<PieceNote>,
    /// Up to here it has come.
    pub up_to: Micros,
    /// All of it, ready to be heard.
    pub piece: Arc<Piece>,
}

/// What is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// To this it is composed; whether it is the player's own.
    Melody(Melody, bool),
    /// A pass is done.
    Frame(Frame),
}

/// Composes to the first of the `files` that is a melody of some length, else to a melody that ships, with one draft. Between two
/// passes it waits for `pace`.
///
/// # Errors
/// When there is nothing to compose with.
pub fn show(
    files: &[PathBuf],
    pace: Duration,
    is_wanted: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Told),
) -> Result<(), Failed> {
    let model = Model::chorale()?;
    for file in files {
        let Ok(melody) = Melody::read(file) else { continue };
        if melody.piece.notes.len() < FEWEST {
            continue;
        }
        match compose(&model, &melody, true, pace, is_wanted, tell) {
            // Drums, say, or four voices that are there already.
            Err(Failed::NoMelody(_) | Failed::NoChannel { .. } | Failed::Contradiction(_)) => {}
            ended => return ended,
        }
    }
    let Some(sample) = SAMPLES[0].melody() else { return Ok(()) };
    compose(&model, &Melody::of(SAMPLES[0].name, sample), false, pace, is_wanted, tell)
}

fn compose(
    model: &Model,
    melody: &Melody,
    is_own: bool,
    pace: Duration,
    is_wanted: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(Told),
) -> Result<(), Failed> {
    let melody_tracks = melody.composition.tracks.len();
    let length = melody.piece.length();
    let mut passes = 0;
    let mut watch = |pass: &Pass<'_>| {
        if !is_wanted() || passes == MOST {
            return ControlFlow::Break(());
        }
        if passes == 0 {
            tell(Told::Melody(melody.clone(), is_own));
        }
        passes += 1;
        let piece = Arc::new(Piece::of(melody.name.clone(), &pass.so_far()));
        let mut notes = piece.notes.clone();
        notes.retain(|n| n.track >= melody_tracks && !n.drum);
        let share = pass.done.parts as f64 / pass.done.of.max(1) as f64;
        tell(Told::Frame(Frame { notes, up_to: Micros((length.0 as f64 * share) as u64), piece }));
        std::thread::sleep(pace);
        ControlFlow::Continue(())
    };
    let parameters = Parameters {
        sampling_iterations: SamplingIterations::new(1).unwrap_or_default(),
        variations: Variations::default(),
        ..Parameters::default()
    };
    match arrange::compose(model, &melody.composition, &Request { parameters, ..Request::default() }, &mut watch) {
        // Enough was seen.
        Ok(_) | Err(Failed::Model(crate::compose::Error::Cancelled)) => Ok(()),
        Err(e) => Err(e),
    }
}

/// Files of the library that may be melodies, the newest first.
#[must_use]
pub fn takes(library: &Path) -> Vec<PathBuf> {
    /// Of many files that no voice can sing the newest are enough.
    const TRIED: usize = 8;
    let mut files = crate::studio::library::list(library).map(|l| l.files).unwrap_or_default();
    files.sort_by_key(|f| std::cmp::Reverse(f.id.modified));
    files.into_iter().map(|f| f.path).take(TRIED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_melody_is_filled_pass_by_pass_and_what_cannot_be_sung_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let broken = folder.path().join("broken.mid");
        std::fs::write(&broken, b"no music").unwrap();
        let (mut melodies, mut frames) = (Vec::new(), Vec::<Frame>::new());
        let mut tell = |told| match told {
            Told::Melody(melody, own) => melodies.push((melody.name, own)),
            Told::Frame(frame) => frames.push(frame),
        };
        // Three passes are as good as all, and unoptimised arithmetic is slow.
        let left = std::cell::Cell::new(4);
        let is_wanted = || {
            left.set(left.get() - 1);
            left.get() > 0
        };
        show(&[broken], Duration::ZERO, &is_wanted, &mut tell).unwrap();
        assert_eq!(melodies, [("Ode to Joy".to_owned(), false)]);
        assert_eq!(frames.len(), 3);
        assert!(frames.is_sorted_by_key(|f| f.up_to) && !frames[2].notes.is_empty());
        assert!(frames[2].notes.iter().all(|n| n.track > 0), "{:?}", frames[2].notes);
    }
}
