//! The jobs of a store for somebody who looks at them: a list in plain words, what can be done with each, and a
//! worker on this computer for as long as it is wanted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::{Place, open, place};
use crate::audio::sequencer::Score;
use crate::compose::request::{Kind, Request};
use crate::jobs::client::{Cancelled, Client, Order, Progress, Status};
use crate::jobs::engine::apart::Apart;
use crate::jobs::engine::{Engine, Limits};
use crate::jobs::job::{JobId, Outcome, Stage};
use crate::jobs::worker::{Pace, Stop, Until, Worker};
use crate::jobs::{Error, Timing};
use crate::music::composition::Composition;
use crate::music::smf;
use crate::settings::{Folders, Settings};
use crate::store::Address;
use crate::studio::bucket::{self, Check};
use crate::studio::desk::SoundChoice;
use crate::studio::remote::share::{LONGEST, Piece, share};
use crate::studio::render::for_listeners;

/// A job as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its name in the store.
    pub id: JobId,
    /// The melody's file name.
    pub name: String,
    /// What is done with it.
    pub what: String,
    /// How far it has come.
    pub state: JobState,
    /// How long ago it was submitted.
    pub age: Option<Duration>,
    /// Attempts begun.
    pub attempt: u32,
}

/// How far a job has come.
#[derive(Clone, Debug, PartialEq)]
pub enum JobState {
    /// It waits for a worker.
    Waiting,
    /// A worker is at it.
    Running {
        /// How much is done, 0 to 1.
        share: f32,
        /// What it is at.
        stage: &'static str,
        /// Whether there is something to hear already.
        partial: bool,
    },
    /// It was cancelled, and its worker does not know yet.
    Cancelling,
    /// It has so many compositions.
    Done(usize),
    /// Why it has none.
    Failed(String),
    /// Nobody wanted it any more.
    Cancelled,
}

impl JobState {
    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self, JobState::Done(_) | JobState::Failed(_) | JobState::Cancelled)
    }
}

impl Job {
    fn of(status: Status) -> Job {
        let what = status.submission.as_ref().map_or_else(String::new, |s| in_words(&s.work));
        let state = match status.progress {
            Progress::Arriving | Progress::Queued => JobState::Waiting,
            Progress::Running { progress, stage, partial } => {
                let stage = match stage {
                    Stage::Load => "getting ready",
                    Stage::Inference => "composing",
                    Stage::Write => "writing",
                };
                JobState::Running { share: progress as f32, stage, partial }
            }
            Progress::Cancelling => JobState::Cancelling,
            Progress::Ended(ending) => match ending.outcome {
                Outcome::Succeeded { outputs } => JobState::Done(outputs.len()),
                Outcome::Failed { fault } => JobState::Failed(fault.message),
                Outcome::Cancelled => JobState::Cancelled,
            },
            Progress::Damaged { why } => JobState::Failed(format!("damaged: {why}")),
        };
        let name = status.submission.map_or_else(|| status.id.short(), |s| s.name);
        Job { id: status.id, name, what, state, age: status.age, attempt: status.attempt }
    }
}

/// What a request asks for.
fn in_words(request: &Request) -> String {
    let p = &request.parameters;
    let what = match request.kind {
        Kind::Compose => p.style.name(),
        Kind::Extend => "extension",
    };
    match p.variations.get() {
        1 => format!("{what}, seed {}", p.seed),
        n => format!("{what}, {n} variations from seed {}", p.seed),
    }
}

/// A page that others can listen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// What it plays.
    pub name: String,
    /// Where it is, for everybody who knows this.
    pub link: String,
    /// When that ends.
    pub until: jiff::Timestamp,
}

/// A store of jobs that is open.
#[derive(Clone, Debug)]
pub struct Board {
    /// Where it is.
    pub place: String,
    /// Whether others can listen to what is in it, by a link.
    pub has_links: bool,
    client: Client,
    pace: Pace,
}

impl Board {
    /// Opens the store of the settings.
    ///
    /// # Errors
    /// When it cannot be opened, in words.
    pub fn open(settings: &Settings, folders: &Folders) -> Result<Board, String> {
        let opened = open(&Place::default(), settings, folders).map_err(|e| e.to_string())?;
        let timing = Timing { lease: settings.jobs.lease };
        let place = opened.address.to_string();
        let has_links = matches!(opened.address, Address::Bucket { .. });
        Ok(Board { place, has_links, client: Client { store: opened.store, timing }, pace: opened.pace })
    }

    /// How long to wait before the list is read again.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.pace.longest
    }

    /// All jobs, the newest first.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn list(&self) -> Result<Vec<Job>, Error> {
        let mut jobs: Vec<Job> = self.client.jobs(None)?.into_iter().map(Job::of).collect();
        jobs.reverse();
        Ok(jobs)
    }

    /// Submits a melody.
    ///
    /// # Errors
    /// When it does not fit into a file, or the store does not take it; in words.
    pub fn submit(&self, name: &str, melody: &Composition, request: &Request) -> Result<JobId, String> {
        let input = smf::write(melody).map_err(|e| e.to_string())?;
        let most = Limits::default().bytes;
        if input.len() as u64 > most {
            return Err(format!("a job's file has {most} bytes at most, {name} has {}", input.len()));
        }
        let order = Order { name: format!("{name}.mid"), input, work: request.clone(), wanted_for: None };
        self.client.submit(&order).map_err(|e| e.to_string())
    }

    /// Wants a job no more; what became of that, in words.
    ///
    /// # Errors
    /// When the store does not take it.
    pub fn cancel(&self, id: JobId) -> Result<&'static str, Error> {
        Ok(match self.client.cancel(id)? {
            Cancelled::AtOnce => "It is cancelled.",
            Cancelled::Soon => "Its worker stops with its next beat.",
            Cancelled::TooLate => "It had ended before.",
        })
    }

    /// The same once more.
    ///
    /// # Errors
    /// When the store does not take it.
    pub fn retry(&self, id: JobId) -> Result<JobId, Error> {
        self.client.retry(id)
    }

    /// Takes a job that has ended out of the store.
    ///
    /// # Errors
    /// When the store does not do it.
    pub fn remove(&self, id: JobId) -> Result<(), Error> {
        self.client.remove(id, false)
    }

    /// Writes the compositions of a job into a folder.
    ///
    /// # Errors
    /// When there are none, or they cannot be written; in words.
    pub fn fetch(&self, job: &Job, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let files = self.client.fetch(job.id).map_err(|e| e.to_string())?;
        let cannot = |e: std::io::Error| format!("cannot write into {}: {e}", folder.display());
        place(&files, &job.name, "composed", folder).map_err(cannot)
    }

    /// Whether the store of the settings is what jobs and files need, with a sentence for everything that was looked at.
    ///
    /// # Errors
    /// When it cannot be opened or reached, in words.
    pub fn check(settings: &Settings, folders: &Folders) -> Result<Vec<Check>, String> {
        let place = Place::default();
        let opened = open(&place, settings, folders).map_err(|e| e.to_string())?;
        let mut checks = Vec::new();
        #[cfg(feature = "s3")]
        if let Some((bucket, encrypted)) = super::open_bucket(&place, settings, folders).map_err(|e| e.to_string())? {
            checks.extend(bucket::check_bucket(&bucket, encrypted).map_err(|e| e.to_string())?);
        }
        checks.extend(bucket::check(&*opened.store));
        checks.push(bucket::check_objects(&*opened.store));
        Ok(checks)
    }

    /// Lets others listen to what came of a job: a page in the store that plays its first composition, under a link.
    ///
    /// # Errors
    /// When there is none, or the store has no links; in words.
    pub fn share(&self, job: &Job, settings: &Settings, folders: &Folders) -> Result<Shared, String> {
        let words = |e: &dyn std::fmt::Display| e.to_string();
        let midi = self.client.fetch(job.id).map_err(|e| words(&e))?.into_iter().next();
        let midi = midi.ok_or_else(|| format!("{} has no composition", job.name))?;
        let read = smf::read(&midi).map_err(|e| words(&e))?;
        let choice = SoundChoice::of_settings(settings, folders);
        let chosen = choice.font.load().map_err(|e| words(&e))?;
        let score = Arc::new(Score::new(&read.composition));
        let sound = for_listeners(score, &chosen, choice.options, &mut |_| true).map_err(|e| words(&e))?;
        let title = Path::new(&job.name).file_stem().unwrap_or_default().to_string_lossy();
        let piece = Piece { title: &title, midi: &midi, sound: (&sound, "ogg") };
        let until = jiff::Timestamp::now() + LONGEST;
        let links = share(&*self.client.store, &piece, LONGEST).map_err(|e| words(&e))?;
        Ok(Shared { name: title.into_owned(), link: links.page, until })
    }

    /// What there is of a composition that is being made.
    ///
    /// # Errors
    /// When the store cannot be asked, in words.
    pub fn partial(&self, id: JobId) -> Result<Option<Composition>, String> {
        let bytes = self.client.partial(id).map_err(|e| e.to_string())?;
        Ok(bytes.and_then(|bytes| smf::read(&bytes).ok()).map(|reading| reading.composition))
    }

    /// Works on the jobs of this store until it is let go of, as `composer worker` does: each job is composed in a
    /// process of its own.
    ///
    /// # Errors
    /// When the system gives no process or thread, in words.
    pub fn work(&self) -> Result<Hired, String> {
        let program = Apart::own_program().map_err(|e| format!("this program cannot be found: {e}"))?;
        let arguments = ["worker".into(), "--hand".into(), Limits::default().memory.to_string().into()];
        self.hire(Engine::Apart(Apart::new(program, arguments.into())))
    }

    fn hire(&self, engine: Engine) -> Result<Hired, String> {
        let stop = Stop::default();
        let worker = Worker {
            store: Arc::clone(&self.client.store),
            timing: self.client.timing,
            limits: Limits::default(),
            pace: self.pace,
            owner: format!("window-{}", std::process::id()),
            engine,
        };
        let stopped = stop.clone();
        let (done, over) = std::sync::mpsc::channel();
        let work = move || {
            let _done = done;
            let _ = worker.run(1, Until::Stopped, &stopped, &|_| ());
        };
        std::thread::Builder::new().name("worker".to_owned()).spawn(work).map_err(|e| e.to_string())?;
        Ok(Hired { stop, over })
    }
}

/// The longest that is waited for a worker that is let go of.
const FAREWELL: Duration = Duration::from_secs(3);

/// A worker that works until this is dropped; what it has begun it gives back then.
#[derive(Debug)]
pub struct Hired {
    stop: Stop,
    /// Hears of it when the worker is gone.
    over: Receiver<()>,
}

impl Hired {
    /// Tells it that it is let go of, and does not wait.
    pub fn release(&self) {
        self.stop.release();
    }

    /// Lets go of it, and waits until it has given back what it had begun, for a few seconds at most: another need not
    /// wait until a lease has run out.
    pub fn dismiss(self) {
        self.release();
        // It says nothing, it only goes.
        let _ = self.over.recv_timeout(FAREWELL);
    }
}

impl Drop for Hired {
    fn drop(&mut self) {
        self.stop.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Model;
    use crate::compose::request::{Parameters, SamplingIterations};
    use crate::studio::compose::sample::SAMPLES;

    fn board(folder: &Path) -> Option<Board> {
        let Some(mut folders) = Folders::of_platform() else {
            eprintln!("SKIPPED: this user has no home folder");
            return None;
        };
        folders.jobs = folder.join("store");
        Some(Board::open(&Settings::default(), &folders).unwrap())
    }

    fn quick() -> Request {
        let drafts = SamplingIterations::new(1).unwrap();
        let bars = "1-2".parse().ok();
        let parameters = Parameters { sampling_iterations: drafts, bars, ..Parameters::default() };
        Request { parameters, ..Request::default() }
    }

    #[test]
    fn a_job_is_submitted_worked_on_and_fetched() {
        let folder = tempfile::tempdir().unwrap();
        let Some(board) = board(folder.path()) else { return };
        let melody = SAMPLES[0].melody().unwrap();
        board.submit("Ode", &melody, &quick()).unwrap();
        let waiting = board.list().unwrap();
        assert_eq!((waiting[0].name.as_str(), &waiting[0].state), ("Ode.mid", &JobState::Waiting));
        assert_eq!(waiting[0].what, "chorale, seed 0");
        let hired = board.hire(Engine::Here(Box::new(Model::chorale().unwrap()))).unwrap();
        let mut jobs = board.list().unwrap();
        for _ in 0..2_400 {
            if jobs[0].state.has_ended() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
            jobs = board.list().unwrap();
        }
        drop(hired);
        assert_eq!(jobs[0].state, JobState::Done(1));
        let library = folder.path().join("library");
        assert_eq!(board.fetch(&jobs[0], &library).unwrap(), [library.join("Ode-composed.mid")]);
        board.remove(jobs[0].id).unwrap();
        assert_eq!(board.list().unwrap(), []);
    }

    #[test]
    fn who_is_dismissed_has_given_back_what_was_begun() {
        let folder = tempfile::tempdir().unwrap();
        let Some(board) = board(folder.path()) else { return };
        let mut long = quick();
        long.parameters = Parameters { sampling_iterations: SamplingIterations::new(100).unwrap(), ..long.parameters };
        long.parameters.bars = None;
        board.submit("Ode", &SAMPLES[0].melody().unwrap(), &long).unwrap();
        let hired = board.hire(Engine::Here(Box::new(Model::chorale().unwrap()))).unwrap();
        let mut running = false;
        for _ in 0..10_000 {
            running = matches!(board.list().unwrap()[0].state, JobState::Running { .. });
            if running {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(running, "nobody began it");
        hired.dismiss();
        assert_eq!(board.list().unwrap()[0].state, JobState::Waiting);
    }

    #[test]
    fn a_job_is_cancelled_and_submitted_again() {
        let folder = tempfile::tempdir().unwrap();
        let Some(board) = board(folder.path()) else { return };
        let id = board.submit("Ode", &SAMPLES[0].melody().unwrap(), &quick()).unwrap();
        assert_eq!(board.cancel(id).unwrap(), "It is cancelled.");
        assert_eq!(board.cancel(id).unwrap(), "It had ended before.");
        let again = board.retry(id).unwrap();
        let jobs = board.list().unwrap();
        assert_eq!(jobs.iter().map(|j| j.id).collect::<Vec<_>>(), [again, id]);
        assert_eq!((&jobs[0].state, &jobs[1].state), (&JobState::Waiting, &JobState::Cancelled));
        assert!(board.fetch(&jobs[1], folder.path()).unwrap_err().contains("cancelled"));
    }
}
