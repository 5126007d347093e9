//! midly as the second opinion: on well-formed files both readers must find the same events.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

use std::path::PathBuf;

use composer::music::Message;
use composer::music::composition::Event;
use composer::music::smf;
use midly::{MetaMessage, TrackEventKind};

/// Tick, then the event as the bytes that an instrument would get, or a meta event's text.
type Plain = Vec<(u64, Vec<u8>)>;

fn ours(bytes: &[u8]) -> Vec<Plain> {
    let reading = smf::read(bytes).unwrap();
    let plain = |event: Event<'_>| match event {
        Event::Voice(channel, voice) => Some(Message::Voice(channel, voice).to_bytes()),
        Event::SysEx(data) => Some([&[0xf0], data].concat()),
        Event::Escape(data) => Some([&[0xf7], data].concat()),
        Event::Meta(kind, data) if (1..=9).contains(&kind.get()) => Some([&[0xff, kind.get()], data].concat()),
        Event::Meta(..) => None,
    };
    let track = |t: &composer::music::composition::Track| {
        t.events().filter_map(|(at, event)| Some((at.0, plain(event)?))).collect()
    };
    reading.composition.tracks.iter().map(track).collect()
}

fn midlys(bytes: &[u8]) -> Vec<Plain> {
    let smf = midly::Smf::parse(bytes).unwrap();
    let plain = |kind: TrackEventKind<'_>| match kind {
        TrackEventKind::Midi { .. } => {
            let mut bytes = Vec::new();
            kind.as_live_event()?.write(&mut bytes).ok()?;
            // A note-on with velocity 0 is kept as what it means.
            if bytes[0] >> 4 == 9 && bytes[2] == 0 {
                bytes = vec![bytes[0] & 0x8f, bytes[1], 64];
            }
            Some(bytes)
        }
        TrackEventKind::SysEx(data) => Some([&[0xf0], data].concat()),
        TrackEventKind::Escape(data) => Some([&[0xf7], data].concat()),
        TrackEventKind::Meta(meta) => {
            let (kind, data) = match meta {
                MetaMessage::Text(d) => (1, d),
                MetaMessage::Copyright(d) => (2, d),
                MetaMessage::TrackName(d) => (3, d),
                MetaMessage::InstrumentName(d) => (4, d),
                MetaMessage::Lyric(d) => (5, d),
                MetaMessage::Marker(d) => (6, d),
                MetaMessage::CuePoint(d) => (7, d),
                MetaMessage::ProgramName(d) => (8, d),
                MetaMessage::DeviceName(d) => (9, d),
                _ => return None,
            };
            Some([&[0xff, kind], data].concat())
        }
    };
    smf.tracks
        .iter()
        .map(|events| {
            let mut at = 0;
            let timed = events.iter().filter_map(|e| {
                at += u64::from(e.delta.as_int());
                Some((at, plain(e.kind)?))
            });
            timed.collect()
        })
        .collect()
}

#[test]
fn both_find_the_same_in_well_formed_files() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/midi");
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "mid") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if smf::read(&bytes).unwrap().warnings.is_empty() {
            assert_eq!(ours(&bytes), midlys(&bytes), "{}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= 8, "only {checked} well-formed files");
}
