//! How far a job has come, told from the names and dates of its objects in one listing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::MOST_ATTEMPTS;
use super::job::{JOBS, JobId};
use crate::store::Entry;

/// Attempts in all, given back ones too. A job that is given back so often is in bad company.
const MOST_NUMBERS: u32 = 40;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its objects are being sent.
    Arriving,
    /// Waits for a worker, who will make this attempt.
    Claimable {
        /// From 1.
        attempt: u32,
    },
    /// A worker is alive and at it.
    Running {
        /// From 1.
        attempt: u32,
        /// When it was heard of last, by the store's clock.
        heard: Timestamp,
    },
    /// It is not wanted any more and a worker is still at it.
    Cancelling {
        /// From 1.
        attempt: u32,
        /// When it was heard of last, by the store's clock.
        heard: Timestamp,
    },
    /// It is not wanted any more and nobody is at it: it remains to be said.
    Cancelled,
    /// All attempts failed: it remains to be said.
    Exhausted {
        /// The last.
        attempt: u32,
    },
    /// Over; `result.json` says how.
    Ended,
}

/// A job as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub id: JobId,
    /// How far it has come.
    pub state: State,
    /// When `request.json` was written, by the store's clock.
    pub submitted: Option<Timestamp>,
    /// When the newest of its objects was written.
    pub written: Option<Timestamp>,
    /// When the newest attempt was claimed.
    pub claimed: Option<Timestamp>,
    /// The newest attempt with a partial composition.
    pub partial: Option<u32>,
    /// The newest attempt that failed.
    pub failed: Option<u32>,
}

/// What a listing says of one attempt.
#[derive(Clone, Copy, Debug, Default)]
struct Attempt {
    claimed: Option<Timestamp>,
    heard: Option<Timestamp>,
    partial: bool,
    failed: bool,
    released: bool,
}

/// All jobs in a listing, in its order. Objects that belong to no job are passed over.
#[must_use]
pub fn jobs(entries: &[Entry], now: Timestamp, lease: Duration) -> Vec<Listed> {
    let id_of = |e: &Entry| -> Option<JobId> {
        let rest = e.key.as_str().strip_prefix(JOBS)?;
        rest.split_once('/')?.0.parse().ok()
    };
    entries
        .chunk_by(|a, b| id_of(a) == id_of(b))
        .filter_map(|objects| Some(job(id_of(objects.first()?)?, objects, now, lease)))
        .collect()
}

/// One job, of all its objects.
#[must_use]
pub fn job(id: JobId, objects: &[Entry], now: Timestamp, lease: Duration) -> Listed {
    let prefix = id.prefix();
    let (mut submitted, mut ended, mut cancelled) = (None, false, false);
    let mut attempts: Vec<Attempt> = Vec::new();
    for entry in objects {
        let Some(name) = entry.key.as_str().strip_prefix(&prefix) else { continue };
        let at = Some(entry.modified);
        match name {
            "request.json" => submitted = at,
            "result.json" => ended = true,
            "cancel.json" => cancelled = true,
            _ => {}
        }
        let numbered = name.strip_prefix("attempts/").and_then(|n| n.split_once('/'));
        let Some((number, file)) = numbered else { continue };
        let Some(number) = number.parse::<u32>().ok().filter(|n| (1..=MOST_NUMBERS).contains(n)) else { continue };
        if attempts.len() < number as usize {
            attempts.resize(number as usize, Attempt::default());
        }
        let Some(attempt) = attempts.get_mut(number as usize - 1) else { continue };
        match file {
            "claim.json" => attempt.claimed = at,
            "partial.mid" => attempt.partial = true,
            "error.json" => attempt.failed = true,
            "released.json" => attempt.released = true,
            _ => {}
        }
        attempt.heard = attempt.heard.max(at);
    }
    let newest = |is: fn(&Attempt) -> bool| attempts.iter().rposition(is).map(|n| n as u32 + 1);
    let last = attempts.last().copied().unwrap_or_default();
    let at = attempts.len() as u32;
    let counted = attempts.iter().filter(|a| !a.released).count() as u32;
    // A date that is later than now is one that another of the store's servers gave: it is fresh.
    let lease = SignedDuration::try_from(lease).unwrap_or(SignedDuration::MAX);
    let alive = last.heard.filter(|heard| !last.failed && !last.released && now.duration_since(*heard) < lease);
    let state = match (submitted, alive) {
        _ if ended => State::Ended,
        (None, _) => State::Arriving,
        (_, Some(heard)) if cancelled => State::Cancelling { attempt: at, heard },
        (_, Some(heard)) => State::Running { attempt: at, heard },
        _ if cancelled => State::Cancelled,
        _ if counted >= MOST_ATTEMPTS || at >= MOST_NUMBERS => State::Exhausted { attempt: at },
        _ => State::Claimable { attempt: at + 1 },
    };
    let (partial, failed) = (newest(|a| a.partial), newest(|a| a.failed));
    let written = objects.iter().map(|o| o.modified).max();
    Listed { id, state, submitted, written, claimed: last.claimed, partial, failed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Key;

    const LEASE: Duration = Duration::from_secs(60);

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn state(objects: &[(&str, i64)], now: i64) -> State {
        let id = JobId::new();
        let entry = |(name, at): &(&str, i64)| Entry {
            key: Key::new(format!("{}{name}", id.prefix())).unwrap(),
            size: 1,
            modified: after(*at),
        };
        let mut entries: Vec<Entry> = objects.iter().map(entry).collect();
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let listed = jobs(&entries, after(now), LEASE);
        assert_eq!(listed.len(), 1);
        listed[0].state
    }

    #[test]
    fn each_state_from_its_objects() {
        let request = ("request.json", 0);
        let claim = ("attempts/0001/claim.json", 10);
        assert_eq!(state(&[("input.mid", 0)], 1), State::Arriving);
        // Cancelled before its request came, which may still come.
        assert_eq!(state(&[("input.mid", 0), ("result.json", 1)], 2), State::Ended);
        assert_eq!(state(&[request], 1), State::Claimable { attempt: 1 });
        assert_eq!(state(&[request, claim], 11), State::Running { attempt: 1, heard: after(10) });
        assert_eq!(state(&[request, claim], 70), State::Claimable { attempt: 2 });
        let beat = ("attempts/0001/beat.json", 60);
        assert_eq!(state(&[request, claim, beat], 70), State::Running { attempt: 1, heard: after(60) });
        assert_eq!(
            state(&[request, claim, beat, ("cancel.json", 65)], 70),
            State::Cancelling { attempt: 1, heard: after(60) }
        );
        assert_eq!(state(&[request, claim, beat, ("cancel.json", 65)], 200), State::Cancelled);
        assert_eq!(state(&[request, claim, ("attempts/0001/error.json", 12)], 13), State::Claimable { attempt: 2 });
        assert_eq!(state(&[request, claim, ("result.json", 12)], 13), State::Ended);
        // A store's clock may be behind the dates that another of its servers gave.
        assert_eq!(state(&[request, claim], 9), State::Running { attempt: 1, heard: after(10) });
    }

    #[test]
    fn given_back_attempts_do_not_count() {
        let mut objects = vec![("request.json", 0)];
        let names: Vec<String> =
            (1..=5).flat_map(|n| ["claim", "error"].map(|f| format!("attempts/{n:04}/{f}.json"))).collect();
        objects.extend(names[..6].iter().map(|n| (n.as_str(), 1)));
        assert_eq!(state(&objects, 2), State::Exhausted { attempt: 3 });
        objects.push(("attempts/0001/released.json", 1));
        assert_eq!(state(&objects, 2), State::Claimable { attempt: 4 });
        objects.extend(names[6..8].iter().map(|n| (n.as_str(), 1)));
        assert_eq!(state(&objects, 2), State::Exhausted { attempt: 4 });
    }

    #[test]
    fn foreign_objects_are_passed_over() {
        let entry = |key: &str| Entry { key: Key::new(key).unwrap(), size: 1, modified: after(0) };
        let odd = ["jobs/not-a-job/request.json", "jobs/x", "notes/a.mid"];
        assert_eq!(jobs(&odd.map(entry), after(0), LEASE), []);
        assert_eq!(
            state(&[("request.json", 0), ("attempts/99999999/claim.json", 1), ("attempts/x/claim.json", 1)], 2),
            State::Claimable { attempt: 1 }
        );
    }
}
