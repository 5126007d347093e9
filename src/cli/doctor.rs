//! `composer doctor`: why the keyboard cannot be used, and what to type about it.

mod listen;
mod report;
mod text;

use std::path::PathBuf;

use serde::Serialize;

use crate::keyboard::facts::System;
use crate::settings::Folders;
use crate::studio::doctor::{self, Check, Status};

use super::{Context, Exit, source};

/// The options of `composer doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 all fine, 1 warnings, 2 failures.\nExample: composer doctor --listen 5")]
pub struct Args {
    /// Print JSON (docs/json.md).
    #[arg(long)]
    pub json: bool,
    /// Wait this long for a key press (1 to 3600) and tell what came.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub listen: Option<u64>,
    /// The port to listen to: an id of `composer devices`, or a part of its name.
    #[arg(long, value_name = "NAME|ID", requires = "listen")]
    pub port: Option<String>,
    /// Write a report for a bug tracker, without serial numbers, names of people and hosts.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Let --report replace a file.
    #[arg(long, requires = "report")]
    pub force: bool,
}

/// The JSON document `composer.doctor/1`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    version: &'static str,
    verdict: Status,
    system: &'a System,
    checks: &'a [Check],
}

/// Examines, tells, and answers with 0, 1 or 2 for fine, warnings, failures.
///
/// # Errors
/// When standard output or the report cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    if let Some(file) = &args.report {
        report::refuse_early(file, args.force)?;
    }
    let settings = source::settings(context);
    let folders = Folders::of_platform().map(|f| f.with_settings(&settings));
    let mut found = doctor::examine(folders.as_ref());
    found.survey.mask_serials();
    let mut checks = doctor::diagnose(&found);
    if let Some(seconds) = args.listen {
        let port = args.port.as_ref().or(settings.keyboard.port.as_ref());
        checks.push(listen::check(seconds, port.map(String::as_str), folders.as_ref().map(|f| f.state.as_path())));
    }
    let verdict = doctor::verdict(&checks);
    if let Some(file) = &args.report {
        report::write(file, args.force, &checks, &found)?;
    }
    if args.json {
        let system = &found.survey.facts.system;
        let version = env!("CARGO_PKG_VERSION");
        context.out.json(&Document { schema: "composer.doctor/1", version, verdict, system, checks: &checks })?;
    } else {
        text::print(&checks, &mut context.out)?;
    }
    Ok(match verdict {
        Status::Failure => Exit::Usage,
        Status::Warning => Exit::Failure,
        Status::Ok | Status::Skipped => Exit::Success,
    })
}
