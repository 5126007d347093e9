//! How long composing takes: weights from the program, and melodies of 4, 16 and 64 bars with the
//! defaults of `composer compose` (eight drafts).

#![allow(clippy::unwrap_used, missing_docs)] // a benchmark fails by panicking, and criterion's macros document nothing

use std::hint::black_box;
use std::ops::ControlFlow;

use composer::compose::Model;
use composer::compose::arrange;
use composer::compose::request::Request;
use composer::music::composition::{Composition, Division, Format, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks};
use criterion::{Criterion, criterion_group, criterion_main};

/// A tune in quarters.
fn melody(bars: usize) -> Composition {
    const TUNE: [u8; 16] = [67, 67, 69, 71, 72, 71, 69, 67, 71, 71, 72, 74, 74, 72, 71, 69];
    let mut track = Track::new();
    for (i, key) in TUNE.iter().cycle().take(4 * bars).enumerate() {
        let (key, at) = (Key::masked(*key), i as u64 * 480);
        track.push_voice(Ticks(at), Channel::default(), Voice::NoteOn { key, velocity: Velocity::masked(90) });
        track.push_voice(Ticks(at + 480), Channel::default(), Voice::NoteOff { key, velocity: Velocity::masked(64) });
    }
    let mut song = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks.push(track);
    song
}

fn composing(c: &mut Criterion) {
    c.bench_function("weights", |b| b.iter(|| black_box(Model::chorale().unwrap())));
    let model = Model::chorale().unwrap();
    let mut group = c.benchmark_group("compose");
    group.sample_size(10);
    for bars in [4, 16, 64] {
        let song = melody(bars);
        group.bench_function(format!("{bars} bars"), |b| {
            let mut go = |_: &arrange::Pass<'_>| ControlFlow::Continue(());
            b.iter(|| black_box(arrange::compose(&model, &song, &Request::default(), &mut go).unwrap()));
        });
    }
}

criterion_group!(benches, composing);
criterion_main!(benches);
