//! Playing to a MIDI port: an external synthesiser, or another program.

use midir::{MidiOutput, MidiOutputConnection};

use super::ports::{self, Port, PortsError};
use crate::music::Message;

/// Why a port cannot be played to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputPortError {
    /// No list of ports.
    #[error(transparent)]
    Ports(#[from] PortsError),
    /// None of that name.
    #[error("no MIDI output `{wanted}`; there are: {choices}")]
    NoSuchPort {
        /// What was asked for.
        wanted: String,
        /// What there is.
        choices: String,
    },
    /// Several of that name.
    #[error("`{wanted}` could mean {choices}; give the whole id")]
    Several {
        /// What was asked for.
        wanted: String,
        /// What fits.
        choices: String,
    },
    /// It is there but gives no connection.
    #[error("cannot play to {port}: {reason}")]
    Refused {
        /// Its name.
        port: String,
        /// The system's words.
        reason: String,
    },
    /// It has gone.
    #[error("the MIDI output is gone: {0}")]
    Gone(String),
}

/// Which port is played to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputAddress {
    midir_id: String,
    name: String,
}

impl OutputAddress {
    /// Whether the port is still there. A system that does not answer is no reason to think that it is not.
    #[must_use]
    pub fn is_there(&self) -> bool {
        ports::outputs().map_or(true, |all| all.iter().any(|p| p.midir_id == self.midir_id && p.name == self.name))
    }
}

/// A MIDI port that is played to until this is dropped.
pub struct OutputPort {
    name: String,
    address: OutputAddress,
    connection: MidiOutputConnection,
}

impl std::fmt::Debug for OutputPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutputPort").field("name", &self.name).finish_non_exhaustive()
    }
}

impl OutputPort {
    /// Opens the port of this id, or the only one with this in its name, whatever the case.
    ///
    /// # Errors
    /// When there is no such port, or it gives no connection.
    pub fn open(wanted: &str) -> Result<OutputPort, OutputPortError> {
        let all = ports::outputs()?;
        let port = choose(&all, wanted)?;
        let refused = |reason: String| OutputPortError::Refused { port: port.name.clone(), reason };
        let output = MidiOutput::new(ports::CLIENT_NAME).map_err(|e| refused(e.to_string()))?;
        let found = output.find_port_by_id(&port.midir_id).ok_or_else(|| refused("it has gone".to_owned()))?;
        let connection = output.connect(&found, "playing").map_err(|e| refused(e.to_string()))?;
        let address = OutputAddress { midir_id: port.midir_id.clone(), name: port.name.clone() };
        Ok(OutputPort { name: port.name.clone(), address, connection })
    }

    /// The port's name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is, for those who look after it.
    #[must_use]
    pub fn address(&self) -> OutputAddress {
        self.address.clone()
    }

    /// Sends a message at once.
    ///
    /// # Errors
    /// When the port has gone.
    pub fn send(&mut self, message: &Message) -> Result<(), OutputPortError> {
        self.connection.send(&message.to_bytes()).map_err(|e| OutputPortError::Gone(e.to_string()))
    }
}

fn choose<'a>(all: &'a [Port], wanted: &str) -> Result<&'a Port, OutputPortError> {
    let names = |ports: &[&Port]| ports.iter().map(|p| format!("{} ({})", p.id, p.name)).collect::<Vec<_>>().join(", ");
    if let Some(port) = all.iter().find(|p| p.has_id(wanted)) {
        return Ok(port);
    }
    let lower = wanted.to_lowercase();
    let fitting: Vec<&Port> =
        all.iter().filter(|p| format!("{} {}", p.client_name, p.name).to_lowercase().contains(&lower)).collect();
    match fitting.as_slice() {
        [one] => Ok(one),
        [] => {
            let known = names(&all.iter().collect::<Vec<_>>());
            let choices = if known.is_empty() { "none".to_owned() } else { known };
            Err(OutputPortError::NoSuchPort { wanted: wanted.to_owned(), choices })
        }
        several => Err(OutputPortError::Several { wanted: wanted.to_owned(), choices: names(several) }),
    }
}
