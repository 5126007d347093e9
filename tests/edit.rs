//! Editing: whatever is done and undone, the same bytes come back; whatever was done, the file says the notes that
//! the editor shows; what the editor does not understand stays.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use composer::music::composition::{Composition, Division, Event, Format, MetaType, Note, Track};
use composer::music::edit::{Editor, Fate, Humanise, Mix, Mode, Scale, TrackColour};
use composer::music::message::{Channel, Controller, Key, Value, Velocity, Voice};
use composer::music::quantise::{Grid, Quantise, Strength, Swing};
use composer::music::smf;
use composer::music::{Ppq, Ticks};
use proptest::collection::vec;
use proptest::prelude::*;

fn note(start: u64, length: u64, key: u8) -> Note {
    Note {
        start: Ticks(start),
        end: Ticks(start + length),
        channel: Channel::default(),
        key: Key::masked(key),
        velocity: Velocity::masked(80),
        release: Velocity::masked(64),
    }
}

fn event() -> impl Strategy<Value = (Channel, Voice)> {
    // Few keys and channels, so that notes meet.
    let key = || (60u8..64).prop_map(Key::masked);
    let voice = prop_oneof![
        6 => (key(), 1u8..128).prop_map(|(key, v)| Voice::NoteOn { key, velocity: Velocity::masked(v) }),
        5 => (key(), 0u8..128).prop_map(|(key, v)| Voice::NoteOff { key, velocity: Velocity::masked(v) }),
        1 => (0u8..128, 0u8..128).prop_map(|(c, v)| Voice::Control { controller: Controller::masked(c), value: Value::masked(v) }),
        1 => (0u8..128).prop_map(|p| Voice::Program(Value::masked(p))),
        1 => (-8192i16..8192).prop_map(Voice::PitchBend),
    ];
    ((0u8..2).prop_map(Channel::masked), voice)
}

fn track() -> impl Strategy<Value = Track> {
    let item = prop_oneof![
        12 => event().prop_map(Ok),
        1 => (any::<bool>(), 1u8..0x60, vec(any::<u8>(), 1..6)).prop_map(Err),
    ];
    (vec((prop_oneof![2 => Just(0u64), 3 => 0u64..200], item), 0..80), 0u64..400).prop_map(|(events, rest)| {
        let mut track = Track::new();
        let mut at = 0;
        for (delta, item) in events {
            at += delta;
            match item {
                Ok((channel, voice)) => track.push_voice(Ticks(at), channel, voice),
                Err((true, _, data)) => track.push(Ticks(at), Event::SysEx(&data)),
                Err((false, kind, data)) => track.push(Ticks(at), Event::Meta(MetaType::new(kind).unwrap(), &data)),
            }
        }
        track.end_at(Ticks(at + rest));
        track
    })
}

fn composition() -> impl Strategy<Value = Composition> {
    vec(track(), 1..4).prop_map(|tracks| {
        let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(96).unwrap()));
        composition.tracks = tracks;
        composition
    })
}

#[derive(Clone, Debug)]
enum Edit {
    Select(u64, u64),
    All(bool),
    Invert,
    Draw(u64, u64, u8),
    Delete,
    Shift(i64, i16),
    Lengthen(i64),
    Begin(i64),
    Velocity(i16),
    Quantise(u8, u8, u8),
    Snap(u8),
    Humanise(u64),
    Duplicate,
    CutAndPaste(u64),
    Trim(u64, u64),
    Controller(u64, u8),
    EraseController(u64),
    Mix(u8),
    Rename(String),
    AddTrack,
    RemoveTrack(usize),
    Undo,
    Redo,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (0u64..4_000, 1u64..2_000).prop_map(|(at, length)| Edit::Select(at, at + length)),
        2 => any::<bool>().prop_map(Edit::All),
        1 => Just(Edit::Invert),
        3 => (0u64..6_000, 1u64..500, 60u8..64).prop_map(|(at, length, key)| Edit::Draw(at, length, key)),
        1 => Just(Edit::Delete),
        3 => (-300i64..300, -2i16..3).prop_map(|(t, k)| Edit::Shift(t, k)),
        1 => (-200i64..200).prop_map(Edit::Lengthen),
        1 => (-200i64..200).prop_map(Edit::Begin),
        1 => (-40i16..40).prop_map(Edit::Velocity),
        1 => (0u8..6, 0u8..=100, 50u8..=75).prop_map(|(g, st, sw)| Edit::Quantise(1 << g, st, sw)),
        1 => (0u8..12).prop_map(Edit::Snap),
        1 => any::<u64>().prop_map(Edit::Humanise),
        1 => Just(Edit::Duplicate),
        1 => (0u64..5_000).prop_map(Edit::CutAndPaste),
        1 => (0u64..2_000, 1u64..4_000).prop_map(|(at, length)| Edit::Trim(at, at + length)),
        1 => (0u64..4_000, 0u8..128).prop_map(|(at, v)| Edit::Controller(at, v)),
        1 => (0u64..4_000).prop_map(Edit::EraseController),
        1 => (0u8..128).prop_map(Edit::Mix),
        1 => "[a-z]{1,6}".prop_map(Edit::Rename),
        1 => Just(Edit::AddTrack),
        1 => (0usize..4).prop_map(Edit::RemoveTrack),
        3 => Just(Edit::Undo),
        1 => Just(Edit::Redo),
    ]
}

fn perform(editor: &mut Editor, edit: Edit) {
    match edit {
        Edit::Select(from, to) => {
            let selection = editor.within(0, Ticks(from), Ticks(to), Key::masked(0), Key::masked(127));
            editor.select(selection);
        }
        Edit::All(of_first) => editor.select_all(of_first.then_some(0)),
        Edit::Invert => editor.invert_selection(None),
        Edit::Draw(at, length, key) => {
            editor.draw(0, note(at, length, key));
        }
        Edit::Delete => {
            editor.delete();
        }
        Edit::Shift(ticks, keys) => {
            editor.shift(ticks, keys);
        }
        Edit::Lengthen(by) => {
            editor.lengthen(by, Ticks(1));
        }
        Edit::Begin(by) => {
            editor.begin_later(by, Ticks(1));
        }
        Edit::Velocity(by) => {
            editor.add_velocity(by);
        }
        Edit::Quantise(value, strength, swing) => {
            let grid = Grid::new(value, false).unwrap();
            editor.quantise(Quantise {
                grid,
                strength: Strength::new(strength).unwrap(),
                swing: Swing::new(swing).unwrap(),
            });
        }
        Edit::Snap(tonic) => {
            editor.snap_to_scale(Scale { tonic, mode: Mode::Minor });
        }
        Edit::Humanise(seed) => {
            editor.humanise(Humanise { ticks: 20, velocity: 10, seed });
        }
        Edit::Duplicate => {
            editor.duplicate(Ticks(96));
        }
        Edit::CutAndPaste(at) => {
            let clip = editor.cut();
            editor.paste(&clip, 0, Ticks(at));
        }
        Edit::Trim(from, to) => {
            editor.trim(Ticks(from), Ticks(to));
        }
        Edit::Controller(at, value) => {
            let points = [(Ticks(at), Value::masked(value)), (Ticks(at + 50), Value::masked(value / 2))];
            editor.draw_controller(0, Channel::default(), Controller::masked(1), &points);
        }
        Edit::EraseController(at) => {
            editor.erase_controller(0, Channel::default(), Controller::masked(1), Ticks(at), Ticks(at + 900));
        }
        Edit::Mix(value) => {
            let value = Value::masked(value);
            let colour = Some(TrackColour::new(value.get()));
            editor.set_mix(0, Mix { program: value, volume: value, pan: value, mute: true, solo: false, colour });
        }
        Edit::Rename(name) => {
            editor.rename_track(0, &name);
        }
        Edit::AddTrack => {
            editor.add_track(Value::masked(40));
        }
        Edit::RemoveTrack(index) => {
            editor.remove_track(index);
        }
        Edit::Undo => {
            editor.undo();
        }
        Edit::Redo => {
            editor.redo();
        }
    }
}

fn bytes(editor: &Editor) -> Vec<u8> {
    smf::write(&editor.document().composition()).unwrap()
}

/// The notes without their release velocities: of two that end together either may have the other's.
fn sorted(notes: impl Iterator<Item = Note>) -> Vec<Note> {
    let mut notes: Vec<Note> = notes.map(|n| Note { release: Velocity::masked(64), ..n }).collect();
    notes.sort_by_key(|n| (n.start, n.end, n.channel, n.key, n.velocity));
    notes
}

proptest! {
    #[test]
    fn whatever_is_done_and_undone_gives_the_same_bytes(start in composition(), edits in vec(edit(), 1..40)) {
        let mut editor = Editor::open(&start);
        prop_assert_eq!(&editor.document().composition(), &start);
        let original = smf::write(&start).unwrap();
        for edit in edits {
            perform(&mut editor, edit);
        }
        let edited = bytes(&editor);
        let revision = editor.revision();
        let mut steps = 0;
        while editor.undo().is_some() {
            steps += 1;
        }
        prop_assert_eq!(bytes(&editor), original);
        prop_assert_eq!(editor.revision(), 0);
        for _ in 0..steps {
            editor.redo();
        }
        prop_assert_eq!(bytes(&editor), edited);
        prop_assert_eq!(editor.revision(), revision);
    }

    #[test]
    fn the_file_says_the_notes_that_the_editor_shows(start in composition(), edits in vec(edit(), 1..30)) {
        let mut editor = Editor::open(&start);
        for edit in edits {
            perform(&mut editor, edit);
            let shown: Vec<_> =
                editor.document().tracks().iter().map(|t| sorted(t.notes().map(|n| n.note))).collect();
            let read = smf::read(&bytes(&editor)).unwrap().composition;
            let read: Vec<_> = read.tracks.iter().map(|t| sorted(t.notes().into_iter())).collect();
            prop_assert_eq!(read, shown);
        }
    }
}

fn two_tracks() -> Composition {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::DEFAULT));
    let mut head = Track::new();
    head.push_text(Ticks(0), MetaType::TRACK_NAME, "Song");
    head.push(Ticks(0), Event::Meta(MetaType::SEQUENCER, &[1, 2, 3]));
    head.push(Ticks(500), Event::SysEx(&[0x7e, 0x7f, 9, 1, 0xf7]));
    let mut melody = Track::new();
    for (i, key) in [60u8, 62, 64, 65].into_iter().enumerate() {
        let at = i as u64 * 960;
        let (key, velocity) = (Key::masked(key), Velocity::masked(90));
        melody.push_voice(Ticks(at), Channel::default(), Voice::NoteOn { key, velocity });
        melody.push_voice(Ticks(at + 900), Channel::default(), Voice::NoteOff { key, velocity });
    }
    composition.tracks = vec![head, melody];
    composition
}

fn shown(editor: &Editor) -> Vec<(u64, u64, u8)> {
    editor.document().tracks()[1].notes().map(|n| (n.note.start.0, n.note.end.0, n.note.key.get())).collect()
}

#[test]
fn a_note_put_onto_another_of_its_key_ends_it() {
    let mut editor = Editor::open(&two_tracks());
    editor.draw(1, note(500, 1000, 60));
    assert_eq!(shown(&editor)[..2], [(0, 500, 60), (500, 1500, 60)]);
    assert_eq!(editor.next_undo(), Some("Draw note"));
    editor.undo();
    assert_eq!(shown(&editor)[0], (0, 900, 60));
}

#[test]
fn moving_stops_at_the_start_and_at_the_ends_of_the_keyboard() {
    let mut editor = Editor::open(&two_tracks());
    editor.select_all(Some(1));
    assert!(editor.shift(-5_000, 100));
    assert_eq!(editor.limited(-1, 0), (0, 0));
    let keys: Vec<u8> = shown(&editor).iter().map(|n| n.2).collect();
    assert_eq!(keys, [122, 124, 126, 127]);
}

#[test]
fn what_is_not_understood_stays_through_edits_of_notes() {
    let start = two_tracks();
    let mut editor = Editor::open(&start);
    editor.select_all(None);
    editor.quantise(Quantise::onto("1/4".parse().unwrap()));
    editor.shift(960, 3);
    editor.delete();
    let after = editor.document().composition();
    assert_eq!(after.tracks[0], start.tracks[0]);
    assert_eq!(after.note_count(), 0);
}

#[test]
fn copies_go_to_the_cursor_and_are_selected() {
    let mut editor = Editor::open(&two_tracks());
    let selection = editor.within(1, Ticks(900), Ticks(3_000), Key::masked(0), Key::masked(127));
    editor.select(selection);
    let clip = editor.copy();
    assert_eq!((clip.len(), clip.length()), (3, Ticks(2 * 960 + 900)));
    assert_eq!(editor.paste(&clip, 1, Ticks(10_000)).len(), 3);
    assert_eq!(editor.selected().map(|(_, n)| n.note.start.0).collect::<Vec<_>>(), [10_000, 10_960, 11_920]);
    assert!(editor.rewrite("Delete notes", |_, _| Fate::Go));
    assert_eq!(shown(&editor).len(), 4);
}

#[test]
fn trimming_keeps_the_state_of_the_part_that_stays() {
    let mut composition = two_tracks();
    composition.tracks[0].push(Ticks(100), Event::Meta(MetaType::TEMPO, &[6, 0, 0]));
    composition.tracks[0].push(Ticks(200), Event::Meta(MetaType::TEMPO, &[7, 0, 0]));
    composition.tracks[1].push_voice(Ticks(10), Channel::default(), Voice::Program(Value::masked(40)));
    composition.tracks[1].push_text(Ticks(10), MetaType::LYRIC, "la");
    let mut editor = Editor::open(&composition);
    assert!(editor.trim(Ticks(1_400), Ticks(2_400)));
    assert_eq!(shown(&editor), [(0, 460, 62), (520, 1000, 64)]);
    let after = editor.document().composition();
    assert_eq!(after.first_tempo().micros_per_quarter(), 0x07_0000);
    assert_eq!(after.tracks[1].programs(), [(Channel::default(), Value::masked(40))]);
    assert_eq!(after.tracks[1].texts(MetaType::LYRIC).count(), 0);
    assert_eq!(after.tracks[1].end(), Ticks(1_000));
    editor.undo();
    assert_eq!(editor.document().composition(), composition);
}

#[test]
fn a_mix_is_in_the_file_and_comes_back() {
    let mut editor = Editor::open(&two_tracks());
    let mix = Mix {
        program: Value::masked(40),
        volume: Value::masked(90),
        pan: Value::masked(20),
        mute: true,
        solo: false,
        colour: Some(TrackColour::new(3)),
    };
    assert!(editor.set_mix(1, mix));
    assert!(!editor.set_mix(1, mix), "nothing to do is no step");
    let added = editor.add_track(Value::masked(32));
    let again = Editor::open(&smf::read(&bytes(&editor)).unwrap().composition);
    assert_eq!(again.document().tracks()[1].mix(), mix);
    assert_eq!(again.document().tracks()[added].title(added), "Acoustic Bass");
    assert_ne!(again.document().tracks()[added].channel(), again.document().tracks()[1].channel());
}
