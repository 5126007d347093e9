//! MIDI ports as the system's MIDI service shows them, with ids that survive re-plugging.
//!
//! On Linux the ALSA sequencer's own list is read, because midir tells neither the sound card nor
//! whether a port is hardware; elsewhere it is midir's list.

use serde::Serialize;

#[cfg(target_os = "linux")]
pub(super) mod sequencer;
#[cfg(target_os = "linux")]
use sequencer as system;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
use elsewhere as system;

/// The USB vendor and product of the AKM322 (danlangford/AMGI-1_AKM322, read off one unit).
pub const AKM322_USB: (u16, u16) = (0x1acc, 0x1533);

/// The name that all our clients carry, so that they can tell each other from keyboards.
pub(super) const CLIENT_NAME: &str = "composer";

/// By what a port or device was recognised as an AKM322.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchedBy {
    /// USB vendor and product are 1acc:1533.
    UsbId,
    /// The name begins with `AKM322`.
    Name,
}

/// One MIDI port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// The id that `--port` takes: `akm322-0`, or `akm322-0@1-1` where two devices would share it.
    /// The same after re-plugging and after a restart, as long as the device is in the same USB socket
    /// or is the only one of its name.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The name of the device or program that the port belongs to.
    pub client_name: String,
    /// ALSA's client and port number of the moment; `None` on other systems.
    pub address: Option<(i32, i32)>,
    /// The number of the sound card, where the port belongs to one (Linux).
    pub card: Option<u32>,
    /// Where the device sits on the USB bus, such as `1-1` (Linux).
    pub usb_path: Option<String>,
    /// Whether it is an AKM322, and how that was told.
    pub akm322: Option<MatchedBy>,
    /// Whether a device is behind it. Ports of programs, "through" and network ports are not.
    pub hardware: bool,
    /// What midir calls it at the moment.
    #[serde(skip)]
    pub(super) midir_id: String,
}

impl Port {
    /// Whether `wanted` is this port's id, with or without the place on the USB bus.
    #[must_use]
    pub fn has_id(&self, wanted: &str) -> bool {
        let base = self.base_id();
        self.id == wanted
            || base == wanted
            || self.usb_path.as_deref().is_some_and(|path| {
                wanted.strip_prefix(base).and_then(|rest| rest.strip_prefix('@')).is_some_and(|at| at == path)
            })
    }

    /// The id without the place on the USB bus.
    #[must_use]
    pub fn base_id(&self) -> &str {
        self.id.split_once(['@', '#']).map_or(&self.id, |(base, _)| base)
    }
}

/// Why there is no list of ports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortsError {
    /// The kernel's sequencer is not there.
    #[error("the ALSA sequencer is missing: there is no /dev/snd/seq (try `sudo modprobe snd-seq`)")]
    NoSequencer,
    /// It is there, and this user may not open it.
    #[error("/dev/snd/seq may not be opened: {0} (try `sudo usermod -aG audio $USER`, then log in again)")]
    NotPermitted(String),
    /// The MIDI service of the system gave no answer.
    #[error("the system's MIDI service cannot be reached: {0}")]
    Unreachable(String),
}

/// The ports that can be listened to, in the system's order, without our own.
///
/// # Errors
/// When the system's MIDI service is missing or not permitted.
pub fn inputs() -> Result<Vec<Port>, PortsError> {
    system::list(Direction::Input).map(name_apart)
}

/// The ports that can be played to, in the system's order, without our own.
///
/// # Errors
/// When the system's MIDI service is missing or not permitted.
pub fn outputs() -> Result<Vec<Port>, PortsError> {
    system::list(Direction::Output).map(name_apart)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Input,
    Output,
}

/// Whether a product or port of this name is an AKM322.
#[must_use]
pub fn is_akm322_name(name: &str) -> bool {
    name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("AKM322"))
}

/// A name made of lower-case letters, digits and hyphens, without the numbers that a system or
/// program gives out anew each time: `(1234)`, `20:0`, Windows' leading `2- `.
pub(super) fn slug(name: &str) -> String {
    let name = match name.split_once("- ") {
        Some((number, rest)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => name,
    };
    let lasting = name.split_whitespace().filter(|word| {
        let bare = word.trim_matches(['(', ')', '[', ']']);
        let volatile = bare.len() < word.len() || bare.contains(':');
        !(volatile && !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit() || b == b':'))
    });
    let mut out = String::new();
    for c in lasting.flat_map(|word| word.chars().chain([' '])) {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "port".to_owned() } else { out.to_owned() }
}

/// Makes ids different where devices share one: by their place on the USB bus, else by counting.
fn name_apart(mut ports: Vec<Port>) -> Vec<Port> {
    let bases: Vec<String> = ports.iter().map(|p| p.id.clone()).collect();
    for (i, port) in ports.iter_mut().enumerate() {
        let shared = bases.iter().filter(|b| **b == bases[i]).count() > 1;
        let earlier = bases[..i].iter().filter(|b| **b == bases[i]).count();
        match &port.usb_path {
            Some(path) if shared => port.id = format!("{}@{path}", bases[i]),
            _ if earlier > 0 => port.id = format!("{}#{}", bases[i], earlier + 1),
            _ => {}
        }
    }
    ports
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A port as the AKM322 has it, or another keyboard.
    pub(in crate::keyboard) fn port(id: &str, name: &str) -> Port {
        Port {
            id: id.to_owned(),
            name: name.to_owned(),
            client_name: name.to_owned(),
            address: None,
            card: None,
            usb_path: None,
            akm322: is_akm322_name(name).then_some(MatchedBy::Name),
            hardware: true,
            midir_id: String::new(),
        }
    }

    #[test]
    fn slugs_keep_what_lasts_and_drop_what_does_not() {
        assert_eq!(slug("AKM322"), "akm322");
        assert_eq!(slug("MPK mini 3"), "mpk-mini-3");
        assert_eq!(slug("FLUID Synth (4711)"), "fluid-synth");
        assert_eq!(slug("AKM322:AKM322 MIDI 1 20:0"), "akm322-akm322-midi-1");
        assert_eq!(slug("2- USB Keyboard"), "usb-keyboard");
        assert_eq!(slug("Clavier numérique"), "clavier-numérique");
        assert_eq!(slug("(1)"), "port");
    }

    #[test]
    fn two_of_a_kind_are_told_apart_by_their_usb_socket() {
        let twin = |path: &str| Port { usb_path: Some(path.to_owned()), ..port("akm322-0", "AKM322 MIDI 1") };
        let ports = name_apart(vec![twin("1-1"), port("synth-0", "Synth"), twin("1-2")]);
        assert_eq!(
            ports.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(),
            ["akm322-0@1-1", "synth-0", "akm322-0@1-2"]
        );
        assert!(ports[0].has_id("akm322-0@1-1") && ports[0].has_id("akm322-0") && !ports[0].has_id("akm322-0@1-2"));
    }

    #[test]
    fn an_id_with_a_socket_still_fits_when_the_twin_is_gone() {
        let alone = Port { usb_path: Some("1-2".to_owned()), ..port("akm322-0", "AKM322 MIDI 1") };
        assert!(alone.has_id("akm322-0@1-2") && !alone.has_id("akm322-0@1-1"));
    }

    #[test]
    fn programs_of_one_name_are_counted() {
        let ports = name_apart(vec![port("a-0", "A"), port("a-0", "A")]);
        assert_eq!(ports[1].id, "a-0#2");
    }
}
