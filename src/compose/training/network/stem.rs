//! The stem: narrow embeddings of the neighbours through one matrix, wide ones of what is near.

use super::Network;
use crate::compose::arithmetic::add;
use crate::compose::model::{AHEAD, PAST};
use crate::compose::score::{SYMBOLS, Step, VOICES};
use crate::compose::training::layout::Span;
use crate::compose::training::lesson::{LEFT, LENGTH, Lesson, Way};
use crate::compose::training::products::add_outer;

/// The offsets of neighbours.
fn offsets() -> impl Iterator<Item = isize> {
    PAST.into_iter().chain(AHEAD)
}

fn at(step: usize, offset: isize) -> usize {
    (step + LEFT).saturating_add_signed(offset)
}

impl Network<'_> {
    /// What the stem sees, and what it makes of it.
    pub(super) fn stem_forth(&self, lesson: &Lesson) -> (Vec<f32>, Vec<f32>) {
        let (e, fan) = (self.layout.size.near, self.layout.size.fan());
        let past = self.near(&lesson.past, &lesson.fermata);
        let ahead = self.near(&lesson.ahead, &lesson.fermata);
        let mut around = Vec::with_capacity(LENGTH * fan);
        for step in 0..LENGTH {
            for offset in offsets() {
                around.extend_from_slice(
                    &(if lesson.is_past(step, offset) { &past } else { &ahead })[at(step, offset) * e..][..e],
                );
            }
        }
        let mut x = self.stem.forth(self.arch, &around, fan);
        self.each_row(lesson, |span, index, step| {
            let d = self.layout.size.width;
            add(&mut x[step * d..][..d], span.row(self.weights, index, d));
        });
        (around, x)
    }

    pub(super) fn stem_back(&self, lesson: &Lesson, around: &[f32], dx: &[f32], gradient: &mut [f32]) {
        let (d, e, fan) = (self.layout.size.width, self.layout.size.near, self.layout.size.fan());
        self.each_row(lesson, |span, index, step| {
            add(span.row_mut(gradient, index, d), &dx[step * d..][..d]);
        });
        add_outer(self.arch, dx, d, around, fan, self.layout.stem.of_mut(gradient));
        let mut d_around = vec![0.0; around.len()];
        self.stem.add_back(self.arch, dx, &mut d_around);
        let mut past = vec![0.0; lesson.past.len() * e];
        let mut ahead = past.clone();
        for (step, row) in d_around.chunks_exact(fan).enumerate() {
            for (offset, row) in offsets().zip(row.chunks_exact(e)) {
                let side = if lesson.is_past(step, offset) { &mut past } else { &mut ahead };
                add(&mut side[at(step, offset) * e..][..e], row);
            }
        }
        self.near_back(&lesson.past, &lesson.fermata, &past, gradient);
        self.near_back(&lesson.ahead, &lesson.fermata, &ahead, gradient);
    }

    fn near(&self, steps: &[Step], fermata: &[u8]) -> Vec<f32> {
        let (e, layout) = (self.layout.size.near, self.layout);
        let mut out = vec![0.0; steps.len() * e];
        for ((step, fermata), out) in steps.iter().zip(fermata).zip(out.chunks_exact_mut(e)) {
            for (v, cell) in step.iter().enumerate() {
                add(out, layout.near.row(self.weights, v * SYMBOLS + cell.symbol.index(), e));
                add(out, layout.near_onset.row(self.weights, v * 3 + cell.attack as usize, e));
            }
            add(out, layout.near_fermata.row(self.weights, usize::from(*fermata), e));
        }
        out
    }

    fn near_back(&self, steps: &[Step], fermata: &[u8], d_near: &[f32], gradient: &mut [f32]) {
        let (e, layout) = (self.layout.size.near, self.layout);
        for ((step, fermata), row) in steps.iter().zip(fermata).zip(d_near.chunks_exact(e)) {
            for (v, cell) in step.iter().enumerate() {
                add(layout.near.row_mut(gradient, v * SYMBOLS + cell.symbol.index(), e), row);
                add(layout.near_onset.row_mut(gradient, v * 3 + cell.attack as usize, e), row);
            }
            add(layout.near_fermata.row_mut(gradient, usize::from(*fermata), e), row);
        }
    }

    /// Every row of a table that is added to a token.
    fn each_row(&self, lesson: &Lesson, mut row: impl FnMut(Span, usize, usize)) {
        let layout = self.layout;
        for (step, place) in lesson.places.iter().enumerate() {
            for v in 0..VOICES {
                row(layout.here, v * SYMBOLS + lesson.ahead[step + LEFT][v].symbol.index(), step);
                let before = if lesson.is_past(step, -1) { &lesson.past } else { &lesson.ahead };
                row(layout.before, v * SYMBOLS + before[step + LEFT - 1][v].symbol.index(), step);
            }
            row(layout.beat, usize::from(place.beat), step);
            row(layout.bar, usize::from(place.bar), step);
            row(layout.bar_length, usize::from(place.bar_length), step);
            row(layout.fermata, usize::from(place.fermata), step);
            match (&lesson.way, layout.any_order) {
                (Way::Sorted(_), Some(any_order)) => row(any_order, 0, step),
                _ => row(layout.mode, lesson.way.sight() as usize, step),
            }
        }
    }
}
