//! A track: events in the order of time, 16 bytes each, long data in one pool a track.

use std::fmt;

use super::event::{Event, MetaType};
use super::notes::{self, Note};
use super::text;
use crate::music::message::{Channel, Key, Value, Voice};
use crate::music::time::Ticks;

/// Events in the order of time, and where the track ends.
#[derive(Clone, Default)]
pub struct Track {
    events: Vec<Timed>,
    /// The data of long events, one after the other.
    pool: Vec<u8>,
    /// Where in the pool each long event's data ends; it begins where the one before ends.
    ends: Vec<usize>,
    end: Ticks,
}

#[derive(Clone, Copy, Debug)]
struct Timed {
    at: Ticks,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Voice(Channel, Voice),
    SysEx(u32),
    Escape(u32),
    Meta(MetaType, u32),
}

// A million notes are two million of these.
const _: () = assert!(size_of::<Timed>() == 16);

/// A set of channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelSet(u16);

impl ChannelSet {
    /// Adds a channel.
    pub fn insert(&mut self, channel: Channel) {
        self.0 |= 1 << channel.get();
    }

    /// The channels in it, lowest first.
    pub fn iter(self) -> impl Iterator<Item = Channel> {
        (0..16).filter(move |c| self.0 >> c & 1 == 1).map(Channel::masked)
    }
}

impl Track {
    /// Without events, ending at tick 0.
    #[must_use]
    pub fn new() -> Track {
        Track::default()
    }

    /// With room for events, so that adding them moves nothing.
    #[must_use]
    pub fn with_capacity(events: usize) -> Track {
        Track { events: Vec::with_capacity(events), ..Track::default() }
    }

    /// Adds a channel message at a tick, after what is there at the same tick. The track's end
    /// moves along. Quick at the end of the track, slower before it.
    #[inline]
    pub fn push_voice(&mut self, at: Ticks, channel: Channel, voice: Voice) {
        self.put(Timed { at, kind: Kind::Voice(channel, voice) });
    }

    /// Adds an event at a tick, after what is there at the same tick. An
    /// [`END_OF_TRACK`](MetaType::END_OF_TRACK) only moves the track's end, and so does an empty
    /// [`SEQUENCER`](MetaType::SEQUENCER) event, which says nothing and fills silences that are
    /// too long for one delta time.
    pub fn push(&mut self, at: Ticks, event: Event<'_>) {
        let kind = match event {
            Event::Voice(channel, voice) => Kind::Voice(channel, voice),
            Event::SysEx(data) => Kind::SysEx(self.keep(data)),
            Event::Escape(data) => Kind::Escape(self.keep(data)),
            Event::Meta(MetaType::END_OF_TRACK, _) | Event::Meta(MetaType::SEQUENCER, []) => {
                self.end_at(at);
                return;
            }
            Event::Meta(kind, data) => Kind::Meta(kind, self.keep(data)),
        };
        self.put(Timed { at, kind });
    }

    #[inline]
    fn put(&mut self, event: Timed) {
        if event.at >= self.end || self.events.last().is_none_or(|last| last.at <= event.at) {
            self.events.push(event);
        } else {
            let place = self.events.partition_point(|e| e.at <= event.at);
            self.events.insert(place, event);
        }
        self.end = self.end.max(event.at);
    }

    fn keep(&mut self, data: &[u8]) -> u32 {
        self.pool.extend_from_slice(data);
        let index = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.ends.push(self.pool.len());
        index
    }

    fn kept(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = index.checked_sub(1).and_then(|i| self.ends.get(i)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.pool.get(start..*end)).unwrap_or_default()
    }

    /// Where the track ends, at or after its last event.
    #[must_use]
    pub fn end(&self) -> Ticks {
        self.end
    }

    /// Lets the track end at a tick, or later if there are later events.
    pub fn end_at(&mut self, at: Ticks) {
        self.end = self.end.max(at);
    }

    /// Gives memory back that was taken for more events than came.
    pub fn shrink(&mut self) {
        if self.events.capacity() / 2 > self.events.len() {
            self.events.shrink_to_fit();
        }
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// All events in the order of time.
    pub fn events(&self) -> impl ExactSizeIterator<Item = (Ticks, Event<'_>)> {
        self.events.iter().map(|e| {
            let event = match e.kind {
                Kind::Voice(channel, voice) => Event::Voice(channel, voice),
                Kind::SysEx(i) => Event::SysEx(self.kept(i)),
                Kind::Escape(i) => Event::Escape(self.kept(i)),
                Kind::Meta(kind, i) => Event::Meta(kind, self.kept(i)),
            };
            (e.at, event)
        })
    }

    /// The channel messages in the order of time.
    pub fn voices(&self) -> impl Iterator<Item = (Ticks, Channel, Voice)> + '_ {
        self.events.iter().filter_map(|e| match e.kind {
            Kind::Voice(channel, voice) => Some((e.at, channel, voice)),
            _ => None,
        })
    }

    /// The meta events in the order of time.
    pub fn metas(&self) -> impl Iterator<Item = (Ticks, MetaType, &[u8])> {
        self.events.iter().filter_map(|e| match e.kind {
            Kind::Meta(kind, i) => Some((e.at, kind, self.kept(i))),
            _ => None,
        })
    }

    /// The texts of one kind with their ticks, safe to show: see [`text::decode`].
    pub fn texts(&self, kind: MetaType) -> impl Iterator<Item = (Ticks, String)> + '_ {
        self.metas().filter(move |(_, k, _)| *k == kind).map(|(at, _, data)| (at, text::decode(data)))
    }

    /// The track's name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.texts(MetaType::TRACK_NAME).map(|(_, name)| name).find(|name| !name.is_empty())
    }

    /// Adds a text.
    pub fn push_text(&mut self, at: Ticks, kind: MetaType, text: &str) {
        self.push(at, Event::Meta(kind, text.as_bytes()));
    }

    /// The notes in the order of their starts: see [`Note`] for what becomes of hanging and
    /// doubled ones.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        notes::pair(self.voices(), self.end)
    }

    /// The number of note-ons.
    #[must_use]
    pub fn note_count(&self) -> usize {
        self.voices().filter(|(_, _, voice)| matches!(voice, Voice::NoteOn { .. })).count()
    }

    /// The lowest and the highest key that is struck.
    #[must_use]
    pub fn range(&self) -> Option<(Key, Key)> {
        self.voices()
            .filter_map(|(_, _, voice)| match voice {
                Voice::NoteOn { key, .. } => Some((key, key)),
                _ => None,
            })
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The channels that the track's messages use.
    #[must_use]
    pub fn channels(&self) -> ChannelSet {
        let mut set = ChannelSet::default();
        self.voices().for_each(|(_, channel, _)| set.insert(channel));
        set
    }

    /// The instruments that the track calls for, each channel's in the order of their first use.
    #[must_use]
    pub fn programs(&self) -> Vec<(Channel, Value)> {
        let mut programs = Vec::new();
        for (_, channel, voice) in self.voices() {
            if let Voice::Program(program) = voice
                && !programs.contains(&(channel, program))
            {
                programs.push((channel, program));
            }
        }
        programs
    }
}

/// Tracks are equal when their events and ends are, however they came to be.
impl PartialEq for Track {
    fn eq(&self, other: &Track) -> bool {
        self.end == other.end && self.events().eq(other.events())
    }
}

impl fmt::Debug for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Track").field("end", &self.end).field("events", &self.events().collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_find_their_place_in_time() {
        let mut late_first = Track::new();
        late_first.push_text(Ticks(10), MetaType::TEXT, "b");
        late_first.push_text(Ticks(5), MetaType::TEXT, "a");
        late_first.push_text(Ticks(10), MetaType::TEXT, "c");
        let texts: Vec<_> = late_first.texts(MetaType::TEXT).collect();
        assert_eq!(texts, [(Ticks(5), "a".into()), (Ticks(10), "b".into()), (Ticks(10), "c".into())]);

        let mut in_order = Track::new();
        for (at, text) in texts {
            in_order.push_text(at, MetaType::TEXT, &text);
        }
        assert_eq!(late_first, in_order);
        assert_eq!(in_order.end(), Ticks(10));
    }
}
