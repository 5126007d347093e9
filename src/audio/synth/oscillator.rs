//! Reads a sample at another speed: four-point cubic interpolation (Catmull and Rom), with exact loops.
//!
//! The points that a stretch needs are first laid side by side in a window, as floating-point numbers and with the
//! loop's turns unrolled. What follows needs no look at loops, widths or bounds, four frames at a time.

use wide::{f32x4, i32x4};

use crate::audio::soundfont::{Bounds, Wave};

/// Whether a sample repeats (generator 54).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looping {
    Never,
    Always,
    /// Until the key is up.
    WhileHeld,
}

/// A place in a sample, and its bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Oscillator {
    /// In points of the wave, with 32 bits of fraction.
    phase: u64,
    bounds: Bounds,
    looping: Looping,
}

/// The window's places that a stretch may begin to interpolate at: a power of two, so that a mask keeps them inside.
const PLACES: usize = 256;
/// Each place needs the three after it.
pub(super) type Window = [f32; PLACES + 3];
/// A window as it is before anything lies in it.
pub(super) const EMPTY: Window = [0.0; PLACES + 3];
/// One point.
const ONE: u64 = 1 << 32;

impl Oscillator {
    pub(super) fn new(bounds: Bounds, looping: Looping) -> Oscillator {
        // Loops of no length cannot be played.
        let looping = if bounds.loop_end <= bounds.loop_start { Looping::Never } else { looping };
        Oscillator { phase: u64::from(bounds.start) << 32, bounds, looping }
    }

    /// The key is up: what looped only while held goes on to its end.
    pub(super) fn let_go(&mut self) {
        if self.looping == Looping::WhileHeld {
            self.looping = Looping::Never;
        }
    }

    /// Fills `out`, going on by `step` (32 bits of fraction) a frame; how many frames there were before the end.
    /// What is in `window` does not matter; to clear one each time would take longer than to read the sample.
    pub(super) fn run(&mut self, wave: Wave<'_>, step: u64, window: &mut Window, out: &mut [f32]) -> usize {
        let step = step.max(1);
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|r| !r.is_empty()) {
            self.wrap();
            let mut n = rest.len().min(frames_within(PLACES as u64 - 2, self.phase, step));
            if self.looping == Looping::Never {
                let left = (u64::from(self.bounds.end) << 32).saturating_sub(self.phase).div_ceil(step);
                n = n.min(usize::try_from(left).unwrap_or(usize::MAX));
                if n == 0 {
                    break;
                }
            }
            let fraction = self.phase & (ONE - 1);
            let needed = ((fraction + (n as u64 - 1) * step) >> 32) as usize + 4;
            self.lay(wave, window.get_mut(..needed).unwrap_or_default());
            if let Some(rest) = rest.get_mut(..n) {
                interpolate(window, fraction, step, rest);
            }
            self.phase += n as u64 * step;
            done += n;
        }
        self.wrap();
        done
    }

    /// Back into the loop.
    fn wrap(&mut self) {
        let end = u64::from(self.bounds.loop_end) << 32;
        if self.looping != Looping::Never && self.phase >= end {
            let length = u64::from(self.bounds.loop_end - self.bounds.loop_start) << 32;
            self.phase -= ((self.phase - end) / length + 1) * length;
        }
    }

    /// The points from the one before this place on.
    fn lay(&self, wave: Wave<'_>, window: &mut [f32]) {
        let Bounds { start, end, loop_start, loop_end } = self.bounds;
        let looped = self.looping != Looping::Never;
        let (first, end) = ((self.phase >> 32) as usize, if looped { loop_end } else { end } as usize);
        let Some((before, mut rest)) = window.split_first_mut() else { return };
        // At a loop's start, also the first time: files that follow the specification have the same point there.
        let place = if looped && first == loop_start as usize { end } else { first.max(start as usize + 1) } - 1;
        lay(wave, place, std::slice::from_mut(before));
        let mut place = first;
        while !rest.is_empty() {
            let n = end.saturating_sub(place).min(rest.len());
            let (now, later) = rest.split_at_mut(n);
            lay(wave, place, now);
            rest = later;
            place = loop_start as usize;
            if !looped {
                // Nothing follows; the last point stays, so that there is no edge.
                let mut last = [0.0];
                lay(wave, end - 1, &mut last);
                rest.fill(last[0]);
                return;
            }
        }
    }
}

/// How many frames begin before `places` points further.
fn frames_within(places: u64, phase: u64, step: u64) -> usize {
    let room = (places << 32) - (phase & (ONE - 1));
    usize::try_from(room / step).unwrap_or(usize::MAX).max(1)
}

/// Lays the wave's points from `place` on side by side, full level being 1.
fn lay(wave: Wave<'_>, place: usize, out: &mut [f32]) {
    let range = place..place + out.len();
    match (wave.points.get(range.clone()), wave.low.map(|low| low.get(range))) {
        (Some(points), None) => {
            for (out, point) in out.iter_mut().zip(points) {
                *out = f32::from(*point) * (1.0 / 32_768.0);
            }
        }
        (Some(points), Some(Some(low))) => {
            for (out, (point, low)) in out.iter_mut().zip(points.iter().zip(low)) {
                *out = (i32::from(*point) << 8 | i32::from(*low)) as f32 * (1.0 / 8_388_608.0);
            }
        }
        _ => out.fill(0.0),
    }
}

/// Between each frame's second and third point.
fn interpolate(window: &Window, fraction: u64, step: u64, out: &mut [f32]) {
    let row = |phase: u64| {
        let place = (phase >> 32) as usize & (PLACES - 1);
        [window[place], window[place + 1], window[place + 2], window[place + 3]]
    };
    let mut phase = fraction;
    let (fours, rest) = out.as_chunks_mut::<4>();
    for four in fours {
        let phases = [phase, phase + step, phase + 2 * step, phase + 3 * step];
        let fractions = i32x4::new(phases.map(|phase| (phase as u32 >> 8) as i32));
        let x = f32x4::from_i32x4(fractions) * f32x4::splat(1.0 / 16_777_216.0);
        *four = cubic(phases.map(|phase| f32x4::new(row(phase))), x).to_array();
        phase += 4 * step;
    }
    if !rest.is_empty() {
        let phases = [phase, phase + step, phase + 2 * step, phase + 3 * step];
        let fractions = i32x4::new(phases.map(|phase| (phase as u32 >> 8) as i32));
        let x = f32x4::from_i32x4(fractions) * f32x4::splat(1.0 / 16_777_216.0);
        let four = cubic(phases.map(|phase| f32x4::new(row(phase))), x).to_array();
        rest.iter_mut().zip(four).for_each(|(out, x)| *out = x);
    }
}

/// Horner's scheme of the curve through b and c whose slopes are those of a-c and b-d, each lane with its row.
fn cubic(rows: [f32x4; 4], x: f32x4) -> f32x4 {
    let [a, b, c, d] = f32x4::transpose(rows);
    let half = f32x4::splat(0.5);
    let k1 = half * (c - a);
    let k3 = f32x4::splat(1.5) * (b - c) + half * (d - a);
    let k2 = (c - b) - k1 - k3;
    b + x * (k1 + x * (k2 + x * k3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(points: &[i16]) -> Wave<'_> {
        let bounds = Bounds { start: 0, end: points.len() as u32, loop_start: 0, loop_end: 0 };
        Wave { points, low: None, bounds, rate: 48_000, key: 60, correction: 0 }
    }

    #[test]
    fn a_sine_stays_one_at_any_speed_and_over_the_seam() {
        let points: Vec<i16> =
            (0..96).map(|n| (20_000.0 * (n as f64 / 32.0 * std::f64::consts::TAU).sin()) as i16).collect();
        let bounds = Bounds { start: 0, end: 96, loop_start: 32, loop_end: 64 };
        for speed in [0.25, 0.7, 1.0, 1.9, 7.3] {
            let mut oscillator = Oscillator::new(bounds, Looping::Always);
            let step = (speed * ONE as f64) as u64;
            for block in 0..50 {
                let mut out = [0.0; 64];
                assert_eq!(oscillator.run(wave(&points), step, &mut EMPTY.clone(), &mut out), 64);
                for (n, x) in out.iter().enumerate() {
                    let at = (block * 64 + n) as f64 * speed / 32.0 * std::f64::consts::TAU;
                    // The first points have none before them.
                    let close = (f64::from(*x) - 20_000.0 / 32_768.0 * at.sin()).abs() < 0.003;
                    assert!(close || block == 0 && n < 4, "speed {speed}, frame {}: {x} {}", block * 64 + n, at.sin());
                }
            }
        }
    }

    #[test]
    fn it_ends_where_the_sample_ends() {
        let points = [1000i16; 100];
        for (speed, frames) in [(1.0, 100), (0.5, 200), (3.0, 34), (300.0, 1)] {
            let mut oscillator = Oscillator::new(wave(&points).bounds, Looping::Never);
            let mut out = [0.0; 256];
            assert_eq!(
                oscillator.run(wave(&points), (speed * ONE as f64) as u64, &mut EMPTY.clone(), &mut out),
                frames
            );
        }
    }

    #[test]
    fn loops_of_one_point_and_steps_beyond_the_window_are_played() {
        let points: Vec<i16> = (0..1000).collect();
        let bounds = Bounds { start: 0, end: 1000, loop_start: 10, loop_end: 11 };
        for step in [1, ONE / 3, 200 * ONE, 1000 * ONE + 5] {
            let mut oscillator = Oscillator::new(bounds, Looping::Always);
            let mut out = [0.0; 64];
            assert_eq!(oscillator.run(wave(&points), step, &mut EMPTY.clone(), &mut out), 64);
            assert!(out.iter().all(|x| (0.0..0.0004).contains(x)), "{step}: {out:?}");
        }
    }
}
