//! What was done, so that it can be taken back and done again.

use super::document::{Document, EditedTrack, PlacedEvent, PlacedNote, Rank};
use crate::music::time::Ticks;

/// What the steps may hold in bytes, all together; the oldest go first. Some million changed notes.
const MOST: usize = 256 << 20;

/// What changes in a track, either way.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Some notes and events are exchanged for others.
    Exchange(Box<Exchange>),
    /// All of a track is exchanged: for what changes most of it. Shares with the document what it can.
    Track { index: usize, before: Box<EditedTrack>, after: Box<EditedTrack> },
    /// A track comes.
    Add { index: usize, track: Box<EditedTrack> },
    /// A track goes.
    Remove { index: usize, track: Box<EditedTrack> },
}

/// Notes and events of one track that go, and those that come.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    pub(super) track: usize,
    pub(super) gone: Vec<PlacedNote>,
    pub(super) come: Vec<PlacedNote>,
    pub(super) events_gone: Vec<PlacedEvent>,
    pub(super) events_come: Vec<PlacedEvent>,
    /// The track's end before and after.
    pub(super) end: Option<(Ticks, Ticks)>,
}

impl Exchange {
    pub(super) fn of_track(track: usize) -> Exchange {
        Exchange { track, ..Exchange::default() }
    }

    pub(super) fn apply(&self, track: &mut EditedTrack, way: Way) {
        let (gone, come) = if way == Way::Forth { (&self.gone, &self.come) } else { (&self.come, &self.gone) };
        track.notes.exchange(gone, come);
        let hanging = |notes: &[PlacedNote]| notes.iter().filter(|n| n.off == Rank::ABSENT).count();
        track.hanging = (track.hanging + hanging(come)).saturating_sub(hanging(gone));
        let (gone, come) = if way == Way::Forth {
            (&self.events_gone, &self.events_come)
        } else {
            (&self.events_come, &self.events_gone)
        };
        track.others.exchange(gone, come);
        let strays = |events: &[PlacedEvent]| events.iter().filter(|e| e.is_note_off()).count();
        track.strays = (track.strays + strays(come)).saturating_sub(strays(gone));
        if let Some((before, after)) = self.end {
            track.end = if way == Way::Forth { after } else { before };
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gone.is_empty()
            && self.come.is_empty()
            && self.events_gone.is_empty()
            && self.events_come.is_empty()
            && self.end.is_none()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forth,
    Back,
}

impl Change {
    pub(super) fn apply(&self, document: &mut Document, way: Way) {
        match (self, way) {
            (Change::Exchange(x), _) => {
                if let Some(track) = document.tracks.get_mut(x.track) {
                    x.apply(track, way);
                }
            }
            (Change::Track { index, before, after }, _) => {
                if let Some(track) = document.tracks.get_mut(*index) {
                    *track = if way == Way::Forth { (**after).clone() } else { (**before).clone() };
                }
            }
            (Change::Add { index, track }, Way::Forth) | (Change::Remove { index, track }, Way::Back) => {
                document.tracks.insert((*index).min(document.tracks.len()), (**track).clone());
            }
            (Change::Add { index, .. }, Way::Back) | (Change::Remove { index, .. }, Way::Forth) => {
                if *index < document.tracks.len() {
                    document.tracks.remove(*index);
                }
            }
        }
    }

    fn weight(&self) -> usize {
        let notes = |n: usize| n * size_of::<PlacedNote>();
        let events = |n: usize| n * 2 * size_of::<PlacedEvent>();
        match self {
            Change::Exchange(x) => {
                64 + notes(x.gone.len() + x.come.len()) + events(x.events_gone.len() + x.events_come.len())
            }
            Change::Track { before: track, .. } | Change::Remove { track, .. } | Change::Add { track, .. } => {
                64 + notes(track.notes.len()) + events(track.others.len())
            }
        }
    }
}

/// One thing that the user did.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// In words: `Move notes`.
    pub(super) name: &'static str,
    pub(super) changes: Vec<Change>,
    /// The number of the state that it leads to.
    revision: u64,
}

/// The steps up to now, and those that were taken back.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    done: std::collections::VecDeque<Step>,
    undone: Vec<Step>,
    weight: usize,
    /// The state below the oldest step.
    ground: u64,
    newest: u64,
}

impl History {
    /// The number of the present state: equal numbers, equal states.
    pub(super) fn revision(&self) -> u64 {
        self.done.back().map_or(self.ground, |s| s.revision)
    }

    pub(super) fn push(&mut self, name: &'static str, changes: Vec<Change>) {
        self.newest += 1;
        self.weight -= self.undone.drain(..).map(|s| weight(&s)).sum::<usize>();
        let step = Step { name, changes, revision: self.newest };
        self.weight += weight(&step);
        self.done.push_back(step);
        while self.weight > MOST && self.done.len() > 1 {
            if let Some(oldest) = self.done.pop_front() {
                self.weight -= weight(&oldest);
                self.ground = oldest.revision;
            }
        }
    }

    pub(super) fn undo(&mut self, document: &mut Document) -> Option<&'static str> {
        let step = self.done.pop_back()?;
        step.changes.iter().rev().for_each(|c| c.apply(document, Way::Back));
        let name = step.name;
        self.undone.push(step);
        Some(name)
    }

    pub(super) fn redo(&mut self, document: &mut Document) -> Option<&'static str> {
        let step = self.undone.pop()?;
        step.changes.iter().for_each(|c| c.apply(document, Way::Forth));
        let name = step.name;
        self.done.push_back(step);
        Some(name)
    }

    pub(super) fn next_undo(&self) -> Option<&'static str> {
        self.done.back().map(|s| s.name)
    }

    pub(super) fn next_redo(&self) -> Option<&'static str> {
        self.undone.last().map(|s| s.name)
    }
}

fn weight(step: &Step) -> usize {
    step.changes.iter().map(Change::weight).sum()
}
