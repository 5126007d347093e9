//! Calls to the store that outlast its passing faults, and writing once.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use super::job::LONGEST_DOCUMENT;
use crate::store::{self, Attributes, Entry, Key, Objects, Written};

/// Tries of one call.
const TRIES: u32 = 6;
/// The pause after the first; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(40);

/// No call is tried again after this: a store that is silent makes every try long.
const LONGEST: Duration = Duration::from_secs(60);

/// A time up to a fifth longer or shorter, so that those who wait for the same thing do not come at once.
#[must_use]
pub fn jittered(time: Duration) -> Duration {
    let random = uuid::Uuid::new_v4().as_u128() as u32;
    time.mul_f64(0.8 + 0.4 * f64::from(random) / f64::from(u32::MAX))
}

/// Calls until it succeeds, fails for good, or has failed too often or for too long.
///
/// # Errors
/// The last one.
pub fn patiently<T>(call: impl FnMut() -> Result<T, store::Error>) -> Result<T, store::Error> {
    within(LONGEST, call)
}

fn within<T>(longest: Duration, mut call: impl FnMut() -> Result<T, store::Error>) -> Result<T, store::Error> {
    let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
    for _ in 1..TRIES {
        match call() {
            Err(e) if e.is_passing() && begun.elapsed() < longest => std::thread::sleep(jittered(pause)),
            done => return done,
        }
        pause *= 2;
    }
    call()
}

/// Writes an object that is to be written once; answers whether this very body is the one that is there.
///
/// The body must hold something that no other has, such as a token: where the store answers that an object
/// is there already, or does not answer, it may be our own.
///
/// # Errors
/// When the store cannot say.
pub fn once(store: &dyn Objects, key: &Key, body: &[u8], attributes: &Attributes) -> Result<bool, store::Error> {
    let (begun, mut pause) = (Instant::now(), FIRST_PAUSE);
    let (mut unanswered, mut cut_off) = (None, false);
    for _ in 0..TRIES {
        match store.put_if_absent(key, body, attributes) {
            Ok(Written::Now) => return Ok(true),
            Ok(Written::Before) => {}
            Err(e) if e.is_passing() => unanswered = Some(e),
            Err(e) => return Err(e),
        }
        match patiently(|| store.get(key, LONGEST_DOCUMENT.max(body.len() as u64))) {
            // Cut off on its way, it is still not another's.
            Ok(Some(there)) if there != body && body.starts_with(&there) => cut_off = true,
            Ok(Some(there)) => return Ok(there == body),
            // Longer than ours, or no file at all, so not ours.
            Err(e) if e.is_of_the_object() => return Ok(false),
            Ok(None) => cut_off = false,
            Err(e) => return Err(e),
        }
        if begun.elapsed() >= LONGEST {
            break;
        }
        std::thread::sleep(jittered(pause));
        pause *= 2;
    }
    // Every time as short: somebody broke off writing it.
    if cut_off {
        return Ok(false);
    }
    Err(unanswered
        .unwrap_or_else(|| store::Error::Busy { store: key.to_string(), why: "it comes and goes".to_owned() }))
}

/// A document as bytes.
#[must_use]
pub fn to_json(document: &impl Serialize) -> Vec<u8> {
    // Plain data: there is nothing in it that JSON cannot say.
    serde_json::to_vec_pretty(document).unwrap_or_default()
}

/// Reads a document; none where it is not there.
///
/// # Errors
/// When it is not what it should be, or the store cannot be asked.
pub fn document<T: DeserializeOwned>(store: &dyn Objects, key: &Key) -> Result<Option<T>, Error> {
    let mut why = String::new();
    // What was cut off on its way is whole the next time.
    for _ in 0..3 {
        let Some(bytes) = patiently(|| store.get(key, LONGEST_DOCUMENT))? else { return Ok(None) };
        match serde_json::from_slice(&bytes) {
            Ok(document) => return Ok(Some(document)),
            Err(e) => why = e.to_string(),
        }
    }
    Err(Error::Document { key: key.clone(), why })
}

/// All objects below a prefix, and the store's clock.
///
/// # Errors
/// When the store cannot be asked.
pub fn listing(
    store: &dyn Objects,
    prefix: &str,
    after: Option<&str>,
) -> Result<(Vec<Entry>, jiff::Timestamp), store::Error> {
    patiently(|| store::list_all(store, prefix, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_silent_is_not_asked_over_and_over() {
        let silent = || store::Error::Unreachable { store: "silent".to_owned(), why: "no answer in time".to_owned() };
        for (longest, expected) in [(Duration::ZERO, 1), (Duration::from_secs(3600), TRIES)] {
            let mut calls = 0;
            let failed: Result<(), _> = within(longest, || {
                calls += 1;
                Err(silent())
            });
            assert_eq!((failed, calls), (Err(silent()), expected));
        }
    }
}
