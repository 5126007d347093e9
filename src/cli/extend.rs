//! `composer extend`.

use std::time::Duration;

use super::compose::{How, work};
use super::{Context, Exit};
use crate::compose::arrange::{Extension, Task};

/// The options of `composer extend`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer extend melody.mid -o longer.mid --bars 8 --harmony")]
pub struct Args {
    /// What composer works on, and how.
    #[command(flatten)]
    pub how: How,
    /// Bars to add, 1 to 256.
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub bars: u32,
    /// Seconds to add, 1 to 600, instead of bars.
    #[arg(long, value_name = "N", conflicts_with = "bars", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: Option<u64>,
    /// Add the other voices too.
    #[arg(long)]
    pub harmony: bool,
}

/// Extends.
///
/// # Errors
/// When there is no melody, or the result cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let by = match args.seconds {
        Some(seconds) => Extension::Time(Duration::from_secs(seconds).into()),
        None => Extension::Bars(args.bars),
    };
    work(&args.how, Task::Extend { by, harmony: args.harmony }, "composer.extend/1", context)
}
