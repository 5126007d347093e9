//! One voice: a sample through pitch, filter and volume, from the frame of its note-on to its end.
//!
//! A voice lives in blocks of at most [`BLOCK`] frames that begin with the note itself, whatever stretches it is
//! rendered in. A block is computed as a whole when its first frame is due. It ends early where an envelope turns; and
//! where the note ends in its middle, it is taken back to that frame. Controllers act from the next block on.

use wide::f32x4;

use super::buses::{BUSES, Stretch};
use super::channel::Channel;
use super::envelope::{Modulation, Volume};
use super::filter::Filter;
use super::lfo::Lfo;
use super::modulation::{self, Note};
use super::oscillator::{self, Looping, Oscillator, Window};
use super::part::Setting;
use super::units;
use crate::audio::soundfont::generator::{self as g, Values};
use crate::audio::soundfont::{Bounds, SoundFont, Wave, Zone};

/// The longest block: 1.3 ms at 48 kHz.
pub(super) const BLOCK: usize = 64;
/// Seconds; a note sounds at least this long, so that one whose end comes at once is heard.
const SHORTEST: f32 = 0.01;
/// Seconds in which a voice ends whose place is needed.
const FADE: f32 = 0.004;
/// Seconds to silence of a voice that another of its exclusive class cuts off.
const CUT: f32 = 0.125;
/// Centibels that the soft pedal takes away.
const SOFT: f32 = 30.0;

/// Who keeps the voice sounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Key,
    /// The key is up, the sustain or sostenuto pedal is down.
    Pedal,
    Nobody,
}

#[derive(Debug)]
pub(super) struct Voice {
    pub(super) hold: Hold,
    /// The sostenuto pedal went down while the key was.
    pub(super) sostenuto: bool,
    /// The key that was pressed.
    pub(super) key: u8,
    /// 0 for none.
    pub(super) exclusive_class: i16,
    /// Voices of one note-on have the same.
    pub(super) serial: u64,
    note: Note,
    values: Values,
    preset_zone: u32,
    instrument_zone: u32,
    sample: u32,
    soft: bool,
    shape: Shape,
    /// A controller moved since the last block.
    stale: bool,
    motion: Motion,
    block: Block,
    /// The block's samples at their level.
    samples: [f32; BLOCK],
}

/// Everything of a voice that goes on with time.
#[derive(Clone, Copy, Debug)]
struct Motion {
    oscillator: Oscillator,
    filter: Filter,
    volume: Volume,
    modulation: Modulation,
    mod_lfo: Lfo,
    vib_lfo: Lfo,
    /// Frames since the note-on, as far as they matter.
    age: u32,
}

/// What a block needs of the generators.
#[derive(Clone, Copy, Debug, Default)]
struct Shape {
    cents: f32,
    mod_lfo_to_pitch: f32,
    vib_lfo_to_pitch: f32,
    mod_env_to_pitch: f32,
    cutoff: f32,
    resonance: f32,
    mod_lfo_to_cutoff: f32,
    mod_env_to_cutoff: f32,
    mod_lfo_to_volume: f32,
    attenuation: f32,
    /// By bus.
    shares: [f32; BUSES],
}

/// The block that is being rendered.
#[derive(Clone, Copy, Debug)]
struct Block {
    done: u32,
    length: u32,
    /// The level before the block's first frame and at its last.
    from: f32,
    level: f32,
    /// Of the level, by bus: at the block's beginning, and what each frame adds.
    shares: [f32; BUSES],
    slopes: [f32; BUSES],
    /// A share changes in this block.
    moving: bool,
    /// How the sample is read: 32 bits of fraction.
    step: u64,
    /// What `step` came of.
    cents: f32,
    cutoff: f32,
    silent: bool,
    /// The sample ends with this block.
    last: bool,
    /// From where it was computed.
    before: Motion,
}

/// Where a new voice comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start<'a> {
    pub(super) preset_zone: (u32, &'a Zone),
    pub(super) instrument_zone: (u32, &'a Zone),
    pub(super) key: u8,
    pub(super) velocity: u8,
    pub(super) serial: u64,
    pub(super) rate: f32,
    pub(super) soft: bool,
}

impl Voice {
    /// `None` where the sample cannot sound.
    pub(super) fn start(font: &SoundFont, channel: &Channel, start: Start<'_>) -> Option<Voice> {
        let wave = font.wave(start.instrument_zone.1.target)?;
        let mut values = start.instrument_zone.1.values;
        for (value, more) in values.iter_mut().zip(start.preset_zone.1.values) {
            *value = value.saturating_add(more);
        }
        let fixed = |place: usize, played: u8| u8::try_from(values[place]).ok().filter(|v| *v < 128).unwrap_or(played);
        let note = Note {
            key: fixed(g::KEY, start.key),
            velocity: fixed(g::VELOCITY, start.velocity).max(1),
            pressed: start.key,
        };
        let looping = match values[g::SAMPLE_MODES] & 3 {
            1 => Looping::Always,
            3 => Looping::WhileHeld,
            _ => Looping::Never,
        };
        let modulators = font.modulators_of(start.instrument_zone.0, start.preset_zone.0);
        let now = modulation::values(&values, modulators, channel, note);
        let motion = Motion {
            oscillator: Oscillator::new(bounds(wave, &values), looping),
            filter: Filter::default(),
            volume: Volume::new(&now, note.key, start.rate),
            modulation: Modulation::new(&now, note.key, start.rate),
            mod_lfo: Lfo::new(now[g::MOD_LFO_DELAY], now[g::MOD_LFO_FREQUENCY], start.rate),
            vib_lfo: Lfo::new(now[g::VIB_LFO_DELAY], now[g::VIB_LFO_FREQUENCY], start.rate),
            age: 0,
        };
        let block = Block {
            done: 0,
            length: 0,
            from: 0.0,
            level: 0.0,
            shares: [0.0; BUSES],
            slopes: [0.0; BUSES],
            moving: false,
            step: 1,
            cents: f32::NAN,
            cutoff: 0.0,
            silent: true,
            last: false,
            before: motion,
        };
        let mut voice = Voice {
            hold: Hold::Key,
            sostenuto: false,
            key: start.key,
            exclusive_class: values[g::EXCLUSIVE_CLASS],
            serial: start.serial,
            note,
            values,
            preset_zone: start.preset_zone.0,
            instrument_zone: start.instrument_zone.0,
            sample: start.instrument_zone.1.target,
            soft: start.soft,
            shape: Shape::default(),
            stale: false,
            motion,
            block,
            samples: [0.0; BLOCK],
        };
        voice.shape = voice.shape(&now, wave, channel, start.rate);
        voice.block.shares = voice.shape.shares;
        Some(voice)
    }

    /// A controller, the wheel or pressure moved.
    pub(super) fn touch(&mut self) {
        self.stale = true;
    }

    /// The note ends, by key or pedal.
    pub(super) fn let_go(&mut self, setting: Setting<'_>) {
        if self.hold != Hold::Nobody {
            self.hold = Hold::Nobody;
            self.take_back(setting);
        }
    }

    /// Ends the voice within a few milliseconds.
    pub(super) fn fade(&mut self, setting: Setting<'_>) {
        if !self.is_fading() {
            self.take_back(setting);
            self.motion.volume.fade((FADE * setting.rate) as u32);
        }
    }

    /// Another note of the exclusive class begins.
    pub(super) fn cut_off(&mut self, setting: Setting<'_>) {
        self.take_back(setting);
        self.motion.volume.hurry(CUT * setting.rate);
        self.exclusive_class = 0;
        self.hold = Hold::Nobody;
    }

    pub(super) fn is_fading(&self) -> bool {
        self.motion.volume.is_fading()
    }

    /// How much would be lost with this voice: the smallest goes first.
    pub(super) fn worth(&self) -> f32 {
        let held = match self.hold {
            Hold::Key => 300.0,
            Hold::Pedal => 100.0,
            Hold::Nobody => 0.0,
        };
        held - self.shape.attenuation - units::attenuation(self.motion.volume.amplitude().max(1e-6)).min(900.0)
    }

    /// Drops what was computed beyond this moment, so that the next block begins here.
    fn take_back(&mut self, setting: Setting<'_>) {
        let Block { done, length, from, level, step, cutoff, before, .. } = self.block;
        if done >= length {
            return;
        }
        self.block.level = from + (level - from) * (done as f32 / length as f32);
        self.motion = before;
        self.block.length = done;
        self.block.last = false;
        if done == 0 {
            return;
        }
        let wave = setting.font.wave(self.sample).filter(|_| !self.block.silent);
        self.motion.advance(done);
        self.motion.filter.aim(cutoff, self.shape.resonance, length, setting.rate);
        let mut scratch = [0.0; BLOCK];
        if let (Some(wave), Some(scratch)) = (wave, scratch.get_mut(..done as usize)) {
            self.motion.sound(wave, step, &mut oscillator::EMPTY.clone(), scratch);
        }
    }

    fn shape(&self, now: &[f32; g::COUNT], wave: Wave<'_>, channel: &Channel, rate: f32) -> Shape {
        let root = u8::try_from(self.values[g::ROOT_KEY]).ok().filter(|k| *k < 128).unwrap_or(wave.key);
        let keys = f32::from(self.note.key) - f32::from(root);
        let speed = 1200.0 * units::log2(f64::from(wave.rate) / f64::from(rate)) as f32;
        let cents = keys * now[g::SCALE_TUNING]
            + now[g::COARSE_TUNE] * 100.0
            + now[g::FINE_TUNE]
            + now[g::PITCH]
            + f32::from(wave.correction)
            // Drums have a pitch of their own.
            + if channel.drums { 0.0 } else { channel.tuning }
            + speed;
        // Equal power: an eighth of a turn is the middle.
        let turn = f64::from(now[g::PAN] + 500.0) / 4000.0;
        let (left, right) = (units::cos(turn) as f32, units::sin(turn) as f32);
        Shape {
            cents,
            mod_lfo_to_pitch: now[g::MOD_LFO_TO_PITCH],
            vib_lfo_to_pitch: now[g::VIB_LFO_TO_PITCH],
            mod_env_to_pitch: now[g::MOD_ENV_TO_PITCH],
            cutoff: now[g::FILTER_CUTOFF],
            resonance: now[g::FILTER_RESONANCE],
            mod_lfo_to_cutoff: now[g::MOD_LFO_TO_CUTOFF],
            mod_env_to_cutoff: now[g::MOD_ENV_TO_CUTOFF],
            mod_lfo_to_volume: now[g::MOD_LFO_TO_VOLUME],
            attenuation: now[g::ATTENUATION] + if self.soft { SOFT } else { 0.0 },
            shares: [left, right, now[g::REVERB_SEND] / 1000.0, now[g::CHORUS_SEND] / 1000.0],
        }
    }

    fn refresh(&mut self, channel: &Channel, wave: Wave<'_>, setting: Setting<'_>) {
        self.stale = false;
        let modulators = setting.font.modulators_of(self.instrument_zone, self.preset_zone);
        let now = modulation::values(&self.values, modulators, channel, self.note);
        self.shape = self.shape(&now, wave, channel, setting.rate);
        self.motion.volume.set_release(now[g::VOL_ENV_RELEASE], setting.rate);
        self.motion.mod_lfo.set_frequency(now[g::MOD_LFO_FREQUENCY], setting.rate);
        self.motion.vib_lfo.set_frequency(now[g::VIB_LFO_FREQUENCY], setting.rate);
    }

    /// Computes the next block; false once the voice is over.
    fn begin_block(&mut self, channel: &Channel, wave: Wave<'_>, setting: Setting<'_>, window: &mut Window) -> bool {
        if self.block.last {
            return false;
        }
        if self.stale {
            self.refresh(channel, wave, setting);
        }
        let mut length = BLOCK as u32;
        let shortest = (SHORTEST * setting.rate) as u32;
        if self.hold == Hold::Nobody {
            if self.motion.age >= shortest {
                self.motion.let_go();
            } else {
                length = length.min(shortest - self.motion.age);
            }
        }
        length = length.min(self.motion.volume.stretch());
        if length == 0 || self.motion.volume.is_over(self.shape.attenuation) {
            return false;
        }
        self.block.before = self.motion;
        let silent = self.motion.volume.waits();
        self.motion.advance(length);

        let shape = &self.shape;
        let (wave_lfo, vibrato) = (self.motion.mod_lfo.value(), self.motion.vib_lfo.value());
        let env = self.motion.modulation.value();
        let cents = shape.cents
            + shape.mod_lfo_to_pitch * wave_lfo
            + shape.vib_lfo_to_pitch * vibrato
            + shape.mod_env_to_pitch * env;
        if cents != self.block.cents {
            // Ten octaves up are more than any font means, and keep the arithmetic in range.
            self.block.step = (units::ratio(cents.min(12_000.0)) * 4_294_967_296.0) as u64;
            self.block.cents = cents;
        }
        let step = self.block.step;
        let cutoff = shape.cutoff + shape.mod_lfo_to_cutoff * wave_lfo + shape.mod_env_to_cutoff * env;
        let level = self.motion.volume.amplitude_below(shape.attenuation - shape.mod_lfo_to_volume * wave_lfo);
        self.motion.filter.aim(cutoff, shape.resonance, length, setting.rate);

        let block = &mut self.block;
        let gone = block.done as f32;
        for ((share, slope), to) in block.shares.iter_mut().zip(&mut block.slopes).zip(shape.shares) {
            *share += *slope * gone;
            *slope = (to - *share) / length as f32;
        }
        block.moving = block.slopes != [0.0; BUSES];
        (block.from, block.level) = (block.level, level);
        (block.done, block.length, block.last) = (0, length, false);
        (block.cutoff, block.silent) = (cutoff, silent);
        if let Some(samples) = self.samples.get_mut(..length as usize).filter(|_| !silent) {
            let sounding = self.motion.sound(wave, step, window, samples);
            swell(samples, block.from, (level - block.from) / length as f32);
            block.last = sounding < length as usize;
            block.length = sounding as u32;
        }
        true
    }

    /// Adds `frames` frames to the buses; false once the voice is over.
    pub(super) fn render(
        &mut self,
        channel: &Channel,
        setting: Setting<'_>,
        window: &mut Window,
        buses: &mut Stretch<'_>,
        frames: usize,
    ) -> bool {
        let Some(wave) = setting.font.wave(self.sample) else { return false };
        let mut at = 0;
        while at < frames {
            if self.block.done >= self.block.length && !self.begin_block(channel, wave, setting, window) {
                return false;
            }
            let length = ((self.block.length - self.block.done) as usize).min(frames - at);
            if !self.block.silent {
                self.mix(buses, at, length);
            }
            self.block.done += length as u32;
            at += length;
        }
        true
    }

    fn mix(&self, buses: &mut Stretch<'_>, at: usize, length: usize) {
        let Block { shares, slopes, moving, done, .. } = self.block;
        let Some(samples) = self.samples.get(done as usize..done as usize + length) else { return };
        for (bus, (share, slope)) in buses.iter_mut().zip(shares.into_iter().zip(slopes)) {
            let Some(bus) = bus.get_mut(at..at + length) else { continue };
            if moving {
                for (n, (out, x)) in (done as i32 + 1..).zip(bus.iter_mut().zip(samples)) {
                    *out += x * (share + slope * n as f32);
                }
            } else if share != 0.0 {
                bus.iter_mut().zip(samples).for_each(|(out, x)| *out += x * share);
            }
        }
    }
}

/// Brings a block to its level, which changes evenly. The first frame already has one step, so that a note is heard
/// from its first frame on.
fn swell(samples: &mut [f32], from: f32, slope: f32) {
    let (fours, rest) = samples.as_chunks_mut::<4>();
    let mut frames = f32x4::new([1.0, 2.0, 3.0, 4.0]);
    let (levels, slopes) = (f32x4::splat(from), f32x4::splat(slope));
    let done = 4 * fours.len();
    for four in fours {
        *four = (f32x4::new(*four) * (levels + slopes * frames)).to_array();
        frames += f32x4::splat(4.0);
    }
    for (n, x) in (done as i32 + 1..).zip(rest) {
        *x *= from + slope * n as f32;
    }
}

impl Motion {
    /// Everything but the sample goes on by `frames`, which no turn of the volume envelope divides.
    fn advance(&mut self, frames: u32) {
        self.volume.advance(frames);
        self.modulation.advance(frames);
        self.mod_lfo.advance(frames);
        self.vib_lfo.advance(frames);
        self.age = self.age.saturating_add(frames);
    }

    /// The sample goes on, through the filter that was aimed. How many frames there were before its end.
    fn sound(&mut self, wave: Wave<'_>, step: u64, window: &mut Window, out: &mut [f32]) -> usize {
        let sounding = self.oscillator.run(wave, step, window, out);
        if let Some(out) = out.get_mut(..sounding) {
            self.filter.run(out);
        }
        sounding
    }

    fn let_go(&mut self) {
        self.oscillator.let_go();
        self.modulation.let_go();
        self.volume.let_go();
    }
}

fn bounds(wave: Wave<'_>, values: &Values) -> Bounds {
    let length = wave.points.len() as i64;
    let moved = |place: u32, fine: usize, coarse: usize| {
        let offset = i64::from(values[fine]) + i64::from(values[coarse]) * 32_768;
        (i64::from(place) + offset).clamp(0, length) as u32
    };
    let start = moved(wave.bounds.start, g::START_OFFSET, g::START_COARSE_OFFSET);
    let end = moved(wave.bounds.end, g::END_OFFSET, g::END_COARSE_OFFSET);
    Bounds {
        start: start.min(end),
        end,
        loop_start: moved(wave.bounds.loop_start, g::LOOP_START_OFFSET, g::LOOP_START_COARSE_OFFSET),
        loop_end: moved(wave.bounds.loop_end, g::LOOP_END_OFFSET, g::LOOP_END_COARSE_OFFSET),
    }
}
