//! The other side of the engine: for the command line, a window, a test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Command, Garbage, Hand, Layers, LiveInput, Rack};
use crate::audio::instrument::MakeInstrument;
use crate::audio::levels::Gauges;
use crate::audio::metronome::Count;
use crate::audio::sequencer::{Loop, SHORTEST_LOOP, Score, Sequencer, Speed, Strip};
use crate::music::Micros;

/// Events that one block sends at most; a full-speed MIDI wire carries about five.
const BUDGET: usize = 2_048;

/// How long a command waits for room before the engine is taken for dead.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why the engine was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// It takes no commands.
    #[error("the audio output has stopped taking sound")]
    Stuck,
    /// The end of a loop must lie behind its start.
    #[error("a loop must be at least {} ms long", SHORTEST_LOOP.0 / 1_000)]
    ShortLoop,
}

/// Tells the engine what to do and shows what it does.
pub struct Remote {
    commands: rtrb::Producer<Command>,
    garbage: rtrb::Consumer<Garbage>,
    gauges: Arc<Gauges>,
    make: MakeInstrument,
    score: Option<Arc<Score>>,
    /// Loads and seeks so far, as the engine counts them.
    starts: u64,
    /// Loaded or sought since it last played or paused: the gauges may not show that place yet.
    placed: bool,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("gauges", &self.gauges).finish_non_exhaustive()
    }
}

impl Remote {
    pub(super) fn new(
        commands: rtrb::Producer<Command>,
        garbage: rtrb::Consumer<Garbage>,
        gauges: Arc<Gauges>,
        make: MakeInstrument,
    ) -> Remote {
        Remote { commands, garbage, gauges, make, score: None, starts: 0, placed: false }
    }

    fn send(&mut self, command: Command) -> Result<(), EngineError> {
        let mut command = command;
        let mut deadline = None;
        loop {
            self.collect();
            match self.commands.push(command) {
                Ok(()) => return Ok(()),
                Err(rtrb::PushError::Full(back)) => command = back,
            }
            if Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + PATIENCE) {
                return Err(EngineError::Stuck);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn start(&mut self, command: Command) -> Result<(), EngineError> {
        self.send(command)?;
        self.starts += 1;
        self.placed = true;
        Ok(())
    }

    /// Whether the performance has come to its end, since the last load or seek, and the last sound
    /// has died away.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.starts > 0 && self.gauges.ended_start() == self.starts
    }

    /// Frees what the engine has no more use for. Every command does so too.
    pub fn collect(&mut self) {
        while self.garbage.pop().is_ok() {}
    }

    /// Position, peaks and counts.
    #[must_use]
    pub fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    /// Loads a score, paused at its start.
    ///
    /// # Errors
    /// As every command: when the engine does not run.
    pub fn load(&mut self, score: Arc<Score>) -> Result<(), EngineError> {
        let sequencer = Sequencer::new(Arc::clone(&score), self.gauges.rate(), BUDGET);
        self.score = Some(score);
        self.start(Command::Load(Some(Box::new(sequencer))))
    }

    /// Takes the score away.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn unload(&mut self) -> Result<(), EngineError> {
        self.score = None;
        self.start(Command::Load(None))
    }

    /// Plays, or goes on, with pedals and controllers as they belong there.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn play(&mut self) -> Result<(), EngineError> {
        let here = self.gauges.position();
        if !self.placed && here > Micros::ZERO && !self.gauges.playing() {
            self.seek(here)?;
        }
        self.placed = false;
        self.send(Command::Play)
    }

    /// Stops where it is; nothing goes on sounding but what dies away.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn pause(&mut self) -> Result<(), EngineError> {
        self.placed = false;
        self.send(Command::Pause)
    }

    /// Goes to a time of the piece.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn seek(&mut self, to: Micros) -> Result<(), EngineError> {
        let Some(score) = &self.score else { return Ok(()) };
        let seek = score.seek(to);
        self.start(Command::Seek(Box::new(seek)))
    }

    /// Plays what lies between two times again and again; `None` ends that.
    ///
    /// # Errors
    /// When the engine does not run, or they are too close.
    pub fn set_loop(&mut self, between: Option<(Micros, Micros)>) -> Result<(), EngineError> {
        let looped = match (between, &self.score) {
            (Some((start, end)), Some(score)) => {
                let end = end.min(score.length());
                if end.since(start) < SHORTEST_LOOP {
                    return Err(EngineError::ShortLoop);
                }
                Some(Box::new(Loop { start: score.seek(start), end }))
            }
            _ => None,
        };
        self.send(Command::Loop(looped))
    }

    /// Sets the speed of the performance.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn set_speed(&mut self, speed: Speed) -> Result<(), EngineError> {
        self.send(Command::Speed(speed))
    }

    /// Mixes a strip of the score.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn set_strip(&mut self, index: usize, strip: Strip) -> Result<(), EngineError> {
        self.send(Command::Strip(index, strip))
    }

    /// Lets the metronome beat with the score.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn set_metronome(&mut self, on: bool) -> Result<(), EngineError> {
        self.send(Command::Metronome(on))
    }

    /// Lets the metronome count on the clock of the keyboard's time stamps; `None` ends that.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn count(&mut self, count: Option<Count>) -> Result<(), EngineError> {
        self.send(Command::Count(count))
    }

    /// The volume of the metronome's clicks, 1.0 as they are, 2.0 at most.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn set_click_volume(&mut self, volume: f32) -> Result<(), EngineError> {
        self.send(Command::Clicks(volume))
    }

    /// Exchanges the instruments (another SoundFont). They are made here, in the calling thread.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn set_instruments(&mut self, make: MakeInstrument) -> Result<(), EngineError> {
        let rack = Rack::new(Arc::clone(&make), self.gauges.rate());
        self.make = make;
        let here = self.gauges.position();
        let seek = self.score.as_ref().map(|s| s.seek(here));
        let seek = seek.unwrap_or(crate::audio::sequencer::Seek { position: here, next: 0, cues: Box::default() });
        self.send(Command::Rack(Box::new(rack), Box::new(seek)))
    }

    /// Listens to a keyboard, or to none.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn listen(&mut self, input: Option<LiveInput>) -> Result<(), EngineError> {
        self.listen_to(Hand::Keyboard, input)
    }

    /// Listens to a keyboard or to the keys on screen, both of which play the same layers.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn listen_to(&mut self, hand: Hand, input: Option<LiveInput>) -> Result<(), EngineError> {
        self.send(Command::Listen(hand, input.map(Box::new)))
    }

    /// Sets what the keys play.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn set_layers(&mut self, layers: Layers) -> Result<(), EngineError> {
        self.send(Command::Layers(Box::new(layers)))
    }

    /// Ends what is held on the keyboard: it is gone.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn release_keys(&mut self) -> Result<(), EngineError> {
        self.send(Command::Release)
    }

    /// The volume of everything, 1.0 as it is, 2.0 at most.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn set_volume(&mut self, volume: f32) -> Result<(), EngineError> {
        self.send(Command::Volume(volume))
    }

    /// Silence, at once, and every channel in its first state.
    ///
    /// # Errors
    /// When the engine does not run.
    pub fn panic(&mut self) -> Result<(), EngineError> {
        self.send(Command::Panic)
    }
}
