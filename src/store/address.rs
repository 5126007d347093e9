//! Which store is meant, as people write it: a folder's path, or `s3://bucket/prefix`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A store's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, or a part of one.
    Bucket {
        /// Its name.
        bucket: String,
        /// With what all keys in it begin: empty, or ending in a slash.
        prefix: String,
    },
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            // `C:/music` is a folder; what is meant by `s3:/music` is none.
            let scheme = text.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
            let is_address = scheme.is_some_and(|(scheme, rest)| {
                let is_word = scheme.len() > 1 && scheme.bytes().all(|c| c.is_ascii_alphanumeric());
                rest.contains("//") || scheme == "s3" || (is_word && rest.starts_with('/'))
            });
            return match text {
                "" => Err("a store is a folder, or s3://bucket/prefix".to_owned()),
                _ if is_address => Err(format!("{text} is no store: a folder, or s3://bucket/prefix")),
                folder => Ok(Address::Folder(folder.into())),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'.';
        let ends = |c: Option<&u8>| c.is_some_and(u8::is_ascii_alphanumeric);
        let name = bucket.as_bytes();
        if !(3..=63).contains(&name.len())
            || !name.iter().all(|c| plain(*c))
            || !ends(name.first())
            || !ends(name.last())
        {
            return Err(format!("{bucket:?} is no name of a bucket: 3 to 63 of a-z, 0-9, - and ."));
        }
        let prefix = prefix.trim_matches('/');
        if !prefix.is_empty() {
            super::Key::new(prefix).map_err(|e| e.to_string())?;
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Address::Bucket { bucket: bucket.to_owned(), prefix })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Folder(path) => path.display().fmt(f),
            Address::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// Checks the address of a server that speaks S3.
///
/// # Errors
/// Says what it should look like.
pub fn endpoint(url: &str) -> Result<String, String> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    match host.is_some_and(|host| !host.is_empty() && !url.contains(|c: char| c.is_whitespace() || c.is_control())) {
        true => Ok(url.to_owned()),
        false => Err(format!("{url:?} is no address of a server: http://HOST:PORT, or https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_as_people_write_them() {
        for right in ["http://127.0.0.1:8014", "https://s3.example.org/x", "http://[::1]:9"] {
            assert_eq!(endpoint(right).as_deref(), Ok(right));
        }
        for wrong in ["127.0.0.1:8014", "http://", "localhost", "", "ftp://x", "http:// x"] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn folders_and_buckets_as_people_write_them() {
        for folder in ["my/jobs", "C:/music", "./s3:/x", "/mnt/a:b/c", "at 10:30"] {
            assert_eq!(folder.parse(), Ok(Address::Folder(folder.into())));
        }
        let bucket = |b: &str, p: &str| Ok(Address::Bucket { bucket: b.to_owned(), prefix: p.to_owned() });
        assert_eq!("s3://music".parse(), bucket("music", ""));
        assert_eq!("s3://music/a/b/".parse(), bucket("music", "a/b/"));
        for wrong in [
            "",
            "http://x",
            "http:/x",
            "s3:/x",
            "s3:x",
            "S3://music",
            "S3:/music",
            "s3://",
            "s3://Me",
            "s3://music/../x",
            "s3://-ab",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
