//! One line an event: columns for people, JSON for programs.

use std::fmt::Write;

use serde::Serialize;

use super::decode::{Meaning, hex};
use crate::cli::output::{FAINT, GOOD, WARNING};
use crate::keyboard::Event;
use crate::keyboard::controls::{ControlMap, Panel};
use crate::music::Micros;

pub(super) const SCHEMA: &str = "composer.monitor/1";

pub(super) struct Printer<'a> {
    pub(super) json: bool,
    pub(super) raw: bool,
    pub(super) controls: &'a ControlMap,
    /// A terminal in raw mode wants a carriage return too.
    pub(super) line_end: &'static str,
}

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    /// Seconds since the start.
    t: f64,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum What<'a> {
    Message {
        channel: Option<u8>,
        #[serde(flatten)]
        meaning: Meaning,
        bytes: String,
    },
    Connected {
        port: &'a str,
        id: &'a str,
        akm322: bool,
    },
    Disconnected,
    Refused {
        reason: &'a str,
    },
    Overrun {
        lost: Option<u64>,
    },
    Ended,
}

impl Printer<'_> {
    pub(super) fn event(&self, event: &Event, out: &mut String) -> anyhow::Result<()> {
        if self.json {
            let line = Line { schema: SCHEMA, t: event.at().as_secs_f64(), what: self.data(event) };
            out.push_str(&serde_json::to_string(&line)?);
        } else {
            self.line(event, out)?;
        }
        out.push_str(self.line_end);
        Ok(())
    }

    fn data<'e>(&self, event: &'e Event) -> What<'e> {
        match event {
            Event::Message { message, .. } => What::Message {
                channel: message.channel().map(|c| c.number()),
                meaning: Meaning::of(message, self.controls),
                bytes: hex(message),
            },
            Event::Connected { name, id, panel, .. } => {
                What::Connected { port: name, id, akm322: *panel == Panel::Akm322 }
            }
            Event::Disconnected { .. } => What::Disconnected,
            Event::Refused { reason, .. } => What::Refused { reason },
            Event::Overrun { lost, .. } => What::Overrun { lost: *lost },
            Event::Ended { .. } => What::Ended,
        }
    }

    fn line(&self, event: &Event, out: &mut String) -> std::fmt::Result {
        time(event.at(), out)?;
        match event {
            Event::Message { message, .. } => {
                match message.channel() {
                    Some(channel) => write!(out, "  ch {:<2}  ", channel.number())?,
                    None => out.push_str("         "),
                }
                let words = Meaning::of(message, self.controls).words();
                if self.raw { write!(out, "{words:<44}  {}", hex(message)) } else { out.write_str(&words) }
            }
            Event::Connected { name, id, panel, .. } => {
                let kind = if *panel == Panel::Akm322 { ", an AKM322" } else { "" };
                write!(out, "  {GOOD}connected{GOOD:#}: {name} ({id}{kind})")
            }
            Event::Disconnected { .. } => {
                write!(out, "  {WARNING}disconnected{WARNING:#}; waiting for the keyboard to come back")
            }
            Event::Refused { reason, .. } => write!(out, "  {WARNING}refused{WARNING:#}: {reason}"),
            Event::Overrun { lost, .. } => {
                let number = lost.map_or_else(String::new, |n| format!("{n} "));
                write!(out, "  {WARNING}{number}messages were lost{WARNING:#}: the computer was too busy")
            }
            Event::Ended { .. } => out.write_str("  ended"),
        }
    }
}

fn time(at: Micros, out: &mut String) -> std::fmt::Result {
    write!(out, "{FAINT}{:>9.3}{FAINT:#}", at.as_secs_f64())
}
