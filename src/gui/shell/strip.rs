//! The strip of screens at the left, with what waits on each.

use iced::widget::{column, container, row, text, tooltip};
use iced::{Alignment, Element, Length};

use super::{Message, Studio};
use crate::gui::icon::{self, Icon};
use crate::gui::screen::Screen;
use crate::gui::theme;
use crate::gui::widget::{button, tip};
use crate::studio::doctor::{self, Check};

impl Studio {
    /// What waits on a screen that is not looked at.
    pub(super) fn badge(&self, screen: Screen) -> Option<String> {
        let wrong = |c: &&Check| matches!(c.status, doctor::Status::Warning | doctor::Status::Failure);
        let count = match screen {
            Screen::Devices => self.now.checks.iter().filter(wrong).count(),
            Screen::Library => self.library.left_behind().len(),
            Screen::Jobs => self.jobs.under_way(),
            #[cfg(feature = "train")]
            Screen::Train => return self.train.under_way().map(|share| format!("{share} %")),
            Screen::Edit if self.edit.is_unsaved() => return Some("•".to_owned()),
            _ => 0,
        };
        (count > 0).then(|| count.to_string())
    }

    /// The strip of screens.
    pub(super) fn strip(&self) -> Element<'_, Message> {
        let screens = Screen::ALL.into_iter().map(|screen| {
            let chosen = screen == self.screen;
            let style = if chosen { theme::accent } else { theme::muted };
            let badge = self.badge(screen).map(|words| {
                container(text(words).size(10.0).font(theme::STRONG)).padding([0.0, 5.0]).style(theme::keycap)
            });
            let inside = column![
                row![icon::coloured(screen.icon(), 20.0, style), badge].spacing(3.0),
                text(screen.name()).size(theme::SMALL).style(style)
            ]
            .spacing(2.0)
            .align_x(Alignment::Center);
            let button = button(container(inside).center(Length::Fill))
                .width(64.0)
                .height(Length::Fill)
                .padding(0)
                .style(theme::choice(chosen))
                .on_press(Message::Go(screen));
            button.into()
        });
        // As high as is comfortable, or as there is room for: all of them are to be seen at any size.
        let screens = container(column(screens).spacing(2.0)).max_height(56.0 * Screen::ALL.len() as f32);
        let help = button(container(icon::coloured(Icon::Help, 20.0, theme::muted)).center(Length::Fill))
            .width(64.0)
            .height(36.0)
            .padding(0)
            .style(theme::quiet)
            .on_press(Message::Help);
        let strip =
            column![container(screens).height(Length::Fill), tip(help, "Shortcuts  (?)", tooltip::Position::Right)]
                .spacing(2.0);
        container(strip).padding(theme::GAP).height(Length::Fill).style(theme::bar).into()
    }
}
