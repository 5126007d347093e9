//! `composer devices --watch`: one line for each arrival and departure, as they happen.
//!
//! The sequencer announces ports at once; USB devices that never become a port are found by a look at
//! the bus, a few times a second, which costs next to nothing.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;

use crate::cli::interrupt::Interrupt;
use crate::cli::output::{FAINT, GOOD, WARNING};
use crate::cli::{Context, Exit};
use crate::keyboard::Port;
use crate::keyboard::chain::Keyboard;
use crate::keyboard::hotplug::{UsbBus, Watcher};
use crate::studio::survey;

use super::Args;

/// How often the USB bus is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long after a change everything is looked at again and again: the kernel shows a device before
/// libusb, and the driver before the port.
const SETTLING: Duration = Duration::from_secs(3);

/// What happened to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Happening {
    /// It was there when the watch began.
    Present,
    Arrived,
    Left,
}

/// Something that comes and goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Thing {
    Keyboard { name: String, akm322: Option<crate::keyboard::ports::MatchedBy>, usb_path: String, address: u8 },
    Input(Port),
    Output(Port),
}

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    at: String,
    event: Happening,
    #[serde(flatten)]
    thing: &'a Thing,
}

/// Runs until Ctrl-C or SIGTERM.
pub(super) fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let mut watcher = Watcher::start().context("cannot watch MIDI ports")?;
    let waker = watcher.waker();
    let interrupt = Interrupt::install_with(move || waker.wake())?;
    let mut bus = UsbBus::look();
    let mut settled = Instant::now();
    let mut known = things();
    for thing in &known {
        tell(Happening::Present, thing, args, context)?;
    }
    if !args.json {
        eprint_hint();
    }
    while !interrupt.came() {
        let ports_changed = watcher.wait(LOOK_EVERY);
        let bus_now = UsbBus::look();
        if ports_changed || bus_now.is_none() || bus_now != bus {
            settled = Instant::now() + SETTLING;
        } else if Instant::now() > settled {
            continue;
        }
        bus = bus_now;
        let departed = watcher.departures();
        let now = things();
        for thing in known.iter().filter(|t| !now.contains(t) || t.is_at(&departed)) {
            tell(Happening::Left, thing, args, context)?;
        }
        for thing in now.iter().filter(|t| !known.contains(t) || t.is_at(&departed)) {
            tell(Happening::Arrived, thing, args, context)?;
        }
        known = now;
    }
    Ok(Exit::Success)
}

fn eprint_hint() {
    let _ = writeln!(anstream::stderr(), "{FAINT}watching; Ctrl-C ends it{FAINT:#}");
}

fn things() -> Vec<Thing> {
    let joined = survey::survey(None).joined;
    let keyboards = joined.keyboards.iter().filter_map(|k: &Keyboard| {
        let usb = k.usb.as_ref()?;
        Some(Thing::Keyboard {
            name: k.name.clone(),
            akm322: k.akm322,
            usb_path: usb.path.clone(),
            address: usb.address,
        })
    });
    let inputs = joined.keyboards.iter().flat_map(|k| &k.inputs).chain(&joined.other_inputs);
    let outputs = joined.keyboards.iter().flat_map(|k| &k.outputs).chain(&joined.other_outputs);
    keyboards.chain(inputs.cloned().map(Thing::Input)).chain(outputs.cloned().map(Thing::Output)).collect()
}

impl Thing {
    /// Whether it is a port at one of these addresses.
    fn is_at(&self, addresses: &[(i32, i32)]) -> bool {
        match self {
            Thing::Keyboard { .. } => false,
            Thing::Input(port) | Thing::Output(port) => port.address.is_some_and(|a| addresses.contains(&a)),
        }
    }
}

fn tell(event: Happening, thing: &Thing, args: &Args, context: &mut Context) -> anyhow::Result<()> {
    let now = jiff::Zoned::now();
    if args.json {
        let at = now.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string();
        return context.out.json_line(&Line { schema: "composer.devices.event/1", at, event, thing });
    }
    let (style, word) = match event {
        Happening::Present => (FAINT, "present"),
        Happening::Arrived => (GOOD, "arrived"),
        Happening::Left => (WARNING, "left"),
    };
    let what = match thing {
        Thing::Keyboard { name, akm322, usb_path, .. } => {
            let akm322 = if akm322.is_some() && name != "AKM322" { " (an AKM322)" } else { "" };
            format!("keyboard  {name}{akm322} in USB socket {usb_path}")
        }
        Thing::Input(port) => format!("input     {}  {}", port.id, port.name),
        Thing::Output(port) => format!("output    {}  {}", port.id, port.name),
    };
    writeln!(context.out, "{} {style}{word:8}{style:#} {what}", now.strftime("%H:%M:%S%.3f"))?;
    context.out.flush()?;
    Ok(())
}
