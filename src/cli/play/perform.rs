//! A performance of MIDI files.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Args;
use super::keys::{Keys, Wish};
use super::line::{Line, Progress, say, time};
use super::live::Care;
use super::track;
use crate::audio::output::State;
use crate::audio::sequencer::{Score, Speed, Strip};
use crate::cli::interrupt::Interrupt;
use crate::cli::{Context, Exit, Failure, info, sound, source};
use crate::keyboard::OutputPortError;
use crate::music::{Micros, Ticks};
use crate::studio::instruments::{self, Chosen};
use crate::studio::play::{External, PerformError, Stage};

/// How often the line is drawn and the stage looked after.
const FRAME: Duration = Duration::from_millis(60);

/// What `--json` prints when files have been played.
#[derive(Serialize)]
pub(super) struct Document {
    pub(super) schema: &'static str,
    pub(super) files: Vec<Played>,
    /// The audio output or MIDI port.
    pub(super) output: String,
    pub(super) xruns: u64,
}

#[derive(Serialize)]
pub(super) struct Played {
    pub(super) path: String,
    pub(super) duration_s: f64,
    /// Where it was left; the duration when it was played to its end.
    pub(super) reached_s: f64,
}

/// What comes after a file.
enum After {
    Next,
    Quit,
}

pub(super) fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::install()?;
    let settings = source::settings(context);
    // What is of no use should be known before anything sounds.
    let mut scores = Vec::new();
    for file in &args.files {
        scores.push((file, load(file)?));
    }
    let mut chosen = None;
    let mut stage = match &args.midi_out {
        Some(port) => Stage::Port(External::open(port).map_err(|e| port_failure(&e))?),
        None => {
            let font = chosen.insert(args.font.load(&settings)?);
            let options = args.font.options(&settings);
            Stage::Sound(Box::new(args.output.open(&settings, font, options, Instant::now(), false)?))
        }
    };
    let output = match &stage {
        Stage::Port(port) => port.name().to_owned(),
        Stage::Sound(player) => match player.state() {
            State::Open(open) => sound::described(&open, None),
            State::Lost(e) => e.to_string(),
        },
    };
    say(&format!("to {output}"));
    let mut played = Vec::new();
    for (file, score) in scores {
        let name = info::name(file);
        let tracks = score.strips().len();
        say(&format!("{name}: {}, {tracks} track{}", time(score.length()), if tracks == 1 { "" } else { "s" }));
        let strips = track::strips(args, &score, chosen.as_ref())?;
        let mut piece = Piece::new(args, &score, strips)?;
        let after = piece.play(&mut stage, chosen.as_ref(), &interrupt).map_err(|e| perform_failure(&e))?;
        let (duration_s, reached_s) = (score.length().as_secs_f64(), piece.reached.as_secs_f64());
        played.push(Played { path: name, duration_s, reached_s });
        if matches!(after, After::Quit) {
            break;
        }
    }
    if args.json {
        let xruns = if let Stage::Sound(player) = &stage { player.xruns() } else { 0 };
        context.out.json(&Document { schema: "composer.play/1", files: played, output, xruns })?;
    }
    Ok(Exit::Success)
}

pub(super) fn load(file: &Path) -> anyhow::Result<Arc<Score>> {
    let reading = info::load(file)?;
    for warning in reading.warnings.iter().take(3) {
        source::warn(&format!("{}: {warning}", info::name(file)));
    }
    Ok(Arc::new(Score::new(&reading.composition)))
}

fn port_failure(error: &OutputPortError) -> Failure {
    let exit = match error {
        OutputPortError::Refused { .. } => Exit::NotPermitted,
        _ => Exit::NoDevice,
    };
    Failure::new(exit, error.to_string()).remedy("`composer devices` lists the ports")
}

fn perform_failure(error: &PerformError) -> Failure {
    match error {
        PerformError::Port(e) => port_failure(e),
        PerformError::Engine(e) => {
            Failure::new(Exit::NoDevice, e.to_string()).remedy("`composer doctor` finds out why")
        }
    }
}

/// A piece while it plays.
struct Piece {
    score: Arc<Score>,
    strips: Vec<Strip>,
    speed: Speed,
    metronome: bool,
    looped: Option<(Micros, Option<Micros>)>,
    start: Micros,
    reached: Micros,
}

impl Piece {
    fn new(args: &Args, score: &Arc<Score>, strips: Vec<Strip>) -> Result<Piece, Failure> {
        let bar = |bar: u64| {
            let tick = score.tempo_map().bar_start(bar).filter(|t| *t <= score.end());
            let none = || {
                Failure::new(Exit::Usage, format!("there is no bar {bar}"))
                    .remedy("`composer info` shows how long it is")
            };
            tick.map(|t| score.tempo_map().micros(t)).ok_or_else(none)
        };
        let looped = match args.looped {
            Some((first, last)) => {
                let end = score.tempo_map().bar_start(last + 1).unwrap_or(Ticks(u64::MAX)).min(score.end());
                Some((bar(first)?, Some(score.tempo_map().micros(end))))
            }
            None => None,
        };
        let start = match args.from {
            Some(from) => bar(from)?,
            None => looped.map_or(Micros::ZERO, |(from, _)| from),
        };
        Ok(Piece {
            score: Arc::clone(score),
            strips,
            speed: args.speed,
            metronome: args.metronome,
            looped,
            start,
            reached: Micros::ZERO,
        })
    }

    fn play(
        &mut self,
        stage: &mut Stage,
        chosen: Option<&Chosen>,
        interrupt: &Interrupt,
    ) -> Result<After, PerformError> {
        if let Some(chosen) = chosen {
            instruments::prepare(&chosen.font, &self.score);
        }
        stage.load(Arc::clone(&self.score))?;
        for (index, strip) in self.strips.iter().enumerate().filter(|(_, s)| **s != Strip::default()) {
            stage.set_strip(index, *strip)?;
        }
        stage.set_speed(self.speed)?;
        stage.set_metronome(self.metronome)?;
        self.send_loop(stage)?;
        if self.start > Micros::ZERO {
            stage.seek(self.start)?;
        }
        stage.play()?;
        let keys = Keys::new();
        let mut line = Line::new();
        let result = self.follow(stage, &keys, &mut line, interrupt);
        line.clear();
        let _ = stage.pause();
        result
    }

    fn follow(
        &mut self,
        stage: &mut Stage,
        keys: &Keys,
        line: &mut Line,
        interrupt: &Interrupt,
    ) -> Result<After, PerformError> {
        let mut care = match stage {
            Stage::Sound(player) => Some(Care::new(player)),
            Stage::Port(_) => None,
        };
        let mut paused = false;
        loop {
            if interrupt.came() {
                return Ok(After::Quit);
            }
            if let Some(wish) = keys.wish(FRAME) {
                match wish {
                    Wish::Quit => return Ok(After::Quit),
                    Wish::Next => return Ok(After::Next),
                    Wish::Pause => {
                        paused = !paused;
                        if paused { stage.pause()? } else { stage.play()? }
                    }
                    other => {
                        self.grant(other, stage)?;
                        // While the last notes die away the piece is at its end, and a seek leaves that.
                        if matches!(other, Wish::Seek(_) | Wish::Start) && !paused {
                            stage.play()?;
                        }
                    }
                }
            }
            let gauges = Arc::clone(stage.gauges());
            let mut xruns = 0;
            if let (Stage::Sound(player), Some(care)) = (&mut *stage, &mut care) {
                care.look(player);
                player.remote().collect();
                xruns = player.xruns();
            }
            let ended = stage.ended();
            self.reached = gauges.position();
            if ended {
                self.reached = self.score.length();
                return Ok(After::Next);
            }
            let [l, r] = gauges.take_peaks();
            line.draw(&Progress {
                map: self.score.tempo_map(),
                position: gauges.position(),
                length: self.score.length(),
                percent: self.speed.percent(),
                playing: gauges.playing(),
                looped: self.looped,
                peak: l.max(r),
                xruns,
            });
        }
    }

    fn grant(&mut self, wish: Wish, stage: &mut Stage) -> Result<(), PerformError> {
        let here = stage.gauges().position();
        match wish {
            Wish::Seek(seconds) => {
                let to = i64::try_from(here.0).unwrap_or(i64::MAX).saturating_add(seconds * 1_000_000).max(0);
                stage.seek(Micros(to.cast_unsigned()))?;
            }
            Wish::Start => stage.seek(Micros::ZERO)?,
            Wish::Speed(by) => {
                let percent = self.speed.percent().saturating_add_signed(by).clamp(25, 200);
                self.speed = Speed::new(percent).unwrap_or(self.speed);
                stage.set_speed(self.speed)?;
            }
            Wish::Loop => {
                self.looped = match self.looped {
                    None => Some((here, None)),
                    Some((from, None)) if here.since(from) > Micros::from_millis(100) => Some((from, Some(here))),
                    Some(_) => None,
                };
                self.send_loop(stage)?;
            }
            Wish::Metronome => {
                self.metronome = !self.metronome;
                stage.set_metronome(self.metronome)?;
            }
            Wish::Pause | Wish::Next | Wish::Quit => {}
        }
        Ok(())
    }

    fn send_loop(&self, stage: &mut Stage) -> Result<(), PerformError> {
        stage.set_loop(self.looped.and_then(|(from, to)| Some((from, to?))))
    }
}
