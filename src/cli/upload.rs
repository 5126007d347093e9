//! `composer upload`: files into the store's library.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use super::bar::Bar;
use super::listening::Listening;
use super::output::FAINT;
use super::store::{Purpose, StoreArgs, remote_failure};
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
    let (mut files, mut exit) = (Vec::new(), Exit::Success);
    for path in &args.files {
        match name(path).and_then(|name| readable(path).map(|()| (name, path.clone()))) {
            Ok(file) => files.push(file),
            Err(e) => exit = failure::report(&e.into()),
        }
    }
    if files.is_empty() {
        return Ok(exit);
    }
    let room = args.store.open(Purpose::Write, context)?;
    let store = &*room.opened.store;
    // The store is asked before anything is rendered.
    let index = Index::of(store).map_err(remote_failure)?;
    let sounds = tempfile::tempdir()?;
    if args.audio {
        let bar = Bar::new();
        for number in 0..files.len() {
            let path = &files[number].1;
            let at = sounds.path().join(number.to_string());
            let rendered = args.listening.render(path, context, &bar);
            match rendered.and_then(|sound| Ok(std::fs::write(&at, sound)?)) {
                Ok(()) => {
                    files.push((format!("{}.ogg", path.file_stem().unwrap_or_default().to_string_lossy()), at));
                }
                Err(e) => exit = failure::report(&e),
            }
        }
    }
    let plan = plan(store, &index, files, args.force)?;
    let (bar, count) = (Bar::new(), AtomicUsize::new(0));
    // Each is read when it is its turn: together they may be more than the memory holds.
    let brought = parallel::each(&plan, AT_ONCE, |Planned { name, path, step }| {
        let done = match step {
            Step::IsThere { size } => Ok(*size),
            Step::Bring { before } => read(path).and_then(|bytes| {
                let brought = remote::bring(store, name, &bytes, before.as_ref());
                brought.map(|_| bytes.len() as u64).map_err(|e| match e {
                    Error::Store(_) => remote_failure(e).of(name),
                    told => remote_failure(told),
                })
            }),
        };
        bar.count("uploaded", count.fetch_add(1, Ordering::Relaxed) + 1, plan.len());
        done
    });
    drop(bar);
    let mut report = Report { schema: "composer.upload/1", store: room.opened.address.to_string(), files: Vec::new() };
    for (Planned { name, step, .. }, done) in plan.into_iter().zip(brought) {
        match done {
            Ok(size) => {
                let state = if matches!(step, Step::IsThere { .. }) { "there already" } else { "uploaded" };
                report.files.push(Brought { name, state, size });
            }
            Err(e) => exit = failure::report(&e.into()),
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
    path: PathBuf,
    step: Step,
}

enum Step {
    /// Nothing: the store has it.
    IsThere { size: u64 },
    /// It is brought there, as the version after this one.
    Bring { before: Option<Version> },
}

/// What is to be done with each. The store is asked for the names that are wanted, and not for those of all it has; a file
/// is read where there is one of its name.
fn plan(
    store: &dyn Objects,
    index: &Index,
    files: Vec<(String, PathBuf)>,
    force: bool,
) -> Result<Vec<Planned>, Failure> {
    let version = |name: &str| index.version(store, name).map_err(remote_failure);
    let known = parallel::each(&files, AT_ONCE, |(name, _)| version(name));
    let mut there: BTreeMap<String, Option<Version>> = BTreeMap::new();
    for ((name, _), version) in files.iter().zip(known) {
        there.insert(name.clone(), version?);
    }
    // Names that this very upload gives.
    let mut given = BTreeSet::new();
    let mut planned = Vec::new();
    'files: for (name, path) in files {
        let mut sha256 = None;
        for name in names(&name) {
            let before = match there.get(&name) {
                Some(before) => before.clone(),
                None => version(&name)?,
            };
            there.insert(name.clone(), before.clone());
            let content = before.as_ref().and_then(|v| v.document.content.as_ref());
            if let Some(content) = content.filter(|_| !given.contains(&name)) {
                if sha256.is_none() {
                    sha256 = Some(remote::sha256(&read(&path)?));
                }
                if sha256.as_ref() == Some(&content.sha256) {
                    planned.push(Planned { name, path, step: Step::IsThere { size: content.size } });
                    continue 'files;
                }
            }
            if (force || content.is_none()) && given.insert(name.clone()) {
                planned.push(Planned { name, path, step: Step::Bring { before } });
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

fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::BadInput, format!("cannot read {}: {why}", path.display()))
}

/// Whether a file can be read, and is not longer than any store takes.
fn readable(path: &Path) -> Result<(), Failure> {
    let about = File::open(path).and_then(|file| file.metadata()).map_err(|e| unreadable(path, &e.to_string()))?;
    let most = crate::store::LARGEST;
    if about.is_dir() {
        return Err(unreadable(path, "it is a folder"));
    }
    if about.len() > most {
        let why = format!("it has {} bytes, a store takes {most}", about.len());
        return Err(unreadable(path, &why).remedy("make it shorter: `composer render` writes .ogg and .flac"));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    readable(path)?;
    std::fs::read(path).map_err(|e| unreadable(path, &e.to_string()))
}
