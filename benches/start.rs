//! How soon composer answers: `composer --help` in under 10 ms, `composer devices` in under 50 ms on a quiet machine.
//! Beside them stands what the machine needs to start any program at all. `cargo bench --bench start`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark prints, and fails loudly

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 50;

/// The time from the start of a program to its end, the shortest first.
fn times(program: &str, args: &[&str]) -> Vec<Duration> {
    let run = || {
        let start = Instant::now();
        let status =
            Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.map(|_| start.elapsed())
    };
    // The first runs bring the program and its libraries into memory.
    let _ = (run(), run());
    let mut times: Vec<Duration> = (0..RUNS).filter_map(|_| run().ok()).collect();
    times.sort();
    times
}

fn main() -> ExitCode {
    let composer = env!("CARGO_BIN_EXE_composer");
    let cases: [(&str, &[&str], Option<u64>); 4] = [
        ("true", &[], None),
        (composer, &["--help"], Some(10)),
        (composer, &["devices"], Some(50)),
        (composer, &["devices", "--json"], Some(50)),
    ];
    let mut outcome = ExitCode::SUCCESS;
    println!("{:24} {:>9} {:>9} {:>9}   (of {RUNS} runs)", "", "shortest", "median", "longest");
    for (program, args, limit) in cases {
        let times = times(program, args);
        let name = format!("{} {}", if program == composer { "composer" } else { program }, args.join(" "));
        let (Some(shortest), Some(median), Some(longest)) = (times.first(), times.get(times.len() / 2), times.last())
        else {
            println!("{name:24} could not be run");
            continue;
        };
        let ms = |d: &Duration| format!("{:.1} ms", d.as_secs_f64() * 1e3);
        print!("{name:24} {:>9} {:>9} {:>9}", ms(shortest), ms(median), ms(longest));
        match limit {
            Some(limit) if *median > Duration::from_millis(limit) => {
                outcome = ExitCode::FAILURE;
                println!("   MISSED: to be under {limit} ms");
            }
            Some(limit) => println!("   under {limit} ms"),
            None => println!(),
        }
    }
    outcome
}
