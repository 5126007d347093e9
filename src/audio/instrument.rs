//! What the engine asks of anything that sounds: messages in, samples out.
//!
//! The engine, the sequencer and the export know this trait and no synthesiser, so that they can be
//! tested to the sample with an instrument as simple as a click.

use std::sync::Arc;

use super::soundfont::SoundFont;
use super::synth::{Options, Synth, Timed, Workers};
use crate::music::Message;

/// Something that sounds when messages are sent to it.
///
/// `message` and `render` are called in the audio callback: they must not allocate, free, lock or
/// wait.
pub trait Instrument: Send {
    /// Takes a message; it holds from the next frame that is rendered.
    fn message(&mut self, message: &Message);

    /// Writes the next frames over what is in the buffers, which are of equal length.
    fn render(&mut self, left: &mut [f32], right: &mut [f32]);

    /// Ends all sound and puts every channel into its state at power-on.
    fn reset(&mut self);

    /// Puts every channel into its state at power-on; what dies away goes on.
    fn restart(&mut self);

    /// How many voices sound.
    fn active_voices(&self) -> usize;

    /// Writes frames with messages that are known in advance, in the order of their frames; may use
    /// several threads, whose number changes no sample. Never called in the audio callback.
    fn perform(&mut self, messages: &[Timed], left: &mut [f32], right: &mut [f32], _workers: Workers) {
        let mut done = 0;
        for Timed { frame, message } in messages {
            let at = (*frame).clamp(done, left.len());
            if at > done {
                self.render(&mut left[done..at], &mut right[done..at]);
            }
            done = at;
            self.message(message);
        }
        self.render(&mut left[done..], &mut right[done..]);
    }
}

impl Instrument for Synth {
    fn message(&mut self, message: &Message) {
        Synth::message(self, message);
    }

    fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        Synth::render(self, left, right);
    }

    fn reset(&mut self) {
        Synth::panic(self);
        Synth::reset(self);
    }

    fn restart(&mut self) {
        Synth::restart(self);
    }

    fn active_voices(&self) -> usize {
        Synth::active_voices(self)
    }

    fn perform(&mut self, messages: &[Timed], left: &mut [f32], right: &mut [f32], workers: Workers) {
        Synth::perform(self, messages, left, right, workers);
    }
}

/// Synthesisers that play a SoundFont live.
#[must_use]
pub fn synths(font: Arc<SoundFont>, options: Options) -> MakeInstrument {
    Arc::new(move |rate| Box::new(Synth::new(Arc::clone(&font), rate, options)))
}

/// Synthesisers that perform for an export: every channel has the polyphony for itself.
#[must_use]
pub fn performing_synths(font: Arc<SoundFont>, options: Options) -> MakeInstrument {
    Arc::new(move |rate| Box::new(Synth::for_performance(Arc::clone(&font), rate, options)))
}

/// Makes instruments for a sample rate in hertz. Called where time and memory do not matter.
pub type MakeInstrument = Arc<dyn Fn(u32) -> Box<dyn Instrument> + Send + Sync>;

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::music::message::Voice;

    /// Sounds 1.0 for one frame at a note-on, -1.0 at a note-off, and holds 0.001 a note between;
    /// remembers what it was told.
    #[derive(Default)]
    pub(crate) struct Clicks {
        pub(crate) held: std::collections::BTreeSet<(u8, u8)>,
        pub(crate) told: Vec<Message>,
        impulse: f32,
    }

    impl Instrument for Clicks {
        fn message(&mut self, message: &Message) {
            if let Message::Voice(channel, voice) = message {
                match *voice {
                    Voice::NoteOn { key, .. } => {
                        self.held.insert((channel.get(), key.get()));
                        self.impulse = 1.0;
                    }
                    Voice::NoteOff { key, .. } => {
                        self.held.remove(&(channel.get(), key.get()));
                        self.impulse = -1.0;
                    }
                    _ => {}
                }
            }
            self.told.push(message.clone());
        }

        fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
            let level = self.held.len() as f32 * 0.001;
            left.fill(level);
            if let Some(first) = left.first_mut()
                && self.impulse != 0.0
            {
                *first = std::mem::take(&mut self.impulse);
            }
            right.copy_from_slice(left);
        }

        fn reset(&mut self) {
            self.held.clear();
        }

        fn restart(&mut self) {
            self.held.clear();
        }

        fn active_voices(&self) -> usize {
            self.held.len()
        }
    }

    pub(crate) fn clicks() -> MakeInstrument {
        Arc::new(|_| Box::new(Clicks::default()))
    }
}
