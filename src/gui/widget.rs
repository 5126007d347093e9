//! What iced has no widget for: the keys, the rolls and the meter, drawn on canvases with caches, and
//! small pieces that several screens are put together from.

pub mod curves;
pub mod focus;
mod hush;
pub mod keys;
pub mod line;
pub mod meter;
pub mod overview;
pub mod piano;
pub mod pianoroll;
pub mod roll;
mod still;
pub mod thumb;
pub mod tune;
mod wrap;

use iced::widget::{container, row, text, tooltip};
use iced::{Alignment, Element, Length};

pub use focus::{Button, button, button_with, choice, field, rows_high, search, slider};
pub use line::line;
pub use still::still;

use super::icon::{self, Icon};
use super::theme;

/// A button with an icon and a word.
pub fn labelled<'a, M: Clone + 'a>(icon: Icon, label: &'a str) -> Button<'a, M> {
    worded(icon, 16.0, label, theme::BODY).height(theme::CONTROL).padding([0.0, 12.0])
}

/// A smaller button with an icon and a word.
pub fn small<'a, M: Clone + 'a>(icon: Icon, label: &'a str) -> Button<'a, M> {
    worded(icon, 14.0, label, theme::SMALL).height(28.0).padding([0.0, 9.0])
}

fn worded<'a, M: Clone + 'a>(icon: Icon, size: f32, label: &'a str, words: f32) -> Button<'a, M> {
    button_with(move |live| {
        let sign = icon::coloured(icon, size, icon::of_button(live));
        let inside = row![sign, text(label).size(words)].spacing(theme::GAP).align_y(Alignment::Center);
        container(inside).center_y(Length::Fill).into()
    })
    .style(theme::plain)
}

/// A button with an icon and a word: the one that is most likely wanted.
pub fn wanted<'a, M: Clone + 'a>(icon: Icon, label: &'a str) -> Button<'a, M> {
    button_with(move |live| {
        let sign = icon::coloured(icon, 16.0, if live { theme::on_accent } else { theme::faint });
        let inside = row![sign, text(label).size(theme::BODY)].spacing(theme::GAP).align_y(Alignment::Center);
        container(inside).center_y(Length::Fill).into()
    })
    .height(theme::CONTROL)
    .padding([0.0, 12.0])
    .style(theme::solid)
}

/// A button with an icon only; it needs a tip.
pub fn iconic<'a, M: Clone + 'a>(icon: Icon) -> Button<'a, M> {
    button_with(move |live| container(icon::coloured(icon, 18.0, icon::of_button(live))).center(Length::Fill).into())
        .width(theme::CONTROL + 6.0)
        .height(theme::CONTROL)
        .padding(0)
        .style(theme::plain)
}

/// Adds a tip to a list that opens: it says no more once the list is open.
pub fn list_tip<'a, M: 'a>(
    list: impl Into<Element<'a, M>>,
    words: &'a str,
    position: tooltip::Position,
) -> Element<'a, M> {
    hush::hush(tip(list, words, position))
}

/// Adds a tip that says what a widget does, with its key.
pub fn tip<'a, M: 'a>(
    content: impl Into<Element<'a, M>>,
    words: &'a str,
    position: tooltip::Position,
) -> Element<'a, M> {
    let words = container(text(words).size(theme::SMALL)).padding([5.0, 9.0]).max_width(480.0).style(theme::tip);
    tooltip(content, words, position).gap(6).delay(std::time::Duration::from_millis(500)).into()
}
