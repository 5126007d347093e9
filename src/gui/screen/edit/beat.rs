//! Tempo and time signature at the cursor: changed, inserted and removed, each as a step that can be taken back.

use iced::widget::{row, text, text_input};
use iced::{Alignment, Element, Length};

use super::sheet::Sheet;
use crate::gui::theme;
use crate::gui::widget::{button, choice, field, tip};
use crate::music::time::{Tempo, TimeSignature};
use crate::music::{TempoMap, Ticks};

/// What is being typed and chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Panel {
    pub(super) is_shown: bool,
    typed: Option<String>,
    chosen: Option<TimeSignature>,
}

/// What somebody does here.
#[derive(Clone, Debug)]
pub enum Message {
    /// Show it, or no longer.
    Toggle,
    /// The tempo is being typed.
    Typed(String),
    /// The tempo that holds at the cursor becomes what was typed.
    Change,
    /// What was typed holds from the cursor on.
    Insert,
    /// The tempo that holds at the cursor goes.
    Remove,
    /// A time signature was chosen.
    Signature(TimeSignature),
    /// The time signature that holds at the cursor becomes the chosen one.
    ChangeSignature,
    /// The chosen one holds from the cursor's bar on.
    InsertSignature,
    /// The time signature that holds at the cursor goes.
    RemoveSignature,
}

/// What holds at a tick, and since when. Where nothing says otherwise: since the beginning.
fn tempo_at(map: &TempoMap, at: Ticks) -> (Ticks, Tempo) {
    map.tempos().take_while(|(t, _)| *t <= at).last().unwrap_or((Ticks(0), Tempo::DEFAULT))
}

fn signature_at(map: &TempoMap, at: Ticks) -> (Ticks, TimeSignature) {
    map.signature_at(at).unwrap_or((Ticks(0), TimeSignature::COMMON))
}

/// Where the bar of a tick begins.
fn bar_of(map: &TempoMap, at: Ticks) -> Ticks {
    map.position(at).and_then(|p| map.bar_start(p.bar)).unwrap_or(at)
}

fn in_words(tempo: Tempo) -> String {
    let bpm = (tempo.bpm() * 100.0).round() / 100.0;
    format!("{bpm}")
}

impl Panel {
    /// Carries a message out; what was wrong about it, in words.
    pub(super) fn update(&mut self, sheet: &mut Sheet, message: Message) -> Option<String> {
        let at = sheet.cursor;
        let (since, tempo) = tempo_at(&sheet.tempo_map, at);
        let (begun, signature) = signature_at(&sheet.tempo_map, at);
        match message {
            Message::Toggle => self.is_shown = !self.is_shown,
            Message::Typed(text) => {
                self.typed = Some(text.chars().filter(|c| c.is_ascii_digit() || ".,".contains(*c)).take(7).collect());
            }
            Message::Change | Message::Insert => {
                let wanted = match self.typed.take() {
                    Some(typed) => match typed.replace(',', ".").parse().ok().and_then(Tempo::from_bpm) {
                        Some(tempo) => tempo,
                        None => {
                            let (low, high) = (Tempo::BPM_RANGE.start(), Tempo::BPM_RANGE.end());
                            return Some(format!("A tempo is a number from {low} to {high}."));
                        }
                    },
                    None => tempo,
                };
                let at = if matches!(message, Message::Insert) { at } else { since };
                sheet.editor.set_tempo(at, wanted);
            }
            Message::Remove => {
                self.typed = None;
                sheet.editor.remove_tempo(since);
            }
            Message::Signature(signature) => self.chosen = Some(signature),
            Message::ChangeSignature => {
                sheet.editor.set_signature(begun, self.chosen.take().unwrap_or(signature));
            }
            Message::InsertSignature => {
                let at = bar_of(&sheet.tempo_map, at);
                sheet.editor.set_signature(at, self.chosen.take().unwrap_or(signature));
            }
            Message::RemoveSignature => {
                self.chosen = None;
                sheet.editor.remove_signature(begun);
            }
        }
        None
    }
}

/// The time signatures to choose from.
fn signatures() -> Vec<TimeSignature> {
    let usual =
        [(2, 4), (3, 4), (4, 4), (5, 4), (6, 4), (7, 4), (2, 2), (3, 8), (5, 8), (6, 8), (7, 8), (9, 8), (12, 8)];
    usual.iter().filter_map(|(n, d)| TimeSignature::new(*n, *d)).collect()
}

fn does<'a>(word: &'a str, words: &'a str, message: Option<Message>) -> Element<'a, Message> {
    let button = button(text(word).size(theme::SMALL)).padding([5.0, 9.0]).style(theme::plain).on_press_maybe(message);
    tip(button, words, iced::widget::tooltip::Position::Bottom)
}

pub(super) fn view<'a>(panel: &'a Panel, sheet: &'a Sheet) -> Element<'a, Message> {
    let map = &sheet.tempo_map;
    let at = sheet.cursor;
    let document = sheet.editor.document();
    let label = |words: String| text(words).size(theme::SMALL).style(theme::muted).wrapping(text::Wrapping::None);
    let ((since, tempo), (begun, signature)) = (tempo_at(map, at), signature_at(map, at));
    let bar = |at: Ticks| map.position(at).map_or(1, |p| p.bar);
    let shown = panel.typed.clone().unwrap_or_else(|| in_words(tempo));
    let field = field(
        text_input("120", &shown)
            .on_input(Message::Typed)
            .on_submit(Message::Change)
            .width(Length::Fixed(64.0))
            .padding([5.0, 8.0])
            .size(theme::SMALL)
            .style(theme::field),
    );
    let list = choice(signatures(), Some(panel.chosen.unwrap_or(signature)), Message::Signature).small();
    let written = document.has_tempo_at(since).then_some(Message::Remove);
    let begins = document.has_signature_at(begun).then_some(Message::RemoveSignature);
    let tempo = row![
        label(format!("Tempo since bar {}", bar(since))),
        field,
        does("Change", "This tempo becomes what was typed  (Enter)", Some(Message::Change)),
        does("Insert at the cursor", "What was typed holds from the cursor on", Some(Message::Insert)),
        does("Remove", "The tempo before holds on", written),
    ];
    let signature = row![
        label(format!("Time signature since bar {}", bar(begun))),
        list,
        does("Change", "This time signature becomes the chosen one", Some(Message::ChangeSignature)),
        does("Insert at this bar", "The chosen one holds from the cursor's bar on", Some(Message::InsertSignature)),
        does("Remove", "The time signature before holds on", begins),
    ];
    let group = |part: iced::widget::Row<'a, Message>| part.spacing(theme::NEAR + 2.0).align_y(Alignment::Center);
    row![group(tempo), group(signature)]
        .spacing(theme::WIDE)
        .align_y(Alignment::Center)
        .wrap()
        .vertical_spacing(6.0)
        .into()
}
