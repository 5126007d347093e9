//! Melody in, composition out: what the command line, a window or a worker calls.
//!
//! Every track of the input stays as it is, event for event; what is composed comes in new tracks
//! behind them.

use std::ops::ControlFlow;

use super::draw::{self, Draft, Drawn, Manner};
use super::melody::{Melody, NoMelody, Section, Voice};
use super::model::Model;
use super::request::{CreativeRisk, Extension, Kind, Parameters, Request};
use super::rules::Violations;
use super::score::{Attack, Step, Symbol, VOICES};
use super::{Done, Error};
use crate::music::composition::{Composition, Format, MetaType, Track};
use crate::music::message::{Channel, Key, Value, Velocity, Voice as Sound};
use crate::music::time::{Micros, Ticks};

/// The program that added voices are sung with: Choir Aahs of General MIDI, counted from 0.
pub const CHOIR: Value = Value::masked(52);
/// How fast added keys go down where the melody says nothing.
const USUAL_VELOCITY: u8 = 80;

/// What was composed.
#[derive(Clone, Debug)]
pub struct Variation {
    /// The input's tracks, then the new ones.
    pub composition: Composition,
    /// The number of the draft that seeds it, for telling variations apart.
    pub seed: u64,
    /// Notes that were added.
    pub added: usize,
    /// The mean likelihood of a sixteenth, in nats (nearer to zero is more probable).
    pub likelihood: f64,
    /// Rules broken, the melody included.
    pub violations: Violations,
    /// The track that the melody was taken from, from 0.
    pub track: usize,
    /// The voice as which it was taken.
    pub voice: Voice,
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
}

/// What is told once a pass, and asked: whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut(&Pass<'_>) -> ControlFlow<()>;

/// A pass of the model over one step is done.
pub struct Pass<'a> {
    /// How much of the whole work is done.
    pub done: Done,
    /// The variation that is being drawn, from 0.
    pub variation: usize,
    plan: &'a Plan,
    input: &'a Composition,
    melody: &'a Melody,
    /// Sections that are done.
    sections: &'a [Draft],
    /// Of the section after them, what there is of the first draft.
    steps: &'a [Step],
}

impl Pass<'_> {
    /// The composition as far as it has come: the input, and the new tracks up to here.
    #[must_use]
    pub fn so_far(&self) -> Composition {
        let drafts = self.sections.iter().map(|d| d.score.steps.as_slice()).chain([self.steps]);
        self.plan.compose(self.input, self.melody, drafts).0
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
    let track = parameters.track.map(|t| t.get() as usize - 1);
    let mut melody = Melody::of(input, track, parameters.voice)?;
    let from = melody.sections.last().map_or(0, |s| s.score.len());
    if request.kind == Kind::Extend {
        let steps = match parameters.extension {
            Extension::Bars(bars) => melody.last_bar() * bars.get() as usize,
            Extension::Seconds(seconds) => melody.steps_in(Micros::from_millis(u64::from(seconds.get()) * 1_000)),
        };
        melody.extend(steps);
    }
    let plan = Plan::of(input, &melody, request, from)?;
    let count = parameters.variations.get() as usize;
    let all: usize = melody.sections.iter().map(|s| s.score.len()).sum();
    let of = all * count;
    let mut variations = Vec::new();
    let mut before = 0;
    for variation in 0..count {
        let seed = parameters.seed.wrapping_add(variation as u64);
        let mut drafts: Vec<Draft> = Vec::new();
        for (s, section) in melody.sections.iter().enumerate() {
            let manner = Manner {
                temperature: temperature(parameters.creative_risk),
                seed: seed ^ (s as u64) << 48,
                drafts: parameters.sampling_iterations.get().max(1) as usize,
            };
            let length = section.score.len();
            let mut inner = |drawn: Drawn<'_>| {
                let parts = before + drawn.done.parts * length / drawn.done.of.max(1);
                let (plan, melody, sections, steps) = (&plan, &melody, drafts.as_slice(), drawn.steps);
                watch(&Pass { done: Done { parts, of }, variation, plan, input, melody, sections, steps })
            };
            let best = draw::fill(model, &section.score, manner, &mut inner)?.into_iter().next();
            drafts.extend(best);
            before += length;
        }
        variations.push(plan.variation(input, &melody, &drafts, seed));
    }
    variations.sort_by(|a, b| b.grade.total_cmp(&a.grade));
    Ok(variations)
}

/// The temperature of a creative risk: its root, so that the highest still makes music, and at the
/// usual risk of 1 one that avoids blunders.
fn temperature(risk: CreativeRisk) -> f32 {
    0.6 * risk.get().sqrt()
}

/// Which voice goes into which new track.
struct Plan {
    parts: Vec<Part>,
    velocity: Velocity,
    /// The step of the last section from which the melody is the model's.
    extended_from: usize,
}

struct Part {
    voice: usize,
    name: String,
    channel: Channel,
    program: Option<Value>,
    /// Only what comes after the melody's end.
    only_extension: bool,
}

impl Plan {
    fn of(composition: &Composition, melody: &Melody, request: &Request, from: usize) -> Result<Plan, Failed> {
        let source = &composition.tracks[melody.track];
        let used = |c: &Channel| composition.tracks.iter().any(|t| t.channels().iter().any(|u| u == *c));
        let free: Vec<Channel> = (0..16).filter(|c| *c != 9).map(Channel::masked).filter(|c| !used(c)).collect();
        let mut parts = Vec::new();
        let Request { kind, parameters: Parameters { harmony, .. } } = request;
        if *kind == Kind::Extend {
            let channel = source.voices().find_map(|(_, c, v)| matches!(v, Sound::NoteOn { .. }).then_some(c));
            let name = source.name().map_or_else(|| "Continuation".to_owned(), |n| format!("{n} (continuation)"));
            let channel = channel.unwrap_or_default();
            parts.push(Part { voice: melody.voice as usize, name, channel, program: None, only_extension: true });
        }
        if *kind == Kind::Compose || *harmony {
            let voices = Voice::ALL.into_iter().filter(|v| *v != melody.voice);
            if free.len() < VOICES - 1 {
                return Err(Failed::NoChannel { needed: VOICES - 1 });
            }
            parts.extend(voices.zip(free).map(|(voice, channel)| Part {
                voice: voice as usize,
                name: voice.name().to_owned(),
                channel,
                program: Some(CHOIR),
                only_extension: false,
            }));
        }
        let notes = source.notes();
        let sum: usize = notes.iter().map(|n| usize::from(n.velocity.get())).sum();
        let mean = sum.checked_div(notes.len()).map_or(USUAL_VELOCITY, |v| v.clamp(30, 110) as u8);
        // Below the melody, that it may be heard.
        let velocity = Velocity::masked(mean - mean / 6);
        Ok(Plan { parts, velocity, extended_from: from })
    }

    /// The composition and the number of notes in its new tracks. `sections` may be fewer, and shorter,
    /// than the melody's.
    fn compose<'a>(
        &self,
        input: &Composition,
        melody: &Melody,
        sections: impl Iterator<Item = &'a [Step]> + Clone,
    ) -> (Composition, usize) {
        let mut out = input.clone();
        if out.format == Format::Single {
            out.format = Format::Parallel;
        }
        let mut added = 0;
        for part in &self.parts {
            let mut track = Track::new();
            track.push_text(Ticks(0), MetaType::TRACK_NAME, &part.name);
            if let Some(program) = part.program {
                track.push_voice(Ticks(0), part.channel, Sound::Program(program));
            }
            let last = melody.sections.len().saturating_sub(1);
            for (i, (section, steps)) in melody.sections.iter().zip(sections.clone()).enumerate() {
                let from = match (part.only_extension, i == last) {
                    (false, _) => 0,
                    (true, true) => self.extended_from,
                    (true, false) => continue,
                };
                added += write(&mut track, part, section, steps, from, melody.shift, self.velocity);
            }
            out.tracks.push(track);
        }
        (out, added)
    }

    fn variation(&self, input: &Composition, melody: &Melody, drafts: &[Draft], seed: u64) -> Variation {
        let (composition, added) = self.compose(input, melody, drafts.iter().map(|d| d.score.steps.as_slice()));
        let steps: usize = drafts.iter().map(|d| d.score.len()).sum();
        let weigh = |f: fn(&Draft) -> f64| {
            drafts.iter().map(|d| f(d) * d.score.len() as f64).sum::<f64>() / steps.max(1) as f64
        };
        Variation {
            composition,
            seed,
            added,
            likelihood: weigh(|d| d.likelihood),
            violations: drafts.iter().fold(Violations::default(), |v, d| v.and(d.violations)),
            track: melody.track,
            voice: melody.voice,
            grade: weigh(Draft::grade),
        }
    }
}

/// Writes one voice of a section; answers with the number of notes.
fn write(
    track: &mut Track,
    part: &Part,
    section: &Section,
    steps: &[Step],
    from: usize,
    shift: i16,
    velocity: Velocity,
) -> usize {
    let line: Vec<(Symbol, Attack)> = steps.iter().map(|s| (s[part.voice].symbol, s[part.voice].attack)).collect();
    let mut notes = 0;
    let mut t = from;
    while t < line.len() {
        let mut end = t + 1;
        while end < line.len() && line[end].0 == line[t].0 && line[end].1 != Attack::Struck {
            end += 1;
        }
        let key = line[t].0.to_key().and_then(|k| u8::try_from(i16::from(k) - shift).ok()).and_then(Key::new);
        if let Some(key) = key {
            let start = section.ticks[t];
            let stop = section.ticks[end].max(Ticks(start.0 + 1));
            track.push_voice(start, part.channel, Sound::NoteOn { key, velocity });
            track.push_voice(stop, part.channel, Sound::NoteOff { key, velocity: Velocity::masked(64) });
            notes += 1;
        }
        t = end;
    }
    notes
}
