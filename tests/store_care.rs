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
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use composer::store::s3::{Access, Bucket, Knocks};
use composer::store::{Error, Key, Listing, Objects};
use program::{Served, Silent, composer, ended, error, run};

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

/// Where the embedded server's objects are.
fn bucket(home: &Path, served: &Served) -> Bucket {
    let keys_file = Some(home.join(".local/share/composer/serve.keys"));
    let access = Access { endpoint_url: Some(served.url.clone()), keys_file, ..Access::default() };
    Bucket::open("composer", "", &access).unwrap()
}

/// The most memory that a process has had, in bytes.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

#[test]
fn who_does_not_read_holds_no_memory_of_the_server() {
    let home = home();
    let served = Served::start(home.path());
    let (key, length) = (Key::new("large.bin").unwrap(), 60 << 20);
    fs::write(home.path().join(".local/share/composer/store/large.bin"), vec![7; length]).unwrap();
    let bucket = bucket(home.path(), &served);
    let link = bucket.presign(&key, Duration::from_secs(600)).unwrap();
    let (address, path) = (served.url.trim_start_matches("http://"), link.strip_prefix(&served.url).unwrap());
    let unread: Vec<TcpStream> = (0..12)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
            stream
        })
        .collect();
    for stream in &unread {
        // It has begun to answer.
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        assert!(stream.peek(&mut [0; 1]).unwrap() == 1);
    }
    // And others are answered, all of it and a part.
    assert_eq!(bucket.get(&key, 1 << 30).unwrap().unwrap().len(), length);
    let mut part = TcpStream::connect(address).unwrap();
    write!(part, "GET {path} HTTP/1.1\r\nHost: {address}\r\nRange: bytes=5-8\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut part, &mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 206") && answer.ends_with(&[b'\n', 7, 7, 7, 7]), "{answer:?}");
    match peak(served.server.id()) {
        Some(bytes) => assert!(bytes < 200 << 20, "{} MiB", bytes >> 20),
        None => eprintln!("SKIPPED the server's memory: nothing tells it here"),
    }
}

#[test]
fn files_are_read_when_they_are_sent() {
    let home = home();
    let names: Vec<String> = (0..64).map(|n| format!("{n}.bin")).collect();
    for name in &names {
        fs::write(home.path().join(name), vec![b'x'; 4 << 20]).unwrap();
    }
    let mut command = composer(home.path());
    command.arg("upload").args(&names).args(["--store", "store"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut most, end) = (0, Instant::now() + Duration::from_secs(120));
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "it does not end");
        most = peak(child.id()).unwrap_or_default().max(most);
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(most < 200 << 20, "{} MiB for 256 MiB of files", most >> 20);
}

#[test]
fn what_is_longer_than_a_server_takes_is_named() {
    let home = home();
    let served = Served::start(home.path());
    fs::write(home.path().join("long.bin"), vec![b'x'; 65 << 20]).unwrap();
    let output = served.run(home.path(), &["upload", "long.bin", "song.mid"]);
    assert_eq!(output.status.code(), Some(5), "{}", error(&output));
    let said = error(&output);
    assert!(said.contains("long.bin") && said.contains("64 MiB") && said.contains("composer render"), "{said}");
    assert!(text(&output).contains("song.mid"), "the other is brought: {output:?}");
}

#[test]
fn who_submits_waits_no_longer_than_was_said() {
    let (home, silent) = (home(), Silent::start());
    let start = |arguments: &[&str]| silent.command(home.path(), arguments).spawn().unwrap();
    let begun = Instant::now();
    let waits = start(&["submit", "song.mid", "--wait", "--timeout", "2s"]);
    let does_not = start(&["submit", "song.mid"]);
    for (child, bound) in [(waits, ""), (does_not, "within 30 s")] {
        let output = ended(child);
        assert_eq!(output.status.code(), Some(1), "{}", error(&output));
        let said = error(&output);
        assert!(said.contains("song.mid: not submitted") && said.contains("has not answered"), "{said}");
        assert!(said.contains(bound), "{said}");
        eprintln!("ended after {:?}", begun.elapsed());
    }
}

#[test]
fn who_only_asks_knocks_twice_where_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let home = home();
    fs::write(home.path().join("keys"), "[default]\naws_access_key_id=C\naws_secret_access_key=x\n").unwrap();
    let open = |knocks| {
        let keys_file = Some(home.path().join("keys"));
        let access = Access { endpoint_url: Some(url.clone()), keys_file, knocks, ..Access::default() };
        Bucket::open("composer", "", &access).unwrap().list(&Listing::of("")).unwrap_err()
    };
    let twice = open(Knocks::Twice);
    assert!(matches!(twice, Error::Refused { .. }) && !twice.is_passing(), "{twice:?}");
    assert!(open(Knocks::Patiently).is_passing(), "whoever works there waits until it is back");
    for asks in [&["jobs"][..], &["download"], &["bucket", "check"]] {
        let begun = Instant::now();
        let mut command = composer(home.path());
        command.args(asks).args(["--store", "s3://composer", "--endpoint-url", &url]);
        command.env("AWS_ACCESS_KEY_ID", "C").env("AWS_SECRET_ACCESS_KEY", "x");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", error(&output));
        assert!(error(&output).contains("cannot be reached"), "{}", error(&output));
        eprintln!("{asks:?}: {:?}", begun.elapsed());
    }
}

#[test]
fn who_has_no_keys_is_told_before_anything_is_rendered() {
    let home = home();
    let store = ["--store", "s3://composer-nobody"];
    // A SoundFont that is not there would be told of first.
    let font = ["--soundfont", "nowhere.sf2"];
    for command in [&["share", "song.mid"][..], &["upload", "song.mid", "--audio"]] {
        let output = run(home.path(), &[command, &font, &store].concat());
        assert_eq!(output.status.code(), Some(4), "{command:?}: {}", error(&output));
        assert!(error(&output).contains("no credentials"), "{command:?}: {}", error(&output));
    }
    let folder = run(home.path(), &[&["share", "song.mid", "--store", "."][..], &font].concat());
    assert_eq!(folder.status.code(), Some(2), "{}", error(&folder));
    assert!(error(&folder).contains("a folder has no links"), "{}", error(&folder));
    // And so is who uses any other command.
    fs::create_dir(home.path().join("library")).unwrap();
    for command in [
        &["jobs"][..],
        &["jobs", "wait", "1f2e3d4c"],
        &["jobs", "show", "1f2e3d4c"],
        &["jobs", "cancel", "1f2e3d4c"],
        &["jobs", "retry", "1f2e3d4c"],
        &["jobs", "remove", "1f2e3d4c"],
        &["jobs", "fetch", "1f2e3d4c"],
        &["submit", "song.mid"],
        &["submit", "song.mid", "--wait"],
        &["worker", "--once"],
        &["upload", "song.mid"],
        &["download"],
        &["download", "song.mid"],
        &["sync", "library"],
        &["sync", "library", "--dry-run"],
        &["bucket", "check"],
    ] {
        let mut program = composer(home.path());
        program.args(command).args(store).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = ended(program.spawn().unwrap());
        assert_eq!(output.status.code(), Some(4), "{command:?}: {}", error(&output));
        assert!(error(&output).contains("no credentials for s3://composer-nobody/"), "{command:?}: {}", error(&output));
        assert!(error(&output).contains("aws configure"), "{command:?}: {}", error(&output));
    }
}

#[test]
fn who_has_never_signed_in_is_told_how() {
    let home = home();
    fs::create_dir_all(home.path().join(".aws")).unwrap();
    let config = "sso_session = home\nsso_account_id = 123456789012\nsso_role_name = x\n";
    let session = "[sso-session home]\nsso_region = eu-central-1\nsso_start_url = https://example.awsapps.com/start\n";
    fs::write(home.path().join(".aws/config"), format!("[profile work]\n{config}\n[default]\n{config}\n{session}"))
        .unwrap();
    for (profile, command) in [(&["--profile", "work"][..], "aws sso login --profile work"), (&[], "aws sso login")] {
        let output = run(home.path(), &[&["jobs", "--store", "s3://composer-nobody"][..], profile].concat());
        assert_eq!(output.status.code(), Some(4), "{}", error(&output));
        assert!(error(&output).contains(command), "{}", error(&output));
        assert!(error(&output).contains("not signed in"), "{}", error(&output));
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg(unix)]
fn who_stops_waiting_hears_what_goes_on() {
    let home = home();
    let mut command = composer(home.path());
    command.args(["submit", "song.mid", "--wait", "--store", "store"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut waits = Killed(command.spawn().unwrap());
    let jobs = home.path().join("store/open");
    let end = Instant::now() + Duration::from_secs(60);
    let id = loop {
        let mark = fs::read_dir(&jobs).ok().and_then(|mut marks| marks.next());
        if let Some(Ok(mark)) = mark {
            break mark.file_name().into_string().unwrap();
        }
        assert!(Instant::now() < end, "nothing is submitted");
        std::thread::sleep(Duration::from_millis(10));
    };
    // Whole, so that there is a job to tell of.
    while !home.path().join("store/jobs").join(&id).join("request.json").exists() {
        assert!(Instant::now() < end, "it does not become a job");
        std::thread::sleep(Duration::from_millis(10));
    }
    if Command::new("kill").args(["-INT", &waits.0.id().to_string()]).status().is_err() {
        return eprintln!("SKIPPED stopping who waits: there is no `kill` (Debian: procps)");
    }
    while waits.0.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
    let (mut said, status) = (String::new(), waits.0.wait().unwrap());
    std::io::Read::read_to_string(&mut waits.0.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("goes on") && said.contains(&format!("composer jobs wait {id}")), "{said}");
}

#[test]
fn the_first_failure_decides_how_waiting_ends() {
    let home = home();
    let submit = || {
        let output = run(home.path(), &["submit", "song.mid", "--store", "store"]);
        text(&output).trim().to_owned()
    };
    let wrong = submit();
    fs::write(home.path().join("store/jobs").join(&wrong).join("input.mid"), b"another").unwrap();
    let mut worker = composer(home.path());
    worker.args(["worker", "--once", "--json", "--store", "store"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What is wrong with a job is told, and it was the one.
    let worked = ended(worker.spawn().unwrap());
    assert!(worked.status.success() && text(&worked).contains("not what was submitted"), "{worked:?}");
    let queued = submit();
    for (ids, code) in [([&wrong, &queued], 5), ([&queued, &wrong], 8)] {
        let output = run(home.path(), &["jobs", "wait", ids[0], ids[1], "--timeout", "0.3s", "--store", "store"]);
        assert_eq!(output.status.code(), Some(code), "{}", error(&output));
    }
}

#[test]
fn every_bad_file_is_named_and_nothing_is_submitted() {
    let home = home();
    fs::write(home.path().join("text.mid"), b"no music").unwrap();
    let output = run(home.path(), &["submit", "text.mid", "song.mid", "nowhere.mid", "--store", "store"]);
    assert_eq!(output.status.code(), Some(5), "{}", error(&output));
    for name in ["text.mid", "nowhere.mid"] {
        assert!(error(&output).contains(name), "{}", error(&output));
    }
    assert!(error(&output).contains("nothing was submitted") && !home.path().join("store").exists(), "{output:?}");
}

#[test]
#[cfg(unix)]
fn nothing_is_downloaded_through_a_link() {
    let (home, outside) = (home(), tempfile::tempdir().unwrap());
    let at = |name: &str| home.path().join(name);
    fs::create_dir_all(at("library/deep/er")).unwrap();
    for name in ["deep/er/a.mid", "b.mid", "c.mid"] {
        fs::write(at("library").join(name), music::melody(2)).unwrap();
    }
    assert!(run(home.path(), &["sync", "library", "--store", "store"]).status.success());
    fs::create_dir(at("dl")).unwrap();
    std::os::unix::fs::symlink(outside.path(), at("dl/deep")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("new.mid"), at("dl/b.mid")).unwrap();
    let output = run(home.path(), &["download", "--all", "-o", "dl", "--store", "store"]);
    assert_eq!(output.status.code(), Some(6), "{}", error(&output));
    assert!(
        error(&output).contains("leads out of dl") && error(&output).contains("it is a link"),
        "{}",
        error(&output)
    );
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(at("dl/c.mid").exists(), "the others are brought");
    // What is named as the folder may be a link itself.
    std::os::unix::fs::symlink(at("dl"), at("link")).unwrap();
    assert!(run(home.path(), &["download", "c.mid", "-o", "link", "--store", "store"]).status.success());
    assert!(at("dl/c-2.mid").exists());
}
