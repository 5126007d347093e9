//! The chain from the socket to the program: USB device, kernel driver, sound card, MIDI port, bytes received.
//! Joins what [`usb`](super::usb), [`sound_cards`](super::sound_cards) and [`ports`](super::ports) found,
//! and says of a missing link why it is missing.

use serde::{Deserialize, Serialize};

use super::facts::Access;
use super::ports::{MatchedBy, Port};
use super::sound_cards::SoundCard;
use super::usb::UsbDevice;

/// A MIDI keyboard (or another USB MIDI device) and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Keyboard {
    /// Its name for people.
    pub name: String,
    /// Whether it is an AKM322, and by what that was told.
    pub akm322: Option<MatchedBy>,
    /// The USB device; `None` where a sandbox hides the bus but not the port.
    pub usb: Option<UsbDevice>,
    /// The sound card that the driver made of it (Linux).
    pub card: Option<SoundCard>,
    /// The ports it can be heard on.
    pub inputs: Vec<Port>,
    /// The ports it can be played to.
    pub outputs: Vec<Port>,
    /// Bytes received since it was plugged in, by whoever listened; `None` where the system does not count.
    pub received_bytes: Option<u64>,
    /// The last message that composer itself received from it, whenever that was; the studio fills it in.
    pub last_message: Option<LastMessage>,
    /// The programs that listen to it through the sequencer, by name.
    pub listeners: Vec<String>,
    /// The first link that is missing.
    pub missing: Option<Missing>,
}

/// A message that was received some time ago.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMessage {
    /// When, as a local date and time with its offset (RFC 3339).
    pub at: String,
    /// Its bytes, hexadecimal; of a long message the first sixteen.
    pub bytes: String,
    /// What it says.
    pub meaning: String,
}

/// A link of the chain, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The kernel driver on the MIDI interface.
    Driver,
    /// The sound card.
    Card,
    /// The MIDI port.
    Port,
}

/// A missing link, and why it is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Which.
    pub link: Stage,
    /// Why.
    pub reason: String,
}

/// The keyboards, and the ports that belong to none of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// AKM322s first, then by their place on the bus.
    pub keyboards: Vec<Keyboard>,
    /// Ports to listen to: programs, "through" ports, other hardware.
    pub other_inputs: Vec<Port>,
    /// Ports to play to.
    pub other_outputs: Vec<Port>,
}

/// What the reason for a missing link is taken from.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The sequencer's node, where the system has such a thing.
    pub sequencer: Option<&'a Access>,
    /// The kernel modules that are there, as in [`super::facts::Facts::modules`].
    pub modules: &'a [String],
    /// Why there is no list of ports, if there is none.
    pub ports_error: Option<&'a str>,
}

impl Keyboard {
    /// In one line: what it was recognised by.
    #[must_use]
    pub fn recognised_by(&self) -> Option<String> {
        match self.akm322? {
            MatchedBy::UsbId => Some("USB id 1acc:1533".into()),
            MatchedBy::Name => Some(format!("name `{}`", self.name)),
        }
    }
}

/// Joins what was found. `listeners` names the programs that listen to a sequencer client.
#[must_use]
pub fn join(
    devices: &[UsbDevice],
    cards: &[SoundCard],
    mut inputs: Vec<Port>,
    mut outputs: Vec<Port>,
    situation: Situation<'_>,
    listeners: impl Fn(i32) -> Vec<String>,
) -> Joined {
    let mut keyboards = Vec::new();
    for device in devices.iter().filter(|d| d.has_midi() || d.has_akm322_id()) {
        let card = cards.iter().find(|c| c.usb_path.as_ref() == Some(&device.path)).cloned();
        let mine = |port: &Port| belongs(port, device, card.as_ref());
        let (inputs, outputs) = (take(&mut inputs, mine), take(&mut outputs, mine));
        let missing = missing(device, card.as_ref(), &inputs, situation);
        keyboards.push(assemble(Some(device.clone()), card, inputs, outputs, missing, &listeners));
    }
    // A port of a keyboard whose USB device cannot be seen from here.
    while let Some(i) = inputs.iter().position(|p| p.akm322.is_some() || p.usb_path.is_some()) {
        let port = inputs.remove(i);
        let card = cards.iter().find(|c| Some(c.index) == port.card).cloned();
        let client = port.address.map(|a| a.0);
        let same = |p: &Port| {
            p.client_name == port.client_name && p.address.map(|a| a.0) == client && p.usb_path == port.usb_path
        };
        let (more, outputs) = (take(&mut inputs, same), take(&mut outputs, same));
        let inputs = std::iter::once(port).chain(more).collect();
        keyboards.push(assemble(None, card, inputs, outputs, None, &listeners));
    }
    keyboards.sort_by_key(|k| k.akm322.is_none());
    Joined { keyboards, other_inputs: inputs, other_outputs: outputs }
}

fn take(ports: &mut Vec<Port>, mine: impl Fn(&Port) -> bool) -> Vec<Port> {
    let (taken, left) = std::mem::take(ports).into_iter().partition(|p| mine(p));
    *ports = left;
    taken
}

fn belongs(port: &Port, device: &UsbDevice, card: Option<&SoundCard>) -> bool {
    match (&port.usb_path, port.card) {
        (Some(path), _) => *path == device.path,
        (None, Some(index)) => card.is_some_and(|c| c.index == index),
        // Where neither is told (macOS, Windows) the name is all there is.
        (None, None) => {
            !cfg!(target_os = "linux")
                && device.product.as_ref().is_some_and(|p| port.name.contains(p) || port.client_name.contains(p))
        }
    }
}

fn assemble(
    usb: Option<UsbDevice>,
    card: Option<SoundCard>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    missing: Option<Missing>,
    listeners: &impl Fn(i32) -> Vec<String>,
) -> Keyboard {
    let akm322 = match &usb {
        Some(device) if device.has_akm322_id() => Some(MatchedBy::UsbId),
        Some(device) if device.has_akm322_name() => Some(MatchedBy::Name),
        _ => inputs.iter().chain(&outputs).find_map(|p| p.akm322),
    };
    let client = inputs.iter().find_map(|p| p.address).map(|(client, _)| client);
    Keyboard {
        name: usb
            .as_ref()
            .map(UsbDevice::name)
            .or_else(|| inputs.first().map(|p| p.client_name.clone()))
            .unwrap_or_default(),
        akm322,
        received_bytes: card.as_ref().map(SoundCard::received_bytes),
        last_message: None,
        listeners: client.map(listeners).unwrap_or_default(),
        usb,
        card,
        inputs,
        outputs,
        missing,
    }
}

fn missing(device: &UsbDevice, card: Option<&SoundCard>, inputs: &[Port], situation: Situation<'_>) -> Option<Missing> {
    if !inputs.is_empty() {
        return None;
    }
    let because = |link, reason: String| Some(Missing { link, reason });
    let Some(sequencer) = situation.sequencer else {
        let reason = situation.ports_error.unwrap_or("the system's MIDI service shows no port of this name");
        return because(Stage::Port, reason.into());
    };
    let has = |module: &str| situation.modules.iter().any(|m| m == module);
    if card.is_none() {
        return match device.midi_driver() {
            None if device.interfaces.is_empty() => {
                because(Stage::Driver, "the device is not configured: not authorised, or short of bus power".into())
            }
            None if !has("snd_usb_audio") => {
                because(Stage::Driver, "the kernel module snd_usb_audio is not loaded".into())
            }
            None => because(Stage::Driver, "snd-usb-audio is loaded, but not bound to the MIDI interface".into()),
            Some("usbfs") => {
                because(Stage::Driver, "another program has taken the MIDI interface from the kernel".into())
            }
            Some(driver) => because(Stage::Card, format!("{driver} is bound, but made no sound card with MIDI")),
        };
    }
    let reason = match (sequencer, situation.ports_error) {
        (Access::Missing { path }, _) => format!("{} is missing", path.display()),
        (Access::Denied(node), _) => {
            format!("{} is not permitted (mode {}, group {})", node.path.display(), node.mode, node.group)
        }
        (Access::Allowed { .. }, Some(error)) => error.into(),
        (Access::Allowed { .. }, None) if !has("snd_seq_midi") => "the kernel module snd_seq_midi is not loaded".into(),
        (Access::Allowed { .. }, None) => "the sequencer shows no port of the card".into(),
    };
    because(Stage::Port, reason)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::facts::NotAllowed;
    use super::super::sound_cards::RawMidi;
    use super::super::usb::{Interface, Speed, UsbId};
    use super::*;

    /// The AKM322 in socket 1-1 with its driver bound.
    pub(crate) fn akm322() -> UsbDevice {
        let interface = |number, subclass| Interface {
            number,
            alternate: 0,
            class: 1,
            subclass,
            driver: Some("snd-usb-audio".into()),
            endpoints: Vec::new(),
        };
        UsbDevice {
            path: "1-1".into(),
            bus: 1,
            address: 2,
            vendor_id: UsbId(0x1acc),
            product_id: UsbId(0x1533),
            release: "0.0b".into(),
            manufacturer: Some("MIDIPLUS".into()),
            product: Some("AKM322".into()),
            serial: Some("MIDIPLUS-CC-1533-00AKM322".into()),
            speed: Speed::Full,
            max_power_ma: Some(100),
            self_powered: false,
            interfaces: vec![interface(0, 1), interface(1, 3)],
        }
    }

    /// Its sound card.
    pub(crate) fn card() -> SoundCard {
        SoundCard {
            index: 2,
            id: "AKM322".into(),
            usb_path: Some("1-1".into()),
            raw_midi: vec![RawMidi { received_bytes: 42, name: "AKM322".into(), ..RawMidi::default() }],
        }
    }

    /// Its port.
    pub(crate) fn port() -> Port {
        Port {
            address: Some((16, 0)),
            card: Some(2),
            usb_path: Some("1-1".into()),
            ..super::super::ports::tests::port("akm322-0", "AKM322 MIDI 1")
        }
    }

    fn allowed() -> Access {
        Access::Allowed { path: "/dev/snd/seq".into() }
    }

    fn why(device: &UsbDevice, card: Option<SoundCard>, sequencer: &Access, modules: &[&str]) -> (Stage, String) {
        let modules: Vec<String> = modules.iter().map(|m| (*m).to_owned()).collect();
        let situation = Situation { sequencer: Some(sequencer), modules: &modules, ports_error: None };
        let cards: Vec<SoundCard> = card.into_iter().collect();
        let joined = join(std::slice::from_ref(device), &cards, vec![], vec![], situation, |_| vec![]);
        let missing = joined.keyboards[0].missing.clone().unwrap();
        (missing.link, missing.reason)
    }

    #[test]
    fn all_links_are_joined_and_other_ports_are_left() {
        let through = super::super::ports::tests::port("midi-through-0", "Midi Through Port-0");
        let seq = allowed();
        let situation = Situation { sequencer: Some(&seq), modules: &[], ports_error: None };
        let joined = join(&[akm322()], &[card()], vec![through.clone(), port()], vec![port()], situation, |client| {
            assert_eq!(client, 16);
            vec!["aseqdump".into()]
        });
        let [keyboard] = &joined.keyboards[..] else { panic!("{joined:?}") };
        assert_eq!(keyboard.akm322, Some(MatchedBy::UsbId));
        assert_eq!(keyboard.card, Some(card()));
        assert_eq!((keyboard.inputs.len(), keyboard.outputs.len()), (1, 1));
        assert_eq!(keyboard.received_bytes, Some(42));
        assert_eq!(keyboard.listeners, ["aseqdump"]);
        assert_eq!(keyboard.missing, None);
        assert_eq!(joined.other_inputs, [through]);
    }

    #[test]
    fn a_missing_link_has_its_reason() {
        let mut unbound = akm322();
        unbound.interfaces.iter_mut().for_each(|i| i.driver = None);
        let (link, reason) = why(&unbound, None, &allowed(), &[]);
        assert_eq!((link, reason.as_str()), (Stage::Driver, "the kernel module snd_usb_audio is not loaded"));
        let (link, reason) = why(&unbound, None, &allowed(), &["snd_usb_audio"]);
        assert!(link == Stage::Driver && reason.contains("not bound"), "{reason}");
        let mut taken = akm322();
        taken.interfaces.iter_mut().for_each(|i| i.driver = Some("usbfs".into()));
        assert!(why(&taken, None, &allowed(), &["snd_usb_audio"]).1.contains("another program"));
        let bare = UsbDevice { interfaces: vec![], ..akm322() };
        assert!(why(&bare, None, &allowed(), &[]).1.contains("not configured"));
        assert_eq!(why(&akm322(), None, &allowed(), &["snd_usb_audio"]).0, Stage::Card);
        let missing = Access::Missing { path: "/dev/snd/seq".into() };
        assert_eq!(why(&akm322(), Some(card()), &missing, &[]), (Stage::Port, "/dev/snd/seq is missing".into()));
        let denied =
            Access::Denied(NotAllowed { path: "/dev/snd/seq".into(), mode: "660".into(), group: "audio".into() });
        assert!(why(&akm322(), Some(card()), &denied, &[]).1.contains("group audio"));
        assert!(why(&akm322(), Some(card()), &allowed(), &[]).1.contains("snd_seq_midi is not loaded"));
        assert!(why(&akm322(), Some(card()), &allowed(), &["snd_seq_midi"]).1.contains("no port of the card"));
    }

    #[test]
    fn a_port_whose_usb_device_is_hidden_is_still_a_keyboard() {
        let seq = allowed();
        let situation = Situation { sequencer: Some(&seq), modules: &[], ports_error: None };
        let joined = join(&[], &[card()], vec![port()], vec![port()], situation, |_| vec![]);
        let [keyboard] = &joined.keyboards[..] else { panic!("{joined:?}") };
        assert_eq!((keyboard.akm322, &keyboard.usb), (Some(MatchedBy::Name), &None));
        assert_eq!(keyboard.recognised_by().unwrap(), "name `AKM322 MIDI 1`");
        assert!(joined.other_inputs.is_empty() && joined.other_outputs.is_empty());
    }

    #[test]
    fn the_akm322_comes_first() {
        let other = UsbDevice { product_id: UsbId(0x1a91), product: Some("X2".into()), path: "1-0".into(), ..akm322() };
        let seq = allowed();
        let situation = Situation { sequencer: Some(&seq), modules: &[], ports_error: None };
        let joined = join(&[other, akm322()], &[], vec![], vec![], situation, |_| vec![]);
        assert_eq!(joined.keyboards.iter().map(|k| k.name.as_str()).collect::<Vec<_>>(), ["AKM322", "X2"]);
        assert_eq!(joined.keyboards[1].akm322, None, "the vendor alone is no match");
    }
}
