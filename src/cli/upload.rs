//! `composer upload`: files into the store's library.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use super::bar::Bar;
use super::listening::Listening;
use super::output::FAINT;
use super::store::{StoreArgs, remote_failure};
use super::{Context, Exit, Failure, failure};
use crate::jobs::client::{AT_ONCE, parallel};
use crate::music::composition::text::printable;
use crate::store::Objects;
use crate::studio::remote::{self, Error, Index, Version};

/// The options of `composer upload`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`composer download` lists what is there and brings it back, `composer sync` does both for your library.\n\n\
                        Example: composer upload song.mid --audio --store s3://my-bucket"
)]
pub struct Args {
    /// MIDI files, sound, or anything else.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Bring the sound of the MIDI files as well, as .ogg files.
    #[arg(long)]
    pub audio: bool,
    /// Replace files of the same name; without it another gets the next name.
    #[arg(long)]
    pub force: bool,
    /// What plays the sound.
    #[command(flatten)]
    pub listening: Listening,
    /// Where to.
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
    files: Vec<Brought>,
}

#[derive(Debug, Serialize)]
struct Brought {
    name: String,
    state: &'static str,
    size: u64,
}

/// Brings them.
///
/// # Errors
/// When the store cannot be asked. What did not work with single files is told, and the others are brought.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let (mut files, mut readable, mut exit) = (Vec::new(), Vec::new(), Exit::Success);
    for path in &args.files {
        match name(path).and_then(|name| Ok((name, read(path)?))) {
            Ok(file) => {
                files.push(file);
                readable.push(path);
            }
            Err(e) => exit = failure::report(&e.into()),
        }
    }
    if files.is_empty() {
        return Ok(exit);
    }
    let room = args.store.open(context)?;
    let store = &*room.opened.store;
    if args.audio {
        let bar = Bar::new();
        for path in readable {
            match args.listening.render(path, context, &bar) {
                Ok(sound) => {
                    files.push((format!("{}.ogg", path.file_stem().unwrap_or_default().to_string_lossy()), sound));
                }
                Err(e) => exit = failure::report(&e),
            }
        }
    }
    let plan = plan(store, files, args.force).map_err(remote_failure)?;
    let (bar, count) = (Bar::new(), AtomicUsize::new(0));
    let brought = parallel::each(&plan, AT_ONCE, |Planned { name, bytes, step }| {
        let done = match step {
            Step::IsThere => Ok(()),
            Step::Bring { before } => remote::bring(store, name, bytes, before.as_ref()).map(drop),
        };
        bar.count("uploaded", count.fetch_add(1, Ordering::Relaxed) + 1, plan.len());
        done
    });
    drop(bar);
    let mut report = Report { schema: "composer.upload/1", store: room.opened.address.to_string(), files: Vec::new() };
    for (Planned { name, bytes, step }, done) in plan.into_iter().zip(brought) {
        match done {
            Ok(()) => {
                let state = if matches!(step, Step::IsThere) { "there already" } else { "uploaded" };
                report.files.push(Brought { name, state, size: bytes.len() as u64 });
            }
            Err(e) => exit = failure::report(&remote_failure(e).into()),
        }
    }
    if args.json {
        context.out.json(&report)?;
    } else {
        for file in &report.files {
            writeln!(context.out, "{}  {FAINT}{}{FAINT:#}", printable(&file.name), file.state)?;
        }
    }
    Ok(exit)
}

/// A file, and what is to be done with it.
struct Planned {
    name: String,
    bytes: Vec<u8>,
    step: Step,
}

enum Step {
    /// Nothing: the store has it.
    IsThere,
    /// It is brought there, as the version after this one.
    Bring { before: Option<Version> },
}

/// What is to be done with each. The store is asked for the names that are wanted, and not for those of all it has.
fn plan(store: &dyn Objects, files: Vec<(String, Vec<u8>)>, force: bool) -> Result<Vec<Planned>, Error> {
    let index = Index::of(store)?;
    let read = parallel::each(&files, AT_ONCE, |(name, _)| index.version(store, name));
    let mut there: BTreeMap<String, Option<Version>> = BTreeMap::new();
    for ((name, _), version) in files.iter().zip(read) {
        there.insert(name.clone(), version?);
    }
    // Names that this very upload gives.
    let mut given = BTreeSet::new();
    let mut planned = Vec::new();
    'files: for (name, bytes) in files {
        for name in names(&name) {
            let before = match there.get(&name) {
                Some(version) => version.clone(),
                None => index.version(store, &name)?,
            };
            there.insert(name.clone(), before.clone());
            let content = before.as_ref().and_then(|v| v.document.content.as_ref());
            if !given.contains(&name) && content.is_some_and(|c| c.sha256 == remote::sha256(&bytes)) {
                planned.push(Planned { name, bytes, step: Step::IsThere });
                continue 'files;
            }
            if (force || content.is_none()) && given.insert(name.clone()) {
                planned.push(Planned { name, bytes, step: Step::Bring { before } });
                continue 'files;
            }
        }
    }
    Ok(planned)
}

/// `song.mid`, `song-2.mid`, `song-3.mid` and so on.
fn names(name: &str) -> impl Iterator<Item = String> + use<> {
    let parts = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
    let (stem, extension) = parts.map_or((name, String::new()), |(s, e)| (s, format!(".{e}")));
    let stem = stem.to_owned();
    (1..).map(move |n| if n == 1 { format!("{stem}{extension}") } else { format!("{stem}-{n}{extension}") })
}

fn name(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().and_then(|n| n.to_str()).filter(|n| remote::is_name(n));
    let wrong = || Failure::new(Exit::BadInput, format!("{} has a name that a store cannot hold", path.display()));
    Ok(name.ok_or_else(|| wrong().remedy("give it another name first"))?.to_owned())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |e: String| Failure::new(Exit::BadInput, format!("cannot read {}: {e}", path.display()));
    let most = crate::store::LARGEST;
    let length = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if length > most {
        return Err(failed(format!("it has {length} bytes, a store takes {most}")));
    }
    std::fs::read(path).map_err(|e| failed(e.to_string()))
}
