//! `composer train`.

mod show;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use self::show::Show;
use super::interrupt::Interrupt;
use super::{Context, Exit, Failure};
use crate::compose::training::{Course, Shape, Trainer};
use crate::studio::place::{self, InTheWay};
use crate::studio::train::{self as studio, Error, Halt, Material, Origin, Outcome, Plan};

/// The options of `composer train`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Killed or stopped by Ctrl-C, the same command goes on where its checkpoint beside -o was.\n\n\
                        Example: composer train my-songs/ -o mine.safetensors")]
pub struct Args {
    /// A folder of MIDI files, one such file, or JSON as training/README.md describes it.
    #[arg(value_name = "FOLDER|FILE")]
    pub source: PathBuf,
    /// Where the weights go; the report goes beside it as .html.
    #[arg(long, short, value_name = "FILE.safetensors")]
    pub output: PathBuf,
    /// Weights to go on from [composer's own].
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// A new model instead: tiny (a trial), small or usual (as composer's own).
    #[arg(long, value_enum, value_name = "SIZE", hide_possible_values = true, conflicts_with = "from")]
    pub scratch: Option<Size>,
    /// Steps [500; from scratch 4000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub steps: Option<u32>,
    /// Instead of steps: how often all pieces are gone through.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), conflicts_with = "steps")]
    pub epochs: Option<u32>,
    /// End after so many minutes, with a learning rate that falls towards it.
    #[arg(long, value_name = "N", value_parser = minutes)]
    pub minutes: Option<Duration>,
    /// The learning rate at its highest [0.002; from scratch 0.015].
    #[arg(long, value_name = "N", value_parser = rate)]
    pub learning_rate: Option<f32>,
    /// Crops of 128 sixteenths a step, 1 to 256 [8; from scratch 24].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub batch: Option<u16>,
    /// The share of files held out to measure on, 0 to 0.9.
    #[arg(long, default_value_t = 0.2, value_name = "N", value_parser = share)]
    pub validation: f32,
    /// Measure every so many steps [a tenth of them].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub measure_every: Option<u32>,
    /// End after so many measurements without a better one.
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub patience: u32,
    /// The same number gives the same weights again.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Threads, 8 at most; the result does not depend on it [as many as there are cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=8))]
    pub threads: Option<u8>,
    /// Throw the checkpoint of an earlier run away.
    #[arg(long)]
    pub restart: bool,
    /// Replace a file that is in the way.
    #[arg(long)]
    pub force: bool,
    /// Print JSON, a line for each event (schema composer.train/1).
    #[arg(long)]
    pub json: bool,
}

/// A size of a new model by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    /// To see whether all goes well.
    Tiny,
    /// A fifth of the usual one.
    Small,
    /// As composer's own.
    Usual,
}

impl From<Size> for Shape {
    fn from(size: Size) -> Shape {
        match size {
            Size::Tiny => Shape::TINY,
            Size::Small => Shape::SMALL,
            Size::Usual => Shape::USUAL,
        }
    }
}

fn rate(s: &str) -> Result<f32, String> {
    let wrong = || "the learning rate must be more than 0 and at most 1".to_owned();
    s.parse().ok().filter(|r| *r > 0.0 && *r <= 1.0).ok_or_else(wrong)
}

fn share(s: &str) -> Result<f32, String> {
    s.parse().ok().filter(|r| (0.0..=0.9).contains(r)).ok_or_else(|| "the share must be 0 to 0.9".to_owned())
}

fn minutes(s: &str) -> Result<Duration, String> {
    let wrong = || "minutes must be more than 0 and at most 100000".to_owned();
    let minutes: f64 = s.parse().ok().filter(|m| *m > 0.0 && *m <= 100_000.0).ok_or_else(wrong)?;
    Ok(Duration::from_secs_f64(60.0 * minutes))
}

/// Trains.
///
/// # Errors
/// When there is nothing to learn from, or the weights cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    if [studio::checkpoint_of(&args.output), studio::report_of(&args.output)].contains(&args.output) {
        let message = format!("{} is for weights, and has the name of another kind of file", args.output.display());
        return Err(Failure::new(Exit::Usage, message).remedy("-o FILE.safetensors").into());
    }
    if args.output.exists() && !args.force {
        let message = format!("{} exists already", args.output.display());
        return Err(Failure::new(Exit::Usage, message).remedy("another name, or --force to replace it").into());
    }
    place::try_folder(&args.output).map_err(|e| {
        Failure::new(Exit::NotSaved, format!("cannot write {}: {e}", args.output.display()))
            .remedy("name a file in a folder that can be written")
    })?;
    let material = Material::gather(&args.source, args.validation, args.seed).map_err(failure)?;
    let plan = plan(args, &material);
    let interrupt = Interrupt::install()?;
    let mut show = Show::new(&plan, args.json);
    show.began(context, &args.source, &material)?;
    let mut trouble = None;
    let outcome = studio::run(&plan, &material, &mut |event| {
        trouble = show.event(context, event).err();
        if interrupt.came() || trouble.is_some() { ControlFlow::Break(Halt::Pause) } else { ControlFlow::Continue(()) }
    });
    show.clear();
    let outcome = outcome.map_err(failure)?;
    if let Some(error) = trouble {
        return Err(error);
    }
    show.ended(context, &outcome)?;
    Ok(match outcome {
        Outcome::Finished(_) => Exit::Success,
        Outcome::Paused { .. } => Exit::Failure,
    })
}

fn plan(args: &Args, material: &Material) -> Plan {
    let origin = match (args.scratch, &args.from) {
        (Some(size), _) => Origin::Scratch(size.into()),
        (None, Some(file)) => Origin::File(file.clone()),
        (None, None) => Origin::Shipped,
    };
    let usual = Plan::usual(origin, args.output.clone());
    let batch = args.batch.map_or(usual.course.batch, usize::from);
    let epochs = args.epochs.map(|n| n.saturating_mul(Trainer::epoch(&material.learn, batch)));
    let steps = epochs.or(args.steps).unwrap_or(usual.course.steps);
    let plan = usual.of_steps(steps);
    Plan {
        course: Course { rate: args.learning_rate.unwrap_or(plan.course.rate), batch, seed: args.seed, ..plan.course },
        measure_every: args.measure_every.unwrap_or(plan.measure_every),
        patience: args.patience,
        limit: args.minutes,
        threads: args.threads.map_or(plan.threads, usize::from),
        in_the_way: if args.force { InTheWay::Replace } else { InTheWay::TakeNextName },
        restart: args.restart,
        ..plan
    }
}

fn failure(error: Error) -> Failure {
    let message = error.to_string();
    match error {
        Error::Unreadable { .. } => {
            Failure::new(Exit::BadInput, message).remedy("a folder of MIDI files that you may read")
        }
        Error::NoData { .. } => {
            Failure::new(Exit::BadInput, message).remedy("a folder of MIDI files, or JSON in that format")
        }
        Error::Nothing { .. } => Failure::new(Exit::BadInput, message)
            .remedy("MIDI files of two to four voices on a grid; `composer info FILE.mid` shows what is in one"),
        Error::Weights { .. } => {
            Failure::new(Exit::BadInput, message).remedy("weights that `composer train` wrote, or leave --from out")
        }
        Error::OtherRun { .. } => Failure::new(Exit::Usage, message)
            .remedy("the same files and options to go on, --restart to throw it away, or another -o"),
        Error::Checkpoint { .. } => Failure::new(Exit::BadInput, message).remedy("--restart to throw it away"),
        Error::NotWritten { kept: true, .. } => {
            Failure::new(Exit::NotSaved, message).remedy("make room, then the same command again")
        }
        Error::NotWritten { .. } => {
            Failure::new(Exit::NotSaved, message).remedy("make room, or another folder with -o")
        }
        Error::Diverged { .. } => Failure::new(Exit::Failure, message).remedy("--restart with a lower --learning-rate"),
        Error::Model(_) => Failure::new(Exit::Failure, message),
    }
}
