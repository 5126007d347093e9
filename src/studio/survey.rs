//! The survey: everything that can be played on, listened to and heard through, looked up at the same
//! time, so that the slowest part and not the sum of all sets the time. No part can hold up the rest
//! for longer than its patience.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::audio::outputs::{self, AudioOutput, OutputsError};
use crate::keyboard::chain::{self, Joined, Situation};
use crate::keyboard::facts::{self, Facts};
use crate::keyboard::ports::{self, PortsError};
use crate::keyboard::sound_cards;
use crate::keyboard::usb::{self, UsbDevice, UsbError};

use super::last_message;

/// How long an audio system that is still starting is waited for.
pub(super) const AUDIO_PATIENCE: Duration = Duration::from_secs(2);

/// How long the USB bus is waited for: a broken device can hold up its whole bus, and a busy machine needs a while.
const USB_PATIENCE: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Keyboards and ports.
    pub joined: Joined,
    /// How many devices are on the USB bus, hubs too, or why they cannot be seen.
    pub usb: Result<usize, UsbError>,
    /// Why there is no list of ports, if there is none.
    pub ports_error: Option<PortsError>,
    /// Sequencer, permissions, rule, sandbox, display.
    pub facts: Facts,
}

impl Survey {
    /// Puts a mask in the place of every serial number.
    pub fn mask_serials(&mut self) {
        for usb in self.joined.keyboards.iter_mut().filter_map(|k| k.usb.as_mut()) {
            usb.mask_serial();
        }
    }
}

/// Something that may be slow, being looked up on a thread of its own.
#[derive(Debug)]
pub struct Pending<T>(mpsc::Receiver<T>);

impl<T: Send + 'static> Pending<T> {
    /// Starts the work. Where the system gives no thread, [`Pending::get`] finds no answer.
    pub fn start(work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let (tx, rx) = mpsc::channel();
        let _ = thread::Builder::new().spawn(move || {
            let _ = tx.send(work());
        });
        Pending(rx)
    }

    /// The answer, if it comes within `patience`; the work goes on without us otherwise.
    #[must_use]
    pub fn get(self, patience: Duration) -> Option<T> {
        self.0.recv_timeout(patience).ok()
    }
}

/// Starts to look for audio outputs.
#[must_use]
pub fn audio_outputs() -> Pending<Result<Vec<AudioOutput>, OutputsError>> {
    Pending::start(outputs::list)
}

/// The answer to [`audio_outputs`], at the latest after two seconds.
///
/// # Errors
/// When the audio system cannot be asked or does not answer.
pub fn wait_for_audio(
    pending: Pending<Result<Vec<AudioOutput>, OutputsError>>,
) -> Result<Vec<AudioOutput>, OutputsError> {
    pending.get(AUDIO_PATIENCE).unwrap_or_else(|| Err(no_answer()))
}

/// The error for an audio system that keeps us waiting.
pub(super) fn no_answer() -> OutputsError {
    OutputsError::Silent { seconds: AUDIO_PATIENCE.as_secs() }
}

/// Looks at USB, sound cards and MIDI ports, and in the state folder for the last messages received.
#[must_use]
pub fn survey(state: Option<&Path>) -> Survey {
    let usb = Pending::start(usb::scan);
    let inputs = ports::inputs();
    let outputs = ports::outputs().unwrap_or_default();
    let cards = sound_cards::list();
    let usb: Result<Vec<UsbDevice>, UsbError> = usb
        .get(USB_PATIENCE)
        .unwrap_or_else(|| Err(UsbError { reason: format!("no answer within {} s", USB_PATIENCE.as_secs()) }));
    let devices = usb.as_deref().unwrap_or_default();
    let keyboard = devices.iter().find(|d| d.has_akm322_id()).or_else(|| devices.iter().find(|d| d.has_midi()));
    let facts = facts::gather(keyboard);
    let (inputs, ports_error) = match inputs {
        Ok(ports) => (ports, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let ports_reason = ports_error.as_ref().map(ToString::to_string);
    let situation = Situation {
        sequencer: facts.sequencer.as_ref(),
        modules: &facts.modules,
        ports_error: ports_reason.as_deref(),
    };
    let mut joined = chain::join(devices, &cards, inputs, outputs, situation, sound_cards::listeners);
    if let Some(state) = state {
        let heard = last_message::read(state);
        for keyboard in &mut joined.keyboards {
            keyboard.last_message = keyboard.inputs.iter().find_map(|port| heard.get(&port.id).cloned());
        }
    }
    Survey { joined, usb: usb.map(|d| d.len()), ports_error, facts }
}
