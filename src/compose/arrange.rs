//! Melody in, composition out: what the command line, a window or a worker calls.
//!
//! Every track of the input stays as it is, event for event; what is composed comes in new tracks
//! behind them.

use super::draw::{self, Draft, Manner};
use super::melody::{Melody, NoMelody, Section, Voice};
use super::model::Model;
use super::rules::Violations;
use super::score::{Attack, Symbol, VOICES};
use super::{Done, Error, Progress};
use crate::music::composition::{Composition, Format, MetaType, Track};
use crate::music::message::{Channel, Key, Value, Velocity, Voice as Sound};
use crate::music::time::{Micros, Ticks};

/// The program that added voices are sung with: Choir Aahs of General MIDI, counted from 0.
pub const CHOIR: Value = Value::masked(52);
/// How fast added keys go down where the melody says nothing.
const USUAL_VELOCITY: u8 = 80;

/// What to do with a melody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task {
    /// Add the voices that are missing.
    Harmonise,
    /// Go on where the melody ends.
    Extend {
        /// How far.
        by: Extension,
        /// Whether the other voices are added too, from the beginning.
        harmony: bool,
    },
}

/// How far to go on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extension {
    /// So many bars, as long as the last one.
    Bars(u32),
    /// So much time at the last tempo.
    Time(Micros),
}

/// How to compose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// What to do.
    pub task: Task,
    /// The track of the melody, from 0; found out where it is not told.
    pub track: Option<usize>,
    /// The voice that the melody is; found out where it is not told.
    pub voice: Option<Voice>,
    /// DeepComposer's creative risk, [`Parameters::RISK`]: higher is bolder.
    pub risk: f32,
    /// DeepComposer's sampling iterations, [`Parameters::ITERATIONS`]: drafts of which the best is
    /// kept; 0 takes the first.
    pub iterations: u32,
    /// The same seed gives the same composition, on every machine.
    pub seed: u64,
    /// Compositions to make.
    pub variations: u32,
}

impl Parameters {
    /// The range of [`Parameters::risk`].
    pub const RISK: std::ops::RangeInclusive<f32> = 0.5..=6.0;
    /// The range of [`Parameters::iterations`].
    pub const ITERATIONS: std::ops::RangeInclusive<u32> = 0..=100;
    /// The range of [`Parameters::variations`].
    pub const VARIATIONS: std::ops::RangeInclusive<u32> = 1..=16;

    /// The temperature of a creative risk: its root, so that the highest still makes music, and at the
    /// usual risk of 1 one that avoids blunders.
    fn temperature(&self) -> f32 {
        0.6 * self.risk.clamp(*Parameters::RISK.start(), *Parameters::RISK.end()).sqrt()
    }
}

impl Default for Parameters {
    fn default() -> Parameters {
        let task = Task::Harmonise;
        Parameters { task, track: None, voice: None, risk: 1.0, iterations: 8, seed: 0, variations: 1 }
    }
}

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

/// Composes; the best variation first. `progress` is called once a step.
///
/// # Errors
/// See [`Failed`]. Cancelled, nothing is given back.
pub fn compose(
    model: &Model,
    composition: &Composition,
    parameters: &Parameters,
    progress: Progress<'_>,
) -> Result<Vec<Variation>, Failed> {
    let mut melody = Melody::of(composition, parameters.track, parameters.voice)?;
    let from = melody.sections.last().map_or(0, |s| s.score.len());
    if let Task::Extend { by, .. } = parameters.task {
        let steps = match by {
            Extension::Bars(bars) => melody.last_bar() * bars as usize,
            Extension::Time(time) => melody.steps_in(time),
        };
        melody.extend(steps);
    }
    let plan = Plan::of(composition, &melody, parameters, from)?;
    let all: usize = melody.sections.iter().map(|s| s.score.len()).sum();
    let of = all * parameters.variations as usize;
    let mut variations = Vec::new();
    let mut before = 0;
    for i in 0..u64::from(parameters.variations) {
        let seed = parameters.seed.wrapping_add(i);
        let mut drafts = Vec::new();
        for (s, section) in melody.sections.iter().enumerate() {
            let manner = Manner {
                temperature: parameters.temperature(),
                seed: seed ^ (s as u64) << 48,
                drafts: parameters.iterations.max(1) as usize,
            };
            let length = section.score.len();
            let mut inner = |d: Done| progress(Done { parts: before + d.parts * length / d.of.max(1), of });
            drafts.extend(draw::fill(model, &section.score, manner, &mut inner)?.into_iter().next());
            before += length;
        }
        variations.push(plan.variation(composition, &melody, &drafts, seed));
    }
    variations.sort_by(|a, b| b.grade.total_cmp(&a.grade));
    Ok(variations)
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
    fn of(composition: &Composition, melody: &Melody, parameters: &Parameters, from: usize) -> Result<Plan, Failed> {
        let source = &composition.tracks[melody.track];
        let used = |c: &Channel| composition.tracks.iter().any(|t| t.channels().iter().any(|u| u == *c));
        let free: Vec<Channel> = (0..16).filter(|c| *c != 9).map(Channel::masked).filter(|c| !used(c)).collect();
        let mut parts = Vec::new();
        if matches!(parameters.task, Task::Extend { .. }) {
            let channel = source.voices().find_map(|(_, c, v)| matches!(v, Sound::NoteOn { .. }).then_some(c));
            let name = source.name().map_or_else(|| "Continuation".to_owned(), |n| format!("{n} (continuation)"));
            let channel = channel.unwrap_or_default();
            parts.push(Part { voice: melody.voice as usize, name, channel, program: None, only_extension: true });
        }
        if matches!(parameters.task, Task::Harmonise | Task::Extend { harmony: true, .. }) {
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

    fn variation(&self, composition: &Composition, melody: &Melody, drafts: &[Draft], seed: u64) -> Variation {
        let mut out = composition.clone();
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
            for (i, (section, draft)) in melody.sections.iter().zip(drafts).enumerate() {
                let from = match (part.only_extension, i == last) {
                    (false, _) => 0,
                    (true, true) => self.extended_from,
                    (true, false) => continue,
                };
                added += write(&mut track, part, section, draft, from, melody.shift, self.velocity);
            }
            out.tracks.push(track);
        }
        let steps: usize = drafts.iter().map(|d| d.score.len()).sum();
        let weigh = |f: fn(&Draft) -> f64| {
            drafts.iter().map(|d| f(d) * d.score.len() as f64).sum::<f64>() / steps.max(1) as f64
        };
        Variation {
            composition: out,
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
    draft: &Draft,
    from: usize,
    shift: i16,
    velocity: Velocity,
) -> usize {
    let line: Vec<(Symbol, Attack)> =
        draft.score.steps.iter().map(|s| (s[part.voice].symbol, s[part.voice].attack)).collect();
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
