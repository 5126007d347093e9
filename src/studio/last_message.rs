//! The last message of each port: the end of the chain that `composer devices` shows.
//!
//! The kernel counts bytes and keeps none, so whoever listens (record, monitor, doctor) leaves the last
//! message in a small file in the state folder. It is a convenience: a file that cannot be read is no
//! list, one that cannot be written is no failure of what was really wanted.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::keyboard::Event;
use crate::keyboard::chain::LastMessage;
use crate::music::message::Voice;
use crate::music::{Message, pitch};
use crate::studio::place::{InTheWay, place};

const FILE: &str = "last-messages.json";

/// What each port said last, by the port's id.
#[must_use]
pub fn read(state: &Path) -> BTreeMap<String, LastMessage> {
    std::fs::read(state.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Keeps the last message of a port, with the time of now.
///
/// # Errors
/// When the state folder cannot be written.
pub fn remember(state: &Path, port_id: &str, message: &Message) -> io::Result<()> {
    let mut all = read(state);
    let bytes: Vec<String> = message.to_bytes().iter().take(16).map(|b| format!("{b:02x}")).collect();
    let at = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    all.insert(port_id.to_owned(), LastMessage { at, bytes: bytes.join(" "), meaning: meaning(message) });
    std::fs::create_dir_all(state)?;
    place(&serde_json::to_vec(&all)?, &state.join(FILE), InTheWay::Replace).map(drop)
}

/// Follows what is heard, and keeps the last message of the port when it is dropped.
#[derive(Debug)]
pub struct Follower {
    state: PathBuf,
    port_id: Option<String>,
    last: Option<Message>,
}

impl Follower {
    /// Keeps it in this state folder; `port_id` is the port that is connected already.
    #[must_use]
    pub fn new(state: PathBuf, port_id: Option<String>) -> Follower {
        Follower { state, port_id, last: None }
    }

    /// Takes note of events.
    pub fn hear(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::Connected { id, .. } => self.port_id = Some(id.clone()),
                Event::Message { message, .. } => self.last = Some(message.clone()),
                _ => {}
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let (Some(id), Some(message)) = (&self.port_id, &self.last) {
            let _ = remember(&self.state, id, message);
        }
    }
}

/// A message in words: `note on C4, velocity 100, channel 1`.
#[must_use]
pub fn meaning(message: &Message) -> String {
    match message {
        Message::Voice(channel, voice) => {
            let what = match voice {
                Voice::NoteOn { key, velocity } => {
                    format!("note on {}, velocity {}", pitch::name(*key), velocity.get())
                }
                Voice::NoteOff { key, .. } => format!("note off {}", pitch::name(*key)),
                Voice::KeyPressure { key, pressure } => format!("pressure {} {}", pitch::name(*key), pressure.get()),
                Voice::Control { controller, value } => format!("controller {} {}", controller.get(), value.get()),
                Voice::Program(program) => format!("program {}", program.get()),
                Voice::ChannelPressure(pressure) => format!("pressure {}", pressure.get()),
                Voice::PitchBend(bend) => format!("pitch wheel {bend}"),
            };
            format!("{what}, channel {}", channel.number())
        }
        Message::SysEx(bytes) => format!("system exclusive, {} bytes", bytes.len()),
        Message::System(_) => "system message".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_keeps_its_own_and_a_broken_file_is_no_list() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("composer");
        assert!(read(&folder).is_empty());
        remember(&folder, "akm322-0", &Message::from_bytes(&[0x90, 60, 100]).unwrap()).unwrap();
        remember(&folder, "other-0", &Message::from_bytes(&[0xe0, 0, 64]).unwrap()).unwrap();
        remember(&folder, "akm322-0", &Message::from_bytes(&[0x80, 60, 64]).unwrap()).unwrap();
        let all = read(&folder);
        assert_eq!(all["akm322-0"].bytes, "80 3c 40");
        assert_eq!(all["other-0"].meaning, "pitch wheel 0, channel 1");
        std::fs::write(folder.join(FILE), "{").unwrap();
        assert!(read(&folder).is_empty());
    }
}
