//! The list: only the rows that are seen are made, whatever their number.

use iced::widget::{Id, Space, column, container, operation, row, scrollable, text};
use iced::{Alignment, Element, Length};

use super::{Action, Library, Message, State, same};
use crate::gui::now::Now;
use crate::gui::widget::thumb::thumb;
use crate::gui::widget::{button, line};
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
    let title = line(entry.title()).font(theme::STRONG);
    let about = match &entry.state {
        library::State::Read(summary) => {
            line(format!("{}   {}", date(entry, now), summary.instrument)).style(theme::muted)
        }
        library::State::Unread => line(date(entry, now)).style(theme::muted),
        library::State::Broken(why) => line(why).style(theme::warning),
    };
    let tags = entry
        .tags
        .iter()
        .take(4)
        .map(|tag| container(text(tag).size(11.0)).padding([1.0, 7.0]).style(theme::keycap).into());
    let names = column![title, about.size(theme::SMALL)].spacing(3.0);
    let (length, notes) =
        entry.summary().map_or_else(Default::default, |s| (words::length(s.length), words::notes(s.notes as u64)));
    let numbers = column![text(length).size(theme::BODY), text(notes).size(theme::SMALL).style(theme::muted)]
        .spacing(3.0)
        .align_x(Alignment::End);
    let inside = row![
        picture,
        container(names).width(Length::Fill),
        row(tags).spacing(theme::NEAR),
        container(numbers).width(86.0).align_right(86.0),
    ]
    .spacing(theme::WIDE)
    .align_y(Alignment::Center);
    // One of them is enough for Tab: the arrows go on from there.
    let enter = match &screen.selected {
        Some(_) => chosen.then_some(Message::Edit),
        None => same(screen.shown.first(), &entry.path).then(|| Message::Select(entry.path.clone())),
    };
    button(container(inside).center_y(Length::Fill))
        .width(Length::Fill)
        .height(ROW)
        .padding([0.0, 10.0])
        .style(theme::choice(chosen))
        .on_press(Message::Select(entry.path.clone()))
        .of_list(enter)
        .into()
}

/// When it was recorded or changed, in the local time.
pub(super) fn date(entry: &Entry, now: &Now) -> String {
    let Ok(at) = jiff::Timestamp::try_from(entry.date()) else { return String::new() };
    at.to_zoned(now.zone.clone()).strftime("%Y-%m-%d  %H:%M").to_string()
}
