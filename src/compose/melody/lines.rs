//! Lines: which notes make a voice, and how they lie on the grid.

use std::collections::BTreeSet;
use std::ops::Range;

use super::grid::Grid;
use super::{SILENCE, Section, Sung, Voice};
use crate::compose::request::{Bass, Parameters};
use crate::compose::rules::RANGES;
use crate::compose::score::{Attack, Cell, KEYS, LOWEST, Score, Symbol, VOICES};
use crate::music::composition::{Composition, Note};
use crate::music::time::Ticks;

/// How fast a key goes down where nothing says so.
pub(super) const USUAL_VELOCITY: u8 = 80;
/// A note is read as this many steps at most.
const LONGEST: u64 = 256;
/// A line counts as a bass when it lies so many semitones below the melody.
const BELOW: u8 = 7;
/// Names of tracks that are melodies.
const MELODIES: [&str; 6] = ["melody", "melodie", "lead", "vocal", "voice", "soprano"];

/// A voice that the input has besides the melody.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which voice.
    pub voice: Voice,
    /// The track it comes from, from 0.
    pub track: usize,
    /// What becomes of it.
    pub fate: Fate,
    /// Its notes with their indices in the track.
    pub notes: Vec<(usize, Note)>,
    /// Semitones by which the model reads it higher than it is.
    pub(super) shift: i16,
}

/// What becomes of a voice that the input has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The model reads it, and it stays.
    Kept,
    /// The bars that are asked for are written anew into its own track; the model reads the others.
    Redone,
    /// It goes, and a new track takes its place.
    Replaced,
}

/// A note on the grid.
pub(super) struct Laid {
    from: u64,
    to: u64,
    key: u8,
    start: Ticks,
    velocity: u8,
    index: usize,
}

/// The melody's track: one that says so, or else the track with the highest notes of those that have
/// a fifth of the most notes at least.
pub(super) fn melody_track(composition: &Composition, sung: &[Vec<(usize, Note)>]) -> usize {
    let most = sung.iter().map(Vec::len).max().unwrap_or(0);
    let enough = |i: usize| !sung[i].is_empty() && sung[i].len() * 5 >= most;
    let named = |i: &usize| {
        let name = composition.tracks[*i].name().unwrap_or_default().to_lowercase();
        MELODIES.iter().any(|m| name.contains(m))
    };
    let candidates = (0..sung.len()).filter(|i| enough(*i));
    candidates.clone().find(named).unwrap_or_else(|| {
        let middle = |i: usize| middle(sung[i].iter().map(|(_, n)| n));
        candidates
            .fold(None, |best: Option<usize>, i| best.filter(|b| middle(*b) >= middle(i)).or(Some(i)))
            .unwrap_or(0)
    })
}

/// Of a track with several channels (a file of one track for all) the notes of the channel that is
/// the melody.
pub(super) fn melody_channel(notes: &[(usize, Note)]) -> Vec<(usize, Note)> {
    let of = |channel: u8| notes.iter().filter(move |(_, n)| n.channel.get() == channel).map(|(_, n)| n);
    let counts: [usize; 16] = std::array::from_fn(|c| of(c as u8).count());
    let most = counts.iter().copied().max().unwrap_or(0);
    let candidates = (0..16u8).filter(|c| counts[usize::from(*c)] > 0 && counts[usize::from(*c)] * 5 >= most);
    let best =
        candidates.fold(None, |best: Option<u8>, c| best.filter(|b| middle(of(*b)) >= middle(of(c))).or(Some(c)));
    notes.iter().filter(|(_, n)| Some(n.channel.get()) == best).copied().collect()
}

/// The key in the middle of all notes.
fn middle<'a>(notes: impl Iterator<Item = &'a Note>) -> u8 {
    let mut keys: Vec<u8> = notes.map(|n| n.key.get()).collect();
    keys.sort_unstable();
    keys.get(keys.len() / 2).copied().unwrap_or(0)
}

/// The voice in whose range notes lie.
pub(super) fn voice_of(notes: &[Note]) -> Voice {
    match middle(notes.iter()) {
        57.. => Voice::Soprano,
        48..57 => Voice::Tenor,
        _ => Voice::Bass,
    }
}

/// Semitones that bring a melody into the range of a voice: whole octaves, unless another number
/// brings many more of its notes there. Lines that go with a melody are told the melody's shift, from
/// which they differ by octaves.
pub(super) fn shift_to(voice: Voice, notes: &[Note], with: Option<i16>) -> i16 {
    let outside = |shift: i16| {
        let (low, high) = (i16::from(*RANGES[voice as usize].start()), i16::from(*RANGES[voice as usize].end()));
        let outside = notes.iter().filter(|n| !(low..=high).contains(&(i16::from(n.key.get()) + shift)));
        outside.count() as f64 / notes.len().max(1) as f64
    };
    let price = |shift: i16| {
        let odd = if shift % 12 == 0 || with.is_some() { 0.0 } else { 0.3 };
        4.0 * outside(shift) + odd + 0.01 * f64::from(shift.abs())
    };
    let shifts = (-96..=96).filter(|s| with.is_none_or(|with| (s - with) % 12 == 0));
    shifts.min_by(|a, b| price(*a).total_cmp(&price(*b))).unwrap_or(0)
}

/// The other voices: tracks that bear their names, and the lowest track as the bass.
pub(super) fn others(
    composition: &Composition,
    sung: &[Vec<(usize, Note)>],
    melody: usize,
    voice: Voice,
    shift: i16,
    told: &Parameters,
) -> Vec<Line> {
    let asked = |v: Voice| told.voices.as_ref().is_some_and(|voices| voices.contains(&v));
    let mut lines: Vec<Line> = Vec::new();
    for (track, notes) in sung.iter().enumerate().filter(|(t, n)| *t != melody && !n.is_empty()) {
        let Some(named) = composition.tracks[track].name().and_then(|n| Voice::of_name(&n)) else { continue };
        if named == voice || lines.iter().any(|l| l.voice == named) {
            continue;
        }
        let redone = asked(named) || (told.bars.is_some() && told.voices.is_none());
        let replaced = named == Voice::Bass && told.bass == Bass::Replace;
        let fate = if redone || replaced { Fate::Redone } else { Fate::Kept };
        lines.push(line(named, track, fate, notes.clone(), shift));
    }
    let bass_is_there = voice == Voice::Bass || lines.iter().any(|l| l.voice == Voice::Bass);
    let plain = |t: usize| sung[t].iter().map(|(_, n)| n);
    let low = (0..sung.len())
        .filter(|t| *t != melody && sung[*t].len() * 8 >= sung[melody].len() && !sung[*t].is_empty())
        .filter(|t| lines.iter().all(|l| l.track != *t))
        .filter(|t| middle(plain(*t)) <= 57 && middle(plain(*t)) + BELOW <= middle(plain(melody)))
        .min_by_key(|t| middle(plain(*t)));
    if let (Some(track), false) = (low, bass_is_there) {
        let replaced = told.bass == Bass::Replace || asked(Voice::Bass);
        let fate = if replaced { Fate::Replaced } else { Fate::Kept };
        lines.push(line(Voice::Bass, track, fate, sung[track].clone(), shift));
    }
    lines
}

fn line(voice: Voice, track: usize, fate: Fate, notes: Vec<(usize, Note)>, with: i16) -> Line {
    let plain: Vec<Note> = notes.iter().map(|(_, n)| *n).collect();
    let shift = shift_to(voice, &plain, Some(with));
    Line { voice, track, fate, notes, shift }
}

/// The bass under a melody that is played with both hands: its low notes, where there are enough.
pub(super) fn lowest(notes: &[(usize, Note)], track: usize, shift: i16) -> Option<Line> {
    let top = middle(notes.iter().map(|(_, n)| n));
    let low: Vec<(usize, Note)> =
        notes.iter().filter(|(_, n)| n.key.get() + BELOW <= top && n.key.get() <= 57).copied().collect();
    (low.len() * 8 >= notes.len()).then(|| line(Voice::Bass, track, Fate::Kept, low, shift))
}

/// Lays notes on the grid. Of notes on one step the last one stands: the longest, then the highest.
pub(super) fn lay(notes: &[(usize, Note)], grid: &Grid) -> Vec<Laid> {
    let mut laid: Vec<Laid> = notes
        .iter()
        .map(|(index, n)| {
            let from = grid.nearest(n.start);
            let to = grid.nearest(n.end).clamp(from + 1, from + LONGEST);
            Laid { from, to, key: n.key.get(), start: n.start, velocity: n.velocity.get(), index: *index }
        })
        .collect();
    laid.sort_by_key(|n| (n.from, n.to, n.key));
    laid
}

pub(super) fn sections(laid: &[Laid], grid: &Grid, voice: Voice, shift: i16, polyphonic: bool) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut begin = 0;
    while begin < laid.len() {
        let mut end = laid[begin].to;
        let mut next = begin + 1;
        while next < laid.len() && laid[next].from <= end + SILENCE {
            end = end.max(laid[next].to);
            next += 1;
        }
        sections.push(section(&laid[begin..next], end, grid, voice, shift, polyphonic));
        begin = next;
    }
    sections
}

fn section(laid: &[Laid], end: u64, grid: &Grid, voice: Voice, shift: i16, polyphonic: bool) -> Section {
    let first = laid[0].from;
    let length = usize::try_from(end - first).unwrap_or(0);
    let mut ticks: Vec<Ticks> = (first..=end).map(|s| grid.tick(s)).collect();
    let line = skyline(laid, first, length, if polyphonic { Edge::Highest } else { Edge::Newest });
    let mut notes: Vec<Sung> = Vec::new();
    let mut loudness = vec![USUAL_VELOCITY; length];
    let mut step = 0;
    let mut last = USUAL_VELOCITY;
    while step < length {
        let Some(n) = line[step] else {
            loudness[step] = last;
            step += 1;
            continue;
        };
        let to = (step + 1..length).find(|t| line[*t] != Some(n)).unwrap_or(length);
        let n = &laid[n];
        ticks[step] = n.start;
        last = n.velocity;
        loudness[step..to].fill(last);
        notes.push(Sung { index: n.index, from: step, to });
        step = to;
    }
    for i in 1..ticks.len() {
        ticks[i] = ticks[i].max(ticks[i - 1]);
    }
    let steps = cells(laid, &line, shift).map(|cell| {
        let mut step = [Cell::HIDDEN; VOICES];
        step[voice as usize] = cell;
        step
    });
    let score = Score { steps: steps.collect(), places: (first..end).map(|s| grid.place(s)).collect() };
    Section { first, score, ticks, loudness, notes, open: 0..length }
}

/// Which of several notes is the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    /// The newest: a melody whose notes overlap by touch.
    Newest,
    /// The highest that sounds.
    Highest,
    /// The lowest.
    Lowest,
}

/// For each step which note is the line.
fn skyline(laid: &[Laid], first: u64, length: usize, edge: Edge) -> Vec<Option<usize>> {
    let mut line: Vec<Option<usize>> = vec![None; length];
    for (i, n) in laid.iter().enumerate() {
        let (from, to) = (n.from.saturating_sub(first) as usize, ((n.to.saturating_sub(first)) as usize).min(length));
        if n.from < first || from >= length {
            continue;
        }
        let hidden = line[from].is_some_and(|other| match edge {
            Edge::Newest => false,
            Edge::Highest => laid[other].key > n.key,
            Edge::Lowest => laid[other].key < n.key,
        });
        if hidden {
            continue;
        }
        // What the newer note cuts short does not come back when it ends.
        let cut = line[from].filter(|other| laid[*other].from < n.from);
        line[from..to].fill(Some(i));
        if let Some(cut) = cut {
            line[to..].iter_mut().take_while(|c| **c == Some(cut)).for_each(|c| *c = None);
        }
    }
    line
}

fn cells<'a>(laid: &'a [Laid], line: &'a [Option<usize>], shift: i16) -> impl Iterator<Item = Cell> + 'a {
    line.iter().enumerate().map(move |(t, note)| match note {
        None => Cell { symbol: Symbol::REST, attack: Attack::Held },
        Some(n) => {
            let struck = t == 0 || line[t - 1] != Some(*n);
            let attack = if struck { Attack::Struck } else { Attack::Held };
            Cell { symbol: readable(i16::from(laid[*n].key) + shift), attack }
        }
    })
}

/// Writes a line into a section for the model to read.
pub(super) fn give(section: &mut Section, line: &Line, grid: &Grid) {
    let laid = lay(&line.notes, grid);
    let end = section.first + section.score.len() as u64;
    let within = laid.partition_point(|n| n.from < section.first)..laid.partition_point(|n| n.from < end);
    let laid = &laid[within];
    let edge = if line.voice == Voice::Bass { Edge::Lowest } else { Edge::Highest };
    let picked = skyline(laid, section.first, section.score.len(), edge);
    for (step, cell) in section.score.steps.iter_mut().zip(cells(laid, &picked, line.shift)) {
        step[line.voice as usize] = cell;
    }
}

/// Hides a voice in some steps, and to their ends the notes that begin there; what sounds on into
/// them stays.
pub(super) fn hide(section: &mut Section, voice: Voice, steps: Range<usize>) {
    let v = voice as usize;
    let held = |c: &Cell| c.attack == Attack::Held && c.symbol != Symbol::REST;
    let mut t = steps.start;
    while t < steps.end && t > 0 && held(&section.score.steps[t][v]) {
        t += 1;
    }
    while t < section.score.len() && (t < steps.end || (t > steps.start && held(&section.score.steps[t][v]))) {
        section.score.steps[t][v] = Cell::HIDDEN;
        t += 1;
    }
    section.open.end = section.open.end.max(t);
}

/// Whether notes sound together for more than a quarter of the time.
pub(super) fn is_polyphonic(laid: &[Laid]) -> bool {
    let all: u64 = laid.iter().map(|n| n.to - n.from).sum();
    let mut reached = 0;
    let mut union = 0;
    for n in laid {
        union += n.to.saturating_sub(n.from.max(reached));
        reached = reached.max(n.to);
    }
    all > union + union / 4
}

/// The notes of the melody where chords are played.
pub(super) fn top(laid: &[Laid], grid: &Grid, notes: &[(usize, Note)]) -> Vec<Note> {
    let sections = sections(laid, grid, Voice::Soprano, 0, true);
    let indices: BTreeSet<usize> = sections.iter().flat_map(|s| &s.notes).map(|n| n.index).collect();
    notes.iter().filter(|(i, _)| indices.contains(i)).map(|(_, n)| *n).collect()
}

/// How long each pitch class sounds, and the class of the melody's last note.
pub(super) fn sounding(notes: &[Note], melody: &[Note]) -> ([f64; 12], Option<u8>) {
    let mut classes = [0.0; 12];
    for n in notes {
        // Seconds do not matter, and a note that is held for ever is no more than a long one.
        classes[usize::from(n.key.get() % 12)] += (n.end.0.saturating_sub(n.start.0) as f64 + 1.0).sqrt();
    }
    (classes, melody.iter().max_by_key(|n| n.start).map(|n| n.key.get() % 12))
}

/// The symbol of a key, by octaves brought to where the model knows keys.
fn readable(key: i16) -> Symbol {
    let mut key = key;
    let (low, high) = (i16::from(LOWEST), i16::from(LOWEST + KEYS - 1));
    while key < low {
        key += 12;
    }
    while key > high {
        key -= 12;
    }
    u8::try_from(key).ok().and_then(Symbol::key).unwrap_or(Symbol::REST)
}
