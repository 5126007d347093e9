//! From steps to tracks: which notes leave the input, and which come, on which channels.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::{Failed, Variation};
use crate::compose::arrangement::{self, Note, Stage, Style};
use crate::compose::draw::Draft;
use crate::compose::melody::{Fate, Melody, NoMelody, Voice};
use crate::compose::request::{Kind, Parameters, Request};
use crate::compose::rules::Violations;
use crate::compose::score::Step;
use crate::music::TimeSignature;
use crate::music::composition::event::time_signature_data;
use crate::music::composition::{Composition, Event, Format, MetaType, Track};
use crate::music::general_midi::PERCUSSION;
use crate::music::message::{Channel, Key, Velocity, Voice as Sound};
use crate::music::time::Ticks;

/// The track of chord symbols.
const CHORDS: &str = "Chords";

/// What becomes of an input.
pub(super) struct Plan<'a> {
    input: &'a Composition,
    pub(super) melody: &'a Melody,
    parameters: &'a Parameters,
    /// Whether the other voices are wanted.
    harmony: bool,
    /// Voices that get tracks of their own.
    written: Vec<Voice>,
    /// Channels that are free.
    channels: Vec<Channel>,
    /// What the melody's new notes are called.
    continuation: &'static str,
    /// Notes of the melody that go.
    removed: BTreeSet<usize>,
}

impl<'a> Plan<'a> {
    pub(super) fn of(
        input: &'a Composition,
        melody: &'a Melody,
        request: &'a Request,
        removed: BTreeSet<usize>,
    ) -> Result<Plan<'a>, Failed> {
        let Request { kind, parameters } = request;
        let harmony = *kind == Kind::Compose || parameters.harmony;
        let fate = |v: Voice| melody.lines.iter().find(|l| l.voice == v).map(|l| l.fate);
        let asked = |v: Voice| parameters.voices.as_ref().is_none_or(|voices| voices.contains(&v));
        let wanted = |v: &Voice| *v != melody.voice && asked(*v) && matches!(fate(*v), None | Some(Fate::Replaced));
        let written: Vec<Voice> = Voice::ALL.into_iter().filter(wanted).filter(|_| harmony).collect();
        let redone = melody.lines.iter().any(|l| l.fate == Fate::Redone);
        let sung = parameters.style == Style::Chorale;
        if *kind == Kind::Compose
            && sung
            && written.is_empty()
            && !redone
            && parameters.max_input_notes_to_remove.get() == 0
        {
            return Err(NoMelody::Complete.into());
        }
        let used = |c: &Channel| input.tracks.iter().any(|t| t.channels().iter().any(|u| u == *c));
        let channels: Vec<Channel> =
            (0..16).map(Channel::masked).filter(|c| *c != PERCUSSION).filter(|c| !used(c)).collect();
        // Singers can share a channel; instruments cannot.
        let needed = match (harmony, sung) {
            (false, _) => 0,
            (true, true) => usize::from(!written.is_empty()),
            (true, false) => 4,
        };
        if channels.len() < needed {
            return Err(Failed::NoChannel { needed });
        }
        let continuation = if *kind == Kind::Extend { "continuation" } else { "new notes" };
        Ok(Plan { input, melody, parameters, harmony, written, channels, continuation, removed })
    }

    /// The composition and the number of new notes. `sections` may be fewer, and shorter, than the
    /// melody's.
    pub(super) fn write(&self, sections: &[&[Step]]) -> (Composition, usize) {
        let style = if self.harmony { self.parameters.style } else { Style::Chorale };
        let stages: Vec<Stage<'_>> =
            sections.iter().enumerate().map(|(i, steps)| Stage::of(self.melody, i, steps, style)).collect();
        let mut out = self.input.clone();
        if out.format == Format::Single {
            out.format = Format::Parallel;
        }
        let mut added = self.write_melody(&mut out, &stages);
        if !self.harmony {
            return (out, added);
        }
        added += self.redo(&mut out, &stages);
        let bass_stays = self.melody.lines.iter().any(|l| l.voice == Voice::Bass && l.fate == Fate::Kept);
        let mut parts = arrangement::arrange(style, &stages, &self.written, bass_stays);
        if let Some(most) = self.parameters.max_notes_to_add {
            arrangement::limit(&mut parts, &stages, (most.get() as usize).saturating_sub(added));
        }
        self.write_chords(&mut out, &stages);
        let mut channels = self.channels.iter().cycle();
        for part in &parts {
            let (channel, program) = match part.sound {
                arrangement::Sound::Percussion => (PERCUSSION, None),
                arrangement::Sound::Program(p) => (channels.next().copied().unwrap_or_default(), Some(p)),
            };
            let mut track = Track::new();
            track.push_text(Ticks(0), MetaType::TRACK_NAME, &part.name);
            if let Some(program) = program {
                track.push_voice(Ticks(0), channel, Sound::Program(program));
            }
            self.put(&mut track, channel, &part.notes);
            added += part.notes.len();
            out.tracks.push(track);
        }
        (out, added)
    }

    /// The melody's own notes that go, and those of the model's that come: in a track of their own.
    fn write_melody(&self, out: &mut Composition, stages: &[Stage<'_>]) -> usize {
        let source = &self.input.tracks[self.melody.track];
        if !self.removed.is_empty() {
            out.tracks[self.melody.track] = without(source, &self.removed);
        }
        let notes = arrangement::melody(stages, self.melody.voice, self.melody.shift);
        if notes.is_empty() {
            return 0;
        }
        let mut track = Track::new();
        let name = source.name().unwrap_or_else(|| "Melody".to_owned());
        track.push_text(Ticks(0), MetaType::TRACK_NAME, &format!("{name} ({})", self.continuation));
        let channel = source.voices().find_map(|(_, c, v)| matches!(v, Sound::NoteOn { .. }).then_some(c));
        self.put(&mut track, channel.unwrap_or_default(), &notes);
        out.tracks.push(track);
        notes.len()
    }

    /// Voices that the input has, written anew in its own tracks; and a bass that goes.
    fn redo(&self, out: &mut Composition, stages: &[Stage<'_>]) -> usize {
        let mut added = 0;
        for line in self.melody.lines.iter().filter(|l| l.fate != Fate::Kept) {
            let goes = |start: Ticks| {
                line.fate == Fate::Replaced
                    || self.melody.sections.iter().any(|s| {
                        let open = s.ticks[s.open.start]..s.ticks[s.open.end.min(s.ticks.len() - 1)];
                        open.contains(&start)
                    })
            };
            let gone: BTreeSet<usize> = line.notes.iter().filter(|(_, n)| goes(n.start)).map(|(i, _)| *i).collect();
            let channel = line.notes.first().map_or_else(Channel::default, |(_, n)| n.channel);
            let mut track = without(&out.tracks[line.track], &gone);
            if line.fate == Fate::Redone {
                let notes: Vec<Note> = arrangement::voice(stages, line.voice);
                self.put(&mut track, channel, &notes);
                added += notes.len();
            }
            out.tracks[line.track] = track;
        }
        added
    }

    /// Chord symbols, the key, and the metre where the file has none: in a track of their own, or in
    /// the one that an earlier run made.
    fn write_chords(&self, out: &mut Composition, stages: &[Stage<'_>]) {
        let melody = self.melody;
        let has = |kind: MetaType| self.input.tracks.iter().flat_map(Track::metas).any(|(_, k, _)| k == kind);
        let open =
            |at: Ticks| melody.sections.iter().any(|s| (s.ticks[s.open.start]..s.ticks[s.open.end]).contains(&at));
        let earlier = self.input.tracks.iter().position(|t| t.name().as_deref() == Some(CHORDS) && t.note_count() == 0);
        let mut track = Track::new();
        match earlier {
            Some(earlier) => {
                for (at, event) in self.input.tracks[earlier].events() {
                    if !matches!(event, Event::Meta(MetaType::TEXT, _)) || !open(at) {
                        track.push(at, event);
                    }
                }
            }
            None => track.push_text(Ticks(0), MetaType::TRACK_NAME, CHORDS),
        }
        if self.parameters.key.is_some() || !has(MetaType::KEY_SIGNATURE) {
            track.push(Ticks(0), Event::Meta(MetaType::KEY_SIGNATURE, &melody.tonality.signature()));
        }
        if let Some(((beats, value), pick_up)) = melody.metre() {
            let short = pick_up * u64::from(value) / 16;
            if let Some(signature) = TimeSignature::new(short.min(255) as u8, value).filter(|_| pick_up > 0) {
                track.push(Ticks(0), Event::Meta(MetaType::TIME_SIGNATURE, &time_signature_data(signature)));
            }
            if let Some(signature) = TimeSignature::new(beats, value) {
                let at = melody.tick(pick_up);
                track.push(at, Event::Meta(MetaType::TIME_SIGNATURE, &time_signature_data(signature)));
            }
        }
        for (stage, section) in stages.iter().zip(&melody.sections) {
            for (t, chord) in stage.chords() {
                track.push_text(section.ticks[t], MetaType::TEXT, &chord.symbol(melody.tonality).to_string());
            }
        }
        match earlier {
            Some(earlier) => out.tracks[earlier] = track,
            None => out.tracks.push(track),
        }
    }

    fn put(&self, track: &mut Track, channel: Channel, notes: &[Note]) {
        for n in notes {
            let section = &self.melody.sections[n.section];
            let (Some(key), velocity) = (Key::new(n.key), Velocity::masked(n.velocity.clamp(1, 127))) else { continue };
            let (start, end) = (section.ticks[n.from], section.ticks[n.to]);
            let length = end.0.saturating_sub(start.0) * u64::from(n.gate) / 8;
            let stop = Ticks(start.0 + length.max(1));
            track.push_voice(start, channel, Sound::NoteOn { key, velocity });
            track.push_voice(stop, channel, Sound::NoteOff { key, velocity: Velocity::masked(64) });
        }
    }

    pub(super) fn variation(&self, drafts: &[Draft], seed: u64) -> Variation {
        let sections: Vec<&[Step]> = drafts.iter().map(|d| d.score.steps.as_slice()).collect();
        let (composition, added) = self.write(&sections);
        let steps: usize = drafts.iter().map(|d| d.score.len()).sum();
        let weigh = |f: fn(&Draft) -> f64| {
            drafts.iter().map(|d| f(d) * d.score.len() as f64).sum::<f64>() / steps.max(1) as f64
        };
        Variation {
            composition,
            seed,
            added,
            removed: self.removed.len(),
            likelihood: weigh(|d| d.likelihood),
            violations: drafts.iter().fold(Violations::default(), |v, d| v.and(d.violations)),
            track: self.melody.track,
            voice: self.melody.voice,
            key: self.melody.tonality,
            free: self.melody.is_free(),
            grade: weigh(Draft::grade),
        }
    }
}

/// A track without some of its notes, by their numbers in the order of their note-ons.
fn without(track: &Track, gone: &BTreeSet<usize>) -> Track {
    let mut out = Track::with_capacity(track.len());
    let mut sounding: HashMap<(Channel, Key), VecDeque<usize>> = HashMap::new();
    let mut next = 0;
    for (at, event) in track.events() {
        let note = match event {
            Event::Voice(channel, Sound::NoteOn { key, .. }) => {
                sounding.entry((channel, key)).or_default().push_back(next);
                next += 1;
                Some(next - 1)
            }
            Event::Voice(channel, Sound::NoteOff { key, .. }) => {
                sounding.get_mut(&(channel, key)).and_then(VecDeque::pop_front)
            }
            _ => None,
        };
        if note.is_none_or(|n| !gone.contains(&n)) {
            out.push(at, event);
        }
    }
    out.end_at(track.end());
    out
}
