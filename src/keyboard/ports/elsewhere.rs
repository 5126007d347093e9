//! midir's list of ports, for systems without the ALSA sequencer.

use midir::{MidiInput, MidiOutput};

use crate::music::composition::text::printable;

use super::{CLIENT_NAME, Direction, MatchedBy, Port, PortsError, is_akm322_name, slug};

/// Words in the names of ports that no device is behind.
const NO_DEVICE: [&str; 6] = ["through", "iac", "loop", "virtual", "network", "session"];

pub(super) fn list(direction: Direction) -> Result<Vec<Port>, PortsError> {
    let unreachable = |e: midir::InitError| PortsError::Unreachable(e.to_string());
    Ok(match direction {
        Direction::Input => {
            let midi = MidiInput::new(CLIENT_NAME).map_err(unreachable)?;
            midi.ports().iter().filter_map(|p| Some(port(midi.port_name(p).ok()?, p.id()))).collect()
        }
        Direction::Output => {
            let midi = MidiOutput::new(CLIENT_NAME).map_err(unreachable)?;
            midi.ports().iter().filter_map(|p| Some(port(midi.port_name(p).ok()?, p.id()))).collect()
        }
    })
}

fn port(name: String, midir_id: String) -> Port {
    let name = printable(&name);
    let lower = name.to_lowercase();
    Port {
        id: slug(&name),
        client_name: name.clone(),
        address: None,
        card: None,
        usb_path: None,
        akm322: is_akm322_name(&name).then_some(MatchedBy::Name),
        hardware: !NO_DEVICE.iter().any(|word| lower.contains(word)),
        midir_id,
        name,
    }
}
