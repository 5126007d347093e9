//! A folder as an object store: an object is a file, and any number of processes may share it.
//!
//! An object is written beside its place (below `.composer/`), synced, and given its name in one step: by a
//! rename, or where it must not be there yet by one that refuses to replace, which the file system decides
//! for one of all callers. A crash leaves an old object or a new one, and at worst a file below `.composer/`,
//! which is swept after a day. Names reach the disk a little later, see `names`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::{Attributes, Entry, Error, Head, Key, Listing, Objects, Page, Written};

mod beneath;
mod names;

use beneath::{About, Beneath, Kind};
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
        let folder = Folder::as_it_is(root)?;
        make_folders(root, &folder.names)
            .and_then(|()| make_folders(&folder.unfinished, &folder.names))
            .map_err(|e| folder.error(&e))?;
        // Whoever could make it a link could have anything swept.
        if !fs::symlink_metadata(&folder.unfinished).is_ok_and(|about| about.is_dir()) {
            return Err(Error::NoStore { store: root.display().to_string(), why: ".composer in it is no folder" });
        }
        folder.sweep();
        Ok(folder)
    }

    /// A folder in which nothing is made before something is written; one that is not there is empty, and cannot be
    /// written.
    ///
    /// # Errors
    /// When it is none.
    pub fn as_it_is(root: &Path) -> Result<Folder, Error> {
        if fs::metadata(root).is_ok_and(|about| !about.is_dir()) {
            return Err(Error::NoStore { store: root.display().to_string(), why: "it is a file" });
        }
        let names = Arc::new(Names::new(root));
        Ok(Folder { root: root.to_owned(), unfinished: root.join(UNFINISHED), names })
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

    /// The folder that an object lies in, and its name there.
    fn place<'k>(&self, key: &'k Key) -> io::Result<(Beneath, &'k str)> {
        let (folder, name) = split(key);
        Ok((Beneath::open(&self.root, folder)?, name))
    }

    /// That folder, made if need be.
    fn made(&self, folder: &str) -> io::Result<Beneath> {
        let (mut path, mut at) = (self.root.clone(), Beneath::root(&self.root)?);
        for part in folder.split('/').filter(|p| !p.is_empty()) {
            at = match at.folder(part) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    match at.make(part) {
                        Ok(()) => self.names.given_in(&path),
                        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                        Err(e) => return Err(e),
                    }
                    at.folder(part)?
                }
                opened => opened?,
            };
            path.push(part);
        }
        Ok(at)
    }

    /// An object's file, and what is known of it; none where there is none.
    pub(super) fn file(&self, key: &Key) -> Result<Option<(File, Head)>, Error> {
        let file = match self.place(key).and_then(|(folder, name)| folder.file(name)) {
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
        let modified = about.modified().map_or(Timestamp::UNIX_EPOCH, timestamp);
        Ok(Some((file, head(key, about.len(), modified))))
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
        let dated = |folder: &str| Beneath::open(&self.root, folder).and_then(|folder| folder.changed());
        let modified = dated(key.as_str()).or_else(|_| dated(split(&key).0));
        // What is dated later than now says nothing.
        modified.is_ok_and(|at| at >= since && at <= timestamp(SystemTime::now() + AHEAD))
    }

    /// Writes a file beside the objects, and names it with `name`.
    fn write(
        &self,
        key: &Key,
        body: &mut dyn Read,
        name: impl Fn(&Beneath, &Path, &str) -> io::Result<()>,
    ) -> Result<Written, Error> {
        let file = self.unfinished(body).map_err(|e| self.error(&e))?;
        let (parent, last) = split(key);
        for _ in 0..VANISHING {
            let named = self.made(parent).and_then(|folder| name(&folder, file.path(), last));
            match named {
                Ok(()) => {
                    // What has its name is not to be taken away by the one that it had before.
                    let _ = file.into_temp_path().keep();
                    self.names.given_in(&self.root.join(parent));
                    return Ok(Written::Now);
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(Written::Before),
                Err(e) if e.kind() == io::ErrorKind::NotFound && self.root.is_dir() => {}
                Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
                    return Err(irregular(key, "in a folder that is a link, or none"));
                }
                Err(e) => return Err(self.error(&e)),
            }
        }
        Err(Error::Busy { store: self.root.display().to_string(), why: format!("{key} was deleted while written") })
    }

    /// A whole file that has no name yet.
    fn unfinished(&self, body: &mut dyn Read) -> io::Result<NamedTempFile> {
        let make = || tempfile::Builder::new().prefix("").suffix(".part").tempfile_in(&self.unfinished);
        let mut file = match make() {
            // A store that was opened as it is, or copied without what is hidden.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                fs::create_dir(&self.unfinished)?;
                make()?
            }
            made => made?,
        };
        // One that holds nothing is whole as it is.
        if io::copy(body, file.as_file_mut())? > 0 {
            file.as_file().sync_all()?;
        }
        Ok(file)
    }
}

impl Objects for Folder {
    fn get(&self, key: &Key, most: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some((file, head)) = self.file(key)? else { return Ok(None) };
        if head.size > most {
            return Err(Error::TooLarge { key: key.clone(), most });
        }
        let mut body = Vec::with_capacity(usize::try_from(head.size).unwrap_or_default());
        file.take(most).read_to_end(&mut body).map_err(|e| self.error(&e))?;
        Ok(Some(body))
    }

    fn put(&self, key: &Key, mut body: &[u8], _: &Attributes) -> Result<(), Error> {
        self.write(key, &mut body, |folder, from, name| folder.place(from, name)).map(drop)
    }

    fn put_if_absent(&self, key: &Key, mut body: &[u8], _: &Attributes) -> Result<Written, Error> {
        if self.place(key).is_ok_and(|(folder, name)| folder.about(name).is_ok()) {
            return Ok(Written::Before);
        }
        self.write(key, &mut body, |folder, from, name| folder.place_new(from, name))
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
        let more = match Beneath::open(&self.root, folder) {
            Ok(folder) => walk(&folder, &start, listing, &mut entries).map_err(|e| self.error(&e))?,
            Err(e) if is_absent(&e) => false,
            Err(e) => return Err(self.error(&e)),
        };
        Ok(Page { entries, more, now })
    }

    fn delete(&self, key: &Key) -> Result<(), Error> {
        match self.place(key).and_then(|(folder, name)| folder.remove(name)) {
            Ok(()) => {}
            Err(e) if is_absent(&e) => return Ok(()),
            Err(e) => return Err(self.error(&e)),
        }
        // A folder that is empty now goes too; a store has no folders.
        let mut folder = split(key).0;
        while !folder.is_empty() {
            let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
            if Beneath::open(&self.root, above).and_then(|above| above.remove_folder(name)).is_err() {
                break;
            }
            folder = above;
        }
        Ok(())
    }

    fn head(&self, key: &Key) -> Result<Option<Head>, Error> {
        match self.place(key).and_then(|(folder, name)| folder.about(name)) {
            Ok(About { kind: Kind::File, size, modified }) => Ok(Some(head(key, size, modified))),
            Ok(_) => Ok(None),
            Err(e) if is_absent(&e) => Ok(None),
            Err(e) => Err(self.error(&e)),
        }
    }

    fn copy(&self, from: &Key, to: &Key, _: &Attributes) -> Result<(), Error> {
        let store = self.root.display().to_string();
        let Some((mut file, _)) = self.file(from)? else {
            return Err(Error::Missing { store, why: format!("there is no {from}") });
        };
        self.write(to, &mut file, |folder, from, name| folder.place(from, name)).map(drop)
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
fn walk(folder: &Beneath, start: &str, listing: &Listing<'_>, found: &mut Vec<Entry>) -> io::Result<bool> {
    let mut names = match folder.names() {
        Ok(names) => names,
        Err(e) if is_absent(&e) => return Ok(false),
        Err(e) => return Err(e),
    };
    // What is neither is no object. A folder's name counts with its slash: `a.b` comes before `a/b`.
    names.retain(|(_, kind)| *kind != Kind::Other);
    let slash = |kind| if kind == Kind::Folder { "/" } else { "" };
    let mut names: Vec<String> = names.iter().map(|(name, kind)| format!("{start}{name}{}", slash(*kind))).collect();
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
                // One that was deleted meanwhile is not there.
                if let Ok(inner) = folder.folder(inner)
                    && walk(&inner, &name, listing, found)?
                {
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
        let Ok(About { kind: Kind::File, size, modified }) = folder.about(split(&key).1) else { continue };
        found.push(Entry { key, size, modified });
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

/// A key's folder and its name there.
fn split(key: &Key) -> (&str, &str) {
    key.as_str().rsplit_once('/').unwrap_or(("", key.as_str()))
}

fn head(key: &Key, size: u64, modified: Timestamp) -> Head {
    Head {
        size,
        modified,
        content_type: key.content_type().to_owned(),
        content_encoding: None,
        content_disposition: None,
    }
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
    fn a_folder_that_is_a_link_leads_nowhere() {
        let (real, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // The root itself may be one.
        let root = outside.path().join("store");
        std::os::unix::fs::symlink(real.path(), &root).unwrap();
        let store = Folder::open(&root).unwrap();
        fs::create_dir(outside.path().join("in")).unwrap();
        fs::write(outside.path().join("in/a.mid"), b"of this user alone").unwrap();
        fs::create_dir(real.path().join("deep")).unwrap();
        for linked in ["linkdir", "deep/linkdir"] {
            std::os::unix::fs::symlink(outside.path(), real.path().join(linked)).unwrap();
            for name in [format!("{linked}/in/a.mid"), format!("{linked}/b.mid")] {
                let key = Key::new(name.as_str()).unwrap();
                assert_eq!(store.get(&key, 100).unwrap(), None, "{name}");
                assert_eq!(store.head(&key).unwrap(), None, "{name}");
                for refused in [
                    store.put(&key, b"x", &Attributes::default()).unwrap_err(),
                    store.put_if_absent(&key, b"x", &Attributes::default()).unwrap_err(),
                    store.copy(&key, &Key::new("copy").unwrap(), &Attributes::default()).unwrap_err(),
                ] {
                    assert!(matches!(refused, Error::Irregular { .. } | Error::Missing { .. }), "{refused}");
                }
                store.delete(&key).unwrap();
                assert!(!store.changed(&format!("{linked}/in/"), Timestamp::UNIX_EPOCH), "not even a date is told");
            }
            assert_eq!(store.list(&Listing::of(&format!("{linked}/in/"))).unwrap().entries, []);
        }
        assert_eq!(store.list(&Listing::of("")).unwrap().entries, []);
        assert_eq!(fs::read(outside.path().join("in/a.mid")).unwrap(), b"of this user alone");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 2, "nothing was written there");
        store.put(&Key::new("deep/c.mid").unwrap(), b"MThd", &Attributes::default()).unwrap();
        assert_eq!(fs::read(real.path().join("deep/c.mid")).unwrap(), b"MThd");
    }

    #[test]
    fn what_is_only_looked_at_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("store");
        let store = Folder::as_it_is(&root).unwrap();
        let key = Key::new("a/b.mid").unwrap();
        assert_eq!(store.list(&Listing::of("")).unwrap().entries, []);
        assert_eq!((store.get(&key, 9).unwrap(), store.head(&key).unwrap()), (None, None));
        assert!(matches!(store.put(&key, b"x", &Attributes::default()).unwrap_err(), Error::Missing { .. }));
        assert!(!root.exists());
        // One that is there takes what is written.
        fs::create_dir(&root).unwrap();
        assert_eq!(store.list(&Listing::of("")).unwrap().entries, []);
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
        store.put(&key, b"x", &Attributes::default()).unwrap();
        assert_eq!(store.get(&key, 9).unwrap().unwrap(), b"x");
    }

    #[test]
    fn a_file_is_no_store() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for refused in [Folder::open(file.path()).unwrap_err(), Folder::as_it_is(file.path()).unwrap_err()] {
            assert!(refused.to_string().ends_with("is no store: it is a file"), "{refused}");
        }
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
