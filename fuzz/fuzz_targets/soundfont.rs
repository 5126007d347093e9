//! Whatever the bytes are: the SoundFont reader does not panic and takes no more memory than the file accounts for,
//! and what it read can be played, in every preset, as numbers.
//!
//! `make fuzz-soundfont` begins with the small fonts of `tests/data/soundfonts`.

#![no_main]

use std::io::Cursor;
use std::sync::Arc;

use composer::audio::soundfont::SoundFont;
use composer::audio::synth::{Options, Synth};
use composer::music::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(font) = SoundFont::read(Cursor::new(bytes)) else { return };
    let presets: Vec<(u16, u8)> = font.presets().map(|p| (p.bank, p.program)).take(8).collect();
    presets.iter().for_each(|(bank, program)| font.prepare(*bank, *program));
    let mut synth = Synth::new(Arc::new(font), 8_000, Options { polyphony: 8, ..Options::default() });
    let (mut left, mut right) = ([0.0; 300], [0.0; 300]);
    for (bank, program) in presets {
        let on: &[[u8; 3]] = &[[0xb0, 0, (bank & 0x7f) as u8], [0x90, 36, 100], [0x90, 60, 1], [0xe0, 0, 127], [0x99, 60, 90]];
        synth.message(&Message::from_bytes(&[0xc0, program]).unwrap());
        for bytes in on {
            synth.message(&Message::from_bytes(bytes).unwrap());
        }
        synth.render(&mut left, &mut right);
        synth.all_notes_off();
        synth.render(&mut left, &mut right);
        assert!(left.iter().chain(&right).all(|x| x.is_finite()));
    }
});
