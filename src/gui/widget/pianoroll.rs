//! The editor's piano roll: ruler, keys, notes and a lane below them, on one canvas.
//!
//! Draws from a [`Document`](crate::music::edit::Document) only what is visible, and answers with [`Gesture`]s in the
//! music's terms: ticks and keys, never pixels. What it owns is where one looks ([`Viewport`]) and the caches.

mod hand;
mod paint;
mod viewport;

use iced::widget::canvas::{self, Cache};
use iced::{Element, Length, Size};

pub use viewport::Viewport;

use crate::music::edit::{Editor, NoteId};
use crate::music::message::{Channel, Controller, Key, Velocity};
use crate::music::{TempoMap, Ticks};

/// What the mouse does among the notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Selects, moves, changes lengths.
    #[default]
    Pointer,
    /// Draws notes.
    Pencil,
}

/// What the lane below the notes shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// How fast keys go down.
    #[default]
    Velocity,
    /// A controller of the track's channel.
    Controller(Channel, Controller),
}

/// What somebody did with the mouse.
#[derive(Clone, Debug, PartialEq)]
pub enum Gesture {
    /// The canvas has this size.
    Sized(Size),
    /// Look elsewhere, by pixels.
    Scroll(f32, f32),
    /// Time wider or narrower around a place.
    Zoom(f32, f32),
    /// Keys higher or lower around a place.
    ZoomRows(f32, f32),
    /// A note was clicked: alone, or with those that are selected.
    Pick {
        /// Which.
        id: NoteId,
        /// Its key, to be heard.
        key: Key,
        /// And how.
        velocity: Velocity,
        /// Whether the others stay selected.
        add: bool,
    },
    /// A key is to be heard while the mouse is held.
    Hear(Key),
    /// The mouse was let go, and this was done with it.
    Done(Option<Done>),
}

/// What a finished gesture does.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// Selects what lies in a rectangle.
    Sweep {
        /// From here.
        from: Ticks,
        /// To before here.
        to: Ticks,
        /// The lowest key.
        low: Key,
        /// The highest key.
        high: Key,
        /// Whether the others stay selected.
        add: bool,
    },
    /// Moves the selected notes.
    Shift(i64, i16),
    /// Lets the selected notes end later.
    Lengthen(i64),
    /// Lets the selected notes begin later.
    BeginLater(i64),
    /// Draws a note.
    Draw {
        /// Its start.
        start: Ticks,
        /// Its end.
        end: Ticks,
        /// Its key.
        key: Key,
    },
    /// Removes a note.
    Erase(NoteId),
    /// Goes there.
    Seek(Ticks),
    /// Plays this again and again, or no longer.
    Loop(Option<(Ticks, Ticks)>),
    /// A line was drawn in the lane: values at ticks, in the order of time.
    Line(Vec<(Ticks, u8)>),
    /// A stretch of the lane was wiped.
    Wipe(Ticks, Ticks),
}

/// What is drawn besides the document.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The document and its selection.
    pub editor: &'a Editor,
    /// Tempos and bars.
    pub tempo_map: &'a TempoMap,
    /// The track that is edited; the others are shown faintly.
    pub track: usize,
    /// The number of its colour.
    pub colour: u8,
    /// Whether its keys are drums.
    pub drums: bool,
    /// What the mouse does.
    pub tool: Tool,
    /// The grid's step; zero where nothing snaps.
    pub step: Ticks,
    /// What the lane shows.
    pub lane: Lane,
    /// Where playing is.
    pub cursor: Ticks,
    /// What is played again and again.
    pub looped: Option<(Ticks, Ticks)>,
}

/// The roll: where one looks, and what is drawn there.
#[derive(Debug, Default)]
pub struct Pianoroll {
    /// Where one looks.
    pub viewport: Viewport,
    ground: Cache,
    notes: Cache,
}

impl Pianoroll {
    /// The notes, the selection or the lane have changed.
    pub fn repaint_notes(&mut self) {
        self.notes.clear();
    }

    /// Everything has changed: another place, another theme.
    pub fn repaint(&mut self) {
        self.ground.clear();
        self.notes.clear();
    }

    /// The widget.
    pub fn view<'a, M: 'a>(&'a self, scene: Scene<'a>, on_gesture: impl Fn(Gesture) -> M + 'a) -> Element<'a, M> {
        canvas::Canvas::new(hand::Board { roll: self, scene, on_gesture: Box::new(on_gesture) })
            .width(Length::Fill)
            .height(Length::Fill)
            .into()
    }
}
