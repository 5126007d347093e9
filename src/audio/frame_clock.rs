//! From the system's clock to frames: when, in frames, did something happen?
//!
//! Callbacks come late by some amount that differs each time; taken as they come, they would shift
//! every note by it. A delay-locked loop of second order (F. Adriaensen, "Using a DLL to filter
//! time", 2005) draws the straight line through them and also follows a sound card whose clock runs
//! a little fast or slow.

/// The loop's bandwidth in hertz: low enough that a single late callback moves it by little.
const BANDWIDTH: f64 = 0.15;

/// While it has seen less than this many seconds, the loop follows faster.
const SETTLING: f64 = 2.0;

/// The line through the times at which blocks began.
#[derive(Clone, Debug)]
pub struct FrameClock {
    rate: f64,
    seconds_a_frame: f64,
    /// The block that is being made: its first frame and its time on the line.
    frame: u64,
    time: f64,
    next: Option<(u64, f64)>,
    seen: f64,
}

impl FrameClock {
    /// For a sample rate in hertz. The first block sets the line.
    #[must_use]
    pub fn new(rate: u32) -> FrameClock {
        let rate = f64::from(rate.max(1));
        FrameClock { rate, seconds_a_frame: 1.0 / rate, frame: 0, time: 0.0, next: None, seen: 0.0 }
    }

    /// A block of `frames` begins, and the clock shows `now` seconds.
    pub fn block(&mut self, now: f64, frames: usize) {
        let length = frames as f64 / self.rate;
        let (frame, predicted) = self.next.unwrap_or((0, now));
        let mut error = now - predicted;
        // After an interruption the old line says nothing about the new one.
        if error.abs() > 0.02 + 4.0 * length {
            self.seconds_a_frame = 1.0 / self.rate;
            self.seen = 0.0;
            (self.frame, self.time) = (frame, now);
            self.next = Some((frame + frames as u64, now + length));
            return;
        }
        // One callback that is very late tells of a busy machine and not of the sound card.
        error = error.clamp(-2.0 * length, 2.0 * length);
        let bandwidth = if self.seen < SETTLING { 4.0 * BANDWIDTH } else { BANDWIDTH };
        let omega = (std::f64::consts::TAU * bandwidth * length).min(0.5);
        (self.frame, self.time) = (frame, predicted);
        let ahead = predicted + std::f64::consts::SQRT_2 * omega * error + frames as f64 * self.seconds_a_frame;
        if frames > 0 {
            self.seconds_a_frame += omega * omega * error / frames as f64;
        }
        // No crystal is off by more than a thousandth; a rate beyond that is the loop chasing noise.
        let nominal = 1.0 / self.rate;
        self.seconds_a_frame = self.seconds_a_frame.clamp(nominal * 0.999, nominal * 1.001);
        self.seen += length;
        self.next = Some((frame + frames as u64, ahead));
    }

    /// The first frame of the block that is being made.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.frame
    }

    /// How many frames after the first of this block the clock shows `time` seconds; negative before it.
    #[must_use]
    pub fn offset(&self, time: f64) -> f64 {
        (time - self.time) / self.seconds_a_frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callbacks up to a millisecond late, a sound card 80 millionths fast.
    #[test]
    fn late_callbacks_do_not_move_the_line() {
        let (rate, frames) = (48_000u32, 128usize);
        let real = f64::from(rate) * 1.000_08;
        let mut clock = FrameClock::new(rate);
        let mut noise = 12345u32;
        let mut offsets = Vec::new();
        for block in 0..20_000u64 {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let late = f64::from(noise >> 16) / 65_536.0 * 0.001;
            let ideal = (block * frames as u64) as f64 / real;
            clock.block(100.0 + ideal + late, frames);
            assert_eq!(clock.frame(), block * frames as u64);
            if block > 4_000 {
                offsets.push(clock.offset(100.0 + ideal));
            }
        }
        let (min, max) = offsets.iter().fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
        assert!(max - min < 6.0, "{min} to {max} frames");
    }

    #[test]
    fn after_a_gap_it_starts_anew() {
        let mut clock = FrameClock::new(48_000);
        clock.block(0.0, 480);
        clock.block(0.01, 480);
        clock.block(5.0, 480);
        assert_eq!(clock.frame(), 960);
        assert!((clock.offset(5.001) - 48.0).abs() < 0.1);
    }
}
