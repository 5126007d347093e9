//! `composer worker`: does what was submitted.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::compose::model;
use super::output::FAINT;
#[cfg(feature = "lambda")]
use super::store::store_failure;
use super::store::{Purpose, StoreArgs, job_failure};
use super::{Context, Exit};
use crate::jobs::JobId;
use crate::jobs::engine::{self, Apart, Engine, Limits};
#[cfg(feature = "lambda")]
use crate::jobs::queue::sqs::Queue;
use crate::jobs::worker::{Stop, Told, Until, Worker};
use crate::music::composition::text::printable;
use crate::store::Limit;

/// A store that does not answer a worker that is to stop within this is not waited for: the lease runs out as it should.
const LAST_CALLS: Duration = Duration::from_secs(5);
/// What it takes to give jobs back, on a store that answers.
const TO_GIVE_BACK: Duration = Duration::from_secs(1);

/// The options of `composer worker`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Any number of workers, on any computers, share a store. Ctrl-C or SIGTERM: what was \
                        begun is finished, unless the store does not answer for 5 s; twice: it is given back at once.\n\n\
                        Example: composer worker --drain")]
pub struct Args {
    /// Jobs at a time [the computer's cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: Option<u16>,
    /// End after one job.
    #[arg(long, conflicts_with = "drain")]
    pub once: bool,
    /// End when no job is left, whoever works on it.
    #[arg(long)]
    pub drain: bool,
    /// Let this queue (Amazon SQS) name the jobs, instead of looking for them in the store.
    #[cfg(feature = "lambda")]
    #[arg(long, value_name = "URL")]
    pub queue: Option<String>,
    /// Weights to use instead of composer's own.
    #[arg(long, value_name = "FILE")]
    pub model: Option<std::path::PathBuf>,
    /// Be the process that composes for a worker, with so many bytes of memory.
    #[arg(long, hide = true, value_name = "BYTES", conflicts_with_all = ["concurrency", "once", "drain", "json"])]
    pub hand: Option<u64>,
    /// Where jobs are.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Print JSON, a line each.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Serialize)]
struct Event<'a> {
    schema: &'static str,
    event: &'static str,
    id: Option<JobId>,
    attempt: Option<u32>,
    message: Option<&'a str>,
    seconds: Option<f64>,
}

/// Works.
///
/// # Errors
/// When the store will not let it.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    if let Some(memory) = args.hand {
        return hand(memory, args.model.as_deref());
    }
    let room = args.store.open(Purpose::Write, context)?;
    #[cfg(feature = "lambda")]
    let queue = match &args.queue {
        Some(url) => Some(Queue::open(url, &args.store.access(context)?).map_err(|e| store_failure(&e))?),
        None => None,
    };
    let (stop, limit) = (Stop::default(), Limit::default());
    let signal = (stop.clone(), limit.clone(), std::sync::atomic::AtomicU32::new(0));
    super::interrupt::Interrupt::install_with(move || {
        let (stop, limit, count) = &signal;
        match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => {
                limit.last_at_most(LAST_CALLS);
                stop.finish();
            }
            _ => {
                limit.end_by(Instant::now() + TO_GIVE_BACK);
                stop.release();
            }
        }
    })?;
    let limits = Limits::default();
    // Weights that are of no use are told of now, not with the first job.
    model(args.model.as_deref())?;
    let worker = Worker {
        store: room.opened.store.bounded(&limit).unwrap_or_else(|| Arc::clone(&room.opened.store)),
        timing: room.timing,
        limits,
        pace: room.opened.pace,
        owner: format!("{}-{}", hostname(), std::process::id()),
        engine: Engine::Apart(Apart::new(Apart::own_program()?, hand_arguments(args, limits))),
    };
    let cores = available_parallelism().map_or(1, usize::from);
    let concurrency = args.concurrency.map_or(if args.once { 1 } else { cores }, usize::from);
    let until = match (args.once, args.drain) {
        (true, _) => Until::One,
        (_, true) => Until::Drained,
        _ => Until::Stopped,
    };
    if !args.json && until == Until::Stopped {
        let _ = writeln!(anstream::stderr(), "{FAINT}working for {}; Ctrl-C ends it{FAINT:#}", room.opened.address);
    }
    let (json, out) = (args.json, Mutex::new(context));
    let teller = |told: Told| {
        let context = &mut *out.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether anybody reads along or not, the work goes on.
        let _ = if json { context.out.json_line(&event(&told)) } else { line(&told, context) };
    };
    #[cfg(feature = "lambda")]
    if let Some(queue) = queue {
        queue.work(&worker, concurrency, until, &stop, &teller).map_err(job_failure)?;
        return Ok(Exit::Success);
    }
    worker.run(concurrency, until, &stop, &teller).map_err(job_failure)?;
    Ok(Exit::Success)
}

/// With what this program is started to be a hand.
fn hand_arguments(args: &Args, limits: Limits) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["worker".into(), "--hand".into(), limits.memory.to_string().into()];
    if let Some(path) = &args.model {
        arguments.extend(["--model".into(), path.into()]);
    }
    arguments
}

/// Composes for a worker until that is gone.
fn hand(memory: u64, weights: Option<&Path>) -> anyhow::Result<Exit> {
    // What is typed or sent to end the worker reaches its processes as well; it decides when they end.
    let _ignored = super::interrupt::Interrupt::install_with(|| {})?;
    engine::hand::limit_memory(memory)?;
    engine::hand::serve(&model(weights)?)?;
    Ok(Exit::Success)
}

/// A name for this computer that tells nobody anything: claims can be read by all who share the store.
fn hostname() -> String {
    JobId::new().short()
}

fn event(told: &Told) -> Event<'_> {
    let bare =
        Event { schema: "composer.worker.event/1", event: "", id: None, attempt: None, message: None, seconds: None };
    match told {
        Told::Claimed { id, attempt } => Event { event: "claimed", id: Some(*id), attempt: Some(*attempt), ..bare },
        Told::Ended { id, how, seconds } => {
            Event { event: "ended", id: Some(*id), message: Some(how), seconds: Some(*seconds), ..bare }
        }
        Told::Left { id, why } => Event { event: "left", id: Some(*id), message: Some(why), ..bare },
        Told::Trouble(_) => {
            let message = Some("the store cannot be asked, or takes nothing; trying again");
            Event { event: "trouble", message, ..bare }
        }
    }
}

fn line(told: &Told, context: &mut Context) -> anyhow::Result<()> {
    match told {
        Told::Claimed { .. } => {}
        Told::Ended { id, how, seconds } => {
            writeln!(context.out, "{}  {}  {FAINT}{seconds:.2} s{FAINT:#}", id.short(), printable(how))?
        }
        Told::Left { id, why } => writeln!(context.out, "{}  left: {}", id.short(), printable(why))?,
        Told::Trouble(e) => super::source::warn(&format!("{e}; trying again")),
    }
    Ok(context.out.flush()?)
}
