//! The work itself: bytes and a request in, bytes out, within bounds that hold for whatever the bytes are.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::job::{Class, Fault};
use crate::compose::arrange::{self, Failed, Pass};
use crate::compose::request::Request;
use crate::compose::{self, Model};
use crate::music::smf;

/// What a job may ask of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of input.
    pub bytes: u64,
    /// Notes in it.
    pub notes: usize,
    /// Time for it.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 2 << 20, notes: 20_000, time: Duration::from_secs(600) }
    }
}

/// How a piece of work ended.
#[derive(Debug)]
pub enum Done {
    /// With compositions as Standard MIDI Files, the best first.
    Composed(Vec<Vec<u8>>),
    /// Without.
    Failed(Fault),
    /// It was told to stop.
    Stopped,
}

/// What is told while it works: a share from 0 to 1, and for the asking the composition so far.
pub type Watch<'a> = &'a mut dyn FnMut(f64, &Pass<'_>) -> ControlFlow<()>;

/// Composes. Neither what is in the input nor a fault of the program goes further than the answer.
pub fn work(model: &Model, input: &[u8], request: &Request, limits: Limits, watch: Watch<'_>) -> Done {
    let worked = catch_unwind(AssertUnwindSafe(|| compose(model, input, request, limits, watch)));
    worked.unwrap_or_else(|_| fault(Class::Internal, "the program failed on this input; please report it"))
}

fn fault(class: Class, message: impl Into<String>) -> Done {
    Done::Failed(Fault { class, message: message.into() })
}

fn compose(model: &Model, input: &[u8], request: &Request, limits: Limits, watch: Watch<'_>) -> Done {
    if input.len() as u64 > limits.bytes {
        return fault(Class::Input, format!("the file is larger than {} bytes", limits.bytes));
    }
    let reading = match smf::read(input) {
        Ok(reading) => reading,
        Err(e) => return fault(Class::Input, e.to_string()),
    };
    let notes = reading.composition.note_count();
    if notes > limits.notes {
        return fault(Class::Input, format!("there are {notes} notes in it; a job may have {}", limits.notes));
    }
    let (started, mut late) = (Instant::now(), false);
    let mut inner = |pass: &Pass<'_>| {
        if started.elapsed() > limits.time {
            late = true;
            return ControlFlow::Break(());
        }
        watch(pass.done.parts as f64 / pass.done.of.max(1) as f64, pass)
    };
    let composed = arrange::compose(model, &reading.composition, request, &mut inner);
    match composed {
        Ok(variations) => {
            let files = variations.iter().map(|v| smf::write(&v.composition)).collect::<Result<_, _>>();
            files.map_or_else(|e| fault(Class::Input, e.to_string()), Done::Composed)
        }
        Err(Failed::Model(compose::Error::Cancelled)) if late => {
            fault(Class::Input, format!("it was not done after {} s", limits.time.as_secs()))
        }
        Err(Failed::Model(compose::Error::Cancelled)) => Done::Stopped,
        Err(Failed::Model(e)) => fault(Class::Internal, e.to_string()),
        Err(e) => fault(Class::Input, e.to_string()),
    }
}
