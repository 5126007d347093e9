//! The list: only the rows that are seen are made, whatever their number.

use iced::widget::{Id, Space, button, column, container, operation, row, scrollable, text};
use iced::{Alignment, Element, Length};

use super::{Action, Doomed, Library, Message, State, same};
use crate::gui::icon::{self, Icon};
use crate::gui::now::Now;
use crate::gui::widget::thumb::thumb;
use crate::gui::widget::{labelled, wanted};
use crate::gui::{theme, words};
use crate::studio::library::{self, Entry};

const ROW: f32 = 62.0;

/// Rows above and below what is seen, so that scrolling shows no hole before the next frame.
const SPARE: usize = 6;

const LIST: &str = "library-list";

pub(super) fn view<'a>(screen: &'a Library, now: &'a Now) -> Element<'a, Message> {
    if let State::Failed(error) = &screen.state {
        let words = text(error.to_string()).size(theme::BODY).style(theme::warning);
        return container(words).center(Length::Fill).style(theme::surface).into();
    }
    if screen.shown.is_empty() {
        return container(nothing(screen)).center(Length::Fill).style(theme::surface).into();
    }
    let (top, height) = screen.scrolled;
    // Before it was ever scrolled the height is not known: as many as any window shows.
    let height = if height > 0.0 { height } else { 1_600.0 };
    let count = screen.shown.len();
    let first = ((top / ROW) as usize).saturating_sub(SPARE).min(count.saturating_sub(1));
    let last = (((top + height) / ROW) as usize + SPARE).min(count);
    let seen = screen.shown[first..last].iter().filter_map(|path| screen.shelf.get(path));
    let rows = column(seen.map(|entry| one(screen, entry, now)));
    let all = column![Space::new().height(first as f32 * ROW), rows, Space::new().height((count - last) as f32 * ROW),];
    let list = scrollable(all)
        .id(Id::new(LIST))
        .on_scroll(|v| Message::Scrolled(v.absolute_offset().y, v.bounds().height))
        .style(theme::scroll)
        .width(Length::Fill)
        .height(Length::Fill);
    container(list).padding(theme::NEAR).style(theme::surface).into()
}

/// Scrolls so that a row is seen.
pub(super) fn reveal(screen: &mut Library, row: usize) -> Action<Message> {
    let (top, height) = screen.scrolled;
    let height = if height > 0.0 { height } else { 400.0 };
    let (upper, lower) = (row as f32 * ROW, (row + 1) as f32 * ROW);
    let to = if upper < top {
        upper
    } else if lower > top + height {
        lower - height
    } else {
        return Action::None;
    };
    screen.scrolled.0 = to;
    Action::Run(operation::scroll_to(Id::new(LIST), scrollable::AbsoluteOffset { x: None, y: Some(to) }))
}

fn nothing(screen: &Library) -> Element<'_, Message> {
    let (first, second) = match (&screen.state, screen.shelf.is_empty()) {
        (State::Unread | State::Reading(_), true) => ("Looking into the library …", String::new()),
        (_, true) => (
            "The library is empty",
            format!("Record a take, or drop MIDI files here. They are plain files in {}.", screen.folder.display()),
        ),
        (_, false) => ("Nothing matches the search", String::new()),
    };
    column![text(first).size(theme::LARGE).font(theme::STRONG), text(second).size(theme::BODY).style(theme::muted),]
        .spacing(theme::GAP)
        .align_x(Alignment::Center)
        .into()
}

fn one<'a>(screen: &'a Library, entry: &'a Entry, now: &'a Now) -> Element<'a, Message> {
    let chosen = same(screen.selected.as_ref(), &entry.path);
    let picture = match entry.summary() {
        Some(summary) => thumb(&summary.picture, summary.fingerprint, 132.0, 44.0),
        None => Space::new().width(132.0).height(44.0).into(),
    };
    let title = text(entry.title()).size(theme::BODY).font(theme::STRONG).wrapping(text::Wrapping::None);
    let about = match &entry.state {
        library::State::Read(summary) => {
            text(format!("{}   {}", date(entry, now), summary.instrument)).style(theme::muted)
        }
        library::State::Unread => text(date(entry, now)).style(theme::muted),
        library::State::Broken(why) => text(why).style(theme::warning),
    };
    let tags = entry
        .tags
        .iter()
        .take(4)
        .map(|tag| container(text(tag).size(11.0)).padding([1.0, 7.0]).style(theme::keycap).into());
    let names = column![title, about.size(theme::SMALL).wrapping(text::Wrapping::None)].spacing(3.0);
    let (length, notes) =
        entry.summary().map_or_else(Default::default, |s| (words::length(s.length), words::notes(s.notes as u64)));
    let numbers = column![text(length).size(theme::BODY), text(notes).size(theme::SMALL).style(theme::muted)]
        .spacing(3.0)
        .align_x(Alignment::End);
    let inside = row![
        picture,
        container(names).width(Length::Fill).clip(true),
        row(tags).spacing(theme::NEAR),
        container(numbers).width(86.0).align_right(86.0),
    ]
    .spacing(theme::WIDE)
    .align_y(Alignment::Center);
    button(container(inside).center_y(Length::Fill))
        .width(Length::Fill)
        .height(ROW)
        .padding([0.0, 10.0])
        .style(theme::choice(chosen))
        .on_press(Message::Select(entry.path.clone()))
        .into()
}

/// When it was recorded or changed, in the local time.
pub(super) fn date(entry: &Entry, now: &Now) -> String {
    let Ok(at) = jiff::Timestamp::try_from(entry.date()) else { return String::new() };
    at.to_zoned(now.zone.clone()).strftime("%Y-%m-%d  %H:%M").to_string()
}

/// Takes and drafts that a crash left behind, on top of everything.
pub(super) fn left_behind(screen: &Library) -> Option<Element<'_, Message>> {
    let is_doomed = |what| screen.doomed == Some(what);
    let takes = screen.takes.iter().enumerate().map(|(i, take)| {
        let started: String =
            take.contents.header.started.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect();
        let about = format!(
            "A take of {started} was cut off: {}, {}.",
            words::notes(take.notes() as u64),
            words::length(take.length())
        );
        line(about, Some(("Restore", Message::Restore(i))), Message::Discard(i), is_doomed(Doomed::Take(i)))
    });
    let drafts = screen.drafts.iter().enumerate().map(|(i, draft)| {
        let about = format!("Changes to {} were not saved; they were kept at {}.", draft.name, draft.kept);
        line(about, Some(("Open", Message::Recover(i))), Message::DiscardDraft(i), is_doomed(Doomed::Draft(i)))
    });
    let damaged = screen.damaged.iter().enumerate().map(|(i, path)| {
        let about = format!("{} was left behind and is damaged: it cannot be opened.", path.display());
        line(about, None, Message::DiscardDamaged(i), is_doomed(Doomed::Damaged(i)))
    });
    let lines: Vec<Element<'_, Message>> = takes.chain(drafts).chain(damaged).take(4).collect();
    (!lines.is_empty())
        .then(|| container(column(lines).spacing(theme::NEAR)).padding([8.0, 12.0]).style(theme::surface).into())
}

fn line<'a>(about: String, wish: Option<(&'a str, Message)>, no: Message, is_doomed: bool) -> Element<'a, Message> {
    let discard = if is_doomed { "Discard for good?" } else { "Discard" };
    row![
        icon::coloured(Icon::History, 18.0, theme::accent),
        container(text(about).size(theme::BODY)).width(Length::Fill),
        wish.map(|(word, yes)| wanted(Icon::Undo, word).on_press(yes)),
        labelled(Icon::Close, discard).style(theme::quiet).on_press(no),
    ]
    .spacing(theme::GAP)
    .align_y(Alignment::Center)
    .into()
}
