//! `composer compose`, `extend` and `evaluate` as their users meet them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "documented/keys.rs"]
mod documented;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use composer::music::composition::{Composition, Division, Format, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks, smf};

fn composer(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("COMPOSER_SETTINGS")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn melody(folder: &Path) {
    let mut track = Track::new();
    for (i, key) in [67u8, 69, 71, 72].into_iter().enumerate() {
        let (key, at) = (Key::masked(key), i as u64 * 480);
        track.push_voice(Ticks(at), Channel::default(), Voice::NoteOn { key, velocity: Velocity::masked(90) });
        track.push_voice(Ticks(at + 480), Channel::default(), Voice::NoteOff { key, velocity: Velocity::masked(64) });
    }
    let mut song = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks.push(track);
    fs::write(folder.join("melody.mid"), smf::write(&song).unwrap()).unwrap();
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
