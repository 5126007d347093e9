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
use crate::audio::engine::EngineError;
use crate::audio::output::State;
use crate::audio::sequencer::{SHORTEST_LOOP, Score, Speed, Strip};
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
    let settings = source::settings(context);
    // What is of no use should be known before anything sounds. Reading may wait for a pipe, and Ctrl-C ends that by itself.
    let scores = scores(args)?;
    let interrupt = Interrupt::install()?;
    // What is typed from here on is meant for the pieces.
    let keys = Keys::new();
    let chosen = if args.midi_out.is_some() { None } else { Some(args.font.load(&settings)?) };
    let pieces = pieces(args, scores, chosen.as_ref())?;
    let mut stage = match (&args.midi_out, &chosen) {
        (None, Some(font)) => {
            let options = args.font.options(&settings);
            Stage::Sound(Box::new(args.output.open(&settings, font, options, Instant::now(), false)?))
        }
        (port, _) => {
            let port = port.as_deref().unwrap_or_default();
            Stage::Port(External::open(port).map_err(|e| port_failure(&e))?)
        }
    };
    let output = match &stage {
        Stage::Port(port) => port.name().to_owned(),
        Stage::Sound(player) => match player.state() {
            State::Open(open) => {
                format!(
                    "{}, latency {:.1} ms",
                    sound::described(&open, None),
                    player.held_back(&open).as_secs_f64() * 1e3
                )
            }
            State::Lost(e) => e.to_string(),
        },
    };
    say(&format!("to {output}"));
    let mut played = Vec::new();
    for mut piece in pieces {
        let length = piece.score.length();
        let tracks = piece.score.strips().len();
        say(&format!("{}: {}, {tracks} track{}", piece.name, time(length), if tracks == 1 { "" } else { "s" }));
        let after = piece.play(&mut stage, chosen.as_ref(), &keys, &interrupt).map_err(|e| perform_failure(&e))?;
        let (duration_s, reached_s) = (length.as_secs_f64(), piece.reached.as_secs_f64());
        played.push(Played { path: piece.name, duration_s, reached_s });
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

/// Every file with its name.
fn scores(args: &Args) -> anyhow::Result<Vec<(String, Arc<Score>)>> {
    let scores: Vec<_> =
        args.files.iter().map(|file| Ok((info::name(file), load(file)?))).collect::<anyhow::Result<_>>()?;
    track::known(args, scores.iter().map(|(_, score)| score.as_ref()))?;
    Ok(scores)
}

/// The pieces as they are wanted.
fn pieces(args: &Args, scores: Vec<(String, Arc<Score>)>, chosen: Option<&Chosen>) -> Result<Vec<Piece>, Failure> {
    let piece = |(name, score): (String, Arc<Score>)| {
        let strips = track::strips(args, &score, chosen)?;
        Piece::new(args, name, score, strips)
    };
    scores.into_iter().map(piece).collect()
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
    name: String,
    score: Arc<Score>,
    strips: Vec<Strip>,
    speed: Speed,
    metronome: bool,
    looped: Option<(Micros, Option<Micros>)>,
    start: Micros,
    reached: Micros,
}

impl Piece {
    fn new(args: &Args, name: String, score: Arc<Score>, strips: Vec<Strip>) -> Result<Piece, Failure> {
        let map = score.tempo_map();
        let wrong = |words: String| Failure::new(Exit::Usage, format!("{name}: {words}"));
        let bar = |bar: u64| {
            let Some(bars) = map.position(Ticks(score.end().0.saturating_sub(1))).map(|last| last.bar) else {
                return Err(wrong("it counts film frames and has no bars".to_owned()));
            };
            let start = map.bar_start(bar).filter(|_| bar <= bars);
            start.map(|t| map.micros(t)).ok_or_else(|| wrong(format!("there is no bar {bar}: the piece has {bars}")))
        };
        let looped = match args.looped {
            Some((first, last)) => {
                let (start, _) = (bar(first)?, bar(last)?);
                let end = map.micros(map.bar_start(last.saturating_add(1)).unwrap_or(Ticks(u64::MAX)).min(score.end()));
                if end.since(start) < SHORTEST_LOOP {
                    return Err(wrong(format!("bars {first} to {last}: {}", EngineError::ShortLoop)));
                }
                Some((start, Some(end)))
            }
            None => None,
        };
        let start = match args.from {
            Some(from) => bar(from)?,
            None => looped.map_or(Micros::ZERO, |(from, _)| from),
        };
        Ok(Piece {
            name,
            score,
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
        keys: &Keys,
        interrupt: &Interrupt,
    ) -> Result<After, PerformError> {
        if let Some(chosen) = chosen {
            instruments::prepare(&chosen.font, &self.score, &self.strips);
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
        let mut line = Line::new();
        let result = self.follow(stage, keys, &mut line, interrupt);
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
                    // Nobody plays; what is wanted meanwhile would come all at once.
                    _ if care.as_ref().is_some_and(|c| c.lost) => {}
                    Wish::Pause => {
                        paused = !paused;
                        if paused { stage.pause()? } else { stage.play()? }
                    }
                    other => {
                        self.grant(other, stage)?;
                        // While the last notes die away the piece is at its end, and these leave that.
                        if matches!(other, Wish::Seek(_) | Wish::Start | Wish::Loop) && !paused {
                            stage.play()?;
                        }
                    }
                }
            }
            let gauges = Arc::clone(stage.gauges());
            let mut xruns = 0;
            match (&mut *stage, &mut care) {
                (Stage::Sound(player), Some(care)) => {
                    care.look(player);
                    player.remote().collect();
                    xruns = player.xruns();
                }
                (Stage::Port(port), _) => port.look()?,
                (Stage::Sound(_), None) => {}
            }
            let ended = stage.ended();
            // The clock counts whole frames, and the end may lie between two.
            let (here, length) = (gauges.position(), self.score.length());
            let there = ended && length.since(here) < Micros::from_millis(1);
            self.reached = if there { length } else { here.min(length) };
            if ended {
                return Ok(After::Next);
            }
            let [l, r] = gauges.take_peaks();
            line.draw(&Progress {
                map: Some(self.score.tempo_map()),
                position: gauges.position(),
                length: Some(self.score.length()),
                percent: self.speed.percent(),
                playing: gauges.playing() && !care.as_ref().is_some_and(|c| c.lost),
                looped: self.looped,
                peak: Some(l.max(r)),
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
            Wish::Metronome if matches!(stage, Stage::Port(_)) => say("a MIDI port hears no metronome"),
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
