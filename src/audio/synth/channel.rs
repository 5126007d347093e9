//! What a MIDI channel remembers: controllers, tuning, program.

use crate::music::message::Voice;

/// The controllers by number (MIDI 1.0 detailed specification, table 3).
pub(super) mod controller {
    pub(in super::super) const BANK_HIGH: u8 = 0;
    pub(in super::super) const MODULATION: u8 = 1;
    pub(in super::super) const DATA_HIGH: u8 = 6;
    pub(in super::super) const VOLUME: u8 = 7;
    pub(in super::super) const BALANCE: u8 = 8;
    pub(in super::super) const PAN: u8 = 10;
    pub(in super::super) const EXPRESSION: u8 = 11;
    pub(in super::super) const BANK_LOW: u8 = 32;
    pub(in super::super) const DATA_LOW: u8 = 38;
    pub(in super::super) const SUSTAIN: u8 = 64;
    pub(in super::super) const SOSTENUTO: u8 = 66;
    pub(in super::super) const SOFT: u8 = 67;
    pub(in super::super) const INCREMENT: u8 = 96;
    pub(in super::super) const DECREMENT: u8 = 97;
    pub(in super::super) const NRPN_LOW: u8 = 98;
    pub(in super::super) const NRPN_HIGH: u8 = 99;
    pub(in super::super) const RPN_LOW: u8 = 100;
    pub(in super::super) const RPN_HIGH: u8 = 101;
    pub(in super::super) const ALL_SOUND_OFF: u8 = 120;
    pub(in super::super) const RESET: u8 = 121;
    pub(in super::super) const ALL_NOTES_OFF: u8 = 123;
}

/// How a channel's bank-select controllers name a bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Banks {
    /// Roland's way and General MIDI's: the upper number is the bank.
    #[default]
    Gs,
    /// Yamaha's way: the lower number is the bank, and an upper one of 127 makes a drum channel.
    Xg,
}

/// What data entry goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parameter {
    None,
    /// A registered parameter, 14 bits.
    Registered(u16),
}

/// One channel's state.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) controllers: [u8; 128],
    pub(super) key_pressure: [u8; 128],
    pub(super) pressure: u8,
    /// -8192 to 8191.
    pub(super) bend: i16,
    /// Cents.
    pub(super) bend_range: f32,
    /// Cents, from the master tuning parameters.
    pub(super) tuning: f32,
    fine: f32,
    coarse: f32,
    pub(super) drums: bool,
    pub(super) program: u8,
    pub(super) banks: Banks,
    parameter: Parameter,
}

impl Channel {
    pub(super) fn new(drums: bool) -> Channel {
        let mut channel = Channel {
            controllers: [0; 128],
            key_pressure: [0; 128],
            pressure: 0,
            bend: 0,
            bend_range: 200.0,
            tuning: 0.0,
            fine: 0.0,
            coarse: 0.0,
            drums,
            program: 0,
            banks: Banks::Gs,
            parameter: Parameter::None,
        };
        channel.controllers[usize::from(controller::VOLUME)] = 100;
        channel.controllers[usize::from(controller::BALANCE)] = 64;
        channel.controllers[usize::from(controller::PAN)] = 64;
        channel.reset_controllers();
        channel
    }

    /// What "reset all controllers" resets (MIDI Association, RP-015).
    pub(super) fn reset_controllers(&mut self) {
        for number in [controller::MODULATION, controller::SUSTAIN, 65, controller::SOSTENUTO, controller::SOFT] {
            self.set(number, 0);
        }
        self.set(controller::EXPRESSION, 127);
        self.pressure = 0;
        self.key_pressure = [0; 128];
        self.bend = 0;
        self.parameter = Parameter::None;
    }

    pub(super) fn get(&self, number: u8) -> u8 {
        self.controllers.get(usize::from(number)).copied().unwrap_or(0)
    }

    fn set(&mut self, number: u8, value: u8) {
        if let Some(place) = self.controllers.get_mut(usize::from(number)) {
            *place = value;
        }
    }

    /// Whether a pedal is down.
    pub(super) fn down(&self, pedal: u8) -> bool {
        self.get(pedal) >= 64
    }

    /// The bank of the next program.
    pub(super) fn bank(&self) -> u16 {
        if self.drums {
            return crate::audio::soundfont::DRUM_BANK;
        }
        u16::from(match self.banks {
            Banks::Gs => self.get(controller::BANK_HIGH),
            Banks::Xg => self.get(controller::BANK_LOW),
        })
    }

    /// Takes what only the channel itself needs to know; the rest is the part's.
    pub(super) fn take(&mut self, message: Voice) {
        match message {
            Voice::KeyPressure { key, pressure } => {
                if let Some(place) = self.key_pressure.get_mut(usize::from(key.get())) {
                    *place = pressure.get();
                }
            }
            Voice::ChannelPressure(pressure) => self.pressure = pressure.get(),
            Voice::PitchBend(bend) => self.bend = bend.clamp(-8192, 8191),
            Voice::Program(program) => self.program = program.get(),
            Voice::Control { controller, value } => self.control(controller.get(), value.get()),
            Voice::NoteOn { .. } | Voice::NoteOff { .. } => {}
        }
    }

    fn control(&mut self, number: u8, value: u8) {
        self.set(number, value);
        match number {
            controller::BANK_HIGH if self.banks == Banks::Xg => self.drums = value >= 120,
            controller::RPN_LOW | controller::RPN_HIGH => {
                let number = u16::from(self.get(controller::RPN_HIGH)) << 7 | u16::from(self.get(controller::RPN_LOW));
                self.parameter = if number == 0x3fff { Parameter::None } else { Parameter::Registered(number) };
                // Each parameter keeps its own lower half; what was sent for another is not for this one.
                self.set(controller::DATA_LOW, if number == 1 { 0 } else { self.get(controller::DATA_LOW) });
            }
            controller::NRPN_LOW | controller::NRPN_HIGH => self.parameter = Parameter::None,
            controller::DATA_HIGH | controller::DATA_LOW => {
                if number == controller::DATA_HIGH && self.parameter != Parameter::Registered(1) {
                    self.set(controller::DATA_LOW, 0);
                }
                self.enter(self.get(controller::DATA_HIGH), self.get(controller::DATA_LOW));
            }
            controller::INCREMENT => self.step(1),
            controller::DECREMENT => self.step(-1),
            _ => {}
        }
    }

    fn enter(&mut self, high: u8, low: u8) {
        match self.parameter {
            Parameter::Registered(0) => self.bend_range = f32::from(high) * 100.0 + f32::from(low.min(99)),
            Parameter::Registered(1) => {
                let fine = i16::from(high) << 7 | i16::from(low);
                self.fine = f32::from(fine - 8192) * (100.0 / 8192.0);
            }
            Parameter::Registered(2) => self.coarse = (f32::from(high) - 64.0) * 100.0,
            _ => {}
        }
        self.tuning = self.fine + self.coarse;
    }

    /// The selected parameter's upper half goes up or down from where it is.
    fn step(&mut self, by: i8) {
        let high = match self.parameter {
            Parameter::Registered(0) => self.bend_range / 100.0,
            Parameter::Registered(1) => (self.fine * (8192.0 / 100.0) + 8192.0) / 128.0,
            Parameter::Registered(2) => self.coarse / 100.0 + 64.0,
            _ => return,
        };
        let high = (high.clamp(0.0, 127.0) as u8).saturating_add_signed(by).min(127);
        self.set(controller::DATA_HIGH, high);
        self.enter(high, self.get(controller::DATA_LOW));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::message::{Controller, Value};

    fn send(channel: &mut Channel, messages: &[(u8, u8)]) {
        for (number, value) in messages {
            let (controller, value) = (Controller::masked(*number), Value::masked(*value));
            channel.take(Voice::Control { controller, value });
        }
    }

    #[test]
    fn registered_parameters_set_range_and_tuning() {
        let mut channel = Channel::new(false);
        send(&mut channel, &[(101, 0), (100, 0), (6, 12), (38, 50)]);
        assert_eq!(channel.bend_range, 1250.0);
        send(&mut channel, &[(101, 0), (100, 1), (6, 96), (38, 0)]);
        assert_eq!(channel.tuning, 50.0);
        send(&mut channel, &[(101, 0), (100, 2), (6, 52)]);
        assert_eq!(channel.tuning, 50.0 - 1200.0);
        send(&mut channel, &[(101, 127), (100, 127), (6, 1), (99, 1), (98, 8), (6, 1)]);
        assert_eq!((channel.tuning, channel.bend_range), (-1150.0, 1250.0));
        // An increment counts from the parameter, whatever was entered for another.
        let mut channel = Channel::new(false);
        send(&mut channel, &[(101, 0), (100, 2), (6, 70), (100, 0), (96, 0)]);
        assert_eq!((channel.tuning, channel.bend_range), (600.0, 300.0));
    }

    #[test]
    fn a_reset_leaves_volume_pan_and_program_alone() {
        let mut channel = Channel::new(false);
        send(&mut channel, &[(7, 3), (10, 4), (11, 5), (64, 127), (1, 9)]);
        channel.program = 7;
        channel.reset_controllers();
        assert_eq!([7, 10, 11, 64, 1].map(|n| channel.get(n)), [3, 4, 127, 0, 0]);
        assert_eq!(channel.program, 7);
    }
}
