//! The trunk of the model: attention with rotary positions, and what it keeps of earlier steps.

use pulp::{Simd, WithSimd};

use super::Error;
use super::arithmetic::{self, Matrix};
use super::model::{Model, REACH, Sight};
use super::weights::Weights;

/// Numbers a head.
pub(super) const HEAD: usize = 32;
/// Steps that a cache holds before the oldest are dropped.
const ROOM: usize = 2 * REACH;
/// Scores that are computed together; sums over steps run in so many lanes on every machine.
const LANES: usize = 16;
/// From the keys of one number to those of the next: lanes may reach past the last step.
const STRIDE: usize = ROOM + LANES;

/// One layer.
#[derive(Debug)]
pub(super) struct Block {
    norm_attention: Vec<f32>,
    norm_inner: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    up: Matrix,
    down: Matrix,
}

impl Block {
    pub(super) fn read(w: &Weights<'_>, index: usize, d: usize, inner: usize) -> Result<Block, Error> {
        let matrix = |name: &str, rows: usize, columns: usize| {
            let tensor = w.tensor(&format!("blocks.{index}.{name}"), &[rows, columns])?;
            Ok::<_, Error>(Matrix::of_rows(&tensor, rows, columns, 0, columns))
        };
        Ok(Block {
            norm_attention: w.tensor(&format!("blocks.{index}.norm1"), &[d])?,
            norm_inner: w.tensor(&format!("blocks.{index}.norm2"), &[d])?,
            query: matrix("q", d, d)?,
            key: matrix("k", d, d)?,
            value: matrix("v", d, d)?,
            output: matrix("o", d, d)?,
            up: matrix("up", inner, d)?,
            down: matrix("down", d, inner)?,
        })
    }
}

/// Keys and values of the steps that were read, for one layer of one reading.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    /// `width` rows of `STRIDE`: steps lie along the rows, so that scores of many steps are computed at once.
    keys: Vec<f32>,
    /// `ROOM` rows of `width`.
    values: Vec<f32>,
    width: usize,
    held: usize,
}

impl Cache {
    pub(super) fn new(width: usize) -> Cache {
        Cache { keys: vec![0.0; width * STRIDE], values: vec![0.0; width * ROOM], width, held: 0 }
    }

    /// Makes room for `more` steps, at most [`REACH`], by dropping those out of reach.
    fn make_room(&mut self, more: usize) {
        if self.held + more <= ROOM {
            return;
        }
        let drop = self.held - (REACH - 1);
        for row in self.keys.chunks_exact_mut(STRIDE) {
            row.copy_within(drop..self.held, 0);
        }
        self.values.copy_within(drop * self.width..self.held * self.width, 0);
        self.held -= drop;
    }

    fn push(&mut self, key: &[f32], value: &[f32]) {
        for (row, k) in self.keys.chunks_exact_mut(STRIDE).zip(key) {
            row[self.held] = *k;
        }
        self.values[self.held * self.width..][..self.width].copy_from_slice(value);
        self.held += 1;
    }

    /// Attention of one query over the steps `from..to`.
    #[inline(always)]
    fn attend(&self, query: &[f32], from: usize, to: usize, out: &mut [f32]) {
        // The root of 32 scales every score.
        const SCALE: f32 = 0.176_776_7;
        let mut scores = [[f32::MIN; LANES]; ROOM / LANES];
        let scores = &mut scores[..(to - from).div_ceil(LANES)];
        for (h, (query, out)) in query.chunks_exact(HEAD).zip(out.chunks_exact_mut(HEAD)).enumerate() {
            let mut most = [f32::MIN; LANES];
            for (b, scores) in scores.iter_mut().enumerate() {
                let mut sums = [0f32; LANES];
                for (i, q) in query.iter().enumerate() {
                    let keys = &self.keys[(h * HEAD + i) * STRIDE + from + b * LANES..][..LANES];
                    arithmetic::add_scaled(&mut sums, keys, *q);
                }
                let within = to - from - b * LANES;
                for (l, (sum, most)) in sums.iter_mut().zip(&mut most).enumerate() {
                    *sum = if l < within { *sum } else { f32::MIN };
                    *most = if *sum > *most { *sum } else { *most };
                }
                *scores = sums;
            }
            let most = most.iter().fold(f32::MIN, |a, b| a.max(*b));
            let mut sums = [0f32; LANES];
            for (b, scores) in scores.iter_mut().enumerate() {
                let within = to - from - b * LANES;
                for (l, (score, sum)) in scores.iter_mut().zip(&mut sums).enumerate() {
                    let e = arithmetic::exp((*score - most) * SCALE);
                    *score = if l < within { e } else { 0.0 };
                    *sum += *score;
                }
            }
            let sum = sums.iter().fold(0.0, |a, b| a + b);
            let mut mean = [0f32; HEAD];
            for (t, s) in (from..to).zip(scores.as_flattened()) {
                arithmetic::add_scaled(&mut mean, &self.values[t * self.width + h * HEAD..][..HEAD], *s);
            }
            for (out, m) in out.iter_mut().zip(mean) {
                *out = m / sum;
            }
        }
    }
}

/// Attention of the new tokens of one reading; they join its cache.
struct Attention<'a> {
    cache: &'a mut Cache,
    rotations: &'a Rotations,
    sight: Sight,
    queries: &'a mut [f32],
    keys: &'a mut [f32],
    values: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Attention<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let d = self.cache.width;
        let tokens = self.values.len() / d;
        self.cache.make_room(tokens);
        for (t, (key, value)) in self.keys.chunks_exact_mut(d).zip(self.values.chunks_exact(d)).enumerate() {
            self.rotations.turn(t, key);
            self.cache.push(key, value);
        }
        for (t, (query, out)) in self.queries.chunks_exact_mut(d).zip(self.out.chunks_exact_mut(d)).enumerate() {
            self.rotations.turn(t, query);
            let to = match self.sight {
                Sight::Causal => self.cache.held - tokens + t + 1,
                Sight::Everywhere => self.cache.held,
            };
            self.cache.attend(query, to.saturating_sub(REACH), to, out);
        }
    }
}

/// RMSNorm of rows.
struct Normalise<'a> {
    x: &'a [f32],
    gain: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let width = self.gain.len();
        for (x, out) in self.x.chunks_exact(width).zip(self.out.chunks_exact_mut(width)) {
            arithmetic::normalise(x, self.gain, out);
        }
    }
}

/// Cosines and sines of the positions of tokens.
#[derive(Debug)]
pub(super) struct Rotations(Vec<[(f32, f32); HEAD / 2]>);

impl Rotations {
    /// Of `count` positions from `first` on.
    pub(super) fn new(first: usize, count: usize) -> Rotations {
        Rotations::of(first..first + count)
    }

    /// Of some positions.
    pub(super) fn of(positions: impl IntoIterator<Item = usize>) -> Rotations {
        // Angles a step from 1 down, in steps of 2^(-5/8), by roots alone: exact everywhere.
        let ratio = (0.5f64.powi(5)).sqrt().sqrt().sqrt();
        Rotations(
            positions
                .into_iter()
                .map(|p| {
                    let mut frequency = 1.0;
                    std::array::from_fn(|_| {
                        let (sin, cos) = arithmetic::sin_cos(p as f64 * frequency);
                        frequency *= ratio;
                        (cos as f32, sin as f32)
                    })
                })
                .collect(),
        )
    }

    /// Those of one token.
    pub(super) fn at(&self, token: usize) -> Rotations {
        Rotations(vec![self.0[token]])
    }

    /// The way back of [`Rotations::turn`].
    #[cfg(feature = "train")]
    pub(super) fn turn_back(&self, token: usize, x: &mut [f32]) {
        for head in x.chunks_exact_mut(HEAD) {
            let (a, b) = head.split_at_mut(HEAD / 2);
            for ((a, b), (cos, sin)) in a.iter_mut().zip(b).zip(&self.0[token]) {
                (*a, *b) = (*a * cos + *b * sin, *b * cos - *a * sin);
            }
        }
    }

    #[inline(always)]
    pub(super) fn turn(&self, token: usize, x: &mut [f32]) {
        for head in x.chunks_exact_mut(HEAD) {
            let (a, b) = head.split_at_mut(HEAD / 2);
            for ((a, b), (cos, sin)) in a.iter_mut().zip(b).zip(&self.0[token]) {
                (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
            }
        }
    }
}

impl Model {
    /// Runs tokens through all layers, in place. `x` has the same number of new tokens, at most
    /// [`REACH`], for each reading, reading by reading; `rotations` are those of their positions.
    pub(super) fn run(&self, x: &mut [f32], readings: &mut [Vec<Cache>], rotations: &Rotations, sight: Sight) {
        let d = self.width;
        let tokens = x.len() / d / readings.len();
        let mut normed = vec![0.0; x.len()];
        let (mut q, mut k, mut v) = (normed.clone(), normed.clone(), normed.clone());
        for (l, block) in self.blocks.iter().enumerate() {
            self.normalise(x, &block.norm_attention, &mut normed);
            for (matrix, out) in [(&block.query, &mut q), (&block.key, &mut k), (&block.value, &mut v)] {
                out.fill(0.0);
                matrix.add_to(self.arch, &normed, out);
            }
            for (r, reading) in readings.iter_mut().enumerate() {
                let cache = &mut reading[l];
                let rows = r * tokens * d..(r + 1) * tokens * d;
                self.arch.dispatch(Attention {
                    cache,
                    rotations,
                    sight,
                    queries: &mut q[rows.clone()],
                    keys: &mut k[rows.clone()],
                    values: &v[rows.clone()],
                    out: &mut normed[rows],
                });
            }
            block.output.add_to(self.arch, &normed, x);
            self.normalise(x, &block.norm_inner, &mut normed);
            let mut inner = vec![0.0; x.len() / d * block.up.width()];
            block.up.add_to(self.arch, &normed, &mut inner);
            for x in &mut inner {
                let positive = x.max(0.0);
                *x = positive * positive;
            }
            block.down.add_to(self.arch, &inner, x);
        }
    }

    fn normalise(&self, x: &[f32], gain: &[f32], out: &mut [f32]) {
        self.arch.dispatch(Normalise { x, gain, out });
    }
}
