//! A job's objects, and what is written in them. `docs/jobs.md` lists both.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::compose::request::Request;
use crate::store::key::InvalidKey;
use crate::store::{Attributes, Key};

/// Below this are all jobs, a folder each.
pub const JOBS: &str = "jobs/";
/// Below this is an empty object for every job that has not ended, so that the others need not be looked at.
pub const OPEN: &str = "open/";
/// The schema of `request.json`.
pub const REQUEST: &str = "composer.request/1";
/// The schema of `result.json`.
pub const RESULT: &str = "composer.result/1";
/// The longest document that is read.
pub const LONGEST_DOCUMENT: u64 = 64 << 10;

/// The name of a job: a version 7 UUID, so that names sort by the time of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(Uuid);

impl JobId {
    /// A new name.
    #[must_use]
    pub fn new() -> JobId {
        JobId(Uuid::now_v7())
    }

    /// The first name that a job submitted at that time can have, to list from there on.
    #[must_use]
    pub fn earliest(at: Timestamp) -> JobId {
        let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or_default();
        JobId(uuid::Builder::from_unix_timestamp_millis(milliseconds, &[0; 10]).into_uuid())
    }

    /// The last characters, which tell jobs apart for people.
    #[must_use]
    pub fn short(&self) -> String {
        let text = self.to_string();
        text[text.len() - 8..].to_owned()
    }

    /// With what the keys of its objects begin.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{JOBS}{self}/")
    }

    /// One of its objects.
    #[must_use]
    pub fn object(&self, object: Object) -> Key {
        let Object { attempt, file } = object;
        let name = match attempt {
            0 => format!("{JOBS}{self}/{file}"),
            n => format!("{JOBS}{self}/attempts/{n:04}/{file}"),
        };
        plain(Key::new(name))
    }

    /// The object that is there until it ends.
    #[must_use]
    pub fn open_mark(&self) -> Key {
        plain(Key::new(format!("{OPEN}{self}")))
    }
}

impl Default for JobId {
    fn default() -> JobId {
        JobId::new()
    }
}

/// Keys that are put together here are of the alphabet; this one stands in for what cannot be.
fn plain(key: Result<Key, InvalidKey>) -> Key {
    key.unwrap_or_else(|_| Key::unused())
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<JobId, uuid::Error> {
        // Only one way to write it: the name is part of keys.
        let id = JobId(Uuid::parse_str(text)?);
        if id.to_string() == text { Ok(id) } else { Uuid::parse_str("").map(JobId) }
    }
}

/// One of a job's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// The attempt that it belongs to, from 1; 0 for the job's own.
    attempt: u32,
    file: &'static str,
}

impl Object {
    /// What is to be worked on.
    pub const INPUT: Object = Object { attempt: 0, file: "input.mid" };
    /// How; written last, and with it the job is submitted.
    pub const REQUEST: Object = Object { attempt: 0, file: "request.json" };
    /// The client wants it no more.
    pub const CANCEL: Object = Object { attempt: 0, file: "cancel.json" };
    /// The end.
    pub const RESULT: Object = Object { attempt: 0, file: "result.json" };

    /// Somebody began.
    #[must_use]
    pub const fn claim(attempt: u32) -> Object {
        Object { attempt, file: "claim.json" }
    }

    /// It is alive.
    #[must_use]
    pub const fn beat(attempt: u32) -> Object {
        Object { attempt, file: "beat.json" }
    }

    /// As far as it has come.
    #[must_use]
    pub const fn partial(attempt: u32) -> Object {
        Object { attempt, file: "partial.mid" }
    }

    /// It failed, and another may try.
    #[must_use]
    pub const fn error(attempt: u32) -> Object {
        Object { attempt, file: "error.json" }
    }

    /// It was stopped, and another is to go on.
    #[must_use]
    pub const fn released(attempt: u32) -> Object {
        Object { attempt, file: "released.json" }
    }

    /// What came of it; several variations are numbered.
    #[must_use]
    pub const fn output(attempt: u32, variation: usize) -> Object {
        const NAMES: [&str; 16] = [
            "output.mid",
            "output-2.mid",
            "output-3.mid",
            "output-4.mid",
            "output-5.mid",
            "output-6.mid",
            "output-7.mid",
            "output-8.mid",
            "output-9.mid",
            "output-10.mid",
            "output-11.mid",
            "output-12.mid",
            "output-13.mid",
            "output-14.mid",
            "output-15.mid",
            "output-16.mid",
        ];
        Object { attempt, file: NAMES[if variation < NAMES.len() { variation } else { NAMES.len() - 1 }] }
    }
}

/// `request.json`: the submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    /// [`REQUEST`].
    pub schema: String,
    /// The file's name for people, in any script.
    pub name: String,
    /// What is to be done.
    #[serde(flatten)]
    pub work: Request,
    /// Of the input, in hexadecimal.
    pub sha256: String,
    /// When it was submitted, by the store's clock.
    pub submitted: Timestamp,
    /// Nobody waits any more after this, by the store's clock.
    pub deadline: Option<Timestamp>,
    /// The program that submitted it.
    pub client: String,
    /// What it took to send the input, in seconds.
    pub upload_seconds: f64,
    /// The job that is tried again with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<JobId>,
}

/// `claim.json`: who works on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The worker's name.
    pub owner: String,
    /// Tells this claim from every other.
    pub token: Uuid,
}

/// What a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Getting model and input.
    Load,
    /// Composing.
    Inference,
    /// Writing what came of it.
    Write,
}

/// `beat.json`: it is alive, and so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// What it is at.
    pub stage: Stage,
    /// From 0 to 1.
    pub progress: f64,
    /// Whether there is a `partial.mid`.
    pub partial: bool,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The input's or the request's: the same again would fail again.
    Input,
    /// Nobody's in particular; another attempt may succeed.
    Transient,
    /// The program's.
    Internal,
    /// Nobody waited any more when it could have been begun.
    Deadline,
}

/// `error.json`, and the failed end of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// Whose fault.
    pub class: Class,
    /// For people.
    pub message: String,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum Outcome {
    /// With compositions, the best first.
    Succeeded {
        /// Their keys.
        outputs: Vec<Output>,
    },
    /// Without.
    Failed {
        /// Why.
        #[serde(flatten)]
        fault: Fault,
    },
    /// The client wanted it no more.
    Cancelled,
}

impl Outcome {
    /// In one word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Outcome::Succeeded { .. } => "succeeded",
            Outcome::Failed { .. } => "failed",
            Outcome::Cancelled => "cancelled",
        }
    }

    /// In a word, or with why.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Outcome::Failed { fault } => format!("failed: {}", fault.message),
            other => other.name().to_owned(),
        }
    }
}

/// A composition that is in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Where.
    pub key: Key,
    /// In hexadecimal.
    pub sha256: String,
}

/// Where the time went, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// Sending the input.
    pub upload: f64,
    /// From submission to claim, by the store's clock.
    pub queue: f64,
    /// Becoming the one who works on it.
    pub claim: f64,
    /// Getting input and model, where they were not there already.
    pub load: f64,
    /// Composing.
    pub inference: f64,
    /// Writing what came of it.
    pub write: f64,
}

impl Stages {
    /// Each with its name, in the order of time.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 6] {
        [
            ("upload", self.upload),
            ("queue", self.queue),
            ("claim", self.claim),
            ("load", self.load),
            ("inference", self.inference),
            ("write", self.write),
        ]
    }
}

/// `result.json`: the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// [`RESULT`].
    pub schema: String,
    /// How.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The attempt that ended it; 0 when it was not begun.
    pub attempt: u32,
    /// Tells this ending from every other.
    pub token: Uuid,
    /// Where the time went.
    pub stages: Stages,
}

impl Ending {
    /// An ending now.
    #[must_use]
    pub fn new(outcome: Outcome, attempt: u32, stages: Stages) -> Ending {
        Ending { schema: RESULT.to_owned(), outcome, attempt, token: Uuid::new_v4(), stages }
    }
}

/// A fingerprint, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// What is said of a composition beside its content.
#[must_use]
pub fn attributes(id: JobId, name: &str, body: &[u8]) -> Attributes {
    let metadata = vec![("schema", REQUEST.to_owned()), ("job-id", id.to_string()), ("sha256", sha256(body))];
    Attributes { file_name: Some(name.to_owned()), metadata }
}
