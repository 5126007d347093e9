//! `composer download`: what is in the store's library, and files from there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use serde::Serialize;

use super::bar::Bar;
use super::output::FAINT;
use super::store::{Purpose, StoreArgs, remote_failure};
use super::{Context, Exit, Failure, failure};
use crate::jobs::client::{AT_ONCE, parallel};
use crate::music::composition::text::printable;
use crate::studio::place::{InTheWay, place};
use crate::studio::remote::{self, Version};

/// The options of `composer download`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A file that is there is not replaced; what comes gets the next name. Of a file whose name begins with a \
                        dot --all only tells: it comes when it is named.\n\n\
                        Example: composer download song.mid -o here --store s3://my-bucket"
)]
pub struct Args {
    /// Names of files in the store; without one they are listed.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// All of them.
    #[arg(long, conflicts_with = "names")]
    pub all: bool,
    /// Those that were deleted there, as they were last.
    #[arg(long)]
    pub deleted: bool,
    /// Where they go.
    #[arg(long, short, value_name = "FOLDER", default_value = ".")]
    pub output: PathBuf,
    /// Where from.
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
    files: Vec<Kept>,
}

#[derive(Debug, Serialize)]
struct Kept {
    name: String,
    size: u64,
    uploaded: Timestamp,
    path: Option<String>,
}

/// Brings them, or lists them.
///
/// # Errors
/// When the store cannot be asked. What did not work with single files is told, and the others are brought.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let room = args.store.open(Purpose::Look, context)?;
    let store = &*room.opened.store;
    let there = remote::list(store, &BTreeMap::new()).map_err(remote_failure)?.into_iter();
    let there: BTreeMap<String, Version> = match args.deleted {
        true => there.filter_map(|(name, version)| Some((name, version.before_deletion()?))).collect(),
        false => there.filter(|(_, version)| version.document.content.is_some()).collect(),
    };
    let list = args.names.is_empty() && !args.all;
    let (mut wanted, mut exit): (Vec<Version>, _) = (Vec::new(), Exit::Success);
    if args.names.is_empty() {
        wanted.extend(there.into_values());
    } else {
        for name in &args.names {
            match there.get(name) {
                Some(version) => wanted.push(version.clone()),
                None => {
                    let missing =
                        Failure::new(Exit::BadInput, format!("there is no {name} in {}", room.opened.address))
                            .remedy("`composer download` without a name lists them");
                    exit = failure::report(&missing.into());
                }
            }
        }
        if wanted.is_empty() {
            return Ok(exit);
        }
    }
    if args.all {
        // Programs read such files: none comes into a folder unless somebody means it.
        for hidden in wanted.extract_if(.., |version| remote::is_hidden(&version.document.name)) {
            super::source::warn(&format!("{} stays there: name it to bring it", printable(&hidden.document.name)));
        }
    }
    let (bar, count) = (Bar::new(), AtomicUsize::new(0));
    let fetched = parallel::each(&wanted, if list { 1 } else { AT_ONCE }, |version| {
        if list {
            return Ok(None);
        }
        let bytes = remote::fetch(store, version).map_err(remote_failure)?;
        let path = version.document.name.split('/').fold(args.output.clone(), |path, part| path.join(part));
        remote::make_way(&args.output, &path)
            .map_err(|e| Failure::new(Exit::NotSaved, e.to_string()).remedy("another folder with --output"))?;
        let placed = place(&bytes, &path, InTheWay::TakeNextName).map_err(|e| {
            Failure::new(Exit::NotSaved, format!("{}: {e}", path.display())).remedy("another folder with --output")
        });
        bar.count("downloaded", count.fetch_add(1, Ordering::Relaxed) + 1, wanted.len());
        placed.map(Some)
    });
    drop(bar);
    let mut files = Vec::new();
    for (version, path) in wanted.into_iter().zip(fetched) {
        let size = version.document.content.as_ref().map_or(0, |c| c.size);
        let path = match path {
            Ok(path) => path.map(|p| p.display().to_string()),
            Err(e) => {
                exit = failure::report(&e.into());
                continue;
            }
        };
        files.push(Kept { name: version.document.name, size, uploaded: version.document.brought, path });
    }
    if args.json {
        let store = room.opened.address.to_string();
        context.out.json(&Report { schema: "composer.download/1", store, files })?;
    } else if files.is_empty() && exit == Exit::Success {
        writeln!(context.out, "Nothing in {}. `composer upload FILE` brings something there.", room.opened.address)?;
    } else {
        for file in files {
            match file.path {
                Some(path) => writeln!(context.out, "{}", printable(&path))?,
                None => {
                    let day = file.uploaded.strftime("%Y-%m-%d %H:%M");
                    let name = printable(&file.name);
                    writeln!(context.out, "{name}  {FAINT}{} bytes, {day} UTC{FAINT:#}", file.size)?;
                }
            }
        }
    }
    Ok(exit)
}
