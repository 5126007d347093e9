//! Whatever lies in a shared bucket: a request that is no request, a file that is no music, and both together
//! neither crash a worker nor keep it longer than it allows.

#![no_main]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use composer::compose::Model;
use composer::jobs::engine::{self, Limits, Wish};
use composer::jobs::job::{Beat, Ending, Fault, Submission};
use libfuzzer_sys::fuzz_target;

static MODEL: OnceLock<Model> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let split = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let (document, input) = bytes.split_at(split);
    let _ = serde_json::from_slice::<Ending>(document);
    let _ = serde_json::from_slice::<Beat>(document);
    let _ = serde_json::from_slice::<Fault>(document);
    let work = serde_json::from_slice::<Submission>(document).map(|s| s.work).unwrap_or_default();
    let limits = Limits { bytes: 1 << 16, notes: 2_000, time: Duration::from_millis(200), ..Limits::default() };
    let model = MODEL.get_or_init(|| Model::chorale().expect("the program's own weights"));
    let started = Instant::now();
    let _ = engine::work(model, input.get(1..).unwrap_or_default(), &work, limits, &mut |_| Wish::GoOn);
    assert!(started.elapsed() < Duration::from_secs(20), "it was not stopped");
});
