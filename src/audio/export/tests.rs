//! Tests of the export: what is in the files.

use std::io::Cursor;
use std::sync::Arc;

use super::*;
use crate::audio::instrument::{Instrument, MakeInstrument};
use crate::audio::performance::Manner;
use crate::audio::sequencer::Score;
use crate::music::composition::{Composition, Division, Format, Track};
use crate::music::message::{Channel, Key, Velocity, Voice};
use crate::music::{Message, Ppq, Ticks};

/// A sine of 440 Hz at a level, while a key is down.
struct Tone {
    rate: f32,
    level: f32,
    down: bool,
    at: u32,
}

impl Instrument for Tone {
    fn message(&mut self, message: &Message) {
        match message {
            Message::Voice(_, Voice::NoteOn { .. }) => self.down = true,
            Message::Voice(_, Voice::NoteOff { .. }) => self.down = false,
            _ => {}
        }
    }
    fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (l, r) in left.iter_mut().zip(right) {
            let t = self.at as f32 / self.rate;
            *l = if self.down { self.level * (t * 440.0 * std::f32::consts::TAU).sin() } else { 0.0 };
            *r = *l;
            self.at += 1;
        }
    }
    fn reset(&mut self) {}
    fn restart(&mut self) {}
    fn active_voices(&self) -> usize {
        usize::from(self.down)
    }
}

fn performance(level: f32, seconds: u64) -> Performance {
    let make: MakeInstrument = Arc::new(move |rate| Box::new(Tone { rate: rate as f32, level, down: false, at: 0 }));
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::new();
    let (key, velocity) = (Key::masked(60), Velocity::masked(90));
    track.push_voice(Ticks(0), Channel::default(), Voice::NoteOn { key, velocity });
    track.push_voice(Ticks(960 * seconds), Channel::default(), Voice::NoteOff { key, velocity });
    composition.tracks.push(track);
    Performance::new(Arc::new(Score::new(&composition)), &make, &Manner::plain(48_000))
}

fn write(level: f32, container: Container, depth: Depth, normalise: Normalise) -> (Vec<u8>, Summary) {
    let mut out = Cursor::new(Vec::new());
    let settings = Export { container, depth, normalise };
    let summary = export(performance(level, 2), settings, &mut out, &mut |_| true).unwrap();
    (out.into_inner(), summary)
}

fn wav(bytes: &[u8]) -> Vec<f64> {
    let mut reader = hound::WavReader::new(bytes).unwrap();
    let spec = reader.spec();
    match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().map(|s| f64::from(s.unwrap())).collect(),
        hound::SampleFormat::Int => {
            let full = f64::from(1u32 << (spec.bits_per_sample - 1));
            reader.samples::<i32>().map(|s| f64::from(s.unwrap()) / full).collect()
        }
    }
}

fn peak(samples: &[f64]) -> f64 {
    samples.iter().fold(0.0, |a, x| a.max(x.abs()))
}

#[test]
fn every_kind_of_file_holds_the_same_music() {
    let (float, summary) = write(0.5, Container::Wav, Depth::Float, Normalise::No);
    let float = wav(&float);
    assert_eq!(float.len() as u64, summary.frames * 2);
    for (depth, step) in [(Depth::Sixteen, 1.0 / 32_768.0), (Depth::TwentyFour, 1.0 / 8_388_608.0)] {
        let samples = wav(&write(0.5, Container::Wav, depth, Normalise::No).0);
        assert_eq!(samples.len(), float.len());
        let worst = samples.iter().zip(&float).fold(0.0f64, |a, (x, y)| a.max((x - y).abs()));
        assert!(worst <= step * 1.6, "{depth:?}: {worst}");
        let (flac, _) = write(0.5, Container::Flac, depth, Normalise::No);
        let mut reader = flac_codec::decode::FlacSampleReader::new(Cursor::new(flac)).unwrap();
        let mut decoded = Vec::new();
        reader.read_to_end(&mut decoded).unwrap();
        let full = 1.0 / step;
        assert!(decoded.iter().map(|x| f64::from(*x) / full).eq(samples.iter().copied()), "{depth:?}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for container in [Container::Wav, Container::Flac] {
        let make = || write(0.3, container, Depth::Sixteen, Normalise::Loudness(-20.0)).0;
        assert_eq!(make(), make());
    }
}

#[test]
fn levels_are_as_asked_for() {
    let (bytes, summary) = write(0.05, Container::Wav, Depth::TwentyFour, Normalise::Peak(-6.0));
    assert!((20.0 * peak(&wav(&bytes)).log10() + 6.0).abs() < 0.01, "{summary:?}");
    let (bytes, _) = write(0.05, Container::Wav, Depth::Float, Normalise::Loudness(-23.0));
    let samples: Vec<f32> = wav(&bytes).iter().map(|x| *x as f32).collect();
    let mut meter = ebur128::EbuR128::new(2, 48_000, ebur128::Mode::I).unwrap();
    meter.add_frames_f32(&samples).unwrap();
    assert!((meter.loudness_global().unwrap() + 23.0).abs() < 0.1);
    assert!(peak(&wav(&write(7.0, Container::Wav, Depth::Sixteen, Normalise::No).0)) < 0.967);
    let (_, silent) = write(0.0, Container::Wav, Depth::Sixteen, Normalise::Peak(-1.0));
    assert_eq!(silent.gain_db, 0.0);
}

#[test]
fn what_cannot_be_is_told() {
    let mut out = Cursor::new(Vec::new());
    let settings = Export { container: Container::Flac, depth: Depth::Float, normalise: Normalise::No };
    let e = export(performance(0.1, 1), settings, &mut out, &mut |_| true);
    assert!(matches!(e, Err(ExportError::NoFloats)));
    let settings = Export { container: Container::Wav, depth: Depth::Float, normalise: Normalise::No };
    let e = export(performance(0.1, 100_000), settings, &mut out, &mut |_| true);
    assert!(matches!(e, Err(ExportError::TooLong { hours: 27 })));
    let e = export(performance(0.1, 1), settings, &mut out, &mut |p| p.seconds < 0.2);
    assert!(matches!(e, Err(ExportError::Interrupted)));
}

/// A click every half second over a tone that is quiet beside it: as with drums, its peaks are far above its loudness.
struct Clicks {
    at: u32,
    tone: f32,
}

impl Instrument for Clicks {
    fn message(&mut self, _: &Message) {}
    fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (l, r) in left.iter_mut().zip(right) {
            let (t, click) = (self.at as f32 / 48_000.0, (self.at % 24_000) as f32);
            *l = self.tone * (t * 440.0 * std::f32::consts::TAU).sin()
                + 0.6 * (-click / 300.0).exp() * (click * 0.5).sin();
            *r = *l;
            self.at += 1;
        }
    }
    fn reset(&mut self) {}
    fn restart(&mut self) {}
    fn active_voices(&self) -> usize {
        1
    }
}

#[test]
fn a_loudness_is_that_of_what_leaves_the_limiter() {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::new();
    let (key, velocity) = (Key::masked(60), Velocity::masked(90));
    track.push_voice(Ticks(0), Channel::default(), Voice::NoteOn { key, velocity });
    track.push_voice(Ticks(960 * 6), Channel::default(), Voice::NoteOff { key, velocity });
    composition.tracks.push(track);
    let score = Arc::new(Score::new(&composition));
    let render = |tone, normalise| {
        let make: MakeInstrument = Arc::new(move |_| Box::new(Clicks { at: 0, tone }));
        let performance = Performance::new(Arc::clone(&score), &make, &Manner { tail: 0.0, ..Manner::plain(48_000) });
        let settings = Export { container: Container::Wav, depth: Depth::TwentyFour, normalise };
        export(performance, settings, Cursor::new(Vec::new()), &mut |_| true).unwrap()
    };
    let made = render(0.05, Normalise::Loudness(-15.0));
    let (before, after) = (made.before.loudness.unwrap(), made.after.unwrap());
    // Its peaks have been cut: the plain gain would not have been enough.
    assert!(made.before.peak_db + made.gain_db > 1.0, "{made:?}");
    assert!(made.gain_db > -15.0 - before + 0.2, "{made:?}");
    assert!((after.loudness.unwrap() + 15.0).abs() < 0.2, "{made:?}");
    // There is an end to that, and it is told.
    let made = render(0.0, Normalise::Loudness(-5.0));
    assert!(made.after.unwrap().loudness.unwrap() < -5.5, "{made:?}");
}
