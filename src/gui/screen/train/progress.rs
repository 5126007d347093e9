//! How it goes: the curves, what is left, which files are learned from, and what came of it.

use std::time::Duration;

use iced::widget::{Column, column, container, progress_bar, row, scrollable, text, tooltip};
use iced::{Alignment, Element, Length, Theme};

use super::{End, Halt, Message, Seen, State, Train, Wish};
use crate::gui::icon::{self, Icon};
use crate::gui::theme;
use crate::gui::widget::{labelled, line, tip, wanted};
use crate::studio::train::Finished;

type Style = fn(&Theme) -> text::Style;

/// Files that are left out, by name; the report has all of them.
const TOLD: usize = 200;

/// `40 s`, `12 min`, `1 h 5 min`.
fn about(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..100 => format!("{s} s"),
        s @ 100..6_000 => format!("{} min", s.div_ceil(60)),
        s => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
    }
}

pub(super) fn view(screen: &Train) -> Element<'_, Message> {
    let page = match &screen.state {
        State::Idle => return idle(screen),
        State::Running { wish, seen, halting, .. } => {
            column![running(wish, seen, *halting), bar(seen), curves(seen), files(seen)]
        }
        State::Ended { wish, seen, end } => {
            let measured = seen.curves.last(super::LEARNING).is_some();
            let picture = measured.then(|| curves(seen));
            column![ended(wish, end), picture, files(seen)]
        }
    };
    page.push(said(screen)).spacing(theme::GAP + theme::NEAR).width(Length::Fill).height(Length::Fill).into()
}

/// Nothing is under way: what this is about, and what can be gone on with.
fn idle(screen: &Train) -> Element<'_, Message> {
    let words = column![
        text("Teach composer your own music").size(theme::LARGE).font(theme::STRONG),
        text(
            "It goes through your MIDI files again and again, guesses what comes next, and learns from what it got wrong. \
             A fifth of the files is kept aside, to see whether it has understood or only learned by heart. What comes of \
             it stands among the styles on the screen Compose. Nothing leaves this computer."
        )
        .size(theme::BODY)
        .style(theme::muted)
        .width(520.0)
        .align_x(Alignment::Center),
    ]
    .spacing(theme::GAP)
    .align_x(Alignment::Center);
    let rows = screen.unfinished.iter().map(|wish| unfinished(screen, wish));
    let waiting = (!screen.unfinished.is_empty()).then(|| {
        column![text("Not finished").size(theme::BODY).font(theme::STRONG), column(rows).spacing(theme::GAP)]
            .spacing(theme::GAP)
            .width(560.0)
    });
    let page = column![words, waiting, said(screen)].spacing(theme::WIDE + theme::GAP).align_x(Alignment::Center);
    container(page).center(Length::Fill).padding(theme::WIDE).style(theme::surface).into()
}

fn unfinished<'a>(screen: &'a Train, wish: &'a Wish) -> Element<'a, Message> {
    let source = wish.source.display().to_string();
    let names = column![
        line(&wish.name).size(theme::BODY).font(theme::STRONG),
        line(source).size(theme::SMALL).style(theme::muted)
    ]
    .spacing(2.0)
    .width(Length::Fill);
    row![names, resume(wish), discard(screen.sure.as_deref(), wish)]
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
        .into()
}

fn resume(wish: &Wish) -> Element<'_, Message> {
    tip(
        labelled(Icon::Play, "Resume").on_press(Message::Resume(wish.clone())),
        "Goes on where it was stopped",
        tooltip::Position::Top,
    )
}

fn discard<'a>(sure: Option<&str>, wish: &Wish) -> Element<'a, Message> {
    let is_sure = sure == Some(wish.name.as_str());
    let word = if is_sure { "Really discard" } else { "Discard" };
    tip(
        labelled(Icon::Close, word).on_press(Message::Discard(wish.clone())),
        "Throws away what it has learned so far",
        tooltip::Position::Top,
    )
}

fn headed<'a>(icon: Icon, style: Style, head: String, about: String) -> Element<'a, Message> {
    let words =
        column![text(head).size(theme::LARGE).font(theme::STRONG), text(about).size(theme::SMALL).style(theme::muted),]
            .spacing(2.0)
            .width(Length::Fill);
    row![icon::coloured(icon, 20.0, style), words].spacing(theme::GAP).align_y(Alignment::Center).into()
}

fn running<'a>(wish: &'a Wish, seen: &'a Seen, halting: Option<Halt>) -> Element<'a, Message> {
    let about = match (halting, &seen.gathered, seen.measuring) {
        (Some(Halt::Pause), ..) => "Stops after this step, and keeps what it has learned …".to_owned(),
        (Some(Halt::Finish), ..) => "Writes the best that it has learned …".to_owned(),
        (None, None, _) => format!("Looks through {} …", wish.source.display()),
        (None, Some(gathered), Some(share)) => {
            let step = seen.step;
            format!(
                "After step {step} of {}: tries what it knows on the held-out files, {:.0} %",
                gathered.steps,
                share * 100.0
            )
        }
        (None, Some(gathered), None) => {
            let left = seen.left.map_or_else(String::new, |left| format!(", about {} left", about(left)));
            format!("Step {} of {}{left}", seen.step, gathered.steps)
        }
    };
    let may = |message: Message| halting.is_none().then_some(message);
    let enough = labelled(Icon::Good, "Good enough").on_press_maybe(may(Message::Enough).filter(|_| seen.step > 0));
    row![
        headed(Icon::Train, theme::accent, wish.name.clone(), about),
        tip(enough, "Ends here, with the best that it has learned so far", tooltip::Position::Bottom),
        tip(
            labelled(Icon::Stop, "Stop").on_press_maybe(may(Message::Stop)),
            "Keeps what it has learned; it can be gone on with, today or another day",
            tooltip::Position::Bottom
        ),
    ]
    .spacing(theme::GAP)
    .align_y(Alignment::Center)
    .into()
}

fn bar(seen: &Seen) -> Element<'_, Message> {
    progress_bar(0.0..=1.0, seen.share()).girth(8.0).style(theme::progress).into()
}

fn curves(seen: &Seen) -> Element<'_, Message> {
    let about = "Lower is better. The held-out files count: where their curve no longer falls, it learns by heart.";
    let picture = container(seen.curves.view()).style(theme::well).padding(theme::GAP).height(Length::Fill);
    column![picture, text(about).size(theme::SMALL).style(theme::muted)]
        .spacing(theme::NEAR)
        .height(Length::FillPortion(3))
        .into()
}

/// Which files are learned from, and which are not.
fn files(seen: &Seen) -> Option<Element<'_, Message>> {
    let gathered = seen.gathered.as_ref()?;
    let files = |n: usize| if n == 1 { "1 file".to_owned() } else { format!("{n} files") };
    let mut head = format!("Learns from {}", files(gathered.learned));
    head += &match gathered.held_out {
        0 => ", with none held out to measure on: one file is too few to tell how good it gets".to_owned(),
        n => format!(", {} held out", files(n)),
    };
    let epochs = f64::from(gathered.steps) / f64::from(gathered.epoch.max(1));
    head += &format!("; {epochs:.0} times through all of it");
    let trouble = seen.trouble.as_ref().map(|cause| {
        let words = format!("What it learns cannot be kept at present: {cause}");
        let words = text(words).size(theme::SMALL).style(theme::warning);
        row![icon::coloured(Icon::Warning, 14.0, theme::warning), words].spacing(theme::GAP)
    });
    let left_out = (!gathered.left_out.is_empty()).then(|| {
        let rows = gathered.left_out.iter().take(TOLD).map(|file| {
            row![
                container(line(&file.name).size(theme::SMALL)).width(Length::FillPortion(2)),
                container(text(&file.reason).size(theme::SMALL).style(theme::muted)).width(Length::FillPortion(3)),
            ]
            .spacing(theme::GAP)
            .into()
        });
        let rows = container(column(rows).spacing(theme::NEAR)).padding([theme::GAP, theme::WIDE]);
        let list = scrollable(rows).style(theme::scroll).width(Length::Fill).height(Length::Fill);
        column![
            text(format!("Left out: {}", files(gathered.left_out.len()))).size(theme::SMALL).font(theme::STRONG),
            container(list).style(theme::surface).height(Length::Fill),
        ]
        .spacing(theme::NEAR)
        .height(Length::FillPortion(1))
    });
    let page: Column<'_, Message> = column![text(head).size(theme::SMALL), trouble, left_out];
    let height = if gathered.left_out.is_empty() { Length::Shrink } else { Length::FillPortion(1) };
    Some(page.spacing(theme::GAP).height(height).into())
}

fn ended<'a>(wish: &'a Wish, end: &'a End) -> Element<'a, Message> {
    let another = labelled(Icon::More, "Another").on_press(Message::Another);
    match end {
        End::Paused(step) => {
            let head = format!("{} has stopped after step {step}", wish.name);
            let about = "What it has learned is kept. It goes on whenever you like.".to_owned();
            let resume = wanted(Icon::Play, "Resume").on_press(Message::Resume(wish.clone()));
            row![headed(Icon::Pause, theme::accent, head, about), another, resume]
        }
        End::Finished(finished) => {
            let name = finished.model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let head = format!("{name} stands among the styles on the screen Compose");
            row![headed(Icon::Good, theme::success, head, result(finished)), another]
        }
        End::Failed { why, remedy, resumes } => {
            let resume = resumes.then(|| resume(wish));
            let words = column![
                text(format!("{why}.")).size(theme::BODY).font(theme::STRONG),
                text(*remedy).size(theme::BODY).style(theme::muted),
            ]
            .spacing(2.0)
            .width(Length::Fill);
            row![icon::coloured(Icon::Warning, 20.0, theme::warning), words, another, resume]
        }
    }
    .spacing(theme::GAP)
    .align_y(Alignment::Center)
    .into()
}

/// What came of it, in a sentence.
fn result(finished: &Finished) -> String {
    let took = about(Duration::from_secs_f64(finished.seconds.max(0.0)));
    let (Some(before), Some(after)) = (finished.before, finished.after) else {
        return format!(
            "{} steps in {took}. Nothing was held out, so how good it is was not measured.",
            finished.steps
        );
    };
    if after.step == 0 {
        return format!(
            "{} steps in {took} made it no better on the held-out files: it is what it began from. More files help most.",
            finished.steps
        );
    }
    let (before, now) = (before.chronological, after.held_out.chronological);
    format!(
        "{} steps in {took}; the best were those after step {}. Held-out files: {before:.2} before, {now:.2} now. \
         Report: {}",
        finished.steps,
        after.step,
        finished.report.display()
    )
}

fn said(screen: &Train) -> Option<Element<'_, Message>> {
    let (words, wrong) = screen.said.as_ref()?;
    let (sign, style): (Icon, Style) =
        if *wrong { (Icon::Warning, theme::warning) } else { (Icon::Good, theme::success) };
    let said = row![icon::coloured(sign, 15.0, style), text(words).size(theme::SMALL)].spacing(theme::GAP);
    Some(said.align_y(Alignment::Center).into())
}
