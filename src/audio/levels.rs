//! What the audio callback lets others read while it runs: the position, peaks and counts.
//! All of it in atomics; nobody waits for anybody.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use crate::music::Micros;

/// Read by anyone, written by the audio callback.
#[derive(Debug, Default)]
pub struct Gauges {
    position: AtomicU64,
    playing: AtomicBool,
    ended: AtomicU64,
    frames: AtomicU64,
    peaks: [AtomicU32; 2],
    voices: AtomicU32,
    late: AtomicU64,
    delivery: AtomicU32,
    rate: AtomicU32,
}

impl Gauges {
    /// Where the performance is.
    #[must_use]
    pub fn position(&self) -> Micros {
        Micros(self.position.load(Relaxed))
    }

    /// Whether the performance goes on.
    #[must_use]
    pub fn playing(&self) -> bool {
        self.playing.load(Relaxed)
    }

    /// The start that has come to its end, the last sound died away; zero while none has. Every load
    /// and every seek is a start, and they are counted: an end that was reached before the last of
    /// them was heard of is thus not taken for its own.
    pub(crate) fn ended_start(&self) -> u64 {
        self.ended.load(Acquire)
    }

    /// Frames rendered since the start: it stands still where no output takes them.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames.load(Relaxed)
    }

    /// The largest samples, left and right, since the last call; 1.0 is full scale.
    #[must_use]
    pub fn take_peaks(&self) -> [f32; 2] {
        [0, 1].map(|i| f32::from_bits(self.peaks[i].swap(0, Relaxed)))
    }

    /// Voices that sound.
    #[must_use]
    pub fn voices(&self) -> u32 {
        self.voices.load(Relaxed)
    }

    /// Live messages that came too late for their place in a block.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late.load(Relaxed)
    }

    /// What live messages get for their way from the time stamp to the engine, in frames.
    #[must_use]
    pub fn delivery(&self) -> f32 {
        f32::from_bits(self.delivery.load(Relaxed))
    }

    pub(crate) fn set_delivery(&self, frames: f64) {
        self.delivery.store((frames as f32).to_bits(), Relaxed);
    }

    /// The sample rate in hertz.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate.load(Relaxed)
    }

    pub(crate) fn set_rate(&self, rate: u32) {
        self.rate.store(rate, Relaxed);
    }

    pub(crate) fn set_position(&self, position: Micros, playing: bool, ended: Option<u64>) {
        self.position.store(position.0, Relaxed);
        self.playing.store(playing, Relaxed);
        // Whoever sees the end sees the position of the end.
        self.ended.store(ended.unwrap_or(0), Release);
    }

    pub(crate) fn add_frames(&self, frames: usize) {
        self.frames.fetch_add(frames as u64, Relaxed);
    }

    pub(crate) fn set_voices(&self, voices: usize) {
        self.voices.store(u32::try_from(voices).unwrap_or(u32::MAX), Relaxed);
    }

    pub(crate) fn add_late(&self) {
        self.late.fetch_add(1, Relaxed);
    }

    pub(crate) fn peak(&self, left: &[f32], right: &[f32]) {
        for (gauge, samples) in self.peaks.iter().zip([left, right]) {
            let peak = samples.iter().fold(0.0f32, |a, x| a.max(x.abs()));
            // Floats that are not negative are ordered as their bits are.
            gauge.fetch_max(peak.to_bits(), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_several_blocks_is_kept_until_it_is_read() {
        let gauges = Gauges::default();
        gauges.peak(&[0.1, -0.7], &[0.0]);
        gauges.peak(&[0.3], &[0.2]);
        assert_eq!(gauges.take_peaks(), [0.7, 0.2]);
        assert_eq!(gauges.take_peaks(), [0.0, 0.0]);
    }
}
