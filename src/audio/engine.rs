//! The engine: what runs in the audio callback, for the command line and for a window alike.
//!
//! It plays a performance (the [`sequencer`](super::sequencer)), the keys that are played live (through
//! [`Layers`]) and the metronome, mixes them, and lets nothing leave beyond the limiter. What it is told
//! comes through one ring, what it no longer needs leaves through another, what it shows is in
//! atomics: [`Remote`] is the other side of all three. In the callback it neither locks, allocates,
//! frees, logs nor touches files; `tests/engine_realtime.rs` proves the allocating part.
//!
//! Finished sounds (a rendered file, say) do not come here: see [`audition`](super::audition).

mod layers;
mod live;
mod remote;

use std::sync::Arc;
use std::time::Instant;

pub use layers::{Knobs, Layer, Layers};
pub use live::{Hand, LiveEvent, LiveInput};
pub use remote::{EngineError, Remote};

use super::instrument::{Instrument, MakeInstrument};
use super::levels::Gauges;
use super::limiter::Limiter;
use super::metronome::{Clicker, Count};
use super::output::{Block, Format, Renderer};
use super::sequencer::{Loop, Seek, Sequencer, Sink, Speed, Strip};
use crate::music::{Message, Micros};
use live::Live;

/// The longest piece that is rendered at once; longer blocks are cut.
const CHUNK: usize = 1024;

/// Below this (-90 dB) a sound has died away.
const SILENCE: f32 = 3e-5;

/// How long what follows the last note may sound, in seconds.
const TAIL: u64 = 12;

/// The instruments of one SoundFont at one sample rate: for the performance, and for the keys.
pub struct Rack {
    make: MakeInstrument,
    player: Box<dyn Instrument>,
    live: Box<dyn Instrument>,
}

impl Rack {
    /// Makes both.
    #[must_use]
    pub fn new(make: MakeInstrument, rate: u32) -> Rack {
        Rack { player: make(rate), live: make(rate), make }
    }
}

impl std::fmt::Debug for Rack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rack").finish_non_exhaustive()
    }
}

/// What the engine is told. Everything large comes ready-made and in a box.
#[derive(Debug)]
enum Command {
    Load(Option<Box<Sequencer>>),
    Play,
    Pause,
    Seek(Box<Seek>),
    Loop(Option<Box<Loop>>),
    Speed(Speed),
    Strip(usize, Strip),
    Metronome(bool),
    Rack(Box<Rack>, Box<Seek>),
    Listen(Hand, Option<Box<LiveInput>>),
    Layers(Box<Layers>),
    Release,
    Count(Option<Count>),
    Clicks(f32),
    Volume(f32),
    Panic,
}

/// What the engine has no more use for, to be freed elsewhere.
#[derive(Debug)]
#[expect(dead_code, reason = "it is only ever dropped")]
enum Garbage {
    Sequencer(Box<Sequencer>),
    Seek(Box<Seek>),
    Loop(Box<Loop>),
    Rack(Box<Rack>),
    Input(Box<LiveInput>),
    Layers(Box<Layers>),
}

/// What runs in the audio callback.
#[derive(Debug)]
pub struct Engine {
    format: Format,
    rack: Box<Rack>,
    sequencer: Option<Box<Sequencer>>,
    live: Live,
    count: Option<(Count, u64)>,
    clicker: Clicker,
    limiter: Limiter,
    volume: f32,
    wanted_volume: f32,
    extra: [Box<[f32]>; 2],
    /// Loads and seeks so far: see [`Gauges::ended_start`].
    starts: u64,
    /// Frames since the performance ended, and since it was last heard.
    tail: (u64, u64),
    /// Whether the last output has gone, and no other has come yet.
    away: bool,
    commands: rtrb::Consumer<Command>,
    garbage: rtrb::Producer<Garbage>,
    gauges: Arc<Gauges>,
}

impl Engine {
    /// With instruments for the first sample rate. `epoch` is the zero of the clock by which the
    /// keyboard's messages are stamped.
    #[must_use]
    pub fn new(make: MakeInstrument, rate: u32, epoch: Instant) -> (Engine, Remote) {
        let (command_tx, command_rx) = rtrb::RingBuffer::new(256);
        let (garbage_tx, garbage_rx) = rtrb::RingBuffer::new(1_024);
        let gauges = Arc::new(Gauges::default());
        let format = Format { rate, block: 256, latency: 0 };
        let engine = Engine {
            format,
            rack: Box::new(Rack::new(Arc::clone(&make), rate)),
            sequencer: None,
            live: Live::new(rate, epoch),
            count: None,
            clicker: Clicker::new(rate),
            limiter: Limiter::immediate(rate),
            volume: 1.0,
            wanted_volume: 1.0,
            extra: [vec![0.0; CHUNK].into(), vec![0.0; CHUNK].into()],
            starts: 0,
            tail: (0, 0),
            away: false,
            commands: command_rx,
            garbage: garbage_tx,
            gauges: Arc::clone(&gauges),
        };
        gauges.set_rate(rate);
        (engine, Remote::new(command_tx, garbage_rx, gauges, make))
    }

    fn obey(&mut self) {
        // Each command may leave a few things to be freed; without room for them it has to wait.
        while self.garbage.slots() >= 4
            && let Ok(command) = self.commands.pop()
        {
            if let Some(garbage) = self.carry_out(command) {
                let _ = self.garbage.push(garbage);
            }
        }
    }

    fn carry_out(&mut self, command: Command) -> Option<Garbage> {
        let player = &mut Plain(self.rack.player.as_mut());
        match (command, &mut self.sequencer) {
            (Command::Load(new), old) => {
                if let Some(old) = old {
                    old.close(player);
                }
                player.reset();
                self.starts += 1;
                self.tail = (0, 0);
                return std::mem::replace(old, new).map(Garbage::Sequencer);
            }
            (Command::Play, Some(s)) => s.play(),
            (Command::Pause, Some(s)) => s.pause(player),
            (Command::Seek(seek), sequencer) => {
                if let Some(s) = sequencer {
                    s.seek(&seek, player);
                }
                self.starts += 1;
                self.tail = (0, 0);
                return Some(Garbage::Seek(seek));
            }
            (Command::Loop(new), Some(s)) => return s.set_loop(new).map(Garbage::Loop),
            (Command::Loop(new), None) => return new.map(Garbage::Loop),
            (Command::Speed(speed), Some(s)) => s.set_speed(speed),
            (Command::Strip(index, strip), Some(s)) => s.set_strip(index, strip, player),
            (Command::Metronome(on), Some(s)) => s.set_metronome(on),
            (Command::Rack(new, seek), sequencer) => {
                self.live.release(self.rack.live.as_mut());
                let old = std::mem::replace(&mut self.rack, new);
                if let Some(s) = sequencer {
                    s.restate(&seek, &mut Plain(self.rack.player.as_mut()));
                }
                self.live.set_up(self.rack.live.as_mut());
                let _ = self.garbage.push(Garbage::Seek(seek));
                return Some(Garbage::Rack(old));
            }
            (Command::Listen(hand, input), _) => {
                self.live.release(self.rack.live.as_mut());
                return self.live.listen(hand, input).map(Garbage::Input);
            }
            (Command::Layers(layers), _) => {
                self.live.release(self.rack.live.as_mut());
                let old = self.live.set_layers(layers);
                self.live.set_up(self.rack.live.as_mut());
                return old.map(Garbage::Layers);
            }
            (Command::Release, _) => self.live.release(self.rack.live.as_mut()),
            (Command::Count(count), _) => self.count = count.map(|c| (c, 0)),
            (Command::Clicks(level), _) => self.clicker.set_level(level),
            (Command::Volume(volume), _) => self.wanted_volume = volume.clamp(0.0, 2.0),
            (Command::Panic, sequencer) => {
                if let Some(s) = sequencer {
                    s.pause(player);
                }
                player.reset();
                self.rack.live.reset();
                self.live.set_up(self.rack.live.as_mut());
            }
            (_, None) => {}
        }
        None
    }

    /// One chunk; `start` is where it lies in the block.
    fn chunk(&mut self, left: &mut [f32], right: &mut [f32], block: &Block<'_>, start: usize) {
        let frames = left.len();
        match &mut self.sequencer {
            Some(sequencer) => {
                let mut sink = Rendering {
                    instrument: self.rack.player.as_mut(),
                    clicker: &mut self.clicker,
                    left,
                    right,
                    done: 0,
                };
                sequencer.run(frames, &mut sink);
                sink.advance(frames);
            }
            None => {
                left.fill(0.0);
                right.fill(0.0);
            }
        }
        if self.live.is_used(block) {
            let [l, r] = self.extra.each_mut().map(|e| &mut e[..frames]);
            self.live.render(self.rack.live.as_mut(), l, r, block, start, &self.gauges);
            left.iter_mut().zip(l.iter()).for_each(|(a, b)| *a += b);
            right.iter_mut().zip(r.iter()).for_each(|(a, b)| *a += b);
        }
        self.count_beats(left, right);
        let step = (self.wanted_volume - self.volume) / frames.max(1) as f32;
        if step != 0.0 || self.volume != 1.0 {
            for (l, r) in left.iter_mut().zip(right.iter_mut()) {
                self.volume += step;
                *l *= self.volume;
                *r *= self.volume;
            }
            self.volume = self.wanted_volume;
        }
        self.limiter.process(left, right);
    }

    /// The clicks of a count-in or a recording, early by what the output holds back.
    fn count_beats(&mut self, left: &mut [f32], right: &mut [f32]) {
        let mut done = 0;
        while let Some((count, n)) = &mut self.count {
            let Some(beat) = count.beat(*n) else {
                self.count = None;
                break;
            };
            let due = self.live.offset_of(beat.at) - f64::from(self.format.latency);
            if due >= left.len() as f64 {
                break;
            }
            *n += 1;
            // What is long past is not made up for.
            if due > -0.1 * f64::from(self.format.rate) {
                let at = (due.max(0.0) as usize).max(done);
                self.clicker.add(&mut left[done..at], &mut right[done..at]);
                self.clicker.strike(beat.accent);
                done = at;
            }
        }
        self.clicker.add(&mut left[done..], &mut right[done..]);
        self.live.pass(left.len());
    }

    fn show(&mut self, left: &[f32], right: &[f32]) {
        self.gauges.peak(left, right);
        self.gauges.add_frames(left.len());
        self.gauges.set_voices(self.rack.player.active_voices() + self.rack.live.active_voices());
        let Some(sequencer) = &self.sequencer else {
            self.gauges.set_position(Micros::ZERO, false, None);
            return;
        };
        let mut over = false;
        if sequencer.has_ended() {
            let frames = left.len() as u64;
            let heard = left.iter().chain(right).any(|x| x.abs() > SILENCE);
            self.tail = (self.tail.0 + frames, if heard { 0 } else { self.tail.1 + frames });
            let rate = u64::from(self.format.rate);
            over = self.tail.1 > rate / 5 || self.tail.0 > TAIL * rate;
        }
        self.gauges.set_position(sequencer.position(), sequencer.is_playing(), over.then_some(self.starts));
    }
}

impl Renderer for Engine {
    fn prepare(&mut self, format: Format) {
        let changed = format.rate != self.format.rate;
        self.format = format;
        self.live.prepare(format, &self.gauges);
        if std::mem::take(&mut self.away) {
            // What was played since the output before this one ended is not to be heard all at once, nor what died away then.
            self.rack.live.reset();
            self.live.forget();
            self.live.set_up(self.rack.live.as_mut());
        }
        self.gauges.set_rate(format.rate);
        if !changed {
            return;
        }
        let rack = Rack::new(Arc::clone(&self.rack.make), format.rate);
        *self.rack = rack;
        self.clicker = Clicker::new(format.rate).at_level(self.clicker.level());
        self.limiter = Limiter::immediate(format.rate);
        if let Some(sequencer) = &mut self.sequencer {
            sequencer.set_rate(format.rate);
            let here = sequencer.score().seek(sequencer.position());
            sequencer.restate(&here, &mut Plain(self.rack.player.as_mut()));
        }
        self.live.set_up(self.rack.live.as_mut());
    }

    fn render(&mut self, left: &mut [f32], right: &mut [f32], block: &Block<'_>) {
        self.obey();
        self.live.begin(block, left.len());
        let mut start = 0;
        for (l, r) in left.chunks_mut(CHUNK).zip(right.chunks_mut(CHUNK)) {
            self.chunk(l, r, block, start);
            start += l.len();
        }
        self.show(left, right);
    }

    fn suspend(&mut self) {
        self.away = true;
        self.live.release(self.rack.live.as_mut());
    }
}

/// Sends messages at once, between blocks.
struct Plain<'a>(&'a mut dyn Instrument);

impl Sink for Plain<'_> {
    fn advance(&mut self, _offset: usize) {}
    fn message(&mut self, message: &Message) {
        self.0.message(message);
    }
    fn reset(&mut self) {
        self.0.reset();
    }
    fn restart(&mut self) {
        self.0.restart();
    }
    fn click(&mut self, _accent: bool) {}
}

/// Renders up to each message before it is sent.
struct Rendering<'a> {
    instrument: &'a mut dyn Instrument,
    clicker: &'a mut Clicker,
    left: &'a mut [f32],
    right: &'a mut [f32],
    done: usize,
}

impl Sink for Rendering<'_> {
    fn advance(&mut self, offset: usize) {
        if offset > self.done {
            let span = self.done..offset;
            self.instrument.render(&mut self.left[span.clone()], &mut self.right[span]);
            self.done = offset;
        }
    }
    fn message(&mut self, message: &Message) {
        self.instrument.message(message);
    }
    fn reset(&mut self) {
        self.instrument.reset();
    }
    fn restart(&mut self) {
        self.instrument.restart();
    }
    fn click(&mut self, accent: bool) {
        self.clicker.strike(accent);
    }
}

#[cfg(test)]
mod tests;
