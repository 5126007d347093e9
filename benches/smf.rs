//! How long a file with a million notes takes to read, beside midly's parser on the same bytes in
//! the same run. To reach: at most twice midly. The last lines say the ratios.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise and reports by printing"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use composer::music::composition::{Composition, Division, Event, Format, MetaType, Track};
use composer::music::message::{Channel, Controller, Key, Message, Value, Velocity, Voice};
use composer::music::smf;
use composer::music::time::{Ppq, Ticks};
use criterion::{Criterion, Throughput, criterion_group};

const NOTES: usize = 1_000_000;

/// A million notes in chords and runs, with pedal, in `tracks` tracks; the same on every run.
fn file(tracks: usize) -> Vec<u8> {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::DEFAULT));
    let mut seed = 1u64;
    let mut random = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for index in 0..tracks {
        let channel = Channel::masked(index as u8);
        let mut track = Track::with_capacity(2 * NOTES / tracks + 8);
        track.push(Ticks(0), Event::Meta(MetaType::TRACK_NAME, b"Bench"));
        let mut at = 0;
        for n in 0..NOTES / tracks {
            at += random(400);
            let key = Key::masked(36 + (n % 48) as u8);
            let velocity = Velocity::masked(1 + random(127) as u8);
            let off = Voice::NoteOff { key, velocity: Velocity::masked(random(128) as u8) };
            track.push_voice(Ticks(at), channel, Voice::NoteOn { key, velocity });
            at += random(300);
            track.push_voice(Ticks(at), channel, off);
            if n % 16 == 0 {
                let pedal = Voice::Control { controller: Message::SUSTAIN, value: Value::masked(127) };
                track.push_voice(Ticks(at), channel, pedal);
            }
            if n % 32 == 0 {
                let wheel = Voice::Control { controller: Controller::masked(1), value: Value::masked(64) };
                track.push_voice(Ticks(at), channel, wheel);
            }
        }
        composition.tracks.push(track);
    }
    smf::write(&composition).expect("a million notes fit into a file")
}

fn read(bytes: &[u8]) {
    black_box(smf::read(black_box(bytes)).expect("it was just written"));
}

fn read_and_pair(bytes: &[u8]) {
    let reading = smf::read(black_box(bytes)).expect("it was just written");
    for track in &reading.composition.tracks {
        black_box(track.notes());
    }
    black_box(reading);
}

fn midly(bytes: &[u8]) {
    black_box(midly::Smf::parse(black_box(bytes)).expect("it is well-formed"));
}

fn benches(c: &mut Criterion) {
    for tracks in [1, 16] {
        let bytes = file(tracks);
        let reading = smf::read(&bytes).expect("it was just written");
        assert_eq!(reading.composition.note_count(), NOTES / tracks * tracks);
        assert!(reading.warnings.is_empty());
        drop(reading);
        let mut group = c.benchmark_group(format!("a million notes in {tracks} tracks"));
        group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(20);
        group.bench_function("read", |b| b.iter(|| read(&bytes)));
        group.bench_function("read, notes paired", |b| b.iter(|| read_and_pair(&bytes)));
        group.bench_function("midly", |b| b.iter(|| midly(&bytes)));
        group.finish();
    }
}

/// The median of turns taken in alternation, so that whatever slows the machine slows all alike.
fn ratios() {
    for tracks in [1, 16] {
        let bytes = file(tracks);
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..21 {
            for (job, times) in [read, read_and_pair, midly].into_iter().zip(&mut times) {
                let start = Instant::now();
                job(&bytes);
                times.push(start.elapsed());
            }
        }
        let [read, paired, midly] = times.map(|mut t: Vec<Duration>| {
            t.sort();
            t[t.len() / 2]
        });
        let ratio = |t: Duration| t.as_secs_f64() / midly.as_secs_f64();
        println!(
            "a million notes in {tracks} tracks ({} bytes): read {read:.1?} = {:.2} x midly, \
             with notes paired {paired:.1?} = {:.2} x midly; midly {midly:.1?}",
            bytes.len(),
            ratio(read),
            ratio(paired),
        );
    }
}

criterion_group!(all, benches);

fn main() {
    all();
    Criterion::default().configure_from_args().final_summary();
    // `cargo test --benches` runs this too, to see that it works; times mean nothing there.
    if std::env::args().any(|arg| arg == "--bench") {
        ratios();
    }
}
