//! The ALSA sequencer's list of ports, and where their sound cards sit on the USB bus.

use std::ffi::CString;
use std::fs;
use std::io::ErrorKind;

use alsa::seq::{ClientIter, PortCap, PortIter, PortType};
use alsa::{Output, Seq};

use crate::keyboard::facts::SEQUENCER;
use crate::keyboard::{sound_cards, usb};
use crate::music::composition::text::printable;

use super::{AKM322_USB, CLIENT_NAME, Direction, MatchedBy, Port, PortsError, is_akm322_name, slug};

/// Keeps alsa-lib from writing to standard error what it will also answer as an error. Holds for
/// the calling thread only, as alsa-lib's handler does.
pub(in crate::keyboard) fn quiet() {
    let _ = Output::local_error_handler();
}

/// A client of the sequencer that never blocks.
pub(in crate::keyboard) fn open() -> Result<Seq, PortsError> {
    quiet();
    let seq = Seq::open(None, None, true).map_err(|e| why_not(&e))?;
    if let Ok(name) = CString::new(CLIENT_NAME) {
        let _ = seq.set_client_name(&name);
    }
    Ok(seq)
}

fn why_not(error: &alsa::Error) -> PortsError {
    match fs::OpenOptions::new().read(true).write(true).open(SEQUENCER) {
        Err(e) if e.kind() == ErrorKind::NotFound => PortsError::NoSequencer,
        Err(e) if e.kind() == ErrorKind::PermissionDenied => PortsError::NotPermitted(e.to_string()),
        // The node is there without the module behind it.
        Err(e) if matches!(e.raw_os_error(), Some(6 | 19)) => PortsError::NoSequencer,
        _ => PortsError::Unreachable(error.to_string()),
    }
}

pub(super) fn list(direction: Direction) -> Result<Vec<Port>, PortsError> {
    let seq = open()?;
    let wanted = match direction {
        Direction::Input => PortCap::READ | PortCap::SUBS_READ,
        Direction::Output => PortCap::WRITE | PortCap::SUBS_WRITE,
    };
    let mut out = Vec::new();
    for client in ClientIter::new(&seq) {
        // Any program picks its own name, and devices do: neither may steer a terminal.
        let client_name = printable(client.get_name().unwrap_or("?"));
        // Client 0 is the sequencer's own clock and its announcements.
        if client.get_client() == 0 || client_name == CLIENT_NAME {
            continue;
        }
        let card = client.get_card().ok().and_then(|n| u32::try_from(n).ok());
        let usb = card.and_then(usb_of_card);
        for port in PortIter::new(&seq, client.get_client()) {
            let kind = port.get_type();
            if !port.get_capability().contains(wanted)
                || !kind.intersects(PortType::MIDI_GENERIC | PortType::SYNTH | PortType::APPLICATION)
            {
                continue;
            }
            let port_name = printable(port.get_name().unwrap_or("?"));
            let akm322 = if usb.as_ref().is_some_and(|u| (u.vendor, u.product) == AKM322_USB) {
                Some(MatchedBy::UsbId)
            } else if is_akm322_name(&client_name) || is_akm322_name(&port_name) {
                Some(MatchedBy::Name)
            } else {
                None
            };
            let address = port.addr();
            out.push(Port {
                id: format!("{}-{}", slug(&client_name), address.port),
                name: if port_name.starts_with(&client_name) {
                    port_name
                } else {
                    format!("{client_name}: {port_name}")
                },
                client_name: client_name.clone(),
                address: Some((address.client, address.port)),
                card,
                usb_path: usb.as_ref().map(|u| u.path.clone()),
                akm322,
                hardware: kind.contains(PortType::HARDWARE),
                midir_id: format!("{}:{}", address.client, address.port),
            });
        }
    }
    Ok(out)
}

struct Usb {
    path: String,
    vendor: u16,
    product: u16,
}

/// The USB device behind a sound card, from sysfs, where no permission is needed.
fn usb_of_card(card: u32) -> Option<Usb> {
    let path = sound_cards::usb_path(card)?;
    let (vendor, product) = usb::ids_at(&path)?;
    Some(Usb { path, vendor, product })
}
