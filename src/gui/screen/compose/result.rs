//! What comes of it: the roll that grows, the two sides to hear, the variations beside each other, and what is taken.

use iced::widget::{Space, column, container, progress_bar, row, scrollable, space, text, text_input, tooltip};
use iced::{Alignment, Element, Length, border};

use super::{Compose, Manner, Message, Side, State};
use crate::compose::arrangement::Style;
use crate::compose::melody::Voice;
use crate::gui::icon::{self, Icon};
use crate::gui::now::Now;
use crate::gui::widget::thumb::thumb;
use crate::gui::widget::tune::{self, Tune};
use crate::gui::widget::{button, field, labelled, tip, wanted};
use crate::gui::{theme, words};
use crate::music::Micros;
use crate::studio::compose::atelier::Made;
use crate::studio::desk::Transport;

const ABOVE: tooltip::Position = tooltip::Position::Top;
const BELOW: tooltip::Position = tooltip::Position::Bottom;

/// The button that begins, or how far it is.
pub(super) fn begin(screen: &Compose) -> Element<'_, Message> {
    match &screen.state {
        State::Working { share, growing, .. } => {
            let variation = growing.as_ref().map_or(0, |g| g.variation) + 1;
            column![
                text(format!("Composing: {:.0} %, variation {variation}", share * 100.0)).size(theme::SMALL),
                progress_bar(0.0..=1.0, *share).girth(8.0).style(theme::progress),
                labelled(Icon::Stop, "Stop").width(Length::Fill).on_press(Message::Stop),
            ]
            .spacing(theme::NEAR + 2.0)
            .into()
        }
        State::Reading => text("Reading …").size(theme::SMALL).style(theme::muted).into(),
        State::Ready => {
            let ready = |message: Message| screen.melody.is_some().then_some(message);
            let begin = wanted(Icon::Notes, "Compose").width(Length::Fill).on_press_maybe(ready(Message::Begin));
            // Workers know composer's own weights only.
            let shipped = screen.knobs.manner == Manner::Shipped;
            let submit = ready(Message::Submit).filter(|_| shipped);
            let submit = labelled(Icon::Jobs, "As a job").on_press_maybe(submit);
            let words = if shipped {
                "Workers make it, here or on another computer; see the screen Jobs"
            } else {
                "Workers compose in composer's own manner only: choose that for a job"
            };
            row![begin, tip(submit, words, ABOVE)].spacing(theme::GAP).into()
        }
    }
}

pub(super) fn view<'a>(screen: &'a Compose, now: &'a Now) -> Element<'a, Message> {
    let Some(melody) = &screen.melody else {
        let words = column![
            text("Nothing is chosen yet").size(theme::LARGE).font(theme::STRONG),
            text("Choose a melody: one of the samples, what you played, or a MIDI file that you drop here.")
                .size(theme::BODY)
                .style(theme::muted)
                .align_x(Alignment::Center),
            said(screen),
        ]
        .spacing(theme::GAP)
        .align_x(Alignment::Center);
        return container(words).center(Length::Fill).padding(theme::WIDE).style(theme::surface).into();
    };
    let shown = screen.made.get(screen.shown);
    let working = match &screen.state {
        State::Working { growing, .. } => growing.as_ref().map(|g| &g.piece),
        _ => None,
    };
    let piece = working.or(shown.map(|m| &m.piece)).unwrap_or(&melody.piece);
    let melody_tracks = shown.map_or(melody.composition.tracks.len(), |m| m.lineage.melody_tracks);
    let tune = Tune {
        piece,
        melody_tracks,
        at_least: if working.is_some() { melody.piece.length() } else { Micros::ZERO },
        position: screen.is_on_desk(now).then_some(now.pulse.position),
        cache: &screen.cache,
    };
    let roll = container(tune.view(Message::Seek)).style(theme::well).padding(1).height(Length::Fill);
    let mut page = column![sides(screen, now), roll].spacing(theme::GAP);
    if let Some(made) = shown.filter(|_| working.is_none()) {
        page = page.push(tracks(made)).push(variations(screen)).push(last(screen, made));
    }
    page.push(said(screen)).width(Length::Fill).into()
}

/// The melody alone, or with what was composed to it.
fn sides<'a>(screen: &'a Compose, now: &'a Now) -> Element<'a, Message> {
    let heard = screen.heard(now).filter(|_| now.transport == Transport::Playing);
    let side = |side: Side, letter: &'a str, word: &'a str| {
        let sounds = heard == Some(side);
        let sign = icon::icon(if sounds { Icon::Pause } else { Icon::Play }, 16.0);
        let there = screen.side(side).is_some();
        let inside = row![sign, text(letter).size(theme::BODY).font(theme::STRONG), text(word).size(theme::BODY)]
            .spacing(theme::GAP)
            .align_y(Alignment::Center);
        let button = button(container(inside).center_y(Length::Fill))
            .height(theme::CONTROL)
            .padding([0.0, 12.0])
            .style(theme::toggle(sounds))
            .on_press_maybe(there.then_some(Message::Listen(side)));
        tip(button, "Hear this side; the other goes on where it is", BELOW)
    };
    let facts = screen.made.get(screen.shown).map(|made| {
        let facts = format!("{}, {} added", made.key, words::notes(made.added as u64));
        text(facts).size(theme::SMALL).style(theme::muted)
    });
    row![side(Side::Melody, "A", "Melody"), side(Side::Composition, "B", "Composition"), space::horizontal(), facts,]
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
        .into()
}

/// The new tracks, to be taken one by one.
fn tracks(made: &Made) -> Element<'_, Message> {
    let chips = made.new_tracks().enumerate().filter(|(_, (_, _, sounds))| *sounds).map(|(n, (name, taken, _))| {
        let swatch =
            container(Space::new().width(8.0).height(16.0)).style(move |theme: &iced::Theme| container::Style {
                background: Some(tune::colour(n, 0, &theme::ink(theme)).into()),
                border: border::rounded(3),
                ..container::Style::default()
            });
        let sign = icon::icon(if taken { Icon::Good } else { Icon::Close }, 14.0);
        let inside = row![swatch, sign, text(name).size(theme::SMALL)].spacing(6.0).align_y(Alignment::Center);
        let chip = button(inside).padding([5.0, 9.0]).style(theme::toggle(taken)).on_press(Message::Track(n));
        tip(chip, "Take this track, or leave it out", ABOVE)
    });
    row(chips).spacing(6.0).wrap().vertical_spacing(6.0).into()
}

/// What was composed to this melody, as small rolls.
fn variations(screen: &Compose) -> Option<Element<'_, Message>> {
    if screen.made.len() < 2 {
        return None;
    }
    let cards = screen.made.iter().enumerate().map(|(n, made)| {
        let seed = made.lineage.requests.last().map_or(0, |r| r.parameters.seed);
        let label = format!("{} notes, seed {seed}", made.added);
        let picture = thumb(&made.picture, made.composition.note_count() as u64 ^ seed << 20, 104.0, 40.0);
        let inside = column![picture, text(label).size(11.0)].spacing(2.0).align_x(Alignment::Center);
        button(inside).padding(6.0).style(theme::toggle(n == screen.shown)).on_press(Message::Show(n)).into()
    });
    let bar = scrollable::Direction::Horizontal(scrollable::Scrollbar::new().width(6.0).scroller_width(6.0));
    let cards = container(row(cards).spacing(6.0)).padding(iced::padding::bottom(9.0));
    Some(scrollable(cards).direction(bar).style(theme::scroll).width(Length::Fill).into())
}

/// Redoing and keeping.
fn last<'a>(screen: &'a Compose, made: &'a Made) -> Element<'a, Message> {
    // Bars and voices are redone in what the model writes itself; of arrangements another seed makes another whole.
    let sung = made.lineage.requests.first().is_none_or(|r| r.parameters.style == Style::Chorale);
    let redo = sung.then(|| {
        let bars = field(
            text_input("Bars, as 5-8", &screen.bars)
                .on_input(Message::Bars)
                .on_submit(Message::Redo)
                .width(104.0)
                .padding([6.0, 9.0])
                .size(theme::SMALL)
                .style(theme::field),
        );
        let voices = Voice::ALL.map(|voice| {
            let on = screen.voices[voice as usize];
            let letter = text(&voice.name()[..1]).size(theme::SMALL).font(theme::STRONG);
            let button = button(container(letter).center(Length::Fill))
                .width(28.0)
                .height(28.0)
                .padding(0)
                .style(theme::toggle(on))
                .on_press(Message::Voice(voice));
            tip(button, voice.name(), ABOVE)
        });
        let any = !screen.bars.trim().is_empty() || screen.voices.contains(&true);
        let redo = button(text("Redo").size(theme::SMALL))
            .padding([6.0, 10.0])
            .style(theme::plain)
            .on_press_maybe(any.then_some(Message::Redo));
        row![bars, row(voices).spacing(3.0), tip(redo, "Writes these bars or voices anew; the rest stays", ABOVE)]
            .spacing(6.0)
            .align_y(Alignment::Center)
    });
    row![
        redo,
        space::horizontal(),
        tip(labelled(Icon::Pencil, "Edit").on_press(Message::KeepAndEdit), "Keep it and open it in the editor", ABOVE),
        tip(
            wanted(Icon::Save, "Keep").on_press(Message::Keep),
            "Into the library, with the melody, the seed and the knobs that made it",
            ABOVE
        ),
    ]
    .spacing(theme::GAP)
    .align_y(Alignment::Center)
    .into()
}

fn said(screen: &Compose) -> Option<Element<'_, Message>> {
    let (words, wrong) = screen.said.as_ref()?;
    let (sign, style): (Icon, fn(&iced::Theme) -> text::Style) =
        if *wrong { (Icon::Warning, theme::warning) } else { (Icon::Good, theme::success) };
    let line = row![icon::coloured(sign, 15.0, style), text(words).size(theme::SMALL)].spacing(theme::GAP);
    Some(line.align_y(Alignment::Center).into())
}
