//! `composer monitor` and `composer learn` as their users meet them, on the virtual keyboard: the
//! kernel rig does the same with a real driver.

#![allow(clippy::unwrap_used, clippy::panic)] // in a test they are how it fails

#[path = "documented/keys.rs"]
mod documented;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn composer(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
        command.args(args).stdin(Stdio::null()).env("HOME", self.path()).env_remove("COMPOSER_SETTINGS");
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.composer(args).output().unwrap()
    }

    fn script(&self, text: &str) -> String {
        let file = self.path().join("script.txt");
        fs::write(&file, text).unwrap();
        format!("--virtual={}", file.display())
    }

    fn settings(&self) -> PathBuf {
        self.path().join("settings.toml")
    }
}

fn json_lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_message_is_shown_in_order_with_its_time_and_its_name() {
    let home = Home::new();
    let script = home.script("note_on 60 100\nat 20\ncc 22 5\nat 40\npitch 0\nat 60\nnote_off 60 7\nsysex 7E 01\n");
    let lines = json_lines(&home.run(&["monitor", "--json", &script]));
    assert!(lines.iter().all(|l| l["schema"] == "composer.monitor/1"));
    assert_eq!(lines[0]["event"], "connected");
    let messages: Vec<&Value> = lines.iter().filter(|l| l["event"] == "message").collect();
    let kinds: Vec<&str> = messages.iter().map(|m| m["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["note-on", "control", "pitch-bend", "note-off", "sys-ex"]);
    assert_eq!((messages[0]["note"].as_str(), messages[0]["velocity"].as_u64()), (Some("C4"), Some(100)));
    assert_eq!(messages[1]["name"], "knob 2");
    assert_eq!(messages[2]["bend"], -8192);
    assert_eq!(messages[4]["bytes"], "F0 7E 01 F7");
    let start = messages[0]["t"].as_f64().unwrap();
    for (message, millis) in messages.iter().zip([0.0, 20.0, 40.0, 60.0]) {
        let at = (message["t"].as_f64().unwrap() - start) * 1000.0;
        assert!((at - millis).abs() < 0.01, "{at} ms instead of {millis}");
    }
}

#[test]
fn every_key_of_monitor_is_documented_and_occurs() {
    let home = Home::new();
    let script =
        "note_on 60\nnote_off 60\ncc 22 5\npitch 0\nprog 5\ntouch 9\nraw a0 3c 21\nraw fa\nsysex 7E 01\nunplug\nplug\n";
    let lines = json_lines(&home.run(&["monitor", "--json", &home.script(script)]));
    lines.iter().for_each(documented::check);
    let seen: BTreeSet<String> = lines.iter().flat_map(documented::keys_of).collect();
    let missing = documented::unseen(&documented::keys("composer.monitor/1"), &seen);
    // The virtual keyboard is never refused and loses nothing.
    assert_eq!(missing, ["lost", "reason"]);
    let docs = include_str!("../docs/json.md");
    for kind in lines.iter().filter_map(|l| l["kind"].as_str()) {
        assert!(docs.contains(&format!("`{kind}`")), "{kind} is not explained in docs/json.md");
    }
}

#[test]
fn filters_and_limits_hold() {
    let home = Home::new();
    let script = home.script("cc 1 1\nnote_on 60 100 1\nnote_on 61 100 2\nnote_on 62 100 1\nnote_on 63 100 1\n");
    let args = ["monitor", "--json", "--only", "notes", "--channel", "2", "--count", "2", &script];
    let keys: Vec<u64> = json_lines(&home.run(&args)).iter().filter_map(|l| l["key"].as_u64()).collect();
    assert_eq!(keys, [60, 62]);
    let begun = Instant::now();
    let output = home.run(&["monitor", "--virtual", "--duration", "0.2s"]);
    assert!(output.status.success() && begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_pipe_gets_plain_lines_with_bytes_if_asked_for() {
    let home = Home::new();
    let output = home.run(&["monitor", "--raw", &home.script("tap 60 100 1\nunplug\nplug\n")]);
    let text = text(&output.stdout);
    for part in ["C4", "90 3C 64", "disconnected", "connected"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text:?}");
}

#[cfg(unix)]
#[test]
fn sigterm_ends_it_with_success() {
    let home = Home::new();
    let script = home.script("note_on 60\nsleep 60000\n");
    let mut child = home.composer(&["monitor", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("connected"), "{line}");
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_cannot_be_played_is_told_with_its_line_and_an_exit_code() {
    let home = Home::new();
    let output = home.run(&["monitor", &home.script("note_on 60\nhonk\n")]);
    assert_eq!(output.status.code(), Some(5));
    assert!(text(&output.stderr).contains("line 2: `honk` is no command"), "{}", text(&output.stderr));
    assert_eq!(home.run(&["monitor", "--virtual=/no/such/file"]).status.code(), Some(5));
    let output = home.run(&["monitor", "--virtual=keys"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("terminal"), "{}", text(&output.stderr));
    assert_eq!(home.run(&["monitor", "--virtual", "--port", "x"]).status.code(), Some(2));
}

#[test]
fn a_control_is_learned_from_what_it_sends_most_and_kept() {
    let home = Home::new();
    let settings = home.settings();
    let settings = settings.to_str().unwrap();
    // A stray touch of another knob, a key: the button is what moved most.
    let script = home.script("cc 9 1\ncc 20 127 4\nsleep 5\ncc 20 0 4\nsleep 600\n");
    let output = home.run(&["--settings", settings, "learn", "play", "--json", &script]);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    documented::check(&report);
    assert_eq!(report["controls"][0]["message"], "cc 20");
    assert_eq!(report["controls"][0]["channel"], 5);

    let output = home.run(&["--settings", settings, "learn", "rec", "--toggle", &script]);
    assert!(text(&output.stderr).contains("cc 20 is what Play sends too"), "{}", text(&output.stderr));

    let script = home.script("cc 20 127 4\n");
    let lines = json_lines(&home.run(&["--settings", settings, "monitor", "--json", &script]));
    assert_eq!(lines[1]["name"], "Play", "monitor calls it by its learned name");

    assert!(home.run(&["--settings", settings, "learn", "--reset", "all"]).status.success());
    let list: Value =
        serde_json::from_slice(&home.run(&["--settings", settings, "learn", "--list", "--json"]).stdout).unwrap();
    documented::check(&list);
    assert_eq!(documented::unseen(&documented::keys("composer.learn/1"), &documented::keys_of(&list)), [""; 0]);
    assert!(list["controls"].as_array().unwrap().iter().all(|c| c["learned"] == false), "{list}");
}

#[test]
fn nothing_moved_is_a_failure_that_changes_nothing() {
    let home = Home::new();
    let settings = home.settings();
    let output =
        home.run(&["--settings", settings.to_str().unwrap(), "learn", "knob1", &home.script("note_on 60\nsleep 10\n")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nothing is changed"), "{}", text(&output.stderr));
    assert!(!settings.exists());
}
