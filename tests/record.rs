//! `composer record` and `composer recover` as a player meets them: the real program, the virtual
//! keyboard, real files, real signals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "documented/keys.rs"]
mod documented;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use composer::music::message::Voice;
use composer::music::smf;
use composer::studio::journal;
use serde_json::Value;

/// A player's machine: a home, settings, and a script that the virtual keyboard plays.
struct Desk {
    root: tempfile::TempDir,
}

impl Desk {
    fn new(script: &str) -> Desk {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("script.txt"), script).unwrap();
        Desk { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn composer(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env("HOME", self.root.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_STATE_HOME", self.path("state"))
            // Nobody's own journals may be found, restored or removed by a test.
            .env("XDG_RUNTIME_DIR", self.path("run"))
            // Nor is anything to be heard.
            .env("ALSA_CONFIG_PATH", "/dev/null")
            .env_remove("COMPOSER_SETTINGS")
            .stdin(Stdio::null());
        command
    }

    fn record(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["record", "--virtual=script.txt", "--library", "library"];
        all.extend(arguments);
        self.composer(&all).output().unwrap()
    }

    /// Starts a recording and waits until its journal holds so many messages.
    fn record_until(&self, messages: usize, arguments: &[&str]) -> Child {
        let mut all = vec!["record", "--virtual=script.txt", "--library", "library"];
        all.extend(arguments);
        let child = self.composer(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        let journalled = |path: &PathBuf| journal::read(&fs::read(path).ok()?).ok().map(|j| j.events.len());
        while self.journals().iter().filter_map(journalled).sum::<usize>() < messages {
            assert!(Instant::now() < end, "no journal of {messages} messages");
            std::thread::sleep(Duration::from_millis(10));
        }
        child
    }

    fn journals(&self) -> Vec<PathBuf> {
        files(self.root.path(), "journal")
    }

    fn library(&self) -> Vec<PathBuf> {
        files(&self.path("library"), "mid")
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path(), extension));
        } else if entry.path().extension().is_some_and(|e| e == extension) {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Keys with the seconds at which they go down and up.
fn notes(path: &Path) -> Vec<(u8, f64, f64)> {
    let reading = smf::read(&fs::read(path).unwrap()).unwrap();
    assert!(reading.warnings.is_empty(), "{:?}", reading.warnings);
    let map = reading.composition.tempo_map();
    let seconds = |t| map.micros(t).as_secs_f64();
    let all = reading.composition.tracks.iter().flat_map(|t| t.notes());
    all.map(|n| (n.key.get(), seconds(n.start), seconds(n.end))).collect()
}

fn keys(path: &Path) -> Vec<u8> {
    notes(path).iter().map(|n| n.0).collect()
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

const SCALE: &str = "at 200\ntap 60 100 100\nat 400\ntap 62 101 100\nat 600\ntap 64 102 100\nat 800\n";

/// What took less than half of it did not wait for its end, however busy the machine was.
const A_MINUTE: &str = "tap 60 100 100\nsleep 60000\n";
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

#[test]
fn what_is_played_is_in_the_file_when_it_was_played() {
    let desk = Desk::new(SCALE);
    let output = desk.record(&["song.mid", "--bpm", "90", "--time-signature", "3/4", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let notes = notes(&desk.path("song.mid"));
    assert_eq!(notes.iter().map(|n| n.0).collect::<Vec<_>>(), [60, 62, 64]);
    for pair in notes.windows(2) {
        // The file's grid is 0.35 ms at 90 quarters a minute; the rest is the machine's.
        assert!((pair[1].1 - pair[0].1 - 0.2).abs() < 0.02, "{notes:?}");
    }
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["schema"], "composer.record/1");
    documented::check(&json);
    assert_eq!(documented::unseen(&documented::keys("composer.record/1"), &documented::keys_of(&json)), [""; 0]);
    assert_eq!(json["takes"][0]["notes"], 3);
    assert!(desk.journals().is_empty(), "a saved take needs no journal");
}

#[test]
fn a_file_that_is_there_is_never_touched_without_force() {
    let desk = Desk::new(SCALE);
    fs::write(desk.path("song.mid"), "precious").unwrap();
    let output = desk.record(&["song.mid"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--force"));
    assert_eq!(fs::read(desk.path("song.mid")).unwrap(), b"precious");

    let output = desk.record(&["song.mid", "--force"]);
    assert!(output.status.success());
    assert_eq!(keys(&desk.path("song.mid")), [60, 62, 64]);
}

#[test]
fn with_force_the_old_file_stays_until_the_take_is_finished() {
    let desk = Desk::new("note_on 60 100\nsleep 60000\n");
    fs::write(desk.path("song.mid"), "precious").unwrap();
    let mut child = desk.record_until(1, &["song.mid", "--force"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read(desk.path("song.mid")).unwrap(), b"precious");
}

#[test]
fn a_missing_folder_is_told_before_anything_is_played() {
    let desk = Desk::new(A_MINUTE);
    let started = Instant::now();
    let output = desk.record(&["nowhere/song.mid"]);
    assert_eq!(output.status.code(), Some(6));
    assert!(text(&output.stderr).contains("mkdir -p nowhere"), "{}", text(&output.stderr));
    assert!(started.elapsed() < HALF_A_MINUTE);
}

/// Even the superuser cannot make files in /sys.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_sends_the_take_to_the_library() {
    let desk = Desk::new(SCALE);
    let output = desk.record(&["/sys/song.mid"]);
    assert_eq!(output.status.code(), Some(6));
    let library = desk.library();
    assert_eq!(keys(&library[0]), [60, 62, 64]);
    assert!(text(&output.stderr).contains(&library[0].file_name().unwrap().to_string_lossy().into_owned()));
}

#[test]
fn nothing_played_writes_nothing() {
    let desk = Desk::new("");
    let output = desk.record(&["song.mid"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("Nothing was played"));
    assert!(!desk.path("song.mid").exists());
    assert!(desk.journals().is_empty());
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_sigterm_close_what_is_held_and_finish_the_file() {
    for name in ["INT", "TERM", "HUP"] {
        let desk = Desk::new("note_on 60 100\ncc 64 127\nsleep 60000\n");
        let child = desk.record_until(2, &["song.mid"]);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        let reading = smf::read(&fs::read(desk.path("song.mid")).unwrap()).unwrap();
        let voices: Vec<Voice> = reading.composition.tracks[1].voices().map(|v| v.2).collect();
        assert!(matches!(
            voices[..],
            [Voice::NoteOn { .. }, Voice::Control { .. }, Voice::NoteOff { .. }, Voice::Control { .. }]
        ));
        assert!(matches!(voices[3], Voice::Control { value, .. } if value.get() == 0), "the pedal is up");
    }
}

#[test]
fn kill_9_loses_nothing_and_the_next_start_says_so() {
    let desk = Desk::new("repeat 1000\ntap 60 100 5\nsleep 5\nend\nsleep 60000\n");
    let mut child = desk.record_until(200, &["song.mid"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!desk.path("song.mid").exists());

    let listed = desk.composer(&["recover", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let found = listed["takes"][0]["notes"].as_u64().unwrap();
    assert!(found >= 100, "two hundred messages are a hundred notes: {listed}");

    fs::write(desk.path("script.txt"), SCALE).unwrap();
    let next = desk.record(&["other.mid"]);
    assert!(text(&next.stderr).contains("composer recover"), "{}", text(&next.stderr));

    let restored = desk.composer(&["recover", "restore"]).output().unwrap();
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    assert_eq!(keys(&desk.path("song.mid")).len() as u64, found, "it goes where it was to go");
    assert!(desk.journals().is_empty());
    assert!(text(&desk.composer(&["recover"]).output().unwrap().stdout).contains("No take was left behind"));
}

#[test]
fn a_running_take_is_no_leftover() {
    let desk = Desk::new("note_on 60 100\nsleep 60000\n");
    let mut child = desk.record_until(1, &["song.mid"]);
    let listed = desk.composer(&["recover", "restore"]).output().unwrap();
    assert!(text(&listed.stdout).contains("nothing to restore"), "{}", text(&listed.stdout));
    assert_eq!(desk.journals().len(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn discard_asks_for_a_name_and_takes_only_that() {
    let desk = Desk::new("note_on 60 100\nsleep 60000\n");
    let mut child = desk.record_until(1, &["song.mid"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(desk.composer(&["recover", "discard"]).output().unwrap().status.code(), Some(2));
    assert_eq!(desk.composer(&["recover", "discard", "no-such-take"]).output().unwrap().status.code(), Some(5));
    let listed = desk.composer(&["recover", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = listed["takes"][0]["id"].as_str().unwrap();
    assert!(desk.composer(&["recover", "discard", id]).output().unwrap().status.success());
    assert!(desk.journals().is_empty());
}

#[test]
fn recover_answers_programs_with_documents_that_are_described() {
    let desk = Desk::new("note_on 60 100\nsleep 60000\n");
    for name in ["one.mid", "two.mid"] {
        let mut child = desk.record_until(desk.journals().len() + 1, &[name]);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let journals = desk.journals();
    fs::write(journals[0].with_file_name("broken.0.journal"), "no journal").unwrap();
    // A whole take whose library could not be written when it ended.
    let stray = journals[0].with_file_name("2026-01-31 12.00.00.mid");
    fs::write(&stray, include_bytes!("data/midi/format-0.mid")).unwrap();
    let answer = |arguments: &[&str], code: i32| -> Value {
        let output = desk.composer(&[&["recover", "--json"], arguments].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}"));
        documented::check(&document);
        document
    };
    let all_of = |schema| documented::keys(schema);
    let list = answer(&["list"], 0);
    assert_eq!(list["takes"].as_array().unwrap().len(), 2, "{list}");
    assert_eq!(documented::unseen(&all_of("composer.recover/1"), &documented::keys_of(&list)), [""; 0]);
    let (first, second) = (list["takes"][0]["id"].as_str().unwrap(), list["takes"][1]["id"].as_str().unwrap());

    let failed = answer(&["restore", first, "--output", "nowhere/one.mid"], 6);
    assert_eq!((&failed["restored"][0], &failed["failed"][0]["id"]), (&Value::Null, &first.into()));
    let restored = answer(&["restore", first], 0);
    assert_eq!((&restored["restored"][0]["notes"], &restored["failed"][0]), (&1.into(), &Value::Null));
    assert_eq!(keys(Path::new(restored["restored"][0]["file"].as_str().unwrap())), [60]);
    let discarded = answer(&["discard", second], 0);
    assert_eq!(discarded["discarded"][0]["id"], second);
    assert_eq!(documented::unseen(&all_of("composer.recover.discarded/1"), &documented::keys_of(&discarded)), [""; 0]);
    assert_eq!(answer(&[], 0)["files"], serde_json::json!([stray]));
    let moved = answer(&["restore", "--library", "home"], 0);
    assert_eq!(moved["moved"], serde_json::json!(["home/2026-01-31 12.00.00.mid"]));
    assert!(!stray.exists() && desk.path("home/2026-01-31 12.00.00.mid").exists());
    let seen = [&failed, &restored, &moved].into_iter().flat_map(documented::keys_of).collect();
    assert_eq!(documented::unseen(&all_of("composer.recover.restored/1"), &seen), [""; 0]);
    assert_eq!(answer(&[], 0)["takes"].as_array().unwrap().len(), 0);
}

#[test]
fn silence_splits_takes_into_the_library() {
    let desk = Desk::new("tap 60 100 50\nsleep 900\ntap 62 100 50\ntap 64 100 50\nsleep 900\n");
    let output = desk.record(&["--split-after", "500ms"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut takes: Vec<Vec<u8>> = desk.library().iter().map(|f| keys(f)).collect();
    takes.sort();
    assert_eq!(takes, [vec![60], vec![62, 64]]);
    assert!(desk.library().iter().all(|f| notes(f)[0].1 == 0.0), "a take begins with its first note");
}

#[test]
fn a_length_and_a_silence_end_a_take() {
    let desk = Desk::new("tap 60 100 50\nsleep 300\ntap 62 100 50\nsleep 60000\n");
    let started = Instant::now();
    assert!(desk.record(&["length.mid", "--duration", "200ms"]).status.success());
    assert_eq!(keys(&desk.path("length.mid")), [60]);
    assert!(desk.record(&["silence.mid", "--stop-after", "0.6"]).status.success());
    assert_eq!(keys(&desk.path("silence.mid")), [60, 62]);
    assert!(started.elapsed() < HALF_A_MINUTE, "neither waits for the script's end");
}

#[test]
fn the_buttons_make_two_takes() {
    let desk = Desk::new(
        "tap 50 100 20\ncc 107 127\nsleep 50\ntap 60 100 20\nsleep 20\ncc 106 127\ncc 106 0\nsleep 50\n\
         tap 51 100 20\ncc 107 127\nsleep 50\ntap 62 100 20\ntap 64 100 20\nsleep 20\ncc 106 127\n",
    );
    let output = desk.record(&["--armed", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut takes: Vec<Vec<u8>> = desk.library().iter().map(|f| keys(f)).collect();
    takes.sort();
    assert_eq!(takes, [vec![60], vec![62, 64]]);
}

#[test]
fn controllers_of_a_midi_file_are_music_unless_they_were_learned() {
    let desk = Desk::new("");
    // A note, then what the AKM322's Stop and Rec send, then another note.
    let track = b"\0\x90\x3c\x64\x0a\x80\x3c\x40\0\xb0\x6a\x5a\0\xb0\x6b\x5a\0\x90\x3e\x64\x0a\x80\x3e\x40\0\xff\x2f\0";
    let head = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk\0\0\0";
    fs::write(desk.path("in.mid"), [&head[..], &[u8::try_from(track.len()).unwrap()], track].concat()).unwrap();
    let done = desk.composer(&["record", "--virtual=in.mid", "out.mid"]).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(keys(&desk.path("out.mid")), [60, 62]);
    let kept = smf::read(&fs::read(desk.path("out.mid")).unwrap()).unwrap().composition;
    let controllers: Vec<u8> = (kept.tracks.iter().flat_map(|t| t.events()))
        .filter_map(|(_, event)| match event {
            composer::music::composition::Event::Voice(_, Voice::Control { controller, .. }) => Some(controller.get()),
            _ => None,
        })
        .collect();
    assert_eq!(controllers, [106, 107]);

    fs::write(desk.path("settings.toml"), "[controls]\nstop = { message = \"cc 106\" }\n").unwrap();
    let done =
        desk.composer(&["--settings", "settings.toml", "record", "--virtual=in.mid", "short.mid"]).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(keys(&desk.path("short.mid")), [60]);
}

#[test]
fn unplugging_closes_what_is_held_and_plugging_in_goes_on() {
    let desk = Desk::new("note_on 60 100\nsleep 200\nunplug\nsleep 300\nplug\nsleep 100\ntap 62 100 100\n");
    let output = desk.record(&["song.mid"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let notes = notes(&desk.path("song.mid"));
    assert_eq!(notes.iter().map(|n| n.0).collect::<Vec<_>>(), [60, 62]);
    assert!((notes[0].2 - notes[0].1 - 0.2).abs() < 0.1, "{notes:?}");
    let bytes = fs::read(desk.path("song.mid")).unwrap();
    for marker in ["keyboard disconnected", "keyboard connected"] {
        assert!(bytes.windows(marker.len()).any(|w| w == marker.as_bytes()), "{marker}");
    }
}

#[test]
fn a_quantised_track_stands_beside_the_take_as_played() {
    let desk = Desk::new("at 130\ntap 60 100 100\nat 260\ntap 62 100 100\n");
    assert!(desk.record(&["song.mid", "--quantise", "1/16", "--bpm", "120"]).status.success());
    let bytes = fs::read(desk.path("song.mid")).unwrap();
    let tracks = smf::read(&bytes).unwrap().composition.tracks;
    assert_eq!(tracks.len(), 3);
    let starts: Vec<u64> = tracks[2].notes().iter().map(|n| n.start.0).collect();
    assert!(starts.iter().all(|t| t % 240 == 0), "{starts:?}");

    assert!(desk.record(&["pair.mid", "--quantise", "1/16", "--quantised-file"]).status.success());
    assert_eq!(keys(&desk.path("pair.mid")), [60, 62]);
    assert_eq!(keys(&desk.path("pair.quantised.mid")), [60, 62]);
}

#[test]
fn one_channel_can_be_kept() {
    let desk = Desk::new("tap 60 100 20 0\ntap 61 100 20 1\n");
    assert!(desk.record(&["song.mid", "--channel", "2"]).status.success());
    assert_eq!(keys(&desk.path("song.mid")), [61]);
    assert_eq!(desk.record(&["song2.mid", "--channel", "17"]).status.code(), Some(2));
}

#[test]
fn nothing_but_json_goes_to_standard_output() {
    let desk = Desk::new(SCALE);
    let output = desk.record(&["song.mid"]);
    assert!(output.stdout.is_empty());
    assert!(!text(&output.stderr).contains('\u{1b}'), "no control sequences into a pipe");
}
