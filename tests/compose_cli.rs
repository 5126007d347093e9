//! `composer compose`, `extend` and `evaluate` as their users meet them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "documented/keys.rs"]
mod documented;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use composer::music::composition::{Composition, Division, Event, Format, MetaType, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks, smf};

/// No program here takes longer, however busy the machine.
const LONGEST: Duration = Duration::from_secs(150);

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.args(arguments).current_dir(folder).env("HOME", folder).env_remove("COMPOSER_SETTINGS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for its end. What it prints fits into a pipe.
fn finish(mut child: Child) -> Output {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > LONGEST {
            child.kill().unwrap();
            panic!("it takes longer than {LONGEST:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

fn composer(folder: &Path, arguments: &[&str]) -> Output {
    finish(start(folder, arguments))
}

/// A track of quarters.
fn track(channel: u8, keys: &[u8]) -> Track {
    let (channel, mut track) = (Channel::masked(channel), Track::new());
    for (i, key) in keys.iter().enumerate() {
        let (key, at) = (Key::masked(*key), i as u64 * 480);
        track.push_voice(Ticks(at), channel, Voice::NoteOn { key, velocity: Velocity::masked(90) });
        track.push_voice(Ticks(at + 480), channel, Voice::NoteOff { key, velocity: Velocity::masked(64) });
    }
    track
}

fn save(path: &Path, tracks: Vec<Track>) {
    let mut song = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks = tracks;
    fs::write(path, smf::write(&song).unwrap()).unwrap();
}

fn melody(folder: &Path) {
    save(&folder.join("melody.mid"), vec![track(0, &[67, 69, 71, 72])]);
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_melody_becomes_four_voices_and_no_file_is_harmed() {
    let folder = tempfile::tempdir().unwrap();
    melody(folder.path());
    let arguments = ["compose", "melody.mid", "-o", "choir.mid", "--sampling-iterations", "2", "--json"];
    let output = composer(folder.path(), &arguments);
    assert!(output.status.success(), "{}", error(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "composer.compose/1");
    documented::check(&report);
    assert_eq!(report["files"][0]["melody_voice"], "Soprano");
    let choir = smf::read(&fs::read(folder.path().join("choir.mid")).unwrap()).unwrap().composition;
    assert_eq!(choir.tracks.len(), 5);
    assert_eq!(choir.tracks[0].note_count(), 4);
    assert!(output.stderr.is_empty(), "{}", error(&output));

    let again = composer(folder.path(), &arguments);
    assert_eq!(again.status.code(), Some(2));
    assert!(error(&again).contains("choir.mid exists already"), "{}", error(&again));
}

#[test]
fn several_variations_are_several_files() {
    let folder = tempfile::tempdir().unwrap();
    melody(folder.path());
    let arguments =
        ["extend", "melody.mid", "-o", "x.mid", "--bars", "1", "--sampling-iterations", "0", "--variations", "2"];
    let output = composer(folder.path(), &arguments);
    assert!(output.status.success(), "{}", error(&output));
    assert!(folder.path().join("x-1.mid").exists() && folder.path().join("x-2.mid").exists());
}

#[test]
fn what_is_wrong_is_told_with_its_range_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    melody(folder.path());
    fs::write(folder.path().join("broken.safetensors"), b"no weights at all").unwrap();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["--creative-risk", "7"], 2, "0.5 to 6"),
        (&["--sampling-iterations", "101"], 2, "0 to 100"),
        (&["--variations", "0"], 2, "1 to 16"),
        (&["--track", "3"], 2, "track 3 has no notes"),
        (&["--model", "broken.safetensors"], 5, "the weights file is of no use"),
        (&["--model", "nowhere"], 5, "cannot read nowhere"),
    ];
    for (arguments, code, message) in cases {
        let all = [&["compose", "melody.mid", "-o", "out.mid"], *arguments].concat();
        let output = composer(folder.path(), &all);
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {}", error(&output));
        assert!(error(&output).contains(message), "{arguments:?}: {}", error(&output));
        assert!(!folder.path().join("out.mid").exists());
    }
    let output = composer(folder.path(), &["compose", "melody.mid", "-o", "no/such/folder/out.mid"]);
    assert_eq!(output.status.code(), Some(6), "{}", error(&output));
}

#[test]
fn melodies_that_are_none_are_told_and_odd_ones_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    save(&at("empty.mid"), vec![Track::new()]);
    save(&at("nothing.mid"), vec![]);
    save(&at("drums.mid"), vec![track(9, &[36, 38, 36, 38])]);
    fs::write(at("no.mid"), b"MThd, or so it says").unwrap();
    let crowd = |channels: u8| (0..24u8).map(|i| track(i % channels, &[40 + i, 41 + i])).collect::<Vec<_>>();
    save(&at("crowd.mid"), crowd(9));
    // Percussion's channel among them: all sixteen are taken.
    save(&at("full.mid"), crowd(16));
    save(&at("whistle.mid"), vec![track(0, &[120, 122, 124, 127])]);
    save(&at("rumble.mid"), vec![track(0, &[5, 3, 1, 0])]);
    // A time signature at every tick.
    let (tune, mut restless) = ((0..32u8).map(|i| 60 + i % 12).collect::<Vec<_>>(), Track::new());
    for tick in 0..15_360 {
        let data = [2 + (tick % 3) as u8, 2, 24, 8];
        restless.push(Ticks(tick), Event::Meta(MetaType::TIME_SIGNATURE, &data));
    }
    save(&at("restless.mid"), vec![restless, track(0, &tune)]);
    let cases: &[(&str, i32, &str)] = &[
        ("empty.mid", 5, "there are no notes in it that a voice could sing (0 notes of drums)"),
        ("nothing.mid", 5, "there are no notes in it that a voice could sing (0 notes of drums)"),
        ("drums.mid", 5, "there are no notes in it that a voice could sing (4 notes of drums)"),
        ("no.mid", 5, "no.mid"),
        ("missing.mid", 5, "missing.mid"),
        ("full.mid", 5, "all 16 channels are in use"),
        ("crowd.mid", 0, ""),
        ("whistle.mid", 0, ""),
        ("rumble.mid", 0, ""),
        ("restless.mid", 0, ""),
    ];
    for (input, code, message) in cases {
        let output = composer(folder.path(), &["compose", input, "-o", "out.mid", "--sampling-iterations", "0"]);
        assert_eq!(output.status.code(), Some(*code), "{input}: {}", error(&output));
        assert!(error(&output).contains(message), "{input}: {}", error(&output));
        if *code == 0 {
            let song = smf::read(&fs::read(at("out.mid")).unwrap()).unwrap();
            assert!(song.warnings.is_empty(), "{input}: {:?}", song.warnings);
            fs::remove_file(at("out.mid")).unwrap();
        }
        assert!(!at("out.mid").exists(), "{input}");
    }
}

#[test]
fn weights_with_a_changed_byte_are_told_with_the_sum_that_is_expected() {
    let folder = tempfile::tempdir().unwrap();
    melody(folder.path());
    let mut weights = fs::read("assets/models/chorale.safetensors").unwrap();
    *weights.last_mut().unwrap() ^= 1;
    fs::write(folder.path().join("w.safetensors"), weights).unwrap();
    let output = composer(folder.path(), &["compose", "melody.mid", "-o", "out.mid", "--model", "w.safetensors"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(error(&output).contains("its numbers have CRC-32 "), "{}", error(&output));
    assert!(error(&output).contains(", expected "), "{}", error(&output));
    assert!(!folder.path().join("out.mid").exists());
}

#[cfg(unix)]
#[test]
fn interrupted_in_the_middle_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    // As much as one can ask for: it does not end by itself while the signal is on its way.
    save(&folder.path().join("long.mid"), vec![track(0, &[67, 69, 71, 72].repeat(64))]);
    let arguments = ["compose", "long.mid", "-o", "out.mid", "--sampling-iterations", "100", "--variations", "16"];
    let child = start(folder.path(), &arguments);
    let id = child.id().to_string();
    let began = Instant::now();
    // Before it listens for the signal, the signal ends it as it would end any program: that is no cancelling.
    let listens = || {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:"));
        caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 2 != 0)
    };
    while !listens() && began.elapsed() < LONGEST {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = finish(child);
    assert!(error(&output).contains("stopped; nothing was written"), "{}", error(&output));
    assert!(!output.status.success());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["long.mid"]);
}

#[test]
fn figures_come_as_a_table_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let piece: Vec<[i16; 4]> = (0..16).map(|t| [67 + t / 8, 64, 60, 48]).collect();
    let data = serde_json::json!({ "train": [piece], "valid": [piece], "details": { "ignored": true } });
    fs::write(folder.path().join("data.json"), data.to_string()).unwrap();
    let arguments = ["evaluate", "--data", "data.json", "--orders", "1", "--harmonise", "1"];
    let table = composer(folder.path(), &arguments);
    assert!(table.status.success(), "{}", error(&table));
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("in time order") && table.contains("copy what was"), "{table}");
    let json = composer(folder.path(), &[&arguments[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["schema"], "composer.evaluate/1");
    documented::check(&json);
    for key in ["chronological", "random_single", "random_lme5", "atb_given_s"] {
        for resolution in ["sixteenth", "eighth", "quarter"] {
            let figures = &json["nll"][key][resolution];
            assert!(figures["chain_rule"].as_f64().unwrap() > 0.0, "{key} {resolution}: {figures}");
            assert!(figures["argmax_written"].as_f64().unwrap() > 0.0, "{key} {resolution}: {figures}");
        }
    }
    let wrong = composer(folder.path(), &["evaluate", "--data", "data.json", "--split", "test"]);
    assert_eq!(wrong.status.code(), Some(5));
}
