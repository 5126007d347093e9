//! A store with faults between it and its users: answers that are lost after the write, refusals, stalls,
//! cut-off bodies, calls that arrive twice.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use composer::store::{Attributes, Error, Head, Key, Listing, Objects, Page, Written};

#[derive(Debug)]
pub(crate) struct Faulty<S> {
    pub(crate) inner: S,
    /// So many of 100 calls go wrong.
    pub(crate) percent: u64,
    random: AtomicU64,
    pub(crate) injected: [AtomicUsize; 6],
}

pub(crate) const KINDS: [&str; 6] = ["lost answers", "not arrived", "slow downs", "stalls", "cut off", "twice"];

enum Fault {
    None,
    LostAnswer,
    NotArrived,
    SlowDown,
    Stall,
    CutOff,
    Twice,
}

fn unreachable() -> Error {
    Error::Unreachable { store: "faulty".into(), why: "injected".into() }
}

impl<S: Objects> Faulty<S> {
    pub(crate) fn new(inner: S, percent: u64, seed: u64) -> Faulty<S> {
        Faulty { inner, percent, random: AtomicU64::new(seed), injected: Default::default() }
    }

    fn draw(&self) -> Fault {
        // splitmix64
        let mut x = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        if x % 100 >= self.percent {
            return Fault::None;
        }
        let kind = (x / 100 % 6) as usize;
        self.injected[kind].fetch_add(1, Ordering::Relaxed);
        [Fault::LostAnswer, Fault::NotArrived, Fault::SlowDown, Fault::Stall, Fault::CutOff, Fault::Twice]
            .into_iter()
            .nth(kind)
            .unwrap()
    }

    fn call<T>(&self, call: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        match self.draw() {
            Fault::None | Fault::CutOff => call(),
            Fault::LostAnswer => call().and(Err(unreachable())),
            Fault::NotArrived => Err(unreachable()),
            Fault::SlowDown => Err(Error::Busy { store: "faulty".into(), why: "slow down".into() }),
            Fault::Stall => {
                std::thread::sleep(Duration::from_millis(50));
                call()
            }
            Fault::Twice => call().and(call()),
        }
    }
}

impl<S: Objects> Objects for Faulty<S> {
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, Error> {
        match self.draw() {
            Fault::None | Fault::Twice => self.inner.get(key, most),
            Fault::CutOff => Ok(self.inner.get(key, most)?.map(|body| body[..body.len() / 2].to_vec())),
            Fault::Stall => self.call(|| self.inner.get(key, most)),
            _ => Err(unreachable()),
        }
    }

    fn put(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<(), Error> {
        self.call(|| self.inner.put(key, body, attributes))
    }

    fn put_if_absent(&self, key: &Key, body: &[u8], attributes: &Attributes) -> Result<Written, Error> {
        self.call(|| self.inner.put_if_absent(key, body, attributes))
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Page, Error> {
        self.call(|| self.inner.list(listing))
    }

    fn delete(&self, key: &Key) -> Result<(), Error> {
        self.call(|| self.inner.delete(key))
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        self.call(|| self.inner.head(key))
    }

    fn copy(&self, from: &Key, to: &Key, attributes: &Attributes) -> Result<(), Error> {
        self.call(|| self.inner.copy(from, to, attributes))
    }

    fn presign(&self, key: &Key, expires: Duration) -> Result<String, Error> {
        self.call(|| self.inner.presign(key, expires))
    }
}
