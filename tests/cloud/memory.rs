//! A store in memory, with a clock of its own: what a perfect store does.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use composer::store::{Attributes, Entry, Error, Head, Key, Listing, Objects, Page, Written};
use jiff::Timestamp;

#[derive(Debug, Default)]
pub(crate) struct Memory {
    objects: Mutex<BTreeMap<Key, (Vec<u8>, Timestamp)>>,
    /// How far its clock is ahead of this computer's.
    pub(crate) ahead: Mutex<Duration>,
}

impl Memory {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.ahead.lock().unwrap()
    }

    #[allow(dead_code, reason = "not every test lets time pass")]
    pub(crate) fn pass(&self, time: Duration) {
        *self.ahead.lock().unwrap() += time;
    }
}

impl Objects for Memory {
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, Error> {
        match self.objects.lock().unwrap().get(key) {
            Some((body, _)) if body.len() as u64 > most => Err(Error::TooLarge { key: key.clone(), most }),
            found => Ok(found.map(|(body, _)| body.clone())),
        }
    }

    fn put(&self, key: &Key, body: &[u8], _: &Attributes) -> Result<(), Error> {
        self.objects.lock().unwrap().insert(key.clone(), (body.to_vec(), self.now()));
        Ok(())
    }

    fn put_if_absent(&self, key: &Key, body: &[u8], _: &Attributes) -> Result<Written, Error> {
        let mut objects = self.objects.lock().unwrap();
        if objects.contains_key(key) {
            return Ok(Written::Before);
        }
        objects.insert(key.clone(), (body.to_vec(), self.now()));
        Ok(Written::Now)
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Page, Error> {
        let objects = self.objects.lock().unwrap();
        let mut found = objects
            .iter()
            .filter(|(k, _)| k.as_str().starts_with(listing.prefix) && listing.after.is_none_or(|a| k.as_str() > a))
            .map(|(k, (body, at))| Entry { key: k.clone(), size: body.len() as u64, modified: *at });
        let entries = found.by_ref().take(listing.most).collect();
        Ok(Page { entries, more: found.next().is_some(), now: self.now() })
    }

    fn delete(&self, key: &Key) -> Result<(), Error> {
        self.objects.lock().unwrap().remove(key);
        Ok(())
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        Ok(self.objects.lock().unwrap().get(key).map(|(body, at)| Head {
            size: body.len() as u64,
            modified: *at,
            content_type: key.content_type().to_owned(),
            content_encoding: None,
            content_disposition: None,
        }))
    }

    fn copy(&self, from: &Key, to: &Key, attributes: &Attributes) -> Result<(), Error> {
        let body = self
            .get(from, u64::MAX)?
            .ok_or_else(|| Error::Missing { store: "memory".into(), why: from.to_string() })?;
        self.put(to, &body, attributes)
    }

    fn presign(&self, _: &Key, _: Duration) -> Result<String, Error> {
        Err(Error::Unsupported { store: "memory".into(), what: "links".into() })
    }
}
