//! One step downhill: Muon (Jordan 2024: momentum made orthogonal) for the matrices inside, AdamW for tables and
//! outputs, as in `training/train.py`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulp::Arch;

use super::layout::{Kind, Layout};
use crate::compose::arithmetic::Matrix;

const MOMENTUM: f32 = 0.95;
const MATRIX_DECAY: f32 = 0.05;
const BETAS: (f32, f32) = (0.9, 0.98);
const TABLE_DECAY: f32 = 0.01;
/// AdamW's rate beside that of the matrices.
const TABLE_RATE: f32 = 0.15;
/// The longest gradient of the tables that is taken at its word.
const LONGEST: f64 = 1.0;
/// The rounds of Newton and Schulz.
const ROUNDS: usize = 5;

/// What the optimisers remember, a number a weight.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moments {
    /// Of matrices the momentum, of tables the mean gradient.
    pub(super) first: Vec<f32>,
    /// Of tables the mean squared gradient.
    pub(super) second: Vec<f32>,
    /// Steps taken.
    pub(super) steps: u32,
}

impl Moments {
    pub(super) fn new(layout: &Layout) -> Moments {
        Moments { first: vec![0.0; layout.total], second: vec![0.0; layout.total], steps: 0 }
    }

    /// Changes the weights. The result does not depend on the number of threads.
    pub(super) fn step(&mut self, layout: &Layout, weights: &mut [f32], gradient: &[f32], rate: f32, threads: usize) {
        self.steps += 1;
        self.step_tables(layout, weights, gradient, rate * TABLE_RATE);
        for t in layout.tensors.iter().filter(|t| t.kind != Kind::Table) {
            for (m, g) in t.span.of_mut(&mut self.first).iter_mut().zip(t.span.of(gradient)) {
                *m += (g - *m) * (1.0 - MOMENTUM);
            }
        }
        let matrices: Vec<_> = layout.tensors.iter().filter(|t| t.kind != Kind::Table).collect();
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    while let Some(t) = matrices.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let Kind::Matrix { rows, columns } = t.kind else { continue };
                        let momentum = t.span.of(&self.first).iter();
                        let ahead: Vec<f32> =
                            t.span.of(gradient).iter().zip(momentum).map(|(g, m)| g + (m - g) * MOMENTUM).collect();
                        let direction = orthogonal(ahead, rows, columns);
                        done.lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .push((t.span, rows, columns, direction));
                    }
                });
            }
        });
        for (span, rows, columns, direction) in done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            let size = (rows as f32 / columns as f32).max(1.0).sqrt();
            for (w, u) in span.of_mut(weights).iter_mut().zip(direction) {
                *w = *w * (1.0 - rate * MATRIX_DECAY) - rate * size * u;
            }
        }
    }

    fn step_tables(&mut self, layout: &Layout, weights: &mut [f32], gradient: &[f32], rate: f32) {
        let tables = || layout.tensors.iter().filter(|t| t.kind == Kind::Table);
        let square = |g: &f32| f64::from(*g) * f64::from(*g);
        let length = tables().flat_map(|t| t.span.of(gradient)).map(square).sum::<f64>().sqrt();
        let clip = (LONGEST / (length + 1e-6)).min(1.0) as f32;
        let unbias = |beta: f32| 1.0 - power(beta, self.steps);
        let (unbias_first, unbias_second) = (unbias(BETAS.0), unbias(BETAS.1));
        for t in tables() {
            let moments = t.span.of_mut(&mut self.first).iter_mut().zip(t.span.of_mut(&mut self.second));
            let each = t.span.of_mut(weights).iter_mut().zip(t.span.of(gradient)).zip(moments);
            for ((w, g), (first, second)) in each {
                let g = g * clip;
                *first += (g - *first) * (1.0 - BETAS.0);
                *second += (g * g - *second) * (1.0 - BETAS.1);
                let step = (*first / unbias_first) / ((*second / unbias_second).sqrt() + 1e-8);
                *w = *w * (1.0 - rate * TABLE_DECAY) - rate * step;
            }
        }
    }
}

/// By multiplication alone, the same on every machine.
fn power(base: f32, exponent: u32) -> f32 {
    (0..exponent.min(2_000)).fold(1.0, |product, _| product * base)
}

/// Roughly the nearest matrix with orthonormal rows or columns: Newton and Schulz, of the fifth order.
fn orthogonal(m: Vec<f32>, rows: usize, columns: usize) -> Vec<f32> {
    let arch = Arch::new();
    let tall = rows > columns;
    let (short, long) = if tall { (columns, rows) } else { (rows, columns) };
    let mut x = if tall { super::products::transposed(&m, columns) } else { m };
    let norm = x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt() as f32 + 1e-7;
    x.iter_mut().for_each(|x| *x /= norm);
    for _ in 0..ROUNDS {
        let mut s = vec![0.0; short * short];
        Matrix::of_rows(&x, short, long, 0, long).add_to(arch, &x, &mut s);
        let mut squared = vec![0.0; short * short];
        Matrix::of_columns(&s, short, short, 0, short).add_to(arch, &s, &mut squared);
        for (s, squared) in s.iter_mut().zip(&squared) {
            *s = -4.7750 * *s + 2.0315 * squared;
        }
        let mut next: Vec<f32> = x.iter().map(|x| 3.4445 * x).collect();
        Matrix::of_columns(&x, short, long, 0, long).add_to(arch, &s, &mut next);
        x = next;
    }
    if tall { super::products::transposed(&x, rows) } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_or_columns_become_nearly_orthonormal() {
        for (rows, columns) in [(32, 96), (96, 32), (32, 32)] {
            let mut random = crate::compose::random::Random::new(3, 0);
            let m: Vec<f32> = (0..rows * columns).map(|_| random.unit() - 0.5).collect();
            let x = orthogonal(m, rows, columns);
            let x = if rows > columns { super::super::products::transposed(&x, columns) } else { x };
            let (short, long) = (rows.min(columns), rows.max(columns));
            for i in 0..short {
                for j in 0..short {
                    let product: f32 = (0..long).map(|k| x[i * long + k] * x[j * long + k]).sum();
                    // That far from 1 the five rounds leave singular values by design.
                    let error = product - f32::from(u8::from(i == j));
                    assert!(error.abs() < 0.75, "{rows}x{columns} {i} {j}: {product}");
                }
            }
        }
    }
}
