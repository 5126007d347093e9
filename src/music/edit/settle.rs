//! A key sounds once at a time: a note that is put where another of its key and channel sounds ends that one,
//! or ends where that one begins. Without this a file could not say which note-off ends which note.

use super::document::{EditedTrack, PlacedNote, Rank, Said};
use super::history::Exchange;
use super::runs::Item;
use super::selection::Selection;
use crate::music::message::{Channel, Key, Voice};
use crate::music::time::Ticks;

/// From so many notes on, all of a track's are looked at, instead of the neighbours of each.
const MANY: usize = 256;

/// What is to become of a track's notes.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The notes that go, or go elsewhere: as they were.
    pub(super) gone: Vec<PlacedNote>,
    /// Those of them that stay in their places and change otherwise.
    pub(super) quiet: Vec<PlacedNote>,
    /// Those that have other places, or are new.
    pub(super) placed: Vec<PlacedNote>,
}

type Lane = (Channel, Key);

fn lane(note: &PlacedNote) -> Lane {
    (note.note.channel, note.note.key)
}

/// A note on its way, as it was in the document if it was there untouched.
struct Candidate {
    now: PlacedNote,
    untouched: Option<PlacedNote>,
    removed: bool,
}

/// What the draft comes to when every key sounds once at a time.
pub(super) fn settle(track: &EditedTrack, index: usize, draft: Draft) -> Exchange {
    let moves = draft.placed.len() + draft.gone.len() > draft.quiet.len();
    settled(track, index, draft, moves)
}

/// Gives the notes that have no note-off of their own one, so that events may be added and the track may become
/// longer while they end where they did.
pub(super) fn end_hanging(track: &EditedTrack, exchange: &mut Exchange) {
    if track.hanging > 0 {
        let ended = settled(track, exchange.track, Draft::default(), true);
        exchange.gone.extend(ended.gone);
        exchange.come.extend(ended.come);
        exchange.events_gone.extend(ended.events_gone);
    }
}

fn settled(track: &EditedTrack, index: usize, draft: Draft, moves: bool) -> Exchange {
    let Draft { mut gone, mut quiet, mut placed } = draft;
    let mut exchange = Exchange::of_track(index);
    let mut touched: Selection = gone.iter().map(|n| n.id).collect();
    if track.hanging > 0 && moves {
        // Other note-offs would be taken for theirs, or the track's end be another.
        placed.extend(quiet.extract_if(.., |n| n.off == Rank::ABSENT));
        for note in track.notes.iter().filter(|n| n.off == Rank::ABSENT) {
            if !touched.contains(note.id) {
                touched.set(note.id, true);
                gone.push(*note);
                placed.push(*note);
            }
        }
    }
    if !placed.is_empty() {
        // What stays in its place may be in the way of what does not.
        placed.append(&mut quiet);
    }
    for note in &mut placed {
        note.off = Rank::ENDS;
        note.note.end = note.note.end.max(Ticks(note.note.start.0.saturating_add(1)));
    }
    let mut candidates: Vec<Candidate> =
        neighbours(track, &placed, &mut touched).into_iter().map(Candidate::untouched).collect();
    candidates.extend(placed.into_iter().map(|now| Candidate { now, untouched: None, removed: false }));
    candidates.sort_by_key(|c| (lane(&c.now), c.now.place()));
    sweep(&mut candidates);
    if track.strays > 0 {
        exchange.events_gone = strays(track, &candidates);
    }
    for Candidate { now, untouched, removed } in candidates {
        match untouched {
            Some(before) if removed => gone.push(before),
            Some(before) if before != now => {
                gone.push(before);
                exchange.come.push(now);
            }
            Some(_) => {}
            None if removed => {}
            None => exchange.come.push(now),
        }
    }
    exchange.gone = gone;
    exchange.come.append(&mut quiet);
    exchange
}

impl Candidate {
    fn untouched(note: PlacedNote) -> Candidate {
        Candidate { now: note, untouched: Some(note), removed: false }
    }
}

/// The notes that may be in the way, none of them in `touched`.
fn neighbours(track: &EditedTrack, placed: &[PlacedNote], touched: &mut Selection) -> Vec<PlacedNote> {
    if placed.len() > MANY {
        return track.notes.iter().filter(|n| !touched.contains(n.id)).copied().collect();
    }
    let mut found = Vec::new();
    for note in placed {
        for other in track.notes.overlapping(note.note.start.0, note.end()) {
            if lane(other) == lane(note) && !touched.contains(other.id) {
                touched.set(other.id, true);
                found.push(*other);
            }
        }
    }
    found
}

fn sweep(candidates: &mut [Candidate]) {
    let mut open: Vec<usize> = Vec::new();
    for c in 0..candidates.len() {
        let (here, start) = (lane(&candidates[c].now), candidates[c].now.note.start);
        open.retain(|o| {
            let o = &candidates[*o];
            !o.removed && lane(&o.now) == here && o.now.end() > start.0
        });
        for &o in &open {
            if candidates[o].untouched.is_some() && candidates[c].untouched.is_some() {
                continue;
            }
            if candidates[o].now.note.start < start {
                candidates[o].now.note.end = start;
                candidates[o].now.off = Rank::ENDS;
            } else {
                let shorter = candidates[c].now.note.end < candidates[o].now.note.end;
                let loser = if candidates[c].untouched.is_some() || (candidates[o].untouched.is_none() && shorter) {
                    c
                } else {
                    o
                };
                candidates[loser].removed = true;
                if loser == c {
                    break;
                }
            }
        }
        if !candidates[c].removed {
            open.push(c);
        }
    }
}

/// Note-offs of no note that would end one that was placed.
fn strays(track: &EditedTrack, candidates: &[Candidate]) -> Vec<super::document::PlacedEvent> {
    let ends_one = |channel: Channel, key: Key, at: Ticks| {
        let until = candidates.partition_point(|c| (lane(&c.now), c.now.note.start) <= ((channel, key), at));
        candidates[..until]
            .iter()
            .rev()
            .take_while(|c| lane(&c.now) == (channel, key))
            .any(|c| c.untouched.is_none_or(|before| before != c.now) && c.now.note.end >= at)
    };
    let strays = track.others.iter().filter(|e| match e.said {
        Said::Voice(channel, Voice::NoteOff { key, .. }) => ends_one(channel, key, e.at),
        _ => false,
    });
    strays.cloned().collect()
}
