//! What stores, servers and libraries are spared: mistyped names, links, full disks, clients that do not read, two who
//! do the same thing at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails
#![cfg(feature = "s3")]

#[path = "documented/keys.rs"]
mod documented;
#[path = "cloud/music.rs"]
mod music;
#[path = "cloud/program.rs"]
mod program;

use std::fs;
use std::path::Path;
use std::process::Output;

use program::{Served, composer, error, run};

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A home with a melody in it.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("song.mid"), music::melody(2)).unwrap();
    home
}

#[test]
fn a_store_that_is_not_there_is_made_by_who_writes_and_refused_by_who_reads() {
    let home = home();
    let at = |name: &str| home.path().join(name);
    for reads in [
        &["jobs"][..],
        &["jobs", "wait", "1f2e3d4c"],
        &["jobs", "show", "1f2e3d4c"],
        &["download"],
        &["download", "--all"],
        &["sync", "--dry-run"],
        &["bucket", "check"],
    ] {
        let output = run(home.path(), &[reads, &["--store", "mistyped"]].concat());
        assert_eq!(output.status.code(), Some(5), "{reads:?}: {}", error(&output));
        assert!(error(&output).contains("there is no such folder"), "{reads:?}: {}", error(&output));
        assert!(!at("mistyped").exists(), "{reads:?}");
    }
    fs::create_dir(at("library")).unwrap();
    for (store, writes) in [
        ("new-1", &["submit", "song.mid"][..]),
        ("new-2", &["upload", "song.mid"]),
        ("new-3", &["sync", "library"]),
        ("new-4", &["worker", "--drain"]),
    ] {
        let arguments = [writes, &["--store", store]].concat();
        let output = run(home.path(), &arguments);
        assert!(output.status.success() && at(store).is_dir(), "{writes:?}: {}", error(&output));
        assert!(error(&output).contains(&format!("made the store {store}")), "{writes:?}: {}", error(&output));
        let again = run(home.path(), &arguments);
        assert!(!error(&again).contains("made the store"), "{writes:?}: {}", error(&again));
    }
    // The settings name one as well as the command line does.
    fs::write(at("settings.toml"), "[jobs]\nstore = \"~/unmounted\"\n").unwrap();
    let output = run(home.path(), &["--settings", "settings.toml", "jobs"]);
    assert_eq!((output.status.code(), at("unmounted").exists()), (Some(5), false), "{}", error(&output));
    // The one that nobody need name reads as empty, is not made by looking, and is made without a word.
    let quiet = tempfile::tempdir().unwrap();
    for reads in [&["jobs"][..], &["download"], &["sync", "--dry-run"]] {
        let output = run(quiet.path(), reads);
        assert!(output.status.success(), "{reads:?}: {}", error(&output));
        assert!(!quiet.path().join(".local/share/composer/store").exists(), "{reads:?}");
    }
    let output = run(home.path(), &["submit", "song.mid"]);
    assert!(output.status.success() && error(&output).is_empty(), "{}", error(&output));
}

#[test]
fn what_cannot_be_a_store_is_said_to_be_none() {
    let home = home();
    for store in ["s3:/music", "S3://music", "http://127.0.0.1/music", "http:/music"] {
        let output = run(home.path(), &["upload", "song.mid", "--store", store]);
        assert_eq!(output.status.code(), Some(2), "{store}: {}", error(&output));
        assert!(error(&output).contains("s3://bucket/prefix"), "{store}: {}", error(&output));
    }
    let output = run(home.path(), &["jobs", "--store", ".", "--endpoint-url", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(2), "{}", error(&output));
    assert!(error(&output).contains("--endpoint-url"), "{}", error(&output));
    for command in [&["jobs"][..], &["upload", "song.mid"]] {
        let output = run(home.path(), &[command, &["--store", "song.mid"]].concat());
        assert_eq!(output.status.code(), Some(5), "{}", error(&output));
        assert!(error(&output).contains("is no store: it is a file"), "{}", error(&output));
    }
}

#[test]
fn new_keys_do_not_lock_out_who_uses_a_server_that_runs() {
    let home = home();
    let served = Served::start(home.path());
    let keys = || fs::read_to_string(home.path().join(".local/share/composer/serve.keys")).unwrap();
    let before = keys();
    let again = run(home.path(), &["serve", "--new-keys", "--listen", "127.0.0.1:0"]);
    assert!(error(&again).contains("another program serves it"), "{}", error(&again));
    let address = served.url.trim_start_matches("http://");
    let taken = run(home.path(), &["serve", "another", "--new-keys", "--listen", address]);
    assert!(!taken.status.success(), "{taken:?}");
    assert!(error(&taken).contains("another program listens there"), "{}", error(&taken));
    assert!(error(&taken).contains("--listen"), "{}", error(&taken));
    assert_eq!(keys(), before);
    served.json(home.path(), &["upload", "song.mid"]);
}

#[test]
#[cfg(unix)]
fn a_server_leads_nobody_over_a_linked_folder() {
    let home = home();
    let served = Served::start(home.path());
    served.json(home.path(), &["upload", "song.mid"]);
    let store = home.path().join(".local/share/composer/store");
    let outside = tempfile::tempdir().unwrap();
    // What another user of the folder could do: the library is elsewhere.
    fs::rename(store.join("library"), outside.path().join("library")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("library"), store.join("library")).unwrap();
    assert_eq!(served.json(home.path(), &["download"])["files"].as_array().unwrap().len(), 0);
    let count = || walk(outside.path());
    let before = count();
    let refused = served.run(home.path(), &["upload", "song.mid"]);
    assert!(!refused.status.success(), "{refused:?}");
    assert_eq!(count(), before);
}

#[cfg(unix)]
fn walk(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    entries.map(|e| if e.file_type().unwrap().is_dir() { walk(&e.path()) } else { 1 }).sum()
}

#[test]
#[cfg(unix)]
fn a_full_disk_leaves_the_old_file_in_its_place() {
    let home = home();
    let at = |name: &str| home.path().join(name);
    for (folder, bytes) in [("a", 1_000), ("b", 1_000)] {
        fs::create_dir(at(folder)).unwrap();
        fs::write(at(folder).join("song.mid"), vec![b'x'; bytes]).unwrap();
        assert!(run(home.path(), &["sync", folder, "--store", "store"]).status.success());
    }
    fs::write(at("a/song.mid"), vec![b'y'; 3_000_000]).unwrap();
    assert!(run(home.path(), &["sync", "a", "--store", "store"]).status.success());
    // No file may grow beyond a megabyte here.
    let mut limited = std::process::Command::new("bash");
    limited.args(["-c", "ulimit -f 1000; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_composer"), "sync", "b"]);
    limited.args(["--store", "store"]).current_dir(home.path());
    let same = composer(home.path());
    for (name, value) in same.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let Ok(output) = limited.output() else { return eprintln!("SKIPPED a full disk: there is no bash") };
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output).contains("not done"), "{output:?}");
    assert_eq!(fs::read(at("b/song.mid")).unwrap(), vec![b'x'; 1_000]);
    assert_eq!(fs::read_dir(at("b")).unwrap().count(), 1, "nothing is in the trash, nothing half written is left");
}

#[test]
fn one_sync_at_a_time() {
    let home = home();
    let at = |name: &str| home.path().join(name);
    fs::create_dir(at("library")).unwrap();
    let states = at(".local/state/composer/sync");
    let _lock = composer::studio::remote::sync::Lock::take(&at("library"), &states).unwrap();
    let output = run(home.path(), &["sync", "library", "--store", "store"]);
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    let process = format!("(process {})", std::process::id());
    assert!(error(&output).contains("another composer syncs the library"), "{}", error(&output));
    assert!(error(&output).contains(&process), "{}", error(&output));
    // Who only looks is in nobody's way.
    fs::create_dir_all(at("store")).unwrap();
    assert!(run(home.path(), &["sync", "library", "--dry-run", "--store", "store"]).status.success());
}

#[test]
#[cfg(unix)]
fn names_in_a_store_move_no_cursor() {
    let home = home();
    let at = |name: &str| home.path().join(name);
    let evil = "a\u{1b}]0;evil\u{7}\u{202e}.mid";
    fs::create_dir(at("library")).unwrap();
    fs::write(at("library").join(evil), music::melody(2)).unwrap();
    fs::write(at(evil), music::melody(2)).unwrap();
    let colourful = |arguments: &[&str]| {
        let command = &mut composer(home.path());
        let output = command.args(arguments).args(["--store", "store"]).env("CLICOLOR_FORCE", "1").output().unwrap();
        let said = text(&output) + &error(&output);
        assert!(!said.contains("\u{1b}]") && !said.contains('\u{202e}'), "{arguments:?}: {said:?}");
        said
    };
    assert!(colourful(&["sync", "library"]).contains("evil"));
    assert!(colourful(&["upload", evil]).contains("evil"));
    assert!(colourful(&["download"]).contains("evil"));
    assert!(colourful(&["submit", evil, "--sampling-iterations", "0", "--wait", "--timeout", "1s"]).contains("queued"));
    assert!(colourful(&["worker", "--drain"]).contains("succeeded"));
    assert!(colourful(&["jobs"]).contains("evil"));
    let jobs: serde_json::Value =
        serde_json::from_str(&text(&run(home.path(), &["jobs", "--store", "store", "--json"]))).unwrap();
    let id = jobs["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert!(colourful(&["jobs", "show", &id]).contains("evil"));
    assert!(colourful(&["jobs", "fetch", &id]).contains("evil"));
    // And what is not there is told no otherwise.
    assert!(colourful(&["download", "b\u{1b}]0;evil\u{7}"]).contains("evil"));
}
