//! Where phrases end: at long notes and before rests. The model, which learned from chorales with
//! their fermatas, closes phrases there with cadences.

use super::{Section, Voice};
use crate::compose::score::Symbol;

/// A phrase is no shorter than this, in steps.
const SHORTEST: usize = 16;
/// Phrases longer than this on the average are none that a singer would know.
const LONGEST: usize = 160;
/// A fermata covers no more steps than this.
const LONGEST_REST: usize = 8;
/// What a place says of a phrase's end.
const FERMATA: u8 = 2;
const NO_FERMATA: u8 = 1;

/// Marks the ends of phrases in the places of a section.
pub(super) fn mark(section: &mut Section, voice: Voice) {
    let notes = &section.notes;
    let mut lengths: Vec<usize> = notes.iter().map(|n| n.to - n.from).collect();
    lengths.sort_unstable();
    let usual = lengths.get(lengths.len() / 2).copied().unwrap_or(4);
    let mut ends = Vec::new();
    let mut begin = notes.first().map_or(0, |n| n.from);
    for (i, n) in notes.iter().enumerate() {
        let next = notes.get(i + 1).map(|n| n.from);
        let rest = next.is_none_or(|next| next >= n.to + 4);
        let long = n.to - n.from >= usize::max(8, 2 * usual);
        let followed_by_shorter = notes.get(i + 1).is_none_or(|after| after.to - after.from < n.to - n.from);
        if next.is_none() || (n.to - begin >= SHORTEST && (rest || (long && followed_by_shorter))) {
            ends.push((n.from, n.to));
            begin = next.unwrap_or(n.to);
        }
    }
    let known = ends.len() * LONGEST >= section.score.len();
    for place in &mut section.score.places {
        place.fermata = if known { NO_FERMATA } else { 0 };
    }
    for (from, to) in ends {
        // Under a note that is held for bars the others move on until its last half bar.
        let from = usize::max(from, to.saturating_sub(LONGEST_REST));
        for (place, step) in section.score.places[from..to].iter_mut().zip(&section.score.steps[from..to]) {
            if step[voice as usize].symbol != Symbol::REST {
                place.fermata = FERMATA;
            }
        }
    }
}

/// The steps from `begin` on, which nobody has played yet, end a phrase with the piece; what was the
/// end before is one no more, unless it sounds like it.
pub(super) fn end_extension(section: &mut Section, begin: usize) {
    let bar = section.score.places.last().map_or(4, |p| usize::from(p.bar_length.clamp(2, 4)));
    let length = section.score.len();
    let last = usize::min(2 * bar, (length - begin) / 2).max(1);
    for place in &mut section.score.places[length - usize::min(last, length)..] {
        place.fermata = FERMATA;
    }
}
