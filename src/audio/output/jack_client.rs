//! A client of a JACK server, with a MIDI input and two audio outputs: what a key says in a period
//! sounds in the same period, at the very frame.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use jack::{AsyncClient, AudioOut, ClientOptions, Control, MidiIn, Port, PortFlags, ProcessScope};

use super::loan::Loan;
use super::period::Period;
use super::{Counters, Description, Format, Opening, OutputError, Stream};

/// The client's name on the server.
const NAME: &str = "composer";

pub(super) type Client = AsyncClient<Notifications, Process>;

pub(super) fn open(opening: Opening<'_>) -> Result<(Stream, Description), OutputError> {
    let Opening { request, renderer, home, counters, .. } = opening;
    let mut loan = Loan::new(renderer, home);
    let absent = |reason| OutputError::NoDevice { system: "JACK".to_owned(), reason };
    quieten().map_err(absent)?;
    let none = |e: jack::Error| absent(e.to_string());
    let (client, _) = jack::Client::new(NAME, ClientOptions::NO_START_SERVER).map_err(none)?;
    let (rate, block) = (client.sample_rate(), client.buffer_size());
    if request.rate.is_some_and(|r| r != rate) {
        let what = format!("another rate than {rate} Hz, which the JACK server sets");
        return Err(OutputError::Unsupported { device: NAME.to_owned(), what });
    }
    let refused = |e: jack::Error| OutputError::Refused { device: "JACK".to_owned(), reason: e.to_string() };
    let midi = client.register_port("midi_in", MidiIn::default()).map_err(refused)?;
    let left = client.register_port("left", AudioOut::default()).map_err(refused)?;
    let right = client.register_port("right", AudioOut::default()).map_err(refused)?;
    let ports = [&midi.name(), &left.name(), &right.name()].map(|n| n.as_ref().cloned().unwrap_or_default());
    let format = Format { rate, block, latency: block };
    if let Some(renderer) = loan.get() {
        renderer.prepare(format);
    }
    let process = Process { midi, left, right, period: Period::new(format, loan, Arc::clone(counters)) };
    let active = client.activate_async(Notifications { counters: Arc::clone(counters) }, process).map_err(refused)?;
    connect_outputs(active.as_client(), &ports, request.device.as_deref());
    if request.keyboards {
        connect_keyboards(active.as_client(), &ports);
    }
    let description = Description {
        name: active.as_client().name().to_owned(),
        system: "JACK".to_owned(),
        format,
        channels: 2,
        sample_format: "f32".to_owned(),
        substitute: false,
    };
    Ok((Stream::Jack { _client: active }, description))
}

/// Keeps libjack off the terminal: what matters of its remarks reaches the user as an error. ALSA's plugin for JACK makes
/// them too.
///
/// # Errors
/// When this system has no libjack.
pub(super) fn quieten() -> Result<(), String> {
    // Asked first, because whatever else is called of a library that is not there ends the program.
    jack::jack_sys::library().map_err(|e| format!("libjack cannot be loaded: {e}"))?;
    jack::set_logger(jack::LoggerType::None);
    Ok(())
}

/// Connects to the sound card's outputs, or those with `wanted` in their names. Who wants it otherwise has a patch bay;
/// failures are theirs to see.
fn connect_outputs(client: &jack::Client, [_, left, right]: &[String; 3], wanted: Option<&str>) {
    let physical = PortFlags::IS_PHYSICAL | PortFlags::IS_INPUT;
    let flags = if wanted.is_some() { PortFlags::IS_INPUT } else { physical };
    let sinks = client.ports(wanted, Some("32 bit float mono audio"), flags);
    for (from, to) in [left, right].into_iter().zip(sinks) {
        let _ = client.connect_ports_by_name(from, &to);
    }
}

/// Connects to the AKM322, or else every MIDI device.
fn connect_keyboards(client: &jack::Client, [midi, ..]: &[String; 3]) {
    let sources = client.ports(None, Some("8 bit raw midi"), PortFlags::IS_PHYSICAL | PortFlags::IS_OUTPUT);
    let is_akm322 = |name: &String| {
        let aliases = client.port_by_name(name).and_then(|p| p.aliases().ok()).unwrap_or_default();
        aliases.iter().chain([name]).any(|n| n.contains("AKM322"))
    };
    let keyboards: Vec<&String> = sources.iter().filter(|n| is_akm322(n)).collect();
    let chosen = if keyboards.is_empty() { sources.iter().collect() } else { keyboards };
    for from in chosen {
        let _ = client.connect_ports_by_name(from, midi);
    }
}

pub(super) struct Notifications {
    counters: Arc<Counters>,
}

impl jack::NotificationHandler for Notifications {
    fn xrun(&mut self, _: &jack::Client) -> Control {
        self.counters.xruns.fetch_add(1, Relaxed);
        Control::Continue
    }
}

pub(super) struct Process {
    midi: Port<MidiIn>,
    left: Port<AudioOut>,
    right: Port<AudioOut>,
    period: Period,
}

impl jack::ProcessHandler for Process {
    fn process(&mut self, _: &jack::Client, scope: &ProcessScope) -> Control {
        let messages = self.midi.iter(scope).map(|event| (event.time, event.bytes));
        let (left, right) = (self.left.as_mut_slice(scope), self.right.as_mut_slice(scope));
        self.period.play(messages, left, right, scope.frames_since_cycle_start());
        Control::Continue
    }

    fn buffer_size(&mut self, _: &jack::Client, size: jack::Frames) -> Control {
        self.period.resize(size);
        Control::Continue
    }
}
