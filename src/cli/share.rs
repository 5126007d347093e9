//! `composer share`: lets others listen.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::bar::Bar;
use super::listening::Listening;
use super::output::FAINT;
use super::store::{Purpose, StoreArgs, remote_failure, store_failure};
use super::{Context, Exit, Failure, info, values};
use crate::store::Key;
use crate::studio::remote::share::{LONGEST, Links, Piece, share};

/// The options of `composer share`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Whoever has the link can listen until it expires, and sees nothing else of the bucket. With keys \
                        that expire (single sign-on, roles) the link ends with them.\n\n\
                        Example: composer share song.mid --expires 3d --store s3://my-bucket"
)]
pub struct Args {
    /// The MIDI file.
    #[arg(value_name = "FILE.mid")]
    pub file: PathBuf,
    /// What the page is headed with [the file's name].
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// How long the link holds: a number and h or d, at most 7d.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = expiry)]
    pub expires: Duration,
    /// What plays it.
    #[command(flatten)]
    pub listening: Listening,
    /// Where it is kept: a bucket.
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
    title: String,
    links: Links,
    expires: Timestamp,
}

/// `3d` as well as what [`values::duration`] knows.
fn expiry(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|d| d.parse::<u32>().ok());
    let time = days.map_or_else(|| values::duration(text), |d| Ok(Duration::from_secs(u64::from(d) * 86_400)))?;
    match (Duration::from_secs(1)..=LONGEST).contains(&time) {
        true => Ok(time),
        false => Err("a link holds for 1s to 7d".to_owned()),
    }
}

/// Shares it.
///
/// # Errors
/// When the file is no music, or the store does not take it.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    info::load(&args.file)?;
    let midi = std::fs::read(&args.file)
        .map_err(|e| Failure::new(Exit::BadInput, format!("cannot read {}: {e}", args.file.display())))?;
    let room = args.store.open(Purpose::Write, context)?;
    // Whether there can be links, and who signs them, is asked before anything is rendered.
    room.opened.store.presign(&Key::unused(), args.expires).map_err(|e| store_failure(&e))?;
    let bar = Bar::new();
    let sound = args.listening.render(&args.file, context, &bar)?;
    drop(bar);
    let stem = || args.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let title = args.title.clone().unwrap_or_else(stem);
    let piece = Piece { title: &title, midi: &midi, sound: (&sound, "ogg") };
    let expires = Timestamp::now() + args.expires;
    let links = share(&*room.opened.store, &piece, args.expires).map_err(remote_failure)?;
    if args.json {
        let store = room.opened.address.to_string();
        context.out.json(&Report { schema: "composer.share/1", store, title, links, expires })?;
    } else {
        writeln!(context.out, "{}", links.page)?;
        let until = expires.strftime("%Y-%m-%d %H:%M");
        let _ = writeln!(anstream::stderr(), "{FAINT}whoever has this link can listen until {until} UTC{FAINT:#}");
    }
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_hold_a_week_at_most() {
        assert_eq!(expiry("3d"), Ok(Duration::from_secs(3 * 86_400)));
        assert_eq!(expiry("12h"), Ok(Duration::from_secs(12 * 3600)));
        for wrong in ["8d", "0d", "0.5s", "d", "ever"] {
            assert!(expiry(wrong).is_err(), "{wrong}");
        }
    }
}
