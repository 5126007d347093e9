//! How probable the model holds a score.
//!
//! Voices of a step come one after another in a random order, each given those before it. Two ways
//! are counted side by side, see [`Nats`].

use super::arithmetic::{exp, ln};
use super::model::{Model, REACH, Sight};
use super::random::Random;
use super::score::{CLASSES, Cell, Place, Score, Step, Symbol, VOICES};
use super::trunk::Rotations;
use super::{Done, Error, Progress};

/// The surprise of one step, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nats {
    /// Later voices are told the truth about earlier ones: the chain rule, a likelihood.
    pub chain_rule: f64,
    /// Later voices are told the model's own best guess, as Coconet's evaluator does (magenta,
    /// `lib_evaluation.py`): no likelihood, but what was published.
    pub argmax_written: f64,
}

/// Which voices are known from beginning to end.
pub type Given = [bool; VOICES];

/// The bases for the heads of all steps when a score is read in time order, with the voices that
/// are given known ahead: one pass over the score, in memory that does not grow with it except for
/// the result.
pub(super) fn causal_bases(model: &Model, score: &Score, given: Given) -> Vec<f32> {
    let ahead = |t: isize| seen(score.step(t), given);
    let d = model.width;
    let fermata = |t| score.fermata(t);
    let mut x = vec![0.0; score.len() * d];
    let mut reading = [model.caches()];
    for (chunk, x) in x.chunks_mut(REACH * d).enumerate() {
        let (mut behind, mut before) = (Vec::new(), Vec::new());
        for (t, x) in (chunk * REACH..).zip(x.chunks_exact_mut(d)) {
            model.tell_place(score.places[t], Sight::Causal, x);
            model.gather_ahead(t as isize, ahead, fermata, &mut before, x);
            model.gather_back(t as isize, |t| score.step(t), fermata, &mut behind, x);
        }
        model.look_ahead(&before, x);
        model.look_back(&behind, x);
        let rotations = Rotations::new(chunk * REACH, x.len() / d);
        model.run(x, &mut reading, &rotations, Sight::Causal);
    }
    model.lift(&mut x);
    x
}

/// The bases for the heads of `steps`, at most [`REACH`], each with only those steps seen that come
/// before it by their `ranks`, one for every step of the score: tokens sorted, and read as if that
/// were the order of time.
pub(super) fn sorted_bases(model: &Model, score: &Score, ranks: &[usize], steps: std::ops::Range<usize>) -> Vec<f32> {
    let d = model.width;
    let first = steps.start;
    let mut sorted: Vec<usize> = steps.collect();
    sorted.sort_by_key(|t| ranks[*t]);
    let mut x = vec![0.0; sorted.len() * d];
    let (mut behind, mut before) = (Vec::new(), Vec::new());
    for (t, x) in sorted.iter().zip(x.chunks_exact_mut(d)) {
        let seen = |other: isize| {
            let rank = usize::try_from(other).ok().and_then(|other| ranks.get(other));
            if rank.is_some_and(|r| *r >= ranks[*t]) { [Cell::HIDDEN; VOICES] } else { score.step(other) }
        };
        let fermata = |t| score.fermata(t);
        model.tell_sorted_place(score.places[*t], x);
        model.gather_ahead(*t as isize, seen, fermata, &mut before, x);
        model.gather_back(*t as isize, seen, fermata, &mut behind, x);
    }
    model.look_ahead(&before, &mut x);
    model.look_back(&behind, &mut x);
    let rotations = Rotations::of(sorted.iter().map(|t| t - first));
    model.run(&mut x, &mut [model.caches()], &rotations, Sight::Causal);
    model.lift(&mut x);
    let mut bases = vec![0.0; x.len()];
    for (t, x) in sorted.iter().zip(x.chunks_exact(d)) {
        bases[(t - first) * d..][..d].copy_from_slice(x);
    }
    bases
}

/// The base for the head of step `t` when every step is seen whose place in `known` is true, `t`
/// itself not. Attention spans [`REACH`] steps around `t`.
pub(super) fn everywhere_base(model: &Model, score: &Score, known: &[bool], t: usize) -> Vec<f32> {
    let from = t.saturating_sub(REACH / 2).min(score.len().saturating_sub(REACH));
    let to = (from + REACH).min(score.len());
    let bases = everywhere_bases(
        model,
        from..to,
        |t| score.places[t],
        |t| score.fermata(t),
        |t| {
            let hidden = usize::try_from(t).is_ok_and(|t| known.get(t) == Some(&false));
            if hidden { [Cell::HIDDEN; VOICES] } else { score.step(t) }
        },
    );
    bases[(t - from) * model.width..][..model.width].to_vec()
}

pub(super) fn everywhere_bases(
    model: &Model,
    steps: std::ops::Range<usize>,
    place: impl Fn(usize) -> Place,
    fermata: impl Fn(isize) -> usize + Copy,
    step: impl Fn(isize) -> Step + Copy,
) -> Vec<f32> {
    let mut x = vec![0.0; steps.len() * model.width];
    let (mut behind, mut before) = (Vec::new(), Vec::new());
    for (t, x) in steps.clone().zip(x.chunks_exact_mut(model.width)) {
        model.tell_place(place(t), Sight::Everywhere, x);
        model.gather_ahead(t as isize, step, fermata, &mut before, x);
        model.gather_back(t as isize, step, fermata, &mut behind, x);
    }
    model.look_ahead(&before, &mut x);
    model.look_back(&behind, &mut x);
    model.run(&mut x, &mut [model.caches()], &Rotations::new(0, steps.len()), Sight::Everywhere);
    model.lift(&mut x);
    x
}

/// What of a step may be seen ahead of its time.
pub(super) fn seen(step: Step, given: Given) -> Step {
    std::array::from_fn(|v| if given[v] { step[v] } else { Cell::HIDDEN })
}

/// The logits of every cell in time order, soprano to bass in a step, each given all before it: what
/// `trunk` and `head` of `training/model.py` answer.
#[must_use]
pub fn logits_in_time_order(model: &Model, score: &Score) -> Vec<[[f32; CLASSES]; VOICES]> {
    let mut bases = causal_bases(model, score, [false; VOICES]);
    let mut all = vec![[[0.0; CLASSES]; VOICES]; score.len()];
    for v in 0..VOICES {
        for (all, logits) in all.iter_mut().zip(model.ask(&bases, v)) {
            all[v] = logits;
        }
        for (base, step) in bases.chunks_exact_mut(model.width).zip(&score.steps) {
            model.tell(base, v, step[v]);
        }
    }
    all
}

/// The surprise of every step in time order, with the voices that are given known ahead and not
/// counted.
#[must_use]
pub fn in_time_order(model: &Model, score: &Score, given: Given, random: &mut Random) -> Vec<Nats> {
    let bases = causal_bases(model, score, given);
    let steps = score.steps.iter().zip(bases.chunks_exact(model.width));
    steps.map(|(step, base)| nats(model, base, step, given, random)).collect()
}

/// The surprise of every step in a random order of the steps: each is asked with those before it in
/// that order known.
///
/// # Errors
/// [`Error::Cancelled`] when `progress` says so.
pub fn in_random_order(
    model: &Model,
    score: &Score,
    random: &mut Random,
    progress: Progress<'_>,
) -> Result<Vec<Nats>, Error> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    random.shuffle(&mut order);
    if model.reads_any_order() {
        sorted(model, score, &order, random, progress)
    } else {
        step_by_step(model, score, &order, random, progress)
    }
}

/// A pass for [`REACH`] steps, of which the half in the middle counts: as much is known on either side.
fn sorted(
    model: &Model,
    score: &Score,
    order: &[usize],
    random: &mut Random,
    progress: Progress<'_>,
) -> Result<Vec<Nats>, Error> {
    let mut ranks = vec![0; order.len()];
    for (rank, t) in order.iter().enumerate() {
        ranks[*t] = rank;
    }
    let mut all = Vec::with_capacity(score.len());
    while all.len() < score.len() {
        if progress(Done { parts: all.len(), of: score.len() }).is_break() {
            return Err(Error::Cancelled);
        }
        let from = all.len().saturating_sub(REACH / 4);
        let to = (from + REACH).min(score.len());
        let counted = all.len()..if to == score.len() { to } else { to - REACH / 4 };
        let bases = sorted_bases(model, score, &ranks, from..to);
        for t in counted {
            let base = &bases[(t - from) * model.width..][..model.width];
            all.push(nats(model, base, &score.steps[t], [false; VOICES], random));
        }
    }
    Ok(all)
}

/// A pass for every step.
fn step_by_step(
    model: &Model,
    score: &Score,
    order: &[usize],
    random: &mut Random,
    progress: Progress<'_>,
) -> Result<Vec<Nats>, Error> {
    let mut known = vec![false; score.len()];
    let mut all = vec![Nats::default(); score.len()];
    for (done, &t) in order.iter().enumerate() {
        if progress(Done { parts: done, of: score.len() }).is_break() {
            return Err(Error::Cancelled);
        }
        let base = everywhere_base(model, score, &known, t);
        all[t] = nats(model, &base, &score.steps[t], [false; VOICES], random);
        known[t] = true;
    }
    Ok(all)
}

/// One step: its voices in a random order, the same for both ways of counting.
fn nats(model: &Model, base: &[f32], step: &Step, given: Given, random: &mut Random) -> Nats {
    let mut base = base.to_vec();
    for v in (0..VOICES).filter(|v| given[*v]) {
        model.tell_attack(&mut base, v, step[v]);
        model.tell(&mut base, v, step[v]);
    }
    let mut order: Vec<usize> = (0..VOICES).filter(|v| !given[*v]).collect();
    random.shuffle(&mut order);
    let d = base.len();
    // The truth first, the guesses beside it.
    let mut bases = [base.as_slice(), base.as_slice()].concat();
    let mut sums = [0.0; 2];
    for v in order {
        let logits = model.ask(&bases, v);
        let class = step[v].symbol.class();
        for (way, logits) in logits.iter().enumerate() {
            sums[way] -= class.map_or(0.0, |class| log_probability(logits, class));
            let told = if way == 0 { step[v].symbol } else { Symbol::of_class(best(logits)) };
            model.tell(&mut bases[way * d..][..d], v, Cell { symbol: told, ..step[v] });
        }
    }
    Nats { chain_rule: sums[0], argmax_written: sums[1] }
}

/// The natural logarithm of a class's probability.
pub(super) fn log_probability(logits: &[f32; CLASSES], class: usize) -> f64 {
    let most = logits[best(logits)];
    let sum = logits.iter().fold(0.0, |sum, l| sum + f64::from(exp(l - most)));
    f64::from(logits[class] - most) - ln(sum)
}

fn best(logits: &[f32; CLASSES]) -> usize {
    (0..CLASSES).fold(0, |best, c| if logits[c] > logits[best] { c } else { best })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use serde_json::Value;

    use super::*;

    /// What PyTorch computes from the weights that ship (`training/export.py`).
    fn reference() -> Value {
        serde_json::from_str(include_str!("../../tests/data/compose-parity.json")).unwrap()
    }

    /// A tiny model of random numbers that reads any order, and what PyTorch computes from it
    /// (`training/export.py random`).
    fn tiny() -> (Model, Value) {
        let weights = include_bytes!("../../tests/data/compose-tiny.safetensors");
        let reference = include_str!("../../tests/data/compose-tiny.json");
        (Model::read(weights).unwrap(), serde_json::from_str(reference).unwrap())
    }

    fn score(reference: &Value) -> Score {
        let pitches: Vec<[i16; 4]> = serde_json::from_value(reference["pitches"].clone()).unwrap();
        Score::of_pitches(&pitches)
    }

    fn numbers(v: &Value) -> Vec<f32> {
        v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
    }

    fn compare(model: &Model, base: &[f32], step: &Step, given: Given, logits: &Value, attacks: &Value) {
        let mut base = base.to_vec();
        let mut worst = 0f32;
        for v in (0..VOICES).filter(|v| given[*v]) {
            model.tell_attack(&mut base, v, step[v]);
            model.tell(&mut base, v, step[v]);
        }
        for v in 0..VOICES {
            if given[v] {
                continue;
            }
            let ours = model.ask(&base, v)[0];
            for (a, b) in ours.iter().zip(numbers(&logits[v])) {
                worst = worst.max((a - b).abs());
            }
            model.tell(&mut base, v, step[v]);
        }
        for (a, b) in model.ask_attacks(&base)[0].iter().zip(numbers(attacks)) {
            worst = worst.max((a - b).abs());
        }
        assert!(worst < 1e-3, "differs by {worst}");
    }

    #[test]
    fn logits_are_those_of_pytorch_in_time_order() {
        let model = Model::chorale().unwrap();
        let reference = reference();
        let score = score(&reference);
        let given = [true, false, false, false];
        let bases = causal_bases(&model, &score, given);
        let expected = &reference["causal"];
        for (i, t) in expected["steps"].as_array().unwrap().iter().enumerate() {
            let t = t.as_u64().unwrap() as usize;
            let base = &bases[t * model.width..][..model.width];
            compare(&model, base, &score.steps[t], given, &expected["logits"][i], &expected["attacks"][i]);
        }
    }

    #[test]
    fn logits_are_those_of_pytorch_when_all_is_seen() {
        let model = Model::chorale().unwrap();
        let reference = reference();
        let score = score(&reference);
        let expected = &reference["everywhere"];
        let known: Vec<bool> = numbers(&expected["given"]).iter().map(|x| *x > 0.5).collect();
        for (i, t) in expected["steps"].as_array().unwrap().iter().enumerate() {
            let t = t.as_u64().unwrap() as usize;
            let base = everywhere_base(&model, &score, &known, t);
            let given = [known[t]; VOICES];
            compare(&model, &base, &score.steps[t], given, &expected["logits"][i], &expected["attacks"][i]);
        }
    }

    #[test]
    fn logits_are_those_of_pytorch_in_any_order() {
        let (model, reference) = tiny();
        let score = score(&reference);
        let expected = &reference["sorted"];
        let ranks: Vec<usize> = numbers(&expected["ranks"]).iter().map(|x| *x as usize).collect();
        let bases = sorted_bases(&model, &score, &ranks, 0..score.len());
        for (i, t) in expected["steps"].as_array().unwrap().iter().enumerate() {
            let t = t.as_u64().unwrap() as usize;
            let base = &bases[t * model.width..][..model.width];
            let given = [false; VOICES];
            compare(&model, base, &score.steps[t], given, &expected["logits"][i], &expected["attacks"][i]);
        }
    }

    #[test]
    fn what_comes_later_in_any_order_changes_nothing_and_every_step_is_counted() {
        let (model, reference) = tiny();
        let piece = score(&reference);
        let mut score = Score::default();
        for _ in 0..5 {
            score.steps.extend_from_slice(&piece.steps);
            score.places.extend_from_slice(&piece.places);
        }
        let mut go = |_| ControlFlow::Continue(());
        let mut nats = |s: &Score| in_random_order(&model, s, &mut Random::new(4, 0), &mut go).unwrap();
        let before = nats(&score);
        assert_eq!(before.len(), score.len());
        let mut order: Vec<usize> = (0..score.len()).collect();
        Random::new(4, 0).shuffle(&mut order);
        let (early, late) = order.split_at(200);
        for t in late {
            score.steps[*t] = [Cell { symbol: Symbol::REST, attack: Attack::Unknown }; VOICES];
        }
        let after = nats(&score);
        assert!(early.iter().all(|t| before[*t] == after[*t]));
        assert!(late.iter().any(|t| before[*t] != after[*t]));
    }

    #[test]
    fn what_comes_later_changes_nothing_of_the_likelihood_in_time_order() {
        let model = Model::chorale().unwrap();
        let score = score(&reference());
        let mut other = score.clone();
        for step in &mut other.steps[40..] {
            *step = [Cell { symbol: Symbol::REST, attack: Attack::Unknown }; VOICES];
        }
        let given = [false; VOICES];
        let nats = |s: &Score| in_time_order(&model, s, given, &mut Random::new(1, 0));
        assert_eq!(nats(&score)[..40], nats(&other)[..40]);
    }

    use crate::compose::score::Attack;
}
