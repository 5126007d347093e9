//! What a check of the store has found: a sentence for everything that was looked at, with what to do where something
//! is not as it should be.

use iced::widget::{Column, column, container, row, space, text};
use iced::{Alignment, Element, Length};

use super::Message;
use crate::gui::icon::{self, Icon};
use crate::gui::theme;
use crate::gui::widget::small;
use crate::studio::bucket::{Check, Verdict};

/// The panel.
pub(super) fn view(checks: &[Check]) -> Element<'_, Message> {
    let failed = checks.iter().filter(|c| c.verdict == Verdict::Failed).count();
    let warned = checks.iter().filter(|c| c.verdict == Verdict::Warning).count();
    let summary = match (failed, warned) {
        (0, 0) => "The store is fit for jobs.",
        (0, _) => "The store is fit for jobs, with remarks.",
        _ => "Jobs or files will not work in this store.",
    };
    let head = row![
        text(summary).size(theme::BODY).font(theme::STRONG),
        space::horizontal(),
        small(Icon::Close, "Close").on_press(Message::Dismiss),
    ]
    .align_y(Alignment::Center);
    let lines = checks.iter().map(line);
    container(column![head, Column::with_children(lines).spacing(theme::NEAR)].spacing(theme::GAP))
        .padding([theme::GAP, theme::WIDE])
        .width(Length::Fill)
        .style(theme::surface)
        .into()
}

fn line(check: &Check) -> Element<'_, Message> {
    let (sign, style): (Icon, fn(&iced::Theme) -> text::Style) = match check.verdict {
        Verdict::Ok => (Icon::Good, theme::success),
        Verdict::Warning => (Icon::Warning, theme::warning),
        Verdict::Failed => (Icon::Bad, theme::danger),
    };
    let words = column![
        text(&check.found).size(theme::SMALL),
        check.remedy.map(|remedy| text(format!("Try: {remedy}")).size(theme::SMALL).style(theme::muted)),
    ];
    row![icon::coloured(sign, 15.0, style), words].spacing(theme::GAP).align_y(Alignment::Start).into()
}
