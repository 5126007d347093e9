//! `composer train` as its users meet it: a folder in, weights out; killed, stopped, given nonsense.

#![cfg(feature = "train")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "documented/keys.rs"]
mod documented;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use composer::music::composition::{Composition, Division, Format, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks, smf};
use serde_json::Value;

/// No program here takes longer, however busy the machine.
const LONGEST: Duration = Duration::from_secs(150);

fn composer(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.args(arguments).current_dir(folder).env("HOME", folder).env_remove("COMPOSER_SETTINGS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits until `done` says so or the program ends.
fn wait(child: &mut Child, done: impl Fn() -> bool) {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() && !done() {
        if began.elapsed() > LONGEST {
            child.kill().unwrap();
            panic!("it takes longer than {LONGEST:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut child = composer(folder, arguments).spawn().unwrap();
    wait(&mut child, || false);
    child.wait_with_output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A track of quarters.
fn line(channel: u8, keys: &[u8]) -> Track {
    let mut track = Track::new();
    for (i, key) in keys.iter().enumerate() {
        let (key, at) = (Key::masked(*key), i as u64 * 480);
        track.push_voice(Ticks(at), Channel::masked(channel), Voice::NoteOn { key, velocity: Velocity::masked(90) });
        let velocity = Velocity::masked(64);
        track.push_voice(Ticks(at + 480), Channel::masked(channel), Voice::NoteOff { key, velocity });
    }
    track
}

fn write(path: &Path, tracks: Vec<Track>) {
    let mut song = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks = tracks;
    fs::write(path, smf::write(&song).unwrap()).unwrap();
}

/// A folder `songs` of four pieces for choir.
fn songs(folder: &Path) {
    let songs = folder.join("songs");
    fs::create_dir_all(&songs).unwrap();
    for n in 0..4u8 {
        let voice = |keys: [u8; 4]| keys.map(|k| k + n).into_iter().cycle().take(8).collect::<Vec<_>>();
        let voices = [[67, 69, 71, 72], [64, 65, 67, 67], [60, 60, 62, 64], [48, 53, 55, 48]].map(voice);
        let tracks = voices.iter().enumerate().map(|(v, keys)| line(v as u8, keys)).collect();
        write(&songs.join(format!("{n}.mid")), tracks);
    }
}

const TINY: [&str; 14] = [
    "train",
    "songs",
    "--scratch",
    "tiny",
    "--batch",
    "2",
    "--learning-rate",
    "0.1",
    "--measure-every",
    "1",
    "--patience",
    "100",
    "--steps",
    "6",
];

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn a_folder_becomes_weights_that_compose() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    songs(folder);
    fs::write(folder.join("songs/notes.mid"), b"not at all").unwrap();
    fs::copy(folder.join("songs/0.mid"), folder.join("songs/copy of 0.mid")).unwrap();
    write(&folder.join("songs/drums.mid"), vec![line(9, &[36; 16])]);
    let output = run(folder, &[&TINY[..], &["-o", "mine.safetensors", "--json"]].concat());
    assert!(output.status.success(), "{}", error(&output));
    let lines = lines(&output);
    lines.iter().for_each(documented::check);
    let of =
        |event: &str| lines.iter().find(|l| l["event"] == event).unwrap_or_else(|| panic!("no {event}: {lines:?}"));
    assert_eq!((&of("began")["learned"], &of("began")["held_out_pieces"]), (&3.into(), &1.into()));
    let left_out = of("began")["left_out"].as_array().unwrap();
    let reason = |name: &str| left_out.iter().find(|l| l["name"] == name).unwrap()["reason"].as_str().unwrap();
    assert!(reason("notes.mid").contains("no MIDI file"), "{}", reason("notes.mid"));
    assert!(reason("drums.mid").contains("no notes"), "{}", reason("drums.mid"));
    assert!(reason("copy of 0.mid").contains("same music as") || reason("0.mid").contains("same music as"));
    let finished = of("finished");
    assert_eq!((&finished["steps"], &finished["ended"]), (&6.into(), &"all_steps".into()));
    let (before, after) = (&finished["before"], &finished["after"]["held_out"]);
    for figure in ["chronological", "atb_given_s"] {
        assert!(after[figure].as_f64() < before[figure].as_f64(), "{figure}: {before} {after}");
    }

    let report = fs::read_to_string(folder.join("mine.html")).unwrap();
    assert!(report.contains("<svg") && report.contains("drums.mid") && !report.contains("http"), "{report}");
    assert!(!folder.join("mine.checkpoint").exists());
    let weights = fs::read(folder.join("mine.safetensors")).unwrap();
    let header = u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&weights[8..8 + header]).unwrap();
    let metadata = &header["__metadata__"];
    assert_eq!((&metadata["from"], &metadata["pieces"]), (&"nothing".into(), &"3".into()));
    assert_eq!(metadata["data_sha256"].as_str().unwrap().len(), 64);

    write(&folder.join("melody.mid"), vec![line(0, &[67, 69, 71, 72])]);
    let composed =
        ["compose", "melody.mid", "-o", "out.mid", "--model", "mine.safetensors", "--sampling-iterations", "0"];
    let output = run(folder, &composed);
    assert!(output.status.success(), "{}", error(&output));
    let output = run(folder, &[&TINY[..], &["-o", "mine.safetensors"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).contains("mine.safetensors exists already"), "{}", error(&output));
}

#[cfg(unix)]
#[test]
fn killed_and_stopped_it_ends_with_the_weights_of_an_undisturbed_run() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    songs(folder);
    let output = run(folder, &[&TINY[..], &["-o", "whole.safetensors", "--threads", "1"]].concat());
    assert!(output.status.success(), "{}", error(&output));
    let disturbed = [&TINY[..], &["-o", "parts.safetensors", "--threads", "2"]].concat();
    let checkpoint = folder.join("parts.checkpoint");

    let mut child = composer(folder, &disturbed).spawn().unwrap();
    wait(&mut child, || checkpoint.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(checkpoint.exists() && !folder.join("parts.safetensors").exists());

    let other = run(folder, &[&disturbed[..], &["--seed", "9"]].concat());
    assert_eq!(other.status.code(), Some(2), "{}", error(&other));
    assert!(error(&other).contains("of another run"), "{}", error(&other));

    let written = || fs::metadata(&checkpoint).and_then(|m| m.modified()).ok();
    let before = written();
    let mut child = composer(folder, &disturbed).spawn().unwrap();
    wait(&mut child, || written() != before);
    let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    wait(&mut child, || false);
    let stopped = child.wait_with_output().unwrap();
    if !folder.join("parts.safetensors").exists() {
        assert_eq!(stopped.status.code(), Some(1), "{}", error(&stopped));
        assert!(error(&stopped).contains("the same command goes on from there"), "{}", error(&stopped));
        let resumed = run(folder, &disturbed);
        assert!(resumed.status.success() && error(&resumed).contains("going on after step"), "{}", error(&resumed));
    }
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    assert!(read("whole.safetensors") == read("parts.safetensors"), "the weights differ");
    assert!(!checkpoint.exists());
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    songs(folder);
    fs::create_dir(folder.join("empty")).unwrap();
    fs::create_dir(folder.join("alone")).unwrap();
    write(&folder.join("alone/melody.mid"), vec![line(0, &[67, 69, 71, 72, 71, 69])]);
    fs::write(folder.join("data.json"), b"{\"train\": 7}").unwrap();
    fs::write(folder.join("broken.safetensors"), b"no weights at all").unwrap();
    fs::write(folder.join("old.checkpoint"), b"no checkpoint at all").unwrap();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["empty", "-o", "x"], 5, "there is no MIDI file in it"),
        (&["nowhere", "-o", "x"], 5, "cannot read nowhere"),
        (&["alone", "-o", "x"], 5, "alone can be learned from: melody.mid: one voice alone"),
        (&["data.json", "-o", "x"], 5, "not in the format of training/README.md"),
        (&["songs", "-o", "x", "--from", "broken.safetensors"], 5, "broken.safetensors: the weights file is of no use"),
        (&["songs", "-o", "old"], 5, "the checkpoint old.checkpoint is of no use"),
        (&["songs", "-o", "x.html"], 2, "x.html is for weights"),
        (&["songs", "-o", "no/such/folder/x"], 6, "cannot write no/such/folder/x"),
        (&["songs", "-o", "x", "--learning-rate", "0"], 2, "more than 0 and at most 1"),
        (&["songs", "-o", "x", "--batch", "0"], 2, "1..=256"),
        (&["songs", "-o", "x", "--validation", "1"], 2, "0 to 0.9"),
        (&["songs", "-o", "x", "--minutes", "nan"], 2, "minutes must be"),
    ];
    for (arguments, code, message) in cases {
        let output = run(folder, &[&["train"], *arguments].concat());
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {}", error(&output));
        assert!(error(&output).contains(message), "{arguments:?}: {}", error(&output));
        assert!(!folder.join("x").exists() && !folder.join("x.html").exists());
    }
}

/// A disk that takes only small files stands for one that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_nothing_half_written() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    songs(folder);
    let arguments = [&TINY[..12], &["--steps", "1", "-o", "mine.safetensors"]].concat();
    let limited = format!("trap '' XFSZ; ulimit -f 64; exec \"{}\" \"$@\"", env!("CARGO_BIN_EXE_composer"));
    let mut command = Command::new("bash");
    command.args(["-c", &limited, "bash"]).args(arguments).current_dir(folder).env("HOME", folder);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait(&mut child, || false);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", error(&output));
    let error = error(&output);
    assert!(error.contains("no checkpoint: cannot write mine.checkpoint: File too large"), "{error}");
    assert!(error.contains("error: cannot write mine.safetensors: File too large"), "{error}");
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["songs"], "{error}");
}
