//! The sound of a MIDI file for those who listen elsewhere: what `upload` and `share` bring along.

use std::path::Path;
use std::sync::Arc;

use super::bar::Bar;
use super::sound::FontArgs;
use super::{Context, Exit, Failure, info, source};
use crate::audio::export::Progress;
use crate::audio::sequencer::Score;
use crate::studio::render::for_listeners;

/// What plays it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Listening {
    #[command(flatten)]
    font: FontArgs,
}

impl Listening {
    /// Renders a MIDI file as Ogg Vorbis, as loud as it can be.
    ///
    /// # Errors
    /// When it is no music, or the SoundFont is of no use.
    pub fn render(&self, path: &Path, context: &Context, bar: &Bar) -> anyhow::Result<Vec<u8>> {
        let settings = source::settings(context);
        let score = Arc::new(Score::new(&info::load(path)?.composition));
        let chosen = self.font.load(&settings)?;
        let word = format!("rendering {}", info::name(path));
        let mut progress = |p: Progress| {
            bar.draw(&word, p.seconds / p.of.max(0.001));
            true
        };
        for_listeners(score, &chosen, self.font.options(&settings), &mut progress)
            .map_err(|e| Failure::new(Exit::Failure, format!("{}: {e}", path.display())).into())
    }
}
