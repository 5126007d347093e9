//! Waiting for jobs, and writing their compositions.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use super::view;
use crate::cli::interrupt::Interrupt;
use crate::cli::store::{Room, job_failure};
use crate::cli::{Context, Exit, Failure, failure};
use crate::jobs::client::{Client, Progress, Status};
use crate::jobs::job::{Class, Outcome};
use crate::jobs::{self, JobId};
use crate::music::composition::text::printable;
use crate::store::{self, Limit};
use crate::studio::jobs as studio;

/// When the time is over, jobs are asked for once more, for so long.
const LAST_LOOK: Duration = Duration::from_secs(5);
/// So long it takes at most to fetch what there is.
pub const TO_TAKE: Duration = Duration::from_secs(30);

/// What becomes of a job when the time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It goes on.
    GoesOn,
    /// What there is of it is taken, and it goes on.
    Part,
    /// What there is of it is taken, and workers drop it.
    LastPart,
}

/// How to wait.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// How long.
    pub most: Duration,
    /// What then becomes of what has not ended.
    pub over: Over,
    /// Where compositions go.
    pub folder: &'a Path,
    /// Whether the caller prints JSON.
    pub json: bool,
}

/// Ctrl-C and its like, for who waits.
#[derive(Debug)]
pub struct Stop {
    limit: Limit,
    interrupt: Interrupt,
}

impl Stop {
    /// Listens from here on, once a process.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn install() -> anyhow::Result<Stop> {
        let limit = Limit::default();
        let calls = limit.clone();
        let interrupt = Interrupt::install_with(move || calls.end_by(Instant::now()))?;
        Ok(Stop { limit, interrupt })
    }

    /// The same client for calls that end with it, or then.
    #[must_use]
    pub fn hold(&self, client: Client, end: Option<Instant>) -> Client {
        if let Some(end) = end {
            self.limit.end_by(end);
        }
        client.within(&self.limit)
    }

    /// Whether it came.
    #[must_use]
    pub fn came(&self) -> bool {
        self.interrupt.came()
    }
}

/// Waits, and writes every composition as soon as all have ended or the time is over. What is wrong with one job is
/// told, and keeps nobody from the others.
///
/// # Errors
/// When the store will not be asked, or somebody has stopped it.
pub fn wait(
    room: &Room,
    ids: &[JobId],
    waiting: &Waiting<'_>,
    stop: &Stop,
    context: &mut Context,
) -> anyhow::Result<(Vec<view::Job>, Exit)> {
    let client = room.client();
    let terminal = std::io::stderr().is_terminal();
    let mut heard: BTreeMap<JobId, Status> = BTreeMap::new();
    let mut show = |status: &Status| {
        heard.insert(status.id, status.clone());
        if terminal {
            let share = match status.progress {
                Progress::Running { progress, .. } => format!(", {:.0} %", progress.clamp(0.0, 1.0) * 100.0),
                _ => String::new(),
            };
            let ended = heard.values().filter(|s| s.progress.is_over()).count();
            let _ = write!(anstream::stderr(), "\r{ended} of {} ended{share}   ", ids.len());
        }
        ControlFlow::Continue(())
    };
    let Stop { limit, interrupt } = stop;
    let outcome =
        client.wait_unless(ids, Some(waiting.most), room.opened.pace, &mut show, (limit, &|| interrupt.came()));
    if terminal {
        let _ = write!(anstream::stderr(), "\r{:30}\r", "");
    }
    if interrupt.came() {
        return Err(stopped(ids).into());
    }
    outcome.map_err(job_failure)?;
    let (now, mut jobs, mut exit) = (Instant::now(), Vec::new(), Exit::Success);
    let (looking, taking) = (client.until(now + LAST_LOOK), client.until(now + TO_TAKE));
    for id in ids {
        let job = match looking.status(*id) {
            Ok(status) => end(&taking, &status, waiting, context).map_err(|e| (e, Some(status))),
            Err(e) => Err((unheard(*id, e, heard.get(id)).into(), heard.remove(id))),
        };
        match job {
            Ok(job) => jobs.push(job),
            Err((e, status)) => {
                let code = failure::report(&e);
                exit = if exit == Exit::Success { code } else { exit };
                jobs.extend(status.as_ref().map(view::Job::of));
            }
        }
    }
    Ok((jobs, exit))
}

/// What it means that somebody did not want to wait any longer.
fn stopped(ids: &[JobId]) -> Failure {
    let all = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let what = if ids.len() == 1 { "job" } else { "jobs" };
    let goes = if ids.len() == 1 { "goes" } else { "go" };
    Failure::new(Exit::Interrupted, format!("stopped waiting; the {what} {goes} on: {all}"))
        .remedy(format!("composer jobs wait {all}"))
}

/// What it means that a job could not be asked for when the time was over.
fn unheard(id: JobId, error: jobs::Error, heard: Option<&Status>) -> Failure {
    match (error, heard) {
        (jobs::Error::Store(e), Some(status)) if e.is_passing() || matches!(e, store::Error::GivenUp { .. }) => {
            let message = format!("job {id} was {} when it was heard of last, and {e}", status.progress.name());
            Failure::new(Exit::StillRunning, message).remedy(format!("composer jobs wait {id}"))
        }
        (e, _) => job_failure(e).of(&format!("job {id}")),
    }
}

/// What is done with a job when the time is over.
fn end(client: &Client, status: &Status, waiting: &Waiting<'_>, context: &mut Context) -> anyhow::Result<view::Job> {
    let id = status.id;
    let dropped = match status.progress.ending().map(|e| &e.outcome) {
        Some(Outcome::Failed { fault }) => fault.class == Class::Deadline,
        _ => false,
    };
    match waiting.over {
        Over::Part | Over::LastPart if dropped || !status.progress.is_over() => part(client, status, waiting, context),
        _ if status.progress.is_over() => take(client, status, waiting.folder, waiting.json, context),
        _ => {
            let message = format!("job {id} is still {}", status.progress.name());
            Err(Failure::new(Exit::StillRunning, message).remedy(format!("composer jobs wait {id}")).into())
        }
    }
}

/// Writes the compositions of a job that has succeeded.
///
/// # Errors
/// When it has not, or they cannot be written.
pub fn take(
    client: &Client,
    status: &Status,
    folder: &Path,
    json: bool,
    context: &mut Context,
) -> anyhow::Result<view::Job> {
    let files = client.fetch(status.id).map_err(|e| {
        let exit = match status.progress.ending().map(|e| &e.outcome) {
            Some(Outcome::Failed { fault }) if fault.class == Class::Input => Exit::BadInput,
            _ => Exit::Failure,
        };
        match e {
            jobs::Error::NoOutput { .. } => Failure::new(exit, e.to_string()),
            other => job_failure(other),
        }
    })?;
    let mut job = view::Job::of(status);
    place(&mut job, &files, "composed", folder, json, context)?;
    Ok(job)
}

/// Writes what there is of a composition.
fn part(client: &Client, status: &Status, waiting: &Waiting<'_>, context: &mut Context) -> anyhow::Result<view::Job> {
    let id = status.id;
    let (becomes, remedy) = match waiting.over {
        Over::LastPart => ("is dropped", format!("a longer --timeout; `composer jobs retry {id}` when it has ended")),
        _ => ("goes on", format!("composer jobs wait {id}")),
    };
    let part = client.partial(id).map_err(job_failure)?.ok_or_else(|| {
        let message = format!("job {id} is still {}, and there is nothing of it yet", status.progress.name());
        Failure::new(Exit::StillRunning, message).remedy(remedy)
    })?;
    let mut job = view::Job::of(status);
    job.partial = true;
    place(&mut job, &[part], "partial", waiting.folder, waiting.json, context)?;
    crate::cli::source::warn(&format!("job {id} {becomes}; what was written is a part of it"));
    Ok(job)
}

fn place(
    job: &mut view::Job,
    files: &[Vec<u8>],
    what: &str,
    folder: &Path,
    json: bool,
    context: &mut Context,
) -> anyhow::Result<()> {
    let name = job.name.clone().unwrap_or_default();
    job.files = studio::place(files, &name, what, folder).map_err(|e| {
        Failure::new(Exit::NotSaved, format!("cannot write into {}: {e}", folder.display()))
            .remedy(format!("another folder: composer jobs fetch {} -o FOLDER", job.id))
    })?;
    if !json {
        for file in &job.files {
            writeln!(context.out, "{}", printable(&file.display().to_string()))?;
        }
    }
    Ok(())
}
