//! Playing: the keys live, and performances, through an audio output or to a MIDI port.

mod external;
mod knobs;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use external::External;
pub use knobs::knobs;

use super::instruments::{Chosen, Preparer};
use crate::audio::Options;
use crate::audio::engine::{Engine, EngineError, Remote};
use crate::audio::instrument::synths;
use crate::audio::levels::Gauges;
use crate::audio::output::{Description, Output, OutputError, Request, State, System};
use crate::audio::sequencer::{Score, Speed, Strip};
use crate::keyboard::OutputPortError;
use crate::music::Micros;

/// The sample rate that instruments are first made for; most outputs have it.
const LIKELY_RATE: u32 = 48_000;

/// The engine, an output, and a SoundFont.
#[derive(Debug)]
pub struct Player {
    remote: Remote,
    output: Output,
    /// Whether keys come through JACK, with their places in the block, and need no block to find them.
    exact: bool,
    _preparer: Preparer,
}

impl Player {
    /// Opens the output and starts the engine behind it. `epoch` is the zero of the clock by which the
    /// keyboard's messages are stamped.
    ///
    /// # Errors
    /// When there is no output that does what is asked.
    pub fn open(request: Request, chosen: &Chosen, options: Options, epoch: Instant) -> Result<Player, OutputError> {
        let make = synths(Arc::clone(&chosen.font), options);
        let (engine, remote) = Engine::new(make, request.rate.unwrap_or(LIKELY_RATE), epoch);
        let exact = request.system == System::Jack && request.keyboards;
        let output = Output::open(request, Box::new(engine))?;
        Ok(Player { remote, output, exact, _preparer: Preparer::start(Arc::clone(&chosen.font)) })
    }

    /// Like [`Player::open`]; where `any` output will do and the one that is asked for is not there, the
    /// system's choice is opened, and why comes with it.
    ///
    /// # Errors
    /// When there is no output that does what is asked.
    pub fn open_preferring(
        request: &Request,
        any: bool,
        chosen: &Chosen,
        options: Options,
        epoch: Instant,
    ) -> Result<(Player, Option<OutputError>), OutputError> {
        match Player::open(request.clone(), chosen, options, epoch) {
            Err(missing @ OutputError::NoSuchDevice { .. }) if any => {
                let request = Request { device: None, ..request.clone() };
                Ok((Player::open(request, chosen, options, epoch)?, Some(missing)))
            }
            opened => Ok((opened?, None)),
        }
    }

    /// Plays with another SoundFont from now on. Its instruments are made in the calling thread.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn set_font(&mut self, chosen: &Chosen, options: Options) -> Result<(), EngineError> {
        self.remote.set_instruments(synths(Arc::clone(&chosen.font), options))?;
        self._preparer = Preparer::start(Arc::clone(&chosen.font));
        Ok(())
    }

    /// The engine's other side.
    pub fn remote(&mut self) -> &mut Remote {
        &mut self.remote
    }

    /// Position, levels and counts.
    #[must_use]
    pub fn gauges(&self) -> &Arc<Gauges> {
        self.remote.gauges()
    }

    /// Whether sound goes somewhere, and where.
    #[must_use]
    pub fn state(&self) -> State {
        self.output.state()
    }

    /// How often sound came too late for the output.
    #[must_use]
    pub fn xruns(&self) -> u64 {
        self.output.xruns()
    }

    /// From a key's time stamp to its sound, as far as the output tells: one block and a little for the
    /// way, so that every key is late by the same, then what the output holds back.
    #[must_use]
    pub fn latency(&self, open: &Description) -> Duration {
        let rate = f64::from(open.format.rate.max(1));
        let delivery = Duration::from_secs_f64(f64::from(self.gauges().delivery().max(0.0)) / rate);
        let block = Duration::from_secs_f64(f64::from(open.format.block) / rate);
        let lead = if self.exact { Duration::ZERO } else { block + delivery };
        lead + self.held_back(open)
    }

    /// How long the output holds a sound back, as far as it tells.
    #[must_use]
    pub fn held_back(&self, open: &Description) -> Duration {
        let reported = self.output.delay();
        let frames = f64::from(open.format.latency) / f64::from(open.format.rate.max(1));
        if reported.is_zero() { Duration::from_secs_f64(frames) } else { reported }
    }
}

impl Drop for Player {
    /// A wave that is cut clicks: what sounds fades, and is waited for as long as the output holds it back.
    fn drop(&mut self) {
        /// The fade, and the time until the next block takes the order.
        const FADE: Duration = Duration::from_millis(20);
        /// No output is worth more.
        const MOST: Duration = Duration::from_millis(200);
        let State::Open(open) = self.output.state() else { return };
        if self.gauges().voices() > 0 && self.remote.panic().is_ok() {
            std::thread::sleep((self.held_back(&open) + FADE).min(MOST));
        }
    }
}

/// Why a performance cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerformError {
    /// The engine is stuck.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The MIDI port has gone.
    #[error(transparent)]
    Port(#[from] OutputPortError),
}

/// Where a performance goes.
#[derive(Debug)]
pub enum Stage {
    /// To an audio output.
    Sound(Box<Player>),
    /// To a MIDI port.
    Port(External),
}

impl Stage {
    /// Loads a score, paused at its start.
    ///
    /// # Errors
    /// As every call: when the stage is gone.
    pub fn load(&mut self, score: Arc<Score>) -> Result<(), PerformError> {
        match self {
            Stage::Sound(player) => Ok(player.remote.load(score)?),
            Stage::Port(port) => port.load(score),
        }
    }

    /// Plays, or goes on.
    ///
    /// # Errors
    /// When the stage is gone.
    pub fn play(&mut self) -> Result<(), PerformError> {
        match self {
            Stage::Sound(player) => Ok(player.remote.play()?),
            Stage::Port(port) => port.play(),
        }
    }

    /// Stops where it is.
    ///
    /// # Errors
    /// When the stage is gone.
    pub fn pause(&mut self) -> Result<(), PerformError> {
        match self {
            Stage::Sound(player) => Ok(player.remote.pause()?),
            Stage::Port(port) => port.pause(),
        }
    }

    /// Goes to a time of the piece.
    ///
    /// # Errors
    /// When the stage is gone.
    pub fn seek(&mut self, to: Micros) -> Result<(), PerformError> {
        match self {
            Stage::Sound(player) => Ok(player.remote.seek(to)?),
            Stage::Port(port) => port.seek(to),
        }
    }

    /// Sets the speed.
    ///
    /// # Errors
    /// When the stage is gone.
    pub fn set_speed(&mut self, speed: Speed) -> Result<(), PerformError> {
        match self {
            Stage::Sound(player) => Ok(player.remote.set_speed(speed)?),
            Stage::Port(port) => port.set_speed(speed),
        }
    }

    /// Plays what lies between two times again and again; `None` ends that.
    ///
    /// # Errors
    /// When the stage is gone, or the times are too close.
    pub fn set_loop(&mut self, between: Option<(Micros, Micros)>) -> Result<(), PerformError> {
        match self {
            Stage::Sound(player) => Ok(player.remote.set_loop(between)?),
            Stage::Port(port) => port.set_loop(between),
        }
    }

    /// Mixes a strip.
    ///
    /// # Errors
    /// When the stage is gone.
    pub fn set_strip(&mut self, index: usize, strip: Strip) -> Result<(), PerformError> {
        match self {
            Stage::Sound(player) => Ok(player.remote.set_strip(index, strip)?),
            Stage::Port(port) => port.set_strip(index, strip),
        }
    }

    /// Lets the metronome beat along; a MIDI port has none.
    ///
    /// # Errors
    /// When the stage is gone.
    pub fn set_metronome(&mut self, on: bool) -> Result<(), PerformError> {
        match self {
            Stage::Sound(player) => Ok(player.remote.set_metronome(on)?),
            Stage::Port(_) => Ok(()),
        }
    }

    /// Whether the performance has come to its end since it was loaded or last sought.
    #[must_use]
    pub fn ended(&self) -> bool {
        match self {
            Stage::Sound(player) => player.remote.ended(),
            Stage::Port(port) => port.ended(),
        }
    }

    /// Where it is and whether it plays.
    #[must_use]
    pub fn gauges(&self) -> &Arc<Gauges> {
        match self {
            Stage::Sound(player) => player.gauges(),
            Stage::Port(port) => port.gauges(),
        }
    }
}
