//! A million notes in the editor: taken apart, looked at near and from afar, one note and all notes changed,
//! everything put together again. To reach: opened in less than a second after parsing, a look in microseconds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark stops at the first surprise")]

use std::hint::black_box;

use composer::music::composition::{Composition, Division, Format, Note, Track};
use composer::music::edit::{Columns, Editor};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const NOTES: u64 = 1_000_000;

/// A million notes in one track, four at a time; the same on every run.
fn composition() -> Composition {
    let mut track = Track::with_capacity(2 * NOTES as usize);
    for n in 0..NOTES / 4 {
        let at = Ticks(n * 120);
        let keys = [0, 4, 7, 12].map(|k| Key::masked(36 + ((n * 7 + k) % 48) as u8));
        for key in keys {
            let velocity = Velocity::masked(1 + (n % 127) as u8);
            track.push_voice(at, Channel::default(), Voice::NoteOn { key, velocity });
        }
        for key in keys {
            track.push_voice(
                Ticks(at.0 + 100),
                Channel::default(),
                Voice::NoteOff { key, velocity: Velocity::masked(64) },
            );
        }
    }
    let mut composition = Composition::new(Format::Single, Division::Metrical(Ppq::DEFAULT));
    composition.tracks.push(track);
    composition
}

fn roll(c: &mut Criterion) {
    let composition = composition();
    let mut editor = Editor::open(&composition);
    assert_eq!(editor.document().note_count() as u64, NOTES);
    let end = editor.document().end();
    let mut group = c.benchmark_group("a million notes");
    group.sample_size(10);
    group.bench_function("open", |b| b.iter(|| black_box(Editor::open(&composition))));
    group.bench_function("put together", |b| b.iter(|| black_box(editor.document().composition())));
    group.bench_function("copy for another thread", |b| b.iter(|| black_box(editor.document().clone())));
    for (name, bars) in [("a screen of 8 bars", 8), ("a screen of 64 bars", 64)] {
        let from = Ticks(end.0 - 3840 * bars);
        group.bench_function(format!("{name}, at the end"), |b| {
            b.iter(|| {
                let track = &editor.document().tracks()[0];
                track.notes_between(from, end).map(|n| u64::from(n.note.key.get())).sum::<u64>()
            })
        });
    }
    for (name, from, ticks) in [("all", Ticks(0), end.0), ("a tenth", Ticks(end.0 / 2), end.0 / 10)] {
        group.bench_function(format!("from afar: {name} in 1280 columns"), |b| {
            b.iter(|| {
                let mut columns = Columns::new(from, ticks as f64 / 1280.0, 1280);
                columns.add_track(&editor.document().tracks()[0]);
                black_box(columns)
            })
        });
    }
    let note = Note {
        start: Ticks(end.0 / 2),
        end: Ticks(end.0 / 2 + 240),
        channel: Channel::default(),
        key: Key::masked(100),
        velocity: Velocity::masked(90),
        release: Velocity::masked(64),
    };
    group.bench_function("draw a note and undo it", |b| {
        b.iter(|| {
            editor.draw(0, note);
            editor.undo()
        })
    });
    editor.select_all(None);
    group.bench_function("transpose all", |b| {
        b.iter_batched(|| editor.clone(), |mut editor| editor.shift(0, 1), BatchSize::PerIteration)
    });
    group.finish();
}

criterion_group!(benches, roll);
criterion_main!(benches);
