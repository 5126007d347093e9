//! How the tracks are arranged: instrument, volume, pan, mute, solo, colour, name, and which tracks there are.
//!
//! Instrument, volume and pan are what the file has for them: a program change, controllers 7 and 10. Mute, solo and
//! colour have no place in a Standard MIDI File, so they go into a sequencer-specific event (0x7F), which other
//! programs pass over: `7D`, the manufacturer's number for "not for sale", then `cmps`, a version, flags, colour.

use super::document::{EditedTrack, PlacedEvent, Rank, Said};
use super::editor::Editor;
use super::history::{Change, Exchange};
use crate::music::composition::MetaType;
use crate::music::general_midi;
use crate::music::message::{Channel, Controller, Value, Voice};
use crate::music::time::Ticks;

const VOLUME: Controller = Controller::masked(7);
const PAN: Controller = Controller::masked(10);
const OURS: &[u8] = b"\x7dcmps\x01";
const MUTE: u8 = 1;
const SOLO: u8 = 2;

/// One of the colours that a theme has for tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackColour(u8);

impl TrackColour {
    /// How many there are.
    pub const COUNT: u8 = 8;

    /// The number's colour; they come again from the beginning.
    #[must_use]
    pub const fn new(number: u8) -> TrackColour {
        TrackColour(number % TrackColour::COUNT)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// How a track is mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    /// The instrument that it begins with.
    pub program: Value,
    /// Controller 7 at its beginning; 100 where nothing says so.
    pub volume: Value,
    /// Controller 10 at its beginning: 0 left, 64 middle, 127 right.
    pub pan: Value,
    /// Not heard.
    pub mute: bool,
    /// If any track is solo, only those that are solo are heard.
    pub solo: bool,
    /// Its colour, if it was given one.
    pub colour: Option<TrackColour>,
}

impl Default for Mix {
    fn default() -> Mix {
        Mix {
            program: Value::masked(0),
            volume: Value::masked(100),
            pan: Value::masked(64),
            mute: false,
            solo: false,
            colour: None,
        }
    }
}

impl EditedTrack {
    /// How the track is mixed.
    #[must_use]
    pub fn mix(&self) -> Mix {
        let mut mix = Mix::default();
        let (mut program, mut volume, mut pan) = (None, None, None);
        for e in self.others.iter() {
            match &e.said {
                Said::Voice(_, Voice::Program(p)) => program = program.or(Some(*p)),
                Said::Voice(_, Voice::Control { controller: VOLUME, value }) => volume = volume.or(Some(*value)),
                Said::Voice(_, Voice::Control { controller: PAN, value }) => pan = pan.or(Some(*value)),
                Said::Meta(MetaType::SEQUENCER, data) => {
                    if let Some(&[flags, colour]) = data.strip_prefix(OURS) {
                        mix.mute = flags & MUTE != 0;
                        mix.solo = flags & SOLO != 0;
                        mix.colour = (colour < TrackColour::COUNT).then_some(TrackColour(colour));
                    }
                }
                _ => {}
            }
        }
        mix.program = program.unwrap_or(mix.program);
        mix.volume = volume.unwrap_or(mix.volume);
        mix.pan = pan.unwrap_or(mix.pan);
        mix
    }
}

impl Editor {
    /// Mixes a track otherwise.
    pub fn set_mix(&mut self, track: usize, mix: Mix) -> bool {
        let Some(edited) = self.document.track(track) else { return false };
        let before = edited.mix();
        let channel = edited.channel().unwrap_or_else(|| self.free_channel());
        let mut exchange = Exchange::of_track(track);
        if before.program != mix.program {
            let said = Said::Voice(channel, Voice::Program(mix.program));
            self.replace(&mut exchange, said, |s| matches!(s, Said::Voice(_, Voice::Program(_))));
        }
        for (controller, before, after) in [(VOLUME, before.volume, mix.volume), (PAN, before.pan, mix.pan)] {
            if before != after {
                let said = Said::Voice(channel, Voice::Control { controller, value: after });
                self.replace(
                    &mut exchange,
                    said,
                    |s| matches!(s, Said::Voice(_, Voice::Control { controller: c, .. }) if *c == controller),
                );
            }
        }
        if (before.mute, before.solo, before.colour) != (mix.mute, mix.solo, mix.colour) {
            let flags = if mix.mute { MUTE } else { 0 } | if mix.solo { SOLO } else { 0 };
            let mut data = OURS.to_vec();
            data.extend([flags, mix.colour.map_or(u8::MAX, TrackColour::number)]);
            let said = Said::Meta(MetaType::SEQUENCER, data.into());
            self.replace(
                &mut exchange,
                said,
                |s| matches!(s, Said::Meta(MetaType::SEQUENCER, data) if data.starts_with(OURS)),
            );
        }
        self.commit_exchange("Mix track", exchange)
    }

    /// Names a track.
    pub fn rename_track(&mut self, track: usize, name: &str) -> bool {
        if self.document.track(track).is_none_or(|t| t.name().as_deref() == Some(name)) {
            return false;
        }
        let mut exchange = Exchange::of_track(track);
        let said = Said::Meta(MetaType::TRACK_NAME, name.as_bytes().into());
        self.replace(&mut exchange, said, |s| matches!(s, Said::Meta(MetaType::TRACK_NAME, _)));
        self.commit_exchange("Rename track", exchange)
    }

    /// Adds an empty track with an instrument below the others, and answers with its number.
    pub fn add_track(&mut self, program: Value) -> usize {
        let index = self.document.tracks.len();
        let channel = self.free_channel();
        let event = |said| PlacedEvent { at: Ticks(0), said, rank: Rank::SETS_UP, id: 0 };
        let mut events = vec![
            event(Said::Meta(MetaType::TRACK_NAME, general_midi::name(channel, program).as_bytes().into())),
            event(Said::Voice(channel, Voice::Program(program))),
        ];
        events.iter_mut().for_each(|e| e.id = self.numbers.next());
        let mut track = EditedTrack { end: self.document.end(), ..EditedTrack::default() };
        track.others.exchange(&[], &events);
        self.commit("Add track", vec![Change::Add { index, track: Box::new(track) }]);
        index
    }

    /// Removes a track.
    pub fn remove_track(&mut self, index: usize) -> bool {
        let Some(track) = self.document.track(index) else { return false };
        let track = Box::new(track.clone());
        self.commit("Remove track", vec![Change::Remove { index, track }])
    }

    /// The first event of a kind in its place, or a new one at the beginning.
    fn replace(&mut self, exchange: &mut Exchange, said: Said, is_it: impl Fn(&Said) -> bool) {
        let id = self.numbers.next();
        let old = self.document.tracks[exchange.track].others.iter().find(|e| is_it(&e.said));
        match old {
            Some(old) => {
                exchange.events_come.push(PlacedEvent { said, ..old.clone() });
                exchange.events_gone.push(old.clone());
            }
            None => exchange.events_come.push(PlacedEvent { at: Ticks(0), said, rank: Rank::SETS_UP, id }),
        }
    }

    /// A channel that no track uses, and not that of percussion; the first where all are in use.
    fn free_channel(&self) -> Channel {
        let used: Vec<Channel> = self.document.tracks.iter().filter_map(EditedTrack::channel).collect();
        let free = |c: &Channel| *c != general_midi::PERCUSSION && !used.contains(c);
        (0..16).map(Channel::masked).find(free).unwrap_or_default()
    }
}
