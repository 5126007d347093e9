//! Plays steps at their time, from absolute deadlines, so that lateness never adds up.

use super::script::Step;
use super::{Stop, Wire};
use crate::keyboard::stream::{Clock, Event};
use crate::music::Micros;

pub(super) struct Player {
    pub(super) steps: Vec<(Micros, Step)>,
    pub(super) wire: Wire,
    pub(super) clock: Clock,
    /// How long after the connection the first step's time begins.
    pub(super) rest: Micros,
    pub(super) stop: Stop,
}

impl Player {
    pub(super) fn play(mut self) {
        let start = self.clock.now();
        self.wire.connect(start);
        let mut plugged = true;
        let mut now = start;
        let begin = start.plus(self.rest);
        for (offset, step) in std::mem::take(&mut self.steps) {
            now = now.max(begin.plus(offset));
            if !self.sleep_until(now) {
                return;
            }
            match step {
                Step::Unplug if plugged => {
                    plugged = false;
                    self.wire.notices.send(Event::Disconnected { at: now });
                }
                Step::Plug if !plugged => {
                    plugged = true;
                    // Never at the very time of the departure: the order of the two has to show.
                    now = now.plus(Micros(1));
                    self.wire.connect(now);
                }
                Step::Send(message) if plugged => self.wire.say(now, &message),
                Step::Rest | Step::Send(_) | Step::Unplug | Step::Plug => {}
            }
        }
        self.wire.notices.send(Event::Ended { at: now });
    }

    /// `false` when told to stop.
    fn sleep_until(&self, at: Micros) -> bool {
        loop {
            if self.stop.is_set() {
                return false;
            }
            let left = at.since(self.clock.now());
            if left == Micros::ZERO {
                return true;
            }
            std::thread::park_timeout(left.into());
        }
    }
}
