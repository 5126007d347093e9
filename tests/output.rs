//! Outputs of one to eight channels at the lowest and the highest rate, with ALSA writing what it hears into a file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly
#![cfg(all(target_os = "linux", feature = "audio"))]

use std::process::Command;
use std::time::{Duration, Instant};

use composer::audio::output::{Block, Format, Output, Renderer, Request, State};

/// In place of ALSA's own configuration, which would load what the machine's sound servers have put beside it.
const ALSA_BASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio-rig/alsa/base.conf");

/// A half to the left, a quarter to the right.
struct Constant {
    rate: u32,
    blocks: std::sync::mpsc::Sender<u32>,
}

impl Renderer for Constant {
    fn prepare(&mut self, format: Format) {
        self.rate = format.rate;
    }
    fn render(&mut self, left: &mut [f32], right: &mut [f32], _block: &Block<'_>) {
        left.fill(0.5);
        right.fill(0.25);
        let _ = self.blocks.send(self.rate);
    }
    fn suspend(&mut self) {}
}

/// Opens what the environment says; ALSA reads its configuration once a process, so this is one of its own.
#[test]
#[ignore = "one_to_eight_channels_at_the_lowest_and_the_highest_rate, which `make test` runs, starts it as a process"]
fn in_a_process_of_its_own() {
    let number = |name: &str| std::env::var(name).unwrap().parse::<u32>().unwrap();
    let (rate, channels) = (number("OUTPUT_RATE"), number("OUTPUT_CHANNELS") as u16);
    let (blocks, made) = std::sync::mpsc::channel();
    let request = Request { rate: Some(rate), channels: Some(channels), ..Request::default() };
    let output = Output::open(request, Box::new(Constant { rate: 0, blocks })).unwrap();
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(made.recv_timeout(Duration::from_secs(10)).unwrap(), rate);
    }
    let State::Open(open) = output.state() else { panic!("{:?}", output.state()) };
    assert_eq!((open.format.rate, open.channels), (rate, channels));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn one_to_eight_channels_at_the_lowest_and_the_highest_rate() {
    let folder = tempfile::tempdir().unwrap();
    let wav = folder.path().join("heard.wav");
    let config = folder.path().join("file.conf");
    let pcm = format!("pcm.!default {{ type file slave.pcm \"null\" file \"{}\" format wav }}\n", wav.display());
    std::fs::write(&config, pcm).unwrap();
    for (channels, expected) in [(1, &[0.375][..]), (2, &[0.5, 0.25]), (8, &[0.5, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])]
    {
        for rate in [8_000u32, 192_000] {
            let output = Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact", "in_a_process_of_its_own"])
                .env("ALSA_CONFIG_PATH", format!("{ALSA_BASE}:{}", config.display()))
                .env("OUTPUT_RATE", rate.to_string())
                .env("OUTPUT_CHANNELS", channels.to_string())
                .output()
                .unwrap();
            assert!(output.status.success(), "{channels} at {rate}: {}", String::from_utf8_lossy(&output.stdout));
            let bytes = std::fs::read(&wav).unwrap();
            let at = |i: usize| u16::from_le_bytes([bytes[i], bytes[i + 1]]);
            assert_eq!(at(22), channels as u16, "channels of the file");
            assert_eq!(u32::from(at(24)) | u32::from(at(26)) << 16, rate);
            // Past the beginning, a whole number of frames in; the samples are floats.
            let start = 44 + 4 * expected.len() * 100;
            for (c, value) in expected.iter().enumerate() {
                let i = start + 4 * c;
                let sample = f32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
                assert_eq!(sample, *value, "channel {c} of {channels} at {rate}");
            }
        }
    }
}
