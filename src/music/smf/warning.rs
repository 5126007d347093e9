//! What is odd about a file, and where.

use std::collections::HashMap;
use std::fmt;
use std::mem::{Discriminant, discriminant};

use crate::music::message::{Channel, Key};
use crate::music::pitch;

/// Something odd in a file, which was read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The byte in the file, from 0, where it is (or where the first of its kind is).
    pub offset: u64,
    /// The track, from 0, if it is in one.
    pub track: Option<u16>,
    /// What it is.
    pub oddity: Oddity,
    /// How many more of the same kind the same track has.
    pub more: u32,
}

/// What can be odd about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the messages below say what each is")]
pub enum Oddity {
    NotAtStart,
    RiffWithoutLength,
    NoHeader,
    HeaderLength { length: u32 },
    SecondHeader,
    UnknownFormat { format: u16 },
    SingleFormat { tracks: usize },
    NoDivision,
    DivisionZero,
    UnknownFrameRate { rate: u8 },
    SubframesZero,
    TrackCount { declared: u16, found: usize },
    TooManyTracks,
    UnknownChunk { id: [u8; 4], length: u32 },
    NoChunk { bytes: usize },
    ChunkLength { declared: u32, real: usize },
    FileEnds,
    NoEndOfTrack,
    AfterEndOfTrack { bytes: usize },
    Undecodable { why: Fault, skipped: usize },
    RunningStatus,
    SystemMessage { status: u8 },
    DoubledNote { channel: Channel, key: Key },
    HangingNote { channel: Channel, key: Key },
    StrayNoteOff { channel: Channel, key: Key },
    ZeroTempo,
    MetaLength { kind: u8, length: usize },
    BadTimeSignature,
}

/// Why bytes are no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A number has more than four bytes.
    LongNumber,
    /// The track ends inside the event.
    Cut,
    /// A data byte where a status should be, and none before that could still hold.
    NoStatus,
    /// A status where a data byte should be.
    NoData,
    /// A meta event's type is above 127.
    MetaType,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::LongNumber => "a number of more than four bytes",
            Fault::Cut => "the event is longer than its track",
            Fault::NoStatus => "data without a status before it",
            Fault::NoData => "a data byte above 127",
            Fault::MetaType => "a meta event of a type above 127",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.oddity.fmt(f)?;
        match self.more {
            0 => Ok(()),
            n => write!(f, " (and {n} more like it)"),
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |key: &Key, channel: &Channel| format!("{} on channel {}", pitch::name(*key), channel.number());
        match self {
            Oddity::NotAtStart => write!(f, "the MIDI data only begins here; what comes before was left out"),
            Oddity::RiffWithoutLength => write!(f, "the lengths in the RIFF wrapper are wrong"),
            Oddity::NoHeader => {
                write!(f, "there is no header (MThd); 480 ticks a quarter note were assumed, the speed may be wrong")
            }
            Oddity::HeaderLength { length } => {
                write!(f, "the header says that it is {length} bytes long; it must be 6")
            }
            Oddity::SecondHeader => write!(f, "a second header (MThd): its tracks were read as if of the first"),
            Oddity::UnknownFormat { format } => write!(f, "format {format} is unknown; read as format 1"),
            Oddity::SingleFormat { tracks } => write!(f, "format 0 with {tracks} tracks; read as format 1"),
            Oddity::NoDivision => {
                write!(f, "the header has no resolution; 480 ticks a quarter note were assumed, the speed may be wrong")
            }
            Oddity::DivisionZero => {
                write!(f, "0 ticks a quarter note; 480 were assumed, the speed may be wrong")
            }
            Oddity::UnknownFrameRate { rate } => {
                write!(f, "{rate} frames a second is no SMPTE rate; the nearest was assumed")
            }
            Oddity::SubframesZero => write!(f, "0 ticks a frame; 1 was assumed, the speed may be wrong"),
            Oddity::TrackCount { declared, found } => {
                write!(f, "the header says that there are {declared} tracks; there are {found}")
            }
            Oddity::TooManyTracks => write!(f, "more than 65535 tracks; from here on they were left out"),
            Oddity::UnknownChunk { id, length } => {
                write!(f, "an unknown chunk `{}` of {length} bytes was left out", id.escape_ascii())
            }
            Oddity::NoChunk { bytes } => {
                write!(f, "{} to no chunk; left out", counted(*bytes, "byte that belongs", "bytes that belong"))
            }
            Oddity::ChunkLength { declared, real } => {
                write!(f, "the track says that it is {declared} bytes long; it is {real}")
            }
            Oddity::FileEnds => write!(f, "the file ends in the middle of the track"),
            Oddity::NoEndOfTrack => write!(f, "the track has no End of Track event"),
            Oddity::AfterEndOfTrack { bytes } => {
                write!(f, "{} after the track's End of Track event", counted(*bytes, "byte", "bytes"))
            }
            Oddity::Undecodable { why, skipped } => {
                let skipped = counted(*skipped, "byte was", "bytes were");
                write!(f, "no event: {why}; {skipped} skipped, what follows may be early")
            }
            Oddity::RunningStatus => write!(f, "running status was used across a meta or system exclusive event"),
            Oddity::SystemMessage { status } => {
                write!(f, "the system message {status:#04x} does not belong into a file; left out")
            }
            Oddity::DoubledNote { channel, key: k } => {
                write!(f, "{} starts while it still sounds", key(k, channel))
            }
            Oddity::HangingNote { channel, key: k } => {
                write!(f, "{} has no note-off; it ends with the track", key(k, channel))
            }
            Oddity::StrayNoteOff { channel, key: k } => {
                write!(f, "a note-off for {}, which does not sound", key(k, channel))
            }
            Oddity::ZeroTempo => write!(f, "a tempo of 0 would stop time; the one before it holds on"),
            Oddity::MetaLength { kind, length } => {
                write!(
                    f,
                    "a meta event of type {kind:#04x} cannot have {}; it has no effect",
                    counted(*length, "byte", "bytes")
                )
            }
            Oddity::BadTimeSignature => write!(f, "a time signature that makes no sense; the one before it holds on"),
        }
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Gathers warnings: one for each kind of oddity in each track, with a count, so that a broken
/// file cannot fill the memory or the screen with them.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    list: Vec<Warning>,
    track: Option<u16>,
    /// Where in the list this track's kinds are.
    kinds: HashMap<Discriminant<Oddity>, usize>,
}

impl Warnings {
    /// What comes from now on belongs to this track, or to none.
    pub(super) fn enter(&mut self, track: Option<u16>) {
        if self.track != track {
            self.track = track;
            self.kinds.clear();
        }
    }

    #[cold]
    pub(super) fn add(&mut self, offset: usize, oddity: Oddity) {
        match self.kinds.get(&discriminant(&oddity)) {
            Some(index) => {
                if let Some(first) = self.list.get_mut(*index) {
                    first.more = first.more.saturating_add(1);
                    if let (Oddity::Undecodable { skipped: sum, .. }, Oddity::Undecodable { skipped, .. }) =
                        (&mut first.oddity, oddity)
                    {
                        *sum += skipped;
                    }
                }
            }
            None => {
                self.kinds.insert(discriminant(&oddity), self.list.len());
                self.list.push(Warning { offset: offset as u64, track: self.track, oddity, more: 0 });
            }
        }
    }

    /// In the order of their places in the file.
    pub(super) fn finish(mut self) -> Vec<Warning> {
        self.list.sort_by_key(|w| w.offset);
        self.list
    }
}
