//! The options that choose instruments and an audio output, shared by the commands that sound.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Exit, Failure, source};
use crate::audio::engine::Layer;
use crate::audio::output::{DEFAULT_BUFFER, Description, OutputError, RATES, Request, System};
use crate::audio::{Options, SoundFontError};
use crate::music::VelocityCurve;
use crate::settings::Settings;
use crate::settings::sound::BUFFERS;
use crate::studio::instruments::{Chosen, FontWish, NoSuchInstrument};
use crate::studio::layers::{KeysWish, LayerWish};
use crate::studio::play::Player;

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
    /// Whether any of them was given.
    #[must_use]
    pub fn any(&self) -> bool {
        self.dry || self.soundfont.is_some()
    }

    /// Which SoundFont is wanted.
    #[must_use]
    pub fn wish(&self, settings: &Settings) -> FontWish {
        let set = match source::folders() {
            Ok(folders) => FontWish::of_settings(settings, &folders.with_settings(settings)),
            Err(_) => FontWish { preferred: settings.sound.soundfont.clone(), ..FontWish::default() },
        };
        FontWish { named: self.soundfont.clone(), ..set }
    }

    /// Loads the SoundFont, with remarks on standard error.
    ///
    /// # Errors
    /// When the one that was asked for is of no use.
    pub fn load(&self, settings: &Settings) -> anyhow::Result<Chosen> {
        let chosen = self.wish(settings).load().map_err(|e| font_failure(&e))?;
        // A font that plays in spite of a few broken samples does not need a screen full of them.
        for warning in chosen.warnings.iter().take(3) {
            source::warn(warning);
        }
        if chosen.file.is_none() {
            source::warn(NO_FONT);
        }
        Ok(chosen)
    }

    /// How the synthesiser is made.
    #[must_use]
    pub fn options(&self, settings: &Settings) -> Options {
        let wet = |on: bool| on && !self.dry;
        Options { reverb: wet(settings.sound.reverb), chorus: wet(settings.sound.chorus), ..Options::default() }
    }
}

/// What there is to say where composer's own instruments play.
pub(super) const NO_FONT: &str =
    "no SoundFont was found; composer's own instruments play (`apt install timgm6mb-soundfont` brings more)";

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
    /// Audio output: an id or name, or jack [the system's].
    ///
    /// As `composer devices` lists them, a part of the name will do; `jack`, or `jack:PORTS` to connect to
    /// ports of that name.
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
    pub fn request(&self, settings: &Settings) -> Request {
        let sound = &settings.sound;
        let (system, device) = match self.output.as_deref().or(sound.output.as_deref()) {
            Some("jack") => (System::Jack, None),
            Some(other) => match other.strip_prefix("jack:") {
                Some(ports) => (System::Jack, Some(ports.to_owned())),
                None => (System::Platform, Some(other.to_owned())),
            },
            None => (System::Platform, None),
        };
        let buffer = self.buffer.or(sound.buffer).unwrap_or(DEFAULT_BUFFER);
        Request { system, device, rate: self.rate.or(sound.rate), channels: None, buffer, keyboards: false }
    }

    /// Whether another output will do: the settings' may be unplugged, one that was typed is meant.
    #[must_use]
    pub fn any(&self) -> bool {
        self.output.is_none()
    }

    /// Opens the output, with remarks on standard error. `keyboards`: whether keyboards are to be heard through it, where
    /// it is JACK's.
    ///
    /// # Errors
    /// When there is none that does what is asked.
    pub fn open(
        &self,
        settings: &Settings,
        chosen: &Chosen,
        options: Options,
        epoch: Instant,
        keyboards: bool,
    ) -> Result<Player, Failure> {
        let request = Request { keyboards, ..self.request(settings) };
        let (mut player, missing) =
            Player::open_preferring(&request, self.any(), chosen, options, epoch).map_err(|e| output_failure(&e))?;
        if let Some(missing) = missing {
            source::warn(&format!("{missing}; the system's choice is taken"));
        }
        let _ = player.remote().set_click_volume(click_volume(settings));
        Ok(player)
    }
}

/// `--instrument`, `--layer`, `--transpose`, `--octave` and `--velocity`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct KeysArgs {
    /// Instrument of the keys: a name, a number or drums (piano).
    ///
    /// A General MIDI name or number, the name of a preset (a part of it will do), or BANK:NUMBER; `composer
    /// instruments` lists them. What may stand behind it is told at `--layer`.
    #[arg(long, short, value_name = "NAME|N")]
    pub instrument: Option<LayerWish>,

    /// One more instrument, such as violin,octave=1,keys=C4..
    ///
    /// As `--instrument`, with any of `,octave=1` `,transpose=-5` `,volume=60` (per cent) `,velocity=soft` and
    /// `,keys=C4..` (from middle C up; `..B3` below it) behind it. With `--instrument` up to 15, and drums.
    #[arg(long, value_name = "LAYER")]
    pub layer: Vec<LayerWish>,

    /// Semitones up or down.
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true, value_parser = clap::value_parser!(i8).range(-60..=60))]
    pub transpose: i8,

    /// Octaves up or down.
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true, value_parser = clap::value_parser!(i8).range(-5..=5))]
    pub octave: i8,

    /// Feel of the keys: soft, linear, hard or 1 to 127 (linear).
    ///
    /// With `soft` a light touch is already loud, with `hard` only a heavy one; a number is the velocity of
    /// every note.
    #[arg(long, value_name = "CURVE")]
    pub velocity: Option<VelocityCurve>,
}

impl KeysArgs {
    /// Whether any of them was given.
    #[must_use]
    pub fn any(&self) -> bool {
        let layers = self.instrument.is_some() || !self.layer.is_empty();
        layers || self.transpose != 0 || self.octave != 0 || self.velocity.is_some()
    }

    /// What is wanted under the keys.
    #[must_use]
    pub fn wish(&self, settings: &Settings) -> KeysWish {
        let first = self.instrument.clone().unwrap_or_else(|| {
            let named = settings.sound.instrument.as_deref().unwrap_or("1");
            named.parse().unwrap_or_else(|_| LayerWish::new(named))
        });
        KeysWish {
            layers: std::iter::once(first).chain(self.layer.iter().cloned()).collect(),
            transpose: self.transpose.saturating_add(self.octave.saturating_mul(12)),
            velocity: self.velocity.unwrap_or(settings.sound.velocity),
        }
    }

    /// The layers with the instruments of a SoundFont, and their names. An instrument of the settings that
    /// this SoundFont does not have is told, and the piano plays.
    ///
    /// # Errors
    /// When one that was typed is not there.
    pub fn layers(&self, settings: &Settings, chosen: &Chosen) -> Result<(Vec<Layer>, String), Failure> {
        let mut wish = self.wish(settings);
        let from_settings = self.instrument.is_none() && settings.sound.instrument.is_some();
        if from_settings && let Err(e) = wish.layers.first().map_or(Ok(()), |l| l.is_in(&chosen.font)) {
            source::warn(&format!("settings, [sound] instrument: {e}; the piano plays"));
            wish.layers.splice(..1, [LayerWish::new("1")]);
        }
        let (layers, names) = wish.of(&chosen.font).map_err(|e| no_instrument(&e))?;
        if layers.len() < wish.layers.len() {
            let text = "there are channels for 15 instruments, and one for a drum kit";
            return Err(Failure::new(Exit::Usage, text).remedy("leave a `--layer` out"));
        }
        Ok((layers, names))
    }
}

/// The error of an instrument that is not there, with its remedy.
pub(super) fn no_instrument(error: &NoSuchInstrument) -> Failure {
    Failure::new(Exit::Usage, error.to_string()).remedy("`composer instruments` lists them")
}

/// The settings' volume of the metronome, 1.0 as it is.
#[must_use]
pub fn click_volume(settings: &Settings) -> f32 {
    f32::from(settings.sound.metronome_volume) / 100.0
}

/// An output's error with its exit code and remedy.
#[must_use]
pub fn output_failure(error: &OutputError) -> Failure {
    let failure = |exit| Failure::new(exit, error.to_string());
    match error {
        OutputError::NotBuilt(_) => failure(Exit::Failure).remedy("`cargo build --release --features audio,jack` builds one with both"),
        OutputError::NoDevice { system, .. } if system == "JACK" => {
            failure(Exit::NoDevice).remedy("start a JACK server (`jackd`, or PipeWire with pw-jack), or leave `--output jack` out")
        }
        OutputError::NoDevice { .. } => failure(Exit::NoDevice).remedy(
            "plug in or switch on an audio output (`composer doctor` finds out why there is none); `composer render` needs none, and `composer play FILE --midi-out PORT` neither",
        ),
        OutputError::Silent => failure(Exit::NoDevice).remedy(
            "start the sound server anew (`systemctl --user restart pipewire`, or jackd); `composer render` needs none",
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
    if open.substitute {
        text.push_str("; the system's default output is not there");
    }
    text
}

fn buffer(text: &str) -> Result<Duration, String> {
    let ms = text.trim_end_matches("ms").trim().parse::<f64>().ok().filter(|ms| BUFFERS.contains(ms));
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
