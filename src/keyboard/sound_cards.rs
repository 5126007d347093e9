//! Linux's sound cards, as far as they carry MIDI: which USB device a card belongs to, how many bytes
//! came through its raw MIDI devices, and who holds them.
//!
//! Everything is read from `/proc/asound` and sysfs, which need no permission. On other systems there
//! are no cards, and the list is empty.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::music::composition::text::printable;

/// A sound card that has at least one raw MIDI device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SoundCard {
    /// ALSA's number of the card; it can change on re-plugging.
    pub index: u32,
    /// ALSA's short id: `AKM322`.
    pub id: String,
    /// The USB device it belongs to, as in [`super::usb::UsbDevice::path`].
    pub usb_path: Option<String>,
    /// Its raw MIDI devices.
    pub raw_midi: Vec<RawMidi>,
}

/// A raw MIDI device of a card: `hw:0,0`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RawMidi {
    /// Its number on the card.
    pub device: u32,
    /// Its name.
    pub name: String,
    /// Bytes that the driver took from the keyboard while somebody was listening.
    pub received_bytes: u64,
    /// The program that has its input open; through the sequencer it is the one that connected first.
    pub holder: Option<Holder>,
}

/// A program that has a raw MIDI device open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its name, where the system tells.
    pub program: Option<String>,
}

impl SoundCard {
    /// Bytes received by all its raw MIDI devices.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.raw_midi.iter().map(|m| m.received_bytes).sum()
    }
}

/// The cards that carry MIDI, by number.
#[must_use]
pub fn list() -> Vec<SoundCard> {
    list_in(Path::new("/"))
}

fn list_in(root: &Path) -> Vec<SoundCard> {
    let asound = root.join("proc/asound");
    let Ok(entries) = fs::read_dir(&asound) else { return Vec::new() };
    let mut cards: Vec<SoundCard> = entries
        .flatten()
        .filter_map(|entry| {
            let index = entry.file_name().to_str()?.strip_prefix("card")?.parse().ok()?;
            let folder = entry.path();
            let raw_midi = raw_midi(root, &folder);
            (!raw_midi.is_empty()).then(|| SoundCard {
                index,
                id: first_line(&folder.join("id")).unwrap_or_default(),
                usb_path: usb_path_in(root, index),
                raw_midi,
            })
        })
        .collect();
    cards.sort_by_key(|c| c.index);
    cards
}

/// Where the device of this sound card sits on the USB bus, such as `1-2.4`; `None` for other cards.
#[must_use]
pub fn usb_path(card: u32) -> Option<String> {
    usb_path_in(Path::new("/"), card)
}

/// The card's device is an interface, `1-2.4:1.0`, of the USB device `1-2.4`.
fn usb_path_in(root: &Path, card: u32) -> Option<String> {
    let device: PathBuf = fs::canonicalize(root.join(format!("sys/class/sound/card{card}/device"))).ok()?;
    let (path, _interface) = device.file_name()?.to_str()?.split_once(':')?;
    path.contains('-').then(|| path.to_owned())
}

fn raw_midi(root: &Path, card: &Path) -> Vec<RawMidi> {
    let Ok(entries) = fs::read_dir(card) else { return Vec::new() };
    let mut found: Vec<RawMidi> = entries
        .flatten()
        .filter_map(|entry| {
            let device = entry.file_name().to_str()?.strip_prefix("midi")?.parse().ok()?;
            let text = fs::read_to_string(entry.path()).ok()?;
            Some(parse_raw_midi(device, &text, |pid| first_line(&root.join(format!("proc/{pid}/comm")))))
        })
        .collect();
    found.sort_by_key(|m| m.device);
    found
}

/// Reads what the kernel's `snd_rawmidi_proc_info_read` writes: the name, then a block for each output and input.
fn parse_raw_midi(device: u32, text: &str, program: impl Fn(u32) -> Option<String>) -> RawMidi {
    let mut lines = text.lines();
    let mut found = RawMidi { device, name: printable(lines.next().unwrap_or_default()), ..RawMidi::default() };
    let mut input = false;
    for line in lines {
        if let Some((key, value)) = line.split_once(':') {
            match (input, key.trim()) {
                (true, "Rx bytes") => found.received_bytes += value.trim().parse().unwrap_or(0),
                (true, "Owner PID") => {
                    found.holder = value.trim().parse().ok().map(|pid| Holder { pid, program: program(pid) });
                }
                _ => {}
            }
        } else if !line.starts_with(' ') && !line.trim().is_empty() {
            input = line.starts_with("Input");
        }
    }
    found
}

fn first_line(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().next().map(printable).filter(|l| !l.is_empty())
}

/// The sequencer's clients that listen to client `address`, by name ("aseqdump"), from `/proc/asound/seq/clients`.
#[must_use]
pub fn listeners(address: i32) -> Vec<String> {
    fs::read_to_string("/proc/asound/seq/clients").map(|text| parse_listeners(&text, address)).unwrap_or_default()
}

fn parse_listeners(text: &str, address: i32) -> Vec<String> {
    let mut names = std::collections::BTreeMap::new();
    let mut connected = Vec::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("Client ") {
            let Some((number, rest)) = rest.split_once(':') else { continue };
            current = number.trim().parse::<i32>().ok();
            if let (Some(number), Some(name)) = (current, rest.split('"').nth(1)) {
                names.insert(number, printable(name));
            }
        } else if current == Some(address)
            && let Some(targets) = line.trim().strip_prefix("Connecting To:")
        {
            connected.extend(targets.split(',').filter_map(|t| t.split(':').next()?.trim().parse::<i32>().ok()));
        }
    }
    connected.sort_unstable();
    connected.dedup();
    connected.iter().filter_map(|number| names.get(number).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_steers_a_terminal() {
        let evil = "\u{1b}]0;mine\u{7}";
        let card = parse_raw_midi(0, &format!("{evil}\n\nInput 0\n  Owner PID    : 1\n"), |_| None);
        let clients = format!("Client  16 : \"A\"\n    Connecting To: 128:0\nClient 128 : \"{evil}\" [User]\n");
        for name in [&card.name, &parse_listeners(&clients, 16)[0]] {
            assert!(name.contains("mine") && !name.chars().any(char::is_control), "{name:?}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), evil).unwrap();
        assert!(!first_line(file.path()).unwrap().chars().any(char::is_control));
    }

    /// As Linux 6.1 wrote them while `amidi -d` and `aseqdump` listened.
    const MIDI0: &str = "AKM322\n\nOutput 0\n  Tx bytes     : 3\nInput 0\n  Rx bytes     : 42\n  Owner PID    : 192\n  Buffer size  : 4096\n  Avail        : 0\n  Overruns     : 0\n";
    const CLIENTS: &str = "Client info\n  cur  clients : 4\n\nClient   0 : \"System\" [Kernel Legacy]\n  Port   1 : \"Announce\" (R-e-)\n    Connecting To: 129:0\nClient  16 : \"AKM322\" [Kernel Legacy]\n  Port   0 : \"AKM322 MIDI 1\" (RWeX)\n    Connecting To: 128:0[r:0], 129:1\nClient 128 : \"aseqdump\" [User Legacy]\n  Port   0 : \"aseqdump\" (-We-)\n    Connected From: 16:0\nClient 129 : \"composer\" [User Legacy]\n";

    #[test]
    fn bytes_and_holder_of_the_input_are_read() {
        let midi = parse_raw_midi(0, MIDI0, |pid| (pid == 192).then(|| "amidi".to_owned()));
        assert_eq!((midi.name.as_str(), midi.received_bytes), ("AKM322", 42));
        assert_eq!(midi.holder, Some(Holder { pid: 192, program: Some("amidi".into()) }));
        assert_eq!(parse_raw_midi(1, "", |_| None).holder, None);
    }

    #[test]
    fn an_output_that_is_held_is_not_an_input_that_is_held() {
        let text = "X\n\nOutput 0\n  Tx bytes     : 3\n  Owner PID    : 7\nInput 0\n  Rx bytes     : 0\n";
        assert_eq!(parse_raw_midi(0, text, |_| None).holder, None);
    }

    #[test]
    fn listeners_are_named() {
        assert_eq!(parse_listeners(CLIENTS, 16), ["aseqdump", "composer"]);
        assert!(parse_listeners(CLIENTS, 14).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_card_is_tied_to_its_usb_device_and_cards_without_midi_are_left_out() {
        let root = tempfile::tempdir().unwrap();
        let dir = |p: &str| fs::create_dir_all(root.path().join(p)).unwrap();
        dir("proc/asound/card0");
        dir("proc/asound/card1");
        dir("proc/192");
        dir("sys/class/sound/card1");
        dir("sys/devices/usb1/1-2.4/1-2.4:1.0");
        fs::write(root.path().join("proc/asound/card0/id"), "PCH\n").unwrap();
        fs::write(root.path().join("proc/asound/card1/id"), "AKM322\n").unwrap();
        fs::write(root.path().join("proc/asound/card1/midi0"), MIDI0).unwrap();
        fs::write(root.path().join("proc/192/comm"), "amidi\n").unwrap();
        std::os::unix::fs::symlink(
            root.path().join("sys/devices/usb1/1-2.4/1-2.4:1.0"),
            root.path().join("sys/class/sound/card1/device"),
        )
        .unwrap();
        let cards = list_in(root.path());
        assert_eq!(cards.len(), 1);
        assert_eq!((cards[0].index, cards[0].id.as_str()), (1, "AKM322"));
        assert_eq!(cards[0].usb_path.as_deref(), Some("1-2.4"));
        assert_eq!(cards[0].raw_midi[0].holder.as_ref().unwrap().program.as_deref(), Some("amidi"));
    }
}
