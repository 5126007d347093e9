//! The audio callback neither allocates nor frees, whatever it is told: the allocator aborts if it does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly

use std::sync::Arc;
use std::time::{Duration, Instant};

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use composer::audio::engine::{Engine, Knobs, Layer, Layers, Remote};
use composer::audio::instrument::synths;
use composer::audio::metronome::Count;
use composer::audio::output::{Block, Format, Renderer};
use composer::audio::sequencer::{Program, Score, Speed, Strip};
use composer::audio::{Options, SoundFont};
use composer::music::VelocityCurve;
use composer::music::composition::{Composition, Division, Event, Format as FileFormat, Track};
use composer::music::message::{Channel, Controller, Key, Value, Velocity, Voice};
use composer::music::{Micros, Ppq, Tempo, Ticks, TimeSignature};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

const RATE: u32 = 48_000;
const BLOCK: usize = 128;

/// A piece with everything in it: notes on many channels, controllers, programs, bends, SysEx.
fn piece() -> Arc<Score> {
    let mut composition = Composition::new(FileFormat::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    for c in 0..12u8 {
        let mut track = Track::new();
        let channel = Channel::masked(c);
        track.push(Ticks(0), Event::SysEx(&[0x7e, 0x7f, 0x09, 0x01, 0xf7]));
        for i in 0..60u64 {
            let (key, velocity) = (Key::masked(40 + (i * 7 % 40) as u8), Velocity::masked(90));
            let at = Ticks(i * 61 + u64::from(c) * 5);
            let control = |n, v| Voice::Control { controller: Controller::masked(n), value: Value::masked(v) };
            track.push_voice(at, channel, Voice::Program(Value::masked((i * 5 % 128) as u8)));
            track.push_voice(at, channel, control(7, 80 + (i % 40) as u8));
            track.push_voice(at, channel, control(64, if i % 8 < 4 { 127 } else { 0 }));
            track.push_voice(at, channel, Voice::PitchBend((i * 100) as i16));
            track.push_voice(at, channel, Voice::NoteOn { key, velocity });
            track.push_voice(Ticks(at.0 + 200), channel, Voice::NoteOff { key, velocity });
        }
        composition.tracks.push(track);
    }
    Arc::new(Score::new(&composition))
}

struct Bench {
    engine: Engine,
    now: Instant,
    left: Vec<f32>,
    right: Vec<f32>,
    loudest: f32,
}

impl Bench {
    fn blocks(&mut self, n: usize) {
        for i in 0..n {
            self.now += Duration::from_secs_f64(BLOCK as f64 / f64::from(RATE));
            let (key, velocity) = (Key::masked(60 + (i % 12) as u8), Velocity::masked(100));
            let live = [
                (3u32, Channel::default(), Voice::NoteOn { key, velocity }),
                (90u32, Channel::default(), Voice::NoteOff { key, velocity }),
            ];
            let block = Block { now: self.now, live: if i % 7 == 0 { &live } else { &[] } };
            assert_no_alloc(|| self.engine.render(&mut self.left, &mut self.right, &block));
            self.loudest = self.left.iter().fold(self.loudest, |a, x| a.max(x.abs()));
        }
    }
}

fn bench() -> (Bench, Remote, rtrb::Producer<(Micros, Channel, Voice)>) {
    let system = composer::audio::soundfonts::find(&composer::audio::soundfonts::standard_folders(None));
    let font = match system.iter().find_map(|f| SoundFont::load(&f.path).ok()) {
        Some(font) => font,
        None => {
            eprintln!("SKIPPED IN PART: no SoundFont on this system; composer's own instruments play");
            SoundFont::builtin()
        }
    };
    let now = Instant::now();
    let make = synths(Arc::new(font), Options::default());
    let (mut engine, mut remote) = Engine::new(make, RATE, now);
    engine.prepare(Format { rate: RATE, block: BLOCK as u32, latency: 256 });
    let (keys, input) = rtrb::RingBuffer::new(1_000);
    remote.listen(Some(input)).unwrap();
    let bench = Bench { engine, now, left: vec![0.0; BLOCK], right: vec![0.0; BLOCK], loudest: 0.0 };
    (bench, remote, keys)
}

#[test]
fn the_callback_never_touches_the_heap() {
    let (mut bench, mut remote, mut keys) = bench();
    let layer = Layer { curve: VelocityCurve::Soft, transpose: 12, ..Layer::new(Program::default()) };
    remote.set_layers(Layers::new(&[layer, Layer { channel: Channel::masked(1), ..layer }], Knobs::default())).unwrap();
    bench.blocks(20);
    for i in 0..200u64 {
        let (key, velocity) = (Key::masked(60), Velocity::masked(80));
        let _ = keys.push((Micros(i * 3_000), Channel::default(), Voice::NoteOn { key, velocity }));
    }
    bench.blocks(120);
    remote.load(piece()).unwrap();
    remote.set_metronome(true).unwrap();
    remote.play().unwrap();
    bench.blocks(120);
    remote.set_strip(2, Strip { mute: true, ..Strip::default() }).unwrap();
    remote.set_strip(3, Strip { volume: 40, pan: 10, program: Some(Program::default()), ..Strip::default() }).unwrap();
    remote.set_speed(Speed::new(200).unwrap()).unwrap();
    bench.blocks(100);
    remote.set_loop(Some((Micros(200_000), Micros(500_000)))).unwrap();
    remote.seek(Micros(300_000)).unwrap();
    bench.blocks(100);
    remote.set_loop(None).unwrap();
    let count = Count { start: Micros(0), tempo: Tempo::DEFAULT, signature: TimeSignature::COMMON, bars: None };
    remote.count(Some(count)).unwrap();
    bench.blocks(100);
    remote.set_instruments(synths(Arc::new(SoundFont::builtin()), Options::default())).unwrap();
    bench.blocks(100);
    remote.set_layers(Layers::new(&[layer], Knobs::default())).unwrap();
    remote.set_volume(0.5).unwrap();
    remote.release_keys().unwrap();
    bench.blocks(50);
    remote.load(piece()).unwrap();
    remote.play().unwrap();
    bench.blocks(150);
    remote.panic().unwrap();
    remote.unload().unwrap();
    remote.listen(None).unwrap();
    bench.blocks(50);
    remote.collect();
    assert!(bench.loudest > 0.0, "it was silent all the time");
    assert!(bench.loudest <= 1.0);
}
