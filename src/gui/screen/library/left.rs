//! What was left behind, on top of everything: takes that a crash cut off, whole takes that could not be put into the
//! library, changes that were not saved, and what is too damaged to be opened.

use std::path::PathBuf;

use iced::widget::{column, container, row, scrollable, text};
use iced::{Alignment, Element, Length};

use super::{Action, Doomed, Library, Message};
use crate::gui::icon::{self, Icon};
use crate::gui::now::Now;
use crate::gui::widget::{labelled, line as one_line, wanted};
use crate::gui::work::beside;
use crate::gui::{theme, words};
use crate::studio::edit::{self, Draft};
use crate::studio::library;
use crate::studio::record::session::TakeFolders;
use crate::studio::recover::{self, Leftover};

/// So many lines are seen at once; the others are scrolled to.
const SEEN: usize = 4;

/// How high a line is, with what is between two.
const LINE: f32 = theme::CONTROL + theme::NEAR;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct LeftBehind {
    /// Takes that were cut off.
    pub takes: Vec<Leftover>,
    /// Whole takes beside their journals.
    pub strays: Vec<PathBuf>,
    /// Changes that were not saved.
    pub drafts: Vec<Draft>,
    /// Journals and drafts that cannot be read.
    pub damaged: Vec<PathBuf>,
}

impl LeftBehind {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.takes.len() + self.strays.len() + self.drafts.len() + self.damaged.len()
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is said of it where it is not shown.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let said = match (self.takes.as_slice(), self.strays.as_slice(), self.drafts.as_slice()) {
            ([], [], []) => return None,
            ([_], [], []) => "A take was cut off and can be restored".to_owned(),
            ([], [_], []) => "A take waits to be brought into the library".to_owned(),
            ([], [], [draft]) => format!("Changes to {} were not saved; they are kept", draft.name),
            (takes, strays, []) => format!("{} takes can be restored", takes.len() + strays.len()),
            ([], [], drafts) => format!("Changes to {} pieces were not saved; they are kept", drafts.len()),
            (takes, strays, drafts) => {
                format!("{} takes and unsaved changes were kept", takes.len() + strays.len() + drafts.len())
            }
        };
        Some(said)
    }
}

impl Library {
    /// Looks for what was left behind.
    pub fn look_behind(&self, now: &Now) -> Action<Message> {
        let Some(folders) = &now.folders else { return Action::None };
        let (state, library) = (folders.state.clone(), folders.library.clone());
        let journals = TakeFolders::of_user(folders).all_journals();
        Action::Work(beside(move || {
            let found = recover::find(&journals);
            let damaged = found.unreadable.into_iter().map(|u| u.path);
            Message::Found(Box::new(LeftBehind {
                takes: found.takes,
                strays: recover::strays(&journals, &library),
                drafts: edit::drafts(&state),
                damaged: damaged.chain(edit::damaged_drafts(&state)).collect(),
            }))
        }))
    }

    /// What was left behind.
    #[must_use]
    pub fn left_behind(&self) -> &LeftBehind {
        &self.left
    }

    pub(super) fn recover(&mut self, message: Message, now: &Now) -> Action<Message> {
        let doomed = match message {
            Message::Discard(index) => Some(Doomed::Take(index)),
            Message::DiscardDraft(index) => Some(Doomed::Draft(index)),
            Message::DiscardDamaged(index) => Some(Doomed::Damaged(index)),
            _ => None,
        };
        // Nothing brings it back, so that it has to be said twice.
        if std::mem::replace(&mut self.doomed, doomed) != doomed && doomed.is_some() {
            return Action::None;
        }
        self.doomed = None;
        let folder = now.folders.as_ref().map(|f| f.library.clone()).unwrap_or_default();
        let left = &mut self.left;
        match message {
            Message::Restore(index) if index < left.takes.len() => {
                let take = left.takes.remove(index);
                Action::Work(beside(move || {
                    Message::Restored(take.restore(None, &folder, false).map_err(|e| e.to_string()))
                }))
            }
            Message::BringHome(index) if index < left.strays.len() => {
                let stray = left.strays.remove(index);
                Action::Work(beside(move || {
                    Message::Restored(library::keep(&folder, &stray).map_err(|e| e.to_string()))
                }))
            }
            Message::Restored(Ok(path)) => {
                let said = self.say(format!("Restored {}.", library::name(&path)), false);
                self.choose(path);
                Action::All(vec![said, self.list()])
            }
            // It is still there, and so it is shown again.
            Message::Restored(Err(e)) | Message::Discarded(Err(e)) => {
                Action::All(vec![self.fail(&e), self.look_behind(now)])
            }
            Message::Recover(index) if index < left.drafts.len() => Action::Recover(left.drafts.remove(index)),
            Message::Discard(index) if index < left.takes.len() => {
                let take = left.takes.remove(index);
                discarded(move || take.remove().map_err(|e| e.to_string()))
            }
            Message::DiscardDraft(index) if index < left.drafts.len() => {
                let draft = left.drafts.remove(index);
                discarded(move || draft.remove().map_err(|e| e.to_string()))
            }
            Message::DiscardDamaged(index) if index < left.damaged.len() => {
                let path = left.damaged.remove(index);
                discarded(move || library::discard(&path).map_err(|e| e.to_string()))
            }
            _ => Action::None,
        }
    }
}

fn discarded(work: impl FnOnce() -> Result<(), String> + Send + 'static) -> Action<Message> {
    Action::Work(beside(move || Message::Discarded(work())))
}

/// All of it, in lines that scroll where they are many.
pub(super) fn view(screen: &Library) -> Option<Element<'_, Message>> {
    let left = &screen.left;
    if left.is_empty() {
        return None;
    }
    let is_doomed = |what| screen.doomed == Some(what);
    let takes = left.takes.iter().enumerate().map(|(i, take)| {
        let started: String =
            take.contents.header.started.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect();
        let about = format!(
            "A take of {started} was cut off: {}, {}.",
            words::notes(take.notes() as u64),
            words::length(take.length())
        );
        let discard = (Message::Discard(i), is_doomed(Doomed::Take(i)));
        line(about, Some(("Restore", Message::Restore(i))), Some(discard))
    });
    let strays = left.strays.iter().enumerate().map(|(i, path)| {
        let about = format!("The take {} could not be put into the library.", library::name(path));
        line(about, Some(("Bring it in", Message::BringHome(i))), None)
    });
    let drafts = left.drafts.iter().enumerate().map(|(i, draft)| {
        let about = format!("Changes to {} were not saved; they were kept at {}.", draft.name, draft.kept);
        let discard = (Message::DiscardDraft(i), is_doomed(Doomed::Draft(i)));
        line(about, Some(("Open", Message::Recover(i))), Some(discard))
    });
    let damaged = left.damaged.iter().enumerate().map(|(i, path)| {
        let (name, folder) = (library::name(path), path.parent().unwrap_or(path).display());
        let about = format!("{name} was left behind and is damaged: it cannot be opened. It is in {folder}.");
        line(about, None, Some((Message::DiscardDamaged(i), is_doomed(Doomed::Damaged(i)))))
    });
    let lines = column(takes.chain(strays).chain(drafts).chain(damaged)).spacing(theme::NEAR);
    let all: Element<'_, Message> = if left.len() > SEEN {
        let many = text(format!("{} were left behind", left.len())).size(theme::SMALL).style(theme::muted);
        let lines = container(lines).padding(iced::padding::right(theme::WIDE));
        // Half a line more shows that there are more.
        let lines = scrollable(lines).style(theme::scroll).height((SEEN as f32 - 0.5) * LINE);
        column![many, lines].spacing(theme::NEAR).into()
    } else {
        lines.into()
    };
    Some(container(all).padding([8.0, 12.0]).style(theme::surface).into())
}

fn line<'a>(about: String, wish: Option<(&'a str, Message)>, no: Option<(Message, bool)>) -> Element<'a, Message> {
    row![
        icon::coloured(Icon::History, 18.0, theme::accent),
        container(one_line(about)).width(Length::Fill),
        wish.map(|(word, yes)| wanted(Icon::Undo, word).on_press(yes)),
        no.map(|(no, is_doomed)| {
            let discard = if is_doomed { "Discard for good?" } else { "Discard" };
            labelled(Icon::Close, discard).style(theme::quiet).on_press(no)
        }),
    ]
    .spacing(theme::GAP)
    .align_y(Alignment::Center)
    .into()
}
