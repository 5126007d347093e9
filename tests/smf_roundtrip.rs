//! Write, then read: an equal composition; every message of a take, within half a tick. And no
//! bytes whatever make the reader panic.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

use std::num::NonZeroU8;

use composer::music::composition::{Composition, Division, Event, Format, FrameRate, MetaType, Track};
use composer::music::message::{Channel, Key, Message, Value, Velocity, Voice};
use composer::music::quantise::{Grid, Quantise};
use composer::music::smf::{self, Contents};
use composer::music::take::{Take, TakeEvent, TakeInfo};
use composer::music::{Micros, Ppq, Tempo, Ticks, TimeSignature};
use proptest::collection::vec;
use proptest::prelude::*;

fn voice() -> impl Strategy<Value = (Channel, Voice)> {
    let key = || (0u8..128).prop_map(Key::masked);
    let value = || (0u8..128).prop_map(Value::masked);
    let velocity = |from: u8| (from..128).prop_map(Velocity::masked);
    let voice = prop_oneof![
        4 => (key(), velocity(1)).prop_map(|(key, velocity)| Voice::NoteOn { key, velocity }),
        4 => (key(), velocity(0)).prop_map(|(key, velocity)| Voice::NoteOff { key, velocity }),
        1 => (key(), value()).prop_map(|(key, pressure)| Voice::KeyPressure { key, pressure }),
        1 => (0u8..128, value()).prop_map(|(c, value)| Voice::Control {
            controller: composer::music::Controller::masked(c),
            value
        }),
        1 => value().prop_map(Voice::Program),
        1 => value().prop_map(Voice::ChannelPressure),
        1 => (-8192i16..8192).prop_map(Voice::PitchBend),
    ];
    ((0u8..16).prop_map(Channel::masked), voice)
}

#[derive(Clone, Debug)]
enum Any {
    Voice(Channel, Voice),
    SysEx(Vec<u8>),
    Escape(Vec<u8>),
    Meta(u8, Vec<u8>),
}

fn event() -> impl Strategy<Value = Any> {
    let data = || vec(any::<u8>(), 0..300);
    prop_oneof![
        6 => voice().prop_map(|(c, v)| Any::Voice(c, v)),
        1 => data().prop_map(Any::SysEx),
        1 => data().prop_map(Any::Escape),
        2 => (0u8..128, data()).prop_map(|(kind, data)| Any::Meta(kind, data)),
    ]
}

fn track() -> impl Strategy<Value = Track> {
    // Now and then a silence that is longer than one delta time can say.
    let delta = prop_oneof![20 => 0u64..1000, 1 => 0u64..2_000_000_000];
    (vec((delta, event()), 0..60), 0u64..10_000).prop_map(|(events, rest)| {
        let mut track = Track::new();
        let mut at = 0;
        for (delta, event) in events {
            at += delta;
            match &event {
                Any::Voice(c, v) => track.push_voice(Ticks(at), *c, *v),
                Any::SysEx(data) => track.push(Ticks(at), Event::SysEx(data)),
                Any::Escape(data) => track.push(Ticks(at), Event::Escape(data)),
                Any::Meta(kind, data) => {
                    track.push(Ticks(at), Event::Meta(MetaType::new(*kind).unwrap(), data));
                }
            }
        }
        track.end_at(Ticks(at + rest));
        track
    })
}

fn composition() -> impl Strategy<Value = Composition> {
    let rate =
        prop_oneof![Just(FrameRate::Film), Just(FrameRate::Pal), Just(FrameRate::DropFrame), Just(FrameRate::Thirty)];
    let division = prop_oneof![
        3 => (1u16..=0x7fff).prop_map(|p| Division::Metrical(Ppq::new(p).unwrap())),
        1 => (rate, 1u8..=255).prop_map(|(rate, s)| Division::Smpte { rate, subframes: NonZeroU8::new(s).unwrap() }),
    ];
    let format = prop_oneof![Just(Format::Single), Just(Format::Parallel), Just(Format::Sequential)];
    (format, division, vec(track(), 0..5)).prop_map(|(format, division, mut tracks)| {
        if format == Format::Single {
            tracks.resize(1, Track::new());
        }
        Composition { format, division, tracks }
    })
}

fn take() -> impl Strategy<Value = Take> {
    let system = (0xf8u8..=0xff).prop_map(|status| Message::System([status, 0, 0]));
    let message = prop_oneof![
        12 => voice().prop_map(|(c, v)| Message::Voice(c, v)),
        1 => vec(0u8..128, 0..40).prop_map(|data| {
            let bytes: Vec<u8> = [0xf0].into_iter().chain(data).chain([0xf7]).collect();
            Message::SysEx(bytes.into())
        }),
        1 => system,
    ];
    let event = prop_oneof![
        12 => message.prop_map(TakeEvent::Message),
        1 => "[a-zäß ]{0,20}".prop_map(TakeEvent::Marker),
    ];
    let events = vec((0u64..5_000_000, event), 0..80);
    (events, 4.0..1000.0f64, 1u16..=0x7fff, 0u64..10_000_000).prop_map(|(events, bpm, ppq, rest)| {
        let mut at = Micros::ZERO;
        let events: Vec<_> = events
            .into_iter()
            .map(|(delta, event)| {
                at = at.plus(Micros(delta));
                (at, event)
            })
            .collect();
        let info = TakeInfo {
            started: "2026-11-21T10:00:00+01:00".into(),
            device: "AKM322".into(),
            tempo: Tempo::from_bpm(bpm).unwrap(),
            time_signature: TimeSignature::new(3, 4).unwrap(),
            ppq: Ppq::new(ppq).unwrap(),
        };
        Take { info, events, length: at.plus(Micros(rest)) }
    })
}

/// The messages and markers of a track, as they are in a take.
fn heard(track: &Track) -> Vec<(Ticks, TakeEvent)> {
    track
        .events()
        .filter_map(|(at, event)| {
            let event = match event {
                Event::Voice(channel, voice) => TakeEvent::Message(Message::Voice(channel, voice)),
                Event::SysEx(data) => TakeEvent::Message(Message::SysEx([&[0xf0], data].concat().into())),
                Event::Meta(MetaType::MARKER, data) => TakeEvent::Marker(String::from_utf8(data.to_vec()).unwrap()),
                _ => return None,
            };
            Some((at, event))
        })
        .collect()
}

proptest! {
    #[test]
    fn a_composition_comes_back_equal(written in composition()) {
        let reading = smf::read(&smf::write(&written).unwrap()).unwrap();
        prop_assert_eq!(reading.composition, written);
    }

    #[test]
    fn every_message_of_a_take_comes_back_within_half_a_tick(take in take()) {
        let reading = smf::read(&smf::write_take(&take).unwrap()).unwrap();
        let composition = &reading.composition;
        prop_assert_eq!(composition.format, Format::Parallel);
        prop_assert_eq!(composition.tracks.len(), 2);
        prop_assert_eq!(composition.note_count(), take.notes());
        prop_assert_eq!(composition.first_tempo(), take.info.tempo);
        let expected: Vec<_> = take
            .events
            .iter()
            .filter(|(_, event)| !matches!(event, TakeEvent::Message(Message::System(_))))
            .collect();
        let found = heard(&composition.tracks[1]);
        prop_assert_eq!(found.len(), expected.len());
        let tick = take.info.tempo.micros_per_quarter().div_ceil(take.info.ppq.get().into());
        let map = composition.tempo_map();
        for ((at, event), (time, played)) in found.iter().zip(expected) {
            prop_assert_eq!(event, played);
            // Half a tick, and half a microsecond for the rounding of the time that is compared.
            let off = map.micros(*at).0.abs_diff(time.0);
            prop_assert!(2 * off <= u64::from(tick) + 1, "{} is {off} µs off", time.0);
        }
        let off = composition.duration().0.abs_diff(take.length.0);
        prop_assert!(2 * off <= u64::from(tick) + 1, "the end is {off} µs off");
    }

    #[test]
    fn quantised_copies_leave_the_take_as_it_was_played(take in take()) {
        let how = Quantise::onto(Grid::new(16, false).unwrap());
        let played = smf::composition_of_take(&take, Contents::Played);
        let both = smf::composition_of_take(&take, Contents::PlayedAndQuantised(how));
        prop_assert_eq!(&both.tracks[..2], &played.tracks[..]);
        prop_assert_eq!(both.tracks[2].note_count(), take.notes());
        prop_assert!(both.tracks[2].name().unwrap().ends_with("(quantised 1/16)"));
        let alone = smf::composition_of_take(&take, Contents::Quantised(how));
        prop_assert_eq!(&alone.tracks[1], &both.tracks[2]);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..400), header: bool) {
        let mut file = if header { b"MThd\0\0\0\x06\0\x01\0\x01\x01\xe0MTrk\0\0\x01\0".to_vec() } else { Vec::new() };
        file.extend(bytes);
        if let Ok(reading) = smf::read(&file) {
            let again = smf::read(&smf::write(&reading.composition).unwrap()).unwrap();
            prop_assert_eq!(again.composition, reading.composition);
        }
    }

    #[test]
    fn damage_anywhere_neither_panics_nor_goes_unread(
        written in composition(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = smf::write(&written).unwrap();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(reading) = smf::read(&bytes) {
            prop_assert!(reading.warnings.iter().all(|w| w.offset <= bytes.len() as u64));
            let again = smf::read(&smf::write(&reading.composition).unwrap()).unwrap();
            prop_assert_eq!(again.composition, reading.composition);
        }
    }
}

#[test]
fn warnings_and_memory_stay_small_in_a_file_of_nothing_but_oddities() {
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk\xff\xff\xff\xff\0\x90".to_vec();
    file.extend([60, 1, 0].repeat(300_000));
    let reading = smf::read(&file).unwrap();
    assert_eq!(reading.composition.note_count(), 300_000);
    assert!(reading.warnings.len() < 6, "{:?}", reading.warnings);
    assert!(reading.warnings.iter().any(|w| w.more == 299_998), "{:?}", reading.warnings);

    let tracks = b"MTrk\0\0\0\0".repeat(70_000);
    let file = [&b"MThd\0\0\0\x06\0\x01\0\x01\x01\xe0"[..], &tracks].concat();
    let reading = smf::read(&file).unwrap();
    assert_eq!(reading.composition.tracks.len(), 65_535);
    assert!(reading.warnings.iter().any(|w| w.to_string().contains("more than 65535")));
}
