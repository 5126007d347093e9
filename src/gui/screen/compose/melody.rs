//! Which melody: one that ships, the take on the desk, a file of the library or any other.

use iced::widget::{column, text};
use iced::{Element, Length};

use super::{Compose, Message};
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::offer::offers;
use crate::gui::widget::{choice, labelled};
use crate::gui::{theme, words};

pub(super) fn view<'a>(screen: &'a Compose, now: &'a Now) -> Element<'a, Message> {
    let list = choice(offers(&screen.files, now), screen.chosen.clone(), Message::Choose)
        .placeholder("Choose a melody")
        .width(Length::Fill)
        .rows(10);
    let facts = screen.melody.as_ref().map(|melody| {
        let facts =
            format!("{}, {}", words::notes(melody.piece.notes.len() as u64), words::length(melody.piece.length()));
        text(facts).size(theme::SMALL).style(theme::muted)
    });
    let again = screen.melody.as_ref().and_then(|m| m.lineage.as_ref()).map(|lineage| {
        let seed = lineage.requests.first().map_or(0, |r| r.parameters.seed);
        let style = lineage.model.as_ref().map_or_else(String::new, |m| format!(" in the style {}", m.name));
        let about =
            format!("composer {} made this to {}{style} with the seed {seed}.", lineage.composer, lineage.melody);
        let usable = lineage.has_melody();
        let about = if usable { about } else { format!("{about} The melody was changed; it needs the original.") };
        column![
            text(about).size(theme::SMALL).style(theme::muted),
            labelled(Icon::Again, "Make it again").on_press_maybe(usable.then_some(Message::Again)),
        ]
        .spacing(theme::NEAR)
    });
    column![
        text("Melody").size(theme::LARGE).font(theme::STRONG),
        list,
        labelled(Icon::Folder, "Another file").width(Length::Fill).on_press(Message::Open),
        facts,
        again,
    ]
    .spacing(theme::GAP)
    .into()
}
