//! The client's side: submit, look, wait, fetch, cancel, retry, remove.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::claim::end;
use super::engine::Limits;
use super::job::{
    self, Beat, Ending, JOBS, JobId, OPEN, Object, Outcome, REQUEST, Stages, Submission, attributes, sha256,
};
use super::patience::{document, jittered, listing, once, patiently, to_json};
use super::state::{self, Listed, State};
use super::worker::{Pace, scout};
use super::{ABANDONED, Error, Timing};
use crate::compose::request::Request;
use crate::store::{self, Attributes, LARGEST, Limit, Objects, list_all};

pub mod parallel;

/// Calls to the store that a client makes at the same time.
pub const AT_ONCE: usize = 16;

/// What is to be composed.
#[derive(Clone, Debug)]
pub struct Order {
    /// The file's name for people.
    pub name: String,
    /// A Standard MIDI File.
    pub input: Vec<u8>,
    /// What is to be done with it.
    pub work: Request,
    /// How long it is wanted; for good without it.
    pub wanted_for: Option<Duration>,
}

/// A job as its client sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Its name.
    pub id: JobId,
    /// How far it has come.
    pub progress: Progress,
    /// What was submitted; none while it arrives, or where it is of no use.
    pub submission: Option<Submission>,
    /// How long ago it was submitted, by the store's clock.
    pub age: Option<Duration>,
    /// Attempts begun.
    pub attempt: u32,
}

/// How far a job has come, with what its objects say of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum Progress {
    /// Its objects are being sent.
    Arriving,
    /// Waits for a worker.
    Queued,
    /// A worker is at it.
    Running {
        /// From 0 to 1.
        progress: f64,
        /// What it is at.
        stage: job::Stage,
        /// Whether there is a part of a composition already.
        partial: bool,
    },
    /// The worker that is at it has not stopped yet.
    Cancelling,
    /// Over.
    Ended(Ending),
    /// Over, and what says how is of no use.
    Damaged {
        /// What is wrong with it.
        why: String,
    },
}

impl Progress {
    /// In one word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Progress::Arriving => "arriving",
            Progress::Queued => "queued",
            Progress::Running { .. } => "running",
            Progress::Cancelling => "cancelling",
            Progress::Ended(ending) => ending.outcome.name(),
            Progress::Damaged { .. } => "damaged",
        }
    }

    /// Whether nobody works on it any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self, Progress::Ended(_) | Progress::Damaged { .. })
    }

    /// How it ended, if it has, and that can be told.
    #[must_use]
    pub const fn ending(&self) -> Option<&Ending> {
        match self {
            Progress::Ended(ending) => Some(ending),
            _ => None,
        }
    }
}

/// What came of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// Nobody had begun it: it has ended.
    AtOnce,
    /// Its worker sees it at the next beat.
    Soon,
    /// It had ended before.
    TooLate,
}

/// Whether a job lacks its request, and nothing of it was written for so long that none will come.
fn is_lost(listed: &Listed, now: Timestamp) -> bool {
    let quiet = listed.written.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
    listed.state == State::Arriving && quiet.is_some_and(|quiet| quiet >= scout::LOST)
}

/// Someone who wants compositions.
#[derive(Clone, Debug)]
pub struct Client {
    /// The store that workers look at.
    pub store: Arc<dyn Objects>,
    /// What all who use the store agree on.
    pub timing: Timing,
}

impl Client {
    /// The same for calls that end by then, answered or not, where the store can do that.
    #[must_use]
    pub fn until(&self, end: Instant) -> Client {
        self.within(&Limit::until(end))
    }

    /// The same for calls that are given up one by one after this, where the store can do that.
    #[must_use]
    pub fn each_within(&self, longest: Duration) -> Client {
        let limit = Limit::default();
        limit.last_at_most(longest);
        self.within(&limit)
    }

    /// The same for calls that end as a limit says, where the store can do that.
    #[must_use]
    pub fn within(&self, limit: &Limit) -> Client {
        let bounded = self.store.bounded(limit);
        Client { store: bounded.unwrap_or_else(|| Arc::clone(&self.store)), timing: self.timing }
    }

    /// Submits a job. When this returns its name, it is in the store to stay; before, no worker sees it.
    ///
    /// # Errors
    /// When the store does not take it. What was sent of it is not worked on.
    pub fn submit(&self, order: &Order) -> Result<JobId, Error> {
        self.submit_again(order, None)
    }

    fn submit_again(&self, order: &Order, retry_of: Option<JobId>) -> Result<JobId, Error> {
        let (store, id, started) = (&*self.store, JobId::new(), Instant::now());
        let (input, about) = (id.object(Object::INPUT), attributes(id, &order.name, &order.input));
        // Both before the request: a job that is not marked as open would never be looked at.
        let (marked, sent) = std::thread::scope(|scope| {
            let sending = scope.spawn(|| patiently(|| store.put(&input, &order.input, &about)));
            let marked = patiently(|| store.put(&id.open_mark(), b"", &Attributes::default()))
                .and_then(|()| patiently(|| store.head(&id.open_mark())));
            (marked, sending.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        sent?;
        let now = marked?.map_or_else(Timestamp::now, |h| h.modified);
        let deadline = order.wanted_for.and_then(|d| now.checked_add(jiff::SignedDuration::try_from(d).ok()?).ok());
        let submission = Submission {
            schema: REQUEST.to_owned(),
            name: order.name.clone(),
            work: order.work.clone(),
            sha256: sha256(&order.input),
            submitted: now,
            deadline,
            client: concat!("composer ", env!("CARGO_PKG_VERSION")).to_owned(),
            upload_seconds: started.elapsed().as_secs_f64(),
            retry_of,
        };
        once(store, &id.object(Object::REQUEST), &to_json(&submission), &Attributes::default())?;
        Ok(id)
    }

    /// The job of this name, or whose name alone ends so.
    ///
    /// # Errors
    /// When there is none or several, or the store cannot be asked.
    pub fn find(&self, text: &str) -> Result<JobId, Error> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let none = || Error::NoSuchJob { id: text.to_owned() };
        if text.len() < 4 || !text.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-') {
            return Err(none());
        }
        let found: Vec<JobId> =
            self.listed(None)?.into_iter().map(|l| l.id).filter(|id| id.to_string().ends_with(text)).collect();
        match found.as_slice() {
            [] => Err(none()),
            [id] => Ok(*id),
            several => Err(Error::Ambiguous { id: text.to_owned(), count: several.len() }),
        }
    }

    /// Jobs by their names alone, those of the last while or all.
    fn listed(&self, since: Option<Timestamp>) -> Result<Vec<Listed>, Error> {
        let after = since.map(|at| JobId::earliest(at).prefix());
        let (entries, now) = listing(&*self.store, JOBS, after.as_deref())?;
        Ok(state::jobs(&entries, now, self.timing.lease))
    }

    /// Jobs that were submitted since then, or all; the oldest first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn jobs(&self, since: Option<Timestamp>) -> Result<Vec<Status>, Error> {
        let after = since.map(|at| JobId::earliest(at).prefix());
        let (entries, now) = listing(&*self.store, JOBS, after.as_deref())?;
        let mut listed = state::jobs(&entries, now, self.timing.lease);
        let lost: Vec<Listed> = listed.extract_if(.., |l| is_lost(l, now)).collect();
        self.sweep(&lost, &entries);
        parallel::each(&listed, AT_ONCE, |l| self.fill(l, now, true)).into_iter().collect()
    }

    /// Takes away what is left of jobs that will never be complete, such as what a worker wrote as its job was removed.
    /// Who may not do that leaves it to others.
    fn sweep(&self, lost: &[Listed], entries: &[store::Entry]) {
        let is_left = |e: &&store::Entry| lost.iter().any(|l| e.key.as_str().starts_with(&l.id.prefix()));
        let left: Vec<&store::Entry> = entries.iter().filter(is_left).collect();
        let _ = parallel::each(&left, AT_ONCE, |e| self.store.delete(&e.key));
    }

    /// One job.
    ///
    /// # Errors
    /// When there is none, or the store cannot be asked.
    pub fn status(&self, id: JobId) -> Result<Status, Error> {
        let (listed, now) = self.look(id)?;
        self.fill(&listed, now, true)
    }

    fn look(&self, id: JobId) -> Result<(Listed, Timestamp), Error> {
        let (objects, now) = listing(&*self.store, &id.prefix(), None)?;
        if objects.is_empty() {
            return Err(Error::NoSuchJob { id: id.to_string() });
        }
        Ok((state::job(id, &objects, now, self.timing.lease), now))
    }

    /// Reads what the objects of a listed job say.
    fn fill(&self, listed: &Listed, now: Timestamp, with_submission: bool) -> Result<Status, Error> {
        let (id, store) = (listed.id, &*self.store);
        let (progress, attempt) = match listed.state {
            State::Arriving => (Progress::Arriving, 0),
            State::Claimable { attempt } => (Progress::Queued, attempt - 1),
            State::Exhausted { attempt } => (Progress::Queued, attempt),
            State::Cancelled => (Progress::Cancelling, 0),
            State::Cancelling { attempt, .. } => (Progress::Cancelling, attempt),
            State::Running { attempt, .. } => {
                let beat = document::<Beat>(store, &id.object(Object::beat(attempt))).ok().flatten();
                let beat = beat.unwrap_or(Beat { stage: job::Stage::Load, progress: 0.0, partial: false });
                (Progress::Running { progress: beat.progress, stage: beat.stage, partial: beat.partial }, attempt)
            }
            State::Ended => match document::<Ending>(store, &id.object(Object::RESULT)) {
                Ok(Some(ending)) => {
                    let attempt = ending.attempt;
                    (Progress::Ended(ending), attempt)
                }
                Ok(None) => (Progress::Queued, 0),
                Err(Error::Store(e)) if !e.is_of_the_object() => return Err(e.into()),
                Err(e) => (Progress::Damaged { why: e.to_string() }, 0),
            },
        };
        let submission = match with_submission {
            true => document(store, &id.object(Object::REQUEST)).ok().flatten(),
            false => None,
        };
        let age = listed.submitted.map(|at| now.duration_since(at).try_into().unwrap_or_default());
        Ok(Status { id, progress, submission, age, attempt })
    }

    /// Waits until all of these have ended, or `most` has passed, and tells of each change. Answers with how
    /// each ended; those that have not, that are not there any more, or whose end is of no use, are not in there.
    ///
    /// Where nobody else is left to say how a job ended, it says so itself. A store that cannot be reached is waited for.
    ///
    /// # Errors
    /// When the store will not be asked at all.
    pub fn wait(
        &self,
        ids: &[JobId],
        most: Option<Duration>,
        pace: Pace,
        watch: &mut dyn FnMut(&Status) -> ControlFlow<()>,
    ) -> Result<BTreeMap<JobId, Ending>, Error> {
        self.wait_unless(ids, most, pace, watch, (&Limit::default(), &|| false))
    }

    /// Waits as [`Client::wait`] does, unless it is told to stop; calls under way are given up with the limit.
    ///
    /// # Errors
    /// When the store will not be asked at all.
    pub fn wait_unless(
        &self,
        ids: &[JobId],
        most: Option<Duration>,
        pace: Pace,
        watch: &mut dyn FnMut(&Status) -> ControlFlow<()>,
        (limit, stop): (&Limit, &dyn Fn() -> bool),
    ) -> Result<BTreeMap<JobId, Ending>, Error> {
        let started = Instant::now();
        if let Some(end) = most.and_then(|most| started.checked_add(most)) {
            limit.end_by(end);
        }
        let looking = self.within(limit);
        let mut open: Vec<JobId> = ids.to_vec();
        let mut told: BTreeMap<JobId, Progress> = BTreeMap::new();
        let mut ended = BTreeMap::new();
        let mut pause = Duration::ZERO;
        loop {
            let looked = match looking.round(&open) {
                Ok(looked) => Some(looked),
                Err(Error::Store(store::Error::GivenUp { .. })) => return Ok(ended),
                Err(Error::Store(e)) if e.is_passing() => None,
                Err(e) => return Err(e),
            };
            let now = looked.as_ref().map(|(_, now)| *now);
            if let Some((statuses, _)) = looked {
                open.retain(|id| statuses.iter().any(|s| s.id == *id && !s.progress.is_over()));
                for status in statuses {
                    if told.get(&status.id) != Some(&status.progress) {
                        pause = Duration::ZERO;
                        if watch(&status).is_break() {
                            return Ok(ended);
                        }
                        told.insert(status.id, status.progress.clone());
                    }
                    if let Progress::Ended(ending) = status.progress {
                        ended.insert(status.id, ending);
                    }
                }
            }
            if open.is_empty() || stop() {
                return Ok(ended);
            }
            pause = pace.after(pause);
            let left = most.map(|most| most.saturating_sub(started.elapsed()));
            if left == Some(Duration::ZERO) {
                return Ok(ended);
            }
            let rest = jittered(pause).min(left.unwrap_or(Duration::MAX));
            match (now, &open[..]) {
                // One job shows its end itself; that one of several has ended shows among those that are open.
                (Some(now), [id]) => looking.store.await_change(&id.prefix(), now, rest, stop),
                (Some(now), _) => looking.store.await_change(OPEN, now, rest, stop),
                (None, _) => store::rest(rest, stop),
            }
        }
    }

    /// Looks at some jobs once, and says of those that nobody works on any more how they ended. Those that are not
    /// there are not in the answer.
    fn round(&self, ids: &[JobId]) -> Result<(Vec<Status>, Timestamp), Error> {
        let (listed, now) = self.look_at(ids)?;
        let statuses = parallel::each(&listed, AT_ONCE, |l| {
            scout::settle(&*self.store, l)?;
            self.fill(l, now, false)
        });
        Ok((statuses.into_iter().collect::<Result<_, _>>()?, now))
    }

    /// The listed states of some jobs: one by one where they are few, else by a listing from the oldest on.
    fn look_at(&self, ids: &[JobId]) -> Result<(Vec<Listed>, Timestamp), Error> {
        if let [id] = ids {
            let (objects, now) = listing(&*self.store, &id.prefix(), None)?;
            let listed = (!objects.is_empty()).then(|| state::job(*id, &objects, now, self.timing.lease));
            return Ok((listed.into_iter().collect(), now));
        }
        let oldest = ids.iter().min().map(JobId::prefix);
        let (entries, now) = listing(&*self.store, JOBS, oldest.as_deref())?;
        let mut listed = state::jobs(&entries, now, self.timing.lease);
        listed.retain(|l| ids.contains(&l.id));
        Ok((listed, now))
    }

    /// The compositions of a job that has succeeded, the best first.
    ///
    /// # Errors
    /// When it has not, or they cannot be read.
    pub fn fetch(&self, id: JobId) -> Result<Vec<Vec<u8>>, Error> {
        let status = self.status(id)?;
        let ending = match status.progress {
            Progress::Ended(ending) => ending,
            Progress::Damaged { why } => return Err(Error::NoOutput { id, how: format!("is damaged: {why}") }),
            _ => return Err(Error::NotEnded { id }),
        };
        let outputs = match ending.outcome {
            Outcome::Succeeded { outputs } => outputs,
            Outcome::Failed { fault } => return Err(Error::NoOutput { id, how: format!("failed: {}", fault.message) }),
            Outcome::Cancelled => return Err(Error::NoOutput { id, how: "was cancelled".to_owned() }),
        };
        let fetched = parallel::each(&outputs, AT_ONCE, |output| {
            // Only a job's own objects, whatever its result says.
            if !output.key.as_str().starts_with(&id.prefix()) {
                return Err(Error::Document { key: output.key.clone(), why: "it is not the job's".to_owned() });
            }
            for _ in 0..3 {
                match patiently(|| self.store.get(&output.key, LARGEST))? {
                    Some(bytes) if sha256(&bytes) == output.sha256 => return Ok(bytes),
                    _ => {}
                }
            }
            Err(Error::Document { key: output.key.clone(), why: "it is not what the worker wrote".to_owned() })
        });
        fetched.into_iter().collect()
    }

    /// What there is of a composition that is being made: the newest part, and none where there is none.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn partial(&self, id: JobId) -> Result<Option<Vec<u8>>, Error> {
        let (listed, _) = self.look(id)?;
        let Some(attempt) = listed.partial else { return Ok(None) };
        Ok(patiently(|| self.store.get(&id.object(Object::partial(attempt)), LARGEST))?)
    }

    /// Wants a job no more.
    ///
    /// # Errors
    /// When there is none, or the store does not take it.
    pub fn cancel(&self, id: JobId) -> Result<Cancelled, Error> {
        // Of one that is arriving there may be nothing but its mark; should the rest still come, it has ended.
        let listed = match self.look(id) {
            Err(Error::NoSuchJob { .. }) if self.marked(id)?.is_some() => return self.end_cancelled(id),
            looked => looked?.0,
        };
        if listed.state == State::Ended {
            return Ok(Cancelled::TooLate);
        }
        let cancel = id.object(Object::CANCEL);
        patiently(|| self.store.put(&cancel, b"{}", &Attributes::default()))?;
        match self.look(id)?.0.state {
            State::Ended => Ok(Cancelled::TooLate),
            State::Cancelling { .. } => Ok(Cancelled::Soon),
            _ => self.end_cancelled(id),
        }
    }

    fn end_cancelled(&self, id: JobId) -> Result<Cancelled, Error> {
        let ours = end(&*self.store, id, &Ending::new(Outcome::Cancelled, 0, Stages::default()))?;
        Ok(if ours { Cancelled::AtOnce } else { Cancelled::TooLate })
    }

    /// When a job was marked as open, if it is.
    fn marked(&self, id: JobId) -> Result<Option<Timestamp>, Error> {
        Ok(patiently(|| self.store.head(&id.open_mark()))?.map(|h| h.modified))
    }

    /// Submits the same once more, as a new job.
    ///
    /// # Errors
    /// When the job has not ended, its input is gone, or the store does not take the new one.
    pub fn retry(&self, id: JobId) -> Result<JobId, Error> {
        let status = self.status(id)?;
        if !status.progress.is_over() {
            return Err(Error::NotEnded { id });
        }
        let gone = |object| Error::Document { key: id.object(object), why: "it is gone, or broken".to_owned() };
        let submission = status.submission.ok_or_else(|| gone(Object::REQUEST))?;
        let input = patiently(|| self.store.get(&id.object(Object::INPUT), Limits::default().bytes))?;
        let input = input.ok_or_else(|| gone(Object::INPUT))?;
        let order = Order { name: submission.name, input, work: submission.work, wanted_for: None };
        self.submit_again(&order, Some(id))
    }

    /// Takes all objects of a job out of the store.
    ///
    /// # Errors
    /// When it has not ended, unless `force` is given or nothing more of it arrives; or the store does not do it.
    pub fn remove(&self, id: JobId, force: bool) -> Result<(), Error> {
        let (objects, now) = listing(&*self.store, &id.prefix(), None)?;
        let listed = state::job(id, &objects, now, self.timing.lease);
        if listed.state != State::Ended && !force {
            let marked = self.marked(id)?;
            if objects.is_empty() && marked.is_none() {
                return Err(Error::NoSuchJob { id: id.to_string() });
            }
            let quiet = listed.written.max(marked).is_some_and(|at| now.duration_since(at).unsigned_abs() >= ABANDONED);
            if listed.state != State::Arriving || !quiet {
                return Err(Error::NotEnded { id });
            }
        } else if objects.is_empty() && self.marked(id)?.is_none() {
            return Err(Error::NoSuchJob { id: id.to_string() });
        }
        // Without its request it is no job any more, and a worker that is at it stops.
        patiently(|| self.store.delete(&id.object(Object::REQUEST)))?;
        patiently(|| self.store.delete(&id.open_mark()))?;
        let (objects, _) = patiently(|| list_all(&*self.store, &id.prefix(), None))?;
        let deleted = parallel::each(&objects, AT_ONCE, |e| patiently(|| self.store.delete(&e.key)));
        Ok(deleted.into_iter().collect::<Result<(), _>>()?)
    }
}
