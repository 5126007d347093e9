//! Where each tensor of the model lies in one long row of numbers, under the names of the weights file.
//!
//! Weights, their average, gradients and the optimisers' moments are all such rows, so that whatever goes
//! through all of them is a loop.

use crate::compose::Error;
use crate::compose::model::{AHEAD, PAST};
use crate::compose::random::Random;
use crate::compose::score::{BAR_LENGTHS, BARS, CLASSES, SYMBOLS, VOICES};
use crate::compose::weights::Weights;

/// How large a model is. Heads are 32 wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Numbers a token, a multiple of 32.
    pub width: usize,
    /// Layers.
    pub layers: usize,
    /// Numbers inside a layer, a multiple of 32.
    pub inner: usize,
    /// Numbers for each neighbour, a multiple of 32.
    pub near: usize,
    /// Whether it reads steps sorted by any order, see `training/README.md`.
    pub any_order: bool,
}

impl Shape {
    /// 57 thousand numbers: to see whether all goes well, in seconds.
    pub const TINY: Shape = Shape { width: 32, layers: 1, inner: 64, near: 32, any_order: true };
    /// 0.6 million numbers.
    pub const SMALL: Shape = Shape { width: 96, layers: 4, inner: 288, near: 32, any_order: true };
    /// 2.8 million numbers, as the model that composer ships with.
    pub const USUAL: Shape = Shape { width: 192, layers: 6, inner: 576, near: 64, any_order: true };

    /// The width of what the stem sees.
    pub(super) fn fan(self) -> usize {
        (PAST.len() + AHEAD.len()) * self.near
    }
}

/// A stretch of a row of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: usize,
    length: usize,
}

impl Span {
    pub(super) fn of(self, all: &[f32]) -> &[f32] {
        &all[self.start..][..self.length]
    }

    pub(super) fn of_mut(self, all: &mut [f32]) -> &mut [f32] {
        &mut all[self.start..][..self.length]
    }

    /// Row `index` of a table.
    pub(super) fn row(self, all: &[f32], index: usize, width: usize) -> &[f32] {
        &self.of(all)[index * width..][..width]
    }

    pub(super) fn row_mut(self, all: &mut [f32], index: usize, width: usize) -> &mut [f32] {
        &mut self.of_mut(all)[index * width..][..width]
    }
}

/// What kind of tensor it is, which decides how it is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It multiplies: so many rows and columns.
    Matrix {
        /// Outputs.
        rows: usize,
        /// Inputs.
        columns: usize,
    },
    /// Looked up, added, or an output.
    Table,
}

/// How a new model begins.
#[derive(Clone, Copy, Debug)]
enum Beginning {
    Ones,
    Zeros,
    /// Normally distributed with this deviation.
    Noise(f32),
}

/// One tensor.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) span: Span,
    pub(super) kind: Kind,
    beginning: Beginning,
}

/// The tensors of one layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer {
    pub(super) norm_attention: Span,
    pub(super) norm_inner: Span,
    pub(super) query: Span,
    pub(super) key: Span,
    pub(super) value: Span,
    pub(super) output: Span,
    pub(super) up: Span,
    pub(super) down: Span,
}

/// All of it; names as in `training/model.py`.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) size: Shape,
    pub(super) tensors: Vec<Tensor>,
    /// Numbers in all.
    pub(super) total: usize,
    pub(super) near: Span,
    pub(super) near_onset: Span,
    pub(super) near_fermata: Span,
    pub(super) stem: Span,
    pub(super) here: Span,
    pub(super) before: Span,
    pub(super) beat: Span,
    pub(super) bar: Span,
    pub(super) bar_length: Span,
    pub(super) fermata: Span,
    pub(super) mode: Span,
    pub(super) any_order: Option<Span>,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Span,
    pub(super) lift: Span,
    pub(super) known: Span,
    pub(super) ask: Span,
    pub(super) known_onset: Span,
    pub(super) mix: Span,
    pub(super) out: Span,
    pub(super) out_bias: Span,
    pub(super) onset: Span,
    pub(super) onset_bias: Span,
}

/// Hands out the stretches one after another.
#[derive(Default)]
struct Ruler {
    tensors: Vec<Tensor>,
    total: usize,
}

impl Ruler {
    fn take(&mut self, name: &str, shape: &[usize], kind: Kind, beginning: Beginning) -> Span {
        let span = Span { start: self.total, length: shape.iter().product() };
        self.total += span.length;
        self.tensors.push(Tensor { name: name.to_owned(), shape: shape.to_vec(), span, kind, beginning });
        span
    }

    fn table(&mut self, name: &str, shape: &[usize], beginning: Beginning) -> Span {
        self.take(name, shape, Kind::Table, beginning)
    }

    fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Span {
        let deviation = 1.0 / (columns as f32).sqrt();
        self.take(name, &[rows, columns], Kind::Matrix { rows, columns }, Beginning::Noise(deviation))
    }

    /// A matrix at the end of a branch: at first the branch adds nothing.
    fn silent(&mut self, name: &str, rows: usize, columns: usize) -> Span {
        self.take(name, &[rows, columns], Kind::Matrix { rows, columns }, Beginning::Zeros)
    }
}

impl Layout {
    pub(super) fn new(size: Shape) -> Layout {
        use Beginning::{Noise, Ones, Zeros};
        let Shape { width: d, near: e, inner, .. } = size;
        let mut r = Ruler::default();
        let r = &mut r;
        Layout {
            size,
            near: r.table("near", &[VOICES, SYMBOLS, e], Noise(0.5)),
            near_onset: r.table("near_onset", &[VOICES, 3, e], Noise(0.02)),
            near_fermata: r.table("near_fermata", &[3, e], Noise(0.02)),
            stem: r.matrix("stem", d, size.fan()),
            here: r.table("here", &[VOICES, SYMBOLS, d], Noise(0.3)),
            before: r.table("before", &[VOICES, SYMBOLS, d], Noise(0.3)),
            beat: r.table("beat", &[4, d], Noise(0.02)),
            bar: r.table("bar", &[BARS, d], Noise(0.02)),
            bar_length: r.table("bar_length", &[BAR_LENGTHS, d], Noise(0.02)),
            fermata: r.table("fermata", &[3, d], Noise(0.02)),
            mode: r.table("mode", &[2, d], Noise(0.02)),
            any_order: size.any_order.then(|| r.table("any_order", &[d], Noise(0.02))),
            layers: (0..size.layers)
                .map(|i| Layer {
                    norm_attention: r.table(&format!("blocks.{i}.norm1"), &[d], Ones),
                    norm_inner: r.table(&format!("blocks.{i}.norm2"), &[d], Ones),
                    query: r.matrix(&format!("blocks.{i}.q"), d, d),
                    key: r.matrix(&format!("blocks.{i}.k"), d, d),
                    value: r.matrix(&format!("blocks.{i}.v"), d, d),
                    output: r.silent(&format!("blocks.{i}.o"), d, d),
                    up: r.matrix(&format!("blocks.{i}.up"), inner, d),
                    down: r.silent(&format!("blocks.{i}.down"), d, inner),
                })
                .collect(),
            norm: r.table("norm", &[d], Ones),
            lift: r.matrix("lift", d, d),
            known: r.table("known", &[VOICES, SYMBOLS, d], Noise(0.3)),
            ask: r.table("ask", &[VOICES + 1, d], Noise(0.02)),
            known_onset: r.table("known_onset", &[VOICES, 3, d], Noise(0.02)),
            mix: r.matrix("mix", d, d),
            out: r.table("out", &[VOICES, CLASSES, d], Zeros),
            out_bias: r.table("out_bias", &[VOICES, CLASSES], Zeros),
            onset: r.table("onset", &[VOICES, d], Zeros),
            onset_bias: r.table("onset_bias", &[VOICES], Zeros),
            total: r.total,
            tensors: std::mem::take(&mut r.tensors),
        }
    }

    /// The weights of a new model.
    pub(super) fn begin(&self, seed: u64) -> Vec<f32> {
        let mut all = vec![0.0; self.total];
        for (i, tensor) in self.tensors.iter().enumerate() {
            let mut random = Random::new(seed, u64::MAX - i as u64);
            for x in tensor.span.of_mut(&mut all) {
                *x = match tensor.beginning {
                    Beginning::Zeros => 0.0,
                    Beginning::Ones => 1.0,
                    Beginning::Noise(deviation) => deviation * normal(&mut random),
                };
            }
        }
        all
    }

    /// The weights of a file, and how large its model is.
    pub(super) fn read(file: &[u8]) -> Result<(Layout, Vec<f32>), Error> {
        let w = Weights::open(file)?;
        let (width, any_order) = (w.size("d")?, w.has("any_order"));
        let size =
            Shape { width, layers: w.size("layers")?, inner: w.size("inner")?, near: w.size("near")?, any_order };
        if [size.width, size.inner, size.near].iter().any(|n| n % 32 != 0) || w.size("heads")? * 32 != size.width {
            let why = format!("it is of a size that cannot be trained: {size:?}; expected multiples of 32");
            return Err(Error::BrokenWeights { why });
        }
        let layout = Layout::new(size);
        let mut all = vec![0.0; layout.total];
        for t in &layout.tensors {
            t.span.of_mut(&mut all).copy_from_slice(&w.tensor(&t.name, &t.shape)?);
        }
        Ok((layout, all))
    }
}

/// Normally distributed, near enough: the sum of twelve even chances (Irwin and Hall), which needs no
/// logarithm of the platform's.
fn normal(random: &mut Random) -> f32 {
    (0..12).map(|_| random.unit()).sum::<f32>() - 6.0
}
