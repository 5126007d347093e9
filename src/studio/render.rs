//! Performances into files: one for the piece, or one for each of its tracks; each is put in its place
//! when it is whole, and nothing of it is left otherwise.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::instruments::{self, Chosen};
use super::place::{InTheWay, Placing};
use crate::audio::export::{
    Container, Depth, Export, ExportError, Normalise, Progress, Quality, Summary, export, measure,
};
use crate::audio::instrument::{MakeInstrument, performing_synths};
use crate::audio::performance::{Manner, Performance};
use crate::audio::sequencer::{Score, Strip};
use crate::audio::synth::Options;

/// Frames a second of what is made for [listeners](for_listeners).
const RATE: u32 = 48_000;

/// The sound of a piece for those who listen elsewhere: Ogg Vorbis, as loud as it can be.
///
/// # Errors
/// When it cannot be written, or `progress` ends it.
pub fn for_listeners(
    score: Arc<Score>,
    chosen: &Chosen,
    options: Options,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Vec<u8>, ExportError> {
    instruments::prepare(&chosen.font, &score, &[]);
    let rendering = Rendering {
        make: performing_synths(Arc::clone(&chosen.font), options),
        manner: Manner::plain(RATE),
        export: Export {
            container: Container::Vorbis { quality: Quality::default() },
            depth: Depth::Sixteen,
            normalise: Normalise::Peak(-1.0),
        },
        in_the_way: InTheWay::TakeNextName,
        score,
    };
    let folder = tempfile::tempdir()?;
    let (sound, _) = rendering.whole(&folder.path().join("sound.ogg"), progress)?;
    Ok(std::fs::read(sound)?)
}

/// Why one of several files is not there.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct RenderError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub source: ExportError,
    /// Those that are there all the same.
    pub made: Vec<PathBuf>,
}

/// The stems of a piece.
#[derive(Clone, Debug)]
pub struct Stems {
    /// Where each is.
    pub files: Vec<(PathBuf, Summary)>,
    /// What the whole piece would be, where its level had to be known.
    pub whole: Option<Summary>,
}

/// What is rendered, and how.
#[derive(Clone)]
pub struct Rendering {
    /// The piece.
    pub score: Arc<Score>,
    /// Who plays it.
    pub make: MakeInstrument,
    /// How it is performed.
    pub manner: Manner,
    /// What files it becomes.
    pub export: Export,
    /// Whether files that are there are replaced, or the next free name is taken.
    pub in_the_way: InTheWay,
}

impl std::fmt::Debug for Rendering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendering").field("manner", &self.manner).field("export", &self.export).finish_non_exhaustive()
    }
}

impl Rendering {
    /// Renders the whole piece to `path`, and answers with where it is.
    ///
    /// # Errors
    /// See [`ExportError`]; nothing is left behind then.
    pub fn whole(
        &self,
        path: &Path,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<(PathBuf, Summary), ExportError> {
        self.one(path, &self.manner, self.export, progress)
    }

    /// Renders each strip by itself, to [`stem_paths`]. `progress` is told
    /// of each from its start, and of the whole, as number `None`, where its level has to be known: all stems are
    /// changed by what the whole is, so that together they sound like it.
    ///
    /// # Errors
    /// See [`ExportError`]; the stems that are whole stay.
    pub fn stems(
        &self,
        path: &Path,
        progress: &mut dyn FnMut(Option<usize>, Progress) -> bool,
    ) -> Result<Stems, RenderError> {
        let strips = self.score.strips();
        let (mut settings, mut whole) = (self.export, None);
        if settings.normalise.is_measured() {
            let performance = Performance::new(Arc::clone(&self.score), &self.make, &self.manner);
            let level = measure(performance, settings, &mut |p| progress(None, p)).map_err(|source| RenderError {
                path: path.to_owned(),
                source,
                made: Vec::new(),
            })?;
            settings.normalise = Normalise::By(level.gain_db);
            whole = Some(level);
        }
        let mut made = Vec::new();
        for (index, path) in stem_paths(&self.score, path).into_iter().enumerate() {
            let mut manner = self.manner.clone();
            manner.strips.resize(strips.len(), Strip::default());
            for (other, strip) in manner.strips.iter_mut().enumerate() {
                strip.solo = false;
                strip.mute |= other != index;
            }
            let stem = self.one(&path, &manner, settings, &mut |p| progress(Some(index), p));
            match stem {
                Ok(stem) => made.push(stem),
                Err(source) => {
                    let made = made.into_iter().map(|(path, _): (PathBuf, Summary)| path).collect();
                    return Err(RenderError { path, source, made });
                }
            }
        }
        Ok(Stems { files: made, whole })
    }

    fn one(
        &self,
        path: &Path,
        manner: &Manner,
        settings: Export,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<(PathBuf, Summary), ExportError> {
        let mut placing = Placing::begin(path)?;
        let performance = Performance::new(Arc::clone(&self.score), &self.make, manner);
        let mut out = BufWriter::with_capacity(1 << 18, placing.file());
        let summary = export(performance, settings, &mut out, progress)?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        Ok((placing.finish(self.in_the_way)?, summary))
    }
}

/// The files that the stems of a piece become: beside `path`, with the number and the name of the track.
#[must_use]
pub fn stem_paths(score: &Score, path: &Path) -> Vec<PathBuf> {
    score.strips().iter().map(|info| stem_path(path, info.number, &info.name)).collect()
}

/// `song.wav` becomes `song-02-violin.wav`.
fn stem_path(path: &Path, number: usize, name: &str) -> PathBuf {
    let mut tame = String::new();
    for c in name.chars().take(40) {
        if c.is_alphanumeric() {
            tame.extend(c.to_lowercase());
        } else if !tame.is_empty() && !tame.ends_with('-') {
            tame.push('-');
        }
    }
    let mut file = path.file_stem().unwrap_or_default().to_owned();
    file.push(format!("-{number:02}"));
    let tame = tame.trim_end_matches('-');
    if !tame.is_empty() {
        file.push(format!("-{tame}"));
    }
    if let Some(extension) = path.extension() {
        file.push(".");
        file.push(extension);
    }
    path.with_file_name(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SoundFont;
    use crate::music::composition::{Composition, Division, Format, Track};
    use crate::music::message::{Channel, Key, Velocity, Voice};
    use crate::music::{Ppq, Ticks};

    #[test]
    fn stems_have_tame_names() {
        let name = |n: &str| stem_path(Path::new("a/song.flac"), 3, n).to_string_lossy().into_owned();
        assert_eq!(name("Lead 1 (square)"), "a/song-03-lead-1-square.flac");
        assert_eq!(name("../../etc/passwd"), "a/song-03-etc-passwd.flac");
        assert_eq!(name("***"), "a/song-03.flac");
    }

    #[test]
    fn stems_that_are_there_are_named_when_another_fails() {
        let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
        for key in [60, 64, 67] {
            let (key, velocity) = (Key::masked(key), Velocity::masked(90));
            let mut track = Track::new();
            track.push_voice(Ticks(0), Channel::default(), Voice::NoteOn { key, velocity });
            track.push_voice(Ticks(480), Channel::default(), Voice::NoteOff { key, velocity });
            composition.tracks.push(track);
        }
        let folder = tempfile::tempdir().unwrap();
        let rendering = Rendering {
            score: Arc::new(Score::new(&composition)),
            make: performing_synths(Arc::new(SoundFont::builtin()), Options::default()),
            manner: Manner::plain(8_000),
            export: Export { container: Container::Wav, depth: Depth::Sixteen, normalise: Normalise::No },
            in_the_way: InTheWay::TakeNextName,
        };
        let stopped = rendering.stems(&folder.path().join("a.wav"), &mut |stem, _| stem != Some(2)).unwrap_err();
        assert_eq!(stopped.made, [1, 2].map(|n| folder.path().join(format!("a-0{n}-track-{n}.wav"))));
        assert_eq!(stopped.path, folder.path().join("a-03-track-3.wav"));
        assert!(!stopped.path.exists() && stopped.made.iter().all(|path| path.exists()));
    }
}
