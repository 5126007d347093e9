//! `composer doctor` on whatever machine the tests run: it never panics, always has an answer, and the
//! exit code, the words and the JSON say the same. Each broken link is staged in tests/rig/cases/doctor.sh.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // the helpers below are tests too

#[path = "documented/keys.rs"]
mod documented;

use std::process::{Command, Output};

use serde_json::Value;

fn doctor(args: &[&str], home: &std::path::Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .arg("doctor")
        .args(args)
        .env("HOME", home)
        .env("XDG_STATE_HOME", home)
        .env_remove("XDG_DATA_HOME")
        .env("USER", "wolfgang-amadeus")
        .output()
        .unwrap()
}

#[test]
fn exit_code_and_verdict_agree_and_every_key_is_documented() {
    let home = tempfile::tempdir().unwrap();
    let output = doctor(&["--json"], home.path());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = match found["verdict"].as_str().unwrap() {
        "ok" => 0,
        "warning" => 1,
        "failure" => 2,
        other => panic!("{other}"),
    };
    assert_eq!(output.status.code(), Some(expected));
    assert_eq!(documented::undocumented(&found, &documented::keys("composer.doctor/1")), Vec::<String>::new());
    let docs = include_str!("../docs/json.md");
    for check in found["checks"].as_array().unwrap() {
        let id = check["id"].as_str().unwrap();
        assert!(docs.contains(&format!("| `{id}` |")), "{id} is not explained in docs/json.md");
        let bad = matches!(check["status"].as_str().unwrap(), "warning" | "failure");
        assert_eq!(bad, check["remedy"].is_string(), "{check}");
    }
}

#[test]
fn one_check_a_line_for_people() {
    let home = tempfile::tempdir().unwrap();
    let output = doctor(&[], home.path());
    let text = String::from_utf8(output.stdout).unwrap();
    for id in ["usb-device", "seq-permission", "udev-rule", "soundfont", "display"] {
        assert_eq!(text.lines().filter(|l| l.split_whitespace().nth(1) == Some(id)).count(), 1, "{id} in:\n{text}");
    }
    assert!(text.trim_end().ends_with("skipped"), "{text}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_report_tells_everything_but_who_and_where_and_replaces_nothing() {
    let home = tempfile::tempdir().unwrap();
    // A SoundFont in the home folder, under the user's name.
    let fonts = home.path().join(".local/share/soundfonts");
    std::fs::create_dir_all(&fonts).unwrap();
    std::fs::write(fonts.join("wolfgang-amadeus piano.sf2"), "RIFF").unwrap();
    let file = home.path().join("report.txt");
    let name = file.to_str().unwrap();
    assert!(matches!(doctor(&["--report", name], home.path()).status.code(), Some(0..=2)));
    let report = std::fs::read_to_string(&file).unwrap();
    for part in ["composer ", "usb-device", "\"architecture\"", "composer.devices/1"] {
        assert!(report.contains(part), "{part} is missing from:\n{report}");
    }
    assert!(!report.contains("wolfgang") && !report.contains(home.path().to_str().unwrap()), "{report}");
    if cfg!(target_os = "linux") {
        assert!(report.contains("~/.local/share/soundfonts/(user) piano.sf2"), "{report}");
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let (about_all, system) = report.split_once("## System").unwrap();
        assert!(host.trim().len() < 3 || !about_all.contains(host.trim()), "{report}");
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        if let Some(name) = release.lines().find_map(|l| l.strip_prefix("PRETTY_NAME=")) {
            assert!(system.contains(name.trim_matches(['"', '\''])), "{system}");
        }
    }
    std::fs::write(&file, "mine").unwrap();
    let refused = doctor(&["--report", name], home.path());
    assert_eq!(refused.status.code(), Some(6));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--force"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    doctor(&["--report", name, "--force"], home.path());
    assert!(std::fs::read_to_string(&file).unwrap().contains("usb-device"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        let plain = home.path().join("plain.txt");
        std::fs::write(&plain, "").unwrap();
        assert_eq!(mode(&file), mode(&plain), "a report that replaces a file is one that can be sent like any other");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("no/such/folder/report.txt");
    let output = doctor(&["--report", file.to_str().unwrap()], home.path());
    assert_eq!(output.status.code(), Some(6));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write the report"));
}

#[test]
fn listening_without_a_keyboard_fails_at_once_and_says_why() {
    let home = tempfile::tempdir().unwrap();
    let start = std::time::Instant::now();
    let output = doctor(&["--json", "--listen", "60", "--port", "no-such-port"], home.path());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let listen = found["checks"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&listen["id"], &listen["status"]), (&"listen".into(), &"failure".into()));
    assert!(start.elapsed().as_secs() < 30);
    assert_eq!(doctor(&["--listen", "0"], home.path()).status.code(), Some(2));
}
