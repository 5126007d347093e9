//! The two envelopes of a voice, advanced by whole stretches of frames.

use super::units;
use crate::audio::soundfont::generator as g;

/// Centibels from full level to what nobody hears; the height of decays and releases.
const DEPTH: f32 = 960.0;

/// Where an envelope is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Delay(u32),
    Attack(u32),
    Hold(u32),
    Decay,
    Sustain,
    Release,
    /// To nothing in so many frames.
    Fade(u32),
    Done,
}

/// The volume envelope: straight in amplitude while it rises, in decibels while it falls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume {
    stage: Stage,
    attack: u32,
    hold: u32,
    /// Centibels a frame.
    decay: f32,
    /// Centibels.
    sustain: f32,
    /// Centibels a frame.
    release: f32,
    /// The least that `release` may be.
    hurry: f32,
    level: Level,
}

#[derive(Clone, Copy, Debug)]
enum Level {
    Amplitude(f32),
    Attenuation(f32),
}

impl Volume {
    pub(super) fn new(values: &[f32; g::COUNT], key: u8, rate: f32) -> Volume {
        let attack = units::frames(values[g::VOL_ENV_ATTACK], rate).max(1.0) as u32;
        let keys = 60.0 - f32::from(key);
        let hold = units::frames_or_none(values[g::VOL_ENV_HOLD] + keys * values[g::KEY_TO_VOL_ENV_HOLD], rate);
        let decay = values[g::VOL_ENV_DECAY] + keys * values[g::KEY_TO_VOL_ENV_DECAY];
        Volume {
            stage: Stage::Delay(units::frames_or_none(values[g::VOL_ENV_DELAY], rate)),
            attack,
            hold,
            decay: DEPTH / units::frames(decay.min(8000.0), rate).max(1.0),
            sustain: values[g::VOL_ENV_SUSTAIN].min(1000.0) * (DEPTH / 1000.0),
            release: DEPTH / units::frames(values[g::VOL_ENV_RELEASE], rate).max(1.0),
            hurry: 0.0,
            level: Level::Amplitude(0.0),
        }
    }

    /// How many frames go before the course changes; 0 once it is over.
    pub(super) fn stretch(&mut self) -> u32 {
        loop {
            self.stage = match self.stage {
                Stage::Delay(0) => Stage::Attack(self.attack),
                Stage::Attack(0) => {
                    self.level = Level::Attenuation(0.0);
                    Stage::Hold(self.hold)
                }
                Stage::Hold(0) => Stage::Decay,
                Stage::Fade(0) => Stage::Done,
                Stage::Done => return 0,
                Stage::Delay(n) | Stage::Attack(n) | Stage::Hold(n) | Stage::Fade(n) => return n,
                Stage::Decay | Stage::Sustain | Stage::Release => return u32::MAX,
            };
        }
    }

    /// Goes on by `frames`, at most [`Volume::stretch`].
    pub(super) fn advance(&mut self, frames: u32) {
        let n = frames as f32;
        match &mut self.stage {
            Stage::Delay(left) | Stage::Hold(left) => *left = left.saturating_sub(frames),
            Stage::Attack(left) => {
                *left = left.saturating_sub(frames);
                self.level = Level::Amplitude(1.0 - *left as f32 / self.attack as f32);
            }
            Stage::Fade(left) => {
                let after = left.saturating_sub(frames);
                let amplitude = self.level.amplitude() * after as f32 / (*left).max(1) as f32;
                *left = after;
                self.level = Level::Amplitude(amplitude);
            }
            Stage::Decay => {
                let fallen = self.level.attenuation() + n * self.decay;
                self.level = Level::Attenuation(fallen.min(self.sustain));
                if fallen >= self.sustain {
                    self.stage = Stage::Sustain;
                }
            }
            Stage::Release => self.level = Level::Attenuation(self.level.attenuation() + n * self.release),
            Stage::Sustain | Stage::Done => {}
        }
    }

    /// The factor at this moment, 0 to 1.
    pub(super) fn amplitude(&self) -> f32 {
        self.level.amplitude()
    }

    /// The factor at this moment, of a voice that is quieter by `attenuation` centibels anyhow.
    pub(super) fn amplitude_below(&self, attenuation: f32) -> f32 {
        match self.level {
            Level::Amplitude(a) => a * units::gain(attenuation),
            Level::Attenuation(cb) => units::gain(cb + attenuation),
        }
    }

    /// The key is up.
    pub(super) fn let_go(&mut self) {
        match self.stage {
            // A voice that has not begun will not.
            Stage::Delay(_) => self.stage = Stage::Done,
            Stage::Fade(_) | Stage::Done => {}
            _ => {
                self.level = Level::Attenuation(self.level.attenuation());
                self.stage = Stage::Release;
            }
        }
    }

    /// Ends within `frames`, whatever it is doing.
    pub(super) fn fade(&mut self, frames: u32) {
        if !matches!(self.stage, Stage::Done | Stage::Fade(_)) {
            self.stage = Stage::Fade(frames);
        }
    }

    /// From now on a release takes this long at most.
    pub(super) fn hurry(&mut self, frames: f32) {
        self.hurry = DEPTH / frames.max(1.0);
        self.release = self.release.max(self.hurry);
    }

    pub(super) fn set_release(&mut self, timecents: f32, rate: f32) {
        self.release = (DEPTH / units::frames(timecents, rate).max(1.0)).max(self.hurry);
    }

    pub(super) fn waits(&self) -> bool {
        matches!(self.stage, Stage::Delay(_))
    }

    pub(super) fn is_fading(&self) -> bool {
        matches!(self.stage, Stage::Fade(_))
    }

    /// Whether no more will be heard, of a voice that is quieter by `attenuation` centibels anyhow.
    pub(super) fn is_over(&self, attenuation: f32) -> bool {
        /// About the 90 dB below full level at which FluidSynth, too, gives a voice up.
        const INAUDIBLE: f32 = 905.0;
        match self.stage {
            Stage::Done => true,
            Stage::Release => self.level.attenuation() + attenuation >= INAUDIBLE,
            Stage::Decay | Stage::Sustain => self.level.attenuation() >= INAUDIBLE,
            _ => false,
        }
    }
}

impl Level {
    fn amplitude(self) -> f32 {
        match self {
            Level::Amplitude(a) => a,
            Level::Attenuation(cb) => units::gain(cb),
        }
    }

    fn attenuation(self) -> f32 {
        match self {
            Level::Amplitude(a) => units::attenuation(a),
            Level::Attenuation(cb) => cb,
        }
    }
}

/// The modulation envelope, 0 to 1: convex while it rises, straight while it falls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Modulation {
    stage: Stage,
    attack: u32,
    hold: u32,
    /// A frame.
    decay: f32,
    sustain: f32,
    /// A frame.
    release: f32,
    value: f32,
}

impl Modulation {
    pub(super) fn new(values: &[f32; g::COUNT], key: u8, rate: f32) -> Modulation {
        let keys = 60.0 - f32::from(key);
        let hold = units::frames_or_none(values[g::MOD_ENV_HOLD] + keys * values[g::KEY_TO_MOD_ENV_HOLD], rate);
        let decay = values[g::MOD_ENV_DECAY] + keys * values[g::KEY_TO_MOD_ENV_DECAY];
        Modulation {
            stage: Stage::Delay(units::frames_or_none(values[g::MOD_ENV_DELAY], rate)),
            attack: units::frames(values[g::MOD_ENV_ATTACK], rate).max(1.0) as u32,
            hold,
            decay: 1.0 / units::frames(decay.min(8000.0), rate).max(1.0),
            sustain: 1.0 - values[g::MOD_ENV_SUSTAIN] / 1000.0,
            release: 1.0 / units::frames(values[g::MOD_ENV_RELEASE], rate).max(1.0),
            value: 0.0,
        }
    }

    /// Goes on by any number of frames.
    pub(super) fn advance(&mut self, mut frames: u32) {
        while frames > 0 {
            match &mut self.stage {
                Stage::Delay(left) | Stage::Hold(left) | Stage::Attack(left) if *left > 0 => {
                    let n = frames.min(*left);
                    *left -= n;
                    frames -= n;
                    if let Stage::Attack(left) = self.stage {
                        self.value = units::convex(1.0 - left as f32 / self.attack as f32);
                    }
                }
                Stage::Delay(_) => self.stage = Stage::Attack(self.attack),
                Stage::Attack(_) => {
                    self.value = 1.0;
                    self.stage = Stage::Hold(self.hold);
                }
                Stage::Hold(_) => self.stage = Stage::Decay,
                Stage::Decay => {
                    self.value = (self.value - frames as f32 * self.decay).max(self.sustain);
                    return;
                }
                Stage::Release => {
                    self.value = (self.value - frames as f32 * self.release).max(0.0);
                    return;
                }
                Stage::Sustain | Stage::Fade(_) | Stage::Done => return,
            }
        }
    }

    pub(super) fn value(&self) -> f32 {
        self.value
    }

    /// The key is up.
    pub(super) fn let_go(&mut self) {
        self.stage = Stage::Release;
    }
}
