//! What the embedded server can and S3 cannot: hold a listing back until there is something new to list, so that who
//! waits for a job need not ask over and over.
//!
//! A listing's answer carries the server's clock in [`CLOCK`], finer than HTTP's `Date`, which is how a client knows
//! that it may ask with [`HEADER`]: since when there should be something new, and how many milliseconds it waits.
//! Other servers pass the header over, and are not sent it. And it can be full, which S3 cannot.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use jiff::Timestamp;

/// Of a request.
pub(super) const HEADER: &str = "x-composer-patience";
/// Of an answer.
pub(super) const CLOCK: &str = "x-composer-clock";

/// The code of an error: there is no room left.
pub(super) const FULL: &str = "StorageFull";

/// What a request says that waits for a change.
pub(super) fn ask(since: Timestamp, patience: Duration) -> String {
    format!("{since} {}", patience.as_millis())
}

/// What a request that waits has said.
pub(super) fn read(value: &HeaderValue) -> Option<(Timestamp, Duration)> {
    let (since, patience) = value.to_str().ok()?.split_once(' ')?;
    Some((since.parse().ok()?, Duration::from_millis(patience.parse().ok()?)))
}

/// What an answer says.
pub(super) fn clock(now: Timestamp) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&now.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""));
    (HeaderName::from_static(CLOCK), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_and_nonsense_is_not() {
        let since: Timestamp = "2026-11-21T12:00:00.123456789Z".parse().unwrap();
        let asked = HeaderValue::from_str(&ask(since, Duration::from_millis(700))).unwrap();
        assert_eq!(read(&asked), Some((since, Duration::from_millis(700))));
        for odd in ["", "1 2", "2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z -1", "2026-11-21T12:00:00Z 1e9"] {
            assert_eq!(read(&HeaderValue::from_static(odd)), None, "{odd}");
        }
    }
}
