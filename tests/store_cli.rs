//! Stores as the users of the command line meet them: who they are, and where their things are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails
#![cfg(feature = "s3")]

#[path = "documented/keys.rs"]
mod documented;
#[path = "cloud/music.rs"]
mod music;
#[path = "cloud/program.rs"]
mod program;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use program::{Served, Silent, composer, ended, error, run};
use serde_json::Value;

#[test]
fn without_credentials_the_answer_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let jobs = ["jobs", "--store", "s3://composer-nobody/x"];
    let none = run(home, &jobs);
    assert_eq!(none.status.code(), Some(4), "{}", error(&none));
    assert!(error(&none).contains("no credentials for s3://composer-nobody/x/"), "{}", error(&none));
    assert!(error(&none).contains("aws configure") && error(&none).contains("AWS_ACCESS_KEY_ID"), "{}", error(&none));

    let profile = run(home, &[&jobs[..], &["--profile", "nowhere"]].concat());
    assert_eq!(profile.status.code(), Some(4), "{}", error(&profile));
    assert!(error(&profile).contains("nowhere"), "{}", error(&profile));

    // Signed in once, some time ago: what `aws sso login` left behind has expired.
    fs::create_dir_all(home.join(".aws/sso/cache")).unwrap();
    fs::write(
        home.join(".aws/config"),
        "[default]\nsso_session = home\nsso_account_id = 123456789012\nsso_role_name = x\n\n\
         [sso-session home]\nsso_region = eu-central-1\nsso_start_url = https://example.awsapps.com/start\n",
    )
    .unwrap();
    // Named by the SHA-1 of the session's name, as the AWS tools do.
    let token = r#"{"startUrl":"https://example.awsapps.com/start","region":"eu-central-1",
        "accessToken":"very-secret","expiresAt":"2020-01-01T00:00:00Z"}"#;
    fs::write(home.join(".aws/sso/cache/e83249bd3ba79932e16fb1fb5100dafade9954c2.json"), token).unwrap();
    let expired = run(home, &jobs);
    assert_eq!(expired.status.code(), Some(4), "{}", error(&expired));
    assert!(error(&expired).contains("expired") && error(&expired).contains("aws sso login"), "{}", error(&expired));
    assert!(!error(&expired).contains("very-secret"), "{}", error(&expired));
}

#[test]
fn what_is_no_store_is_refused() {
    let home = tempfile::tempdir().unwrap();
    for (store, message) in [
        ("s3://No", "no name of a bucket"),
        ("s3://bucket-x/../y", "no name of an object"),
        ("http://bucket", "is no store"),
    ] {
        let output = run(home.path(), &["jobs", "--store", store]);
        assert_eq!(output.status.code(), Some(2), "{}", error(&output));
        assert!(error(&output).contains(message), "{store}: {}", error(&output));
    }
    let output = run(home.path(), &["jobs", "--store", "s3://bucket-x", "--endpoint-url", "127.0.0.1:8014"]);
    assert_eq!(output.status.code(), Some(2), "{}", error(&output));
    assert!(error(&output).contains("http://HOST:PORT"), "{}", error(&output));
    let settings = "[jobs]\nstore = \"s3://bucket-x\"\nendpoint_url = \"127.0.0.1:8014\"\n";
    fs::write(home.path().join("settings.toml"), settings).unwrap();
    let output = run(home.path(), &["--settings", "settings.toml", "jobs"]);
    assert!(output.status.code() == Some(2) && error(&output).contains("[jobs] endpoint_url"), "{}", error(&output));
    fs::write(home.path().join("settings.toml"), "[jobs]\nstore = \"s3://No\"\n").unwrap();
    let output = run(home.path(), &["--settings", "settings.toml", "jobs"]);
    assert_eq!(output.status.code(), Some(2), "{}", error(&output));
    assert!(error(&output).contains("[jobs] store"), "{}", error(&output));
}

#[test]
fn music_goes_to_a_bucket_and_back() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (home, other) = (home.path(), other.path());
    let served = Served::start(home);
    let (name, song) = ("Träumerei 夢 №7.mid", music::melody(4));
    fs::write(home.join(name), &song).unwrap();
    assert_eq!(served.json(home, &["upload", name])["files"][0]["state"], "uploaded");
    assert_eq!(served.json(home, &["upload", name])["files"][0]["state"], "there already");
    // Another of the same name takes the next.
    fs::create_dir(home.join("b")).unwrap();
    fs::write(home.join("b").join(name), music::melody(5)).unwrap();
    let another = served.json(home, &["upload", &format!("b/{name}")]);
    assert_eq!(another["files"][0]["name"], "Träumerei 夢 №7-2.mid");

    let listed = served.json(other, &["download"]);
    assert_eq!((listed["files"].as_array().unwrap().len(), &listed["files"][1]["name"]), (2, &Value::from(name)));
    let fetched = served.json(other, &["download", name, "-o", "here"]);
    assert_eq!(fetched["files"][0]["path"], format!("here/{name}"));
    assert_eq!(fs::read(other.join("here").join(name)).unwrap(), song);
    assert_eq!(served.run(other, &["download", "nothing.mid"]).status.code(), Some(5));

    // The library of another computer, with a piece of its own.
    let library = other.join("library");
    fs::create_dir(&library).unwrap();
    fs::write(library.join("own.mid"), music::melody(6)).unwrap();
    let dry = served.json(other, &["sync", "library", "--dry-run"]);
    assert_eq!((dry["dry_run"].as_bool(), dry["files"].as_array().unwrap().len()), (Some(true), 3));
    assert_eq!(fs::read_dir(&library).unwrap().count(), 1, "a dry run changes nothing");
    let synced = served.json(other, &["sync", "library"]);
    assert!(synced["files"].as_array().unwrap().iter().all(|f| f["error"].is_null()), "{synced}");
    assert_eq!(fs::read(library.join(name)).unwrap(), song);
    assert_eq!(served.json(other, &["sync", "library"])["files"].as_array().unwrap().len(), 0);
    assert_eq!(served.json(home, &["download"])["files"].as_array().unwrap().len(), 3);
}

#[test]
#[cfg(unix)]
fn files_of_any_name_go_to_a_bucket_and_back() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (home, other) = (home.path(), other.path());
    let served = Served::start(home);
    fs::create_dir_all(home.join("up/folder")).unwrap();
    let names =
        ["a \"b\": c? *d* <e>|f.mid", "two\nlines.mid", "back\\slash.mid", "dot..mid", ".hidden.mid", "plain.mid"];
    let mut arguments = vec!["upload".to_owned(), "up/folder".to_owned()];
    for (n, name) in names.iter().enumerate() {
        fs::write(home.join("up").join(name), music::melody(n as u64 + 1)).unwrap();
        arguments.push(format!("up/{name}"));
    }
    // What cannot be brought keeps the others from nothing.
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = served.run(home, &arguments);
    assert!(output.status.code() == Some(5) && error(&output).contains("up/folder"), "{}", error(&output));
    let output = served.run(other, &[&["download", "nothing.mid", "-o", "here"], &names[..]].concat());
    assert!(output.status.code() == Some(5) && error(&output).contains("nothing.mid"), "{}", error(&output));
    for name in names {
        assert_eq!(fs::read(other.join("here").join(name)).unwrap(), fs::read(home.join("up").join(name)).unwrap());
    }
    assert!(String::from_utf8(output.stdout).unwrap().contains("here/plain.mid"), "what was written is named");
    // Nobody gets a hidden file who has not asked for it.
    let all = served.run(other, &["download", "--all", "-o", "all"]);
    assert!(all.status.success() && error(&all).contains(".hidden.mid stays there"), "{}", error(&all));
    assert!(other.join("all/two\nlines.mid").exists() && !other.join("all/.hidden.mid").exists());
}

#[test]
fn what_was_deleted_in_a_bucket_can_be_had_back() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let served = Served::start(home);
    let library = home.join("library");
    fs::create_dir(&library).unwrap();
    for (n, name) in ["a.mid", "b.mid"].into_iter().enumerate() {
        fs::write(library.join(name), music::melody(n as u64 + 1)).unwrap();
    }
    served.json(home, &["sync", "library"]);
    for name in ["a.mid", "b.mid"] {
        fs::remove_file(library.join(name)).unwrap();
    }
    let refused = served.run(home, &["sync", "library", "--delete"]);
    assert!(refused.status.code() == Some(1) && error(&refused).contains("2 of 2 files"), "{}", error(&refused));
    let dry = served.run(home, &["sync", "library", "--delete", "--dry-run"]);
    assert!(dry.status.success() && error(&dry).contains("--force"), "{}", error(&dry));
    assert_eq!(served.json(home, &["download"])["files"].as_array().unwrap().len(), 2);
    served.json(home, &["sync", "library", "--delete", "--force"]);
    assert_eq!(served.json(home, &["download"])["files"].as_array().unwrap().len(), 0);
    assert_eq!(served.json(home, &["download", "--deleted"])["files"].as_array().unwrap().len(), 2);
    served.json(home, &["download", "--deleted", "b.mid", "-o", "back"]);
    assert_eq!(fs::read(home.join("back/b.mid")).unwrap(), music::melody(2));
}

#[test]
fn who_waits_at_a_server_that_does_not_answer_waits_no_longer_than_was_said() {
    let (home, silent) = (tempfile::tempdir().unwrap(), Silent::start());
    let (id, short) = (composer::jobs::JobId::new().to_string(), "1f2e3d4c");
    for (id, time) in [(&id[..], "7s"), (short, "1s")] {
        let output = ended(silent.command(home.path(), &["jobs", "wait", id, "--timeout", time]).spawn().unwrap());
        assert_eq!(output.status.code(), Some(1), "{}", error(&output));
        assert!(error(&output).contains("has not answered"), "{}", error(&output));
        assert_eq!(error(&output).contains("still trying"), time == "7s", "{}", error(&output));
    }
}

#[test]
#[cfg(unix)]
fn a_worker_ends_when_it_is_told_to_though_its_server_does_not_answer() {
    let (home, silent) = (tempfile::tempdir().unwrap(), Silent::start());
    for signals in 1..=2 {
        let mut worker = silent.command(home.path(), &["worker"]).spawn().unwrap();
        let mut said = BufReader::new(worker.stderr.take().unwrap());
        let mut line = String::new();
        // That it works is the last that it says before it asks.
        said.read_line(&mut line).unwrap();
        assert!(line.contains("working for"), "{line}");
        for _ in 0..signals {
            std::thread::sleep(Duration::from_millis(300));
            Command::new("kill").arg(worker.id().to_string()).status().unwrap();
        }
        let output = ended(worker);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

#[test]
fn the_secret_goes_to_a_terminal_and_into_no_log() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let log = home.join("log");
    let mut serve = composer(home);
    serve.args(["serve", "--listen", "127.0.0.1:0"]).stdout(fs::File::create(&log).unwrap()).stderr(Stdio::null());
    let mut server = serve.spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while !fs::read_to_string(&log).unwrap().contains("Ctrl-C ends it") {
        assert!(Instant::now() < end, "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = server.kill();
    let _ = server.wait();
    let keys_file = home.join(".local/share/composer/serve.keys");
    let keys = fs::read_to_string(&keys_file).unwrap();
    let secret = keys.lines().find_map(|l| l.strip_prefix("aws_secret_access_key = ")).unwrap();
    let log = fs::read_to_string(&log).unwrap();
    assert!(!log.contains(secret) && log.contains(keys_file.to_str().unwrap()), "{log}");
}

#[test]
fn keys_that_are_wrong_are_said_to_be() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut served = Served::start(home);
    fs::write(home.join("a.mid"), music::melody(2)).unwrap();
    let right = std::mem::replace(&mut served.secret, "another-secret".to_owned());
    let output = served.run(home, &["submit", "a.mid"]);
    assert_eq!(output.status.code(), Some(4), "{}", error(&output));
    let told = error(&output);
    assert!(told.contains("a.mid: not submitted") && told.contains("does not take these keys"), "{told}");
    assert!(told.contains("try:") && told.contains("AWS_SECRET_ACCESS_KEY"), "{told}");
    assert!(!told.contains(&right));
}

#[test]
fn what_is_shared_plays_in_a_page() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let served = Served::start(home);
    fs::write(home.join("song.mid"), music::melody(2)).unwrap();
    let title = "夢 <b>№7</b>";
    let shared = served.json(home, &["share", "song.mid", "--title", title, "--expires", "1h"]);
    let (head, page) = served.get(shared["links"]["page"].as_str().unwrap());
    let page = String::from_utf8(page).unwrap();
    assert!(head.starts_with("http/1.1 200") && head.contains("text/html; charset=utf-8"), "{head}");
    assert!(page.contains("<h1>夢 &lt;b&gt;№7&lt;/b&gt;</h1>"), "{page}");
    let source = page.split("src=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert_eq!(source, shared["links"]["sound"].as_str().unwrap());
    let (head, sound) = served.get(&source);
    assert!(head.contains("audio/ogg") && sound.starts_with(b"OggS"), "{head}");
    let (head, midi) = served.get(shared["links"]["midi"].as_str().unwrap());
    assert!(head.contains("audio/midi") && midi == music::melody(2), "{head}");
    // A folder has no links.
    let folder = run(home, &["share", "song.mid", "--store", "a-folder"]);
    assert_eq!(folder.status.code(), Some(2), "{}", error(&folder));
}

/// The same from the window, with nothing but what the settings say.
#[test]
fn what_came_of_a_job_is_shared_and_its_store_checked_in_the_window() {
    use composer::studio::bucket::Verdict;
    use composer::studio::jobs::board::{Board, JobState};
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let served = Served::start(home);
    let Some(folders) = composer::settings::Folders::of_platform() else {
        eprintln!("SKIPPED: this user has no home folder");
        return;
    };
    let mut settings = composer::settings::Settings::default();
    settings.jobs.store = Some("s3://composer".to_owned());
    settings.jobs.endpoint_url = Some(served.url.clone());
    settings.jobs.keys_file = Some(home.join(".local/share/composer/serve.keys"));
    let checks = Board::check(&settings, &folders).unwrap();
    assert!(checks.len() > 5 && checks.iter().all(|c| c.verdict != Verdict::Failed), "{checks:?}");
    let board = Board::open(&settings, &folders).unwrap();
    fs::write(home.join("夢.mid"), music::melody(1)).unwrap();
    assert!(served.run(home, &["submit", "夢.mid", "--sampling-iterations", "1"]).status.success());
    assert!(served.run(home, &["worker", "--once"]).status.success());
    let job = board.list().unwrap().remove(0);
    assert_eq!((&job.state, board.has_links), (&JobState::Done(1), true));
    let shared = board.share(&job, &settings, &folders).unwrap();
    let (head, page) = served.get(&shared.link);
    assert!(head.starts_with("http/1.1 200") && String::from_utf8(page).unwrap().contains("<h1>夢</h1>"), "{head}");
}

#[test]
fn a_bucket_is_checked() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let served = Served::start(home);
    fs::write(home.join("song.mid"), music::melody(2)).unwrap();
    served.json(home, &["upload", "song.mid"]);
    let report = served.json(home, &["bucket", "check"]);
    let verdict = |id: &str| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("{id} in {report}"))["verdict"].clone()
    };
    for id in ["reachable", "public-access", "write", "list", "create-if-absent", "metadata", "delete"] {
        assert_eq!(verdict(id), "ok", "{id}: {report}");
    }
    assert_eq!(verdict("encryption"), "warning", "{report}");
    assert!(!report.to_string().contains("not told"), "{report}");
    assert_eq!(report["misdescribed"].as_array().unwrap().len(), 0, "{report}");
    let text = String::from_utf8(served.run(home, &["bucket", "check"]).stdout).unwrap();
    assert!(text.contains("of 8 that created an object at once, one did"), "{text}");
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    entries.flat_map(|e| if e.file_type().unwrap().is_dir() { files(&e.path()) } else { vec![e.path()] }).collect()
}

#[test]
fn keys_are_in_no_answer_no_log_and_no_file_but_their_own() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let served = Served::start(home);
    fs::write(home.join("song.mid"), music::melody(2)).unwrap();
    let keys = format!("[default]\naws_access_key_id={}\naws_secret_access_key={}\n", served.access, served.secret);
    fs::write(home.join("mine"), keys).unwrap();
    let address = served.url.clone();
    let settings = |bucket: &str, url: &str| {
        format!("[jobs]\nstore = \"s3://{bucket}\"\nendpoint_url = \"{url}\"\nkeys_file = \"mine\"\n")
    };
    // One that works, a bucket that is not there, and nobody at the address.
    for (name, text) in [
        ("right", settings("composer", &address)),
        ("elsewhere", settings("another", &address)),
        ("nobody", settings("composer", "http://127.0.0.1:1")),
    ] {
        let file = format!("{name}.toml");
        fs::write(home.join(&file), text).unwrap();
        // Whoever does not reach it tries for a while; two commands do for that.
        let few = if name == "nobody" { 2 } else { usize::MAX };
        let commands = [
            &["upload", "song.mid"][..],
            &["jobs", "--json"],
            &["download"],
            &["submit", "song.mid"],
            &["worker", "--drain"],
            &["share", "song.mid", "--json"],
            &["bucket", "check"],
            &["doctor", "--report", "report.txt"],
        ];
        for command in commands.into_iter().take(few) {
            let mut run = composer(home);
            run.args(["--settings", &file]).args(command);
            run.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
            // Both are what a person may have exported besides.
            run.env("AWS_ACCESS_KEY_ID", &served.access).env("AWS_SECRET_ACCESS_KEY", &served.secret);
            let said = run.output().unwrap();
            assert!(name != "right" || command[0] == "doctor" || said.status.success(), "{command:?}: {said:?}");
            assert!(!format!("{said:?}").contains(&served.secret), "{command:?} tells the secret key");
        }
    }
    let told: Vec<_> = files(home)
        .into_iter()
        .filter(|file| {
            let bytes = fs::read(file).unwrap();
            bytes.windows(served.secret.len()).any(|w| w == served.secret.as_bytes())
        })
        .filter_map(|file| Some(file.file_name()?.to_str()?.to_owned()))
        .collect();
    assert!(home.join("report.txt").exists());
    assert!(told.iter().all(|name| name == "mine" || name == "serve.keys"), "{told:?} have the secret key");
}

/// Not a test by itself: the next one runs it in a process of its own, where it dies.
#[test]
fn dies_with_keys_in_its_hands() {
    let Some(file) = std::env::var_os("COMPOSER_TEST_DIES_WITH") else { return };
    let keys = composer::studio::serve::keys(Path::new(&file), false).unwrap();
    let access = composer::store::s3::Access {
        endpoint_url: Some("http://127.0.0.1:1".to_owned()),
        keys_file: Some(file.into()),
        ..Default::default()
    };
    let bucket = composer::store::s3::Bucket::open("music", "", &access).unwrap();
    let link =
        composer::store::Objects::presign(&bucket, &composer::store::Key::new("a").unwrap(), Duration::from_secs(60))
            .unwrap();
    assert!(link.contains(&keys.access), "the keys are at work");
    panic!("{keys:?} {access:?} {bucket:?} {link}");
}

#[test]
fn what_is_said_in_a_panic_holds_no_key() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("serve.keys");
    let keys = composer::studio::serve::keys(&file, true).unwrap();
    let mut dying = Command::new(std::env::current_exe().unwrap());
    dying.args(["--exact", "dies_with_keys_in_its_hands", "--nocapture"]).env("COMPOSER_TEST_DIES_WITH", &file);
    let died = dying.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace").output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&died.stdout), error(&died));
    assert!(!died.status.success() && said.contains("Keys(..)") && said.contains("panicked"), "{said}");
    assert!(!said.contains(keys.secret.as_str()), "a panic tells the secret key");
}

#[test]
#[cfg(unix)]
fn the_server_keeps_its_keys_and_ends_when_it_is_told_to() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut served = Served::start(home);
    let again = run(home, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(!again.status.success() && error(&again).contains("another program serves it"), "{}", error(&again));
    let taken = run(home, &["serve", "another", "--listen", served.url.trim_start_matches("http://")]);
    assert!(!taken.status.success() && error(&taken).contains("another program listens there"), "{}", error(&taken));
    // Neither the list of processes nor a report of the doctor has the secret.
    if let Ok(arguments) = fs::read(format!("/proc/{}/cmdline", served.server.id())) {
        assert!(!String::from_utf8_lossy(&arguments).contains(&served.secret));
    }
    let report = composer(home)
        .args(["doctor", "--report", "report.txt"])
        .env("AWS_SECRET_ACCESS_KEY", &served.secret)
        .output()
        .unwrap();
    let written = fs::read_to_string(home.join("report.txt")).unwrap_or_default();
    assert!(!format!("{report:?}{written}").contains(&served.secret));

    let stop = Command::new("kill").arg(served.server.id().to_string()).status();
    if stop.is_err() {
        eprintln!("SKIPPED ending the server: there is no `kill` (Debian: procps)");
        return;
    }
    let end = Instant::now() + Duration::from_secs(60);
    let status = loop {
        match served.server.try_wait().unwrap() {
            Some(status) => break status,
            None => assert!(Instant::now() < end, "it does not end"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
    let (access, secret) = (served.access.clone(), served.secret.clone());
    let after = Served::start(home);
    assert_eq!((&after.access, &after.secret), (&access, &secret), "the keys hold");
}
