//! A worker as a Lambda function: AWS calls it with what came into a queue, and pays for its computer by the
//! second.
//!
//! Feature `lambda`. The runtime's protocol is `lambda_runtime`'s, which is known here and nowhere else; what a
//! message means is [`queue`]'s.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use lambda_runtime::{LambdaEvent, service_fn};

use super::Timing;
use super::engine::{Engine, Limits};
use super::queue::{self, Answer, Batch, Part};
use super::worker::{Pace, Stop, Told, Worker};
use crate::compose::Model;
use crate::store::s3::{Access, Bucket};
use crate::store::{Address, Objects};

/// What remains to write a result when composing has used up its time.
const TO_WRITE: Duration = Duration::from_secs(10);

/// Why there is no function.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A variable of the function's environment is not as it should be.
    #[error("the variable {variable} {why}; deploy/template.yaml sets it")]
    Variable {
        /// Which.
        variable: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The weights in the program, or the store.
    #[error("{0}")]
    Start(String),
}

fn variable(variable: &'static str) -> Result<Option<String>, Error> {
    match std::env::var(variable) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(e) => Err(Error::Variable { variable, why: e.to_string() }),
    }
}

/// The worker that the environment describes: `COMPOSER_STORE` is the bucket, `COMPOSER_LEASE` the seconds of a
/// lease where they are not the usual ones, and `COMPOSER_PART` is `bury` for the consumer of dead letters.
fn prepare() -> Result<(Worker, Part), Error> {
    let wrong = |variable: &'static str, why: String| Error::Variable { variable, why };
    let store = variable("COMPOSER_STORE")?.ok_or_else(|| wrong("COMPOSER_STORE", "is not there".to_owned()))?;
    let Ok(Address::Bucket { bucket, prefix }) = store.parse() else {
        return Err(wrong("COMPOSER_STORE", format!("is {store:?}, not s3://bucket/prefix")));
    };
    let timing = match variable("COMPOSER_LEASE")? {
        None => Timing::default(),
        Some(text) => {
            let seconds = text.parse().ok().filter(|s| (1..=3600).contains(s));
            let lease =
                seconds.ok_or_else(|| wrong("COMPOSER_LEASE", format!("is {text:?}, not 1 to 3600 seconds")))?;
            Timing { lease: Duration::from_secs(lease) }
        }
    };
    let part = match variable("COMPOSER_PART")?.as_deref() {
        None | Some("work") => Part::Work,
        Some("bury") => Part::Bury,
        Some(other) => return Err(wrong("COMPOSER_PART", format!("is {other:?}, not \"work\" or \"bury\""))),
    };
    let access = Access { endpoint_url: variable("AWS_ENDPOINT_URL")?, ..Access::default() };
    let bucket = Bucket::open(&bucket, &prefix, &access).map_err(|e| Error::Start(e.to_string()))?;
    let model = Model::chorale().map_err(|e| Error::Start(e.to_string()))?;
    let worker = Worker {
        store: Arc::new(bucket) as Arc<dyn Objects>,
        timing,
        limits: Limits::default(),
        pace: Pace::NEAR,
        owner: "lambda".to_owned(),
        // The function's own limits end what hangs, and its own computer dies of what takes too much memory.
        engine: Engine::Here(Box::new(model)),
    };
    Ok((worker, part))
}

/// Works until AWS ends it.
///
/// # Errors
/// When it cannot begin, or the runtime does not answer.
pub fn run() -> Result<(), Error> {
    let (worker, part) = prepare()?;
    let worker = Arc::new(Mutex::new(worker));
    let start = |e: &dyn std::fmt::Display| Error::Start(e.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| start(&e))?;
    let handler = service_fn(|event: LambdaEvent<Batch>| {
        let worker = Arc::clone(&worker);
        async move {
            let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
            let worked = tokio::task::spawn_blocking(move || {
                let mut worker = worker.lock().unwrap_or_else(PoisonError::into_inner);
                answer(&mut worker, part, &event.payload, left)
            })
            .await;
            worked.map_err(|e| e.to_string())
        }
    });
    runtime.block_on(lambda_runtime::run(handler)).map_err(|e| start(&e))
}

/// Works on a batch for no longer than there is time.
fn answer(worker: &mut Worker, part: Part, batch: &Batch, left: Duration) -> Answer {
    // What one job may take, so that all of a batch are done, and their ends written, before the function is ended.
    let each = left.saturating_sub(TO_WRITE) / u32::try_from(batch.records.len().max(1)).unwrap_or(u32::MAX);
    worker.limits.time = each.min(Limits::default().time);
    queue::handle(worker, part, batch, &Stop::default(), &log)
}

/// A line for the function's log.
fn log(told: Told) {
    let line = match told {
        Told::Claimed { id, attempt } => format!("{id} claimed, attempt {attempt}"),
        Told::Ended { id, how, seconds } => format!("{id} {how}, {seconds:.3} s"),
        Told::Left { id, why } => format!("{id} left: {why}"),
        Told::Trouble(e) => format!("trouble: {e}"),
    };
    let _ = std::io::Write::write_all(&mut std::io::stderr(), (line + "\n").as_bytes());
}
