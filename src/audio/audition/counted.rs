//! A sound that counts what is taken of it, so that one that stops early can be told from one that is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rodio::{ChannelCount, Sample, SampleRate, Source};

/// What has been taken so far.
#[derive(Debug)]
pub(super) struct Count {
    samples: AtomicU64,
    /// Samples a second, of all channels together.
    a_second: u64,
}

impl Count {
    pub(super) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.samples.load(Relaxed) as f64 / self.a_second as f64)
    }
}

pub(super) struct Counted<S> {
    sound: S,
    count: Arc<Count>,
}

impl<S: Source> Counted<S> {
    pub(super) fn new(sound: S) -> Counted<S> {
        let a_second = u64::from(sound.channels().get()) * u64::from(sound.sample_rate().get());
        Counted { sound, count: Arc::new(Count { samples: AtomicU64::new(0), a_second }) }
    }

    pub(super) fn counter(&self) -> Arc<Count> {
        Arc::clone(&self.count)
    }
}

impl<S: Source> Iterator for Counted<S> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        let sample = self.sound.next()?;
        // One thread counts; the others only look.
        self.count.samples.store(self.count.samples.load(Relaxed) + 1, Relaxed);
        Some(sample)
    }
}

impl<S: Source> Source for Counted<S> {
    fn current_span_len(&self) -> Option<usize> {
        self.sound.current_span_len()
    }

    fn channels(&self) -> ChannelCount {
        self.sound.channels()
    }

    fn sample_rate(&self) -> SampleRate {
        self.sound.sample_rate()
    }

    fn total_duration(&self) -> Option<Duration> {
        self.sound.total_duration()
    }
}
