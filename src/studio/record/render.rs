//! A take as the bytes of its file or files.

use super::session::Render;
use crate::music::Take;
use crate::music::quantise::Quantise;
use crate::music::smf::{self, Contents};

/// What to add to the name of a file that holds the quantised track alone.
const QUANTISED: &str = ".quantised";

/// A quantised version beside the take as it was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantised {
    /// How.
    pub how: Quantise,
    /// A file of its own rather than a track.
    pub own_file: bool,
}

/// How a session's takes become files.
#[must_use]
pub fn renderer(quantised: Option<Quantised>) -> Render {
    Box::new(move |take| {
        Ok(match quantised {
            None => vec![("", take_file(take)?)],
            Some(Quantised { how, own_file: false }) => {
                vec![("", smf::write_take_with(take, Contents::PlayedAndQuantised(how))?)]
            }
            Some(Quantised { how, own_file: true }) => {
                vec![("", take_file(take)?), (QUANTISED, smf::write_take_with(take, Contents::Quantised(how))?)]
            }
        })
    })
}

/// The file of a take as it was played.
///
/// # Errors
/// When the take is longer than a Standard MIDI File can hold.
pub fn take_file(take: &Take) -> Result<Vec<u8>, smf::Error> {
    smf::write_take(take)
}
