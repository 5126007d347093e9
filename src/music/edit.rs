//! Editing: a composition taken apart into notes and other events, changed step by step, every step
//! taken back and done again, and put together once more.
//!
//! - [`Document`]: the piece as it is now; a copy is cheap and shares what stays equal, so that it can be
//!   saved or played by another thread while editing goes on.
//! - [`Editor`]: a document, its selection and its history.
//! - [`Clip`]: notes that were copied.
//!
//! What the editor does not understand stays where it is: a document that nobody changed, or whose changes were
//! all undone, gives back the very composition that it was made of, event by event.

mod beat;
mod clip;
mod density;
mod document;
mod editor;
mod history;
mod mix;
mod open;
mod runs;
mod scale;
mod selection;
mod settle;
mod shape;
mod trim;

pub use clip::Clip;
pub use density::{Column, Columns};
pub use document::{Document, EditedTrack, NoteId, PlacedEvent, PlacedNote, Said};
pub use editor::{Editor, Fate};
pub use mix::{Mix, TrackColour};
pub use scale::{Mode, Scale};
pub use selection::Selection;
pub use shape::Humanise;
