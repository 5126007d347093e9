//! Folders and files below a store's root, come to part by part and without following a link, so that nothing that
//! somebody puts into the folder leads out of it. The root itself may be a link: whoever names a store means what is
//! behind it.

use std::fs::File;
use std::io;
use std::path::Path;

use jiff::Timestamp;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A link, a pipe, a device.
    Other,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
}

/// An open folder. Names are single parts of a path.
#[derive(Debug)]
pub(super) struct Beneath(system::Folder);

impl Beneath {
    /// The root.
    pub(super) fn root(root: &Path) -> io::Result<Beneath> {
        system::root(root).map(Beneath)
    }

    /// A folder below it; empty for the root itself.
    pub(super) fn open(root: &Path, folder: &str) -> io::Result<Beneath> {
        folder.split('/').filter(|p| !p.is_empty()).try_fold(Beneath::root(root)?, |above, part| above.folder(part))
    }

    /// A folder in this one.
    pub(super) fn folder(&self, name: &str) -> io::Result<Beneath> {
        self.0.folder(name).map(Beneath)
    }

    /// Makes a folder in this one.
    pub(super) fn make(&self, name: &str) -> io::Result<()> {
        self.0.make(name)
    }

    /// Opens what may be an object: others who share the folder may have put anything there, such as a pipe that nobody
    /// writes into, or a link to a file of this user's alone.
    pub(super) fn file(&self, name: &str) -> io::Result<File> {
        self.0.file(name)
    }

    /// What is known of a name in here.
    pub(super) fn about(&self, name: &str) -> io::Result<About> {
        self.0.about(name)
    }

    /// When a name was last given or taken in here.
    pub(super) fn changed(&self) -> io::Result<Timestamp> {
        self.0.changed()
    }

    /// The names in here.
    pub(super) fn names(&self) -> io::Result<Vec<(String, Kind)>> {
        self.0.names()
    }

    /// Moves a file here, over one that is there.
    pub(super) fn place(&self, from: &Path, name: &str) -> io::Result<()> {
        self.0.place(from, name)
    }

    /// Moves a file here unless the name is given: of any number of callers one does.
    pub(super) fn place_new(&self, from: &Path, name: &str) -> io::Result<()> {
        self.0.place_new(from, name)
    }

    /// Takes a file away.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }

    /// Takes a folder away in which there is nothing.
    pub(super) fn remove_folder(&self, name: &str) -> io::Result<()> {
        self.0.remove_folder(name)
    }
}

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use jiff::Timestamp;
    use rustix::fs::{
        AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, linkat, mkdirat, openat, renameat, statat, unlinkat,
    };

    use super::{About, Kind};

    const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

    #[derive(Debug)]
    pub(super) struct Folder(OwnedFd);

    pub(super) fn root(root: &Path) -> io::Result<Folder> {
        Ok(Folder(openat(CWD, root, FOLDER, Mode::empty())?))
    }

    impl Folder {
        pub(super) fn folder(&self, name: &str) -> io::Result<Folder> {
            Ok(Folder(openat(&self.0, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?))
        }

        pub(super) fn make(&self, name: &str) -> io::Result<()> {
            Ok(mkdirat(&self.0, name, Mode::from_raw_mode(0o777))?)
        }

        pub(super) fn file(&self, name: &str) -> io::Result<File> {
            let how = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
            Ok(openat(&self.0, name, how, Mode::empty())?.into())
        }

        pub(super) fn about(&self, name: &str) -> io::Result<About> {
            Ok(about(&statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?))
        }

        pub(super) fn changed(&self) -> io::Result<Timestamp> {
            Ok(about(&fstat(&self.0)?).modified)
        }

        pub(super) fn names(&self) -> io::Result<Vec<(String, Kind)>> {
            let mut names = Vec::new();
            for entry in Dir::read_from(&self.0)? {
                let entry = entry?;
                let Ok(name) = entry.file_name().to_str() else { continue };
                let kind = match entry.file_type() {
                    FileType::Unknown => self.about(name).map_or(Kind::Other, |a| a.kind),
                    known => kind(known),
                };
                if name != "." && name != ".." {
                    names.push((name.to_owned(), kind));
                }
            }
            Ok(names)
        }

        pub(super) fn place(&self, from: &Path, name: &str) -> io::Result<()> {
            Ok(renameat(CWD, from, &self.0, name)?)
        }

        pub(super) fn place_new(&self, from: &Path, name: &str) -> io::Result<()> {
            #[cfg(any(target_os = "linux", target_vendor = "apple"))]
            {
                use rustix::fs::{RenameFlags, renameat_with};
                use rustix::io::Errno;
                match renameat_with(CWD, from, &self.0, name, RenameFlags::NOREPLACE) {
                    // Not every file system can; most of those can link.
                    Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                    done => return Ok(done?),
                }
            }
            linkat(CWD, from, &self.0, name, AtFlags::empty())?;
            // It has its name; the other is swept one day.
            let _ = std::fs::remove_file(from);
            Ok(())
        }

        pub(super) fn remove(&self, name: &str) -> io::Result<()> {
            Ok(unlinkat(&self.0, name, AtFlags::empty())?)
        }

        pub(super) fn remove_folder(&self, name: &str) -> io::Result<()> {
            Ok(unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
        }
    }

    fn kind(of: FileType) -> Kind {
        match of {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            _ => Kind::Other,
        }
    }

    fn about(stat: &Stat) -> About {
        let modified = Timestamp::new(stat.st_mtime, i32::try_from(stat.st_mtime_nsec).unwrap_or_default());
        About {
            kind: kind(FileType::from_raw_mode(stat.st_mode)),
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: modified.unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

/// Without folders that stay open, each part is looked at before it is gone through.
#[cfg(not(unix))]
mod system {
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::path::{Path, PathBuf};

    use jiff::Timestamp;

    use super::{About, Kind};

    #[derive(Debug)]
    pub(super) struct Folder(PathBuf);

    pub(super) fn root(root: &Path) -> io::Result<Folder> {
        if fs::metadata(root)?.is_dir() {
            Ok(Folder(root.to_owned()))
        } else {
            Err(io::ErrorKind::NotADirectory.into())
        }
    }

    impl Folder {
        pub(super) fn folder(&self, name: &str) -> io::Result<Folder> {
            match self.about(name)?.kind {
                Kind::Folder => Ok(Folder(self.0.join(name))),
                Kind::File | Kind::Other => Err(io::ErrorKind::NotADirectory.into()),
            }
        }

        pub(super) fn make(&self, name: &str) -> io::Result<()> {
            fs::create_dir(self.0.join(name))
        }

        pub(super) fn file(&self, name: &str) -> io::Result<File> {
            match self.about(name)?.kind {
                Kind::Other => Err(io::Error::other("a link")),
                Kind::File | Kind::Folder => File::open(self.0.join(name)),
            }
        }

        pub(super) fn about(&self, name: &str) -> io::Result<About> {
            Ok(about(&fs::symlink_metadata(self.0.join(name))?))
        }

        pub(super) fn changed(&self) -> io::Result<Timestamp> {
            Ok(about(&fs::metadata(&self.0)?).modified)
        }

        pub(super) fn names(&self) -> io::Result<Vec<(String, Kind)>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(&self.0)? {
                let name = entry?.file_name().to_str().map(ToOwned::to_owned);
                if let Some((name, about)) = name.and_then(|n| self.about(&n).ok().map(|about| (n, about))) {
                    names.push((name, about.kind));
                }
            }
            Ok(names)
        }

        pub(super) fn place(&self, from: &Path, name: &str) -> io::Result<()> {
            fs::rename(from, self.0.join(name))
        }

        pub(super) fn place_new(&self, from: &Path, name: &str) -> io::Result<()> {
            fs::hard_link(from, self.0.join(name))?;
            let _ = fs::remove_file(from);
            Ok(())
        }

        pub(super) fn remove(&self, name: &str) -> io::Result<()> {
            fs::remove_file(self.0.join(name))
        }

        pub(super) fn remove_folder(&self, name: &str) -> io::Result<()> {
            fs::remove_dir(self.0.join(name))
        }
    }

    fn about(found: &Metadata) -> About {
        let kind = match found.file_type() {
            file if file.is_file() => Kind::File,
            folder if folder.is_dir() => Kind::Folder,
            _ => Kind::Other,
        };
        let modified = found.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        About { kind, size: found.len(), modified: modified.unwrap_or(Timestamp::UNIX_EPOCH) }
    }
}
