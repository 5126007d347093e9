//! Files: weights for the program to compose with (f16), and checkpoints to go on from (f32).

use super::layout::{Layout, Shape};
use super::optimiser::Moments;
use super::trainer::{Course, HeldOut, Trainer};
use crate::compose::Error;
use crate::compose::weights::{Numbers, Weights, write};

/// A weights file of the kind that [`Model::read`](crate::compose::Model::read) reads.
pub(super) fn weights(layout: &Layout, numbers: &[f32], provenance: &[(&str, String)]) -> Vec<u8> {
    let mut metadata = sizes(layout.size);
    metadata.push(("format", "pt".to_owned()));
    metadata.extend(provenance.iter().cloned());
    let tensors: Vec<_> =
        layout.tensors.iter().map(|t| (t.name.as_str(), t.shape.as_slice(), t.span.of(numbers))).collect();
    write(&metadata, &tensors, Numbers::Half)
}

fn sizes(size: Shape) -> Vec<(&'static str, String)> {
    vec![
        ("d", size.width.to_string()),
        ("layers", size.layers.to_string()),
        ("heads", (size.width / 32).to_string()),
        ("inner", size.inner.to_string()),
        ("near", size.near.to_string()),
    ]
}

impl Trainer {
    /// All that is needed to go on as if nothing had happened. `notes` come back from [`Trainer::resume`].
    #[must_use]
    pub fn checkpoint(&self, notes: &str) -> Vec<u8> {
        let mut metadata = sizes(self.layout.size);
        metadata.push(("steps", self.moments.steps.to_string()));
        metadata.push(("any_order", self.layout.size.any_order.to_string()));
        metadata.push(("notes", notes.to_owned()));
        let shape = [self.layout.total];
        let mut tensors = vec![
            ("weights", &shape[..], self.weights.as_slice()),
            ("average", &shape[..], self.average.as_slice()),
            ("first", &shape[..], self.moments.first.as_slice()),
            ("second", &shape[..], self.moments.second.as_slice()),
        ];
        if let Some((figures, best)) = &self.best {
            let figures = serde_json::to_string(figures).unwrap_or_default();
            metadata.push(("best", figures));
            tensors.push(("best", &shape[..], best.as_slice()));
        }
        write(&metadata, &tensors, Numbers::Single)
    }

    /// The notes of a checkpoint.
    ///
    /// # Errors
    /// When the file is no checkpoint, or not whole.
    pub fn notes(checkpoint: &[u8]) -> Result<String, Error> {
        Weights::open(checkpoint)?.text("notes").map(ToOwned::to_owned)
    }

    /// Goes on from a checkpoint of the same course.
    ///
    /// # Errors
    /// When the file is no checkpoint, or not whole.
    pub fn resume(checkpoint: &[u8], course: Course) -> Result<Trainer, Error> {
        let w = Weights::open(checkpoint)?;
        let (width, any_order) = (w.size("d")?, w.text("any_order")? == "true");
        let size =
            Shape { width, layers: w.size("layers")?, inner: w.size("inner")?, near: w.size("near")?, any_order };
        let layout = Layout::new(size);
        let row = |name: &str| w.tensor(name, &[layout.total]);
        let broken = |what: &str| Error::BrokenWeights { why: format!("its header says no {what}") };
        let steps = w.text("steps")?.parse().map_err(|_| broken("steps"))?;
        let best = match w.text("best") {
            Err(_) => None,
            Ok(figures) => {
                let figures: HeldOut = serde_json::from_str(figures).map_err(|_| broken("figures"))?;
                Some((figures, row("best")?))
            }
        };
        let moments = Moments { first: row("first")?, second: row("second")?, steps };
        let (weights, average) = (row("weights")?, row("average")?);
        Ok(Trainer::with(layout, course, weights, average, moments, best))
    }
}
