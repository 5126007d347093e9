//! Settings: plain data, read from one TOML file and written back with the user's comments kept.
//!
//! A file that cannot be understood is reported with line and column and never written over; the
//! program goes on with what it would do without one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use crate::music::{Ppq, Tempo, TimeSignature};

mod file;
mod folders;
pub mod sound;

pub use file::{Given, Loaded, SettingsError, State, load, put_aside, set, set_control};
pub use folders::Folders;
pub use sound::SoundSettings;

/// All settings; what the file does not say is as the defaults are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// `[record]`.
    pub record: RecordSettings,
    /// `[keyboard]`.
    pub keyboard: KeyboardSettings,
    /// `[controls]`: learned controls by their name, such as `play`.
    pub controls: BTreeMap<String, ControlSetting>,
    /// `[folders]`.
    pub folders: FolderSettings,
    /// `[sound]`.
    pub sound: SoundSettings,
    /// `[window]`.
    pub window: WindowSettings,
    /// `[jobs]`.
    pub jobs: JobsSettings,
}

/// The shortest time after which a silent worker has lost its job: S3 and some disks date in whole seconds.
pub const SHORTEST_LEASE: Duration = Duration::from_secs(4);

/// Where jobs are, and how their store is reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JobsSettings {
    /// A folder, or `s3://bucket/prefix`; without it a folder of this user.
    pub store: Option<String>,
    /// The address of a server that is not Amazon's.
    pub endpoint_url: Option<String>,
    /// The profile of the AWS configuration.
    pub profile: Option<String>,
    /// The AWS region.
    pub region: Option<String>,
    /// A file of keys that stands in place of the AWS configuration.
    pub keys_file: Option<PathBuf>,
    /// Whether this computer's own role in AWS may be asked for, which takes seconds where there is none.
    pub instance_metadata: bool,
    /// A worker that was not heard of for so long has lost its job; alike for all who share a store.
    #[serde(deserialize_with = "lease")]
    pub lease: Duration,
}

impl Default for JobsSettings {
    fn default() -> JobsSettings {
        JobsSettings {
            store: None,
            endpoint_url: None,
            profile: None,
            region: None,
            keys_file: None,
            instance_metadata: false,
            lease: Duration::from_secs(60),
        }
    }
}

/// The most bars that can be counted before a take.
pub const MOST_COUNT_IN: u32 = 16;

/// How takes are recorded, where the command line does not say otherwise.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordSettings {
    /// Quarter notes a minute.
    #[serde(deserialize_with = "bpm")]
    pub bpm: Tempo,
    /// Such as `3/4`.
    #[serde(deserialize_with = "text")]
    pub time_signature: TimeSignature,
    /// Ticks a quarter note.
    pub resolution: Ppq,
    /// Whether the beat is shown and sounds.
    pub metronome: bool,
    /// Bars to count before a take starts, at most [`MOST_COUNT_IN`].
    #[serde(deserialize_with = "bars")]
    pub count_in: u32,
    /// The silence that ends a take, and the next note begins another; never without it.
    #[serde(deserialize_with = "seconds")]
    pub split_after: Option<Duration>,
    /// The silence that ends the recording; never without it.
    #[serde(deserialize_with = "seconds")]
    pub stop_after: Option<Duration>,
}

impl Default for RecordSettings {
    fn default() -> RecordSettings {
        RecordSettings {
            bpm: Tempo::DEFAULT,
            time_signature: TimeSignature::COMMON,
            resolution: Ppq::DEFAULT,
            metronome: false,
            count_in: 0,
            split_after: None,
            stop_after: None,
        }
    }
}

/// Which keyboard is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct KeyboardSettings {
    /// The id or part of the name of its MIDI port, as `--port` takes it.
    pub port: Option<String>,
}

/// What a control sends, in the file: `play = { message = "cc 105", channel = 1, press = "toggle" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ControlSetting {
    /// The message, such as `cc 105`: see `keyboard::controls::Source`.
    pub message: String,
    /// The only channel on which it counts, 1 to 16; every channel without it.
    pub channel: Option<u8>,
    /// `momentary` (without it) or `toggle`.
    pub press: Option<String>,
}

/// Where things are, if not where the platform has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct FolderSettings {
    /// Where takes are put that got no name.
    pub library: Option<PathBuf>,
    /// One more folder to look for SoundFonts in.
    pub soundfonts: Option<PathBuf>,
}

/// How the window looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WindowSettings {
    /// Light or dark.
    pub theme: ThemeSetting,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeSetting {
    /// As the system is.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl ThemeSetting {
    /// All of them, in the order in which they are shown.
    pub const ALL: [ThemeSetting; 3] = [ThemeSetting::System, ThemeSetting::Light, ThemeSetting::Dark];

    /// The name in the settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ThemeSetting::System => "system",
            ThemeSetting::Light => "light",
            ThemeSetting::Dark => "dark",
        }
    }
}

/// `~/x` with the home folder in place of `~`.
fn without_tilde(path: &Path, home: &Path) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| home.join(rest))
}

fn bpm<'de, D: Deserializer<'de>>(from: D) -> Result<Tempo, D::Error> {
    let bpm = f64::deserialize(from)?;
    Tempo::from_bpm(bpm).ok_or_else(|| {
        let (low, high) = (Tempo::BPM_RANGE.start(), Tempo::BPM_RANGE.end());
        de::Error::custom(format!("a tempo of {bpm}: must be {low} to {high} quarter notes a minute"))
    })
}

fn bars<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let bars = i64::deserialize(from)?;
    u32::try_from(bars)
        .ok()
        .filter(|bars| *bars <= MOST_COUNT_IN)
        .ok_or_else(|| de::Error::custom(format!("a count-in of {bars} bars: must be 0 to {MOST_COUNT_IN}")))
}

fn text<'de, D: Deserializer<'de>, T: std::str::FromStr<Err = String>>(from: D) -> Result<T, D::Error> {
    String::deserialize(from)?.parse().map_err(de::Error::custom)
}

/// A length of time as people write it, in seconds: `90`, `90s`, `1m30s`, `0.5s`, `500ms`. Not negative.
#[must_use]
pub fn seconds_of(text: &str) -> Option<f64> {
    let text = text.trim();
    let seconds = text.parse().or_else(|_| text.parse::<jiff::SignedDuration>().map(|d| d.as_secs_f64())).ok();
    seconds.filter(|s: &f64| s.is_finite() && *s >= 0.0)
}

fn lease<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let lease = seconds(from)?.filter(|l| *l >= SHORTEST_LEASE);
    lease.ok_or_else(|| de::Error::custom(format!("a lease must be {} s or more", SHORTEST_LEASE.as_secs())))
}

/// Seconds as a number, or a text that [`seconds_of`] understands; 0 is never.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Text(String),
    }
    let seconds = match Written::deserialize(from)? {
        Written::Number(n) => Some(n),
        Written::Text(s) => seconds_of(&s),
    };
    match seconds {
        Some(0.0) => Ok(None),
        Some(s) if (0.0..=86_400.0).contains(&s) => Ok(Some(Duration::from_secs_f64(s))),
        _ => Err(de::Error::custom("seconds are expected, such as 8 or \"8s\"; at most a day, 0 for never")),
    }
}
