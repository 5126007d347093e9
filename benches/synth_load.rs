//! How much of a period of 128 frames 256 voices with reverb and chorus take: the 99.9th percentile of 10,000 periods.
//! Notes begin and end all the time, so that voices are stolen as well.
//!
//! Everything is done seven times over, and each period's median counts: on a machine that does other things the plain
//! figure says more about those.
//!
//! `cargo bench --bench synth_load`, or with other figures: `-- [FONT.sf2|builtin] [VOICES 256] [FRAMES 128]`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use composer::audio::soundfont::SoundFont;
use composer::audio::synth::{Options, Synth};
use composer::music::Message;

const RATE: u32 = 48_000;
const PERIODS: usize = 10_000;
const RUNS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    // cargo adds `--bench`.
    let args: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    let tim = "/usr/share/sounds/sf2/TimGM6mb.sf2";
    let font = match args.get(1).map_or(tim, String::as_str) {
        "builtin" => SoundFont::builtin(),
        path if path != tim || Path::new(path).exists() => SoundFont::load(Path::new(path))?,
        _ => SoundFont::builtin(),
    };
    println!("{}", font.name());
    let number = |n: usize, default: usize| args.get(n).map_or(Ok(default), |a| a.parse());
    let (voices, frames) = (number(2, 256)?, number(3, 128)?);
    let font = Arc::new(font);
    let mut runs = vec![[0.0; RUNS]; PERIODS];
    let mut all = Vec::new();
    let mut sounding = 0;
    for run in 0..RUNS {
        let mut synth = Synth::new(Arc::clone(&font), RATE, Options { polyphony: voices, ..Options::default() });
        let send = |synth: &mut Synth, bytes: [u8; 3], length: usize| {
            if let Some(message) = Message::from_bytes(&bytes[..length]) {
                synth.message(&message);
            }
        };
        for channel in 0..16 {
            send(&mut synth, [0xc0 | channel, [48, 0, 16, 56, 88][usize::from(channel) % 5], 0], 2);
            send(&mut synth, [0xb0 | channel, 91, 60], 3);
            send(&mut synth, [0xb0 | channel, 64, 127], 3);
        }
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        // More notes a second than anyone plays: eight every 11 ms.
        let play = |synth: &mut Synth, period: usize| {
            if period.is_multiple_of(4) {
                for n in 0..8 {
                    let key = 36 + ((period * 7 + n * 5) % 60) as u8;
                    send(synth, [0x90 | ((period / 4 + n) % 16) as u8, key, 90], 3);
                }
            }
        };
        for period in 0..500 {
            play(&mut synth, period);
            synth.render(&mut left, &mut right);
        }
        for (period, shares) in runs.iter_mut().enumerate() {
            let began = Instant::now();
            play(&mut synth, period);
            synth.render(&mut left, &mut right);
            let share = 100.0 * began.elapsed().as_secs_f64() * f64::from(RATE) / frames as f64;
            all.push(share);
            shares[run] = share;
            sounding += synth.active_voices();
        }
    }
    let medians = runs.into_iter().map(|mut shares| {
        shares.sort_by(f64::total_cmp);
        shares[RUNS / 2]
    });
    let mut within = true;
    for (name, mut shares) in [("as measured", all), ("median of 7", medians.collect())] {
        shares.sort_by(f64::total_cmp);
        let at = |q: f64| shares.get((shares.len() as f64 * q) as usize).copied().unwrap_or(0.0);
        println!(
            "{name}: median {:.1} %, 99th percentile {:.1} %, 99.9th percentile {:.1} % of {frames} frames",
            at(0.5),
            at(0.99),
            at(0.999)
        );
        // What else the machine does is not the synthesiser's.
        within = at(0.999) < 100.0;
    }
    println!("{} voices on average", sounding / RUNS / PERIODS);
    if within { Ok(()) } else { Err("256 voices do not fit into a period".into()) }
}
