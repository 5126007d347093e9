//! `composer learn`: what a control of the keyboard sends, found out by moving it.

use std::io::Write;
use std::time::{Duration, Instant};

use clap::builder::PossibleValuesParser;
use serde::Serialize;

use super::interrupt::Interrupt;
use super::output::{FAINT, GOOD, HEADING};
use super::source::{self, SourceArgs};
use super::{Context, Exit, Failure, values};
use crate::keyboard::controls::{Binding, Control, ControlMap, Press};
use crate::keyboard::{Clock, Event};
use crate::settings;
use crate::studio::learn::{LISTEN_ON, Lesson};

/// The options of `composer learn`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer learn play")]
#[command(group = clap::ArgGroup::new("task").required(true).args(["control", "list", "reset"]))]
pub struct Args {
    /// The control to learn: move it when asked.
    #[arg(value_parser = PossibleValuesParser::new(Control::ALL.map(Control::name)), value_name = "CONTROL")]
    control: Option<String>,

    /// Show what every control sends.
    #[arg(long)]
    list: bool,

    /// Forget what was learned for this control, or for all.
    #[arg(long, value_name = "CONTROL|all", value_parser = PossibleValuesParser::new(names_and_all()), hide_possible_values = true)]
    reset: Option<String>,

    /// The button sends a high and a low value in turns, one a press.
    #[arg(long, requires = "control")]
    toggle: bool,

    /// How long to wait for the control.
    #[arg(long, value_parser = values::duration, value_name = "TIME", default_value = "30s")]
    timeout: Duration,

    /// Print JSON (composer.learn/1).
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    source: SourceArgs,
}

fn names_and_all() -> Vec<&'static str> {
    Control::ALL.iter().map(|c| c.name()).chain(["all"]).collect()
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    controls: Vec<Entry>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Entry {
    control: &'static str,
    message: String,
    channel: Option<u8>,
    toggle: bool,
    learned: bool,
}

/// Learns, lists or forgets.
///
/// # Errors
/// When no keyboard is there, nothing was moved in time, or the settings cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    if let Some(name) = &args.reset {
        reset(name, context)?;
        return list(args, context);
    }
    match args.control.as_deref().and_then(Control::from_name) {
        Some(control) => learn(control, args, context),
        None => list(args, context),
    }
}

fn list(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let settings = source::settings(context);
    let (map, warnings) = ControlMap::from_settings(&settings.controls);
    warnings.iter().for_each(|w| source::warn(w));
    if args.json {
        let controls = Control::ALL.into_iter().filter_map(|c| Some(entry(c, map.binding(c)?))).collect();
        context.out.json(&Report { schema: "composer.learn/1", controls, warnings })?;
        return Ok(Exit::Success);
    }
    for control in Control::ALL {
        let Some(binding) = map.binding(control) else { continue };
        let entry = entry(control, binding);
        let learned = if entry.learned { format!("  {FAINT}learned{FAINT:#}") } else { String::new() };
        writeln!(
            context.out,
            "{HEADING}{:<12}{HEADING:#} {:<18} {}{learned}",
            entry.control,
            control.label(),
            describe(binding)
        )?;
    }
    Ok(Exit::Success)
}

fn entry(control: Control, binding: &Binding) -> Entry {
    Entry {
        control: control.name(),
        message: binding.source.to_string(),
        channel: binding.channel.map(|c| c.number()),
        toggle: binding.press == Press::Toggle,
        learned: binding.source != control.default_source()
            || binding.channel.is_some()
            || binding.press != Press::default(),
    }
}

fn describe(binding: &Binding) -> String {
    let channel = binding.channel.map_or_else(String::new, |c| format!(", channel {}", c.number()));
    let press = if binding.press == Press::Toggle { ", toggle" } else { "" };
    format!("{}{channel}{press}", binding.source)
}

fn reset(name: &str, context: &Context) -> anyhow::Result<()> {
    let file = source::settings_file(context)?;
    if !file.exists() {
        return Ok(());
    }
    let controls = Control::ALL.into_iter().filter(|c| name == "all" || c.name() == name);
    for control in controls {
        settings::set_control(&file, control.name(), None).map_err(|e| not_kept(&e))?;
    }
    Ok(())
}

fn not_kept(error: &settings::SettingsError) -> Failure {
    let failure = Failure::new(Exit::NotPermitted, error.to_string());
    match error {
        settings::SettingsError::Broken { .. } => Failure::new(
            Exit::BadInput,
            format!("the settings file is left as it is, because it cannot be understood: {error}"),
        )
        .remedy("mend that line, or move the file away"),
        _ => failure.remedy("check the file's permissions, or give another with `--settings FILE`"),
    }
}

fn learn(control: Control, args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let file = source::settings_file(context)?;
    let loaded = settings::load(&file);
    // Before anybody moves anything: what cannot be kept need not be learned.
    if let settings::State::Broken(error) = loaded.state {
        return Err(not_kept(&error).into());
    }
    let settings = loaded.settings;
    let (map, _) = ControlMap::from_settings(&settings.controls);
    if args.source.r#virtual.is_some() {
        // Trying it out is fine; finding the real keyboard's button without effect afterwards is not.
        source::warn(&format!(
            "what the virtual keyboard sends is kept in {} for every keyboard; `composer learn --reset {}` forgets it",
            file.display(),
            control.name()
        ));
    }
    let interrupt = Interrupt::install()?;
    let mut source = args.source.open(Clock::start(), &settings)?;
    let verb = if control.is_button() { "press" } else { "move" };
    writeln!(anstream::stderr(), "{verb} {} now (Ctrl-C ends)", control.label())?;

    let press = if args.toggle { Press::Toggle } else { Press::Momentary };
    let heard = listen(Lesson::new(control, press), &mut source.receiver, args.timeout, &interrupt);
    drop(source);
    let Some((binding, count)) = heard else {
        if interrupt.came() {
            return Ok(Exit::Failure);
        }
        let what = format!("nothing came from {}; nothing is changed", control.label());
        return Err(Failure::new(Exit::Failure, what)
            .remedy("`composer monitor` shows all that comes; `--timeout 60s` waits longer")
            .into());
    };
    let values = format!("{count} message{}", if count == 1 { "" } else { "s" });
    let warnings: Vec<String> = map
        .rival(control, &binding.source, binding.channel)
        .map(|other| {
            format!(
                "{} is what {} sends too; `composer learn {}` gives that another",
                binding.source,
                other.label(),
                other.name()
            )
        })
        .into_iter()
        .collect();
    settings::set_control(&file, control.name(), Some(&binding.to_setting())).map_err(|e| not_kept(&e))?;

    warnings.iter().for_each(|w| source::warn(w));
    if args.json {
        context.out.json(&Report { schema: "composer.learn/1", controls: vec![entry(control, &binding)], warnings })?;
    } else {
        let name = control.label();
        writeln!(
            context.out,
            "{GOOD}learned{GOOD:#}: {name} sends {} ({values}); kept in {}",
            describe(&binding),
            file.display()
        )?;
    }
    Ok(Exit::Success)
}

/// Listens until the control has been moved.
fn listen(
    mut lesson: Lesson,
    receiver: &mut crate::keyboard::Receiver,
    timeout: Duration,
    interrupt: &Interrupt,
) -> Option<(Binding, usize)> {
    let mut deadline = Instant::now() + timeout;
    let mut began = false;
    let mut events = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || interrupt.came() {
            break;
        }
        receiver.drain(left, &mut events);
        let ended = events.iter().any(|e| matches!(e, Event::Ended { .. }));
        for event in events.drain(..) {
            let Event::Message { at, message } = event else { continue };
            if lesson.hear(at, &message) && !std::mem::replace(&mut began, true) {
                deadline = deadline.min(Instant::now() + Duration::from(LISTEN_ON));
            }
        }
        if ended {
            break;
        }
    }
    lesson.learned()
}
