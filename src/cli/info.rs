//! `composer info`: what is in a Standard MIDI File, for people and for programs.

mod report;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{Context, Exit, Failure, failure};
use crate::music::composition::text;
use crate::music::smf;

/// The options of `composer info`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 read (warnings are part of the report), 4 not permitted, 5 no use.\n\n\
                        Example: composer info --json song.mid | jq .notes")]
pub struct Args {
    /// Standard MIDI Files, .mid, .smf or .rmi; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// One JSON document a file (schema composer.info/1) instead of a report.
    #[arg(long)]
    pub json: bool,
}

/// More than this is no MIDI file; the reader says so.
const LONGEST: u64 = u32::MAX as u64 + 1;

/// Where the header must be found for the rest to be read.
const BEGINNING: u64 = 1 << 16;

/// Reports on every file. One that is of no use does not keep the others from being reported on.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let mut exit = Exit::Success;
    let mut first = true;
    for path in &args.files {
        let reading = match load(path) {
            Ok(reading) => reading,
            Err(failure) => {
                let failed = failure::report(&failure.into());
                exit = if exit == Exit::Success { failed } else { exit };
                continue;
            }
        };
        let report = report::Report::new(name(path), &reading);
        if args.json {
            context.out.json(&report)?;
        } else {
            if !first {
                writeln!(context.out)?;
            }
            report.print(&mut context.out)?;
        }
        first = false;
    }
    Ok(exit)
}

/// A file's name as it is shown.
pub(super) fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { text::printable(&path.to_string_lossy()) }
}

/// Reads a MIDI file, for other commands too.
pub(super) fn load(path: &Path) -> Result<smf::Reading, Failure> {
    let name = name(path);
    let bytes = bytes(path).map_err(|e| {
        let (exit, remedy) = match e.kind() {
            io::ErrorKind::PermissionDenied => (Exit::NotPermitted, "ask its owner for permission to read it"),
            io::ErrorKind::NotFound => (Exit::BadInput, "check the name; `ls *.mid` lists the MIDI files here"),
            _ => (Exit::BadInput, "name a Standard MIDI File (.mid)"),
        };
        Failure::new(exit, format!("cannot read {name}: {e}")).remedy(remedy)
    })?;
    smf::read(&bytes)
        .map_err(|e| Failure::new(Exit::BadInput, format!("{name}: {e}")).remedy("name a Standard MIDI File (.mid)"))
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() == "-" { read(io::stdin().lock()) } else { read(std::fs::File::open(path)?) }
}

/// All of it, unless its beginning shows that it is something else: a device, say, that has no end.
fn read(mut source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.by_ref().take(BEGINNING).read_to_end(&mut bytes)?;
    if bytes.starts_with(b"RIFF") || bytes.windows(4).any(|w| w == b"MThd") {
        source.take(LONGEST - BEGINNING).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
