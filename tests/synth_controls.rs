//! What channels, controllers and system messages do to the sound: banks, drums, pressure, effects, stealing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

use std::io::Cursor;
use std::sync::Arc;

use composer::audio::soundfont::SoundFont;
use composer::audio::synth::{Options, Synth};
use composer::music::Message;

const RATE: u32 = 48_000;
const DRY: Options = Options { polyphony: 256, reverb: false, chorus: false, gain: 1.0 };

fn synth(options: Options) -> Synth {
    Synth::new(Arc::new(SoundFont::builtin()), RATE, options)
}

/// The synthesiser with the tests' small font, whose drum kit is given this bank: "Tone" of bank 0 holds a sine of two
/// voices, here in tune with each other; "Kit" is a click that is over in 20 ms.
fn small(bank_of_the_click: u16) -> Synth {
    let mut bytes = std::fs::read("tests/data/soundfonts/tiny.sf2").unwrap();
    let kit = bytes.windows(4).position(|w| w == b"Kit\0").unwrap();
    bytes[kit + 22..kit + 24].copy_from_slice(&bank_of_the_click.to_le_bytes());
    let detuned = bytes.windows(4).position(|w| w == [52, 0, 5, 0]).unwrap();
    bytes[detuned + 2] = 0;
    Synth::new(Arc::new(SoundFont::read(Cursor::new(bytes)).unwrap()), RATE, DRY)
}

fn send(synth: &mut Synth, messages: &[&[u8]]) {
    for bytes in messages {
        synth.message(&Message::from_bytes(bytes).unwrap());
    }
}

fn render(synth: &mut Synth, frames: usize) -> Vec<f32> {
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    synth.render(&mut left, &mut right);
    left
}

fn level(sound: &[f32]) -> f32 {
    (sound.iter().map(|x| x * x).sum::<f32>() / sound.len() as f32).sqrt()
}

/// Hertz in the middle of each stretch of 50 ms, by the crossings of zero upwards.
fn pitches(sound: &[f32]) -> Vec<f64> {
    let of = |part: &[f32]| {
        let crossings: Vec<f64> = (1..part.len())
            .filter(|n| part[n - 1] < 0.0 && part[*n] >= 0.0)
            .map(|n| n as f64 - f64::from(part[n] / (part[n] - part[n - 1])))
            .collect();
        (crossings.len() - 1) as f64 / (crossings[crossings.len() - 1] - crossings[0]) * f64::from(RATE)
    };
    sound.chunks_exact(2_400).map(of).collect()
}

/// The strength of a sine in a sound.
fn strength(sound: &[f32], hertz: f64) -> f64 {
    let turn = |n: usize| std::f64::consts::TAU * hertz * n as f64 / f64::from(RATE);
    let sum = |f: fn(f64) -> f64| sound.iter().enumerate().map(|(n, x)| f64::from(*x) * f(turn(n))).sum::<f64>();
    sum(f64::cos).hypot(sum(f64::sin)) / sound.len() as f64
}

/// Whether what these messages play is the tone that holds, or the click that is over.
fn holds(bank_of_the_click: u16, messages: &[&[u8]]) -> bool {
    let mut synth = small(bank_of_the_click);
    send(&mut synth, messages);
    assert!(level(&render(&mut synth, 480)) > 1e-4, "nothing sounds after {messages:x?}");
    render(&mut synth, 4_800);
    level(&render(&mut synth, 4_800)) > 1e-4
}

const XG_ON: &[u8] = &[0xf0, 0x43, 0x10, 0x4c, 0x00, 0x00, 0x7e, 0x00, 0xf7];

#[test]
fn a_bank_counts_from_the_next_program_on() {
    let note: &[u8] = &[0x90, 60, 100];
    assert!(holds(8, &[note]));
    assert!(holds(8, &[&[0xb0, 0, 8], note]), "a bank alone changes nothing");
    assert!(!holds(8, &[&[0xb0, 0, 8], &[0xc0, 0], note]));
    assert!(holds(8, &[&[0xb0, 32, 8], &[0xc0, 0], note]), "the lower number is Yamaha's way");
    assert!(!holds(8, &[XG_ON, &[0xb0, 32, 8], &[0xc0, 0], note]));
    assert!(holds(8, &[&[0xb0, 0, 9], &[0xc0, 0], note]), "a bank that is not there is bank 0");
    assert!(holds(8, &[&[0xb0, 0, 8], &[0xc0, 99], note]), "a program that is not there is one of bank 0");
}

#[test]
fn channel_10_plays_drums_and_others_do_when_told_to() {
    assert!(holds(128, &[&[0x90, 60, 100]]));
    assert!(!holds(128, &[&[0x99, 60, 100]]));
    assert!(!holds(128, &[&[0xb9, 0, 5], &[0xc9, 40], &[0x99, 60, 100]]), "whatever its bank and program");
    let drum_part = |part: u8, kind: u8| [0xf0, 0x41, 0x10, 0x42, 0x12, 0x40, part, 0x15, kind, 0, 0xf7];
    assert!(!holds(128, &[&drum_part(0x11, 1), &[0x90, 60, 100]]), "GS makes channel 1 a drum part");
    assert!(holds(128, &[&drum_part(0x10, 0), &[0x99, 60, 100]]), "and channel 10 none");
    assert!(!holds(128, &[XG_ON, &[0xb3, 0, 127], &[0xc3, 0], &[0x93, 60, 100]]), "XG's drum bank");
    let gm_on: &[u8] = &[0xf0, 0x7e, 0x7f, 0x09, 0x01, 0xf7];
    assert!(holds(128, &[&drum_part(0x11, 1), gm_on, &[0x90, 60, 100]]), "General MIDI puts all back");
}

#[test]
fn a_pitch_wheel_leaves_other_channels_alone() {
    let mut synth = small(128);
    send(&mut synth, &[&[0xe1, 0x7f, 0x7f], &[0x90, 71, 100]]);
    render(&mut synth, 2_400);
    assert!((pitches(&render(&mut synth, 4_800))[0] - 500.0).abs() < 0.5);
}

#[test]
fn pressure_and_the_modulation_wheel_bring_vibrato() {
    let spread = |message: &[u8]| {
        let mut synth = small(128);
        send(&mut synth, &[&[0x90, 71, 100], message]);
        render(&mut synth, 4_800);
        let all = pitches(&render(&mut synth, 48_000));
        let (low, high) = all.iter().fold((f64::MAX, 0.0f64), |(a, b), x| (a.min(*x), b.max(*x)));
        1200.0 * (high / low).log2()
    };
    assert!(spread(&[0xd0, 0]) < 1.0, "{}", spread(&[0xd0, 0]));
    // 50 cents both ways at most (SoundFont 2.04, 8.4.5 and 8.4.6); the mean over 50 ms shows less.
    for message in [&[0xd0, 127][..], &[0xb0, 1, 127]] {
        assert!((30.0..110.0).contains(&spread(message)), "{message:x?}: {} cents", spread(message));
    }
    assert!(spread(&[0xd1, 127]) < 1.0, "pressure on another channel");
}

#[test]
fn the_effects_can_be_switched_off() {
    /// A drum with everything sent, then what is left of it after `frames`.
    fn struck(options: Options, sends: [u8; 2]) -> Synth {
        let mut synth = synth(options);
        send(&mut synth, &[&[0xb9, 91, sends[0]], &[0xb9, 93, sends[1]], &[0x99, 38, 127]]);
        synth
    }
    let both = Options { reverb: true, chorus: true, ..DRY };
    // Reverb: a tail where the drum itself is long over.
    let tail = |options, sends| {
        let mut synth = struck(options, sends);
        render(&mut synth, 38_400);
        level(&render(&mut synth, 2_400))
    };
    let dry = tail(DRY, [127, 127]);
    assert!(tail(both, [127, 0]) > 1e-5 && tail(both, [127, 0]) > 30.0 * dry, "{} {dry}", tail(both, [127, 0]));
    assert_eq!(tail(Options { chorus: true, ..DRY }, [127, 0]), dry, "reverb is off");
    assert_eq!(tail(both, [0, 0]), dry, "nothing is sent");
    // Chorus: another sound while it sounds.
    let sound = |options| render(&mut struck(options, [0, 127]), 9_600);
    assert_ne!(sound(both), sound(DRY));
    assert_eq!(sound(Options { reverb: true, ..DRY }), sound(DRY), "chorus is off");
    // The room answers on when the voices have fallen silent.
    let mut synth = struck(both, [127, 127]);
    render(&mut synth, 9_600);
    synth.all_sound_off();
    render(&mut synth, 480);
    assert!(synth.active_voices() == 0 && level(&render(&mut synth, 480)) > 1e-5);
}

#[test]
fn what_is_stolen_is_what_is_heard_least() {
    // A loud low note is held while quiet high ones come, six times as many as there are voices.
    let held = |polyphony: usize| {
        let mut synth = small(128);
        if polyphony < 256 {
            synth = Synth::new(Arc::clone(synth.font()), RATE, Options { polyphony, ..DRY });
        }
        send(&mut synth, &[&[0x90, 47, 127]]);
        for key in 70..118 {
            send(&mut synth, &[&[0x90, key, 20]]);
            render(&mut synth, 480);
        }
        assert!(synth.active_voices() <= polyphony + 8, "{} voices", synth.active_voices());
        strength(&render(&mut synth, 19_200), 125.0)
    };
    let (few, many) = (held(8), held(256));
    assert!((few / many - 1.0).abs() < 0.05, "{few} {many}");
}

#[test]
fn a_panic_ends_all_channels_and_leaves_their_programs() {
    let mut synth = small(8);
    send(&mut synth, &[&[0xb2, 0, 8], &[0xc2, 0], &[0xb0, 64, 127], &[0xe0, 0, 0], &[0x90, 71, 100], &[0x95, 50, 100]]);
    assert!(level(&render(&mut synth, 4_800)) > 0.01);
    synth.panic();
    render(&mut synth, 480);
    assert_eq!(synth.active_voices(), 0);
    assert!(render(&mut synth, 480).iter().all(|x| *x == 0.0));
    // The wheel is at rest, the pedal is up; channel 3 still has the click.
    send(&mut synth, &[&[0x90, 71, 100]]);
    render(&mut synth, 2_400);
    assert!((pitches(&render(&mut synth, 4_800))[0] - 500.0).abs() < 0.5);
    send(&mut synth, &[&[0x80, 71, 64], &[0x92, 60, 100]]);
    render(&mut synth, 24_000);
    assert_eq!(synth.active_voices(), 0);
}

#[test]
fn omni_mono_and_poly_messages_let_the_keys_go() {
    for number in 123..=127 {
        let mut synth = small(128);
        send(&mut synth, &[&[0x90, 71, 100], &[0x91, 71, 100]]);
        render(&mut synth, 4_800);
        send(&mut synth, &[&[0xb0, number, 0]]);
        render(&mut synth, 24_000);
        assert_eq!(synth.active_voices(), 2, "controller {number} ends what is on its channel, and nothing else");
    }
}
