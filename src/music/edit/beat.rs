//! Tempo and time signature: set at a tick, from which they hold up to the next change, and taken out again.

use super::document::{Document, EditedTrack, PlacedEvent, Rank, Said};
use super::editor::Editor;
use super::history::{Change, Exchange};
use crate::music::composition::event::{tempo_data, time_signature_data};
use crate::music::composition::{Format, MetaType};
use crate::music::time::{Tempo, Ticks, TimeSignature};

impl Document {
    /// Whether a tempo is written at this very tick.
    #[must_use]
    pub fn has_tempo_at(&self, at: Ticks) -> bool {
        self.counted().any(|t| said_at(t, at, MetaType::TEMPO).next().is_some())
    }

    /// Whether a time signature is written at this very tick.
    #[must_use]
    pub fn has_signature_at(&self, at: Ticks) -> bool {
        self.counted().any(|t| said_at(t, at, MetaType::TIME_SIGNATURE).next().is_some())
    }

    /// The tracks whose tempos count: see [`Document::tempo_map`].
    fn counted(&self) -> impl Iterator<Item = &EditedTrack> {
        let counted = if self.format == Format::Sequential { 1 } else { self.tracks.len() };
        self.tracks.iter().take(counted)
    }
}

fn said_at(track: &EditedTrack, at: Ticks, kind: MetaType) -> impl Iterator<Item = &PlacedEvent> {
    let here = track.events_between(at, Ticks(at.0.saturating_add(1))).filter(move |e| e.at == at);
    here.filter(move |e| matches!(e.said, Said::Meta(k, _) if k == kind))
}

impl Editor {
    /// The tempo from a tick on; one that is written there makes way.
    pub fn set_tempo(&mut self, at: Ticks, tempo: Tempo) -> bool {
        self.write("Change tempo", at, MetaType::TEMPO, Some(&tempo_data(tempo)))
    }

    /// Takes the tempo out that is written at this tick: the one before holds on.
    pub fn remove_tempo(&mut self, at: Ticks) -> bool {
        self.write("Remove tempo", at, MetaType::TEMPO, None)
    }

    /// The time signature from a tick on, where a bar begins then; one that is written there makes way.
    pub fn set_signature(&mut self, at: Ticks, signature: TimeSignature) -> bool {
        self.write("Change time signature", at, MetaType::TIME_SIGNATURE, Some(&time_signature_data(signature)))
    }

    /// Takes the time signature out that is written at this tick.
    pub fn remove_signature(&mut self, at: Ticks) -> bool {
        self.write("Remove time signature", at, MetaType::TIME_SIGNATURE, None)
    }

    /// Whatever is said of a kind at a tick, in whichever track, makes way for one event in the first, or for none.
    fn write(&mut self, name: &'static str, at: Ticks, kind: MetaType, data: Option<&[u8]>) -> bool {
        let mut exchanges: Vec<Exchange> = Vec::new();
        for (index, track) in self.document.counted().enumerate() {
            let mut exchange = Exchange::of_track(index);
            exchange.events_gone.extend(said_at(track, at, kind).cloned());
            exchanges.push(exchange);
        }
        let written = exchanges.first().map_or(0, |x| x.events_gone.len());
        let elsewhere = exchanges.iter().skip(1).any(|x| !x.events_gone.is_empty());
        if let (Some(data), Some(first)) = (data, exchanges.first_mut()) {
            let said = Said::Meta(kind, data.into());
            if written == 1 && !elsewhere && first.events_gone.iter().all(|e| e.said == said) {
                return false;
            }
            // In the place that it had, so that what it set up is still set up by it.
            let before = first.events_gone.first();
            let (rank, id) = before.map_or_else(|| (Rank::SETS_UP, self.numbers.next()), |e| (e.rank, e.id));
            first.events_come.push(PlacedEvent { at, said, rank, id });
        }
        let changed = exchanges.into_iter().filter(|x| !x.is_empty());
        let changes: Vec<Change> = changed
            .map(|mut exchange| {
                if let Some(track) = self.document.track(exchange.track) {
                    super::settle::end_hanging(track, &mut exchange);
                }
                Change::Exchange(Box::new(exchange))
            })
            .collect();
        self.commit(name, changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::composition::Composition;
    use crate::music::smf;

    fn demo() -> Composition {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/melodies/demo.mid");
        smf::read(&std::fs::read(path).unwrap()).unwrap().composition
    }

    fn tempos(editor: &Editor) -> Vec<(u64, u64)> {
        editor.document().tempo_map().tempos().map(|(at, t)| (at.0, t.bpm().round() as u64)).collect()
    }

    #[test]
    fn a_tempo_is_changed_inserted_removed_and_every_step_taken_back() {
        let composition = demo();
        let mut editor = Editor::open(&composition);
        let before = tempos(&editor);
        let bpm = |n: f64| Tempo::from_bpm(n).unwrap();
        assert!(editor.set_tempo(Ticks(0), bpm(50.0)));
        assert!(!editor.set_tempo(Ticks(0), bpm(50.0)), "nothing changes");
        assert!(editor.set_tempo(Ticks(960), bpm(140.0)));
        assert_eq!(tempos(&editor)[..2], [(0, 50), (960, 140)]);
        assert!(editor.document().has_tempo_at(Ticks(960)) && !editor.document().has_tempo_at(Ticks(961)));
        assert!(editor.remove_tempo(Ticks(960)));
        assert!(!editor.remove_tempo(Ticks(960)));
        assert_eq!(tempos(&editor)[0], (0, 50));
        let written = smf::read(&smf::write(&editor.document().composition()).unwrap()).unwrap().composition;
        assert_eq!(written.tempo_map().tempos().next().map(|(_, t)| t.bpm().round() as u64), Some(50));
        while editor.undo().is_some() {}
        assert_eq!(tempos(&editor), before);
        assert_eq!(editor.document().composition(), composition);
    }

    #[test]
    fn a_time_signature_begins_a_bar_and_goes_again() {
        let composition = demo();
        let mut editor = Editor::open(&composition);
        let quarter = editor.document().ticks_a_quarter();
        let at = Ticks(4 * quarter);
        assert!(editor.set_signature(at, TimeSignature::new(3, 4).unwrap()));
        let map = editor.document().tempo_map();
        let position = map.position(Ticks(7 * quarter)).unwrap();
        assert_eq!(map.bar_start(position.bar), Some(Ticks(7 * quarter)));
        assert!(editor.document().has_signature_at(at));
        assert!(editor.remove_signature(at));
        editor.undo();
        editor.undo();
        assert_eq!(editor.document().composition(), composition);
    }
}
