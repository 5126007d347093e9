//! The keys on screen: played with the mouse or with the computer's keys.

use crate::keyboard::stream::{self, Notices};
use crate::keyboard::{Clock, Receiver, Sender};
use crate::music::message::{Channel, Controller, Key, Message, Value, Velocity, Voice};
use crate::music::take::Sounding;
use crate::music::{Micros, general_midi};

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

/// The longest that a window is taken to have been busy with something else while keys were played.
const BUSY: Micros = Micros::from_millis(40);

/// Plays. What is held is let go when this is dropped.
#[derive(Debug)]
pub struct Touch {
    sender: Sender,
    clock: Clock,
    sounding: Sounding,
    /// What sounds already, and was not handed on to whoever records it.
    played: Vec<Message>,
    /// When that was last done.
    handed_on: Micros,
    /// What sounds without being played.
    tried: Sounding,
    _notices: Notices,
}

/// The keys, and the desk's end of them; for the thread that will listen.
pub(super) fn on_screen(clock: Clock) -> (Touch, Receiver) {
    let (sender, notices, receiver) = stream::stream(clock);
    let (played, handed_on) = (Vec::new(), clock.now());
    let sounding = Sounding::default();
    let tried = Sounding::default();
    (Touch { sender, clock, sounding, played, handed_on, tried, _notices: notices }, receiver)
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

    /// Hands on what was played since the last time, to be recorded. A window that was busy is told of several keys at once,
    /// and no window system's toolkit says when each was pressed: they are spread over that time, in their order, so that a
    /// key that was struck and let go has a length.
    pub fn hand_on(&mut self) {
        let now = self.clock.now();
        let times = spread(self.handed_on, now, self.played.len());
        for (at, message) in times.zip(std::mem::take(&mut self.played)) {
            self.sender.tell(at, message);
        }
        self.handed_on = now;
    }

    /// Everything goes up.
    pub fn release_all(&mut self) {
        self.hand_on();
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
        self.sender.sound(self.clock.now(), &message);
        self.played.push(message);
    }
}

/// The times of so many keys that came in one go, some time after `since`: the last one now.
fn spread(since: Micros, now: Micros, count: usize) -> impl Iterator<Item = Micros> {
    let step = now.since(since).min(BUSY).0 / (count as u64).max(1);
    (0..count as u64).rev().map(move |later| Micros(now.0 - later * step))
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
    fn keys_that_come_in_one_go_are_spread_over_the_time_since_the_last() {
        let times = |since, now, count| spread(Micros(since), Micros(now), count).map(|m| m.0).collect::<Vec<_>>();
        assert_eq!(times(1_000, 31_000, 3), [11_000, 21_000, 31_000]);
        assert_eq!(times(0, 90_000_000, 2), [89_980_000, 90_000_000], "nobody is busy that long");
        assert_eq!(times(5, 5, 2), [5, 5]);
        assert_eq!((times(0, 7, 1), times(0, 7, 0)), (vec![7], vec![]));
    }

    #[test]
    fn a_key_that_is_struck_and_let_go_in_one_go_has_a_length_and_sounds_at_once() {
        let (mut touch, mut receiver) = on_screen(Clock::start());
        let mut tap = receiver.take_tap().unwrap();
        let mut events = Vec::new();
        std::thread::sleep(std::time::Duration::from_millis(2));
        touch.press(Key::masked(60), Velocity::masked(90));
        touch.release(Key::masked(60));
        assert!(tap.pop().is_ok() && tap.pop().is_ok(), "nobody waits for the sound");
        touch.hand_on();
        receiver.drain(std::time::Duration::ZERO, &mut events);
        let times: Vec<Micros> = events.iter().map(crate::keyboard::Event::at).collect();
        assert!(times.len() == 2 && times[1].since(times[0]) >= Micros(1_000), "{times:?}");
    }

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
