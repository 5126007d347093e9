//! The options that choose instruments and an audio output, shared by the commands that sound.

use std::path::PathBuf;
use std::time::Duration;

use super::{Exit, Failure, source};
use crate::audio::output::{DEFAULT_BUFFER, Description, OutputError, RATES, Request, System};
use crate::audio::{Options, SoundFontError, soundfonts};
use crate::settings::Settings;
use crate::studio::instruments::{self, Chosen};

/// `--soundfont` and `--dry`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FontArgs {
    /// SoundFont (.sf2, .sf3) [the user's, else the system's].
    #[arg(long, value_name = "FILE")]
    pub soundfont: Option<PathBuf>,

    /// Without reverb and chorus.
    #[arg(long)]
    pub dry: bool,
}

impl FontArgs {
    /// Loads the SoundFont, with remarks on standard error.
    ///
    /// # Errors
    /// When the one that was asked for is of no use.
    pub fn load(&self, settings: &Settings) -> anyhow::Result<Chosen> {
        let folders = source::folders().ok().map(|f| f.with_settings(settings));
        let own = folders.map(|f| f.soundfonts.into_iter().chain(soundfonts::users_folders(&f.data)).collect());
        let own: Vec<PathBuf> = own.unwrap_or_default();
        let chosen = instruments::choose(self.soundfont.as_deref(), &own).map_err(|e| font_failure(&e))?;
        // A font that plays in spite of a few broken samples does not need a screen full of them.
        for warning in chosen.warnings.iter().take(3) {
            source::warn(warning);
        }
        if chosen.file.is_none() {
            source::warn(
                "no SoundFont was found; composer's own instruments play (`apt install timgm6mb-soundfont` brings more)",
            );
        }
        Ok(chosen)
    }

    /// How the synthesiser is made.
    #[must_use]
    pub fn options(&self) -> Options {
        Options { reverb: !self.dry, chorus: !self.dry, ..Options::default() }
    }
}

/// A SoundFont's error with its exit code.
#[must_use]
pub fn font_failure(error: &SoundFontError) -> Failure {
    let exit = match error {
        SoundFontError::Open { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Exit::NotPermitted
        }
        _ => Exit::BadInput,
    };
    Failure::new(exit, error.to_string()).remedy("leave `--soundfont` out to use the system's")
}

/// `--output`, `--buffer` and `--rate`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OutputArgs {
    /// Audio output: an id of `composer devices`, a part of its name, or `jack` [the system's].
    #[arg(long, value_name = "NAME|ID")]
    pub output: Option<String>,

    /// Length of a block in milliseconds, 1 to 200 (without it 5).
    #[arg(long, value_name = "MS", value_parser = buffer)]
    pub buffer: Option<Duration>,

    /// Samples a second, 8000 to 192000 [the output's].
    #[arg(long, value_name = "HZ", value_parser = rate)]
    pub rate: Option<u32>,
}

impl OutputArgs {
    /// What is asked of the output.
    #[must_use]
    pub fn request(&self) -> Request {
        let (system, device) = match self.output.as_deref() {
            Some("jack") => (System::Jack, None),
            Some(other) => match other.strip_prefix("jack:") {
                Some(ports) => (System::Jack, Some(ports.to_owned())),
                None => (System::Platform, Some(other.to_owned())),
            },
            None => (System::Platform, None),
        };
        Request { system, device, rate: self.rate, channels: None, buffer: self.buffer.unwrap_or(DEFAULT_BUFFER) }
    }
}

/// An output's error with its exit code and remedy.
#[must_use]
pub fn output_failure(error: &OutputError) -> Failure {
    let failure = |exit| Failure::new(exit, error.to_string());
    match error {
        OutputError::NotBuilt(_) => failure(Exit::Failure),
        OutputError::NoDevice { system, .. } if system == "JACK" => {
            failure(Exit::NoDevice).remedy("start a JACK server (`jackd`, or PipeWire with pw-jack), or leave `--output jack` out")
        }
        OutputError::NoDevice { .. } => failure(Exit::NoDevice).remedy(
            "plug in or switch on an audio output (`composer doctor` finds out why there is none); `composer render` needs none, and `composer play FILE --midi-out PORT` neither",
        ),
        OutputError::NoSuchDevice { .. } => failure(Exit::NoDevice).remedy("`composer devices` lists the outputs"),
        OutputError::Unsupported { .. } => failure(Exit::Failure).remedy("leave `--rate` out, or choose another `--output`"),
        OutputError::Refused { .. } | OutputError::Lost { .. } => {
            failure(Exit::NotPermitted).remedy("close what else uses it, or choose another `--output`; `composer doctor` helps")
        }
    }
}

/// An output in a few words: where, and how fast.
#[must_use]
pub fn described(open: &Description, latency: Option<Duration>) -> String {
    let ms = |s: f64| format!("{:.1} ms", s * 1e3);
    let rate = open.format.rate;
    let block = f64::from(open.format.block) / f64::from(rate.max(1));
    let mut text =
        format!("{} ({}), {rate} Hz, block {} ({} frames)", open.name, open.system, ms(block), open.format.block);
    if let Some(latency) = latency {
        text.push_str(&format!(", key to sound {}", ms(latency.as_secs_f64())));
    }
    text
}

fn buffer(text: &str) -> Result<Duration, String> {
    let ms = text.trim_end_matches("ms").trim().parse::<f64>().ok().filter(|ms| (1.0..=200.0).contains(ms));
    ms.map(|ms| Duration::from_secs_f64(ms / 1e3)).ok_or_else(|| "a block lasts 1 to 200 ms".to_owned())
}

/// A sample rate.
///
/// # Errors
/// Says which there are.
pub fn rate(text: &str) -> Result<u32, String> {
    let (low, high) = (RATES.start(), RATES.end());
    text.parse().ok().filter(|r| RATES.contains(r)).ok_or_else(|| format!("a sample rate is {low} to {high} Hz"))
}
