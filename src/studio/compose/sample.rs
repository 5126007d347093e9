//! Melodies that ship with the program, for whoever has none at hand: see `assets/melodies` and `assets/demo`.

use crate::music::composition::Composition;
use crate::music::smf;

/// A melody that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its name.
    pub name: &'static str,
    bytes: &'static [u8],
}

/// All of them.
pub const SAMPLES: [Sample; 4] = [
    Sample { name: "Ode to Joy", bytes: include_bytes!("../../../assets/melodies/demo.mid") },
    Sample { name: "Amazing Grace", bytes: include_bytes!("../../../assets/demo/amazing-grace-piano-trio.mid") },
    Sample { name: "Scarborough Fair", bytes: include_bytes!("../../../assets/demo/scarborough-fair-strings.mid") },
    Sample { name: "When the Saints Go Marching In", bytes: include_bytes!("../../../assets/demo/saints-rock.mid") },
];

impl Sample {
    /// All of it, with what was composed to the melody.
    #[must_use]
    pub fn whole(&self) -> Option<Composition> {
        Some(smf::read(self.bytes).ok()?.composition)
    }

    /// The melody: the first track, without what was composed to it.
    #[must_use]
    pub fn melody(&self) -> Option<Composition> {
        let mut composition = self.whole()?;
        composition.tracks.truncate(1);
        Some(composition)
    }
}
