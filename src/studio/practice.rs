//! Practising a piece: which keys are due, which were right, and when the piece is to wait.
//!
//! Nothing here moves by itself: it is told where the piece is and what was struck, and answers what the desk shall do.

use std::sync::Arc;

use crate::audio::sequencer::{Speed, Strip};
use crate::music::Micros;
use crate::music::message::Key;
use crate::studio::desk::{Piece, PieceNote};

/// Notes that begin within this are struck together.
const TOGETHER: Micros = Micros::from_millis(45);
/// So much too early or too late a key still counts, at the speed that is played.
const NEAR: Micros = Micros::from_millis(220);
/// The piece stops so long before what it waits for: a pulse, so that what goes with it is not heard before.
const LEAD: Micros = Micros::from_millis(40);

/// What became of a note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Somebody else plays it.
    #[default]
    NotMine,
    /// It is still to come.
    Coming,
    /// It was struck.
    Right,
    /// It went by.
    Missed,
}

/// What is to be practised of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The track in the file, from 0.
    pub track: usize,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// What a piece has to practise: its tracks, without drums.
#[must_use]
pub fn parts(piece: &Piece) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for strip in piece.score.strips() {
        let has_notes = piece.notes.iter().any(|n| n.track == strip.track && !n.drum);
        if has_notes && parts.iter().all(|p| p.track != strip.track) {
            parts.push(Part { track: strip.track, name: strip.name.clone() });
        }
    }
    parts
}

/// Notes that are struck together.
#[derive(Clone, Debug)]
struct Chord {
    at: Micros,
    /// Their numbers in the piece.
    notes: Vec<usize>,
}

/// What the desk shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing else than before.
    On,
    /// Stop: it waits for a key.
    Hold,
    /// Go on.
    Go,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Notes that were struck.
    pub right: usize,
    /// Notes that went by.
    pub missed: usize,
    /// Keys that were struck and not asked for.
    pub other: usize,
    /// Notes in all.
    pub of: usize,
}

/// Practising one part of a piece.
#[derive(Clone, Debug)]
pub struct Practice {
    piece: Arc<Piece>,
    part: usize,
    chords: Vec<Chord>,
    /// By the number of the note.
    marks: Arc<[Mark]>,
    /// The first chord that is not done with.
    next: usize,
    waits: bool,
    held: bool,
    other: usize,
}

impl Practice {
    /// A part of a piece, from its beginning.
    #[must_use]
    pub fn of(piece: Arc<Piece>, part: usize, waits: bool) -> Practice {
        let mine = |n: &PieceNote| n.track == part && !n.drum;
        let mut chords: Vec<Chord> = Vec::new();
        for (number, note) in piece.notes.iter().enumerate().filter(|(_, n)| mine(n)) {
            match chords.last_mut().filter(|c| note.start.since(c.at) < TOGETHER) {
                Some(chord) => chord.notes.push(number),
                None => chords.push(Chord { at: note.start, notes: vec![number] }),
            }
        }
        let marks = piece.notes.iter().map(|n| if mine(n) { Mark::Coming } else { Mark::NotMine }).collect();
        Practice { piece, part, chords, marks, next: 0, waits, held: false, other: 0 }
    }

    /// The piece.
    #[must_use]
    pub fn piece(&self) -> &Arc<Piece> {
        &self.piece
    }

    /// The track that is practised.
    #[must_use]
    pub fn part(&self) -> usize {
        self.part
    }

    /// What became of each note, by its number in the piece.
    #[must_use]
    pub fn marks(&self) -> &Arc<[Mark]> {
        &self.marks
    }

    /// Whether it waits for keys at this moment.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Whether nothing is to come any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.next >= self.chords.len()
    }

    /// How the piece is mixed: the part is the player's own, unless they want to hear it.
    #[must_use]
    pub fn strips(&self, hear: bool) -> Vec<Strip> {
        let mute = |track| track == self.part && !hear;
        self.piece.score.strips().iter().map(|s| Strip { mute: mute(s.track), ..Strip::default() }).collect()
    }

    /// The keys that are due next, a bit each.
    #[must_use]
    pub fn due(&self) -> u128 {
        let chord = self.chords.get(self.next);
        let coming = chord.into_iter().flat_map(|c| &c.notes).filter(|n| self.marks[**n] == Mark::Coming);
        coming.fold(0, |keys, n| keys | 1 << self.piece.notes[*n].key.get())
    }

    /// What came of it so far.
    #[must_use]
    pub fn sum(&self) -> Sum {
        let count = |mark| self.marks.iter().filter(|m| **m == mark).count();
        let of = self.marks.iter().filter(|m| **m != Mark::NotMine).count();
        Sum { right: count(Mark::Right), missed: count(Mark::Missed), other: self.other, of }
    }

    /// Whether it waits for the right keys; what it waits for now is let go by otherwise.
    pub fn set_waits(&mut self, waits: bool) -> Step {
        self.waits = waits;
        if !waits && std::mem::take(&mut self.held) { Step::Go } else { Step::On }
    }

    /// The piece is at this place and plays.
    pub fn moved(&mut self, to: Micros, speed: Speed) -> Step {
        if self.waits {
            let due = self.chords.get(self.next).is_some_and(|c| c.at <= to.plus(at_speed(LEAD, speed)));
            if due && !self.held {
                self.held = true;
                return Step::Hold;
            }
            return Step::On;
        }
        let late = to.since(at_speed(NEAR, speed));
        while let Some(chord) = self.chords.get(self.next).filter(|c| c.at < late) {
            let notes = chord.notes.clone();
            for note in notes {
                if self.marks[note] == Mark::Coming {
                    self.mark(note, Mark::Missed);
                }
            }
            self.next += 1;
        }
        Step::On
    }

    /// A key was struck while the piece was at this place.
    pub fn struck(&mut self, key: Key, at: Micros, speed: Speed) -> Step {
        let near = at_speed(NEAR, speed);
        let chords = if self.waits { self.next..self.next + 1 } else { self.next..self.chords.len() };
        let meant = self.chords.get(chords.start..chords.end.min(self.chords.len())).unwrap_or_default().iter();
        let mut meant = meant.take_while(|c| self.held || c.at <= at.plus(near)).flat_map(|c| &c.notes).copied();
        let coming = |n: &usize| self.marks[*n] == Mark::Coming && self.piece.notes[*n].key == key;
        let Some(note) = meant.find(coming) else {
            self.other += 1;
            return Step::On;
        };
        self.mark(note, Mark::Right);
        let is_done = self.chords[self.next].notes.iter().all(|n| self.marks[*n] != Mark::Coming);
        if !is_done {
            return Step::On;
        }
        self.next += 1;
        if std::mem::take(&mut self.held) { Step::Go } else { Step::On }
    }

    fn mark(&mut self, note: usize, mark: Mark) {
        Arc::make_mut(&mut self.marks)[note] = mark;
    }
}

/// How much of the piece goes by in a time.
fn at_speed(time: Micros, speed: Speed) -> Micros {
    Micros(time.0 * u64::from(speed.percent()) / 100)
}

/// Where the piece is at a time on the desk's clock, after or before it was seen at `seen`.
#[must_use]
pub fn place_at(at: Micros, seen: (Micros, Micros), speed: Speed) -> Micros {
    let (now, position) = seen;
    position.plus(at_speed(at.since(now), speed)).since(at_speed(now.since(at), speed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studio::compose::sample::SAMPLES;

    const SLOW: Speed = Speed::new(50).unwrap();

    fn practice(waits: bool) -> Practice {
        let piece = Piece::of("Grace".to_owned(), &SAMPLES[1].melody().unwrap());
        Practice::of(Arc::new(piece), 0, waits)
    }

    fn first(practice: &Practice) -> (Key, Micros) {
        let note = practice.piece.notes.iter().find(|n| n.track == practice.part).unwrap();
        (note.key, note.start)
    }

    fn other_than(key: Key) -> Key {
        Key::masked(key.get() + 1)
    }

    #[test]
    fn a_piece_that_waits_stops_before_a_note_and_goes_on_with_the_right_key() {
        let mut practice = practice(true);
        let (key, at) = first(&practice);
        assert_eq!(practice.due(), 1 << key.get());
        assert_eq!(practice.moved(at, Speed::NORMAL), Step::Hold);
        assert_eq!(practice.moved(at, Speed::NORMAL), Step::On, "it is said once");
        assert_eq!(practice.struck(other_than(key), at, Speed::NORMAL), Step::On);
        assert!(practice.is_held());
        assert_eq!(practice.struck(key, at, Speed::NORMAL), Step::Go);
        assert_eq!(practice.sum(), Sum { right: 1, missed: 0, other: 1, of: practice.marks.len() });
        // Who strikes a little early is not held up at all.
        let next = practice.chords[1].clone();
        let early = next.at.since(Micros::from_millis(100));
        assert_eq!(practice.moved(early, Speed::NORMAL), Step::On);
        assert_eq!(practice.struck(practice.piece.notes[next.notes[0]].key, early, Speed::NORMAL), Step::On);
        assert_eq!(practice.moved(next.at, Speed::NORMAL), Step::On);
        // Who no longer wants to be waited for is let go.
        let third = practice.chords[2].at;
        assert_eq!((practice.moved(third, Speed::NORMAL), practice.set_waits(false)), (Step::Hold, Step::Go));
    }

    #[test]
    fn what_goes_by_is_missed_and_slowly_played_there_is_as_much_time() {
        let mut practice = practice(false);
        let (key, at) = first(&practice);
        let late = at.plus(Micros::from_millis(150));
        // At half the speed 150 ms of the piece are 300 ms for the player.
        practice.moved(late, SLOW);
        assert_eq!(practice.sum().missed, 1);
        assert_eq!(practice.struck(key, late, SLOW), Step::On);
        assert_eq!((practice.sum().right, practice.sum().other), (0, 1));
        let mut quick = self::practice(false);
        quick.moved(late, Speed::NORMAL);
        quick.struck(key, late, Speed::NORMAL);
        assert_eq!((quick.sum().right, quick.sum().missed), (1, 0));
        quick.moved(quick.piece.length().plus(Micros::from_millis(9_000)), Speed::NORMAL);
        assert!(quick.is_over());
        assert_eq!(quick.sum().right + quick.sum().missed, quick.sum().of);
    }

    #[test]
    fn the_part_is_the_player_s_and_the_band_plays_on() {
        let whole = SAMPLES[1].whole().unwrap();
        let piece = Arc::new(Piece::of("Grace".to_owned(), &whole));
        let all = parts(&piece);
        assert!(all.len() > 1, "{all:?}");
        let practice = Practice::of(Arc::clone(&piece), all[0].track, true);
        let muted = practice.strips(false).iter().filter(|s| s.mute).count();
        assert!(muted == 1 && practice.strips(false).len() > 1);
        assert!(practice.strips(true).iter().all(|s| !s.mute));
        let mine = practice.marks.iter().filter(|m| **m == Mark::Coming).count();
        assert!(mine > 0 && mine < piece.notes.len());
    }

    #[test]
    fn a_key_s_place_follows_from_when_it_was_struck() {
        let seen = (Micros(1_000_000), Micros(500_000));
        assert_eq!(place_at(Micros(1_100_000), seen, SLOW), Micros(550_000));
        assert_eq!(place_at(Micros(900_000), seen, Speed::NORMAL), Micros(400_000));
        assert_eq!(place_at(Micros(0), seen, Speed::NORMAL), Micros::ZERO);
    }
}
