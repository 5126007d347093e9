//! `composer jobs`: what became of what was submitted.

pub mod awaited;
pub mod view;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::output::FAINT;
use super::store::{Room, StoreArgs, job_failure};
use super::{Context, Exit, Failure, values};
use crate::jobs::JobId;
use crate::jobs::client::{Cancelled, Client, Status};
use crate::jobs::patience::jittered;

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
    let room = args.store.open(context)?;
    let client = room.client();
    let found = |ids: &[String]| -> Result<Vec<JobId>, Failure> {
        ids.iter().map(|id| client.find(id).map_err(job_failure)).collect()
    };
    let each = |ids: &[String], what: &dyn Fn(JobId) -> Result<DoneJob, crate::jobs::Error>| {
        found(ids)?.into_iter().map(|id| what(id).map_err(job_failure)).collect::<Result<Vec<_>, Failure>>()
    };
    match &args.action {
        None | Some(Action::List) if args.watch => watch(args, &room, context),
        None | Some(Action::List) => {
            let jobs: Vec<view::Job> = statuses(args, &client)?.iter().map(view::Job::of).collect();
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
            let jobs: Vec<view::Job> = found(ids)?
                .into_iter()
                .map(|id| Ok(view::Job::of(&client.status(id).map_err(job_failure)?)))
                .collect::<Result<_, Failure>>()?;
            if args.json {
                let store = room.opened.address.to_string();
                context.out.json(&List { schema: "composer.jobs/1", store, jobs })?;
            } else {
                for job in jobs {
                    job.print_whole(&mut context.out)?;
                }
            }
            Ok(Exit::Success)
        }
        Some(Action::Wait { ids, timeout, force, output }) => {
            let waiting = awaited::Waiting { most: *timeout, force: *force, folder: output, json: args.json };
            let (jobs, exit) = awaited::wait(&room, &found(ids)?, &waiting, context)?;
            if args.json {
                let store = room.opened.address.to_string();
                context.out.json(&List { schema: "composer.jobs/1", store, jobs })?;
            }
            Ok(exit)
        }
        Some(Action::Fetch { ids, output }) => {
            let mut jobs = Vec::new();
            for id in found(ids)? {
                let status = client.status(id).map_err(job_failure)?;
                jobs.push(awaited::take(&client, &status, output, args.json, context)?);
            }
            if args.json {
                let store = room.opened.address.to_string();
                context.out.json(&List { schema: "composer.jobs/1", store, jobs })?;
            }
            Ok(Exit::Success)
        }
        Some(Action::Cancel { ids }) => {
            let cancel = |id| {
                let what = match client.cancel(id)? {
                    Cancelled::AtOnce => "cancelled",
                    Cancelled::Soon => "cancelling: its worker stops at the next beat",
                    Cancelled::TooLate => "too late: it had ended",
                };
                Ok(DoneJob { id, what, new_id: None })
            };
            told(&each(ids, &cancel)?, "composer.jobs.cancelled/1", args.json, context)
        }
        Some(Action::Retry { ids }) => {
            let retry = |id| Ok(DoneJob { id, what: "submitted again", new_id: Some(client.retry(id)?) });
            told(&each(ids, &retry)?, "composer.jobs.retried/1", args.json, context)
        }
        Some(Action::Remove { ids, force }) => {
            let remove = |id| client.remove(id, *force).map(|()| DoneJob { id, what: "removed", new_id: None });
            told(&each(ids, &remove)?, "composer.jobs.removed/1", args.json, context)
        }
    }
}

fn told(jobs: &[DoneJob], schema: &'static str, json: bool, context: &mut Context) -> anyhow::Result<Exit> {
    if json {
        let jobs = jobs.iter().map(|j| DoneJob { ..*j }).collect();
        context.out.json(&Done { schema, jobs })?;
        return Ok(Exit::Success);
    }
    for job in jobs {
        match job.new_id {
            Some(new) => writeln!(context.out, "{new}  {FAINT}instead of {}{FAINT:#}", job.id)?,
            None => writeln!(context.out, "{}  {}", job.id, job.what)?,
        }
    }
    Ok(Exit::Success)
}

fn statuses(args: &Args, client: &Client) -> Result<Vec<Status>, Failure> {
    let since = (!args.all).then(|| Timestamp::now().saturating_sub(RECENT).unwrap_or(Timestamp::UNIX_EPOCH));
    client.jobs(since).map_err(job_failure)
}

/// Shows every change, a line each.
fn watch(args: &Args, room: &Room, context: &mut Context) -> anyhow::Result<Exit> {
    let client = room.client();
    let mut shown = std::collections::BTreeMap::new();
    let mut pause = Duration::ZERO;
    loop {
        for status in statuses(args, &client)? {
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
