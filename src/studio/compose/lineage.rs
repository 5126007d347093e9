//! How a composition came about, written into its MIDI file as a text, so that it can be made again from the file alone.

use serde::{Deserialize, Serialize};

use crate::compose::request::{Bass, Request};
use crate::music::composition::{Composition, Event, MetaType, Track};
use crate::music::time::Ticks;
use crate::studio::models::Mark;

/// What the text begins with.
const MARK: &str = "composer.lineage/1 ";

/// Melody, version and requests: the same again gives the same notes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// The melody's name.
    pub melody: String,
    /// The first so many tracks are the melody.
    pub melody_tracks: usize,
    /// The version of composer, whose model was at work.
    pub composer: String,
    /// The user's own weights, where they were at work instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Mark>,
    /// What was asked for, one after the other: each after the first redid bars or voices.
    pub requests: Vec<Request>,
}

impl Lineage {
    /// Of a melody on which nothing has been composed yet.
    #[must_use]
    pub fn begin(melody: &str, input: &Composition) -> Lineage {
        Lineage {
            melody: melody.to_owned(),
            melody_tracks: input.tracks.len(),
            composer: env!("CARGO_PKG_VERSION").to_owned(),
            model: None,
            requests: Vec::new(),
        }
    }

    /// By these weights.
    #[must_use]
    pub fn by(self, model: Option<Mark>) -> Lineage {
        Lineage { model, ..self }
    }

    /// The lineage after a request, of which the variation of this seed is meant.
    #[must_use]
    pub fn then(&self, request: &Request, seed: u64) -> Lineage {
        let mut lineage = self.clone();
        let mut request = request.clone();
        request.parameters.seed = seed;
        request.parameters.variations = Default::default();
        lineage.requests.push(request);
        lineage
    }

    /// Whether the melody in the file is the melody as it was given.
    #[must_use]
    pub fn has_melody(&self) -> bool {
        let kept =
            |r: &Request| r.parameters.max_input_notes_to_remove.get() == 0 && matches!(r.parameters.bass, Bass::Keep);
        self.requests.first().is_none_or(kept)
    }

    /// Reads it from a composition.
    #[must_use]
    pub fn of(composition: &Composition) -> Option<Lineage> {
        let texts = composition.tracks.iter().rev().flat_map(|t| t.texts(MetaType::TEXT));
        texts.filter_map(|(_, text)| serde_json::from_str(text.strip_prefix(MARK)?).ok()).next()
    }

    /// Writes it into the first track that was composed, in the place of what is written there.
    pub fn write(&self, composition: &mut Composition) {
        let Ok(json) = serde_json::to_string(self) else { return };
        let last = composition.tracks.len().saturating_sub(1);
        for (index, track) in composition.tracks.iter_mut().enumerate() {
            let is_it = |event: &Event<'_>| matches!(event, Event::Meta(MetaType::TEXT, data) if data.starts_with(MARK.as_bytes()));
            let here = index == self.melody_tracks.min(last);
            if !here && !track.events().any(|(_, e)| is_it(&e)) {
                continue;
            }
            let mut rewritten = Track::with_capacity(track.len() + 1);
            for (at, event) in track.events().filter(|(_, e)| !is_it(e)) {
                rewritten.push(at, event);
            }
            if here {
                rewritten.push_text(Ticks(0), MetaType::TEXT, &format!("{MARK}{json}"));
            }
            rewritten.end_at(track.end());
            *track = rewritten;
        }
    }

    /// The melody of a composition with this lineage.
    #[must_use]
    pub fn melody_in(&self, composition: &Composition) -> Composition {
        let mut melody = Composition::new(composition.format, composition.division);
        melody.tracks = composition.tracks.iter().take(self.melody_tracks).cloned().collect();
        melody
    }
}
