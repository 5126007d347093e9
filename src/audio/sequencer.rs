//! The sequencer: plays a [`Score`] on the sample clock.
//!
//! Its time is counted in frames of the output and nothing else: no screen, timer or thread moves it.
//! It runs in the audio callback, in an export and before a MIDI port alike, each giving it a [`Sink`].
//! Positions are whole numbers of a unit small enough for any speed, so that no error adds up.

mod chase;
mod score;
mod strip;

use std::sync::Arc;

pub use chase::Seek;
pub use score::{Cue, STRIPS, Score, ScoreEvent, StripInfo};
pub(super) use strip::squared;
pub use strip::{Program, Strip};

use crate::music::Micros;
use crate::music::message::{Channel, Message, Velocity, Voice};
use crate::music::take::Sounding;
use strip::ChannelState;

/// The shortest loop that is played.
pub const SHORTEST_LOOP: Micros = Micros(20_000);

/// Where a sequencer's messages go.
pub trait Sink {
    /// What follows happens `offset` frames after the start of this run; offsets never fall.
    fn advance(&mut self, offset: usize);
    /// A message for the instrument.
    fn message(&mut self, message: &Message);
    /// Every channel goes into its first state, and all sound ends.
    fn reset(&mut self);
    /// Every channel goes into its first state; what dies away goes on.
    fn restart(&mut self);
    /// A beat of the metronome.
    fn click(&mut self, accent: bool);
}

/// How fast, in percent of the tempo map: 25 to 200. Pitch does not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Speed(u16);

impl Speed {
    /// As written.
    pub const NORMAL: Speed = Speed(100);

    /// `None` outside 25 to 200 percent.
    #[must_use]
    pub const fn new(percent: u16) -> Option<Speed> {
        if percent >= 25 && percent <= 200 { Some(Speed(percent)) } else { None }
    }

    /// In percent.
    #[must_use]
    pub const fn percent(self) -> u16 {
        self.0
    }
}

/// Two points between which to play again and again.
#[derive(Clone, Debug)]
pub struct Loop {
    /// Where it begins.
    pub start: Seek,
    /// Where it ends, at least [`SHORTEST_LOOP`] later.
    pub end: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Paused,
    Playing,
    Ended,
}

/// Plays a score. Everything but [`Sequencer::new`] may be called in the audio callback.
#[derive(Debug)]
pub struct Sequencer {
    score: Arc<Score>,
    rate: u32,
    state: State,
    speed: Speed,
    /// In units: see [`Sequencer::unit`].
    position: u128,
    next: usize,
    next_beat: usize,
    metronome: bool,
    looped: Option<Box<Loop>>,
    strips: Box<[Strip]>,
    sounding: Box<[Sounding]>,
    /// For each strip, the channels on which it began notes that may still sound, a bit each.
    touched: Box<[u16]>,
    channels: [ChannelState; 16],
    budget: usize,
    /// Set when the instrument does not know the state of the channels yet.
    fresh: bool,
}

impl Sequencer {
    /// At the start of a score, paused. `rate` is the frames a second by which it is run; `budget`
    /// the most events that one run sends: time stands still until the next run then.
    #[must_use]
    pub fn new(score: Arc<Score>, rate: u32, budget: usize) -> Sequencer {
        let strips = score.strips().len().max(1);
        Sequencer {
            rate: rate.max(1),
            state: State::Paused,
            speed: Speed::NORMAL,
            position: 0,
            next: 0,
            next_beat: 0,
            metronome: false,
            looped: None,
            strips: vec![Strip::default(); strips].into(),
            sounding: vec![Sounding::default(); strips].into(),
            touched: vec![0; strips].into(),
            channels: [ChannelState::default(); 16],
            budget: budget.max(1),
            fresh: true,
            score,
        }
    }

    /// What is played.
    #[must_use]
    pub fn score(&self) -> &Arc<Score> {
        &self.score
    }

    /// Where it is.
    #[must_use]
    pub fn position(&self) -> Micros {
        Micros(u64::try_from(self.position / self.unit()).unwrap_or(u64::MAX))
    }

    /// Whether it plays.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.state == State::Playing
    }

    /// Whether it has come to the end.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Plays, or goes on.
    pub fn play(&mut self) {
        if self.state == State::Paused {
            self.state = State::Playing;
        }
    }

    /// Stops where it is; what sounds ends.
    pub fn pause(&mut self, sink: &mut impl Sink) {
        if self.state == State::Playing {
            self.state = State::Paused;
        }
        self.close(sink);
    }

    /// Goes elsewhere; what sounds ends, and the channels get the state they have there.
    pub fn seek(&mut self, seek: &Seek, sink: &mut impl Sink) {
        self.close(sink);
        sink.reset();
        self.place(seek, 0, sink);
        if self.state == State::Ended {
            self.state = State::Paused;
        }
    }

    /// Tells a new instrument the state of the channels.
    pub fn restate(&mut self, seek: &Seek, sink: &mut impl Sink) {
        self.sounding.iter_mut().for_each(|s| *s = Sounding::default());
        sink.reset();
        self.state_channels(seek, sink);
    }

    /// Sets how fast it plays.
    pub fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
    }

    /// Sets or ends the loop; gives the one before back, to be freed elsewhere. One that is too
    /// short is as none.
    pub fn set_loop(&mut self, looped: Option<Box<Loop>>) -> Option<Box<Loop>> {
        std::mem::replace(&mut self.looped, looped)
    }

    /// Turns the metronome on or off.
    pub fn set_metronome(&mut self, on: bool) {
        self.metronome = on;
    }

    /// Changes the frames a second; the position stays.
    pub fn set_rate(&mut self, rate: u32) {
        let rate = rate.max(1);
        self.position = self.position * u128::from(rate) / u128::from(self.rate);
        self.rate = rate;
    }

    /// Changes how a strip is mixed. What a muted strip has sounding ends.
    pub fn set_strip(&mut self, index: usize, strip: Strip, sink: &mut impl Sink) {
        let Some(old) = self.strips.get_mut(index) else { return };
        let before = std::mem::replace(old, strip);
        for i in 0..self.strips.len() {
            if self.touched[i] != 0 && !self.audible(i) {
                self.hush(i, sink);
            }
        }
        let info = self.score.strips().get(index).map(|s| s.channel);
        if let Some(channel) = info
            && self.score.owner(channel).map(usize::from) == Some(index)
        {
            self.channels[usize::from(channel.get())].restate(channel, &before, &strip, sink);
        }
    }

    /// Ends whatever sounds: note-offs, then pedals up.
    pub fn close(&mut self, sink: &mut impl Sink) {
        for strip in 0..self.sounding.len() {
            self.let_go(strip, sink);
        }
        for channel in (0..16).map(Channel::masked) {
            let state = &mut self.channels[usize::from(channel.get())];
            state.lift(channel, sink);
            state.forget_pedals();
        }
    }

    /// Plays the next `frames`. The sink is not advanced to their end: that is the caller's to do.
    pub fn run(&mut self, frames: usize, sink: &mut impl Sink) {
        if self.state != State::Playing {
            return;
        }
        if self.fresh {
            let here = Seek { position: self.position(), next: self.next, cues: Box::default() };
            sink.reset();
            self.state_channels(&here, sink);
        }
        let step = self.step();
        let mut done = 0;
        let mut budget = self.budget;
        loop {
            let left = frames - done;
            let loop_end = self.loop_end();
            let bound = loop_end.unwrap_or(Micros(u64::MAX));
            let event = self.score.events().get(self.next).map(|e| e.at).filter(|at| *at < bound);
            let beat = self.score.beats().get(self.next_beat).map(|b| b.at).filter(|at| *at < bound);
            let end = loop_end.unwrap_or(self.score.length());
            let due = event.into_iter().chain(beat).min().unwrap_or(end);
            let wait = self.frames_until(due);
            if wait >= left as u64 {
                self.position += step * left as u128;
                return;
            }
            done += wait as usize;
            self.position += step * u128::from(wait);
            sink.advance(done);
            // A piece that asks for too much at once gets more time, rather than the callback none.
            let Some(rest) = budget.checked_sub(1) else { return };
            budget = rest;
            if beat.is_some_and(|b| event.is_none_or(|e| b <= e)) {
                if self.metronome {
                    sink.click(self.score.beats()[self.next_beat].accent);
                }
                self.next_beat += 1;
            } else if event.is_some() {
                let event = self.score.events()[self.next];
                self.next += 1;
                self.perform(event, sink);
            } else if let Some(looped) = self.looped.take_if(|_| loop_end.is_some()) {
                self.close(sink);
                sink.restart();
                let past = self.position.saturating_sub(u128::from(looped.end.0) * self.unit());
                // Less than a frame was lost in rounding; more is a position from before the loop was set.
                self.place(&looped.start, if past <= step { past } else { 0 }, sink);
                self.looped = Some(looped);
            } else {
                self.close(sink);
                self.state = State::Ended;
                return;
            }
        }
    }

    /// A microsecond in units of the position.
    fn unit(&self) -> u128 {
        u128::from(self.rate) * 100
    }

    /// A frame in units of the position.
    fn step(&self) -> u128 {
        1_000_000 * u128::from(self.speed.0)
    }

    /// Where the loop ends; a position behind it returns at once.
    fn loop_end(&self) -> Option<Micros> {
        let looped = self.looped.as_ref()?;
        (looped.end.since(looped.start.position) >= SHORTEST_LOOP).then_some(looped.end)
    }

    /// The frame nearest to a time, zero for what is past.
    fn frames_until(&self, at: Micros) -> u64 {
        let units = (u128::from(at.0) * self.unit()).saturating_sub(self.position);
        u64::try_from((units + self.step() / 2) / self.step()).unwrap_or(u64::MAX)
    }

    fn place(&mut self, seek: &Seek, past: u128, sink: &mut impl Sink) {
        self.position = u128::from(seek.position.0) * self.unit() + past;
        self.next = seek.next;
        self.next_beat = self.score.beats().partition_point(|b| b.at < seek.position);
        self.state_channels(seek, sink);
    }

    fn state_channels(&mut self, seek: &Seek, sink: &mut impl Sink) {
        self.fresh = false;
        self.state_strips(sink);
        for event in &seek.cues {
            self.perform(*event, sink);
        }
    }

    /// Tells channels that are in their first state how the strips are mixed.
    fn state_strips(&mut self, sink: &mut impl Sink) {
        self.channels = [ChannelState::default(); 16];
        for i in 0..self.score.strips().len() {
            let channel = self.score.strips()[i].channel;
            if self.score.owner(channel).map(usize::from) == Some(i) {
                self.channels[usize::from(channel.get())].restate(channel, &Strip::default(), &self.strips[i], sink);
            }
        }
    }

    fn audible(&self, strip: usize) -> bool {
        let solo = self.strips.iter().any(|s| s.solo);
        self.strips.get(strip).is_none_or(|s| !s.mute && (s.solo || !solo))
    }

    fn perform(&mut self, event: ScoreEvent, sink: &mut impl Sink) {
        let strip = usize::from(event.strip).min(self.strips.len() - 1);
        let (channel, voice) = match event.cue {
            Cue::SysEx(number) => {
                let score = Arc::clone(&self.score);
                if let Some(message) = score.sysex(number) {
                    sink.message(message);
                    if chase::is_reset(message) {
                        // The mix is the listener's: a piece that puts its instrument into the first state does not undo it.
                        self.state_strips(sink);
                    }
                }
                return;
            }
            Cue::Voice(channel, voice) => (channel, voice),
        };
        let owner = self.score.owner(channel).map(usize::from);
        let voice = match voice {
            Voice::NoteOn { key, velocity } => {
                if !self.audible(strip) {
                    return;
                }
                // The owner's volume is the channel's; another's can only be in its notes.
                let velocity = if owner == Some(strip) { velocity } else { self.strips[strip].scaled(velocity) };
                Voice::NoteOn { key, velocity }
            }
            Voice::NoteOff { key, .. } if !self.sounding[strip].is_down(channel, key) => return,
            voice => {
                let owner = owner.and_then(|o| self.strips.get(o)).copied().unwrap_or_default();
                match self.channels[usize::from(channel.get())].hear(voice, &owner) {
                    Some(voice) => voice,
                    None => return,
                }
            }
        };
        let message = Message::Voice(channel, voice);
        if matches!(voice, Voice::NoteOn { .. }) {
            self.touched[strip] |= 1 << channel.get();
        }
        self.sounding[strip].hear(&message);
        sink.message(&message);
    }

    /// Ends what a strip has sounding. A channel has one pedal for all strips that play on it, and what it holds
    /// cannot be ended note by note: it goes up and down again, and keys that are down sound on.
    fn hush(&mut self, strip: usize, sink: &mut impl Sink) {
        let touched = self.touched[strip];
        self.let_go(strip, sink);
        for channel in (0..16).map(Channel::masked).filter(|c| touched >> c.get() & 1 == 1) {
            let state = &self.channels[usize::from(channel.get())];
            state.lift(channel, sink);
            state.press(channel, sink);
        }
    }

    /// The keys of a strip go up.
    fn let_go(&mut self, strip: usize, sink: &mut impl Sink) {
        self.touched[strip] = 0;
        for (channel, key) in std::mem::take(&mut self.sounding[strip]).keys() {
            sink.message(&Message::Voice(channel, Voice::NoteOff { key, velocity: Velocity::masked(64) }));
        }
    }
}

#[cfg(test)]
mod tests;
