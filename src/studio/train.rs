//! Training as a use case: from a folder of MIDI files to weights, with a checkpoint beside them that a kill, a
//! power cut or Ctrl-C can be gone on from, and a report.

mod material;
mod report;
pub mod wish;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use self::material::{LeftOut, Material};
use super::models::hexadecimal;
use super::place::{self, InTheWay};
use crate::compose::Done;
use crate::compose::training::{Course, HeldOut, Shape, Start, Trainer, pieces};

/// At least so often a checkpoint is written.
const CHECKPOINT: Duration = Duration::from_secs(120);
/// Points of the loss in the report, about.
const POINTS: u32 = 250;

/// What training begins with.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// The weights that composer ships with.
    Shipped,
    /// The weights of a file.
    File(PathBuf),
    /// A new model of this size.
    Scratch(Shape),
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to begin with.
    pub origin: Origin,
    /// How to learn.
    pub course: Course,
    /// Steps from one measurement on held-out pieces to the next.
    pub measure_every: u32,
    /// End after so many measurements without a better one.
    pub patience: u32,
    /// End after so much time, checkpoints included.
    pub limit: Option<Duration>,
    /// Threads; the result does not depend on it.
    pub threads: usize,
    /// Where the weights go.
    pub output: PathBuf,
    /// Whether they replace a file that is there.
    pub in_the_way: InTheWay,
    /// Whether a checkpoint of another run is thrown away.
    pub restart: bool,
}

impl Plan {
    /// As it is usually done: carefully with weights that know music already, boldly with new ones.
    #[must_use]
    pub fn usual(origin: Origin, output: PathBuf) -> Plan {
        let (steps, rate, batch) = match origin {
            Origin::Scratch(_) => (4000, 0.015, 24),
            Origin::Shipped | Origin::File(_) => (500, 0.002, 8),
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let plan = Plan {
            origin,
            course: Course { steps, rate, batch, seed: 1, dropout: 0.1, in_time: 0.6 },
            measure_every: 1,
            patience: 4,
            limit: None,
            threads: cores.min(8),
            output,
            in_the_way: InTheWay::TakeNextName,
            restart: false,
        };
        plan.of_steps(steps)
    }

    /// So many steps, measured ten times on the way.
    #[must_use]
    pub fn of_steps(mut self, steps: u32) -> Plan {
        self.course.steps = steps;
        self.measure_every = (steps / 10).max(1);
        self
    }
}

/// A measurement on held-out pieces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// After how many steps.
    pub step: u32,
    /// The figures.
    pub held_out: HeldOut,
}

/// What happens, as it happens.
#[derive(Clone, Debug)]
pub enum Event {
    /// Training goes on from a checkpoint.
    Resumed {
        /// Steps that are done.
        step: u32,
        /// The points of its curve so far.
        losses: Vec<(u32, f64)>,
        /// The measurements so far.
        measured: Vec<Measured>,
    },
    /// A step is done.
    Step {
        /// Which, from 1.
        step: u32,
        /// Nats a step of music, of what was learned from.
        loss: f64,
        /// What is left at this pace.
        left: Duration,
    },
    /// The curve has one more point: the mean of the steps since the last one.
    Point {
        /// The last of them.
        step: u32,
        /// Nats a step of music.
        loss: f64,
    },
    /// The weights so far are being measured.
    Measuring(Done),
    /// The weights so far were measured.
    Measured {
        /// The figures.
        measured: Measured,
        /// Whether they are the best so far.
        best: bool,
    },
    /// A checkpoint could not be written; training goes on.
    NoCheckpoint {
        /// Why.
        cause: String,
    },
}

/// Why it shall go on no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The checkpoint is to hold everything until it is gone on from.
    Pause,
    /// The best weights so far are good enough.
    Finish,
}

/// Hears what happens, and says whether it should go on.
pub type Watch<'a> = &'a mut dyn FnMut(&Event) -> ControlFlow<Halt>;

/// How it ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Weights and report are in their places.
    Finished(Finished),
    /// The caller asked to stop; the checkpoint holds everything.
    Paused {
        /// Steps that are done.
        step: u32,
        /// Where the checkpoint is.
        checkpoint: PathBuf,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The weights.
    pub model: PathBuf,
    /// The report.
    pub report: PathBuf,
    /// Steps done.
    pub steps: u32,
    /// Seconds of work, measurements included.
    pub seconds: f64,
    /// Before the first step, on held-out pieces.
    pub before: Option<HeldOut>,
    /// The weights that were written.
    pub after: Option<Measured>,
    /// Why it ended there.
    pub ended: Ended,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// All steps are done.
    AllSteps,
    /// It did not get better any more.
    NoBetter,
    /// The time is over.
    TimeLimit,
    /// Somebody found it good enough.
    Asked,
}

/// Why there are no weights.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A data file of another kind.
    #[error("{}: {cause}", path.display())]
    NoData {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: pieces::NoData,
    },
    /// Nothing in it can be learned from.
    #[error("nothing in {} can be learned from{}", path.display(), because(left_out))]
    Nothing {
        /// The folder or file.
        path: PathBuf,
        /// Its files, with reasons.
        left_out: Vec<LeftOut>,
    },
    /// Weights to begin with that are of no use.
    #[error("{}: {cause}", path.display())]
    Weights {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: crate::compose::Error,
    },
    /// The checkpoint beside the output belongs to other files or settings.
    #[error("{} is of another run, with other pieces or other settings", path.display())]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
    },
    /// The checkpoint is broken.
    #[error("the checkpoint {} is of no use: {cause}", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// Why.
        cause: crate::compose::Error,
    },
    /// A file could not be written; nothing is half-written.
    #[error("cannot write {}: {cause}{}", path.display(), if *kept { "; the checkpoint beside it holds all that was learned" } else { "" })]
    NotWritten {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
        /// Whether a checkpoint of this state is on disk.
        kept: bool,
    },
    /// The numbers have run away.
    #[error("after step {step} the loss is no number any more: the learning rate is too high")]
    Diverged {
        /// Where.
        step: u32,
    },
    /// Something that was computed makes no sense.
    #[error(transparent)]
    Model(#[from] crate::compose::Error),
}

fn because(left_out: &[LeftOut]) -> String {
    match left_out.first() {
        None => ": there is no MIDI file in it".to_owned(),
        Some(first) if left_out.len() == 1 => format!(": {}: {}", first.name, first.reason),
        Some(first) => format!(": {} files, the first is {}: {}", left_out.len(), first.name, first.reason),
    }
}

/// What a checkpoint remembers besides the numbers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Notes {
    /// Of pieces, origin and settings: what must be the same for a run to go on.
    run: String,
    seconds: f64,
    /// Means of the training loss, with the step at their end.
    losses: Vec<(u32, f64)>,
    /// Of the point that is not complete yet.
    sum: f64,
    count: u32,
    measured: Vec<Measured>,
}

impl Notes {
    fn best(&self) -> Option<Measured> {
        let better = |a: &&Measured, b: &&Measured| a.held_out.sum().total_cmp(&b.held_out.sum());
        self.measured.iter().min_by(better).copied()
    }

    fn stale(&self) -> usize {
        let best = self.best().map(|m| m.step);
        self.measured.iter().rev().take_while(|m| Some(m.step) != best).count()
    }
}

/// Where the checkpoint of a run lies.
#[must_use]
pub fn checkpoint_of(output: &Path) -> PathBuf {
    output.with_extension("checkpoint")
}

/// Where the report of a run lies.
#[must_use]
pub fn report_of(output: &Path) -> PathBuf {
    output.with_extension("html")
}

/// A run under way.
struct Run<'a> {
    plan: &'a Plan,
    material: &'a Material,
    /// What it began with, for people and in hexadecimal.
    origin: (String, String),
    trainer: Trainer,
    notes: Notes,
    began: Instant,
    saved: Instant,
    /// Whether the last checkpoint is on disk.
    kept: bool,
}

/// Trains. `watch` hears what happens and may ask to stop.
///
/// # Errors
/// When there is nothing to begin with, or the result cannot be written.
pub fn run(plan: &Plan, material: &Material, watch: Watch<'_>) -> Result<Outcome, Error> {
    let mut run = Run::begin(plan, material)?;
    if run.trainer.steps() > 0 {
        let Notes { losses, measured, .. } = run.notes.clone();
        let _ = watch(&Event::Resumed { step: run.trainer.steps(), losses, measured });
    }
    let mut pace = Pace::default();
    loop {
        let step = run.trainer.steps();
        let over = step >= plan.course.steps;
        let due = over || step % plan.measure_every.max(1) == 0;
        if due && run.notes.measured.last().is_none_or(|m| m.step != step) {
            match run.measure(watch)? {
                ControlFlow::Break(halt) => return run.halt(halt),
                ControlFlow::Continue(()) => run.keep(watch),
            }
        }
        let elapsed = run.elapsed();
        let ended = if over {
            Some(Ended::AllSteps)
        } else if run.notes.stale() >= plan.patience.max(1) as usize {
            Some(Ended::NoBetter)
        } else if elapsed >= 1.0 {
            Some(Ended::TimeLimit)
        } else {
            None
        };
        if let Some(ended) = ended {
            return run.finish(ended);
        }
        let at = Instant::now();
        let loss = run.trainer.step(&material.learn, elapsed, plan.threads);
        pace.tell(at.elapsed());
        if !loss.nats.is_finite() {
            return Err(Error::Diverged { step: loss.step });
        }
        let point = run.remember(loss.step, loss.nats);
        if let Some((step, loss)) = point {
            let _ = watch(&Event::Point { step, loss });
        }
        let left = pace.left(plan, loss.step, run.seconds());
        if let ControlFlow::Break(halt) = watch(&Event::Step { step: loss.step, loss: loss.nats, left }) {
            return run.halt(halt);
        }
        if run.saved.elapsed() > CHECKPOINT {
            run.keep(watch);
        }
    }
}

impl<'a> Run<'a> {
    fn begin(plan: &'a Plan, material: &'a Material) -> Result<Run<'a>, Error> {
        let path = checkpoint_of(&plan.output);
        let (file, name) = match &plan.origin {
            Origin::Scratch(_) => (Vec::new(), "nothing".to_owned()),
            Origin::Shipped => (crate::compose::model::SHIPPED.to_vec(), "the chorale model of composer".to_owned()),
            Origin::File(path) => {
                let bytes = fs::read(path).map_err(|cause| Error::Unreadable { path: path.clone(), cause })?;
                (bytes, path.display().to_string())
            }
        };
        let origin = (name, hexadecimal(&file));
        let this = format!(
            "{} {} {:?} {:?} {}",
            pieces::digest(&material.learn),
            pieces::digest(&material.held_out),
            plan.course,
            (plan.measure_every, plan.patience, plan.limit),
            match &plan.origin {
                Origin::Scratch(shape) => format!("{shape:?}"),
                _ => origin.1.clone(),
            }
        );
        let this = hexadecimal(this.as_bytes());
        let left = match fs::read(&path) {
            Ok(bytes) if !plan.restart => Some(bytes),
            _ => None,
        };
        let (trainer, notes) = match left {
            Some(bytes) => {
                let broken = |cause| Error::Checkpoint { path: path.clone(), cause };
                let notes = Trainer::notes(&bytes).map_err(broken)?;
                let notes: Notes = serde_json::from_str(&notes).unwrap_or_default();
                if notes.run != this {
                    return Err(Error::OtherRun { path });
                }
                (Trainer::resume(&bytes, plan.course).map_err(broken)?, notes)
            }
            None => {
                let start = match &plan.origin {
                    Origin::Scratch(shape) => Start::Scratch(*shape),
                    _ => Start::Weights(&file),
                };
                let trainer = Trainer::begin(start, plan.course)
                    .map_err(|cause| Error::Weights { path: PathBuf::from(&origin.0), cause })?;
                (trainer, Notes { run: this, ..Notes::default() })
            }
        };
        let now = Instant::now();
        Ok(Run { plan, material, origin, trainer, notes, began: now, saved: now, kept: false })
    }

    fn seconds(&self) -> f64 {
        self.notes.seconds + self.began.elapsed().as_secs_f64()
    }

    /// The share of the time that is over.
    fn elapsed(&self) -> f32 {
        self.plan.limit.map_or(0.0, |limit| (self.seconds() / limit.as_secs_f64()) as f32)
    }

    /// The point of the curve that this step completes, if it does.
    fn remember(&mut self, step: u32, nats: f64) -> Option<(u32, f64)> {
        self.notes.sum += nats;
        self.notes.count += 1;
        let complete = self.notes.count >= (self.plan.course.steps / POINTS).max(1) || step == self.plan.course.steps;
        complete.then(|| {
            let point = (step, self.notes.sum / f64::from(self.notes.count));
            self.notes.losses.push(point);
            (self.notes.sum, self.notes.count) = (0.0, 0);
            point
        })
    }

    /// Breaks when the caller wants to stop.
    fn measure(&mut self, watch: Watch<'_>) -> Result<ControlFlow<Halt>, Error> {
        let mut halt = Halt::Pause;
        let mut go_on = |done| match watch(&Event::Measuring(done)) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(why) => {
                halt = why;
                ControlFlow::Break(())
            }
        };
        let held_out = match self.trainer.measure(&self.material.held_out, self.plan.threads, &mut go_on) {
            Err(crate::compose::Error::Cancelled) => return Ok(ControlFlow::Break(halt)),
            other => other?,
        };
        let Some(held_out) = held_out else { return Ok(ControlFlow::Continue(())) };
        let measured = Measured { step: self.trainer.steps(), held_out };
        let best = self.notes.best().is_none_or(|m| held_out.sum() < m.held_out.sum());
        self.notes.measured.push(measured);
        Ok(watch(&Event::Measured { measured, best }))
    }

    fn save(&mut self) -> Result<PathBuf, Error> {
        let path = checkpoint_of(&self.plan.output);
        let notes = Notes { seconds: self.seconds(), ..self.notes.clone() };
        let bytes = self.trainer.checkpoint(&serde_json::to_string(&notes).unwrap_or_default());
        self.saved = Instant::now();
        let placed = place::place(&bytes, &path, InTheWay::Replace);
        self.kept = placed.is_ok();
        placed.map_err(|cause| Error::NotWritten { path, cause, kept: false })
    }

    /// A checkpoint that may fail: there may be room for the next.
    fn keep(&mut self, watch: Watch<'_>) {
        if let Err(cause) = self.save() {
            let _ = watch(&Event::NoCheckpoint { cause: cause.to_string() });
        }
    }

    fn halt(self, halt: Halt) -> Result<Outcome, Error> {
        match halt {
            Halt::Pause => self.pause(),
            Halt::Finish => self.finish(Ended::Asked),
        }
    }

    fn pause(mut self) -> Result<Outcome, Error> {
        let checkpoint = self.save()?;
        Ok(Outcome::Paused { step: self.trainer.steps(), checkpoint })
    }

    fn finish(mut self, ended: Ended) -> Result<Outcome, Error> {
        let (plan, material) = (self.plan, self.material);
        let before = self.notes.measured.first().filter(|m| m.step == 0).map(|m| m.held_out);
        let after = self.notes.best();
        let figures = |h: Option<HeldOut>| h.and_then(|h| serde_json::to_string(&h).ok()).unwrap_or_default();
        let provenance = [
            ("made_by", format!("composer {} train", env!("CARGO_PKG_VERSION"))),
            ("from", self.origin.0.clone()),
            ("from_sha256", self.origin.1.clone()),
            ("data_sha256", pieces::digest(&material.learn)),
            ("pieces", material.learn.len().to_string()),
            ("steps", after.map_or(self.trainer.steps(), |m| m.step).to_string()),
            ("course", format!("{:?}", plan.course)),
            ("held_out_before", figures(before)),
            ("held_out_after", figures(after.map(|m| m.held_out))),
        ];
        let bytes = self.trainer.weights(&provenance);
        let finished = |model, report| Finished {
            model,
            report,
            steps: self.trainer.steps(),
            seconds: self.seconds(),
            before,
            after,
            ended,
        };
        let page = report::page(&self, &finished(plan.output.clone(), report_of(&plan.output)));
        let model = match place::place(&bytes, &plan.output, plan.in_the_way) {
            Ok(model) => model,
            Err(cause) => {
                let kept = self.kept || self.save().is_ok();
                return Err(Error::NotWritten { path: plan.output.clone(), cause, kept });
            }
        };
        let report = place::place(page.as_bytes(), &report_of(&model), plan.in_the_way)
            .map_err(|cause| Error::NotWritten { path: report_of(&model), cause, kept: self.kept })?;
        let finished = finished(model, report);
        // What it held is in the weights now; that it lies about harms nothing but the next run's surprise.
        let _ = fs::remove_file(checkpoint_of(&plan.output));
        Ok(Outcome::Finished(finished))
    }
}

/// How fast it goes, the last steps counting most.
#[derive(Default)]
struct Pace(Option<f64>);

impl Pace {
    fn tell(&mut self, step: Duration) {
        let seconds = step.as_secs_f64();
        self.0 = Some(self.0.map_or(seconds, |mean| mean + (seconds - mean) * 0.05));
    }

    fn left(&self, plan: &Plan, step: u32, spent: f64) -> Duration {
        let steps = self.0.unwrap_or(0.0) * f64::from(plan.course.steps.saturating_sub(step));
        let time = plan.limit.map_or(f64::MAX, |limit| (limit.as_secs_f64() - spent).max(0.0));
        Duration::try_from_secs_f64(steps.min(time)).unwrap_or_default()
    }
}
