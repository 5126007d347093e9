//! Audio: outputs, the engine, the synthesiser and its SoundFonts, performances and their export.
//!
//! | what | who | why |
//! | --- | --- | --- |
//! | what sounds now: keys, performances, the metronome | [`engine`] behind an [`output`] (cpal, or JACK directly) | a callback that never waits, and every message at its frame |
//! | what will be a file | [`performance`] and [`export`] | the same sequencer and synthesiser, on all cores, with no clock |
//! | what is sound already, and pieces played between such files | [`audition`] (rodio) | decoding, resampling and mixing of whole sounds, where nothing is urgent; a [`performance`] is one too, by rodio's `Source` |
//!
//! cpal, jack, rodio, symphonia and the packages that write files are known here and nowhere else.

#[cfg(feature = "audio")]
pub mod audition;
pub mod engine;
pub mod export;
pub mod frame_clock;
pub mod instrument;
pub mod levels;
pub mod limiter;
pub mod metronome;
pub mod output;
pub mod outputs;
pub mod performance;
pub mod sequencer;
pub mod soundfont;
pub mod soundfonts;
pub mod synth;
#[cfg(feature = "audio")]
mod urgency;

pub use soundfont::{PresetInfo, SoundFont, SoundFontError};
pub use synth::{Options, Synth};
