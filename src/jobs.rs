//! Jobs: compositions that workers make for clients, with an object store between them.
//!
//! - [`job`]: a job's objects, and what is written in them.
//! - [`state`]: how far a job has come, told from one listing.
//! - [`patience`]: calls to the store that outlast its passing faults, and writing once.
//! - [`client`]: submit, look, wait, fetch, cancel, retry, remove.
//! - [`claim`]: becoming the one who works on a job.
//! - [`worker`]: finds jobs, works on them, and says that it is alive.
//! - [`engine`]: the work itself, within bounds that hold for whatever the input is.
//! - `queue` and `lambda` (feature `lambda`): workers that a queue tells of jobs.
//!
//! Uses [`store`] and the room `compose`. `docs/jobs.md` describes the protocol.

use std::time::Duration;

use crate::store;

pub mod claim;
pub mod client;
pub mod engine;
pub mod job;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod patience;
#[cfg(feature = "lambda")]
pub mod queue;
pub mod state;
pub mod worker;

pub use client::Client;
pub use job::JobId;

/// How long things may take. All who share a store must agree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// A worker that was not heard of for so long has lost its job.
    pub lease: Duration,
}

impl Timing {
    /// How often a worker says that it is alive: four times a lease, so that three may be lost.
    #[must_use]
    pub fn beat(&self) -> Duration {
        self.lease / 4
    }
}

impl Default for Timing {
    fn default() -> Timing {
        Timing { lease: Duration::from_secs(60) }
    }
}

/// A job that is arriving and of which nothing has come for so long is not waited for.
pub const ABANDONED: Duration = Duration::from_secs(60);

/// Attempts at a job before it has failed; those that a worker gave back do not count.
pub const MOST_ATTEMPTS: u32 = 3;

/// Why something could not be done with a job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store did not do its part.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is none of that name.
    #[error("there is no job {id} in this store")]
    NoSuchJob {
        /// As it was asked for.
        id: String,
    },
    /// There are several.
    #[error("{count} jobs end in {id}")]
    Ambiguous {
        /// As it was asked for.
        id: String,
        /// How many.
        count: usize,
    },
    /// An object that is not as it should be.
    #[error("{key} is of no use: {why}")]
    Document {
        /// Its key.
        key: store::Key,
        /// What is wrong with it.
        why: String,
    },
    /// It has not ended.
    #[error("job {id} has not ended")]
    NotEnded {
        /// Which.
        id: JobId,
    },
    /// It has ended, and without a composition.
    #[error("job {id} {how}")]
    NoOutput {
        /// Which.
        id: JobId,
        /// How it ended.
        how: String,
    },
}
