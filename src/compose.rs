//! Composing: the chorale model, what is drawn from it, and how good it is.
//!
//! - [`score`]: music as the model reads it, steps of a sixteenth in four voices.
//! - [`model`]: the network, computed so that the same seed gives the same notes on every machine.
//! - [`likelihood`]: how probable the model holds a given score.
//! - [`rules`]: what a teacher of harmony would mark.
//! - [`draw`]: filling voices step by step under these rules.
//! - [`melody`]: what of a composition the model reads, and where that lies in time.
//! - [`tonality`]: keys; [`chords`]: which chords sound.
//! - [`arrangement`]: the harmony spread over instruments, by rules.
//! - [`arrange`]: a melody in, compositions out; what every face of the program calls.
//! - [`request`]: the parameters, by DeepComposer's names and ranges.
//! - [`evaluation`]: the figures of a set of pieces, by the protocol of the published results.
//! - `training` (feature `train`): the model learns.
//!
//! Knows [`music`](crate::music) and nothing else of the house; the arithmetic (`pulp`) is known
//! here and nowhere else.
//!
//! The weights lie in the program itself, which the operating system maps into memory page by page
//! as they are read. Mapping a file of their own would save nothing, since they are widened from half
//! to single precision into the order that the products want in any case, and it would cost a place to
//! look for the file, a message for when it is missing, and `unsafe` code, which this crate denies.

mod arithmetic;
pub mod arrange;
pub mod arrangement;
pub mod chords;
pub mod draw;
pub mod evaluation;
pub mod likelihood;
pub mod melody;
pub mod model;
pub mod random;
pub mod request;
pub mod rules;
pub mod score;
pub mod tonality;
#[cfg(feature = "train")]
pub mod training;
mod trunk;
mod weights;

pub use model::Model;
pub use score::Score;

/// Why nothing could be composed or measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A weights file that cannot be trusted.
    #[error("the weights file is of no use: {why}")]
    BrokenWeights {
        /// What is wrong with it.
        why: String,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// How far a piece of work has come, and whether it should go on: called once a pass.
pub type Progress<'a> = &'a mut dyn FnMut(Done) -> std::ops::ControlFlow<()>;

/// A part of work that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Parts done.
    pub parts: usize,
    /// Parts in all.
    pub of: usize,
}
