//! The bar of the first screen: transport, clock, beat and level.

use iced::widget::{Row, column, container, row, space, text, text_input, tooltip};
use iced::{Alignment, Element, Length};

use super::{Message, Play, step};
use crate::gui::icon::{self, Icon};
use crate::gui::now::Now;
use crate::gui::widget::{button, choice, field, iconic, tip};
use crate::gui::{theme, words};
use crate::music::{Micros, Tempo, TimeSignature};
use crate::studio::desk::Transport;

/// Bars to count before a take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountIn(pub u32);

impl std::fmt::Display for CountIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => f.write_str("No count-in"),
            1 => f.write_str("1 bar in"),
            n => write!(f, "{n} bars in"),
        }
    }
}

/// The count-ins to choose from.
const COUNT_INS: [CountIn; 4] = [CountIn(0), CountIn(1), CountIn(2), CountIn(4)];

/// The time signatures to choose from.
fn signatures() -> Vec<TimeSignature> {
    let usual = [(2, 4), (3, 4), (4, 4), (5, 4), (3, 8), (6, 8), (7, 8), (9, 8), (12, 8)];
    usual.iter().filter_map(|(n, d)| TimeSignature::new(*n, *d)).collect()
}

impl Play {
    pub(super) fn bar<'a>(&'a self, now: &'a Now) -> Element<'a, Message> {
        // The widest of the rooms that a window of 960 points leaves: what is more goes into the middle.
        row![transport(now), clock(now), space::horizontal(), self.beat(now), self.level(now)]
            .spacing(theme::GAP + theme::NEAR)
            .align_y(Alignment::Center)
            .into()
    }

    fn beat<'a>(&'a self, now: &'a Now) -> Row<'a, Message> {
        // While a piece plays its own beat is shown, and it cannot be changed here.
        let playing = beat_of_piece(now);
        let may = |message: Message| playing.is_none().then_some(message);
        let bpm = playing.map_or(now.beat.tempo, |(tempo, _)| tempo).bpm();
        let shown = self.typed.clone().filter(|_| playing.is_none()).unwrap_or_else(|| {
            if (bpm - bpm.round()).abs() < 0.005 { format!("{bpm:.0}") } else { format!("{bpm:.1}") }
        });
        let tempo = field(
            text_input("120", &shown)
                .on_input_maybe(playing.is_none().then_some(Message::TempoTyped))
                .on_submit(Message::TempoSet)
                .width(Length::Fixed(58.0))
                .padding([8.0, 6.0])
                .size(theme::BODY)
                .align_x(Alignment::Center)
                .style(theme::field),
        );
        let tap = button(container(text("Tap").size(theme::BODY)).center_y(Length::Fill))
            .height(theme::CONTROL)
            .padding([0.0, 10.0])
            .style(theme::plain)
            .on_press_maybe(may(Message::Tap));
        let below = tooltip::Position::Bottom;
        let signature: Element<'a, Message> = match playing {
            Some((_, signature)) => {
                let words = text(signature.to_string()).size(theme::BODY).style(theme::muted);
                container(words).width(74.0).center_y(theme::CONTROL).padding([0.0, 10.0]).style(theme::well).into()
            }
            None => choice(signatures(), Some(now.beat.signature), Message::Signature).width(74.0).into(),
        };
        let (tempo_words, signature_words) = match playing {
            Some(_) => ("Tempo of the piece; takes keep their own", "Time signature of the piece"),
            None => ("Tempo in quarter notes a minute  (↑ ↓)", "Time signature of takes"),
        };
        let count_in = choice(COUNT_INS, Some(CountIn(now.beat.count_in)), Message::CountIn).width(124.0);
        let metronome = iconic(Icon::Metronome).style(theme::toggle(now.beat.metronome)).on_press(Message::Metronome);
        row![
            row![
                step("−", may(Message::TempoBy(-1))),
                tip(tempo, tempo_words, below),
                step("+", may(Message::TempoBy(1))),
                tip(tap, "Tap the tempo  (B)", below),
            ]
            .spacing(theme::NEAR)
            .align_y(Alignment::Center),
            tip(signature, signature_words, below),
            tip(count_in, "Bars to count before a take", below),
            tip(metronome, "Metronome  (M)", below),
        ]
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
    }

    fn level<'a>(&'a self, _now: &'a Now) -> Element<'a, Message> {
        let meter = column![self.meter.view(), text(self.meter.words()).size(10.5).style(theme::muted)].spacing(2);
        tip(container(meter).width(Length::Fixed(76.0)), "Level of what sounds", tooltip::Position::Bottom)
    }
}

/// Tempo and time signature of the piece that plays, where it is now.
fn beat_of_piece(now: &Now) -> Option<(Tempo, TimeSignature)> {
    let piece = now.piece.as_ref().filter(|_| now.transport == Transport::Playing)?;
    let map = piece.score.tempo_map();
    let at = map.ticks(now.pulse.position);
    let tempo = map.tempos().take_while(|(from, _)| *from <= at).last()?.1;
    let signature = map.signatures().take_while(|(from, _)| *from <= at).last()?.1;
    Some((tempo, signature))
}

fn transport<'a>(now: &Now) -> Row<'a, Message> {
    let below = tooltip::Position::Bottom;
    let recording = matches!(now.transport, Transport::Recording { .. });
    let playing = now.transport == Transport::Playing;
    let style = if recording { on_record } else { theme::danger };
    let dot = row![icon::coloured(Icon::Record, 15.0, style), text("Record").size(theme::BODY).font(theme::STRONG)]
        .spacing(theme::GAP)
        .align_y(Alignment::Center);
    let record = button(container(dot).center_y(Length::Fill))
        .height(theme::CONTROL)
        .padding([0.0, 14.0])
        .style(theme::record(recording))
        .on_press(Message::Record);
    let may_play = now.piece.is_some() || recording;
    let play = iconic(if playing { Icon::Pause } else { Icon::Play }).style(theme::toggle(playing));
    row![
        tip(record, "Record a take, or end it  (R)", below),
        tip(iconic(Icon::Stop).on_press(Message::Stop), "Stop; again: back to the start  (Home)", below),
        tip(play.on_press_maybe(may_play.then_some(Message::Play)), "Play the last take, or pause  (Space)", below),
    ]
    .spacing(theme::GAP)
}

fn on_record(theme: &iced::Theme) -> text::Style {
    text::Style { color: Some(theme.extended_palette().danger.base.text) }
}

/// Time, bar and beat of whatever runs.
fn clock<'a>(now: &Now) -> Element<'a, Message> {
    let pulse = now.pulse;
    let (time, place, style): (String, String, fn(&iced::Theme) -> text::Style) = match now.transport {
        Transport::Recording { origin } if pulse.now < origin => {
            let beats = origin.since(pulse.now).0.div_ceil(now.beat.signature.beat(now.beat.tempo).0.max(1));
            // What the output holds back comes on top, and is nothing to count.
            let counted = u64::from(now.beat.count_in.max(1)) * u64::from(now.beat.signature.numerator());
            let beats = beats.min(counted);
            ("0:00.0".to_owned(), format!("begins in {beats}"), theme::danger)
        }
        Transport::Recording { origin } => {
            let at = pulse.now.since(origin);
            (words::clock(at), place(at, now), theme::danger)
        }
        Transport::Playing | Transport::Idle => {
            let at = now.piece.as_ref().map_or(Micros::ZERO, |_| pulse.position);
            let place = now.piece.as_ref().and_then(|piece| {
                let map = piece.score.tempo_map();
                map.position(map.ticks(at)).map(|p| format!("bar {}, beat {}", p.bar, p.beat))
            });
            (words::clock(at), place.unwrap_or_else(|| "bar 1, beat 1".to_owned()), plain)
        }
    };
    column![
        text(time).size(theme::CLOCK).font(theme::STRONG).style(style).line_height(1.0),
        text(place).size(theme::SMALL).style(theme::muted).line_height(1.1),
    ]
    .spacing(2)
    .width(Length::Fixed(112.0))
    .into()
}

fn plain(_theme: &iced::Theme) -> text::Style {
    text::Style::default()
}

fn place(at: Micros, now: &Now) -> String {
    let beat = at.0 / now.beat.signature.beat(now.beat.tempo).0.max(1);
    let in_bar = u64::from(now.beat.signature.numerator());
    format!("bar {}, beat {}", beat / in_bar + 1, beat % in_bar + 1)
}
