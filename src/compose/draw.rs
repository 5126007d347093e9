//! Filling what is hidden in a score: step by step in time order, voice by voice in a step, several
//! drafts side by side.
//!
//! What is learned: the probability of every key and of every repeated note. What is rule: prices
//! on parallels, crossing and spacing, the voices' ranges ([`rules`]), and the choice
//! among drafts.

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::atomic::{AtomicBool, Ordering};

use super::arithmetic::exp;
use super::arithmetic::ln;
use super::likelihood::log_probability;
use super::model::{Model, REACH, Sight};
use super::random::Random;
use super::rules::{self, Violations};
use super::score::{Attack, CLASSES, Cell, Score, Step, Symbol, VOICES};
use super::trunk::{Cache, Rotations};
use super::{Done, Error};

/// The order in which the voices of a step are written: the outer ones carry the harmony.
const ORDER: [usize; VOICES] = [3, 0, 2, 1];
/// Of the probable notes so much is kept; the long tail of blunders is cut off.
const KEPT: f32 = 0.95;
/// Drafts that one thread draws side by side; more take further rounds.
const ABREAST: usize = 8;
/// What a note outside the scale costs, in nats off its logit.
const FOREIGN: f32 = 1.0;
/// What rules broken at every step would cost when drafts are compared, in nats a note.
const BROKEN: f64 = 64.0;

/// How far drawing has come, told once a step; the answer says whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut(Drawn<'_>) -> ControlFlow<()>;

/// A part of the drafts that is done.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'a> {
    /// How much of the drafts.
    pub done: Done,
    /// The first steps of one of them.
    pub steps: &'a [Step],
}

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// Divides the logits of the notes that a voice may move to: 1 draws as the model believes, less
    /// plays safe, more takes risks. Whether a voice moves is drawn as the model believes.
    pub temperature: f32,
    /// The same seed gives the same notes.
    pub seed: u64,
    /// Drafts to draw; at least 1.
    pub drafts: usize,
    /// The pitch classes, as bits from C, that voices keep to unless they have good reason: those of a
    /// scale, as the score has it; none of them for no preference.
    pub scale: u16,
    /// Where the piece begins and comes to rest on the chord of its key; `None` where that is left open.
    pub home: Option<Home>,
}

/// The chord of the key at both ends of a piece, as the score has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// Its pitch classes, as bits from C.
    pub chord: u16,
    /// Its root, which the bass rests on: 0 for C.
    pub root: u8,
    /// The piece begins with it: so many steps.
    pub first: usize,
    /// From this step on it rests on it.
    pub last: usize,
}

impl Home {
    /// What a note costs, or a rest, in nats. A beginning elsewhere is an idea; an end elsewhere is none.
    fn price(self, t: usize, voice: usize, key: Option<u8>) -> f32 {
        const BEGINS: f32 = 2.0;
        const RESTS: f32 = 30.0;
        let foreign = key.is_none_or(|key| self.chord >> (key % 12) & 1 == 0);
        let rootless = voice == VOICES - 1 && key.is_none_or(|key| key % 12 != self.root);
        match () {
            () if t >= self.last && (foreign || rootless) => RESTS,
            () if t < self.first && foreign && key.is_some() => BEGINS,
            () => 0.0,
        }
    }
}

/// One way to fill a score.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The score with nothing hidden.
    pub score: Score,
    /// The mean likelihood of a step, in nats (nearer to zero is more probable).
    pub likelihood: f64,
    /// The mean likelihood of the notes that voices moved to, given that they moved, in nats.
    pub choice: f64,
    /// Rules broken, over the whole score.
    pub violations: Violations,
}

impl Draft {
    /// For comparing: higher is better.
    ///
    /// Few rules broken, good notes where voices move, and a likely whole. The likelihood alone would
    /// choose the dullest of many drafts, with inner voices that stand still.
    #[must_use]
    pub fn grade(&self) -> f64 {
        let broken = self.violations.parallels() + self.violations.crossing;
        self.choice + self.likelihood - BROKEN * f64::from(broken) / f64::from(self.violations.steps.max(1))
    }
}

struct Writer {
    steps: Vec<Step>,
    random: Random,
    nats: f64,
    /// Of notes moved to, given that they move.
    choices: f64,
    moves: u32,
}

/// Draws drafts for a score, the best first.
///
/// Cells that are not hidden stay as they are. `watch` is called once a step.
///
/// # Errors
/// [`Error::Cancelled`] when `watch` says so.
pub fn fill(model: &Model, score: &Score, manner: Manner, watch: Watch<'_>) -> Result<Vec<Draft>, Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    fill_on(threads, model, score, manner, watch)
}

fn fill_on(
    threads: usize,
    model: &Model,
    score: &Score,
    manner: Manner,
    watch: Watch<'_>,
) -> Result<Vec<Draft>, Error> {
    let drafts = manner.drafts.max(1);
    // A round keeps every thread busy with drafts side by side; which are drawn together changes
    // none of them.
    let abreast = drafts.div_ceil(threads).clamp(1, ABREAST);
    let rounds = drafts.div_ceil(abreast * threads);
    let mut all = Vec::with_capacity(drafts);
    for round in 0..rounds {
        let begin = |thread: usize| ((round * threads + thread) * abreast).min(drafts);
        let mut inner = |drawn: Drawn<'_>| {
            let Done { parts, of } = drawn.done;
            watch(Drawn { done: Done { parts: round * of + parts, of: rounds * of }, ..drawn })
        };
        let cancelled = AtomicBool::new(false);
        let drawn: Vec<Result<Vec<Draft>, Error>> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads)
                .filter(|t| begin(*t) < begin(t + 1))
                .map(|t| {
                    let (first, count) = (begin(t), begin(t + 1) - begin(t));
                    let mut watch = |_: Drawn<'_>| match cancelled.load(Ordering::Relaxed) {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    };
                    scope.spawn(move || fill_abreast(model, score, manner, first as u64, count, &mut watch))
                })
                .collect();
            let own = fill_abreast(model, score, manner, begin(0) as u64, begin(1) - begin(0), &mut inner);
            cancelled.store(own.is_err(), Ordering::Relaxed);
            let others = others.into_iter().map(|o| o.join().unwrap_or(Err(Error::Cancelled)));
            std::iter::once(own).chain(others).collect()
        });
        for drafts in drawn {
            all.extend(drafts?);
        }
    }
    all.sort_by(|a, b| b.grade().total_cmp(&a.grade()));
    Ok(all)
}

fn fill_abreast(
    model: &Model,
    score: &Score,
    manner: Manner,
    first: u64,
    count: usize,
    watch: Watch<'_>,
) -> Result<Vec<Draft>, Error> {
    let d = model.width;
    // A voice that is nowhere given is not given beyond the end either: as in training.
    let anywhere: [bool; VOICES] = std::array::from_fn(|v| score.steps.iter().any(|s| s[v].symbol != Symbol::HIDDEN));
    let ahead = |t: isize| {
        let step = score.step(t);
        let outside = step[0].symbol == Symbol::OUTSIDE && t >= 0;
        std::array::from_fn(|v| if outside && !anywhere[v] { Cell::HIDDEN } else { step[v] })
    };
    let fermata = |t: isize| score.fermata(t);
    let mut writers: Vec<Writer> = (0..count as u64)
        .map(|i| Writer {
            steps: Vec::with_capacity(score.len()),
            random: Random::new(manner.seed, first + i),
            nats: 0.0,
            choices: 0.0,
            moves: 0,
        })
        .collect();
    let mut readings: Vec<Vec<Cache>> = writers.iter().map(|_| model.caches()).collect();
    let mut rotations = Rotations::new(0, 0);
    let mut x = vec![0.0; count * d];
    let mut around = Vec::new();
    for (t, place) in score.places.iter().enumerate() {
        let steps = writers.first().map(|w| w.steps.as_slice()).unwrap_or_default();
        if watch(Drawn { done: Done { parts: t, of: score.len() }, steps }).is_break() {
            return Err(Error::Cancelled);
        }
        if t % REACH == 0 {
            rotations = Rotations::new(t, REACH);
        }
        let mut common = vec![0.0; d];
        around.clear();
        model.tell_place(*place, Sight::Causal, &mut common);
        model.gather_ahead(t as isize, ahead, fermata, &mut around, &mut common);
        model.look_ahead(&around, &mut common);
        around.clear();
        for (writer, x) in writers.iter().zip(x.chunks_exact_mut(d)) {
            x.copy_from_slice(&common);
            let written = |t: isize| {
                usize::try_from(t)
                    .map_or([Cell::OUTSIDE; VOICES], |t| writer.steps.get(t).copied().unwrap_or([Cell::HIDDEN; VOICES]))
            };
            model.gather_back(t as isize, written, fermata, &mut around, x);
        }
        model.look_back(&around, &mut x);
        model.run(&mut x, &mut readings, &rotations.at(t % REACH), Sight::Causal);
        model.lift(&mut x);
        write_step(model, &mut x, &mut writers, &score.steps[t], manner);
    }
    Ok(writers
        .into_iter()
        .map(|w| Draft {
            violations: Violations::of(&w.steps),
            likelihood: -w.nats / score.len().max(1) as f64,
            choice: w.choices / f64::from(w.moves.max(1)),
            score: Score { steps: w.steps, places: score.places.clone() },
        })
        .collect())
}

/// Writes one step of every writer. `bases` are the heads' bases; they are used up.
fn write_step(model: &Model, bases: &mut [f32], writers: &mut [Writer], given: &Step, manner: Manner) {
    let d = model.width;
    let hidden = given.map(|c| c.symbol == Symbol::HIDDEN);
    for base in bases.chunks_exact_mut(d) {
        for v in (0..VOICES).filter(|v| !hidden[*v]) {
            model.tell_attack(base, v, given[v]);
            model.tell(base, v, given[v]);
        }
    }
    for writer in &mut *writers {
        writer.steps.push(*given);
    }
    let ranges = if model.alone { &rules::ALONE } else { &rules::RANGES };
    for v in ORDER.into_iter().filter(|v| hidden[*v]) {
        let logits = model.ask(bases, v);
        for ((writer, logits), base) in writers.iter_mut().zip(&logits).zip(bases.chunks_exact_mut(d)) {
            let class = writer.choose(logits, v, &ranges[v], manner);
            writer.note(logits, v, class);
            let cell = Cell { symbol: Symbol::of_class(class), attack: Attack::Struck };
            if let Some(step) = writer.steps.last_mut() {
                step[v] = cell;
            }
            model.tell(base, v, cell);
        }
    }
    if hidden.contains(&true) {
        let attacks = model.ask_attacks(bases);
        for (writer, logits) in writers.iter_mut().zip(attacks) {
            writer.attack(&hidden, &logits);
        }
    }
}

impl Writer {
    fn before(&self) -> Option<&Step> {
        self.steps.len().checked_sub(2).map(|t| &self.steps[t])
    }

    fn choose(&mut self, logits: &[f32; CLASSES], voice: usize, range: &RangeInclusive<u8>, manner: Manner) -> usize {
        let outside = [Cell::OUTSIDE; VOICES];
        let before = self.before().unwrap_or(&outside);
        let now = self.steps.last().unwrap_or(&outside);
        let t = self.steps.len().saturating_sub(1);
        let mut priced = [f32::NEG_INFINITY; CLASSES];
        for (class, priced) in priced.iter_mut().enumerate() {
            let symbol = Symbol::of_class(class);
            let price = symbol.to_key().map_or(Some(0.0), |key| rules::price(range, before, now, voice, key));
            let foreign = symbol.to_key().is_some_and(|key| manner.scale >> (key % 12) & 1 == 0);
            let away = manner.home.map_or(0.0, |home| home.price(t, voice, symbol.to_key()));
            if let Some(price) = price {
                *priced = logits[class] - price - away - if foreign && manner.scale != 0 { FOREIGN } else { 0.0 };
            }
        }
        // Whether the voice moves is left to the model; where it moves to is chosen with more care.
        // A temperature on both would buy good chords with voices that stand still.
        if let Some(stay) = before[voice].symbol.class().filter(|c| priced[*c].is_finite()) {
            let most = priced.iter().fold(f32::MIN, |a, b| a.max(*b));
            let all: f32 = priced.iter().fold(0.0, |sum, l| sum + exp(l.max(-1e30) - most));
            if self.random.unit() * all < exp(priced[stay] - most) {
                return stay;
            }
            priced[stay] = f32::NEG_INFINITY;
        }
        draw(&priced.map(|l| l / manner.temperature), self.random.unit())
    }

    /// Keeps account of a choice.
    fn note(&mut self, logits: &[f32; CLASSES], voice: usize, class: usize) {
        let chosen = log_probability(logits, class);
        self.nats -= chosen;
        if let Some(stay) = self.before().and_then(|b| b[voice].symbol.class()).filter(|stay| *stay != class) {
            let moving = -f64::from(exp(log_probability(logits, stay) as f32)) + 1.0;
            self.choices += chosen - ln(moving.max(1e-6));
            self.moves += 1;
        }
    }

    /// Settles which of the cells just written begin a note.
    fn attack(&mut self, hidden: &[bool; VOICES], logits: &[f32; VOICES]) {
        let before = self.before().copied();
        for v in (0..VOICES).filter(|v| hidden[*v]) {
            let unit = self.random.unit();
            let Some(step) = self.steps.last_mut() else { return };
            let repeated = before.is_some_and(|b| b[v].symbol == step[v].symbol);
            let again = unit < 1.0 / (1.0 + exp(-logits[v]));
            let struck = !repeated || (again && step[v].symbol != Symbol::REST);
            step[v].attack = if struck { Attack::Struck } else { Attack::Held };
        }
    }
}

/// A class by its logits, of the most probable that make up [`KEPT`] together. `unit` is from 0 to
/// less than 1.
fn draw(logits: &[f32; CLASSES], unit: f32) -> usize {
    let most = logits.iter().fold(f32::MIN, |a, b| a.max(*b));
    let mut ranked: Vec<(usize, f32)> =
        logits.iter().enumerate().map(|(c, l)| (c, if l.is_finite() { exp(l - most) } else { 0.0 })).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let all: f32 = ranked.iter().fold(0.0, |sum, (_, p)| sum + p);
    let mut kept = 0;
    let mut sum = 0.0;
    while kept < ranked.len() && (kept == 0 || sum < KEPT * all) {
        sum += ranked[kept].1;
        kept += 1;
    }
    let mut left = unit * sum;
    for (class, p) in &ranked[..kept] {
        left -= p;
        if left < 0.0 {
            return *class;
        }
    }
    ranked[0].0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn melody() -> Score {
        let keys = [67, 67, 69, 71, 72, 71, 69, 67];
        let steps = keys.iter().flat_map(|k| {
            (0..4).map(move |i| {
                let attack = if i == 0 { Attack::Struck } else { Attack::Held };
                let mut step = [Cell::HIDDEN; VOICES];
                step[0] = Cell { symbol: Symbol::key(*k).unwrap(), attack };
                step
            })
        });
        let mut score = Score::of_pitches(&[[0; 4]; 32]);
        score.steps = steps.collect();
        score
    }

    #[test]
    fn what_is_given_stays_and_a_seed_gives_the_same_notes_alone_or_abreast() {
        let model = Model::chorale().unwrap();
        let manner = Manner { temperature: 0.9, seed: 7, drafts: 3, scale: 0, home: None };
        let mut go = |_: Drawn<'_>| ControlFlow::Continue(());
        let three = fill(&model, &melody(), manner, &mut go).unwrap();
        let one = fill(&model, &melody(), Manner { drafts: 1, ..manner }, &mut go).unwrap();
        assert!(three.iter().any(|d| d.score == one[0].score));
        for draft in three {
            for (step, given) in draft.score.steps.iter().zip(melody().steps) {
                assert_eq!(step[0], given[0]);
                assert!(step.iter().all(|c| c.symbol.class().is_some()));
            }
        }
    }

    #[test]
    fn threads_change_no_draft() {
        let model = Model::chorale().unwrap();
        let manner = Manner { temperature: 0.9, seed: 7, drafts: 3, scale: 0, home: None };
        let on = |threads| {
            let mut go = |_: Drawn<'_>| ControlFlow::Continue(());
            let drafts = fill_on(threads, &model, &melody(), manner, &mut go).unwrap();
            drafts.into_iter().map(|d| d.score).collect::<Vec<_>>()
        };
        assert_eq!(on(1), on(2));
        assert_eq!(on(1), on(5));
    }

    #[test]
    fn cancelled_at_a_step() {
        let model = Model::chorale().unwrap();
        let manner = Manner { temperature: 1.0, seed: 1, drafts: 1, scale: 0, home: None };
        let mut stop =
            |d: Drawn<'_>| if d.done.parts == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        assert_eq!(fill(&model, &melody(), manner, &mut stop).unwrap_err(), Error::Cancelled);
    }

    #[test]
    fn drawing_never_takes_what_is_forbidden() {
        let mut logits = [f32::NEG_INFINITY; CLASSES];
        logits[5] = 1.0;
        logits[9] = 0.5;
        for i in 0..100 {
            assert!([5, 9].contains(&draw(&logits, i as f32 / 100.0)));
        }
        assert_eq!(draw(&[f32::NEG_INFINITY; CLASSES], 0.5), 0);
    }
}
