//! Taking a composition apart.

use super::document::{Document, EditedTrack, NoteId, PlacedEvent, PlacedNote, Rank, Said};
use super::runs::Runs;
use crate::music::composition::{Composition, Event, Paired, Track, pair_telling};

/// Numbers for what is placed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers(u32);

impl Numbers {
    pub(super) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}

pub(super) fn document(composition: &Composition, numbers: &mut Numbers) -> Document {
    Document {
        format: composition.format,
        division: composition.division,
        tracks: composition.tracks.iter().map(|t| track(t, numbers)).collect(),
    }
}

fn track(track: &Track, numbers: &mut Numbers) -> EditedTrack {
    let mut ranks: Vec<(Rank, Rank)> = Vec::new();
    // Which events have become part of a note.
    let mut taken = vec![0u64; track.len() / 64 + 1];
    let voices = track.events().enumerate().filter_map(|(i, (at, event))| match event {
        Event::Voice(channel, voice) => Some((i, at, channel, voice)),
        _ => None,
    });
    let notes = pair_telling(voices, track.end(), |event, paired| {
        taken[event / 64] |= 1 << (event % 64);
        match paired {
            Paired::Begins(_) => ranks.push((Rank::of_file(event), Rank::ABSENT)),
            Paired::Ends(note) => {
                if let Some((_, off)) = ranks.get_mut(note) {
                    *off = Rank::of_file(event);
                }
            }
        }
    });
    let hanging = ranks.iter().filter(|(_, off)| *off == Rank::ABSENT).count();
    let notes: Vec<PlacedNote> = notes
        .into_iter()
        .zip(ranks)
        .map(|(note, (on, off))| PlacedNote { id: NoteId(numbers.next()), note, on, off })
        .collect();
    let others: Vec<PlacedEvent> = track
        .events()
        .enumerate()
        .filter(|(i, _)| taken[i / 64] >> (i % 64) & 1 == 0)
        .map(|(i, (at, event))| PlacedEvent { at, said: Said::of(event), rank: Rank::of_file(i), id: numbers.next() })
        .collect();
    let strays = others.iter().filter(|e| e.is_note_off()).count();
    EditedTrack { notes: Runs::of_sorted(notes), others: Runs::of_sorted(others), end: track.end(), hanging, strays }
}
