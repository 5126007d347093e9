//! The three products that learning takes of every matrix: of what comes in with it, of what goes back
//! with it, and of the two with each other. All by the one kernel of [`arithmetic`](crate::compose::arithmetic),
//! so that sums keep one order on every machine.

use pulp::Arch;

use crate::compose::arithmetic::Matrix;

/// A matrix of weights, for both ways.
#[derive(Debug)]
pub(super) struct Pair {
    forth: Matrix,
    back: Matrix,
}

impl Pair {
    /// `outputs` rows of `inputs` numbers.
    pub(super) fn of(rows: &[f32], outputs: usize, inputs: usize) -> Pair {
        Pair {
            forth: Matrix::of_rows(rows, outputs, inputs, 0, inputs),
            back: Matrix::of_columns(rows, outputs, inputs, 0, inputs),
        }
    }

    /// What the matrix makes of rows of inputs. Rows of the result are filled up to whole panels of 32.
    pub(super) fn forth(&self, arch: Arch, x: &[f32], inputs: usize) -> Vec<f32> {
        let mut out = vec![0.0; x.len() / inputs * self.forth.width()];
        self.forth.add_to(arch, x, &mut out);
        out
    }

    /// Adds to the gradient of the inputs what a gradient of the outputs, without filling, says of it.
    pub(super) fn add_back(&self, arch: Arch, gradient: &[f32], out: &mut [f32]) {
        self.back.add_to(arch, gradient, out);
    }
}

/// Adds to `out` (`outputs` rows of `inputs` numbers) the sum over rows of `gradient` times `x`.
pub(super) fn add_outer(arch: Arch, gradient: &[f32], outputs: usize, x: &[f32], inputs: usize, out: &mut [f32]) {
    let rows = x.len() / inputs;
    Matrix::of_columns(x, rows, inputs, 0, inputs).add_to(arch, &transposed(gradient, outputs), out);
}

/// Rows of `width` numbers, turned into `width` rows.
pub(super) fn transposed(rows: &[f32], width: usize) -> Vec<f32> {
    let count = rows.len() / width;
    let mut out = vec![0.0; rows.len()];
    // A few rows at a time, so that what is written lies together.
    for (from, some) in rows.chunks(16 * width).enumerate() {
        for column in 0..width {
            let to = &mut out[column * count + from * 16..];
            for (to, row) in to.iter_mut().zip(some.chunks_exact(width)) {
                *to = row[column];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_what_they_say() {
        let number = |i: usize| ((i * 2_654_435_761) % 1000) as f32 / 500.0 - 1.0;
        let (tokens, outputs, inputs) = (37, 61, 64);
        let w: Vec<f32> = (0..outputs * inputs).map(number).collect();
        let x: Vec<f32> = (0..tokens * inputs).map(|i| number(i + 5)).collect();
        let g: Vec<f32> = (0..tokens * outputs).map(|i| number(i + 9)).collect();
        let pair = Pair::of(&w, outputs, inputs);
        let y = pair.forth(Arch::new(), &x, inputs);
        let mut back = vec![0.0; x.len()];
        pair.add_back(Arch::new(), &g, &mut back);
        let mut outer = vec![0.0; w.len()];
        add_outer(Arch::new(), &g, outputs, &x, inputs, &mut outer);
        let (t, o, i) = (11, 60, 33);
        let width = y.len() / tokens;
        let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-4, "{a} {b}");
        near(y[t * width + o], (0..inputs).map(|i| x[t * inputs + i] * w[o * inputs + i]).sum());
        near(back[t * inputs + i], (0..outputs).map(|o| g[t * outputs + o] * w[o * inputs + i]).sum());
        near(outer[o * inputs + i], (0..tokens).map(|t| g[t * outputs + o] * x[t * inputs + i]).sum());
    }
}
