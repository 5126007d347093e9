//! A score performed without an output, as fast as the machine can: for export.
//!
//! The sequencer says what happens in the next stretch, and the instrument plays it with as many
//! threads as there are; their number changes no sample: see [`Synth::perform`](super::Synth::perform).
//! With the feature `audio` a performance is a [`rodio::Source`] too, to be heard or mixed as any finished sound.

use std::sync::Arc;

use super::instrument::{Instrument, MakeInstrument};
use super::metronome::Clicker;
use super::sequencer::{Score, Sequencer, Sink, Speed, Strip};
use super::synth::{Timed, Workers};
use crate::music::{Message, Micros};

/// Frames that are made at once: several times what the synthesiser's threads share between one meeting and the next, for
/// only the last sum of a chunk is made while nobody renders.
const CHUNK: usize = 131_072;

/// Frames that are made at once where somebody waits for them: little enough not to be late.
#[cfg(feature = "audio")]
const HEARD_CHUNK: usize = 1_024;

/// What has died away: -96 dB, the smallest step of 16 bits.
const SILENCE: f32 = 1.6e-5;

/// As long as a tail may last at most, in seconds.
pub const LONGEST_TAIL: f64 = 600.0;

/// How something is performed.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Frames a second.
    pub rate: u32,
    /// How fast.
    pub speed: Speed,
    /// Mixing, for the first strips of the score; the others are as the piece says.
    pub strips: Vec<Strip>,
    /// The metronome's volume, 1.0 as it is, where it is to be heard.
    pub metronome: Option<f32>,
    /// How long what follows the last event may last at most, in seconds.
    pub tail: f64,
    /// Threads that make sound.
    pub workers: Workers,
}

impl Manner {
    /// As written, at a sample rate in hertz, on all cores.
    #[must_use]
    pub fn plain(rate: u32) -> Manner {
        let workers = std::thread::available_parallelism().unwrap_or(Workers::MIN);
        Manner { rate, speed: Speed::NORMAL, strips: Vec::new(), metronome: None, tail: 12.0, workers }
    }
}

/// What happens in a stretch, as the sequencer says it.
#[derive(Default)]
struct Part {
    offset: usize,
    messages: Vec<Timed>,
    clicks: Vec<(usize, bool)>,
}

impl Sink for Part {
    fn advance(&mut self, offset: usize) {
        self.offset = offset;
    }
    fn message(&mut self, message: &Message) {
        self.messages.push(Timed { frame: self.offset, message: message.clone() });
    }
    fn reset(&mut self) {
        // Only ever at the start, where a new instrument is as it should be.
    }
    fn restart(&mut self) {
        // A performance does not loop.
    }
    fn click(&mut self, accent: bool) {
        self.clicks.push((self.offset, accent));
    }
}

/// A performance, chunk by chunk.
pub struct Performance {
    sequencer: Sequencer,
    instrument: Box<dyn Instrument>,
    part: Part,
    clicker: Option<Clicker>,
    workers: Workers,
    rate: u32,
    length: Micros,
    speed: Speed,
    left: Vec<f32>,
    right: Vec<f32>,
    frames: u64,
    /// Frames that the tail may still last, once the score has ended.
    tail: Option<u64>,
    most_tail: u64,
    quiet: u64,
    over: bool,
}

impl std::fmt::Debug for Performance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Performance").field("rate", &self.rate).field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl Performance {
    /// Makes the instrument.
    #[must_use]
    pub fn new(score: Arc<Score>, make: &MakeInstrument, manner: &Manner) -> Performance {
        let mut sequencer = Sequencer::new(Arc::clone(&score), manner.rate, usize::MAX);
        let mut part = Part::default();
        for (index, strip) in manner.strips.iter().enumerate() {
            sequencer.set_strip(index, *strip, &mut part);
        }
        // They are told anew when it begins.
        part.messages.clear();
        sequencer.set_speed(manner.speed);
        sequencer.set_metronome(manner.metronome.is_some());
        sequencer.play();
        Performance {
            instrument: make(manner.rate),
            sequencer,
            part,
            clicker: manner.metronome.map(|level| Clicker::new(manner.rate).at_level(level)),
            workers: manner.workers,
            rate: manner.rate,
            length: score.length(),
            speed: manner.speed,
            left: vec![0.0; CHUNK],
            right: vec![0.0; CHUNK],
            frames: 0,
            tail: None,
            most_tail: (manner.tail.clamp(0.0, LONGEST_TAIL) * f64::from(manner.rate)) as u64,
            quiet: 0,
            over: false,
        }
    }

    /// Frames a second.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Threads that make sound.
    #[must_use]
    pub fn workers(&self) -> Workers {
        self.workers
    }

    /// How many frames it has without what dies away at the end.
    #[must_use]
    pub fn expected_frames(&self) -> u64 {
        let micros = u128::from(self.length.0) * 100 / u128::from(self.speed.percent());
        u64::try_from(micros * u128::from(self.rate) / 1_000_000).unwrap_or(u64::MAX)
    }

    /// The next samples, left and right; `None` when all has died away.
    pub fn next_chunk(&mut self) -> Option<(&mut [f32], &mut [f32])> {
        if self.over {
            return None;
        }
        let had_ended = self.sequencer.has_ended();
        self.part.messages.clear();
        self.part.clicks.clear();
        self.part.offset = 0;
        let chunk = self.left.len();
        self.sequencer.run(chunk, &mut self.part);
        self.instrument.perform(&self.part.messages, &mut self.left, &mut self.right, self.workers);
        self.add_clicks();
        self.frames += chunk as u64;
        let mut keep = chunk;
        if self.sequencer.has_ended() {
            let music = if had_ended { 0 } else { self.part.offset };
            let tail = *self.tail.get_or_insert(self.most_tail);
            let last = self.left.iter().zip(&self.right).rposition(|(l, r)| l.abs().max(r.abs()) > SILENCE);
            self.quiet = match last {
                Some(last) => (chunk - 1 - last) as u64,
                None => self.quiet + chunk as u64,
            };
            let surplus = self.quiet.saturating_sub(u64::from(self.rate) / 5);
            let dying = (chunk - music).min(usize::try_from(tail).unwrap_or(chunk));
            keep = (music + dying).min(chunk.saturating_sub(surplus as usize).max(music));
            self.tail = Some(tail - dying as u64);
            self.over = keep < chunk;
        }
        Some((&mut self.left[..keep], &mut self.right[..keep]))
    }

    fn add_clicks(&mut self) {
        let Some(clicker) = &mut self.clicker else { return };
        let mut done = 0;
        for (at, accent) in &self.part.clicks {
            clicker.add(&mut self.left[done..*at], &mut self.right[done..*at]);
            clicker.strike(*accent);
            done = *at;
        }
        clicker.add(&mut self.left[done..], &mut self.right[done..]);
    }
}

#[cfg(feature = "audio")]
mod source {
    use std::num::NonZero;
    use std::time::Duration;

    use super::{HEARD_CHUNK, Performance, Workers};
    use crate::audio::limiter::Limiter;

    /// A performance as rodio hears it: sample by sample, left and right in turn, and within full scale.
    #[derive(Debug)]
    pub struct PerformanceSource {
        performance: Performance,
        limiter: Limiter,
        samples: Vec<f32>,
        next: usize,
    }

    impl Performance {
        /// As a sound that rodio can play, mix or resample. It is made piece by piece in the thread that takes it.
        #[must_use]
        pub fn into_source(mut self) -> PerformanceSource {
            self.left.truncate(HEARD_CHUNK);
            self.right.truncate(HEARD_CHUNK);
            self.workers = Workers::MIN;
            let limiter = Limiter::immediate(self.rate);
            PerformanceSource { performance: self, limiter, samples: Vec::new(), next: 0 }
        }
    }

    impl Iterator for PerformanceSource {
        type Item = f32;

        fn next(&mut self) -> Option<f32> {
            if self.next >= self.samples.len() {
                let (left, right) = self.performance.next_chunk()?;
                self.limiter.process(left, right);
                self.samples.clear();
                self.samples.extend(left.iter().zip(right).flat_map(|(l, r)| [*l, *r]));
                self.next = 0;
            }
            self.next += 1;
            self.samples.get(self.next - 1).copied()
        }
    }

    impl rodio::Source for PerformanceSource {
        fn current_span_len(&self) -> Option<usize> {
            None
        }
        fn channels(&self) -> rodio::ChannelCount {
            const STEREO: rodio::ChannelCount = NonZero::<u16>::MIN.saturating_add(1);
            STEREO
        }
        fn sample_rate(&self) -> rodio::SampleRate {
            NonZero::new(self.performance.rate).unwrap_or(NonZero::<u32>::MIN)
        }
        fn total_duration(&self) -> Option<Duration> {
            None
        }
    }
}

#[cfg(feature = "audio")]
pub use source::PerformanceSource;

#[cfg(test)]
mod tests;
