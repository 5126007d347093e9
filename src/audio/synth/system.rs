//! The system exclusive messages that change what all channels are.

use super::channel::Banks;
use super::{CHANNELS, Synth};

impl Synth {
    pub(super) fn system_exclusive(&mut self, bytes: &[u8]) {
        match bytes {
            // General MIDI system on, level 1 and 2.
            [0xf0, 0x7e, _, 0x09, 0x01 | 0x03, 0xf7] => self.reset_to(Banks::Gs),
            // Roland: GS reset.
            [0xf0, 0x41, _, 0x42, 0x12, 0x40, 0x00, 0x7f, 0x00, _, 0xf7] => self.reset_to(Banks::Gs),
            // Roland: a part becomes a drum part or stops to be one.
            [0xf0, 0x41, _, 0x42, 0x12, 0x40, part @ 0x10..=0x1f, 0x15, kind, _, 0xf7] => {
                // Roland counts the drums' channel first.
                let channel = match part & 0x0f {
                    0 => 9,
                    n @ 1..=9 => n - 1,
                    n => n,
                };
                self.set_drums(usize::from(channel), *kind != 0);
            }
            // Yamaha: XG system on.
            [0xf0, 0x43, _, 0x4c, 0x00, 0x00, 0x7e, 0x00, 0xf7] => self.reset_to(Banks::Xg),
            // Universal: master volume, 14 bits.
            [0xf0, 0x7f, _, 0x04, 0x01, low, high, 0xf7] => {
                let level = f32::from(u16::from(*high) << 7 | u16::from(*low)) / 16383.0;
                self.master.volume = level * level;
            }
            _ => {}
        }
    }

    fn set_drums(&mut self, channel: usize, drums: bool) {
        if let Some(part) = self.parts.get_mut(channel.min(CHANNELS - 1)) {
            part.channel.drums = drums;
            part.choose(&self.font);
        }
    }
}
