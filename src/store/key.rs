//! Names of objects: a small alphabet that means the same to every store, in a link and on every file system.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// The most bytes of a key.
const LONGEST: usize = 512;

/// The name of an object: lower-case letters, digits, `-` and `.`, in parts divided by `/`.
///
/// No part begins with a dot, so that no key names a place outside the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Key(String);

/// A name that no object can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of an object: a-z, 0-9, - and . in parts divided by /, none of which begins with a dot")]
pub struct InvalidKey(String);

impl Key {
    /// Checks a name.
    ///
    /// # Errors
    /// Says what it should look like.
    pub fn new(text: impl Into<String>) -> Result<Key, InvalidKey> {
        let text = text.into();
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'.';
        let part = |p: &str| !p.is_empty() && !p.starts_with('.') && !p.ends_with('.') && p.bytes().all(plain);
        if text.len() <= LONGEST && text.split('/').all(part) {
            Ok(Key(text))
        } else {
            Err(InvalidKey(text.chars().take(80).collect()))
        }
    }

    /// A key that no object is ever written to.
    #[must_use]
    pub fn unused() -> Key {
        Key("unused".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the extension says of the content, as MIME has it.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self.0.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "mid" | "midi" | "kar" => "audio/midi",
            "json" => "application/json",
            "html" => "text/html; charset=utf-8",
            "wav" => "audio/wav",
            "flac" => "audio/flac",
            "ogg" => "audio/ogg",
            _ => "application/octet-stream",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Key, D::Error> {
        Key::new(String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_inside_the_store() {
        for good in ["a", "jobs/0190-a/attempts/0001/beat.json", "a.b/c"] {
            assert!(Key::new(good).is_ok(), "{good}");
        }
        let long = "a".repeat(LONGEST + 1);
        for bad in ["", "/a", "a/", "a//b", "../a", "a/../b", ".a", "a/.b", "A", "a b", "a\\b", "ä", "a.", "c:", &long]
        {
            assert!(Key::new(bad).is_err(), "{bad}");
        }
    }
}
