//! The help that lies over a screen: every shortcut.

use iced::widget::{column, container, mouse_area, opaque, row, scrollable, text};
use iced::{Alignment, Element, Length};

use super::icon::{self, Icon};
use super::screen::Screen;
use super::theme;
use super::widget::button;

/// Stands for the keys of the screens, of which there may be more or less.
const SCREENS: &str = "Ctrl 1 …";

/// The shortcuts, by what they are about.
const SHORTCUTS: [(&str, &[(&str, &str)]); 5] = [
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
    (
        "Library",
        &[
            ("↑ ↓", "The entry above or below"),
            ("Enter", "Edit it"),
            ("Space", "Play it"),
            ("F2", "Rename it"),
            ("Ctrl D", "Duplicate it"),
            ("Delete", "Delete it"),
            ("Ctrl Z", "Bring it back; or from the trash"),
            ("/", "Search"),
        ],
    ),
    (
        "Edit",
        &[
            ("Ctrl Z   Ctrl Y", "Undo, redo"),
            ("Ctrl S   Ctrl E", "Save, export as WAV"),
            ("Ctrl Shift S", "Save a copy"),
            ("Space", "Play from the cursor, or pause"),
            ("1   2", "Pointer, pencil"),
            ("N", "The next note; with Shift the one before"),
            ("Ctrl A   Ctrl I", "Select all, invert"),
            ("↑ ↓", "Transpose; with Shift an octave"),
            ("← →", "Move; with Shift shorter, longer"),
            ("[   ]", "Softer, louder"),
            ("Q   H", "Quantise, humanise"),
            ("Ctrl C X V D", "Copy, cut, paste, duplicate"),
            ("G", "Keep to the grid (Alt lets go)"),
            ("T", "Tempo and time signature"),
            ("F   +   -", "Everything, nearer, farther"),
            ("Wheel", "Scroll; Ctrl zooms, Shift goes sideways"),
        ],
    ),
    (
        "Window",
        &[
            (SCREENS, "Go to a screen"),
            ("Tab", "To the next control; with Shift back"),
            ("Enter   Space", "Press it"),
            ("↑ ↓   ← →", "Choose in a list, move a slider"),
            ("?   F1", "This help"),
            ("Esc", "Close"),
        ],
    ),
];

/// The help over `under`.
pub fn over<'a, M: Clone + 'a>(close: M) -> Element<'a, M> {
    let title = row![
        text("Shortcuts").size(theme::TITLE).font(theme::STRONG).width(Length::Fill),
        button(icon::coloured(Icon::Close, 18.0, theme::muted)).padding(6).style(theme::quiet).on_press(close.clone()),
    ]
    .align_y(Alignment::Center);
    let groups = SHORTCUTS.map(|(name, shortcuts)| {
        let rows = shortcuts.iter().map(|(key, what)| {
            // The tenth has the 0.
            let last = Screen::ALL.len() % 10;
            let key = if *key == SCREENS { format!("{SCREENS} {last}") } else { (*key).to_owned() };
            let cap =
                container(text(key).size(theme::SMALL).font(theme::STRONG)).padding([3.0, 8.0]).style(theme::keycap);
            let what = text(*what).size(theme::SMALL);
            row![container(cap).width(118.0), container(what).width(Length::Fill)].align_y(Alignment::Center).into()
        });
        column![text(name).size(theme::BODY).style(theme::accent).font(theme::STRONG)].extend(rows).spacing(6.0).into()
    });
    let [play, keys, library, edit, window]: [Element<'a, M>; 5] = groups;
    let left = column![play, keys].spacing(theme::WIDE).width(Length::Fill);
    let middle = column![library, window].spacing(theme::WIDE).width(Length::Fill);
    let body = row![left, middle, container(edit).width(Length::Fill)].spacing(theme::MARGIN);
    let body = scrollable(container(body).padding(iced::padding::right(theme::WIDE))).style(theme::scroll);
    let sheet = container(column![title, body].spacing(theme::WIDE)).max_width(1010.0).padding(24).style(theme::sheet);
    let veil = container(opaque(sheet)).center(Length::Fill).padding(theme::MARGIN).style(theme::veil);
    opaque(mouse_area(veil).on_press(close))
}
