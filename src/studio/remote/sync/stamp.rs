//! By what a file is taken for unchanged without being read: its size and date, as they were when these very bytes were
//! in it.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::studio::library::FileId;

/// Two changes within this may bear the same date: some file systems count in steps of two seconds.
const COARSE: Duration = Duration::from_secs(2);

/// A size and a date; without the date it says nothing, and the file is read the next time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    size: u64,
    modified: Option<Timestamp>,
}

impl Stamp {
    /// That of a file with these bytes in it since then.
    pub(super) fn of(about: &Metadata) -> Stamp {
        let modified = about.modified().ok().filter(|at| at.elapsed().is_ok_and(|age| age > COARSE));
        Stamp { size: about.len(), modified: modified.and_then(as_timestamp) }
    }

    /// Whether a file is still as it was.
    pub(super) fn is(&self, id: &FileId) -> bool {
        self.size == id.size && self.modified.is_some() && self.modified == as_timestamp(id.modified)
    }
}

fn as_timestamp(at: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(at).ok()
}

/// Reads a file. One that was written meanwhile, or just before, has no date to know it by.
pub(super) fn read(path: &Path) -> io::Result<(Vec<u8>, Stamp)> {
    let mut file = File::open(path)?;
    let (before, mut bytes) = (file.metadata()?, Vec::new());
    file.read_to_end(&mut bytes)?;
    let (first, second) = (Stamp::of(&before), Stamp::of(&file.metadata()?));
    let whole = first == second && first.size == bytes.len() as u64;
    Ok((bytes, if whole { first } else { Stamp::default() }))
}
