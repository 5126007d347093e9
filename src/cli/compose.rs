//! `composer compose`, and what it shares with `composer extend`.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;

use super::interrupt::Interrupt;
use super::output::FAINT;
use super::{Context, Exit, Failure, info};
use crate::compose::arrange::{self, Failed, Pass};
use crate::compose::arrangement::Style;
use crate::compose::melody::{NoMelody, Voice};
use crate::compose::request::{
    Bars, Bass, Bpm, CreativeRisk, Kind, NotesToAdd, NotesToRemove, Parameters, PickUp, Request, SamplingIterations,
    TrackNumber, Variations,
};
use crate::compose::rules::Violations;
use crate::compose::tonality::Tonality;
use crate::compose::{Done, Error, Model};
use crate::music::TimeSignature;
use crate::studio::compose::{self as studio, Placed};
use crate::studio::place::{self, InTheWay};

/// The options of `composer compose`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The melody stays as it was played. Exit codes: 5 no melody in it, 6 not saved.\n\n\
                        Example: composer compose melody.mid -o band.mid --style rock --variations 4")]
pub struct Args {
    /// What composer works on, and how.
    #[command(flatten)]
    pub how: How,
    /// Voices to write, such as alto,tenor [those that are missing].
    #[arg(long, value_name = "VOICES", value_delimiter = ',', hide_possible_values = true)]
    pub voices: Option<Vec<VoiceName>>,
    /// keep or replace the bass that the file has.
    #[arg(long, value_name = "WHAT", default_value = "keep", hide_possible_values = true)]
    pub bass: BassName,
    /// Only these bars, such as 5-8, anew.
    #[arg(long, value_name = "BARS")]
    pub bars: Option<Bars>,
}

/// What `composer compose` and `composer extend` are told alike.
#[derive(Debug, clap::Args)]
pub struct How {
    /// The melody: a Standard MIDI File; `-` is standard input.
    #[arg(value_name = "MELODY.mid")]
    pub melody: PathBuf,
    /// Where the composition goes.
    #[arg(long, short, value_name = "FILE.mid")]
    pub output: PathBuf,
    /// chorale, strings, piano-trio, rock, synth; or folk, a tune that is extended alone.
    #[arg(long, value_name = "STYLE", default_value = "chorale", hide_possible_values = true)]
    pub style: StyleName,
    /// The melody's track, counted from 1 [the highest].
    #[arg(long, value_name = "N")]
    pub track: Option<TrackNumber>,
    /// soprano, alto, tenor or bass: what the melody is [by its range].
    #[arg(long, value_name = "VOICE", hide_possible_values = true)]
    pub voice: Option<VoiceName>,
    /// The key, such as D or "F# minor" (estimated).
    #[arg(long, value_name = "KEY")]
    pub key: Option<Tonality>,
    /// The tempo of a recording without metronome, 30 to 250 (estimated).
    #[arg(long, value_name = "N")]
    pub bpm: Option<Bpm>,
    /// The metre, such as 3/4 [the file's, or estimated].
    #[arg(long, value_name = "N/N")]
    pub time_signature: Option<TimeSignature>,
    /// Quarters before the first bar line, 0 to 8 (estimated).
    #[arg(long, value_name = "N")]
    pub pick_up: Option<PickUp>,
    /// So many of the melody's notes may go, 0 to 100 %.
    #[arg(long, default_value_t, value_name = "N")]
    pub max_notes_to_remove: NotesToRemove,
    /// How many notes may be added, 50 to 1000 [as many as there are].
    #[arg(long, value_name = "N")]
    pub max_notes_to_add: Option<NotesToAdd>,
    /// 0.5 (safe) to 6 (bold).
    #[arg(long, default_value_t, value_name = "N")]
    pub creative_risk: CreativeRisk,
    /// Drafts to choose the best from, 0 to 100.
    #[arg(long, default_value_t, value_name = "N")]
    pub sampling_iterations: SamplingIterations,
    /// The same number gives the same notes again.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// So many files, the best first, 1 to 16.
    #[arg(long, default_value_t, value_name = "N")]
    pub variations: Variations,
    /// Weights to use instead of composer's own.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Replace a file that is in the way.
    #[arg(long)]
    pub force: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A style by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StyleName {
    /// Sung.
    Chorale,
    /// Violins, violas, cellos, double basses.
    Strings,
    /// Violin, cello, piano.
    PianoTrio,
    /// Guitar, organ, bass guitar, drums.
    Rock,
    /// Pad, arpeggio, bass, drums.
    Synth,
    /// A tune alone.
    Folk,
}

impl From<StyleName> for Style {
    fn from(name: StyleName) -> Style {
        match name {
            StyleName::Chorale => Style::Chorale,
            StyleName::Strings => Style::Strings,
            StyleName::PianoTrio => Style::PianoTrio,
            StyleName::Rock => Style::Rock,
            StyleName::Synth => Style::Synth,
            StyleName::Folk => Style::Folk,
        }
    }
}

/// What becomes of the file's bass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BassName {
    /// It stays.
    Keep,
    /// It goes.
    Replace,
}

/// A voice by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VoiceName {
    /// The highest.
    Soprano,
    /// Below the soprano.
    Alto,
    /// Above the bass.
    Tenor,
    /// The lowest.
    Bass,
}

impl From<VoiceName> for Voice {
    fn from(name: VoiceName) -> Voice {
        match name {
            VoiceName::Soprano => Voice::Soprano,
            VoiceName::Alto => Voice::Alto,
            VoiceName::Tenor => Voice::Tenor,
            VoiceName::Bass => Voice::Bass,
        }
    }
}

impl How {
    fn parameters(&self) -> Parameters {
        Parameters {
            track: self.track,
            voice: self.voice.map(Voice::from),
            style: self.style.into(),
            key: self.key,
            bpm: self.bpm,
            time_signature: self.time_signature,
            pick_up: self.pick_up,
            max_input_notes_to_remove: self.max_notes_to_remove,
            max_notes_to_add: self.max_notes_to_add,
            creative_risk: self.creative_risk,
            sampling_iterations: self.sampling_iterations,
            seed: self.seed,
            variations: self.variations,
            ..Parameters::default()
        }
    }
}

/// Composes.
///
/// # Errors
/// When there is no melody, or the result cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let refine = |parameters| Parameters {
        voices: args.voices.as_ref().map(|voices| voices.iter().map(|v| Voice::from(*v)).collect()),
        bass: match args.bass {
            BassName::Keep => Bass::Keep,
            BassName::Replace => Bass::Replace,
        },
        bars: args.bars,
        ..parameters
    };
    work(&args.how, Kind::Compose, refine, "composer.compose/1", context)
}

/// Composes by the options that both commands have, and those that `refine` adds.
pub(super) fn work(
    how: &How,
    kind: Kind,
    refine: impl FnOnce(Parameters) -> Parameters,
    schema: &'static str,
    context: &mut Context,
) -> anyhow::Result<Exit> {
    for path in studio::names(&how.output, how.variations.get() as usize) {
        if path.exists() && !how.force {
            let message = format!("{} exists already", path.display());
            return Err(Failure::new(Exit::Usage, message).remedy("another name, or --force to replace it").into());
        }
    }
    place::try_folder(&how.output).map_err(|e| {
        Failure::new(Exit::NotSaved, format!("cannot write {}: {e}", how.output.display()))
            .remedy("name a file in a folder that can be written")
    })?;
    let reading = info::load(&how.melody)?;
    let model = model(how.model.as_deref())?;
    let request = Request { kind, parameters: refine(how.parameters()) };
    let started = Instant::now();
    let interrupt = Interrupt::install()?;
    let mut meter = Meter::new("composing");
    let mut watch = |pass: &Pass<'_>| if interrupt.came() { ControlFlow::Break(()) } else { meter.show(pass.done) };
    let variations = arrange::compose(&model, &reading.composition, &request, &mut watch);
    meter.clear();
    let variations = variations.map_err(|e| failure(&how.melody, &e))?;
    let in_the_way = if how.force { InTheWay::Replace } else { InTheWay::TakeNextName };
    let placed = studio::place(variations, &how.output, in_the_way)
        .map_err(|e| Failure::new(Exit::NotSaved, e.to_string()).remedy("another folder with -o"))?;
    let report =
        Report { schema, seconds: started.elapsed().as_secs_f64(), files: placed.iter().map(File::of).collect() };
    if how.json {
        context.out.json(&report)?;
    } else {
        report.print(context)?;
    }
    Ok(Exit::Success)
}

/// The weights that a user named, or the program's own.
pub(super) fn model(path: Option<&Path>) -> Result<Model, Failure> {
    let remedy = "weights that `composer train` wrote, or leave --model out";
    let Some(path) = path else {
        return Model::chorale()
            .map_err(|e| Failure::new(Exit::Failure, e.to_string()).remedy("install composer again"));
    };
    let bytes = std::fs::read(path)
        .map_err(|e| Failure::new(Exit::BadInput, format!("cannot read {}: {e}", path.display())).remedy(remedy))?;
    Model::read(&bytes).map_err(|e| Failure::new(Exit::BadInput, format!("{}: {e}", path.display())).remedy(remedy))
}

fn failure(melody: &Path, failed: &Failed) -> Failure {
    let message = format!("{}: {failed}", melody.display());
    match failed {
        Failed::NoMelody(NoMelody::NoNotes { .. }) => {
            Failure::new(Exit::BadInput, message).remedy("`composer info` shows what is in a file")
        }
        Failed::NoMelody(NoMelody::NotInTrack { .. }) => {
            Failure::new(Exit::Usage, message).remedy("one of those with --track, or leave --track out")
        }
        Failed::NoMelody(NoMelody::Sequential) | Failed::NoChannel { .. } => {
            Failure::new(Exit::BadInput, message).remedy("a file with the melody alone")
        }
        Failed::NoMelody(NoMelody::NotInBars { .. }) | Failed::Contradiction(_) => {
            Failure::new(Exit::Usage, failed.to_string())
        }
        Failed::NoMelody(NoMelody::Complete) => Failure::new(Exit::Usage, message)
            .remedy("--voices alto,tenor or --bars 5-8 names what is to be written anew"),
        Failed::Model(Error::Cancelled) => Failure::new(Exit::Failure, "stopped; nothing was written"),
        Failed::Model(Error::BrokenWeights { .. }) => Failure::new(Exit::Failure, message),
    }
}

#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    /// Composing alone, without reading the file and the weights.
    seconds: f64,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct File {
    path: PathBuf,
    seed: u64,
    melody_track: usize,
    melody_voice: &'static str,
    key: String,
    beats_found: bool,
    notes_removed: usize,
    notes_added: usize,
    /// Nats a sixteenth; nearer to zero is more probable.
    likelihood: f64,
    violations: Violations,
}

impl File {
    fn of(placed: &Placed) -> File {
        let v = &placed.variation;
        File {
            path: placed.path.clone(),
            seed: v.seed,
            melody_track: v.track + 1,
            melody_voice: v.voice.name(),
            key: v.key.to_string(),
            beats_found: v.free,
            notes_removed: v.removed,
            notes_added: v.added,
            likelihood: v.likelihood,
            violations: v.violations,
        }
    }
}

impl Report {
    fn print(&self, context: &mut Context) -> anyhow::Result<()> {
        let Some(first) = self.files.first() else { return Ok(()) };
        let (faint, out) = (FAINT, &mut context.out);
        let voice = first.melody_voice.to_lowercase();
        write!(out, "{faint}melody: track {} as {voice}, {}", first.melody_track, first.key)?;
        let free = if first.beats_found { ", played freely: beats found" } else { "" };
        let removed =
            if first.notes_removed > 0 { format!(", {} notes removed", first.notes_removed) } else { String::new() };
        writeln!(out, "{free}{removed}{faint:#}")?;
        let width = self.files.iter().map(|f| f.path.display().to_string().chars().count()).max().unwrap_or(0);
        writeln!(
            out,
            "{faint}{:width$}  {:>6} {:>10} {:>9} {:>9} {:>6}{faint:#}",
            "", "notes", "likelihood", "parallels", "crossings", "seed"
        )?;
        for f in &self.files {
            let v = &f.violations;
            let (path, crossing) = (f.path.display().to_string(), v.crossing);
            let (notes, nats, parallels, seed) = (f.notes_added, f.likelihood, v.parallels(), f.seed);
            writeln!(out, "{path:width$}  {notes:>6} {nats:>10.2} {parallels:>9} {crossing:>9} {seed:>6}")?;
        }
        Ok(())
    }
}

/// Progress on a terminal's standard error; nothing elsewhere.
pub(super) struct Meter {
    what: &'static str,
    shown: Option<Instant>,
    started: Instant,
    terminal: bool,
}

impl Meter {
    pub(super) fn new(what: &'static str) -> Meter {
        Meter { what, shown: None, started: Instant::now(), terminal: std::io::stderr().is_terminal() }
    }

    pub(super) fn show(&mut self, done: Done) -> ControlFlow<()> {
        let due = self.shown.is_none_or(|s| s.elapsed() > Duration::from_millis(100));
        if self.terminal && due && self.started.elapsed() > Duration::from_millis(300) {
            self.shown = Some(Instant::now());
            let percent = 100 * done.parts / done.of.max(1);
            let _ = write!(anstream::stderr(), "\r{} {percent} %  ", self.what);
        }
        ControlFlow::Continue(())
    }

    pub(super) fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(anstream::stderr(), "\r{:width$}\r", "", width = self.what.len() + 8);
        }
    }
}
