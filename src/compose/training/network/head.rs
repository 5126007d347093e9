//! The head: the voices of a step one after another, and whether what repeats is struck anew. Only what is
//! asked is computed.

use super::{Network, Surprise, Weighting};
use crate::compose::arithmetic::{add, exp, ln};
use crate::compose::score::{CLASSES, SYMBOLS, VOICES};
use crate::compose::training::lesson::{Lesson, Question};
use crate::compose::training::products::add_outer;

/// Questions of one kind, and what the model makes of them on its way to an answer.
pub(super) struct Asked {
    /// What was added up, where it was positive.
    positive: Vec<f32>,
    /// What the mixing gave, where it was positive.
    mixed: Vec<f32>,
    /// Both together.
    state: Vec<f32>,
}

/// Where a row of [`Asked`] comes from: a step of the lesson and the voices that are told.
pub(super) type Row = (usize, u8);

impl Network<'_> {
    /// Answers all questions of a lesson; also answers with the gradient of the trunk's last state.
    pub(super) fn answer(
        &self,
        lesson: &Lesson,
        z: &[f32],
        weighting: Weighting,
        gradient: &mut [f32],
    ) -> (Surprise, Vec<f32>) {
        let d = self.layout.size.width;
        let bases = self.bases(lesson, z);
        let mut d_bases = vec![0.0; bases.len()];
        let mut surprise = Surprise::default();
        for (v, questions) in lesson.questions.iter().enumerate().filter(|(_, q)| !q.is_empty()) {
            let rows: Vec<Row> = questions.iter().map(|q| (q.step, q.told)).collect();
            let asked = self.ask(lesson, &bases, v, &rows);
            let mut d_logits = self.logits(v, &asked);
            for (row, question) in d_logits.chunks_exact_mut(CLASSES).zip(questions) {
                surprise.pitch += self.arch.dispatch(|| cross_entropy(row, question, weighting.pitch));
            }
            let mut d_state = vec![0.0; asked.state.len()];
            self.out[v].add_back(self.arch, &d_logits, &mut d_state);
            let out = &mut self.layout.out.of_mut(gradient)[v * CLASSES * d..][..CLASSES * d];
            add_outer(self.arch, &d_logits, CLASSES, &asked.state, d, out);
            let bias = self.layout.out_bias.row_mut(gradient, v, CLASSES);
            d_logits.chunks_exact(CLASSES).for_each(|row| add(bias, row));
            self.ask_back(lesson, v, &rows, &asked, d_state, &mut d_bases, gradient);
        }
        if !lesson.repeats.is_empty() {
            surprise.again = self.answer_repeats(lesson, &bases, weighting.again, &mut d_bases, gradient);
        }
        for (t, d_base) in d_bases.chunks_exact(d).enumerate() {
            for v in (0..VOICES).filter(|v| lesson.given[t] >> v & 1 == 1) {
                let index = v * 3 + lesson.truth[t][v].attack as usize;
                add(self.layout.known_onset.row_mut(gradient, index, d), d_base);
            }
        }
        (surprise, d_bases)
    }

    pub(super) fn bases(&self, lesson: &Lesson, z: &[f32]) -> Vec<f32> {
        let d = self.layout.size.width;
        let mut bases = z.to_vec();
        for (t, base) in bases.chunks_exact_mut(d).enumerate() {
            for v in (0..VOICES).filter(|v| lesson.given[t] >> v & 1 == 1) {
                let index = v * 3 + lesson.truth[t][v].attack as usize;
                add(base, self.layout.known_onset.row(self.weights, index, d));
            }
        }
        bases
    }

    /// Class by class for each row, without filling.
    pub(super) fn logits(&self, v: usize, asked: &Asked) -> Vec<f32> {
        let d = self.layout.size.width;
        let wide = self.out[v].forth(self.arch, &asked.state, d);
        let width = wide.len() / (asked.state.len() / d);
        let bias = self.layout.out_bias.row(self.weights, v, CLASSES);
        wide.chunks_exact(width).flat_map(|row| row.iter().zip(bias).map(|(x, b)| x + b)).collect()
    }

    fn answer_repeats(
        &self,
        lesson: &Lesson,
        bases: &[f32],
        weight: f32,
        d_bases: &mut [f32],
        gradient: &mut [f32],
    ) -> f64 {
        let (d, layout) = (self.layout.size.width, self.layout);
        let mut steps: Vec<usize> = lesson.repeats.iter().map(|r| r.step).collect();
        steps.dedup();
        let rows: Vec<Row> = steps.iter().map(|t| (*t, 0b1111)).collect();
        let asked = self.ask(lesson, bases, VOICES, &rows);
        let mut d_state = vec![0.0; asked.state.len()];
        let mut surprise = 0.0;
        let mut row = 0;
        for repeat in &lesson.repeats {
            while steps[row] != repeat.step {
                row += 1;
            }
            let state = &asked.state[row * d..][..d];
            let line = layout.onset.row(self.weights, repeat.voice, d);
            let logit = layout.onset_bias.of(self.weights)[repeat.voice] + super::dot(line, state);
            // ln(1 + e^-|x|), from the side where nothing overflows.
            let small = exp(-logit.abs());
            let wrong = if repeat.struck { (-logit).max(0.0) } else { logit.max(0.0) };
            surprise += (f64::from(wrong) + ln(1.0 + f64::from(small))) * f64::from(repeat.weight);
            let likely = if logit > 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
            let g = (likely - f32::from(u8::from(repeat.struck))) * weight * repeat.weight;
            for (out, line) in d_state[row * d..][..d].iter_mut().zip(line) {
                *out += g * line;
            }
            for (out, state) in layout.onset.row_mut(gradient, repeat.voice, d).iter_mut().zip(state) {
                *out += g * state;
            }
            layout.onset_bias.of_mut(gradient)[repeat.voice] += g;
        }
        self.ask_back(lesson, VOICES, &rows, &asked, d_state, d_bases, gradient);
        surprise
    }

    pub(super) fn ask(&self, lesson: &Lesson, bases: &[f32], question: usize, rows: &[Row]) -> Asked {
        let (d, layout) = (self.layout.size.width, self.layout);
        let mut positive = Vec::with_capacity(rows.len() * d);
        for (step, told) in rows {
            let from = positive.len();
            positive.extend_from_slice(&bases[step * d..][..d]);
            let row = &mut positive[from..];
            for v in (0..VOICES).filter(|v| told >> v & 1 == 1) {
                add(row, layout.known.row(self.weights, v * SYMBOLS + lesson.truth[*step][v].symbol.index(), d));
            }
            add(row, layout.ask.row(self.weights, question, d));
            row.iter_mut().for_each(|x| *x = x.max(0.0));
        }
        let mut mixed = self.mix.forth(self.arch, &positive, d);
        mixed.iter_mut().for_each(|x| *x = x.max(0.0));
        let state = positive.iter().zip(&mixed).map(|(a, b)| a + b).collect();
        Asked { positive, mixed, state }
    }

    #[allow(clippy::too_many_arguments, reason = "a gradient goes where its numbers came from")]
    fn ask_back(
        &self,
        lesson: &Lesson,
        question: usize,
        rows: &[Row],
        asked: &Asked,
        d_state: Vec<f32>,
        d_bases: &mut [f32],
        gradient: &mut [f32],
    ) {
        let (d, layout) = (self.layout.size.width, self.layout);
        let through = |g: &[f32], x: &[f32]| -> Vec<f32> {
            g.iter().zip(x).map(|(g, x)| if *x > 0.0 { *g } else { 0.0 }).collect()
        };
        let d_mixed = through(&d_state, &asked.mixed);
        let mut d_sum = d_state;
        self.mix.add_back(self.arch, &d_mixed, &mut d_sum);
        add_outer(self.arch, &d_mixed, d, &asked.positive, d, layout.mix.of_mut(gradient));
        let d_sum = through(&d_sum, &asked.positive);
        for ((step, told), row) in rows.iter().zip(d_sum.chunks_exact(d)) {
            add(&mut d_bases[step * d..][..d], row);
            add(layout.ask.row_mut(gradient, question, d), row);
            for v in (0..VOICES).filter(|v| told >> v & 1 == 1) {
                let index = v * SYMBOLS + lesson.truth[*step][v].symbol.index();
                add(layout.known.row_mut(gradient, index, d), row);
            }
        }
    }
}

/// The surprise at `class`; logits become the gradient of the loss.
#[inline(always)]
fn cross_entropy(logits: &mut [f32], question: &Question, weight: f32) -> f64 {
    let (class, weight) = (question.class, weight * question.weight);
    let most = logits.iter().fold(f32::MIN, |a, b| a.max(*b));
    let truth = logits[class] - most;
    let mut sum = 0.0;
    for x in logits.iter_mut() {
        *x = exp(*x - most);
        sum += *x;
    }
    for x in logits.iter_mut() {
        *x = *x / sum * weight;
    }
    logits[class] -= weight;
    (ln(f64::from(sum)) - f64::from(truth)) * f64::from(question.weight)
}
