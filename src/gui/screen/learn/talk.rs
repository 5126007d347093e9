//! The first page: a message on its way through the cable, byte by byte, and those before it.

use iced::alignment::{Horizontal, Vertical};
use iced::widget::canvas::{self, Frame, Geometry, Path, Stroke, Text};
use iced::widget::{column, container, row, text};
use iced::{Color, Element, Font, Length, Point, Rectangle, Renderer, Size, Theme, border, mouse};

use super::bytes::{Part, parts};
use super::{Learn, Message};
use crate::gui::now::Now;
use crate::gui::theme::{self, Ink};
use crate::gui::words;
use crate::music::Message as Midi;
use crate::studio::last_message::meaning;

/// What is shown before anything was played.
const EXAMPLE: [u8; 3] = [0x90, 0x3c, 0x5a];

pub(super) fn view<'a>(screen: &'a Learn, _now: &'a Now) -> Element<'a, Message> {
    let picture = canvas::Canvas::new(Cable(screen)).width(Length::Fill).height(Length::Fill);
    let rows = screen.heard.iter().map(|(at, message)| {
        let bytes: Vec<String> = message.to_bytes().iter().take(6).map(|b| format!("{b:02X}")).collect();
        let cell = |words: String, width| container(text(words).size(theme::SMALL)).width(width);
        row![
            cell(words::clock(*at), Length::Fixed(60.0)).style(muted),
            cell(bytes.join(" "), Length::Fixed(130.0)),
            cell(meaning(message), Length::Fill)
        ]
        .spacing(theme::GAP)
        .into()
    });
    let list = container(column(rows).spacing(2.0)).height(126.0).padding([theme::GAP, theme::WIDE]);
    column![
        container(picture).style(theme::well).padding(1).height(Length::Fill),
        list.width(Length::Fill).clip(true).style(theme::surface),
        container(screen.keys.view(Message::Touched)).height(110.0),
    ]
    .spacing(theme::GAP)
    .into()
}

fn muted(theme: &Theme) -> container::Style {
    container::Style { text_color: Some(theme::ink(theme).muted), ..container::Style::default() }
}

/// The keyboard, the cable with the last message on it, the computer.
struct Cable<'a>(&'a Learn);

impl Cable<'_> {
    fn draw(&self, frame: &mut Frame, ink: &Ink) {
        let size = frame.size();
        let middle = size.height * 0.4;
        let (left, right) = (14.0, size.width - 14.0);
        let end = 74.0;
        frame.fill_rectangle(Point::new(left + end, middle - 1.5), Size::new(right - left - 2.0 * end, 3.0), ink.edge);
        draw_keyboard(frame, Point::new(left, middle), end, ink);
        draw_computer(frame, Point::new(right - end, middle), end, ink);
        let last = self.0.heard.front().map(|(_, message)| message);
        let example = Midi::from_bytes(&EXAMPLE);
        let all = last.or(example.as_ref()).map(parts).unwrap_or_default();
        let room = (right - left - 2.0 * end - 36.0) / all.len().max(1) as f32;
        for (n, part) in all.iter().enumerate() {
            let centre = left + end + 18.0 + room * (n as f32 + 0.5);
            draw_part(frame, part, Point::new(centre, middle), room, last.is_some(), ink);
        }
        if last.is_none() {
            let y = size.height - 16.0;
            say(
                frame,
                "An example. Press a key, and yours is here.",
                Point::new(size.width / 2.0, y),
                (12.0, theme::REGULAR),
                ink.muted,
            );
        }
    }
}

fn draw_part(frame: &mut Frame, part: &Part, at: Point, room: f32, is_real: bool, ink: &Ink) {
    let (width, height) = (room.min(120.0) - 14.0, 58.0);
    let shape = Path::rounded_rectangle(
        Point::new(at.x - width / 2.0, at.y - height / 2.0),
        Size::new(width, height),
        8.0.into(),
    );
    let (fill, on_it) = if is_real { (ink.accent, ink.on_accent) } else { (ink.surface, ink.text) };
    frame.fill(&shape, fill);
    frame.stroke(&shape, Stroke::default().with_color(if is_real { ink.accent } else { ink.edge }).with_width(1.5));
    say(frame, &part.hex, Point::new(at.x, at.y - 7.0), (24.0, theme::STRONG), on_it);
    say(frame, &part.number, Point::new(at.x, at.y + 17.0), (12.0, theme::REGULAR), on_it);
    // What it says stands below, in as many lines as there is room for.
    for (n, line) in wrapped(&part.words, (room / 6.6) as usize).into_iter().enumerate() {
        let below = Point::new(at.x, at.y + height / 2.0 + 18.0 + 16.0 * n as f32);
        say(frame, &line, below, (13.0, theme::REGULAR), ink.text);
    }
}

/// Words in lines of so many letters.
fn wrapped(words: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match lines.last_mut().filter(|line| line.chars().count() + word.chars().count() < letters) {
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

pub(super) fn say(frame: &mut Frame, words: &str, position: Point, (size, font): (f32, Font), color: Color) {
    frame.fill_text(Text {
        content: words.to_owned(),
        position,
        color,
        size: size.into(),
        font,
        align_x: Horizontal::Center.into(),
        align_y: Vertical::Center,
        ..Text::default()
    });
}

fn draw_keyboard(frame: &mut Frame, at: Point, width: f32, ink: &Ink) {
    let height = 46.0;
    let body = Path::rounded_rectangle(Point::new(at.x, at.y - height / 2.0), Size::new(width, height), 5.0.into());
    frame.fill(&body, ink.surface);
    frame.stroke(&body, Stroke::default().with_color(ink.edge).with_width(1.5));
    let key = (width - 10.0) / 7.0;
    for n in 0..7 {
        let left = at.x + 5.0 + key * n as f32;
        let white =
            Path::rounded_rectangle(Point::new(left + 0.5, at.y - 9.0), Size::new(key - 1.0, 27.0), border::bottom(2));
        frame.fill(&white, ink.white_key);
        frame.stroke(&white, Stroke::default().with_color(ink.edge).with_width(0.75));
    }
    for n in [1.0, 2.0, 4.0, 5.0, 6.0] {
        let left = at.x + 5.0 + key * n - key * 0.3;
        frame.fill_rectangle(Point::new(left, at.y - 9.0), Size::new(key * 0.6, 16.0), ink.black_key);
    }
    say(
        frame,
        "Keyboard",
        Point::new(at.x + width / 2.0, at.y + height / 2.0 + 13.0),
        (12.0, theme::REGULAR),
        ink.muted,
    );
}

fn draw_computer(frame: &mut Frame, at: Point, width: f32, ink: &Ink) {
    let height = 46.0;
    let screen = Path::rounded_rectangle(Point::new(at.x, at.y - height / 2.0), Size::new(width, height), 5.0.into());
    frame.fill(&screen, ink.surface);
    frame.stroke(&screen, Stroke::default().with_color(ink.edge).with_width(1.5));
    for (n, (from, to)) in [(0.15, 0.4), (0.35, 0.7), (0.25, 0.55), (0.6, 0.85)].into_iter().enumerate() {
        let y = at.y - 15.0 + 9.0 * n as f32;
        frame.fill_rectangle(Point::new(at.x + width * from, y), Size::new(width * (to - from), 4.0), ink.accent);
    }
    say(
        frame,
        "Computer",
        Point::new(at.x + width / 2.0, at.y + height / 2.0 + 13.0),
        (12.0, theme::REGULAR),
        ink.muted,
    );
}

impl<M> canvas::Program<M> for Cable<'_> {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        vec![self.0.picture.draw(renderer, bounds.size(), |frame| self.draw(frame, &theme::ink(theme)))]
    }
}
