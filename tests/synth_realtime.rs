//! The audio thread's rule: taking a message and rendering neither allocates nor frees.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

use std::sync::Arc;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use composer::audio::soundfont::SoundFont;
use composer::audio::synth::{Options, Synth};
use composer::music::Message;

#[global_allocator]
static GUARD: AllocDisabler = AllocDisabler;

#[test]
fn messages_and_rendering_never_allocate() {
    let font = Arc::new(SoundFont::builtin());
    let other = Arc::new(SoundFont::builtin());
    // A polyphony that is soon used up, so that voices are stolen.
    let mut synth = Synth::new(font, 48_000, Options { polyphony: 24, ..Options::default() });
    let (mut left, mut right) = (vec![0.0; 512], vec![0.0; 512]);
    let mut state = 322u32;
    let mut messages: Vec<Message> = (0..4_000)
        .filter_map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [a, b, c, d] = state.to_be_bytes();
            Message::from_bytes(
                &[0x80 | a >> 1, b & 0x7f, c & 0x7f][..if matches!(a >> 1 & 0x70, 0x40 | 0x50) { 2 } else { 3 }],
            )
            .or_else(|| Message::from_bytes(&[0x90 | d & 15, b & 0x7f, 1 + c % 127]))
        })
        .collect();
    messages.push(Message::SysEx([0xf0, 0x7e, 0x7f, 0x09, 0x01, 0xf7].into()));
    messages.push(Message::SysEx([0xf0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x11, 0x15, 1, 0x19, 0xf7].into()));
    messages.push(Message::System([0xff, 0, 0]));
    let mut loudest = 0.0f32;
    for (n, message) in messages.iter().enumerate() {
        let frames = n * 7 % 300;
        assert_no_alloc(|| {
            synth.message(message);
            synth.render(&mut left[..frames], &mut right[..frames]);
        });
        loudest = left.iter().fold(loudest, |l, x| l.max(x.abs()));
    }
    assert!(loudest > 0.01, "something sounded: {loudest}");
    let old = assert_no_alloc(|| {
        synth.all_notes_off();
        synth.panic();
        let old = synth.set_font(other);
        synth.render(&mut left, &mut right);
        old
    });
    assert_eq!(Arc::strong_count(&old), 1, "the old font comes back whole");
}
