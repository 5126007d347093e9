//! The JSON document `composer.devices/1`. Every key of it is explained in docs/json.md; a test compares the two.

use serde::Serialize;

use crate::audio::outputs::{AudioOutput, OutputsError};
use crate::keyboard::Port;
use crate::keyboard::chain::Keyboard;
use crate::studio::survey::Survey;

/// What `composer devices --json` prints.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Document {
    schema: &'static str,
    /// From the USB socket to the MIDI port.
    pub(in crate::cli) keyboards: Vec<Keyboard>,
    /// Ports of programs and other hardware that can be listened to.
    pub(in crate::cli) other_inputs: Vec<Port>,
    /// Ports of programs and other hardware that can be played to.
    pub(in crate::cli) other_outputs: Vec<Port>,
    /// Where sound can go; empty with `--no-audio`.
    pub(in crate::cli) audio_outputs: Vec<AudioOutput>,
    /// What could not be looked at, and why.
    pub(in crate::cli) problems: Vec<Problem>,
}

/// A part that could not be looked at.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Problem {
    /// `usb`, `ports` or `audio`.
    pub(in crate::cli) part: &'static str,
    /// Why, and what to do.
    pub(in crate::cli) message: String,
}

impl Document {
    /// `audio` is `None` when it was not asked for.
    pub(in crate::cli) fn new(survey: Survey, audio: Option<Result<Vec<AudioOutput>, OutputsError>>) -> Document {
        let mut problems = Vec::new();
        let mut problem = |part, message: String| problems.push(Problem { part, message });
        if let Err(error) = &survey.usb {
            problem("usb", error.to_string());
        }
        if let Some(error) = &survey.ports_error {
            problem("ports", error.to_string());
        }
        let audio_outputs = audio.unwrap_or_else(|| Ok(Vec::new())).unwrap_or_else(|error| {
            problem("audio", error.to_string());
            Vec::new()
        });
        Document {
            schema: "composer.devices/1",
            keyboards: survey.joined.keyboards,
            other_inputs: survey.joined.other_inputs,
            other_outputs: survey.joined.other_outputs,
            audio_outputs,
            problems,
        }
    }
}
