//! DeepComposer's maximum notes to add: which notes go first when there may only be so many.

use super::{Part, Sound, Stage};

/// Leaves at most `most` notes: repeated notes go first, then those off the beat, those on the beat,
/// and those in the middle of the bar; of equal ones those of the upper parts, and of these the later.
/// A note whose tone stays in the harmony is held through what goes after it.
pub fn limit(parts: &mut [Part], stages: &[Stage<'_>], most: usize) {
    let all: usize = parts.iter().map(|p| p.notes.len()).sum();
    if all <= most {
        return;
    }
    let count = parts.len();
    let mut ranked: Vec<(u32, usize, usize)> = Vec::with_capacity(all);
    for (p, part) in parts.iter().enumerate() {
        for (i, n) in part.notes.iter().enumerate() {
            let stage = &stages[n.section];
            let phase = stage.phase(n.from);
            let place = match phase {
                0 => 4,
                8 => 3,
                p if p % 4 == 0 => 2,
                p if p % 2 == 0 => 1,
                _ => 0,
            };
            let before = part.notes[..i].iter().rev().take(4);
            let repeated = before.clone().any(|b| b.to == n.from && b.key == n.key && b.section == n.section);
            let weight = if repeated && part.sound != Sound::Percussion { place } else { 8 + place };
            // The lowest part comes last in every style but where drums do.
            let depth = if part.sound == Sound::Percussion { 0 } else { p + 1 };
            ranked.push((weight * 16 + depth.min(count) as u32, p, i));
        }
    }
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)).then(b.1.cmp(&a.1)));
    let mut keep: Vec<Vec<bool>> = parts.iter().map(|p| vec![false; p.notes.len()]).collect();
    for (_, p, i) in ranked.iter().take(most) {
        keep[*p][*i] = true;
    }
    for (part, keep) in parts.iter_mut().zip(&keep) {
        let mut kept: Vec<super::Note> = Vec::new();
        for (n, keep) in part.notes.iter().zip(keep) {
            if *keep {
                kept.push(*n);
                continue;
            }
            let fits = |key: u8| stages[n.section].chords.get(n.from).copied().flatten().is_some_and(|c| c.has(key));
            let held = kept.iter_mut().rev().take(4).find(|k| k.section == n.section && k.to == n.from && fits(k.key));
            if let Some(held) = held.filter(|_| part.sound != Sound::Percussion) {
                held.to = n.to;
            }
        }
        part.notes = kept;
    }
}
