//! Making ready what a piece will sound with: its messages are gone through as the synthesiser itself would, so that
//! banks, drum channels and systems are understood in one place.

use std::sync::Arc;

use super::{Options, Synth};
use crate::audio::soundfont::SoundFont;
use crate::music::Message;
use crate::music::message::Voice;

/// Makes every preset ready that a note of these messages, in their order, would ask for. Takes some hundredths of a
/// second for each of a compressed font, and nothing for one that is not compressed.
pub fn rehearse(font: &Arc<SoundFont>, messages: impl IntoIterator<Item = Message>) {
    if font.all_ready() {
        return;
    }
    let mut synth = Synth::with_room(Arc::clone(font), 48_000, Options { polyphony: 1, ..Options::default() }, 1);
    for message in messages {
        match message {
            Message::Voice(channel, Voice::NoteOn { .. }) => {
                if let Some(preset) = synth.parts.get(usize::from(channel.get())).and_then(|part| part.chosen()) {
                    font.make_ready(preset);
                }
            }
            Message::Voice(_, Voice::NoteOff { .. }) => {}
            message => synth.message(&message),
        }
    }
}
