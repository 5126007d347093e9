//! `composer extend`.

use super::compose::{How, work};
use super::{Context, Exit};
use crate::compose::request::{Extension, ExtensionBars, ExtensionSeconds, Kind, Parameters};

/// The options of `composer extend`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer extend melody.mid -o longer.mid --bars 8 --harmony")]
pub struct Args {
    /// What composer works on, and how.
    #[command(flatten)]
    pub how: How,
    /// Bars to add, 1 to 256.
    #[arg(long, default_value_t, value_name = "N")]
    pub bars: ExtensionBars,
    /// Seconds to add, 1 to 600, instead of bars.
    #[arg(long, value_name = "N", conflicts_with = "bars")]
    pub seconds: Option<ExtensionSeconds>,
    /// Add the other voices too.
    #[arg(long)]
    pub harmony: bool,
}

/// Extends.
///
/// # Errors
/// When there is no melody, or the result cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let extension = args.seconds.map_or(Extension::Bars(args.bars), Extension::Seconds);
    let refine = |parameters| Parameters { extension, harmony: args.harmony, ..parameters };
    work(&args.how, Kind::Extend, refine, "composer.extend/1", context)
}
