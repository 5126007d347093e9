//! `[sound]`: where sound goes, what plays, and how the keys feel.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::music::VelocityCurve;

/// The sample rates that may be asked for, in hertz.
pub const RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// The lengths of a block that may be asked for, in milliseconds.
pub const BUFFERS: std::ops::RangeInclusive<f64> = 1.0..=200.0;

/// The volumes of the metronome, in percent.
pub const CLICK_VOLUMES: std::ops::RangeInclusive<u8> = 0..=200;

/// What sounds, and where, unless the command line says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SoundSettings {
    /// The audio output, as `--output` takes it; the system's choice without it.
    pub output: Option<String>,
    /// The length of a block; `audio::output::DEFAULT_BUFFER` without it.
    #[serde(rename = "buffer_ms", deserialize_with = "buffer")]
    pub buffer: Option<Duration>,
    /// Samples a second; the output's choice without it.
    #[serde(deserialize_with = "rate")]
    pub rate: Option<u32>,
    /// The SoundFont; the first that is found without it.
    pub soundfont: Option<PathBuf>,
    /// Whether there is reverb.
    pub reverb: bool,
    /// Whether there is chorus.
    pub chorus: bool,
    /// What the keys play, as `--instrument` takes it; the piano without it.
    pub instrument: Option<String>,
    /// The feel of the keys.
    #[serde(deserialize_with = "curve")]
    pub velocity: VelocityCurve,
    /// The metronome's volume in percent, at most 200.
    #[serde(deserialize_with = "click_volume")]
    pub metronome_volume: u8,
    /// Whether `record` sounds: its count-in and metronome, and the keys.
    pub record: bool,
}

impl Default for SoundSettings {
    fn default() -> SoundSettings {
        SoundSettings {
            output: None,
            buffer: None,
            rate: None,
            soundfont: None,
            reverb: true,
            chorus: true,
            instrument: None,
            velocity: VelocityCurve::Linear,
            metronome_volume: 100,
            record: true,
        }
    }
}

fn buffer<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let ms = f64::deserialize(from)?;
    let (low, high) = (BUFFERS.start(), BUFFERS.end());
    BUFFERS
        .contains(&ms)
        .then(|| Some(Duration::from_secs_f64(ms / 1e3)))
        .ok_or_else(|| de::Error::custom(format!("a block of {ms} ms: must be {low} to {high} ms")))
}

fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let rate = i64::deserialize(from)?;
    let (low, high) = (RATES.start(), RATES.end());
    let known = u32::try_from(rate).ok().filter(|r| RATES.contains(r));
    known.map(Some).ok_or_else(|| de::Error::custom(format!("a sample rate of {rate} Hz: must be {low} to {high}")))
}

fn click_volume<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let percent = i64::deserialize(from)?;
    let known = u8::try_from(percent).ok().filter(|p| CLICK_VOLUMES.contains(p));
    known.ok_or_else(|| {
        de::Error::custom(format!("a volume of {percent} percent: must be 0 to {}", CLICK_VOLUMES.end()))
    })
}

/// A curve by its name, or the number of a fixed one.
fn curve<'de, D: Deserializer<'de>>(from: D) -> Result<VelocityCurve, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i64),
        Text(String),
    }
    match Written::deserialize(from)? {
        Written::Number(n) => n.to_string().parse().map_err(de::Error::custom),
        Written::Text(s) => s.parse().map_err(de::Error::custom),
    }
}
