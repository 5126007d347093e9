//! What the user sees of training: one line that changes on a terminal, plain lines elsewhere, or JSON.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cli::Context;
use crate::cli::output::{FAINT, GOOD, HEADING, WARNING};
use crate::compose::training::HeldOut;
use crate::studio::train::{Ended, Event, Finished, LeftOut, Material, Measured, Outcome, Plan};

const SCHEMA: &str = "composer.train/1";
/// Files that are left out, told by name; the rest is in the report.
const TOLD: usize = 10;

/// How it is shown.
enum Manner {
    /// A line that changes.
    Terminal { shown: Option<Instant> },
    /// Lines, the next step to tell in `next`.
    Lines { next: u32 },
    /// JSON, the same.
    Json { next: u32 },
}

pub(super) struct Show {
    manner: Manner,
    steps: u32,
    measured: Option<Measured>,
}

/// One line of JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Began {
        steps: u32,
        learned: usize,
        learned_sixteenths: usize,
        held_out_pieces: usize,
        held_out_sixteenths: usize,
        left_out: &'a [LeftOut],
    },
    Resumed {
        step: u32,
    },
    Step {
        step: u32,
        loss: f64,
        seconds_left: f64,
    },
    Measured {
        step: u32,
        held_out: HeldOut,
        best: bool,
    },
    NoCheckpoint {
        cause: &'a str,
    },
    Paused {
        step: u32,
        checkpoint: &'a Path,
    },
    Finished {
        model: &'a Path,
        report: &'a Path,
        steps: u32,
        seconds: f64,
        before: Option<HeldOut>,
        after: Option<Measured>,
        ended: Ended,
    },
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    line: Line<'a>,
}

impl Show {
    pub(super) fn new(plan: &Plan, json: bool) -> Show {
        let manner = match (json, std::io::stderr().is_terminal()) {
            (true, _) => Manner::Json { next: 0 },
            (false, true) => Manner::Terminal { shown: None },
            (false, false) => Manner::Lines { next: 0 },
        };
        Show { manner, steps: plan.course.steps, measured: None }
    }

    pub(super) fn began(&self, context: &mut Context, source: &Path, material: &Material) -> anyhow::Result<()> {
        let sixteenths = |pieces: &[crate::compose::training::Piece]| pieces.iter().map(|p| p.score.len()).sum();
        if let Manner::Json { .. } = self.manner {
            return json(
                context,
                Line::Began {
                    steps: self.steps,
                    learned: material.learn.len(),
                    learned_sixteenths: sixteenths(&material.learn),
                    held_out_pieces: material.held_out.len(),
                    held_out_sixteenths: sixteenths(&material.held_out),
                    left_out: &material.left_out,
                },
            );
        }
        let mut err = anstream::stderr();
        let learned: usize = sixteenths(&material.learn);
        writeln!(
            err,
            "{HEADING}{}{HEADING:#}: {} pieces to learn from ({learned} sixteenths), {} held out",
            source.display(),
            material.learn.len(),
            material.held_out.len()
        )?;
        if material.held_out.is_empty() {
            writeln!(err, "{WARNING}nothing is held out: how good it gets cannot be told{WARNING:#}")?;
        }
        for file in material.left_out.iter().take(TOLD) {
            writeln!(err, "{FAINT}left out: {}: {}{FAINT:#}", file.name, file.reason)?;
        }
        if material.left_out.len() > TOLD {
            let more = material.left_out.len() - TOLD;
            writeln!(err, "{FAINT}and {more} more; the report names them{FAINT:#}")?;
        }
        Ok(())
    }

    pub(super) fn event(&mut self, context: &mut Context, event: &Event) -> anyhow::Result<()> {
        match event {
            Event::Resumed { step, .. } => match self.manner {
                Manner::Json { .. } => json(context, Line::Resumed { step: *step }),
                _ => self.say(&format!("going on after step {step}")),
            },
            Event::Step { step, loss, left } => self.step(context, *step, *loss, *left),
            Event::Measuring(_) | Event::Point { .. } => Ok(()),
            Event::Measured { measured, best } => {
                if *best {
                    self.measured = Some(*measured);
                }
                let Measured { step, held_out } = *measured;
                match self.manner {
                    Manner::Json { .. } => json(context, Line::Measured { step, held_out, best: *best }),
                    _ => self.say(&format!(
                        "step {step}: held out {:.3}, with the soprano given {:.3}{}",
                        held_out.chronological,
                        held_out.atb_given_s,
                        if *best { format!("  {GOOD}best{GOOD:#}") } else { String::new() }
                    )),
                }
            }
            Event::NoCheckpoint { cause } => match self.manner {
                Manner::Json { .. } => json(context, Line::NoCheckpoint { cause }),
                _ => self.say(&format!("{WARNING}no checkpoint:{WARNING:#} {cause}")),
            },
        }
    }

    fn step(&mut self, context: &mut Context, step: u32, loss: f64, left: Duration) -> anyhow::Result<()> {
        let steps = self.steps;
        let line = format!("step {step} of {steps}  loss {loss:.3}  {} left", time(left));
        match &mut self.manner {
            Manner::Terminal { shown } => {
                if shown.is_none_or(|s| s.elapsed() > Duration::from_millis(200)) {
                    *shown = Some(Instant::now());
                    let best = self.measured.map(|m| format!("  best {:.3} at {}", m.held_out.chronological, m.step));
                    write!(anstream::stderr(), "\r{line}{}\x1b[K", best.unwrap_or_default())?;
                }
            }
            Manner::Lines { next } if step >= *next => {
                *next = step + (steps / 50).max(1);
                writeln!(anstream::stderr(), "{line}")?;
            }
            Manner::Json { next } if step >= *next => {
                *next = step + (steps / 200).max(1);
                return json(context, Line::Step { step, loss, seconds_left: left.as_secs_f64() });
            }
            Manner::Lines { .. } | Manner::Json { .. } => {}
        }
        Ok(())
    }

    fn say(&self, line: &str) -> anyhow::Result<()> {
        self.clear();
        writeln!(anstream::stderr(), "{line}")?;
        Ok(())
    }

    /// Takes the line that changes away.
    pub(super) fn clear(&self) {
        if let Manner::Terminal { shown: Some(_) } = self.manner {
            let _ = write!(anstream::stderr(), "\r\x1b[K");
        }
    }

    pub(super) fn ended(&self, context: &mut Context, outcome: &Outcome) -> anyhow::Result<()> {
        match outcome {
            Outcome::Paused { step, checkpoint } => match self.manner {
                Manner::Json { .. } => json(context, Line::Paused { step: *step, checkpoint }),
                _ => self.say(&format!(
                    "stopped after step {step}; {} holds it: the same command goes on from there",
                    checkpoint.display()
                )),
            },
            Outcome::Finished(finished) => match self.manner {
                Manner::Json { .. } => {
                    let Finished { model, report, steps, seconds, before, after, ended } = finished;
                    let (steps, seconds, before, after, ended) = (*steps, *seconds, *before, *after, *ended);
                    json(context, Line::Finished { model, report, steps, seconds, before, after, ended })
                }
                _ => told(context, finished),
            },
        }
    }
}

fn told(context: &mut Context, finished: &Finished) -> anyhow::Result<()> {
    let out = &mut context.out;
    let took = time(Duration::from_secs_f64(finished.seconds));
    writeln!(out, "{}  {} steps in {took}", finished.model.display(), finished.steps)?;
    if let (Some(before), Some(after)) = (finished.before, finished.after) {
        let now = after.held_out;
        writeln!(out, "{FAINT}nats a sixteenth on held-out pieces, before and after{FAINT:#}")?;
        writeln!(out, "  in time order       {:.3}  {:.3}", before.chronological, now.chronological)?;
        writeln!(out, "  the soprano given   {:.3}  {:.3}", before.atb_given_s, now.atb_given_s)?;
        if after.step == 0 {
            writeln!(out, "{WARNING}nothing was better than what it began with; that is what was written{WARNING:#}")?;
        }
    }
    writeln!(out, "report: {}", finished.report.display())?;
    Ok(())
}

fn json(context: &mut Context, line: Line<'_>) -> anyhow::Result<()> {
    context.out.json_line(&Document { schema: SCHEMA, line })
}

fn time(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..100 => format!("{s} s"),
        s @ 100..6000 => format!("{} min", s.div_ceil(60)),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}
