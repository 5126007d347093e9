//! Composing takes no more memory for a long melody than for a short one, beyond the notes themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

use std::fs;
use std::ops::ControlFlow;

use composer::compose::Model;
use composer::compose::arrange::{self, Pass};
use composer::compose::request::{Parameters, Request, SamplingIterations};
use composer::music::composition::{Composition, Division, Format, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks};

/// A tune in quarters.
fn melody(bars: u64) -> Composition {
    let mut track = Track::new();
    for i in 0..4 * bars {
        let (key, at) = (Key::masked([67, 69, 71, 72, 74, 71, 69][i as usize % 7]), i * 480);
        track.push_voice(Ticks(at), Channel::default(), Voice::NoteOn { key, velocity: Velocity::masked(90) });
        track.push_voice(Ticks(at + 480), Channel::default(), Voice::NoteOff { key, velocity: Velocity::masked(64) });
    }
    let mut song = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks.push(track);
    song
}

/// The most memory that this process has had so far, in kB.
fn most_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

/// A file of its own: no other test of this process may want memory meanwhile.
#[test]
fn five_hundred_bars_take_hardly_more_memory_than_sixty_four() {
    if most_memory().is_none() {
        eprintln!("SKIPPED: this system does not tell how much memory a process has had");
        return;
    }
    // Weights of random numbers, small: what is kept for every step is kept for the model that ships too.
    let model = Model::read(include_bytes!("data/compose-tiny.safetensors")).unwrap();
    let drafts = SamplingIterations::new(2).unwrap();
    let parameters = Parameters { sampling_iterations: drafts, ..Parameters::default() };
    let request = Request { parameters, ..Request::default() };
    let most = |bars| {
        let mut go = |_: &Pass<'_>| ControlFlow::Continue(());
        let notes = arrange::compose(&model, &melody(bars), &request, &mut go).unwrap()[0].composition.note_count();
        assert!(notes as u64 > 4 * bars);
        most_memory().unwrap()
    };
    let (short, long) = (most(64), most(512));
    // Attention that went back to the beginning would keep 512 bytes a step and draft: 8 MB.
    assert!(long - short < 6 * 1024, "{short} kB for 64 bars, {long} kB for 512");
    eprintln!("{short} kB for 64 bars, {long} kB for 512");
}
