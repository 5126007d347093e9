//! The sounds that the built-in instruments are cut from: single periods by the sum of their partials, and drums by
//! swept tones and noise. Everything is computed; nothing was recorded.

use crate::audio::synth::units;

/// Points of one period.
pub(super) const PERIOD: usize = 256;
/// Points after a loop that repeat its beginning, for interpolation.
const GUARD: usize = 8;

/// Samples one after the other, as they will lie in the pool.
#[derive(Debug, Default)]
pub(super) struct Pool {
    pub(super) points: Vec<i16>,
}

/// A stretch of the pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Pool {
    /// Two periods of a sound with these partials, `(number, level)`; the second is the one that loops.
    pub(super) fn period(&mut self, partials: impl Iterator<Item = (usize, f64)>) -> Piece {
        let mut wave = [0.0; PERIOD];
        for (number, level) in partials.filter(|(n, _)| *n < PERIOD / 2) {
            // Phases apart keep the peak low; the golden section puts no two together.
            let phase = number as f64 * 0.618_034;
            for (at, x) in wave.iter_mut().enumerate() {
                *x += level * units::sin((number * at % PERIOD) as f64 / PERIOD as f64 + phase);
            }
        }
        // As loud as each other, by power.
        let power = (wave.iter().map(|x| x * x).sum::<f64>() / PERIOD as f64).sqrt().max(1e-9);
        let peak = wave.iter().fold(1e-9, |peak: f64, x| peak.max(x.abs()));
        let scale = (0.2 / power).min(0.95 / peak);
        let turn = wave.iter().cycle().take(2 * PERIOD + GUARD).map(|x| x * scale);
        self.put(turn)
    }

    /// A sound that ends by itself; `GUARD` zeros after it.
    pub(super) fn put(&mut self, sound: impl Iterator<Item = f64>) -> Piece {
        let start = self.points.len() as u32;
        self.points.extend(sound.map(|x| (x.clamp(-1.0, 1.0) * 32_767.0) as i16));
        let end = self.points.len() as u32;
        self.points.extend([0; GUARD]);
        Piece { start, end }
    }
}

/// Noise from -1 to 1, the same every time.
#[derive(Clone, Debug)]
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        f64::from(self.0) / f64::from(u32::MAX) * 2.0 - 1.0
    }
}

/// How a drum is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drum {
    /// Seconds.
    pub(super) length: f64,
    /// Hertz at the beginning and at the end; 0 for no tone.
    pub(super) tone: (f64, f64),
    /// How much of it, and in how many seconds it falls to a third.
    pub(super) tone_level: (f64, f64),
    /// Likewise for noise.
    pub(super) noise_level: (f64, f64),
    /// The noise's low end, 0 (all of it) to 1 (only the highest).
    pub(super) bright: f64,
    /// A second tone this many times higher makes metal of it; 0 for none.
    pub(super) metal: f64,
}

/// The frames a second of drums.
pub(super) const DRUM_RATE: u32 = 32_000;

impl Drum {
    pub(super) fn sound(self) -> impl Iterator<Item = f64> {
        let rate = f64::from(DRUM_RATE);
        let count = (self.length * rate) as usize;
        let mut noise = Noise(0x2545_f491);
        let (mut turns, mut low) = (0.0f64, 0.0f64);
        let falling = |at: f64, time: f64| units::exp2(-at / (time * std::f64::consts::LN_2));
        (0..count).map(move |n| {
            let at = n as f64 / rate;
            let (from, to) = self.tone;
            let hertz = to + (from - to) * falling(at, 0.03);
            turns = (turns + hertz / rate).fract();
            let tone = if self.metal > 0.0 {
                // Two square waves that disagree.
                let square = |t: f64| if t.fract() < 0.5 { 1.0 } else { -1.0 };
                0.5 * (square(turns) + square(at * hertz * self.metal))
            } else {
                units::sin(turns)
            };
            let white = noise.next();
            low += (white - low) * (1.0 - 0.92 * self.bright);
            let hiss = white - low * self.bright;
            // The last hundredth of a second ends in silence.
            let end = ((self.length - at) / 0.01).min(1.0);
            let tone = tone * self.tone_level.0 * falling(at, self.tone_level.1);
            let hiss = hiss * self.noise_level.0 * falling(at, self.noise_level.1);
            0.5 * end * (tone + hiss)
        })
    }
}
