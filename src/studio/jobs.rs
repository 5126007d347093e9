//! Compositions made elsewhere: opening the store, reading what is submitted, placing what comes back.

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
use crate::store::folder::Folder;
use crate::store::{self, Objects};

/// A store that is open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Objects>,
    /// Where it is.
    pub folder: PathBuf,
    /// How often it may be looked at.
    pub pace: Pace,
}

/// Why nothing was submitted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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

/// Opens the store in a folder, which is made if need be.
///
/// # Errors
/// When it cannot be made or written.
pub fn open(folder: &Path) -> Result<Opened, store::Error> {
    let store: Arc<dyn Objects> = Arc::new(Folder::open(folder)?);
    Ok(Opened { store, folder: folder.to_owned(), pace: Pace::NEAR })
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
    let stem = if stem.trim_matches(['.', ' ']).is_empty() { "composition".to_owned() } else { stem };
    let path = folder.join(format!("{stem}-{what}.mid"));
    files.iter().map(|file| place::place(file, &path, InTheWay::TakeNextName)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_store_stays_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for (name, expected) in [
            ("song.mid", "song-composed.mid"),
            ("../../etc/passwd", "passwd-composed.mid"),
            ("..", "composition-composed.mid"),
            ("夢 №7.mid", "夢 №7-composed.mid"),
            ("C:\\x\u{1b}[31m.mid", "Cx[31m-composed.mid"),
        ] {
            let placed = place(&[b"x".to_vec()], name, "composed", folder.path()).unwrap();
            assert_eq!(placed, [folder.path().join(expected)], "{name}");
        }
        let second = place(&[b"x".to_vec(), b"y".to_vec()], "song.mid", "composed", folder.path()).unwrap();
        assert_eq!(second, [folder.path().join("song-composed-2.mid"), folder.path().join("song-composed-3.mid")]);
    }
}
