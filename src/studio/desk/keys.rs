//! The keys on screen: played with the mouse or with the computer's keys.

use crate::keyboard::stream::{self, Notices};
use crate::keyboard::{Clock, Receiver, Sender};
use crate::music::message::{Channel, Key, Message, Velocity, Voice};
use crate::music::take::Sounding;

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

    /// A key sounds and is not played: no take and no capture hears it.
    pub fn sound(&mut self, key: Key, velocity: Velocity) {
        self.try_out(Voice::NoteOn { key, velocity });
    }

    /// A key that only sounds is silent again.
    pub fn hush(&mut self, key: Key) {
        if self.tried.is_down(Channel::default(), key) {
            self.try_out(Voice::NoteOff { key, velocity: Velocity::masked(64) });
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

    fn try_out(&mut self, voice: Voice) {
        let message = Message::Voice(Channel::default(), voice);
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
