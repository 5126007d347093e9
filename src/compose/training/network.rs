//! The model run forwards and backwards over one lesson: what [`Model`](crate::compose::Model) computes, and
//! by how much each weight would change it.
//!
//! Written out by hand for this one model, layer by layer; the tests hold it against the program's own
//! forward pass, and its gradients against differences.

mod attention;
mod head;
mod layer;
mod stem;

use pulp::Arch;

use self::layer::{LayerWeights, Trace};
use super::layout::Layout;
use super::lesson::Lesson;
use super::products::{Pair, add_outer};
use crate::compose::arithmetic;
use crate::compose::model::Sight;
use crate::compose::score::{CLASSES, VOICES};
use crate::compose::trunk::Rotations;

/// Weights made ready for both ways.
#[derive(Debug)]
pub(super) struct Network<'a> {
    arch: Arch,
    layout: &'a Layout,
    weights: &'a [f32],
    stem: Pair,
    layers: Vec<LayerWeights>,
    lift: Pair,
    mix: Pair,
    out: Vec<Pair>,
    /// The share of numbers that a layer's branches drop while learning.
    dropout: f32,
}

/// In which order tokens sit, and what they see of each other.
#[derive(Debug)]
struct Seating {
    sight: Sight,
    /// Steps by seat.
    order: Vec<usize>,
    rotations: Rotations,
}

impl Seating {
    fn of(lesson: &Lesson) -> Seating {
        let order = lesson.order();
        Seating { sight: lesson.way.sight(), rotations: Rotations::of(order.iter().copied()), order }
    }

    /// From the order of time to that of the seats.
    fn seated(&self, rows: &[f32], width: usize) -> Vec<f32> {
        self.order.iter().flat_map(|t| &rows[t * width..][..width]).copied().collect()
    }

    /// And back.
    fn in_time(&self, rows: &[f32], width: usize) -> Vec<f32> {
        let mut out = vec![0.0; rows.len()];
        for (t, row) in self.order.iter().zip(rows.chunks_exact(width)) {
            out[t * width..][..width].copy_from_slice(row);
        }
        out
    }
}

/// How surprised the model was, summed over questions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Surprise {
    /// Nats over the questions what sounds.
    pub(super) pitch: f64,
    /// Nats over the questions whether it is struck anew.
    pub(super) again: f64,
}

/// By how much a question counts in the loss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weighting {
    pub(super) pitch: f32,
    pub(super) again: f32,
}

impl<'a> Network<'a> {
    pub(super) fn new(layout: &'a Layout, weights: &'a [f32], dropout: f32) -> Network<'a> {
        let (d, inner) = (layout.size.width, layout.size.inner);
        let pair = |span: super::layout::Span, rows, columns| Pair::of(span.of(weights), rows, columns);
        let out = layout.out.of(weights);
        Network {
            arch: Arch::new(),
            layout,
            weights,
            stem: pair(layout.stem, d, layout.size.fan()),
            layers: layout.layers.iter().map(|l| LayerWeights::new(l, weights, d, inner)).collect(),
            lift: pair(layout.lift, d, d),
            mix: pair(layout.mix, d, d),
            out: (0..VOICES).map(|v| Pair::of(&out[v * CLASSES * d..][..CLASSES * d], CLASSES, d)).collect(),
            dropout,
        }
    }

    /// One lesson: adds to `gradient` by how much each weight raises the loss.
    pub(super) fn learn(&self, lesson: &Lesson, weighting: Weighting, gradient: &mut [f32]) -> Surprise {
        let d = self.layout.size.width;
        let (trunk, z) = self.forth(lesson);
        let (surprise, dz) = self.answer(lesson, &z, weighting, gradient);
        let dz = trunk.seating.seated(&dz, d);
        let mut dy = vec![0.0; z.len()];
        self.lift.add_back(self.arch, &dz, &mut dy);
        add_outer(self.arch, &dz, d, &trunk.normed, d, self.layout.lift.of_mut(gradient));
        let mut dx = vec![0.0; z.len()];
        normalise_back(
            self.arch,
            &trunk.last,
            self.layout.norm.of(self.weights),
            &dy,
            &mut dx,
            self.layout.norm.of_mut(gradient),
        );
        for (i, trace) in trunk.traces.iter().enumerate().rev() {
            self.layer_back(i, trace, &trunk.seating, &mut dx, gradient);
        }
        self.stem_back(lesson, &trunk.around, &trunk.seating.in_time(&dx, d), gradient);
        surprise
    }

    fn forth(&self, lesson: &Lesson) -> (Trunk, Vec<f32>) {
        let d = self.layout.size.width;
        let (around, x) = self.stem_forth(lesson);
        let seating = Seating::of(lesson);
        let mut x = seating.seated(&x, d);
        let mut chance = lesson.chance.clone();
        let traces = (0..self.layers.len()).map(|i| self.layer_forth(i, &seating, &mut x, &mut chance)).collect();
        let normed = normalise(self.arch, &x, self.layout.norm.of(self.weights));
        let z = seating.in_time(&self.lift.forth(self.arch, &normed, d), d);
        (Trunk { around, seating, traces, last: x, normed }, z)
    }
}

/// What the way back needs of the way forth.
struct Trunk {
    around: Vec<f32>,
    seating: Seating,
    traces: Vec<Trace>,
    last: Vec<f32>,
    normed: Vec<f32>,
}

/// RMSNorm of rows.
fn normalise(arch: Arch, x: &[f32], gain: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    arch.dispatch(|| {
        for (x, out) in x.chunks_exact(gain.len()).zip(out.chunks_exact_mut(gain.len())) {
            arithmetic::normalise(x, gain, out);
        }
    });
    out
}

/// The way back through RMSNorm: adds to the gradients of what came in, and of the gain.
fn normalise_back(arch: Arch, x: &[f32], gain: &[f32], dy: &[f32], dx: &mut [f32], dgain: &mut [f32]) {
    let width = gain.len();
    arch.dispatch(|| {
        let rows = x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
        for ((x, dy), dx) in rows {
            let scale = 1.0 / (dot(x, x) / width as f32 + 1e-6).sqrt();
            let mut pull = [0f32; 16];
            for ((x, dy), gain) in
                x.as_chunks::<16>().0.iter().zip(dy.as_chunks::<16>().0).zip(gain.as_chunks::<16>().0)
            {
                for l in 0..16 {
                    pull[l] += x[l] * dy[l] * gain[l];
                }
            }
            let pull = pull.iter().fold(0.0, |a, b| a + b) * scale * scale * scale / width as f32;
            for ((((dx, x), dy), gain), dgain) in dx.iter_mut().zip(x).zip(dy).zip(gain).zip(dgain.iter_mut()) {
                *dx += dy * gain * scale - x * pull;
                *dgain += dy * x * scale;
            }
        }
    });
}

/// The sum of products, in sixteen lanes on every machine.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for l in 0..16 {
            lanes[l] += a[l] * b[l];
        }
    }
    lanes.iter().fold(0.0, |a, b| a + b)
}

#[cfg(test)]
mod tests;
