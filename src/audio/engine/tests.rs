//! Tests of the engine: what is told, what is heard, and when.

use super::*;
use crate::audio::instrument::testing::clicks;
use crate::audio::sequencer::{Program, Score};
use crate::music::composition::{Composition, Division, Format as FileFormat, Track};
use crate::music::message::{Channel, Key, Velocity, Voice};
use crate::music::{Ppq, Ticks};
use std::time::Duration;

const RATE: u32 = 48_000;

fn on(key: u8) -> Voice {
    Voice::NoteOn { key: Key::masked(key), velocity: Velocity::masked(100) }
}

fn off(key: u8) -> Voice {
    Voice::NoteOff { key: Key::masked(key), velocity: Velocity::masked(64) }
}

struct Bench {
    engine: Engine,
    remote: Remote,
    epoch: Instant,
    frames: u64,
    block: u32,
}

impl Bench {
    fn new(block: u32) -> Bench {
        let epoch = Instant::now();
        let (mut engine, mut remote) = Engine::new(clicks(), RATE, epoch);
        engine.prepare(Format { rate: RATE, block, latency: block });
        remote.set_layers(Layers::new(&[Layer::new(Program::default())], Knobs::default())).unwrap();
        Bench { engine, remote, epoch, frames: 0, block }
    }

    fn at(&self, frame: u64) -> Instant {
        self.epoch + Duration::from_secs_f64(1.0 + frame as f64 / f64::from(RATE))
    }

    /// A block, asked for `late` seconds after it was due.
    fn block(&mut self, late: f64, live: &[(u32, Channel, Voice)]) -> Vec<f32> {
        let mut left = vec![0.0; self.block as usize];
        let mut right = left.clone();
        let now = self.at(self.frames) + Duration::from_secs_f64(late);
        self.engine.render(&mut left, &mut right, &Block { now, live });
        self.frames += u64::from(self.block);
        left
    }
}

fn impulses(samples: &[f32]) -> Vec<usize> {
    samples.iter().enumerate().filter(|(_, x)| **x > 0.5).map(|(i, _)| i).collect()
}

#[test]
fn a_stamped_key_sounds_a_constant_time_later_however_late_the_callbacks_come() {
    for block in [64u32, 128, 240] {
        let mut bench = Bench::new(block);
        let (mut keys, input) = rtrb::RingBuffer::new(1_000);
        bench.remote.listen(Some(input)).unwrap();
        let mut noise = 1u64;
        let mut random = move || {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (noise >> 40) as f64 / f64::from(1 << 24)
        };
        let mut struck = Vec::new();
        let mut sound = Vec::new();
        let mut next = 30_000.0;
        for _ in 0..4_000 {
            let late = random() * 0.0008;
            let now = bench.frames as f64 + late * f64::from(RATE);
            // What was played until now is in the ring, if the 0.3 ms of its delivery have passed.
            while next < now - 0.0003 * f64::from(RATE) {
                let at = Micros((1e6 + next / f64::from(RATE) * 1e6) as u64);
                keys.push((at, Channel::default(), on(60))).unwrap();
                struck.push(next);
                next += 900.0 + random() * 700.0;
            }
            sound.extend(bench.block(late, &[]));
        }
        let heard = impulses(&sound);
        assert!(struck.len() > 150);
        let delays: Vec<f64> = heard.iter().zip(&struck).map(|(h, s)| *h as f64 - s).skip(50).collect();
        let (min, max) = delays.iter().fold((f64::MAX, f64::MIN), |(a, b), d| (a.min(*d), b.max(*d)));
        assert!(max - min <= 16.0, "{min} to {max} frames in blocks of {block}");
    }
}

#[test]
fn what_is_played_while_no_output_listens_is_not_heard_when_one_does() {
    let mut bench = Bench::new(64);
    let (mut keys, input) = rtrb::RingBuffer::new(1_000);
    bench.remote.listen(Some(input)).unwrap();
    let mut at = 0;
    let mut play = |voice| {
        at += 1_000;
        keys.push((Micros(at), Channel::default(), voice)).unwrap();
    };
    bench.block(0.0, &[]);
    bench.engine.suspend();
    let pan = Voice::Control { controller: 10.try_into().unwrap(), value: 9.try_into().unwrap() };
    [on(60), pan, off(60), on(62)].into_iter().for_each(&mut play);
    bench.engine.prepare(Format { rate: RATE, block: 64, latency: 64 });
    let silent: Vec<f32> = (0..1_500).flat_map(|_| bench.block(0.0, &[])).collect();
    assert_eq!(impulses(&silent), [0; 0]);
    play(on(64));
    let heard: Vec<f32> = (0..1_500).flat_map(|_| bench.block(0.0, &[])).collect();
    assert_eq!(impulses(&heard).len(), 1);
}

#[test]
fn keys_whose_way_is_longer_than_thought_are_soon_late_by_the_same_again() {
    let mut bench = Bench::new(64);
    let (mut keys, input) = rtrb::RingBuffer::new(1_000);
    bench.remote.listen(Some(input)).unwrap();
    let (mut struck, mut waiting, mut sound) = (Vec::new(), std::collections::VecDeque::new(), Vec::new());
    let mut next = 20_000.0;
    for _ in 0..4_000 {
        let now = bench.frames as f64;
        while next < now {
            waiting.push_back(next);
            // At another place of the block each time.
            next += 1_003.0;
        }
        // 1.2 ms on the way, where 0.5 ms are thought enough.
        while let Some(at) = waiting.front().copied().filter(|at| *at + 0.0012 * f64::from(RATE) < now) {
            waiting.pop_front();
            keys.push((Micros((1e6 + at / f64::from(RATE) * 1e6) as u64), Channel::default(), on(60))).unwrap();
            struck.push(at);
        }
        sound.extend(bench.block(0.0, &[]));
    }
    let heard = impulses(&sound);
    let delays: Vec<f64> = heard.iter().zip(&struck).map(|(h, s)| *h as f64 - s).skip(100).collect();
    let (min, max) = delays.iter().fold((f64::MAX, f64::MIN), |(a, b), d| (a.min(*d), b.max(*d)));
    assert!(delays.len() > 100 && max - min <= 4.0, "{min} to {max} frames");
    // No longer than it takes, and no longer than is bearable.
    let delivery = f64::from(bench.remote.gauges().delivery()) / f64::from(RATE);
    assert!((0.001..=0.0015).contains(&delivery), "{delivery} s");
    assert!(max < 64.0 + 0.0015 * f64::from(RATE) + 2.0, "{max} frames");
}

#[test]
fn a_message_that_comes_with_its_block_sounds_at_its_frame() {
    let mut bench = Bench::new(128);
    bench.block(0.0, &[]);
    let sound = bench.block(0.0, &[(17, Channel::default(), on(60)), (90, Channel::default(), on(62))]);
    assert_eq!(impulses(&sound), [17, 90]);
}

fn score(seconds: u64) -> Arc<Score> {
    let mut composition = Composition::new(FileFormat::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::new();
    track.push_voice(Ticks(0), Channel::default(), on(60));
    track.push_voice(Ticks(960 * seconds), Channel::default(), off(60));
    composition.tracks.push(track);
    Arc::new(Score::new(&composition))
}

#[test]
fn the_position_is_read_while_it_plays_and_the_end_is_told() {
    let mut bench = Bench::new(480);
    bench.remote.load(score(1)).unwrap();
    bench.remote.play().unwrap();
    for _ in 0..50 {
        bench.block(0.0, &[]);
    }
    let gauges = Arc::clone(bench.remote.gauges());
    assert_eq!(gauges.position(), Micros(500_000));
    assert!(gauges.playing() && gauges.take_peaks()[0] > 0.9 && gauges.frames() == 24_000);
    bench.remote.seek(Micros(900_000)).unwrap();
    for _ in 0..50 {
        bench.block(0.0, &[]);
    }
    assert!(bench.remote.ended());
    // Before the engine has heard of it, the end of the last start is not the end of this one.
    bench.remote.seek(Micros(900_000)).unwrap();
    bench.remote.play().unwrap();
    assert!(!bench.remote.ended());
    // However long a block may be, whoever looks after it sees the end.
    for _ in 0..50 {
        bench.block(0.0, &[]);
    }
    assert!(bench.remote.ended());
    bench.remote.load(score(1)).unwrap();
    assert!(!bench.remote.ended());
}

#[test]
fn a_piece_begins_where_it_was_put_although_the_last_one_s_place_is_still_shown() {
    let mut bench = Bench::new(480);
    bench.remote.load(score(1)).unwrap();
    bench.remote.play().unwrap();
    while !bench.remote.ended() {
        bench.block(0.0, &[]);
    }
    // The next one at once, as when several files are played.
    bench.remote.load(score(2)).unwrap();
    bench.remote.play().unwrap();
    bench.block(0.0, &[]);
    assert_eq!(bench.remote.gauges().position(), Micros(10_000));
    bench.remote.pause().unwrap();
    bench.block(0.0, &[]);
    bench.remote.seek(Micros(1_500_000)).unwrap();
    bench.remote.play().unwrap();
    bench.block(0.0, &[]);
    assert_eq!(bench.remote.gauges().position(), Micros(1_510_000));
}

#[test]
fn another_sample_rate_keeps_the_position() {
    let mut bench = Bench::new(480);
    bench.remote.load(score(2)).unwrap();
    bench.remote.play().unwrap();
    for _ in 0..50 {
        bench.block(0.0, &[]);
    }
    bench.engine.suspend();
    bench.engine.prepare(Format { rate: 8_000, block: 80, latency: 80 });
    let mut left = vec![0.0; 80];
    let mut right = left.clone();
    for _ in 0..50 {
        bench.engine.render(&mut left, &mut right, &Block { now: Instant::now(), live: &[] });
    }
    assert_eq!(bench.remote.gauges().position(), Micros(1_000_000));
}

#[test]
fn an_unplugged_keyboard_leaves_nothing_sounding() {
    let mut bench = Bench::new(64);
    bench.block(0.0, &[(0, Channel::default(), on(60))]);
    assert!(bench.block(0.0, &[])[10] > 0.0);
    bench.remote.release_keys().unwrap();
    bench.block(0.0, &[]);
    assert_eq!(bench.block(0.0, &[])[10], 0.0);
}

#[test]
fn counted_beats_are_heard_when_they_are_due() {
    let mut bench = Bench::new(128);
    let count = Count {
        start: Micros(1_100_000),
        tempo: crate::music::Tempo::from_bpm(120.0).unwrap(),
        signature: crate::music::TimeSignature::COMMON,
        bars: Some(1),
    };
    bench.remote.count(Some(count)).unwrap();
    let sound: Vec<f32> = (0..1_000).flat_map(|_| bench.block(0.0, &[])).collect();
    // Each click begins where there was silence for a while.
    let starts: Vec<usize> =
        (200..sound.len()).filter(|i| sound[*i] != 0.0 && sound[i - 200..*i].iter().all(|x| *x == 0.0)).collect();
    assert_eq!(starts.len(), 4);
    for (n, start) in starts.iter().enumerate() {
        let heard = *start as i64 + 128;
        let due = 4_800 + 24_000 * n as i64;
        assert!((heard - due).abs() <= 2, "beat {n}: {heard} and not {due}");
    }
}

#[test]
fn instruments_are_exchanged_while_it_plays() {
    let mut bench = Bench::new(64);
    bench.remote.load(score(5)).unwrap();
    bench.remote.play().unwrap();
    bench.block(0.0, &[]);
    bench.remote.set_instruments(clicks()).unwrap();
    bench.block(0.0, &[]);
    bench.remote.collect();
    assert!(bench.remote.gauges().playing());
}

#[test]
fn nobody_listening_is_told() {
    let mut bench = Bench::new(64);
    let error = (0..10_000).find_map(|_| bench.remote.set_metronome(true).err());
    assert_eq!(error, Some(EngineError::Stuck));
}

#[test]
fn nothing_leaves_beyond_full_scale() {
    let mut bench = Bench::new(64);
    bench.remote.set_volume(2.0).unwrap();
    bench.remote.load(score(1)).unwrap();
    bench.remote.play().unwrap();
    // The performance and a key strike at the same time, both at full scale already.
    let mut sound = bench.block(0.0, &[(0, Channel::default(), on(64))]);
    for _ in 0..20 {
        sound.extend(bench.block(0.0, &[(7, Channel::default(), on(60)), (9, Channel::default(), off(60))]));
    }
    let loudest = sound.iter().fold(0.0f32, |a, x| a.max(x.abs()));
    assert!((0.9..=crate::audio::limiter::CEILING).contains(&loudest), "{loudest}");
}
