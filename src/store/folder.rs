//! A folder as an object store: an object is a file, and any number of processes may share it.
//!
//! An object is written beside its place (below `.composer/`), synced, and given its name in one step: by a
//! rename, or where it must not be there yet by one that refuses to replace, which the file system decides
//! for one of all callers. A crash leaves an old object or a new one, and at worst a file below `.composer/`,
//! which is swept after a day. Names reach the disk a little later, see `names`.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::{Attributes, Entry, Error, Head, Key, Listing, Objects, Page, Written};

mod names;

use names::Names;

/// Where files are until they have their names.
const UNFINISHED: &str = ".composer";
/// What a crash left there goes after this.
const SWEPT_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Who waits for a change looks so often at first, and so often at last.
const LOOK: Duration = Duration::from_millis(4);
const SELDOM: Duration = Duration::from_millis(20);
/// So much the clock of a shared disk may be ahead.
const AHEAD: Duration = Duration::from_secs(2);
/// So often a folder may vanish under a write, when its last object is deleted at that moment.
const VANISHING: u32 = 100;

/// A store in a folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    unfinished: PathBuf,
    names: Arc<Names>,
}

impl Folder {
    /// Opens a folder, which is made if need be.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn open(root: &Path) -> Result<Folder, Error> {
        let names = Arc::new(Names::new(root));
        let folder = Folder { root: root.to_owned(), unfinished: root.join(UNFINISHED), names };
        make_folders(&folder.unfinished, &folder.names).map_err(|e| folder.error(&e))?;
        folder.sweep();
        Ok(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.unfinished) else { return };
        for entry in entries.flatten().filter(|e| e.path().extension().is_some_and(|x| x == "part")) {
            let modified = entry.metadata().and_then(|m| m.modified());
            let old = modified.is_ok_and(|m| m.elapsed().is_ok_and(|age| age > SWEPT_AFTER));
            if old {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str())
    }

    fn error(&self, e: &io::Error) -> Error {
        let store = self.root.display().to_string();
        // What is told beyond the kind are names of files that are nobody's business.
        let why = if e.get_ref().is_some() { io::Error::from(e.kind()).to_string() } else { e.to_string() };
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::Full { store },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::Denied { store, why },
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Error::Missing { store, why },
            io::ErrorKind::ResourceBusy | io::ErrorKind::StaleNetworkFileHandle => Error::Busy { store, why },
            _ => Error::Failed { store, why },
        }
    }

    /// The clock by which files are dated, which on a shared disk is not this computer's.
    fn now(&self) -> Timestamp {
        let dated = || tempfile::tempfile_in(&self.unfinished)?.metadata()?.modified();
        timestamp(dated().unwrap_or_else(|_| SystemTime::now()))
    }

    /// Whether something may have changed since then directly below a prefix that ends with a slash. It costs next to
    /// nothing: a folder's own date tells.
    pub(super) fn changed(&self, prefix: &str, since: Timestamp) -> bool {
        // One that is not there will be in the one above it; keys that are none are nowhere.
        let Ok(key) = Key::new(prefix.trim_end_matches('/')) else { return false };
        let path = self.path(&key);
        let dated = [Some(path.as_path()), path.parent()].into_iter().flatten().find_map(|f| fs::metadata(f).ok());
        let modified = dated.and_then(|about| about.modified().ok());
        // What is dated later than now says nothing.
        modified.is_some_and(|at| timestamp(at) >= since && at <= SystemTime::now() + AHEAD)
    }

    /// Writes a file beside the objects, and names it with `name`.
    fn write(&self, key: &Key, body: &[u8], name: impl Fn(NamedTempFile, &Path) -> Naming) -> Result<Written, Error> {
        let path = self.path(key);
        let parent = path.parent().unwrap_or(&self.root);
        let prepare = || {
            let mut file = tempfile::Builder::new().prefix("").suffix(".part").tempfile_in(&self.unfinished)?;
            // One that holds nothing is whole as it is.
            if !body.is_empty() {
                file.write_all(body)?;
                file.as_file().sync_all()?;
            }
            Ok(file)
        };
        let mut file = prepare().map_err(|e: io::Error| self.error(&e))?;
        for _ in 0..VANISHING {
            make_folders(parent, &self.names).map_err(|e| self.error(&e))?;
            match name(file, &path) {
                Naming::Done => {
                    self.names.given_in(parent);
                    return Ok(Written::Now);
                }
                Naming::InTheWay => return Ok(Written::Before),
                Naming::Failed(e, unnamed) if e.kind() == io::ErrorKind::NotFound => file = unnamed,
                Naming::Failed(e, _) => return Err(self.error(&e)),
            }
        }
        Err(Error::Busy { store: self.root.display().to_string(), why: format!("{key} was deleted while written") })
    }
}

/// How giving a name went.
enum Naming {
    Done,
    InTheWay,
    Failed(io::Error, NamedTempFile),
}

impl Objects for Folder {
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, Error> {
        let file = match open(&self.path(key)) {
            Ok(file) => file,
            Err(e) if is_absent(&e) => return Ok(None),
            Err(e) if leads_elsewhere(&e) => return Err(irregular(key, "a link")),
            Err(e) => return Err(self.error(&e)),
        };
        let about = file.metadata().map_err(|e| self.error(&e))?;
        if about.is_dir() {
            return Ok(None);
        }
        if !about.is_file() {
            return Err(irregular(key, "a pipe or a device"));
        }
        if about.len() > most {
            return Err(Error::TooLarge { key: key.clone(), most });
        }
        let mut body = Vec::with_capacity(usize::try_from(about.len()).unwrap_or_default());
        file.take(most).read_to_end(&mut body).map_err(|e| self.error(&e))?;
        Ok(Some(body))
    }

    fn put(&self, key: &Key, body: &[u8], _: &Attributes) -> Result<(), Error> {
        let named = |file: NamedTempFile, path: &Path| match file.persist(path) {
            Ok(_) => Naming::Done,
            Err(e) => Naming::Failed(e.error, e.file),
        };
        self.write(key, body, named).map(drop)
    }

    fn put_if_absent(&self, key: &Key, body: &[u8], _: &Attributes) -> Result<Written, Error> {
        if self.path(key).exists() {
            return Ok(Written::Before);
        }
        let named = |file: NamedTempFile, path: &Path| match file.persist_noclobber(path) {
            Ok(_) => Naming::Done,
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Naming::InTheWay,
            Err(e) => Naming::Failed(e.error, e.file),
        };
        self.write(key, body, named)
    }

    fn list(&self, listing: &Listing<'_>) -> Result<Page, Error> {
        let now = self.now();
        // Up to the last slash a prefix is a folder; what is behind it begins the names in there.
        let folder = listing.prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        if !folder.is_empty() && Key::new(folder).is_err() {
            return Ok(Page { entries: Vec::new(), more: false, now });
        }
        let mut entries = Vec::new();
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let more = walk(&self.root.join(folder), &start, listing, &mut entries).map_err(|e| self.error(&e))?;
        Ok(Page { entries, more, now })
    }

    fn delete(&self, key: &Key) -> Result<(), Error> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if is_absent(&e) => return Ok(()),
            Err(e) => return Err(self.error(&e)),
        }
        // A folder that is empty now goes too; a store has no folders.
        for parent in path.ancestors().skip(1).take_while(|p| *p != self.root) {
            if fs::remove_dir(parent).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        match fs::symlink_metadata(self.path(key)) {
            Ok(about) if about.is_file() => Ok(Some(Head {
                size: about.len(),
                modified: about.modified().map_or(Timestamp::UNIX_EPOCH, timestamp),
                content_type: key.content_type().to_owned(),
                content_encoding: None,
                content_disposition: None,
            })),
            Ok(_) => Ok(None),
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(self.error(&e)),
        }
    }

    fn copy(&self, from: &Key, to: &Key, attributes: &Attributes) -> Result<(), Error> {
        let store = || self.root.display().to_string();
        let body = self.get(from, super::LARGEST)?;
        let body = body.ok_or_else(|| Error::Missing { store: store(), why: format!("there is no {from}") })?;
        self.put(to, &body, attributes)
    }

    fn presign(&self, _: &Key, _: Duration) -> Result<String, Error> {
        let what = "a folder has no links; a bucket has, and `composer serve`".to_owned();
        Err(Error::Unsupported { store: self.root.display().to_string(), what })
    }

    fn await_change(&self, prefix: &str, since: Timestamp, most: Duration, enough: &dyn Fn() -> bool) {
        let (end, mut pause) = (Instant::now() + most, LOOK);
        while !self.changed(prefix, since) && !enough() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(pause.min(left));
            pause = pause.mul_f64(1.05).min(SELDOM);
        }
    }
}

/// Lists a folder in the order of keys; answers whether there is more than was asked for.
fn walk(folder: &Path, start: &str, listing: &Listing<'_>, found: &mut Vec<Entry>) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if is_absent(&e) => return Ok(false),
        Err(e) => return Err(e),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(|n| format!("{start}{n}")) else { continue };
        // A folder's name counts with its slash: `a.b` comes before `a/b`.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => names.push(format!("{name}/")),
            Ok(kind) if kind.is_file() => names.push(name),
            _ => {}
        }
    }
    names.sort_unstable();
    for name in names {
        let within = if name.ends_with('/') { listing.prefix.starts_with(&name) } else { false };
        if !within && !name.starts_with(listing.prefix) {
            continue;
        }
        if let Some(inner) = name.strip_suffix('/') {
            // All in it comes before `after`, unless `after` is in it.
            let passed = listing.after.is_some_and(|after| name.as_str() < after && !after.starts_with(&name));
            if Key::new(inner).is_ok() && !passed {
                let inner = inner.rsplit('/').next().unwrap_or(inner);
                if walk(&folder.join(inner), &name, listing, found)? {
                    return Ok(true);
                }
            }
            continue;
        }
        let Ok(key) = Key::new(name) else { continue };
        if listing.after.is_some_and(|after| key.as_str() <= after) {
            continue;
        }
        if found.len() >= listing.most {
            return Ok(true);
        }
        let file = folder.join(key.as_str().rsplit('/').next().unwrap_or_default());
        // One that was deleted meanwhile is not there.
        let Ok(about) = fs::metadata(file) else { continue };
        let modified = about.modified().map_or(Timestamp::UNIX_EPOCH, timestamp);
        found.push(Entry { key, size: about.len(), modified });
    }
    Ok(false)
}

/// Makes a folder and those above it.
fn make_folders(folder: &Path, names: &Names) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folders(parent, names)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => parent.map_or((), |parent| names.given_in(parent)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
        // Deleted again by another: the next try makes it.
        Err(e) if e.kind() == io::ErrorKind::NotFound && parent.is_some_and(|p| !p.exists()) => {}
        Err(e) => return Err(e),
    }
    Ok(())
}

/// Opens what may be an object: others who share the folder may have put anything there, such as a pipe that nobody
/// writes into, or a link to a file of this user's alone.
fn open(path: &Path) -> io::Result<File> {
    let mut how = fs::OpenOptions::new();
    how.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;
        how.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    how.open(path)
}

/// Whether a link was not followed.
fn leads_elsewhere(e: &io::Error) -> bool {
    #[cfg(unix)]
    return e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    {
        let _ = e;
        false
    }
}

fn irregular(key: &Key, what: &'static str) -> Error {
    Error::Irregular { key: key.clone(), what }
}

fn is_absent(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_no_object() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("secret"), b"of this user alone").unwrap();
        std::os::unix::fs::symlink(path("secret"), path("link.mid")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("device.mid")).unwrap();
        mknodat(CWD, path("pipe.mid"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for name in ["link.mid", "device.mid", "pipe.mid"] {
            let key = Key::new(name).unwrap();
            // In a thread: whoever waits at a pipe waits for ever.
            let (tell, told) = std::sync::mpsc::channel();
            let (asked, at) = (store.clone(), key.clone());
            std::thread::spawn(move || tell.send(asked.get(&at, 100)));
            let got = told.recv_timeout(Duration::from_secs(60)).expect("an answer");
            assert!(matches!(got, Err(Error::Irregular { .. })), "{got:?}");
            assert_eq!(store.head(&key).unwrap(), None, "{name}");
            store.put(&key, b"MThd", &Attributes::default()).unwrap();
            assert_eq!(store.get(&key, 100).unwrap().unwrap(), b"MThd");
        }
        assert_eq!(fs::read(path("secret")).unwrap(), b"of this user alone");
    }

    #[test]
    fn a_failure_names_no_file_beside_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::open(folder.path()).unwrap();
        let full = tempfile::Builder::new().make_in("/nowhere", |_| Err::<(), _>(io::ErrorKind::StorageFull.into()));
        let full = full.map(drop).unwrap_err();
        assert_eq!(store.error(&full), Error::Full { store: folder.path().display().to_string() });
        let gone = tempfile::tempfile_in(folder.path().join("x/.composer")).unwrap_err();
        let told = store.error(&gone).to_string();
        assert!(!told.contains("/x/") && told.contains("is not there"), "{told}");
    }
}
