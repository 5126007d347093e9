//! How it looks: the choices above, the notes that fall, the keys, and what came of it.

use iced::widget::{column, container, opaque, row, space, stack, text, tooltip};
use iced::{Alignment, Element, Length};

use super::{Lesson, Message, Practice, State, Way};
use crate::gui::icon::{self, Icon};
use crate::gui::now::Now;
use crate::gui::offer::offers;
use crate::gui::theme;
use crate::gui::widget::{button, choice, iconic, labelled, slider, tip, wanted};
use crate::gui::words;
use crate::studio::desk::Sound;
use crate::studio::practice::Sum;

const BELOW: tooltip::Position = tooltip::Position::Bottom;

pub(super) fn view<'a>(screen: &'a Practice, now: &'a Now) -> Element<'a, Message> {
    let lesson = match &screen.state {
        State::Ready(lesson) => Some(&**lesson),
        State::Nothing | State::Reading => None,
    };
    let over: Option<Element<'_, Message>> = match (lesson.map(|l| l.way), &screen.said) {
        (Some(Way::Over(sum)), _) => Some(ended(sum, screen)),
        (None, Some(said)) => Some(container(text(said).size(theme::LARGE)).center(Length::Fill).into()),
        _ => None,
    };
    let roll = lesson.map(|_| screen.roll.view());
    let stage = column![
        container(stack![container(roll).width(Length::Fill).height(Length::Fill), over]).height(Length::Fill),
        container(screen.keys.view(Message::Touched)).height(Length::Fixed(148.0)),
    ];
    let stage = container(stage).padding(theme::NEAR).style(theme::surface);
    column![what(screen, lesson, now), how(screen, lesson, now), stage]
        .spacing(theme::GAP + theme::NEAR)
        .padding(theme::MARGIN)
        .into()
}

/// Which piece, and which part of it; how it goes so far.
fn what<'a>(screen: &'a Practice, lesson: Option<&'a Lesson>, now: &'a Now) -> Element<'a, Message> {
    let pieces = choice(offers(&screen.files, now), screen.chosen.clone(), Message::Choose)
        .placeholder("Choose a piece")
        .width(300.0)
        .rows(10);
    let part = lesson.filter(|l| l.parts.len() > 1).map(|lesson| {
        let chosen = lesson.parts.iter().find(|p| p.track == lesson.practising.part()).cloned();
        tip(choice(lesson.parts.clone(), chosen, Message::Part).width(190.0), "Your part; the others play along", BELOW)
    });
    row![
        text("Practice").size(theme::TITLE).font(theme::STRONG),
        tip(pieces, "A melody that ships, or a file of your library", BELOW),
        part,
        space::horizontal(),
        lesson.map(|lesson| text(so_far(lesson)).size(theme::BODY)),
    ]
    .spacing(theme::WIDE)
    .align_y(Alignment::Center)
    .into()
}

/// How fast it goes, whether it waits, and whether the part is heard.
fn how<'a>(screen: &'a Practice, lesson: Option<&'a Lesson>, now: &'a Now) -> Element<'a, Message> {
    let goes = lesson.is_some_and(|l| l.way == Way::Goes);
    let sounds = matches!(now.sound, Sound::Open { .. });
    let play = Some(Message::Play).filter(|_| lesson.is_some() && (sounds || goes));
    let go = if goes {
        labelled(Icon::Pause, "Pause").style(theme::toggle(true)).on_press_maybe(play)
    } else {
        wanted(Icon::Play, "Begin").on_press_maybe(play)
    };
    let go_words = if sounds {
        "Begin, or pause  (Space)"
    } else {
        "It needs a sound output; the line below says why there is none"
    };
    let restart = Some(Message::Restart).filter(|_| lesson.is_some());
    let percent = u8::try_from(screen.speed.percent()).unwrap_or(u8::MAX);
    let speed = row![
        text("Speed").size(theme::BODY).style(theme::muted),
        slider(25..=200, percent, Message::Speed, None, Length::Fixed(150.0)),
        container(text(format!("{percent} %")).size(theme::BODY)).width(48.0),
    ]
    .spacing(theme::GAP)
    .align_y(Alignment::Center);
    let switch = |on: bool, word: &'a str, message: Message| {
        let sign = icon::icon(if on { Icon::Good } else { Icon::Skipped }, 15.0);
        let inside = row![sign, text(word).size(theme::BODY)].spacing(theme::GAP).align_y(Alignment::Center);
        button(container(inside).center_y(Length::Fill))
            .height(theme::CONTROL)
            .padding([0.0, 12.0])
            .style(theme::toggle(on))
            .on_press(message)
    };
    row![
        tip(go, go_words, BELOW),
        tip(iconic(Icon::ToStart).on_press_maybe(restart), "From the beginning  (Home)", BELOW),
        speed,
        space::horizontal(),
        tip(
            switch(screen.waits, "Wait for me", Message::Waits),
            "The piece waits until the right keys are down",
            BELOW
        ),
        tip(switch(screen.hears, "Play it for me", Message::Hears), "Your part sounds, too", BELOW),
    ]
    .spacing(theme::GAP + theme::NEAR)
    .align_y(Alignment::Center)
    .into()
}

/// How it goes so far.
fn so_far(lesson: &Lesson) -> String {
    let Sum { right, missed, other, of } = lesson.practising.sum();
    if right + missed + other == 0 {
        return words::notes(of as u64);
    }
    let mut said = format!("{right} of {of} right");
    if missed > 0 {
        said += &format!(" · {missed} went by");
    }
    match other {
        0 => {}
        1 => said += " · 1 other key",
        n => said += &format!(" · {n} other keys"),
    }
    said
}

/// What came of it, kindly.
fn praise(sum: Sum) -> &'static str {
    match (100 * sum.right).checked_div(sum.of).unwrap_or(0) {
        100 if sum.other == 0 => "Every note, and no other. Bravo!",
        90.. => "Very well played!",
        60.. => "Well done.",
        _ => "A beginning is made.",
    }
}

/// What to try next.
fn advice(sum: Sum, screen: &Practice) -> String {
    let percent = screen.speed.percent();
    match (100 * sum.right).checked_div(sum.of).unwrap_or(0) {
        90.. if screen.waits => "Try it without \"Wait for me\".".to_owned(),
        90.. if percent < 200 => format!("Try it a little faster, at {} %.", (percent + 25).min(200)),
        90.. => "There is nothing left to teach you here.".to_owned(),
        _ if !screen.waits => "Try it with \"Wait for me\": it goes on when you are ready.".to_owned(),
        _ if percent > 25 => format!("Try it slower, at {} %.", percent.saturating_sub(25).max(25)),
        _ => "Once more, in your own time.".to_owned(),
    }
}

fn ended<'a>(sum: Sum, screen: &Practice) -> Element<'a, Message> {
    let mut about = format!("{} of {} struck", sum.right, words::notes(sum.of as u64));
    about += &match (sum.missed, sum.other) {
        (0, 0) => ".".to_owned(),
        (missed, 0) => format!(", {missed} went by."),
        (0, other) => format!(", and {other} times another key."),
        (missed, other) => format!(", {missed} went by, and {other} times another key."),
    };
    let words = column![
        text(praise(sum)).size(theme::TITLE).font(theme::STRONG),
        text(about).size(theme::BODY),
        text(advice(sum, screen)).size(theme::BODY).style(theme::muted),
        wanted(Icon::Again, "Once more").on_press(Message::Play),
    ]
    .spacing(theme::GAP)
    .align_x(Alignment::Center);
    let sheet = container(words).padding(24).style(theme::sheet);
    container(opaque(sheet)).center(Length::Fill).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::sequencer::Speed;

    #[test]
    fn what_came_of_it_is_said_kindly_and_leads_on() {
        let sum = |right, other| Sum { right, missed: 10 - right, other, of: 10 };
        assert_eq!(praise(sum(10, 0)), "Every note, and no other. Bravo!");
        assert_eq!(
            (praise(sum(10, 2)), praise(sum(7, 0)), praise(sum(0, 9))),
            ("Very well played!", "Well done.", "A beginning is made.")
        );
        let mut screen = Practice { waits: false, speed: Speed::new(75).unwrap(), ..Practice::default() };
        assert_eq!(advice(sum(10, 0), &screen), "Try it a little faster, at 100 %.");
        assert!(advice(sum(2, 0), &screen).contains("Wait for me"));
        screen.waits = true;
        assert_eq!(advice(sum(2, 0), &screen), "Try it slower, at 50 %.");
        assert_eq!(praise(Sum::default()), "A beginning is made.");
    }
}
