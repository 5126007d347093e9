//! One channel with its voices and its buses: everything of it that does not depend on the other channels.
//!
//! Because of that, parts can be rendered by different threads, and what comes out is the same to the last bit.

use std::ops::Range;

use super::buses::Buses;
use super::channel::{Banks, Channel, controller};
use super::oscillator::{self, Window};
use super::voice::{Hold, Start, Voice};
use crate::audio::soundfont::SoundFont;
use crate::music::message::{Key, Velocity, Voice as ChannelMessage};

/// What a part needs to know of the synthesiser it belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) font: &'a SoundFont,
    /// Frames a second.
    pub(super) rate: f32,
    /// Whether a note waits until its preset is unpacked. Never in an audio callback.
    pub(super) patient: bool,
}

#[derive(Debug)]
pub(super) struct Part {
    pub(super) channel: Channel,
    /// In the order of their beginning; never more than its capacity.
    voices: Vec<Voice>,
    /// The preset that sounds, and the one chosen, which may not be ready yet.
    preset: Option<usize>,
    chosen: Option<usize>,
    serial: u64,
    pub(super) buses: Buses,
    /// Where voices lay out what they read; one serves all.
    window: Window,
}

impl Part {
    /// With room for so many voices, and for so many frames at once.
    pub(super) fn new(drums: bool, voices: usize, frames: usize) -> Part {
        Part {
            channel: Channel::new(drums),
            voices: Vec::with_capacity(voices),
            preset: None,
            chosen: None,
            serial: 0,
            buses: Buses::new(frames),
            window: oscillator::EMPTY,
        }
    }

    pub(super) fn voices(&self) -> &[Voice] {
        &self.voices
    }

    pub(super) fn voice_mut(&mut self, place: usize) -> Option<&mut Voice> {
        self.voices.get_mut(place)
    }

    /// Takes a message, to act at the next frame. How many voices began.
    pub(super) fn take(&mut self, message: ChannelMessage, setting: Setting<'_>) -> usize {
        self.channel.take(message);
        match message {
            ChannelMessage::NoteOn { key, velocity } => return self.note_on(key, velocity, setting),
            ChannelMessage::NoteOff { key, .. } => self.note_off(key.get(), setting),
            ChannelMessage::Control { controller, value } => self.control(controller.get(), value.get(), setting),
            ChannelMessage::Program(_) => self.choose(setting.font),
            ChannelMessage::ChannelPressure(_) | ChannelMessage::PitchBend(_) => self.touch_all(),
            ChannelMessage::KeyPressure { key, .. } => {
                self.voices.iter_mut().filter(|v| v.key == key.get()).for_each(Voice::touch);
            }
        }
        0
    }

    fn control(&mut self, number: u8, value: u8, setting: Setting<'_>) {
        match number {
            controller::SUSTAIN if value < 64 => {
                self.release(setting, |v| v.hold == Hold::Pedal && !v.sostenuto);
            }
            controller::SOSTENUTO => {
                if value >= 64 {
                    self.voices.iter_mut().filter(|v| v.hold == Hold::Key).for_each(|v| v.sostenuto = true);
                } else {
                    self.voices.iter_mut().for_each(|v| v.sostenuto = false);
                    if !self.channel.down(controller::SUSTAIN) {
                        self.release(setting, |v| v.hold == Hold::Pedal);
                    }
                }
            }
            controller::ALL_SOUND_OFF => self.voices.iter_mut().for_each(|v| v.fade(setting)),
            controller::RESET => {
                self.channel.reset_controllers();
                self.voices.iter_mut().for_each(|v| v.sostenuto = false);
                self.release(setting, |v| v.hold == Hold::Pedal);
            }
            // The mode messages that follow it imply it.
            controller::ALL_NOTES_OFF.. => {
                for key in 0..128 {
                    self.note_off(key, setting);
                }
            }
            _ => {}
        }
        self.touch_all();
    }

    /// Chooses the preset that bank and program name; it sounds from the next note-on on, if it is ready by then.
    pub(super) fn choose(&mut self, font: &SoundFont) {
        self.chosen = font.find(self.channel.bank(), self.channel.program);
        self.settle(font);
    }

    /// The preset that the next note asks for.
    pub(super) fn chosen(&self) -> Option<usize> {
        self.chosen
    }

    fn settle(&mut self, font: &SoundFont) {
        if self.preset != self.chosen && self.chosen.is_some_and(|preset| font.ready(preset)) {
            self.preset = self.chosen;
        }
    }

    fn note_on(&mut self, key: Key, velocity: Velocity, setting: Setting<'_>) -> usize {
        let (key, velocity) = (key.get(), velocity.get());
        let font = setting.font;
        if let Some(preset) = self.chosen.filter(|_| setting.patient) {
            font.make_ready(preset);
        }
        self.settle(font);
        let Some(preset) = self.preset else { return 0 };
        // A key that is struck again does not double.
        self.note_off(key, setting);
        self.serial += 1;
        let mut begun = 0;
        let soft = self.channel.down(controller::SOFT);
        let (first, zones) = font.zones_of(preset);
        for (preset_place, preset_zone) in (first..).zip(zones) {
            if !(preset_zone.keys.holds(key) && preset_zone.velocities.holds(velocity)) {
                continue;
            }
            let (first, zones) = font.instrument(preset_zone);
            for (place, zone) in (first..).zip(zones) {
                if !(zone.keys.holds(key) && zone.velocities.holds(velocity) && self.make_room()) {
                    continue;
                }
                let start = Start {
                    preset_zone: (preset_place, preset_zone),
                    instrument_zone: (place, zone),
                    key,
                    velocity,
                    serial: self.serial,
                    rate: setting.rate,
                    soft,
                };
                if let Some(voice) = Voice::start(font, &self.channel, start) {
                    self.exclude(&voice, setting);
                    self.voices.push(voice);
                    begun += 1;
                }
            }
        }
        begun
    }

    /// Whether there is a place for one more voice. One that is fading gives its place up before it has to.
    fn make_room(&mut self) -> bool {
        if self.voices.len() < self.voices.capacity() {
            return true;
        }
        let fading = self.voices.iter().position(Voice::is_fading);
        fading.map(|place| self.voices.remove(place)).is_some()
    }

    /// Cuts off what may not sound together with a new voice.
    fn exclude(&mut self, new: &Voice, setting: Setting<'_>) {
        if new.exclusive_class == 0 {
            return;
        }
        let same = |v: &&mut Voice| v.exclusive_class == new.exclusive_class && v.serial != new.serial;
        self.voices.iter_mut().filter(same).for_each(|v| v.cut_off(setting));
    }

    fn note_off(&mut self, key: u8, setting: Setting<'_>) {
        let sustained = self.channel.down(controller::SUSTAIN);
        for voice in self.voices.iter_mut().filter(|v| v.key == key && v.hold == Hold::Key) {
            if sustained || voice.sostenuto {
                voice.hold = Hold::Pedal;
            } else {
                voice.let_go(setting);
            }
        }
    }

    fn release(&mut self, setting: Setting<'_>, which: impl Fn(&Voice) -> bool) {
        self.voices.iter_mut().filter(|v| which(v)).for_each(|v| v.let_go(setting));
    }

    fn touch_all(&mut self) {
        self.voices.iter_mut().for_each(Voice::touch);
    }

    /// Ends all voices within a few milliseconds, whatever holds them.
    pub(super) fn silence(&mut self, setting: Setting<'_>) {
        self.voices.iter_mut().for_each(|v| v.fade(setting));
    }

    /// Ends all voices at once: their font goes.
    pub(super) fn forget(&mut self) {
        self.voices.clear();
        self.preset = None;
        self.chosen = None;
    }

    /// The channel as after switching on.
    pub(super) fn reset(&mut self, drums: bool, banks: Banks, setting: Setting<'_>) {
        self.silence(setting);
        self.restart(drums, banks, setting);
    }

    /// The same, but what is held is let go and dies away by itself.
    pub(super) fn restart(&mut self, drums: bool, banks: Banks, setting: Setting<'_>) {
        self.release(setting, |v| v.hold != Hold::Nobody);
        self.channel = Channel::new(drums);
        self.channel.banks = banks;
        self.choose(setting.font);
        self.touch_all();
    }

    /// How many frames there is room for.
    pub(super) fn room(&self) -> usize {
        self.buses.room()
    }

    /// Renders this part's next `frames` frames, at most what there is room for.
    pub(super) fn render(&mut self, setting: Setting<'_>, frames: usize) {
        self.begin(frames);
        self.go_on(setting, 0..frames);
    }

    /// Empties the buses for the next `frames` frames.
    pub(super) fn begin(&mut self, frames: usize) {
        debug_assert!(frames <= self.room());
        self.buses.clear();
    }

    /// Renders one stretch of them.
    pub(super) fn go_on(&mut self, setting: Setting<'_>, frames: Range<usize>) {
        if self.voices.is_empty() || frames.is_empty() {
            return;
        }
        let (channel, window) = (&self.channel, &mut self.window);
        let mut buses = self.buses.stretch(frames.clone());
        self.voices.retain_mut(|voice| voice.render(channel, setting, window, &mut buses, frames.len()));
    }
}
