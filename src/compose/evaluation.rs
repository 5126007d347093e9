//! The figures of a model on a set of pieces, by the protocol of the published results on Bach's
//! chorales, and beside them what needs no model.
//!
//! A data file is JSON: an object whose `train`, `valid` or `test` holds pieces, a piece a list of
//! steps of a sixteenth, a step the MIDI pitches of soprano, alto, tenor and bass, negative for
//! silence.

mod copy;
mod harmonising;
mod mock;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

pub use copy::Copy;
pub use harmonising::{Harmonised, Quality, Texture};
pub use mock::{Distances, Grade, Grader};

use super::likelihood::{self, Given, Nats};
use super::model::Model;
use super::random::Random;
use super::score::{Score, VOICES};
use super::{Done, Error, Progress, arithmetic};

/// A piece as the file has it.
pub type Pitches = Vec<[i16; VOICES]>;

/// A data file: splits by name. Other members of the object are left alone.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Data {
    /// What may be learned from.
    #[serde(default)]
    pub train: Vec<Pitches>,
    /// What one looks at while learning.
    #[serde(default)]
    pub valid: Vec<Pitches>,
    /// What is kept back.
    #[serde(default)]
    pub test: Vec<Pitches>,
}

/// How finely a piece is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// Every step.
    Sixteenth,
    /// Every second step.
    Eighth,
    /// Every fourth step.
    Quarter,
}

impl Resolution {
    /// All of them.
    pub const ALL: [Resolution; 3] = [Resolution::Sixteenth, Resolution::Eighth, Resolution::Quarter];

    fn every(self) -> usize {
        match self {
            Resolution::Sixteenth => 1,
            Resolution::Eighth => 2,
            Resolution::Quarter => 4,
        }
    }

    /// The piece at this resolution.
    #[must_use]
    pub fn of(self, piece: &[[i16; VOICES]]) -> Pitches {
        piece.iter().step_by(self.every()).copied().collect()
    }
}

/// Means in nats a step, by the chain rule and as Coconet counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Later voices of a step are told the truth.
    pub chain_rule: f64,
    /// Later voices of a step are told the model's best guess.
    pub argmax_written: f64,
}

/// What was measured, in nats a step (a frame) by resolution.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Nll {
    /// In time order, nothing given.
    pub chronological: BTreeMap<Resolution, Figures>,
    /// In a random order of the steps: the mean of all orders.
    pub random_single: BTreeMap<Resolution, Figures>,
    /// In random orders: the logarithm of the mean probability over the orders, step by step, as
    /// Coconet's evaluator takes it. No joint likelihood.
    pub random_lme5: BTreeMap<Resolution, Figures>,
    /// Alto, tenor and bass in time order, the soprano known from beginning to end.
    pub atb_given_s: BTreeMap<Resolution, Figures>,
}

/// How to measure.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// Resolutions.
    pub resolutions: Vec<Resolution>,
    /// Random orders; 0 leaves them out. They take a pass a step each.
    pub orders: usize,
    /// The seed of all orders.
    pub seed: u64,
    /// Threads; the figures do not depend on it.
    pub threads: usize,
}

/// Measures the likelihoods. `progress` is called now and then, with pieces times measurements.
///
/// # Errors
/// [`Error::Cancelled`] when `progress` says so.
pub fn measure(model: &Model, pieces: &[Pitches], protocol: &Protocol, progress: Progress<'_>) -> Result<Nll, Error> {
    let mut nll = Nll::default();
    let each = 2 + protocol.orders;
    let of = pieces.len() * each * protocol.resolutions.len();
    for (r, resolution) in protocol.resolutions.iter().enumerate() {
        let scores: Vec<Score> = pieces.iter().map(|p| Score::of_pitches(&resolution.of(p))).collect();
        let before = r * pieces.len() * each;
        let mut tick = |done: usize| progress(Done { parts: before + done, of });
        let in_time = |given: Given, stream: u64| {
            move |i: usize, score: &Score| {
                let mut random = Random::new(protocol.seed, stream << 32 | i as u64);
                Ok(likelihood::in_time_order(model, score, given, &mut random))
            }
        };
        let free = side_by_side(&scores, protocol.threads, &in_time([false; VOICES], 0), &mut |d| tick(d))?;
        nll.chronological.insert(*resolution, mean(&free));
        let done = pieces.len();
        let melody = [true, false, false, false];
        let given = side_by_side(&scores, protocol.threads, &in_time(melody, 1), &mut |d| tick(done + d))?;
        nll.atb_given_s.insert(*resolution, mean(&given));
        let mut orders = Vec::new();
        for o in 0..protocol.orders {
            let done = (2 + o) * pieces.len();
            let work = |i: usize, score: &Score| {
                let mut random = Random::new(protocol.seed, (2 + o as u64) << 32 | i as u64);
                likelihood::in_random_order(model, score, &mut random, &mut |_| ControlFlow::Continue(()))
            };
            orders.push(side_by_side(&scores, protocol.threads, &work, &mut |d| tick(done + d))?);
        }
        if !orders.is_empty() {
            nll.random_single.insert(*resolution, mean(&orders.concat()));
            nll.random_lme5.insert(*resolution, mean(&[ensemble(&orders)]));
        }
    }
    Ok(nll)
}

/// Runs `work` on every score, on several threads, and answers in the order of the scores.
pub(super) fn side_by_side<T: Send>(
    scores: &[Score],
    threads: usize,
    work: &(impl Fn(usize, &Score) -> Result<T, Error> + Sync),
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, Result<T, Error>)>> = Mutex::new(Vec::new());
    let (sender, finished) = std::sync::mpsc::channel();
    let mut cancelled = false;
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, scores.len().max(1)) {
            let (next, results, sender) = (&next, &results, sender.clone());
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(score) = scores.get(i) else { break };
                    let result = work(i, score);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((i, result));
                    if sender.send(()).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (done, ()) in finished.iter().enumerate() {
            if progress(done + 1).is_break() {
                cancelled = true;
                next.store(scores.len(), Ordering::Relaxed);
            }
        }
    });
    if cancelled {
        return Err(Error::Cancelled);
    }
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, r)| r).collect()
}

fn mean(pieces: &[Vec<Nats>]) -> Figures {
    let steps = pieces.iter().map(Vec::len).sum::<usize>().max(1) as f64;
    let sum = |way: fn(&Nats) -> f64| pieces.iter().flatten().map(way).sum::<f64>() / steps;
    Figures { chain_rule: sum(|n| n.chain_rule), argmax_written: sum(|n| n.argmax_written) }
}

/// Minus the logarithm of the mean probability of each step over the orders.
fn ensemble(orders: &[Vec<Vec<Nats>>]) -> Vec<Nats> {
    let flat: Vec<Vec<Nats>> = orders.iter().map(|o| o.concat()).collect();
    let steps = flat.first().map_or(0, Vec::len);
    let lme = |t: usize, way: fn(&Nats) -> f64| {
        let least = flat.iter().map(|o| way(&o[t])).fold(f64::INFINITY, f64::min);
        let sum: f64 = flat.iter().map(|o| f64::from(arithmetic::exp((least - way(&o[t])) as f32))).sum();
        least - arithmetic::ln(sum / flat.len() as f64)
    };
    (0..steps)
        .map(|t| Nats { chain_rule: lme(t, |n| n.chain_rule), argmax_written: lme(t, |n| n.argmax_written) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ensemble_of_equal_orders_is_each_of_them_and_a_lucky_order_counts() {
        let nats = |x: f64| vec![vec![Nats { chain_rule: x, argmax_written: x }]];
        assert!((ensemble(&[nats(2.0), nats(2.0)])[0].chain_rule - 2.0).abs() < 1e-6);
        let two = ensemble(&[nats(0.0), nats(50.0)])[0].chain_rule;
        assert!((two - std::f64::consts::LN_2).abs() < 1e-6);
    }

    #[test]
    fn threads_change_no_figure_and_a_cancelled_measurement_ends() {
        let model = Model::chorale().unwrap();
        let piece: Pitches = (0..8).map(|t| [67 + t % 3, 64, 60, 48]).collect();
        let pieces = vec![piece.clone(), piece[..5].to_vec(), piece];
        let protocol = |threads| Protocol { resolutions: vec![Resolution::Sixteenth], orders: 2, seed: 3, threads };
        let mut go = |_| ControlFlow::Continue(());
        let one = measure(&model, &pieces, &protocol(1), &mut go).unwrap();
        assert_eq!(one, measure(&model, &pieces, &protocol(2), &mut go).unwrap());
        let mut stop = |_| ControlFlow::Break(());
        assert_eq!(measure(&model, &pieces, &protocol(2), &mut stop), Err(Error::Cancelled));
    }
}
