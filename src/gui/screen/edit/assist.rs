//! The second bar: what is done to the selected notes. "Rhythm assist" is what the DeepComposer console called
//! quantising; here it has its strength and its swing.

use iced::widget::{container, row, text, tooltip};
use iced::{Alignment, Element, Length};

use super::sheet::Sheet;
use super::{Command, Edit, Message, tools};
use crate::gui::icon::Icon;
use crate::gui::theme;
use crate::gui::widget::{button, choice, slider, small, tip};
use crate::music::edit::Scale;
use crate::music::message::Key;
use crate::music::pitch;
use crate::music::quantise::Grid;

/// A grid in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridChoice(pub Grid);

impl GridChoice {
    /// Those that are offered.
    pub const ALL: [GridChoice; 9] = [
        GridChoice(Grid::straight(1)),
        GridChoice(Grid::straight(2)),
        GridChoice(Grid::straight(4)),
        GridChoice(Grid::straight(8)),
        GridChoice(Grid::triplet(8)),
        GridChoice(Grid::straight(16)),
        GridChoice(Grid::triplet(16)),
        GridChoice(Grid::straight(32)),
        GridChoice(Grid::straight(64)),
    ];
}

impl std::fmt::Display for GridChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_string();
        match text.strip_suffix('t') {
            Some(value) => write!(f, "{value} triplet"),
            None => f.write_str(&text),
        }
    }
}

/// A scale in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleChoice(pub Scale);

impl std::fmt::Display for ScaleChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tonic = pitch::name(Key::masked(60 + self.0.tonic));
        write!(f, "{} {}", tonic.trim_end_matches(|c: char| c.is_ascii_digit()), self.0.mode)
    }
}

/// What the lane may show: velocities, or a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneChoice(pub Option<u8>);

impl LaneChoice {
    /// Those that are offered: the controllers that players and synthesisers use.
    pub const ALL: [LaneChoice; 8] = [
        LaneChoice(None),
        LaneChoice(Some(1)),
        LaneChoice(Some(7)),
        LaneChoice(Some(10)),
        LaneChoice(Some(11)),
        LaneChoice(Some(64)),
        LaneChoice(Some(91)),
        LaneChoice(Some(93)),
    ];
}

impl std::fmt::Display for LaneChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            None => "Velocity",
            Some(1) => "Modulation",
            Some(7) => "Volume",
            Some(10) => "Pan",
            Some(11) => "Expression",
            Some(64) => "Sustain pedal",
            Some(91) => "Reverb",
            Some(93) => "Chorus",
            Some(n) => return write!(f, "Controller {n}"),
        })
    }
}

fn action<'a>(word: &'a str, words: &'a str, command: Command, usable: bool) -> Element<'a, Message> {
    let inside = container(text(word).size(theme::SMALL)).center_y(Length::Fill);
    let button = button(inside)
        .height(28.0)
        .padding([0.0, 9.0])
        .style(theme::plain)
        .on_press_maybe(usable.then_some(Message::Do(command)));
    tip(button, words, tooltip::Position::Bottom)
}

fn amount<'a>(
    name: &'a str,
    range: std::ops::RangeInclusive<u8>,
    value: u8,
    on_change: fn(u8) -> Message,
) -> Element<'a, Message> {
    let slider = slider(range, value, on_change, None, 60.0);
    row![
        text(name).size(theme::SMALL).style(theme::muted),
        slider,
        container(text(format!("{value} %")).size(theme::SMALL).wrapping(text::Wrapping::None)).width(38.0),
    ]
    .spacing(6.0)
    .align_y(Alignment::Center)
    .into()
}

pub(super) fn view<'a>(edit: &'a Edit, sheet: &'a Sheet) -> Element<'a, Message> {
    let tools = &edit.tools;
    let some = sheet.selected_count() > 0;
    let scales = choice(tools::scales(), Some(ScaleChoice(tools.scale)), Message::Scale).small().rows(12);
    let quantise = small(Icon::Magnet, "Quantise").on_press_maybe(some.then_some(Message::Do(Command::Quantise)));
    row![
        tip(quantise, "Rhythm assist: put the selected notes onto the grid  (Q)", tooltip::Position::Bottom),
        amount("Strength", 0..=100, tools.strength, Message::Strength),
        amount("Swing", 50..=75, tools.swing, Message::Swing),
        action("−12", "Transpose an octave down  (Shift ↓)", Command::Transpose(-12), some),
        action("−1", "Transpose a semitone down  (↓)", Command::Transpose(-1), some),
        action("+1", "Transpose a semitone up  (↑)", Command::Transpose(1), some),
        action("+12", "Transpose an octave up  (Shift ↑)", Command::Transpose(12), some),
        scales,
        action("To scale", "Put the selected notes onto the scale", Command::Snap, some),
        action("Humanise", "Let the selected notes stray a little in time and velocity  (H)", Command::Humanise, some),
        action("Duplicate", "Repeat the selected notes behind them  (Ctrl D)", Command::Duplicate, some),
        action(
            "Trim to loop",
            "Keep only what lies in the loop (drag in the ruler)",
            Command::Trim,
            sheet.looped.is_some()
        ),
    ]
    .spacing(theme::NEAR + 2.0)
    .align_y(Alignment::Center)
    .wrap()
    .vertical_spacing(6.0)
    .into()
}
