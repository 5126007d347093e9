//! `composer sync`: the library here and the one in the store, made alike.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::bar::Bar;
use super::output::{FAINT, WARNING};
use super::store::{Purpose, StoreArgs, remote_failure, store_failure};
use super::{Context, Exit, Failure, source};
use crate::music::composition::text::printable;
use crate::studio::remote::Error;
use crate::studio::remote::sync::{Deletions, Done, Lock, Planned, Step, Sync};

/// The options of `composer sync`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Where both sides have changed a file, both stay: the store's becomes NAME (from the store).mid. Files that are \
                        replaced or deleted here go to the library's trash; of those deleted there `composer download --deleted` \
                        brings the last version.\n\n\
                        Example: composer sync --dry-run --store s3://my-bucket"
)]
pub struct Args {
    /// The folder [your library].
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Delete there what was deleted here, and here what was deleted there.
    #[arg(long)]
    pub delete: bool,
    /// Even if more than half of a side is deleted with it.
    #[arg(long, requires = "delete")]
    pub force: bool,
    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// The other side.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    store: String,
    library: String,
    dry_run: bool,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct File {
    name: String,
    what: Step,
    other_name: Option<String>,
    error: Option<String>,
}

impl File {
    fn planned(planned: &Planned) -> File {
        File { name: planned.name.clone(), what: planned.step, other_name: None, error: None }
    }

    fn done(done: &Done) -> File {
        let error = done.outcome.as_ref().err().map(ToString::to_string);
        File { other_name: done.outcome.as_ref().ok().cloned().flatten(), error, ..File::planned(&done.planned) }
    }
}

/// Makes them alike.
///
/// # Errors
/// When a side cannot be read. What did not work with single files is told at the end, with exit code 1.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let settings = source::settings(context);
    let folders = source::folders()?.with_settings(&settings);
    let library = args.folder.clone().unwrap_or_else(|| folders.library.clone());
    if args.folder.is_some() && !library.is_dir() {
        return Err(Failure::new(Exit::BadInput, format!("{} is no folder", library.display())).into());
    }
    let room = args.store.open(if args.dry_run { Purpose::Look } else { Purpose::Write }, context)?;
    let address = room.opened.address.to_string();
    let states = folders.state.join("sync");
    let deletions = match (args.delete, args.force) {
        (false, _) => Deletions::Stay,
        (true, false) => Deletions::GoOver,
        (true, true) => Deletions::All,
    };
    let _lock = match args.dry_run {
        true => None,
        false => Some(Lock::take(&library, &states).map_err(remote_failure)?),
    };
    let sync = Sync::look(&*room.opened.store, &address, &library, &states, deletions).map_err(remote_failure)?;
    for path in sync.odd.iter().take(5) {
        let path = path.display().to_string();
        source::warn(&format!("{} has a name that a store cannot hold; it stays here", printable(&path)));
    }
    let mut failed = None;
    let files: Vec<File> = if args.dry_run {
        sync.spares().unwrap_or_else(|e| source::warn(&format!("{e}; that needs --force")));
        sync.plan.iter().map(File::planned).collect()
    } else {
        let (bar, count) = (Bar::new(), sync.plan.len());
        let done = sync.carry_out(&|n| bar.count("synced", n, count)).map_err(remote_failure)?;
        drop(bar);
        let files = done.iter().map(File::done).collect();
        failed = done.into_iter().find_map(|d| d.outcome.err());
        files
    };
    let library = library.display().to_string();
    if args.json {
        let dry_run = args.dry_run;
        context.out.json(&Report { schema: "composer.sync/1", store: address, library, dry_run, files })?;
    } else if files.is_empty() {
        writeln!(context.out, "{library} and {address} have the same.")?;
    } else {
        for file in &files {
            line(file, context)?;
        }
    }
    match failed {
        None => Ok(Exit::Success),
        Some(Error::Store(e)) => Err(store_failure(&e).into()),
        Some(_) => Ok(Exit::Failure),
    }
}

fn line(file: &File, context: &mut Context) -> anyhow::Result<()> {
    let what = match file.what {
        Step::Up => "up",
        Step::Down => "down",
        Step::Both => "both",
        Step::DeleteThere => "deleted there",
        Step::DeleteHere => "to the trash",
        Step::StaysThere => "stays there",
        Step::StaysHere => "stays here",
    };
    let note = match (&file.error, &file.other_name, file.what) {
        (Some(error), ..) => format!("  {WARNING}not done: {}{WARNING:#}", printable(error)),
        (_, Some(other), _) => format!("  {FAINT}the store's is {}{FAINT:#}", printable(other)),
        (_, _, Step::StaysThere) => format!("  {FAINT}was deleted here; --delete deletes it there{FAINT:#}"),
        (_, _, Step::StaysHere) => format!("  {FAINT}was deleted there; --delete deletes it here{FAINT:#}"),
        _ => String::new(),
    };
    Ok(writeln!(context.out, "{what:<13}  {}{note}", printable(&file.name))?)
}
