//! One pass of the model over 128 sixteenths on one thread: milliseconds, a line a pass, as many as the
//! first number among the arguments says. `training/speed.py` runs it in turns with PyTorch.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)] // a benchmark fails by panicking

use std::hint::black_box;
use std::time::Instant;

use composer::compose::likelihood::logits_in_time_order;
use composer::compose::{Model, Score};

fn main() {
    let passes = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(50);
    let model = Model::chorale().unwrap();
    let pitches: Vec<[i16; 4]> =
        (0..128).map(|t| [67 + t / 4 % 7, 64 - t / 8 % 3, 57 + t / 2 % 4, 48 - t / 16]).collect();
    let score = Score::of_pitches(&pitches);
    for _ in 0..passes {
        let began = Instant::now();
        black_box(logits_in_time_order(&model, black_box(&score)));
        println!("{:.3}", began.elapsed().as_secs_f64() * 1e3);
    }
}
