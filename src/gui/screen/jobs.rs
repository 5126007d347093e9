//! Jobs: compositions that workers make, here or wherever the store can be reached. The list is read again and again
//! while this screen is shown; a worker on this computer works for as long as the window holds it.

mod checked;
mod row;
mod shared;

use std::path::PathBuf;
use std::sync::Arc;

use iced::widget::{column, container, row as line, scrollable, space, text, text_input, tooltip};
use iced::{Alignment, Element, Length};

use super::Action;
use crate::compose::request::Request;
use crate::gui::dialog;
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::{button, field, labelled, tip};
use crate::gui::work::{Held, beside, held};
use crate::studio::bucket::Check;
use crate::studio::compose::atelier::Melody;
use crate::studio::desk::{Order, Piece};
use crate::studio::jobs::board::{Board, Hired, Job, Shared};
use crate::studio::preferences::Change;

/// The screen.
#[derive(Debug, Default)]
pub struct Jobs {
    board: Option<Board>,
    jobs: Vec<Job>,
    read: bool,
    /// The store as it is being typed.
    typed: Option<String>,
    said: Option<(String, bool)>,
    checks: Checks,
    shared: Option<Shared>,
    worker: Option<Hired>,
    watch: Option<Held>,
    /// Which store answers are from.
    number: u64,
}

/// What is known of the store.
#[derive(Debug, Default)]
enum Checks {
    /// Nobody has asked.
    #[default]
    None,
    /// It is being tried out.
    Asked,
    /// What was found.
    Known(Vec<Check>),
}

/// What happens on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The store is open, or is not.
    Opened(u64, Result<Board, String>),
    /// The list was read.
    Listed(u64, Result<Vec<Job>, String>),
    /// It is time to read it again.
    Again(u64),
    /// Nothing is to be done.
    Nothing,
    /// Something cannot be done.
    Failed(String),
    /// Where jobs are is being typed.
    Typed(String),
    /// It has been typed.
    Set,
    /// A folder is to be chosen in the system's dialog.
    Choose,
    /// It was chosen.
    Chosen(PathBuf),
    /// The store is to be tried out.
    Check,
    /// It was.
    Checked(u64, Result<Vec<Check>, String>),
    /// What was found has been read.
    Dismiss,
    /// Its first composition is to be heard by others.
    Share(usize),
    /// They can.
    Shared(u64, Result<Shared, String>),
    /// Words for the clipboard.
    Copy(String),
    /// Work on them here, or no longer.
    Work,
    /// It is not wanted any more.
    Cancel(usize),
    /// The same once more.
    Retry(usize),
    /// Its compositions are to come into the library.
    Fetch(usize),
    /// It is to be taken out of the store.
    Remove(usize),
    /// What there is of it is to be heard.
    Listen(usize),
    /// That is ready.
    Ready(Result<Option<Arc<Piece>>, String>),
    /// Something was done, in words.
    Did(u64, Result<String, String>),
}

impl Jobs {
    /// The screen is shown.
    pub fn enter(&mut self, now: &Now) -> Action<Message> {
        if self.board.is_some() { self.list() } else { self.open(now) }
    }

    /// Another screen is shown.
    pub fn leave(&mut self) {
        self.watch = None;
    }

    /// Jobs that have not ended.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.jobs.iter().filter(|j| !j.state.has_ended()).count()
    }

    /// The window closes: whoever works here is to be dismissed.
    pub fn close(&mut self) -> Option<Hired> {
        self.worker.take()
    }

    /// The store is another one.
    pub fn moved(&mut self, now: &Now) -> Action<Message> {
        *self = Jobs { number: self.number, ..Jobs::default() };
        self.open(now)
    }

    fn open(&mut self, now: &Now) -> Action<Message> {
        let Some(folders) = now.folders.clone() else { return Action::None };
        self.number += 1;
        let (number, settings) = (self.number, now.settings.clone());
        Action::Work(beside(move || Message::Opened(number, Board::open(&settings, &folders))))
    }

    fn list(&self) -> Action<Message> {
        let number = self.number;
        self.with_board(move |board| Message::Listed(number, board.list().map_err(|e| e.to_string())))
    }

    fn with_board(&self, work: impl FnOnce(Board) -> Message + Send + 'static) -> Action<Message> {
        match self.board.clone() {
            Some(board) => Action::Work(beside(move || work(board))),
            None => Action::None,
        }
    }

    /// Waits until it is time to read the list again.
    fn watch(&mut self) -> Action<Message> {
        let Some(board) = &self.board else { return Action::None };
        let (hold, wanted) = held();
        self.watch = Some(hold);
        let (number, pause) = (self.number, board.pause());
        Action::Work(beside(move || {
            std::thread::sleep(pause);
            if wanted.is_wanted() { Message::Again(number) } else { Message::Nothing }
        }))
    }

    /// Does something with a job.
    fn with(
        &self,
        index: usize,
        work: impl FnOnce(&Board, &Job) -> Result<String, String> + Send + 'static,
    ) -> Action<Message> {
        let Some(job) = self.jobs.get(index).cloned() else { return Action::None };
        let number = self.number;
        self.with_board(move |board| Message::Did(number, work(&board, &job)))
    }

    /// Submits a melody.
    pub fn submit(&mut self, melody: Arc<Melody>, request: Request, now: &Now) -> Action<Message> {
        let Some(folders) = now.folders.clone() else { return Action::None };
        let (number, settings, board) = (self.number, now.settings.clone(), self.board.clone());
        Action::Work(beside(move || {
            let board = board.map_or_else(|| Board::open(&settings, &folders), Ok);
            let submitted = board.and_then(|b| b.submit(&melody.name, &melody.composition, &request));
            Message::Did(number, submitted.map(|_| format!("Submitted {}.", melody.name)))
        }))
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Opened(number, Ok(board)) if number == self.number => {
                self.board = Some(board);
                return self.list();
            }
            Message::Opened(number, Err(e)) if number == self.number => self.said = Some((e, true)),
            Message::Listed(number, outcome) if number == self.number => {
                match outcome {
                    Ok(jobs) => {
                        self.jobs = jobs;
                        self.read = true;
                    }
                    Err(e) => self.said = Some((e, true)),
                }
                return self.watch();
            }
            Message::Again(number) if number == self.number => return self.list(),
            Message::Typed(text) => self.typed = Some(text),
            Message::Set => {
                if let Some(typed) = self.typed.take() {
                    let typed = typed.trim().to_owned();
                    return Action::Change(Change::Store((!typed.is_empty()).then_some(typed)));
                }
            }
            Message::Choose => {
                let asked = dialog::folder("Choose a folder for jobs");
                return Action::Run(iced::Task::perform(asked, |folder| match folder {
                    Ok(folder) => folder.map_or(Message::Nothing, Message::Chosen),
                    Err(missing) => Message::Failed(missing.to_string()),
                }));
            }
            Message::Failed(why) => self.said = Some((why, true)),
            Message::Chosen(folder) => {
                return Action::Change(Change::Store(Some(folder.display().to_string())));
            }
            Message::Check => {
                let Some(folders) = now.folders.clone() else { return Action::None };
                let (number, settings) = (self.number, now.settings.clone());
                (self.checks, self.said) = (Checks::Asked, None);
                return Action::Work(beside(move || Message::Checked(number, Board::check(&settings, &folders))));
            }
            Message::Checked(number, found) if number == self.number => match found {
                Ok(checks) => self.checks = Checks::Known(checks),
                Err(e) => (self.checks, self.said) = (Checks::None, Some((e, true))),
            },
            Message::Dismiss => (self.checks, self.shared) = (Checks::None, None),
            Message::Share(index) => {
                let Some((job, folders)) = self.jobs.get(index).cloned().zip(now.folders.clone()) else {
                    return Action::None;
                };
                let (number, settings) = (self.number, now.settings.clone());
                self.said = Some((format!("Making a page that plays {} …", job.name), false));
                return self.with_board(move |b| Message::Shared(number, b.share(&job, &settings, &folders)));
            }
            Message::Shared(number, made) if number == self.number => match made {
                Ok(shared) => (self.shared, self.said) = (Some(shared), None),
                Err(e) => self.said = Some((e, true)),
            },
            Message::Copy(words) => return Action::Copy(words),
            Message::Work if self.worker.is_some() => {
                self.worker = None;
                self.said = Some(("The worker on this computer has stopped; others go on.".to_owned(), false));
            }
            Message::Work => match self.board.as_ref().map(Board::work) {
                Some(Ok(hired)) => self.worker = Some(hired),
                Some(Err(e)) => self.said = Some((e, true)),
                None => {}
            },
            Message::Cancel(index) => {
                return self.with(index, |b, j| b.cancel(j.id).map(str::to_owned).map_err(|e| e.to_string()));
            }
            Message::Retry(index) => {
                let did = |b: &Board, j: &Job| b.retry(j.id).map(|_| format!("Submitted {} again.", j.name));
                return self.with(index, move |b, j| did(b, j).map_err(|e| e.to_string()));
            }
            Message::Remove(index) => {
                let did = |b: &Board, j: &Job| b.remove(j.id).map(|()| format!("Removed {}.", j.name));
                return self.with(index, move |b, j| did(b, j).map_err(|e| e.to_string()));
            }
            Message::Fetch(index) => {
                let Some(library) = now.folders.as_ref().map(|f| f.library.clone()) else { return Action::None };
                return self.with(index, move |b, j| {
                    let files = b.fetch(j, &library)?;
                    let names = files.iter().filter_map(|f| Some(f.file_name()?.to_string_lossy().into_owned()));
                    Ok(format!("In the library: {}.", names.collect::<Vec<_>>().join(", ")))
                });
            }
            Message::Listen(index) => {
                let Some(job) = self.jobs.get(index).cloned() else { return Action::None };
                return self.with_board(move |board| {
                    let partial = board.partial(job.id);
                    Message::Ready(partial.map(|p| p.map(|p| Arc::new(Piece::of(job.name.clone(), &p)))))
                });
            }
            Message::Ready(Ok(Some(piece))) => {
                return Action::All(vec![Action::Order(Order::Show(piece)), Action::Order(Order::Play)]);
            }
            Message::Ready(Ok(None)) => self.said = Some(("There is nothing to hear of it yet.".to_owned(), false)),
            Message::Ready(Err(e)) => self.said = Some((e, true)),
            Message::Did(number, outcome) => {
                self.said = Some(match outcome {
                    Ok(words) => (words, false),
                    Err(e) => (e, true),
                });
                if number == self.number && self.board.is_some() {
                    return self.list();
                }
            }
            Message::Nothing
            | Message::Opened(..)
            | Message::Listed(..)
            | Message::Again(_)
            | Message::Checked(..)
            | Message::Shared(..) => {}
        }
        Action::None
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let working = self.worker.is_some();
        let label = if working { "Working on this computer" } else { "Work on this computer" };
        let sign = if working { Icon::Pause } else { Icon::Play };
        let work = labelled(sign, label)
            .style(theme::toggle(working))
            .on_press_maybe(self.board.is_some().then_some(Message::Work));
        let title = line![
            text("Jobs").size(theme::TITLE).font(theme::STRONG),
            space::horizontal(),
            tip(
                work,
                "Composes what waits in the store, one job after the other; as `composer worker` does",
                tooltip::Position::Bottom
            ),
        ]
        .align_y(Alignment::Center);
        let checks = match &self.checks {
            Checks::Known(checks) => Some(checked::view(checks)),
            Checks::None | Checks::Asked => None,
        };
        let link = self.shared.as_ref().map(shared::view);
        column![title, self.store(now), checks, link, self.body(), self.said()]
            .spacing(theme::GAP + theme::NEAR)
            .padding(theme::MARGIN)
            .into()
    }

    /// Where jobs are.
    fn store<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        let place = self.board.as_ref().map_or_else(String::new, |b| b.place.clone());
        let set = now.settings.jobs.store.as_ref().map_or_else(|| place.clone(), Clone::clone);
        let shown = self.typed.clone().unwrap_or(set);
        let field = field(
            text_input("Where jobs are", &shown)
                .on_input(Message::Typed)
                .on_submit(Message::Set)
                .padding([8.0, 12.0])
                .size(theme::BODY)
                .style(theme::field),
        );
        let set = self.typed.is_some().then(|| {
            button(text("Set").size(theme::BODY)).padding([8.0, 12.0]).style(theme::plain).on_press(Message::Set)
        });
        line![
            text("Store").size(theme::BODY).style(theme::muted),
            tip(
                field,
                "A folder that computers share, or s3://bucket/prefix; emptied: a folder of your own",
                tooltip::Position::Bottom
            ),
            set,
            labelled(Icon::Folder, "Choose").on_press(Message::Choose),
            tip(
                labelled(Icon::Good, if matches!(self.checks, Checks::Asked) { "Checking …" } else { "Check" })
                    .on_press_maybe((!matches!(self.checks, Checks::Asked)).then_some(Message::Check)),
                "Tries out whether the store is reachable, permitted, private and fit for jobs",
                tooltip::Position::Bottom
            ),
        ]
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
        .into()
    }

    fn body(&self) -> Element<'_, Message> {
        if self.jobs.is_empty() {
            let (first, second) = if self.read {
                ("No jobs", "Choose a melody on the screen Compose and submit it there; `composer submit` does it too.")
            } else {
                ("Looking into the store …", "")
            };
            let words = column![
                text(first).size(theme::LARGE).font(theme::STRONG),
                text(second).size(theme::BODY).style(theme::muted),
            ]
            .spacing(theme::GAP)
            .align_x(Alignment::Center);
            return container(words).center(Length::Fill).style(theme::surface).into();
        }
        let has_links = self.board.as_ref().is_some_and(|b| b.has_links);
        let rows = self.jobs.iter().enumerate().map(|(n, job)| row::view(n, job, has_links));
        let list = container(column(rows).spacing(theme::NEAR)).padding([theme::GAP, theme::WIDE]);
        let list = scrollable(list).style(theme::scroll).width(Length::Fill).height(Length::Fill);
        container(list).padding(theme::NEAR).style(theme::surface).into()
    }

    fn said(&self) -> Option<Element<'_, Message>> {
        let (words, wrong) = self.said.as_ref()?;
        let style = if *wrong { theme::warning } else { theme::muted };
        Some(text(words).size(theme::SMALL).style(style).into())
    }
}

#[cfg(test)]
mod tests;
