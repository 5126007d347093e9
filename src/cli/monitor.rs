//! `composer monitor`: what the keyboard sends, as it comes.

use std::time::{Duration, Instant};

use super::interrupt::Interrupt;
use super::source::{self, SourceArgs};
use super::{Context, Exit, values};
use crate::keyboard::controls::ControlMap;
use crate::keyboard::{Clock, Event};
use crate::music::Channel;
use crate::studio::last_message::Follower;

mod decode;
mod filter;
mod panel;
mod print;

pub use filter::Kind;
use panel::Panel;
use print::Printer;

/// How often the panel is drawn anew, at most.
const FRAME: Duration = Duration::from_millis(66);

/// The options of `composer monitor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer monitor --only notes,controls --duration 30s")]
pub struct Args {
    #[command(flatten)]
    source: SourceArgs,

    /// Show the bytes too, in hexadecimal.
    #[arg(long)]
    raw: bool,

    /// One JSON object a line (composer.monitor/1).
    #[arg(long)]
    json: bool,

    /// Only these kinds: notes, controls, pitch, pressure, programs, sysex, system.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,..", hide_possible_values = true)]
    only: Vec<Kind>,

    /// Only these channels, 1 to 16.
    #[arg(long, value_parser = values::channel, value_delimiter = ',', value_name = "N,..")]
    channel: Vec<Channel>,

    /// Stop after this time, such as 30s.
    #[arg(long, value_parser = values::duration, value_name = "TIME")]
    duration: Option<Duration>,

    /// Stop after so many messages.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Shows messages until Ctrl-C, SIGTERM, the end of a virtual keyboard, or one of the limits.
///
/// # Errors
/// When there is no such keyboard, or standard output cannot be written.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let settings = source::settings(context);
    let (controls, warnings) = ControlMap::from_settings(&settings.controls);
    warnings.iter().for_each(|w| source::warn(w));
    let interrupt = Interrupt::install()?;
    let clock = Clock::start();
    let mut source = args.source.open(clock, &settings)?;
    let panel = (context.out.is_terminal() && !args.json).then(|| Panel::new(source.computer_keys));
    let printer = Printer { json: args.json, raw: args.raw, controls: &controls, line_end: source.line_end() };
    let mut monitor = Monitor { args, printer, panel, shown: 0 };

    let deadline = args.duration.map(|d| Instant::now() + d);
    let mut events = Vec::new();
    if args.source.wait {
        source.receiver.drain(Duration::ZERO, &mut events);
        if events.is_empty() {
            monitor.say_waiting();
        }
    }
    let mut follower = Follower::new(source::folders()?.state, None);
    loop {
        follower.hear(&events);
        let over = monitor.show(&events, clock, context)?;
        events.clear();
        let left = deadline.map_or(Duration::from_secs(3600), |d| d.saturating_duration_since(Instant::now()));
        if over || left.is_zero() || interrupt.came() {
            break;
        }
        let patience = if monitor.panel.is_some() { FRAME } else { left };
        source.receiver.drain(patience.min(left), &mut events);
    }
    // The terminal is put back before the last words.
    drop(source);
    monitor.end(context)?;
    Ok(Exit::Success)
}

struct Monitor<'a> {
    args: &'a Args,
    printer: Printer<'a>,
    panel: Option<Panel>,
    shown: u64,
}

impl Monitor<'_> {
    /// Shows what came; whether that was all.
    fn show(&mut self, events: &[Event], clock: Clock, context: &mut Context) -> anyhow::Result<bool> {
        let mut text = String::new();
        let mut over = false;
        for event in events {
            if let Some(panel) = &mut self.panel {
                panel.hear(event, self.printer.controls);
            }
            match event {
                Event::Message { message, .. } => {
                    if !filter::passes(message, &self.args.only, &self.args.channel) {
                        continue;
                    }
                    self.printer.event(event, &mut text)?;
                    self.shown += 1;
                    over = self.args.count.is_some_and(|n| self.shown >= n);
                }
                Event::Ended { .. } => over = true,
                _ => self.printer.event(event, &mut text)?,
            }
            if over {
                break;
            }
        }
        match &mut self.panel {
            Some(panel) => panel.draw(&text, clock.now(), &mut context.out)?,
            None if !text.is_empty() => {
                use std::io::Write;
                context.out.write_all(text.as_bytes())?;
                context.out.flush()?;
            }
            None => {}
        }
        Ok(over)
    }

    fn say_waiting(&self) {
        use std::io::Write;
        let _ = writeln!(anstream::stderr(), "waiting for the keyboard; Ctrl-C ends");
    }

    fn end(&mut self, context: &mut Context) -> anyhow::Result<()> {
        self.panel.as_mut().map_or(Ok(()), |panel| panel.end(&mut context.out))
    }
}
