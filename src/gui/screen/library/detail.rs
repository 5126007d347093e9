//! What is selected: a larger picture, what is known of it, and what can be done with it.

use iced::widget::{Id, column, container, progress_bar, row, scrollable, text, text_input, tooltip};
use iced::{Alignment, Element, Length};

use super::{Library, Message, RENAME, To, list};
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::widget::thumb::thumb;
use crate::gui::widget::{button, field, labelled, tip, wanted};
use crate::gui::{theme, words};
use crate::studio::library::{Entry, Sound, State};

const WIDTH: f32 = 288.0;

pub(super) fn view<'a>(screen: &'a Library, now: &'a Now) -> Element<'a, Message> {
    let inside: Element<'_, Message> = match screen.selected.as_ref().and_then(|p| screen.shelf.get(p)) {
        Some(entry) => about(screen, entry, now),
        None => container(
            text("Select something to play, edit, rename, tag or export it.").size(theme::BODY).style(theme::muted),
        )
        .center(Length::Fill)
        .into(),
    };
    container(inside).padding(theme::WIDE).width(WIDTH).height(Length::Fill).style(theme::surface).into()
}

fn about<'a>(screen: &'a Library, entry: &'a Entry, now: &'a Now) -> Element<'a, Message> {
    let mut parts = column![].spacing(theme::GAP + theme::NEAR);
    if let Some(summary) = entry.summary() {
        let picture = thumb(&summary.picture, summary.fingerprint, WIDTH - 3.0 * theme::WIDE - 2.0, 96.0);
        parts = parts.push(container(picture).style(theme::well));
    }
    parts = parts.push(title(screen, entry));
    match &entry.state {
        State::Read(s) => {
            let tracks = if s.tracks == 1 { "1 track".to_owned() } else { format!("{} tracks", s.tracks) };
            let facts = format!(
                "{}\n{}, {}, {tracks}\n{}",
                list::date(entry, now),
                words::length(s.length),
                words::notes(s.notes as u64),
                s.instrument
            );
            parts = parts.push(text(facts).size(theme::SMALL).style(theme::muted).line_height(1.5));
        }
        State::Unread => parts = parts.push(text("Reading …").size(theme::SMALL).style(theme::muted)),
        State::Broken(why) => parts = parts.push(text(why).size(theme::BODY).style(theme::warning)),
    }
    let known = entry.summary().is_some();
    let on = |message: Message| known.then_some(message);
    let play = labelled(Icon::Play, "Play").width(Length::Fill).on_press_maybe(on(Message::Play));
    let edit = wanted(Icon::Pencil, "Edit").width(Length::Fill).on_press_maybe(on(Message::Edit));
    let parts = parts
        .push(row![tip(play, "Play  (Space)", BELOW), tip(edit, "Edit  (Enter)", BELOW)].spacing(theme::GAP))
        .push(tip(
            labelled(Icon::Compose, "Compose").width(Length::Fill).on_press_maybe(on(Message::Compose)),
            "Harmonise, extend or arrange it",
            BELOW,
        ))
        .push(entry.captured.then(|| {
            let keep = labelled(Icon::Good, "Keep as a take").width(Length::Fill).on_press(Message::Keep);
            tip(keep, "It was captured; this puts it among your takes", BELOW)
        }))
        .push_maybe_tags(screen, entry)
        .push(exports(screen, known));
    // What is known may be more than a small window has room for; what is done with it stays in sight.
    let parts = scrollable(container(parts).padding(iced::padding::right(theme::WIDE))).style(theme::scroll);
    column![parts.height(Length::Fill), last()].spacing(theme::GAP).into()
}

const BELOW: tooltip::Position = tooltip::Position::Bottom;

trait WithTags<'a> {
    fn push_maybe_tags(self, screen: &'a Library, entry: &'a Entry) -> Self;
}

impl<'a> WithTags<'a> for iced::widget::Column<'a, Message> {
    fn push_maybe_tags(self, screen: &'a Library, entry: &'a Entry) -> Self {
        if entry.summary().is_none() {
            return self;
        }
        let now = entry.tags.iter().cloned().collect::<Vec<_>>().join(", ");
        let shown = screen.tagging.clone().unwrap_or(now);
        let field = field(
            text_input("Tags, with commas", &shown)
                .on_input(Message::TagsTyped)
                .on_submit(Message::TagsSet)
                .size(theme::SMALL)
                .padding([7.0, 10.0])
                .style(theme::field),
        );
        let set = screen.tagging.is_some().then(|| {
            button(text("Set").size(theme::SMALL)).padding([7.0, 10.0]).style(theme::plain).on_press(Message::TagsSet)
        });
        self.push(row![field, set].spacing(theme::NEAR))
    }
}

fn title<'a>(screen: &'a Library, entry: &'a Entry) -> Element<'a, Message> {
    if let Some(name) = &screen.renaming {
        return field(
            text_input("Name", name)
                .id(Id::new(RENAME))
                .on_input(Message::Name)
                .on_submit(Message::Named)
                .size(theme::LARGE)
                .padding([6.0, 10.0])
                .style(theme::field),
        );
    }
    text(entry.title()).size(theme::LARGE).font(theme::STRONG).into()
}

fn exports<'a>(screen: &'a Library, known: bool) -> Element<'a, Message> {
    if let Some(export) = &screen.export {
        return column![
            text(format!("Exporting {} …", export.name)).size(theme::SMALL).style(theme::muted),
            row![
                progress_bar(0.0..=1.0, export.share).girth(8.0).style(theme::progress),
                button(text("Stop").size(theme::SMALL))
                    .padding([4.0, 8.0])
                    .style(theme::plain)
                    .on_press(Message::StopExport),
            ]
            .spacing(theme::GAP)
            .align_y(Alignment::Center),
        ]
        .spacing(theme::NEAR)
        .into();
    }
    let kinds = [("MIDI", To::Midi), ("WAV", To::Sound(Sound::Wav)), ("FLAC", To::Sound(Sound::Flac))];
    let buttons = kinds.map(|(word, to)| {
        let inside = container(text(word).size(theme::SMALL)).center(Length::Fill);
        button(inside)
            .width(Length::Fill)
            .height(30.0)
            .padding(0)
            .style(theme::plain)
            .on_press_maybe(known.then_some(Message::Export(to)))
            .into()
    });
    column![
        text("Export into the folder Exports").size(theme::SMALL).style(theme::muted),
        row(buttons).spacing(theme::NEAR),
    ]
    .spacing(theme::NEAR)
    .into()
}

fn last<'a>() -> Element<'a, Message> {
    let small = |word: &'a str, words: &'a str, message: Message| {
        let inside = container(text(word).size(theme::SMALL)).center(Length::Fill);
        let button = button(inside).width(Length::Fill).height(30.0).padding(0).style(theme::plain).on_press(message);
        tip(button, words, tooltip::Position::Top)
    };
    row![
        small("Rename", "Rename  (F2)", Message::Rename),
        small("Duplicate", "Duplicate  (Ctrl D)", Message::Duplicate),
        small("Delete", "Into the library's trash; Undo brings it back  (Delete)", Message::Delete),
    ]
    .spacing(theme::NEAR)
    .into()
}
