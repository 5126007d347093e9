//! `composer devices`: keyboards from the USB socket to the MIDI port, other MIDI ports, audio outputs.

mod document;
mod text;
mod watch;

use crate::settings::Folders;
use crate::studio::survey;

use super::{Context, Exit};

pub(super) use document::Document;

/// The options of `composer devices`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer devices --watch")]
pub struct Args {
    /// Print arrivals and departures as they happen, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// Print JSON (docs/json.md); with --watch one object a line.
    #[arg(long)]
    pub json: bool,
    /// Leave out the audio outputs: a starting sound server can delay them.
    #[arg(long)]
    pub no_audio: bool,
    /// Show serial numbers instead of masking them.
    #[arg(long)]
    pub serials: bool,
}

/// Lists the devices, or watches them. A list without devices is no failure.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    if args.watch {
        return watch::run(args, context);
    }
    let state = Folders::of_platform().map(|f| f.state);
    let audio = (!args.no_audio).then(survey::audio_outputs);
    let mut survey = survey::survey(state.as_deref());
    if !args.serials {
        survey.mask_serials();
    }
    let document = Document::new(survey, audio.map(survey::wait_for_audio));
    if args.json {
        context.out.json(&document)?;
    } else {
        text::print(&document, !args.no_audio, &mut context.out)?;
    }
    Ok(Exit::Success)
}
