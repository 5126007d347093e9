//! The library here and the one in a store, made alike.
//!
//! What both had after the last time is remembered, so that it shows on which side a file has changed. Where both
//! have changed it both stay, one under another name. What is remembered of another store, or of the same before it was
//! taken back to an older state, counts for nothing: then too both stay. Deletions go over only when somebody says so,
//! and those of nearly everything, as when a disk is not there, only when somebody insists; a file that is taken away or
//! replaced here goes to the library's trash.
//!
//! Files may be edited meanwhile. What is remembered of a file are the size and the date of the very bytes that went over
//! or came, and nothing is deleted or replaced that is not what it was when it was looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::{Error, Version, bring, delete, fetch, identity, is_hidden, is_name, list, make_way, sha256};
use crate::jobs::client::{AT_ONCE, parallel};
use crate::store::{self, Objects};
use crate::studio::library::{self, Trashed, put_back, trash};
use crate::studio::place::{InTheWay, Placing, place};
use stamp::Stamp;

mod lock;
mod stamp;
#[cfg(test)]
mod tests;

pub use lock::Lock;

const SCHEMA: &str = "composer.sync.state/2";
/// From so many files on it is told when more than half of them would be deleted.
const MANY: usize = 4;

/// What becomes of files that were deleted on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletions {
    /// They stay on the other.
    Stay,
    /// They are deleted on the other, unless that were nearly all that it has.
    GoOver,
    /// They are deleted on the other, even if it is all that it has.
    All,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It goes to the store.
    Up,
    /// It comes from the store.
    Down,
    /// Both have changed it: the store's comes as another file, and both go to the store.
    Both,
    /// It was deleted here, and is deleted there.
    DeleteThere,
    /// It was deleted there, and goes to the trash here.
    DeleteHere,
    /// It was deleted here and stays there.
    StaysThere,
    /// It was deleted there and stays here.
    StaysHere,
}

/// What is to happen to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// What.
    pub step: Step,
}

/// What came of a step.
#[derive(Debug)]
pub struct Done {
    /// What was planned.
    pub planned: Planned,
    /// Where the store's version went, if both have changed the file; or why it did not work.
    pub outcome: Result<Option<String>, Error>,
}

/// A file as it was when both sides had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Common {
    version: Version,
    /// By this it is taken for unchanged without being read.
    #[serde(flatten)]
    stamp: Stamp,
}

/// A file of which both sides have this version now.
#[derive(Debug)]
struct Same {
    name: String,
    version: Version,
    stamp: Stamp,
}

/// A file here.
#[derive(Debug)]
struct Here {
    sha256: String,
    stamp: Stamp,
}

/// What is remembered between two times.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Remembered {
    schema: String,
    library: String,
    store: String,
    /// What the store said that it is.
    id: String,
    files: BTreeMap<String, Common>,
}

impl Remembered {
    fn file(&self, states: &Path) -> PathBuf {
        let which = sha256(format!("{}\n{}\n{}", self.id, self.store, self.library).as_bytes());
        states.join(format!("{}.json", &which[..32]))
    }
}

/// A library and its counterpart, looked at.
#[derive(Debug)]
pub struct Sync<'a> {
    store: &'a dyn Objects,
    library: PathBuf,
    states: &'a Path,
    remembered: Remembered,
    deletions: Deletions,
    here: usize,
    remote: BTreeMap<String, Version>,
    /// Files here whose names a store cannot hold.
    pub odd: Vec<PathBuf>,
    /// What is to be done.
    pub plan: Vec<Planned>,
}

impl<'a> Sync<'a> {
    /// Looks at both sides. `address` names the store; `states` is the folder where it is remembered what both had.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn look(
        store: &'a dyn Objects,
        address: &str,
        library: &Path,
        states: &'a Path,
        deletions: Deletions,
    ) -> Result<Sync<'a>, Error> {
        let whole = fs::canonicalize(library).unwrap_or_else(|_| library.to_owned());
        let whole = whole.display().to_string();
        let none = Remembered { library: whole, store: address.to_owned(), ..Remembered::default() };
        let remembered = match identity::known(store)? {
            Some(id) => read(states, Remembered { id: id.to_string(), ..none }),
            None => none,
        };
        let known = remembered.files.iter().map(|(name, common)| (name.clone(), common.version.clone())).collect();
        let mut remote = list(store, &known)?;
        remote.retain(|name, _| library::is_music(Path::new(name)) && !is_hidden(name));
        let (local, odd) = local(library, &remembered)?;
        let plan = plan(&local, &remote, &remembered.files, deletions != Deletions::Stay);
        let (library, here) = (library.to_owned(), local.len());
        let mut sync = Sync { store, library, states, remembered, deletions, here, remote, odd, plan };
        for (name, Here { sha256, stamp }) in local {
            // What both have already needs no step, whoever brought it.
            let there = sync.remote.get(&name).filter(|v| v.content().is_some_and(|c| c.sha256 == sha256));
            if let Some(version) = there.cloned() {
                sync.remember(name, version, stamp);
            }
        }
        Ok(sync)
    }

    /// Whether nearly all of a side would be deleted that was not meant to be.
    ///
    /// # Errors
    /// [`Error::Vanishing`] when so.
    pub fn spares(&self) -> Result<(), Error> {
        let there = self.remote.values().filter(|v| v.content().is_some()).count();
        let gone = |step: Step| self.plan.iter().filter(|p| p.step == step).count();
        let sides = [
            (self.remembered.store.clone(), gone(Step::DeleteThere), there),
            (self.library.display().to_string(), gone(Step::DeleteHere), self.here),
        ];
        for (place, gone, of) in sides {
            let nearly_all = gone == of || (of >= MANY && gone * 2 > of);
            if gone > 0 && nearly_all && self.deletions != Deletions::All {
                return Err(Error::Vanishing { place, gone, of });
            }
        }
        Ok(())
    }

    /// Does what is planned, several files at a time, and tells of each; remembers what both have then.
    ///
    /// # Errors
    /// When nearly all of a side would be deleted: then nothing is done. When it cannot be remembered: everything is in
    /// its place, and is compared anew the next time.
    pub fn carry_out(mut self, tell: &(dyn Fn(usize) + std::marker::Sync)) -> Result<Vec<Done>, Error> {
        self.spares()?;
        let id = match identity::named(self.store) {
            Ok(id) => Some(id),
            // Who may only read has nothing that could be taken for a change of theirs.
            Err(Error::Store(store::Error::Denied { .. })) => None,
            Err(e) => return Err(e),
        };
        let count = AtomicUsize::new(0);
        let each = |planned: &Planned| {
            let outcome = self.step(planned);
            tell(count.fetch_add(1, Ordering::Relaxed) + 1);
            outcome
        };
        // Those that make a new name come last, when it shows which names are free.
        let (last, first): (Vec<_>, Vec<_>) = self.plan.iter().cloned().partition(|p| p.step == Step::Both);
        let mut outcomes = parallel::each(&first, AT_ONCE, each);
        outcomes.extend(last.iter().map(each));
        let mut done = Vec::new();
        for (planned, outcome) in first.into_iter().chain(last).zip(outcomes) {
            let outcome = outcome.map(|changed| {
                let mut other = None;
                for Same { name, version, stamp } in changed {
                    self.remember(name.clone(), version, stamp);
                    other = Some(name).filter(|n| *n != planned.name).or(other);
                }
                other
            });
            done.push(Done { planned, outcome });
        }
        let Some(id) = id else { return Ok(done) };
        (self.remembered.schema, self.remembered.id) = (SCHEMA.to_owned(), id.to_string());
        let text = serde_json::to_vec_pretty(&self.remembered).unwrap_or_default();
        let state = self.remembered.file(self.states);
        let failed = Error::local(&state);
        fs::create_dir_all(self.states).map_err(&failed)?;
        place(&text, &state, InTheWay::Replace).map_err(&failed)?;
        Ok(done)
    }

    /// Notes that both sides have this version now.
    fn remember(&mut self, name: String, version: Version, stamp: Stamp) {
        match version.content() {
            Some(_) => drop(self.remembered.files.insert(name, Common { version, stamp })),
            None => drop(self.remembered.files.remove(&name)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        name.split('/').fold(self.library.clone(), |path, part| path.join(part))
    }

    /// Does one step, and answers with what both sides have then.
    fn step(&self, planned: &Planned) -> Result<Vec<Same>, Error> {
        let Planned { name, step } = planned;
        let there = self.remote.get(name);
        let path = self.path(name);
        let read = || stamp::read(&path).map_err(Error::local(&path));
        let (version, stamp) = match (step, there) {
            (Step::Up, there) => {
                let (bytes, stamp) = read()?;
                (bring(self.store, name, &bytes, there)?, stamp)
            }
            (Step::Down, Some(there)) => {
                self.take(name, &path, &fetch(self.store, there)?)?;
                (there.clone(), Stamp::default())
            }
            (Step::Both, Some(there)) => {
                let theirs = fetch(self.store, there)?;
                let (mine, stamp) = read()?;
                make_way(&self.library, &path)?;
                let free = |path: &PathBuf| self.name(path).is_none_or(|name| !self.remote.contains_key(&name));
                let beside = (1..).map(|n| beside(&path, n)).find(free).unwrap_or_else(|| beside(&path, 1));
                let beside = place(&theirs, &beside, InTheWay::TakeNextName).map_err(Error::local(&path))?;
                let other = self.name(&beside).ok_or_else(|| Error::BadName { name: beside.display().to_string() })?;
                let version = bring(self.store, name, &mine, Some(there))?;
                let mut both = vec![Same { name: name.clone(), version, stamp }];
                let version = bring(self.store, &other, &theirs, self.remote.get(&other))?;
                both.push(Same { name: other, version, stamp: Stamp::default() });
                return Ok(both);
            }
            (Step::DeleteThere, Some(there)) => {
                if path.symlink_metadata().is_ok() {
                    return Err(changed(&path, "it has come back meanwhile; the same again"));
                }
                (delete(self.store, name, there)?, Stamp::default())
            }
            (Step::DeleteHere, Some(there)) => {
                self.discard(name, &path)?;
                (there.clone(), Stamp::default())
            }
            _ => return Ok(Vec::new()),
        };
        Ok(vec![Same { name: name.clone(), version, stamp }])
    }

    /// Puts what came from the store in its place. Until it is written whole beside it, the old one stays.
    fn take(&self, name: &str, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let failed = Error::local(path);
        make_way(&self.library, path)?;
        let write = || -> io::Result<Placing> {
            let mut placing = Placing::begin(path)?;
            placing.file().write_all(bytes)?;
            // A full disk says so here at the latest.
            placing.file().sync_all()?;
            Ok(placing)
        };
        let placing = write().map_err(&failed)?;
        let old = match path.symlink_metadata() {
            Ok(_) => Some(self.discard(name, path)?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(failed(e)),
        };
        match placing.finish(InTheWay::TakeNextName) {
            Ok(placed) if placed == path => Ok(()),
            Ok(beside) => {
                let _ = fs::remove_file(beside);
                Err(changed(path, "another file came there meanwhile; the same again"))
            }
            Err(e) => {
                let back = old.as_ref().map(|old| put_back(&self.library, old));
                let where_to = back.map_or_else(String::new, |back| match back {
                    Ok(back) => format!("; the old one is {}", back.display()),
                    Err(e) => format!("; the old one is in the trash: {e}"),
                });
                Err(changed(path, &format!("{e}{where_to}")))
            }
        }
    }

    /// Puts a file into the trash that is still what both sides had.
    fn discard(&self, name: &str, path: &Path) -> Result<Trashed, Error> {
        let had = self.remembered.files.get(name).and_then(|c| c.version.content());
        let is_old = |path: &Path| fs::read(path).map(|bytes| had.is_some_and(|had| had.sha256 == sha256(&bytes)));
        let meanwhile = || changed(path, "it has changed meanwhile; the same again");
        if !is_old(path).map_err(Error::local(path))? {
            return Err(meanwhile());
        }
        let trashed = trash(&self.library, path).map_err(|e| changed(path, &e.to_string()))?;
        // Somebody may have been quick.
        if !is_old(&trashed.kept).unwrap_or(false) {
            let _ = put_back(&self.library, &trashed);
            return Err(meanwhile());
        }
        Ok(trashed)
    }

    fn name(&self, path: &Path) -> Option<String> {
        name_of(path.strip_prefix(&self.library).ok()?)
    }
}

fn changed(path: &Path, why: &str) -> Error {
    Error::Local { path: path.to_owned(), why: why.to_owned() }
}

/// `song.mid` becomes `song (from the store).mid`, `song (from the store 2).mid` and so on.
fn beside(path: &Path, number: u32) -> PathBuf {
    let part = |p: Option<&OsStr>| p.unwrap_or_default().to_string_lossy().into_owned();
    let number = if number < 2 { String::new() } else { format!(" {number}") };
    path.with_file_name(format!("{} (from the store{number}).{}", part(path.file_stem()), part(path.extension())))
}

fn name_of(relative: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = relative.iter().map(|p| p.to_str()).collect();
    parts.map(|p| p.join("/")).filter(|name| is_name(name))
}

/// What is remembered of this library and this store.
fn read(states: &Path, of: Remembered) -> Remembered {
    // Without it, everything is compared anew: files that differ then both stay.
    let text = fs::read(of.file(states)).ok();
    let read = text.and_then(|text| serde_json::from_slice::<Remembered>(&text).ok());
    let same =
        |r: &Remembered| (&r.schema[..], &r.id, &r.store, &r.library) == (SCHEMA, &of.id, &of.store, &of.library);
    read.filter(same).unwrap_or(of)
}

/// The files here with their hashes; and those whose names a store cannot hold.
fn local(library: &Path, remembered: &Remembered) -> Result<(BTreeMap<String, Here>, Vec<PathBuf>), Error> {
    let listed = library::list(library).map_err(|e| Error::Local { path: library.to_owned(), why: e.to_string() })?;
    let (mut files, mut odd) = (Vec::new(), Vec::new());
    for file in listed.files {
        match file.path.strip_prefix(library).ok().and_then(name_of) {
            Some(name) => files.push((name, file)),
            None => odd.push(file.path),
        }
    }
    let hashes = parallel::each(&files, AT_ONCE, |(name, file)| -> Result<Here, Error> {
        let known = remembered.files.get(name).filter(|c| c.stamp.is(&file.id));
        match known.and_then(|c| Some((c.stamp, c.version.content()?))) {
            Some((stamp, content)) => Ok(Here { sha256: content.sha256.clone(), stamp }),
            None => {
                let (bytes, stamp) = stamp::read(&file.path).map_err(Error::local(&file.path))?;
                Ok(Here { sha256: sha256(&bytes), stamp })
            }
        }
    });
    let named = files.into_iter().map(|(name, _)| name);
    let pairs: Result<BTreeMap<_, _>, Error> = named.zip(hashes).map(|(name, hash)| Ok((name, hash?))).collect();
    Ok((pairs?, odd))
}

/// What is to be done, from what is here (hashes by name), what is there, and what both had.
fn plan(
    here: &BTreeMap<String, Here>,
    there: &BTreeMap<String, Version>,
    had: &BTreeMap<String, Common>,
    deletions: bool,
) -> Vec<Planned> {
    let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let step = |name: &String| {
        let mine = here.get(name).map(|here| &here.sha256);
        // A store that has gone back to an older version is not one that somebody has changed since.
        let gone_back = |c: &&Version| there.get(name).is_some_and(|v| v.number < c.number);
        let common = had.get(name).map(|c| &c.version).filter(|c| !gone_back(c));
        let mine_is_old = mine.is_some() && mine == common.and_then(Version::content).map(|c| &c.sha256);
        let theirs_is_old = there.get(name).is_some_and(|v| common == Some(v));
        match (mine, there.get(name).map(Version::content)) {
            (None, None | Some(None)) => None,
            (Some(_), None) => Some(Step::Up),
            (Some(mine), Some(Some(theirs))) if *mine == theirs.sha256 => None,
            (Some(_), Some(Some(_))) if mine_is_old => Some(Step::Down),
            (Some(_), Some(Some(_))) if theirs_is_old => Some(Step::Up),
            (Some(_), Some(Some(_))) => Some(Step::Both),
            (None, Some(Some(_))) if theirs_is_old && deletions => Some(Step::DeleteThere),
            (None, Some(Some(_))) if theirs_is_old => Some(Step::StaysThere),
            (None, Some(Some(_))) => Some(Step::Down),
            (Some(_), Some(None)) if mine_is_old && deletions => Some(Step::DeleteHere),
            (Some(_), Some(None)) if mine_is_old => Some(Step::StaysHere),
            (Some(_), Some(None)) => Some(Step::Up),
        }
    };
    names.into_iter().filter_map(|name| Some(Planned { name: name.clone(), step: step(name)? })).collect()
}
