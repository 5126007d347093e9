//! The desk: everything that somebody who sits in front of a window plays, hears and keeps, on one thread
//! of its own, so that nothing that a window does or waits for holds up a note.
//!
//! A window gives [`Order`]s and is told [`Report`]s. The desk joins the keyboard (or the virtual one) and
//! the keys on screen with the engine, with recordings and with the capture that is always on; it ticks
//! only while something moves. It may use `keyboard`, `audio` and the other use cases.

mod capture;
mod keys;
mod opening;
mod piece;
mod sound;
mod transport;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

pub use capture::CAPTURED;
pub use keys::{Touch, Trial};
pub use opening::{Listen, Opening, SoundChoice};
pub use piece::{Piece, PieceError, PieceNote};
pub use transport::Beat;

use super::instruments::Instrument;
use crate::audio::output::Description;
use crate::audio::sequencer::{Speed, Strip};
use crate::keyboard::Clock;
use crate::keyboard::controls::Panel;
use crate::music::{Message, Micros};
use crate::settings::Settings;

/// What the window wants.
#[derive(Clone, Debug)]
pub enum Order {
    /// Begin a take, or end the one that runs.
    Record,
    /// End the take, or the performance; a second time goes back to the start.
    Stop,
    /// Play what is on the desk, or pause it.
    Play,
    /// Play what is on the desk, if it does not play already.
    Go,
    /// Pause it, if it plays.
    Pause,
    /// Play it so fast, until another piece is on the desk.
    Speed(Speed),
    /// Go to a time of it.
    Seek(Micros),
    /// Keep what was just played as a take.
    Keep,
    /// Put a piece on the desk, to be played.
    Show(Arc<Piece>),
    /// Mix the strips of the piece on the desk.
    Strips(Vec<Strip>),
    /// Play what lies between two times of it again and again, or no longer.
    Loop(Option<(Micros, Micros)>),
    /// Tempo, count-in and metronome, from now on.
    Beat(Beat),
    /// What the keys play.
    Instrument(Instrument),
    /// Another output or SoundFont.
    Sound(SoundChoice),
    /// Another keyboard.
    Listen(Listen),
    /// Other settings: what controls send, and where takes go.
    Settings(Box<Settings>),
    /// Look again for what is missing.
    Retry,
}

/// What the window is told. Facts, in the order in which they came about.
#[derive(Clone, Debug)]
pub enum Report {
    /// The keyboard.
    Keyboard(Keyboard),
    /// Where sound goes.
    Sound(Sound),
    /// A SoundFont is loaded.
    Font(Font),
    /// What the keys play.
    Instrument(Instrument),
    /// What was played, with its time on the desk's clock.
    Heard(Vec<(Micros, Message)>),
    /// What the desk does.
    Transport(Transport),
    /// What Play would play.
    Piece(Arc<Piece>),
    /// A take is safe.
    Kept(Kept),
    /// How much the capture holds that is not a take yet.
    Captured(Captured),
    /// Something to be said.
    Says(Remark),
    /// While something moves, some thirty times a second; and once more when it has come to rest.
    Pulse(Pulse),
}

/// How it is with the keyboard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keyboard {
    /// It is looked for, and none was there so far.
    #[default]
    Awaited,
    /// It is there.
    Connected {
        /// The port's name.
        name: String,
        /// The port's id.
        id: String,
        /// Whose controls it has.
        panel: Panel,
    },
    /// It was there, and was unplugged.
    Away {
        /// The port's name.
        name: String,
    },
    /// It was the virtual keyboard, and has played all that it had to play.
    Ended,
    /// It is there and gives no connection yet.
    Refused {
        /// Why.
        reason: String,
    },
    /// It cannot even be looked for, or it is not clear which is meant.
    Unusable {
        /// Why.
        reason: String,
    },
}

/// How it is with sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sound {
    /// The output and the SoundFont are being opened.
    #[default]
    Opening,
    /// It sounds.
    Open {
        /// Where.
        output: Description,
        /// From a key's time stamp to its sound.
        latency: Duration,
    },
    /// There is none; it is tried again.
    Silent {
        /// Why.
        reason: String,
    },
}

/// A loaded SoundFont.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Font {
    /// Its name for people.
    pub name: String,
    /// Whether it is composer's own simple instruments, for want of a SoundFont.
    pub is_own: bool,
    /// What it has to offer, in its order.
    pub instruments: Arc<[Instrument]>,
}

/// What the desk does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Nothing; what is played is captured.
    #[default]
    Idle,
    /// A take runs. Before its origin the bars are counted.
    Recording {
        /// Beat 1, on the desk's clock.
        origin: Micros,
    },
    /// The piece is played.
    Playing,
}

/// A take on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where.
    pub path: PathBuf,
    /// Notes struck.
    pub notes: usize,
    /// Its length.
    pub length: Micros,
    /// Why it is not where it was to go.
    pub elsewhere: Option<String>,
}

/// What the capture holds that has not been kept as a take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// Notes struck.
    pub notes: u64,
}

/// Something to be said to the player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// In a sentence.
    pub text: String,
    /// Whether something is wrong.
    pub wrong: bool,
}

impl Remark {
    fn plain(text: impl Into<String>) -> Remark {
        Remark { text: text.into(), wrong: false }
    }

    fn wrong(text: impl Into<String>) -> Remark {
        Remark { text: text.into(), wrong: true }
    }
}

/// What moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pulse {
    /// The time on the desk's clock.
    pub now: Micros,
    /// Where the piece is.
    pub position: Micros,
    /// The largest samples since the last pulse, left and right; 1.0 is full scale.
    pub peaks: [f32; 2],
    /// How often sound came too late for the output.
    pub xruns: u64,
    /// Whether this is the last one for now.
    pub rest: bool,
}

/// So long a disk may take to save what was played.
const SAVING: Duration = Duration::from_secs(10);

/// So long an audio output or a keyboard's driver may take to let go, once everything is saved.
const LETTING_GO: Duration = Duration::from_secs(1);

/// How a desk has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// What was played is saved, and everything is let go of.
    Done,
    /// What was played is saved; the audio output, or the driver of the keyboard, hangs and was left behind.
    Hangs,
    /// What was played could not be saved in time: it is in its journal.
    Unsaved,
}

/// An open desk. When it is closed or dropped a running take is saved and everything falls silent.
#[derive(Debug)]
pub struct Desk {
    orders: Option<mpsc::Sender<Order>>,
    touch: Option<Touch>,
    thread: Thread,
    work: Option<JoinHandle<()>>,
    /// Hears when everything is saved.
    saved: mpsc::Receiver<()>,
    clock: Clock,
}

impl Desk {
    /// Opens it. `tell` is called on the desk's thread and must not wait for anything.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn open(opening: Opening, tell: impl FnMut(Report) + Send + 'static) -> std::io::Result<Desk> {
        let (orders, inbox) = mpsc::channel();
        let (hand_over, touch) = mpsc::channel();
        let (all_saved, saved) = mpsc::channel();
        let clock = Clock::start();
        let work = std::thread::Builder::new().name("desk".to_owned()).spawn(move || {
            let (touch, keys) = keys::on_screen(clock);
            let _ = hand_over.send(touch);
            let ears = work::Ears { orders: inbox, tell: Box::new(tell), saved: all_saved };
            work::Work::new(opening, clock, keys, ears).run();
        })?;
        Ok(Desk {
            orders: Some(orders),
            touch: touch.recv().ok(),
            thread: work.thread().clone(),
            work: Some(work),
            saved,
            clock,
        })
    }

    /// Gives an order.
    pub fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(order);
        }
        self.thread.unpark();
    }

    /// The keys on screen, which go to the engine without a stop.
    pub fn touch(&mut self) -> Option<&mut Touch> {
        self.touch.as_mut()
    }

    /// The time on the desk's clock.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Closes it: what was played is saved, then sound and keyboard are let go of. Takes ten seconds at most to save, and one
    /// to let go.
    #[must_use]
    pub fn close(mut self) -> Closing {
        self.shut(SAVING, LETTING_GO)
    }

    fn shut(&mut self, saving: Duration, letting_go: Duration) -> Closing {
        let Some(work) = self.work.take() else { return Closing::Done };
        // What is held goes up; without anybody to give orders the desk closes.
        self.touch = None;
        self.orders = None;
        self.thread.unpark();
        if self.saved.recv_timeout(saving) == Err(mpsc::RecvTimeoutError::Timeout) {
            return Closing::Unsaved;
        }
        let deadline = Instant::now() + letting_go;
        while !work.is_finished() {
            if Instant::now() > deadline {
                return Closing::Hangs;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = work.join();
        Closing::Done
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.shut(SAVING, LETTING_GO);
    }
}

#[cfg(test)]
mod tests;
