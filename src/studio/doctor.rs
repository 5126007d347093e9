//! The doctor: what can keep a person from playing and recording, each thing checked, with the evidence
//! and what to type about it. [`diagnose`] is a pure function of what [`examine`] found.
//!
//! # How severe
//!
//! A *failure* keeps composer from recording a keyboard. A *warning* leaves recording as it is and takes
//! something else away: sound, a window, direct access to the USB device. What cannot be judged, because
//! an earlier link is missing or the system has no such thing, is *skipped*.

mod devices;
mod surroundings;

use serde::Serialize;

use crate::audio::outputs::{self, AudioOutput, DefaultOutput, OutputsError};
use crate::audio::soundfonts::{self, SoundFont};
use crate::settings::Folders;

use super::survey::{self, Pending, Survey};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// Recording works; something else does not.
    Warning,
    /// Recording from a keyboard does not work.
    Failure,
    /// Not judged; the evidence says why.
    Skipped,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which; the same in every version, for scripts and for the troubleshooting pages.
    pub id: &'static str,
    /// How it ended.
    pub status: Status,
    /// What was seen.
    pub evidence: String,
    /// What to type or do about it.
    pub remedy: Option<String>,
}

impl Check {
    pub(crate) fn ok(id: &'static str, evidence: impl Into<String>) -> Check {
        Check { id, status: Status::Ok, evidence: evidence.into(), remedy: None }
    }

    pub(crate) fn skipped(id: &'static str, evidence: impl Into<String>) -> Check {
        Check { id, status: Status::Skipped, evidence: evidence.into(), remedy: None }
    }

    pub(crate) fn warning(id: &'static str, evidence: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { id, status: Status::Warning, evidence: evidence.into(), remedy: Some(remedy.into()) }
    }

    pub(crate) fn failure(id: &'static str, evidence: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { id, status: Status::Failure, evidence: evidence.into(), remedy: Some(remedy.into()) }
    }
}

/// Everything that is judged.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Keyboards, ports, the system.
    pub survey: Survey,
    /// The audio outputs.
    pub outputs: Result<Vec<AudioOutput>, OutputsError>,
    /// The default output, opened for a moment.
    pub default_output: Result<DefaultOutput, OutputsError>,
    /// The SoundFonts that were found.
    pub soundfonts: Vec<SoundFont>,
}

/// Looks at everything, and for SoundFonts and the last messages in the user's folders. The default audio output is opened for a moment.
#[must_use]
pub fn examine(folders: Option<&Folders>) -> Examination {
    let outputs = Pending::start(|| (outputs::list(), outputs::open_default()));
    let survey = survey::survey(folders.map(|f| f.state.as_path()));
    let mut places = soundfonts::standard_folders(folders.map(|f| f.data.as_path()));
    places.extend(folders.and_then(|f| f.soundfonts.clone()));
    let soundfonts = soundfonts::find(&places);
    let (outputs, default_output) =
        outputs.get(survey::AUDIO_PATIENCE).unwrap_or_else(|| (Err(survey::no_answer()), Err(survey::no_answer())));
    Examination { survey, outputs, default_output, soundfonts }
}

/// Judges what was found: one check each, always the same ones in the same order.
#[must_use]
pub fn diagnose(found: &Examination) -> Vec<Check> {
    let keyboard = found.survey.joined.keyboards.first();
    let facts = &found.survey.facts;
    vec![
        devices::usb_device(&found.survey),
        devices::usb_driver(keyboard, facts),
        devices::seq_module(facts),
        devices::seq_permission(facts),
        devices::midi_port(&found.survey),
        devices::port_busy(keyboard),
        surroundings::usb_permission(keyboard, facts),
        surroundings::udev_rule(keyboard, facts),
        surroundings::sandbox(&found.survey),
        surroundings::audio_output(&found.outputs, &found.default_output),
        surroundings::soundfont(&found.soundfonts),
        surroundings::display(facts),
    ]
}

/// The worst of them; skipped ones do not count.
#[must_use]
pub fn verdict(checks: &[Check]) -> Status {
    let any = |status| checks.iter().any(|c| c.status == status);
    if any(Status::Failure) {
        Status::Failure
    } else if any(Status::Warning) {
        Status::Warning
    } else {
        Status::Ok
    }
}

#[cfg(test)]
mod tests;
