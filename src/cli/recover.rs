//! `composer recover`: takes that a crash left behind.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::output::{FAINT, HEADING, WARNING};
use super::{Context, Exit, Failure, failure, source};
use crate::studio::library;
use crate::studio::recover::{self, Found, Leftover, RestoreError};

/// The options of `composer recover`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer recover restore")]
pub struct Args {
    /// What to do; without a word here: list.
    #[command(subcommand)]
    pub action: Option<Action>,

    /// The library's folder instead of the settings'.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub library: Option<PathBuf>,

    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with what was left behind.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// List the takes (what happens without a word as well).
    List,
    /// Turn takes into Standard MIDI Files; their journals are removed once the files are safe.
    #[command(after_help = "Example: composer recover restore 20260131-120000-4711-1 --output song.mid")]
    Restore {
        /// Which, as listed; all without one.
        ids: Vec<String>,
        /// The file for a single take.
        #[arg(long, short, value_name = "FILE.mid")]
        output: Option<PathBuf>,
        /// Leave the journals where they are.
        #[arg(long)]
        keep: bool,
    },
    /// Delete takes that nobody wants.
    #[command(after_help = "Example: composer recover discard 20260131-120000-4711-1")]
    Discard {
        /// Which, as listed.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// Lists, restores or discards.
///
/// # Errors
/// When there is no such take or a file cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let folders = super::record::folders(&source::settings(context), args.library.as_deref())?;
    let found = recover::find(&folders.all_journals());
    found.remove_empty();
    let strays = recover::strays(&folders.all_journals(), &folders.library);
    match &args.action {
        None | Some(Action::List) => list(&found, strays, args.json, context),
        Some(Action::Restore { ids, output, keep }) => {
            let takes = chosen(&found, ids)?;
            if output.is_some() && takes.len() != 1 {
                let message = format!("--output names one file and {} takes are to be restored", takes.len());
                return Err(Failure::new(Exit::Usage, message).remedy("name one take by its id").into());
            }
            let all =
                Wanted { takes, strays: if ids.is_empty() { strays } else { Vec::new() }, output: output.as_deref() };
            restore_all(&all, &folders.library, *keep, args.json, context)
        }
        Some(Action::Discard { ids }) => {
            let mut discarded = Vec::new();
            for take in chosen(&found, ids)? {
                take.remove().with_context(|| format!("cannot remove the journal of {}", take.id))?;
                if !args.json {
                    writeln!(context.out, "Discarded {} ({} notes).", take.id, take.notes())?;
                }
                discarded.push(DiscardedTake { id: take.id.clone(), notes: take.notes() });
            }
            if args.json {
                context.out.json(&Discarded { schema: "composer.recover.discarded/1", discarded })?;
            }
            Ok(Exit::Success)
        }
    }
}

/// What is to be restored.
struct Wanted<'a> {
    takes: Vec<&'a Leftover>,
    /// Whole takes that lie beside the journals.
    strays: Vec<PathBuf>,
    output: Option<&'a Path>,
}

/// Restores what can be restored; one take that cannot keeps none of the others back.
fn restore_all(
    wanted: &Wanted<'_>,
    library: &Path,
    keep: bool,
    json: bool,
    context: &mut Context,
) -> anyhow::Result<Exit> {
    let mut outcome =
        Restored { schema: "composer.recover.restored/1", restored: Vec::new(), moved: Vec::new(), failed: Vec::new() };
    for take in &wanted.takes {
        match restore(take, wanted.output, library, keep) {
            Ok(restored) => {
                if !json {
                    writeln!(context.out, "Restored {} ({} notes)", restored.file.display(), restored.notes)?;
                }
                outcome.restored.push(restored);
            }
            Err(e) => {
                failure::report(&e);
                outcome.failed.push(FailedTake { id: take.id.clone(), reason: format!("{e:#}") });
            }
        }
    }
    for stray in &wanted.strays {
        match library::keep(library, stray) {
            Ok(file) => {
                if !json {
                    writeln!(context.out, "Brought {} home", file.display())?;
                }
                outcome.moved.push(file);
            }
            Err(e) => {
                let error =
                    Failure::new(Exit::NotSaved, e.to_string()).remedy("make room, or name another `--library`");
                failure::report(&error.into());
                outcome.failed.push(FailedTake { id: stray.display().to_string(), reason: e.to_string() });
            }
        }
    }
    if json {
        context.out.json(&outcome)?;
    } else if wanted.takes.is_empty() && wanted.strays.is_empty() {
        writeln!(context.out, "There is nothing to restore.")?;
    }
    Ok(if outcome.failed.is_empty() { Exit::Success } else { Exit::NotSaved })
}

fn chosen<'a>(found: &'a Found, ids: &[String]) -> anyhow::Result<Vec<&'a Leftover>> {
    if ids.is_empty() {
        return Ok(found.takes.iter().collect());
    }
    ids.iter()
        .map(|id| {
            found.takes.iter().find(|t| t.id == *id).ok_or_else(|| {
                Failure::new(Exit::BadInput, format!("no take with the id {id} was left behind"))
                    .remedy("`composer recover` lists them")
                    .into()
            })
        })
        .collect()
}

fn restore(leftover: &Leftover, output: Option<&Path>, library: &Path, keep: bool) -> anyhow::Result<RestoredTake> {
    let file = leftover.restore(output, library, keep).map_err(|e| {
        let failure = Failure::new(Exit::NotSaved, e.to_string());
        match e {
            RestoreError::Write { .. } | RestoreError::Folder { .. } => {
                failure.remedy("composer recover restore --output FILE.mid, in a folder that can be written")
            }
            RestoreError::Render(_) | RestoreError::Journal { .. } => failure,
        }
    })?;
    let take = leftover.take();
    Ok(RestoredTake { id: leftover.id.clone(), file, notes: take.notes(), duration_s: take.length.as_secs_f64() })
}

fn list(found: &Found, strays: Vec<PathBuf>, json: bool, context: &mut Context) -> anyhow::Result<Exit> {
    if json {
        let takes = found.takes.iter().map(ListedTake::new).collect();
        let unreadable = found.unreadable.iter();
        let unreadable = unreadable.map(|u| UnreadableJournal { path: u.path.clone(), reason: u.reason.clone() });
        let unreadable = unreadable.collect();
        context.out.json(&Listed {
            schema: "composer.recover/1",
            takes,
            files: strays,
            running: found.running,
            unreadable,
        })?;
        return Ok(Exit::Success);
    }
    let out = &mut context.out;
    for take in &found.takes {
        let header = &take.contents.header;
        let when: String = header.started.chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect();
        writeln!(out, "{HEADING}{}{HEADING:#}", take.id)?;
        writeln!(
            out,
            "  {when}, {:.1} s, {} note{}, {}",
            take.length().as_secs_f64(),
            take.notes(),
            if take.notes() == 1 { "" } else { "s" },
            if header.device.is_empty() { "no keyboard" } else { &header.device }
        )?;
        if let Some(wanted) = &header.wanted {
            writeln!(out, "  was to be {}", wanted.display())?;
        }
        for journal in &take.journals {
            writeln!(out, "  {FAINT}{}{FAINT:#}", journal.display())?;
        }
    }
    for stray in &strays {
        writeln!(out, "{HEADING}{}{HEADING:#}", stray.display())?;
        writeln!(out, "  a whole take that the library's folder could not hold when it ended")?;
    }
    for unreadable in &found.unreadable {
        writeln!(out, "{WARNING}cannot read{WARNING:#} {}: {}", unreadable.path.display(), unreadable.reason)?;
    }
    if found.running > 0 {
        writeln!(out, "{} being recorded right now: left alone.", found.running)?;
    }
    match found.takes.len() + strays.len() {
        0 => writeln!(out, "No take was left behind.")?,
        _ => writeln!(out, "`composer recover restore` brings them into the library as Standard MIDI Files.")?,
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Listed {
    schema: &'static str,
    takes: Vec<ListedTake>,
    /// Whole takes that lie beside the journals.
    files: Vec<PathBuf>,
    /// Takes that are being recorded right now.
    running: usize,
    unreadable: Vec<UnreadableJournal>,
}

#[derive(Serialize)]
struct UnreadableJournal {
    path: PathBuf,
    reason: String,
}

#[derive(Serialize)]
struct ListedTake {
    id: String,
    started: String,
    device: String,
    notes: usize,
    duration_s: f64,
    /// Whether the end was written; false when the take was cut off.
    ended: bool,
    journals: Vec<PathBuf>,
    wanted: Option<PathBuf>,
}

impl ListedTake {
    fn new(take: &Leftover) -> ListedTake {
        ListedTake {
            id: take.id.clone(),
            started: take.contents.header.started.clone(),
            device: take.contents.header.device.clone(),
            notes: take.notes(),
            duration_s: take.length().as_secs_f64(),
            ended: take.contents.end.is_some(),
            journals: take.journals.clone(),
            wanted: take.contents.header.wanted.clone(),
        }
    }
}

#[derive(Serialize)]
struct Restored {
    schema: &'static str,
    restored: Vec<RestoredTake>,
    /// Whole takes that were brought into the library.
    moved: Vec<PathBuf>,
    failed: Vec<FailedTake>,
}

#[derive(Serialize)]
struct FailedTake {
    id: String,
    reason: String,
}

#[derive(Serialize)]
struct Discarded {
    schema: &'static str,
    discarded: Vec<DiscardedTake>,
}

#[derive(Serialize)]
struct DiscardedTake {
    id: String,
    notes: usize,
}

#[derive(Serialize)]
struct RestoredTake {
    id: String,
    file: PathBuf,
    notes: usize,
    duration_s: f64,
}
