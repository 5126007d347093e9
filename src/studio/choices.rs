//! What there is to choose from in the settings: outputs, keyboards and SoundFonts.

use std::path::PathBuf;

use super::survey;
use crate::audio::soundfonts;
use crate::keyboard::ports;
use crate::settings::Folders;

/// Something to choose: what the settings keep, and its name for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer<T> {
    /// What the settings keep.
    pub value: T,
    /// Its name.
    pub name: String,
}

/// Everything that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Audio outputs.
    pub outputs: Vec<Offer<String>>,
    /// MIDI inputs.
    pub keyboards: Vec<Offer<String>>,
    /// SoundFonts.
    pub soundfonts: Vec<Offer<PathBuf>>,
}

/// Looks. May take two seconds where a sound server is starting.
#[must_use]
pub fn gather(folders: Option<&Folders>) -> Choices {
    let outputs = survey::audio_outputs();
    let keyboards = ports::inputs().unwrap_or_default();
    let mut places = soundfonts::standard_folders(folders.map(|f| f.data.as_path()));
    places.extend(folders.and_then(|f| f.soundfonts.clone()));
    let found = soundfonts::find(&places);
    let outputs = survey::wait_for_audio(outputs).unwrap_or_default();
    Choices {
        outputs: outputs.into_iter().map(|o| Offer { value: o.id, name: o.name }).collect(),
        keyboards: keyboards.into_iter().map(|p| Offer { value: p.id, name: p.name }).collect(),
        soundfonts: found.into_iter().map(|f| Offer { name: file_name(&f.path), value: f.path }).collect(),
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
