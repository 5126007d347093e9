//! A folder of this computer, served as a bucket to those who have its keys.

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::store::folder::Folder;
use crate::store::server::{Keys, Reserved, Server};
use crate::store::{self, Address};

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file of keys is of no use.
    #[error("the keys {}: {why}", path.display())]
    Keys {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The name cannot be a bucket's.
    #[error("{0}")]
    Bucket(String),
    /// The folder cannot be served.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What is served.
#[derive(Clone, Copy, Debug)]
pub struct Serving<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// The name of the bucket that it is for others.
    pub bucket: &'a str,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The file of the keys that requests are signed with.
    pub keys: &'a Path,
    /// Whether new ones are made.
    pub renew: bool,
}

/// Serves a folder under a bucket's name, until the server is dropped; answers with the keys as well.
///
/// # Errors
/// When the name is none, or the folder, the address or the keys cannot be had. Those of a server that runs stay.
pub fn serve(serving: &Serving<'_>) -> Result<(Server, Keys), Error> {
    let Serving { folder, bucket, listen, .. } = *serving;
    format!("s3://{bucket}").parse::<Address>().map_err(Error::Bucket)?;
    let reserved = Reserved::new(Folder::open(folder)?, listen)?;
    let keys = keys(serving.keys, serving.renew)?;
    Ok((reserved.serve(bucket, &keys), keys))
}

/// The keys in a file that this user alone can read; without one, or with `renew`, new ones are made.
///
/// # Errors
/// When it cannot be read or written, or holds something else.
pub fn keys(path: &Path, renew: bool) -> Result<Keys, Error> {
    let failed = |e: io::Error| Error::Keys { path: path.to_owned(), why: e.to_string() };
    if renew {
        fs::remove_file(path)
            .or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
            .map_err(failed)?;
    }
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => {
            for_me_alone(path).map_err(failed)?;
            let value = |name: &str| {
                let found =
                    text.lines().find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('='));
                found.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
            };
            let both = value("aws_access_key_id").zip(value("aws_secret_access_key"));
            let (access, secret) = both.ok_or_else(|| Error::Keys {
                path: path.to_owned(),
                why: "there are no keys in it; --new-keys makes new ones".to_owned(),
            })?;
            Ok(Keys { access, secret: secret.into() })
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => match make(path) {
            // Another was first, and has put its file there whole.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => keys(path, false),
            made => made.map_err(failed),
        },
        Err(e) => Err(failed(e)),
    }
}

/// A new file, in the form of `~/.aws/credentials`.
fn make(path: &Path) -> io::Result<Keys> {
    let keys = Keys::generate();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // What tempfile makes is its owner's alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(
        file,
        "# Keys of `composer serve`: whoever has them can read and write what it serves.\n\
         [default]\naws_access_key_id = {}\naws_secret_access_key = {}",
        keys.access,
        keys.secret.as_str()
    )?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|e| e.error)?;
    Ok(keys)
}

#[cfg(unix)]
fn for_me_alone(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(path)?.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(path, fs::Permissions::from_mode(0o600)),
    }
}

#[cfg(not(unix))]
fn for_me_alone(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The address under which others reach what listens here: where it listens everywhere, the one of the network
/// that this computer would send over.
#[must_use]
pub fn reached_at(listening: SocketAddr) -> SocketAddr {
    let outward = |any: IpAddr| {
        // Nothing is sent: the system only decides over which network it would be.
        let (from, to) = if any.is_ipv4() { ("0.0.0.0:0", "192.0.2.1:9") } else { ("[::]:0", "[2001:db8::1]:9") };
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        socket.local_addr().ok().map(|a| a.ip())
    };
    match listening.ip() {
        any if any.is_unspecified() => SocketAddr::new(outward(any).unwrap_or(any), listening.port()),
        _ => listening,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_start_at_once_have_the_same_keys() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("data/serve.keys");
            let start = std::sync::Barrier::new(8);
            let all: Vec<Keys> = std::thread::scope(|scope| {
                let each = || {
                    start.wait();
                    keys(&path, false)
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(each)).collect();
                threads.into_iter().map(|t| t.join().unwrap().unwrap()).collect()
            });
            assert!(all.iter().all(|keys| *keys == all[0]));
        }
    }

    #[test]
    fn keys_are_made_once_and_are_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/serve.keys");
        let first = keys(&path, false).unwrap();
        assert_eq!(keys(&path, false).unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(), 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert_eq!(keys(&path, false).unwrap(), first);
            assert_eq!(mode(), 0o600);
        }
        let renewed = keys(&path, true).unwrap();
        assert!(renewed.access != first.access && renewed.secret != first.secret);
        fs::write(&path, "[default]\n").unwrap();
        let error = keys(&path, false).unwrap_err().to_string();
        assert!(error.contains("--new-keys"), "{error}");
    }
}
