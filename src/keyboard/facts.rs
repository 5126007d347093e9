//! What the doctor must know about this computer besides its devices: the sequencer, permissions,
//! the udev rule, sandboxes, the display. Gathering has no opinion; judging is the studio's.

mod access;
mod sandbox;
mod udev_rule;

use std::path::Path;

use serde::Serialize;

pub use access::{Access, NotAllowed, node};
pub use sandbox::Sandbox;
pub use udev_rule::{RULE_FILE, RULE_PROPERTY, UdevRule};

use super::usb::UsbDevice;

/// ALSA's sequencer, which every program that shares a keyboard goes through.
pub const SEQUENCER: &str = "/dev/snd/seq";

/// What the system is; no names of users, folders or hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct System {
    /// `linux`, `macos`, `windows`.
    pub os: String,
    /// The distribution's name and version, where there is one.
    pub distribution: Option<String>,
    /// The kernel's release, where the system tells.
    pub kernel: Option<String>,
    /// The processor's architecture.
    pub architecture: String,
}

/// Everything that the doctor looks at and that is no device.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// The operating system.
    pub system: System,
    /// The sequencer's node; `None` on systems without ALSA.
    pub sequencer: Option<Access>,
    /// Which of ALSA's kernel modules are there (loaded or built in); empty on other systems.
    pub modules: Vec<String>,
    /// Whether the user is in the group `audio`.
    pub in_audio_group: bool,
    /// Whether composer runs as the superuser.
    pub superuser: bool,
    /// What composer is shut into.
    pub sandbox: Option<Sandbox>,
    /// The udev rule, and whether it is in force for the keyboard.
    pub udev_rule: UdevRule,
    /// The keyboard's USB node; `None` without a keyboard or outside Linux.
    pub usb_node: Option<Access>,
    /// Where windows would open: `Wayland`, `X11`, the platform's own.
    pub display: Option<String>,
}

/// The kernel modules that stand between a USB keyboard and a sequencer port.
const MODULES: [&str; 4] = ["snd_usb_audio", "snd_rawmidi", "snd_seq", "snd_seq_midi"];

/// Looks. `keyboard` is the device that permissions are looked up for.
#[must_use]
pub fn gather(keyboard: Option<&UsbDevice>) -> Facts {
    let linux = cfg!(target_os = "linux");
    Facts {
        system: system(),
        sequencer: linux.then(|| node(Path::new(SEQUENCER))),
        modules: MODULES
            .into_iter()
            .filter(|m| linux && Path::new("/sys/module").join(m).is_dir())
            .map(str::to_owned)
            .collect(),
        in_audio_group: access::in_group("audio"),
        superuser: access::superuser(),
        sandbox: sandbox::detect(),
        udev_rule: udev_rule::look(keyboard),
        usb_node: keyboard.filter(|_| linux).map(|k| node(&k.node())),
        display: display(),
    }
}

fn system() -> System {
    System {
        os: std::env::consts::OS.into(),
        distribution: std::fs::read_to_string("/etc/os-release").ok().and_then(|text| pretty_name(&text)),
        kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|s| s.trim().to_owned()),
        architecture: std::env::consts::ARCH.into(),
    }
}

fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|l| l.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

fn display() -> Option<String> {
    if !cfg!(any(target_os = "linux", target_os = "freebsd")) {
        return Some(std::env::consts::OS.into());
    }
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    if set("WAYLAND_DISPLAY") || set("WAYLAND_SOCKET") {
        Some("Wayland".into())
    } else {
        set("DISPLAY").then(|| "X11".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_named_as_it_names_itself() {
        assert_eq!(pretty_name("ID=debian\nPRETTY_NAME=\"Debian 12\"\n").as_deref(), Some("Debian 12"));
        assert_eq!(pretty_name("ID=debian\n"), None);
    }

    #[test]
    fn gathering_works_on_any_machine() {
        let facts = gather(None);
        assert_eq!(facts.system.os, std::env::consts::OS);
        assert_eq!(facts.usb_node, None);
    }
}
