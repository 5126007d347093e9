//! A link that others can listen under: how long it holds, and a copy of it.

use iced::widget::{column, container, row, text};
use iced::{Alignment, Element, Length};

use super::Message;
use crate::gui::icon::Icon;
use crate::gui::theme;
use crate::gui::widget::{line, small};
use crate::studio::jobs::board::Shared;

/// The panel.
pub(super) fn view(shared: &Shared) -> Element<'_, Message> {
    let until = shared.until.strftime("%-d %B %Y, %H:%M");
    let words = column![
        text(format!("Whoever has this link can listen to {} until {until} UTC.", shared.name)).size(theme::BODY),
        line(&shared.link).size(theme::SMALL).style(theme::muted),
    ]
    .spacing(2.0)
    .width(Length::Fill);
    let buttons = row![
        small(Icon::Copy, "Copy link").on_press(Message::Copy(shared.link.clone())),
        small(Icon::Close, "Close").on_press(Message::Dismiss),
    ]
    .spacing(theme::NEAR);
    container(row![words, buttons].spacing(theme::WIDE).align_y(Alignment::Center))
        .padding([theme::GAP, theme::WIDE])
        .style(theme::surface)
        .into()
}
