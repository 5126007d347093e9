//! Standard MIDI Files: read whatever can be read, write what every program understands.
//!
//! Files are written by [`midly`]. The reader is this module's own: midly ends a track in silence at the first
//! event that it cannot decode, takes cut-off data for whole, and keeps no byte offsets, while
//! here every oddity must be told with its place and what follows it be saved. Well-formed files
//! are checked against midly in `tests/smf_midly.rs`, and its speed is the yardstick of
//! `benches/smf.rs`.
//!
//! Format and terms: Standard MIDI Files 1.0 (RP-001), RMID in RIFF: MMA RP-029.

mod decode;
mod header;
mod keys;
mod read;
mod sniff;
mod take;
mod warning;
mod write;

pub use read::{Reading, read};
pub use take::{Contents, RECORDED, composition_of_take, write_take, write_take_with};
pub use warning::{Oddity, Warning};
pub use write::write;

/// Why a file is of no use, or a composition cannot be a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is nothing at all.
    #[error("the file is empty")]
    Empty,
    /// There is the beginning of a header and no more.
    #[error("the file is cut off in its header, after {bytes} bytes; there is no music in it")]
    OnlyHeader {
        /// So many bytes are there.
        bytes: usize,
    },
    /// It is something else; the text says what is there.
    #[error("this is no MIDI file: it begins with {found}, not with `MThd`")]
    NotMidi {
        /// What was found, for people.
        found: String,
    },
    /// More than 4 GB, which a Standard MIDI File cannot well be.
    #[error("the file is {bytes} bytes long; more than 4 GB cannot be a MIDI file")]
    TooLong {
        /// Its length.
        bytes: u64,
    },
    /// More than fits: 65,535 tracks, 4 GB a track, 256 MB an event.
    #[error("{what}: more than a Standard MIDI File can hold")]
    TooBig {
        /// What is too big.
        what: String,
    },
}
