//! `composer record`: from the keyboard to a Standard MIDI File.

mod recording;
mod status;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::recording::Recording;
use self::status::StatusLine;
use super::interrupt::Interrupt;
use super::sound::{self, FontArgs, KeysArgs, OutputArgs};
use super::source::{self, SourceArgs};
use super::{Context, Exit, Failure, values};
use crate::keyboard::Clock;
use crate::keyboard::controls::ControlMap;
use crate::keyboard::virtual_keyboard::layout;
use crate::music::quantise::{Grid, Quantise, Strength};
use crate::music::{Channel, Micros, Ppq, Tempo, TimeSignature};
use crate::settings::{MOST_COUNT_IN, Settings};
use crate::studio::last_message::Follower;
use crate::studio::place;
use crate::studio::play::knobs;
use crate::studio::record::render::{Quantised, renderer};
use crate::studio::record::session::{Setup, TakeFolders};
use crate::studio::record::sound::{Sound, Wanted};
use crate::studio::record::transport::Transport;
use crate::studio::record::{Destination, Plan, Session, Start};
use crate::studio::recover;

/// The options of `composer record`.
#[derive(Debug, clap::Args)]
#[command(mut_args(less_often_used))]
#[command(after_help = "\
More options of sound, as `composer play` has them: composer record --help
Always on, one file a take in the library: composer record --split-after 8s
Example: composer record song.mid --bpm 96 --count-in 1")]
pub struct Args {
    /// The file; without one the take goes into the library, named by date and time.
    #[arg(value_name = "FILE.mid")]
    pub file: Option<PathBuf>,

    /// Where the keyboard is.
    #[command(flatten)]
    pub source: SourceArgs,

    /// Use the virtual keyboard's demo when there is no keyboard.
    #[arg(long, conflicts_with = "wait")]
    pub or_virtual: bool,

    /// Quarter notes a minute, 4 to 1000; without it 120.
    #[arg(long, value_name = "BPM")]
    pub bpm: Option<Tempo>,

    /// Time signature; without it 4/4.
    #[arg(long, value_name = "N/D")]
    pub time_signature: Option<TimeSignature>,

    /// Bars to count before beat 1.
    #[arg(long, value_name = "BARS", value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST_COUNT_IN)))]
    pub count_in: Option<u32>,

    /// Let a metronome beat, on screen and to be heard.
    #[arg(long)]
    pub metronome: bool,

    /// Without sound: neither clicks nor the keys.
    #[arg(long)]
    pub silent: bool,

    #[command(flatten)]
    keys: KeysArgs,

    #[command(flatten)]
    font: FontArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Ticks a quarter note in the file; without it 960.
    #[arg(long, value_name = "TICKS")]
    pub resolution: Option<Ppq>,

    /// End the take at this length (90s, 2m).
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub duration: Option<Duration>,

    /// End the take after this much silence.
    #[arg(long, value_name = "TIME", value_parser = values::silence)]
    pub stop_after: Option<Duration>,

    /// Begin another take with the first note after this much silence.
    #[arg(long, value_name = "TIME", value_parser = values::silence, conflicts_with_all = ["stop_after", "file"])]
    pub split_after: Option<Duration>,

    /// Begin the take with the first note.
    #[arg(long)]
    pub from_first_note: bool,

    /// Begin with the keyboard's Rec button; more takes may follow.
    #[arg(long, conflicts_with_all = ["from_first_note", "split_after"])]
    pub armed: bool,

    /// Keep one channel only, 1 to 16.
    #[arg(long, value_name = "N", value_parser = values::channel)]
    pub channel: Option<Channel>,

    /// Add a track moved onto this grid (1/16, 1/8t); the take stays.
    #[arg(long, value_name = "GRID")]
    pub quantise: Option<Grid>,

    /// How far onto the grid, in per cent.
    #[arg(long, value_name = "PER CENT", default_value = "100", requires = "quantise")]
    pub strength: Strength,

    /// Put it into a file of its own, FILE.quantised.mid.
    #[arg(long, requires = "quantise")]
    pub quantised_file: bool,

    /// Replace FILE if it is there, once the take is finished.
    #[arg(long, requires = "file")]
    pub force: bool,

    /// The library's folder instead of the settings'.
    #[arg(long, value_name = "FOLDER")]
    pub library: Option<PathBuf>,

    /// Record the buttons' messages instead of obeying them.
    #[arg(long, conflicts_with = "armed")]
    pub no_buttons: bool,

    /// Print what was recorded as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Leaves what few need to the long help, so that `-h` fits a screen.
fn less_often_used(arg: clap::Arg) -> clap::Arg {
    const OPTIONS: [&str; 11] = [
        "resolution",
        "strength",
        "layer",
        "transpose",
        "octave",
        "velocity",
        "soundfont",
        "dry",
        "output",
        "buffer",
        "rate",
    ];
    let hidden = OPTIONS.contains(&arg.get_id().as_str());
    arg.hide_short_help(hidden)
}

impl Args {
    fn plan(&self, settings: &Settings) -> Plan {
        let recording = &settings.record;
        let never = |silence: &Duration| silence.is_zero();
        let split = self.split_after.or(recording.split_after.filter(|_| self.may_split())).filter(|s| !never(s));
        let stop = self.stop_after.or(recording.stop_after).filter(|s| !never(s));
        let start = match () {
            () if self.armed => Start::RecButton,
            () if self.from_first_note || split.is_some() => Start::FirstNote,
            () => Start::AtOnce,
        };
        Plan {
            tempo: self.bpm.unwrap_or(recording.bpm),
            time_signature: self.time_signature.unwrap_or(recording.time_signature),
            ppq: self.resolution.unwrap_or(recording.resolution),
            count_in: self.count_in.unwrap_or(recording.count_in),
            start,
            silence: split.or(stop).map(Micros::from),
            split: split.is_some(),
            duration: self.duration.map(Micros::from),
            channel: self.channel,
            stay: self.armed || self.file.is_none(),
        }
    }

    /// Starts the sound, unless none is wanted.
    fn sound(&self, settings: &Settings, controls: &ControlMap, plan: &Plan, clock: Clock) -> Option<Sound> {
        if self.silent || !settings.sound.record {
            return None;
        }
        let wanted = Wanted {
            output: self.output.request(settings),
            any_output: self.output.any(),
            font: self.font.wish(settings),
            options: self.font.options(settings),
            keys: self.keys.wish(settings),
            knobs: knobs(controls),
            clicks: sound::click_volume(settings),
            metronome: self.metronome || settings.record.metronome,
        };
        let sound = Sound::start(wanted, clock);
        // Its first click should not be missed. Nothing is played that could be lost meanwhile.
        if plan.count_in > 0 && plan.start == Start::AtOnce {
            sound.settle(SETTLING);
        }
        Some(sound)
    }

    /// Whether the settings' way of splitting takes fits what was asked for.
    fn may_split(&self) -> bool {
        self.file.is_none() && !self.armed && self.stop_after.is_none() && self.duration.is_none()
    }

    /// Where the take goes, and what is to be said about it beforehand.
    fn destination(&self, library: &Path) -> anyhow::Result<(Destination, Option<String>)> {
        let Some(file) = &self.file else { return Ok((Destination::Library(library.to_owned()), None)) };
        if file.is_dir() {
            let message = format!("{} is a folder", file.display());
            let remedy = format!("name a file in it, or use --library {}", file.display());
            return Err(Failure::new(Exit::Usage, message).remedy(remedy).into());
        }
        if file.exists() && !self.force {
            let message = format!("{} is there already and stays as it is", file.display());
            return Err(Failure::new(Exit::Usage, message).remedy("another name, or --force to replace it").into());
        }
        let warning = match place::try_folder(file) {
            Ok(()) => None,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let folder = file.parent().unwrap_or(Path::new("."));
                let message = format!("the folder {} does not exist", folder.display());
                let remedy = format!("mkdir -p {}", folder.display());
                return Err(Failure::new(Exit::NotSaved, message).remedy(remedy).into());
            }
            // What is played now must not be lost over it: the take will be kept elsewhere.
            Err(e) => Some(format!(
                "warning: {} cannot be written ({e}); if that does not change, the take will be kept in {}",
                file.display(),
                library.display()
            )),
        };
        Ok((Destination::File { path: file.clone(), force: self.force }, warning))
    }
}

/// How long a count-in waits for the sound at most: a sound server may have to be started first.
const SETTLING: Duration = Duration::from_secs(2);

/// Records until the take is finished.
///
/// # Errors
/// When there is no keyboard or the file cannot be what was asked for.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let settings = source::settings(context);
    let folders = folders(&settings, args.library.as_deref())?;
    let (destination, warning) = args.destination(&folders.library)?;
    let mut line = StatusLine::new(args.metronome || settings.record.metronome);
    let found = recover::find(&folders.all_journals());
    found.remove_empty();
    tell_leftovers(&found, &mut line);

    let interrupt = Interrupt::install()?;
    let clock = Clock::start();
    let (controls, warnings) = ControlMap::from_settings(&settings.controls);
    warnings.iter().for_each(|w| line.say(w));
    let plan = args.plan(&settings);
    let sound = args.sound(&settings, &controls, &plan, clock);
    let rest = if plan.start == Start::AtOnce { plan.lead_in() } else { Micros::ZERO };
    let mut source = match args.source.open_for(clock, &settings, rest) {
        Err(e) if args.or_virtual && is_unusable(&e) => {
            line.say(&format!("{e}: the virtual keyboard plays a demo."));
            SourceArgs::demo().open_for(clock, &settings, rest)?
        }
        source => source?,
    };
    if let Some(warning) = warning {
        line.say(&warning);
    }

    if let Some(sound) = &sound {
        sound.listen(source.receiver.take_tap());
    }

    let Some(arrival) = recording::connected(&mut source, &interrupt, &mut line) else {
        line.say("No keyboard came; nothing was recorded.");
        return Ok(Exit::NoDevice);
    };
    let quantised = args.quantise.map(|grid| Quantised {
        how: Quantise { strength: args.strength, ..Quantise::onto(grid) },
        own_file: args.quantised_file,
    });
    let learned = ControlMap::only_learned(&settings.controls);
    if source.computer_keys {
        layout::HELP.iter().for_each(|help| line.say(help));
    }
    let setup = Setup {
        plan,
        destination,
        folders,
        transport: if args.no_buttons { Transport::Off } else { Transport::new(controls, learned, arrival.panel) },
        render: renderer(quantised),
    };
    let mut session = Session::start(setup, clock, arrival.at, Some(arrival.name));
    session.hear(&arrival.early);
    let follower = Follower::new(source::folders()?.state, Some(arrival.id));
    let outcome = Recording::new(session, line, interrupt, follower, sound).run(source);
    if args.json {
        context.out.json(&outcome)?;
    }
    Ok(outcome.exit(args.file.is_some()))
}

/// Where takes and journals go.
///
/// # Errors
/// When the user has no home folder.
pub(super) fn folders(settings: &Settings, library: Option<&Path>) -> anyhow::Result<TakeFolders> {
    let folders = TakeFolders::of_user(&source::folders()?.with_settings(settings));
    Ok(TakeFolders { library: library.map_or(folders.library.clone(), Path::to_owned), ..folders })
}

/// Whether there is no keyboard, or none that may be used.
fn is_unusable(error: &anyhow::Error) -> bool {
    let exit = error.downcast_ref::<Failure>().map(Failure::exit);
    matches!(exit, Some(Exit::NoDevice | Exit::NotPermitted))
}

fn tell_leftovers(found: &recover::Found, line: &mut StatusLine) {
    match found.takes.len() {
        0 => {}
        1 => line.say("A take was left behind by a crash: `composer recover` brings it back."),
        n => line.say(&format!("{n} takes were left behind by a crash: `composer recover` brings them back.")),
    }
}
