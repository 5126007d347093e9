//! A composition: everything that a Standard MIDI File says, in a form that can be asked,
//! changed, played and written again.
//!
//! Owns the tracks with their events, the notes that follow from them, and texts. Knows nothing
//! of bytes in a file: that is [`smf`](super::smf)'s.

pub mod event;
pub mod notes;
pub mod text;
pub mod track;

use std::num::NonZeroU8;

pub use event::{Event, MetaType};
pub use notes::Note;
pub(in crate::music) use notes::{Paired, pair_telling};
pub use track::Track;

use super::tempo_map::TempoMap;
use super::time::{Micros, Ppq, Tempo, Ticks};

/// How the tracks of a file belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Format 0: one track for everything.
    Single,
    /// Format 1: tracks that sound together.
    #[default]
    Parallel,
    /// Format 2: tracks that are pieces of their own, each with its own tempo.
    Sequential,
}

impl Format {
    /// The number in a file's header.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Format::Single => 0,
            Format::Parallel => 1,
            Format::Sequential => 2,
        }
    }
}

/// What a tick is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// A part of a quarter note; how long that lasts is the tempo's to say.
    Metrical(Ppq),
    /// A part of a film frame; tempos have no say.
    Smpte {
        /// Frames a second.
        rate: FrameRate,
        /// Ticks a frame, 1 to 255.
        subframes: NonZeroU8,
    },
}

/// Frames a second of SMPTE time code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameRate {
    /// 24 (film).
    Film,
    /// 25 (PAL, SECAM).
    Pal,
    /// 30 drop frame: 30000/1001, about 29.97 (NTSC), stored as 29.
    DropFrame,
    /// 30.
    Thirty,
}

impl FrameRate {
    /// The number by which a file's header calls it: 24, 25, 29 or 30.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            FrameRate::Film => 24,
            FrameRate::Pal => 25,
            FrameRate::DropFrame => 29,
            FrameRate::Thirty => 30,
        }
    }

    /// Frames a second, exactly, as numerator and denominator.
    #[must_use]
    pub const fn ratio(self) -> (u32, u32) {
        match self {
            FrameRate::Film => (24, 1),
            FrameRate::Pal => (25, 1),
            FrameRate::DropFrame => (30_000, 1_001),
            FrameRate::Thirty => (30, 1),
        }
    }
}

/// A piece of music as a Standard MIDI File keeps it.
///
/// [`smf::write`](super::smf::write) followed by [`smf::read`](super::smf::read) gives an equal
/// composition (a [`Format::Single`] one must have exactly one track, or it comes back as
/// [`Format::Parallel`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Composition {
    /// How the tracks belong together.
    pub format: Format,
    /// What a tick is.
    pub division: Division,
    /// The tracks; 65,535 at most fit into a file.
    pub tracks: Vec<Track>,
}

impl Composition {
    /// Without tracks.
    #[must_use]
    pub fn new(format: Format, division: Division) -> Composition {
        Composition { format, division, tracks: Vec::new() }
    }

    /// The note-ons of all tracks, hanging and doubled ones too.
    #[must_use]
    pub fn note_count(&self) -> usize {
        self.tracks.iter().map(Track::note_count).sum()
    }

    /// Tempos and time signatures of the whole piece, whichever track they stand in. Of a
    /// [`Format::Sequential`] composition: those of its first track.
    #[must_use]
    pub fn tempo_map(&self) -> TempoMap {
        match self.format {
            Format::Sequential => self.tempo_map_of(0),
            Format::Single | Format::Parallel => self.map_from(&self.tracks),
        }
    }

    /// The tempo map by which a track is played; there is one even where there is no such track.
    /// Only a [`Format::Sequential`] composition has one a track: of others, ask once.
    #[must_use]
    pub fn tempo_map_of(&self, track: usize) -> TempoMap {
        match self.format {
            Format::Sequential => self.map_from(self.tracks.get(track..=track).unwrap_or_default()),
            Format::Single | Format::Parallel => self.tempo_map(),
        }
    }

    fn map_from(&self, tracks: &[Track]) -> TempoMap {
        let mut tempos = Vec::new();
        let mut signatures = Vec::new();
        for (at, kind, data) in tracks.iter().flat_map(Track::metas) {
            match kind {
                MetaType::TEMPO => tempos.extend(event::tempo(data).map(|t| (at, t))),
                MetaType::TIME_SIGNATURE => signatures.extend(event::time_signature(data).map(|s| (at, s))),
                _ => {}
            }
        }
        TempoMap::new(self.division, tempos, signatures)
    }

    /// From the start to the end of the longest track; of a [`Format::Sequential`] composition
    /// the lengths of its tracks together.
    #[must_use]
    pub fn duration(&self) -> Micros {
        match self.format {
            Format::Sequential => (0..self.tracks.len())
                .map(|i| self.tempo_map_of(i).micros(self.tracks[i].end()))
                .fold(Micros::ZERO, Micros::plus),
            Format::Single | Format::Parallel => {
                let end = self.tracks.iter().map(Track::end).max().unwrap_or(Ticks(0));
                self.tempo_map().micros(end)
            }
        }
    }

    /// The tempo at the start; [`Tempo::DEFAULT`] where the file says nothing.
    #[must_use]
    pub fn first_tempo(&self) -> Tempo {
        self.tempo_map().tempos().next().map_or(Tempo::DEFAULT, |(_, tempo)| tempo)
    }
}
