//! What a desk is opened with.

use crate::audio::Options;
use crate::audio::output::{DEFAULT_BUFFER, Request, System};
use crate::keyboard::{Script, Select};
use crate::settings::{Folders, Settings};
use crate::studio::instruments::FontWish;

/// Which keyboard is listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A real one, when it comes.
    To(Select),
    /// The virtual one.
    Virtual(Script),
}

impl Listen {
    /// The one that the settings name, else the AKM322, else the only other one.
    #[must_use]
    pub fn of_settings(settings: &Settings) -> Listen {
        Listen::To(settings.keyboard.port.clone().map_or(Select::Auto, Select::Named))
    }
}

/// Where sound goes and what makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundChoice {
    /// The output; where it is not there the system's choice.
    pub request: Request,
    /// The SoundFont.
    pub font: FontWish,
    /// Reverb and chorus.
    pub options: Options,
    /// The metronome's volume, 1.0 as it is.
    pub clicks: f32,
}

impl SoundChoice {
    /// What the settings say.
    #[must_use]
    pub fn of_settings(settings: &Settings, folders: &Folders) -> SoundChoice {
        let sound = &settings.sound;
        let (system, device) = match sound.output.as_deref() {
            Some("default") | None => (System::Platform, None),
            Some("jack") => (System::Jack, None),
            Some(other) => (System::Platform, Some(other.to_owned())),
        };
        let buffer = sound.buffer.unwrap_or(DEFAULT_BUFFER);
        SoundChoice {
            request: Request { system, device, rate: sound.rate, channels: None, buffer, keyboards: false },
            font: FontWish::of_settings(settings, folders),
            options: Options { reverb: sound.reverb, chorus: sound.chorus, ..Options::default() },
            clicks: f32::from(sound.metronome_volume) / 100.0,
        }
    }
}

/// What a desk is opened with.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The settings.
    pub settings: Settings,
    /// The user's folders, with what the settings say.
    pub folders: Folders,
    /// Which keyboard.
    pub listen: Listen,
}
