//! The keys on screen: played with the mouse or with the computer's keys.

use crate::keyboard::stream::{self, Notices};
use crate::keyboard::{Clock, Receiver, Sender};
use crate::music::general_midi;
use crate::music::message::{Channel, Controller, Key, Message, Value, Velocity, Voice};
use crate::music::take::Sounding;

/// The channel of what is tried and is no percussion: nobody plays on it.
const TRIED: Channel = Channel::masked(15);

/// In what a key sounds that is only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// An instrument of General MIDI.
    Instrument(Value),
    /// A kit of percussion.
    Kit(Value),
}

impl Trial {
    fn channel(self) -> Channel {
        match self {
            Trial::Instrument(_) => TRIED,
            Trial::Kit(_) => general_midi::PERCUSSION,
        }
    }

    fn program(self) -> Value {
        match self {
            Trial::Instrument(program) | Trial::Kit(program) => program,
        }
    }
}

/// Plays. What is held is let go when this is dropped.
#[derive(Debug)]
pub struct Touch {
    sender: Sender,
    clock: Clock,
    sounding: Sounding,
    /// What sounds without being played.
    tried: Sounding,
    _notices: Notices,
}

/// The keys, and the desk's end of them; for the thread that will listen.
pub(super) fn on_screen(clock: Clock) -> (Touch, Receiver) {
    let (sender, notices, receiver) = stream::stream(clock);
    (Touch { sender, clock, sounding: Sounding::default(), tried: Sounding::default(), _notices: notices }, receiver)
}

impl Touch {
    /// A key goes down; one that is down already stays.
    pub fn press(&mut self, key: Key, velocity: Velocity) {
        if !self.sounding.is_down(Channel::default(), key) {
            self.say(Voice::NoteOn { key, velocity });
        }
    }

    /// A key goes up.
    pub fn release(&mut self, key: Key) {
        if self.sounding.is_down(Channel::default(), key) {
            self.say(Voice::NoteOff { key, velocity: Velocity::masked(64) });
        }
    }

    /// A key sounds in an instrument of its own and is not played: no take and no capture hears it.
    pub fn sound(&mut self, trial: Trial, key: Key, velocity: Velocity) {
        let channel = trial.channel();
        let bank = |number| Voice::Control { controller: Controller::masked(number), value: Value::masked(0) };
        for voice in [bank(0), bank(32), Voice::Program(trial.program()), Voice::NoteOn { key, velocity }] {
            self.try_out(channel, voice);
        }
    }

    /// A key that only sounds is silent again.
    pub fn hush(&mut self, trial: Trial, key: Key) {
        if self.tried.is_down(trial.channel(), key) {
            self.try_out(trial.channel(), Voice::NoteOff { key, velocity: Velocity::masked(64) });
        }
    }

    /// Everything goes up.
    pub fn release_all(&mut self) {
        for message in self.tried.close() {
            self.sender.sound(self.clock.now(), &message);
        }
        for message in self.sounding.close() {
            self.sender.send(self.clock.now(), message);
        }
    }

    fn try_out(&mut self, channel: Channel, voice: Voice) {
        let message = Message::Voice(channel, voice);
        self.tried.hear(&message);
        self.sender.sound(self.clock.now(), &message);
    }

    fn say(&mut self, voice: Voice) {
        let message = Message::Voice(Channel::default(), voice);
        self.sounding.hear(&message);
        self.sender.send(self.clock.now(), message);
    }
}

impl Drop for Touch {
    fn drop(&mut self) {
        self.release_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_sounds_in_its_own_instrument_and_is_not_played() {
        let (mut touch, mut receiver) = on_screen(Clock::start());
        let mut tap = receiver.take_tap().unwrap();
        let (key, velocity) = (Key::masked(60), Velocity::masked(90));
        let drum = Trial::Kit(Value::masked(8));
        touch.sound(Trial::Instrument(Value::masked(40)), key, velocity);
        touch.sound(drum, key, velocity);
        touch.hush(drum, key);
        touch.release_all();
        let heard: Vec<(u8, Voice)> = std::iter::from_fn(|| tap.pop().ok()).map(|(_, c, v)| (c.get(), v)).collect();
        let on = Voice::NoteOn { key, velocity };
        let off = Voice::NoteOff { key, velocity: Velocity::masked(64) };
        let music: Vec<(u8, Voice)> =
            heard.into_iter().filter(|(_, voice)| !matches!(voice, Voice::Control { .. })).collect();
        let program = |number| Voice::Program(Value::masked(number));
        assert_eq!(music, [(15, program(40)), (15, on), (9, program(8)), (9, on), (9, off), (15, off)]);
        let mut events = Vec::new();
        receiver.drain(std::time::Duration::ZERO, &mut events);
        assert!(events.is_empty(), "{events:?}");
    }
}
