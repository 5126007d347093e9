//! A real window on a display of its own (Xvfb), driven with a mouse and a keyboard (xdotool): what comes out of it
//! are files. Without those two programs the test says SKIPPED, unless `COMPOSER_REQUIRE_DISPLAY=1`.

#![cfg(all(feature = "gui", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // it fails loudly

#[path = "sound/unpacked.rs"]
mod unpacked;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use composer::music::smf;
use composer::studio::edit::drafts;

/// How long anything may take on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(90);

/// A process that does not outlive the test.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The window, its display and its home.
struct Stage {
    program: Guarded,
    display: String,
    home: tempfile::TempDir,
    ear: Ear,
    _server: Guarded,
}

/// Listens: ALSA's default output is a pipe, and whoever reads it at a sound card's pace is the sound card.
struct Ear {
    loudest: Arc<AtomicU16>,
}

impl Ear {
    const RATE: usize = 48_000;

    /// Lays the pipe, and the configuration that leads to it, into a folder.
    fn new(folder: &Path) -> Ear {
        let pipe = folder.join("ear");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let configuration = format!(
            "pcm.ear {{ type file slave.pcm {{ type null }} file \"{}\" format \"raw\" }}\n\
             pcm.!default {{ type plug slave {{ pcm ear rate {} channels 2 format S16_LE }} \
             hint {{ show on description \"An ear\" }} }}\nctl.!default {{ type null }}\n",
            pipe.display(),
            Ear::RATE
        );
        std::fs::write(folder.join("asound.conf"), configuration).unwrap();
        // Opened for both, the pipe waits for nobody.
        let mut pipe = std::fs::File::options().read(true).write(true).open(pipe).unwrap();
        let loudest = Arc::new(AtomicU16::new(0));
        let heard = Arc::clone(&loudest);
        std::thread::spawn(move || {
            let mut block = [0u8; 4 * 1_024];
            while let Ok(length) = pipe.read(&mut block) {
                let samples = block[..length].chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]]).unsigned_abs());
                heard.fetch_max(samples.max().unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(Duration::from_secs_f64((length / 4) as f64 / Ear::RATE as f64));
            }
        });
        Ear { loudest }
    }

    /// Waits for silence, and then for sound.
    fn hears(&self, what: &str, begin: impl FnOnce()) {
        wait("silence", || {
            self.loudest.store(0, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(300));
            (self.loudest.load(Ordering::Relaxed) < 8).then_some(())
        });
        begin();
        wait(what, || (self.loudest.load(Ordering::Relaxed) > 200).then_some(()));
    }
}

fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A display that nobody else has.
fn server() -> Option<(Guarded, String)> {
    let read_number = |path: &Path| std::fs::read_to_string(path).ok().and_then(|s| s.trim().parse::<u32>().ok());
    let folder = tempfile::tempdir().unwrap();
    let number = folder.path().join("number");
    let file = std::fs::File::create(&number).unwrap();
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1180x740x24", "-nolisten", "tcp"]);
    let child = command.stdout(file).stderr(Stdio::null()).stdin(Stdio::null()).spawn().ok()?;
    let guarded = Guarded(child);
    let number = wait("the display", || read_number(&number));
    Some((guarded, format!(":{number}")))
}

/// The window with a virtual keyboard that plays this.
fn stage(script: &str) -> Option<Stage> {
    let required = std::env::var_os("COMPOSER_REQUIRE_DISPLAY").is_some();
    let xdotool = Command::new("xdotool").arg("version").stdout(Stdio::null()).status().is_ok();
    let Some((server, display)) = server().filter(|_| xdotool) else {
        assert!(!required, "Xvfb and xdotool are missing (Debian: xvfb xdotool)");
        eprintln!("SKIPPED the window: there is no Xvfb or no xdotool (Debian: xvfb xdotool)");
        return None;
    };
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("keys.txt"), script).unwrap();
    unpacked::soundfont(home.path());
    let ear = Ear::new(home.path());
    let program = open_window(home.path(), &display);
    let stage = Stage { program, display, home, ear, _server: server };
    stage.focus();
    Some(stage)
}

fn open_window(home: &Path, display: &str) -> Guarded {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.arg(format!("--virtual={}", home.join("keys.txt").display())).env("HOME", home).env("DISPLAY", display);
    command.env("ALSA_CONFIG_PATH", home.join("asound.conf"));
    for variable in [
        "WAYLAND_DISPLAY",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "XDG_RUNTIME_DIR",
        "COMPOSER_SETTINGS",
    ] {
        command.env_remove(variable);
    }
    Guarded(command.stdin(Stdio::null()).spawn().unwrap())
}

impl Stage {
    /// What xdotool says, when it succeeds.
    fn xdotool(&self, words: &[&str]) -> Option<String> {
        let output =
            Command::new("timeout").arg("20").arg("xdotool").args(words).env("DISPLAY", &self.display).output();
        let output = output.ok().filter(|o| o.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// There is no window manager to give the window the keys.
    fn focus(&self) {
        let window = wait("the window", || self.xdotool(&["search", "--onlyvisible", "--name", "composer"]));
        let window = window.lines().next().unwrap_or_default().to_owned();
        wait("the focus", || self.xdotool(&["windowfocus", "--sync", &window]));
    }

    fn key(&self, key: &str) {
        self.xdotool(&["key", key]).expect("xdotool presses a key");
    }

    fn files(&self, folder: &str, extension: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.home.path().join(folder)).into_iter().flatten().flatten();
        entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == extension)).collect()
    }

    /// The journals of takes that run, and of what is captured.
    fn journals(&self) -> usize {
        std::fs::read_dir(self.home.path().join(".local/state/composer/journals")).map_or(0, Iterator::count)
    }

    /// The draft of what is edited.
    fn draft(&self) -> Option<PathBuf> {
        self.files(DRAFTS, "draft").pop()
    }

    /// Opens the library's only file in the editor and selects its first note.
    fn edit_the_only_file(&self) {
        self.key(LIBRARY);
        wait("the editor", || {
            // Once the library is read there is something to be chosen.
            self.key("Down");
            self.key("Return");
            std::thread::sleep(Duration::from_millis(300));
            self.files(DRAFTS, "lock").pop()
        });
        self.key("n");
    }

    /// Another window over what the last one left.
    fn reopen(&mut self) {
        self.program = open_window(self.home.path(), &self.display);
        self.focus();
    }

    /// Clicks on a button beside what a crash left behind, on top of the library, until that has its effect.
    fn decide(&self, button: (u16, u16), has_effect: impl Fn() -> bool) {
        let (x, y) = (button.0.to_string(), button.1.to_string());
        self.key(LIBRARY);
        wait("what was decided", || {
            self.xdotool(&["mousemove", &x, &y, "click", "1"]).expect("xdotool clicks");
            std::thread::sleep(Duration::from_millis(500));
            has_effect().then_some(())
        });
    }

    /// Ends the session, as the system does when somebody logs out.
    fn end(&mut self) {
        let pid = self.program.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = wait("the end", || self.program.0.try_wait().unwrap());
        assert!(status.success(), "{status}");
        assert_eq!(self.journals(), 0, "nothing is left to be recovered");
    }
}

/// Where the buttons of the first draft are in a window of 1180 by 740.
const OPEN: (u16, u16) = (999, 91);
const DISCARD: (u16, u16) = (1098, 91);

/// The third screen.
const LIBRARY: &str = "ctrl+3";

/// Where drafts lie.
const DRAFTS: &str = ".local/state/composer/drafts";

/// The keys of a file's notes, in the order in which they are struck; a draft has a few lines before its music.
fn keys(file: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(file).ok()?;
    let music = bytes.windows(4).position(|w| w == b"MThd")?;
    let composition = smf::read(&bytes[music..]).ok()?.composition;
    let mut notes: Vec<_> = composition.tracks.iter().flat_map(|t| t.notes()).collect();
    notes.sort_by_key(|n| (n.start, n.key));
    Some(notes.iter().map(|n| n.key.get()).collect())
}

/// Notes of a file, counted by the program itself.
fn notes(file: &Path) -> u64 {
    let output = Command::new(env!("CARGO_BIN_EXE_composer")).args(["info", "--json"]).arg(file).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = document.to_string();
    let at = text.find("\"notes\":").unwrap_or_else(|| panic!("{text}")) + 8;
    text[at..].chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

#[test]
fn a_take_is_recorded_in_the_window_and_what_was_played_before_is_kept() {
    // A note every 200 ms for as long as the test may take.
    let script: String = (1..1_500).map(|n| format!("at {}\ntap {} 90 100\n", n * 200, 55 + n % 12)).collect();
    let Some(mut stage) = stage(&script) else { return };

    // Everything that is played is captured before anybody asks for it, and can be kept.
    wait("the capture's journal", || (stage.journals() > 0).then_some(()));
    stage.key("ctrl+s");
    let kept = wait("what was kept", || stage.files("Composer", "mid").pop());
    assert!(notes(&kept) > 0);

    // A take: R, some notes, R.
    stage.key("r");
    // The capture ends where a take begins.
    wait("the take's beginning", || (!stage.files("Composer/Captured", "mid").is_empty()).then_some(()));
    std::thread::sleep(Duration::from_secs(1));
    stage.key("r");
    let take = wait("the take", || stage.files("Composer", "mid").into_iter().find(|f| *f != kept));
    assert!(notes(&take) > 0);

    // The end of the session closes the window in good order, and what was played since is safe.
    stage.end();
    assert_eq!(stage.files("Composer", "mid").len(), 2);
    assert!(!stage.files("Composer/Captured", "mid").is_empty());
}

#[test]
fn a_take_is_played_edited_undone_heard_and_exported() {
    let Some(mut stage) = stage("at 1\n") else { return };
    stage.key("r");
    wait("the take's journal", || (stage.journals() > 0).then_some(()));
    // The computer's keys are piano keys here: C, D, E, F.
    stage.ear.hears("a key", || stage.key("a"));
    for key in ["s", "d", "f"] {
        stage.key(key);
    }
    stage.key("r");
    let take = wait("the take", || stage.files("Composer", "mid").pop());
    let played = keys(&take).unwrap();
    assert_eq!(played.iter().map(|k| k - played[0]).collect::<Vec<_>>(), [0, 2, 4, 5]);

    // The first note, a semitone higher, and saved.
    stage.edit_the_only_file();
    stage.key("Up");
    wait("the draft", || stage.draft());
    stage.key("ctrl+s");
    let higher = wait("the edited file", || keys(&take).filter(|k| *k != played));
    assert_eq!((higher[0], &higher[1..]), (played[0] + 1, &played[1..]));
    wait("the end of the draft", || stage.draft().is_none().then_some(()));

    // Undone, and saved.
    stage.key("ctrl+z");
    wait("the draft", || stage.draft());
    stage.key("ctrl+s");
    wait("the file as it was", || keys(&take).filter(|k| *k == played));

    stage.key("Home");
    stage.ear.hears("the piece", || stage.key("space"));

    stage.key("ctrl+e");
    let export = wait("the export", || stage.files("Composer/Exports", "wav").pop());
    let mut export = hound::WavReader::open(export).unwrap();
    assert!(export.duration() > export.spec().sample_rate / 2);
    assert!(export.samples::<i32>().map(Result::unwrap).any(|sample| sample.unsigned_abs() > 200));

    stage.end();
    assert_eq!(stage.draft(), None);
}

#[test]
fn what_was_edited_outlives_a_kill() {
    let Some(mut stage) = stage("at 1\n") else { return };
    let file = stage.home.path().join("Composer/demo.mid");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/melodies/demo.mid"), &file).unwrap();
    let before = keys(&file).unwrap();
    stage.edit_the_only_file();
    for _ in 0..3 {
        stage.key("Up");
    }
    let three_higher = |keys: &Vec<u8>| {
        keys.iter().zip(&before).map(|(now, then)| i16::from(*now) - i16::from(*then)).sum::<i16>() == 3
    };
    wait("all edits in the draft", || stage.draft().and_then(|draft| keys(&draft)).filter(three_higher));

    stage.program.0.kill().unwrap();
    stage.program.0.wait().unwrap();
    assert_eq!(keys(&file).unwrap(), before, "the file is as it was");
    let state = stage.home.path().join(".local/state/composer");
    let left = drafts(&state);
    assert_eq!((left.len(), left[0].origin.as_ref().map(|o| o.path.as_path())), (1, Some(file.as_path())));

    // The next window leaves it where it is until somebody decides.
    stage.reopen();
    stage.key(LIBRARY);
    stage.end();
    assert_eq!(drafts(&state), left);

    // Opened and saved, it is in its file.
    stage.reopen();
    let old = stage.draft().unwrap().with_extension("lock");
    stage.decide(OPEN, || stage.files(DRAFTS, "lock").iter().any(|lock| *lock != old));
    stage.key("ctrl+s");
    wait("the file as it was edited", || keys(&file).filter(three_higher));
    wait("the end of the draft", || stage.draft().is_none().then_some(()));

    // And what is not wanted can be discarded, once that was asked.
    stage.key("n");
    stage.key("Down");
    wait("the draft", || stage.draft());
    stage.program.0.kill().unwrap();
    stage.program.0.wait().unwrap();
    stage.reopen();
    stage.decide(DISCARD, || stage.draft().is_none());
    stage.end();
    assert!(keys(&file).as_ref().is_some_and(three_higher), "the file is as it was saved");
}
