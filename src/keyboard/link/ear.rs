//! What midir's thread calls: settle the bytes, give them their time, hand them to the ring.
//!
//! What is done for a message neither waits, locks nor prints, and only a system exclusive one
//! allocates. Two things are rare enough to cost more: the first message of a connection may wait some
//! microseconds for the ear and makes the thread urgent, and a notice of lost messages goes through a channel.

use std::sync::mpsc;

use super::overruns;
use super::time_base::TimeBase;
use super::urgency;
use crate::keyboard::midi::Normaliser;
use crate::keyboard::stream::{Event, Notices, Sender};
use crate::music::Micros;

/// What listens on one connection after the other.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) sender: Sender,
    pub(super) notices: Notices,
    pub(super) base: TimeBase,
    normaliser: Normaliser,
    last: Micros,
    overruns: u64,
}

impl Ear {
    pub(super) fn new(sender: Sender, notices: Notices, base: TimeBase) -> Ear {
        Ear { sender, notices, base, normaliser: Normaliser::default(), last: Micros::ZERO, overruns: 0 }
    }

    /// Made ready for a new connection: what was down is settled by whoever heard of the departure.
    pub(super) fn renew(&mut self, base: TimeBase) {
        self.base = base;
        self.normaliser = Normaliser::default();
        self.overruns = 0;
    }

    /// The time of the last message.
    pub(super) fn last(&self) -> Micros {
        self.last
    }

    /// Nothing that is heard from here on gets an earlier time.
    pub(super) fn not_before(&mut self, at: Micros) {
        self.last = self.last.max(at);
    }

    fn hear(&mut self, stamp: u64, bytes: &[u8]) {
        let at = self.base.time(stamp).max(self.last);
        self.last = at;
        let overruns = overruns::count();
        if overruns != self.overruns {
            self.overruns = overruns;
            // What is in the system's buffer is older than now, and keeps its own times behind this.
            self.notices.send(Event::Overrun { at, lost: None });
        }
        let sender = &mut self.sender;
        self.normaliser.feed(bytes, |message| sender.send(at, message));
    }
}

/// The ear on its way to midir's thread. It is handed over when the connection stands, because
/// midir does not give back what it was given when a connection fails.
#[derive(Debug)]
pub(super) enum Hearing {
    /// Nothing was heard yet.
    Expected(mpsc::Receiver<Box<Ear>>),
    Here(Box<Ear>),
    /// The supervisor gave up between connecting and handing over.
    Deaf,
}

impl Hearing {
    pub(super) fn hear(&mut self, stamp: u64, bytes: &[u8]) {
        if let Hearing::Expected(ear) = self {
            // The first message of a connection can come before the ear, by microseconds.
            *self = ear.recv().map_or(Hearing::Deaf, Hearing::Here);
            urgency::promote();
        }
        if let Hearing::Here(ear) = self {
            ear.hear(stamp, bytes);
        }
    }

    /// The ear, when the connection has ended.
    pub(super) fn into_ear(self) -> Option<Box<Ear>> {
        match self {
            Hearing::Expected(ear) => ear.try_recv().ok(),
            Hearing::Here(ear) => Some(ear),
            Hearing::Deaf => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::keyboard::stream::{Clock, stream};

    #[test]
    fn what_comes_after_a_loss_keeps_its_own_times() {
        overruns::install();
        let clock = Clock::start();
        let (sender, notices, mut receiver) = stream(clock);
        std::thread::sleep(Duration::from_millis(5));
        let mut ear = Ear::new(sender, notices, TimeBase::at(clock, 0));
        ear.hear(1_000, &[0x90, 60, 100]);
        overruns::pretend();
        for (stamp, key) in [(2_000, 62), (3_000, 64)] {
            ear.hear(stamp, &[0x90, key, 100]);
        }
        let mut heard = Vec::new();
        receiver.drain(Duration::ZERO, &mut heard);
        assert_eq!(heard.iter().map(|e| e.at().0).collect::<Vec<_>>(), [1_000, 2_000, 2_000, 3_000]);
        assert!(matches!(heard[1], Event::Overrun { lost: None, .. }), "{heard:?}");
    }
}
