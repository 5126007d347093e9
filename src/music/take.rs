//! A take: what was played, as it was played.

use serde::{Deserialize, Serialize};

use super::message::{Channel, Key, Message, Value, Velocity, Voice};
use super::time::{Micros, Ppq, Tempo, TimeSignature};

/// What holds for a whole take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakeInfo {
    /// When it started, as a local date and time with its offset (RFC 3339).
    pub started: String,
    /// The port that it was played on, as its owner would recognise it.
    pub device: String,
    /// The tempo that the player was given.
    pub tempo: Tempo,
    /// The time signature that the player was given.
    pub time_signature: TimeSignature,
    /// Ticks a quarter note of the file to be.
    pub ppq: Ppq,
}

/// Something that happened during a take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeEvent {
    /// A message from the keyboard (or one that closes what it left open).
    Message(Message),
    /// A remark for whoever reads the file: where the keyboard was unplugged, say.
    Marker(String),
}

impl TakeEvent {
    /// Whether a key was struck.
    #[must_use]
    pub fn is_note_on(&self) -> bool {
        matches!(self, TakeEvent::Message(Message::Voice(_, Voice::NoteOn { .. })))
    }
}

/// What was played, in the order of time; zero is the take's start.
#[derive(Clone, Debug, PartialEq)]
pub struct Take {
    /// What holds for the whole take.
    pub info: TakeInfo,
    /// What happened, times never falling.
    pub events: Vec<(Micros, TakeEvent)>,
    /// Where the take ends, at or after the last event.
    pub length: Micros,
}

impl Take {
    /// The number of notes that were struck.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.events.iter().filter(|(_, e)| e.is_note_on()).count()
    }

    /// Closes at `at` whatever still sounds there, so that no note hangs: see [`Sounding::close`].
    pub fn close(&mut self, at: Micros) {
        let mut sounding = Sounding::default();
        for (_, event) in &self.events {
            if let TakeEvent::Message(m) = event {
                sounding.hear(m);
            }
        }
        self.events.extend(sounding.close().into_iter().map(|m| (at, TakeEvent::Message(m))));
        self.length = self.length.max(at);
    }
}

/// Which keys and pedals are down.
#[derive(Clone, Debug, Default)]
pub struct Sounding {
    keys: [u128; 16],
    /// Of those, the ones that a panic message has silenced while no note-off has come.
    silenced: [u128; 16],
    sustain: u16,
}

impl Sounding {
    /// Takes note of a message.
    pub fn hear(&mut self, message: &Message) {
        let Message::Voice(channel, voice) = message else { return };
        let c = usize::from(channel.get());
        match *voice {
            Voice::NoteOn { key, .. } => {
                self.keys[c] |= 1 << key.get();
                self.silenced[c] &= !(1 << key.get());
            }
            Voice::NoteOff { key, .. } => {
                self.keys[c] &= !(1 << key.get());
                self.silenced[c] &= !(1 << key.get());
            }
            Voice::Control { controller, .. } if Message::ENDS_ALL_NOTES.contains(&controller.get()) => {
                self.silenced[c] = self.keys[c];
            }
            Voice::Control { controller, value } if controller == Message::SUSTAIN => {
                if value.get() >= 64 {
                    self.sustain |= 1 << c;
                } else {
                    self.sustain &= !(1 << c);
                }
            }
            _ => {}
        }
    }

    /// Whether this key is down.
    #[must_use]
    pub fn is_down(&self, channel: Channel, key: Key) -> bool {
        self.keys[usize::from(channel.get())] >> key.get() & 1 == 1
    }

    /// Whether nothing sounds: no key is down, or only keys that "all notes off" or "all sound off"
    /// has silenced.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.keys == self.silenced
    }

    /// The keys that are down, lowest first, channel by channel.
    pub fn keys(&self) -> impl Iterator<Item = (Channel, Key)> + '_ {
        (0..16u8).flat_map(move |c| {
            (0..128u8)
                .filter(move |k| self.keys[usize::from(c)] >> k & 1 == 1)
                .map(move |k| (Channel::masked(c), Key::masked(k)))
        })
    }

    /// The messages that end what is down (note-offs with velocity 64, then the pedal up), and from here on nothing is.
    pub fn close(&mut self) -> Vec<Message> {
        let mut out: Vec<Message> = self
            .keys()
            .map(|(channel, key)| Message::Voice(channel, Voice::NoteOff { key, velocity: Velocity::masked(64) }))
            .collect();
        out.extend((0..16u8).filter(|c| self.sustain >> c & 1 == 1).map(|c| {
            Message::Voice(Channel::masked(c), Voice::Control { controller: Message::SUSTAIN, value: Value::masked(0) })
        }));
        *self = Sounding::default();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_message_silences_its_channel_and_every_key_still_gets_its_note_off() {
        let mut sounding = Sounding::default();
        let mut hear = |bytes: &[u8]| {
            sounding.hear(&Message::from_bytes(bytes).unwrap());
            sounding.clone()
        };
        assert!(!hear(&[0x90, 60, 100]).is_silent());
        assert!(!hear(&[0xb1, 123, 0]).is_silent(), "another channel's");
        for panic in [120, 123] {
            assert!(hear(&[0xb0, panic, 0]).is_silent());
            assert!(!hear(&[0x90, 62, 100]).is_silent());
        }
        assert!(hear(&[0x80, 62, 64]).is_silent());
        let closing = hear(&[0xb0, 123, 0]).close();
        assert_eq!(closing.len(), 1, "the one that got no note-off: {closing:?}");
    }
}
