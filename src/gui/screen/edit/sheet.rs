//! A sheet: a piece that is open, where one looks at it, and how it stands with its file and the desk.

use std::sync::Arc;

use super::safe::Saving;
use super::{Action, Message, Opened, order, time_of};
use crate::gui::now::Now;
use crate::gui::screen::edit::tools::Tools;
use crate::gui::widget::pianoroll::{Done, Gesture, Lane, Pianoroll, Scene};
use crate::music::composition::event::{tempo_data, time_signature_data};
use crate::music::composition::{Composition, Division, Event, Format, MetaType, Note, Track};
use crate::music::edit::{Editor, Mix, NoteId, Selection, TrackColour};
use crate::music::message::{Channel, Controller, Key, Value, Velocity};
use crate::music::{Micros, Ppq, Tempo, TempoMap, Ticks, TimeSignature, general_midi};
use crate::studio::desk::{Order, Piece, Trial};
use crate::studio::edit::{Draft, Keeper, Origin};

/// What is shown of a track.
#[derive(Clone, Debug)]
pub(super) struct TrackView {
    pub(super) title: String,
    pub(super) mix: Mix,
    pub(super) channel: Option<Channel>,
    pub(super) notes: usize,
    pub(super) colour: TrackColour,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) editor: Editor,
    pub(super) roll: Pianoroll,
    pub(super) tempo_map: TempoMap,
    pub(super) name: String,
    pub(super) origin: Option<Origin>,
    pub(super) recovered: Option<Draft>,
    pub(super) track: usize,
    pub(super) tracks: Vec<TrackView>,
    /// A track's mix while a slider is held.
    pub(super) held_mix: Option<Mix>,
    /// A track's name while it is typed.
    pub(super) typed_name: Option<String>,
    pub(super) lane: Lane,
    pub(super) cursor: Ticks,
    pub(super) looped: Option<(Ticks, Ticks)>,
    pub(super) keeper: Option<Arc<Keeper>>,
    /// The state that is in the file; none where no file has it.
    pub(super) saved: Option<u64>,
    /// The state that is in the draft; none where there is no draft of this sheet.
    pub(super) kept: Option<u64>,
    /// Whether a state is on its way into the draft, or will soon be.
    pub(super) keeping: bool,
    pub(super) saving: Saving,
    /// What the desk would play, and the state that it was made of.
    pub(super) piece: Option<(u64, Arc<Piece>)>,
    pub(super) preparing: bool,
    pub(super) playing: bool,
    selected: usize,
    fitted: bool,
}

/// An empty piece with a track.
pub(super) fn blank(tempo: Tempo, signature: TimeSignature) -> Composition {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::DEFAULT));
    let mut head = Track::new();
    head.push(Ticks(0), Event::Meta(MetaType::TIME_SIGNATURE, &time_signature_data(signature)));
    head.push(Ticks(0), Event::Meta(MetaType::TEMPO, &tempo_data(tempo)));
    let mut piano = Track::new();
    let first = Value::masked(0);
    piano.push_text(Ticks(0), MetaType::TRACK_NAME, general_midi::name(Channel::default(), first));
    piano.push_voice(Ticks(0), Channel::default(), crate::music::message::Voice::Program(first));
    composition.tracks = vec![head, piano];
    composition
}

impl Sheet {
    pub(super) fn new(opened: Opened, keeper: Option<Arc<Keeper>>) -> Sheet {
        let editor = *opened.editor;
        let fresh = opened.origin.is_some() && opened.recovered.is_none();
        let busiest = editor.document().tracks().iter().position(|t| t.note_count() > 0);
        let last = editor.document().tracks().len().saturating_sub(1);
        let mut sheet = Sheet {
            tempo_map: editor.document().tempo_map(),
            roll: Pianoroll::default(),
            name: opened.name,
            origin: opened.origin,
            recovered: opened.recovered,
            track: busiest.unwrap_or(last),
            tracks: Vec::new(),
            held_mix: None,
            typed_name: None,
            lane: Lane::default(),
            cursor: Ticks(0),
            looped: None,
            keeper,
            saved: fresh.then_some(0),
            kept: None,
            keeping: false,
            saving: Saving::default(),
            piece: None,
            preparing: false,
            playing: false,
            selected: 0,
            fitted: false,
            editor,
        };
        sheet.refresh();
        sheet
    }

    pub(super) fn is_unsaved(&self) -> bool {
        let new_and_untouched = self.origin.is_none() && self.recovered.is_none() && self.editor.revision() == 0;
        self.saved != Some(self.editor.revision()) && !new_and_untouched
    }

    /// What is drawn.
    pub(super) fn scene(&self, tools: &Tools) -> Scene<'_> {
        let colour = self.tracks.get(self.track).map_or(TrackColour::new(0), |t| t.colour);
        Scene {
            editor: &self.editor,
            tempo_map: &self.tempo_map,
            track: self.track,
            colour: colour.number(),
            drums: self.is_drums(),
            tool: tools.tool,
            step: if tools.snap { tools.step(self.quarter()) } else { Ticks(0) },
            lane: self.lane,
            cursor: self.cursor,
            looped: self.looped,
        }
    }

    /// Whether the track that is edited is one of percussion.
    fn is_drums(&self) -> bool {
        self.tracks.get(self.track).is_some_and(|t| t.channel == Some(general_midi::PERCUSSION))
    }

    /// In what a note of the track sounds when it is touched.
    pub(super) fn trial(&self) -> Trial {
        let program = self.tracks.get(self.track).map(|t| t.mix).unwrap_or_default().program;
        if self.is_drums() { Trial::Kit(program) } else { Trial::Instrument(program) }
    }

    pub(super) fn quarter(&self) -> u64 {
        self.editor.document().ticks_a_quarter()
    }

    /// The state has changed: what follows from it is made anew.
    fn refresh(&mut self) {
        let document = self.editor.document();
        self.tempo_map = document.tempo_map();
        self.tracks = document
            .tracks()
            .iter()
            .enumerate()
            .map(|(index, track)| {
                let mix = track.mix();
                let colour = mix.colour.unwrap_or(TrackColour::new(index as u8));
                TrackView {
                    title: track.title(index),
                    mix,
                    channel: track.channel(),
                    notes: track.note_count(),
                    colour,
                }
            })
            .collect();
        self.track = self.track.min(self.tracks.len().saturating_sub(1));
        self.roll.viewport.set_drums(self.is_drums());
        // There is room to go on writing, and no emptiness to get lost in.
        self.roll.viewport.set_extent(Ticks(self.editor.document().end().0 + 64 * self.quarter()));
        self.selection_changed();
        self.roll.repaint();
    }

    /// What follows when a message was carried out that found this state before.
    pub(super) fn after(&mut self, before: u64, number: u64) -> Action<Message> {
        let now = self.editor.revision();
        if now == before {
            return Action::None;
        }
        self.refresh();
        let keep = self.keep_soon(number);
        let replay = if self.playing { self.make_ready(number, true) } else { Action::None };
        Action::All(vec![keep, replay])
    }

    fn selection_changed(&mut self) {
        self.selected = self.editor.selected().count();
        self.roll.repaint_notes();
    }

    pub(super) fn selected_count(&self) -> usize {
        self.selected
    }

    pub(super) fn select(&mut self, selection: Selection) {
        self.editor.select(selection);
        self.selection_changed();
    }

    pub(super) fn select_with(&mut self, f: impl FnOnce(&mut Editor)) {
        f(&mut self.editor);
        self.selection_changed();
    }

    /// A note was clicked.
    pub(super) fn pick(&mut self, id: NoteId, add: bool) {
        let already = self.editor.selection().contains(id);
        let mut selection = self.editor.selection().clone();
        if add {
            selection.set(id, !already);
        } else if !already {
            selection = std::iter::once(id).collect();
        } else {
            return;
        }
        self.select(selection);
    }

    /// Looks elsewhere.
    pub(super) fn look(&mut self, gesture: Gesture) {
        let view = &mut self.roll.viewport;
        match gesture {
            Gesture::Sized(size) => {
                view.set_size(size);
                if !std::mem::replace(&mut self.fitted, true) {
                    self.fit();
                }
            }
            Gesture::Scroll(x, y) => view.scroll(x, y),
            Gesture::Zoom(factor, at) => view.zoom(factor, at),
            Gesture::ZoomRows(factor, at) => view.zoom_rows(factor, at),
            Gesture::Pick { .. } | Gesture::Hear(_) | Gesture::Done(_) => return,
        }
        self.roll.repaint();
    }

    /// Shows the first bars of the track; all of it where it is short.
    pub(super) fn fit(&mut self) {
        let quarter = self.quarter();
        let keys = self.keys();
        let end = self.editor.document().end().max(Ticks(16 * quarter));
        self.roll.viewport.fit(Ticks(0), end, keys);
        self.roll.viewport.zoom_to_at_most(Ticks(32 * quarter));
        self.roll.repaint();
    }

    /// Shows everything.
    pub(super) fn fit_all(&mut self) {
        let end = self.editor.document().end().max(Ticks(4 * self.quarter()));
        let keys = self.keys();
        self.roll.viewport.fit(Ticks(0), end, keys);
        self.roll.repaint();
    }

    /// The lowest and the highest key of the track's first notes.
    fn keys(&self) -> Option<(Key, Key)> {
        let track = self.editor.document().track(self.track)?;
        let keys = track.notes().take(2_000).map(|n| n.note.key);
        keys.fold(None, |range: Option<(Key, Key)>, key| {
            Some(range.map_or((key, key), |(low, high)| (low.min(key), high.max(key))))
        })
    }

    pub(super) fn done(&mut self, done: Done, now: &Now) -> Action<Message> {
        match done {
            Done::Sweep { from, to, low, high, add } => {
                let mut swept = self.editor.within(self.track, from, to, low, high);
                if add {
                    let before: Vec<NoteId> = self.editor.selected().map(|(_, n)| n.id).collect();
                    swept.extend(before);
                }
                self.select(swept);
            }
            Done::Shift(ticks, keys) => drop(self.editor.shift(ticks, keys)),
            Done::Lengthen(by) => drop(self.editor.lengthen(by, Ticks(1))),
            Done::BeginLater(by) => drop(self.editor.begin_later(by, Ticks(1))),
            Done::Draw { start, end, key } => {
                let channel = self.tracks.get(self.track).and_then(|t| t.channel).unwrap_or_default();
                let (velocity, release) = (Velocity::masked(96), Velocity::masked(64));
                self.editor.draw(self.track, Note { start, end, channel, key, velocity, release });
            }
            Done::Erase(id) => {
                self.editor.select(std::iter::once(id).collect());
                self.editor.delete();
            }
            Done::Seek(at) => return self.seek(at, now),
            Done::Loop(looped) => {
                self.looped = looped;
                return self.send_loop(now);
            }
            Done::Line(points) => self.line(&points),
            Done::Wipe(from, to) => {
                if let Lane::Controller(channel, controller) = self.lane {
                    self.editor.erase_controller(self.track, channel, controller, from, to);
                }
            }
        }
        Action::None
    }

    /// A line was drawn in the lane.
    fn line(&mut self, points: &[(Ticks, u8)]) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
        // A click reaches as far as a stem is wide.
        let reach = (self.roll.viewport.ticks_a_pixel() * 4.0) as u64;
        let (from, to) = (Ticks(first.0.0.saturating_sub(reach)), Ticks(last.0.0 + reach + 1));
        match self.lane {
            Lane::Velocity => {
                let before = self.editor.selection().clone();
                let Some(track) = self.editor.document().track(self.track) else { return };
                let under = |n: &crate::music::edit::PlacedNote| (from..to).contains(&n.note.start);
                let all = || track.notes_between(from, to).filter(|n| under(n));
                // If some of them are selected, only those are meant.
                let chosen: Selection = all().filter(|n| before.contains(n.id)).map(|n| n.id).collect();
                let meant = if chosen.is_empty() { all().map(|n| n.id).collect() } else { chosen };
                self.editor.select(meant);
                self.editor.set_velocities(|note| Velocity::masked(value_at(points, note.start)));
                self.editor.select(before);
            }
            Lane::Controller(channel, controller) => {
                // As dense as is heard: 64 points a quarter note are more than any synthesiser follows.
                let step = (self.quarter() / 64).max(1);
                let thinned = thin(points, step);
                self.editor.draw_controller(self.track, channel, controller, &thinned);
            }
        }
    }

    pub(super) fn show_lane(&mut self, lane: super::LaneChoice) {
        let channel = self.tracks.get(self.track).and_then(|t| t.channel).unwrap_or_default();
        self.lane = match lane.0 {
            None => Lane::Velocity,
            Some(number) => Lane::Controller(channel, Controller::masked(number)),
        };
        self.roll.repaint_notes();
    }

    /// Edits another track.
    pub(super) fn choose_track(&mut self, track: usize) {
        self.track = track.min(self.tracks.len().saturating_sub(1));
        if let Lane::Controller(_, controller) = self.lane {
            let channel = self.tracks.get(self.track).and_then(|t| t.channel).unwrap_or_default();
            self.lane = Lane::Controller(channel, controller);
        }
        self.held_mix = None;
        self.typed_name = None;
        self.roll.viewport.set_drums(self.is_drums());
        self.select(Selection::default());
        if let Some((low, high)) = self.keys() {
            let view = &mut self.roll.viewport;
            view.reveal(low);
            view.reveal(high);
        }
        self.roll.repaint();
    }

    /// Whether the desk has this piece.
    pub(super) fn is_on_desk(&self, now: &Now) -> bool {
        matches!((&self.piece, &now.piece), (Some((_, ours)), Some(theirs)) if Arc::ptr_eq(ours, theirs))
    }

    pub(super) fn move_cursor(&mut self, position: Micros, playing: bool) {
        self.cursor = self.tempo_map.ticks(position);
        self.playing = playing;
        if playing && self.roll.viewport.follow(self.cursor) {
            self.roll.repaint();
        }
    }

    pub(super) fn seek(&mut self, at: Ticks, now: &Now) -> Action<Message> {
        self.cursor = at;
        if self.is_on_desk(now) { order(Order::Seek(time_of(self, at))) } else { Action::None }
    }

    fn send_loop(&self, now: &Now) -> Action<Message> {
        if self.is_on_desk(now) { order(Order::Loop(self.loop_times())) } else { Action::None }
    }

    pub(super) fn loop_times(&self) -> Option<(Micros, Micros)> {
        self.looped.map(|(from, to)| (time_of(self, from), time_of(self, to)))
    }

    /// Bar, beat and time of the cursor.
    pub(super) fn place(&self) -> String {
        let time = crate::gui::words::clock(self.tempo_map.micros(self.cursor));
        match self.tempo_map.position(self.cursor) {
            Some(p) => format!("bar {}, beat {}   {time}", p.bar, p.beat),
            None => time,
        }
    }

    pub(super) fn colour(&self, track: usize) -> u8 {
        self.tracks.get(track).map_or(0, |t| t.colour.number())
    }
}

/// The value of a line at a tick, between its points.
fn value_at(points: &[(Ticks, u8)], at: Ticks) -> u8 {
    let after = points.partition_point(|(t, _)| *t <= at);
    match (after.checked_sub(1).and_then(|i| points.get(i)), points.get(after)) {
        (Some((t0, v0)), Some((t1, v1))) if t1 > t0 => {
            let share = (at.0 - t0.0) as f64 / (t1.0 - t0.0) as f64;
            (f64::from(*v0) + (f64::from(*v1) - f64::from(*v0)) * share).round() as u8
        }
        (Some((_, value)), _) | (None, Some((_, value))) => *value,
        (None, None) => 0,
    }
}

/// Points no nearer than a step, with the values between them filled in.
fn thin(points: &[(Ticks, u8)], step: u64) -> Vec<(Ticks, Value)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let mut thinned: Vec<(Ticks, Value)> = Vec::new();
    let mut at = first.0.0;
    loop {
        let value = Value::masked(value_at(points, Ticks(at)));
        if thinned.last().is_none_or(|(_, v)| *v != value) {
            thinned.push((Ticks(at), value));
        }
        if at >= last.0.0 {
            return thinned;
        }
        at = at.saturating_add(step).min(last.0.0);
    }
}
