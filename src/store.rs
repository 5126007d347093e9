//! Object stores: the few calls that jobs and files need, over a folder and over S3.
//!
//! - [`address`]: which store is meant, as people write it.
//! - [`key`]: names of objects.
//! - `limit`: how long calls may take.
//! - [`folder`]: a folder on a disk, shared by any number of processes.
//! - `s3`: Amazon S3 and servers like it (feature `s3`).
//! - `server`: a folder served to others in the manner of S3 (feature `s3`).
//! - `patience`: what that server and `s3` agree on beyond S3.
//!
//! Knows nothing else of the house. What a store is made of (`aws_sdk_s3`, `tokio`, `s3s`) stays in here:
//! callers block, and see the plain types of this file.
//!
//! The calls promise little, so that every kind of store keeps the promise: an object is there whole or not
//! at all, [`Objects::put_if_absent`] has one winner, and [`Page::now`] and [`Entry::modified`] come from
//! one clock, the store's.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub mod address;
pub mod folder;
pub mod key;
mod limit;
#[cfg(feature = "s3")]
mod patience;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "s3")]
pub mod server;

pub use address::Address;
pub use key::Key;
pub use limit::Limit;

/// More than this is never read from or written to a store in one piece.
pub const LARGEST: u64 = 256 << 20;

/// An object store. Every call blocks until it is done or has failed for good: waiting and trying again
/// after a passing fault is part of the call.
pub trait Objects: fmt::Debug + Send + Sync {
    /// What is in an object; none where it is not there.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when it is longer than `most` bytes, without reading them.
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, Error>;

    /// Writes an object, over one that is there.
    ///
    /// # Errors
    /// When it is not certain that the object is in the store.
    fn put(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<(), Error>;

    /// Writes an object unless one is there: of any number of callers one wins.
    ///
    /// # Errors
    /// After an error it may be there or not; only its content tells whose it is.
    fn put_if_absent(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<Written, Error>;

    /// The objects whose keys begin with `listing.prefix`, in the order of their bytes.
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn list(&self, listing: &Listing<'_>) -> Result<Page, Error>;

    /// Takes an object out; one that is not there is out.
    ///
    /// # Errors
    /// When it may still be there.
    fn delete(&self, key: &Key) -> Result<(), Error>;

    /// What is known of an object without reading it.
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn head(&self, key: &Key) -> Result<Option<Head>, Error>;

    /// Writes a copy of an object, over one that is there, within the store.
    ///
    /// # Errors
    /// When there is nothing to copy, or it is not certain that the copy is there.
    fn copy(&self, from: &Key, to: &Key, attributes: &Attributes) -> Result<(), Error>;

    /// A link that lets whoever has it read the object until it expires.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the store has no links, such as a folder.
    fn presign(&self, key: &Key, expires: Duration) -> Result<String, Error>;

    /// The same store for calls that are given up when the limit says so; none where a call lasts as long as it lasts,
    /// as on a disk.
    fn bounded(&self, _limit: &Limit) -> Option<Arc<dyn Objects>> {
        None
    }

    /// Has it told, once each time, when the store has not answered for a while; a store on a disk always answers.
    fn tell_of_silence(&self, _tell: fn(&str)) {}

    /// Waits until something may have changed since then (by the store's clock) among the objects directly below a
    /// prefix that ends with a slash: for `most` at the longest, or until there is `enough`. A store that cannot tell
    /// lets the time pass.
    fn await_change(&self, _prefix: &str, _since: Timestamp, most: Duration, enough: &dyn Fn() -> bool) {
        rest(most, enough);
    }
}

/// Lets time pass until there is enough.
pub fn rest(most: Duration, enough: &dyn Fn() -> bool) {
    let end = Instant::now() + most;
    while !enough() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(TICK));
    }
}

/// Who rests looks up this often.
const TICK: Duration = Duration::from_millis(20);

/// What to list.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// With what the keys begin; empty for all.
    pub prefix: &'a str,
    /// Only keys after this one (which need not exist).
    pub after: Option<&'a str>,
    /// So many at most; a store may give fewer in one page, 1,000 on S3.
    pub most: usize,
}

impl<'a> Listing<'a> {
    /// All that begin so.
    #[must_use]
    pub fn of(prefix: &'a str) -> Listing<'a> {
        Listing { prefix, after: None, most: 1000 }
    }
}

/// A part of a listing.
#[derive(Clone, Debug)]
pub struct Page {
    /// The objects.
    pub entries: Vec<Entry>,
    /// Whether more come after the last of them.
    pub more: bool,
    /// The store's clock when it answered.
    pub now: Timestamp,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub key: Key,
    /// Bytes.
    pub size: u64,
    /// When it was written, by the store's clock.
    pub modified: Timestamp,
}

/// What a store knows of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes.
    pub size: u64,
    /// When it was written, by the store's clock.
    pub modified: Timestamp,
    /// As it was told or, where the store keeps none, as the key's extension says.
    pub content_type: String,
    /// Should be none.
    pub content_encoding: Option<String>,
    /// The name that a browser gives the file.
    pub content_disposition: Option<String>,
}

/// Who wrote an object that was to be written once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// This call did.
    Now,
    /// One was there, perhaps from an earlier try of this call.
    Before,
}

/// What is said of an object beside its content. Stores may forget all but what the key's extension tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The name that it has for people, in any script.
    pub file_name: Option<String>,
    /// Small, ASCII, lower-case names.
    pub metadata: Vec<(&'static str, String)>,
}

/// Why a store did not do as it was told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It cannot be reached, or did not answer; another time it may.
    #[error("{store} cannot be reached: {why}")]
    Unreachable {
        /// Which store.
        store: String,
        /// Why.
        why: String,
    },
    /// Nobody listens there, and who called does not wait until somebody does.
    #[error("{store} cannot be reached: {why}")]
    Refused {
        /// Which store.
        store: String,
        /// Why.
        why: String,
    },
    /// It takes no object of that length.
    #[error("{store} takes nothing so long: {why}")]
    TooLong {
        /// Which store.
        store: String,
        /// In its words.
        why: String,
    },
    /// It has not answered when nobody waited any more.
    #[error("{store} has not answered")]
    GivenUp {
        /// Which store.
        store: String,
    },
    /// There is no room left in it.
    #[error("{store} is full")]
    Full {
        /// Which store.
        store: String,
    },
    /// It asks to be left alone for a while, or does something else with the same object.
    #[error("{store} is busy: {why}")]
    Busy {
        /// Which store.
        store: String,
        /// In its words.
        why: String,
    },
    /// It does not let this user do that.
    #[error("{store} does not permit it: {why}")]
    Denied {
        /// Which store.
        store: String,
        /// In its words.
        why: String,
    },
    /// The keys that were sent are none of its.
    #[error("{store} does not take these keys: {why}")]
    WrongKeys {
        /// Which store.
        store: String,
        /// In its words.
        why: String,
    },
    /// Nobody said who we are, or what was said does not hold any more.
    #[error("no credentials for {store}: {why}")]
    NoCredentials {
        /// Which store.
        store: String,
        /// What was looked at.
        why: String,
    },
    /// The bucket is in another region than the one that was asked.
    #[error("{store} is in the region {region}")]
    Elsewhere {
        /// Which store.
        store: String,
        /// Where it is.
        region: String,
    },
    /// There is no such bucket or folder.
    #[error("{store} is not there: {why}")]
    Missing {
        /// Which store.
        store: String,
        /// In its words.
        why: String,
    },
    /// Another program listens where a server was to.
    #[error("{address} is taken: another program listens there")]
    Taken {
        /// Where.
        address: String,
    },
    /// What is there is none.
    #[error("{store} is no store: {why}")]
    NoStore {
        /// Which store.
        store: String,
        /// What is there.
        why: &'static str,
    },
    /// An object is longer than the caller bargained for.
    #[error("{key} is larger than {most} bytes")]
    TooLarge {
        /// Which.
        key: Key,
        /// The most that is read.
        most: u64,
    },
    /// In the place of an object is something else, such as a link or a pipe.
    #[error("{key} is no file, but {what}")]
    Irregular {
        /// Which.
        key: Key,
        /// What it is.
        what: &'static str,
    },
    /// This kind of store cannot do it.
    #[error("{store} cannot do that: {what}")]
    Unsupported {
        /// Which store.
        store: String,
        /// What it cannot do.
        what: String,
    },
    /// Anything else.
    #[error("{store} failed: {why}")]
    Failed {
        /// Which store.
        store: String,
        /// Why.
        why: String,
    },
}

impl Error {
    /// Whether the same call may well succeed a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Error::Unreachable { .. } | Error::Busy { .. })
    }

    /// Whether one object is of no use, whoever reads it, and the store has done its part.
    #[must_use]
    pub fn is_of_the_object(&self) -> bool {
        matches!(self, Error::TooLarge { .. } | Error::Irregular { .. })
    }
}

/// All objects whose keys begin with `prefix`, page by page, and the store's clock at the first page.
///
/// # Errors
/// When the store cannot be asked.
pub fn list_all(store: &dyn Objects, prefix: &str, after: Option<&str>) -> Result<(Vec<Entry>, Timestamp), Error> {
    let mut page = store.list(&Listing { after, ..Listing::of(prefix) })?;
    let (mut entries, now) = (std::mem::take(&mut page.entries), page.now);
    while page.more {
        let Some(last) = entries.last().map(|e| e.key.clone()) else { break };
        page = store.list(&Listing { after: Some(last.as_str()), ..Listing::of(prefix) })?;
        entries.append(&mut page.entries);
    }
    Ok((entries, now))
}
