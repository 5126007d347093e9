//! The guess that needs no model: every voice goes on with what it had, more or less surely by the
//! place in the beat, and otherwise moves by a usual interval.

use super::Pitches;
use crate::compose::arithmetic::ln;
use crate::compose::score::{CLASSES, Score, Symbol, VOICES};

/// Moves from two octaves down to two up, and one more for everything else.
const MOVES: usize = 50;
/// Added to every count, so that nothing is impossible.
const SMOOTHING: f64 = 0.05;

/// "Copy what was", fitted to pieces.
#[derive(Clone, Debug)]
pub struct Copy {
    usual: [[f64; CLASSES]; VOICES],
    /// By voice and step of the quarter.
    stays: [[[f64; 2]; 4]; VOICES],
    moves: [[f64; MOVES]; VOICES],
}

impl Copy {
    /// Fits how often a voice stays and how it moves otherwise.
    #[must_use]
    pub fn fit(pieces: &[Pitches]) -> Copy {
        let mut copy = Copy {
            usual: [[SMOOTHING; CLASSES]; VOICES],
            stays: [[[1.0; 2]; 4]; VOICES],
            moves: [[SMOOTHING; MOVES]; VOICES],
        };
        for piece in pieces {
            copy.each_cell(piece, |copy, v, t, before, now| {
                copy.usual[v][now.class().unwrap_or(0)] += 1.0;
                if let Some(before) = before {
                    copy.stays[v][t % 4][usize::from(before == now)] += 1.0;
                    if before != now {
                        copy.moves[v][interval(before, now)] += 1.0;
                    }
                }
            });
        }
        copy
    }

    fn each_cell(&mut self, piece: &Pitches, mut f: impl FnMut(&mut Copy, usize, usize, Option<Symbol>, Symbol)) {
        let score = Score::of_pitches(piece);
        for (t, step) in score.steps.iter().enumerate() {
            let before = t.checked_sub(1).map(|t| score.steps[t]);
            for (v, cell) in step.iter().enumerate() {
                f(self, v, t, before.map(|b| b[v].symbol), cell.symbol);
            }
        }
    }

    /// Nats a step in time order.
    #[must_use]
    pub fn chronological(&self, pieces: &[Pitches]) -> f64 {
        let mut nats = 0.0;
        for piece in pieces {
            self.clone().each_cell(piece, |copy, v, t, before, now| nats -= ln(copy.probability(v, t, before, now)));
        }
        nats / pieces.iter().map(Vec::len).sum::<usize>().max(1) as f64
    }

    fn probability(&self, v: usize, t: usize, before: Option<Symbol>, now: Symbol) -> f64 {
        let Some(before) = before else {
            return self.usual[v][now.class().unwrap_or(0)] / self.usual[v].iter().sum::<f64>();
        };
        let [moves, stays] = self.stays[v][t % 4];
        if before == now {
            return stays / (moves + stays);
        }
        let i = interval(before, now);
        // Everything else is shared out among all classes.
        let share = if i == MOVES - 1 { 1.0 / CLASSES as f64 } else { 1.0 };
        moves / (moves + stays) * share * self.moves[v][i] / self.moves[v].iter().sum::<f64>()
    }
}

fn interval(before: Symbol, now: Symbol) -> usize {
    match (before.to_key(), now.to_key()) {
        (Some(a), Some(b)) if a.abs_diff(b) <= 24 => usize::from(b + 24 - a),
        _ => MOVES - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_at_most_and_what_repeats_is_no_surprise() {
        let piece: Pitches = (0..200).map(|t| [60 + t / 40, 55, 50, 45]).collect();
        let copy = Copy::fit(std::slice::from_ref(&piece));
        let before = Symbol::key(60);
        let sum: f64 = (0..CLASSES).map(|c| copy.probability(0, 1, before, Symbol::of_class(c))).sum();
        assert!(sum > 0.9 && sum <= 1.0 + 1e-9, "{sum}");
        assert!(copy.chronological(&[piece]) < 0.7);
    }
}
