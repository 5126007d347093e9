//! `composer submit`: compositions that workers make.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::compose::Meter;
use super::jobs::{awaited, view};
use super::store::{Purpose, StoreArgs, job_failure};
use super::{Context, Exit, Failure, values};
use crate::compose::Done;
use crate::compose::request::{CreativeRisk, Extension, ExtensionBars, Kind, Request, SamplingIterations, Variations};
use crate::jobs::Error;
use crate::jobs::client::{AT_ONCE, Order, parallel};
use crate::store;
use crate::studio::jobs as studio;

/// A store that does not answer a call within this is given up by who does not wait.
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// The options of `composer submit`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`composer worker` does the work, here or elsewhere. Exit codes: 5 no music in a file, 8 not done in time.\n\n\
                        Example: composer submit melody.mid --wait"
)]
pub struct Args {
    /// Melodies: Standard MIDI Files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Let the melodies go on by so many bars instead of adding voices.
    #[arg(long, value_name = "BARS")]
    pub extend: Option<ExtensionBars>,
    /// 0.5 (safe) to 6 (bold).
    #[arg(long, default_value_t, value_name = "N", hide_default_value = true)]
    pub creative_risk: CreativeRisk,
    /// Drafts to choose the best from, 0 to 100.
    #[arg(long, default_value_t, value_name = "N", hide_default_value = true)]
    pub sampling_iterations: SamplingIterations,
    /// The same number gives the same notes again.
    #[arg(long, default_value_t = 0, value_name = "N", hide_default_value = true)]
    pub seed: u64,
    /// So many compositions of each, 1 to 16.
    #[arg(long, default_value_t, value_name = "N", hide_default_value = true)]
    pub variations: Variations,
    /// A request in JSON, with every parameter (docs/composing.md), instead of the options above.
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["extend", "creative_risk", "sampling_iterations", "seed", "variations"])]
    pub request: Option<PathBuf>,
    /// Nobody waits any more after this: workers then drop it.
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub deadline: Option<Duration>,
    /// Wait for the compositions and write them.
    #[arg(long)]
    pub wait: bool,
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = values::duration, requires = "wait")]
    pub timeout: Duration,
    /// When the time is over, take what there is of a composition; workers then drop the job.
    #[arg(long, requires = "wait")]
    pub force: bool,
    /// Where compositions go [this folder].
    #[arg(long, short, value_name = "FOLDER", requires = "wait")]
    pub output: Option<PathBuf>,
    /// Where jobs are.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Args {
    fn work(&self) -> anyhow::Result<Request> {
        if let Some(path) = &self.request {
            let text = std::fs::read(path).map_err(|e| {
                Failure::new(Exit::BadInput, format!("cannot read {}: {e}", path.display())).remedy("check the name")
            })?;
            let wrong = |e: serde_json::Error| {
                Failure::new(Exit::BadInput, format!("{}: {e}", path.display()))
                    .remedy("docs/composing.md lists the parameters")
            };
            return Ok(serde_json::from_slice(&text).map_err(wrong)?);
        }
        let mut request = Request::default();
        let p = &mut request.parameters;
        (p.creative_risk, p.sampling_iterations) = (self.creative_risk, self.sampling_iterations);
        (p.seed, p.variations) = (self.seed, self.variations);
        if let Some(bars) = self.extend {
            p.extension = Extension::Bars(bars);
            request.kind = Kind::Extend;
        }
        Ok(request)
    }
}

#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    store: String,
    jobs: Vec<view::Job>,
}

/// Submits, and waits where that is wanted.
///
/// # Errors
/// When a file is no music, or the store does not take it.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let work = args.work()?;
    // Who takes what there is then waits no longer; who only waits so long may come back for it.
    let wanted_for = args.deadline.or_else(|| args.force.then(|| args.timeout + awaited::TO_TAKE));
    // All of them are looked at before the first is sent.
    let mut orders: Vec<Order> = Vec::new();
    for path in &args.files {
        match studio::order(path, &work, wanted_for) {
            Ok(order) => orders.push(order),
            Err(e) => {
                let wrong = Failure::new(Exit::BadInput, format!("{e}; nothing was submitted"));
                super::failure::report(&wrong.remedy("`composer info` shows what is in a file").into());
            }
        }
    }
    if orders.len() < args.files.len() {
        return Ok(Exit::BadInput);
    }
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder).map_err(|e| {
            Failure::new(Exit::NotSaved, format!("cannot make the folder {}: {e}", folder.display()))
                .remedy("another folder with --output; nothing was submitted")
        })?;
    }
    let room = args.store.open(Purpose::Write, context)?;
    // Installed before anything is sent, so that whoever stops it hears what goes on.
    let stop = if args.wait { Some(awaited::Stop::install()?) } else { None };
    let begun = Instant::now();
    let client = match &stop {
        Some(stop) => stop.hold(room.client(), begun.checked_add(args.timeout)),
        None => room.client().each_within(LONGEST_CALL),
    };
    let (sent, meter) = (AtomicUsize::new(0), std::sync::Mutex::new(Meter::new("submitting")));
    let submitted = parallel::each(&orders, AT_ONCE, |order| {
        let id = client.submit(order);
        let parts = sent.fetch_add(1, Ordering::Relaxed) + 1;
        if let Ok(mut meter) = meter.lock() {
            let _ = meter.show(Done { parts, of: orders.len() });
        }
        id
    });
    if let Ok(meter) = meter.lock() {
        meter.clear();
    }
    let mut ids = Vec::new();
    let mut exit = Exit::Success;
    for (path, id) in args.files.iter().zip(submitted) {
        match id {
            Ok(id) => ids.push(id),
            Err(e) => {
                // What was not answered may have arrived.
                let what = match &e {
                    Error::Store(store::Error::GivenUp { .. }) if args.wait => "not submitted, as far as is known",
                    Error::Store(store::Error::GivenUp { .. }) => "not submitted within 30 s, as far as is known",
                    _ => "not submitted",
                };
                let failure = job_failure(e).of(&format!("{}: {what}", path.display()));
                let code = super::failure::report(&failure.into());
                exit = if exit == Exit::Success { code } else { exit };
            }
        }
    }
    if ids.is_empty() && stop.as_ref().is_some_and(awaited::Stop::came) {
        return Ok(Exit::Interrupted);
    }
    if let Some(stop) = stop.filter(|_| !ids.is_empty()) {
        let folder = args.output.as_deref().unwrap_or(Path::new("."));
        let over = match (args.force, args.deadline) {
            (false, _) => awaited::Over::GoesOn,
            (true, None) => awaited::Over::LastPart,
            (true, Some(_)) => awaited::Over::Part,
        };
        let most = args.timeout.saturating_sub(begun.elapsed());
        let waiting = awaited::Waiting { most, over, folder, json: args.json };
        let (jobs, waited) = awaited::wait(&room, &ids, &waiting, &stop, context)?;
        if args.json {
            let store = room.opened.address.to_string();
            context.out.json(&Report { schema: "composer.submit/1", store, jobs })?;
        }
        return Ok(if exit == Exit::Success { waited } else { exit });
    }
    if args.json {
        let statuses = parallel::each(&ids, AT_ONCE, |id| client.status(*id)).into_iter();
        let jobs = statuses.map(|s| Ok(view::Job::of(&s.map_err(job_failure)?))).collect::<Result<_, Failure>>()?;
        let store = room.opened.address.to_string();
        context.out.json(&Report { schema: "composer.submit/1", store, jobs })?;
    } else {
        for id in ids {
            writeln!(context.out, "{id}")?;
        }
    }
    Ok(exit)
}
