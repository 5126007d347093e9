//! The list: only the rows that are seen are made, whatever their number.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;
use std::path::Path;

use iced::widget::{Id, Scrollable, Space, column, container, keyed_column, operation, row, scrollable, text};
use iced::{Alignment, Element, Length};

use super::{Action, Library, Message, State, same};
use crate::gui::now::Now;
use crate::gui::widget::thumb::thumb;
use crate::gui::widget::{button, focus, line};
use crate::gui::{theme, words};
use crate::studio::library::{self, Entry};

const ROW: f32 = 62.0;

/// Rows above and below what is seen, so that scrolling shows no hole before the next frame.
const SPARE: usize = 6;

const LIST: &str = "library-list";
const CHOSEN: &str = "library-chosen";

pub(super) fn view<'a>(screen: &'a Library, now: &'a Now) -> Element<'a, Message> {
    if let State::Failed(error) = &screen.state {
        let words = text(error.to_string()).size(theme::BODY).style(theme::warning);
        return container(words).center(Length::Fill).style(theme::surface).into();
    }
    if screen.shown.is_empty() {
        return container(nothing(screen)).center(Length::Fill).style(theme::surface).into();
    }
    let rows = screen.scrolled.rows(Id::new(LIST), screen.shown.len(), ROW, |n| {
        let entry = screen.shelf.get(screen.shown.get(n)?)?;
        Some((key(&entry.path), one(screen, entry, now)))
    });
    let list = rows.on_scroll(|v| Message::Scrolled(v.absolute_offset().y, v.bounds().height));
    container(list).padding(theme::NEAR).style(theme::surface).into()
}

/// By what a row is known when the rows change: its picture and its focus go with it.
pub(super) fn key(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Where a list is scrolled to, in pixels, and how high it is; before it was ever scrolled that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Scrolled {
    pub(super) top: f32,
    pub(super) height: f32,
}

impl Scrolled {
    /// The rows that are seen, of so many.
    fn range(self, count: usize, row: f32) -> Range<usize> {
        // As many as any window shows.
        let height = if self.height > 0.0 { self.height } else { 1_600.0 };
        let first = ((self.top / row) as usize).saturating_sub(SPARE).min(count.saturating_sub(1));
        first..(((self.top + height) / row) as usize + SPARE).min(count)
    }

    /// A list of which only the rows are made that are seen.
    pub(super) fn rows<'a, M: 'a>(
        self,
        id: Id,
        count: usize,
        row: f32,
        make: impl FnMut(usize) -> Option<(u64, Element<'a, M>)>,
    ) -> Scrollable<'a, M> {
        let seen = self.range(count, row);
        let (above, below) = (seen.start as f32 * row, (count - seen.end) as f32 * row);
        let rows = keyed_column(seen.filter_map(make));
        let all = column![Space::new().height(above), rows, Space::new().height(below)];
        scrollable(all).id(id).style(theme::scroll).width(Length::Fill).height(Length::Fill)
    }

    /// Scrolls so that a row is seen.
    pub(super) fn reveal(&mut self, list: &'static str, index: usize, row: f32) -> Action<Message> {
        let height = if self.height > 0.0 { self.height } else { 400.0 };
        let (upper, lower) = (index as f32 * row, (index + 1) as f32 * row);
        let to = if upper < self.top {
            upper
        } else if lower > self.top + height {
            lower - height
        } else {
            return Action::None;
        };
        self.top = to;
        Action::Run(operation::scroll_to(Id::new(list), scrollable::AbsoluteOffset { x: None, y: Some(to) }))
    }
}

/// Scrolls so that a row is seen.
pub(super) fn reveal(screen: &mut Library, row: usize) -> Action<Message> {
    let reveal = screen.scrolled.reveal(LIST, row, ROW);
    see(screen);
    Action::All(vec![reveal, Action::Run(focus::follow(CHOSEN))])
}

/// Tells whoever looks at the folder what is seen of it.
pub(super) fn see(screen: &Library) {
    let seen = screen.scrolled.range(screen.shown.len(), ROW);
    screen.sight.set(screen.shown.get(seen).unwrap_or_default().to_vec());
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
        .of_list(CHOSEN, enter)
        .into()
}

/// When it was recorded or changed, in the local time.
pub(super) fn date(entry: &Entry, now: &Now) -> String {
    let Ok(at) = jiff::Timestamp::try_from(entry.date()) else { return String::new() };
    at.to_zoned(now.zone.clone()).strftime("%Y-%m-%d  %H:%M").to_string()
}
