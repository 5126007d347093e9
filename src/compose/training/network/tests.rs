//! The way forth against the program's own, the way back against differences.

use super::*;
use crate::compose::likelihood::{causal_bases, everywhere_bases, sorted_bases};
use crate::compose::model::Model;
use crate::compose::random::Random;
use crate::compose::score::{Attack, Cell, Place, Score, Step};
use crate::compose::training::layout::{Shape, Tensor};
use crate::compose::training::lesson::{Forgetting, LEFT, LENGTH, RIGHT, Way};
use crate::compose::training::pieces::Piece;

const SHIPPED: &[u8] = include_bytes!("../../../../assets/models/chorale.safetensors");

/// A piece with all that can be known of one.
fn piece() -> Piece {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("../../../../tests/data/compose-parity.json")).unwrap();
    let pitches: Vec<[i16; 4]> = serde_json::from_value(json["pitches"].clone()).unwrap();
    let mut score = Score::of_pitches(&pitches.iter().cycle().take(LENGTH).copied().collect::<Vec<_>>());
    for t in 0..LENGTH {
        for v in 0..4 {
            let same = t > 0 && score.steps[t][v].symbol == score.steps[t - 1][v].symbol;
            score.steps[t][v].attack = if same && t % 8 > 0 { Attack::Held } else { Attack::Struck };
        }
        let fermata = 1 + u8::from(t % 32 > 27);
        score.places[t] = Place { beat: (t % 4) as u8, bar: (t % 16) as u8 + 1, bar_length: 4, fermata };
    }
    Piece::new("parity", score)
}

fn lesson(way: Way, given: &[u8]) -> Lesson {
    Lesson::of(&piece(), 0, 0, way, given, Forgetting::Nothing, Random::new(5, 0))
}

fn compare(model: &Model, network: &Network<'_>, lesson: &Lesson, theirs: &[f32]) {
    let d = model.width;
    let (_, z) = network.forth(lesson);
    let worst = z.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-3, "the trunk differs by {worst}");
    let bases = network.bases(lesson, &z);
    for (v, questions) in lesson.questions.iter().enumerate() {
        for question in questions.iter().step_by(11) {
            let (t, asked) = (question.step, [(question.step, question.told)]);
            let ours = network.logits(v, &network.ask(lesson, &bases, v, &asked));
            let mut base = theirs[t * d..][..d].to_vec();
            for w in 0..4 {
                if lesson.given[t] >> w & 1 == 1 {
                    model.tell_attack(&mut base, w, lesson.truth[t][w]);
                }
                if question.told >> w & 1 == 1 {
                    model.tell(&mut base, w, lesson.truth[t][w]);
                }
            }
            for (a, b) in ours.iter().zip(&model.ask(&base, v)[0]) {
                assert!((a - b).abs() < 1e-3, "voice {v}, step {t}: {a} {b}");
            }
        }
    }
}

#[test]
fn logits_are_those_that_the_program_composes_with() {
    let model = Model::read(SHIPPED).unwrap();
    let (layout, weights) = Layout::read(SHIPPED).unwrap();
    let network = Network::new(&layout, &weights, 0.0);
    let score = piece().score;

    let soprano = lesson(Way::InTime, &[0b0001; LEFT + LENGTH + RIGHT]);
    compare(&model, &network, &soprano, &causal_bases(&model, &score, [true, false, false, false]));

    let known = |t: usize| !t.is_multiple_of(3);
    let given: Vec<u8> = (0..LEFT + LENGTH + RIGHT)
        .map(|w| if !(LEFT..LEFT + LENGTH).contains(&w) || known(w - LEFT) { 0b1111 } else { 0 })
        .collect();
    let seen = |t: isize| -> Step {
        let hidden = usize::try_from(t).is_ok_and(|t| t < LENGTH && !known(t));
        if hidden { [Cell::HIDDEN; 4] } else { score.step(t) }
    };
    let theirs = everywhere_bases(&model, 0..LENGTH, |t| score.places[t], |t| score.fermata(t), seen);
    compare(&model, &network, &lesson(Way::Everywhere, &given), &theirs);
}

/// Every step has its own rank, as in a shuffle.
fn ranks() -> Vec<usize> {
    (0..LENGTH).map(|t| t * 37 % LENGTH).collect()
}

fn sorted() -> Way {
    let inside = ranks().into_iter().map(|r| r + 1);
    Way::Sorted([0; LEFT].into_iter().chain(inside).chain([0; RIGHT]).collect())
}

#[test]
fn logits_of_sorted_steps_are_the_programs_too() {
    let layout = Layout::new(Shape::TINY);
    let file = crate::compose::training::file::weights(&layout, &layout.begin(4), &[]);
    let model = Model::read(&file).unwrap();
    let (layout, weights) = Layout::read(&file).unwrap();
    let theirs = sorted_bases(&model, &piece().score, &ranks(), 0..LENGTH);
    let lesson = lesson(sorted(), &[0; LEFT + LENGTH + RIGHT]);
    compare(&model, &Network::new(&layout, &weights, 0.0), &lesson, &theirs);
}

#[test]
fn gradients_are_what_differences_say() {
    let layout = Layout::new(Shape::TINY);
    let mut random = Random::new(9, 1);
    // Nothing may stand at the zero that a new model begins with.
    let mut noise = |size: f32| (random.unit() - 0.5) * size;
    let weights: Vec<f32> = layout.begin(1).iter().map(|w| w + noise(0.3)).collect();
    // Sorted steps and some dropped on the way: every tensor. In time and everywhere: some.
    for (way, given, dropout, every) in
        [(sorted(), 0b0100, 0.2, 1), (Way::InTime, 0b0001, 0.0, 7), (Way::Everywhere, 0b1000, 0.0, 9)]
    {
        let lesson = lesson(way, &[given; LEFT + LENGTH + RIGHT]);
        let (pitch, again) = lesson.weights();
        let weighting = Weighting { pitch: 1.0 / pitch as f32, again: 1.0 / again as f32 };
        let loss = |weights: &[f32], gradient: &mut [f32]| {
            let surprise = Network::new(&layout, weights, dropout).learn(&lesson, weighting, gradient);
            surprise.pitch * f64::from(weighting.pitch) + surprise.again * f64::from(weighting.again)
        };
        let mut gradient = vec![0.0; layout.total];
        loss(&weights, &mut gradient);
        let mut scratch = gradient.clone();
        let moded = |t: &&Tensor| t.name != "mode" || every > 1;
        for tensor in layout.tensors.iter().filter(moded).step_by(every) {
            // Along the gradient itself the difference is largest beside what rounding does.
            let along = tensor.span.of(&gradient);
            let length = along.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
            assert!(length > 1e-6, "{}: no gradient", tensor.name);
            let mut at = |epsilon: f64| {
                let mut moved = weights.clone();
                for (w, g) in tensor.span.of_mut(&mut moved).iter_mut().zip(along) {
                    *w += (epsilon * f64::from(*g) / length) as f32;
                }
                loss(&moved, &mut scratch)
            };
            let slope = (at(2e-3) - at(-2e-3)) / 4e-3;
            let error = (slope - length).abs();
            assert!(error < 0.02 * length + 2e-4, "{}: gradient {length}, difference {slope}", tensor.name);
        }
    }
}
