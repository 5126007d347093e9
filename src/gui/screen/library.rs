//! The library's screen: takes and compositions in a list with small pictures, what a crash left behind on top, and
//! what is selected beside it.
//!
//! The folder is the user's: it is listed beside the window, looked at once a second while this screen is shown, and what
//! is in the files is read a few at a time, by one at a time. Only the rows that are seen are made.

mod bin;
mod detail;
mod files;
mod keys;
mod left;
mod list;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use iced::widget::{Id, column, container, operation, row, text, text_input, tooltip};
use iced::{Alignment, Element, Length};

use super::Action;
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::{choice, field, labelled, tip};
use crate::gui::work::{Held, beside};
use crate::studio::desk::{Order as DeskOrder, Piece, PieceError};
use crate::studio::library::{
    self, Imported, LibraryError, Look, Order, Query, Shelf, Sound, Summary, TagChange, Trashed,
};
use bin::Bin;
pub use bin::Message as TrashMessage;
pub use keys::repeats;
pub use left::LeftBehind;
use list::Scrolled;
use watch::Sight;

/// Files that are read before the window is told of them.
const BATCH: usize = 24;

/// Two clicks within this time are one wish.
const DOUBLE: Duration = Duration::from_millis(400);

/// The screen.
#[derive(Debug, Default)]
pub struct Library {
    folder: PathBuf,
    /// Whether this is the screen that is shown.
    is_here: bool,
    shelf: Shelf,
    state: State,
    /// What is to be read, what is being read included.
    unread: Vec<PathBuf>,
    is_reading: bool,
    /// Changes to the tags that the disk does not have, and how many of them are on their way to it. One way at a time:
    /// the disk shall end with what was said last.
    unkept: Vec<TagChange>,
    keeping: usize,
    /// What is wrong with the file of the tags, and was said.
    tags_trouble: Option<String>,
    query: Query,
    /// What the query shows, in its order.
    shown: Vec<PathBuf>,
    selected: Option<PathBuf>,
    scrolled: Scrolled,
    /// What is seen of the library.
    sight: Sight,
    left: LeftBehind,
    /// The last click on an entry, unless it was the second of two.
    clicked: Option<(PathBuf, Instant)>,
    bin: Bin,
    /// What of these is discarded for good when that is said once more.
    doomed: Option<Doomed>,
    /// What was deleted in this session and can be undone, the last on top.
    trashed: Vec<Trashed>,
    /// The name as it is being typed.
    renaming: Option<String>,
    /// The tags as they are being typed.
    tagging: Option<String>,
    export: Option<Export>,
    said: Option<(String, bool)>,
    watch: Option<Held>,
}

#[derive(Debug, Default)]
enum State {
    /// Nobody has looked yet.
    #[default]
    Unread,
    /// It is being listed, or files are read; so many are left.
    Reading(usize),
    /// Everything is known.
    Known,
    /// The folder cannot be read.
    Failed(LibraryError),
}

/// What is to be discarded for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doomed {
    Take(usize),
    Draft(usize),
    Damaged(usize),
}

/// An export that runs.
#[derive(Debug)]
struct Export {
    name: String,
    share: f32,
    _held: Held,
}

/// A kind of export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The file as it is.
    Midi,
    /// Sound.
    Sound(Sound),
}

/// What happens on this screen.
#[derive(Clone, Debug)]
pub enum Message {
    /// The folder was listed, and the tags were read.
    Listed(Box<Look>),
    /// Some files were read.
    Read(Vec<(PathBuf, Result<Summary, String>)>),
    /// What a crash left behind was looked for.
    Found(Box<LeftBehind>),
    /// Something in the folder has changed.
    Changed,
    /// Nothing is to be done.
    Nothing,
    /// Something cannot be done.
    Failed(String),
    /// The search is being typed.
    Search(String),
    /// Only this tag, or everything.
    Tag(Option<String>),
    /// In another order.
    Sort(Order),
    /// The list was scrolled.
    Scrolled(f32, f32),
    /// An entry was clicked.
    Select(PathBuf),
    /// To the next or the one before.
    Step(i32),
    /// Edit it.
    Edit,
    /// Compose something to it.
    Compose,
    /// Play it.
    Play,
    /// It is ready to be played.
    Ready(Result<Arc<Piece>, PieceError>),
    /// The name is being typed.
    Name(String),
    /// Begin to type it.
    Rename,
    /// It has been typed.
    Named,
    /// It was renamed.
    Renamed(PathBuf, Result<PathBuf, LibraryError>),
    /// Tags are being typed.
    TagsTyped(String),
    /// They have been typed.
    TagsSet,
    /// They were written.
    TagsKept(Result<(), String>),
    /// Copy it.
    Duplicate,
    /// It was copied.
    Duplicated(Result<PathBuf, LibraryError>),
    /// Make a take of what was only captured.
    Keep,
    /// It was made one.
    KeptAsTake(Result<PathBuf, LibraryError>),
    /// Delete it.
    Delete,
    /// It was deleted.
    Deleted(Result<Trashed, LibraryError>),
    /// Bring back what was deleted last.
    Undo,
    /// It was brought back.
    Back(Trashed, Result<PathBuf, LibraryError>),
    /// The trash.
    Bin(bin::Message),
    /// Choose files to import.
    Import,
    /// These files are to be imported.
    Dropped(Vec<PathBuf>),
    /// What became of them.
    Imported(Vec<Imported>),
    /// Export it.
    Export(To),
    /// How far that is.
    Progress(f32),
    /// It is done.
    Exported(Result<PathBuf, LibraryError>),
    /// Stop it.
    StopExport,
    /// Bring a take back.
    Restore(usize),
    /// Put a take into the library that was kept elsewhere.
    BringHome(usize),
    /// It was brought back.
    Restored(Result<PathBuf, String>),
    /// What was left behind is thrown away, or not.
    Discarded(Result<(), String>),
    /// Throw a take away.
    Discard(usize),
    /// Open a draft.
    Recover(usize),
    /// Throw a draft away.
    DiscardDraft(usize),
    /// Throw away what cannot be read.
    DiscardDamaged(usize),
    /// Begin to type a search.
    Find,
    /// Forget what was being typed.
    Escape,
}

const SEARCH: &str = "library-search";
const RENAME: &str = "library-name";

impl Library {
    /// The screen is shown.
    pub fn enter(&mut self, now: &Now) -> Action<Message> {
        let Some(folders) = &now.folders else { return Action::None };
        let mut actions = Vec::new();
        self.is_here = true;
        if self.folder != folders.library {
            actions.push(self.keep_the_last());
            self.folder = folders.library.clone();
            self.shelf = Shelf::default();
            self.state = State::Unread;
            self.unread.clear();
            self.refresh();
        }
        actions.push(self.list());
        actions.push(self.look_behind(now));
        Action::All(actions)
    }

    /// Another screen is shown.
    pub fn leave(&mut self) {
        self.is_here = false;
        self.watch = None;
        self.close_bin();
    }

    fn list(&mut self) -> Action<Message> {
        // Whoever comes back looks anew.
        if !self.is_here {
            return Action::None;
        }
        if matches!(self.state, State::Unread | State::Failed(_)) {
            self.state = State::Reading(0);
        }
        let folder = self.folder.clone();
        let listing = Action::Work(beside(move || Message::Listed(Box::new(library::look(&folder)))));
        Action::All(vec![listing, self.look_into_trash()])
    }

    /// Work beside the window broke down, and nobody knows which: nothing is waited for any more.
    pub fn work_broke(&mut self) {
        self.export = None;
        self.is_reading = false;
        self.keeping = 0;
        if matches!(self.state, State::Reading(_)) {
            self.state = State::Known;
        }
    }

    /// Takes over what was listed, unless another screen is shown by now or another folder.
    fn listed(&mut self, mut look: Look) -> Action<Message> {
        if !self.is_here || look.folder != self.folder {
            return Action::None;
        }
        let listing = match look.listing {
            Ok(listing) => listing,
            Err(e) => {
                self.state = State::Failed(e);
                return Action::None;
            }
        };
        // The disk has these only in a moment.
        self.unkept.iter().for_each(|change| look.tags.apply(change));
        let trouble = look.trouble.map(|e| e.to_string());
        if trouble != self.tags_trouble {
            self.tags_trouble.clone_from(&trouble);
            self.said = trouble.map(|trouble| (trouble, true)).or(self.said.take());
        }
        self.unread = self.shelf.listed(listing, look.tags);
        self.refresh();
        Action::All(vec![self.read_on(), self.watch()])
    }

    /// Reads the next files, unless some are being read: what comes of these leads here again. What was changed while it
    /// was read is read once more.
    fn read_on(&mut self) -> Action<Message> {
        self.state = if self.unread.is_empty() { State::Known } else { State::Reading(self.unread.len()) };
        if self.unread.is_empty() || self.is_reading || !self.is_here {
            return Action::None;
        }
        self.is_reading = true;
        let batch: Vec<PathBuf> = self.unread.drain(..self.unread.len().min(BATCH)).collect();
        Action::Work(beside(move || {
            Message::Read(batch.into_iter().map(|path| (path.clone(), library::summarise(&path))).collect())
        }))
    }

    fn refresh(&mut self) {
        self.shown = self.shelf.view(&self.query).iter().map(|e| e.path.clone()).collect();
        list::see(self);
        // What is not seen must not be renamed or deleted by a key.
        if self.selected.as_ref().is_some_and(|s| !self.shown.contains(s)) {
            self.selected = None;
            self.renaming = None;
            self.tagging = None;
        }
    }

    fn say(&mut self, text: String, wrong: bool) -> Action<Message> {
        self.said = Some((text, wrong));
        Action::None
    }

    fn fail(&mut self, error: &impl std::fmt::Display) -> Action<Message> {
        self.say(error.to_string(), true)
    }

    /// Work with the selected file.
    fn with_selected(&self, work: impl FnOnce(PathBuf) -> Message + Send + 'static) -> Action<Message> {
        match self.selected.clone() {
            Some(path) => Action::Work(beside(move || work(path))),
            None => Action::None,
        }
    }

    fn choose(&mut self, path: PathBuf) {
        self.selected = Some(path);
        self.renaming = None;
        self.tagging = None;
    }

    /// Carries a message out.
    pub fn update(&mut self, message: Message, now: &Now) -> Action<Message> {
        match message {
            Message::Listed(look) => self.listed(*look),
            Message::Read(read) => {
                self.is_reading = false;
                for (path, summary) in read {
                    self.shelf.read(&path, summary);
                }
                self.refresh();
                self.read_on()
            }
            Message::Found(left) => {
                self.left = *left;
                self.doomed = None;
                Action::None
            }
            Message::Changed => self.list(),
            Message::Nothing => Action::None,
            Message::Search(text) => {
                self.query.text = text;
                self.refresh();
                Action::None
            }
            Message::Tag(tag) => {
                self.query.tag = tag;
                self.refresh();
                Action::None
            }
            Message::Sort(order) => {
                self.query.order = order;
                self.refresh();
                Action::None
            }
            Message::Scrolled(top, height) => {
                self.scrolled = Scrolled { top, height };
                list::see(self);
                Action::None
            }
            Message::Select(path) => {
                let at = Instant::now();
                let double = is_second(self.clicked.take(), &path, at);
                self.choose(path.clone());
                if double {
                    return self.update(Message::Edit, now);
                }
                self.clicked = Some((path, at));
                Action::None
            }
            Message::Step(by) => self.step(by),
            Message::Edit => self.selected.clone().map_or(Action::None, Action::Edit),
            Message::Compose => self.selected.clone().map_or(Action::None, Action::Compose),
            Message::Play => self.with_selected(|path| Message::Ready(Piece::read(&path).map(Arc::new))),
            Message::Ready(Ok(piece)) => {
                Action::All(vec![Action::Order(DeskOrder::Show(piece)), Action::Order(DeskOrder::Play)])
            }
            Message::Ready(Err(e)) => self.fail(&e),
            Message::Find => Action::Run(operation::focus(Id::new(SEARCH))),
            Message::Escape => {
                self.renaming = None;
                self.tagging = None;
                self.doomed = None;
                self.said = None;
                Action::None
            }
            Message::Restore(_)
            | Message::Restored(_)
            | Message::Discard(_)
            | Message::BringHome(_)
            | Message::Recover(_)
            | Message::DiscardDraft(_)
            | Message::DiscardDamaged(_)
            | Message::Discarded(_) => self.recover(message, now),
            other => self.change(other, now),
        }
    }

    fn step(&mut self, by: i32) -> Action<Message> {
        let here = self.selected.as_ref().and_then(|s| self.shown.iter().position(|p| p == s));
        let last = self.shown.len().saturating_sub(1);
        let next = match here {
            Some(here) => here.saturating_add_signed(by as isize).min(last),
            None => 0,
        };
        if let Some(path) = self.shown.get(next).cloned() {
            self.choose(path);
            return list::reveal(self, next);
        }
        Action::None
    }

    /// Draws the screen.
    pub fn view<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        if self.bin.is_shown() {
            return self.view_bin(now);
        }
        let search = field(
            text_input("Search names, instruments, #tags", &self.query.text)
                .id(Id::new(SEARCH))
                .on_input(Message::Search)
                .size(theme::BODY)
                .padding([8.0, 12.0])
                .style(theme::field),
        );
        let order = choice(Order::ALL, Some(self.query.order), Message::Sort);
        let undo =
            labelled(Icon::Undo, "Undo delete").on_press_maybe((!self.trashed.is_empty()).then_some(Message::Undo));
        let import = labelled(Icon::Folder, "Import").on_press(Message::Import);
        let top = row![
            text("Library").size(theme::TITLE).font(theme::STRONG),
            container(search).width(Length::Fill),
            self.tag_choice(),
            order,
            tip(undo, "Brings back what was deleted last  (Ctrl Z)", tooltip::Position::Bottom),
            tip(import, "Copies MIDI files into the library; or drop them here", tooltip::Position::Bottom),
        ]
        .spacing(theme::GAP)
        .align_y(Alignment::Center);
        let body =
            row![container(list::view(self, now)).width(Length::Fill).height(Length::Fill), detail::view(self, now)]
                .spacing(theme::GAP + theme::NEAR)
                .height(Length::Fill);
        column![top, left::view(self), body, self.foot()]
            .spacing(theme::GAP + theme::NEAR)
            .padding(theme::MARGIN)
            .into()
    }

    fn tag_choice(&self) -> Option<Element<'_, Message>> {
        const ALL: &str = "All tags";
        let tags = self.shelf.choices();
        if tags.is_empty() {
            return None;
        }
        let choices: Vec<String> = std::iter::once(ALL.to_owned()).chain(tags).collect();
        let chosen = self.query.tag.clone().unwrap_or_else(|| ALL.to_owned());
        let list = choice(choices, Some(chosen), |tag| Message::Tag((tag != ALL).then_some(tag)));
        Some(list.into())
    }

    fn foot(&self) -> Element<'_, Message> {
        let count = match (self.shown.len(), self.shelf.len()) {
            (shown, all) if shown == all => files_in_words(all),
            (shown, all) => format!("{shown} of {}", files_in_words(all)),
        };
        let reading = match &self.state {
            State::Reading(left) if *left > 0 => format!("{count}, {left} still to be read"),
            State::Reading(_) | State::Unread => "Looking …".to_owned(),
            State::Known | State::Failed(_) => count,
        };
        let reading = text(reading).size(theme::SMALL).style(theme::muted);
        row![reading, container(self.said()).width(Length::Fill), self.bin_in_words()]
            .spacing(theme::WIDE)
            .align_y(Alignment::Center)
            .into()
    }

    /// What was last said.
    fn said(&self) -> Option<Element<'_, Message>> {
        let (what, wrong) = self.said.as_ref()?;
        Some(text(what).size(theme::SMALL).style(if *wrong { theme::warning } else { theme::muted }).into())
    }
}

/// Whether a click is the second of two.
fn is_second(first: Option<(PathBuf, Instant)>, path: &Path, at: Instant) -> bool {
    first.is_some_and(|(clicked, then)| clicked == path && at.saturating_duration_since(then) < DOUBLE)
}

fn files_in_words(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// Whether two paths are one file's.
fn same(a: Option<&PathBuf>, b: &Path) -> bool {
    a.is_some_and(|a| a == b)
}

#[cfg(test)]
mod tests;
