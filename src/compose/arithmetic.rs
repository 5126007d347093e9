//! Arithmetic that gives the same bits on every machine: sums in one fixed order, no fused
//! multiply-add, no function of the platform's mathematics library.
//!
//! `pulp` compiles the loops for each width of vector and picks one at run time. Vectors lie along
//! the outputs, so that their width changes no order of addition.
//!
//! Why no library: those that there are sum in an order that depends on the machine and fuse multiplications with
//! additions where they can, so the same seed would give other notes elsewhere. Nor are they faster. One thread of
//! an AMD EPYC (Zen 5), the fastest tenth of 400 products of the model's own sizes, 2026-11-21: 128 rows by a matrix of
//! 192 x 192 38 us here, 80 us by `gemm` 0.19 (251 and 118 GFLOP/s); 192 x 576 113 and 239 us; 1728 x 192 375 and 720 us;
//! the 8 rows of eight drafts by 192 x 576 7.0 and 41 us. On the stable compiler `gemm` stays with vectors of 256 bits,
//! and it packs the weights anew for every product, where ours were laid out once. Whole frameworks were left out for
//! their size before their speed: a model of twice the parameters over 256 steps took 52 ms in tract and 98 ms in candle
//! in an early trial, and burn brings a compiler of kernels for what are seven kinds of sums.

use pulp::{Arch, Simd, WithSimd};

/// Outputs that are computed together, and to which a matrix's columns are filled up.
const PANEL: usize = 32;

/// A matrix that vectors are multiplied by, laid out in panels of [`PANEL`] outputs.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    inputs: usize,
    outputs: usize,
    panels: Vec<f32>,
}

impl Matrix {
    /// From `outputs` rows of `inputs` numbers, as PyTorch keeps the weights of a linear layer.
    /// Only the inputs `from .. from + inputs` of rows that are `stride` long are taken.
    pub(super) fn of_rows(rows: &[f32], outputs: usize, stride: usize, from: usize, inputs: usize) -> Matrix {
        let width = outputs.div_ceil(PANEL) * PANEL;
        let mut panels = vec![0.0; width * inputs];
        for (o, row) in rows.chunks_exact(stride).take(outputs).enumerate() {
            let panel = &mut panels[o / PANEL * PANEL * inputs..];
            for (i, &w) in row[from..from + inputs].iter().enumerate() {
                panel[i * PANEL + o % PANEL] = w;
            }
        }
        Matrix { inputs, outputs: width, panels }
    }

    /// From `inputs` rows of `outputs` numbers each, `stride` apart: what [`Matrix::of_rows`] holds, told
    /// the other way round. Training multiplies gradients by weights so, and by what a layer was given.
    #[cfg(feature = "train")]
    pub(super) fn of_columns(rows: &[f32], inputs: usize, stride: usize, from: usize, outputs: usize) -> Matrix {
        let width = outputs.div_ceil(PANEL) * PANEL;
        let mut panels = vec![0.0; width * inputs];
        for (panel, first) in panels.chunks_exact_mut(PANEL * inputs).zip((0..outputs).step_by(PANEL)) {
            let some = PANEL.min(outputs - first);
            for (to, row) in panel.chunks_exact_mut(PANEL).zip(rows.chunks(stride)) {
                to[..some].copy_from_slice(&row[from + first..][..some]);
            }
        }
        Matrix { inputs, outputs: width, panels }
    }

    /// Numbers that a row of results takes: the outputs, filled up to whole panels.
    pub(super) fn width(&self) -> usize {
        self.outputs
    }

    /// Adds to every row of `out` the product of the same row of `x` with the matrix.
    pub(super) fn add_to(&self, arch: Arch, x: &[f32], out: &mut [f32]) {
        debug_assert_eq!(x.len() / self.inputs, out.len() / self.outputs);
        arch.dispatch(Product { matrix: self, x, out });
    }
}

struct Product<'a> {
    matrix: &'a Matrix,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    // As many rows at once as sums find room in the registers of that kind of machine.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.rows::<S, 2, 8>(simd),
            8 => self.rows::<S, 4, 2>(simd),
            4 => self.rows::<S, 8, 1>(simd),
            _ => self.rows::<S, PANEL, 1>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn rows<S: Simd, const VECTORS: usize, const ROWS: usize>(self, simd: S) {
        let Matrix { inputs, outputs, panels } = self.matrix;
        let mut xs = self.x.chunks_exact(ROWS * inputs);
        let mut outs = self.out.chunks_exact_mut(ROWS * outputs);
        for (x, out) in (&mut xs).zip(&mut outs) {
            tile::<S, VECTORS, ROWS>(simd, panels, *inputs, *outputs, x, out);
        }
        let rows = xs.remainder().chunks_exact(*inputs);
        for (x, out) in rows.zip(outs.into_remainder().chunks_exact_mut(*outputs)) {
            tile::<S, VECTORS, 1>(simd, panels, *inputs, *outputs, x, out);
        }
    }
}

#[inline(always)]
fn tile<S: Simd, const VECTORS: usize, const ROWS: usize>(
    simd: S,
    panels: &[f32],
    inputs: usize,
    outputs: usize,
    x: &[f32],
    out: &mut [f32],
) {
    let x: [&[f32]; ROWS] = std::array::from_fn(|r| &x[r * inputs..][..inputs]);
    for (p, panel) in panels.chunks_exact(inputs * PANEL).enumerate() {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        let (weights, _) = S::as_simd_f32s(panel);
        let (weights, _) = weights.as_chunks::<VECTORS>();
        for (i, weights) in weights.iter().enumerate().take(inputs) {
            for r in 0..ROWS {
                let a = simd.splat_f32s(x[r][i]);
                for v in 0..VECTORS {
                    sums[r][v] = simd.add_f32s(sums[r][v], simd.mul_f32s(a, weights[v]));
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let (outs, _) = S::as_mut_simd_f32s(&mut out[r * outputs + p * PANEL..][..PANEL]);
            for (out, sum) in outs.iter_mut().zip(sums) {
                *out = simd.add_f32s(*out, *sum);
            }
        }
    }
}

/// Adds `a * x` to `out`.
#[inline(always)]
pub(super) fn add_scaled(out: &mut [f32], x: &[f32], a: f32) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += a * x;
    }
}

/// Adds `x` to `out`.
#[inline(always)]
pub(super) fn add(out: &mut [f32], x: &[f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += x;
    }
}

/// `x` divided by its root mean square, times `gain` (RMSNorm, Zhang and Sennrich 2019).
#[inline(always)]
pub(super) fn normalise(x: &[f32], gain: &[f32], out: &mut [f32]) {
    let mut lanes = [0f32; 16];
    // Widths are whole multiples of 32.
    for x in x.as_chunks::<16>().0 {
        for (lane, x) in lanes.iter_mut().zip(x) {
            *lane += x * x;
        }
    }
    let sum = lanes.iter().fold(0.0, |sum, x| sum + x);
    let scale = 1.0 / (sum / x.len() as f32 + 1e-6).sqrt();
    for ((out, x), gain) in out.iter_mut().zip(x).zip(gain) {
        *out = x * scale * gain;
    }
}

/// e to the power of `x`, for `x` of at most 0 or a little above, within 2e-7 of its size.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    let n = (x * std::f32::consts::LOG2_E + 0.5).floor();
    // ln 2 in two parts, so that the difference keeps its digits.
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p * r + c;
    }
    p * f32::from_bits(((n as i32 + 127) as u32) << 23)
}

/// The natural logarithm of a positive, normal number, in double precision.
pub(super) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = (bits >> 52 & 0x7ff) as i64 - 1023;
    let mut m = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 {
        m /= 2.0;
        exponent += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)).
    let y = (m - 1.0) / (m + 1.0);
    let (y2, mut term, mut sum) = (y * y, y, 0.0);
    for k in 0..14 {
        sum += term / f64::from(2 * k + 1);
        term *= y2;
    }
    2.0 * sum + exponent as f64 * std::f64::consts::LN_2
}

/// Sine and cosine of an angle of any size, in double precision (1e-11 for angles up to 1e5).
pub(super) fn sin_cos(angle: f64) -> (f64, f64) {
    let turn = (angle / std::f64::consts::TAU + 0.5).floor();
    let x = angle - turn * std::f64::consts::TAU;
    // A quarter of the angle by its series, then doubled twice.
    let q = x / 4.0;
    let q2 = q * q;
    let (mut s, mut c) = (0.0, 0.0);
    for k in (0..10).rev() {
        let k = f64::from(k);
        s = 1.0 - s * q2 / ((2.0 * k + 2.0) * (2.0 * k + 3.0));
        c = 1.0 - c * q2 / ((2.0 * k + 1.0) * (2.0 * k + 2.0));
    }
    s *= q;
    for _ in 0..2 {
        (s, c) = (2.0 * s * c, c * c - s * s);
    }
    (s, c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_agree_with_the_platforms() {
        for i in -2000..100 {
            let x = i as f32 / 25.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-6, "exp {x}: {} {}", exp(x), x.exp());
        }
        for x in [1e-300, 1e-9, 0.3, 0.999, 1.0, 1.5, 2.0, 123.4, 1e12] {
            assert!((ln(x) - f64::ln(x)).abs() < 1e-12 * f64::ln(x).abs().max(1.0), "ln {x}");
        }
        for x in [0.0, 0.1, 3.0, -2.0, 100.5, 12_345.6] {
            let (s, c) = sin_cos(x);
            assert!((s - x.sin()).abs() < 1e-11 && (c - x.cos()).abs() < 1e-11, "sin_cos {x}");
        }
    }

    #[test]
    fn a_product_is_the_same_to_the_bit_whatever_the_vectors_and_however_many_rows() {
        let number = |i: usize| ((i * 2_654_435_761) % 1000) as f32 / 500.0 - 1.0;
        let (rows, inputs, outputs) = (7, 50, 61);
        let weights: Vec<f32> = (0..inputs * outputs).map(number).collect();
        let x: Vec<f32> = (0..rows * inputs).map(|i| number(i + 7)).collect();
        let m = Matrix::of_rows(&weights, outputs, inputs, 0, inputs);
        let mut all = vec![0.5; rows * m.width()];
        m.add_to(Arch::new(), &x, &mut all);
        let mut plain = vec![0.5; rows * m.width()];
        m.add_to(Arch::Scalar, &x, &mut plain);
        assert_eq!(all, plain);
        for r in 0..rows {
            let mut one = vec![0.5; m.width()];
            m.add_to(Arch::new(), &x[r * inputs..][..inputs], &mut one);
            assert_eq!(one, all[r * m.width()..][..m.width()]);
            let sum: f32 = (0..inputs).map(|i| x[r * inputs + i] * weights[3 * inputs + i]).sum();
            assert!((one[3] - 0.5 - sum).abs() < 1e-4);
        }
    }
}
