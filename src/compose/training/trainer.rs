//! The course of training: step by step, with what was reached held against pieces that are not learned from.
//!
//! Nothing in it depends on the number of threads or on the machine: a lesson is drawn from the seed and the
//! number of its step, lessons are added up in a fixed order, and sums are those of
//! `arithmetic`.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::layout::{Layout, Shape};
use super::lesson::{LENGTH, Lesson, Reading};
use super::network::{Network, Surprise, Weighting};
use super::optimiser::Moments;
use super::pieces::Piece;
use crate::compose::model::Model;
use crate::compose::random::Random;
use crate::compose::{Done, Error, Progress, likelihood};

/// Gradients that are kept apart until the end of a step, whatever the number of threads: no more than so many
/// threads have something to do.
pub const LANES: usize = 8;
/// What the question whether a key is struck anew counts beside the question which it is.
const AGAIN: f64 = 0.25;
/// The averaged weights are at most so slow.
const SLOWEST: f32 = 0.998;

/// What the user decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Steps in all.
    pub steps: u32,
    /// The learning rate at its highest.
    pub rate: f32,
    /// Crops a step.
    pub batch: usize,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// The share of numbers dropped on the way, against learning by heart.
    pub dropout: f32,
    /// The share of steps that learn to read in time order; the others read in random orders.
    pub in_time: f32,
}

/// Where training begins.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// A new model of this size.
    Scratch(Shape),
    /// The weights of a file.
    Weights(&'a [u8]),
}

/// Nats a step on pieces that are not learned from.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct HeldOut {
    /// In time order, nothing given.
    pub chronological: f64,
    /// Alto, tenor and bass, the soprano given.
    pub atb_given_s: f64,
}

impl HeldOut {
    /// What decides between two states of the weights; lower is better.
    #[must_use]
    pub fn sum(self) -> f64 {
        self.chronological + self.atb_given_s
    }
}

/// The loss of one step, in nats a step of four voices, of the questions that were asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// The step, from 1.
    pub step: u32,
    /// Nats.
    pub nats: f64,
}

/// A model that learns.
#[derive(Debug)]
pub struct Trainer {
    pub(super) layout: Layout,
    pub(super) course: Course,
    pub(super) weights: Vec<f32>,
    pub(super) average: Vec<f32>,
    pub(super) moments: Moments,
    /// The best state so far and its figures.
    pub(super) best: Option<(HeldOut, Vec<f32>)>,
    lanes: Vec<Vec<f32>>,
}

impl Trainer {
    /// Begins.
    ///
    /// # Errors
    /// When the weights are of no use.
    pub fn begin(start: Start<'_>, course: Course) -> Result<Trainer, Error> {
        let (layout, weights) = match start {
            Start::Weights(file) => Layout::read(file)?,
            Start::Scratch(shape) => {
                let layout = Layout::new(shape);
                let weights = layout.begin(course.seed);
                (layout, weights)
            }
        };
        let moments = Moments::new(&layout);
        Ok(Trainer::with(layout, course, weights.clone(), weights, moments, None))
    }

    pub(super) fn with(
        layout: Layout,
        course: Course,
        weights: Vec<f32>,
        average: Vec<f32>,
        moments: Moments,
        best: Option<(HeldOut, Vec<f32>)>,
    ) -> Trainer {
        Trainer { layout, course, weights, average, moments, best, lanes: Vec::new() }
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.moments.steps
    }

    /// How many numbers the model has.
    #[must_use]
    pub fn numbers(&self) -> usize {
        self.layout.total
    }

    /// How large the model is.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.layout.size
    }

    /// The best figures so far.
    #[must_use]
    pub fn best(&self) -> Option<HeldOut> {
        self.best.as_ref().map(|(held_out, _)| *held_out)
    }

    /// One step. `elapsed` is the share of the time that is over, 0 where there is no limit: the learning rate
    /// falls with the steps or with the time, whichever is nearer to its end.
    pub fn step(&mut self, pieces: &[Piece], elapsed: f32, threads: usize) -> Loss {
        let step = self.moments.steps;
        let Course { seed, batch, .. } = self.course;
        // One stream a lesson, none of them twice.
        let stream = u64::from(step) << 20;
        let in_time = Random::new(seed, stream | 0xf_ffff).unit() < self.course.in_time;
        let reading = match (in_time, self.layout.size.any_order) {
            (true, _) => Reading::InTime,
            (false, true) => Reading::Sorted,
            (false, false) => Reading::Everywhere,
        };
        let lessons: Vec<Lesson> =
            (0..batch).map(|i| Lesson::draw(pieces, reading, Random::new(seed, stream | i as u64))).collect();
        let sums = lessons.iter().map(Lesson::weights).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        // A step of four voices, as the figures count.
        let pitch = 4.0 / sums.0.max(1.0);
        let weighting = Weighting { pitch: pitch as f32, again: (AGAIN / sums.1.max(1.0)) as f32 };
        let surprise = self.gradients(&lessons, weighting, threads);
        let gradient = self.lanes.first().map_or(&[][..], Vec::as_slice);
        let rate = self.course.rate * self.slope(step, elapsed);
        self.moments.step(&self.layout, &mut self.weights, gradient, rate, threads);
        let keep = ((step + 1) as f32 / (step + 21) as f32).min(SLOWEST);
        for (average, w) in self.average.iter_mut().zip(&self.weights) {
            *average += (w - *average) * (1.0 - keep);
        }
        Loss { step: step + 1, nats: pitch * surprise.pitch }
    }

    /// The share of the full rate: up at first, down to nothing over the second half.
    fn slope(&self, step: u32, elapsed: f32) -> f32 {
        let warm = (self.course.steps / 10).clamp(1, 100);
        let up = (step + 1) as f32 / warm as f32;
        let gone = (step as f32 / self.course.steps.max(1) as f32).max(elapsed);
        up.min(1.0) * (2.0 * (1.0 - gone)).clamp(0.0, 1.0)
    }

    /// The gradient of all lessons, in the first lane.
    fn gradients(&mut self, lessons: &[Lesson], weighting: Weighting, threads: usize) -> Surprise {
        let total = self.layout.total;
        self.lanes.resize_with(LANES.min(lessons.len()), || vec![0.0; total]);
        let network = Network::new(&self.layout, &self.weights, self.course.dropout);
        let lanes: Vec<_> =
            self.lanes.iter_mut().map(|lane| std::sync::Mutex::new((Surprise::default(), lane))).collect();
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, lanes.len().max(1)) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(lane) = lanes.get(index) else { break };
                        let mut lane = lane.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        let (surprise, gradient) = &mut *lane;
                        gradient.fill(0.0);
                        for lesson in lessons.iter().skip(index).step_by(LANES) {
                            let more = network.learn(lesson, weighting, gradient);
                            surprise.pitch += more.pitch;
                            surprise.again += more.again;
                        }
                    }
                });
            }
        });
        let mut all = Surprise::default();
        let mut gradients = Vec::new();
        for lane in lanes {
            let (surprise, gradient) = lane.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            all.pitch += surprise.pitch;
            all.again += surprise.again;
            gradients.push(gradient);
        }
        if let Some((first, others)) = gradients.split_first_mut() {
            for other in others {
                crate::compose::arithmetic::add(first, other);
            }
        }
        all
    }

    /// Measures the averaged weights, as they would be written, on pieces that are not learned from, and keeps
    /// them where they are the best so far. `None` where there is no such piece.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when `progress` says so.
    pub fn measure(
        &mut self,
        held_out: &[Piece],
        threads: usize,
        progress: Progress<'_>,
    ) -> Result<Option<HeldOut>, Error> {
        if held_out.is_empty() {
            return Ok(None);
        }
        let model = Model::read(&super::file::weights(&self.layout, &self.average, &[]))?;
        let figures = figures(&model, held_out, self.course.seed, threads, progress)?;
        if self.best.as_ref().is_none_or(|(best, _)| figures.sum() < best.sum()) {
            self.best = Some((figures, self.average.clone()));
        }
        Ok(Some(figures))
    }

    /// The file of the best weights; of the latest where nothing was measured. `provenance` goes into its header.
    #[must_use]
    pub fn weights(&self, provenance: &[(&str, String)]) -> Vec<u8> {
        let numbers = self.best.as_ref().map_or(&self.average, |(_, weights)| weights);
        super::file::weights(&self.layout, numbers, provenance)
    }

    /// Crops that make up an epoch: so many steps hold as much music as there is.
    #[must_use]
    pub fn epoch(pieces: &[Piece], batch: usize) -> u32 {
        let music: usize = pieces.iter().map(|p| p.score.len()).sum();
        u32::try_from(music.div_ceil(LENGTH * batch.max(1)).max(1)).unwrap_or(u32::MAX)
    }
}

/// Nats a step of a model, as [`evaluation`](crate::compose::evaluation) counts by the chain rule, with all that
/// is known of the pieces.
fn figures(
    model: &Model,
    pieces: &[Piece],
    seed: u64,
    threads: usize,
    progress: Progress<'_>,
) -> Result<HeldOut, Error> {
    let scores: Vec<_> = pieces.iter().map(|p| p.score.clone()).collect();
    let mut mean = |given, stream: u64, before: usize| {
        let work = |i: usize, score: &crate::compose::Score| {
            let mut random = Random::new(seed, stream << 32 | i as u64);
            Ok(likelihood::in_time_order(model, score, given, &mut random))
        };
        let mut tick = |done: usize| progress(Done { parts: before + done, of: 2 * scores.len() });
        let nats = crate::compose::evaluation::side_by_side(&scores, threads, &work, &mut tick)?;
        let steps = nats.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        Ok::<f64, Error>(nats.iter().flatten().map(|n| n.chain_rule).sum::<f64>() / steps)
    };
    let chronological = mean([false; 4], 0, 0)?;
    let atb_given_s = mean([true, false, false, false], 1, scores.len())?;
    Ok(HeldOut { chronological, atb_given_s })
}
