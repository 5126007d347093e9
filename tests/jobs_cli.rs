//! `composer submit`, `jobs` and `worker` as their users meet them, workers that are killed among them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

#[path = "documented/keys.rs"]
mod documented;
#[path = "cloud/music.rs"]
mod music;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use composer::jobs::JobId;
use composer::music::smf;
use serde_json::Value;

fn composer(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.current_dir(home).env("HOME", home).stdin(Stdio::null());
    for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "COMPOSER_SETTINGS"] {
        command.env_remove(variable);
    }
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    composer(home).args(arguments).output().unwrap()
}

fn json(home: &Path, arguments: &[&str]) -> Value {
    let output = run(home, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", error(&output));
    let document = serde_json::from_slice(&output.stdout).unwrap();
    if arguments[0] != "submit" {
        documented::check(&document);
    }
    document
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn submit(home: &Path, arguments: &[&str]) -> Vec<String> {
    let cheap = ["submit", "--sampling-iterations", "0"];
    let output = run(home, &[&cheap, arguments].concat());
    assert!(output.status.success(), "{}", error(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
}

/// Waits for something, and not for ever.
fn eventually(what: &str, is: impl FnMut() -> bool) {
    within(Duration::from_secs(120), what, is);
}

fn within(time: Duration, what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + time;
    while !is() {
        assert!(Instant::now() < end, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(50));
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
fn from_submission_to_files() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("Träumerei 夢.mid"), music::melody(4)).unwrap();
    fs::write(home.join("b.mid"), music::melody(8)).unwrap();
    let ids = submit(home, &["Träumerei 夢.mid", "b.mid"]);
    assert_eq!(ids.len(), 2);
    assert!(ids[0].parse::<JobId>().is_ok(), "{ids:?}");
    let list = json(home, &["jobs"]);
    let names: Vec<&str> = list["jobs"].as_array().unwrap().iter().map(|j| j["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"Träumerei 夢.mid") && list["jobs"][0]["state"] == "queued", "{list}");

    let drained = run(home, &["worker", "--drain", "--concurrency", "2"]);
    assert!(drained.status.success(), "{}", error(&drained));
    let fetched = json(home, &["jobs", "fetch", &ids[0], "-o", "."]);
    assert_eq!(fetched["jobs"][0]["files"][0], "./Träumerei 夢-composed.mid");
    let composed = smf::read(&fs::read(home.join("Träumerei 夢-composed.mid")).unwrap()).unwrap().composition;
    assert_eq!(composed.tracks[0].note_count(), 4);
    let short = &ids[1][ids[1].len() - 8..];
    let shown = json(home, &["jobs", "show", short]);
    assert!(shown["jobs"][0]["stages"]["inference"].as_f64().unwrap() > 0.0, "{shown}");
    let text = String::from_utf8(run(home, &["jobs", "show", short]).stdout).unwrap();
    for part in ["b.mid", "succeeded", "inference", "in all"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(json(home, &["jobs", "remove", short])["jobs"][0]["what"], "removed");
    assert_eq!(run(home, &["jobs", "show", short]).status.code(), Some(5));
    assert!(String::from_utf8(run(home, &["jobs"]).stdout).unwrap().contains("Träumerei 夢.mid"));
}

#[test]
fn waiting_ends_with_files_or_says_that_it_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("a.mid"), music::melody(4)).unwrap();
    let nobody = run(home, &["submit", "a.mid", "--wait", "--timeout", "0.3s", "--force"]);
    assert_eq!(nobody.status.code(), Some(8), "{}", error(&nobody));
    assert!(error(&nobody).contains("still queued") && error(&nobody).contains("nothing of it"), "{}", error(&nobody));
    let deadline = || json(home, &["jobs"])["jobs"].as_array().unwrap().last().unwrap()["deadline"].clone();
    assert!(deadline().is_string(), "who has taken what there is waits no longer");
    let waited = run(home, &["submit", "a.mid", "--wait", "--timeout", "0.3s"]);
    assert_eq!(waited.status.code(), Some(8), "{}", error(&waited));
    assert!(error(&waited).contains("composer jobs wait"), "{}", error(&waited));
    assert!(deadline().is_null(), "it goes on: who waited may come back");
    let _worker = Killed(composer(home).args(["worker"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let waited = run(
        home,
        &["submit", "a.mid", "--wait", "--sampling-iterations", "0", "--extend", "1", "--json", "-o", "new/folder"],
    );
    assert!(waited.status.success(), "{}", error(&waited));
    let report: Value = serde_json::from_slice(&waited.stdout).unwrap();
    assert_eq!((&report["schema"], &report["jobs"][0]["kind"]), (&"composer.submit/1".into(), &"extend".into()));
    assert!(home.join("new/folder/a-composed.mid").exists());
}

#[test]
fn what_is_wrong_is_told() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("a.mid"), music::melody(4)).unwrap();
    fs::write(home.join("text.mid"), b"no music").unwrap();
    fs::write(home.join("odd.json"), br#"{"kind":"compose","parameters":{"creative_risk":7}}"#).unwrap();
    fs::write(home.join("file"), b"").unwrap();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["submit", "a.mid", "text.mid"], 5, "text.mid: this is no MIDI file"),
        (&["submit", "nowhere.mid"], 5, "cannot read nowhere.mid"),
        (&["submit", "a.mid", "--request", "odd.json"], 5, "creative risk must be 0.5 to 6"),
        (&["submit", "a.mid", "--store", "file/x"], 1, "file/x"),
        (&["submit", "a.mid", "--wait", "-o", "file/x"], 6, "nothing was submitted"),
        (&["jobs", "show", "00000000"], 5, "there is no job 00000000"),
        (&["jobs", "cancel", "../../etc"], 5, "there is no job"),
    ];
    for (arguments, code, message) in cases {
        let output = run(home, arguments);
        assert!(error(&output).contains(message), "{arguments:?}: {}", error(&output));
        if *code != 1 {
            assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {}", error(&output));
        }
    }
    // Nothing of it was sent.
    assert!(String::from_utf8(run(home, &["jobs"]).stdout).unwrap().starts_with("No jobs"));
}

#[test]
fn cancelled_and_submitted_again() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("a.mid"), music::melody(4)).unwrap();
    let ids = submit(home, &["a.mid"]);
    assert_eq!(json(home, &["jobs", "cancel", &ids[0]])["jobs"][0]["what"], "cancelled");
    assert_eq!(json(home, &["jobs"])["jobs"][0]["state"], "cancelled");
    assert_eq!(run(home, &["jobs", "fetch", &ids[0]]).status.code(), Some(1));
    let again = run(home, &["jobs", "retry", &ids[0], "--json"]);
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert!(run(home, &["worker", "--once"]).status.success());
    let new = again["jobs"][0]["new_id"].as_str().unwrap();
    assert!(run(home, &["jobs", "fetch", new]).status.success());
}

/// Where a job's objects are.
fn objects(home: &Path, id: &str) -> std::path::PathBuf {
    home.join(".local/share/composer/store/jobs").join(id)
}

#[test]
fn what_is_wrong_with_one_job_keeps_nobody_from_the_others() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for name in ["a.mid", "b.mid", "c.mid"] {
        fs::write(home.join(name), music::melody(4)).unwrap();
    }
    let ids = submit(home, &["a.mid", "b.mid", "c.mid"]);
    let [a, b, c] = [&ids[0][..], &ids[1], &ids[2]];
    assert_eq!(json(home, &["jobs", "cancel", a])["jobs"][0]["what"], "cancelled");
    assert!(run(home, &["worker", "--drain", "--concurrency", "1"]).status.success());
    assert!(run(home, &["jobs", "remove", a]).status.success());

    let waited = run(home, &["jobs", "wait", a, b, "--timeout", "60s"]);
    assert_eq!(waited.status.code(), Some(5), "{}", error(&waited));
    assert!(error(&waited).contains(&format!("there is no job {a}")), "{}", error(&waited));
    assert!(home.join("b-composed.mid").exists(), "{}", error(&waited));
    let fetched = run(home, &["jobs", "fetch", "00000000", c, "--json"]);
    let told: Value = serde_json::from_slice(&fetched.stdout).unwrap();
    assert_eq!((fetched.status.code(), &told["jobs"][0]["id"]), (Some(5), &c.into()), "{told}");
    assert!(home.join("c-composed.mid").exists());

    // What says how a job ended was damaged.
    for (id, broken) in [(b, &b"{\"schema\""[..]), (c, &[b' '; 100_000])] {
        fs::write(objects(home, id).join("result.json"), broken).unwrap();
    }
    let listed = json(home, &["jobs"]);
    for job in listed["jobs"].as_array().unwrap() {
        assert!(job["state"] == "damaged" && job["error"].is_string(), "{listed}");
    }
    let waited = run(home, &["jobs", "wait", b, "--timeout", "60s"]);
    assert!(waited.status.code() == Some(1) && error(&waited).contains("damaged"), "{}", error(&waited));
    let again = run(home, &["jobs", "retry", "00000000", b]);
    assert_eq!((again.status.code(), again.stdout.is_empty()), (Some(5), false), "{}", error(&again));
    let removed = run(home, &["jobs", "remove", b, "00000000", c]);
    let told = String::from_utf8(removed.stdout).unwrap();
    assert_eq!((removed.status.code(), told.lines().count()), (Some(5), 2), "{told}");
    assert!(!objects(home, b).exists() && !objects(home, c).exists());
}

#[test]
fn a_job_that_does_not_go_on_arriving_holds_nobody_up() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("a.mid"), music::melody(4)).unwrap();
    submit(home, &["a.mid"]);
    let open = home.join(".local/share/composer/store/open");
    let ago = std::time::SystemTime::now() - Duration::from_secs(100);
    let lost: Vec<String> = (0..2).map(|_| JobId::new().to_string()).collect();
    for id in &lost {
        fs::write(open.join(id), b"").unwrap();
        fs::File::options().write(true).open(open.join(id)).unwrap().set_modified(ago).unwrap();
    }
    let worker = composer(home).args(["worker", "--drain"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut worker = Killed(worker.unwrap());
    eventually("the end of the worker", || worker.0.try_wait().unwrap().is_some());
    assert_eq!(worker.0.wait().unwrap().code(), Some(0));
    assert_eq!(json(home, &["jobs"])["jobs"][0]["state"], "succeeded");
    assert_eq!(fs::read_dir(&open).unwrap().count(), 2, "they may still come");
    assert_eq!(json(home, &["jobs", "cancel", &lost[0]])["jobs"][0]["what"], "cancelled");
    assert_eq!(json(home, &["jobs", "show", &lost[0]])["jobs"][0]["state"], "cancelled");
    assert_eq!(json(home, &["jobs", "remove", &lost[1]])["jobs"][0]["what"], "removed");
    assert_eq!(run(home, &["jobs", "remove", &lost[1]]).status.code(), Some(5));
    assert!(!open.exists() || fs::read_dir(&open).unwrap().count() == 0);
}

#[cfg(unix)]
#[test]
fn a_worker_that_is_terminated_finishes_what_it_began() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("a.mid"), music::melody(64)).unwrap();
    let ids = submit(home, &["a.mid"; 6]);
    let child = composer(home)
        .args(["worker", "--concurrency", "1", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut worker = Killed(child);
    eventually("a claim", || {
        ids.iter().any(|id| home.join(format!(".local/share/composer/store/jobs/{id}/attempts")).exists())
    });
    Command::new("kill").arg(worker.0.id().to_string()).status().unwrap();
    eventually("the end", || worker.0.try_wait().unwrap().is_some());
    assert_eq!(worker.0.wait().unwrap().code(), Some(0));
    let states: Vec<Value> =
        json(home, &["jobs"])["jobs"].as_array().unwrap().iter().map(|j| j["state"].clone()).collect();
    assert!(states.iter().all(|s| s == "succeeded" || s == "queued"), "{states:?}");
    assert!(states.iter().any(|s| s == "succeeded"), "{states:?}");
}

/// Workers are killed at random, and every job ends once all the same.
#[test]
fn killed_workers_lose_nothing() {
    let jobs: usize = std::env::var("COMPOSER_CHAOS_JOBS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    fs::write(home.join("settings.toml"), "[jobs]\nlease = \"4s\"\n").unwrap();
    fs::write(home.join("a.mid"), music::melody(8)).unwrap();
    let settings = ["--settings", "settings.toml"];
    let ids = submit(home, &[&settings, &vec!["a.mid"; jobs][..]].concat());
    let start = || {
        let mut child = composer(home);
        child.args(["worker", "--drain", "--concurrency", "1", "--json"]).args(settings);
        Killed(child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    };
    let mut workers: Vec<Killed> = (0..4).map(|_| start()).collect();
    let (mut kills, mut random) = (0, 12345u64);
    within(Duration::from_secs(180 + jobs as u64), "the end of all jobs", || {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let victim = (random >> 33) as usize % 4;
        let open = fs::read_dir(home.join(".local/share/composer/store/open")).map_or(0, Iterator::count);
        // One for every eight jobs, however fast they are done: three in a row seldom hit the same job.
        if open > 0 && kills <= (jobs - open.min(jobs)) / 8 {
            kills += 1;
            workers[victim] = start();
        }
        std::thread::sleep(Duration::from_millis(150));
        for worker in &mut workers {
            if worker.0.try_wait().unwrap().is_some() {
                *worker = start();
            }
        }
        open == 0
    });
    let list = json(home, &[&["jobs"], &settings[..]].concat());
    let (mut attempts, mut given_up) = (0, 0);
    for id in &ids {
        let job = list["jobs"].as_array().unwrap().iter().find(|j| j["id"] == id.as_str()).unwrap();
        // Three workers may have been killed over it.
        let three = job["state"] == "failed" && job.to_string().contains("none was heard of again");
        assert!(job["state"] == "succeeded" || three, "{job}");
        given_up += usize::from(three);
        attempts += job["attempt"].as_u64().unwrap();
    }
    eprintln!("{jobs} jobs, {kills} workers killed, {attempts} attempts, {given_up} jobs given up after three of them");
    assert!(given_up <= 1 + jobs / 50, "{given_up} given up");
}
