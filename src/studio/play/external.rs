//! A performance sent to a MIDI port: the same sequencer, run by the system's clock instead of an
//! output's, a thread that sleeps from message to message.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::PerformError;
use crate::audio::engine::EngineError;
use crate::audio::levels::Gauges;
use crate::audio::sequencer::{Loop, SHORTEST_LOOP, Score, Seek, Sequencer, Sink, Speed, Strip};
use crate::keyboard::{OutputAddress, OutputPort, OutputPortError};
use crate::music::Micros;
use crate::music::message::{Channel, Controller, Message, Value, Voice};

/// The sequencer's frames a second here: fine enough for any MIDI wire.
const RATE: u32 = 100_000;

/// How far ahead messages are fetched; so late a pause may come.
const BLOCK: Duration = Duration::from_millis(4);

/// Messages a block: what a full-speed USB keyboard wire takes several times over.
const BUDGET: usize = 4_096;

enum Order {
    Load(Box<Sequencer>),
    Play,
    Pause,
    Seek(Box<Seek>),
    Speed(Speed),
    Loop(Option<Box<Loop>>),
    Strip(usize, Strip),
}

/// A performance on a MIDI port.
#[derive(Debug)]
pub struct External {
    orders: mpsc::Sender<Order>,
    failed: mpsc::Receiver<OutputPortError>,
    gauges: Arc<Gauges>,
    score: Option<Arc<Score>>,
    /// Loads and seeks so far, as the thread counts them.
    starts: u64,
    name: String,
    address: OutputAddress,
    looked: Instant,
    thread: Option<JoinHandle<()>>,
}

impl External {
    /// Starts to send to a port.
    ///
    /// # Errors
    /// When there is no such port, or the system has no thread left.
    pub fn open(port: &str) -> Result<External, OutputPortError> {
        let port = OutputPort::open(port)?;
        let (name, address) = (port.name().to_owned(), port.address());
        let (orders, inbox) = mpsc::channel();
        let (tell, failed) = mpsc::channel();
        let gauges = Arc::new(Gauges::default());
        let shown = Arc::clone(&gauges);
        let run = move || {
            let mut sender = Sender { port, block: Instant::now(), offset: 0, failure: None };
            perform(&mut sender, &inbox, &shown);
            if let Some(failure) = sender.failure {
                let _ = tell.send(failure);
            }
        };
        let thread = std::thread::Builder::new().name("midi-out".to_owned()).spawn(run);
        let thread = thread.map_err(|e| OutputPortError::Gone(e.to_string()))?;
        Ok(External {
            orders,
            failed,
            gauges,
            score: None,
            starts: 0,
            name,
            address,
            looked: Instant::now(),
            thread: Some(thread),
        })
    }

    /// The port's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Position and so on.
    #[must_use]
    pub fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    /// Whether the performance has come to its end since the last load or seek.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.starts > 0 && self.gauges.ended_start() == self.starts
    }

    /// Looks after the port, now and then.
    ///
    /// # Errors
    /// When it has gone. ALSA takes messages for a port that nobody reads any more, so the list of ports is asked.
    pub fn look(&mut self) -> Result<(), PerformError> {
        /// How often.
        const LOOK: Duration = Duration::from_secs(1);
        if let Ok(failure) = self.failed.try_recv() {
            return Err(failure.into());
        }
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        if self.address.is_there() { Ok(()) } else { Err(OutputPortError::Gone(self.name.clone()).into()) }
    }

    fn start(&mut self, order: Order) -> Result<(), PerformError> {
        self.order(order)?;
        self.starts += 1;
        Ok(())
    }

    fn order(&self, order: Order) -> Result<(), PerformError> {
        if let Ok(failure) = self.failed.try_recv() {
            return Err(failure.into());
        }
        self.orders.send(order).map_err(|_| OutputPortError::Gone("sending has ended".to_owned()).into())
    }

    pub(super) fn load(&mut self, score: Arc<Score>) -> Result<(), PerformError> {
        self.score = Some(Arc::clone(&score));
        self.start(Order::Load(Box::new(Sequencer::new(score, RATE, BUDGET))))
    }

    pub(super) fn play(&mut self) -> Result<(), PerformError> {
        // A pause has lifted the pedals; what was down goes down again.
        let here = self.gauges.position();
        if here > Micros::ZERO && !self.gauges.playing() {
            self.seek(here)?;
        }
        self.order(Order::Play)
    }

    pub(super) fn pause(&mut self) -> Result<(), PerformError> {
        self.order(Order::Pause)
    }

    pub(super) fn seek(&mut self, to: Micros) -> Result<(), PerformError> {
        let Some(score) = &self.score else { return Ok(()) };
        self.start(Order::Seek(Box::new(score.seek(to))))
    }

    pub(super) fn set_speed(&mut self, speed: Speed) -> Result<(), PerformError> {
        self.order(Order::Speed(speed))
    }

    pub(super) fn set_loop(&mut self, between: Option<(Micros, Micros)>) -> Result<(), PerformError> {
        let looped = match (between, &self.score) {
            (Some((start, end)), Some(score)) => {
                let end = end.min(score.length());
                if end.since(start) < SHORTEST_LOOP {
                    return Err(EngineError::ShortLoop.into());
                }
                Some(Box::new(Loop { start: score.seek(start), end }))
            }
            _ => None,
        };
        self.order(Order::Loop(looped))
    }

    pub(super) fn set_strip(&mut self, index: usize, strip: Strip) -> Result<(), PerformError> {
        self.order(Order::Strip(index, strip))
    }
}

impl Drop for External {
    fn drop(&mut self) {
        // Without orders to come the thread closes what sounds and ends.
        let (dead, _) = mpsc::channel();
        self.orders = dead;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sends messages when they are due.
struct Sender {
    port: OutputPort,
    block: Instant,
    offset: usize,
    failure: Option<OutputPortError>,
}

impl Sink for Sender {
    fn advance(&mut self, offset: usize) {
        self.offset = offset;
    }

    fn message(&mut self, message: &Message) {
        let due = self.block + Duration::from_secs_f64(self.offset as f64 / f64::from(RATE));
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        if self.failure.is_none() {
            self.failure = self.port.send(message).err();
        }
    }

    fn reset(&mut self) {
        for channel in (0..16).map(Channel::masked) {
            let (controller, value) = (Controller::masked(120), Value::masked(0));
            self.message(&Message::Voice(channel, Voice::Control { controller, value }));
        }
        self.restart();
    }

    fn restart(&mut self) {
        for channel in (0..16).map(Channel::masked) {
            // All controllers off, volume, pan, and no sends that the last piece has left.
            for (c, v) in [(121, 0), (7, 100), (10, 64), (91, 40), (93, 0), (0, 0), (32, 0)] {
                let (controller, value) = (Controller::masked(c), Value::masked(v));
                self.message(&Message::Voice(channel, Voice::Control { controller, value }));
            }
            self.message(&Message::Voice(channel, Voice::Program(Value::masked(0))));
        }
    }

    fn click(&mut self, _accent: bool) {}
}

fn perform(sender: &mut Sender, orders: &mpsc::Receiver<Order>, gauges: &Gauges) {
    let frames = (BLOCK.as_secs_f64() * f64::from(RATE)) as usize;
    let mut sequencer: Option<Box<Sequencer>> = None;
    let mut starts = 0;
    sender.block = Instant::now();
    loop {
        sender.offset = 0;
        loop {
            let order = match orders.try_recv() {
                Ok(order) => order,
                Err(mpsc::TryRecvError::Empty) => break,
                Err(mpsc::TryRecvError::Disconnected) => {
                    if let Some(s) = &mut sequencer {
                        s.pause(sender);
                    }
                    return;
                }
            };
            match (order, &mut sequencer) {
                (Order::Load(new), old) => {
                    if let Some(old) = old {
                        old.close(sender);
                    }
                    sequencer = Some(new);
                    starts += 1;
                }
                (Order::Play, Some(s)) => s.play(),
                (Order::Pause, Some(s)) => s.pause(sender),
                (Order::Seek(seek), Some(s)) => {
                    s.seek(&seek, sender);
                    starts += 1;
                }
                (Order::Speed(speed), Some(s)) => s.set_speed(speed),
                (Order::Loop(looped), Some(s)) => drop(s.set_loop(looped)),
                (Order::Strip(index, strip), Some(s)) => s.set_strip(index, strip, sender),
                (_, None) => {}
            }
        }
        if let Some(s) = &mut sequencer {
            s.run(frames, sender);
            gauges.set_position(s.position(), s.is_playing(), s.has_ended().then_some(starts));
        }
        if sender.failure.is_some() {
            return;
        }
        sender.block += BLOCK;
        match sender.block.checked_duration_since(Instant::now()) {
            Some(wait) => std::thread::sleep(wait),
            // A machine that slept does not have to make up for it.
            None if sender.block.elapsed() > Duration::from_secs(1) => sender.block = Instant::now(),
            None => {}
        }
    }
}
