//! What a part's voices are mixed into: left, right, and what goes to reverb and chorus.

use std::ops::Range;

/// How many there are.
pub(super) const BUSES: usize = 4;

/// A stretch of them, to be added to.
pub(super) type Stretch<'a> = [&'a mut [f32]; BUSES];

/// A part's buses, all of one length.
#[derive(Debug)]
pub(super) struct Buses {
    lanes: [Vec<f32>; BUSES],
    /// How many frames may hold something else than zeros.
    used: usize,
}

impl Buses {
    /// With room for so many frames.
    pub(super) fn new(frames: usize) -> Buses {
        Buses { lanes: std::array::from_fn(|_| vec![0.0; frames]), used: 0 }
    }

    /// How many frames there is room for.
    pub(super) fn room(&self) -> usize {
        self.lanes[0].len()
    }

    pub(super) fn clear(&mut self) {
        let used = std::mem::take(&mut self.used);
        self.lanes.iter_mut().filter_map(|lane| lane.get_mut(..used)).for_each(|lane| lane.fill(0.0));
    }

    /// Some of the frames, to be added to.
    pub(super) fn stretch(&mut self, frames: Range<usize>) -> Stretch<'_> {
        self.used = self.used.max(frames.end);
        self.lanes.each_mut().map(|lane| lane.get_mut(frames.clone()).unwrap_or_default())
    }

    /// The first `frames` frames; `None` where all is silence.
    pub(super) fn sound(&self, frames: usize) -> Option<[&[f32]; BUSES]> {
        (self.used > 0).then(|| std::array::from_fn(|lane| self.lanes[lane].get(..frames).unwrap_or_default()))
    }
}
