//! The command line: what can be typed, and the way from an outcome to an exit code.
//!
//! One file a subcommand, each with its `Args` and a `run`. Results go to standard output through
//! [`output::Output`]; progress and messages go to standard error.

pub mod bar;
#[cfg(feature = "s3")]
pub mod bucket;
pub mod compose;
pub mod demo;
pub mod devices;
pub mod doctor;
pub mod download;
pub mod evaluate;
pub mod extend;
pub mod failure;
pub mod generate;
pub mod info;
pub mod instruments;
pub mod interrupt;
pub mod jobs;
pub mod learn;
pub mod listening;
pub mod monitor;
pub mod output;
pub mod play;
pub mod record;
pub mod recover;
pub mod render;
#[cfg(feature = "s3")]
pub mod serve;
pub mod share;
pub mod sound;
pub mod source;
pub mod store;
pub mod submit;
pub mod sync;
#[cfg(feature = "train")]
pub mod train;
pub mod upload;
pub mod values;
mod window;
pub mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use failure::{Exit, Failure};
use output::Output;

use crate::studio::start::Start;

const USAGE: &str = "composer [FILE.mid]      the window, with this file\n       composer <COMMAND> ...";

/// Commands that share a line of the program's own help, so that it fits a screen, and what they are for.
const TOGETHER: (&[&str], &str) =
    (&["upload", "download", "share", "sync"], "Bring music to your bucket and back; let others listen");

/// Play it, keep it: the AWS DeepComposer keyboard (AKM322) without its cloud.
#[derive(Debug, Parser)]
#[command(name = "composer", version, max_term_width = 100, subcommand_precedence_over_arg = true)]
#[command(after_help = failure::EXIT_CODES, override_usage = USAGE)]
pub struct Cli {
    /// Open this file in the window; without a command and a file the window opens.
    #[arg(value_name = "FILE.mid", hide = true)]
    pub file: Option<PathBuf>,

    /// Play the built-in keyboard in the window: demo, a script or a MIDI file.
    #[arg(long, value_name = "demo|FILE", num_args = 0..=1, require_equals = true, default_missing_value = "demo")]
    #[arg(hide = true)]
    pub r#virtual: Option<String>,

    /// Settings file instead of the usual one [env: COMPOSER_SETTINGS].
    #[arg(long, global = true, value_name = "FILE", env = "COMPOSER_SETTINGS", hide_env = true)]
    #[arg(display_order = 1000)]
    pub settings: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// A file to open in the window and a command cannot both be meant. clap's own check of that would also refuse
    /// `--settings FILE COMMAND`.
    fn one_thing(self) -> Result<Cli, clap::Error> {
        if self.command.is_some() && (self.file.is_some() || self.r#virtual.is_some()) {
            let what = "a command has its arguments behind it; what stands before it is for the window";
            return Err(definition().error(clap::error::ErrorKind::ArgumentConflict, what));
        }
        Ok(self)
    }
}

/// What opens the window, where it is built in.
pub type OpenWindow = fn(Start) -> Result<(), String>;

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List keyboards from the USB bus to the MIDI port, other MIDI ports and audio outputs.
    Devices(devices::Args),
    /// Find out why the keyboard cannot be used, and what to type about it.
    Doctor(doctor::Args),
    /// Show what the keyboard sends, as it comes.
    Monitor(monitor::Args),
    /// Teach composer what a control of the keyboard sends.
    Learn(learn::Args),
    /// Play the keyboard as an instrument, or perform MIDI files.
    Play(play::Args),
    /// Record what is played into a Standard MIDI File.
    Record(record::Args),
    /// List or restore takes that a crash left behind.
    Recover(recover::Args),
    /// Show what is in a Standard MIDI File.
    Info(info::Args),
    /// Render a MIDI file into a WAV, FLAC or Ogg file, or a picture.
    Render(render::Args),
    /// List the instruments of the SoundFont.
    Instruments(instruments::Args),
    /// Add harmony to a melody, sung or played by a band.
    Compose(compose::Args),
    /// Let a melody go on where it ends.
    Extend(extend::Args),
    /// Measure the model that composes on a set of pieces.
    Evaluate(evaluate::Args),
    /// Teach the model that composes your own music.
    #[cfg(feature = "train")]
    Train(train::Args),
    /// Have workers compose, here or elsewhere.
    Submit(submit::Args),
    /// Show what became of what was submitted; wait for it, fetch it, cancel it.
    Jobs(jobs::Args),
    /// Do what was submitted.
    Worker(worker::Args),
    /// Bring files to your bucket.
    Upload(upload::Args),
    /// List what is in your bucket, and bring it back.
    Download(download::Args),
    /// Let others listen: a page that plays, under a link that expires.
    Share(share::Args),
    /// Make your library and the one in your bucket alike.
    Sync(sync::Args),
    /// Check your bucket.
    #[cfg(feature = "s3")]
    Bucket(bucket::Args),
    /// Be the bucket: serve a folder to your other computers.
    #[cfg(feature = "s3")]
    Serve(serve::Args),
    /// Go the whole way once, with a keyboard that is built in.
    Demo(demo::Args),
    /// Print a completion script for a shell.
    Completions(generate::CompletionsArgs),
    /// Write the manual pages into a folder.
    #[command(hide = true)]
    Man(generate::ManArgs),
}

/// What every command gets.
#[derive(Debug)]
pub struct Context {
    /// Where results go.
    pub out: Output,
    /// The settings file that the user named.
    pub settings: Option<PathBuf>,
}

/// Parses the command line, runs the command (without one: opens the window) and answers with the exit code.
#[must_use]
pub fn main(open_window: Option<OpenWindow>) -> ExitCode {
    let cli = match parse().and_then(Cli::one_thing) {
        Ok(cli) => cli,
        Err(e) => {
            let code = if e.use_stderr() { Exit::Usage } else { Exit::Success };
            let _ = e.print();
            return code.into();
        }
    };
    interrupt::outlive_full_files();
    let mut context = Context { out: Output::stdout(), settings: cli.settings };
    let Some(command) = cli.command else {
        return match window::run(cli.file, cli.r#virtual.as_deref(), open_window, &context) {
            Ok(exit) => exit.into(),
            Err(error) => failure::report(&error).into(),
        };
    };
    let outcome = match command {
        Command::Devices(args) => devices::run(&args, &mut context),
        Command::Doctor(args) => doctor::run(&args, &mut context),
        Command::Monitor(args) => monitor::run(&args, &mut context),
        Command::Learn(args) => learn::run(&args, &mut context),
        Command::Play(args) => play::run(&args, &mut context),
        Command::Record(args) => record::run(&args, &mut context),
        Command::Recover(args) => recover::run(&args, &mut context),
        Command::Info(args) => info::run(&args, &mut context),
        Command::Render(args) => render::run(&args, &mut context),
        Command::Instruments(args) => instruments::run(&args, &mut context),
        Command::Compose(args) => compose::run(&args, &mut context),
        Command::Extend(args) => extend::run(&args, &mut context),
        Command::Evaluate(args) => evaluate::run(&args, &mut context),
        #[cfg(feature = "train")]
        Command::Train(args) => train::run(&args, &mut context),
        Command::Submit(args) => submit::run(&args, &mut context),
        Command::Jobs(args) => jobs::run(&args, &mut context),
        Command::Worker(args) => worker::run(&args, &mut context),
        Command::Upload(args) => upload::run(&args, &mut context),
        Command::Download(args) => download::run(&args, &mut context),
        Command::Share(args) => share::run(&args, &mut context),
        Command::Sync(args) => sync::run(&args, &mut context),
        #[cfg(feature = "s3")]
        Command::Bucket(args) => bucket::run(&args, &mut context),
        #[cfg(feature = "s3")]
        Command::Serve(args) => serve::run(&args, &mut context),
        Command::Demo(args) => demo::run(&args, &mut context),
        Command::Completions(args) => generate::completions(&args, &mut context),
        Command::Man(args) => generate::man(&args, &mut context),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => failure::report(&error).into(),
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let matches = definition().try_get_matches()?;
    Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut definition()))
}

/// The definition of the whole command line, for completions, manual pages and tests.
#[must_use]
pub fn definition() -> clap::Command {
    let command = Cli::command();
    let styles = command.get_styles();
    let (header, literal) = (*styles.get_header(), *styles.get_literal());
    let mut list = String::new();
    let (together, what) = TOGETHER;
    for about in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        let name = about.get_name();
        if name == together[0] {
            list.push_str(&format!("  {literal}{}{literal:#}  {what}\n", together.join(", ")));
        } else if !together.contains(&name) {
            let text = about.get_about().map(ToString::to_string).unwrap_or_default();
            list.push_str(&format!("  {literal}{name:<11}{literal:#}  {text}\n"));
        }
    }
    let template = format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{header}Commands:{header:#}\n{list}\n\
         {header}Options:{header:#}\n{{options}}{{after-help}}"
    );
    command.help_template(template)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_sound() {
        super::definition().debug_assert();
    }
}
