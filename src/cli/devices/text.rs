//! The listing for people: a block for each keyboard with the chain from top to bottom, then short lists.

use std::io::{self, Write};

use crate::cli::output::{ERROR, FAINT, GOOD, HEADING, WARNING};
use crate::keyboard::Port;
use crate::keyboard::chain::{Keyboard, Stage};
use crate::keyboard::usb::{Direction, Transfer, UsbDevice};

use super::Document;

pub(super) fn print(found: &Document, audio: bool, out: &mut impl Write) -> io::Result<()> {
    heading(out, "Keyboards")?;
    for keyboard in &found.keyboards {
        print_keyboard(keyboard, out)?;
    }
    if found.keyboards.is_empty() {
        writeln!(out, "  none on the USB bus: plug one in and watch it come: composer devices --watch")?;
        writeln!(out, "  without one, the built-in keyboard plays: composer record --virtual")?;
    }
    heading(out, "\nOther MIDI ports")?;
    print_ports(found, out)?;
    if audio {
        print_audio(found, out)?;
    }
    for problem in &found.problems {
        writeln!(out, "\n{WARNING}{}:{WARNING:#} {}", problem.part, problem.message)?;
    }
    if !found.problems.is_empty() || found.keyboards.iter().any(|k| k.missing.is_some()) || found.keyboards.is_empty() {
        writeln!(out, "\nWhat to do about it: composer doctor")?;
    }
    Ok(())
}

fn print_audio(found: &Document, out: &mut impl Write) -> io::Result<()> {
    heading(out, "\nAudio outputs")?;
    let width = found.audio_outputs.iter().map(|o| o.id.chars().count()).max().unwrap_or(0);
    for output in &found.audio_outputs {
        let note = if output.default { " (the system's choice)" } else { "" };
        writeln!(out, "  {:width$}  {}{FAINT}{note}{FAINT:#}", output.id, output.name)?;
    }
    let audio_failed = found.problems.iter().any(|p| p.part == "audio");
    if found.audio_outputs.is_empty() && !audio_failed {
        writeln!(out, "  none")?;
    }
    Ok(())
}

fn heading(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{HEADING}{text}{HEADING:#}")
}

fn print_keyboard(keyboard: &Keyboard, out: &mut impl Write) -> io::Result<()> {
    let maker = keyboard.usb.as_ref().and_then(|u| u.manufacturer.as_deref()).unwrap_or_default();
    write!(out, "  {HEADING}{}{HEADING:#}  {maker}", keyboard.name)?;
    match keyboard.recognised_by() {
        Some(by) => writeln!(out, "  {GOOD}AKM322, recognised by its {by}{GOOD:#}")?,
        None => writeln!(out)?,
    }
    match &keyboard.usb {
        Some(usb) => print_usb(usb, out)?,
        None => row(out, "USB", &format!("{FAINT}the device cannot be seen from here{FAINT:#}"))?,
    }
    let missing = |link| keyboard.missing.as_ref().filter(|m| m.link == link).map(|m| m.reason.as_str());
    if let Some(reason) = missing(Stage::Driver) {
        return lacking(out, "driver", reason);
    }
    if let Some(driver) = keyboard.usb.as_ref().and_then(UsbDevice::midi_driver) {
        row(out, "driver", driver)?;
    }
    if let Some(reason) = missing(Stage::Card) {
        return lacking(out, "card", reason);
    }
    if let Some(card) = &keyboard.card {
        let raw: Vec<String> = card.raw_midi.iter().map(|m| format!("hw:{},{}", card.index, m.device)).collect();
        row(out, "card", &format!("{} {}, raw MIDI {}", card.index, card.id, raw.join(" ")))?;
    }
    if let Some(reason) = missing(Stage::Port) {
        return lacking(out, "port", reason);
    }
    for port in &keyboard.inputs {
        let both = keyboard.outputs.iter().any(|o| o.id == port.id);
        row(out, "port", &describe(port, if both { "in and out" } else { "in" }))?;
    }
    for port in keyboard.outputs.iter().filter(|o| keyboard.inputs.iter().all(|i| i.id != o.id)) {
        row(out, "port", &describe(port, "out"))?;
    }
    if let Some(bytes) = keyboard.received_bytes {
        let received = match bytes {
            0 => "nothing yet (press a key: composer doctor --listen 5)".to_owned(),
            n => format!("{n} bytes since it was plugged in"),
        };
        let listeners = match &keyboard.listeners[..] {
            [] => String::new(),
            names => format!("; {} listens", names.join(", ")),
        };
        row(out, "received", &format!("{received}{listeners}"))?;
    }
    if let Some(last) = &keyboard.last_message {
        row(out, "last", &format!("{} ({}), heard {}", last.bytes, last.meaning, last.at))?;
    }
    Ok(())
}

fn print_usb(usb: &UsbDevice, out: &mut impl Write) -> io::Result<()> {
    let power = match (usb.self_powered, usb.max_power_ma) {
        (true, _) => ", powered by itself".to_owned(),
        (false, Some(ma)) => format!(", bus-powered (up to {ma} mA)"),
        (false, None) => String::new(),
    };
    row(
        out,
        "USB",
        &format!(
            "socket {}, {}:{} release {}, {}{power}",
            usb.path, usb.vendor_id, usb.product_id, usb.release, usb.speed
        ),
    )?;
    if let Some(serial) = &usb.serial {
        row(out, "", &format!("serial number {serial}"))?;
    }
    for interface in usb.interfaces.iter().filter(|i| i.alternate == 0) {
        let endpoints: Vec<String> = interface
            .endpoints
            .iter()
            .map(|e| {
                let transfer = match e.transfer {
                    Transfer::Control => "control",
                    Transfer::Isochronous => "isochronous",
                    Transfer::Bulk => "bulk",
                    Transfer::Interrupt => "interrupt",
                };
                let direction = match e.direction {
                    Direction::In => "in",
                    Direction::Out => "out",
                };
                format!("{transfer} {direction} {:02x} ({} bytes)", e.address, e.max_packet_bytes)
            })
            .collect();
        let colon = if endpoints.is_empty() { "" } else { ": " };
        row(
            out,
            "",
            &format!("interface {} {}{colon}{}", interface.number, interface.purpose(), endpoints.join(", ")),
        )?;
    }
    Ok(())
}

fn describe(port: &Port, ways: &str) -> String {
    let address = port.address.map(|(client, port)| format!(", {client}:{port}")).unwrap_or_default();
    format!("{}  {} ({ways}{address})", port.id, port.name)
}

fn row(out: &mut impl Write, label: &str, value: &str) -> io::Result<()> {
    writeln!(out, "    {FAINT}{label:9}{FAINT:#} {value}")
}

fn lacking(out: &mut impl Write, label: &str, reason: &str) -> io::Result<()> {
    row(out, label, &format!("{ERROR}missing:{ERROR:#} {reason}"))
}

fn print_ports(found: &Document, out: &mut impl Write) -> io::Result<()> {
    let only_out = |o: &&Port| found.other_inputs.iter().all(|i| i.id != o.id || i.address != o.address);
    let both = |i: &Port| found.other_outputs.iter().any(|o| o.id == i.id && o.address == i.address);
    let mut lines: Vec<(&Port, &str)> =
        found.other_inputs.iter().map(|p| (p, if both(p) { "in and out" } else { "in" })).collect();
    lines.extend(found.other_outputs.iter().filter(only_out).map(|p| (p, "out")));
    let width = lines.iter().map(|(p, _)| p.id.chars().count()).max().unwrap_or(0);
    for (port, ways) in &lines {
        writeln!(out, "  {:width$}  {} {FAINT}({ways}){FAINT:#}", port.id, port.name)?;
    }
    if lines.is_empty() && found.problems.iter().all(|p| p.part != "ports") {
        writeln!(out, "  none")?;
    }
    Ok(())
}
