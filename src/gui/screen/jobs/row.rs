//! A job in the list: what it is, how far it has come, and what can be done with it.

use std::time::Duration;

use iced::widget::{column, container, progress_bar, row, text, tooltip};
use iced::{Alignment, Element, Length, Theme};

use super::Message;
use crate::gui::icon::{self, Icon};
use crate::gui::theme;
use crate::gui::widget::{button, tip};
use crate::studio::jobs::board::{Job, JobState};

type Style = fn(&Theme) -> text::Style;

/// How long ago, as people say it.
fn ago(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

fn state(state: &JobState) -> (Icon, Style, String) {
    match state {
        JobState::Waiting => (Icon::History, theme::muted, "waits for a worker".to_owned()),
        JobState::Running { share, stage, .. } => {
            (Icon::Again, theme::accent, format!("{stage}, {:.0} %", share * 100.0))
        }
        JobState::Cancelling => (Icon::Skipped, theme::muted, "is being cancelled".to_owned()),
        JobState::Done(1) => (Icon::Good, theme::success, "1 composition".to_owned()),
        JobState::Done(n) => (Icon::Good, theme::success, format!("{n} compositions")),
        JobState::Failed(why) => (Icon::Bad, theme::danger, format!("failed: {why}")),
        JobState::Cancelled => (Icon::Skipped, theme::muted, "cancelled".to_owned()),
    }
}

fn does<'a>(word: &'a str, words: &'a str, message: Message) -> Element<'a, Message> {
    let button = button(text(word).size(theme::SMALL)).padding([5.0, 10.0]).style(theme::plain).on_press(message);
    tip(button, words, tooltip::Position::Top)
}

pub(super) fn view<'a>(n: usize, job: &'a Job, has_links: bool) -> Element<'a, Message> {
    let (sign, style, words) = state(&job.state);
    let attempt = if job.attempt > 1 { format!("   attempt {}", job.attempt) } else { String::new() };
    let about = format!("{}   {}{attempt}", job.what, job.age.map_or_else(String::new, ago));
    let names = column![
        text(&job.name).size(theme::BODY).font(theme::STRONG),
        text(about).size(theme::SMALL).style(theme::muted),
    ]
    .spacing(2.0)
    .width(Length::FillPortion(5));
    let bar = match &job.state {
        JobState::Running { share, .. } => {
            Some(progress_bar(0.0..=1.0, *share).girth(6.0).length(Length::Fixed(150.0)).style(theme::progress))
        }
        _ => None,
    };
    let line = row![icon::coloured(sign, 15.0, style), text(words).size(theme::SMALL).style(style)];
    let progress =
        column![line.spacing(6.0).align_y(Alignment::Center), bar].spacing(theme::NEAR).width(Length::FillPortion(4));
    let mut buttons = row![].spacing(theme::NEAR + 2.0);
    if matches!(job.state, JobState::Running { partial: true, .. }) {
        buttons = buttons.push(does("Listen", "Hear what there is of it", Message::Listen(n)));
    }
    if let JobState::Done(_) = job.state {
        buttons = buttons.push(does("Fetch", "Into the library", Message::Fetch(n)));
        if has_links {
            buttons =
                buttons.push(does("Share", "A page that plays it, and a link to it for a week", Message::Share(n)));
        }
    }
    buttons = if job.state.has_ended() {
        buttons.push(does("Again", "Submit the same once more", Message::Retry(n))).push(does(
            "Remove",
            "Take it out of the store; what was fetched stays",
            Message::Remove(n),
        ))
    } else {
        buttons.push(does("Cancel", "Not wanted any more", Message::Cancel(n)))
    };
    // As wide as the widest, so that what is said stands in a column.
    let width = if has_links { 256.0 } else { 196.0 };
    let buttons = container(buttons).width(width).align_right(width);
    row![names, progress, buttons].spacing(theme::WIDE).height(52.0).align_y(Alignment::Center).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_people_say_them() {
        let said = [5, 120, 7_200, 200_000].map(|s| ago(Duration::from_secs(s)));
        assert_eq!(said, ["just now", "2 min ago", "2 h ago", "2 days ago"]);
    }
}
