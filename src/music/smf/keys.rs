//! Which keys are down while a track is read: finds doubled, hanging and stray notes.

use super::warning::{Oddity, Warnings};
use crate::music::message::{Channel, Key};

/// Which keys of a track are down, and since which byte.
pub(super) struct Keys {
    down: Vec<Down>,
    used: bool,
}

#[derive(Clone, Copy, Default)]
struct Down {
    times: u32,
    since: u32,
}

impl Keys {
    pub(super) fn new() -> Keys {
        Keys { down: vec![Down::default(); 16 * 128], used: false }
    }

    #[inline(always)]
    fn slot(&mut self, channel: Channel, key: Key) -> &mut Down {
        &mut self.down[usize::from(channel.get()) << 7 | usize::from(key.get())]
    }

    #[inline(always)]
    pub(super) fn down(&mut self, channel: Channel, key: Key, at: usize, warnings: &mut Warnings) {
        self.used = true;
        let slot = self.slot(channel, key);
        slot.times += 1;
        if slot.times > 1 {
            warnings.add(at, Oddity::DoubledNote { channel, key });
        } else {
            // Files of more than 4 GB are refused at the door.
            slot.since = at as u32;
        }
    }

    #[inline(always)]
    pub(super) fn up(&mut self, channel: Channel, key: Key, at: usize, warnings: &mut Warnings) {
        let slot = self.slot(channel, key);
        if slot.times == 0 {
            warnings.add(at, Oddity::StrayNoteOff { channel, key });
        } else {
            slot.times -= 1;
        }
    }

    /// Tells what hangs, in the order of the file, and lets go of it.
    pub(super) fn release(&mut self, warnings: &mut Warnings) {
        if !std::mem::take(&mut self.used) {
            return;
        }
        let mut hanging: Vec<(usize, Down)> =
            self.down.iter().copied().enumerate().filter(|(_, d)| d.times > 0).collect();
        hanging.sort_by_key(|(_, d)| d.since);
        for (slot, down) in hanging {
            let (channel, key) = (Channel::masked((slot >> 7) as u8), Key::masked((slot & 0x7f) as u8));
            for _ in 0..down.times {
                warnings.add(down.since as usize, Oddity::HangingNote { channel, key });
            }
        }
        self.down.fill(Down::default());
    }
}
