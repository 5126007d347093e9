//! A keyboard for those who have none at hand: it plays a script, a MIDI file or the shipped demo
//! melody in real time, or turns the computer's keys into piano keys.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};

use super::controls::{ControlMap, Panel};
use super::midi::Normaliser;
use super::stream::{Clock, Event, Notices, Receiver, Sender, stream};
use crate::music::{Message, Micros};

mod computer_keys;
pub mod layout;
mod player;
pub mod script;

pub use computer_keys::typed;
use script::{ScriptError, Step};

/// The demo melody; where it is from is said beside it.
const DEMO: &[u8] = include_bytes!("../../assets/melodies/demo.mid");

/// What a virtual keyboard plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Script {
    /// The melody that comes with the program.
    Demo,
    /// A script of the form that [`script`] describes, or a Standard MIDI File.
    File(PathBuf),
    /// What is typed on the terminal: see [`layout`]. The keys for buttons send what this map has.
    ComputerKeys(ControlMap),
}

/// Why a virtual keyboard cannot play.
#[derive(Debug, thiserror::Error)]
pub enum VirtualError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is neither a script nor a MIDI file.
    #[error("{path}: {source}")]
    Script {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, with the line.
        source: ScriptError,
    },
    /// The computer's keys were asked for and there are none.
    #[error("the computer keyboard can be played on a terminal only; try `--virtual=demo`")]
    NoTerminal,
    /// The terminal refused.
    #[error("the terminal cannot be read key by key: {0}")]
    Terminal(io::Error),
    /// No thread.
    #[error("the system gives no thread: {0}")]
    System(io::Error),
}

/// A keyboard without hardware. It falls silent when this is dropped.
#[derive(Debug)]
pub struct VirtualKeyboard {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
    /// Whether the thread reads the terminal.
    typed: bool,
}

#[derive(Clone, Debug, Default)]
struct Stop(Arc<AtomicBool>);

impl Stop {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, thread: &Thread) {
        self.0.store(true, Ordering::Release);
        thread.unpark();
    }
}

/// The way from a virtual keyboard to its listener.
struct Wire {
    sender: Sender,
    notices: Notices,
    normaliser: Normaliser,
    name: String,
    id: &'static str,
    panel: Panel,
}

impl Wire {
    fn connect(&mut self, at: Micros) {
        self.normaliser = Normaliser::default();
        let (name, id) = (self.name.clone(), self.id.to_owned());
        self.notices.send(Event::Connected { at, name, id, panel: self.panel });
    }

    fn say(&mut self, at: Micros, message: &Message) {
        let sender = &mut self.sender;
        self.normaliser.feed(&message.to_bytes(), |m| sender.send(at, m));
    }
}

impl VirtualKeyboard {
    /// Starts to play. The receiver, which belongs to the calling thread, hears
    /// [`Event::Connected`] first and [`Event::Ended`] after the last event.
    ///
    /// A melody (the demo, a MIDI file) begins `rest` after that: it waits for a count-in, as a player
    /// would. A script says itself when what happens.
    ///
    /// # Errors
    /// When the file cannot be used, or the computer's keys cannot.
    pub fn start(script: Script, clock: Clock, rest: Micros) -> Result<(VirtualKeyboard, Receiver), VirtualError> {
        let (sender, notices, receiver) = stream(clock);
        let wire = |name: &str, id, panel| Wire {
            sender,
            notices,
            normaliser: Normaliser::default(),
            name: format!("Virtual keyboard ({name})"),
            id,
            panel,
        };
        let typed = matches!(script, Script::ComputerKeys(_));
        let (stop, thread) = match script {
            Script::ComputerKeys(controls) => {
                let stop = Stop::default();
                let wire = wire("computer keys", "virtual-keys", Panel::Virtual);
                let thread = computer_keys::start(wire, controls, clock, stop.clone())?;
                (stop, thread)
            }
            Script::Demo => {
                let here = || PathBuf::from("demo melody");
                let steps = script::from_midi(DEMO).map_err(|source| VirtualError::Script { path: here(), source })?;
                play(steps, wire("demo", "virtual-demo", Panel::Virtual), clock, rest)?
            }
            Script::File(path) => {
                let bytes =
                    std::fs::read(&path).map_err(|source| VirtualError::Unreadable { path: path.clone(), source })?;
                // A text is written for this keyboard; a MIDI file was played on who knows what.
                let (panel, rest) =
                    if script::is_midi(&bytes) { (Panel::Unknown, rest) } else { (Panel::Virtual, Micros::ZERO) };
                let steps =
                    script::read(&bytes).map_err(|source| VirtualError::Script { path: path.clone(), source })?;
                let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
                play(steps, wire(&name, "virtual-script", panel), clock, rest)?
            }
        };
        Ok((VirtualKeyboard { stop, thread: Some(thread), typed }, receiver))
    }
}

fn play(
    steps: Vec<(Micros, Step)>,
    wire: Wire,
    clock: Clock,
    rest: Micros,
) -> Result<(Stop, JoinHandle<()>), VirtualError> {
    let stop = Stop::default();
    let player = player::Player { steps, wire, clock, rest, stop: stop.clone() };
    let thread = std::thread::Builder::new()
        .name("virtual-keyboard".to_owned())
        .spawn(move || player.play())
        .map_err(VirtualError::System)?;
    Ok((stop, thread))
}

impl Drop for VirtualKeyboard {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stop.set(thread.thread());
            if self.typed {
                computer_keys::wait_for(thread);
            } else {
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn play_to_the_end(script: &str) -> Vec<Event> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, script.as_bytes()).unwrap();
        let (_keyboard, mut receiver) =
            VirtualKeyboard::start(Script::File(file.path().to_owned()), Clock::start(), Micros::ZERO).unwrap();
        let (mut out, begun) = (Vec::new(), std::time::Instant::now());
        while !matches!(out.last(), Some(Event::Ended { .. })) {
            assert!(begun.elapsed() < Duration::from_secs(20), "no end: {out:?}");
            receiver.drain(Duration::from_secs(5), &mut out);
        }
        out
    }

    #[test]
    fn a_script_comes_in_real_time_with_its_own_times() {
        let events = play_to_the_end("note_on 60 100\nat 30\nnote_off 60\nat 40.5\ntap 62 90 5\n");
        assert!(matches!(events[0], Event::Connected { panel: Panel::Virtual, .. }));
        let start = events[0].at();
        let times: Vec<u64> = events[1..].iter().map(|e| e.at().since(start).0).collect();
        assert_eq!(times, [0, 30_000, 40_500, 45_500, 45_500]);
    }

    #[test]
    fn unplugging_loses_what_is_played_meanwhile() {
        let events = play_to_the_end("note_on 60\nunplug\nnote_on 62\nplug\nnote_on 64\n");
        let kinds: Vec<String> = events.iter().map(|e| format!("{e:?}").chars().take(9).collect()).collect();
        assert_eq!(kinds, ["Connected", "Message {", "Disconnec", "Connected", "Message {", "Ended { a"]);
    }

    #[test]
    fn the_buttons_of_a_midi_file_are_not_known() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, DEMO).unwrap();
        let script = Script::File(file.path().to_owned());
        let (_keyboard, mut receiver) = VirtualKeyboard::start(script, Clock::start(), Micros::ZERO).unwrap();
        let mut out = Vec::new();
        while out.is_empty() {
            receiver.drain(Duration::from_secs(5), &mut out);
        }
        assert!(matches!(out[0], Event::Connected { panel: Panel::Unknown, .. }), "{out:?}");
    }

    #[test]
    fn dropping_it_ends_it_at_once() {
        let before = std::time::Instant::now();
        let (keyboard, _receiver) = VirtualKeyboard::start(Script::Demo, Clock::start(), Micros::ZERO).unwrap();
        drop(keyboard);
        assert!(before.elapsed() < Duration::from_secs(2));
    }
}
