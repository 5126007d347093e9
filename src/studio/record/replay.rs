//! Following the last take while it is played back: what the keyboard's Play button does between takes.

use std::sync::Arc;

use crate::music::take::Sounding;
use crate::music::{Channel, Key, Micros, Take, TakeEvent};

/// A take that is being followed.
#[derive(Clone, Debug)]
pub struct Replay {
    take: Arc<Take>,
    /// When it started, on the session's clock.
    started: Micros,
    /// Events that have been passed.
    passed: usize,
    sounding: Sounding,
    position: Micros,
}

impl Replay {
    /// Starts at the take's beginning.
    #[must_use]
    pub fn start(take: Arc<Take>, now: Micros) -> Replay {
        Replay { take, started: now, passed: 0, sounding: Sounding::default(), position: Micros::ZERO }
    }

    /// Moves on to `now`; false when the take is over.
    pub fn advance(&mut self, now: Micros) -> bool {
        self.position = now.since(self.started);
        let due = self.take.events[self.passed..].iter().take_while(|(at, _)| *at <= self.position);
        for (_, event) in due {
            self.passed += 1;
            if let TakeEvent::Message(message) = event {
                self.sounding.hear(message);
            }
        }
        self.position < self.take.length
    }

    /// Where it is.
    #[must_use]
    pub fn position(&self) -> Micros {
        self.position
    }

    /// The take's length.
    #[must_use]
    pub fn length(&self) -> Micros {
        self.take.length
    }

    /// The keys that are down there.
    pub fn keys(&self) -> impl Iterator<Item = (Channel, Key)> + '_ {
        self.sounding.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Message, Ppq, Tempo, TimeSignature, take::TakeInfo};

    #[test]
    fn keys_go_down_and_up_in_their_time() {
        let event =
            |ms, bytes: &[u8]| (Micros::from_millis(ms), TakeEvent::Message(Message::from_bytes(bytes).unwrap()));
        let take = Take {
            info: TakeInfo {
                started: String::new(),
                device: String::new(),
                tempo: Tempo::DEFAULT,
                time_signature: TimeSignature::COMMON,
                ppq: Ppq::DEFAULT,
            },
            events: vec![event(100, &[0x90, 60, 80]), event(300, &[0x80, 60, 0])],
            length: Micros::from_millis(400),
        };
        let mut replay = Replay::start(Arc::new(take), Micros::from_millis(1000));
        let mut down = |ms| {
            let goes_on = replay.advance(Micros::from_millis(ms));
            (goes_on, replay.keys().count())
        };
        assert_eq!(down(1050), (true, 0));
        assert_eq!(down(1150), (true, 1));
        assert_eq!(down(1350), (true, 0));
        assert_eq!(down(1400), (false, 0));
    }
}
