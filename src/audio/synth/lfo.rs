//! A low-frequency oscillator: a triangle that begins at 0, rising, after its delay.

use super::units;

#[derive(Clone, Copy, Debug)]
pub(super) struct Lfo {
    delay: u32,
    /// In periods, 0 to 1.
    phase: f32,
    /// Periods a frame.
    step: f32,
}

impl Lfo {
    /// `delay` in timecents, `frequency` in absolute cents.
    pub(super) fn new(delay: f32, frequency: f32, rate: f32) -> Lfo {
        Lfo { delay: units::frames_or_none(delay, rate), phase: 0.0, step: units::hertz(frequency) as f32 / rate }
    }

    pub(super) fn set_frequency(&mut self, frequency: f32, rate: f32) {
        self.step = units::hertz(frequency) as f32 / rate;
    }

    pub(super) fn advance(&mut self, frames: u32) {
        let waiting = self.delay.min(frames);
        self.delay -= waiting;
        self.phase = fraction(self.phase + (frames - waiting) as f32 * self.step);
    }

    /// -1 to 1.
    pub(super) fn value(&self) -> f32 {
        4.0 * (fraction(self.phase + 0.75) - 0.5).abs() - 1.0
    }
}

/// Of a number from 0 on; a library's would be a call.
fn fraction(x: f32) -> f32 {
    x - x as i32 as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_then_rises_from_nothing() {
        // 100 Hz at 48 kHz: 480 frames a period.
        let mut lfo = Lfo::new(0.0, 4335.0, 48_000.0);
        let mut values = vec![];
        for _ in 0..4 {
            lfo.advance(48_000 / 4 + 1);
        }
        values.push(lfo.value());
        for _ in 0..4 {
            lfo.advance(120);
            values.push(lfo.value());
        }
        assert!(values[0].abs() < 0.05, "{values:?}");
        assert!(values[1] > 0.9 && values[3] < -0.9, "{values:?}");
    }
}
