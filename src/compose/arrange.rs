//! Melody in, composition out: what the command line, a window or a worker calls.
//!
//! Every track of the input stays as it is, event for event, but for the notes that the player gave
//! free; what is composed comes in new tracks behind them.

mod doubts;
mod plan;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::arrangement::Style;
use super::draw::{self, Draft, Drawn, Home, Manner};
use super::melody::{Melody, NoMelody, Voice};
use super::model::Model;
use super::request::{CreativeRisk, Extension, Kind, Parameters, Request};
use super::rules::Violations;
use super::score::Step;
use super::tonality::Tonality;
use super::{Done, Error};
use crate::music::composition::Composition;
use crate::music::time::Micros;
use plan::Plan;

/// What was composed.
#[derive(Clone, Debug)]
pub struct Variation {
    /// The input's tracks, then the new ones.
    pub composition: Composition,
    /// The number of the draft that seeds it, for telling variations apart.
    pub seed: u64,
    /// Notes that were added.
    pub added: usize,
    /// Notes of the melody that were removed.
    pub removed: usize,
    /// The mean likelihood of a sixteenth, in nats (nearer to zero is more probable).
    pub likelihood: f64,
    /// Rules broken, the melody included.
    pub violations: Violations,
    /// The track that the melody was taken from, from 0.
    pub track: usize,
    /// The voice as which it was taken.
    pub voice: Voice,
    /// The key: told, read from the file, or estimated.
    pub key: Tonality,
    /// Whether beats had to be looked for, because it was played without a metronome.
    pub free: bool,
    grade: f64,
}

/// Why nothing was composed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// There is nothing to start from.
    #[error(transparent)]
    NoMelody(#[from] NoMelody),
    /// The model did not come to an end.
    #[error(transparent)]
    Model(#[from] Error),
    /// No channel is left for the voices.
    #[error("all 16 channels are in use; {needed} more are needed")]
    NoChannel {
        /// How many are needed.
        needed: usize,
    },
    /// Parameters that do not go together.
    #[error("{0}")]
    Contradiction(&'static str),
}

/// What is told once a pass, and asked: whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut(&Pass<'_>) -> ControlFlow<()>;

/// A pass of the model over one step is done.
pub struct Pass<'a> {
    /// How much of the whole work is done.
    pub done: Done,
    /// The variation that is being drawn, from 0.
    pub variation: usize,
    plan: &'a Plan<'a>,
    /// Sections that are done.
    sections: &'a [Draft],
    /// Of the section after them, what there is of the first draft.
    steps: &'a [Step],
}

impl Pass<'_> {
    /// The composition as far as it has come: the input, and the new tracks up to here.
    #[must_use]
    pub fn so_far(&self) -> Composition {
        let mut sections: Vec<&[Step]> = self.sections.iter().map(|d| d.score.steps.as_slice()).collect();
        sections.push(self.steps);
        self.plan.write(&sections).0
    }
}

/// Composes; the best variation first. `watch` is called once a pass.
///
/// This is the one call behind the command line, the window and the workers. It blocks for as long
/// as it takes; whoever must not be blocked calls it on a thread of its own.
///
/// # Errors
/// See [`Failed`]. Cancelled, nothing is given back.
pub fn compose(
    model: &Model,
    input: &Composition,
    request: &Request,
    watch: Watch<'_>,
) -> Result<Vec<Variation>, Failed> {
    let parameters = &request.parameters;
    contradictions(model, request)?;
    let tunes;
    let model = if parameters.style == Style::Folk && !model.alone {
        tunes = Model::folk()?;
        &tunes
    } else {
        model
    };
    let mut melody = Melody::of(input, parameters)?;
    let count = parameters.variations.get() as usize;
    let removal = parameters.max_input_notes_to_remove.get();
    let mut before = 0;
    let played = steps(&melody);
    let mut removed = BTreeSet::new();
    if removal > 0 {
        // What it takes to choose the notes counts as much as a variation.
        let plan = Plan::of(input, &melody, request, BTreeSet::new())?;
        let manner = Manner { drafts: 2, ..manner(parameters, parameters.seed) };
        let drafts = draw(model, &plan, manner, &mut |parts, sections, steps| {
            let done = Done { parts, of: played * (count + 1) };
            watch(&Pass { done, variation: 0, plan: &plan, sections, steps })
        })?;
        let scores = drafts.iter().map(|d| &d.score);
        removed = doubts::choose(model, &melody, scores, removal);
        melody.free(&removed);
        before = played;
    }
    if request.kind == Kind::Extend {
        melody.extend(match parameters.extension {
            Extension::Bars(bars) => melody.bars_on(bars.get()),
            Extension::Seconds(seconds) => melody.steps_in(Micros::from_millis(u64::from(seconds.get()) * 1_000)),
        });
    }
    if model.alone {
        melody.alone();
    }
    let all = steps(&melody);
    let of = before + all * count;
    let plan = Plan::of(input, &melody, request, removed)?;
    let mut variations = Vec::with_capacity(count);
    for variation in 0..count {
        let seed = parameters.seed.wrapping_add(variation as u64);
        let begun = before + variation * all;
        let drafts = draw(model, &plan, manner(parameters, seed), &mut |parts, sections, steps| {
            watch(&Pass { done: Done { parts: begun + parts, of }, variation, plan: &plan, sections, steps })
        })?;
        variations.push(plan.variation(&drafts, seed));
    }
    variations.sort_by(|a, b| b.grade.total_cmp(&a.grade));
    Ok(variations)
}

fn steps(melody: &Melody) -> usize {
    melody.sections.iter().map(|s| s.score.len()).sum()
}

fn manner(parameters: &Parameters, seed: u64) -> Manner {
    let drafts = parameters.sampling_iterations.get().max(1) as usize;
    Manner { temperature: temperature(parameters.creative_risk), seed, drafts, scale: 0, home: None }
}

/// The temperature of a creative risk: its root, so that the highest still makes music, and at the
/// usual risk of 1 one that avoids blunders.
fn temperature(risk: CreativeRisk) -> f32 {
    0.6 * risk.get().sqrt()
}

/// How far a variation has come: steps done, sections done, and what there is of the next one.
type Drawing<'a> = &'a mut dyn FnMut(usize, &[Draft], &[Step]) -> ControlFlow<()>;

/// Draws every section; of each the best draft.
fn draw(model: &Model, plan: &Plan<'_>, manner: Manner, watch: Drawing<'_>) -> Result<Vec<Draft>, Error> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut before = 0;
    for (s, section) in plan.melody.sections.iter().enumerate() {
        let length = section.score.len();
        // Many a tune has its seventh flat in major, or its sixth sharp in minor.
        let scale = if model.alone { 0 } else { plan.melody.tonality.scale(plan.melody.shift) };
        let home = if model.alone { None } else { home(plan.melody, s) };
        let manner = Manner { seed: manner.seed ^ (s as u64) << 48, scale, home, ..manner };
        let mut inner =
            |drawn: Drawn<'_>| watch(before + drawn.done.parts * length / drawn.done.of.max(1), &drafts, drawn.steps);
        let best = draw::fill(model, &section.score, manner, &mut inner)?.into_iter().next();
        drafts.extend(best);
        before += length;
    }
    Ok(drafts)
}

/// Where a section begins and rests on the chord of the key: the first at its beginning, the last at its end, unless
/// the melody itself is elsewhere then.
fn home(melody: &Melody, section: usize) -> Option<Home> {
    /// Of a last note that is held longer, so many steps.
    const LONGEST: usize = 8;
    let score = &melody.sections[section].score;
    let (chord, root) = melody.tonality.home(melody.shift);
    let sung = |t: usize| score.steps[t][melody.voice as usize].symbol;
    let at_home = |t: usize| sung(t).to_key().is_none_or(|key| chord >> (key % 12) & 1 == 1);
    let end = score.len().saturating_sub(1);
    let last = (0..score.len()).rev().take(LONGEST).take_while(|t| sung(*t) == sung(end)).last();
    let last = last.filter(|t| section + 1 == melody.sections.len() && at_home(*t));
    // A pick-up leads to the chord, and need not have it.
    let downbeat = section == 0 && score.places.first().is_some_and(|p| p.bar <= 1);
    let first = if downbeat { (0..score.len().min(4)).take_while(|t| at_home(*t)).count() } else { 0 };
    Some(Home { chord, root, first, last: last.unwrap_or(usize::MAX) })
}

/// What cannot be done at once.
fn contradictions(model: &Model, request: &Request) -> Result<(), Failed> {
    let Request { kind, parameters: p } = request;
    let sung = p.style == Style::Chorale;
    let folk = p.style == Style::Folk;
    let told = |what| Err(Failed::Contradiction(what));
    match () {
        () if folk && *kind == Kind::Compose => {
            told("the style folk knows tunes alone, and no harmony: it goes with an extension")
        }
        () if folk && p.harmony => told("the style folk has no harmony; what it made can be composed in another style"),
        () if folk && p.max_input_notes_to_remove.get() > 0 => told("the style folk takes no notes away"),
        () if model.alone && !folk => told("these weights know tunes alone: they go with the style folk"),
        () if !sung && p.bars.is_some() => {
            told("bars can be redone in the style chorale only; of others another seed makes another whole")
        }
        () if !sung && p.voices.is_some() => told("voices can be chosen in the style chorale only"),
        () if *kind == Kind::Extend && p.bars.is_some() => told("bars to redo do not go with an extension"),
        () if *kind == Kind::Extend && !p.harmony && !sung && !folk => {
            told("a style needs the harmony, which an extension has when it is asked for")
        }
        () => Ok(()),
    }
}
