//! How soon `composer play` can sound, and what memory it takes: within 300 ms of the start of the process with a
//! SoundFont of 6 MB, and at most 1.3 times the SoundFont and 30 MB. The output is ALSA's `null`; once it is a
//! file, which takes longer, and what is measured must be heard in it. Linux only.
//! `cargo bench --bench sound_start`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark prints, and fails loudly

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const RUNS: usize = 15;
const MOST_MS: f64 = 300.0;

/// A line of `/proc/PID/status` in bytes.
fn most_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// From the start of the process to its saying that a key can sound; and its memory while one does. `output` is one of
/// the rig's.
fn run(folder: &Path, font: &Path, output: &str) -> (Duration, Option<u64>) {
    let rig = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio-rig/alsa");
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(["play", "--virtual=keys.txt", "--soundfont"])
        .arg(font)
        .current_dir(folder)
        .env("HOME", folder)
        .env("ALSA_CONFIG_PATH", format!("{rig}/base.conf:{rig}/{output}.conf"))
        .env("PCM_OUT", folder.join("heard.wav"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut words = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = words.by_ref().map_while(Result::ok).find(|line| line.contains("key to sound"));
    let took = began.elapsed();
    assert!(ready.is_some(), "composer play does not say that it can sound");
    thread::sleep(Duration::from_millis(250));
    let memory = most_memory(child.id());
    words.map_while(Result::ok).for_each(drop);
    assert!(child.wait().unwrap().success());
    (took, memory)
}

/// The same into a file.
fn is_heard(folder: &Path, font: &Path) -> bool {
    run(folder, font, "plugfile");
    let mut heard = hound::WavReader::open(folder.join("heard.wav")).unwrap();
    heard.samples::<i16>().map_while(Result::ok).any(|x| x.unsigned_abs() > 500)
}

fn main() -> ExitCode {
    let fonts = ["/usr/share/sounds/sf2/TimGM6mb.sf2", "/usr/share/sounds/sf3/FluidR3Mono_GM.sf3"];
    if !cfg!(target_os = "linux") {
        println!("SKIPPED: this needs Linux and ALSA");
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    // A chord, so that voices and effects are at work.
    fs::write(folder.path().join("keys.txt"), "note_on 48 100\nnote_on 64 100\nnote_on 67 100\nsleep 400\n").unwrap();
    let mut outcome = ExitCode::SUCCESS;
    for font in fonts.map(Path::new) {
        let Ok(size) = fs::metadata(font).map(|m| m.len()) else {
            println!("SKIPPED: {} is not installed", font.display());
            continue;
        };
        assert!(is_heard(folder.path(), font), "{} is silent", font.display());
        let mut times = Vec::new();
        let mut memory = 0;
        for _ in 0..RUNS {
            let (took, most) = run(folder.path(), font, "null");
            times.push(took.as_secs_f64() * 1e3);
            memory = memory.max(most.unwrap_or(u64::MAX));
        }
        times.sort_by(f64::total_cmp);
        let mb = |bytes: f64| bytes / (1024.0 * 1024.0);
        let allowed = 1.3 * size as f64 + 30.0 * 1024.0 * 1024.0;
        println!(
            "{} ({:.1} MB): first sound possible after {:.0} ms (median of {RUNS}; shortest {:.0}, longest {:.0}), {:.1} MB of memory (to be within {:.1})",
            font.file_name().unwrap_or_default().to_string_lossy(),
            mb(size as f64),
            times[RUNS / 2],
            times[0],
            times[RUNS - 1],
            mb(memory as f64),
            mb(allowed)
        );
        // The limit on time is for a font of 6 MB; a larger one takes longer to read.
        if (size < 7 << 20 && times[RUNS / 2] > MOST_MS) || memory as f64 > allowed {
            println!("MISSED");
            outcome = ExitCode::FAILURE;
        }
    }
    outcome
}
