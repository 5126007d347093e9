//! A training as somebody wants it who watches it in a window: by a name instead of a file, kept on disk until it has
//! come to its end, so that it can be gone on with another day.
//!
//! The work is [`run`](super::run)'s, as that of `composer train`; here is only what a window needs around it.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::{Deserialize, Serialize};

use super::{Error, Event, Halt, LeftOut, Material, Origin, Outcome, Plan, checkpoint_of};
use crate::compose::training::Trainer;
use crate::studio::models::EXTENSION;
use crate::studio::place::{self, InTheWay};

/// What a kept wish's file ends with.
const KEPT: &str = "training";
/// The name and the number of its format.
const SCHEMA: &str = "composer.training/1";
/// The share of files that is held out to measure on.
const HELD_OUT: f32 = 0.2;
/// A name may be so long, in bytes, that its files still have names.
const LONGEST: usize = 100;

/// How long it is to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// So many steps.
    Steps(u32),
    /// So many times through all of the music.
    Epochs(u32),
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// The name of what comes of it.
    pub name: String,
    /// A folder of MIDI files.
    pub source: PathBuf,
    /// Weights to begin with; none: those that composer ships with.
    pub from: Option<PathBuf>,
    /// How long.
    pub length: Length,
    /// The learning rate at its highest.
    pub rate: f32,
}

/// A wish as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    schema: String,
    #[serde(flatten)]
    wish: Wish,
}

/// Why a name will not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// There is none.
    #[error("Give the style a name first.")]
    Empty,
    /// It cannot be a file's.
    #[error(r#"A name begins with no dot, is not too long, and has none of these: / \ : * ? " < > |"#)]
    NoFile,
    /// Something has it already.
    #[error("There is a style of the name {0} already; choose another name.")]
    Taken(String),
    /// A training of that name has not come to its end.
    #[error("A training of the name {0} waits to be gone on with: resume it, discard it, or choose another name.")]
    Unfinished(String),
}

impl Wish {
    /// Where its weights go.
    #[must_use]
    pub fn output(&self, models: &Path) -> PathBuf {
        models.join(format!("{}.{EXTENSION}", self.name))
    }

    fn kept(&self, models: &Path) -> PathBuf {
        self.output(models).with_extension(KEPT)
    }

    /// Whether a new training may have this name.
    ///
    /// # Errors
    /// When it may not.
    pub fn check_name(&self, models: &Path) -> Result<(), BadName> {
        let name = &self.name;
        if name.trim().is_empty() {
            return Err(BadName::Empty);
        }
        let odd = |c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c);
        if name.starts_with('.') || name.len() > LONGEST || name.chars().any(odd) {
            return Err(BadName::NoFile);
        }
        if self.kept(models).exists() {
            return Err(BadName::Unfinished(name.clone()));
        }
        if self.output(models).exists() {
            return Err(BadName::Taken(name.clone()));
        }
        Ok(())
    }

    /// Throws away what was learned and not finished.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn discard(&self, models: &Path) -> io::Result<()> {
        for file in [checkpoint_of(&self.output(models)), self.kept(models)] {
            match fs::remove_file(file) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }

    fn plan(&self, models: &Path, material: &Material) -> Plan {
        let origin = self.from.clone().map_or(Origin::Shipped, Origin::File);
        let mut plan = Plan::usual(origin, self.output(models));
        let epoch = Trainer::epoch(&material.learn, plan.course.batch);
        plan.course.rate = self.rate;
        plan.of_steps(match self.length {
            Length::Steps(steps) => steps.max(1),
            Length::Epochs(epochs) => epochs.max(1).saturating_mul(epoch),
        })
    }
}

/// Wishes that have not come to their end, by name.
#[must_use]
pub fn unfinished(models: &Path) -> Vec<Wish> {
    let Ok(entries) = fs::read_dir(models) else { return Vec::new() };
    let paths = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == KEPT));
    let read = |path: PathBuf| {
        let Kept { schema, wish } = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        // A file that was renamed by hand would have another checkpoint.
        (schema == SCHEMA && wish.kept(models) == path).then_some(wish)
    };
    let mut wishes: Vec<Wish> = paths.filter_map(read).collect();
    wishes.sort_by(|a, b| a.name.cmp(&b.name));
    wishes
}

/// What there is to learn from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Files that are learned from.
    pub learned: usize,
    /// Files that it is measured on.
    pub held_out: usize,
    /// Files that are neither, and why.
    pub left_out: Vec<LeftOut>,
    /// Steps in all.
    pub steps: u32,
    /// Steps in which it goes through all of the music once.
    pub epoch: u32,
}

/// What happens, as it happens.
#[derive(Clone, Debug)]
pub enum News {
    /// The folder was looked through.
    Gathered(Gathered),
    /// It learns.
    Event(Event),
}

/// Holds a training: it pauses when this is dropped.
#[derive(Debug, Default)]
pub struct Reins(Arc<AtomicU8>);

/// The training's end of them.
#[derive(Debug)]
pub struct Guided(Arc<AtomicU8>);

const GO: u8 = 0;
const PAUSE: u8 = 1;
const FINISH: u8 = 2;

impl Reins {
    /// The training's end.
    #[must_use]
    pub fn guided(&self) -> Guided {
        Guided(Arc::clone(&self.0))
    }

    /// Asks it to come to a halt.
    pub fn halt(&self, how: Halt) {
        let how = match how {
            Halt::Pause => PAUSE,
            Halt::Finish => FINISH,
        };
        self.0.store(how, Ordering::Relaxed);
    }

    /// Whether nobody follows them any more: the thread has gone.
    #[must_use]
    pub fn are_loose(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Drop for Reins {
    fn drop(&mut self) {
        self.halt(Halt::Pause);
    }
}

impl Guided {
    fn goes(&self) -> ControlFlow<Halt> {
        match self.0.load(Ordering::Relaxed) {
            GO => ControlFlow::Continue(()),
            FINISH => ControlFlow::Break(Halt::Finish),
            _ => ControlFlow::Break(Halt::Pause),
        }
    }
}

/// Trains what is wished for, or goes on with it. It blocks, and lowers the priority of its thread: what somebody plays
/// and sees meanwhile comes first.
///
/// # Errors
/// When there is nothing to learn from, or the result cannot be written. What was learned stays in the checkpoint.
pub fn teach(wish: &Wish, models: &Path, guided: &Guided, tell: &mut dyn FnMut(News)) -> Result<Outcome, Error> {
    step_back();
    carry_out(wish, models, guided, &|material| wish.plan(models, material), tell)
}

fn carry_out(
    wish: &Wish,
    models: &Path,
    guided: &Guided,
    plan: &dyn Fn(&Material) -> Plan,
    tell: &mut dyn FnMut(News),
) -> Result<Outcome, Error> {
    let kept = wish.kept(models);
    let output = wish.output(models);
    let outcome = (|| {
        let not_written = |cause| Error::NotWritten { path: kept.clone(), cause, kept: false };
        fs::create_dir_all(models).map_err(not_written)?;
        let bytes = Kept { schema: SCHEMA.to_owned(), wish: wish.clone() };
        let bytes = serde_json::to_vec_pretty(&bytes).map_err(|e| not_written(e.into()))?;
        place::place(&bytes, &kept, InTheWay::Replace).map_err(not_written)?;
        let material = Material::gather(&wish.source, HELD_OUT, 1)?;
        let plan = plan(&material);
        let files = |pieces: &[crate::compose::training::Piece]| {
            let mut names: Vec<&str> = pieces.iter().map(|p| p.name.as_str()).collect();
            names.dedup();
            names.len()
        };
        tell(News::Gathered(Gathered {
            learned: files(&material.learn),
            held_out: files(&material.held_out),
            left_out: material.left_out.clone(),
            steps: plan.course.steps,
            epoch: Trainer::epoch(&material.learn, plan.course.batch),
        }));
        super::run(&plan, &material, &mut |event| {
            tell(News::Event(event.clone()));
            guided.goes()
        })
    })();
    // What has ended is not to be gone on with, nor what has never begun.
    let has_ended = matches!(outcome, Ok(Outcome::Finished(_)));
    if has_ended || outcome.is_err() && !checkpoint_of(&output).exists() {
        let _ = fs::remove_file(&kept);
    }
    outcome
}

/// Lets other threads go first. On Linux a thread has a priority of its own, which those that it starts inherit;
/// elsewhere it is the whole program's, and stays.
fn step_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(10);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::training::{Shape, Start};
    use crate::studio::compose::sample::SAMPLES;
    use crate::studio::models;

    fn wish(source: &Path) -> Wish {
        let (name, length) = ("My songs".to_owned(), Length::Steps(3));
        Wish { name, source: source.to_owned(), from: None, length, rate: 0.002 }
    }

    /// With one crop a step: arithmetic that is not optimised is slow.
    fn carry(wish: &Wish, models: &Path, guided: &Guided, tell: &mut dyn FnMut(News)) -> Result<Outcome, Error> {
        let plan = |material: &Material| {
            let mut plan = wish.plan(models, material);
            plan.course.batch = 1;
            plan
        };
        carry_out(wish, models, guided, &plan, tell)
    }

    /// Small weights, for the same reason.
    fn tiny(folder: &Path) -> PathBuf {
        let course = Plan::usual(Origin::Shipped, PathBuf::new()).course;
        let trainer = Trainer::begin(Start::Scratch(Shape::TINY), course).unwrap();
        let file = folder.join("tiny.safetensors");
        fs::write(&file, trainer.weights(&[])).unwrap();
        file
    }

    #[test]
    fn a_name_is_free_and_a_file_s() {
        let models = tempfile::tempdir().unwrap();
        let named = |name: &str| Wish { name: name.to_owned(), ..wish(Path::new("songs")) }.check_name(models.path());
        assert_eq!(named("Vol. 1 – été"), Ok(()));
        assert_eq!(named(" "), Err(BadName::Empty));
        for odd in ["../escape", ".hidden", "a\nb", &"x".repeat(101)] {
            assert_eq!(named(odd), Err(BadName::NoFile), "{odd}");
        }
        fs::write(models.path().join("Vol. 1.safetensors"), b"weights").unwrap();
        assert_eq!(named("Vol. 1"), Err(BadName::Taken("Vol. 1".to_owned())));
    }

    #[test]
    fn a_folder_without_music_says_so_and_leaves_nothing_behind() {
        let (models, songs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(songs.path().join("song.mid"), b"no music").unwrap();
        let reins = Reins::default();
        let error = carry(&wish(songs.path()), models.path(), &reins.guided(), &mut |_| ()).unwrap_err();
        assert!(matches!(error, Error::Nothing { .. }), "{error}");
        assert_eq!(unfinished(models.path()), []);
        assert_eq!(fs::read_dir(models.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_was_paused_waits_goes_on_and_ends_among_the_styles() {
        let (room, songs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let models = &room.path().join("models");
        let whole = crate::music::smf::write(&SAMPLES[2].whole().unwrap()).unwrap();
        fs::write(songs.path().join("song.mid"), whole).unwrap();
        let wish = Wish { from: Some(tiny(room.path())), ..wish(songs.path()) };
        let reins = Reins::default();
        let guided = reins.guided();
        assert!(!reins.are_loose());
        reins.halt(Halt::Pause);
        // Nothing is held out of one file, so that the first halt is after the first step.
        let outcome = carry(&wish, models, &guided, &mut |_| ()).unwrap();
        assert!(matches!(outcome, Outcome::Paused { step: 1, .. }), "{outcome:?}");
        assert_eq!(unfinished(models), std::slice::from_ref(&wish));
        assert_eq!(wish.check_name(models), Err(BadName::Unfinished("My songs".to_owned())));

        let mut news = Vec::new();
        // Reins that nobody holds any more are a halt, too.
        let dropped = Reins::default().guided();
        let outcome = carry(&wish, models, &dropped, &mut |n| news.push(n));
        assert!(matches!(outcome.unwrap(), Outcome::Paused { step: 2, .. }));
        let resumed = |n: &News| matches!(n, News::Event(Event::Resumed { step: 1, losses, .. }) if losses.len() == 1);
        assert!(news.iter().any(resumed), "{news:?}");
        assert!(matches!(&news[0], News::Gathered(Gathered { learned: 1, held_out: 0, steps: 3, .. })), "{news:?}");

        let again = Reins::default();
        let outcome = carry(&wish, models, &again.guided(), &mut |_| ()).unwrap();
        assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
        assert_eq!(models::list(models).iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["My songs"]);
        assert_eq!(unfinished(models), []);
        assert_eq!(wish.check_name(models), Err(BadName::Taken("My songs".to_owned())));
        drop(guided);
        assert!(reins.are_loose());
    }

    #[test]
    fn what_is_good_enough_is_written_and_what_is_thrown_away_is_gone() {
        let (room, songs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let models = &room.path().join("models");
        let whole = crate::music::smf::write(&SAMPLES[2].whole().unwrap()).unwrap();
        fs::write(songs.path().join("song.mid"), whole).unwrap();
        let wish = Wish { from: Some(tiny(room.path())), ..wish(songs.path()) };
        let reins = Reins::default();
        reins.halt(Halt::Pause);
        carry(&wish, models, &reins.guided(), &mut |_| ()).unwrap();
        wish.discard(models).unwrap();
        assert_eq!((unfinished(models), fs::read_dir(models).unwrap().count()), (Vec::new(), 0));
        reins.halt(Halt::Finish);
        let outcome = carry(&wish, models, &reins.guided(), &mut |_| ()).unwrap();
        let Outcome::Finished(finished) = outcome else { panic!("{outcome:?}") };
        assert_eq!((finished.steps, finished.ended), (1, super::super::Ended::Asked));
        assert!(finished.model.exists() && finished.report.exists());
    }
}
