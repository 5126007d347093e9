//! The synthesiser: MIDI messages and a SoundFont in, sound out.
//!
//! It is the program's own because measurement said so: see `docs/synth.md`. Safe Rust throughout; it knows
//! [`super::soundfont`] and [`crate::music`], no device, no clock and no file.
//!
//! # Promises
//! - [`Synth::message`] and [`Synth::render`] never allocate, free, lock, wait or panic; `tests/synth_realtime.rs`
//!   holds them to the first two.
//! - A note begins, and its release begins, at the next frame that is rendered: whoever wants a message at a certain
//!   frame renders up to there first. Controllers, wheels and pressure act on what sounds within 64 frames more.
//! - The same font, options and messages at the same frames give the same samples, to the last bit, whatever lengths
//!   they are rendered in, and whether by one thread or several ([`Synth::perform`]).

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::soundfont::SoundFont;
use crate::music::Message;
use crate::music::message::Voice as ChannelMessage;

mod buses;
mod channel;
mod chorus;
mod envelope;
mod filter;
mod lfo;
mod master;
mod modulation;
mod oscillator;
mod part;
mod perform;
mod rehearsal;
mod reverb;
mod system;
pub(super) mod units;
mod voice;

use buses::Buses;
use master::Master;
use part::{Part, Setting};
pub use rehearsal::rehearse;

/// How many channels there are.
pub const CHANNELS: usize = 16;
/// The drum channel's place: channel 10 as people count.
const DRUMS: usize = 9;
/// The frames that [`Synth::render`] renders at once; more are rendered in turns.
const CHUNK: usize = 256;
/// Voices that may still fade out while others have taken their places.
const FADING: usize = 32;

/// How a synthesiser is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Voices at the same time, 1 to 4096; beyond it the least audible one fades out for each new one.
    pub polyphony: usize,
    /// Whether reverb sends are heard.
    pub reverb: bool,
    /// Whether chorus sends are heard.
    pub chorus: bool,
    /// The factor on everything. At 0.2 it is as loud as FluidSynth with its default.
    pub gain: f32,
}

impl Default for Options {
    fn default() -> Options {
        Options { polyphony: 256, reverb: true, chorus: true, gain: 0.2 }
    }
}

/// A synthesiser of sixteen channels.
#[derive(Debug)]
pub struct Synth {
    font: Arc<SoundFont>,
    rate: f32,
    options: Options,
    /// Whether notes wait for their presets: in a performance whose messages are known in advance.
    patient: bool,
    parts: Vec<Part>,
    master: Master,
    /// Of a performance by several threads: the parts' buses of the stretch before, which wait to be summed.
    finished: Vec<Buses>,
}

impl Synth {
    /// A synthesiser with General MIDI's defaults: a piano on every channel but 10, which has drums.
    ///
    /// `sample_rate` is in frames a second, from 8000 to 192,000; others are taken for the nearest of these.
    #[must_use]
    pub fn new(font: Arc<SoundFont>, sample_rate: u32, options: Options) -> Synth {
        Synth::with_room(font, sample_rate, options, CHUNK)
    }

    fn with_room(font: Arc<SoundFont>, sample_rate: u32, options: Options, frames: usize) -> Synth {
        let rate = sample_rate.clamp(8_000, 192_000) as f32;
        let options = Options { polyphony: options.polyphony.clamp(1, 4096), ..options };
        let room = options.polyphony + FADING;
        let mut parts: Vec<Part> = (0..CHANNELS).map(|n| Part::new(n == DRUMS, room, frames)).collect();
        parts.iter_mut().for_each(|part| part.choose(&font));
        let master = Master::new(rate, options, frames);
        Synth { font, rate, options, patient: false, parts, master, finished: Vec::new() }
    }

    /// Takes a message, to act at the next frame.
    ///
    /// Channel messages; of system exclusive ones "GM system on" (1 and 2), Roland's "GS reset" and drum channels,
    /// Yamaha's "XG system on", and the master volume; "system reset" (0xFF). Others change nothing.
    pub fn message(&mut self, message: &Message) {
        match message {
            Message::Voice(channel, voice) => self.voice(usize::from(channel.get()), *voice),
            Message::SysEx(bytes) => self.system_exclusive(bytes),
            Message::System([0xff, ..]) => self.reset(),
            Message::System(_) => {}
        }
    }

    fn voice(&mut self, channel: usize, message: ChannelMessage) {
        let setting = Setting { font: &self.font, rate: self.rate, patient: self.patient };
        let Some(part) = self.parts.get_mut(channel) else { return };
        if part.take(message, setting) > 0 {
            steal(&mut self.parts, self.options.polyphony, setting);
        }
    }

    /// Renders the next frames into both, which should be of one length; what they held is overwritten.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (left, right) in left.chunks_mut(CHUNK).zip(right.chunks_mut(CHUNK)) {
            let frames = left.len().min(right.len());
            let setting = Setting { font: &self.font, rate: self.rate, patient: self.patient };
            self.parts.iter_mut().for_each(|part| part.render(setting, frames));
            self.master.sum(self.parts.iter().map(|part| &part.buses), left, right);
        }
    }

    /// Lets every key go and every pedal up; releases are heard. As "all notes off" on each channel.
    pub fn all_notes_off(&mut self) {
        use crate::music::message::{Controller, Value};
        for number in [channel::controller::SUSTAIN, channel::controller::SOSTENUTO, channel::controller::ALL_NOTES_OFF]
        {
            for channel in 0..CHANNELS {
                let (controller, value) = (Controller::masked(number), Value::masked(0));
                self.voice(channel, ChannelMessage::Control { controller, value });
            }
        }
    }

    /// Ends every voice within 4 ms. Controllers and programs stay, and so does what the room still answers.
    pub fn all_sound_off(&mut self) {
        let setting = Setting { font: &self.font, rate: self.rate, patient: self.patient };
        self.parts.iter_mut().for_each(|part| part.silence(setting));
    }

    /// Ends everything: voices within 4 ms, reverb and chorus at once, pedals and wheels at rest. Programs and
    /// volumes stay.
    pub fn panic(&mut self) {
        self.all_sound_off();
        self.parts.iter_mut().for_each(|part| part.channel.reset_controllers());
        self.master.silence((0.005 * self.rate) as usize);
    }

    /// Everything as after [`Synth::new`], with 4 ms for what sounds.
    pub fn reset(&mut self) {
        self.reset_to(channel::Banks::Gs);
    }

    /// Every channel as after [`Synth::new`]; releases and the room's answer go on. For a piece that begins again.
    pub fn restart(&mut self) {
        self.master.volume = 1.0;
        let setting = Setting { font: &self.font, rate: self.rate, patient: self.patient };
        for (n, part) in self.parts.iter_mut().enumerate() {
            part.restart(n == DRUMS, channel::Banks::Gs, setting);
        }
    }

    fn reset_to(&mut self, banks: channel::Banks) {
        self.master.volume = 1.0;
        let setting = Setting { font: &self.font, rate: self.rate, patient: self.patient };
        for (n, part) in self.parts.iter_mut().enumerate() {
            part.reset(n == DRUMS, banks, setting);
        }
    }

    /// Plays with another font from the next frame on; voices of the old one end at once, so silence them before.
    /// The old font comes back, so that it can be dropped where that may take its time.
    #[must_use = "dropping a font frees megabytes: hand it to a thread that may"]
    pub fn set_font(&mut self, font: Arc<SoundFont>) -> Arc<SoundFont> {
        for part in &mut self.parts {
            part.forget();
            part.choose(&font);
        }
        std::mem::replace(&mut self.font, font)
    }

    /// The font that is played.
    #[must_use]
    pub fn font(&self) -> &Arc<SoundFont> {
        &self.font
    }

    /// Frames a second.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.rate as u32
    }

    /// The voices that sound, fading ones included.
    #[must_use]
    pub fn active_voices(&self) -> usize {
        self.parts.iter().map(|part| part.voices().len()).sum()
    }
}

/// Fades the least audible voices until no more than `most` sound; never those of the newest note alone.
fn steal(parts: &mut [Part], most: usize, setting: Setting<'_>) {
    let sounding = |parts: &[Part]| parts.iter().flat_map(Part::voices).filter(|v| !v.is_fading()).count();
    for _ in most..sounding(parts) {
        let mut least: Option<(f32, usize, usize)> = None;
        for (p, part) in parts.iter().enumerate() {
            for (v, voice) in part.voices().iter().enumerate().filter(|(_, v)| !v.is_fading()) {
                let worth = voice.worth();
                if least.is_none_or(|(w, ..)| worth < w) {
                    least = Some((worth, p, v));
                }
            }
        }
        let Some((_, p, v)) = least else { return };
        if let Some(voice) = parts.get_mut(p).and_then(|part| part.voice_mut(v)) {
            voice.fade(setting);
        }
    }
}

/// A message and when it acts.
#[derive(Clone, Debug)]
pub struct Timed {
    /// Frames from the start of the stretch that is rendered.
    pub frame: usize,
    /// What acts then.
    pub message: Message,
}

/// The number of threads for [`Synth::perform`].
pub type Workers = NonZeroUsize;
