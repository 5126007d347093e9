//! Attention over the steps of one lesson, head by head, and its way back.

use super::layer::LayerWeights;
use super::{Network, Seating, dot};
use crate::compose::arithmetic::{Matrix, exp};
use crate::compose::model::Sight;
use crate::compose::training::lesson::LENGTH;
use crate::compose::training::products::add_outer;
use crate::compose::trunk::HEAD;

/// The root of 32 scales every score.
const SCALE: f32 = 0.176_776_7;

/// What the way back needs. Queries, keys and values lie head by head.
pub(super) struct Attended {
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    /// For each head and step, how much of every step it takes.
    shares: Vec<f32>,
    /// Step by step, the heads side by side.
    pub(super) mean: Vec<f32>,
}

impl Network<'_> {
    pub(super) fn attend(&self, layer: &LayerWeights, normed: &[f32], seating: &Seating) -> Attended {
        let d = self.layout.size.width;
        let turned = |mut x: Vec<f32>| {
            for (t, x) in x.chunks_exact_mut(d).enumerate() {
                seating.rotations.turn(t, x);
            }
            by_head(&x, d)
        };
        let queries = turned(layer.query.forth(self.arch, normed, d));
        let keys = turned(layer.key.forth(self.arch, normed, d));
        let values = by_head(&layer.value.forth(self.arch, normed, d), d);
        let mut shares = vec![0.0; d / HEAD * LENGTH * LENGTH];
        let mut means = vec![0.0; d * LENGTH];
        for (h, shares) in shares.chunks_exact_mut(LENGTH * LENGTH).enumerate() {
            let (q, k, v) = (head(&queries, h), head(&keys, h), head(&values, h));
            Matrix::of_rows(k, LENGTH, HEAD, 0, HEAD).add_to(self.arch, q, shares);
            self.arch.dispatch(|| soften(shares, seating.sight));
            Matrix::of_columns(v, LENGTH, HEAD, 0, HEAD).add_to(self.arch, shares, head_mut(&mut means, h));
        }
        Attended { queries, keys, values, shares, mean: by_step(&means, d) }
    }

    /// The gradients of what the matrices for queries, keys and values gave.
    pub(super) fn attend_back(&self, attended: &Attended, seating: &Seating, d_mean: &[f32]) -> [Vec<f32>; 3] {
        let d = self.layout.size.width;
        let d_means = by_head(d_mean, d);
        let (mut dq, mut dk, mut dv) = (vec![0.0; d * LENGTH], vec![0.0; d * LENGTH], vec![0.0; d * LENGTH]);
        let mut d_scores = vec![0.0; LENGTH * LENGTH];
        for (h, shares) in attended.shares.chunks_exact(LENGTH * LENGTH).enumerate() {
            let (q, k, v) = (head(&attended.queries, h), head(&attended.keys, h), head(&attended.values, h));
            let d_mean = head(&d_means, h);
            add_outer(self.arch, shares, LENGTH, d_mean, HEAD, head_mut(&mut dv, h));
            d_scores.fill(0.0);
            Matrix::of_rows(v, LENGTH, HEAD, 0, HEAD).add_to(self.arch, d_mean, &mut d_scores);
            self.arch.dispatch(|| soften_back(shares, &mut d_scores, seating.sight));
            Matrix::of_columns(k, LENGTH, HEAD, 0, HEAD).add_to(self.arch, &d_scores, head_mut(&mut dq, h));
            add_outer(self.arch, &d_scores, LENGTH, q, HEAD, head_mut(&mut dk, h));
        }
        let turned_back = |x: Vec<f32>| {
            let mut x = by_step(&x, d);
            for (t, x) in x.chunks_exact_mut(d).enumerate() {
                seating.rotations.turn_back(t, x);
            }
            x
        };
        [turned_back(dq), turned_back(dk), by_step(&dv, d)]
    }
}

/// Softmax of each row, over what it may see.
#[inline(always)]
fn soften(scores: &mut [f32], sight: Sight) {
    for (t, row) in scores.chunks_exact_mut(LENGTH).enumerate() {
        let to = reach(t, sight);
        let most = row[..to].iter().fold(f32::MIN, |a, b| a.max(*b));
        let mut sums = [0f32; 16];
        for (b, row) in row.as_chunks_mut::<16>().0.iter_mut().enumerate() {
            for (l, (x, sum)) in row.iter_mut().zip(&mut sums).enumerate() {
                let e = exp((*x - most) * SCALE);
                *x = if b * 16 + l < to { e } else { 0.0 };
                *sum += *x;
            }
        }
        let sum = sums.iter().fold(0.0, |a, b| a + b);
        for x in row {
            *x /= sum;
        }
    }
}

/// From the gradients of shares to those of scores.
#[inline(always)]
fn soften_back(shares: &[f32], gradient: &mut [f32], sight: Sight) {
    for (t, (shares, gradient)) in shares.chunks_exact(LENGTH).zip(gradient.chunks_exact_mut(LENGTH)).enumerate() {
        // Shares are 0 beyond the reach, and so is all that they are multiplied by.
        let whole = reach(t, sight).div_ceil(16) * 16;
        let mean = dot(&shares[..whole], &gradient[..whole]);
        for (g, share) in gradient.iter_mut().zip(shares) {
            *g = share * (*g - mean) * SCALE;
        }
    }
}

fn reach(step: usize, sight: Sight) -> usize {
    match sight {
        Sight::Causal => step + 1,
        Sight::Everywhere => LENGTH,
    }
}

fn head(all: &[f32], index: usize) -> &[f32] {
    &all[index * LENGTH * HEAD..][..LENGTH * HEAD]
}

fn head_mut(all: &mut [f32], index: usize) -> &mut [f32] {
    &mut all[index * LENGTH * HEAD..][..LENGTH * HEAD]
}

/// From steps with their heads side by side to heads with their steps.
fn by_head(x: &[f32], d: usize) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    for (t, row) in x.chunks_exact(d).enumerate() {
        for (h, row) in row.chunks_exact(HEAD).enumerate() {
            out[(h * LENGTH + t) * HEAD..][..HEAD].copy_from_slice(row);
        }
    }
    out
}

fn by_step(x: &[f32], d: usize) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    for (t, row) in out.chunks_exact_mut(d).enumerate() {
        for (h, row) in row.chunks_exact_mut(HEAD).enumerate() {
            row.copy_from_slice(&x[(h * LENGTH + t) * HEAD..][..HEAD]);
        }
    }
    out
}
