//! A voice's resonant low-pass filter: two poles, by the bilinear transform (R. Bristow-Johnson's cookbook).

use wide::f32x4;

use super::units;

/// Cents; at this cutoff and without resonance the filter does nothing that is heard, and is not run.
const OPEN: f32 = 13_500.0;
/// Cents by which the cutoff may differ from what was asked for, since coefficients are dear.
const INAUDIBLE: f32 = 2.0;
/// The filter glides in steps of so many frames.
const STEP: usize = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Coefficients {
    b0: f32,
    a1: f32,
    a2: f32,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filter {
    now: Coefficients,
    target: Coefficients,
    /// How `now` changes with each [`STEP`]; `None` where it has arrived.
    glide: Option<Coefficients>,
    /// The cents and centibels of `target`; `None` while the filter is open.
    set: Option<(f32, f32)>,
    /// The last two samples that came in, the later first, and that went out.
    x: [f32; 2],
    y: [f32; 2],
}

impl Filter {
    /// Aims at a cutoff (absolute cents) and resonance (centibels), to be there after `frames`.
    pub(super) fn aim(&mut self, cutoff: f32, resonance: f32, frames: u32, sample_rate: f32) {
        if cutoff >= OPEN && resonance <= 0.0 {
            self.set = None;
            return;
        }
        let was = self.set;
        let near = |was: &(f32, f32)| (was.0 - cutoff).abs() < INAUDIBLE && was.1 == resonance;
        if was.as_ref().is_none_or(|was| !near(was)) {
            self.set = Some((cutoff, resonance));
            self.target = coefficients(cutoff, resonance, sample_rate);
        }
        let Coefficients { b0, a1, a2 } = self.target;
        if was.is_none() {
            // From open, or from the start: nothing to glide from, and what came in went out.
            self.y = self.x;
            self.now = self.target;
        }
        let steps = (frames as usize).div_ceil(STEP).max(1) as f32;
        let glide = Coefficients {
            b0: (b0 - self.now.b0) / steps,
            a1: (a1 - self.now.a1) / steps,
            a2: (a2 - self.now.a2) / steps,
        };
        let near = glide.b0.abs() < 1e-6 * b0 && glide.a1.abs() < 1e-6 && glide.a2.abs() < 1e-6;
        if near {
            self.now = self.target;
        }
        self.glide = (!near).then_some(glide);
    }

    /// Filters the block that was aimed for, or its beginning.
    pub(super) fn run(&mut self, block: &mut [f32]) {
        let last = match *block {
            [.., before, last] => [last, before],
            [last] => [last, self.x[0]],
            [] => return,
        };
        if self.set.is_some() {
            self.sum(block);
            match self.glide {
                None => self.stretch(block),
                Some(glide) => {
                    for step in block.chunks_mut(STEP) {
                        self.now.b0 += glide.b0;
                        self.now.a1 += glide.a1;
                        self.now.a2 += glide.a2;
                        self.stretch(step);
                    }
                }
            }
            // Numbers this small would slow the processor down.
            self.y = self.y.map(|y| if y.abs() < 1e-15 { 0.0 } else { y });
        }
        self.x = last;
    }

    /// The zeros: each sample with twice the one before and the one before that.
    fn sum(&self, block: &mut [f32]) {
        let [mut x1, mut x2] = self.x;
        for x in block {
            let x0 = *x;
            *x = x0 + 2.0 * x1 + x2;
            (x1, x2) = (x0, x1);
        }
    }

    /// The poles, four frames at a time: within four, what came before acts through the impulse response alone, so
    /// that the processor waits for one sum in four frames and not in each.
    fn stretch(&mut self, block: &mut [f32]) {
        let Coefficients { b0, a1, a2 } = self.now;
        let h1 = -a1;
        let h2 = -a1 * h1 - a2;
        let h3 = -a1 * h2 - a2 * h1;
        let h4 = -a1 * h3 - a2 * h2;
        let h = [
            [b0, b0 * h1, b0 * h2, b0 * h3],
            [0.0, b0, b0 * h1, b0 * h2],
            [0.0, 0.0, b0, b0 * h1],
            [0.0, 0.0, 0.0, b0],
        ];
        let h = h.map(f32x4::new);
        let (g1, g2) = (f32x4::new([h1, h2, h3, h4]), f32x4::new([-a2, -a2 * h1, -a2 * h2, -a2 * h3]));
        let [mut y1, mut y2] = self.y;
        let (fours, rest) = block.as_chunks_mut::<4>();
        for four in fours {
            let [x0, x1, x2, x3] = four.map(f32x4::splat);
            let new = (x0 * h[0] + x1 * h[1]) + (x2 * h[2] + x3 * h[3]);
            let y = (new + f32x4::splat(y2) * g2) + f32x4::splat(y1) * g1;
            *four = y.to_array();
            [_, _, y2, y1] = *four;
        }
        for x in rest {
            let y = *x * b0 - a2 * y2 - a1 * y1;
            (y1, y2) = (y, y1);
            *x = y;
        }
        self.y = [y1, y2];
    }
}

fn coefficients(cutoff: f32, resonance: f32, sample_rate: f32) -> Coefficients {
    let frequency = (units::hertz(cutoff) / f64::from(sample_rate)).clamp(1e-5, 0.45);
    // The specification's 0 dB of resonance is a peak as high as the level at 0 Hz, 3.01 dB above a flat filter's.
    let q = f64::from(units::gain(30.1 - resonance));
    let alpha = units::sin(frequency) / (2.0 * q);
    let cos = units::cos(frequency);
    let scale = 1.0 / (1.0 + alpha);
    // Half of the resonance is taken back, as the specification asks.
    let level = (std::f64::consts::FRAC_1_SQRT_2 / q).sqrt();
    Coefficients {
        b0: ((1.0 - cos) / 2.0 * scale * level) as f32,
        a1: (-2.0 * cos * scale) as f32,
        a2: ((1.0 - alpha) * scale) as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level_at(hz: f64, cutoff: f32, resonance: f32) -> f64 {
        let mut filter = Filter::default();
        filter.aim(cutoff, resonance, 64, 48_000.0);
        let mut x: Vec<f32> = (0..48_000).map(|n| units::sin(f64::from(n) * hz / 48_000.0) as f32).collect();
        x.chunks_mut(64).for_each(|block| filter.run(block));
        let energy: f64 = x[24_000..].iter().map(|v| f64::from(*v).powi(2)).sum();
        10.0 * (energy / 12_000.0).log10()
    }

    #[test]
    fn it_falls_12_db_an_octave_above_its_cutoff() {
        // 6900 cents are 440 Hz.
        assert!((level_at(440.0, 6900.0, 0.0) - -3.0).abs() < 0.2, "{}", level_at(440.0, 6900.0, 0.0));
        let slope = level_at(1760.0, 6900.0, 0.0) - level_at(3520.0, 6900.0, 0.0);
        assert!((11.0..13.5).contains(&slope), "{slope}");
        assert!(level_at(440.0, 6900.0, 200.0) > 6.5);
    }

    #[test]
    fn an_open_filter_changes_nothing() {
        assert!(level_at(15_000.0, 13_500.0, 0.0).abs() < 0.001);
    }
}
