//! Composing for somebody who watches and listens meanwhile: what there is so far is told while it grows, and
//! what came of it can be taken track by track.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::Error;
use super::lineage::Lineage;
use crate::compose::arrange::{self, Failed, Pass};
use crate::compose::request::{Kind, Request};
use crate::compose::{self, Model};
use crate::music::composition::{Composition, Track};
use crate::music::smf;
use crate::studio::desk::Piece;
use crate::studio::library::Picture;
use crate::studio::models::{self, ModelError};
use crate::studio::place::{self, InTheWay};

/// Between two looks at what there is so far.
const LOOK: Duration = Duration::from_millis(120);

/// A melody to be worked on.
#[derive(Clone, Debug)]
pub struct Melody {
    /// Its name.
    pub name: String,
    /// The melody.
    pub composition: Arc<Composition>,
    /// Ready to be heard.
    pub piece: Arc<Piece>,
    /// What it came about by, if it is a composition of ours.
    pub lineage: Option<Lineage>,
}

impl Melody {
    /// Makes a composition the melody.
    #[must_use]
    pub fn of(name: &str, composition: Composition) -> Melody {
        Melody {
            name: name.to_owned(),
            piece: Arc::new(Piece::of(name.to_owned(), &composition)),
            lineage: Lineage::of(&composition),
            composition: Arc::new(composition),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is no music, in words.
    pub fn read(path: &Path) -> Result<Melody, String> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(path).map_err(|e| format!("{name} cannot be read: {e}"))?;
        let reading = smf::read(&bytes).map_err(|e| format!("{name} is no MIDI file that can be used: {e}"))?;
        Ok(Melody::of(&name, reading.composition))
    }
}

/// What there is so far.
#[derive(Clone, Debug)]
pub struct Growing {
    /// How much of the work is done, 0 to 1.
    pub share: f32,
    /// Which variation is being made, from 0.
    pub variation: usize,
    /// Its music up to here.
    pub piece: Arc<Piece>,
}

/// What was composed.
#[derive(Clone, Debug)]
pub struct Made {
    /// The melody's tracks, then the new ones.
    pub composition: Arc<Composition>,
    /// Ready to be heard, with the tracks that were taken.
    pub piece: Arc<Piece>,
    /// What it looks like from afar.
    pub picture: Picture,
    /// How it came about.
    pub lineage: Lineage,
    /// The key that was read or found out.
    pub key: String,
    /// Notes that were added.
    pub added: usize,
    /// The new tracks that are taken, by their numbers.
    pub taken: Vec<bool>,
}

impl Made {
    fn of(variation: arrange::Variation, lineage: Lineage) -> Made {
        let composition = Arc::new(variation.composition);
        let name = lineage.melody.clone();
        let taken = vec![true; composition.tracks.len().saturating_sub(lineage.melody_tracks)];
        Made {
            piece: Arc::new(Piece::of(name, &composition)),
            picture: Picture::of(&composition),
            key: variation.key.to_string(),
            added: variation.added,
            composition,
            lineage,
            taken,
        }
    }

    /// The names of the new tracks, with whether each is taken and whether it has notes.
    pub fn new_tracks(&self) -> impl Iterator<Item = (String, bool, bool)> {
        let tracks = self.composition.tracks.iter().skip(self.lineage.melody_tracks);
        let named = |(n, (track, taken)): (usize, (&Track, &bool))| {
            (track.name().unwrap_or_else(|| format!("Track {}", n + 1)), *taken, track.note_count() > 0)
        };
        tracks.zip(&self.taken).enumerate().map(named)
    }

    fn is_taken(&self, track: usize) -> bool {
        let new = track.checked_sub(self.lineage.melody_tracks);
        new.is_none_or(|new| self.taken.get(new).copied().unwrap_or(true))
    }

    /// Takes a new track, or leaves it.
    pub fn toggle(&mut self, track: usize) {
        if let Some(taken) = self.taken.get_mut(track) {
            *taken = !*taken;
        }
        // What is left out is silent and keeps its number, by which colours go.
        let mut heard = (*self.composition).clone();
        for (n, track) in heard.tracks.iter_mut().enumerate() {
            if !self.is_taken(n) {
                *track = Track::new();
            }
        }
        self.piece = Arc::new(Piece::of(self.lineage.melody.clone(), &heard));
    }

    /// The melody with the tracks that are taken.
    #[must_use]
    pub fn chosen(&self) -> Composition {
        let mut chosen = Composition::new(self.composition.format, self.composition.division);
        let tracks = self.composition.tracks.iter().enumerate();
        chosen.tracks = tracks.filter(|(n, _)| self.is_taken(*n)).map(|(_, t)| t.clone()).collect();
        chosen
    }

    /// Keeps it in a folder, with how it came about.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<PathBuf, Error> {
        let what = match self.lineage.requests.first() {
            Some(Request { kind: Kind::Extend, .. }) => "extended",
            Some(request) => request.parameters.style.name(),
            None => "composed",
        };
        let path = folder.join(format!("{}-{what}.mid", self.lineage.melody));
        let mut composition = self.chosen();
        self.lineage.write(&mut composition);
        let bytes = smf::write(&composition)?;
        let failed = |cause| Error::NotWritten { path: path.clone(), cause };
        std::fs::create_dir_all(folder).map_err(failed)?;
        place::place(&bytes, &path, InTheWay::TakeNextName).map_err(failed)
    }
}

/// Why nothing was composed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// It could not be composed.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// The weights that it was to be composed with are of no use.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The program's own model, read once.
fn shipped() -> Result<&'static Model, compose::Error> {
    static MODEL: OnceLock<Result<Model, compose::Error>> = OnceLock::new();
    MODEL.get_or_init(Model::chorale).as_ref().map_err(Clone::clone)
}

/// Composes with the weights of the lineage, which are in the folder `models` unless they are the program's own; the best
/// variation first. `is_wanted` is asked whether to go on, and `tell` is told what there is so far.
///
/// # Errors
/// See [`NotMade`].
pub fn compose(
    models: &Path,
    input: &Composition,
    lineage: &Lineage,
    request: &Request,
    is_wanted: impl Fn() -> bool,
    tell: &mut dyn FnMut(Growing),
) -> Result<Vec<Made>, NotMade> {
    let own;
    let model = match &lineage.model {
        None => shipped().map_err(Failed::from)?,
        Some(mark) => {
            own = models::find(models, mark)?;
            &own
        }
    };
    let mut told = Instant::now();
    let mut watch = |pass: &Pass<'_>| {
        if !is_wanted() {
            return ControlFlow::Break(());
        }
        if told.elapsed() >= LOOK {
            told = Instant::now();
            let piece = Arc::new(Piece::of(lineage.melody.clone(), &pass.so_far()));
            let share = pass.done.parts as f32 / pass.done.of.max(1) as f32;
            tell(Growing { share, variation: pass.variation, piece });
        }
        ControlFlow::Continue(())
    };
    let variations = arrange::compose(model, input, request, &mut watch)?;
    Ok(variations
        .into_iter()
        .map(|v| {
            let lineage = lineage.then(request, v.seed);
            Made::of(v, lineage)
        })
        .collect())
}

/// Makes a composition again from its lineage and its melody.
///
/// # Errors
/// See [`NotMade`].
pub fn again(
    models: &Path,
    melody: &Composition,
    lineage: &Lineage,
    is_wanted: impl Fn() -> bool,
    tell: &mut dyn FnMut(Growing),
) -> Result<Vec<Made>, NotMade> {
    let mut input = melody.clone();
    let mut so_far = Lineage { requests: Vec::new(), ..lineage.clone() };
    let mut made = Vec::new();
    for request in &lineage.requests {
        made = compose(models, &input, &so_far, request, &is_wanted, tell)?;
        let Some(first) = made.first() else { break };
        input = (*first.composition).clone();
        so_far = first.lineage.clone();
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::super::sample::SAMPLES;
    use super::*;
    use crate::compose::arrangement::Style;
    use crate::compose::request::{Parameters, SamplingIterations, Variations};

    fn quick(style: Style) -> Request {
        let drafts = SamplingIterations::new(1).unwrap();
        let variations = Variations::new(2).unwrap();
        // A few bars are as good as all, and unoptimised arithmetic is slow.
        let bars = "1-3".parse().ok();
        let usual = Parameters::default();
        let parameters = Parameters { style, sampling_iterations: drafts, variations, bars, seed: 3, ..usual };
        Request { kind: Kind::Compose, parameters }
    }

    #[test]
    fn every_sample_is_a_melody() {
        for sample in SAMPLES {
            let melody = sample.melody().unwrap();
            assert_eq!(melody.tracks.len(), 1, "{}", sample.name);
            assert!(melody.note_count() >= 20, "{}", sample.name);
        }
    }

    #[test]
    fn a_composition_is_made_again_from_its_file_alone() {
        let melody = Melody::of("Ode", SAMPLES[1].melody().unwrap());
        let begun = Lineage::begin(&melody.name, &melody.composition);
        let made =
            compose(Path::new(""), &melody.composition, &begun, &quick(Style::Chorale), || true, &mut |_| ()).unwrap();
        assert_eq!(made.len(), 2);
        let folder = tempfile::tempdir().unwrap();
        let path = made[1].keep(folder.path()).unwrap();
        assert_eq!(path.file_name().unwrap(), "Ode-chorale.mid");
        let kept = Melody::read(&path).unwrap();
        let lineage = kept.lineage.clone().unwrap();
        assert_eq!(lineage, made[1].lineage);
        assert!(lineage.has_melody());
        let found = lineage.melody_in(&kept.composition);
        let again = again(Path::new(""), &found, &lineage, || true, &mut |_| ()).unwrap();
        let notes = |c: &Composition| c.tracks.iter().map(|t| t.notes()).collect::<Vec<_>>();
        assert_eq!(notes(&again[0].composition), notes(&kept.composition));
        assert_eq!(again[0].lineage.requests, lineage.requests);
    }

    #[test]
    fn tracks_are_taken_one_by_one() {
        let melody = SAMPLES[0].melody().unwrap();
        let begun = Lineage::begin("Ode", &melody);
        let mut made = compose(Path::new(""), &melody, &begun, &quick(Style::Chorale), || true, &mut |_| ()).unwrap();
        let first = &mut made[0];
        let all = first.composition.tracks.len();
        let sounding = first.new_tracks().position(|(_, _, sounds)| sounds).unwrap();
        first.toggle(sounding);
        assert_eq!(first.chosen().tracks.len(), all - 1);
        assert!(first.piece.notes.len() < Piece::of(String::new(), &first.composition).notes.len());
        first.toggle(sounding);
        assert_eq!(first.chosen(), *first.composition);
    }

    #[test]
    fn what_nobody_wants_any_more_ends() {
        let melody = SAMPLES[0].melody().unwrap();
        let begun = Lineage::begin("Ode", &melody);
        let outcome = compose(Path::new(""), &melody, &begun, &quick(Style::Chorale), || false, &mut |_| ());
        assert!(matches!(outcome, Err(NotMade::Failed(Failed::Model(compose::Error::Cancelled)))), "{outcome:?}");
    }
}
