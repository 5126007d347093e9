//! Compositions made elsewhere: opening the store, reading what is submitted, placing what comes back.

pub mod board;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::place::{self, InTheWay};
use crate::compose::request::Request;
use crate::jobs::client::Order;
use crate::jobs::engine::Limits;
use crate::jobs::worker::Pace;
use crate::music::smf;
use crate::settings::{Folders, Settings};
use crate::store::folder::Folder;
#[cfg(feature = "s3")]
use crate::store::s3::Knocks;
use crate::store::{self, Address, Objects};

/// Where the store is, and how it is reached. What is not told is as the settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// A folder, or `s3://bucket/prefix`.
    pub address: Option<Address>,
    /// A server that is not Amazon's.
    pub endpoint_url: Option<String>,
    /// The profile of the AWS configuration.
    pub profile: Option<String>,
    /// The AWS region.
    pub region: Option<String>,
}

/// A store that is open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Objects>,
    /// Where it is.
    pub address: Address,
    /// How often it may be looked at.
    pub pace: Pace,
    /// The folder that was made for it, where somebody had named one that was not there.
    pub made: Option<PathBuf>,
}

/// What a store is opened for: whether a folder that is not there is made or refused, as it may be mistyped or a disk that
/// is not there, and how often somebody knocks where nobody listens. The folder that nobody need name is never refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To write: it is made.
    Write,
    /// To try it out: it must be there.
    Try,
    /// To look what is there.
    Look,
    /// To look again and again.
    Wait,
}

/// Why no store was opened, or nothing submitted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings name no store.
    #[error("[jobs] store: {0}")]
    Address(String),
    /// The settings name no server.
    #[error("[jobs] endpoint_url: {0}")]
    Endpoint(String),
    /// A server was named for a folder.
    #[error("{} is a folder, for which there is no --endpoint-url", .0.display())]
    NoServer(PathBuf),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file is not for composing.
    #[error("{}: {why}", path.display())]
    NoMusic {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// The address of the store that is meant.
fn address(place: &Place, settings: &Settings, folders: &Folders) -> Result<Address, Error> {
    Ok(match (&place.address, &settings.jobs.store) {
        (Some(address), _) => address.clone(),
        (None, Some(text)) => match text.parse().map_err(Error::Address)? {
            Address::Folder(path) => Address::Folder(folders.from_home(&path)),
            bucket => bucket,
        },
        (None, None) => Address::Folder(folders.jobs.clone()),
    })
}

/// Opens a store; a folder is made if need be.
///
/// # Errors
/// As [`open_for`].
pub fn open(place: &Place, settings: &Settings, folders: &Folders) -> Result<Opened, Error> {
    open_for(Purpose::Write, place, settings, folders)
}

/// Opens a store for a purpose.
///
/// # Errors
/// When the settings name none, or it cannot be opened.
pub fn open_for(purpose: Purpose, place: &Place, settings: &Settings, folders: &Folders) -> Result<Opened, Error> {
    let address = address(place, settings, folders)?;
    if let (Address::Bucket { .. }, Some(url)) = (&address, &settings.jobs.endpoint_url) {
        store::address::endpoint(url).map_err(Error::Endpoint)?;
    }
    match &address {
        Address::Folder(path) => {
            if place.endpoint_url.is_some() {
                return Err(Error::NoServer(path.clone()));
            }
            let is_named = place.address.is_some() || settings.jobs.store.is_some();
            let absent_one = is_named && !path.exists();
            if purpose != Purpose::Write && absent_one {
                let why = "there is no such folder".to_owned();
                return Err(store::Error::Missing { store: path.display().to_string(), why }.into());
            }
            let folder = match purpose {
                Purpose::Write | Purpose::Try => Folder::open(path)?,
                Purpose::Look | Purpose::Wait => Folder::as_it_is(path)?,
            };
            let made = absent_one.then(|| path.clone());
            Ok(Opened { store: Arc::new(folder), address, pace: Pace::NEAR, made })
        }
        #[cfg(feature = "s3")]
        Address::Bucket { bucket, prefix } => {
            let knocks =
                if matches!(purpose, Purpose::Try | Purpose::Look) { Knocks::Twice } else { Knocks::Patiently };
            let access = store::s3::Access { knocks, ..access(place, settings, folders) };
            let pace = if access.stays_here() { Pace::NEAR } else { Pace::FAR };
            let store: Arc<dyn Objects> = Arc::new(store::s3::Bucket::open(bucket, prefix, &access)?);
            Ok(Opened { store, address, pace, made: None })
        }
        #[cfg(not(feature = "s3"))]
        Address::Bucket { .. } => {
            let what = "this composer was built without the feature `s3`".to_owned();
            Err(store::Error::Unsupported { store: address.to_string(), what }.into())
        }
    }
}

/// Opens the bucket that is meant, and whether what goes there is encrypted on its way or stays on this computer;
/// none where a folder is meant.
///
/// # Errors
/// As [`open`].
#[cfg(feature = "s3")]
pub fn open_bucket(
    place: &Place,
    settings: &Settings,
    folders: &Folders,
) -> Result<Option<(store::s3::Bucket, bool)>, Error> {
    let Address::Bucket { bucket, prefix } = address(place, settings, folders)? else { return Ok(None) };
    let access = store::s3::Access { knocks: Knocks::Twice, ..access(place, settings, folders) };
    let open = access.endpoint_url.as_deref().is_some_and(|url| url.starts_with("http://")) && !access.stays_here();
    Ok(Some((store::s3::Bucket::open(&bucket, &prefix, &access)?, !open)))
}

/// How a bucket is reached, and what else of AWS's there is.
#[cfg(feature = "s3")]
#[must_use]
pub fn access(place: &Place, settings: &Settings, folders: &Folders) -> store::s3::Access {
    let or = |told: &Option<String>, set: &Option<String>| told.clone().or_else(|| set.clone());
    let set = &settings.jobs;
    store::s3::Access {
        endpoint_url: or(&place.endpoint_url, &set.endpoint_url),
        profile: or(&place.profile, &set.profile),
        region: or(&place.region, &set.region),
        // Who names a profile means the AWS configuration.
        keys_file: set.keys_file.as_ref().filter(|_| place.profile.is_none()).map(|file| folders.from_home(file)),
        instance_metadata: set.instance_metadata,
        knocks: Knocks::default(),
    }
}

/// Reads a file that is to be submitted, and sees that it is music.
///
/// # Errors
/// When it is not, or cannot be read.
pub fn order(path: &Path, work: &Request, wanted_for: Option<Duration>) -> Result<Order, Error> {
    let unreadable = |cause| Error::Unreadable { path: path.to_owned(), cause };
    let no_music = |why| Error::NoMusic { path: path.to_owned(), why };
    let most = Limits::default().bytes;
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > most {
        return Err(no_music(format!("a job's file has {most} bytes at most, this one {length}")));
    }
    let input = std::fs::read(path).map_err(unreadable)?;
    smf::read(&input).map_err(|e| no_music(e.to_string()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Order { name, input, work: work.clone(), wanted_for })
}

/// Writes what came of a job into a folder: `song-composed.mid`, and `song-composed-2.mid` and so on for
/// further variations and where there is a file already.
///
/// # Errors
/// When one cannot be written.
pub fn place(files: &[Vec<u8>], name: &str, what: &str, folder: &Path) -> io::Result<Vec<PathBuf>> {
    // A name from a store is a name and no path, wherever it comes from.
    let stem = Path::new(name).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let stem: String = stem.chars().filter(|c| !c.is_control() && !"/\\:*?\"<>|".contains(*c)).take(80).collect();
    // A dot in front would hide the file.
    let stem = stem.trim_start_matches(['.', ' ']);
    let stem = if stem.is_empty() { "composition" } else { stem };
    let path = folder.join(format!("{stem}-{what}.mid"));
    std::fs::create_dir_all(folder)?;
    files.iter().map(|file| place::place(file, &path, InTheWay::TakeNextName)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_store_stays_in_the_folder_which_is_made() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("new");
        for (name, expected) in [
            ("song.mid", "song-composed.mid"),
            ("../../etc/passwd", "passwd-composed.mid"),
            ("..", "composition-composed.mid"),
            (".hidden.mid", "hidden-composed.mid"),
            ("夢 №7.mid", "夢 №7-composed.mid"),
            ("C:\\x\u{1b}[31m.mid", "Cx[31m-composed.mid"),
        ] {
            let placed = place(&[b"x".to_vec()], name, "composed", &folder).unwrap();
            assert_eq!(placed, [folder.join(expected)], "{name}");
        }
        let second = place(&[b"x".to_vec(), b"y".to_vec()], "song.mid", "composed", &folder).unwrap();
        assert_eq!(second, [folder.join("song-composed-2.mid"), folder.join("song-composed-3.mid")]);
    }
}
