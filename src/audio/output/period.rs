//! A period of JACK's without its ports: messages with their frames in, sound out. What the process callback does apart
//! from asking the server for buffers is here, where a test without a server can call it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::loan::Loan;
use super::{Block, Counters, Format};
use crate::music::Message;
use crate::music::message::{Channel, Voice};

/// Messages in a period at most: a few milliseconds of many times what a MIDI wire carries.
const MESSAGES: usize = 4_096;

pub(super) struct Period {
    loan: Loan,
    live: Vec<(u32, Channel, Voice)>,
    format: Format,
    counters: Arc<Counters>,
}

impl Period {
    pub(super) fn new(format: Format, loan: Loan, counters: Arc<Counters>) -> Period {
        Period { loan, live: Vec::with_capacity(MESSAGES), format, counters }
    }

    /// Plays a period that began `late` frames ago.
    pub(super) fn play<'a>(
        &mut self,
        messages: impl Iterator<Item = (u32, &'a [u8])>,
        left: &mut [f32],
        right: &mut [f32],
        late: u32,
    ) {
        self.counters.callbacks.fetch_add(1, Relaxed);
        self.live.clear();
        for (at, bytes) in messages {
            // System messages would have to be allocated, and mean nothing to the keys.
            let is_voice = bytes.first().is_some_and(|status| *status < 0xf0);
            if is_voice
                && self.live.len() < MESSAGES
                && let Some(Message::Voice(channel, voice)) = Message::from_bytes(bytes)
            {
                self.live.push((at, channel, voice));
            }
        }
        let late = Duration::from_secs_f64(f64::from(late) / f64::from(self.format.rate.max(1)));
        let now = Instant::now();
        let now = now.checked_sub(late).unwrap_or(now);
        if let Some(renderer) = self.loan.get() {
            renderer.render(left, right, &Block { now, live: &self.live });
        }
    }

    /// Periods have another length from now on.
    pub(super) fn resize(&mut self, block: u32) {
        if block == self.format.block {
            return;
        }
        self.format = Format { block, latency: block, ..self.format };
        if let Some(renderer) = self.loan.get() {
            renderer.prepare(self.format);
        }
    }
}
