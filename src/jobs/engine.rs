//! The work itself: bytes and a request in, bytes out, within bounds that hold for whatever the bytes are.
//!
//! - [`apart`]: in a process of its own, as workers do it.
//! - [`hand`]: that process.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::job::{Class, Fault};
use crate::compose::arrange::{self, Failed, Pass};
use crate::compose::request::Request;
use crate::compose::{self, Model};
use crate::music::smf;

pub mod apart;
mod frame;
pub mod hand;

pub use apart::Apart;

/// What a job may ask of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of input.
    pub bytes: u64,
    /// Notes in it.
    pub notes: usize,
    /// Time for it.
    pub time: Duration,
    /// Bytes of memory, where it is made in a process of its own.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 2 << 20, notes: 20_000, time: Duration::from_secs(600), memory: 1 << 30 }
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

/// What is told while it works.
#[derive(Debug)]
pub enum Heard {
    /// The share that is done, from 0 to 1.
    Share(f64),
    /// The composition so far, as a Standard MIDI File: it was wished for.
    Partial(Vec<u8>),
}

/// What is wished for then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    GoOn,
    /// To hear the composition so far.
    Show,
    /// An end.
    Stop,
}

/// Who is told.
pub type Watch<'a> = &'a mut dyn FnMut(Heard) -> Wish;

/// Where work is done.
#[derive(Debug)]
pub enum Engine {
    /// In this process. An input that makes the program hang or die does so here.
    Here(Box<Model>),
    /// In processes of their own.
    Apart(Apart),
}

impl Engine {
    /// Composes. Whatever comes of it is in the answer.
    pub fn work(&self, input: &[u8], request: &Request, limits: Limits, watch: Watch<'_>) -> Done {
        match self {
            Engine::Here(model) => work(model, input, request, limits, watch),
            Engine::Apart(apart) => apart.work(input, request, limits, watch),
        }
    }
}

/// Composes in this process. Neither what is in the input nor a panic goes further than the answer.
pub fn work(model: &Model, input: &[u8], request: &Request, limits: Limits, watch: Watch<'_>) -> Done {
    let worked = catch_unwind(AssertUnwindSafe(|| compose(model, input, request, limits, watch)));
    worked.unwrap_or_else(|_| fault(Class::Internal, "the program failed on this input; please report it"))
}

fn fault(class: Class, message: impl Into<String>) -> Done {
    Done::Failed(Fault { class, message: message.into() })
}

fn too_late(limits: Limits) -> String {
    format!("it was not done after {} s", limits.time.as_secs_f64())
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
        let mut wish = watch(Heard::Share(pass.done.parts as f64 / pass.done.of.max(1) as f64));
        if let (Wish::Show, Ok(file)) = (wish, smf::write(&pass.so_far())) {
            wish = watch(Heard::Partial(file));
        }
        if wish == Wish::Stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let composed = arrange::compose(model, &reading.composition, request, &mut inner);
    match composed {
        Ok(variations) => {
            let files = variations.iter().map(|v| smf::write(&v.composition)).collect::<Result<_, _>>();
            files.map_or_else(|e| fault(Class::Input, e.to_string()), Done::Composed)
        }
        Err(Failed::Model(compose::Error::Cancelled)) if late => fault(Class::Input, too_late(limits)),
        Err(Failed::Model(compose::Error::Cancelled)) => Done::Stopped,
        Err(Failed::Model(e)) => fault(Class::Internal, e.to_string()),
        Err(e) => fault(Class::Input, e.to_string()),
    }
}
