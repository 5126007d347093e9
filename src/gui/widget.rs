//! What iced has no widget for: the keys, the rolls and the meter, drawn on canvases with caches, and
//! small pieces that several screens are put together from.

pub mod focus;
pub mod keys;
pub mod meter;
pub mod overview;
pub mod piano;
pub mod pianoroll;
pub mod roll;
pub mod thumb;
pub mod tune;

use iced::widget::{Row, container, row, text, tooltip};
use iced::{Alignment, Element, Length};

pub use focus::{Button, button, choice, slider};

use super::icon::{self, Icon};
use super::theme;

/// A button with an icon and a word.
pub fn labelled<'a, M: Clone + 'a>(icon: Icon, label: &'a str) -> Button<'a, M> {
    let inside: Row<'a, M> =
        row![icon::icon(icon, 16.0), text(label).size(theme::BODY)].spacing(theme::GAP).align_y(Alignment::Center);
    button(container(inside).center_y(Length::Fill)).height(theme::CONTROL).padding([0.0, 12.0]).style(theme::plain)
}

/// A button with an icon and a word: the one that is most likely wanted.
pub fn wanted<'a, M: Clone + 'a>(icon: Icon, label: &'a str) -> Button<'a, M> {
    let sign = icon::coloured(icon, 16.0, theme::on_accent);
    let inside: Row<'a, M> = row![sign, text(label).size(theme::BODY)].spacing(theme::GAP).align_y(Alignment::Center);
    button(container(inside).center_y(Length::Fill)).height(theme::CONTROL).padding([0.0, 12.0]).style(theme::solid)
}

/// A button with an icon only; it needs a tip.
pub fn iconic<'a, M: Clone + 'a>(icon: Icon) -> Button<'a, M> {
    button(container(icon::icon(icon, 18.0)).center(Length::Fill))
        .width(theme::CONTROL + 6.0)
        .height(theme::CONTROL)
        .padding(0)
        .style(theme::plain)
}

/// Adds a tip that says what a widget does, with its key.
pub fn tip<'a, M: 'a>(
    content: impl Into<Element<'a, M>>,
    words: &'a str,
    position: tooltip::Position,
) -> Element<'a, M> {
    let words = container(text(words).size(theme::SMALL)).padding([5.0, 9.0]).style(theme::tip);
    tooltip(content, words, position).gap(6).delay(std::time::Duration::from_millis(500)).into()
}
