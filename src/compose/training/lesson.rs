//! Crops of pieces, and what of them is hidden and asked: the same draws as in `training/data.py`.

use super::pieces::Piece;
use crate::compose::model::{REACH, Sight};
use crate::compose::random::Random;
use crate::compose::score::{Attack, BARS, Cell, KEYS, LOWEST, Place, Step, Symbol, VOICES};

/// Steps of a crop.
pub(super) const LENGTH: usize = REACH;
/// Steps before a crop that the stem looks at.
pub(super) const LEFT: usize = 16;
/// Steps after it.
pub(super) const RIGHT: usize = 32;
const WHOLE: usize = LEFT + LENGTH + RIGHT;

/// How a crop is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// In the order of time.
    InTime,
    /// In the order of these ranks, one for each step from [`LEFT`] steps before the crop; what lies outside the
    /// piece is known from the beginning, and has rank 0.
    Sorted(Vec<usize>),
    /// All that is not hidden is seen: for weights that know no other order.
    Everywhere,
}

impl Way {
    /// What a token sees of others through attention.
    pub(super) fn sight(&self) -> Sight {
        match self {
            Way::InTime | Way::Sorted(_) => Sight::Causal,
            Way::Everywhere => Sight::Everywhere,
        }
    }

    /// A random order of the steps of a crop that begins at `start` of a piece of `length` steps.
    fn sorted(start: usize, length: usize, random: &mut Random) -> Way {
        let mut ranks: Vec<usize> = (1..=WHOLE).collect();
        random.shuffle(&mut ranks);
        for (w, rank) in ranks.iter_mut().enumerate() {
            if !(LEFT..length + LEFT).contains(&(start + w)) {
                *rank = 0;
            }
        }
        Way::Sorted(ranks)
    }
}

/// A crop, ready to be asked about.
#[derive(Clone, Debug)]
pub(super) struct Lesson {
    pub(super) way: Way,
    /// What may be looked back on, from [`LEFT`] steps before the crop to [`RIGHT`] after it.
    pub(super) past: Vec<Step>,
    /// What may be seen from any side; of the same length.
    pub(super) ahead: Vec<Step>,
    /// 2 under a fermata, 1 elsewhere, 0 unknown; of the same length.
    pub(super) fermata: Vec<u8>,
    pub(super) places: Vec<Place>,
    pub(super) truth: Vec<Step>,
    /// Voices told from the beginning, a bit each, by step of the crop.
    pub(super) given: Vec<u8>,
    /// By voice.
    pub(super) questions: [Vec<Question>; VOICES],
    pub(super) repeats: Vec<Repeat>,
    /// For what is dropped on the way.
    pub(super) chance: Random,
}

/// What sounds in a voice at a step?
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) step: usize,
    /// Voices of the step that are told, a bit each.
    pub(super) told: u8,
    pub(super) class: usize,
    /// By how much it counts beside others.
    pub(super) weight: f32,
}

/// Is what sounded at the step before struck anew?
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeat {
    pub(super) step: usize,
    pub(super) voice: usize,
    pub(super) struck: bool,
    pub(super) weight: f32,
}

impl Lesson {
    /// A crop of one of `pieces`, the long ones more often.
    pub(super) fn draw(pieces: &[Piece], reading: Reading, mut random: Random) -> Lesson {
        let weight = |p: &Piece| p.score.len().max(LENGTH);
        let mut at = random.below(pieces.iter().map(weight).sum());
        let mut chosen = 0;
        while chosen + 1 < pieces.len() && at >= weight(&pieces[chosen]) {
            at -= weight(&pieces[chosen]);
            chosen += 1;
        }
        let piece = &pieces[chosen];
        let last = piece.score.len().saturating_sub(LENGTH / 2).max(1);
        let start = if random.unit() < 0.1 { 0 } else { random.below(last) };
        let shift = piece.shifts[random.below(piece.shifts.len())];
        let (way, given) = match reading {
            Reading::InTime => (Way::InTime, given_in_time(&mut random)),
            Reading::Everywhere => (Way::Everywhere, given_anywhere(&mut random)),
            Reading::Sorted => (Way::sorted(start, piece.score.len(), &mut random), given_sorted(&mut random)),
        };
        Lesson::of(piece, start, shift, way, &given, Forgetting::Some, random)
    }

    /// A crop with what is given of it, step by step from [`LEFT`] steps before it, a bit a voice.
    pub(super) fn of(
        piece: &Piece,
        start: usize,
        shift: i16,
        way: Way,
        given: &[u8],
        forgetting: Forgetting,
        mut random: Random,
    ) -> Lesson {
        let forget = |random: &mut Random, share: f32| forgetting == Forgetting::Some && random.unit() < share;
        let (no_fermata, no_bars, no_attacks) =
            (forget(&mut random, 0.5), forget(&mut random, 0.5), forget(&mut random, 0.4));
        let with_gaps = way == Way::InTime && forget(&mut random, 0.35);
        let score = &piece.score;
        let at = |w: usize| (start + w) as isize - LEFT as isize;
        let real: Vec<Step> = (0..WHOLE).map(|w| score.step(at(w)).map(|c| moved(c, shift))).collect();
        let known: Vec<Step> = real
            .iter()
            .map(|s| s.map(|c| if no_attacks { Cell { attack: Attack::Unknown, ..c } } else { c }))
            .collect();
        let shown = |w: usize, v: usize| given[w] >> v & 1 == 1;
        let ahead: Vec<Step> =
            (0..WHOLE).map(|w| std::array::from_fn(|v| if shown(w, v) { known[w][v] } else { Cell::HIDDEN })).collect();
        let past = match way {
            Way::Everywhere => ahead.clone(),
            Way::InTime | Way::Sorted(_) => (0..WHOLE)
                .map(|w| {
                    std::array::from_fn(|v| {
                        let gap = with_gaps && random.unit() < 0.08 && !shown(w, v);
                        if gap { Cell::HIDDEN } else { known[w][v] }
                    })
                })
                .collect(),
        };
        let fermata = (0..WHOLE).map(|w| if no_fermata { 0 } else { score.fermata(at(w)) as u8 }).collect();
        let places = (LEFT..LEFT + LENGTH).map(|w| place(piece, at(w), no_bars, no_fermata)).collect();
        let mut questions: [Vec<Question>; VOICES] = Default::default();
        let mut repeats = Vec::new();
        for step in 0..LENGTH {
            let w = step + LEFT;
            let mut told = given[w] & 15;
            // The steps that come late, with much around them known, are what an ensemble of orders lives on.
            let weight = match &way {
                Way::Sorted(ranks) => 0.5 + (ranks[w] as f32 - 0.5) / WHOLE as f32,
                Way::InTime | Way::Everywhere => 1.0,
            };
            let mut order = [0, 1, 2, 3];
            random.shuffle(&mut order);
            for v in order {
                if shown(w, v) {
                    continue;
                }
                let cell = real[w][v];
                if let Some(class) = cell.symbol.class() {
                    questions[v].push(Question { step, told, class, weight });
                    let again = cell.symbol == real[w - 1][v].symbol && cell.symbol != Symbol::REST;
                    if again && known[w][v].attack != Attack::Unknown {
                        let struck = cell.attack == Attack::Struck;
                        repeats.push(Repeat { step, voice: v, struck, weight });
                    }
                }
                told |= 1 << v;
            }
        }
        Lesson {
            way,
            past,
            ahead,
            fermata,
            places,
            given: given[LEFT..LEFT + LENGTH].to_vec(),
            truth: known[LEFT..LEFT + LENGTH].to_vec(),
            questions,
            repeats,
            chance: random,
        }
    }

    /// What its questions count together: those what sounds, and those whether it is struck anew.
    pub(super) fn weights(&self) -> (f64, f64) {
        let pitch = self.questions.iter().flatten().map(|q| f64::from(q.weight)).sum();
        (pitch, self.repeats.iter().map(|r| f64::from(r.weight)).sum())
    }

    /// Its steps in the order in which they are read.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..LENGTH).collect();
        if let Way::Sorted(ranks) = &self.way {
            order.sort_by_key(|t| ranks[t + LEFT]);
        }
        order
    }

    /// Whether the neighbour at an offset from a step comes before it, so that it may be looked back on.
    pub(super) fn is_past(&self, step: usize, offset: isize) -> bool {
        match &self.way {
            Way::InTime | Way::Everywhere => offset < 0,
            Way::Sorted(ranks) => {
                let here = step + LEFT;
                ranks[here.saturating_add_signed(offset)] < ranks[here]
            }
        }
    }
}

/// How crops are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    InTime,
    Sorted,
    Everywhere,
}

/// Whether some of what is known is kept back, as it will be from the model later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgetting {
    /// Where bars and fermatas stand, where notes begin, now and then a cell.
    Some,
    /// Nothing.
    #[cfg(test)]
    Nothing,
}

fn moved(cell: Cell, shift: i16) -> Cell {
    let (low, high) = (i16::from(LOWEST), i16::from(LOWEST + KEYS - 1));
    let key = cell.symbol.to_key().map(|key| (i16::from(key) + shift).clamp(low, high));
    let symbol = key.and_then(|key| Symbol::key(key as u8)).unwrap_or(cell.symbol);
    Cell { symbol, ..cell }
}

fn place(piece: &Piece, t: isize, no_bars: bool, no_fermata: bool) -> Place {
    let inside = usize::try_from(t).ok().and_then(|t| piece.score.places.get(t));
    let Some(place) = inside else {
        let first = piece.score.places.first().map_or(0, |p| isize::from(p.beat));
        return Place { beat: (first + t).rem_euclid(4) as u8, ..Place::default() };
    };
    Place {
        beat: place.beat,
        bar: if no_bars { 0 } else { place.bar.min(BARS as u8 - 1) },
        bar_length: if no_bars { 0 } else { place.bar_length },
        fermata: if no_fermata { 0 } else { place.fermata },
    }
}

fn some_voices(random: &mut Random, count: usize) -> u8 {
    let mut voices = [0, 1, 2, 3];
    random.shuffle(&mut voices);
    voices.iter().take(count).map(|v| 1 << v).sum()
}

/// Mostly nothing or the soprano; now and then all of a stretch ahead.
fn given_in_time(random: &mut Random) -> Vec<u8> {
    let voices = match random.unit() {
        r if r < 0.38 => 0,
        r if r < 0.72 => 0b0001,
        r if r < 0.80 => 0b1001,
        r if r < 0.87 => 0b1000,
        _ => {
            let count = 1 + random.below(3);
            some_voices(random, count)
        }
    };
    let mut given = vec![voices; WHOLE];
    if random.unit() < 0.15 {
        let begin = LEFT + random.below(WHOLE - LEFT);
        let end = (begin + 4 + random.below(60)).min(WHOLE);
        given[begin..end].fill(0b1111);
    }
    given
}

/// Mostly nothing: what is known comes by the order.
fn given_sorted(random: &mut Random) -> Vec<u8> {
    let voices = match random.unit() {
        r if r < 0.08 => 0b0001,
        r if r < 0.15 => {
            let count = 1 + random.below(3);
            some_voices(random, count)
        }
        _ => 0,
    };
    vec![voices; WHOLE]
}

/// Hidden: whole steps or single cells, of any share; a voice; a stretch.
fn given_anywhere(random: &mut Random) -> Vec<u8> {
    let (kind, rate) = (random.unit(), random.unit());
    let mut given = vec![0b1111; WHOLE];
    if kind < 0.5 {
        for step in &mut given {
            *step = if random.unit() < rate { 0b1111 } else { 0 };
        }
    } else if kind < 0.92 {
        for step in &mut given {
            *step = (0..VOICES).map(|v| u8::from(random.unit() < rate) << v).sum();
        }
        if kind >= 0.75 {
            let voice = if random.unit() < 0.7 { 0 } else { random.below(VOICES) };
            given.iter_mut().for_each(|s| *s |= 1 << voice);
        }
    } else {
        let begin = random.below(WHOLE - 16);
        let end = (begin + 8 + random.below(88)).min(WHOLE);
        let count = 1 + random.below(VOICES);
        let hidden = some_voices(random, count);
        given[begin..end].fill(0b1111 & !hidden);
    }
    given
}
