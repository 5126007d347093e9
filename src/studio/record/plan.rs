//! What the player asked for.

use std::path::PathBuf;

use crate::music::{Channel, Micros, Ppq, Tempo, TimeSignature};

/// How a session records.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The tempo of the count-in, the status line and the file.
    pub tempo: Tempo,
    /// The time signature, likewise.
    pub time_signature: TimeSignature,
    /// Ticks a quarter note of the file.
    pub ppq: Ppq,
    /// Bars to count before beat 1.
    pub count_in: u32,
    /// What begins the first take.
    pub start: Start,
    /// Ends a take after this much silence (nothing held, nothing played).
    pub silence: Option<Micros>,
    /// Whether another take may follow one that silence ended.
    pub split: bool,
    /// Ends a take at this length.
    pub duration: Option<Micros>,
    /// Keeps one channel only.
    pub channel: Option<Channel>,
    /// Whether the session goes on when the keyboard's Stop has ended a take.
    pub stay: bool,
}

/// How long before the first click of a count-in the take begins, so that it can still be sounded in time.
const AHEAD: Micros = Micros::from_millis(200);

impl Plan {
    /// How long after its beginning the first beat of a take is that begins with a count-in.
    #[must_use]
    pub fn lead_in(&self) -> Micros {
        if self.count_in == 0 {
            return Micros::ZERO;
        }
        AHEAD.plus(Micros(self.time_signature.bar(self.tempo).0 * u64::from(self.count_in)))
    }
}

/// What begins a take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The session's start, after the count-in.
    AtOnce,
    /// The first note; time runs from there.
    FirstNote,
    /// The keyboard's Rec button.
    RecButton,
}

/// Where takes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// This file; further takes of the session beside it as `name-2.mid` and so on.
    File {
        /// Where.
        path: PathBuf,
        /// Whether a file that is there may be replaced.
        force: bool,
    },
    /// A folder, one file a take, named by date and time.
    Library(PathBuf),
}
