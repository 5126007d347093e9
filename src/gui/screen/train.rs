//! Training: composer's weights learn from a folder of the user's own music, and what comes of it stands among the styles
//! of the screen Compose.
//!
//! It learns on a thread of its own whichever screen is shown. Whoever stops it, closes the window or pulls the plug
//! loses little: it can be gone on with.

mod form;
mod progress;

use std::path::PathBuf;

use iced::Element;
use iced::widget::row;

use super::Action;
use crate::gui::dialog;
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::curves::Curves;
use crate::gui::work::{beside, telling};
use crate::studio::models::{self, Taught};
use crate::studio::train::wish::{self, Gathered, Length, News, Reins, Wish};
use crate::studio::train::{self, Event, Finished, Halt, Measured, Outcome};
use form::Form;
pub use form::{Beginning, Unit};

/// The screen.
#[derive(Debug, Default)]
pub struct Train {
    form: Form,
    /// Styles to begin from.
    taught: Vec<Taught>,
    /// Trainings that can be gone on with.
    unfinished: Vec<Wish>,
    /// That one of them is thrown away has been asked for once.
    sure: Option<String>,
    state: State,
    said: Option<(String, bool)>,
    /// Which training answers are of.
    number: u64,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Running {
        wish: Wish,
        seen: Box<Seen>,
        reins: Reins,
        halting: Option<Halt>,
    },
    Ended {
        wish: Wish,
        seen: Box<Seen>,
        end: End,
    },
}

/// What is known of a training.
#[derive(Debug)]
struct Seen {
    gathered: Option<Gathered>,
    step: u32,
    left: Option<std::time::Duration>,
    /// How much of a measurement is done.
    measuring: Option<f32>,
    curves: Curves,
    /// A checkpoint that could not be written.
    trouble: Option<String>,
}

/// How a training came to its end.
#[derive(Clone, Debug)]
pub enum End {
    /// It can be gone on with.
    Paused(u32),
    /// There is a new style.
    Finished(Box<Finished>),
    /// It failed: why, what to do, and whether it can be gone on with.
    Failed {
        /// What failed.
        why: String,
        /// What to do about it.
        remedy: &'static str,
        /// Whether a checkpoint holds what was learned.
        resumes: bool,
    },
}

/// What happens on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The styles and unfinished trainings of this user.
    Found(Vec<Taught>, Vec<Wish>),
    /// The folder is being typed.
    Source(String),
    /// A folder is to be chosen in the system's dialog.
    Choose,
    /// It was chosen.
    Chosen(PathBuf),
    /// Nothing is to be done.
    Nothing,
    /// Something cannot be done.
    Failed(String),
    /// The name is being typed.
    Name(String),
    /// What to begin from.
    From(Beginning),
    /// How long is being typed.
    Length(String),
    /// In what that is.
    Unit(Unit),
    /// The rest of the form, shown or hidden.
    More,
    /// The learning rate is being typed.
    Rate(String),
    /// Begin.
    Begin,
    /// Go on with one that is not finished.
    Resume(Wish),
    /// Throw one away that is not finished.
    Discard(Wish),
    /// It was thrown away, or was not.
    Discarded(Result<(), String>),
    /// Stop; what was learned is kept.
    Stop,
    /// The best so far is good enough.
    Enough,
    /// It has come so far.
    News(u64, News),
    /// It has come to its end.
    Ended(u64, End),
    /// Another one.
    Another,
}

const LEARNING: usize = 0;
const IN_ORDER: usize = 1;
const GIVEN: usize = 2;

impl Seen {
    fn new() -> Seen {
        Seen {
            gathered: None,
            step: 0,
            left: None,
            measuring: None,
            curves: Curves::named("nats a sixteenth", &["learning", "held out", "soprano given"]),
            trouble: None,
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Gathered(gathered) => {
                self.curves.until(gathered.steps);
                self.gathered = Some(gathered);
            }
            News::Event(Event::Resumed { step, losses, measured }) => {
                self.step = step;
                losses.into_iter().for_each(|(step, loss)| self.curves.add(LEARNING, step, loss));
                measured.into_iter().for_each(|m| self.add(m));
            }
            News::Event(Event::Point { step, loss }) => self.curves.add(LEARNING, step, loss),
            News::Event(Event::Step { step, left, .. }) => {
                self.step = step;
                self.left = Some(left);
                self.measuring = None;
            }
            News::Event(Event::Measuring(done)) => {
                self.measuring = Some(done.parts as f32 / done.of.max(1) as f32);
            }
            News::Event(Event::Measured { measured, .. }) => {
                self.measuring = None;
                self.add(measured);
            }
            News::Event(Event::NoCheckpoint { cause }) => self.trouble = Some(cause),
        }
    }

    fn add(&mut self, measured: Measured) {
        self.curves.add(IN_ORDER, measured.step, measured.held_out.chronological);
        self.curves.add(GIVEN, measured.step, measured.held_out.atb_given_s);
    }

    /// How much is done, 0 to 1.
    fn share(&self) -> f32 {
        self.gathered.as_ref().map_or(0.0, |g| self.step as f32 / g.steps.max(1) as f32)
    }
}

impl Train {
    /// The screen is shown.
    pub fn enter(&mut self, now: &Now) -> Action<Message> {
        let Some(folders) = &now.folders else { return Action::None };
        let folder = folders.models.clone();
        Action::Work(beside(move || Message::Found(models::list(&folder), wish::unfinished(&folder))))
    }

    /// How much of a training that is under way is done, in per cent.
    #[must_use]
    pub fn under_way(&self) -> Option<u32> {
        match &self.state {
            State::Running { seen, .. } => Some((seen.share() * 100.0) as u32),
            State::Idle | State::Ended { .. } => None,
        }
    }

    /// Whether the last training failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self.state, State::Ended { end: End::Failed { .. }, .. })
    }

    /// What was dropped on the window is learned from.
    pub fn dropped(&mut self, path: PathBuf) {
        self.form.choose(path);
    }

    /// Something beside the window broke down; if it was the training, that has ended.
    pub fn work_broke(&mut self) {
        if let State::Running { reins, .. } = &self.state
            && reins.are_loose()
        {
            let why = "A part of composer broke down while it learned".to_owned();
            let remedy = "Resume goes on from the last checkpoint.";
            self.end(End::Failed { why, remedy, resumes: true });
        }
    }

    /// Draws everything anew: the colours have changed.
    pub fn repaint(&mut self) {
        if let State::Running { seen, .. } | State::Ended { seen, .. } = &mut self.state {
            seen.curves.repaint();
        }
    }

    /// Asks a training that is under way to keep what it has learned and to end; whether there is one.
    pub fn pause(&mut self) -> bool {
        self.halt(Halt::Pause);
        matches!(self.state, State::Running { .. })
    }

    fn halt(&mut self, how: Halt) {
        if let State::Running { reins, halting, .. } = &mut self.state {
            reins.halt(how);
            *halting = Some(how);
        }
    }

    fn end(&mut self, end: End) {
        if let State::Running { wish, seen, .. } = std::mem::take(&mut self.state) {
            self.state = State::Ended { wish, seen, end };
        }
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Found(taught, unfinished) => {
                self.form.keep_to(&taught);
                (self.taught, self.unfinished) = (taught, unfinished);
            }
            Message::Source(typed) => self.form.source = typed,
            Message::Choose => {
                let asked = dialog::folder("Choose a folder of MIDI files");
                return Action::Run(iced::Task::perform(asked, |folder| match folder {
                    Ok(folder) => folder.map_or(Message::Nothing, Message::Chosen),
                    Err(missing) => Message::Failed(missing.to_string()),
                }));
            }
            Message::Chosen(folder) => self.form.choose(folder),
            Message::Failed(why) => self.said = Some((why, true)),
            Message::Name(typed) => self.form.name = typed,
            Message::From(beginning) => self.form.from = beginning,
            Message::Length(typed) => self.form.length = form::digits(&typed),
            Message::Unit(unit) => self.form.set_unit(unit),
            Message::More => self.form.more = !self.form.more,
            Message::Rate(typed) => self.form.rate = form::decimal(&typed),
            Message::Begin => return self.begin(now),
            Message::Resume(wish) => return self.teach(wish, now),
            Message::Discard(wish) if self.sure.as_ref() == Some(&wish.name) => {
                self.sure = None;
                let Some(models) = now.folders.as_ref().map(|f| f.models.clone()) else { return Action::None };
                let discard = move || wish.discard(&models).map_err(|e| format!("It cannot be thrown away: {e}."));
                return Action::Work(beside(move || Message::Discarded(discard())));
            }
            Message::Discard(wish) => self.sure = Some(wish.name),
            Message::Discarded(outcome) => {
                self.said = outcome.err().map(|e| (e, true));
                if matches!(self.state, State::Ended { .. }) {
                    self.state = State::Idle;
                }
                return self.enter(now);
            }
            Message::Stop => self.halt(Halt::Pause),
            Message::Enough => self.halt(Halt::Finish),
            Message::News(number, news) if number == self.number => {
                if let State::Running { seen, .. } = &mut self.state {
                    seen.hear(news);
                }
            }
            Message::Ended(number, end) if number == self.number => {
                self.end(end);
                return self.enter(now);
            }
            Message::Another => {
                self.state = State::Idle;
                self.form.name.clear();
            }
            Message::Nothing | Message::News(..) | Message::Ended(..) => {}
        }
        Action::None
    }

    fn begin(&mut self, now: &Now) -> Action<Message> {
        let Some(folders) = &now.folders else { return Action::None };
        let wish = self.form.wish(folders).and_then(|wish| match wish.check_name(&folders.models) {
            Ok(()) => Ok(wish),
            Err(bad) => Err(bad.to_string()),
        });
        match wish {
            Ok(wish) => self.teach(wish, now),
            Err(why) => {
                self.said = Some((why, true));
                Action::None
            }
        }
    }

    /// One at a time: two would only be twice as slow.
    fn teach(&mut self, wish: Wish, now: &Now) -> Action<Message> {
        let Some(models) = now.folders.as_ref().map(|f| f.models.clone()) else { return Action::None };
        if matches!(self.state, State::Running { .. }) {
            return Action::None;
        }
        self.number += 1;
        (self.said, self.sure) = (None, None);
        let number = self.number;
        let reins = Reins::default();
        let guided = reins.guided();
        self.state = State::Running { wish: wish.clone(), seen: Box::new(Seen::new()), reins, halting: None };
        Action::Work(telling(move |tell| {
            let outcome = wish::teach(&wish, &models, &guided, &mut |news| tell(Message::News(number, news)));
            // Whoever hears of the end finds the reins loose.
            drop(guided);
            tell(Message::Ended(number, end(outcome, &wish, &models)));
        }))
    }

    /// Draws the screen.
    pub fn view(&self) -> Element<'_, Message> {
        row![form::view(self), progress::view(self)].spacing(theme::WIDE).padding(theme::MARGIN).into()
    }
}

fn end(outcome: Result<Outcome, train::Error>, wish: &Wish, models: &std::path::Path) -> End {
    match outcome {
        Ok(Outcome::Paused { step, .. }) => End::Paused(step),
        Ok(Outcome::Finished(finished)) => End::Finished(Box::new(finished)),
        Err(error) => {
            let resumes = wish::unfinished(models).contains(wish);
            End::Failed { why: error.to_string(), remedy: remedy(&error), resumes }
        }
    }
}

/// What to do about an error, in a window.
fn remedy(error: &train::Error) -> &'static str {
    use train::Error;
    match error {
        Error::Unreadable { .. } | Error::NoData { .. } => "Choose a folder of MIDI files that you may read.",
        Error::Nothing { .. } => {
            "It needs MIDI files with two to four voices on a grid, as notation programs write them; drums alone, one voice \
             alone and playing without a metronome teach it nothing."
        }
        Error::Weights { .. } => "Begin from another style.",
        Error::OtherRun { .. } => {
            "The music in the folder, or the style that it began from, has changed since. Put it back, or discard what was \
             learned and begin anew."
        }
        Error::Checkpoint { .. } => "Discard it and begin anew.",
        Error::NotWritten { kept: true, .. } => "Make room on the disk, then resume: nothing is lost.",
        Error::NotWritten { .. } => "Make room on the disk, and see that the folder may be written.",
        Error::Diverged { .. } => "Discard it and begin anew with a lower learning rate, below \"More\".",
        Error::Model(_) => "Please report this.",
    }
}

#[cfg(test)]
mod tests;
