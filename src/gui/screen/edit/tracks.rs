//! Arranging: the tracks with instrument, mute, solo, volume, pan and colour. The one that is edited is opened; a
//! click on another opens that.

use iced::widget::{Space, column, container, row, scrollable, text, text_input, tooltip};
use iced::{Alignment, Element, Length, border};

use super::Action;
use super::sheet::{Sheet, TrackView};
use crate::gui::icon::Icon;
use crate::gui::now::Now;
use crate::gui::theme;
use crate::gui::widget::{button, choice, field, labelled, line, slider, tip};
use crate::music::edit::{Mix, TrackColour};
use crate::music::general_midi;
use crate::music::message::{Channel, Value};

const WIDTH: f32 = 216.0;

/// An instrument of General MIDI in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    channel: Channel,
    program: Value,
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.channel == general_midi::PERCUSSION {
            return write!(f, "Drum kit {}", self.program.get() + 1);
        }
        f.write_str(general_midi::name(self.channel, self.program))
    }
}

/// What somebody does to the tracks.
#[derive(Clone, Debug)]
pub enum Message {
    /// Edit another.
    Choose(usize),
    /// Not heard, or heard.
    Mute(usize),
    /// Heard alone, or with the others.
    Solo(usize),
    /// Another instrument.
    Instrument(Named),
    /// The volume slider moves.
    Volume(u8),
    /// The pan slider moves.
    Pan(u8),
    /// A slider was let go.
    Released,
    /// Another colour.
    Colour,
    /// The name is being typed.
    Typed(String),
    /// It has been typed.
    Rename,
    /// One more track.
    Add,
    /// One track less.
    Remove,
}

impl Sheet {
    /// Carries a message of the tracks out.
    pub(super) fn arrange(&mut self, message: Message) -> Action<super::Message> {
        let edited = self.track;
        let mix_of = |sheet: &Sheet, track: usize| sheet.tracks.get(track).map(|t| t.mix).unwrap_or_default();
        match message {
            Message::Choose(track) => self.choose_track(track),
            Message::Mute(track) => {
                let mix = mix_of(self, track);
                self.editor.set_mix(track, Mix { mute: !mix.mute, ..mix });
                return self.remix(true);
            }
            Message::Solo(track) => {
                let mix = mix_of(self, track);
                self.editor.set_mix(track, Mix { solo: !mix.solo, ..mix });
                return self.remix(true);
            }
            Message::Instrument(Named { program, .. }) => {
                self.editor.set_mix(edited, Mix { program, ..mix_of(self, edited) });
            }
            Message::Volume(volume) => {
                let mix = self.held_mix.unwrap_or(mix_of(self, edited));
                self.held_mix = Some(Mix { volume: Value::masked(volume), ..mix });
            }
            Message::Pan(pan) => {
                let mix = self.held_mix.unwrap_or(mix_of(self, edited));
                self.held_mix = Some(Mix { pan: Value::masked(pan), ..mix });
            }
            Message::Released => {
                if let Some(mix) = self.held_mix.take() {
                    self.editor.set_mix(edited, mix);
                }
            }
            Message::Colour => {
                let next = self.tracks.get(edited).map_or(0, |t| t.colour.number()) + 1;
                self.editor.set_mix(edited, Mix { colour: Some(TrackColour::new(next)), ..mix_of(self, edited) });
            }
            Message::Typed(name) => self.typed_name = Some(name.chars().take(80).collect()),
            Message::Rename => {
                if let Some(name) = self.typed_name.take() {
                    self.editor.rename_track(edited, name.trim());
                }
            }
            Message::Add => {
                let track = self.editor.add_track(Value::masked(0));
                self.track = track;
            }
            Message::Remove => {
                self.editor.remove_track(edited);
            }
        }
        Action::None
    }
}

fn flag<'a>(letter: &'a str, words: &'a str, on: bool, message: Message) -> Element<'a, Message> {
    let button = button(container(text(letter).size(theme::SMALL).font(theme::STRONG)).center(Length::Fill))
        .width(24.0)
        .height(24.0)
        .padding(0)
        .style(theme::toggle(on))
        .on_press(message);
    tip(button, words, tooltip::Position::Bottom)
}

fn swatch<'a>(sheet: &Sheet, index: usize) -> Element<'a, Message> {
    let colour = sheet.colour(index);
    let style = move |theme: &iced::Theme| container::Style {
        background: Some(theme::ink(theme).track(colour).into()),
        border: border::rounded(3),
        ..container::Style::default()
    };
    container(Space::new().width(8.0).height(22.0)).style(style).into()
}

pub(super) fn view<'a>(sheet: &'a Sheet, _now: &'a Now) -> Element<'a, Message> {
    let rows = sheet.tracks.iter().enumerate().map(|(index, track)| strip(sheet, index, track));
    let list = scrollable(column(rows).spacing(theme::NEAR).padding([0.0, theme::NEAR]))
        .style(theme::scroll)
        .height(Length::Fill);
    let add = labelled(Icon::More, "Add a track").width(Length::Fill).on_press(Message::Add);
    let unsaved = sheet.is_unsaved();
    let state = if unsaved { "not saved" } else { "saved" };
    let title = column![
        line(&sheet.name).size(theme::LARGE).font(theme::STRONG),
        text(state).size(theme::SMALL).style(if unsaved { theme::warning } else { theme::muted }),
    ];
    container(column![container(title).padding([0.0, theme::GAP]), list, add].spacing(theme::GAP))
        .padding(theme::GAP)
        .width(WIDTH)
        .height(Length::Fill)
        .style(theme::surface)
        .into()
}

fn strip<'a>(sheet: &'a Sheet, index: usize, track: &'a TrackView) -> Element<'a, Message> {
    let edited = index == sheet.track;
    let name = line(&track.title);
    let count = text(crate::gui::words::notes(track.notes as u64)).size(theme::SMALL).style(theme::muted);
    let head = row![
        swatch(sheet, index),
        container(column![name, count]).width(Length::Fill),
        flag("M", "Mute: not heard", track.mix.mute, Message::Mute(index)),
        flag("S", "Solo: heard alone", track.mix.solo, Message::Solo(index)),
    ]
    .spacing(theme::NEAR + 2.0)
    .align_y(Alignment::Center);
    let head = button(head)
        .padding([6.0, 6.0])
        .width(Length::Fill)
        .style(theme::choice(edited))
        .on_press(Message::Choose(index));
    if !edited {
        return head.into();
    }
    column![head, opened(sheet, track)].spacing(theme::NEAR).into()
}

/// The controls of the track that is edited.
fn opened<'a>(sheet: &'a Sheet, track: &'a TrackView) -> Element<'a, Message> {
    let mix = sheet.held_mix.unwrap_or(track.mix);
    let channel = track.channel.unwrap_or_default();
    let programs: Vec<Named> = (0..128).map(|p| Named { channel, program: Value::masked(p) }).collect();
    let instrument = choice(programs, Some(Named { channel, program: mix.program }), Message::Instrument)
        .width(Length::Fill)
        .small()
        .rows(13);
    let name = field(
        text_input("Name", sheet.typed_name.as_deref().unwrap_or(&track.title))
            .on_input(Message::Typed)
            .on_submit(Message::Rename)
            .size(theme::SMALL)
            .padding([5.0, 8.0])
            .style(theme::field),
    );
    let level = |label: &'a str, value: u8, shown: String, on: fn(u8) -> Message| {
        row![
            container(text(label).size(theme::SMALL).style(theme::muted)).width(46.0),
            slider(0..=127u8, value, on, Some(Message::Released), Length::Fill),
            container(text(shown).size(theme::SMALL)).width(34.0),
        ]
        .spacing(theme::NEAR)
        .align_y(Alignment::Center)
    };
    let pan = i16::from(mix.pan.get()) - 64;
    let side = match pan {
        0 => "mid".to_owned(),
        n if n < 0 => format!("L {}", -n),
        n => format!("R {n}"),
    };
    let small = |word: &'a str, message: Message| {
        button(text(word).size(theme::SMALL)).padding([4.0, 8.0]).style(theme::plain).on_press(message)
    };
    let last = row![
        tip(small("Colour", Message::Colour), "The next colour", tooltip::Position::Bottom),
        Space::new().width(Length::Fill),
        tip(small("Remove", Message::Remove), "Remove the track; Undo brings it back", tooltip::Position::Bottom),
    ];
    let number = text(format!("Channel {}", channel.number())).size(theme::SMALL).style(theme::muted);
    column![
        name,
        instrument,
        level("Volume", mix.volume.get(), mix.volume.get().to_string(), Message::Volume),
        level("Pan", mix.pan.get(), side, Message::Pan),
        last,
        number,
    ]
    .spacing(theme::NEAR + 2.0)
    .padding([theme::NEAR, theme::NEAR + 2.0])
    .into()
}
