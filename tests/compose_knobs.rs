//! The knobs: styles, limits, voices and bars, as a program that calls the library meets them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

use std::ops::ControlFlow;
use std::sync::LazyLock;

use composer::compose::Model;
use composer::compose::arrange::{self, Failed, Pass, Variation};
use composer::compose::arrangement::Style;
use composer::compose::melody::{Melody, NoMelody, Voice};
use composer::compose::request::{
    Bass, Kind, NotesToAdd, NotesToRemove, Parameters, PickUp, Request, SamplingIterations,
};
use composer::music::composition::{Composition, Division, Format, MetaType, Note, Track};
use composer::music::message::{Channel, Key, Velocity, Voice as Sound};
use composer::music::{Ppq, Ticks, smf};

static MODEL: LazyLock<Model> = LazyLock::new(|| Model::chorale().unwrap());

/// A track of (start, length, key) in sixteenths of 120 ticks, `off` ticks late.
fn track(name: &str, channel: u8, notes: &[(u64, u64, u8)], off: u64) -> Track {
    let mut track = Track::new();
    track.push_text(Ticks(0), MetaType::TRACK_NAME, name);
    let mut events = Vec::new();
    for (start, length, key) in notes {
        let (key, velocity) = (Key::masked(*key), Velocity::masked(90));
        events.push((start * 120 + off, 1, Sound::NoteOn { key, velocity }));
        events.push(((start + length) * 120 + off, 0, Sound::NoteOff { key, velocity }));
    }
    events.sort_by_key(|(at, order, _)| (*at, *order));
    for (at, _, sound) in events {
        track.push_voice(Ticks(at), Channel::masked(channel), sound);
    }
    track
}

fn song(tracks: Vec<Track>) -> Composition {
    let mut song = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    song.tracks = tracks;
    song
}

/// Two bars in C.
const TUNE: [(u64, u64, u8); 7] =
    [(0, 4, 67), (4, 4, 69), (8, 4, 71), (12, 4, 72), (16, 4, 74), (20, 4, 71), (24, 8, 72)];

fn quick() -> Parameters {
    Parameters { sampling_iterations: SamplingIterations::new(0).unwrap(), ..Parameters::default() }
}

fn run(input: &Composition, parameters: Parameters) -> Result<Variation, Failed> {
    let request = Request { kind: Kind::Compose, parameters };
    let mut go = |_: &Pass<'_>| ControlFlow::Continue(());
    Ok(arrange::compose(&MODEL, input, &request, &mut go)?.remove(0))
}

fn named<'a>(composition: &'a Composition, name: &str) -> &'a Track {
    composition.tracks.iter().find(|t| t.name().as_deref() == Some(name)).unwrap_or_else(|| panic!("no track {name}"))
}

#[test]
fn every_style_spreads_the_harmony_over_four_tracks_and_leaves_the_melody_alone() {
    let input = song(vec![track("Flute", 0, &TUNE, 0)]);
    for style in Style::ALL.into_iter().filter(|style| *style != Style::Folk) {
        let output = run(&input, Parameters { style, ..quick() }).unwrap().composition;
        assert_eq!(output.tracks[0], input.tracks[0], "{style:?}");
        let chords: Vec<_> = named(&output, "Chords").texts(MetaType::TEXT).collect();
        assert!(chords.len() >= 3, "{style:?}: {chords:?}");
        let parts = &output.tracks[2..];
        assert_eq!(parts.len(), if style == Style::Chorale { 3 } else { 4 }, "{style:?}");
        for part in parts {
            let notes = part.notes();
            assert!(!notes.is_empty(), "{style:?} {:?} plays nothing", part.name());
            assert!(notes.iter().all(|n| n.end > n.start && n.end.0 <= 32 * 120), "{style:?} {:?}", part.name());
        }
        let bytes = smf::write(&output).unwrap();
        assert!(smf::read(&bytes).unwrap().warnings.is_empty(), "{style:?}");
    }
}

#[test]
fn no_more_notes_are_added_than_allowed() {
    let long: Vec<(u64, u64, u8)> = (0..24).map(|i| (i * 4, 4, [67, 69, 71, 72][i as usize % 4])).collect();
    let input = song(vec![track("Flute", 0, &long, 0)]);
    for style in [Style::Chorale, Style::Rock] {
        let most = NotesToAdd::new(50);
        let variation = run(&input, Parameters { style, max_notes_to_add: most, ..quick() }).unwrap();
        assert_eq!(variation.added, 50, "{style:?}");
        assert_eq!(variation.composition.note_count(), 24 + 50, "{style:?}");
    }
}

#[test]
fn notes_are_removed_only_where_that_is_allowed_and_others_stay_as_they_were() {
    let mut wrong = TUNE;
    wrong[3].2 = 73;
    let input = song(vec![track("Flute", 0, &wrong, 7)]);
    assert_eq!(run(&input, quick()).unwrap().removed, 0);
    let most = NotesToRemove::new(30).unwrap();
    let variation = run(&input, Parameters { max_input_notes_to_remove: most, ..quick() }).unwrap();
    assert!(variation.removed <= 2, "{} of seven are more than 30 %", variation.removed);
    let (before, after) = (input.tracks[0].notes(), variation.composition.tracks[0].notes());
    assert_eq!(after.len() + variation.removed, before.len());
    assert!(after.iter().all(|n| before.contains(n)));
}

#[test]
fn bars_are_redone_and_the_others_stay() {
    let input = song(vec![track("Flute", 0, &TUNE, 0)]);
    let first = run(&input, quick()).unwrap().composition;
    assert_eq!(run(&first, quick()).unwrap_err(), Failed::NoMelody(NoMelody::Complete));
    let bars = Some("2".parse().unwrap());
    let differs = (1..6).any(|seed| {
        let second = run(&first, Parameters { bars, seed, ..quick() }).unwrap().composition;
        assert_eq!(second.tracks.len(), first.tracks.len());
        assert_eq!(second.tracks[0], first.tracks[0]);
        for name in ["Alto", "Tenor", "Bass"] {
            let early = |c: &Composition| -> Vec<Note> {
                named(c, name).notes().into_iter().filter(|n| n.start.0 < 16 * 120).collect()
            };
            assert_eq!(early(&second), early(&first), "{name}");
            assert!(named(&second, name).notes().iter().any(|n| n.end.0 == 32 * 120), "{name} stops early");
        }
        second != first
    });
    assert!(differs);
    let nowhere = run(&first, Parameters { bars: Some("7-9".parse().unwrap()), ..quick() }).unwrap_err();
    assert_eq!(nowhere.to_string(), "there is no melody in bars 7 to 9; it lies in bars 1 to 2");
}

#[test]
fn a_bass_that_is_there_stays_or_goes() {
    let bass = [(0, 8, 48), (8, 8, 43), (16, 8, 43), (24, 8, 36)];
    let input = song(vec![track("Flute", 0, &TUNE, 0), track("Left hand", 1, &bass, 0)]);
    let kept = run(&input, quick()).unwrap().composition;
    assert_eq!(kept.tracks[..2], input.tracks[..]);
    assert!(kept.tracks.iter().all(|t| t.name().as_deref() != Some("Bass")));
    let replaced = run(&input, Parameters { bass: Bass::Replace, ..quick() }).unwrap().composition;
    assert_eq!((replaced.tracks[0].clone(), replaced.tracks[1].note_count()), (input.tracks[0].clone(), 0));
    assert!(named(&replaced, "Bass").note_count() > 0);
    let alto = run(&input, Parameters { voices: Some(vec![Voice::Alto]), ..quick() }).unwrap().composition;
    assert_eq!(alto.tracks.len(), 4);
}

#[test]
fn twenty_four_tracks_are_searched_and_no_channel_is_taken_twice() {
    let mut tracks: Vec<Track> =
        (0..23).map(|i| track(&format!("Part {i}"), i % 9, &[(0, 4, 40 + i), (8, 4, 41 + i)], 0)).collect();
    tracks.push(track("Lead vocal", 11, &TUNE, 0));
    let input = song(tracks);
    let variation = run(&input, quick()).unwrap();
    assert_eq!(variation.track, 23);
    assert_eq!(variation.composition.tracks[..24], input.tracks[..]);
    let taken: Vec<Channel> = input.tracks.iter().flat_map(|t| t.channels().iter().collect::<Vec<_>>()).collect();
    for part in &variation.composition.tracks[24..] {
        assert!(part.channels().iter().all(|c| !taken.contains(&c)), "{:?}", part.name());
    }
}

#[test]
fn both_hands_in_one_track_are_a_melody_and_its_bass() {
    let mut both = TUNE.to_vec();
    both.extend([(0, 8, 48), (8, 8, 43), (16, 8, 43), (24, 8, 36)]);
    let input = song(vec![track("Piano", 0, &both, 3)]);
    let output = run(&input, quick()).unwrap();
    assert_eq!(output.composition.tracks[0], input.tracks[0]);
    let melody = Melody::of(&input, &quick()).unwrap();
    assert_eq!((melody.voice, melody.lines[0].voice), (Voice::Soprano, Voice::Bass));
    assert_eq!(melody.sections[0].notes.len(), TUNE.len());
}

#[test]
fn free_playing_is_heard_in_beats_and_comes_back_as_it_was() {
    // Quarters of 0.53 s with a hand's unevenness, in a file whose ticks run at 120 a minute.
    let mut free = Track::new();
    let mut at = 777u64;
    for (i, (_, length, key)) in TUNE.iter().chain(&TUNE).chain(&TUNE).enumerate() {
        let (key, velocity) = (Key::masked(*key), Velocity::masked(60 + (i * 13 % 40) as u8));
        let ticks = length * 127 + [0, 9, 17, 4][i % 4];
        free.push_voice(Ticks(at), Channel::default(), Sound::NoteOn { key, velocity });
        free.push_voice(Ticks(at + ticks - 20), Channel::default(), Sound::NoteOff { key, velocity });
        at += ticks;
    }
    let input = song(vec![free]);
    let melody = Melody::of(&input, &quick()).unwrap();
    assert!(melody.is_free());
    let lengths: Vec<usize> = melody.sections[0].notes.iter().map(|n| n.to - n.from).collect();
    let right = lengths.iter().zip(TUNE.iter().cycle()).filter(|(l, (_, length, _))| l.abs_diff(*length as usize) <= 1);
    assert!(right.count() >= 19, "{lengths:?}");
    let output = run(&input, quick()).unwrap().composition;
    assert_eq!(output.tracks[0], input.tracks[0]);
    // What is added sounds together with the melody's own notes.
    let starts: Vec<Ticks> = input.tracks[0].notes().iter().map(|n| n.start).collect();
    let alto = named(&output, "Alto").notes();
    assert!(alto.iter().filter(|n| starts.contains(&n.start)).count() * 2 > alto.len());
}

#[test]
fn a_pick_up_that_is_told_begins_the_first_bar_later_and_the_file_says_so() {
    let input = song(vec![track("Flute", 0, &TUNE, 0)]);
    let parameters = Parameters {
        pick_up: PickUp::new(1.0),
        time_signature: Some("3/4".parse().unwrap()),
        key: Some("E minor".parse().unwrap()),
        ..quick()
    };
    let output = run(&input, parameters).unwrap().composition;
    let signatures: Vec<_> = output.tempo_map().signatures().map(|(at, s)| (at.0, s.to_string())).collect();
    assert_eq!(signatures, [(0, "1/4".to_owned()), (480, "3/4".to_owned())]);
    let keys: Vec<_> = named(&output, "Chords").metas().filter(|(_, k, _)| *k == MetaType::KEY_SIGNATURE).collect();
    assert_eq!(keys, [(Ticks(0), MetaType::KEY_SIGNATURE, &[1u8, 1][..])]);
}

#[test]
fn what_does_not_go_together_is_told() {
    let input = song(vec![track("Flute", 0, &TUNE, 0)]);
    let bars = Some("1".parse().unwrap());
    for parameters in [
        Parameters { style: Style::Rock, bars, ..quick() },
        Parameters { style: Style::Synth, voices: Some(vec![Voice::Alto]), ..quick() },
    ] {
        assert!(matches!(run(&input, parameters), Err(Failed::Contradiction(_))));
    }
}
