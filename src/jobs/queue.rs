//! What a queue says: that something came into the bucket. It says so late, twice, or in another order; the key
//! that it names is a hint, and the state is in the store.
//!
//! Feature `lambda`. [`sqs`] polls a queue; [`lambda`](super::lambda) is called with what is in one.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job::{JOBS, JobId};
use super::worker::single::Fate;
use super::worker::{Stop, Teller, Told, Worker};

pub mod sqs;

/// A batch of messages, as Lambda is called with it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Batch {
    /// Its messages.
    #[serde(rename = "Records", default)]
    pub records: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// Names it.
    #[serde(rename = "messageId")]
    pub id: String,
    /// An event of the bucket, or several, as JSON.
    pub body: String,
}

/// The answer to a batch: which messages are to come again. The others are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Those that are to come again.
    #[serde(rename = "batchItemFailures")]
    pub again: Vec<Item>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// [`Message::id`].
    #[serde(rename = "itemIdentifier")]
    pub id: String,
}

/// What a queue's consumer is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To work.
    Work,
    /// To say of what the queue has given up that it has failed.
    Bury,
}

/// Does what the messages of a batch ask for.
pub fn handle(worker: &Worker, part: Part, batch: &Batch, stop: &Stop, teller: Teller<'_>) -> Answer {
    let again = batch.records.iter().filter(|m| message(worker, part, &m.body, stop, teller) == Fate::Again);
    Answer { again: again.map(|m| Item { id: m.id.clone() }).collect() }
}

/// Does what one message asks for.
pub fn message(worker: &Worker, part: Part, body: &str, stop: &Stop, teller: Teller<'_>) -> Fate {
    let mut fate = Fate::Ended;
    for id in jobs(body) {
        let done = match part {
            Part::Work => worker.one(id, stop, teller),
            Part::Bury => worker.bury(id, teller),
        };
        match done {
            Ok(Fate::Ended) => {}
            Ok(Fate::Again) => fate = Fate::Again,
            Err(e) => {
                teller(Told::Trouble(e));
                fate = Fate::Again;
            }
        }
    }
    fate
}

/// The jobs that a message speaks of: none where it is a test of the sender, of other objects, or nonsense, which
/// all may be forgotten.
#[must_use]
pub fn jobs(body: &str) -> Vec<JobId> {
    let Ok(mut event) = serde_json::from_str::<Value>(body) else { return Vec::new() };
    // What comes over a topic is wrapped once more.
    if event["Type"] == "Notification"
        && let Some(inner) = event["Message"].as_str()
    {
        event = serde_json::from_str(inner).unwrap_or_default();
    }
    // EventBridge writes keys as they are, S3 itself as in a form.
    let plain = event["detail"]["object"]["key"].as_str().map(ToOwned::to_owned);
    let records = event["Records"].as_array().map(Vec::as_slice).unwrap_or_default();
    let encoded = records.iter().filter_map(|r| r["s3"]["object"]["key"].as_str()).map(decoded);
    let mut jobs: Vec<JobId> = plain.into_iter().chain(encoded).filter_map(|key| job(&key)).collect();
    jobs.dedup();
    jobs
}

/// The job whose `request.json` that is, whatever the prefix.
fn job(key: &str) -> Option<JobId> {
    let folder = key.strip_suffix("/request.json")?;
    let (parent, id) = folder.rsplit_once('/').unwrap_or(("", folder));
    let below = format!("/{parent}/").ends_with(&format!("/{JOBS}"));
    if below { id.parse().ok() } else { None }
}

/// What was encoded as in a form: `+` for a space, `%2F` for a slash, which some senders encode and others do not.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_found_in_whatever_wraps_them() {
        let id: JobId = "0198a000-0000-7000-8000-000000000001".parse().unwrap();
        let s3 =
            |key: &str| format!(r#"{{"Records":[{{"eventSource":"aws:s3","s3":{{"object":{{"key":"{key}"}}}}}}]}}"#);
        let wrapped = |inner: &str| serde_json::json!({"Type": "Notification", "Message": inner}).to_string();
        let key = format!("jobs/{id}/request.json");
        let encoded = key.replace('/', "%2F").replace('-', "%2d");
        for body in [
            s3(&key),
            s3(&format!("my+music/{key}")),
            s3(&encoded),
            wrapped(&s3(&key)),
            format!(r#"{{"detail-type":"Object Created","detail":{{"object":{{"key":"{key}"}}}}}}"#),
        ] {
            assert_eq!(jobs(&body), [id], "{body}");
        }
        for body in [
            s3(&format!("jobs/{id}/input.mid")),
            s3(&format!("jobs/{id}/attempts/0001/request.json")),
            s3(&format!("notjobs/{id}/request.json")),
            s3("jobs/%zz/request.json"),
            s3("jobs/../request.json"),
            r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#.to_owned(),
            "nonsense".to_owned(),
            "[]".to_owned(),
            "{\"Records\":7}".to_owned(),
            String::new(),
        ] {
            assert_eq!(jobs(&body), [], "{body}");
        }
    }

    #[test]
    fn what_was_encoded_is_decoded_once() {
        assert_eq!(decoded("a+b%2Fc%C3%A4%252F%"), "a b/cä%2F%");
    }
}
