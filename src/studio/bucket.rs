//! Whether a store is what jobs and files need: asked of it, tried out on it, and mended where that is possible.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::jobs::JobId;
use crate::jobs::client::{AT_ONCE, parallel};
#[cfg(feature = "s3")]
use crate::store::s3::Told;
use crate::store::{self, Attributes, Head, Key, Listing, Objects, Written, list_all};

/// Clocks that are further apart than this make signatures void before long.
const CLOCKS: SignedDuration = SignedDuration::from_secs(60);
/// Callers that try to create the same object at the same moment.
const RIVALS: usize = 8;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It could be better, or cannot be told.
    Warning,
    /// Jobs or files will not work.
    Failed,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Names it.
    pub id: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub remedy: Option<&'static str>,
}

impl Check {
    fn ok(id: &'static str, found: impl Into<String>) -> Check {
        Check { id, verdict: Verdict::Ok, found: found.into(), remedy: None }
    }

    fn warning(id: &'static str, found: impl Into<String>, remedy: &'static str) -> Check {
        Check { id, verdict: Verdict::Warning, found: found.into(), remedy: Some(remedy) }
    }

    fn failed(id: &'static str, found: impl Into<String>, remedy: &'static str) -> Check {
        Check { id, verdict: Verdict::Failed, found: found.into(), remedy: Some(remedy) }
    }
}

#[cfg(feature = "s3")]
const ENCRYPT: &str = "switch on the bucket's default encryption; for `composer serve`, encrypt the disk of its folder";
const ASK: &str = "the owner of the bucket must permit it: docs/jobs.md has the policy";

/// Tries the store out, below `check/`; nothing of it stays.
#[must_use]
pub fn check(store: &dyn Objects) -> Vec<Check> {
    let place = format!("check/{}", JobId::new());
    let (Ok(a), Ok(b)) = (Key::new(format!("{place}/a.mid")), Key::new(format!("{place}/b.json"))) else {
        return Vec::new();
    };
    let mut checks = vec![written(store, &a)];
    if checks[0].verdict != Verdict::Failed {
        checks.extend([listed(store, &place), described(store, &a), one_winner(store, &b)]);
    }
    let gone = store.delete(&a).and_then(|()| store.delete(&b)).and_then(|()| list_all(store, &place, None));
    checks.push(match gone {
        Ok((left, _)) if left.is_empty() => Check::ok("delete", "what was written can be deleted"),
        Ok(_) => Check::failed("delete", "what was deleted is still listed", "another store with --store"),
        Err(e) => Check::failed("delete", e.to_string(), ASK),
    });
    checks
}

fn written(store: &dyn Objects, key: &Key) -> Check {
    let body = b"MThd\0\0\0\x06\0\0\0\0\0\x60";
    let about = Attributes { file_name: Some("Prüfung 夢.mid".to_owned()), metadata: Vec::new() };
    match store.put(key, body, &about).and_then(|()| store.get(key, 1 << 20)) {
        Ok(Some(read)) if read == body => Check::ok("write", "what is written is read back"),
        Ok(_) => Check::failed("write", "what is read is not what was written", "another store with --store"),
        Err(e) => Check::failed("write", e.to_string(), ASK),
    }
}

fn listed(store: &dyn Objects, place: &str) -> Check {
    let page = match store.list(&Listing::of(place)) {
        Ok(page) => page,
        Err(e) => return Check::failed("list", e.to_string(), ASK),
    };
    let apart = Timestamp::now().duration_since(page.now).abs();
    match page.entries.len() {
        1 if apart <= CLOCKS => Check::ok("list", "what is written is listed at once"),
        1 => Check::warning("list", format!("its clock and this one are {apart:#} apart"), "set this computer's clock"),
        n => Check::failed("list", format!("1 object was written, {n} are listed"), "another store with --store"),
    }
}

fn described(store: &dyn Objects, key: &Key) -> Check {
    match store.head(key) {
        Ok(Some(head)) if is_right(key, &head) => Check::ok("metadata", "types and encodings are kept"),
        Ok(Some(head)) => {
            Check::warning("metadata", wrong(key, &head), "browsers may not play what is shared from here")
        }
        Ok(None) => Check::failed("metadata", "it was written and is not there", "another store with --store"),
        Err(e) => Check::failed("metadata", e.to_string(), ASK),
    }
}

fn one_winner(store: &dyn Objects, key: &Key) -> Check {
    const REMEDY: &str = "jobs would be done twice here; another store with --store";
    let rivals: Vec<String> = (0..RIVALS).map(|n| format!("{{\"rival\":{n}}}")).collect();
    let won = parallel::each(&rivals, RIVALS, |r| store.put_if_absent(key, r.as_bytes(), &Attributes::default()));
    let winners: Vec<&String> =
        rivals.iter().zip(&won).filter(|(_, w)| **w == Ok(Written::Now)).map(|(r, _)| r).collect();
    let later = store.put_if_absent(key, b"{}", &Attributes::default());
    match (winners.as_slice(), store.get(key, 1 << 10), later) {
        ([winner], Ok(Some(there)), Ok(Written::Before)) if winner.as_bytes() == there => {
            Check::ok("create-if-absent", format!("of {RIVALS} that created an object at once, one did"))
        }
        (_, Err(e), _) | (_, _, Err(e)) => Check::failed("create-if-absent", e.to_string(), REMEDY),
        (winners, _, _) => {
            let found = format!("of {RIVALS} that created an object at once, {} think that they did", winners.len());
            Check::failed("create-if-absent", found, REMEDY)
        }
    }
}

fn is_right(key: &Key, head: &Head) -> bool {
    head.content_type == key.content_type() && head.content_encoding.as_deref().unwrap_or_default().is_empty()
}

fn wrong(key: &Key, head: &Head) -> String {
    match head.content_encoding.as_deref().unwrap_or_default() {
        "" => format!("{key} is said to be {}, not {}", head.content_type, key.content_type()),
        encoding => format!("{key} is said to be encoded: {encoding}"),
    }
}

/// Objects of ours that are described as something else: what is wrong with each. Tells of each that was looked at.
///
/// # Errors
/// When the store cannot be asked.
pub fn misdescribed(
    store: &dyn Objects,
    tell: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<(Key, String)>, store::Error> {
    let mut keys = Vec::new();
    for prefix in ["jobs/", "library/", "shared/"] {
        keys.extend(list_all(store, prefix, None)?.0.into_iter().map(|e| e.key));
    }
    let count = std::sync::atomic::AtomicUsize::new(0);
    let heads = parallel::each(&keys, AT_ONCE, |key| {
        let head = store.head(key);
        tell(count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, keys.len());
        head
    });
    let mut found = Vec::new();
    for (key, head) in keys.iter().zip(heads) {
        match head? {
            Some(head) if !is_right(key, &head) => found.push((key.clone(), wrong(key, &head))),
            _ => {}
        }
    }
    Ok(found)
}

/// Whether all objects of ours are described as what they are.
#[must_use]
pub fn check_objects(store: &dyn Objects) -> Check {
    match misdescribed(store, &|_, _| ()) {
        Ok(wrong) if wrong.is_empty() => Check::ok("objects", "all are rightly described"),
        Ok(wrong) => {
            let found = wrong.first().map(|(_, found)| found.as_str()).unwrap_or_default();
            let found =
                if wrong.len() == 1 { found.to_owned() } else { format!("{} as this one: {found}", wrong.len()) };
            Check::warning("objects", found, "composer bucket check --fix-metadata")
        }
        Err(e) => Check::failed("objects", e.to_string(), ASK),
    }
}

/// Gives an object the description that it should have; answers whether it has it now. There are servers that keep
/// what they are told to replace.
///
/// # Errors
/// When the bucket does not do it.
#[cfg(feature = "s3")]
pub fn mend(bucket: &store::s3::Bucket, key: &Key) -> Result<bool, store::Error> {
    bucket.correct(key)?;
    Ok(bucket.head(key)?.is_none_or(|head| is_right(key, &head)))
}

/// What is asked of a bucket, beyond its objects.
///
/// # Errors
/// When it cannot be reached.
#[cfg(feature = "s3")]
pub fn check_bucket(bucket: &store::s3::Bucket, encrypted_on_the_way: bool) -> Result<Vec<Check>, store::Error> {
    let started = std::time::Instant::now();
    bucket.reach()?;
    let took = started.elapsed();
    let mut checks = vec![Check::ok("reachable", format!("it answers, in {} ms", took.as_millis()))];
    checks.push(match bucket.encryption()? {
        Told::Yes(how) => Check::ok("encryption", format!("objects are encrypted ({how})")),
        Told::None => Check::warning("encryption", "objects are kept as they are, not encrypted", ENCRYPT),
        Told::NotTold(why) => {
            Check::warning("encryption", format!("not told ({why})"), "look in the bucket's settings")
        }
    });
    checks.push(match bucket.blocks_the_public()? {
        Told::Yes(true) => Check::ok("public-access", "the public is kept out; links that you share work all the same"),
        Told::Yes(false) | Told::None => {
            Check::warning("public-access", "the public is not kept out altogether", "switch Block Public Access on")
        }
        Told::NotTold(why) => {
            Check::warning("public-access", format!("not told ({why})"), "look in the bucket's settings")
        }
    });
    if !encrypted_on_the_way {
        checks.push(Check::warning(
            "tls",
            "what goes over the network is signed, not encrypted",
            "for networks that you trust; an https:// address for all others",
        ));
    }
    Ok(checks)
}
