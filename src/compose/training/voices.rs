//! From any composition to four voices on a grid of sixteenths, or the reason why that cannot be.
//!
//! Four parts of one line each are soprano, alto, tenor and bass by how high they lie. Anything else is taken
//! for one polyphonic whole and parted: a voice goes on with the note that is nearest, voices do not cross where
//! they need not, and of more than four notes that begin together the outer ones stay.

use super::pieces::{Piece, SHORTEST};
use crate::compose::melody::grid::Grid;
use crate::compose::score::{Attack, Cell, Score, Symbol, VOICES};
use crate::music::composition::{Composition, Division, Format, Note};
use crate::music::general_midi;
use crate::music::time::Ticks;

/// Silence of more steps than this parts a piece.
const SILENCE: u64 = 32;
/// A note is read as this many steps at most.
const LONGEST: u64 = 256;
/// How far from its sixteenth a note may begin, in hundredths of a sixteenth, to count as on the grid.
const NEAR: u64 = 20;
/// Where a voice is taken to come from before its first note.
const MIDDLE: [i32; VOICES] = [69, 62, 57, 48];
/// What a crossing costs, in semitones of leap.
const CROSSING: i32 = 24;

/// Why there is nothing to learn from a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nothing, or drums.
    #[error("no notes that a voice could sing")]
    NoNotes,
    /// Format 2.
    #[error("its tracks are pieces of their own (format 2)")]
    Sequential,
    /// SMPTE time.
    #[error("it counts film frames instead of beats: there is no grid of sixteenths")]
    NoBeats,
    /// Played freely, or in triplets.
    #[error("only {percent} % of its notes begin on a sixteenth: played without a metronome, or in triplets")]
    OffGrid {
        /// How many do.
        percent: usize,
    },
    /// A melody alone.
    #[error("one voice alone: there is no harmony in it to learn")]
    OneVoice,
    /// An orchestra.
    #[error("{percent} % of its notes are more than four voices can hold")]
    TooMany {
        /// How many.
        percent: usize,
    },
    /// Less than a bar.
    #[error("it is shorter than a bar")]
    TooShort,
}

/// A note on the grid.
#[derive(Clone, Copy, Debug)]
struct Laid {
    from: u64,
    to: u64,
    key: u8,
    /// Where it is told by its part.
    voice: Option<usize>,
}

/// The pieces in a composition, all under one name: more than one where long silences part them.
///
/// # Errors
/// Says why there are none.
pub fn pieces_of(name: &str, composition: &Composition) -> Result<Vec<Piece>, Unusable> {
    if composition.format == Format::Sequential && composition.tracks.len() > 1 {
        return Err(Unusable::Sequential);
    }
    let Division::Metrical(ppq) = composition.division else { return Err(Unusable::NoBeats) };
    let quarter = u64::from(ppq.get());
    let parts = parts(composition);
    let count: usize = parts.iter().map(Vec::len).sum();
    if count == 0 {
        return Err(Unusable::NoNotes);
    }
    let step = |at: Ticks| at.0.saturating_mul(4).saturating_add(quarter / 2) / quarter;
    let near = |n: &&Note| {
        let off = n.start.0.saturating_mul(4).abs_diff(step(n.start).saturating_mul(quarter));
        off.saturating_mul(100) <= NEAR * quarter
    };
    let percent = parts.iter().flatten().filter(near).count() * 100 / count;
    if percent < 70 {
        return Err(Unusable::OffGrid { percent });
    }
    let lay = |part: usize, n: &Note| {
        let from = step(n.start);
        let to = step(n.end).clamp(from + 1, from + LONGEST);
        Laid { from, to, key: n.key.get(), voice: Some(part) }
    };
    let mut laid: Vec<Vec<Laid>> =
        parts.iter().enumerate().map(|(i, notes)| notes.iter().map(|n| lay(i, n)).collect()).collect();
    let told = laid.len() == VOICES && laid.iter().all(|part| is_one_line(part));
    let mut all = laid.split_off(0).concat();
    if !told {
        all.iter_mut().for_each(|n| n.voice = None);
    }
    // Of what begins together the highest comes first.
    all.sort_by_key(|n| (n.from, std::cmp::Reverse(n.key)));
    let grid = Grid::written(quarter, composition.tempo_map());
    let (mut pieces, mut lost, mut sounding, mut steps) = (Vec::new(), 0, 0, 0);
    let mut rest = all.as_slice();
    while let Some(first) = rest.first() {
        let (mut end, mut next) = (first.to, 1);
        while rest.get(next).is_some_and(|n| n.from <= end + SILENCE) {
            end = end.max(rest[next].to);
            next += 1;
        }
        let (section, later) = rest.split_at(next);
        rest = later;
        let (score, more_lost) = lay_out(section, end, &grid);
        lost += more_lost;
        let of = |s: &[Cell; VOICES]| s.iter().filter(|c| c.symbol != Symbol::REST).count();
        sounding += score.steps.iter().map(of).sum::<usize>();
        steps += score.steps.iter().filter(|s| of(s) > 0).count();
        if score.len() >= SHORTEST {
            pieces.push(Piece::new(name, score));
        }
    }
    let percent = lost * 100 / count;
    if percent > 25 {
        return Err(Unusable::TooMany { percent });
    }
    if 2 * sounding < 3 * steps {
        return Err(Unusable::OneVoice);
    }
    if pieces.is_empty() { Err(Unusable::TooShort) } else { Ok(pieces) }
}

/// What is sung, by track and channel, the highest first.
fn parts(composition: &Composition) -> Vec<Vec<Note>> {
    let mut parts: Vec<Vec<Note>> = Vec::new();
    for track in &composition.tracks {
        let mut by_channel: Vec<Vec<Note>> = vec![Vec::new(); 16];
        for note in track.notes().into_iter().filter(|n| n.channel != general_midi::PERCUSSION) {
            by_channel[usize::from(note.channel.get())].push(note);
        }
        parts.extend(by_channel.into_iter().filter(|notes| !notes.is_empty()));
    }
    let height = |notes: &Vec<Note>| {
        let sum: u64 = notes.iter().map(|n| u64::from(n.key.get())).sum();
        std::cmp::Reverse(sum * 1000 / notes.len() as u64)
    };
    parts.sort_by_key(height);
    parts
}

/// Whether hardly any notes of a part sound together.
fn is_one_line(part: &[Laid]) -> bool {
    let mut sorted = part.to_vec();
    sorted.sort_by_key(|n| n.from);
    let together = sorted.windows(2).filter(|n| n[0].from == n[1].from).count();
    together * 20 <= part.len()
}

/// Notes of a section, up to step `end`, into voices; also how many found no place.
fn lay_out(notes: &[Laid], end: u64, grid: &Grid) -> (Score, usize) {
    let first = notes.first().map_or(0, |n| n.from);
    let length = usize::try_from(end - first).unwrap_or(0);
    let rest = Cell { symbol: Symbol::REST, attack: Attack::Held };
    let mut steps = vec![[rest; VOICES]; length];
    let mut voices = Voices::default();
    let mut lost = 0;
    for together in notes.chunk_by(|a, b| a.from == b.from) {
        let at = together[0].from;
        let placed = match together[0].voice {
            Some(_) => together.iter().filter_map(|n| n.voice.map(|v| (v, *n))).collect(),
            None => voices.take(at, together),
        };
        lost += together.len() - placed.len();
        for (v, note) in placed {
            voices.last[v] = Some(note);
            let Some(symbol) = readable(note.key) else { continue };
            let (from, to) = ((note.from - first) as usize, (note.to - first) as usize);
            for (i, step) in steps[from..to.min(length)].iter_mut().enumerate() {
                let attack = if i == 0 { Attack::Struck } else { Attack::Held };
                step[v] = Cell { symbol, attack };
            }
            // What the new note cuts short does not come back when it ends.
            for step in steps[to.min(length)..].iter_mut().take_while(|s| s[v] != rest) {
                step[v] = rest;
            }
        }
    }
    (Score { steps, places: (first..end).map(|s| grid.place(s)).collect() }, lost)
}

/// What each voice sang last.
#[derive(Default)]
struct Voices {
    last: [Option<Laid>; VOICES],
}

impl Voices {
    /// Gives notes that begin at `at`, the highest first, to voices that are free.
    fn take(&self, at: u64, notes: &[Laid]) -> Vec<(usize, Laid)> {
        let holds = |v: usize| self.last[v].filter(|n| n.to > at);
        let free: Vec<usize> = (0..VOICES).filter(|v| holds(*v).is_none()).collect();
        let mut notes = notes.to_vec();
        notes.dedup_by_key(|n| n.key);
        // The outer ones stay: of the inner ones those in the middle go.
        while notes.len() > free.len() {
            notes.remove(notes.len() / 2);
        }
        let mut best: Option<(i32, Vec<(usize, Laid)>)> = None;
        for choice in 0u8..1 << free.len() {
            if choice.count_ones() as usize != notes.len() {
                continue;
            }
            let chosen = free.iter().enumerate().filter(|(i, _)| choice >> i & 1 == 1).map(|(_, v)| *v);
            let placed: Vec<(usize, Laid)> = chosen.zip(notes.iter().copied()).collect();
            let cost = placed.iter().map(|(v, n)| self.cost(*v, *n, &holds)).sum();
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, placed));
            }
        }
        best.map(|(_, placed)| placed).unwrap_or_default()
    }

    fn cost(&self, v: usize, note: Laid, holds: &impl Fn(usize) -> Option<Laid>) -> i32 {
        let key = i32::from(note.key);
        let leap = (key - self.last[v].map_or(MIDDLE[v], |n| i32::from(n.key))).abs();
        let crossed = |w: usize| {
            holds(w).is_some_and(|n| {
                let other = i32::from(n.key);
                if w < v { other < key } else { other > key }
            })
        };
        leap + (0..VOICES).filter(|w| *w != v && crossed(*w)).count() as i32 * CROSSING
    }
}

/// The symbol of a key, by octaves brought to where the model knows keys.
fn readable(key: u8) -> Option<Symbol> {
    let octaves = (0..6u8).flat_map(|o| [key.checked_add(12 * o), key.checked_sub(12 * o)]);
    octaves.flatten().find_map(Symbol::key)
}

#[cfg(test)]
mod tests;
