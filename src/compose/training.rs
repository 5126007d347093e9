//! Training: the chorale model learns from pieces, from nothing or from weights that are there.
//!
//! - [`pieces`]: what it learns from; [`voices`]: how a MIDI file becomes that.
//! - [`trainer`]: the course, step by step, checkpoints included.
//!
//! The way back through the network is written out by hand over the arithmetic that composes: it needs half the
//! processor time that PyTorch needs for the same step in single precision, and no package; see `training/README.md` for the figures. It
//! is also why the same seed gives the same weights on every machine and any number of threads. It runs on
//! processors only.

mod file;
mod layout;
mod lesson;
mod network;
mod optimiser;
pub mod pieces;
mod products;
pub mod trainer;
pub mod voices;

pub use layout::Shape;
pub use pieces::Piece;
pub use trainer::{Course, HeldOut, Loss, Start, Trainer};
