//! The trash, as it is seen: what was deleted in this session and in others, and what brings it back.

use std::path::PathBuf;

use iced::keyboard::Key;
use iced::keyboard::key::Named;
use iced::widget::{Id, column, container, row, space, text, tooltip};
use iced::{Alignment, Element, Length};

use super::{Action, Library, Message as Screen, files_in_words, list};
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::widget::{button, focus, labelled, line, small, tip};
use crate::gui::work::beside;
use crate::gui::{theme, words};
use crate::studio::library::{self, LibraryError, Trashed};

/// How high a row is.
const ROW: f32 = 54.0;

const LIST: &str = "trash-list";
const CHOSEN: &str = "trash-chosen";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Bin {
    /// What was deleted last stands on top.
    items: Vec<Trashed>,
    is_shown: bool,
    chosen: usize,
    scrolled: list::Scrolled,
    /// What is removed for good when that is said once more.
    doomed: Option<Doomed>,
}

/// What is to be removed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Doomed {
    One(PathBuf),
    All,
}

/// What happens to the trash.
#[derive(Clone, Debug)]
pub enum Message {
    /// So much is in it.
    Found(Vec<Trashed>),
    /// It is to be seen, or the library.
    Show(bool),
    /// The list was scrolled.
    Scrolled(f32, f32),
    /// A row was clicked.
    Select(usize),
    /// To the next or the one before.
    Step(i32),
    /// A row's file is to be put back; without one the chosen row's.
    Restore(Option<usize>),
    /// It is to be removed for good.
    Discard(Option<usize>),
    /// It is removed, or not.
    Discarded(Result<(), LibraryError>),
    /// Everything is to be removed for good.
    Empty,
    /// It is, or not.
    Emptied(Result<(), LibraryError>),
    /// Not after all; or back to the library.
    Escape,
}

/// What a key means while the trash is seen.
pub(super) fn shortcut(key: &Key) -> Option<Message> {
    match key.as_ref() {
        Key::Named(Named::ArrowDown) => Some(Message::Step(1)),
        Key::Named(Named::ArrowUp) => Some(Message::Step(-1)),
        Key::Named(Named::PageDown) => Some(Message::Step(10)),
        Key::Named(Named::PageUp) => Some(Message::Step(-10)),
        Key::Named(Named::Enter) => Some(Message::Restore(None)),
        Key::Named(Named::Delete) => Some(Message::Discard(None)),
        Key::Named(Named::Escape) => Some(Message::Escape),
        _ => None,
    }
}

impl Bin {
    pub(super) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Bytes of all that is in it.
    fn bytes(&self) -> u64 {
        self.items.iter().map(|t| t.size).sum()
    }

    fn forget(&mut self, kept: &std::path::Path) {
        self.items.retain(|t| t.kept != kept);
        self.doomed = None;
        self.chosen = self.chosen.min(self.items.len().saturating_sub(1));
        self.is_shown &= !self.items.is_empty();
    }
}

impl Library {
    /// Looks what is in the trash.
    pub(super) fn look_into_trash(&self) -> Action<Screen> {
        let folder = self.folder.clone();
        Action::Work(beside(move || Screen::Bin(Message::Found(library::trashed(&folder)))))
    }

    /// Leaves the trash for the library.
    pub(super) fn close_bin(&mut self) {
        self.bin.is_shown = false;
        self.bin.doomed = None;
    }

    /// Something has been put back.
    pub(super) fn is_back(&mut self, trashed: &Trashed) {
        self.bin.forget(&trashed.kept);
        self.trashed.retain(|t| t.kept != trashed.kept);
    }

    pub(super) fn change_bin(&mut self, message: Message) -> Action<Screen> {
        let bin = &mut self.bin;
        match message {
            Message::Found(items) => {
                if items != bin.items {
                    bin.doomed = None;
                    bin.items = items;
                    bin.chosen = bin.chosen.min(bin.items.len().saturating_sub(1));
                }
            }
            Message::Show(true) => {
                *bin = Bin { items: std::mem::take(&mut bin.items), is_shown: true, ..Bin::default() };
                self.said = None;
                return self.look_into_trash();
            }
            Message::Show(false) => self.close_bin(),
            Message::Scrolled(top, height) => bin.scrolled = list::Scrolled { top, height },
            Message::Select(index) => bin.chosen = index,
            Message::Step(by) => {
                let last = bin.items.len().saturating_sub(1);
                bin.chosen = bin.chosen.saturating_add_signed(by as isize).min(last);
                bin.doomed = None;
                let reveal = bin.scrolled.reveal(LIST, bin.chosen, ROW);
                return Action::All(vec![reveal, Action::Run(focus::follow(CHOSEN))]);
            }
            Message::Restore(index) => {
                let Some(trashed) = bin.items.get(index.unwrap_or(bin.chosen)).cloned() else { return Action::None };
                let folder = self.folder.clone();
                return Action::Work(beside(move || {
                    let outcome = library::put_back(&folder, &trashed);
                    Screen::Back(trashed, outcome)
                }));
            }
            Message::Discard(index) => {
                let index = index.unwrap_or(bin.chosen);
                let Some(trashed) = bin.items.get(index).cloned() else { return Action::None };
                bin.chosen = index;
                // Nothing brings it back, so that it has to be said twice.
                let doomed = Some(Doomed::One(trashed.kept.clone()));
                if bin.doomed != doomed {
                    bin.doomed = doomed;
                    return Action::None;
                }
                bin.forget(&trashed.kept);
                let folder = self.folder.clone();
                return Action::Work(beside(move || {
                    Screen::Bin(Message::Discarded(library::remove_trashed(&folder, &trashed)))
                }));
            }
            Message::Discarded(outcome) => {
                if let Err(e) = outcome {
                    self.fail(&e);
                }
                return self.look_into_trash();
            }
            Message::Empty if bin.doomed != Some(Doomed::All) => bin.doomed = Some(Doomed::All),
            Message::Empty => {
                bin.doomed = None;
                let folder = self.folder.clone();
                return Action::Work(beside(move || Screen::Bin(Message::Emptied(library::empty_trash(&folder)))));
            }
            Message::Emptied(Ok(())) => {
                self.trashed.clear();
                self.bin = Bin::default();
                self.say("The trash is empty.".to_owned(), false);
                return self.look_into_trash();
            }
            Message::Emptied(Err(e)) => {
                self.fail(&e);
                return self.look_into_trash();
            }
            Message::Escape => {
                if bin.doomed.take().is_none() {
                    self.close_bin();
                }
            }
        }
        Action::None
    }

    /// How much is in the trash, and the way to it.
    pub(super) fn bin_in_words(&self) -> Option<Element<'_, Screen>> {
        if self.bin.items.is_empty() {
            return None;
        }
        let size = format!("Trash: {}, {}", files_in_words(self.bin.items.len()), words::size(self.bin.bytes()));
        let show = button(text("Show").size(theme::SMALL)).padding([2.0, 8.0]).style(theme::plain);
        let show = tip(show.on_press(Screen::Bin(Message::Show(true))), "What was deleted can be put back", ABOVE);
        let line = row![text(size).size(theme::SMALL).style(theme::muted), show];
        Some(line.spacing(theme::GAP).align_y(Alignment::Center).into())
    }

    /// The trash in the library's place.
    pub(super) fn view_bin<'a>(&'a self, now: &'a Now) -> Element<'a, Screen> {
        let bin = &self.bin;
        let back = labelled(Icon::Library, "Library").on_press(Screen::Bin(Message::Show(false)));
        let empty = match bin.doomed {
            Some(Doomed::All) => format!("Delete {} for good?", files_in_words(bin.items.len())),
            _ => "Empty the trash".to_owned(),
        };
        let empty = button(container(text(empty).size(theme::BODY)).center_y(Length::Fill))
            .height(theme::CONTROL)
            .padding([0.0, 12.0])
            .style(theme::plain)
            .on_press_maybe((!bin.items.is_empty()).then_some(Screen::Bin(Message::Empty)));
        let top = row![
            tip(back, "Back to the library  (Escape)", tooltip::Position::Bottom),
            text("Trash").size(theme::TITLE).font(theme::STRONG),
            space::horizontal(),
            empty,
        ]
        .spacing(theme::GAP)
        .align_y(Alignment::Center);
        let body: Element<'_, Screen> = if bin.items.is_empty() {
            let words = text("The trash is empty").size(theme::LARGE).font(theme::STRONG);
            container(words).center(Length::Fill).style(theme::surface).into()
        } else {
            let rows = bin.scrolled.rows(Id::new(LIST), bin.items.len(), ROW, |n| {
                let trashed = bin.items.get(n)?;
                Some((list::key(&trashed.kept), self.deleted(n, trashed, now)))
            });
            let rows = rows.on_scroll(|v| Screen::Bin(Message::Scrolled(v.absolute_offset().y, v.bounds().height)));
            container(rows).padding(theme::NEAR).style(theme::surface).into()
        };
        let said = self.said();
        let size = format!("{}, {}", files_in_words(bin.items.len()), words::size(bin.bytes()));
        let foot = row![text(size).size(theme::SMALL).style(theme::muted), container(said).width(Length::Fill)]
            .spacing(theme::WIDE);
        column![top, container(body).height(Length::Fill), foot]
            .spacing(theme::GAP + theme::NEAR)
            .padding(theme::MARGIN)
            .into()
    }

    fn deleted<'a>(&'a self, index: usize, trashed: &'a Trashed, now: &Now) -> Element<'a, Screen> {
        let (bin, say) = (&self.bin, |message| Screen::Bin(message));
        let chosen = bin.chosen == index;
        let place = trashed.original.parent().and_then(|p| p.strip_prefix(&self.folder).ok());
        let place = place.filter(|p| !p.as_os_str().is_empty()).map(|p| format!("{}   ", p.display()));
        let when = trashed.deleted.map_or_else(String::new, |at| {
            format!("deleted {}   ", at.to_zoned(now.zone.clone()).strftime("%Y-%m-%d  %H:%M"))
        });
        let about = format!("{}{when}{}", place.unwrap_or_default(), words::size(trashed.size));
        let words = column![
            line(library::name(&trashed.original)).font(theme::STRONG),
            line(about).size(theme::SMALL).style(theme::muted)
        ]
        .spacing(3.0);
        let name = button(container(words).center_y(Length::Fill))
            .width(Length::Fill)
            .height(ROW)
            .padding([0.0, 10.0])
            .style(theme::choice(chosen))
            .on_press(say(Message::Select(index)))
            .of_list(CHOSEN, chosen.then_some(say(Message::Restore(Some(index)))));
        let is_doomed = bin.doomed.as_ref() == Some(&Doomed::One(trashed.kept.clone()));
        let no = if is_doomed { "Delete for good?" } else { "Delete" };
        row![
            name,
            tip(
                small(Icon::Undo, "Restore").on_press(say(Message::Restore(Some(index)))),
                "Puts it back where it was  (Enter)",
                ABOVE
            ),
            tip(
                small(Icon::Close, no).width(138.0).style(theme::quiet).on_press(say(Message::Discard(Some(index)))),
                "Removes it for good  (Delete)",
                ABOVE
            ),
        ]
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
        .into()
    }
}

const ABOVE: tooltip::Position = tooltip::Position::Top;
