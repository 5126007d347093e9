//! `composer compose`, and what it shares with `composer extend`.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;

use super::output::FAINT;
use super::{Context, Exit, Failure, info};
use crate::compose::arrange::{self, Failed};
use crate::compose::melody::{NoMelody, Voice};
use crate::compose::request::{CreativeRisk, Kind, Parameters, Request, SamplingIterations, TrackNumber, Variations};
use crate::compose::rules::Violations;
use crate::compose::{Done, Model};
use crate::studio::compose::{self as studio, Placed};
use crate::studio::place::{self, InTheWay};

/// The options of `composer compose`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The melody's own track stays as it was played. Exit codes: 5 no melody in it, 6 not saved.\n\n\
                        Example: composer compose melody.mid -o choir.mid --variations 4"
)]
pub struct Args {
    /// What composer works on, and how.
    #[command(flatten)]
    pub how: How,
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
    /// The melody's track, counted from 1 [the highest].
    #[arg(long, value_name = "N")]
    pub track: Option<TrackNumber>,
    /// The voice that the melody is: soprano, alto, tenor or bass [by its range].
    #[arg(long, value_name = "VOICE", hide_possible_values = true)]
    pub voice: Option<VoiceName>,
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
            creative_risk: self.creative_risk,
            sampling_iterations: self.sampling_iterations,
            seed: self.seed,
            variations: self.variations,
            ..Parameters::default()
        }
    }
}

/// Harmonises.
///
/// # Errors
/// When there is no melody, or the result cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    work(&args.how, Kind::Compose, |parameters| parameters, "composer.compose/1", context)
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
    let mut meter = Meter::new("composing");
    let variations = arrange::compose(&model, &reading.composition, &request, &mut |pass| meter.show(pass.done));
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
    let remedy = "weights that training/export.py wrote, or leave --model out";
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
        Failed::Model(_) => Failure::new(Exit::Failure, message),
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
            notes_added: v.added,
            likelihood: v.likelihood,
            violations: v.violations,
        }
    }
}

impl Report {
    fn print(&self, context: &mut Context) -> anyhow::Result<()> {
        for f in &self.files {
            let (v, faint) = (&f.violations, FAINT);
            writeln!(
                context.out,
                "{}  {} notes added to track {} ({})  {faint}likelihood {:.2}, parallels {}, crossings {}, seed {}{faint:#}",
                f.path.display(),
                f.notes_added,
                f.melody_track,
                f.melody_voice.to_lowercase(),
                f.likelihood,
                v.parallels(),
                v.crossing,
                f.seed,
            )?;
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
