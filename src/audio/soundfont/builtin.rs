//! Instruments made by this program's own code: all of General MIDI's programs by fifteen sounds, and a drum kit.
//! Small (a third of a megabyte) and plain, but never silence.

use std::ops::Range;

use super::generator::{self as g, Values};
use super::modulator;
use super::samples::{Pool, Samples};
use super::tables::{Header, Preset, Span, Tables, Zone};
use super::{DRUM_BANK, SoundFont};
use crate::music::general_midi;
use crate::music::message::{Channel, Value};

mod patches;
mod waves;

use patches::{PATCHES, Patch, patch_of};
use waves::{DRUM_RATE, Drum, PERIOD, Piece};

/// A spectrum is made anew for every so many keys, with the partials that fit there.
const SPACING: u8 = 8;
/// Hertz; no partial above it.
const HIGHEST: f64 = 16_000.0;

pub(super) fn font() -> SoundFont {
    let mut making = Making::default();
    let instruments: Vec<u32> = PATCHES.iter().map(|patch| making.melodic(patch)).collect();
    for program in 0..128 {
        let name = general_midi::name(Channel::default(), Value::masked(program));
        let instrument = instruments.get(patch_of(program)).copied().unwrap_or(0);
        making.preset(name, 0, u16::from(program), instrument);
    }
    let kit = making.drums();
    making.preset("Standard Kit", DRUM_BANK, 0, kit);
    let Making { pool, headers, mut tables } = making;
    tables.modulators = modulator::DEFAULTS.to_vec();
    let (samples, _) = Samples::new(Pool::Plain(pool.points, None), &headers);
    SoundFont::assemble("composer's own".into(), tables, samples, Vec::new())
}

#[derive(Default)]
struct Making {
    pool: waves::Pool,
    headers: Vec<Header>,
    tables: Tables,
}

impl Making {
    fn preset(&mut self, name: &str, bank: u16, program: u16, instrument: u32) {
        let place = self.tables.preset_zones.len() as u32;
        let values = [0; g::COUNT];
        self.tables.preset_zones.push(Zone {
            keys: Span::ALL,
            velocities: Span::ALL,
            target: instrument,
            values,
            modulators: 0..0,
        });
        self.tables.presets.push(Preset { name: name.into(), bank, program, zones: place..place + 1 });
    }

    fn sample(&mut self, piece: Piece, looped: Option<Range<u32>>, rate: u32, key: u8) -> u32 {
        let looped = looped.unwrap_or(piece.start..piece.start);
        self.headers.push(Header {
            name: String::new(),
            start: piece.start,
            end: piece.end,
            loop_start: looped.start,
            loop_end: looped.end,
            rate,
            key,
            correction: 0,
            kind: 1,
        });
        self.headers.len() as u32 - 1
    }

    fn zone(&mut self, keys: Span, sample: u32, settings: &[(usize, i16)]) {
        let mut values: Values = g::DEFAULTS;
        for (generator, value) in settings {
            if let Some(place) = values.get_mut(*generator) {
                *place = *value;
            }
        }
        let modulators = 0..modulator::DEFAULTS.len() as u32;
        self.tables.instrument_zones.push(Zone { keys, velocities: Span::ALL, target: sample, values, modulators });
    }

    /// The instrument of the zones since `first`.
    fn instrument(&mut self, first: u32) -> u32 {
        self.tables.instruments.push(first..self.tables.instrument_zones.len() as u32);
        self.tables.instruments.len() as u32 - 1
    }

    fn melodic(&mut self, patch: &Patch) -> u32 {
        let first = self.tables.instrument_zones.len() as u32;
        for low in (0..128).step_by(usize::from(SPACING)).map(|k| k as u8) {
            let (high, key) = (low + SPACING - 1, low + SPACING / 2);
            // 440 Hz at key 69.
            let hertz = |key: u8| 440.0 * crate::audio::synth::units::exp2((f64::from(key) - 69.0) / 12.0);
            let fitting = (HIGHEST / hertz(high)) as usize;
            let piece = self.pool.period((1..=fitting.clamp(1, 100)).map(|n| (n, (patch.spectrum)(n))));
            let rate = (hertz(key) * PERIOD as f64).round() as u32;
            let period = PERIOD as u32;
            let looped = piece.start + period..piece.start + 2 * period;
            let sample = self.sample(piece, Some(looped), rate, key);
            let layers: &[(i16, i16)] =
                if patch.spread == 0 { &[(0, 0)] } else { &[(patch.spread, 180), (-patch.spread, -180)] };
            for (tune, pan) in layers {
                let mut settings = patch.settings.to_vec();
                settings.extend([(g::SAMPLE_MODES, 1), (g::FINE_TUNE, *tune), (g::PAN, *pan)]);
                // Two layers are a little louder than one; of this, as of any font, 0.4 count.
                settings.push((g::ATTENUATION, if layers.len() == 2 { 45 } else { 0 }));
                self.zone(Span { low, high }, sample, &settings);
            }
        }
        self.instrument(first)
    }

    fn drums(&mut self) -> u32 {
        let first = self.tables.instrument_zones.len() as u32;
        for (low, high, class, drum) in DRUMS {
            let piece = self.pool.put(drum.sound());
            let key = low + (high - low) / 2;
            let sample = self.sample(piece, None, DRUM_RATE, key);
            let ring = (g::VOL_ENV_RELEASE, 3000);
            self.zone(Span { low, high }, sample, &[ring, (g::EXCLUSIVE_CLASS, class), (g::SCALE_TUNING, 60)]);
        }
        self.instrument(first)
    }
}

const fn drum(
    length: f64,
    tone: (f64, f64),
    tone_level: (f64, f64),
    noise_level: (f64, f64),
    bright: f64,
    metal: f64,
) -> Drum {
    Drum { length, tone, tone_level, noise_level, bright, metal }
}

/// From key, to key, exclusive class, sound. Keys that General MIDI gives to rarer instruments share the nearest.
const DRUMS: [(u8, u8, i16, Drum); 17] = [
    (0, 36, 0, drum(0.45, (160.0, 46.0), (1.6, 0.16), (0.25, 0.008), 0.2, 0.0)),
    (37, 37, 0, drum(0.08, (1700.0, 1650.0), (0.8, 0.012), (0.5, 0.008), 0.5, 0.0)),
    (38, 38, 0, drum(0.30, (240.0, 185.0), (0.8, 0.07), (0.9, 0.075), 0.3, 0.0)),
    (39, 39, 0, drum(0.25, (0.0, 0.0), (0.0, 0.1), (1.1, 0.06), 0.7, 0.0)),
    (40, 40, 0, drum(0.30, (300.0, 230.0), (0.7, 0.05), (1.0, 0.065), 0.4, 0.0)),
    (41, 41, 0, drum(0.60, (130.0, 82.0), (1.3, 0.2), (0.2, 0.02), 0.1, 0.0)),
    (42, 42, 1, drum(0.08, (0.0, 0.0), (0.0, 0.1), (0.8, 0.02), 1.0, 0.0)),
    (43, 43, 0, drum(0.60, (155.0, 98.0), (1.3, 0.19), (0.2, 0.02), 0.1, 0.0)),
    (44, 44, 1, drum(0.10, (0.0, 0.0), (0.0, 0.1), (0.6, 0.03), 1.0, 0.0)),
    (45, 45, 0, drum(0.55, (185.0, 118.0), (1.3, 0.18), (0.2, 0.02), 0.1, 0.0)),
    (46, 46, 1, drum(0.60, (0.0, 0.0), (0.0, 0.1), (0.8, 0.18), 1.0, 0.0)),
    (47, 48, 0, drum(0.50, (230.0, 150.0), (1.3, 0.16), (0.2, 0.02), 0.1, 0.0)),
    (49, 50, 0, drum(1.40, (0.0, 0.0), (0.0, 0.1), (1.0, 0.4), 0.8, 0.0)),
    (51, 53, 0, drum(0.90, (3200.0, 3200.0), (0.25, 0.3), (0.35, 0.25), 1.0, 1.483)),
    (54, 59, 0, drum(0.35, (560.0, 560.0), (0.6, 0.08), (0.2, 0.1), 1.0, 1.503)),
    (60, 75, 0, drum(0.25, (420.0, 330.0), (1.2, 0.07), (0.15, 0.01), 0.2, 0.0)),
    (76, 127, 0, drum(0.12, (950.0, 900.0), (1.0, 0.03), (0.1, 0.01), 0.5, 0.0)),
];
