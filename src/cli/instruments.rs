//! `composer instruments`: what the SoundFont can play.

use std::io::Write;

use serde::Serialize;

use super::sound::FontArgs;
use super::{Context, Exit, source};
use crate::audio::soundfont::DRUM_BANK;
use crate::music::composition::text::printable;

/// The options of `composer instruments`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 listed, 1 none with this in its name, 5 the SoundFont is of no use.\n\n\
                        Example: composer instruments strings")]
pub struct Args {
    /// Only instruments with this in their names.
    #[arg(value_name = "TEXT")]
    pub text: Option<String>,

    /// SoundFont (.sf2, .sf3) [the user's, else the system's].
    #[arg(long, value_name = "FILE")]
    pub soundfont: Option<std::path::PathBuf>,

    /// Print JSON (schema composer.instruments/1).
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    /// The file; null for composer's own instruments.
    soundfont: Option<String>,
    name: String,
    instruments: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    /// Bank select, or 128 for drum kits.
    bank: u16,
    /// From 1, as General MIDI counts and `--instrument` takes it.
    number: u8,
    name: String,
    drums: bool,
}

/// Lists the presets.
///
/// # Errors
/// When the SoundFont is of no use.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let settings = source::settings(context);
    let chosen = FontArgs { soundfont: args.soundfont.clone(), dry: false }.load(&settings)?;
    let wanted = args.text.as_deref().unwrap_or_default().to_lowercase();
    let instruments: Vec<Entry> = chosen
        .font
        .presets()
        .filter(|p| p.name.to_lowercase().contains(&wanted))
        .map(|p| Entry { bank: p.bank, number: p.program + 1, name: printable(p.name), drums: p.bank == DRUM_BANK })
        .collect();
    let exit = match (&args.text, instruments.is_empty()) {
        (Some(text), true) => {
            source::warn(&format!("no instrument of {} has `{}` in its name", chosen.name(), printable(text)));
            Exit::Failure
        }
        _ => Exit::Success,
    };
    if args.json {
        let soundfont = chosen.file.as_ref().map(|f| f.display().to_string());
        let name = printable(chosen.font.name());
        context.out.json(&Document { schema: "composer.instruments/1", soundfont, name, instruments })?;
        return Ok(exit);
    }
    let heading = super::output::HEADING;
    let count = instruments.len();
    let plural = if count == 1 { "" } else { "s" };
    writeln!(context.out, "{heading}{}{heading:#}: {count} instrument{plural}", printable(&chosen.name()))?;
    for Entry { bank, number, name, drums } in &instruments {
        let place = match (drums, bank) {
            (true, _) => format!("drums:{number}"),
            (_, 0) => number.to_string(),
            (_, bank) => format!("{bank}:{number}"),
        };
        writeln!(context.out, "{place:>9}  {name}")?;
    }
    Ok(exit)
}
