//! Finds the next job and fetches its input, while others compute. Settles on its way what only remains to be said.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Worker;
use crate::jobs::claim::{close, end};
use crate::jobs::client::{AT_ONCE, parallel};
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
/// So many marks one after the other without a job behind them, and the rest are looked through at once.
const DULL: usize = 8;
/// A mark without a job is looked at again after its own age, within these.
const ASIDE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(60));
/// A job whose request has not come by then will not come.
pub(in crate::jobs) const LOST: Duration = Duration::from_secs(3600);

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
    /// What it was taken to be, where an object is dated ahead of it that nothing follows.
    pub judged: Timestamp,
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
    /// Something else that had to be done; it is worth looking again at once. How the job ended, if it did with that.
    Settled(Option<(JobId, String)>),
    /// Jobs that others work on, and no more.
    NothingNow,
    /// Every job has ended, but for such as do not go on arriving.
    NothingOpen,
}

/// Looks for jobs.
#[derive(Debug)]
pub struct Scout<'a> {
    worker: &'a Worker,
    /// Open jobs of the last page that were not looked at yet, the newest first.
    open: Vec<(JobId, Duration)>,
    /// After which the next page begins; none when the last was the last.
    next: Option<String>,
    /// When to look again at those that others work on, and at marks without a job.
    later: HashMap<JobId, Instant>,
    /// The store's clock at the last listing's first page.
    listed: Option<Timestamp>,
    /// Whether a job was arriving when it was looked at.
    arriving: bool,
    /// Marks one after the other without a job behind them.
    dull: usize,
    /// All open jobs of the last listing, as far as it was gone through, and since when they are known: an object's date
    /// may be ahead.
    all: HashMap<JobId, Instant>,
    /// Those that were arriving, and of which nothing had come for long.
    abandoned: HashSet<JobId>,
    /// Jobs whose newest object is dated ahead, and since when it is.
    ahead: HashMap<JobId, (Timestamp, Instant)>,
}

impl<'a> Scout<'a> {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(worker: &'a Worker) -> Scout<'a> {
        Scout {
            worker,
            open: Vec::new(),
            next: None,
            later: HashMap::new(),
            listed: None,
            arriving: false,
            dull: 0,
            all: HashMap::new(),
            abandoned: HashSet::new(),
            ahead: HashMap::new(),
        }
    }

    /// Looks for a job that can be claimed.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn find(&mut self) -> Result<Found, Error> {
        if self.open.is_empty() && self.next.is_none() {
            self.list()?;
        }
        loop {
            while !self.open.is_empty() {
                let near = self.open.len().min(CHOICE);
                let random = uuid::Uuid::new_v4().as_u128() as usize;
                let (id, age) = self.open.remove(self.open.len() - 1 - random % near);
                match self.look(id, age)? {
                    Found::NothingNow | Found::NothingOpen => {}
                    found => return Ok(found),
                }
                if self.dull >= DULL {
                    self.pass_over();
                }
            }
            if self.next.is_none() {
                break;
            }
            self.list()?;
        }
        match self.all.keys().all(|id| self.abandoned.contains(id)) {
            true => Ok(Found::NothingOpen),
            false => Ok(Found::NothingNow),
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

    /// Lists open jobs: the next page, or the first.
    fn list(&mut self) -> Result<(), Error> {
        let after = self.next.take();
        let listing = Listing { after: after.as_deref(), ..Listing::of(OPEN) };
        let page = patiently(|| self.worker.store.list(&listing))?;
        let now = Instant::now();
        if after.is_none() {
            self.listed = Some(page.now);
            self.later.retain(|_, at| *at > now);
        }
        let mut known = if after.is_none() { std::mem::take(&mut self.all) } else { HashMap::new() };
        let marks = page.entries.iter().filter_map(|e| {
            let id: JobId = e.key.as_str().strip_prefix(OPEN)?.parse().ok()?;
            let age = Duration::try_from(page.now.duration_since(e.modified)).unwrap_or_default();
            Some((id, age))
        });
        for (id, age) in marks {
            let since = known.remove(&id).unwrap_or(now);
            self.all.insert(id, since);
            if !self.later.contains_key(&id) {
                self.open.push((id, age.max(now - since)));
            }
        }
        self.open.reverse();
        if page.more {
            self.next = page.entries.last().map(|e| e.key.to_string());
            // What is on later pages is known still.
            self.all.extend(known);
        } else {
            let all = &self.all;
            self.abandoned.retain(|id| all.contains_key(id));
            self.ahead.retain(|id, _| all.contains_key(id));
        }
        Ok(())
    }

    /// Puts marks aside behind which there is no job, many at a time: somebody who makes them by the thousand keeps
    /// nobody from the jobs between.
    fn pass_over(&mut self) {
        self.dull = 0;
        let store = &*self.worker.store;
        let bare = parallel::each(&self.open, AT_ONCE, |(id, age)| {
            // Where the store cannot say, it shows when the job is looked at.
            *age >= ARRIVES_IN && matches!(store.head(&id.object(Object::REQUEST)), Ok(None)) && *age < LOST
        });
        let now = Instant::now();
        for ((id, age), bare) in std::mem::take(&mut self.open).into_iter().zip(bare) {
            if !bare {
                self.open.push((id, age));
                continue;
            }
            self.later.insert(id, now + age.clamp(ASIDE.0, ASIDE.1));
            // Its other objects were not looked at, which may be younger than the mark.
            if age >= ABANDONED * 2 {
                self.abandoned.insert(id);
            }
        }
    }

    /// The clock to judge a job by: the store's, unless something of the job is dated ahead of it and nothing has
    /// followed for a lease.
    fn judged(&mut self, listed: &Listed, now: Timestamp) -> Timestamp {
        let (State::Running { heard, .. } | State::Cancelling { heard, .. }) = listed.state else { return now };
        if heard <= now {
            self.ahead.remove(&listed.id);
            return now;
        }
        let lease = self.worker.timing.lease;
        let since = self.ahead.entry(listed.id).or_insert((heard, Instant::now()));
        if since.0 != heard {
            *since = (heard, Instant::now());
        }
        let over = jiff::SignedDuration::try_from(lease).ok().and_then(|lease| heard.checked_add(lease).ok());
        if since.1.elapsed() < lease { now } else { over.unwrap_or(now) }
    }

    pub(super) fn look(&mut self, id: JobId, age: Duration) -> Result<Found, Error> {
        let (worker, store) = (self.worker, &*self.worker.store);
        let (objects, now) = listing(store, &id.prefix(), None)?;
        let looked = Instant::now();
        let listed = state::job(id, &objects, now, worker.timing.lease);
        let judged = self.judged(&listed, now);
        let listed = if judged > now { state::job(id, &objects, judged, worker.timing.lease) } else { listed };
        if listed.state == State::Arriving {
            self.dull += 1;
        } else {
            self.dull = 0;
            self.abandoned.remove(&id);
        }
        match listed.state {
            State::Claimable { attempt } => self.prepare(&listed, attempt, (now, judged), looked),
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
                if age >= ARRIVES_IN {
                    self.later.insert(id, looked + since.clamp(worker.pace.longest.min(ASIDE.0), ASIDE.0));
                }
                Ok(Found::NothingNow)
            }
            State::Arriving | State::Ended => {
                close(store, id)?;
                Ok(Found::Settled(None))
            }
            _ => Ok(Found::Settled(settle(store, &listed)?.map(|outcome| (id, outcome.told())))),
        }
    }

    fn prepare(
        &self,
        listed: &Listed,
        attempt: u32,
        (now, judged): (Timestamp, Timestamp),
        looked: Instant,
    ) -> Result<Found, Error> {
        let (id, store) = (listed.id, &*self.worker.store);
        let refuse = |class: Class, message: String| -> Result<Found, Error> {
            let outcome = Outcome::Failed { fault: Fault { class, message } };
            let how = outcome.told();
            let ours = end(store, id, &Ending::new(outcome, 0, Stages::default()))?;
            Ok(Found::Settled(ours.then_some((id, how))))
        };
        let submission: Submission = match document(store, &id.object(Object::REQUEST)) {
            Ok(Some(submission)) => submission,
            // Removed since it was listed.
            Ok(None) => return Ok(Found::Settled(None)),
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
        Ok(Found::Job(Box::new(Prepared { id, attempt, submission, input, queued, now, judged, looked, fetched_in })))
    }
}

/// Says how a job ended that nobody works on any more: cancelled, or after all attempts. Anybody may; answers with it
/// where this was the one who did.
///
/// # Errors
/// When the store does not take it.
pub fn settle(store: &dyn store::Objects, listed: &Listed) -> Result<Option<Outcome>, Error> {
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
        _ => return Ok(None),
    };
    let ours = end(store, listed.id, &Ending::new(outcome.clone(), attempt, Stages::default()))?;
    Ok(ours.then_some(outcome))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::jobs::Timing;
    use crate::jobs::engine::{Apart, Engine, Limits};
    use crate::jobs::worker::Pace;
    use crate::store::Attributes;
    use crate::store::folder::Folder;

    fn worker(folder: &Path) -> Worker {
        Worker {
            store: Arc::new(Folder::open(folder).unwrap()),
            timing: Timing::default(),
            limits: Limits::default(),
            pace: Pace::NEAR,
            owner: "scout".to_owned(),
            engine: Engine::Apart(Apart::new("/nowhere".into(), Vec::new())),
        }
    }

    #[test]
    fn a_mark_dated_ahead_grows_old_while_somebody_looks() {
        let folder = tempfile::tempdir().unwrap();
        let (worker, id) = (worker(folder.path()), JobId::new());
        worker.store.put(&id.open_mark(), b"", &Attributes::default()).unwrap();
        let file = std::fs::File::options().write(true).open(folder.path().join(id.open_mark().as_str())).unwrap();
        file.set_modified(std::time::SystemTime::now() + Duration::from_secs(365 * 24 * 3600)).unwrap();
        let mut scout = Scout::new(&worker);
        scout.list().unwrap();
        assert_eq!(scout.open.pop(), Some((id, Duration::ZERO)));
        let past = Instant::now().checked_sub(Duration::from_secs(90)).unwrap();
        *scout.all.get_mut(&id).unwrap() = past;
        assert!(matches!(scout.find().unwrap(), Found::NothingOpen), "it was known for longer than it may arrive");
    }
}
