//! Out of the library: as a MIDI file, or as sound.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{LibraryError, name, prepare, reason};
use crate::audio::Options;
use crate::audio::export::{Container, Depth, Export, ExportError, Normalise};
use crate::audio::instrument::performing_synths;
use crate::audio::performance::Manner;
use crate::audio::sequencer::{Score, Strip};
use crate::music::Composition;
use crate::music::edit::{Document, Editor};
use crate::music::smf;
use crate::studio::desk::SoundChoice;
use crate::studio::edit;
use crate::studio::instruments::{self, Chosen};
use crate::studio::place::{InTheWay, place};
use crate::studio::render::Rendering;

/// Where exports go, below the library's folder.
pub(super) const EXPORTS: &str = "Exports";

/// Frames a second of exported sound.
const RATE: u32 = 48_000;

/// A kind of sound file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// WAV, 24 bits.
    Wav,
    /// FLAC, 24 bits, lossless and half as long.
    Flac,
}

impl Sound {
    /// The ending of its files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Sound::Wav => "wav",
            Sound::Flac => "flac",
        }
    }
}

/// The folder for exports in a library, made if it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn exports(library: &Path) -> Result<PathBuf, LibraryError> {
    prepare(&library.join(EXPORTS))
}

/// Copies a file of the library elsewhere, byte for byte. A file that is there stays; the copy gets the next name.
///
/// # Errors
/// When it cannot be read or written.
pub fn export_midi(from: &Path, to: &Path) -> Result<PathBuf, LibraryError> {
    let bytes = fs::read(from).map_err(|e| LibraryError::of("read", from, &e))?;
    place(&bytes, to, InTheWay::TakeNextName).map_err(|e| LibraryError::of("written", to, &e))
}

/// Writes a composition as a MIDI file. A file that is there stays.
///
/// # Errors
/// When it cannot be written.
pub fn write_midi(composition: &Composition, to: &Path) -> Result<PathBuf, LibraryError> {
    let failed = |reason: String| LibraryError::Failed { file: name(to), what: "written", reason };
    let bytes = smf::write(composition).map_err(|e| failed(e.to_string()))?;
    place(&bytes, to, InTheWay::TakeNextName).map_err(|e| LibraryError::of("written", to, &e))
}

/// Renders a file of the library to a sound file with the user's SoundFont and effects. `progress` is told the share that is done, and
/// answers whether to go on. A file that is there stays; the sound gets the next name.
///
/// # Errors
/// When it cannot be read, rendered or written, or `progress` said stop; nothing is left behind then.
pub fn export_file(
    from: &Path,
    choice: &SoundChoice,
    to: &Path,
    sound: Sound,
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<PathBuf, LibraryError> {
    let document = Editor::open(&load(from)?).document().clone();
    export_document(&document, choice, to, sound, progress)
}

/// As [`export_file`], of what is open in the editor, as it is mixed there.
///
/// # Errors
/// As [`export_file`].
pub fn export_document(
    document: &Document,
    choice: &SoundChoice,
    to: &Path,
    sound: Sound,
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<PathBuf, LibraryError> {
    let chosen = choice.font.load().map_err(|e| LibraryError::Failed {
        file: name(to),
        what: "rendered",
        reason: e.to_string(),
    })?;
    let composition = document.composition();
    let strips = edit::strips(document, &Score::new(&composition));
    export_sound(&composition, strips, &chosen, choice.options, (to, sound), progress)
}

pub(super) fn export_sound(
    composition: &Composition,
    strips: Vec<Strip>,
    chosen: &Chosen,
    options: Options,
    (to, sound): (&Path, Sound),
    progress: &mut dyn FnMut(f32) -> bool,
) -> Result<PathBuf, LibraryError> {
    let score = Arc::new(Score::new(composition));
    instruments::prepare(&chosen.font, &score, &strips);
    let rendering = Rendering {
        score,
        make: performing_synths(Arc::clone(&chosen.font), options),
        manner: Manner { strips, ..Manner::plain(RATE) },
        export: Export {
            container: match sound {
                Sound::Wav => Container::Wav,
                Sound::Flac => Container::Flac,
            },
            depth: Depth::TwentyFour,
            normalise: Normalise::default(),
        },
        in_the_way: InTheWay::TakeNextName,
    };
    let outcome = rendering.whole(to, &mut |p| progress((p.seconds / p.of.max(1e-3)).min(1.0) as f32));
    outcome.map(|(path, _)| path).map_err(|e| match e {
        ExportError::Interrupted => LibraryError::Stopped,
        ExportError::Io(e) => LibraryError::Failed { file: name(to), what: "written", reason: reason(&e) },
        other => LibraryError::Failed { file: name(to), what: "rendered", reason: other.to_string() },
    })
}

fn load(path: &Path) -> Result<Composition, LibraryError> {
    let bytes = fs::read(path).map_err(|e| LibraryError::of("read", path, &e))?;
    let reading = smf::read(&bytes).map_err(|e| LibraryError::Failed {
        file: name(path),
        what: "opened",
        reason: e.to_string(),
    })?;
    Ok(reading.composition)
}
