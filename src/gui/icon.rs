//! Icons: Lucide's (ISC licence, beside them in `assets/icons`), and those of the transport, the editor
//! and the library, which are our own. Drawn in the colour of the text that they stand with.

use std::collections::HashMap;
use std::sync::LazyLock;

use iced::widget::{Svg, svg, text};
use iced::{Length, Theme};

use super::theme;

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident = $file:literal,)*) => {
        /// An icon.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Icon {
            $($(#[$doc])* $name,)*
        }

        const FILES: &[(Icon, &[u8])] =
            &[$((Icon::$name, include_bytes!(concat!("../../assets/icons/", $file, ".svg"))),)*];
    };
}

icons! {
    /// Record.
    Record = "record",
    /// Stop.
    Stop = "stop",
    /// Play.
    Play = "play",
    /// Pause.
    Pause = "pause",
    /// The first screen.
    Piano = "piano",
    /// Keyboards and cables.
    Cable = "cable",
    /// Settings.
    Settings = "settings-2",
    /// Help.
    Help = "circle-question-mark",
    /// Copy to the clipboard.
    Copy = "copy",
    /// Something is wrong.
    Warning = "triangle-alert",
    /// All is well.
    Good = "circle-check",
    /// It failed.
    Bad = "circle-x",
    /// It was not looked at.
    Skipped = "minus",
    /// Something to know.
    Info = "info",
    /// Close.
    Close = "x",
    /// Less.
    Less = "minus",
    /// More.
    More = "plus",
    /// The metronome.
    Metronome = "metronome",
    /// What was played before.
    History = "history",
    /// Once more.
    Again = "refresh-cw",
    /// Nothing is plugged in.
    Unplugged = "unplug",
    /// Something is plugged in.
    Plugged = "plug",
    /// It sounds.
    Sound = "volume-2",
    /// It is silent.
    Silent = "volume-x",
    /// A folder.
    Folder = "folder-open",
    /// Listens for a control.
    Ear = "ear",
    /// Once more what was undone.
    Redo = "redo",
    /// Onto the grid.
    Magnet = "magnet",
    /// The pointer.
    Pointer = "pointer",
    /// Draw, edit.
    Pencil = "pencil",
    /// Save.
    Save = "save",
    /// Back to the start.
    ToStart = "to-start",
    /// Nearer.
    ZoomIn = "zoom-in",
    /// Farther.
    ZoomOut = "zoom-out",
    /// Everything at once.
    Fit = "fit",
    /// The library.
    Library = "library",
    /// The editor.
    Notes = "notes",
    /// Workers, elsewhere perhaps.
    Jobs = "monitor",
    /// Composing.
    Compose = "music",
    /// How it all works.
    Learn = "book-open",
    /// Practising.
    Practice = "target",
    /// The model learns.
    Train = "graduation-cap",
    /// Back to what it was.
    Undo = "undo-2",
}

/// An icon of this size, in the colour of ordinary text.
#[must_use]
pub fn icon<'a>(icon: Icon, size: f32) -> Svg<'a> {
    coloured(icon, size, |theme| text::Style { color: Some(theme::ink(theme).text) })
}

/// The colour of an icon in a button that can be pressed, or cannot.
#[must_use]
pub fn of_button(live: bool) -> fn(&Theme) -> text::Style {
    if live { |theme| text::Style { color: Some(theme::ink(theme).text) } } else { theme::faint }
}

/// An icon of this size, in the colour of a style of text.
#[must_use]
pub fn coloured<'a>(icon: Icon, size: f32, style: fn(&Theme) -> text::Style) -> Svg<'a> {
    static HANDLES: LazyLock<HashMap<Icon, svg::Handle>> =
        LazyLock::new(|| FILES.iter().map(|(icon, bytes)| (*icon, svg::Handle::from_memory(*bytes))).collect());
    let handle = HANDLES.get(&icon).cloned().unwrap_or_else(|| svg::Handle::from_memory(&[] as &[u8]));
    svg(handle).width(Length::Fixed(size)).height(Length::Fixed(size)).style(theme::icon(style))
}
