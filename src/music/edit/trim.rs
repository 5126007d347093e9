//! Trimming: a part of the piece becomes the whole of it.

use std::mem::{Discriminant, discriminant};

use super::document::{EditedTrack, PlacedEvent, PlacedNote, Rank, Said};
use super::editor::Editor;
use super::history::Change;
use super::open::Numbers;
use super::runs::Runs;
use crate::music::composition::{MetaType, Note};
use crate::music::message::{Channel, Controller, Key, Voice};
use crate::music::time::Ticks;

/// What two events are of which the later makes the earlier void.
#[derive(PartialEq, Eq)]
enum State {
    Meta(MetaType),
    Control(Channel, Controller),
    Pressure(Channel, Key),
    Other(Channel, Discriminant<Voice>),
}

impl Editor {
    /// Keeps what lies between two ticks, which becomes the beginning. Instruments, controllers, tempo and
    /// the like are at the new beginning as they were there; what was only for the part before goes.
    pub fn trim(&mut self, from: Ticks, to: Ticks) -> bool {
        if to <= from || (from == Ticks(0) && to >= self.document.end()) {
            return false;
        }
        let numbers = &mut self.numbers;
        let changes = self
            .document
            .tracks
            .iter()
            .enumerate()
            .map(|(index, track)| {
                let after = Box::new(trimmed(track, from, to, numbers));
                Change::Track { index, before: Box::new(track.clone()), after }
            })
            .collect();
        self.commit("Trim", changes)
    }
}

fn trimmed(track: &EditedTrack, from: Ticks, to: Ticks, numbers: &mut Numbers) -> EditedTrack {
    let within = |t: Ticks| Ticks(t.0.clamp(from.0, to.0) - from.0);
    let mut notes: Vec<PlacedNote> = track
        .notes_between(from, to)
        .map(|n| {
            let (start, end) = (within(n.note.start), within(n.note.end));
            let end = end.max(Ticks(start.0 + 1));
            PlacedNote { id: n.id, note: Note { start, end, ..n.note }, on: Rank::BEGINS, off: Rank::ENDS }
        })
        .collect();
    notes.sort_by_key(super::runs::Item::place);
    let mut kept: Vec<PlacedEvent> = Vec::new();
    // The last of each kind before the beginning, in the order of their times.
    let mut states: Vec<(State, PlacedEvent)> = Vec::new();
    for e in track.others.iter().filter(|e| e.at < to && !e.is_note_off()) {
        if e.at >= from {
            kept.push(e.clone());
        } else if let Some(state) = state_of(&e.said) {
            states.retain(|(other, _)| *other != state);
            states.push((state, e.clone()));
        } else if stays(e) {
            kept.push(e.clone());
        }
    }
    kept.extend(states.into_iter().map(|(_, e)| e));
    kept.sort_by_key(super::runs::Item::place);
    let others = kept
        .into_iter()
        .map(|e| PlacedEvent { at: within(e.at), said: e.said, rank: Rank::SETS_UP, id: numbers.next() })
        .collect();
    let end = within(track.end());
    EditedTrack { notes: Runs::of_sorted(notes), others: Runs::of_sorted(others), end, hanging: 0, strays: 0 }
}

/// What an event before the beginning still says there.
fn state_of(said: &Said) -> Option<State> {
    match said {
        Said::Meta(kind @ (MetaType::TEMPO | MetaType::TIME_SIGNATURE | MetaType::KEY_SIGNATURE), _) => {
            Some(State::Meta(*kind))
        }
        Said::Voice(channel, Voice::Control { controller, .. }) => Some(State::Control(*channel, *controller)),
        Said::Voice(channel, Voice::KeyPressure { key, .. }) => Some(State::Pressure(*channel, *key)),
        Said::Voice(channel, voice) => Some(State::Other(*channel, discriminant(voice))),
        _ => None,
    }
}

/// What belongs to the piece or the track and not to a place in it.
fn stays(event: &PlacedEvent) -> bool {
    match &event.said {
        Said::Meta(MetaType::LYRIC | MetaType::MARKER | MetaType::CUE_POINT, _) => false,
        Said::Meta(MetaType::TEXT, _) => event.at == Ticks(0),
        _ => true,
    }
}
