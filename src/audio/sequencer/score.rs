//! A composition made ready for the sequencer: every event of every track at its time, in one list.

use crate::audio::metronome::{Beat, beats};
use crate::music::composition::{Composition, Event, Format};
use crate::music::message::{Channel, Message, Value, Voice};
use crate::music::{Micros, TempoMap, Ticks, general_midi};

use super::chase::{self, Seek};

/// Strips that a performance has at most; the tracks beyond share the last.
pub const STRIPS: usize = 256;

/// System exclusive messages that are kept at most, and the bytes of each.
const SYSEX: usize = 4_096;
const SYSEX_BYTES: usize = 64 * 1024;

/// An event of a performance, 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreEvent {
    /// When, from the piece's start.
    pub at: Micros,
    /// The strip it belongs to.
    pub strip: u8,
    /// What.
    pub cue: Cue,
}

/// What a [`ScoreEvent`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// A channel message.
    Voice(Channel, Voice),
    /// The system exclusive message of this number: see [`Score::sysex`].
    SysEx(u16),
}

const _: () = assert!(size_of::<ScoreEvent>() == 16);

/// A track as it is mixed: one with notes, or one channel of a file that has a single track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripInfo {
    /// The track's name, or the channel's first instrument.
    pub name: String,
    /// What people call it by: the track's number from 1. Where one track has all channels, the channel's.
    pub number: usize,
    /// The track in the file, from 0.
    pub track: usize,
    /// The channel most of whose controllers it owns: its volume, pan and instrument act there.
    pub channel: Channel,
    /// Its note-ons.
    pub notes: usize,
}

/// A piece, ready to be performed. Made once, then shared and never changed.
#[derive(Clone, Debug)]
pub struct Score {
    events: Vec<ScoreEvent>,
    sysex: Vec<Message>,
    strips: Vec<StripInfo>,
    /// Which strip owns each channel's controllers.
    owners: [Option<u8>; 16],
    tempo_map: TempoMap,
    end: Ticks,
    length: Micros,
    beats: Box<[Beat]>,
}

impl Score {
    /// From a composition; the tracks of a [`Format::Sequential`] one follow each other.
    #[must_use]
    pub fn new(composition: &Composition) -> Score {
        let by_channel = composition.format == Format::Single && composition.tracks.len() == 1;
        let (strips, strip_of) = strips(composition, by_channel);
        let total = composition.tracks.iter().map(|t| t.len()).sum();
        let mut events = Vec::with_capacity(total);
        let mut sysex = Vec::new();
        let mut start = Micros::ZERO;
        let shared_map = composition.tempo_map();
        for (index, track) in composition.tracks.iter().enumerate() {
            let own_map;
            let map = if composition.format == Format::Sequential {
                own_map = composition.tempo_map_of(index);
                &own_map
            } else {
                &shared_map
            };
            let mut open: Vec<u8> = Vec::new();
            let mut last = (Ticks(u64::MAX), Micros::ZERO);
            for (at, event) in track.events() {
                if at != last.0 {
                    last = (at, start.plus(map.micros(at)));
                }
                let cue = match event {
                    Event::Voice(channel, voice) => Some(Cue::Voice(channel, voice)),
                    Event::SysEx(data) => {
                        open.clear();
                        open.push(0xf0);
                        open.extend_from_slice(data.get(..SYSEX_BYTES).unwrap_or(data));
                        whole(&mut open, &mut sysex)
                    }
                    // A part of a message that an earlier event began.
                    Event::Escape(data) if !open.is_empty() && open.len() + data.len() <= SYSEX_BYTES => {
                        open.extend_from_slice(data);
                        whole(&mut open, &mut sysex)
                    }
                    Event::Escape(_) | Event::Meta(..) => None,
                };
                if let Some(cue) = cue {
                    let strip = match cue {
                        Cue::Voice(channel, _) if by_channel => strip_of[usize::from(channel.get())],
                        _ if by_channel => 0,
                        _ => strip_of[index],
                    };
                    events.push(ScoreEvent { at: last.1, strip, cue });
                }
            }
            if composition.format == Format::Sequential {
                start = start.plus(map.micros(track.end()));
            }
        }
        // Each track is in order, so the sort has little to do; tracks keep their order at equal times.
        events.sort_by_key(|e| e.at);
        let end = composition.tracks.iter().map(|t| t.end()).max().unwrap_or_default();
        let length = composition.duration().max(events.last().map_or(Micros::ZERO, |e| e.at));
        let beats = beats(&shared_map, composition.division, end);
        let mut owners = [None; 16];
        for (i, strip) in strips.iter().enumerate().rev() {
            owners[usize::from(strip.channel.get())] = u8::try_from(i).ok();
        }
        Score { events, sysex, strips, owners, tempo_map: shared_map, end, length, beats }
    }

    /// The events in the order of time.
    #[must_use]
    pub fn events(&self) -> &[ScoreEvent] {
        &self.events
    }

    /// A system exclusive message.
    #[must_use]
    pub fn sysex(&self, number: u16) -> Option<&Message> {
        self.sysex.get(usize::from(number))
    }

    /// The strips.
    #[must_use]
    pub fn strips(&self) -> &[StripInfo] {
        &self.strips
    }

    /// The strip that owns a channel's controllers.
    #[must_use]
    pub fn owner(&self, channel: Channel) -> Option<u8> {
        self.owners[usize::from(channel.get())]
    }

    /// Tempos and time signatures.
    #[must_use]
    pub fn tempo_map(&self) -> &TempoMap {
        &self.tempo_map
    }

    /// The last track's end.
    #[must_use]
    pub fn end(&self) -> Ticks {
        self.end
    }

    /// How long it lasts at its own speed, without what dies away after the last note.
    #[must_use]
    pub fn length(&self) -> Micros {
        self.length
    }

    /// The beats for the metronome.
    #[must_use]
    pub fn beats(&self) -> &[Beat] {
        &self.beats
    }

    /// What a sequencer needs to go on from a time: the place in the list, and the state that all
    /// channels have there. Takes time in proportion to the piece.
    #[must_use]
    pub fn seek(&self, to: Micros) -> Seek {
        chase::seek(self, to.min(self.length))
    }
}

/// A system exclusive message that has come to its end moves to the others.
fn whole(open: &mut Vec<u8>, kept: &mut Vec<Message>) -> Option<Cue> {
    if open.last() != Some(&0xf7) || kept.len() >= SYSEX {
        return None;
    }
    let number = u16::try_from(kept.len()).ok()?;
    kept.push(Message::SysEx(std::mem::take(open).into()));
    Some(Cue::SysEx(number))
}

/// The strips, and which strip each track (or, of a file with one track, each channel) belongs to.
fn strips(composition: &Composition, by_channel: bool) -> (Vec<StripInfo>, Vec<u8>) {
    let mut strips: Vec<StripInfo> = Vec::new();
    let mut strip_of = Vec::new();
    if by_channel {
        let mut notes = [0usize; 16];
        let mut programs = [Value::masked(0); 16];
        for (_, channel, voice) in composition.tracks.iter().flat_map(|t| t.voices()) {
            let c = usize::from(channel.get());
            match voice {
                Voice::NoteOn { .. } => notes[c] += 1,
                Voice::Program(program) if notes[c] == 0 => programs[c] = program,
                _ => {}
            }
        }
        let several = notes.iter().filter(|n| **n > 0).count() > 1;
        for (c, notes) in notes.into_iter().enumerate() {
            let channel = Channel::masked(c as u8);
            strip_of.push(strips.len().saturating_sub(usize::from(notes == 0)) as u8);
            if notes > 0 {
                let name = general_midi::name(channel, programs[c]).to_owned();
                let number = if several { usize::from(channel.number()) } else { 1 };
                strips.push(StripInfo { name, number, track: 0, channel, notes });
            }
        }
        return (strips, strip_of);
    }
    for (index, track) in composition.tracks.iter().enumerate() {
        let mut channels = [0usize; 16];
        for (_, channel, voice) in track.voices() {
            channels[usize::from(channel.get())] += usize::from(matches!(voice, Voice::NoteOn { .. }));
        }
        let notes: usize = channels.iter().sum();
        if notes > 0 && strips.len() < STRIPS {
            let most = (0..16u8).rev().max_by_key(|c| channels[usize::from(*c)]).unwrap_or(0);
            let name = track.name().unwrap_or_else(|| format!("Track {}", index + 1));
            strips.push(StripInfo { name, number: index + 1, track: index, channel: Channel::masked(most), notes });
        }
        strip_of.push(u8::try_from(strips.len().saturating_sub(1)).unwrap_or(u8::MAX));
    }
    (strips, strip_of)
}
