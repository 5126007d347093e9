//! The very functions that cpal and JACK call neither allocate nor free: the allocator aborts if they do. What the engine
//! is told meanwhile is in `tests/engine_realtime.rs`.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use cpal::{
    BufferSize, FromSample, OutputCallbackInfo, OutputStreamTimestamp, SizedSample, StreamConfig, StreamInstant,
};

use super::cpal_stream::Callback;
use super::loan::Loan;
use super::period::Period;
use super::{Counters, Format, Renderer};
use crate::audio::engine::{Engine, Knobs, Layer, Layers, LiveEvent, Remote};
use crate::audio::instrument::synths;
use crate::audio::sequencer::Program;
use crate::audio::{Options, SoundFont};
use crate::music::Micros;
use crate::music::message::{Channel, Key, Velocity, Voice};

#[global_allocator]
static GUARD: AllocDisabler = AllocDisabler;

const FORMAT: Format = Format { rate: 48_000, block: 256, latency: 256 };

/// An engine with a piano under the keys, lent out; the ring is the keyboard's.
fn engine() -> (Loan, Remote, rtrb::Producer<LiveEvent>) {
    let make = synths(Arc::new(SoundFont::builtin()), Options::default());
    let (mut engine, mut remote) = Engine::new(make, FORMAT.rate, Instant::now());
    engine.prepare(FORMAT);
    let (keys, input) = rtrb::RingBuffer::new(1_000);
    remote.listen(Some(input)).unwrap();
    remote.set_layers(Layers::new(&[Layer::new(Program::default())], Knobs::default())).unwrap();
    let (home, _) = mpsc::channel();
    (Loan::new(Box::new(engine), home), remote, keys)
}

fn through_cpal<T: SizedSample + FromSample<f32>>(channels: u16) {
    let (loan, _remote, mut keys) = engine();
    let counters = Arc::new(Counters::default());
    let config = StreamConfig { channels, sample_rate: FORMAT.rate, buffer_size: BufferSize::Fixed(FORMAT.block) };
    let mut callback = Callback::new(config, loan, Arc::clone(&counters));
    let stamps =
        OutputStreamTimestamp { callback: StreamInstant::new(1, 0), playback: StreamInstant::new(1, 5_000_000) };
    let info = OutputCallbackInfo::new(stamps);
    // The second is longer than what is rendered at once.
    let mut blocks = [256, 10_000].map(|frames| vec![T::EQUILIBRIUM; frames * usize::from(channels)]);
    let mut sounded = false;
    for i in 0..40 {
        let voice = match (Key::masked(60 + i % 12), Velocity::masked(100)) {
            (key, velocity) if i % 2 == 0 => Voice::NoteOn { key, velocity },
            (key, velocity) => Voice::NoteOff { key, velocity },
        };
        keys.push((Micros(0), Channel::default(), voice)).unwrap();
        let block = &mut blocks[usize::from(i % 8 == 7)];
        assert_no_alloc(|| callback.fill(block, &info));
        sounded |= block.iter().any(|x| *x != T::EQUILIBRIUM);
    }
    assert!(sounded, "{}", T::FORMAT);
    assert_eq!(counters.callbacks.load(Relaxed), 40);
    assert_eq!(counters.delay.load(Relaxed), 5_000_000);
}

#[test]
fn the_callback_that_cpal_calls_never_touches_the_heap() {
    through_cpal::<f32>(2);
    through_cpal::<i16>(1);
    through_cpal::<u8>(8);
}

#[test]
fn what_jack_calls_never_touches_the_heap() {
    let (loan, _remote, _keys) = engine();
    let mut period = Period::new(FORMAT, loan, Arc::new(Counters::default()));
    let (mut left, mut right) = (vec![0.0; 256], vec![0.0; 256]);
    let messages: [(u32, &[u8]); 5] = [
        (0, &[0x90, 60, 100]),
        (3, &[0xf0, 0x7e, 0x7f, 0x09, 0x01, 0xf7]),
        (9, &[0xf8]),
        (100, &[]),
        (255, &[0x80, 60, 0]),
    ];
    let mut loudest = 0.0f32;
    for late in 0..40 {
        if late == 20 {
            period.resize(128);
            (left, right) = (vec![0.0; 128], vec![0.0; 128]);
        }
        assert_no_alloc(|| period.play(messages.iter().copied(), &mut left, &mut right, late));
        loudest = left.iter().fold(loudest, |a, x| a.max(x.abs()));
    }
    assert!(loudest > 0.001, "{loudest}");
}
