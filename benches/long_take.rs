//! What an hour of recording costs, in a minute and a half: within 30 MB of memory and under 2 % of a core.
//!
//! Memory depends on how much is played, not on how long: as many messages as a busy hour has (20 notes a second)
//! are sent at 3,000 a second. The processor's share is measured at that hour's own pace. Linux only: the figures
//! come from `/proc`. `cargo bench --bench long_take`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark prints, and fails loudly

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const NOTES_IN_A_BUSY_HOUR: u64 = 20 * 3600;
const MOST_MEMORY_KB: u64 = 30 * 1024;
const MOST_OF_A_CORE: f64 = 2.0;
/// How long the processor's share is watched.
const WATCH: Duration = Duration::from_secs(30);

/// A script for the virtual keyboard: `notes` notes, `gap` milliseconds from each key's press to its release.
fn script(notes: u64, gap: f64) -> String {
    format!("repeat {notes}\nnote_on 60 100\nsleep {gap}\nnote_off 60\nsleep {gap}\nend\n")
}

fn record(folder: &Path, name: &str, script: &str) -> std::io::Result<Child> {
    let notes = folder.join(format!("{name}.txt"));
    fs::write(&notes, script)?;
    Command::new(env!("CARGO_BIN_EXE_composer"))
        // The recorder alone: what sound takes depends on the SoundFont.
        .args(["record", "--silent"])
        .arg(folder.join(format!("{name}.mid")))
        .arg(format!("--virtual={}", notes.display()))
        .env("HOME", folder)
        .env_remove("XDG_STATE_HOME")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// A line of `/proc/PID/status` in kB.
fn status(pid: u32, key: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|l| l.strip_prefix(key)?.trim_start_matches(':').split_whitespace().next()?.parse().ok())
}

/// Processor time of a process and its threads so far, in the kernel's hundredths of a second.
fn processor(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may have spaces; the fields count from behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

fn memory(folder: &Path) -> std::io::Result<Option<u64>> {
    let mut child = record(folder, "burst", &script(NOTES_IN_A_BUSY_HOUR, 1.0 / 3.0))?;
    let mut most = None;
    let start = Instant::now();
    while child.try_wait()?.is_none() && start.elapsed() < Duration::from_secs(240) {
        most = most.max(status(child.id(), "VmHWM"));
        thread::sleep(Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    let bytes = fs::metadata(folder.join("burst.mid"))?.len();
    println!("{} messages recorded, {} kB of file", NOTES_IN_A_BUSY_HOUR * 2, bytes / 1024);
    Ok(most)
}

fn share_of_a_core(folder: &Path) -> std::io::Result<Option<f64>> {
    let mut child = record(folder, "steady", &script(20 * 3600, 25.0))?;
    thread::sleep(Duration::from_secs(2));
    let (start, before) = (Instant::now(), processor(child.id()));
    thread::sleep(WATCH);
    let after = processor(child.id());
    let share = before.zip(after).map(|(b, a)| (a - b).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0);
    child.kill()?;
    child.wait()?;
    Ok(share)
}

fn main() -> ExitCode {
    let measured = tempfile::tempdir().and_then(|folder| Ok((memory(folder.path())?, share_of_a_core(folder.path())?)));
    match measured {
        Ok((Some(memory), Some(share))) => {
            println!("most memory: {:.1} MB (to be within {} MB)", memory as f64 / 1024.0, MOST_MEMORY_KB / 1024);
            println!("processor: {share:.2} % of a core (to be under {MOST_OF_A_CORE} %)");
            if memory <= MOST_MEMORY_KB && share < MOST_OF_A_CORE { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(_) => {
            println!("SKIPPED: this system has no /proc to measure with");
            ExitCode::SUCCESS
        }
        Err(e) => {
            println!("could not record: {e}");
            ExitCode::FAILURE
        }
    }
}
