//! Waiting for jobs, and writing their compositions.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use super::view;
use crate::cli::store::{Room, job_failure};
use crate::cli::{Context, Exit, Failure, failure};
use crate::jobs::JobId;
use crate::jobs::client::{Client, Progress, Status};
use crate::jobs::job::Outcome;
use crate::studio::jobs as studio;

/// How to wait.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// How long.
    pub most: Duration,
    /// Whether parts will do when the time is over.
    pub force: bool,
    /// Where compositions go.
    pub folder: &'a Path,
    /// Whether the caller prints JSON.
    pub json: bool,
}

/// Waits, and writes every composition as soon as all have ended or the time is over.
///
/// # Errors
/// When the store cannot be asked.
pub fn wait(
    room: &Room,
    ids: &[JobId],
    waiting: &Waiting<'_>,
    context: &mut Context,
) -> anyhow::Result<(Vec<view::Job>, Exit)> {
    let client = room.client();
    let terminal = std::io::stderr().is_terminal();
    let mut ended = 0;
    let mut show = |status: &Status| {
        ended += usize::from(status.progress.ending().is_some());
        if terminal {
            let share = match status.progress {
                Progress::Running { progress, .. } => format!(", {:.0} %", progress * 100.0),
                _ => String::new(),
            };
            let _ = write!(anstream::stderr(), "\r{ended} of {} ended{share}   ", ids.len());
        }
        ControlFlow::Continue(())
    };
    let endings = client.wait(ids, Some(waiting.most), room.opened.pace, &mut show).map_err(job_failure)?;
    if terminal {
        let _ = write!(anstream::stderr(), "\r{:30}\r", "");
    }
    let (mut jobs, mut exit) = (Vec::new(), Exit::Success);
    for id in ids {
        let status = client.status(*id).map_err(job_failure)?;
        let over = endings.contains_key(id) || status.progress.ending().is_some();
        let job = match over {
            true => take(&client, &status, waiting.folder, waiting.json, context),
            false if waiting.force => part(&client, &status, waiting, context),
            false => {
                let message = format!("job {id} is still {}", status.progress.name());
                Err(Failure::new(Exit::StillRunning, message).remedy(format!("composer jobs wait {id}")).into())
            }
        };
        match job {
            Ok(job) => jobs.push(job),
            Err(e) => {
                exit = failure::report(&e);
                jobs.push(view::Job::of(&status));
            }
        }
    }
    Ok((jobs, exit))
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
            Some(Outcome::Failed { fault }) if fault.class == crate::jobs::job::Class::Input => Exit::BadInput,
            _ => Exit::Failure,
        };
        match e {
            crate::jobs::Error::NoOutput { .. } => Failure::new(exit, e.to_string()),
            other => job_failure(other),
        }
    })?;
    let mut job = view::Job::of(status);
    place(&mut job, &files, "composed", folder, json, context)?;
    Ok(job)
}

/// Writes what there is of a composition.
fn part(client: &Client, status: &Status, waiting: &Waiting<'_>, context: &mut Context) -> anyhow::Result<view::Job> {
    let part = client.partial(status.id).map_err(job_failure)?.ok_or_else(|| {
        let message = format!("job {} is still {}, and there is nothing of it yet", status.id, status.progress.name());
        Failure::new(Exit::StillRunning, message).remedy(format!("composer jobs wait {}", status.id))
    })?;
    let mut job = view::Job::of(status);
    job.partial = true;
    place(&mut job, &[part], "partial", waiting.folder, waiting.json, context)?;
    let warning = format!("job {} goes on; what was written is a part of it", status.id);
    crate::cli::source::warn(&warning);
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
            writeln!(context.out, "{}", file.display())?;
        }
    }
    Ok(())
}
