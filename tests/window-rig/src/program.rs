//! The program under test, in a home of its own, and what the kernel says of it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Failure;
use crate::display::Display;

/// A started composer.
pub struct Program {
    child: Child,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Starts it with nothing of the caller's but its SoundFonts and what ALSA is told.
    pub fn start(composer: &Path, display: &Display, home: &Path, arguments: &[&str]) -> Result<Program, Failure> {
        let mut command = Command::new(composer);
        command.args(arguments).env("HOME", home).env("DISPLAY", &display.name).stdin(Stdio::null());
        for name in ["WAYLAND_DISPLAY", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"] {
            command.env_remove(name);
        }
        command.env_remove("COMPOSER_SETTINGS").stderr(Stdio::null());
        Ok(Program { child: command.spawn()? })
    }

    fn file(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.child.id())
    }

    /// Processor time so far, of each thread by its name.
    pub fn processor(&self) -> Result<Vec<(String, Duration)>, Failure> {
        let mut threads = Vec::new();
        for entry in fs::read_dir(self.file("task"))? {
            let text = fs::read_to_string(entry?.path().join("stat"))?;
            let (head, rest) = text.rsplit_once(") ").ok_or("no such process")?;
            let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
            let ticks = |n: usize| rest.split(' ').nth(n).and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
            // Fields 14 and 15 of proc(5), in hundredths of a second.
            threads.push((name, Duration::from_millis(10 * (ticks(11) + ticks(12)))));
        }
        Ok(threads)
    }

    /// Memory in use, of which so much belongs to this process alone, in megabytes.
    pub fn memory(&self) -> Result<(f64, f64), Failure> {
        let text = fs::read_to_string(self.file("status"))?;
        let of = |name: &str| {
            let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
        };
        Ok((of("VmRSS:"), of("RssAnon:")))
    }
}
