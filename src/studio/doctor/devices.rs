//! The checks along the chain from the USB socket to the MIDI port. Without these, nothing is recorded.

use crate::keyboard::chain::{Keyboard, Stage};
use crate::keyboard::facts::{Access, Facts, Sandbox};
use crate::studio::survey::Survey;

use super::surroundings::let_through;
use super::{Check, Status};

pub(super) fn usb_device(survey: &Survey) -> Check {
    const ID: &str = "usb-device";
    let keyboards = &survey.joined.keyboards;
    if let Some(akm322) = keyboards.iter().find(|k| k.akm322.is_some()) {
        let by = akm322.recognised_by().unwrap_or_default();
        return match &akm322.usb {
            Some(usb) => Check::ok(ID, format!("AKM322 in USB socket {}, recognised by its {by}", usb.path)),
            None => Check::ok(ID, format!("AKM322 recognised by its {by}; its USB device cannot be seen from here")),
        };
    }
    let plug = "another USB socket or cable (one that carries data); see it come: composer devices --watch";
    if let Some(other) = keyboards.first() {
        return Check::warning(ID, format!("no AKM322, but another MIDI keyboard: {}", other.name), plug);
    }
    match &survey.usb {
        Ok(0) => {
            let remedy = survey.facts.sandbox.as_ref().map_or_else(|| plug.to_owned(), let_through);
            Check::failure(ID, "no keyboard: the USB bus is empty, there is not even a hub", remedy)
        }
        Ok(count) => Check::failure(ID, format!("{count} devices on the USB bus, none of them a MIDI keyboard"), plug),
        Err(error) => {
            let outside = "sudo dmesg | grep -i usb says why; a container needs --device /dev/bus/usb";
            let remedy = survey.facts.sandbox.as_ref().map_or_else(|| outside.to_owned(), let_through);
            Check::failure(ID, format!("no keyboard; {error}"), remedy)
        }
    }
}

pub(super) fn usb_driver(keyboard: Option<&Keyboard>, facts: &Facts) -> Check {
    const ID: &str = "usb-driver";
    let Some(keyboard) = keyboard else { return Check::skipped(ID, "no keyboard") };
    if facts.sequencer.is_none() {
        return Check::skipped(ID, "this system has its driver built in");
    }
    let Some(usb) = &keyboard.usb else { return Check::skipped(ID, "the USB device cannot be seen from here") };
    match &keyboard.missing {
        Some(missing) if missing.link == Stage::Driver => {
            let remedy = match usb.midi_driver() {
                Some(_) => "end that program (a virtual machine, say), then re-plug the keyboard",
                None if !facts.modules.iter().any(|m| m == "snd_usb_audio") => "sudo modprobe snd-usb-audio",
                None if usb.interfaces.is_empty() => "re-plug the keyboard, into another socket if need be",
                None => {
                    "re-plug the keyboard; if that does not help: sudo modprobe -r snd-usb-audio && sudo modprobe snd-usb-audio"
                }
            };
            Check::failure(ID, format!("{}: {}", keyboard.name, missing.reason), remedy)
        }
        Some(missing) if missing.link == Stage::Card => Check::failure(
            ID,
            format!("{}: {}", keyboard.name, missing.reason),
            "re-plug the keyboard, then look at what the kernel says: sudo dmesg | grep -i usb",
        ),
        _ => {
            let card = keyboard.card.as_ref().map(|c| format!(", sound card {}", c.index)).unwrap_or_default();
            Check::ok(ID, format!("{} is bound{card}", usb.midi_driver().unwrap_or("a driver")))
        }
    }
}

pub(super) fn seq_module(facts: &Facts) -> Check {
    const ID: &str = "seq-module";
    match &facts.sequencer {
        None => Check::skipped(ID, "this system has no ALSA"),
        Some(Access::Missing { path }) => {
            let remedy = if matches!(facts.sandbox, Some(Sandbox::Container)) {
                "start the container with --device /dev/snd"
            } else {
                "sudo modprobe snd-seq"
            };
            Check::failure(
                ID,
                format!("{} is missing: the sequencer's kernel module is not loaded", path.display()),
                remedy,
            )
        }
        Some(access) => Check::ok(ID, format!("{} is there", access.path().display())),
    }
}

pub(super) fn seq_permission(facts: &Facts) -> Check {
    const ID: &str = "seq-permission";
    match &facts.sequencer {
        None => Check::skipped(ID, "this system has no ALSA"),
        Some(Access::Missing { .. }) => Check::skipped(ID, "there is no sequencer to be permitted"),
        Some(Access::Allowed { path }) => Check::ok(ID, format!("{} may be read and written", path.display())),
        Some(Access::Denied(node)) => {
            let evidence =
                format!("{} is not permitted: mode {}, group {}", node.path.display(), node.mode, node.group);
            if facts.in_audio_group && node.group == "audio" {
                Check::failure(ID, evidence, "sudo chmod g+rw /dev/snd/seq")
            } else {
                let group = if node.group == "root" { "audio" } else { node.group.as_str() };
                Check::failure(
                    ID,
                    evidence,
                    format!(
                        "log in at this computer's own screen, or: sudo usermod -aG {group} $USER, then log in again"
                    ),
                )
            }
        }
    }
}

/// What lets composer use the sequencer, where it cannot.
fn sequencer_remedy(facts: &Facts) -> Option<String> {
    seq_module(facts).remedy.or_else(|| seq_permission(facts).remedy)
}

pub(super) fn midi_port(survey: &Survey) -> Check {
    const ID: &str = "midi-port";
    let keyboards = &survey.joined.keyboards;
    if let Some((keyboard, port)) = keyboards.iter().find_map(|k| Some((k, k.inputs.first()?))) {
        let bytes = keyboard.received_bytes.map(|b| format!("; {b} bytes received so far")).unwrap_or_default();
        return Check::ok(ID, format!("{} ({}){bytes}", port.name, port.id));
    }
    let Some(keyboard) = keyboards.first() else {
        return match &survey.ports_error {
            Some(error) => {
                let otherwise = "end other MIDI programs, or: sudo modprobe snd-seq";
                let remedy = sequencer_remedy(&survey.facts).unwrap_or_else(|| otherwise.to_owned());
                Check::failure(ID, error.to_string(), remedy)
            }
            None => Check::skipped(ID, "no keyboard"),
        };
    };
    match &keyboard.missing {
        Some(missing) if missing.link == Stage::Port => {
            let remedy = sequencer_remedy(&survey.facts).unwrap_or_else(|| {
                let module = "sudo modprobe snd-seq-midi, then re-plug the keyboard";
                if survey.facts.sequencer.is_some() { module } else { "re-plug the keyboard" }.to_owned()
            });
            Check::failure(ID, format!("{}: {}", keyboard.name, missing.reason), remedy)
        }
        _ => Check::skipped(ID, "without its driver it has no port"),
    }
}

pub(super) fn port_busy(keyboard: Option<&Keyboard>) -> Check {
    const ID: &str = "port-busy";
    let Some(keyboard) = keyboard else { return Check::skipped(ID, "no keyboard") };
    let Some(card) = &keyboard.card else { return Check::skipped(ID, "the system does not tell who holds a port") };
    let held = card.raw_midi.iter().find_map(|m| Some((m, m.holder.as_ref()?)));
    match held {
        None => Check::ok(ID, "no other program has the keyboard open"),
        // The sequencer opens the device on behalf of whoever connects first and then shares it.
        Some(_) if !keyboard.listeners.is_empty() => Check {
            id: ID,
            status: Status::Ok,
            evidence: format!("shared through the sequencer with {}", keyboard.listeners.join(", ")),
            remedy: None,
        },
        Some((raw, holder)) => {
            let program = holder.program.as_deref().unwrap_or("a program");
            Check::failure(
                ID,
                format!("{program} (process {}) holds hw:{},{} for itself", holder.pid, card.index, raw.device),
                format!("end {program}, or: kill {}", holder.pid),
            )
        }
    }
}
