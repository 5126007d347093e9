//! What was played comes back: melodies of every kind through `compose`, event for event.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

use std::ops::ControlFlow;
use std::sync::LazyLock;

use composer::compose::arrange::{self, Failed, Pass};
use composer::compose::arrangement::Style;
use composer::compose::melody::{Melody, NoMelody, Voice};
use composer::compose::request::{
    Bpm, Extension, ExtensionBars, Kind, Parameters, PickUp, Request, SamplingIterations, TrackNumber,
};
use composer::compose::{Error, Model};
use composer::music::composition::event::{tempo_data, time_signature_data};
use composer::music::composition::{Composition, Division, Event, Format, MetaType, Track};
use composer::music::message::{Channel, Key, Velocity, Voice as Sound};
use composer::music::{Ppq, Tempo, Ticks, TimeSignature, smf};
use proptest::prelude::*;

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::chorale().unwrap());
/// Random numbers, and few: what it adds is nonsense, what it is given must come back all the same.
static TINY: LazyLock<Model> = LazyLock::new(|| Model::read(include_bytes!("data/compose-tiny.safetensors")).unwrap());

/// A file of one track: (start, length, key) in ticks of 480 a quarter.
fn file(notes: &[(u64, u64, u8)], signature: (u8, u8), tempos: &[(u64, f64)]) -> Composition {
    let mut composition = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::new();
    let signature = TimeSignature::new(signature.0, signature.1).unwrap();
    track.push(Ticks(0), Event::Meta(MetaType::TIME_SIGNATURE, &time_signature_data(signature)));
    for (at, bpm) in tempos {
        track.push(Ticks(*at), Event::Meta(MetaType::TEMPO, &tempo_data(Tempo::from_bpm(*bpm).unwrap())));
    }
    let mut events = Vec::new();
    for (start, length, key) in notes {
        let key = Key::masked(*key);
        events.push((*start, 1, Sound::NoteOn { key, velocity: Velocity::masked(70 + key.get() % 40) }));
        events.push((start + length, 0, Sound::NoteOff { key, velocity: Velocity::masked(11) }));
    }
    events.sort_by_key(|(at, order, _)| (*at, *order));
    for (at, _, sound) in events {
        track.push_voice(Ticks(at), Channel::default(), sound);
    }
    composition.tracks.push(track);
    composition
}

fn quick() -> Parameters {
    Parameters { sampling_iterations: SamplingIterations::new(0).unwrap(), ..Parameters::default() }
}

fn on_track(number: u32) -> Parameters {
    Parameters { track: TrackNumber::new(number), ..quick() }
}

fn request(parameters: Parameters) -> Request {
    Request { kind: Kind::Compose, parameters }
}

fn go(_: &Pass<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// What a hand plays: on the grid, off it, an ornament of notes that hardly sound, a rest of many bars.
fn gesture() -> impl Strategy<Value = Vec<(u64, u64, u8)>> {
    let key = || 0u8..128;
    prop_oneof![
        3 => (1u64..9, key()).prop_map(|(steps, key)| vec![(0, steps * 120, key)]),
        3 => (0u64..500, 1u64..900, key()).prop_map(|(gap, length, key)| vec![(gap, length, key)]),
        2 => (prop::collection::vec(1u64..25, 2..9), 1u8..125)
            .prop_map(|lengths| lengths.0.iter().enumerate().map(|(i, l)| (0, *l, lengths.1 + i as u8 % 3)).collect()),
        1 => (1920u64..20_000, key()).prop_map(|(rest, key)| vec![(rest, 240, key)]),
    ]
}

fn style() -> impl Strategy<Value = (Kind, Style)> {
    prop_oneof![
        prop::sample::select(vec![Style::Chorale, Style::Strings, Style::PianoTrio, Style::Rock, Style::Synth])
            .prop_map(|style| (Kind::Compose, style)),
        prop::sample::select(vec![Style::Chorale, Style::Folk]).prop_map(|style| (Kind::Extend, style)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn melodies_of_every_kind_come_back_event_for_event(
        gestures in prop::collection::vec(gesture(), 1..12),
        legato in prop::bool::ANY,
        signature in prop::sample::select(vec![(4, 4), (3, 4), (6, 8), (5, 4), (7, 8), (2, 2), (11, 16), (1, 4)]),
        tempos in prop::collection::vec((0u64..9000, 30.0f64..280.0), 0..5),
        pick_up in prop::option::of(0.0f32..8.0),
        bpm in prop::option::of(30.0f32..250.0),
        (kind, style) in style(),
        seed: u64,
    ) {
        let mut at = 0;
        let mut notes = Vec::new();
        for (gap, length, key) in gestures.concat() {
            at += gap;
            notes.push((at, length, key));
            at += if legato { length } else { length / 2 };
        }
        let mut tempos = tempos;
        tempos.sort_by_key(|(at, _)| *at);
        let input = file(&notes, signature, &tempos);
        let extension = Extension::Bars(ExtensionBars::new(1).unwrap());
        let parameters = Parameters {
            seed, style, extension, pick_up: pick_up.and_then(PickUp::new), bpm: bpm.and_then(Bpm::new), ..quick()
        };
        let request = Request { kind, parameters };
        let output = arrange::compose(&TINY, &input, &request, &mut go).unwrap();
        let composed = &output[0].composition;
        prop_assert_eq!(&composed.tracks[..1], &input.tracks[..]);
        prop_assert_eq!(output[0].removed, 0);
        // And so it is in the file that is written, whatever the keys struck twice.
        let read = smf::read(&smf::write(composed).unwrap()).unwrap().composition;
        let alone = smf::read(&smf::write(&input).unwrap()).unwrap().composition;
        prop_assert_eq!(read.tracks[0].notes(), alone.tracks[0].notes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_players_track_is_never_altered(
        gaps in prop::collection::vec((0u64..500, 1u64..700, 24u8..100), 1..7),
        signature in prop::sample::select(vec![(4, 4), (3, 4), (6, 8), (5, 4), (7, 8), (2, 2)]),
        tempos in prop::collection::vec((0u64..2000, 40.0f64..220.0), 0..3),
        seed: u64,
    ) {
        let mut at = 0;
        let notes: Vec<_> = gaps.iter().map(|(gap, length, key)| { at += gap; let n = (at, *length, *key); at += length / 2; n }).collect();
        let input = file(&notes, signature, &tempos);
        let output = arrange::compose(&MODEL, &input, &request(Parameters { seed, ..quick() }), &mut go).unwrap();
        let composed = &output[0].composition;
        prop_assert_eq!(&composed.tracks[..1], &input.tracks[..]);
        // Low notes under others are a bass, and then none is added.
        prop_assert!((4..=5).contains(&composed.tracks.len()), "{} tracks", composed.tracks.len());
        let bytes = smf::write(composed).unwrap();
        // What is odd in the player's own track (a key struck twice) stays odd; nothing else is.
        let odd = |bytes: &[u8]| smf::read(bytes).unwrap().warnings.len();
        prop_assert_eq!(odd(&bytes), odd(&smf::write(&input).unwrap()));
    }
}

#[test]
fn one_note_is_enough_and_a_seed_gives_the_same_bytes() {
    let bytes = |notes: &[(u64, u64, u8)], seed| {
        let request = request(Parameters { seed, ..quick() });
        let output = arrange::compose(&MODEL, &file(notes, (4, 4), &[]), &request, &mut go).unwrap();
        smf::write(&output[0].composition).unwrap()
    };
    // A single note is the end of its piece: whatever the seed, it rests on the chord of its key.
    let one = [(0, 960, 67)];
    assert_eq!(bytes(&one, 1), bytes(&one, 1));
    let three = [(0, 480, 67), (480, 480, 69), (960, 960, 67)];
    assert_eq!(bytes(&three, 1), bytes(&three, 1));
    assert!((2..9).any(|s| bytes(&three, s) != bytes(&three, 1)));
}

#[test]
fn a_melody_goes_on_where_it_ends() {
    let input = file(&[(0, 480, 67), (480, 480, 69), (960, 960, 71)], (4, 4), &[]);
    let extension = Extension::Bars(ExtensionBars::new(1).unwrap());
    let request = Request { kind: Kind::Extend, parameters: Parameters { extension, ..quick() } };
    let output = arrange::compose(&MODEL, &input, &request, &mut go).unwrap();
    let composed = &output[0].composition;
    assert_eq!(composed.tracks[..1], input.tracks[..]);
    let notes = composed.tracks[1].notes();
    assert!(!notes.is_empty());
    assert!(notes.iter().all(|n| n.start.0 >= 1920 && n.end.0 <= 3840), "{notes:?}");
}

#[test]
fn what_there_is_so_far_can_be_had_at_every_pass_and_any_of_them_can_be_the_last() {
    let input = file(&[(0, 480, 67), (480, 480, 69), (960, 960, 71)], (4, 4), &[]);
    let mut passes = 0;
    let mut most = 0;
    let all = arrange::compose(&MODEL, &input, &request(quick()), &mut |pass| {
        let so_far = pass.so_far();
        assert_eq!(so_far.tracks[..1], input.tracks[..]);
        assert!(pass.done.parts < pass.done.of);
        (passes, most) = (passes + 1, most.max(so_far.note_count()));
        ControlFlow::Continue(())
    });
    assert!(passes == 16 && most > input.note_count() && most <= all.unwrap()[0].composition.note_count());
    for last in 0..passes {
        let mut left = last;
        let cancelled = arrange::compose(&MODEL, &input, &request(quick()), &mut |_| {
            if left == 0 {
                ControlFlow::Break(())
            } else {
                left -= 1;
                ControlFlow::Continue(())
            }
        });
        assert_eq!(cancelled.unwrap_err(), Failed::Model(Error::Cancelled));
    }
}

#[test]
fn nothing_to_sing_is_told() {
    let mut empty = file(&[], (4, 4), &[]);
    assert_eq!(Melody::of(&empty, &quick()).unwrap_err(), NoMelody::NoNotes { drums: 0 });
    let drums = Channel::masked(9);
    let (key, velocity) = (Key::masked(36), Velocity::masked(90));
    empty.tracks[0].push_voice(Ticks(0), drums, Sound::NoteOn { key, velocity });
    empty.tracks[0].push_voice(Ticks(9), drums, Sound::NoteOff { key, velocity });
    assert_eq!(Melody::of(&empty, &quick()).unwrap_err(), NoMelody::NoNotes { drums: 1 });
    let song = file(&[(0, 480, 60)], (4, 4), &[]);
    let error = Melody::of(&song, &on_track(5)).unwrap_err();
    assert_eq!(error.to_string(), "track 5 has no notes that a voice could sing; tracks with notes: 1");
}

#[test]
fn ten_thousand_notes_off_the_grid_with_a_silence_of_hours() {
    let notes: Vec<_> =
        (0..10_000u64).map(|i| (i * 131 + if i > 5_000 { 1 << 33 } else { 0 }, 117, 55 + (i * 7 % 24) as u8)).collect();
    let melody = Melody::of(&file(&notes, (3, 4), &[(0, 97.0)]), &quick()).unwrap();
    assert_eq!(melody.sections.len(), 2);
    for section in &melody.sections {
        assert_eq!(section.ticks.len(), section.score.len() + 1);
        assert!(section.ticks.is_sorted());
    }
}

#[test]
fn ten_thousand_notes_come_back_and_none_at_all_is_told() {
    // Sixty bars of trills, off the grid.
    let notes: Vec<_> = (0..10_000u64).map(|i| (7 + i * 11, 9 + i % 3, 60 + (i % 2 * 2 + i / 500) as u8)).collect();
    let input = file(&notes, (4, 4), &[(0, 60.0), (50_000, 141.0)]);
    for kind in [Kind::Compose, Kind::Extend] {
        let output = arrange::compose(&TINY, &input, &Request { kind, parameters: quick() }, &mut go).unwrap();
        assert_eq!(output[0].composition.tracks[..1], input.tracks[..]);
        assert!(output[0].added > 0);
        let none = arrange::compose(&TINY, &file(&[], (4, 4), &[]), &Request { kind, parameters: quick() }, &mut go);
        assert_eq!(none.unwrap_err(), Failed::NoMelody(NoMelody::NoNotes { drums: 0 }));
    }
}

#[test]
fn a_piece_comes_to_rest_on_the_chord_of_its_key() {
    // "Oh when the saints": its last note, C, goes as well with F and A minor.
    let tune = [64u8, 65, 67, 64, 60, 64, 62, 60];
    let notes: Vec<_> = tune.iter().enumerate().map(|(i, key)| (i as u64 * 960, 960, key + 12)).collect();
    let input = file(&notes, (4, 4), &[]);
    for seed in 0..2 {
        let request = request(Parameters { seed, key: Some("C".parse().unwrap()), ..quick() });
        let output = arrange::compose(&MODEL, &input, &request, &mut go).unwrap();
        let end = |track: &Track| track.notes().iter().max_by_key(|n| n.end).unwrap().key.get() % 12;
        let parts = &output[0].composition.tracks[2..];
        assert_eq!(end(&parts[2]), 0, "the bass rests on the root");
        assert!(parts.iter().all(|part| [0, 4, 7].contains(&end(part))));
    }
}

#[test]
fn a_folk_tune_goes_on_alone_and_within_a_fiddles_reach() {
    // The first eight bars of a reel, twice over: plenty for a style to show in.
    let tune = [74, 71, 67, 71, 74, 71, 79, 78, 76, 74, 71, 69, 67, 69, 71, 69u8];
    let notes: Vec<_> = (0..64u64).map(|i| (i * 240, 230, tune[i as usize % 16])).collect();
    let input = file(&notes, (4, 4), &[]);
    let parameters =
        Parameters { style: Style::Folk, extension: Extension::Bars(ExtensionBars::new(4).unwrap()), ..quick() };
    let request = Request { kind: Kind::Extend, parameters };
    let output = arrange::compose(&MODEL, &input, &request, &mut go).unwrap();
    let composed = &output[0].composition;
    assert_eq!(composed.tracks[..1], input.tracks[..]);
    let added = composed.tracks[1].notes();
    assert_eq!(composed.tracks.len(), 2);
    // It walks in eighths as the tune does, where a chorale would walk in quarters.
    assert!(added.len() > 20, "{} notes in four bars", added.len());
    assert!(added.iter().all(|n| (55..=88).contains(&n.key.get()) && n.start.0 >= 64 * 240));
    let refused = |kind, harmony| {
        let parameters = Parameters { style: Style::Folk, harmony, ..quick() };
        arrange::compose(&MODEL, &input, &Request { kind, parameters }, &mut go).unwrap_err()
    };
    assert!(matches!(refused(Kind::Compose, false), Failed::Contradiction(_)));
    assert!(matches!(refused(Kind::Extend, true), Failed::Contradiction(_)));
    let folk = Model::folk().unwrap();
    let chorale = arrange::compose(&folk, &input, &self::request(quick()), &mut go).unwrap_err();
    assert!(matches!(chorale, Failed::Contradiction(_)), "weights of tunes alone make no chorale");
}

#[test]
fn the_voice_is_that_of_the_melodys_range() {
    let voice = |key| {
        let melody = Melody::of(&file(&[(0, 480, key)], (4, 4), &[]), &quick()).unwrap();
        (melody.voice, melody.shift)
    };
    assert_eq!(voice(72), (Voice::Soprano, 0));
    assert_eq!(voice(96), (Voice::Soprano, -24));
    assert_eq!(voice(52), (Voice::Tenor, 0));
    assert_eq!(voice(41), (Voice::Bass, 0));
    assert_eq!(voice(28), (Voice::Bass, 12));
}

#[test]
fn the_highest_track_with_enough_notes_is_the_melody() {
    let mut song = file(&[(0, 480, 48), (480, 480, 50), (960, 480, 52)], (4, 4), &[]);
    song.format = Format::Parallel;
    song.tracks.push(file(&[(0, 480, 72), (480, 480, 74)], (4, 4), &[]).tracks.remove(0));
    assert_eq!(Melody::of(&song, &quick()).unwrap().track, 1);
    assert_eq!(Melody::of(&song, &on_track(1)).unwrap().track, 0);
}
