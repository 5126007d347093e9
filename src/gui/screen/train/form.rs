//! What is learned from, how it is called, and how long: the form at the left.

use std::path::PathBuf;

use iced::widget::{column, container, row, scrollable, text, text_input, tooltip};
use iced::{Alignment, Element, Length as Size};

use super::{Length, Message, State, Train, Wish};
use crate::gui::icon::Icon;
use crate::gui::theme;
use crate::gui::widget::{button, choice, field, iconic, tip, wanted};
use crate::settings::Folders;
use crate::studio::models::Taught;

/// What it begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Beginning {
    /// The weights that composer ships with.
    #[default]
    Shipped,
    /// A style of the user's own.
    Taught(Taught),
}

impl std::fmt::Display for Beginning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Beginning::Shipped => f.write_str("Bach (composer's own)"),
            Beginning::Taught(taught) => write!(f, "{taught} (your own)"),
        }
    }
}

/// In what the length is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Steps.
    #[default]
    Steps,
    /// Times through all of the music.
    Epochs,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Unit::Steps => "steps",
            Unit::Epochs => "times through it",
        })
    }
}

/// The form.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) from: Beginning,
    pub(super) length: String,
    pub(super) unit: Unit,
    pub(super) rate: String,
    pub(super) more: bool,
}

/// As `composer train` has it.
const STEPS: &str = "500";
const EPOCHS: &str = "20";
const RATE: &str = "0.002";

impl Default for Form {
    fn default() -> Form {
        Form {
            source: String::new(),
            name: String::new(),
            from: Beginning::Shipped,
            length: STEPS.to_owned(),
            unit: Unit::Steps,
            rate: RATE.to_owned(),
            more: false,
        }
    }
}

/// What of this may stand in a field for a whole number.
pub(super) fn digits(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_digit).take(6).collect()
}

/// What of this may stand in a field for a number.
pub(super) fn decimal(typed: &str) -> String {
    typed.chars().filter(|c| c.is_ascii_digit() || *c == '.').take(8).collect()
}

impl Form {
    /// The folder; what comes of it is called so too, unless it has a name.
    pub(super) fn choose(&mut self, folder: PathBuf) {
        if self.name.trim().is_empty() {
            self.name = folder.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        }
        self.source = folder.display().to_string();
    }

    /// What was taught is this, and nothing else any more.
    pub(super) fn keep_to(&mut self, taught: &[Taught]) {
        if matches!(&self.from, Beginning::Taught(t) if !taught.contains(t)) {
            self.from = Beginning::Shipped;
        }
    }

    pub(super) fn set_unit(&mut self, unit: Unit) {
        if unit != self.unit {
            self.unit = unit;
            self.length = if unit == Unit::Steps { STEPS } else { EPOCHS }.to_owned();
        }
    }

    /// What the form asks for.
    ///
    /// # Errors
    /// What is missing, in words.
    pub(super) fn wish(&self, folders: &Folders) -> Result<Wish, String> {
        let source = self.source.trim();
        if source.is_empty() {
            return Err("Choose a folder of MIDI files first.".to_owned());
        }
        let length = self.length.parse().ok().filter(|n| *n > 0);
        let length = length.ok_or("How long it learns is a number from 1.")?;
        let rate: Option<f32> = self.rate.parse().ok().filter(|r| *r > 0.0 && *r <= 1.0);
        Ok(Wish {
            name: self.name.trim().to_owned(),
            source: folders.from_home(source.as_ref()),
            from: match &self.from {
                Beginning::Shipped => None,
                Beginning::Taught(taught) => Some(taught.path.clone()),
            },
            length: match self.unit {
                Unit::Steps => Length::Steps(length),
                Unit::Epochs => Length::Epochs(length),
            },
            rate: rate.ok_or("The learning rate is more than 0 and at most 1; usually 0.002.")?,
        })
    }
}

/// A heading, what belongs to it, and a sentence.
fn part<'a>(
    name: &'a str,
    inside: impl Into<Element<'a, Message>>,
    sentence: impl text::IntoFragment<'a>,
) -> Element<'a, Message> {
    let sentence = text(sentence).size(theme::SMALL).style(theme::muted);
    column![text(name).size(theme::BODY).font(theme::STRONG), inside.into(), sentence].spacing(theme::NEAR).into()
}

fn typed<'a>(
    placeholder: &'a str,
    value: &str,
    into: Option<fn(String) -> Message>,
    width: impl Into<Size>,
) -> Element<'a, Message> {
    let input = text_input(placeholder, value).on_input_maybe(into).width(width).padding([8.0, 12.0]);
    field(input.size(theme::BODY).style(theme::field))
}

pub(super) fn view(screen: &Train) -> Element<'_, Message> {
    let form = &screen.form;
    let running = matches!(screen.state, State::Running { .. });
    let may = |into: fn(String) -> Message| (!running).then_some(into);
    let folder = row![
        typed("A folder", &form.source, may(Message::Source), Size::Fill),
        tip(
            iconic(Icon::Folder).on_press_maybe((!running).then_some(Message::Choose)),
            "Choose a folder",
            tooltip::Position::Bottom
        ),
    ]
    .spacing(theme::NEAR);
    let beginnings = std::iter::once(Beginning::Shipped).chain(screen.taught.iter().cloned().map(Beginning::Taught));
    let from = choice(beginnings.collect::<Vec<_>>(), Some(form.from.clone()), Message::From).width(Size::Fill);
    let length = row![
        typed("500", &form.length, may(Message::Length), 90.0),
        choice([Unit::Steps, Unit::Epochs], Some(form.unit), Message::Unit).width(Size::Fill),
    ]
    .spacing(theme::GAP)
    .align_y(Alignment::Center);
    let sign = if form.more { "Less" } else { "More" };
    let more = button(text(sign).size(theme::SMALL)).padding([5.0, 10.0]).style(theme::quiet).on_press(Message::More);
    let rate = form.more.then(|| {
        part(
            "Learning rate",
            typed("0.002", &form.rate, may(Message::Rate), Size::Fill),
            "How far each step goes. Too high, and it forgets what it knew; too low, and nothing changes.",
        )
    });
    let body = column![
        part("Your music", folder, "A folder of MIDI files. Folders in it count too; the files are only read."),
        part("Name", typed("My songs", &form.name, may(Message::Name), Size::Fill), "As it stands among the styles."),
        part("Begins from", from, "What it knows already, and changes towards your music."),
        part("Learns for", length, "500 steps on ten files take a minute or two."),
        rate,
        more,
    ]
    .spacing(theme::WIDE);
    let body = scrollable(container(body).padding(iced::padding::right(theme::WIDE))).style(theme::scroll);
    let begin = wanted(Icon::Train, "Train").width(Size::Fill).on_press_maybe((!running).then_some(Message::Begin));
    column![text("Training").size(theme::TITLE).font(theme::STRONG), body.height(Size::Fill), begin]
        .spacing(theme::GAP + theme::NEAR)
        .width(300.0)
        .into()
}
