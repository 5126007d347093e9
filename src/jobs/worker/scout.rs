//! Finds the next job and fetches its input, while others compute. Settles on its way what only remains to be said.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Worker;
use crate::jobs::claim::{close, end};
use crate::jobs::job::{Class, Ending, Fault, JobId, OPEN, Object, Outcome, REQUEST, Stages, Submission, sha256};
use crate::jobs::patience::{document, listing, patiently};
use crate::jobs::state::{self, Listed, State};
use crate::jobs::{ABANDONED, Error, MOST_ATTEMPTS};
use crate::store::{self, Listing};

/// Workers that look at the same time choose among so many jobs, so that they seldom choose the same.
const CHOICE: usize = 8;
/// A job that another works on is looked at again after this at the latest: it may have been given back.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// A job that was marked so lately may be complete any moment.
const ARRIVES_IN: Duration = Duration::from_secs(5);
/// A job whose request has not come by then will not come.
pub(super) const LOST: Duration = Duration::from_secs(3600);

/// A job that can be claimed, with all that is needed to work on it.
#[derive(Debug)]
pub struct Prepared {
    /// Its name.
    pub id: JobId,
    /// The attempt to claim.
    pub attempt: u32,
    /// What is to be done.
    pub submission: Submission,
    /// With what.
    pub input: Vec<u8>,
    /// From submission to the look, by the store's clock.
    pub queued: Duration,
    /// The store's clock at that look.
    pub now: Timestamp,
    /// When that was.
    pub looked: Instant,
    /// How long fetching took.
    pub fetched_in: Duration,
}

/// What a search came to.
#[derive(Debug)]
pub enum Found {
    /// A job.
    Job(Box<Prepared>),
    /// Something else that had to be done; it is worth looking again at once.
    Settled,
    /// Jobs that others work on, and no more.
    NothingNow,
    /// Every job has ended, but for such as do not go on arriving.
    NothingOpen,
}

/// Looks for jobs.
#[derive(Debug)]
pub struct Scout<'a> {
    worker: &'a Worker,
    /// Open jobs of the last listing that were not looked at yet, the newest first.
    open: Vec<(JobId, Duration)>,
    /// When to look again at those that others work on.
    later: HashMap<JobId, Instant>,
    /// The store's clock at the last listing.
    listed: Option<Timestamp>,
    /// Whether a job was arriving when it was looked at.
    arriving: bool,
    /// All open jobs of the last listing; none where there were more than it told.
    all: Option<Vec<JobId>>,
    /// Those that were arriving, and of which nothing had come for long.
    abandoned: HashSet<JobId>,
}

impl<'a> Scout<'a> {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(worker: &'a Worker) -> Scout<'a> {
        Scout {
            worker,
            open: Vec::new(),
            later: HashMap::new(),
            listed: None,
            arriving: false,
            all: None,
            abandoned: HashSet::new(),
        }
    }

    /// Looks for a job that can be claimed.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn find(&mut self) -> Result<Found, Error> {
        if self.open.is_empty() && self.list()? == 0 {
            return Ok(Found::NothingOpen);
        }
        while !self.open.is_empty() {
            let near = self.open.len().min(CHOICE);
            let random = uuid::Uuid::new_v4().as_u128() as usize;
            let (id, age) = self.open.remove(self.open.len() - 1 - random % near);
            match self.look(id, age)? {
                Found::NothingNow | Found::NothingOpen => {}
                found => return Ok(found),
            }
        }
        match &self.all {
            Some(all) if all.iter().all(|id| self.abandoned.contains(id)) => Ok(Found::NothingOpen),
            _ => Ok(Found::NothingNow),
        }
    }

    /// Whether a job is on its way: what it still lacks is no change among the marks, and so nobody is told of it.
    pub fn expects(&mut self) -> bool {
        std::mem::take(&mut self.arriving)
    }

    /// Waits until there may be more to find than the last time: for `most` at the longest, or until there is `enough`.
    pub fn pause(&self, most: Duration, enough: &dyn Fn() -> bool) {
        match self.listed {
            Some(since) => self.worker.store.await_change(OPEN, since, most, enough),
            None => store::rest(most, enough),
        }
    }

    /// Lists open jobs; answers how many there are.
    fn list(&mut self) -> Result<usize, Error> {
        let page = patiently(|| self.worker.store.list(&Listing::of(OPEN)))?;
        let marks = page.entries.iter().filter_map(|e| {
            let id: JobId = e.key.as_str().strip_prefix(OPEN)?.parse().ok()?;
            let age = Duration::try_from(page.now.duration_since(e.modified)).unwrap_or_default();
            Some((id, age))
        });
        let open: Vec<(JobId, Duration)> = marks.collect();
        self.listed = Some(page.now);
        let now = Instant::now();
        self.later.retain(|_, at| *at > now);
        let all: Vec<JobId> = open.iter().map(|(id, _)| *id).collect();
        self.abandoned.retain(|id| all.contains(id));
        self.all = (!page.more).then_some(all);
        self.open = open.iter().rev().filter(|(id, _)| !self.later.contains_key(id)).copied().collect();
        Ok(open.len())
    }

    pub(super) fn look(&mut self, id: JobId, age: Duration) -> Result<Found, Error> {
        let (worker, store) = (self.worker, &*self.worker.store);
        let (objects, now) = listing(store, &id.prefix(), None)?;
        let looked = Instant::now();
        let listed = state::job(id, &objects, now, worker.timing.lease);
        if listed.state != State::Arriving {
            self.abandoned.remove(&id);
        }
        match listed.state {
            State::Claimable { attempt } => self.prepare(&listed, attempt, now, looked),
            State::Running { heard, .. } | State::Cancelling { heard, .. } => {
                let silent = Duration::try_from(now.duration_since(heard)).unwrap_or_default();
                let again = worker.timing.lease.saturating_sub(silent).min(LOOK_AGAIN).min(worker.timing.beat());
                self.later.insert(id, looked + again);
                Ok(Found::NothingNow)
            }
            State::Arriving if age < LOST => {
                self.arriving |= age < ARRIVES_IN;
                let since = listed.written.map_or(age, |at| now.duration_since(at).unsigned_abs().min(age));
                match since < ABANDONED {
                    true => self.abandoned.remove(&id),
                    false => self.abandoned.insert(id),
                };
                Ok(Found::NothingNow)
            }
            State::Arriving | State::Ended => {
                close(store, id)?;
                Ok(Found::Settled)
            }
            _ => {
                settle(store, &listed)?;
                Ok(Found::Settled)
            }
        }
    }

    fn prepare(&self, listed: &Listed, attempt: u32, now: Timestamp, looked: Instant) -> Result<Found, Error> {
        let (id, store) = (listed.id, &*self.worker.store);
        let refuse = |class: Class, message: String| -> Result<Found, Error> {
            let fault = Fault { class, message };
            end(store, id, &Ending::new(Outcome::Failed { fault }, 0, Stages::default()))?;
            Ok(Found::Settled)
        };
        let submission: Submission = match document(store, &id.object(Object::REQUEST)) {
            Ok(Some(submission)) => submission,
            // Removed since it was listed.
            Ok(None) => return Ok(Found::Settled),
            Err(Error::Document { why, .. }) => {
                return refuse(Class::Input, format!("the request is of no use: {why}"));
            }
            Err(Error::Store(store::Error::TooLarge { .. })) => {
                return refuse(Class::Input, "the request is too long".to_owned());
            }
            Err(Error::Store(e)) if e.is_of_the_object() => return refuse(Class::Input, e.to_string()),
            Err(e) => return Err(e),
        };
        if submission.schema != REQUEST {
            return refuse(Class::Input, format!("the request is of schema {:?}, not {REQUEST}", submission.schema));
        }
        if submission.deadline.is_some_and(|deadline| deadline < now) {
            return refuse(Class::Deadline, "no worker was free before nobody waited any more".to_owned());
        }
        let mut input = None;
        // What was cut off on its way is whole the next time.
        for _ in 0..3 {
            match patiently(|| store.get(&id.object(Object::INPUT), self.worker.limits.bytes)) {
                Ok(bytes) => input = bytes,
                Err(e) if e.is_of_the_object() => return refuse(Class::Input, e.to_string()),
                Err(e) => return Err(e.into()),
            }
            if input.as_ref().is_some_and(|i| sha256(i) == submission.sha256) {
                break;
            }
        }
        let Some(input) = input else { return refuse(Class::Input, "there is no input".to_owned()) };
        if sha256(&input) != submission.sha256 {
            return refuse(Class::Input, "the input is not what was submitted".to_owned());
        }
        let queued =
            listed.submitted.map_or(Duration::ZERO, |at| now.duration_since(at).try_into().unwrap_or_default());
        let fetched_in = looked.elapsed();
        Ok(Found::Job(Box::new(Prepared { id, attempt, submission, input, queued, now, looked, fetched_in })))
    }
}

/// Says how a job ended that nobody works on any more: cancelled, or after all attempts. Anybody may.
///
/// # Errors
/// When the store does not take it.
pub fn settle(store: &dyn store::Objects, listed: &Listed) -> Result<(), Error> {
    let (outcome, attempt) = match listed.state {
        State::Cancelled => (Outcome::Cancelled, 0),
        State::Exhausted { attempt } => {
            let told = listed.failed.map(|n| document::<Fault>(store, &listed.id.object(Object::error(n))));
            let fault = match told {
                Some(Ok(Some(fault))) => fault,
                Some(Err(Error::Store(e))) if !e.is_of_the_object() => return Err(e.into()),
                _ => {
                    let message = format!("{MOST_ATTEMPTS} workers began it, and none was heard of again");
                    Fault { class: Class::Internal, message }
                }
            };
            (Outcome::Failed { fault }, attempt)
        }
        _ => return Ok(()),
    };
    end(store, listed.id, &Ending::new(outcome, attempt, Stages::default()))?;
    Ok(())
}
