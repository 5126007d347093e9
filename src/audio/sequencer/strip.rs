//! How a track is mixed, and what that does to the controllers of its channel.

use crate::music::message::{Channel, Controller, Key, Message, Value, Velocity, Voice};

use super::Sink;

const VOLUME: u8 = 7;
const PAN: u8 = 10;

/// An instrument of a bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Bank select, coarse (controller 0).
    pub bank: u8,
    /// Bank select, fine (controller 32).
    pub bank_fine: u8,
    /// The program, from 0.
    pub program: u8,
}

impl Program {
    /// What a channel is told to choose it.
    fn chosen(self) -> [Voice; 3] {
        [control(0, self.bank), control(32, self.bank_fine), Voice::Program(Value::masked(self.program))]
    }

    /// What a channel is told to play a note with it.
    pub fn played(self, channel: Channel) -> impl Iterator<Item = Message> {
        let note = Voice::NoteOn { key: Key::masked(60), velocity: Velocity::masked(64) };
        self.chosen().into_iter().chain([note]).map(move |voice| Message::Voice(channel, voice))
    }
}

/// How a strip is mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strip {
    /// Not heard.
    pub mute: bool,
    /// If any strip is solo, only those that are solo are heard.
    pub solo: bool,
    /// Percent of the level that the piece asks for, 0 to 200.
    pub volume: u8,
    /// Moved to the left (-64) or right (63) from where the piece puts it.
    pub pan: i8,
    /// Another instrument than the piece asks for.
    pub program: Option<Program>,
}

impl Default for Strip {
    fn default() -> Strip {
        Strip { mute: false, solo: false, volume: 100, pan: 0, program: None }
    }
}

impl Strip {
    /// A velocity at this strip's volume.
    pub(super) fn scaled(&self, velocity: Velocity) -> Velocity {
        if self.volume == 100 {
            return velocity;
        }
        Velocity::masked(squared(velocity.get(), self.volume).max(1))
    }
}

/// Controller values and velocities act by their square (General MIDI 2, volume: 40 log (v/127) dB).
pub(in crate::audio) fn squared(value: u8, percent: u8) -> u8 {
    (f32::from(value) * (f32::from(percent) / 100.0).sqrt()).round().min(127.0) as u8
}

/// What the piece has told a channel, before mixing.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChannelState {
    volume: u8,
    pan: u8,
    banks: [u8; 2],
    program: Program,
    sustain: u8,
    sostenuto: u8,
}

impl Default for ChannelState {
    fn default() -> ChannelState {
        // The values at power-on that General MIDI names.
        ChannelState { volume: 100, pan: 64, banks: [0; 2], program: Program::default(), sustain: 0, sostenuto: 0 }
    }
}

impl ChannelState {
    /// Notes what the piece says; answers with what to send instead, if anything.
    pub(super) fn hear(&mut self, voice: Voice, strip: &Strip) -> Option<Voice> {
        match voice {
            Voice::Program(program) => {
                self.program = Program { bank: self.banks[0], bank_fine: self.banks[1], program: program.get() };
                strip.program.is_none().then_some(voice)
            }
            Voice::Control { controller, value } => {
                let v = value.get();
                match controller.get() {
                    0 | 32 => {
                        self.banks[usize::from(controller.get() == 32)] = v;
                        return strip.program.is_none().then_some(voice);
                    }
                    VOLUME => self.volume = v,
                    PAN => self.pan = v,
                    64 => self.sustain = v,
                    66 => self.sostenuto = v,
                    // All controllers are reset.
                    121 => self.forget_pedals(),
                    _ => return Some(voice),
                }
                match controller.get() {
                    VOLUME => Some(control(VOLUME, self.mixed_volume(strip))),
                    PAN => Some(control(PAN, self.mixed_pan(strip))),
                    _ => Some(voice),
                }
            }
            voice => Some(voice),
        }
    }

    /// Sends what differs when a strip is mixed anew.
    pub(super) fn restate(&self, channel: Channel, before: &Strip, after: &Strip, sink: &mut impl Sink) {
        let mut say = |voice| sink.message(&Message::Voice(channel, voice));
        if before.volume != after.volume {
            say(control(VOLUME, self.mixed_volume(after)));
        }
        if before.pan != after.pan {
            say(control(PAN, self.mixed_pan(after)));
        }
        if before.program != after.program {
            after.program.unwrap_or(self.program).chosen().into_iter().for_each(say);
        }
    }

    /// Those pedals that are down go up.
    pub(super) fn lift(&self, channel: Channel, sink: &mut impl Sink) {
        for (pedal, _) in self.pedals_down() {
            sink.message(&Message::Voice(channel, control(pedal, 0)));
        }
    }

    /// They go down again, as far as they were.
    pub(super) fn press(&self, channel: Channel, sink: &mut impl Sink) {
        for (pedal, value) in self.pedals_down() {
            sink.message(&Message::Voice(channel, control(pedal, value)));
        }
    }

    /// They are up from now on.
    pub(super) fn forget_pedals(&mut self) {
        (self.sustain, self.sostenuto) = (0, 0);
    }

    fn pedals_down(&self) -> impl Iterator<Item = (u8, u8)> + use<> {
        [(64, self.sustain), (66, self.sostenuto)].into_iter().filter(|(_, value)| *value >= 64)
    }

    fn mixed_volume(&self, strip: &Strip) -> u8 {
        if strip.volume == 100 { self.volume } else { squared(self.volume, strip.volume) }
    }

    fn mixed_pan(&self, strip: &Strip) -> u8 {
        (i16::from(self.pan) + i16::from(strip.pan)).clamp(0, 127) as u8
    }
}

fn control(controller: u8, value: u8) -> Voice {
    Voice::Control { controller: Controller::masked(controller), value: Value::masked(value) }
}
