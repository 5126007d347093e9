//! Carries a recording out: the journal while one plays, the file when the take ends, and a place
//! for the take when the file cannot go where it should.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::plan::{Destination, Plan};
use super::recorder::{Button, Recorder, Running, State, Step};
use super::replay::Replay;
use super::transport::{Role, Transport};
use crate::keyboard::{Clock, Event};
use crate::music::{Micros, Take, smf};
use crate::settings;
use crate::studio::journal::file::JournalFile;
use crate::studio::journal::{Header, Record};
use crate::studio::place::{InTheWay, place};

/// Takes begun in this process, by all of its sessions: no two have the same id.
static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// How long to leave a take alone that could not be saved.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Turns a finished take into the bytes of its file, and into further files beside it, each with
/// what to add to the name (`.quantised`).
pub type Render = Box<dyn Fn(&Take) -> Result<Vec<(&'static str, Vec<u8>)>, smf::Error> + Send>;

/// Where things may be put.
#[derive(Clone, Debug)]
pub struct TakeFolders {
    /// For journals, the best first.
    pub journals: Vec<PathBuf>,
    /// For journals when none of those can be written: memory that the system keeps until the user
    /// logs out. No take is saved there.
    pub volatile: Option<PathBuf>,
    /// Where a take goes that has no file of its own, or whose file cannot be written.
    pub library: PathBuf,
}

/// Something to tell the player.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A take began.
    Began {
        /// When its first beat is, on the session's clock.
        origin: Micros,
    },
    /// A take ended without a note.
    NothingPlayed,
    /// A take is safe.
    Saved(Saved),
    /// A take could not be put anywhere. It is in these journals, or in memory while there are none.
    NotSaved {
        /// What failed.
        reason: String,
        /// The journals that hold the take.
        journals: Vec<PathBuf>,
        /// Whether part of it is only in memory.
        in_memory: bool,
    },
    /// The journal has moved or is only in memory.
    Journal(String),
    /// The keyboard is there.
    Connected(String),
    /// The keyboard is gone.
    Disconnected,
    /// The keyboard is there and gives no connection yet.
    Refused(String),
    /// Messages were lost before they reached the program.
    Lost(Option<u64>),
    /// The keyboard's Play button was pressed and there is no take yet.
    NothingToPlay,
    /// The last take is played back from its start.
    Plays(Arc<Take>),
    /// That was ended before its end.
    PlayStops,
}

/// A take on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Where; further files of the same take after it.
    pub paths: Vec<PathBuf>,
    /// Why it is not where it was to go, if it is not.
    pub elsewhere: Option<String>,
    /// Notes struck.
    pub notes: usize,
    /// Its length.
    pub length: Micros,
}

/// What a status line shows.
#[derive(Clone, Debug)]
pub struct Status<'a> {
    /// What goes on.
    pub state: &'a State,
    /// The plan.
    pub plan: &'a Plan,
    /// The time on the session's clock.
    pub now: Micros,
    /// The port that is connected.
    pub device: Option<&'a str>,
    /// Takes saved so far.
    pub takes: usize,
    /// Messages that are known to be lost.
    pub lost: u64,
    /// What is wrong with the journal.
    pub trouble: Option<&'a str>,
    /// The last take, while it is played back.
    pub replay: Option<&'a Replay>,
}

impl Status<'_> {
    /// The running take.
    #[must_use]
    pub fn running(&self) -> Option<&Running> {
        match self.state {
            State::Recording(running) => Some(running),
            _ => None,
        }
    }
}

impl TakeFolders {
    /// Journals go into the state folder; while that cannot be written into the library, which
    /// `recover` knows as well; and last into the memory that the system keeps for this user.
    #[must_use]
    pub fn of_user(folders: &settings::Folders) -> TakeFolders {
        TakeFolders {
            journals: vec![folders.state.join("journals"), folders.library.clone()],
            volatile: std::env::var_os("XDG_RUNTIME_DIR").map(|run| PathBuf::from(run).join("composer")),
            library: folders.library.clone(),
        }
    }

    /// All folders in which a journal may be.
    #[must_use]
    pub fn all_journals(&self) -> Vec<PathBuf> {
        self.journals.iter().chain(&self.volatile).cloned().collect()
    }
}

/// What a session is made of.
pub struct Setup {
    /// How to record.
    pub plan: Plan,
    /// Where takes go.
    pub destination: Destination,
    /// Where they go when they cannot go there, and journals.
    pub folders: TakeFolders,
    /// What is music and what is not.
    pub transport: Transport,
    /// How takes become files.
    pub render: Render,
}

/// A take that is not saved.
#[derive(Debug)]
struct Unsaved {
    journal: JournalFile,
    /// The take, once it has been read back from its journal.
    take: Option<Take>,
    /// Whether the player knows.
    told: bool,
}

/// A recording session.
pub struct Session {
    recorder: Recorder,
    clock: Clock,
    /// The wall clock when the session's clock was at `zero`.
    wall: (jiff::Zoned, Micros),
    destination: Destination,
    folders: TakeFolders,
    transport: Transport,
    render: Render,
    journal: Option<JournalFile>,
    /// Takes that no disk has taken yet.
    unsaved: VecDeque<Unsaved>,
    tried: Instant,
    notices: Vec<Notice>,
    device: Option<String>,
    takes: usize,
    lost: u64,
    troubled: Option<String>,
    last: Option<Arc<Take>>,
    replay: Option<Replay>,
}

impl Session {
    /// Begins at `now`. `device` is the port that is connected already; its arrival has been told.
    #[must_use]
    pub fn start(setup: Setup, clock: Clock, now: Micros, device: Option<String>) -> Session {
        let Setup { plan, destination, folders, transport, render } = setup;
        let mut steps = Vec::new();
        let recorder = Recorder::start(plan, now, &mut steps);
        let mut session = Session {
            recorder,
            clock,
            wall: (jiff::Zoned::now(), clock.now()),
            destination,
            folders,
            transport,
            render,
            journal: None,
            unsaved: VecDeque::new(),
            tried: Instant::now(),
            notices: Vec::new(),
            device,
            takes: 0,
            lost: 0,
            troubled: None,
            last: None,
            replay: None,
        };
        session.carry_out(steps);
        session
    }

    /// Takes note of what the keyboard did.
    pub fn hear(&mut self, events: &[Event]) {
        let mut steps = Vec::new();
        for event in events {
            match event {
                Event::Message { at, message } => match self.transport.role(message) {
                    Role::Music => {}
                    Role::Other => continue,
                    Role::Down(button) => {
                        self.follow(button, *at);
                        self.recorder.press(button, *at, &mut steps);
                        continue;
                    }
                },
                Event::Connected { name, panel, .. } => {
                    self.transport.connected(*panel);
                    self.device = Some(name.clone());
                    self.notices.push(Notice::Connected(name.clone()));
                }
                Event::Disconnected { .. } => {
                    self.device = None;
                    self.notices.push(Notice::Disconnected);
                }
                Event::Refused { reason, .. } => self.notices.push(Notice::Refused(reason.clone())),
                Event::Overrun { lost, .. } => {
                    self.lost += lost.unwrap_or(1);
                    self.notices.push(Notice::Lost(*lost));
                }
                Event::Ended { .. } => {}
            }
            self.recorder.hear(event, &mut steps);
        }
        let now = self.clock.now();
        self.recorder.tick(now, &mut steps);
        if self.replay.as_mut().is_some_and(|r| !r.advance(now)) {
            self.replay = None;
        }
        self.carry_out(steps);
    }

    /// Play plays the last take back between takes; every other button ends that.
    fn follow(&mut self, button: Button, at: Micros) {
        let waiting = matches!(self.recorder.state(), State::Waiting(_));
        if self.replay.take().is_some() {
            self.notices.push(Notice::PlayStops);
        }
        if button == Button::Play && waiting {
            match &self.last {
                Some(take) => {
                    self.replay = Some(Replay::start(Arc::clone(take), at));
                    self.notices.push(Notice::Plays(Arc::clone(take)));
                }
                None => self.notices.push(Notice::NothingToPlay),
            }
        }
    }

    /// Ends the session now; the running take is saved.
    pub fn finish(&mut self) {
        let mut steps = Vec::new();
        self.recorder.finish(self.clock.now(), &mut steps);
        self.carry_out(steps);
    }

    /// Whether no more takes will come.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.recorder.state(), State::Done)
    }

    /// The takes that no disk has taken: the journals of each, and whether part of it is only in memory.
    pub fn unsaved(&self) -> impl Iterator<Item = (Vec<PathBuf>, bool)> + '_ {
        self.unsaved.iter().map(|u| {
            (u.journal.paths().map(Path::to_owned).collect(), u.journal.trouble().is_some_and(|t| t.in_memory))
        })
    }

    /// What there is to tell, once.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// For the status line.
    #[must_use]
    pub fn status(&self) -> Status<'_> {
        Status {
            state: self.recorder.state(),
            plan: self.recorder.plan(),
            now: self.clock.now(),
            device: self.device.as_deref(),
            takes: self.takes,
            lost: self.lost,
            trouble: self.troubled.as_deref(),
            replay: self.replay.as_ref(),
        }
    }

    /// Tries again what a disk refused, at most once a second.
    pub fn retry(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.retry();
            self.look_at_journal();
        }
        if !self.unsaved.is_empty() && self.tried.elapsed() >= RETRY_EVERY {
            self.save_all(None);
        }
    }

    /// The last try: anything that is still unsaved may go into this folder as well.
    pub fn retry_in(&mut self, last_resort: &Path) {
        self.save_all(Some(last_resort));
    }

    fn save_all(&mut self, last_resort: Option<&Path>) {
        self.tried = Instant::now();
        for mut unsaved in std::mem::take(&mut self.unsaved) {
            unsaved.journal.retry();
            self.save(unsaved, last_resort);
        }
    }

    fn carry_out(&mut self, steps: Vec<Step>) {
        let mut records = Vec::new();
        for step in steps {
            match step {
                Step::Keep(at, event) => records.push(Record::Event(at, event)),
                Step::Begin(origin) => {
                    self.flush(&mut records);
                    self.begin(origin);
                }
                Step::End(at) => {
                    records.push(Record::End(at));
                    self.flush(&mut records);
                    self.end();
                }
                Step::Drop => {
                    records.clear();
                    if let Some(journal) = self.journal.take() {
                        journal.remove();
                    }
                    self.notices.push(Notice::NothingPlayed);
                }
            }
        }
        self.flush(&mut records);
    }

    fn flush(&mut self, records: &mut Vec<Record>) {
        if let Some(journal) = &mut self.journal
            && !records.is_empty()
        {
            journal.append(records.iter());
            self.look_at_journal();
        }
        records.clear();
    }

    fn look_at_journal(&mut self) {
        let trouble = self.journal.as_ref().and_then(JournalFile::trouble).map(|t| t.text.clone());
        if trouble != self.troubled {
            if let Some(text) = &trouble {
                self.notices.push(Notice::Journal(text.clone()));
            }
            self.troubled = trouble;
        }
    }

    fn begin(&mut self, origin: Micros) {
        let begun = BEGUN.fetch_add(1, Ordering::Relaxed) + 1;
        let wall = self.wall_at(origin);
        let header = Header {
            take: format!("{}-{}-{}", wall.strftime("%Y%m%d-%H%M%S"), std::process::id(), begun),
            part: 0,
            started: wall.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
            device: self.device.clone().unwrap_or_default(),
            tempo: self.recorder.plan().tempo,
            time_signature: self.recorder.plan().time_signature,
            ppq: self.recorder.plan().ppq,
            origin,
            wanted: match &self.destination {
                Destination::File { path, .. } => Some(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
                Destination::Library(_) => None,
            },
        };
        self.journal = Some(JournalFile::begin(self.folders.all_journals(), header));
        self.look_at_journal();
        self.notices.push(Notice::Began { origin });
    }

    fn wall_at(&self, at: Micros) -> jiff::Zoned {
        let (wall, zero) = &self.wall;
        let offset = jiff::SignedDuration::from_micros(at.0 as i64 - zero.0 as i64);
        wall.checked_add(offset).unwrap_or_else(|_| wall.clone())
    }

    fn end(&mut self) {
        if let Some(journal) = self.journal.take() {
            self.save(Unsaved { journal, take: None, told: false }, None);
        }
    }

    /// Puts a take where it belongs, else anywhere it lasts; else it stays in its journal.
    fn save(&mut self, mut unsaved: Unsaved, last_resort: Option<&Path>) {
        match self.try_to_save(&mut unsaved, last_resort) {
            Ok(saved) => {
                self.takes += 1;
                self.notices.push(Notice::Saved(saved));
                self.last = unsaved.take.map(Arc::new);
                unsaved.journal.remove();
            }
            Err(reason) => {
                if !std::mem::replace(&mut unsaved.told, true) {
                    self.notices.push(Notice::NotSaved {
                        reason,
                        journals: unsaved.journal.paths().map(Path::to_owned).collect(),
                        in_memory: unsaved.journal.trouble().is_some_and(|t| t.in_memory),
                    });
                }
                self.unsaved.push_back(unsaved);
            }
        }
    }

    fn try_to_save(&self, unsaved: &mut Unsaved, last_resort: Option<&Path>) -> Result<Saved, String> {
        if unsaved.take.is_none() {
            let contents = unsaved.journal.read_back().map_err(|e| format!("the journal cannot be read back: {e}"))?;
            unsaved.take = Some(unsaved.journal.header().assemble(contents.events, contents.end));
        }
        let Some(take) = &unsaved.take else { return Err("there is no take".into()) };
        let files = (self.render)(take).map_err(|e| e.to_string())?;
        let mut reason = None;
        for (path, in_the_way) in self.places(take, last_resort) {
            // The library and the journals' folders are ours to make; a folder that was named is not.
            if reason.is_some() || matches!(self.destination, Destination::Library(_)) {
                let _ = path.parent().map(std::fs::create_dir_all);
            }
            match place_all(&files, &path, in_the_way) {
                Ok((paths, missing)) => {
                    let elsewhere = reason.or(missing);
                    return Ok(Saved { paths, elsewhere, notes: take.notes(), length: take.length });
                }
                Err(e) => {
                    reason.get_or_insert_with(|| format!("cannot write {}: {e}", path.display()));
                }
            }
        }
        Err(reason.unwrap_or_else(|| "there is no folder for it".into()))
    }

    /// Where a take may go, the best first.
    fn places(&self, take: &Take, last_resort: Option<&Path>) -> Vec<(PathBuf, InTheWay)> {
        let name = library_name(take);
        let (wanted, in_the_way) = match &self.destination {
            Destination::File { path, force } if *force && self.takes == 0 => (path.clone(), InTheWay::Replace),
            Destination::File { path, .. } => (path.clone(), InTheWay::TakeNextName),
            Destination::Library(folder) => (folder.join(&name), InTheWay::TakeNextName),
        };
        let folders = std::iter::once(self.folders.library.as_path())
            .chain(self.folders.journals.iter().map(PathBuf::as_path))
            .chain(last_resort);
        let mut places = vec![(wanted, in_the_way)];
        places.extend(folders.map(|folder| (folder.join(&name), InTheWay::TakeNextName)));
        places
    }
}

/// Puts a take's files beside each other; the second and further ones take the first one's name.
/// Answers with where they are, and with what is missing when only the first could be written.
fn place_all(
    files: &[(&str, Vec<u8>)],
    path: &Path,
    in_the_way: InTheWay,
) -> io::Result<(Vec<PathBuf>, Option<String>)> {
    let mut placed: Vec<PathBuf> = Vec::new();
    for (suffix, bytes) in files {
        let path = match placed.first() {
            None => path.to_owned(),
            Some(first) => {
                let mut name = first.file_stem().unwrap_or_default().to_owned();
                name.push(suffix);
                name.push(".mid");
                first.with_file_name(name)
            }
        };
        match place(bytes, &path, in_the_way) {
            Ok(path) => placed.push(path),
            Err(e) if placed.is_empty() => return Err(e),
            Err(e) => return Ok((placed, Some(format!("cannot write {}: {e}", path.display())))),
        }
    }
    Ok((placed, None))
}

/// The name of a take in the library: its date and time, to the tenth of a second, so that takes that begin
/// in the same second stand in their order however names are sorted.
#[must_use]
pub fn library_name(take: &Take) -> String {
    let started = &take.info.started;
    let tenths = started.as_bytes().get(19) == Some(&b'.');
    let name: String =
        started.chars().take(if tenths { 21 } else { 19 }).map(|c| if c == ':' { '.' } else { c }).collect();
    match name.split_once('T') {
        Some((date, time)) => format!("{date} {time}.mid"),
        None => "take.mid".into(),
    }
}

#[cfg(test)]
mod tests;
