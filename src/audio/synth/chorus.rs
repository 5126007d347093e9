//! Chorus: the sound again from a few delays that slowly change.

use super::units;

const TAPS: usize = 3;
/// Hertz.
const SPEED: f64 = 0.3;
/// Seconds, least to greatest.
const DEPTH: f64 = 0.008;
/// Seconds of the least delay.
const NEAREST: f64 = 0.002;
/// What comes back of a full send: as much as of FluidSynth's, whose default is strong.
const LEVEL: f32 = 3.3;
/// The delays are set anew after so many frames, and glide between.
const STEP: u32 = 32;

#[derive(Debug)]
pub(super) struct Chorus {
    /// A power of two long.
    memory: Vec<f32>,
    at: usize,
    /// Frames since the last input; at rest once the memory holds only silence.
    quiet: usize,
    frame: u32,
    /// In turns.
    phase: f64,
    turn: f64,
    rate: f64,
    /// Where the delays are, in frames; where they are at the step's end; and what each frame adds.
    delays: [f32; TAPS],
    next: [f32; TAPS],
    glides: [f32; TAPS],
}

impl Chorus {
    pub(super) fn new(rate: f32) -> Chorus {
        let rate = f64::from(rate);
        let length = (((NEAREST + DEPTH) * rate) as usize + 4).next_power_of_two();
        let mut chorus = Chorus {
            memory: vec![0.0; length],
            at: 0,
            quiet: usize::MAX,
            frame: 0,
            phase: 0.0,
            turn: SPEED / rate * f64::from(STEP),
            rate,
            delays: [0.0; TAPS],
            next: [0.0; TAPS],
            glides: [0.0; TAPS],
        };
        chorus.next = std::array::from_fn(|tap| chorus.delay(tap));
        chorus
    }

    fn delay(&self, tap: usize) -> f32 {
        let swing = units::sin(self.phase + tap as f64 / TAPS as f64);
        ((NEAREST + DEPTH * (0.5 + 0.5 * swing)) * self.rate) as f32
    }

    /// One frame on.
    fn step(&mut self) {
        self.at = (self.at + 1) & (self.memory.len() - 1);
        if self.frame == 0 {
            self.frame = STEP;
            self.phase = (self.phase + self.turn).fract();
            self.delays = self.next;
            self.next = std::array::from_fn(|tap| self.delay(tap));
            self.glides = std::array::from_fn(|tap| (self.next[tap] - self.delays[tap]) / STEP as f32);
        }
        self.frame -= 1;
        for (delay, glide) in self.delays.iter_mut().zip(self.glides) {
            *delay += glide;
        }
    }

    /// Adds the answer to `input`.
    pub(super) fn process(&mut self, input: Option<&[f32]>, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len());
        if input.is_none() && self.quiet > self.memory.len() {
            // The delays go on, so that what follows does not depend on how the silence was divided.
            for _ in 0..frames {
                self.step();
            }
            return;
        }
        let mask = self.memory.len() - 1;
        for (n, (left, right)) in left.iter_mut().zip(right).take(frames).enumerate() {
            self.step();
            if let Some(place) = self.memory.get_mut(self.at) {
                *place = input.and_then(|i| i.get(n)).copied().unwrap_or(0.0);
            }
            let mut taps = [0.0; TAPS];
            for (tap, out) in taps.iter_mut().enumerate() {
                let delay = self.delays[tap];
                let whole = delay as usize;
                let part = delay - whole as f32;
                let read = |back: usize| self.memory.get(self.at.wrapping_sub(back) & mask).copied().unwrap_or(0.0);
                let (near, far) = (read(whole), read(whole + 1));
                *out = near + part * (far - near);
            }
            let middle = 0.5 * taps[1];
            *left += LEVEL * (taps[0] + middle);
            *right += LEVEL * (taps[2] + middle);
        }
        self.quiet = if input.is_some() { 0 } else { self.quiet.saturating_add(frames) };
    }

    pub(super) fn clear(&mut self) {
        self.memory.fill(0.0);
        self.quiet = usize::MAX;
    }
}
