//! Journals as files: written at once, synced a quarter of a second later, carried on elsewhere when
//! a disk gives up, and kept in memory when every disk does.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::sync::Syncer;
use super::{Contents, Header, MAGIC, Record};

/// How long to leave a full disk alone before it is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// The file name extension of a journal.
pub const EXTENSION: &str = "journal";

/// A journal that is being written. Its files are locked while it lives, and stay when it is dropped.
#[derive(Debug)]
pub struct JournalFile {
    folders: Vec<PathBuf>,
    header: Header,
    parts: Vec<Part>,
    /// Records that no disk took.
    unwritten: Vec<u8>,
    trouble: Option<Trouble>,
}

/// Why the journal is not where it should be, or not on disk at all.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What failed, for people.
    pub text: String,
    /// Whether something is only in memory.
    pub in_memory: bool,
    since: Instant,
}

#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
    /// Bytes that are whole records.
    length: u64,
    sync: Syncer,
    /// The last of those bytes, from where the disk has not yet said that it has them.
    unsynced: Vec<u8>,
}

impl JournalFile {
    /// Begins a journal in the first of `folders` that can be written. With none of them it begins
    /// in memory: see [`JournalFile::trouble`].
    #[must_use]
    pub fn begin(folders: Vec<PathBuf>, header: Header) -> JournalFile {
        let mut journal = JournalFile { folders, header, parts: Vec::new(), unwritten: Vec::new(), trouble: None };
        journal.write(Vec::new());
        journal
    }

    /// What was said at the beginning.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is wrong, if anything is.
    #[must_use]
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// The files, first part first.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().map(|p| p.path.as_path())
    }

    /// Appends records.
    pub fn append<'a>(&mut self, records: impl IntoIterator<Item = &'a Record>) {
        let mut bytes = Vec::new();
        records.into_iter().for_each(|r| r.write(&mut bytes));
        self.write(bytes);
    }

    /// Tries again to write what is only in memory. To be called now and then.
    pub fn retry(&mut self) {
        if self.trouble.as_ref().is_some_and(|t| t.in_memory && t.since.elapsed() >= RETRY_EVERY) {
            self.write(Vec::new());
        }
    }

    fn write(&mut self, bytes: Vec<u8>) {
        let fresh = self.parts.is_empty();
        self.unwritten.extend(bytes);
        if self.unwritten.is_empty() && !fresh {
            return;
        }
        let waiting = self.trouble.as_ref().is_some_and(|t| t.in_memory && t.since.elapsed() < RETRY_EVERY);
        if waiting {
            return;
        }
        let mut failure = None;
        if let Some(part) = self.parts.last_mut() {
            match part.write(&self.unwritten) {
                Ok(()) => return self.all_written(),
                Err(e) => {
                    failure = Some(format!("cannot write {}: {e}", part.path.display()));
                    // What this disk may not have kept goes to the next one once more.
                    let mut again = std::mem::take(&mut part.unsynced);
                    again.append(&mut self.unwritten);
                    self.unwritten = again;
                }
            }
        }
        for folder in &self.folders {
            // A part of a few bytes more in the folder that has just failed would fail as well.
            if self.parts.last().is_some_and(|p| p.path.parent() == Some(folder)) {
                continue;
            }
            let header = Header { part: self.parts.len() as u32, ..self.header.clone() };
            match Part::create(folder, &header).and_then(|mut part| part.write(&self.unwritten).map(|()| part)) {
                Ok(part) => {
                    if let Some(text) = failure {
                        self.trouble = Some(Trouble {
                            text: format!("{text}; the journal goes on in {}", part.path.display()),
                            in_memory: false,
                            since: Instant::now(),
                        });
                    }
                    self.parts.push(part);
                    return self.all_written();
                }
                Err(e) => {
                    failure.get_or_insert_with(|| format!("cannot write into {}: {e}", folder.display()));
                }
            }
        }
        let text = failure.unwrap_or_else(|| "there is no folder for journals".into());
        self.trouble = Some(Trouble { text, in_memory: true, since: Instant::now() });
    }

    fn all_written(&mut self) {
        self.unwritten = Vec::new();
        if self.trouble.as_ref().is_some_and(|t| t.in_memory) {
            self.trouble = None;
        }
    }

    /// Reads back all that was appended, from the files and from memory.
    ///
    /// # Errors
    /// When a part cannot be read any more.
    pub fn read_back(&self) -> io::Result<Contents> {
        let mut parts = Vec::new();
        for part in &self.parts {
            let bytes = part.read()?;
            parts.push(super::read(&bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?);
        }
        let mut memory = MAGIC.to_vec();
        Record::Header(Header { part: u32::MAX, ..self.header.clone() }).write(&mut memory);
        memory.extend(&self.unwritten);
        parts.push(super::read(&memory).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?);
        super::join(parts).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Removes the files: the take is safe elsewhere, or there was none.
    pub fn remove(mut self) {
        for part in self.parts.drain(..) {
            let _ = fs::remove_file(&part.path);
        }
    }
}

impl Part {
    fn create(folder: &Path, header: &Header) -> io::Result<Part> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}.{}.{EXTENSION}", header.take, header.part));
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(&path)?;
        let made = (|| {
            // Where files cannot be locked, `recover` goes by the process that the name tells.
            let _ = file.try_lock();
            let sync = Syncer::start(file.try_clone()?)?;
            let mut part = Part { sync, file, length: 0, path: path.clone(), unsynced: Vec::new() };
            let mut bytes = MAGIC.to_vec();
            Record::Header(header.clone()).write(&mut bytes);
            part.write(&bytes)?;
            // Every part has a preamble of its own.
            part.unsynced.clear();
            // The name itself must be on disk too, or a power cut takes the whole file. Some file
            // systems cannot sync a folder; that is no reason to write nowhere.
            #[cfg(unix)]
            let _ = File::open(folder).and_then(|f| f.sync_all());
            Ok(part)
        })();
        if made.is_err() {
            let _ = fs::remove_file(&path);
        }
        made
    }

    /// All whole records: through the file that is held, which is there even if somebody has removed
    /// its name; else by its name.
    fn read(&self) -> io::Result<Vec<u8>> {
        let read = |mut file: &File| {
            let mut bytes = Vec::new();
            file.rewind()?;
            file.take(self.length).read_to_end(&mut bytes).map(|_| bytes)
        };
        read(&self.file).or_else(|_| read(&File::open(&self.path)?))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sync.failure()?;
        let written = self.file.write_all(bytes);
        match written {
            Ok(()) => {
                self.length += bytes.len() as u64;
                self.unsynced.extend_from_slice(bytes);
                let unsafe_yet = self.length.saturating_sub(self.sync.synced()) as usize;
                self.unsynced.drain(..self.unsynced.len().saturating_sub(unsafe_yet));
                self.sync.wrote(self.length);
            }
            // Half a record must not stand in front of whole ones.
            Err(_) => {
                let _ = self.file.set_len(self.length);
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::{Micros, Ppq, TakeEvent, Tempo, TimeSignature};

    fn header() -> Header {
        Header {
            take: "take".into(),
            part: 0,
            started: "2026-01-01T12:00:00+00:00".into(),
            device: "AKM322".into(),
            tempo: Tempo::DEFAULT,
            time_signature: TimeSignature::COMMON,
            ppq: Ppq::DEFAULT,
            origin: Micros::ZERO,
            wanted: None,
        }
    }

    fn remark(at: u64) -> Record {
        Record::Event(Micros(at), TakeEvent::Marker(format!("at {at}")))
    }

    #[test]
    fn what_is_appended_is_in_the_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = JournalFile::begin(vec![folder.path().into()], header());
        journal.append(&[remark(1), remark(2)]);
        let path = journal.paths().next().unwrap().to_owned();
        assert_eq!(super::super::read(&fs::read(&path).unwrap()).unwrap().events.len(), 2);
        assert!(File::open(&path).unwrap().try_lock().is_err(), "a journal that is being written is locked");
        journal.remove();
        assert!(!path.exists());
    }

    #[test]
    fn without_any_folder_it_stays_in_memory_and_goes_to_disk_when_there_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("a file, no folder");
        fs::write(&blocked, "").unwrap();
        let mut journal = JournalFile::begin(vec![blocked.join("journals")], header());
        journal.append(&[remark(1)]);
        assert!(journal.trouble().unwrap().in_memory);
        assert_eq!(journal.read_back().unwrap().events.len(), 1);

        fs::remove_file(&blocked).unwrap();
        std::thread::sleep(RETRY_EVERY);
        journal.retry();
        assert!(journal.trouble().is_none());
        assert_eq!(journal.read_back().unwrap().events.len(), 1);
        assert_eq!(journal.paths().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_goes_on_elsewhere_when_a_disk_gives_up() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut journal = JournalFile::begin(vec![first.path().into(), second.path().into()], header());
        journal.append(&[remark(1)]);
        // A device that is always full, in place of the file.
        journal.parts[0].file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        journal.append(&[remark(2)]);
        let trouble = journal.trouble().unwrap();
        assert!(!trouble.in_memory && trouble.text.contains("goes on in"), "{}", trouble.text);
        journal.append(&[remark(3)]);
        let whole = journal.read_back().unwrap();
        assert_eq!(whole.events.iter().map(|e| e.0.0).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(journal.paths().count(), 2);
    }
}
