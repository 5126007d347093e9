//! One at a time for each library: two that plan at once would undo what the other does.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::super::{Error, sha256};

/// Held while a library and a store are made alike.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it. `states` is the folder where it is remembered what both had.
    ///
    /// # Errors
    /// [`Error::Busy`] when another program of this user has it.
    pub fn take(library: &Path, states: &Path) -> Result<Lock, Error> {
        let whole = fs::canonicalize(library).unwrap_or_else(|_| library.to_owned());
        let path = states.join(format!("{}.lock", &sha256(whole.display().to_string().as_bytes())[..32]));
        let failed = Error::local(&path);
        fs::create_dir_all(states).map_err(&failed)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // It may not have said yet who it is.
                let _ = file.take(20).read_to_string(&mut process);
                return Err(Error::Busy { library: library.to_owned(), process: process.trim().parse().ok() });
            }
            // Some file systems cannot: there it is left to the user.
            Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(e)) => return Err(failed(e)),
        }
        let said = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
        said.map_err(&failed)?;
        Ok(Lock { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_other_is_named() {
        let (library, states) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let lock = Lock::take(library.path(), states.path()).unwrap();
        let said = Lock::take(library.path(), states.path()).unwrap_err().to_string();
        assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
        Lock::take(states.path(), states.path()).expect("another library");
        drop(lock);
        Lock::take(library.path(), states.path()).unwrap();
    }
}
