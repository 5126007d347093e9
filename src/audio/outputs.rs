//! Audio outputs: which there are, and whether the default one can be opened.
//!
//! May use cpal, and on Linux alsa to keep ALSA's own remarks off the terminal.

use serde::Serialize;

/// Why there is no list of outputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputsError {
    /// This composer was built without the feature `audio`.
    #[error("this composer was built without sound; build it with the feature `audio`")]
    NotBuilt,
    /// The system's audio does not answer as it should.
    #[error("the audio system ({host}) gives no list of outputs: {reason}")]
    Host {
        /// Which audio system.
        host: String,
        /// Its words.
        reason: String,
    },
    /// It keeps everybody waiting, as a sound server that is just starting does.
    #[error("the audio system did not answer within {seconds} s")]
    Silent {
        /// How long it was waited for.
        seconds: u64,
    },
    /// The default output is there by name only.
    #[error("the default output of {host} cannot be opened: {reason}")]
    Default {
        /// Which audio system.
        host: String,
        /// Its words.
        reason: String,
    },
}

/// A place where sound can go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AudioOutput {
    /// What the audio system calls it: on Linux an ALSA name such as `hw:CARD=PCH,DEV=0`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Through which audio system it is reached: `ALSA`, `CoreAudio`, `WASAPI`.
    pub host: String,
    /// Whether it is the one that the system chooses by itself.
    pub default: bool,
    /// Whether it is a sound card's own; false for sound servers and the system's choice.
    pub hardware: bool,
}

/// What the default output plays, as it said when it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DefaultOutput {
    /// Its name.
    pub name: String,
    /// Samples a second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u16,
}

#[cfg(feature = "audio")]
mod cpal_outputs;

#[cfg(feature = "audio")]
pub(super) use cpal_outputs::quietly;

#[cfg(not(feature = "audio"))]
mod cpal_outputs {
    //! Stands in where cpal was left out of the build.

    use super::{AudioOutput, DefaultOutput, OutputsError};

    pub(super) fn list() -> Result<Vec<AudioOutput>, OutputsError> {
        Err(OutputsError::NotBuilt)
    }

    pub(super) fn open_default() -> Result<DefaultOutput, OutputsError> {
        Err(OutputsError::NotBuilt)
    }
}

/// The outputs, the system's own choice first. None is opened.
///
/// # Errors
/// When the audio system cannot be asked.
pub fn list() -> Result<Vec<AudioOutput>, OutputsError> {
    cpal_outputs::list()
}

/// Opens the default output for a moment and closes it. May take long where a sound server is starting.
///
/// # Errors
/// When there is none, or it cannot be opened.
pub fn open_default() -> Result<DefaultOutput, OutputsError> {
    cpal_outputs::open_default()
}
