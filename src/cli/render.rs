//! `composer render`: a MIDI file becomes sound, or a picture.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::bar::Bar;
use super::interrupt::Interrupt;
use super::sound::{self, FontArgs};
use super::{Context, Exit, Failure, info, source, values};
use crate::audio::export::{Container, Depth, Export, ExportError, Normalise, Progress, Quality, Summary};
use crate::audio::instrument::performing_synths;
use crate::audio::performance::{LONGEST_TAIL, Manner};
use crate::audio::sequencer::{Score, Speed};
use crate::audio::synth::Workers;
use crate::music::composition::Composition;
use crate::settings::seconds_of;
use crate::studio::place::{self, InTheWay};
use crate::studio::render::{RenderError, Rendering, Stems, stem_paths};
use crate::studio::{instruments, picture};

/// The options of `composer render`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer render song.mid song.flac --bits 24 --normalise r128")]
pub struct Args {
    /// The MIDI file; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The file to write: .wav, .flac or .ogg (Vorbis); .png for a picture of the notes.
    #[arg(value_name = "OUT", value_parser = out)]
    pub out: PathBuf,

    #[command(flatten)]
    font: FontArgs,

    /// Bits a sample: 16 (without it), 24, or 32f for floats (WAV only); an .ogg has none.
    #[arg(long, value_name = "BITS", value_parser = depth)]
    pub bits: Option<Depth>,

    /// Quality of an .ogg, 0 to 10 (without it 6).
    #[arg(long, value_name = "N", value_parser = quality)]
    pub quality: Option<Quality>,

    /// Samples a second, 8000 to 192000.
    #[arg(long, value_name = "HZ", default_value = "48000", value_parser = sound::rate)]
    pub rate: u32,

    /// Make the level right: peak, r128, or with a level peak:-3, r128:-14.
    ///
    /// Stems are all changed by what the whole piece takes: together they sound like it.
    #[arg(long, value_name = "HOW", value_parser = normalise)]
    pub normalise: Option<Normalise>,

    /// Percent of the piece's tempo, 25 to 200.
    #[arg(long, value_name = "PERCENT", default_value = "100", value_parser = values::speed)]
    pub speed: Speed,

    /// Let what follows the last note sound for at most this long, 0s to 10m.
    #[arg(long, value_name = "TIME", default_value = "12s", value_parser = tail)]
    pub tail: Duration,

    /// One file a track instead of one for all: OUT-01-NAME.wav.
    ///
    /// The number is the track's in `composer info`; where one track has all channels, the channel's.
    #[arg(long)]
    pub stems: bool,

    /// Let a metronome beat along.
    #[arg(long, conflicts_with = "stems")]
    pub metronome: bool,

    /// Threads that render [all cores]; their number changes no sample.
    #[arg(long, value_name = "N")]
    pub threads: Option<Workers>,

    /// Replace files that are there.
    #[arg(long)]
    pub force: bool,

    /// Print what was written as JSON (schema composer.render/1).
    #[arg(long)]
    pub json: bool,
}

fn container(path: &Path, quality: Quality) -> Option<Container> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "wav" | "wave" => Some(Container::Wav),
        "flac" => Some(Container::Flac),
        "ogg" | "oga" => Some(Container::Vorbis { quality }),
        _ => None,
    }
}

fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"))
}

fn out(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if is_picture(&path) || container(&path, Quality::default()).is_some() {
        return Ok(path);
    }
    Err("the name must end in .wav, .flac, .ogg or .png".to_owned())
}

fn quality(text: &str) -> Result<Quality, String> {
    text.parse().ok().and_then(Quality::new).ok_or_else(|| "a quality is 0 to 10".to_owned())
}

fn depth(text: &str) -> Result<Depth, String> {
    match text {
        "16" => Ok(Depth::Sixteen),
        "24" => Ok(Depth::TwentyFour),
        "32f" | "32" => Ok(Depth::Float),
        _ => Err("there are 16, 24 and 32f".to_owned()),
    }
}

fn tail(text: &str) -> Result<Duration, String> {
    let seconds = seconds_of(text).filter(|s| *s <= LONGEST_TAIL);
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "a tail lasts 0s to 10m, such as 3s or 0.5s".to_owned())
}

fn normalise(text: &str) -> Result<Normalise, String> {
    let (how, level) = text.split_once(':').map_or((text, None), |(how, level)| (how, Some(level)));
    let level = |default: f64, range: std::ops::RangeInclusive<f64>| match level {
        None => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|v| range.contains(v))
            .ok_or_else(|| format!("the level must be {} to {}", range.start(), range.end())),
    };
    match how {
        "peak" => Ok(Normalise::Peak(level(-1.0, -60.0..=0.0)?)),
        "r128" | "loudness" => Ok(Normalise::Loudness(level(-23.0, -60.0..=-5.0)?)),
        _ => Err("there are peak, peak:-3, r128 and r128:-14".to_owned()),
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    soundfont: String,
    files: Vec<Written>,
    /// Seconds that rendering took.
    took_s: f64,
}

#[derive(Serialize)]
struct Written {
    path: String,
    duration_s: f64,
    sample_rate: u32,
    /// Of full scale, before the level was changed; null for silence.
    peak_db: Option<f64>,
    /// Over the whole piece, before the level was changed; null where it was not asked for.
    loudness_lufs: Option<f64>,
    gain_db: f64,
    /// What is in the file, of full scale; null where no level was asked for, and for silence.
    peak_after_db: Option<f64>,
    /// What is in the file; null where no loudness was asked for.
    loudness_after_lufs: Option<f64>,
}

impl Written {
    fn new(path: &Path, summary: &Summary) -> Written {
        Written {
            path: path.display().to_string(),
            duration_s: summary.frames as f64 / f64::from(summary.rate),
            sample_rate: summary.rate,
            peak_db: Some(summary.before.peak_db).filter(|p| p.is_finite()),
            loudness_lufs: summary.before.loudness,
            gain_db: summary.gain_db,
            peak_after_db: summary.after.map(|after| after.peak_db).filter(|p| p.is_finite()),
            loudness_after_lufs: summary.after.and_then(|after| after.loudness),
        }
    }
}

/// Renders. An interrupted run leaves no half file.
///
/// # Errors
/// When the MIDI file or the SoundFont is of no use, or the place does not take the file.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let settings = source::settings(context);
    let container = container(&args.out, args.quality.unwrap_or_default()).unwrap_or(Container::Wav);
    of_effect(args, container)?;
    let reading = info::load(&args.file)?;
    for warning in reading.warnings.iter().take(3) {
        source::warn(&format!("{}: {warning}", info::name(&args.file)));
    }
    // Reading may wait for a pipe, and Ctrl-C ended that by itself.
    let interrupt = Interrupt::install()?;
    if is_picture(&args.out) {
        vacant(args, &[&args.out])?;
        return picture(&reading.composition, args, context);
    }
    let score = Arc::new(Score::new(&reading.composition));
    drop(reading);
    let stems = if args.stems { stem_paths(&score, &args.out) } else { vec![args.out.clone()] };
    vacant(args, &stems)?;
    if score.strips().is_empty() {
        if args.stems {
            let text = format!("{}: there are no notes in it, so there are no stems", info::name(&args.file));
            return Err(Failure::new(Exit::BadInput, text).into());
        }
        source::warn("there are no notes in it");
    }
    let chosen = args.font.load(&settings)?;
    instruments::prepare(&chosen.font, &score, &[]);
    let metronome = args.metronome.then(|| sound::click_volume(&settings));
    let mut manner = Manner { speed: args.speed, metronome, ..Manner::plain(args.rate) };
    manner.tail = args.tail.as_secs_f64();
    manner.workers = args.threads.unwrap_or(manner.workers);
    let rendering = Rendering {
        make: performing_synths(Arc::clone(&chosen.font), args.font.options(&settings)),
        manner,
        export: Export {
            container,
            depth: args.bits.unwrap_or(Depth::Sixteen),
            normalise: args.normalise.unwrap_or_default(),
        },
        in_the_way: if args.force { InTheWay::Replace } else { InTheWay::TakeNextName },
        score: Arc::clone(&score),
    };
    let bar = Bar::new();
    let draw = |stem: Option<usize>, p: Progress| {
        let word = match stem {
            Some(stem) => format!("{} of {}", stem + 1, stems.len()),
            None if args.stems => "level".to_owned(),
            None => String::new(),
        };
        bar.draw(&word, p.seconds / p.of.max(0.001));
        !interrupt.came()
    };
    let result = if args.stems {
        rendering.stems(&args.out, &mut |stem, p| draw(stem, p))
    } else {
        let whole = rendering.whole(&args.out, &mut |p| draw(None, p));
        let whole = whole.map(|one| Stems { whole: Some(one.1), files: vec![one] });
        whole.map_err(|source| RenderError { path: args.out.clone(), source, made: Vec::new() })
    };
    bar.clear();
    let Stems { files: made, whole } = result.map_err(|e| {
        let failed = failure(&e.source, &e.path);
        match e.made.len() {
            0 => failed,
            1 => failed.of(&format!("{} is there", e.made[0].display())),
            n => failed.of(&format!("{n} stems are there, {} the last", e.made[n - 1].display())),
        }
    })?;
    if let Some(whole) = whole {
        missed(&args.out, &whole, rendering.export.normalise);
    }
    let took = began.elapsed().as_secs_f64();
    if args.json {
        let files = made.iter().map(|(path, summary)| Written::new(path, summary)).collect();
        context.out.json(&Document { schema: "composer.render/1", soundfont: chosen.name(), files, took_s: took })?;
    } else {
        for (path, summary) in &made {
            let seconds = summary.frames as f64 / f64::from(summary.rate);
            let level = if summary.gain_db == 0.0 { String::new() } else { format!(", {:+.1} dB", summary.gain_db) };
            writeln!(context.out, "{}  {}:{:04.1}{level}", path.display(), seconds as u64 / 60, seconds % 60.0)?;
        }
        let total: f64 = made.iter().map(|(_, s)| s.frames as f64 / f64::from(s.rate)).sum();
        let mut err = anstream::stderr();
        let _ =
            writeln!(err, "rendered with {} in {took:.1} s ({:.0} x real time)", chosen.name(), total / took.max(1e-3));
    }
    Ok(Exit::Success)
}

/// Refuses what would change nothing.
fn of_effect(args: &Args, container: Container) -> Result<(), Failure> {
    let vorbis = matches!(container, Container::Vorbis { .. });
    let of_sound = (args.stems || args.metronome || args.font.any() || args.speed != Speed::NORMAL)
        || (args.bits.is_some() || args.quality.is_some() || args.normalise.is_some() || args.threads.is_some());
    let wrong = if is_picture(&args.out) {
        of_sound
            .then_some(("a picture has neither sound nor stems", "leave all but FILE, OUT, `--force` and `--json` out"))
    } else if vorbis {
        args.bits.is_some().then_some(("an .ogg has no bits a sample", "`--quality` says how good it is"))
    } else {
        args.quality.is_some().then_some(("only an .ogg has a quality", "`--bits` is for the others"))
    };
    wrong.map_or(Ok(()), |(text, remedy)| Err(Failure::new(Exit::Usage, text).remedy(remedy)))
}

/// Refuses to replace what is there, unless that is wanted.
fn vacant(args: &Args, paths: &[impl AsRef<Path>]) -> Result<(), Failure> {
    match paths.iter().map(AsRef::as_ref).find(|path| path.exists()) {
        Some(path) if !args.force => {
            let text = format!("{} is there already", path.display());
            Err(Failure::new(Exit::NotSaved, text).remedy("`--force` replaces it"))
        }
        _ => Ok(()),
    }
}

#[derive(Serialize)]
struct Drawn {
    schema: &'static str,
    path: String,
    notes: usize,
}

/// Draws instead of playing; what concerns sound has no say.
fn picture(composition: &Composition, args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let drawn = picture::png(composition)
        .map_err(|e| Failure::new(Exit::BadInput, format!("{}: {e}", info::name(&args.file))))?;
    let in_the_way = if args.force { InTheWay::Replace } else { InTheWay::TakeNextName };
    let path = place::place(&drawn, &args.out, in_the_way).map_err(|e| failure(&ExportError::Io(e), &args.out))?;
    if args.json {
        let path = path.display().to_string();
        context.out.json(&Drawn { schema: "composer.render.picture/1", path, notes: composition.note_count() })?;
    } else {
        writeln!(context.out, "{}  {} notes", path.display(), composition.note_count())?;
    }
    Ok(Exit::Success)
}

/// Says where a loudness that was asked for is not what is in the file.
fn missed(path: &Path, summary: &Summary, normalise: Normalise) {
    /// In LU; nobody hears less.
    const NEAR: f64 = 0.5;
    let Normalise::Loudness(to) = normalise else { return };
    match summary.after.and_then(|after| after.loudness) {
        None => source::warn(&format!(
            "{}: too short or too quiet to have a loudness; its level was left as it is",
            path.display()
        )),
        Some(heard) if (heard - to).abs() > NEAR => source::warn(&format!(
            "{}: the loudness is {heard:.1} LUFS, not {to:.1}: its peaks leave no room for more",
            path.display()
        )),
        Some(_) => {}
    }
}

fn failure(error: &ExportError, out: &Path) -> Failure {
    let text = format!("{}: {error}", out.display());
    match error {
        ExportError::Interrupted => Failure::new(Exit::Failure, text),
        ExportError::NoFloats => Failure::new(Exit::Usage, text),
        ExportError::Io(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
            Failure::new(Exit::NotPermitted, text).remedy("write somewhere else")
        }
        ExportError::Aside { .. } => Failure::new(Exit::NotSaved, text)
            .remedy("make room there, or name another folder: TMPDIR=FOLDER composer render ..."),
        ExportError::Io(_) => Failure::new(Exit::NotSaved, text).remedy("write somewhere else, or make room"),
        ExportError::TooLong { .. } => Failure::new(Exit::BadInput, text).remedy("`composer info` shows its tempos"),
        ExportError::TooBig | ExportError::Encoder(_) => Failure::new(Exit::Failure, text),
    }
}
