//! The chorale model: the same sums as `training/model.py`, from the same weights.
//!
//! A token a step. [`Sight::Causal`] reads in time order, with what is given of the future coming
//! in through the stem only, and yields the exact likelihood of a piece in one pass;
//! [`Sight::Everywhere`] sees all that is not hidden. Weights that hold `any_order` were trained to
//! read steps sorted by any other order, too, as if that were the order of time.

use pulp::Arch;

use super::Error;
use super::arithmetic::{self, Matrix};
use super::score::{BAR_LENGTHS, BARS, CLASSES, Cell, Place, SYMBOLS, Step, VOICES};
use super::trunk::{Block, Cache};
use super::weights::Weights;

/// The weights that composer ships with.
pub const SHIPPED: &[u8] = include_bytes!("../../assets/models/chorale.safetensors");
/// Those for folk tunes.
const FOLK: &[u8] = include_bytes!("../../assets/models/folk.safetensors");

/// Steps before the one in question that the stem looks at.
pub(super) const PAST: [isize; 10] = [-16, -12, -8, -7, -6, -5, -4, -3, -2, -1];
/// The step in question and later ones that the stem looks at.
pub(super) const AHEAD: [isize; 17] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32];
/// Steps that attention reaches back, the present one included; training saw no more.
pub(super) const REACH: usize = 128;

/// What a token sees of others through attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// What came before.
    Causal = 0,
    /// Everything.
    Everywhere = 1,
}

/// The model, ready to compute.
#[derive(Debug)]
pub struct Model {
    pub(super) arch: Arch,
    /// Numbers a token.
    pub(super) width: usize,
    /// Whether it learned tunes alone: its soprano, over voices that are silent.
    pub(super) alone: bool,
    near_width: usize,
    near: Vec<f32>,
    near_onset: Vec<f32>,
    near_fermata: Vec<f32>,
    stem_past: Matrix,
    stem_ahead: Matrix,
    here: Vec<f32>,
    before: Vec<f32>,
    beat: Vec<f32>,
    bar: Vec<f32>,
    bar_length: Vec<f32>,
    fermata: Vec<f32>,
    mode: Vec<f32>,
    any_order: Option<Vec<f32>>,
    pub(super) blocks: Vec<Block>,
    norm: Vec<f32>,
    lift: Matrix,
    known: Vec<f32>,
    ask: Vec<f32>,
    known_onset: Vec<f32>,
    mix: Matrix,
    out: Vec<Matrix>,
    out_bias: Vec<f32>,
    onset: Vec<f32>,
    onset_bias: Vec<f32>,
}

impl Model {
    /// The chorale model that composer ships with.
    ///
    /// # Errors
    /// When the program file is damaged.
    pub fn chorale() -> Result<Model, Error> {
        Model::read(SHIPPED)
    }

    /// The model of folk tunes that composer ships with: one voice, for going on.
    ///
    /// # Errors
    /// When the program file is damaged.
    pub fn folk() -> Result<Model, Error> {
        Model::read(FOLK)
    }

    /// From a safetensors file that `training/export.py` wrote.
    ///
    /// # Errors
    /// When the file is not whole, or is of another model.
    pub fn read(file: &[u8]) -> Result<Model, Error> {
        let w = Weights::open(file)?;
        let (d, e, inner) = (w.size("d")?, w.size("near")?, w.size("inner")?);
        let (layers, heads) = (w.size("layers")?, w.size("heads")?);
        if d % 32 != 0 || inner % 32 != 0 || d != heads * 32 {
            let why = format!("sizes d {d}, inner {inner}, heads {heads}: expected multiples of 32, and 32 a head");
            return Err(Error::BrokenWeights { why });
        }
        let fan = (PAST.len() + AHEAD.len()) * e;
        let stem = w.tensor("stem", &[d, fan])?;
        let square = |name: &str| Ok(Matrix::of_rows(&w.tensor(name, &[d, d])?, d, d, 0, d));
        let out = w.tensor("out", &[VOICES, CLASSES, d])?;
        Ok(Model {
            arch: Arch::new(),
            width: d,
            alone: w.text("voices").is_ok_and(|voices| voices == "1"),
            near_width: e,
            near: w.tensor("near", &[VOICES, SYMBOLS, e])?,
            near_onset: w.tensor("near_onset", &[VOICES, 3, e])?,
            near_fermata: w.tensor("near_fermata", &[3, e])?,
            stem_past: Matrix::of_rows(&stem, d, fan, 0, PAST.len() * e),
            stem_ahead: Matrix::of_rows(&stem, d, fan, PAST.len() * e, AHEAD.len() * e),
            here: w.tensor("here", &[VOICES, SYMBOLS, d])?,
            before: w.tensor("before", &[VOICES, SYMBOLS, d])?,
            beat: w.tensor("beat", &[4, d])?,
            bar: w.tensor("bar", &[BARS, d])?,
            bar_length: w.tensor("bar_length", &[BAR_LENGTHS, d])?,
            fermata: w.tensor("fermata", &[3, d])?,
            mode: w.tensor("mode", &[2, d])?,
            any_order: w.optional("any_order", &[d])?,
            blocks: (0..layers).map(|i| Block::read(&w, i, d, inner)).collect::<Result<_, _>>()?,
            norm: w.tensor("norm", &[d])?,
            lift: square("lift")?,
            known: w.tensor("known", &[VOICES, SYMBOLS, d])?,
            ask: w.tensor("ask", &[VOICES + 1, d])?,
            known_onset: w.tensor("known_onset", &[VOICES, 3, d])?,
            mix: square("mix")?,
            out: out.chunks_exact(CLASSES * d).map(|v| Matrix::of_rows(v, CLASSES, d, 0, d)).collect(),
            out_bias: w.tensor("out_bias", &[VOICES, CLASSES])?,
            onset: w.tensor("onset", &[VOICES, d])?,
            onset_bias: w.tensor("onset_bias", &[VOICES])?,
        })
    }

    /// A cache for one reading in time order.
    pub(super) fn caches(&self) -> Vec<Cache> {
        self.blocks.iter().map(|_| Cache::new(self.width)).collect()
    }

    fn near(&self, step: &Step, fermata: usize, out: &mut Vec<f32>) {
        let (e, at) = (self.near_width, out.len());
        out.resize(at + e, 0.0);
        let out = &mut out[at..];
        for (v, cell) in step.iter().enumerate() {
            arithmetic::add(out, row(&self.near, v * SYMBOLS + cell.symbol.index(), e));
        }
        for (v, cell) in step.iter().enumerate() {
            arithmetic::add(out, row(&self.near_onset, v * 3 + cell.attack as usize, e));
        }
        arithmetic::add(out, row(&self.near_fermata, fermata, e));
    }

    /// What the stem sees at step `t` before it, for [`Model::look_back`]. `step` and `fermata` answer
    /// for any step.
    pub(super) fn gather_back(
        &self,
        t: isize,
        step: impl Fn(isize) -> Step,
        fermata: impl Fn(isize) -> usize,
        around: &mut Vec<f32>,
        out: &mut [f32],
    ) {
        for o in PAST {
            self.near(&step(t + o), fermata(t + o), around);
        }
        for (v, cell) in step(t - 1).iter().enumerate() {
            arithmetic::add(out, row(&self.before, v * SYMBOLS + cell.symbol.index(), self.width));
        }
    }

    /// Adds what was gathered for a number of tokens.
    pub(super) fn look_back(&self, around: &[f32], out: &mut [f32]) {
        self.stem_past.add_to(self.arch, around, out);
    }

    /// What the stem sees at step `t` and after it, for [`Model::look_ahead`].
    pub(super) fn gather_ahead(
        &self,
        t: isize,
        step: impl Fn(isize) -> Step,
        fermata: impl Fn(isize) -> usize,
        around: &mut Vec<f32>,
        out: &mut [f32],
    ) {
        for o in AHEAD {
            self.near(&step(t + o), fermata(t + o), around);
        }
        for (v, cell) in step(t).iter().enumerate() {
            arithmetic::add(out, row(&self.here, v * SYMBOLS + cell.symbol.index(), self.width));
        }
    }

    /// Adds where a step stands, and how the score is read.
    pub(super) fn tell_place(&self, place: Place, sight: Sight, out: &mut [f32]) {
        self.tell_where(place, out);
        arithmetic::add(out, row(&self.mode, sight as usize, self.width));
    }

    /// Whether the steps of a score may be sorted by another order than that of time.
    pub(super) fn reads_any_order(&self) -> bool {
        self.any_order.is_some()
    }

    /// Adds where a step stands, of a score whose steps are sorted by another order.
    pub(super) fn tell_sorted_place(&self, place: Place, out: &mut [f32]) {
        self.tell_where(place, out);
        if let Some(any_order) = &self.any_order {
            arithmetic::add(out, any_order);
        }
    }

    fn tell_where(&self, place: Place, out: &mut [f32]) {
        let d = self.width;
        arithmetic::add(out, row(&self.beat, usize::from(place.beat) % 4, d));
        arithmetic::add(out, row(&self.bar, usize::from(place.bar).min(BARS - 1), d));
        arithmetic::add(out, row(&self.bar_length, usize::from(place.bar_length).min(BAR_LENGTHS - 1), d));
        arithmetic::add(out, row(&self.fermata, usize::from(place.fermata).min(2), d));
    }

    /// Adds what was gathered for a number of tokens.
    pub(super) fn look_ahead(&self, around: &[f32], out: &mut [f32]) {
        self.stem_ahead.add_to(self.arch, around, out);
    }

    /// From the trunk's last state to the head's base, in place.
    pub(super) fn lift(&self, x: &mut [f32]) {
        let mut normed = vec![0.0; x.len()];
        for (x, out) in x.chunks_exact(self.width).zip(normed.chunks_exact_mut(self.width)) {
            arithmetic::normalise(x, &self.norm, out);
        }
        x.fill(0.0);
        self.lift.add_to(self.arch, &normed, x);
    }

    /// Adds to a head's base what is known of the attacks of voice `v`.
    pub(super) fn tell_attack(&self, base: &mut [f32], v: usize, cell: Cell) {
        arithmetic::add(base, row(&self.known_onset, v * 3 + cell.attack as usize, self.width));
    }

    /// Adds to a head's base what sounds in voice `v`.
    pub(super) fn tell(&self, base: &mut [f32], v: usize, cell: Cell) {
        arithmetic::add(base, row(&self.known, v * SYMBOLS + cell.symbol.index(), self.width));
    }

    /// The logits of voice `v` for each base, [`CLASSES`] each.
    pub(super) fn ask(&self, bases: &[f32], v: usize) -> Vec<[f32; CLASSES]> {
        let u = self.mixed(bases, v);
        let out = &self.out[v];
        let mut wide = vec![0.0; bases.len() / self.width * out.width()];
        out.add_to(self.arch, &u, &mut wide);
        let bias = row(&self.out_bias, v, CLASSES);
        wide.chunks_exact(out.width())
            .map(|row| {
                let mut logits = [0.0; CLASSES];
                for ((l, x), b) in logits.iter_mut().zip(row).zip(bias) {
                    *l = x + b;
                }
                logits
            })
            .collect()
    }

    /// For each base, to which all four voices were told: the logit that a repeated key is struck
    /// anew, a voice each.
    pub(super) fn ask_attacks(&self, bases: &[f32]) -> Vec<[f32; VOICES]> {
        let u = self.mixed(bases, VOICES);
        let logit = |u: &[f32], v: usize| {
            let products = row(&self.onset, v, self.width).iter().zip(u).map(|(w, u)| w * u);
            products.fold(self.onset_bias[v], |sum, p| sum + p)
        };
        u.chunks_exact(self.width).map(|u| std::array::from_fn(|v| logit(u, v))).collect()
    }

    fn mixed(&self, bases: &[f32], question: usize) -> Vec<f32> {
        let ask = row(&self.ask, question, self.width);
        let mut u = bases.to_vec();
        for u in u.chunks_exact_mut(self.width) {
            for (u, ask) in u.iter_mut().zip(ask) {
                *u = (*u + ask).max(0.0);
            }
        }
        let mut mixed = vec![0.0; u.len()];
        self.mix.add_to(self.arch, &u, &mut mixed);
        for (u, m) in u.iter_mut().zip(&mixed) {
            *u += m.max(0.0);
        }
        u
    }
}

fn row(table: &[f32], index: usize, width: usize) -> &[f32] {
    &table[index * width..][..width]
}
