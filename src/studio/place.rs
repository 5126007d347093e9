//! Putting a finished file in its place: written beside it, synced, and renamed, so that the place
//! holds the old file or the new one and never half of either. Where the place is a link, what it
//! leads to is meant: the link stays.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What to do with a file that is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InTheWay {
    /// Leave it and take the next free name: `song-2.mid`.
    TakeNextName,
    /// Replace it.
    Replace,
}

/// Writes `bytes` at `path` (or beside, see [`InTheWay`]) and answers with where they are.
///
/// # Errors
/// When the folder cannot be written; nothing is left behind then.
pub fn place(bytes: &[u8], path: &Path, in_the_way: InTheWay) -> io::Result<PathBuf> {
    let mut placing = Placing::begin(path)?;
    placing.file().write_all(bytes)?;
    placing.finish(in_the_way)
}

/// The system's words without the path that tempfile adds: the name of a file that means nothing to anybody.
fn plain(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((words, _)) => io::Error::new(error.kind(), words),
        None => error,
    }
}

/// A file on its way to its place; dropped before [`Placing::finish`] it leaves nothing behind.
#[derive(Debug)]
pub struct Placing {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Placing {
    /// Makes an empty file beside `path`.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn begin(path: &Path) -> io::Result<Placing> {
        Placing::beside(path).map_err(plain)
    }

    fn beside(path: &Path) -> io::Result<Placing> {
        let path = through_links(path)?;
        no_device(&path)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".composer-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Like any new file: the umask decides.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        Ok(Placing { file: builder.tempfile_in(folder_of(&path))?, path })
    }

    /// The file, to be written.
    pub fn file(&mut self) -> &mut fs::File {
        self.file.as_file_mut()
    }

    /// Puts it in its place and answers with where that is.
    ///
    /// # Errors
    /// When the disk or the folder does not take it; nothing is left behind then.
    pub fn finish(self, in_the_way: InTheWay) -> io::Result<PathBuf> {
        self.put(in_the_way).map_err(plain)
    }

    fn put(self, in_the_way: InTheWay) -> io::Result<PathBuf> {
        let Placing { mut file, path } = self;
        file.as_file().sync_all()?;
        let placed = match in_the_way {
            InTheWay::Replace => {
                // Who may read the old one may read the new one, and nobody else.
                if let Ok(old) = fs::metadata(&path) {
                    let _ = file.as_file().set_permissions(old.permissions());
                }
                file.persist(&path).map_err(|e| e.error)?;
                path.clone()
            }
            InTheWay::TakeNextName => {
                let mut names = names(&path);
                loop {
                    let name = names.next().ok_or(io::ErrorKind::AlreadyExists)?;
                    match file.persist_noclobber(&name) {
                        Ok(_) => break name,
                        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => file = e.file,
                        // Some file systems can neither rename without replacing nor link: there the name
                        // is taken first, by an empty file that cannot have been anybody else's.
                        Err(e) => match fs::OpenOptions::new().write(true).create_new(true).open(&name) {
                            Ok(_) => {
                                e.file.persist(&name).map_err(|e| e.error)?;
                                break name;
                            }
                            Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => file = e.file,
                            Err(_) => return Err(e.error),
                        },
                    }
                }
            }
        };
        // The rename must survive a power cut as well. Some file systems cannot sync a folder; the file itself is safe.
        #[cfg(unix)]
        let _ = fs::File::open(folder_of(&path)).and_then(|f| f.sync_all());
        Ok(placed)
    }
}

/// Whether a file could be put into the folder of `path`, tried by making one.
///
/// # Errors
/// Says why not.
pub fn try_folder(path: &Path) -> io::Result<()> {
    let path = through_links(path)?;
    no_device(&path)?;
    tempfile::Builder::new().prefix(".composer-").tempfile_in(folder_of(&path)).map(drop).map_err(plain)
}

/// A pipe or a device would be replaced, not written to: `/dev/null` with the right to do so.
fn no_device(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => Err(io::Error::other("it is a pipe or a device, not a file")),
        _ => Ok(()),
    }
}

/// Where a path leads, whether there is a file yet or not.
fn through_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("it is a link that leads back to itself"))
}

/// The folder that a path lies in; the working folder for a bare name.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `song.mid`, `song-2.mid`, `song-3.mid` and so on; after `song-2.mid` comes `song-3.mid` where there is a `song.mid`,
/// whose copy it is then: a name that happens to end with a number, as dates do, goes on as any other.
pub(super) fn names(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let path = path.to_owned();
    let extension = path.extension().map(ToOwned::to_owned);
    let (stem, first) = original_of(&path).unwrap_or_else(|| (path.file_stem().unwrap_or_default().to_owned(), 1));
    (first..10_000u32).map(move |n| {
        if n == first {
            return path.clone();
        }
        let mut name = stem.clone();
        name.push(format!("-{n}"));
        if let Some(extension) = &extension {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    })
}

/// Of which file this is a copy, and the so manieth; the original stands beside it.
fn original_of(path: &Path) -> Option<(OsString, u32)> {
    let (stem, number) = path.file_stem()?.to_str()?.rsplit_once('-')?;
    let number = number.parse().ok().filter(|n: &u32| *n > 1 && n.to_string() == number)?;
    let mut original = OsString::from(stem);
    if let Some(extension) = path.extension() {
        original.push(".");
        original.push(extension);
    }
    path.with_file_name(original).exists().then(|| (stem.into(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_a_copy_is_the_next_copy_and_a_date_is_no_number() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (wanted, got) in [
            ("x.mid", "x.mid"),
            ("x.mid", "x-2.mid"),
            ("x-2.mid", "x-3.mid"),
            ("x-2.mid", "x-4.mid"),
            ("2026-11-21.mid", "2026-11-21.mid"),
            ("2026-11-21.mid", "2026-11-21-2.mid"),
            ("2026-11-21-2.mid", "2026-11-21-3.mid"),
            ("x-02.mid", "x-02.mid"),
            ("x-02.mid", "x-02-2.mid"),
        ] {
            assert_eq!(place(b"", &at(wanted), InTheWay::TakeNextName).unwrap(), at(got), "{wanted}");
        }
    }

    #[test]
    fn a_file_in_the_way_stays_unless_it_is_to_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.mid");
        assert_eq!(place(b"one", &path, InTheWay::TakeNextName).unwrap(), path);
        assert_eq!(place(b"two", &path, InTheWay::TakeNextName).unwrap(), folder.path().join("song-2.mid"));
        assert_eq!(place(b"three", &path, InTheWay::TakeNextName).unwrap(), folder.path().join("song-3.mid"));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        place(b"four", &path, InTheWay::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"four");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing else is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("far")).unwrap();
        symlink("far/song.mid", at("link.mid")).unwrap();
        symlink(at("link.mid"), at("other.mid")).unwrap();
        // It leads nowhere yet.
        place(b"one", &at("other.mid"), InTheWay::TakeNextName).unwrap();
        assert_eq!(fs::read(at("far/song.mid")).unwrap(), b"one");
        place(b"two", &at("link.mid"), InTheWay::Replace).unwrap();
        assert_eq!(fs::read(at("far/song.mid")).unwrap(), b"two");
        assert!(at("link.mid").is_symlink() && at("other.mid").is_symlink());
        symlink(at("a"), at("b")).unwrap();
        symlink(at("b"), at("a")).unwrap();
        assert!(place(b"three", &at("a"), InTheWay::Replace).is_err());
        assert_eq!(fs::read_dir(at("far")).unwrap().count(), 1, "nothing else is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.mid");
        place(b"one", &path, InTheWay::Replace).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        place(b"two", &path, InTheWay::Replace).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"two");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.mid");
        // A socket stands for all that is no file: the standard library makes no pipes with a name.
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = place(b"x", &path, InTheWay::Replace).unwrap_err();
        assert_eq!(error.to_string(), "it is a pipe or a device, not a file");
        assert!(try_folder(&path).is_err());
        assert!(place(b"x", folder.path(), InTheWay::Replace).is_err(), "nor a folder");
    }

    #[test]
    fn a_missing_folder_is_an_error_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no such folder").join("song.mid");
        let error = place(b"x", &path, InTheWay::Replace).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!error.to_string().contains("composer-"), "{error}");
        assert!(try_folder(&path).is_err());
        assert!(try_folder(&folder.path().join("song.mid")).is_ok());
    }
}
