//! Music as data: messages, time, takes, compositions and Standard MIDI Files.
//!
//! Pure: no devices, no clock, no files except through bytes that the caller read or will write.
//! [`midly`] is known here and nowhere else.

pub mod composition;
pub mod edit;
pub mod general_midi;
pub mod message;
pub mod pitch;
pub mod quantise;
pub mod smf;
pub mod take;
pub mod tempo_map;
pub mod time;
pub mod velocity_curve;
pub mod wire;

pub use composition::Composition;
pub use message::{Channel, Controller, Key, Message, Velocity};
pub use take::{Take, TakeEvent};
pub use tempo_map::TempoMap;
pub use time::{Micros, Ppq, Tempo, Ticks, TimeSignature};
pub use velocity_curve::VelocityCurve;
