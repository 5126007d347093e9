//! `composer bucket check`: whether a store is what jobs and files need.

use std::io::Write;

use serde::Serialize;

use super::bar::Bar;
use super::output::{ERROR, GOOD, REMEDY, WARNING};
use super::store::{Purpose, StoreArgs, store_failure};
use super::{Context, Exit};
use crate::music::composition::text::printable;
use crate::store::{self, Key};
use crate::studio::bucket::{self as studio, Check, Verdict};

/// The options of `composer bucket`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer bucket check --store s3://my-bucket")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
    /// Which.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with a bucket.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Say whether it is reachable, permitted, safe for jobs, encrypted, private, and rightly described.
    #[command(
        after_help = "What is tried out is written below check/ and deleted again. Exit code 1: jobs or files will not work.\n\n\
                            Example: composer bucket check --fix-metadata --store s3://my-bucket"
    )]
    Check {
        /// Give objects whose type or encoding is wrong the right one, in their place.
        #[arg(long)]
        fix_metadata: bool,
    },
}

#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    store: String,
    checks: Vec<Check>,
    misdescribed: Vec<Misdescribed>,
}

#[derive(Debug, Serialize)]
struct Misdescribed {
    key: String,
    found: String,
    fixed: bool,
}

/// Checks it.
///
/// # Errors
/// When it cannot be reached.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let Action::Check { fix_metadata } = &args.action;
    let room = args.store.open(Purpose::Try, context)?;
    let store = &*room.opened.store;
    let mut checks = Vec::new();
    let bucket = args.store.open_bucket(context)?;
    if let Some((bucket, encrypted)) = &bucket {
        checks.extend(studio::check_bucket(bucket, *encrypted).map_err(|e| store_failure(&e))?);
    }
    checks.extend(studio::check(store));
    let bar = Bar::new();
    let found = studio::misdescribed(store, &|done, of| bar.count("looked at", done, of));
    drop(bar);
    let found = found.map_err(|e| store_failure(&e))?;
    let (misdescribed, unmended) = mended(found, |key| match &bucket {
        Some((bucket, _)) if *fix_metadata => studio::mend(bucket, key),
        _ => Ok(false),
    });
    let failed = checks.iter().any(|c| c.verdict == Verdict::Failed);
    if args.json {
        let store = room.opened.address.to_string();
        context.out.json(&Report { schema: "composer.bucket/1", store, checks, misdescribed })?;
    } else {
        for check in &checks {
            line(check, context)?;
        }
        objects(&misdescribed, context)?;
    }
    Ok(if failed || unmended > 0 { Exit::Failure } else { Exit::Success })
}

/// Mends one after the other; what does not work with one is said of it, and the others follow. Answers with how many
/// that were as well.
fn mended(
    found: Vec<(Key, String)>,
    mut mend: impl FnMut(&Key) -> Result<bool, store::Error>,
) -> (Vec<Misdescribed>, usize) {
    let mut unmended = 0;
    let each = found.into_iter().map(|(key, mut found)| {
        let fixed = mend(&key).unwrap_or_else(|e| {
            unmended += 1;
            found = format!("{found}; not mended: {e}");
            false
        });
        Misdescribed { key: key.to_string(), found, fixed }
    });
    (each.collect(), unmended)
}

fn line(check: &Check, context: &mut Context) -> anyhow::Result<()> {
    let (style, word) = match check.verdict {
        Verdict::Ok => (GOOD, "ok"),
        Verdict::Warning => (WARNING, "warning"),
        Verdict::Failed => (ERROR, "failed"),
    };
    writeln!(context.out, "{style}{word:<8}{style:#} {:<16}  {}", check.id, printable(&check.found))?;
    if let Some(remedy) = check.remedy {
        writeln!(context.out, "         {REMEDY}try:{REMEDY:#} {remedy}")?;
    }
    Ok(())
}

fn objects(misdescribed: &[Misdescribed], context: &mut Context) -> anyhow::Result<()> {
    let word = "objects";
    if misdescribed.is_empty() {
        return Ok(writeln!(context.out, "{GOOD}ok{GOOD:#}       {word:<16}  all are rightly described")?);
    }
    let fixed = misdescribed.iter().filter(|m| m.fixed).count();
    for wrong in misdescribed.iter().take(10) {
        let how = if wrong.fixed { "mended: " } else { "" };
        writeln!(context.out, "{WARNING}warning{WARNING:#}  {word:<16}  {how}{}", printable(&wrong.found))?;
    }
    if misdescribed.len() > 10 {
        writeln!(context.out, "                           and {} more", misdescribed.len() - 10)?;
    }
    if fixed < misdescribed.len() {
        writeln!(context.out, "         {REMEDY}try:{REMEDY:#} composer bucket check --fix-metadata")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_mended_keeps_nobody_from_the_others() {
        let found = ["a", "b", "c"].map(|key| (Key::new(key).unwrap(), format!("{key} is wrong")));
        let (all, unmended) = mended(found.to_vec(), |key| match key.as_str() {
            "b" => Err(store::Error::Denied { store: "s3://x/".to_owned(), why: "no".to_owned() }),
            _ => Ok(true),
        });
        assert_eq!(all.iter().map(|m| m.fixed).collect::<Vec<_>>(), [true, false, true]);
        assert!(unmended == 1 && all[1].found.contains("not mended: s3://x/ does not permit it"), "{all:?}");
    }
}
