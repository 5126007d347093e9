//! The sound of a MIDI file for those who listen elsewhere: what `upload` and `share` bring along.

use std::path::Path;
use std::sync::Arc;

use super::bar::Bar;
use super::sound::FontArgs;
use super::{Context, Exit, Failure, info, source};
use crate::audio::export::{Container, Depth, Export, Normalise, Quality};
use crate::audio::instrument::performing_synths;
use crate::audio::performance::Manner;
use crate::audio::sequencer::Score;
use crate::studio::instruments;
use crate::studio::place::InTheWay;
use crate::studio::render::Rendering;

/// Frames a second.
const RATE: u32 = 48_000;

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
        instruments::prepare(&chosen.font, &score, &[]);
        let rendering = Rendering {
            make: performing_synths(Arc::clone(&chosen.font), self.font.options(&settings)),
            manner: Manner::plain(RATE),
            export: Export {
                container: Container::Vorbis { quality: Quality::default() },
                depth: Depth::Sixteen,
                normalise: Normalise::Peak(-1.0),
            },
            in_the_way: InTheWay::TakeNextName,
            score,
        };
        let failed = |e: String| Failure::new(Exit::Failure, format!("{}: {e}", path.display()));
        let folder = tempfile::tempdir().map_err(|e| failed(e.to_string()))?;
        let word = format!("rendering {}", info::name(path));
        let rendered = rendering.whole(&folder.path().join("sound.ogg"), &mut |p| {
            bar.draw(&word, p.seconds / p.of.max(0.001));
            true
        });
        let (sound, _) = rendered.map_err(|e| failed(e.to_string()))?;
        Ok(std::fs::read(sound).map_err(|e| failed(e.to_string()))?)
    }
}
