//! The piece as it is being edited.

use std::sync::Arc;

use super::runs::{Item, Place, Runs};
use crate::music::composition::{Composition, Division, Event, Format, MetaType, Note, Track, event, text};
use crate::music::message::{Channel, Voice};
use crate::music::time::{Tempo, Ticks, TimeSignature};
use crate::music::{TempoMap, general_midi};

/// By what a note is known while it is edited, undone and done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteId(pub(super) u32);

/// The order of an event among those of its tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rank(u32);

impl Rank {
    /// Before all others: a note that ends makes way for its key's next one.
    pub(super) const ENDS: Rank = Rank(0);
    /// Next: what sets up a note comes before it.
    pub(super) const SETS_UP: Rank = Rank(1);
    /// After all others.
    pub(super) const BEGINS: Rank = Rank(u32::MAX - 1);
    /// There is no such event: the note has no note-off of its own.
    pub(super) const ABSENT: Rank = Rank(u32::MAX);

    /// As the file had it.
    pub(super) fn of_file(index: usize) -> Rank {
        Rank(u32::try_from(index).unwrap_or(u32::MAX).clamp(0, u32::MAX - 4) + 2)
    }
}

/// A note of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedNote {
    /// By what it is known.
    pub id: NoteId,
    /// The note.
    pub note: Note,
    pub(super) on: Rank,
    pub(super) off: Rank,
}

impl Item for PlacedNote {
    fn place(&self) -> Place {
        (self.note.start.0, self.on.0, self.id.0)
    }
    fn end(&self) -> u64 {
        self.note.end.0.max(self.note.start.0.saturating_add(1))
    }
    fn keys(&self) -> u128 {
        1 << self.note.key.get()
    }
}

/// What an event that is no note says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A channel message.
    Voice(Channel, Voice),
    /// A system exclusive message: see [`Event::SysEx`].
    SysEx(Arc<[u8]>),
    /// See [`Event::Escape`].
    Escape(Arc<[u8]>),
    /// A meta event.
    Meta(MetaType, Arc<[u8]>),
}

impl Said {
    pub(super) fn of(event: Event<'_>) -> Said {
        match event {
            Event::Voice(channel, voice) => Said::Voice(channel, voice),
            Event::SysEx(data) => Said::SysEx(data.into()),
            Event::Escape(data) => Said::Escape(data.into()),
            Event::Meta(kind, data) => Said::Meta(kind, data.into()),
        }
    }

    /// As an event of a track.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        match self {
            Said::Voice(channel, voice) => Event::Voice(*channel, *voice),
            Said::SysEx(data) => Event::SysEx(data),
            Said::Escape(data) => Event::Escape(data),
            Said::Meta(kind, data) => Event::Meta(*kind, data),
        }
    }
}

/// An event of the document that is no note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedEvent {
    /// When.
    pub at: Ticks,
    /// What.
    pub said: Said,
    pub(super) rank: Rank,
    pub(super) id: u32,
}

impl PlacedEvent {
    pub(super) fn is_note_off(&self) -> bool {
        matches!(self.said, Said::Voice(_, Voice::NoteOff { .. }))
    }
}

impl Item for PlacedEvent {
    fn place(&self) -> Place {
        (self.at.0, self.rank.0, self.id)
    }
    fn end(&self) -> u64 {
        self.at.0.saturating_add(1)
    }
    fn keys(&self) -> u128 {
        0
    }
}

/// A track of the document.
#[derive(Clone, Debug, Default)]
pub struct EditedTrack {
    pub(super) notes: Runs<PlacedNote>,
    pub(super) others: Runs<PlacedEvent>,
    /// Where the track ends, if not later, with its last event.
    pub(super) end: Ticks,
    /// Notes without a note-off of their own.
    pub(super) hanging: usize,
    /// Note-offs that belong to no note.
    pub(super) strays: usize,
}

impl EditedTrack {
    /// How many notes it has.
    #[must_use]
    pub fn note_count(&self) -> usize {
        self.notes.len()
    }

    /// All notes in the order of their starts.
    pub fn notes(&self) -> impl DoubleEndedIterator<Item = &PlacedNote> {
        self.notes.iter()
    }

    /// The notes that sound between two ticks, in the order of their starts. A note without length
    /// counts as a tick long.
    pub fn notes_between(&self, from: Ticks, to: Ticks) -> impl DoubleEndedIterator<Item = &PlacedNote> {
        self.notes.overlapping(from.0, to.0)
    }

    /// Everything that is no note, in the order of time.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &PlacedEvent> {
        self.others.iter()
    }

    /// What of that lies between two ticks.
    pub fn events_between(&self, from: Ticks, to: Ticks) -> impl DoubleEndedIterator<Item = &PlacedEvent> {
        self.others.overlapping(from.0, to.0)
    }

    /// Where it ends.
    #[must_use]
    pub fn end(&self) -> Ticks {
        let last = self.others.iter().next_back().map_or(0, |e| e.at.0);
        Ticks(self.end.0.max(last).max(self.notes.end()))
    }

    /// Its name, if it has one, safe to show.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let named = |e: &PlacedEvent| match &e.said {
            Said::Meta(MetaType::TRACK_NAME, data) => Some(text::decode(data)).filter(|name| !name.is_empty()),
            _ => None,
        };
        self.others.iter().find_map(named)
    }

    /// The channel of its first note; without notes that of its first channel message.
    #[must_use]
    pub fn channel(&self) -> Option<Channel> {
        let first_voice = || {
            self.others.iter().find_map(|e| match e.said {
                Said::Voice(channel, _) => Some(channel),
                _ => None,
            })
        };
        self.notes.iter().next().map(|n| n.note.channel).or_else(first_voice)
    }

    /// What to call it where it has no name: the instrument, else its number.
    #[must_use]
    pub fn title(&self, index: usize) -> String {
        self.name().unwrap_or_else(|| match self.channel() {
            Some(channel) => general_midi::name(channel, self.mix().program).to_owned(),
            None => format!("Track {}", index + 1),
        })
    }

    pub(super) fn track(&self) -> Track {
        enum What<'a> {
            On(Note),
            Off(Note),
            Other(&'a Said),
        }
        let mut events: Vec<(Place, What<'_>)> = Vec::with_capacity(2 * self.notes.len() + self.others.len());
        for n in self.notes.iter() {
            events.push((n.place(), What::On(n.note)));
            if n.off != Rank::ABSENT {
                events.push(((n.note.end.0, n.off.0, n.id.0), What::Off(n.note)));
            }
        }
        events.extend(self.others.iter().map(|e| (e.place(), What::Other(&e.said))));
        events.sort_unstable_by_key(|(place, _)| *place);
        let mut track = Track::with_capacity(events.len());
        for ((at, ..), what) in events {
            let at = Ticks(at);
            match what {
                What::On(Note { channel, key, velocity, .. }) => {
                    track.push_voice(at, channel, Voice::NoteOn { key, velocity });
                }
                What::Off(Note { channel, key, release: velocity, .. }) => {
                    track.push_voice(at, channel, Voice::NoteOff { key, velocity });
                }
                What::Other(said) => track.push(at, said.event()),
            }
        }
        track.end_at(self.end);
        track
    }
}

/// A piece that is being edited.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) format: Format,
    pub(super) division: Division,
    pub(super) tracks: Vec<EditedTrack>,
}

impl Document {
    /// What a tick is.
    #[must_use]
    pub fn division(&self) -> Division {
        self.division
    }

    /// Ticks a quarter note. Where ticks are parts of film frames: those of half a second, as long as a
    /// quarter note is where nothing sets the tempo.
    #[must_use]
    pub fn ticks_a_quarter(&self) -> u64 {
        match self.division {
            Division::Metrical(ppq) => u64::from(ppq.get()),
            Division::Smpte { rate, subframes } => {
                let (frames, seconds) = rate.ratio();
                (u64::from(frames) * u64::from(subframes.get()) / u64::from(seconds) / 2).max(1)
            }
        }
    }

    /// The tracks.
    #[must_use]
    pub fn tracks(&self) -> &[EditedTrack] {
        &self.tracks
    }

    /// A track.
    #[must_use]
    pub fn track(&self, index: usize) -> Option<&EditedTrack> {
        self.tracks.get(index)
    }

    /// The notes of all tracks.
    #[must_use]
    pub fn note_count(&self) -> usize {
        self.tracks.iter().map(EditedTrack::note_count).sum()
    }

    /// Where the longest track ends.
    #[must_use]
    pub fn end(&self) -> Ticks {
        self.tracks.iter().map(EditedTrack::end).max().unwrap_or_default()
    }

    /// Tempos and time signatures; of a piece in tracks that follow each other those of the first.
    #[must_use]
    pub fn tempo_map(&self) -> TempoMap {
        let counted = if self.format == Format::Sequential { 1 } else { self.tracks.len() };
        let mut tempos: Vec<(Ticks, Tempo)> = Vec::new();
        let mut signatures: Vec<(Ticks, TimeSignature)> = Vec::new();
        for e in self.tracks.iter().take(counted).flat_map(EditedTrack::events) {
            match &e.said {
                Said::Meta(MetaType::TEMPO, data) => tempos.extend(event::tempo(data).map(|t| (e.at, t))),
                Said::Meta(MetaType::TIME_SIGNATURE, data) => {
                    signatures.extend(event::time_signature(data).map(|s| (e.at, s)));
                }
                _ => {}
            }
        }
        TempoMap::new(self.division, tempos, signatures)
    }

    /// The topmost note at a tick and key of a track: of several the one that began last.
    #[must_use]
    pub fn note_at(&self, track: usize, at: Ticks, key: crate::music::Key) -> Option<&PlacedNote> {
        self.track(track)?.notes_between(at, Ticks(at.0.saturating_add(1))).rev().find(|n| n.note.key == key)
    }

    /// The document as a composition.
    #[must_use]
    pub fn composition(&self) -> Composition {
        let mut composition = Composition::new(self.format, self.division);
        composition.tracks = self.tracks.iter().map(EditedTrack::track).collect();
        composition
    }
}
