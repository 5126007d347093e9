//! One attempt at one job: claim it, compose while a second thread says that we are alive, and end it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::scout::Prepared;
use super::{Stop, Teller, Told, Worker};
use crate::jobs::Error;
use crate::jobs::claim::{claim, end};
use crate::jobs::engine::{Done, Heard, Wish};
use crate::jobs::job::{
    Beat, Class, Ending, Fault, JobId, Object, Outcome, Output, Stage, Stages, Submission, attributes, sha256,
};
use crate::jobs::patience::{jittered, listing, patiently, to_json};
use crate::jobs::state::{self, State};
use crate::store::{Attributes, Objects};

/// Who says that sending took longer than a day has sent something else as well.
const LONGEST_UPLOAD: f64 = 86_400.0;
/// Why an attempt came to nothing that nobody wants to know of any more.
const REMOVED: &str = "it was removed";
/// A job that was looked at longer ago is looked at once more before it is claimed.
const STALE: Duration = Duration::from_secs(1);

/// Why a composition is given up in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Quit {
    /// It is not.
    No = 0,
    /// The client wants it no more.
    Cancelled,
    /// It has ended without us, or was removed.
    Lost,
}

/// What the composing thread and the one that says that it is alive tell each other.
struct Pulse {
    /// [`Quit`].
    quit: AtomicU8,
    /// The share that is done, as the bits of an `f64`.
    progress: AtomicU64,
    /// Whether a partial composition is asked for.
    asked: AtomicBool,
    partial: Mutex<Option<Vec<u8>>>,
    over: Mutex<bool>,
    ended: Condvar,
}

impl Pulse {
    fn new() -> Pulse {
        Pulse {
            quit: AtomicU8::new(Quit::No as u8),
            progress: AtomicU64::new(0),
            // The first beat has something to show already.
            asked: AtomicBool::new(true),
            partial: Mutex::new(None),
            over: Mutex::new(false),
            ended: Condvar::new(),
        }
    }

    fn quit(&self) -> Quit {
        match self.quit.load(Ordering::Acquire) {
            1 => Quit::Cancelled,
            2 => Quit::Lost,
            _ => Quit::No,
        }
    }

    fn end(&self) {
        *self.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.notify_all();
    }

    /// Waits until it is over, for a while; answers whether it is.
    fn is_over(&self, most: Duration) -> bool {
        let over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(over, most, |over| !*over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) enum Made {
    /// The job has ended with it.
    Ended,
    /// It has not.
    Left,
    /// The store did not take what was written.
    Refused(Error),
}

/// Makes an attempt.
pub(super) fn make(worker: &Worker, job: Prepared, stop: &Stop, teller: Teller<'_>) -> Made {
    match attempt(worker, job, stop, teller) {
        Ok(true) => Made::Ended,
        Ok(false) => Made::Left,
        Err(e) => Made::Refused(e),
    }
}

fn attempt(worker: &Worker, job: Prepared, stop: &Stop, teller: Teller<'_>) -> Result<bool, Error> {
    let (id, number, store) = (job.id, job.attempt, &*worker.store);
    let claiming = Instant::now();
    if job.looked.elapsed() > STALE {
        let (objects, now) = listing(store, &id.prefix(), None)?;
        if state::job(id, &objects, now.max(job.judged), worker.timing.lease).state
            != (State::Claimable { attempt: number })
        {
            return Ok(false);
        }
    }
    if stop.wanted() || !claim(store, id, number, &worker.owner)? {
        return Ok(false);
    }
    teller(Told::Claimed { id, attempt: number });
    let begun = Instant::now();
    let mut stages = Stages {
        upload: job.submission.upload_seconds.clamp(0.0, LONGEST_UPLOAD),
        queue: (job.queued + (claiming - job.looked).saturating_sub(job.fetched_in)).as_secs_f64(),
        claim: (begun - claiming).as_secs_f64(),
        load: job.fetched_in.as_secs_f64(),
        ..Stages::default()
    };
    let deadline = job.submission.deadline.map(|d| {
        let left = Duration::try_from(d.duration_since(job.now)).unwrap_or_default();
        job.looked + left
    });
    let pulse = Pulse::new();
    let (mut late, mut given_back) = (false, false);
    let done = std::thread::scope(|scope| {
        scope.spawn(|| beat(worker, id, number, &pulse));
        let done = worker.engine.work(&job.input, &job.submission.work, worker.limits, &mut |heard| {
            match heard {
                Heard::Share(share) => pulse.progress.store(share.to_bits(), Ordering::Relaxed),
                Heard::Partial(file) => *pulse.partial.lock().unwrap_or_else(PoisonError::into_inner) = Some(file),
            }
            late = deadline.is_some_and(|d| Instant::now() > d);
            given_back = stop.released();
            match () {
                () if late || given_back || pulse.quit() != Quit::No => Wish::Stop,
                () if pulse.asked.swap(false, Ordering::AcqRel) => Wish::Show,
                () => Wish::GoOn,
            }
        });
        pulse.end();
        done
    });
    stages.inference = begun.elapsed().as_secs_f64();
    let writing = Instant::now();
    let outcome = match done {
        Done::Composed(files) => {
            let outputs = write(store, id, number, &job.submission, &files)?;
            Outcome::Succeeded { outputs }
        }
        Done::Failed(fault) if fault.class == Class::Input => Outcome::Failed { fault },
        Done::Failed(fault) => {
            leave(store, id, Object::error(number), &to_json(&fault))?;
            let removed = is_removed(store, id)?;
            teller(Told::Left { id, why: if removed { REMOVED.to_owned() } else { fault.message } });
            return Ok(false);
        }
        Done::Stopped if pulse.quit() == Quit::Cancelled => Outcome::Cancelled,
        Done::Stopped if late => {
            let message = "it was not done before nobody waited any more".to_owned();
            Outcome::Failed { fault: Fault { class: Class::Deadline, message } }
        }
        Done::Stopped if given_back => {
            leave(store, id, Object::released(number), b"{}")?;
            let why = if is_removed(store, id)? { REMOVED } else { "given back" };
            teller(Told::Left { id, why: why.to_owned() });
            return Ok(false);
        }
        Done::Stopped => {
            let why = if is_removed(store, id)? { REMOVED } else { "it has ended without us" };
            teller(Told::Left { id, why: why.to_owned() });
            return Ok(false);
        }
    };
    stages.write = writing.elapsed().as_secs_f64();
    let how = outcome.told();
    if !end(store, id, &Ending::new(outcome, number, stages))? {
        teller(Told::Left { id, why: "it has ended without us".to_owned() });
        return Ok(false);
    }
    if is_removed(store, id)? {
        teller(Told::Left { id, why: REMOVED.to_owned() });
        return Ok(false);
    }
    teller(Told::Ended { id, how, seconds: begun.elapsed().as_secs_f64() });
    Ok(true)
}

/// Whether a job was taken out of the store, its request first; what was written of it since is taken out as well.
fn is_removed(store: &dyn Objects, id: JobId) -> Result<bool, Error> {
    if patiently(|| store.head(&id.object(Object::REQUEST)))?.is_some() {
        return Ok(false);
    }
    let (left, _) = listing(store, &id.prefix(), None)?;
    for entry in left {
        patiently(|| store.delete(&entry.key))?;
    }
    Ok(true)
}

/// Says why an attempt is over without an end of the job.
fn leave(store: &dyn Objects, id: JobId, object: Object, body: &[u8]) -> Result<(), Error> {
    let key = id.object(object);
    Ok(patiently(|| store.put(&key, body, &Attributes::default()))?)
}

fn write(
    store: &dyn Objects,
    id: JobId,
    number: u32,
    submission: &Submission,
    files: &[Vec<u8>],
) -> Result<Vec<Output>, Error> {
    let mut outputs = Vec::new();
    for (variation, file) in files.iter().enumerate() {
        let key = id.object(Object::output(number, variation));
        let attributes = attributes(id, &submission.name, file);
        patiently(|| store.put(&key, file, &attributes))?;
        outputs.push(Output { key, sha256: sha256(file) });
    }
    Ok(outputs)
}

/// Says that we are alive, and sees whether we are still wanted, until the attempt is over.
fn beat(worker: &Worker, id: JobId, number: u32, pulse: &Pulse) {
    let store = &*worker.store;
    let mut partial = false;
    while !pulse.is_over(jittered(worker.timing.beat())) {
        // Where the store cannot say, it is taken to be there.
        if is_removed(store, id).unwrap_or(false) {
            pulse.quit.store(Quit::Lost as u8, Ordering::Release);
            continue;
        }
        let so_far = pulse.partial.lock().unwrap_or_else(PoisonError::into_inner).take();
        pulse.asked.store(true, Ordering::Release);
        // A beat that fails is followed by another; if none arrives, the lease runs out as it should.
        if let Some(so_far) = so_far {
            partial |= store.put(&id.object(Object::partial(number)), &so_far, &Attributes::default()).is_ok();
        }
        let progress = f64::from_bits(pulse.progress.load(Ordering::Relaxed));
        let alive = Beat { stage: Stage::Inference, progress, partial };
        let _ = store.put(&id.object(Object::beat(number)), &to_json(&alive), &Attributes::default());
        let Ok((objects, now)) = listing(store, &id.prefix(), None) else { continue };
        let quit = match state::job(id, &objects, now, worker.timing.lease).state {
            State::Cancelling { .. } | State::Cancelled => Quit::Cancelled,
            State::Ended | State::Arriving => Quit::Lost,
            _ => continue,
        };
        if quit == Quit::Lost {
            let _ = is_removed(store, id);
        }
        pulse.quit.store(quit as u8, Ordering::Release);
    }
}
