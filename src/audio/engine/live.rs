//! The keys as they are played: from their time stamps to frames, always late by the same amount.

use std::time::Instant;

use super::layers::Layers;
use crate::audio::frame_clock::FrameClock;
use crate::audio::instrument::Instrument;
use crate::audio::levels::Gauges;
use crate::audio::output::{Block, Format};
use crate::music::Micros;
use crate::music::message::{Channel, Voice};

/// A message of the keyboard with its time stamp.
pub type LiveEvent = (Micros, Channel, Voice);

/// The audio callback's end of the ring that a MIDI callback fills.
pub type LiveInput = rtrb::Consumer<LiveEvent>;

/// What a message may need from its time stamp to the ring without being late, in seconds.
const DELIVERY: f64 = 0.0005;

/// As much as is added to that where messages come later nevertheless: the system is slow, or its time stamps
/// are early. So the keys are late by the same again after a few notes.
const MOST_MORE: f64 = 0.001;

/// Where keys are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// On a keyboard.
    Keyboard = 0,
    /// On screen: with the mouse or the computer's keys, on channel 1. What comes on another channel is only tried out
    /// and has chosen its instrument itself.
    Screen = 1,
}

/// Everything about the keys.
#[derive(Debug)]
pub(super) struct Live {
    epoch: Instant,
    clock: FrameClock,
    rate: f64,
    /// Frames of a block, and frames that messages get for their way: by so much a message sounds after its time
    /// stamp, before the output adds its own.
    block: f64,
    delivery: f64,
    /// The keyboard, and the keys on screen.
    inputs: [Option<Box<LiveInput>>; 2],
    layers: Option<Box<Layers>>,
    /// Frames of the block that are done; offsets are counted from there.
    passed: usize,
    next: usize,
    heard: bool,
}

impl Live {
    pub(super) fn new(rate: u32, epoch: Instant) -> Live {
        Live {
            epoch,
            clock: FrameClock::new(rate),
            rate: f64::from(rate),
            block: 0.0,
            delivery: DELIVERY * f64::from(rate),
            inputs: [None, None],
            layers: None,
            passed: 0,
            next: 0,
            heard: false,
        }
    }

    pub(super) fn prepare(&mut self, format: Format, gauges: &Gauges) {
        self.clock = FrameClock::new(format.rate);
        self.rate = f64::from(format.rate);
        self.block = f64::from(format.block);
        self.delivery = DELIVERY * self.rate;
        gauges.set_delivery(self.delivery);
    }

    /// A message came too late by so many frames.
    fn late(&mut self, frames: f64, gauges: &Gauges) {
        gauges.add_late();
        // Half of it, so that a single hiccup does not count for all.
        self.delivery = (self.delivery + 0.5 * frames).min((DELIVERY + MOST_MORE) * self.rate);
        gauges.set_delivery(self.delivery);
    }

    pub(super) fn listen(&mut self, hand: Hand, input: Option<Box<LiveInput>>) -> Option<Box<LiveInput>> {
        std::mem::replace(&mut self.inputs[hand as usize], input)
    }

    pub(super) fn set_layers(&mut self, mut layers: Box<Layers>) -> Option<Box<Layers>> {
        if let Some(before) = &self.layers {
            layers.succeed(before);
        }
        self.layers.replace(layers)
    }

    /// Tells a new instrument which instruments the layers play.
    pub(super) fn set_up(&mut self, instrument: &mut dyn Instrument) {
        if let Some(layers) = &self.layers {
            layers.set_up(|m| instrument.message(m));
        }
    }

    /// Ends what is held: the keyboard is gone, or something else takes its place.
    pub(super) fn release(&mut self, instrument: &mut dyn Instrument) {
        if let Some(layers) = &mut self.layers {
            layers.release(|m| instrument.message(m));
        }
    }

    /// Throws away what waits, but for where it leaves sliders and knobs.
    pub(super) fn forget(&mut self) {
        for input in self.inputs.iter_mut().flatten() {
            while let Ok((_, _, voice)) = input.pop() {
                if let Some(layers) = &mut self.layers {
                    layers.remember(voice);
                }
            }
        }
    }

    pub(super) fn begin(&mut self, block: &Block<'_>, frames: usize) {
        let now = block.now.saturating_duration_since(self.epoch).as_secs_f64();
        self.clock.block(now, frames);
        (self.passed, self.next) = (0, 0);
    }

    pub(super) fn pass(&mut self, frames: usize) {
        self.passed += frames;
    }

    /// Where in the rest of the block a time lies, in frames.
    pub(super) fn offset_of(&self, at: Micros) -> f64 {
        self.clock.offset(at.as_secs_f64()) - self.passed as f64
    }

    pub(super) fn is_used(&mut self, block: &Block<'_>) -> bool {
        self.heard |= !block.live.is_empty() || self.inputs.iter().flatten().any(|i| !i.is_empty());
        self.heard && self.layers.is_some()
    }

    /// Writes the next frames of the keys, which begin `start` frames into the block.
    pub(super) fn render(
        &mut self,
        instrument: &mut dyn Instrument,
        left: &mut [f32],
        right: &mut [f32],
        block: &Block<'_>,
        start: usize,
        gauges: &Gauges,
    ) {
        let frames = left.len();
        let mut done = 0;
        loop {
            let exact = block.live.get(self.next).map(|(at, ..)| (*at as usize).saturating_sub(start));
            let waiting = |i: &Option<Box<LiveInput>>| i.as_ref()?.peek().ok().map(|(at, ..)| *at);
            let [a, b] = self.inputs.each_ref().map(waiting);
            let (hand, stamped) = if b.is_some_and(|b| a.is_none_or(|a| b < a)) { (1, b) } else { (0, a) };
            let stamped = stamped.map(|at| (self.offset_of(at) + self.block + self.delivery).round());
            let exact_first = exact.is_some_and(|e| stamped.is_none_or(|s| e as f64 <= s));
            let (at, channel, voice) = if exact_first {
                let Some((_, channel, voice)) = block.live.get(self.next) else { break };
                let at = exact.unwrap_or(0);
                if at >= frames {
                    break;
                }
                self.next += 1;
                (at, *channel, *voice)
            } else {
                let Some(at) = stamped.filter(|s| *s < frames as f64) else { break };
                let Some(Ok((_, channel, voice))) = self.inputs[hand].as_mut().map(|i| i.pop()) else { break };
                if at < 0.0 {
                    self.late(-at, gauges);
                }
                (at.max(0.0) as usize, channel, voice)
            };
            let at = at.clamp(done, frames);
            if at > done {
                instrument.render(&mut left[done..at], &mut right[done..at]);
                done = at;
            }
            let is_tried = !exact_first && hand == Hand::Screen as usize && channel != Channel::default();
            match &mut self.layers {
                Some(layers) if is_tried => layers.try_out(channel, voice, |m| instrument.message(m)),
                Some(layers) => layers.play(channel, voice, |m| instrument.message(m)),
                None => {}
            }
        }
        if done < frames {
            instrument.render(&mut left[done..], &mut right[done..]);
        }
    }
}
