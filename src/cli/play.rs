//! `composer play`: the keyboard as an instrument, or a performance of MIDI files.

mod audition;
mod keys;
mod line;
mod live;
mod perform;
mod track;

use std::path::PathBuf;

use track::TrackWish;

use super::sound::{FontArgs, KeysArgs, OutputArgs};
use super::source::SourceArgs;
use super::{Context, Exit, Failure, values};
use crate::audio::sequencer::Speed;

/// The options of `composer play`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
While a file plays: space pause, arrows seek and speed, l loop, m metronome, n next, q quit.
Example: composer play --instrument \"string ensemble\" --velocity soft")]
pub struct Args {
    /// MIDI, WAV, FLAC or Ogg files to play; without one the keyboard is the instrument.
    ///
    /// Between files of sound a MIDI file plays as it is: keys pause, go on to the next and quit.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    keys: KeysArgs,

    #[command(flatten)]
    font: FontArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Percent of the piece's tempo, 25 to 200.
    #[arg(long, value_name = "PERCENT", default_value = "100", requires = "files", value_parser = values::speed)]
    pub speed: Speed,

    /// Begin at this bar.
    #[arg(long, value_name = "BAR", requires = "files", value_parser = clap::value_parser!(u64).range(1..))]
    pub from: Option<u64>,

    /// Play these bars again and again.
    #[arg(long = "loop", value_name = "BAR-BAR", requires = "files", value_parser = bars)]
    pub looped: Option<(u64, u64)>,

    /// Leave tracks out, by their numbers in `composer info`.
    ///
    /// Where one track has all channels, the number is a channel's, here and at `--solo` and `--track`.
    #[arg(long, value_name = "TRACK,..", requires = "files", value_delimiter = ',')]
    pub mute: Vec<usize>,

    /// Play these tracks alone.
    #[arg(long, value_name = "TRACK,..", requires = "files", value_delimiter = ',')]
    pub solo: Vec<usize>,

    /// Mix a track: 2,volume=60,pan=-30,instrument=violin.
    ///
    /// A track's number in `composer info`, with any of `,volume=` (per cent, 0 to 200), `,pan=` (-64 left to
    /// 63 right) and `,instrument=` behind it. Once a track.
    #[arg(long, value_name = "MIX", requires = "files")]
    pub track: Vec<TrackWish>,

    /// Let a metronome beat along.
    #[arg(long, requires = "files")]
    pub metronome: bool,

    /// Send the files to this MIDI port instead.
    #[arg(long, value_name = "NAME|ID", requires = "files", conflicts_with_all = ["output", "buffer", "rate", "soundfont", "dry", "metronome"])]
    pub midi_out: Option<String>,

    /// Print what played, and how, as JSON (composer.play/1).
    #[arg(long)]
    pub json: bool,
}

/// Plays until the end of the files, of the virtual keyboard, or Ctrl-C.
///
/// # Errors
/// When there is no keyboard, no output, or a file is of no use.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    match &args.files[..] {
        [] => live::run(args, context),
        _ if args.source.any() => {
            let text = "a file is played, not a keyboard";
            Err(Failure::new(Exit::Usage, text).remedy("leave the keyboard's options out, or the file").into())
        }
        _ if args.keys.any() => {
            let text = "the instrument of the keys, its layers and its feel do not change a file";
            Err(Failure::new(Exit::Usage, text).remedy("`--track N,instrument=NAME`, or no file").into())
        }
        files if files.iter().any(|file| audition::is_sound(file)) => audition::run(args, context),
        _ => perform::run(args, context),
    }
}

fn bars(text: &str) -> Result<(u64, u64), String> {
    let wrong = || "two bars are wanted, such as 5-8".to_owned();
    let (first, last) = text.split_once('-').ok_or_else(wrong)?;
    let (first, last) = (first.trim().parse().map_err(|_| wrong())?, last.trim().parse().map_err(|_| wrong())?);
    if first >= 1 && last >= first { Ok((first, last)) } else { Err(wrong()) }
}
