//! A real window on a display of its own (Xvfb), driven with a mouse and a keyboard (xdotool): what comes out of it
//! are files. Without those two programs the test says SKIPPED, unless `COMPOSER_REQUIRE_DISPLAY=1`.

#![cfg(all(feature = "gui", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // it fails loudly

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
    _server: Guarded,
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

fn stage(script: &str) -> Option<Stage> {
    let required = std::env::var_os("COMPOSER_REQUIRE_DISPLAY").is_some();
    let xdotool = Command::new("xdotool").arg("version").stdout(Stdio::null()).status().is_ok();
    let Some((server, display)) = server().filter(|_| xdotool) else {
        assert!(!required, "Xvfb and xdotool are missing (Debian: xvfb xdotool)");
        eprintln!("SKIPPED the window: there is no Xvfb or no xdotool (Debian: xvfb xdotool)");
        return None;
    };
    let home = tempfile::tempdir().unwrap();
    let keys = home.path().join("keys.txt");
    std::fs::write(&keys, script).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.arg(format!("--virtual={}", keys.display())).env("HOME", home.path()).env("DISPLAY", &display);
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
    let program = Guarded(command.stdin(Stdio::null()).spawn().unwrap());
    let stage = Stage { program, display, home, _server: server };
    let window = wait("the window", || stage.xdotool(&["search", "--onlyvisible", "--name", "composer"]));
    let window = window.lines().next().unwrap_or_default().to_owned();
    // There is no window manager to give it the keys.
    wait("the focus", || stage.xdotool(&["windowfocus", "--sync", &window]));
    Some(stage)
}

impl Stage {
    /// What xdotool says, when it succeeds.
    fn xdotool(&self, words: &[&str]) -> Option<String> {
        let output =
            Command::new("timeout").arg("20").arg("xdotool").args(words).env("DISPLAY", &self.display).output();
        let output = output.ok().filter(|o| o.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
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
    let pid = stage.program.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = wait("the end", || stage.program.0.try_wait().unwrap());
    assert!(status.success(), "{status}");
    assert_eq!(stage.journals(), 0, "nothing is left to be recovered");
    assert_eq!(stage.files("Composer", "mid").len(), 2);
    assert!(!stage.files("Composer/Captured", "mid").is_empty());
}
