//! Renders a MIDI file with the synthesiser alone, and says how long that took: for measuring beside other
//! synthesisers (`docs/synth.md`), and for nothing else; people use `composer render`.
//!
//! usage: synth_render IN.mid FONT.sf2|builtin OUT.wav [reverb+chorus 1|0] [polyphony 256] [workers 1] [live block, 0 = offline]

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly

use std::error::Error;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use composer::audio::soundfont::{DRUM_BANK, SoundFont};
use composer::audio::synth::{Options, Synth, Timed};
use composer::music::composition::Event;
use composer::music::message::Voice;
use composer::music::{Message, smf};

const RATE: u32 = 48_000;

/// The channel and system exclusive messages at their frames.
fn messages(bytes: &[u8]) -> Result<Vec<Timed>, Box<dyn Error>> {
    let composition = smf::read(bytes)?.composition;
    let map = composition.tempo_map();
    let mut all = Vec::new();
    for track in &composition.tracks {
        for (at, event) in track.events() {
            let message = match event {
                Event::Voice(channel, voice) => Message::Voice(channel, voice),
                Event::SysEx(rest) => Message::SysEx([&[0xf0], rest].concat().into()),
                _ => continue,
            };
            let frame = (u128::from(map.micros(at).0) * u128::from(RATE) / 1_000_000) as usize;
            all.push(Timed { frame, message });
        }
    }
    all.sort_by_key(|m| m.frame);
    Ok(all)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let number = |n: usize, default: usize| args.get(n).map_or(Ok(default), |a| a.parse());
    let [_, midi, font, out, ..] = &args[..] else {
        return Err("usage: synth_render IN.mid FONT OUT.wav [...]".into());
    };
    let (effects, polyphony) = (number(4, 1)? == 1, number(5, 256)?);
    let (workers, block) = (NonZeroUsize::new(number(6, 1)?).ok_or("workers")?, number(7, 0)?);
    let began = Instant::now();
    let font = Arc::new(if font == "builtin" { SoundFont::builtin() } else { SoundFont::load(Path::new(font))? });
    let loaded = began.elapsed();
    let messages = messages(&std::fs::read(midi)?)?;
    for timed in &messages {
        if let Message::Voice(_, Voice::Program(program)) = timed.message {
            font.prepare(0, program.get());
            font.prepare(DRUM_BANK, program.get());
        }
    }
    font.prepare(0, 0);
    font.prepare(DRUM_BANK, 0);
    let prepared = began.elapsed();

    let options = Options { polyphony, reverb: effects, chorus: effects, gain: 0.2 };
    let frames = messages.last().map_or(0, |m| m.frame) + 2 * RATE as usize;
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    let began = Instant::now();
    let mut most = 0;
    if block == 0 {
        let mut synth = Synth::for_performance(font, RATE, options);
        synth.perform(&messages, &mut left, &mut right, workers);
    } else {
        let mut synth = Synth::new(font, RATE, options);
        let mut next = messages.iter().peekable();
        let mut times = Vec::new();
        for (n, (left, right)) in left.chunks_mut(block).zip(right.chunks_mut(block)).enumerate() {
            let began = Instant::now();
            let (mut at, start) = (0, n * block);
            while let Some(timed) = next.next_if(|m| m.frame < start + left.len()) {
                let here = timed.frame - start;
                synth.render(&mut left[at..here], &mut right[at..here]);
                synth.message(&timed.message);
                at = here;
            }
            synth.render(&mut left[at..], &mut right[at..]);
            most = most.max(synth.active_voices());
            times.push(began.elapsed().as_secs_f64() * f64::from(RATE) / block as f64);
        }
        times.sort_by(f64::total_cmp);
        let share = |q: f64| 100.0 * times[((times.len() - 1) as f64 * q) as usize];
        eprintln!(
            "period of {block} frames: median {:.1} %, 99.9th percentile {:.1} %, worst {:.1} %; {most} voices",
            share(0.5),
            share(0.999),
            share(1.0)
        );
    }
    let took = began.elapsed().as_secs_f64();
    let seconds = frames as f64 / f64::from(RATE);
    let peak = left.iter().chain(&right).fold(0.0f32, |p, x| p.max(x.abs()));
    eprintln!(
        "{seconds:.1} s of sound in {took:.2} s: {:.1}x real time; font read in {loaded:.0?}, ready at {prepared:.0?}; peak {peak:.3}",
        seconds / took
    );

    let mut file = std::io::BufWriter::new(std::fs::File::create(out)?);
    let length = (frames * 8) as u32;
    file.write_all(b"RIFF")?;
    file.write_all(&(36 + length).to_le_bytes())?;
    file.write_all(b"WAVEfmt \x10\0\0\0\x03\0\x02\0")?;
    file.write_all(&RATE.to_le_bytes())?;
    file.write_all(&(RATE * 8).to_le_bytes())?;
    file.write_all(b"\x08\0\x20\0data")?;
    file.write_all(&length.to_le_bytes())?;
    for (left, right) in left.iter().zip(&right) {
        file.write_all(&left.to_le_bytes())?;
        file.write_all(&right.to_le_bytes())?;
    }
    Ok(())
}
