//! One layer: attention and the inner layer, each with its norm before it and its share dropped.

use super::attention::Attended;
use super::{Network, Seating, normalise, normalise_back};
use crate::compose::random::Random;
use crate::compose::training::layout::Layer;
use crate::compose::training::products::{Pair, add_outer};

/// A layer's matrices.
#[derive(Debug)]
pub(super) struct LayerWeights {
    pub(super) query: Pair,
    pub(super) key: Pair,
    pub(super) value: Pair,
    output: Pair,
    up: Pair,
    down: Pair,
}

impl LayerWeights {
    pub(super) fn new(layer: &Layer, weights: &[f32], d: usize, inner: usize) -> LayerWeights {
        let square = |span: crate::compose::training::layout::Span| Pair::of(span.of(weights), d, d);
        LayerWeights {
            query: square(layer.query),
            key: square(layer.key),
            value: square(layer.value),
            output: square(layer.output),
            up: Pair::of(layer.up.of(weights), inner, d),
            down: Pair::of(layer.down.of(weights), d, inner),
        }
    }
}

/// What the way back needs of one layer.
pub(super) struct Trace {
    x: Vec<f32>,
    normed: Vec<f32>,
    attended: Attended,
    kept_attention: Option<Vec<f32>>,
    middle: Vec<f32>,
    normed_inner: Vec<f32>,
    /// What `up` gave, where it was positive.
    positive: Vec<f32>,
    kept_inner: Option<Vec<f32>>,
}

impl Network<'_> {
    /// In place.
    pub(super) fn layer_forth(&self, index: usize, seating: &Seating, x: &mut [f32], chance: &mut Random) -> Trace {
        let (layer, spans) = (&self.layers[index], &self.layout.layers[index]);
        let (d, inner) = (self.layout.size.width, self.layout.size.inner);
        let before = x.to_vec();
        let normed = normalise(self.arch, x, spans.norm_attention.of(self.weights));
        let attended = self.attend(layer, &normed, seating);
        let kept_attention = self.kept(chance);
        add_kept(x, &layer.output.forth(self.arch, &attended.mean, d), kept_attention.as_deref());
        let middle = x.to_vec();
        let normed_inner = normalise(self.arch, x, spans.norm_inner.of(self.weights));
        let mut positive = layer.up.forth(self.arch, &normed_inner, d);
        let mut squared = vec![0.0; positive.len()];
        self.arch.dispatch(|| {
            for (squared, x) in squared.iter_mut().zip(&mut positive) {
                *x = x.max(0.0);
                *squared = *x * *x;
            }
        });
        let kept_inner = self.kept(chance);
        add_kept(x, &layer.down.forth(self.arch, &squared, inner), kept_inner.as_deref());
        Trace { x: before, normed, attended, kept_attention, middle, normed_inner, positive, kept_inner }
    }

    /// `dx`, the gradient of what comes out, becomes that of what goes in.
    pub(super) fn layer_back(
        &self,
        index: usize,
        trace: &Trace,
        seating: &Seating,
        dx: &mut [f32],
        gradient: &mut [f32],
    ) {
        let (layer, spans) = (&self.layers[index], &self.layout.layers[index]);
        let (d, inner) = (self.layout.size.width, self.layout.size.inner);

        let branch = through_kept(dx, trace.kept_inner.as_deref());
        let mut d_inner = vec![0.0; trace.positive.len()];
        layer.down.add_back(self.arch, &branch, &mut d_inner);
        let squared: Vec<f32> = trace.positive.iter().map(|x| x * x).collect();
        add_outer(self.arch, &branch, d, &squared, inner, spans.down.of_mut(gradient));
        self.arch.dispatch(|| {
            for (g, x) in d_inner.iter_mut().zip(&trace.positive) {
                *g *= 2.0 * x;
            }
        });
        add_outer(self.arch, &d_inner, inner, &trace.normed_inner, d, spans.up.of_mut(gradient));
        let mut dy = vec![0.0; dx.len()];
        layer.up.add_back(self.arch, &d_inner, &mut dy);
        let gain = spans.norm_inner.of(self.weights);
        normalise_back(self.arch, &trace.middle, gain, &dy, dx, spans.norm_inner.of_mut(gradient));

        let branch = through_kept(dx, trace.kept_attention.as_deref());
        let mut d_mean = vec![0.0; dx.len()];
        layer.output.add_back(self.arch, &branch, &mut d_mean);
        add_outer(self.arch, &branch, d, &trace.attended.mean, d, spans.output.of_mut(gradient));
        let [dq, dk, dv] = self.attend_back(&trace.attended, seating, &d_mean);
        dy.fill(0.0);
        for (pair, span, g) in
            [(&layer.query, spans.query, dq), (&layer.key, spans.key, dk), (&layer.value, spans.value, dv)]
        {
            pair.add_back(self.arch, &g, &mut dy);
            add_outer(self.arch, &g, d, &trace.normed, d, span.of_mut(gradient));
        }
        let gain = spans.norm_attention.of(self.weights);
        normalise_back(self.arch, &trace.x, gain, &dy, dx, spans.norm_attention.of_mut(gradient));
    }

    /// By how much each number of a branch is multiplied: the same for all steps of a lesson.
    fn kept(&self, chance: &mut Random) -> Option<Vec<f32>> {
        let keep = 1.0 / (1.0 - self.dropout);
        (self.dropout > 0.0).then(|| {
            let one = |_| if chance.unit() < self.dropout { 0.0 } else { keep };
            (0..self.layout.size.width).map(one).collect()
        })
    }
}

fn add_kept(x: &mut [f32], branch: &[f32], kept: Option<&[f32]>) {
    match kept {
        None => crate::compose::arithmetic::add(x, branch),
        Some(kept) => {
            for (x, branch) in x.chunks_exact_mut(kept.len()).zip(branch.chunks_exact(kept.len())) {
                for ((x, b), k) in x.iter_mut().zip(branch).zip(kept) {
                    *x += b * k;
                }
            }
        }
    }
}

fn through_kept(dx: &[f32], kept: Option<&[f32]>) -> Vec<f32> {
    let mut out = dx.to_vec();
    if let Some(kept) = kept {
        for row in out.chunks_exact_mut(kept.len()) {
            for (x, k) in row.iter_mut().zip(kept) {
                *x *= k;
            }
        }
    }
    out
}
