//! A worker: finds jobs, works on them, and says that it is alive.
//!
//! - [`scout`]: finds the next job and fetches its input, while others compute.
//! - [`attempt`]: one attempt at one job, from claim to end.
//! - `single` (feature `lambda`): a job that a queue named.
//!
//! The model stays loaded from job to job. Whatever happens to a worker, a job is not lost: what it claimed another
//! claims when its lease has run out.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::engine::{Engine, Limits};
use super::job::JobId;
use super::patience::jittered;
use super::{Error, Timing};
use crate::store::{self, Objects};
use attempt::Made;
use scout::{Found, Prepared, Scout};

pub mod attempt;
pub mod scout;
#[cfg(feature = "lambda")]
pub mod single;

/// The pause after a store has not taken what was written; it doubles, up to the second.
const REFUSED: Duration = Duration::from_millis(500);
const REFUSED_LONG: Duration = Duration::from_secs(30);
/// A store that does not permit it after so many pauses will not.
const NOT_PERMITTED: u32 = 5;

/// Whether and how a worker is to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicU8>);

impl Stop {
    /// Finish what was begun and begin nothing more.
    pub fn finish(&self) {
        self.0.fetch_max(1, Ordering::Release);
    }

    /// Give back what was begun, at once.
    pub fn release(&self) {
        self.0.fetch_max(2, Ordering::Release);
    }

    /// Whether anything more may be begun.
    #[must_use]
    pub fn wanted(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }

    /// Whether what was begun is to be given back.
    #[must_use]
    pub fn released(&self) -> bool {
        self.0.load(Ordering::Acquire) > 1
    }
}

/// When a worker ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Never.
    Stopped,
    /// When no job is left that has not ended, whoever works on it.
    Drained,
    /// After one job.
    One,
}

/// How often an idle worker looks for jobs: ever less, from the first to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// After the last job.
    pub first: Duration,
    /// After a long while without one.
    pub longest: Duration,
}

impl Pace {
    /// Where looking costs next to nothing.
    pub const NEAR: Pace = Pace { first: Duration::from_millis(20), longest: Duration::from_secs(1) };
    /// Where every look is paid for.
    pub const FAR: Pace = Pace { first: Duration::from_secs(1), longest: Duration::from_secs(10) };

    /// The pause after one of this length.
    #[must_use]
    pub fn after(&self, pause: Duration) -> Duration {
        pause.mul_f64(1.5).clamp(self.first, self.longest)
    }
}

/// What a worker tells of its work.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It works on a job now.
    Claimed {
        /// Which.
        id: JobId,
        /// From 1.
        attempt: u32,
    },
    /// A job has ended.
    Ended {
        /// Which.
        id: JobId,
        /// How, in a word or more.
        how: String,
        /// How long it took since it was claimed.
        seconds: f64,
    },
    /// It did not come to an end here; another attempt will be made, here or elsewhere.
    Left {
        /// Which.
        id: JobId,
        /// Why.
        why: String,
    },
    /// The store could not be asked, or did not take what was written; it will be tried again. Once, until it does.
    Trouble(Error),
}

/// Where a worker tells of its work.
pub type Teller<'a> = &'a (dyn Fn(Told) + Sync);

/// A worker.
#[derive(Debug)]
pub struct Worker {
    /// The store that it works for.
    pub store: Arc<dyn Objects>,
    /// What all who use the store agree on.
    pub timing: Timing,
    /// What a job may ask for.
    pub limits: Limits,
    /// How often it looks while there is nothing to do.
    pub pace: Pace,
    /// Its name, in claims.
    pub owner: String,
    /// What composes.
    pub engine: Engine,
}

/// The place where the scout leaves the next job and a runner takes it.
#[derive(Debug, Default)]
struct Table {
    next: Mutex<Next>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Next {
    job: Option<Prepared>,
    closed: bool,
}

/// How often in a row the store has not taken what was written, and why not the last time.
#[derive(Debug, Default)]
struct Refusals(Mutex<Option<(u32, Error)>>);

impl Refusals {
    fn add(&self, why: Error) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = Some((now.as_ref().map_or(0, |(count, _)| *count) + 1, why));
    }

    fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn now(&self) -> Option<(u32, Error)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next job; none when there will be no more.
    fn take(&self) -> Option<Prepared> {
        let mut next = self.lock();
        loop {
            if let Some(job) = next.job.take() {
                self.changed.notify_all();
                return Some(job);
            }
            if next.closed {
                return None;
            }
            next = self.changed.wait(next).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn put(&self, job: Prepared) {
        self.lock().job = Some(job);
        self.changed.notify_all();
    }

    /// Waits until the table is empty, for a while.
    fn emptied(&self, most: Duration) -> bool {
        let next = self.lock();
        if next.job.is_none() {
            return true;
        }
        let waited = self.changed.wait_timeout(next, most).unwrap_or_else(PoisonError::into_inner);
        waited.0.job.is_none()
    }

    fn close(&self) {
        let mut next = self.lock();
        next.closed = true;
        // What was not begun is not owed to anybody.
        next.job = None;
        self.changed.notify_all();
    }
}

impl Worker {
    /// Works on so many jobs at a time until it is stopped, or as `until` says. Answers with the number of
    /// jobs that ended here.
    ///
    /// A store that cannot be reached for a while is told of and waited for.
    ///
    /// # Errors
    /// When the store will not let it work at all.
    pub fn run(&self, concurrency: usize, until: Until, stop: &Stop, teller: Teller<'_>) -> Result<usize, Error> {
        let (table, ended, busy) = (Table::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        let refusals = Refusals::default();
        std::thread::scope(|scope| {
            for _ in 0..concurrency.max(1) {
                scope.spawn(|| {
                    while let Some(job) = table.take() {
                        match attempt::make(self, job, stop, teller) {
                            Made::Ended => {
                                refusals.clear();
                                ended.fetch_add(1, Ordering::Relaxed);
                            }
                            Made::Left => {}
                            Made::Refused(why) => refusals.add(why),
                        }
                        busy.fetch_sub(1, Ordering::Release);
                    }
                });
            }
            let outcome = self.supply(&table, until, stop, teller, (&busy, &ended, &refusals));
            table.close();
            outcome
        })?;
        Ok(ended.into_inner())
    }

    /// Puts job after job on the table.
    fn supply(
        &self,
        table: &Table,
        until: Until,
        stop: &Stop,
        teller: Teller<'_>,
        (busy, ended, refusals): (&AtomicUsize, &AtomicUsize, &Refusals),
    ) -> Result<(), Error> {
        let mut scout = Scout::new(self);
        let mut pause = Duration::ZERO;
        let (mut troubled, mut refused, mut pauses) = (false, 0, 0);
        let one_is_done = || until == Until::One && ended.load(Ordering::Relaxed) > 0;
        while !stop.wanted() {
            if one_is_done() {
                return Ok(());
            }
            // With one job to do nothing is fetched ahead.
            let full = !table.emptied(Duration::from_millis(100));
            if full || (until == Until::One && busy.load(Ordering::Acquire) > 0) {
                if !full {
                    std::thread::sleep(Duration::from_millis(5));
                }
                continue;
            }
            let at_work = busy.load(Ordering::Acquire) > 0;
            match refusals.now() {
                Some((count, why)) if count != refused => {
                    refused = count;
                    if pauses >= NOT_PERMITTED && matches!(why, Error::Store(store::Error::Denied { .. })) {
                        return Err(why);
                    }
                    // Several may have been refused before it shows here.
                    if pauses == 0 {
                        teller(Told::Trouble(why));
                    }
                    let pause = REFUSED.saturating_mul(2_u32.saturating_pow(pauses)).min(REFUSED_LONG);
                    pauses = pauses.saturating_add(1);
                    store::rest(pause, &|| stop.wanted() || one_is_done());
                    continue;
                }
                Some(_) => {}
                None => (refused, pauses) = (0, 0),
            }
            let found = scout.find();
            if found.is_ok() {
                troubled = false;
            }
            match found {
                Ok(Found::Job(job)) => {
                    pause = Duration::ZERO;
                    busy.fetch_add(1, Ordering::Release);
                    table.put(*job);
                    continue;
                }
                Ok(Found::Settled(over)) => {
                    if let Some((id, how)) = over {
                        ended.fetch_add(1, Ordering::Relaxed);
                        teller(Told::Ended { id, how, seconds: 0.0 });
                    }
                    continue;
                }
                Ok(Found::NothingOpen) if until == Until::Drained && busy.load(Ordering::Acquire) == 0 => return Ok(()),
                Ok(Found::NothingOpen | Found::NothingNow) => {}
                Err(_) if stop.wanted() => return Ok(()),
                // A job that only remained to be ended could not be.
                Err(e @ Error::Store(store::Error::Full { .. })) => {
                    refusals.add(e);
                    continue;
                }
                Err(Error::Store(e)) if !e.is_passing() => return Err(Error::Store(e)),
                Err(e) if !troubled => {
                    troubled = true;
                    teller(Told::Trouble(e));
                }
                Err(_) => {}
            }
            pause = self.pace.after(if scout.expects() { Duration::ZERO } else { pause });
            // The last job of all may have ended between that look and now.
            let drained = || at_work && until == Until::Drained && busy.load(Ordering::Acquire) == 0;
            scout.pause(jittered(pause), &|| stop.wanted() || one_is_done() || drained());
        }
        Ok(())
    }
}
