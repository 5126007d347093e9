//! Recording: from a stream of keyboard events to takes on disk.
//!
//! - [`plan`]: what the player asked for.
//! - [`recorder`]: when a take begins and ends and what belongs to it. Pure: events and times in, steps out.
//! - [`replay`]: following the last take while it is played back.
//! - [`render`]: a take as the bytes of its file or files.
//! - [`sound`]: what is heard meanwhile, in a thread of its own.
//! - [`transport`]: telling the keyboard's buttons from music.
//! - [`session`]: carries the steps out: journal, files, and where the take is when something fails.

pub mod plan;
pub mod recorder;
pub mod render;
pub mod replay;
pub mod session;
pub mod sound;
pub mod transport;

pub use plan::{Destination, Plan, Start};
pub use recorder::{Recorder, State};
pub use session::{Notice, Saved, Session, Status};
