//! `composer jobs`: what became of what was submitted.

pub mod awaited;
pub mod view;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::output::FAINT;
use super::store::{Purpose, Room, StoreArgs, job_failure};
use super::{Context, Exit, failure, source, values};
use crate::jobs::client::{Cancelled, Client, Status};
use crate::jobs::patience::jittered;
use crate::jobs::{self, JobId};

/// Jobs older than this are shown by `--all` alone.
const RECENT: Duration = Duration::from_secs(7 * 24 * 3600);

/// The options of `composer jobs`.
#[derive(Debug, clap::Args)]
#[command(after_help = "A job is named by its id or the end of it. Exit codes: 5 no such job, 8 not done in time.\n\n\
                        Example: composer jobs --watch")]
pub struct Args {
    /// What to do; without a word here: list.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Jobs older than a week as well.
    #[arg(long)]
    pub all: bool,
    /// Go on, and show what changes.
    #[arg(long)]
    pub watch: bool,
    /// Where jobs are.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with jobs.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// List jobs (what happens without a word as well).
    List,
    /// Show all of a job, and where its time went.
    #[command(after_help = "Example: composer jobs show 1f2e3d4c")]
    Show {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Wait for jobs and write their compositions.
    #[command(after_help = "Example: composer jobs wait 1f2e3d4c --timeout 5m")]
    Wait {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
        /// How long to wait.
        #[arg(long, value_name = "TIME", default_value = "15m", value_parser = values::duration)]
        timeout: Duration,
        /// When the time is over, take what there is of a composition.
        #[arg(long)]
        force: bool,
        /// Where compositions go.
        #[arg(long, short, value_name = "FOLDER", default_value = ".")]
        output: PathBuf,
    },
    /// Write the compositions of jobs that have ended.
    #[command(after_help = "Example: composer jobs fetch 1f2e3d4c -o choirs")]
    Fetch {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Where they go.
        #[arg(long, short, value_name = "FOLDER", default_value = ".")]
        output: PathBuf,
    },
    /// Say that jobs are not wanted any more.
    #[command(after_help = "Example: composer jobs cancel 1f2e3d4c")]
    Cancel {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Submit the same once more, as new jobs.
    #[command(after_help = "Example: composer jobs retry 1f2e3d4c")]
    Retry {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Take jobs that have ended, and their compositions, out of the store.
    #[command(after_help = "Example: composer jobs remove 1f2e3d4c")]
    Remove {
        /// Which.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Those that have not ended too.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Serialize)]
struct List {
    schema: &'static str,
    store: String,
    jobs: Vec<view::Job>,
}

#[derive(Debug, Serialize)]
struct Done {
    schema: &'static str,
    jobs: Vec<DoneJob>,
}

#[derive(Debug, Serialize)]
struct DoneJob {
    id: JobId,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_id: Option<JobId>,
}

/// Does it.
///
/// # Errors
/// When there is no such job, or the store does not do its part.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let purpose = match &args.action {
        Some(Action::Wait { .. }) => Purpose::Wait,
        None | Some(Action::List) if args.watch => Purpose::Wait,
        _ => Purpose::Look,
    };
    let room = args.store.open(purpose, context)?;
    let client = room.client();
    match &args.action {
        None | Some(Action::List) if args.watch => watch(args, &room, context),
        None | Some(Action::List) => {
            let jobs: Vec<view::Job> =
                statuses(args, &client).map_err(job_failure)?.iter().map(view::Job::of).collect();
            if args.json {
                let store = room.opened.address.to_string();
                context.out.json(&List { schema: "composer.jobs/1", store, jobs })?;
            } else if jobs.is_empty() {
                let recent = if args.all { "" } else { " of the last week" };
                writeln!(context.out, "No jobs{recent} in {}. `composer submit FILE` makes one.", room.opened.address)?;
            } else {
                for job in jobs {
                    job.print_line(&mut context.out)?;
                }
            }
            Ok(Exit::Success)
        }
        Some(Action::Show { ids }) => {
            let (jobs, exit) = each(&client, ids, |id| Ok(view::Job::of(&client.status(id).map_err(job_failure)?)));
            if !args.json {
                for job in &jobs {
                    job.print_whole(&mut context.out)?;
                }
            }
            listed(args, &room, jobs, exit, context)
        }
        Some(Action::Wait { ids, timeout, force, output }) => {
            let stop = awaited::Stop::install()?;
            let end = Instant::now().checked_add(*timeout);
            let finding = end.map_or_else(|| client.clone(), |end| client.until(end));
            let (found, unknown) = each(&finding, ids, Ok);
            let over = if *force { awaited::Over::Part } else { awaited::Over::GoesOn };
            let most = end.map_or(*timeout, |end| end.saturating_duration_since(Instant::now()));
            let waiting = awaited::Waiting { most, over, folder: output, json: args.json };
            let (jobs, waited) = awaited::wait(&room, &found, &waiting, &stop, context)?;
            listed(args, &room, jobs, if unknown == Exit::Success { waited } else { unknown }, context)
        }
        Some(Action::Fetch { ids, output }) => {
            let fetch = |id| {
                let status = client.status(id).map_err(job_failure)?;
                awaited::take(&client, &status, output, args.json, context)
            };
            let (jobs, exit) = each(&client, ids, fetch);
            listed(args, &room, jobs, exit, context)
        }
        Some(Action::Cancel { ids }) => {
            let cancel = |id| {
                let what = match client.cancel(id).map_err(job_failure)? {
                    Cancelled::AtOnce => "cancelled",
                    Cancelled::Soon => "cancelling: its worker stops at the next beat",
                    Cancelled::TooLate => "too late: it had ended",
                };
                Ok(DoneJob { id, what, new_id: None })
            };
            told(each(&client, ids, cancel), "composer.jobs.cancelled/1", args.json, context)
        }
        Some(Action::Retry { ids }) => {
            let retry = |id| {
                let new_id = Some(client.retry(id).map_err(job_failure)?);
                Ok(DoneJob { id, what: "submitted again", new_id })
            };
            told(each(&client, ids, retry), "composer.jobs.retried/1", args.json, context)
        }
        Some(Action::Remove { ids, force }) => {
            let remove = |id| {
                client.remove(id, *force).map_err(job_failure)?;
                Ok(DoneJob { id, what: "removed", new_id: None })
            };
            told(each(&client, ids, remove), "composer.jobs.removed/1", args.json, context)
        }
    }
}

/// Does something with each of these jobs. What does not work with one is told, and the others follow; the exit code is
/// the first one's that is not 0.
fn each<T>(client: &Client, ids: &[String], mut what: impl FnMut(JobId) -> anyhow::Result<T>) -> (Vec<T>, Exit) {
    let (mut done, mut exit) = (Vec::new(), Exit::Success);
    for id in ids {
        match client.find(id).map_err(|e| job_failure(e).into()).and_then(&mut what) {
            Ok(job) => done.push(job),
            Err(e) => {
                let code = failure::report(&e);
                exit = if exit == Exit::Success { code } else { exit };
            }
        }
    }
    (done, exit)
}

/// Prints jobs as JSON, where that is wanted; text was printed as it came.
fn listed(args: &Args, room: &Room, jobs: Vec<view::Job>, exit: Exit, context: &mut Context) -> anyhow::Result<Exit> {
    if args.json {
        let store = room.opened.address.to_string();
        context.out.json(&List { schema: "composer.jobs/1", store, jobs })?;
    }
    Ok(exit)
}

fn told(
    (jobs, exit): (Vec<DoneJob>, Exit),
    schema: &'static str,
    json: bool,
    context: &mut Context,
) -> anyhow::Result<Exit> {
    if json {
        context.out.json(&Done { schema, jobs })?;
        return Ok(exit);
    }
    for job in jobs {
        match job.new_id {
            Some(new) => writeln!(context.out, "{new}  {FAINT}instead of {}{FAINT:#}", job.id)?,
            None => writeln!(context.out, "{}  {}", job.id, job.what)?,
        }
    }
    Ok(exit)
}

fn statuses(args: &Args, client: &Client) -> Result<Vec<Status>, jobs::Error> {
    let since = (!args.all).then(|| Timestamp::now().saturating_sub(RECENT).unwrap_or(Timestamp::UNIX_EPOCH));
    client.jobs(since)
}

/// Shows every change, a line each.
fn watch(args: &Args, room: &Room, context: &mut Context) -> anyhow::Result<Exit> {
    let client = room.client();
    let mut shown = std::collections::BTreeMap::new();
    let (mut pause, mut troubled, mut reached) = (Duration::ZERO, false, false);
    loop {
        let statuses = match statuses(args, &client) {
            Ok(statuses) => {
                (troubled, reached) = (false, true);
                statuses
            }
            // What was reached once comes back.
            Err(jobs::Error::Store(e)) if e.is_passing() && reached => {
                if !troubled {
                    source::warn(&format!("{e}; going on until Ctrl-C"));
                }
                troubled = true;
                Vec::new()
            }
            Err(e) => return Err(job_failure(e).into()),
        };
        for status in statuses {
            if shown.get(&status.id) == Some(&status.progress) {
                continue;
            }
            pause = Duration::ZERO;
            let job = view::Job::of(&status);
            if args.json {
                context.out.json_line(&view::Event { schema: "composer.jobs.event/1", job })?;
            } else {
                job.print_line(&mut context.out)?;
                context.out.flush()?;
            }
            shown.insert(status.id, status.progress);
        }
        pause = room.opened.pace.after(pause);
        std::thread::sleep(jittered(pause.max(Duration::from_millis(200))));
    }
}
