//! The synthesiser's speed: a piece for sixteen channels, and 256 voices with reverb in periods of 128 frames.
//! `tests/likeness/speed.sh` sets it beside FluidSynth.

#![allow(missing_docs, clippy::unwrap_used)] // criterion makes undocumented functions; a bench fails by panicking

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use composer::audio::soundfont::SoundFont;
use composer::audio::synth::{Options, Synth, Timed};
use composer::music::Message;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RATE: u32 = 48_000;
const TIM: &str = "/usr/share/sounds/sf2/TimGM6mb.sf2";

/// TimGM6mb where it is installed, else our own instruments.
fn font() -> Arc<SoundFont> {
    Arc::new(SoundFont::load(Path::new(TIM)).unwrap_or_else(|_| SoundFont::builtin()))
}

fn message(bytes: &[u8]) -> Message {
    Message::from_bytes(bytes).unwrap()
}

/// Ten seconds, chords of three on fifteen channels each half second, and drums.
fn piece() -> Vec<Timed> {
    let mut all = Vec::new();
    for channel in 0..16u8 {
        let program = [0, 4, 11, 16, 24, 32, 40, 48, 52, 0, 56, 65, 73, 80, 89, 105][usize::from(channel)];
        all.push(Timed { frame: 0, message: message(&[0xc0 | channel, program]) });
        for beat in 0..20usize {
            let keys = if channel == 9 { [36, 42, 38] } else { [48, 55, 64].map(|k| k + (beat * 5 % 12) as u8) };
            for key in keys {
                all.push(Timed { frame: beat * 24_000, message: message(&[0x90 | channel, key, 90]) });
                all.push(Timed { frame: beat * 24_000 + 18_000, message: message(&[0x80 | channel, key, 64]) });
            }
        }
    }
    all.sort_by_key(|t| t.frame);
    all
}

fn performance(c: &mut Criterion) {
    let (font, piece) = (font(), piece());
    let frames = 10 * RATE as usize;
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    let mut group = c.benchmark_group("performance of ten seconds on sixteen channels");
    group.throughput(Throughput::Elements(frames as u64)).sample_size(10);
    for workers in [1, 2] {
        group.bench_function(format!("{workers} thread(s)"), |b| {
            b.iter(|| {
                let mut synth = Synth::for_performance(Arc::clone(&font), RATE, Options::default());
                synth.perform(&piece, &mut left, &mut right, NonZeroUsize::new(workers).unwrap());
                black_box(left[0]);
            });
        });
    }
}

fn load(c: &mut Criterion) {
    let font = font();
    let mut synth = Synth::new(font, RATE, Options::default());
    // Strings and organs on all channels, until no voice is free; they sound as long as they are held.
    for channel in (0..16u8).filter(|c| *c != 9) {
        synth.message(&message(&[0xc0 | channel, [48, 16][usize::from(channel % 2)]]));
        synth.message(&message(&[0xb0 | channel, 91, 60]));
        for key in 40..60 {
            synth.message(&message(&[0x90 | channel, key, 90]));
        }
    }
    let (mut left, mut right) = ([0.0; 128], [0.0; 128]);
    let mut group = c.benchmark_group("a period of 128 frames (2667 us)");
    (0..400).for_each(|_| synth.render(&mut left, &mut right));
    group.bench_function(format!("{} voices with reverb and chorus", synth.active_voices()), |b| {
        b.iter(|| {
            synth.render(&mut left, &mut right);
            black_box(left[0]);
        });
    });
}

fn reading(c: &mut Criterion) {
    if Path::new(TIM).exists() {
        c.bench_function("reading TimGM6mb (6 MB)", |b| b.iter(|| SoundFont::load(Path::new(TIM)).unwrap()));
    }
    c.bench_function("making our own instruments", |b| b.iter(SoundFont::builtin));
}

criterion_group!(benches, performance, load, reading);
criterion_main!(benches);
