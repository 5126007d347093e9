//! Reverberation: a feedback delay network of eight lines (J.-M. Jot, 1991), mixed by a Hadamard matrix.

use super::units;

const LINES: usize = 8;
/// The lines' lengths in seconds, without common divisors at any usual sample rate, and far enough apart that no pitch
/// stands out.
const LENGTHS: [f64; LINES] = [0.023_31, 0.028_97, 0.031_13, 0.034_51, 0.037_39, 0.041_87, 0.044_03, 0.049_19];
/// Seconds to a thousandth of the amplitude.
const DECAY: f64 = 0.98;
/// Seconds to a thousandth at half the sample rate.
const DECAY_HIGH: f64 = 0.5;
/// What comes back of a full send, set beside FluidSynth's default room.
const LEVEL: f32 = 0.165;
/// The network is looked at after so many frames, whatever stretches it is run in; longer than any line lasts.
const LOOK: usize = 16_384;
/// Below this (-140 dB) a room is silent.
const SILENCE: f32 = 1e-7;

#[derive(Debug)]
pub(super) struct Reverb {
    lines: [Line; LINES],
    /// Nothing is in the lines, and nothing has to be computed until something comes in.
    resting: bool,
    /// The loudest sample in or out since the last look, and the frames until the next.
    loudest: f32,
    look: usize,
}

#[derive(Debug)]
struct Line {
    memory: Vec<f32>,
    at: usize,
    gain: f32,
    damping: f32,
    last: f32,
}

impl Reverb {
    pub(super) fn new(rate: f32) -> Reverb {
        let lines = LENGTHS.map(|seconds| {
            let length = ((seconds * f64::from(rate)) as usize | 1).max(3);
            // A thousandth is 2^-9.966.
            let after = |decay: f64| units::exp2(-9.965_784 * seconds / decay);
            let (low, high) = (after(DECAY), after(DECAY_HIGH));
            // A one-pole filter with the one gain at 0 Hz and the other at half the sample rate.
            let damping = ((low - high) / (low + high)) as f32;
            Line { memory: vec![0.0; length], at: 0, gain: low as f32 * (1.0 - damping), damping, last: 0.0 }
        });
        Reverb { lines, resting: true, loudest: 0.0, look: LOOK }
    }

    /// Adds the room's answer to `input`.
    pub(super) fn process(&mut self, input: Option<&[f32]>, left: &mut [f32], right: &mut [f32]) {
        let mut at = 0;
        let frames = left.len().min(right.len());
        while at < frames {
            let end = frames.min(at + self.look);
            if let (Some(left), Some(right)) = (left.get_mut(at..end), right.get_mut(at..end)) {
                let input = input.and_then(|i| i.get(at..end));
                self.resting &= input.is_none_or(|i| i.iter().all(|x| *x == 0.0));
                if !self.resting {
                    self.stretch(input, left, right);
                }
            }
            self.look -= end - at;
            at = end;
            if self.look == 0 {
                if self.loudest < SILENCE && !self.resting {
                    self.clear();
                }
                (self.look, self.loudest) = (LOOK, 0.0);
            }
        }
    }

    fn stretch(&mut self, input: Option<&[f32]>, left: &mut [f32], right: &mut [f32]) {
        for (n, (left, right)) in left.iter_mut().zip(right).enumerate() {
            let x = input.and_then(|i| i.get(n)).copied().unwrap_or(0.0);
            let mut out = [0.0; LINES];
            for (out, line) in out.iter_mut().zip(&self.lines) {
                *out = line.memory.get(line.at).copied().unwrap_or(0.0);
            }
            let sides = [out[0] - out[2] + out[4] - out[6], out[3] - out[1] + out[7] - out[5]];
            *left += LEVEL * sides[0];
            *right += LEVEL * sides[1];
            self.loudest = self.loudest.max(x.abs()).max(sides[0].abs()).max(sides[1].abs());
            let mixed = hadamard(out);
            for (line, back) in self.lines.iter_mut().zip(mixed) {
                line.last = back * line.gain + line.last * line.damping;
                if let Some(place) = line.memory.get_mut(line.at) {
                    *place = x + line.last;
                }
                line.at = if line.at + 1 == line.memory.len() { 0 } else { line.at + 1 };
            }
        }
    }

    /// Empties the room.
    pub(super) fn clear(&mut self) {
        for line in &mut self.lines {
            line.memory.fill(0.0);
            line.last = 0.0;
            line.at = 0;
        }
        self.resting = true;
    }
}

/// The orthogonal mix of all lines into all, in three steps of sums and differences.
fn hadamard(x: [f32; LINES]) -> [f32; LINES] {
    let s = std::f32::consts::FRAC_1_SQRT_2 / 2.0;
    let a = [x[0] + x[4], x[1] + x[5], x[2] + x[6], x[3] + x[7], x[0] - x[4], x[1] - x[5], x[2] - x[6], x[3] - x[7]];
    let b = [a[0] + a[2], a[1] + a[3], a[0] - a[2], a[1] - a[3], a[4] + a[6], a[5] + a[7], a[4] - a[6], a[5] - a[7]];
    [b[0] + b[1], b[0] - b[1], b[2] + b[3], b[2] - b[3], b[4] + b[5], b[4] - b[5], b[6] + b[7], b[6] - b[7]]
        .map(|v| v * s)
}
