//! The help that lies over a screen: every shortcut.

use iced::widget::{column, container, mouse_area, opaque, row, text};
use iced::{Alignment, Element, Length};

use super::icon::{self, Icon};
use super::theme;

/// The shortcuts, by what they are about.
const SHORTCUTS: [(&str, &[(&str, &str)]); 3] = [
    (
        "Play and record",
        &[
            ("Space", "Play the take, or pause"),
            ("R", "Record, or end the take"),
            ("Home", "Back to the start"),
            ("Ctrl S", "Keep what I just played"),
            ("M", "Metronome on or off"),
            ("B", "Tap the tempo"),
            ("↑ ↓", "Tempo up or down"),
        ],
    ),
    (
        "Keys of the computer",
        &[
            ("A … ;", "White keys, from C"),
            ("W E  T Y U  O P", "Black keys"),
            ("Z  X", "An octave down or up"),
            ("C  V", "Softer or louder"),
        ],
    ),
    ("Window", &[("Ctrl 1 … 9", "Go to a screen"), ("?", "This help"), ("Esc", "Close")]),
];

/// The help over `under`.
pub fn over<'a, M: Clone + 'a>(close: M) -> Element<'a, M> {
    let title = row![
        text("Shortcuts").size(theme::TITLE).font(theme::STRONG).width(Length::Fill),
        iced::widget::button(icon::coloured(Icon::Close, 18.0, theme::muted))
            .padding(6)
            .style(theme::quiet)
            .on_press(close.clone()),
    ]
    .align_y(Alignment::Center);
    let groups = SHORTCUTS.map(|(name, shortcuts)| {
        let rows = shortcuts.iter().map(|(key, what)| {
            let cap =
                container(text(*key).size(theme::SMALL).font(theme::STRONG)).padding([3.0, 8.0]).style(theme::keycap);
            row![container(cap).width(130.0), text(*what).size(theme::BODY)].align_y(Alignment::Center).into()
        });
        column![text(name).size(theme::BODY).style(theme::accent).font(theme::STRONG)]
            .extend(rows)
            .spacing(theme::GAP)
            .into()
    });
    let [first, second, third]: [Element<'a, M>; 3] = groups;
    let right = column![second, third].spacing(theme::WIDE);
    let body = row![container(first).width(Length::Fill), container(right).width(Length::Fill)].spacing(theme::MARGIN);
    let sheet = container(column![title, body].spacing(theme::WIDE)).width(760.0).padding(24).style(theme::sheet);
    let veil = container(opaque(sheet)).center(Length::Fill).style(theme::veil);
    opaque(mouse_area(veil).on_press(close))
}
