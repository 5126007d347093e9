//! A MIDI file of ten million events, nearly all of them due within three seconds: it is shown, rendered, and played to
//! its end, by the program itself. Prints how long that takes and with how much memory. Linux only.
//! `cargo bench --bench ten_million`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark prints, and fails loudly

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use composer::music::composition::{Composition, Division, Format, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks, smf};

const NOTES: u64 = 5_000_000;
/// No command may take longer.
const LIMIT: Duration = Duration::from_secs(600);

fn write(path: &Path) -> u64 {
    let mut composition = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::with_capacity(2 * NOTES as usize);
    for i in 0..NOTES {
        let (key, velocity) = (Key::masked((i % 100) as u8 + 10), Velocity::masked(60));
        let channel = Channel::masked((i % 16) as u8);
        track.push_voice(Ticks(i / 2_000), channel, Voice::NoteOn { key, velocity });
        track.push_voice(Ticks(i / 2_000), channel, Voice::NoteOff { key, velocity });
    }
    composition.tracks.push(track);
    let bytes = smf::write(&composition).unwrap();
    fs::write(path, &bytes).unwrap();
    bytes.len() as u64
}

/// Kilobytes.
fn most_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

fn run(folder: &Path, args: &[&str]) -> Option<serde_json::Value> {
    let rig = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio-rig/alsa");
    let out = folder.join("answer.json");
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(args)
        .arg("--json")
        .current_dir(folder)
        .env("HOME", folder)
        .env("ALSA_CONFIG_PATH", format!("{rig}/base.conf:{rig}/null.conf"))
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut memory = 0;
    let status = loop {
        memory = memory.max(most_memory(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > LIMIT {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        thread::sleep(Duration::from_millis(10));
    };
    let name = args.join(" ");
    println!("composer {name:28} {:6.1} s {:6} MB   {status}", began.elapsed().as_secs_f64(), memory / 1024);
    status.success().then(|| serde_json::from_slice(&fs::read(&out).unwrap()).unwrap())
}

fn main() -> ExitCode {
    if !cfg!(target_os = "linux") {
        println!("SKIPPED: this needs Linux and ALSA");
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let bytes = write(&folder.path().join("dense.mid"));
    println!("{} events, {} MB of file", 2 * NOTES, bytes >> 20);
    let info = run(folder.path(), &["info", "dense.mid"]);
    let rendered = run(folder.path(), &["render", "dense.mid", "out.wav", "--rate", "8000"]);
    let played = run(folder.path(), &["play", "dense.mid"]);
    let to_its_end = played.is_some_and(|p| p["files"][0]["reached_s"] == p["files"][0]["duration_s"]);
    if info.is_some() && rendered.is_some() && to_its_end {
        ExitCode::SUCCESS
    } else {
        println!("MISSED: not everything came to its end");
        ExitCode::FAILURE
    }
}
