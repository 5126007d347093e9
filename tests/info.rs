//! `composer info`, the real program: what it prints, its JSON, its exit codes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

#[path = "documented/keys.rs"]
mod documented;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn composer(args: &[&str]) -> Output {
    composer_reading(Stdio::null(), args)
}

fn composer_reading(input: impl Into<Stdio>, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_composer")).args(args).stdin(input).output().unwrap()
}

fn file(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/midi").join(name).to_str().unwrap().to_owned()
}

fn json(name: &str) -> Value {
    let output = composer(&["info", "--json", &file(name)]);
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_report_names_what_a_musician_wants_to_know() {
    let output = composer(&["info", &file("by-mido.mid")]);
    assert_eq!(output.status.code(), Some(0));
    let report = text(&output.stdout);
    for part in
        ["Baléro", "7, A#3 to A#4", "72 bpm", "80 bpm", "3/4", "Bb major", "faster", "bar 2", "Orchestral Harp", "384"]
    {
        assert!(report.contains(part), "no {part} in:\n{report}");
    }
    assert!(!report.contains('\x1b'), "colours went into a pipe");
}

#[test]
fn json_has_what_scripts_build_upon() {
    let doc = json("by-mido.mid");
    assert_eq!(doc["schema"], "composer.info/1");
    assert_eq!(doc["notes"], 7);
    assert_eq!(doc["tracks"][1]["track"], 2, "as `play --mute 2` and `compose --track 2` count");
    assert_eq!(doc["tracks"][1]["notes"], 7);
    assert_eq!(doc["tracks"][1]["instruments"][0]["name"], "Orchestral Harp");
    assert_eq!(doc["range"]["lowest"]["key"], 58);
    assert_eq!(doc["warnings"], Value::Array(vec![]));
    // 1152 ticks at 72 and 1536 at 80 quarter notes a minute, 384 ticks each; rounded to the microsecond.
    let expected = 1152.0 / 384.0 * 60.0 / 72.0 + (2688.0 - 1152.0) / 384.0 * 60.0 / 80.0;
    let duration = doc["duration_s"].as_f64().unwrap();
    assert!((duration - expected).abs() < 1e-5, "{duration} s, not {expected} s");
}

/// Every file of tests/data, so that every kind of thing that a file can have is in one of them.
#[test]
fn every_key_is_documented_and_occurs() {
    let documented = documented::keys("composer.info/1");
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(file("")).unwrap() {
        let output = composer(&["info", "--json", entry.unwrap().path().to_str().unwrap()]);
        if output.status.success() {
            let found: Value = serde_json::from_slice(&output.stdout).unwrap();
            documented::check(&found);
            seen.extend(documented::keys_of(&found));
        }
    }
    assert_eq!(documented::unseen(&documented, &seen), Vec::<String>::new());
}

#[test]
fn hanging_and_doubled_notes_count_and_warnings_have_their_bytes() {
    assert_eq!(json("hanging-note.mid")["notes"], 2);
    let doc = json("doubled-note.mid");
    assert_eq!(doc["notes"], 3);
    assert_eq!(doc["warnings"][1]["offset"], 26);
    assert_eq!(doc["warnings"][1]["track"], 1);
    assert!(doc["warnings"][1]["message"].as_str().unwrap().contains("C4"));
}

#[test]
fn broken_files_are_reported_on_with_warnings_and_exit_0() {
    let output = composer(&["info", &file("truncated-in-note.mid")]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("warning: byte 35, track 1: the file ends"));
}

#[test]
fn no_escape_sequence_of_a_file_reaches_the_terminal() {
    for args in [&["info"][..], &["info", "--json"]] {
        let name = file("escape-in-names.mid");
        let output = composer(&[args, &[&name]].concat());
        let shown = text(&output.stdout);
        assert!(shown.contains("Für Elise"), "{shown}");
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    }
}

#[test]
fn standard_input_is_read_too() {
    let output = composer_reading(File::open(file("format-0.mid")).unwrap(), &["info", "--json", "-"]);
    let doc: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&doc["file"], &doc["notes"]), (&"standard input".into(), &2.into()));
}

#[test]
fn what_is_no_use_is_exit_code_5_and_the_others_are_still_reported_on() {
    let output = composer(&["info", &file("README.md"), &file("format-0.mid"), &file("missing.mid")]);
    assert_eq!(output.status.code(), Some(5));
    assert!(text(&output.stdout).contains("One track"));
    let errors = text(&output.stderr);
    assert!(errors.contains("begins with `# MIDI f` (a text), not with `MThd`"), "{errors}");
    assert!(errors.contains("missing.mid"), "{errors}");
    assert!(errors.contains("try:"), "{errors}");

    let empty = tempfile::NamedTempFile::new().unwrap();
    let output = composer(&["info", empty.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(5));
    assert!(text(&output.stderr).contains("the file is empty"));
}

#[test]
fn a_header_that_is_cut_off_is_told_as_that() {
    for bytes in [&b"MThd"[..], b"MThd\0\0\0\x06\0\x01\0\x01\x01"] {
        let mut input = tempfile::NamedTempFile::new().unwrap();
        input.write_all(bytes).unwrap();
        let output = composer(&["info", input.path().to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(5));
        let errors = text(&output.stderr);
        assert!(errors.contains(&format!("cut off in its header, after {} bytes", bytes.len())), "{errors}");
        assert!(!errors.contains("empty") && output.stdout.is_empty(), "{errors}");
    }
}

#[test]
fn every_piece_of_format_2_has_its_tempo() {
    let chunk = |tempo: [u8; 3]| [b"MTrk\0\0\0\x0b\0\xff\x51\x03".as_slice(), &tempo, b"\0\xff\x2f\0"].concat();
    let head = b"MThd\0\0\0\x06\0\x02\0\x02\x01\xe0";
    let bytes = [&head[..], &chunk([0x07, 0xa1, 0x20]), &chunk([0x0f, 0x42, 0x40])].concat();
    let mut input = tempfile::NamedTempFile::new().unwrap();
    input.write_all(&bytes).unwrap();
    let path = input.path().to_str().unwrap();
    let shown = text(&composer(&["info", path]).stdout);
    assert!(shown.contains("120 bpm (track 1)") && shown.contains("60 bpm (track 2)"), "{shown}");
    let doc: Value = serde_json::from_slice(&composer(&["info", "--json", path]).stdout).unwrap();
    let tempos: Vec<_> =
        doc["tempos"].as_array().unwrap().iter().map(|t| (t["track"].clone(), t["bpm"].clone())).collect();
    assert_eq!(tempos, [(1.into(), 120.0.into()), (2.into(), 60.0.into())]);
}

#[test]
fn several_files_are_several_json_documents() {
    let output = composer(&["info", "--json", &file("format-0.mid"), &file("format-2.mid")]);
    let docs: Vec<Value> =
        serde_json::Deserializer::from_slice(&output.stdout).into_iter().map(Result::unwrap).collect();
    assert_eq!(docs.iter().map(|d| d["notes"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_file_of_nothing_but_tracks_is_no_trap() {
    let mut bytes = b"MThd\0\0\0\x06\0\x01\xff\xff\x01\xe0".to_vec();
    bytes.extend(b"MTrk\0\0\0\x04\0\xff\x2f\0".repeat(65_535));
    let mut input = tempfile::NamedTempFile::new().unwrap();
    input.write_all(&bytes).unwrap();
    let begun = Instant::now();
    let report = text(&composer(&["info", input.path().to_str().unwrap()]).stdout);
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert!(report.contains("65534"), "{}", &report[..report.len().min(500)]);
}
