//! The checks of what surrounds the chain: permissions on the USB node, the udev rule, sandboxes, sound, the display.

use crate::audio::outputs::{AudioOutput, DefaultOutput, OutputsError};
use crate::audio::soundfonts::SoundFont;
use crate::keyboard::chain::Keyboard;
use crate::keyboard::facts::{Access, Facts, RULE_FILE, Sandbox};
use crate::keyboard::ports::MatchedBy;
use crate::studio::survey::Survey;

use super::Check;

const INSTALL: &str = "sudo make install (in composer's source folder), then re-plug the keyboard";

pub(super) fn usb_permission(keyboard: Option<&Keyboard>, facts: &Facts) -> Check {
    const ID: &str = "usb-permission";
    let akm322 = keyboard.is_some_and(|k| k.akm322 == Some(MatchedBy::UsbId));
    match &facts.usb_node {
        None => Check::skipped(ID, "no keyboard whose USB node could be looked at"),
        Some(Access::Allowed { path }) => Check::ok(ID, format!("{} may be read and written", path.display())),
        Some(Access::Missing { path }) => Check::warning(
            ID,
            format!("{} is missing; recording does not need it", path.display()),
            "inside a container: --device /dev/bus/usb",
        ),
        // The rule knows the AKM322 alone; of another keyboard nothing is ever asked through its node.
        Some(Access::Denied(node)) if !akm322 => {
            Check::skipped(ID, format!("{} is not permitted, and not needed", node.path.display()))
        }
        Some(Access::Denied(node)) => Check::warning(
            ID,
            format!("{} is not permitted (mode {}); recording does not need it", node.path.display(), node.mode),
            match (&facts.udev_rule.file, facts.udev_rule.in_force) {
                (None, _) => INSTALL,
                (Some(_), Some(true)) => "log in at this computer's own screen: the rule is for whoever sits there",
                (Some(_), _) => "re-plug the keyboard: the rule is installed but was not applied to it",
            },
        ),
    }
}

pub(super) fn udev_rule(keyboard: Option<&Keyboard>, facts: &Facts) -> Check {
    const ID: &str = "udev-rule";
    if facts.sequencer.is_none() {
        return Check::skipped(ID, "this system has no udev");
    }
    let akm322 = keyboard.is_some_and(|k| k.akm322 == Some(MatchedBy::UsbId));
    match (&facts.udev_rule.file, facts.udev_rule.in_force) {
        (Some(file), Some(true)) => Check::ok(ID, format!("{} is in force for the keyboard", file.display())),
        (Some(file), Some(false)) => Check::warning(
            ID,
            format!("{} is installed, but was not applied to the keyboard", file.display()),
            "re-plug the keyboard, or: sudo udevadm trigger --action=add --attr-match=idVendor=1acc",
        ),
        (Some(file), None) if akm322 => Check::warning(
            ID,
            format!("{} is installed; udev's database does not tell whether it is in force", file.display()),
            "is udevd running? udevadm control --ping",
        ),
        (Some(file), None) => {
            Check::ok(ID, format!("{} is installed; there is no AKM322 to apply it to", file.display()))
        }
        (None, Some(true)) => Check::ok(ID, format!("in force for the keyboard, though {RULE_FILE} is gone")),
        (None, _) => Check::warning(ID, format!("{RULE_FILE} is not installed"), INSTALL),
    }
}

/// How a sandbox lets a keyboard through.
pub(super) fn let_through(sandbox: &Sandbox) -> String {
    match sandbox {
        Sandbox::Flatpak { id } => format!("flatpak override --user --device=all {id}, then start it again"),
        Sandbox::Snap { id } => format!("sudo snap connect {id}:alsa; sudo snap connect {id}:raw-usb"),
        Sandbox::Container => "start the container with --device /dev/snd --device /dev/bus/usb".to_owned(),
    }
}

pub(super) fn sandbox(survey: &Survey) -> Check {
    const ID: &str = "sandbox";
    let facts = &survey.facts;
    let blocked = matches!(facts.sequencer, Some(Access::Missing { .. } | Access::Denied(_)))
        || survey.joined.keyboards.iter().all(|k| k.inputs.is_empty());
    let Some(sandbox) = &facts.sandbox else { return Check::ok(ID, "none") };
    let name = match sandbox {
        Sandbox::Flatpak { id } => format!("Flatpak ({id})"),
        Sandbox::Snap { id } => format!("Snap ({id})"),
        Sandbox::Container => "a container".to_owned(),
    };
    if blocked {
        Check::warning(ID, format!("composer runs inside {name}, which may hide the keyboard"), let_through(sandbox))
    } else {
        Check::ok(ID, format!("{name}, which lets the keyboard through"))
    }
}

pub(super) fn audio_output(
    outputs: &Result<Vec<AudioOutput>, OutputsError>,
    default: &Result<DefaultOutput, OutputsError>,
) -> Check {
    const ID: &str = "audio-output";
    let start = "systemctl --user start pipewire wireplumber, or plug in headphones; recording works without";
    match (outputs, default) {
        (Err(OutputsError::NotBuilt), _) | (_, Err(OutputsError::NotBuilt)) => {
            Check::skipped(ID, OutputsError::NotBuilt.to_string())
        }
        (_, Ok(d)) => Check::ok(ID, format!("{}: {} Hz, {} channels", d.name, d.sample_rate, d.channels)),
        (Err(error), Err(_)) => Check::warning(ID, error.to_string(), start),
        (Ok(outputs), Err(error)) => {
            let hardware = outputs.iter().filter(|o| o.hardware).count();
            let evidence = match hardware {
                0 => format!("no sound card: {error}"),
                n => format!("{n} outputs of sound cards, but {error}"),
            };
            Check::warning(ID, evidence, start)
        }
    }
}

pub(super) fn soundfont(found: &[SoundFont]) -> Check {
    const ID: &str = "soundfont";
    match found {
        [] => Check::warning(
            ID,
            "no SoundFont to play takes with (the keyboard makes no sound itself)",
            "sudo apt install timgm6mb-soundfont, or an .sf2 or .sf3 file in ~/.local/share/soundfonts",
        ),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            Check::ok(ID, format!("{} ({:.1} MB){more}", first.path.display(), first.bytes as f64 / 1e6))
        }
    }
}

pub(super) fn display(facts: &Facts) -> Check {
    const ID: &str = "display";
    match &facts.display {
        Some(display) => Check::ok(ID, display.clone()),
        None => Check::warning(
            ID,
            "none: neither WAYLAND_DISPLAY nor DISPLAY is set; the command line works without",
            "for windows, start composer from a terminal on the desktop (over ssh: ssh -X)",
        ),
    }
}
