//! Keeps a link connected: hears of ports that come and go, connects, reports, tries again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use midir::{Ignore, MidiInput, MidiInputConnection};

use super::choice::{choose, find_again, twins};
use super::ear::{Ear, Hearing};
use super::time_base::TimeBase;
use super::{LinkError, Select, Wait};
use crate::keyboard::controls::Panel;
use crate::keyboard::hotplug::Watcher;
use crate::keyboard::ports::{self, CLIENT_NAME, Port};
use crate::keyboard::stream::{Clock, Event, Notices, Sender};
use crate::music::Micros;

/// The first and the longest pause before a port that refused is tried again.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Tries in [`Link::open`](super::Link::open) before a refusal is final: a port that has just come
/// may refuse for some milliseconds.
const FIRST_TRIES: u32 = 5;
/// A refusal is worth a word when it has lasted through this many tries (some 0.3 s).
const TRIES_BEFORE_WORD: u32 = 5;

pub(super) struct Supervisor {
    select: Select,
    clock: Clock,
    watcher: Watcher,
    notices: Notices,
    stop: Arc<AtomicBool>,
    /// The keyboard that this link belongs to, from its first connection on.
    mine: Option<Port>,
    /// Keyboards of the same kind that were there when it left.
    twins: Vec<Port>,
    state: State,
}

enum State {
    Waiting {
        ear: Box<Ear>,
        tries: u32,
        told: Option<String>,
    },
    Connected {
        connection: MidiInputConnection<Hearing>,
        port: Port,
    },
    /// The ear was lost with a connection whose thread died: nothing more can be heard.
    Over,
}

impl Supervisor {
    pub(super) fn new(select: Select, clock: Clock, watcher: Watcher, sender: Sender, notices: Notices) -> Supervisor {
        let ear = Box::new(Ear::new(sender, notices.clone(), TimeBase::unknown(clock)));
        let state = State::Waiting { ear, tries: 0, told: None };
        let stop = Arc::new(AtomicBool::new(false));
        Supervisor { select, clock, watcher, notices, stop, mine: None, twins: Vec::new(), state }
    }

    pub(super) fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// The first connection, or the reason why there is none.
    pub(super) fn begin(&mut self, wait: Wait) -> Result<(), LinkError> {
        loop {
            let error = match self.try_to_connect() {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            match (&error, wait) {
                (LinkError::Refused { .. }, _) if self.tries() < FIRST_TRIES => std::thread::sleep(self.pause()),
                (LinkError::Refused { .. }, Wait::ForPort) => {
                    self.report(&error);
                    return Ok(());
                }
                (LinkError::Choice(choice), Wait::ForPort) if choice.is_absence() => return Ok(()),
                (LinkError::Ports(ports::PortsError::NoSequencer), Wait::ForPort) => return Ok(()),
                _ => return Err(error),
            }
        }
    }

    pub(super) fn run(mut self) {
        while !self.stop.load(Ordering::Acquire) {
            let timeout = self.pause();
            let changed = self.watcher.wait(timeout);
            let departed = self.watcher.departures();
            self.check_departure(changed, &departed);
            if matches!(self.state, State::Waiting { .. })
                && !self.stop.load(Ordering::Acquire)
                && let Err(error) = self.try_to_connect()
            {
                self.report(&error);
            }
        }
    }

    /// How long to sleep if nothing is announced: for ever, unless a port has refused.
    fn pause(&self) -> Duration {
        match self.tries() {
            0 => Duration::MAX,
            tries => FIRST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE),
        }
    }

    fn tries(&self) -> u32 {
        if let State::Waiting { tries, .. } = self.state { tries } else { 0 }
    }

    fn check_departure(&mut self, changed: bool, departed: &[(i32, i32)]) {
        let State::Connected { port, .. } = &self.state else { return };
        let announced = port.address.is_some_and(|a| departed.contains(&a));
        let missing = || ports::inputs().is_ok_and(|all| !all.iter().any(|p| p.midir_id == port.midir_id));
        let gone = announced || (changed && missing());
        if !gone {
            return;
        }
        let noticed = self.clock.now();
        let State::Connected { connection, port } = std::mem::replace(&mut self.state, State::Over) else { return };
        self.twins = ports::inputs().map(|all| twins(&all, &port)).unwrap_or_default();
        // Ends midir's thread after it has read what was still in its buffer.
        let (_, hearing) = connection.close();
        let Some(mut ear) = hearing.into_ear() else {
            self.notices.send(Event::Disconnected { at: noticed });
            return;
        };
        let at = noticed.max(ear.last());
        self.notices.send(Event::Disconnected { at });
        ear.not_before(at.plus(Micros(1)));
        self.state = State::Waiting { ear, tries: 0, told: None };
    }

    fn try_to_connect(&mut self) -> Result<(), LinkError> {
        let all = ports::inputs()?;
        let port = match &self.mine {
            Some(mine) => match find_again(&all, mine, &self.twins, &self.select) {
                Some(port) => port,
                None => return Ok(()),
            },
            None => choose(&all, &self.select)?,
        };
        let State::Waiting { ear, tries, told } = std::mem::replace(&mut self.state, State::Over) else {
            return Ok(());
        };
        // No message of this connection can be earlier.
        let at = self.clock.now().max(ear.last());
        match connect(port, self.clock) {
            Ok((connection, base, hand_over)) => {
                let mut ear = ear;
                ear.renew(base);
                let connected = Event::Connected {
                    at,
                    name: port.name.clone(),
                    id: port.id.clone(),
                    panel: if port.akm322.is_some() { Panel::Akm322 } else { Panel::Unknown },
                };
                self.notices.send(connected);
                // From here on messages flow.
                let _ = hand_over.send(ear);
                self.mine = Some(port.clone());
                self.state = State::Connected { connection, port: port.clone() };
                Ok(())
            }
            Err(reason) => {
                self.state = State::Waiting { ear, tries: tries.saturating_add(1), told };
                Err(LinkError::Refused { port: port.name.clone(), reason })
            }
        }
    }

    /// Says once that a port which is there cannot be used.
    fn report(&mut self, error: &LinkError) {
        let lasting = self.tries() >= TRIES_BEFORE_WORD || !matches!(error, LinkError::Refused { .. });
        let absent = matches!(error, LinkError::Choice(c) if c.is_absence());
        let State::Waiting { told, .. } = &mut self.state else { return };
        let text = error.to_string();
        if lasting && !absent && told.as_ref() != Some(&text) {
            *told = Some(text.clone());
            self.notices.send(Event::Refused { at: self.clock.now(), reason: text });
        }
    }
}

type Connected = (MidiInputConnection<Hearing>, TimeBase, mpsc::Sender<Box<Ear>>);

/// Connects to a port; the ear is to be handed over afterwards.
fn connect(port: &Port, clock: Clock) -> Result<Connected, String> {
    #[cfg(target_os = "linux")]
    ports::sequencer::quiet();
    let mut midi = MidiInput::new(CLIENT_NAME).map_err(|e| e.to_string())?;
    midi.ignore(Ignore::None);
    let found = midi.find_port_by_id(&port.midir_id).ok_or("it has gone")?;
    let name = unique_port_name();
    let (hand_over, expected) = mpsc::channel();
    let connection = midi
        .connect(
            &found,
            &name,
            |stamp, bytes, hearing: &mut Hearing| hearing.hear(stamp, bytes),
            Hearing::Expected(expected),
        )
        .map_err(|e| e.to_string())?;
    let base = measure(port, clock, &name);
    Ok((connection, base, hand_over))
}

/// By its name our port is found again among all that listen to a keyboard.
fn unique_port_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("input {}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(target_os = "linux")]
fn measure(port: &Port, clock: Clock, name: &str) -> TimeBase {
    ports::sequencer::open()
        .ok()
        .zip(port.address)
        .and_then(|(seq, address)| super::time_base::queue::measure(&seq, clock, address, name))
        .unwrap_or_else(|| TimeBase::unknown(clock))
}

#[cfg(not(target_os = "linux"))]
fn measure(_port: &Port, clock: Clock, _name: &str) -> TimeBase {
    TimeBase::unknown(clock)
}
