//! What a player hears while `composer record` runs, on machines without a sound card: ALSA writes what would
//! be heard into a pipe, which is read at the pace of a sound card.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // it fails loudly
#![cfg(all(target_os = "linux", feature = "audio"))]

#[path = "sound/unpacked.rs"]
mod unpacked;

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// In place of ALSA's own configuration, which would load what the machine's sound servers have put beside it.
const ALSA_BASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio-rig/alsa/base.conf");

const RATE: usize = 48_000;

/// How far from its place a sound may be, in seconds: the pipe's reader is a thread on a busy machine.
const NEAR: f64 = 0.12;

/// The same on every Linux that Rust knows, MIPS and SPARC apart.
const O_NONBLOCK: i32 = 0o4000;

struct Desk {
    root: tempfile::TempDir,
}

struct Heard {
    output: Output,
    /// One channel.
    samples: Vec<f32>,
}

impl Desk {
    fn new(script: &str) -> Desk {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("script.txt"), script).unwrap();
        unpacked::soundfont(root.path());
        Desk { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Records with this ALSA configuration, for half a minute at most.
    fn record(&self, config: &str, arguments: &[&str]) -> Output {
        fs::write(self.path("asound.conf"), config).unwrap();
        let mut command = Command::new("timeout");
        command.args(["30", env!("CARGO_BIN_EXE_composer"), "record", "--virtual=script.txt", "--library", "library"]);
        command.args(arguments).current_dir(self.root.path()).stdin(Stdio::null()).env("HOME", self.root.path());
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "COMPOSER_SETTINGS", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command.env("XDG_RUNTIME_DIR", self.path("run"));
        let config = self.path("asound.conf");
        command.env("ALSA_CONFIG_PATH", format!("{ALSA_BASE}:{}", config.display()));
        command.output().unwrap()
    }

    /// Records, and listens.
    fn listen(&self, arguments: &[&str]) -> Heard {
        let pipe = self.path("sound");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Open for both, so that it neither waits for a writer nor ends between two of them.
        let mut reader = OpenOptions::new().read(true).write(true).custom_flags(O_NONBLOCK).open(&pipe).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let card = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let mut buffer = vec![0; 1 << 16];
            let mut began: Option<(Instant, usize)> = None;
            while !seen.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(2));
                // As many as a sound card would have taken by now: four bytes a frame.
                let (start, mut taken) = *began.get_or_insert((Instant::now(), 0));
                let due = ((start.elapsed().as_secs_f64() * RATE as f64) as usize * 4).saturating_sub(taken);
                match reader.read(&mut buffer[..due.clamp(4, 1 << 16) / 4 * 4]) {
                    Ok(n) => {
                        bytes.extend_from_slice(&buffer[..n]);
                        taken += n;
                        began = Some((start, taken));
                    }
                    // Nobody plays: the card's time stands still.
                    Err(_) => began = None,
                }
            }
            bytes
        });
        let config = format!(
            "pcm.piped {{ type file slave.pcm \"null\" file \"{}\" format \"raw\" }}\n\
             pcm.!default {{ type plug slave {{ pcm \"piped\" rate {RATE} channels 2 format S16_LE }} }}\n",
            pipe.display()
        );
        let output = self.record(&config, arguments);
        over.store(true, Ordering::Release);
        let bytes = card.join().unwrap();
        let frames = bytes.chunks_exact(4);
        let samples = frames.map(|f| f32::from(i16::from_le_bytes([f[0], f[1]])) / 32_768.0).collect();
        Heard { output, samples }
    }
}

impl Heard {
    /// When something begins to sound after a tenth of a second of near silence, in seconds from the first of
    /// them; and whether it is the accented click, the other one, or neither.
    fn onsets(&self) -> Vec<(f64, char)> {
        let mut onsets: Vec<(f64, char)> = Vec::new();
        let mut quiet = RATE;
        for (i, x) in self.samples.iter().enumerate() {
            if x.abs() < 0.01 {
                quiet += 1;
                continue;
            }
            if quiet > RATE / 10 {
                let sound = &self.samples[i..(i + RATE / 50).min(self.samples.len())];
                onsets.push((i as f64 / RATE as f64, kind(sound)));
            }
            quiet = 0;
        }
        let first = onsets.first().map_or(0.0, |o| o.0);
        onsets.iter().map(|(at, kind)| (at - first, *kind)).collect()
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

/// By the share of a sound that is at a click's frequency.
fn kind(sound: &[f32]) -> char {
    let all: f32 = sound.iter().map(|x| x * x).sum();
    let share = |hertz: f32| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, x) in sound.iter().enumerate() {
            let phase = std::f32::consts::TAU * hertz * i as f32 / RATE as f32;
            re += x * phase.cos();
            im += x * phase.sin();
        }
        (re * re + im * im) / (all * sound.len() as f32 / 2.0).max(1e-9)
    };
    match (share(1_760.0), share(1_174.7)) {
        (accent, normal) if accent > 0.3 && accent > normal => 'A',
        (_, normal) if normal > 0.3 => 'n',
        _ => '?',
    }
}

/// Records and listens until the right sounds are at their places: a machine that stands still for a quarter of
/// a second moves or loses one, but not three times in a row.
fn assert_heard(script: &str, arguments: &[&str], expected: &[(f64, char)]) -> String {
    let mut all = Vec::new();
    for _ in 0..3 {
        let heard = Desk::new(script).listen(arguments);
        assert!(heard.output.status.success(), "{}", heard.said());
        let onsets = heard.onsets();
        let fits = |(got, wanted): (&(f64, char), &(f64, char))| got.1 == wanted.1 && (got.0 - wanted.0).abs() < NEAR;
        if onsets.len() == expected.len() && onsets.iter().zip(expected).all(fits) {
            return heard.said();
        }
        all.push(onsets);
    }
    panic!("{all:?} instead of {expected:?}");
}

#[test]
fn a_bar_is_counted_and_a_key_sounds() {
    // The first click comes 0.2 s after the keyboard, the first beat a bar of 3 beats later.
    let script = "at 1950\nnote_on 48 110\nat 2150\nnote_off 48\nat 2600\n";
    let arguments = ["song.mid", "--count-in", "1", "--time-signature", "3/4", "--bpm", "120", "--dry"];
    let said = assert_heard(script, &arguments, &[(0.0, 'A'), (0.5, 'n'), (1.0, 'n'), (1.75, '?')]);
    assert!(said.contains("Sound: "), "{said}");
}

#[test]
fn the_metronome_beats_on_with_its_accents_until_the_take_ends() {
    let arguments =
        ["song.mid", "--metronome", "--count-in", "1", "--time-signature", "2/4", "--bpm", "120", "--duration", "1.8s"];
    let beats = [(0.0, 'A'), (0.5, 'n'), (1.0, 'A'), (1.5, 'n'), (2.0, 'A'), (2.5, 'n')];
    let quiet = ["--velocity", "1", "--dry"];
    assert_heard("at 2600\ntap 60 1 20\nsleep 60000\n", &[&arguments[..], &quiet].concat(), &beats);
}

#[test]
fn the_play_button_plays_the_last_take_through_the_same_instrument_until_stop() {
    let script = "at 500\ncc 107 127\nat 600\ntap 60 110 100\nat 1300\ntap 62 110 100\nat 1500\ncc 106 127\n\
                  at 2500\ncc 105 127\nat 3000\ncc 106 127\nat 4000\n";
    // Two notes; then the first of them again, 0.1 s after Play as it was after Rec; Stop comes before the second.
    let arguments = ["--armed", "--instrument", "xylophone", "--dry"];
    let said = assert_heard(script, &arguments, &[(0.0, '?'), (0.7, '?'), (2.0, '?')]);
    assert!(said.contains("Xylophone"), "{said}");
}

#[test]
fn the_volume_slider_the_knobs_and_the_split_act() {
    // A key below the split; the slider down and up (CC 7); the third knob, which is expression, down and up.
    let script = "at 300\ntap 48 110 50\nat 900\ntap 72 110 50\nat 1400\ncc 7 0\nat 1500\ntap 74 110 50\n\
                  at 2000\ncc 7 127\nat 2100\ntap 76 110 50\nat 2600\ncc 23 0\nat 2700\ntap 77 110 50\n\
                  at 3200\ncc 23 127\nat 3300\ntap 79 110 50\nat 3800\n";
    let arguments = ["song.mid", "--instrument", "xylophone,keys=C4..", "--dry"];
    let said = assert_heard(script, &arguments, &[(0.0, '?'), (1.2, '?'), (2.4, '?')]);
    assert!(said.contains("Saved song.mid (6 notes"), "what is not heard is recorded all the same: {said}");
}

#[test]
fn silent_is_silent_and_no_output_is_no_reason_to_stop() {
    let desk = Desk::new("at 100\ntap 60 100 100\nat 300\n");
    let heard = desk.listen(&["song.mid", "--silent", "--metronome"]);
    assert!(heard.output.status.success() && heard.samples.is_empty(), "{}", heard.said());
    assert!(!heard.said().to_lowercase().contains("sound"), "{}", heard.said());

    let output = desk.record("pcm.!default { type hw card 31 }\n", &["other.mid", "--metronome", "--count-in", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && desk.path("other.mid").exists(), "{said}");
    assert_eq!(said.matches("No sound: ").count(), 1, "{said}");

    // A SoundFont or an instrument that is of no use is no reason either.
    fs::write(desk.path("bad.sf2"), "no SoundFont").unwrap();
    let null = "pcm.!default { type null }\n";
    let output = desk.record(null, &["bad.mid", "--soundfont", "bad.sf2", "--instrument", "kazoo"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && desk.path("bad.mid").exists(), "{said}");
    assert!(said.contains("not a SoundFont"), "{said}");
}

#[test]
fn the_demo_waits_for_the_count_in() {
    let desk = Desk::new("");
    let demo = ["--virtual", "--count-in", "1", "--bpm", "240", "--duration", "1s", "--silent", "demo.mid"];
    let mut command = Command::new("timeout");
    command.args(["30", env!("CARGO_BIN_EXE_composer"), "record"]).args(demo).current_dir(desk.root.path());
    let output = command.env("HOME", desk.root.path()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = fs::read(desk.path("demo.mid")).unwrap();
    let taken = composer::music::smf::read(&file).unwrap().composition;
    let melody = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/melodies/demo.mid")).unwrap();
    let melody = composer::music::smf::read(&melody).unwrap().composition;
    let first = |c: &composer::music::Composition| {
        let note = c.tracks.iter().flat_map(|t| t.notes()).min_by_key(|n| n.start).unwrap();
        c.tempo_map().micros(note.start).as_secs_f64()
    };
    assert!((first(&taken) - first(&melody)).abs() < NEAR, "{} {}", first(&taken), first(&melody));
}
