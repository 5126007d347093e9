//! The line at the foot of every screen: keyboard, sound, SoundFont, and the last thing that was said. When something
//! is wrong or missing it turns into the doctor's sentence with its remedy; whoever starts for the first time finds
//! there what was found, and needs no other help.

use iced::widget::{Row, column, container, opaque, row, scrollable, text, tooltip};
use iced::{Alignment, Element, Length, Theme};

use super::icon::{self, Icon};
use super::now::Now;
use super::theme;
use super::widget::{Button, button, line, tip};
use crate::studio::desk::{Keyboard, Sound};

/// What somebody does with the line.
#[derive(Clone, Debug)]
pub enum Message {
    /// Put a remedy onto the clipboard.
    Copy(String),
    /// Look again for what is missing.
    Retry,
    /// What was left behind is to be seen.
    Library,
    /// What was said has been read: the so manieth, the newest first.
    Dismiss(usize),
    /// Everything that was said has been read.
    DismissAll,
    /// All that was said is to be shown, or no longer.
    All,
}

/// How wide the words of a part are at most: alone, and beside something that was said.
const MOST: f32 = 300.0;
const LEAST: f32 = 200.0;

/// How high the line is.
const LINE: f32 = 38.0;

type Style = fn(&Theme) -> text::Style;

/// The line.
pub fn view(now: &Now) -> Element<'_, Message> {
    let said = said(now).or_else(|| left_behind(now));
    let most = if said.is_some() { LEAST } else { MOST };
    let line = row![keyboard(now, most), sound(now, most), font(now, most), container(said).align_right(Length::Fill)]
        .spacing(theme::WIDE + theme::GAP)
        .align_y(Alignment::Center);
    container(line).height(LINE).padding([0.0, theme::MARGIN]).center_y(LINE).style(theme::bar).into()
}

fn keyboard(now: &Now, most: f32) -> Row<'_, Message> {
    if let Some(check) = now.keyboard_trouble() {
        return trouble(&check.evidence, check.remedy.as_deref(), most);
    }
    let (icon, style, words): (Icon, Style, String) = match &now.keyboard {
        Keyboard::Connected { name, .. } => (Icon::Plugged, theme::success, name.clone()),
        Keyboard::Awaited => (Icon::Unplugged, theme::muted, "No keyboard plugged in".to_owned()),
        Keyboard::Away { name } => {
            (Icon::Unplugged, theme::muted, format!("{name} is unplugged; plug it in and it goes on"))
        }
        Keyboard::Ended => (Icon::Unplugged, theme::muted, "The virtual keyboard has played to its end".to_owned()),
        Keyboard::Refused { reason } | Keyboard::Unusable { reason } => (Icon::Warning, theme::warning, reason.clone()),
    };
    part(icon, style, words)
}

/// Sound; one trouble at a time is told at length, and the keyboard's comes first.
fn sound(now: &Now, most: f32) -> Row<'_, Message> {
    match &now.sound {
        Sound::Opening => part(Icon::Sound, theme::muted, "Opening sound".to_owned()),
        Sound::Open { output, latency } => {
            let xruns = match now.pulse.xruns {
                0 => String::new(),
                1 => " · 1 interruption".to_owned(),
                n => format!(" · {n} interruptions"),
            };
            let words = format!("{} · {:.1} ms{xruns}", output.name, latency.as_secs_f64() * 1e3);
            part(Icon::Sound, theme::success, words)
        }
        Sound::Silent { .. } if now.keyboard_trouble().is_some() => {
            part(Icon::Silent, theme::warning, "No sound".to_owned())
        }
        Sound::Silent { reason } => match now.sound_trouble() {
            Some(check) => trouble(&check.evidence, check.remedy.as_deref(), most),
            None => trouble(reason, None, most),
        },
    }
}

/// The SoundFont; that there is none is told at length where nothing worse is wrong.
fn font(now: &Now, most: f32) -> Option<Row<'_, Message>> {
    let font = now.font.as_ref()?;
    let worse = now.keyboard_trouble().is_some() || matches!(now.sound, Sound::Silent { .. });
    Some(match now.font_trouble() {
        Some(check) if font.is_own && !worse => trouble(&check.evidence, check.remedy.as_deref(), most),
        _ if font.is_own => part(Icon::Piano, theme::muted, "Simple sounds".to_owned()),
        _ => part(Icon::Piano, theme::success, font.name.clone()),
    })
}

fn part<'a>(icon: Icon, style: Style, words: String) -> Row<'a, Message> {
    let words = container(line(words).size(theme::SMALL)).max_width(MOST);
    row![icon::coloured(icon, 15.0, style), words].spacing(theme::GAP).align_y(Alignment::Center)
}

/// What is wrong, and what to do about it.
fn trouble<'a>(evidence: &'a str, remedy: Option<&str>, most: f32) -> Row<'a, Message> {
    let retry = small(Icon::Again, "Look again").on_press(Message::Retry);
    let copy = remedy.map(|remedy| small(Icon::Copy, "Copy remedy").on_press(Message::Copy(remedy.to_owned())));
    let words = tip(line(evidence).size(theme::SMALL), evidence, tooltip::Position::Top);
    row![icon::coloured(Icon::Warning, 15.0, theme::warning), container(words).max_width(most), copy, retry]
        .spacing(theme::GAP)
        .align_y(Alignment::Center)
}

fn small<'a>(icon: Icon, label: &'a str) -> Button<'a, Message> {
    let inside = row![icon::coloured(icon, 13.0, theme::muted), text(label).size(theme::SMALL)]
        .spacing(theme::NEAR)
        .align_y(Alignment::Center);
    button(inside).padding([4.0, 8.0]).style(theme::quiet)
}

fn said(now: &Now) -> Option<Element<'_, Message>> {
    let remark = now.remarks.newest()?;
    let (icon, style) = sign(remark.wrong);
    // What is cut off can be read as a tip.
    let words = tip(line(&remark.text).size(theme::SMALL), &remark.text, tooltip::Position::Top);
    let (others, is_wrong) = now.remarks.others();
    let more = (others > 0).then(|| {
        let sign = is_wrong.then(|| icon::coloured(Icon::Warning, 13.0, theme::warning));
        let inside = row![sign, text(format!("{others} more")).size(theme::SMALL)].spacing(theme::NEAR);
        let style = theme::toggle(now.remarks.is_open());
        let more = button(inside.align_y(Alignment::Center)).padding([4.0, 8.0]).style(style);
        tip(more.on_press(Message::All), "Shows everything that was said", tooltip::Position::Top)
    });
    Some(with_cross(row![icon::coloured(icon, 15.0, style), container(words).max_width(560.0), more]))
}

fn sign(wrong: bool) -> (Icon, Style) {
    if wrong { (Icon::Warning, theme::warning) } else { (Icon::Good, theme::success) }
}

/// Everything that was said, above the line; while it is to be shown.
pub fn all(now: &Now) -> Option<Element<'_, Message>> {
    if !now.remarks.is_open() {
        return None;
    }
    let lines = now.remarks.all().enumerate().map(|(n, remark)| {
        let (icon, style) = sign(remark.wrong);
        let words = container(text(&remark.text).size(theme::SMALL)).width(Length::Fill).padding([3.0, 0.0]);
        row![cross(Message::Dismiss(n)), container(icon::coloured(icon, 15.0, style)).padding([4.0, 0.0]), words]
            .spacing(theme::GAP)
            .into()
    });
    let lines = container(column(lines).spacing(theme::NEAR)).padding(iced::padding::right(theme::WIDE));
    let read = small(Icon::Close, "Dismiss all").on_press(Message::DismissAll);
    let sheet =
        column![scrollable(lines).style(theme::scroll), container(read).align_right(Length::Fill)].spacing(theme::GAP);
    let sheet = container(sheet).width(560.0).max_height(320.0).padding(12).style(theme::sheet);
    let above = container(opaque(sheet)).align_right(Length::Fill).align_bottom(Length::Fill);
    Some(above.padding(iced::padding::right(theme::MARGIN).bottom(LINE + theme::NEAR)).into())
}

/// What was left behind; a click leads to it.
fn left_behind(now: &Now) -> Option<Element<'_, Message>> {
    let words = line(now.left_behind.as_ref()?).size(theme::SMALL);
    let inside = row![icon::coloured(Icon::History, 14.0, theme::accent), words];
    let show = button(inside.spacing(theme::NEAR).align_y(Alignment::Center)).padding([4.0, 8.0]).style(theme::plain);
    Some(with_cross(row![tip(show.on_press(Message::Library), "Shows it in the library", tooltip::Position::Top)]))
}

/// What can be dismissed. The cross comes first, so that it has its place however long the words are.
fn with_cross(line: Row<'_, Message>) -> Element<'_, Message> {
    let line = line.spacing(theme::GAP).align_y(Alignment::Center);
    row![cross(Message::Dismiss(0)), line].spacing(theme::NEAR).align_y(Alignment::Center).into()
}

fn cross<'a>(message: Message) -> Button<'a, Message> {
    button(icon::coloured(Icon::Close, 13.0, theme::muted)).padding(5).style(theme::quiet).on_press(message)
}
