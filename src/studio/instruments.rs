//! Which SoundFont plays, and which of its instruments is meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::audio::engine::Layer;
use crate::audio::sequencer::{Cue, Program, Score, Strip};
use crate::audio::soundfont::DRUM_BANK;
use crate::audio::synth::rehearse;
use crate::audio::{SoundFont, SoundFontError, soundfonts};
use crate::music::message::{Channel, Value};
use crate::music::{Message, general_midi};
use crate::settings::{Folders, Settings};

/// What is meant by "strings", which no name of General MIDI's begins with.
const STRING_ENSEMBLE: u8 = 48;

/// A SoundFont that was chosen.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The font.
    pub font: Arc<SoundFont>,
    /// Its file; `None` for composer's own instruments.
    pub file: Option<PathBuf>,
    /// What was wrong on the way to it, for the user.
    pub warnings: Vec<String>,
}

/// Which SoundFont is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FontWish {
    /// This one, and no other will do.
    pub named: Option<PathBuf>,
    /// Rather this one than one that is found.
    pub preferred: Option<PathBuf>,
    /// The user's own folders, where it is looked for before the system's.
    pub folders: Vec<PathBuf>,
}

impl FontWish {
    /// What the settings say: the one that they name, else one of the user's, else the system's.
    #[must_use]
    pub fn of_settings(settings: &Settings, folders: &Folders) -> FontWish {
        FontWish {
            named: None,
            preferred: settings.sound.soundfont.as_ref().map(|path| folders.from_home(path)),
            folders: folders.soundfonts.iter().cloned().chain(soundfonts::users_folders(&folders.data)).collect(),
        }
    }

    /// Loads the SoundFont that was asked for; else the one that is preferred; else the first that can be
    /// read of the user's, then of the system's; else composer's own instruments.
    ///
    /// # Errors
    /// When the one that was asked for is of no use.
    pub fn load(&self) -> Result<Chosen, SoundFontError> {
        let load = |path: &Path| SoundFont::load(path).map(Arc::new);
        if let Some(path) = &self.named {
            let font = load(path)?;
            let warnings = font.warnings().to_vec();
            return Ok(Chosen { font, file: Some(path.clone()), warnings });
        }
        let mut warnings = Vec::new();
        let found = soundfonts::find(&self.folders).into_iter();
        let found = found.chain(soundfonts::find(&soundfonts::standard_folders(None))).map(|f| f.path);
        for path in self.preferred.iter().cloned().chain(found) {
            match load(&path) {
                Ok(font) => return Ok(Chosen { font, file: Some(path), warnings }),
                Err(e) => warnings.push(e.to_string()),
            }
        }
        Ok(Chosen { warnings, ..Chosen::own() })
    }
}

impl Chosen {
    /// composer's own instruments.
    #[must_use]
    pub fn own() -> Chosen {
        Chosen { font: Arc::new(SoundFont::builtin()), file: None, warnings: Vec::new() }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.file {
            Some(file) => file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            None => "composer's own instruments".to_owned(),
        }
    }
}

/// An instrument on the channel that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// The channel of percussion for a drum kit, else channel 1.
    pub channel: Channel,
    /// Where it is.
    pub program: Program,
    /// Its name.
    pub name: String,
}

/// There is no such instrument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no instrument `{wanted}`")]
pub struct NoSuchInstrument {
    /// What was asked for.
    pub wanted: String,
}

/// The instrument that is meant: a number from 1 (as General MIDI counts), `bank:number`, `drums`, a
/// General MIDI name, or the name of a preset, whole or in part, whatever the case.
///
/// # Errors
/// When nothing fits.
pub fn find(font: &SoundFont, wanted: &str) -> Result<Instrument, NoSuchInstrument> {
    let none = || NoSuchInstrument { wanted: wanted.to_owned() };
    let text = wanted.trim().to_lowercase();
    let numbers = match text.split_once(':') {
        Some((bank, number)) => bank.parse::<u16>().ok().zip(number.parse::<u8>().ok()),
        None => text.parse::<u8>().ok().map(|n| (0, n)),
    };
    if let Some((bank, number)) = numbers {
        let program = number.checked_sub(1).filter(|p| *p < 128).ok_or_else(none)?;
        // A bank is the SoundFont's own affair; the programs of the first one are General MIDI's, whoever plays them.
        let there = bank == 0 || font.presets().any(|p| p.bank == bank && p.program == program);
        return there.then(|| at(font, bank, program)).ok_or_else(none);
    }
    if text.is_empty() {
        return Err(none());
    }
    if text == "strings" {
        return Ok(at(font, 0, STRING_ENSEMBLE));
    }
    if ["drums", "drum kit", "percussion"].contains(&text.as_str()) {
        return Ok(at(font, DRUM_BANK, 0));
    }
    let general = (0..128u8).map(|p| (p, general_midi::name(Channel::default(), Value::masked(p)).to_lowercase()));
    let general: Vec<_> = general.collect();
    let presets: Vec<_> = font.presets().map(|p| (p.bank, p.program, p.name.to_lowercase())).collect();
    let found = general
        .iter()
        .find(|(_, name)| *name == text)
        .map(|(p, _)| (0, *p))
        .or_else(|| presets.iter().find(|(.., name)| *name == text).map(|(b, p, _)| (*b, *p)))
        .or_else(|| general.iter().find(|(_, name)| name.contains(&text)).map(|(p, _)| (0, *p)))
        .or_else(|| presets.iter().find(|(.., name)| name.contains(&text)).map(|(b, p, _)| (*b, *p)));
    found.map(|(bank, program)| at(font, bank, program)).ok_or_else(none)
}

/// Everything that a SoundFont has to offer, as it is listed there.
#[must_use]
pub fn all(font: &SoundFont) -> Vec<Instrument> {
    let places: Vec<_> = font.presets().map(|p| (p.bank, p.program)).collect();
    places.into_iter().map(|(bank, program)| at(font, bank, program)).collect()
}

fn at(font: &SoundFont, bank: u16, program: u8) -> Instrument {
    let channel = if bank == DRUM_BANK { general_midi::PERCUSSION } else { Channel::default() };
    let preset = font.presets().find(|p| p.bank == bank && p.program == program).map(|p| p.name.to_owned());
    let name = preset.unwrap_or_else(|| general_midi::name(channel, Value::masked(program)).to_owned());
    let bank = if bank == DRUM_BANK { 0 } else { bank.min(127) as u8 };
    Instrument { channel, program: Program { bank, bank_fine: 0, program }, name }
}

/// Makes everything that a score and its strips ask for ready to sound. May take seconds with a compressed SoundFont.
pub fn prepare(font: &Arc<SoundFont>, score: &Score, strips: &[Strip]) {
    let piece = score.events().iter().filter_map(|event| match event.cue {
        Cue::Voice(channel, voice) => Some(Message::Voice(channel, voice)),
        Cue::SysEx(number) => score.sysex(number).cloned(),
    });
    let wished = score.strips().iter().zip(strips).filter_map(|(info, strip)| Some((info.channel, strip.program?)));
    rehearse(font, piece.chain(wished.flat_map(|(channel, program)| program.played(channel))));
}

/// Makes the instruments of layers ready to sound, so that their first notes do. Takes some hundredths of a second each
/// with a compressed SoundFont.
pub fn prepare_layers(font: &Arc<SoundFont>, layers: &[Layer]) {
    rehearse(font, layers.iter().flat_map(|layer| layer.program.played(layer.channel)));
}

/// Makes ready beside the audio thread what it asks for; ends when dropped.
#[derive(Debug)]
pub struct Preparer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Preparer {
    /// Starts, where the font needs it.
    #[must_use]
    pub fn start(font: Arc<SoundFont>) -> Preparer {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let work = move || {
            // The audio thread leaves word and wakes nobody. Whoever plays wants one sound after the other; while nobody
            // does, looking seldom costs next to nothing, and a first sound comes later by less than decoding it takes.
            const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(40));
            let mut pause = PAUSES.0;
            let go_on = || !seen.load(Ordering::Relaxed);
            while go_on() && !font.all_ready() {
                if font.prepare_wanted(go_on) == 0 {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(PAUSES.1);
                } else {
                    pause = PAUSES.0;
                }
            }
        };
        let thread = std::thread::Builder::new().name("soundfont".to_owned()).spawn(work).ok();
        Preparer { stop, thread }
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
