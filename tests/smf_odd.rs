//! Odd and broken files, `tests/data/midi`: everything that can be read is read, and every oddity
//! is told with its place.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use composer::music::composition::{Format, MetaType};
use composer::music::smf::{self, Reading};
use composer::music::{Micros, Ticks};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/midi")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.mid"))).unwrap()
}

fn read(name: &str) -> Reading {
    smf::read(&bytes(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

type Expected = (&'static str, &'static [&'static [u8]], &'static [(u64, &'static str)]);

/// File, keys of each track's notes, warnings (byte, a part of the text).
const FILES: &[Expected] = &[
    ("format-0", &[&[60, 64]], &[]),
    ("format-2", &[&[60, 64], &[72]], &[]),
    ("smpte-25-40", &[&[60, 62]], &[]),
    ("smpte-29-80", &[&[60]], &[]),
    ("running-status", &[&[60, 64]], &[]),
    ("running-across-meta", &[&[60, 64]], &[(34, "running status")]),
    ("rmid", &[&[60, 64]], &[]),
    ("rmid-wrong-lengths", &[&[60, 64]], &[(4, "RIFF"), (20, "begins here")]),
    ("macbinary", &[&[60, 64]], &[(128, "begins here")]),
    ("no-header", &[&[60, 64]], &[(0, "no header")]),
    ("long-header", &[&[60, 64]], &[(4, "10 bytes long")]),
    ("short-header", &[&[60, 64]], &[(4, "4 bytes long"), (12, "no resolution")]),
    ("format-7", &[&[60, 64], &[72]], &[(8, "format 7")]),
    ("format-0-two-tracks", &[&[60, 64], &[72]], &[(8, "format 0 with 2 tracks")]),
    ("division-0", &[&[60, 64]], &[(12, "0 ticks a quarter")]),
    ("too-few-tracks", &[&[60, 64]], &[(10, "5 tracks; there are 1")]),
    ("too-many-tracks", &[&[60, 64], &[72]], &[(10, "1 tracks; there are 2")]),
    ("length-too-short", &[&[60, 64], &[72]], &[(18, "7 bytes long; it is 22")]),
    ("length-too-long", &[&[60, 64], &[72]], &[(18, "25 bytes long; it is 22")]),
    ("length-to-the-end", &[&[60, 64], &[72]], &[(18, "4294967295 bytes long; it is 22")]),
    ("length-0", &[&[60, 64], &[72]], &[(18, "0 bytes long; it is 22")]),
    ("garbage-between-chunks", &[&[60, 64], &[72]], &[(44, "11 bytes that belong to no chunk")]),
    ("unknown-chunk", &[&[60, 64], &[72]], &[(14, "`XFIH`")]),
    ("no-end-of-track", &[&[60, 64], &[72]], &[(40, "no End of Track"), (57, "no End of Track")]),
    ("after-end-of-track", &[&[60, 64]], &[(35, "13 bytes after")]),
    ("end-in-delta", &[&[60, 64]], &[]),
    (
        "truncated-in-note",
        &[&[60, 64]],
        &[(31, "E4 on channel 1 has no note-off"), (35, "no End of Track"), (35, "file ends")],
    ),
    ("truncated-in-text", &[&[60, 64]], &[(40, "longer than its track"), (88, "file ends")]),
    ("bad-status", &[&[60, 64, 65], &[72]], &[(31, "a data byte above 127; 5 bytes")]),
    ("data-first", &[&[60, 64], &[72]], &[(22, "data without a status")]),
    ("endless-number", &[&[60, 64, 65], &[72]], &[(31, "more than four bytes")]),
    ("meta-longer-than-track", &[&[60], &[72]], &[(31, "longer than its track")]),
    ("real-time-bytes", &[&[60, 64]], &[(31, "0xf8 does not belong into a file; left out (and 1 more")]),
    ("doubled-note", &[&[60, 60, 64]], &[(22, "has no note-off"), (26, "starts while it still sounds")]),
    ("overlapping-notes", &[&[60, 60]], &[(26, "starts while it still sounds")]),
    ("hanging-note", &[&[60, 64]], &[(22, "C4 on channel 1 has no note-off")]),
    ("stray-note-off", &[&[60, 64]], &[(22, "C#4 on channel 1, which does not sound")]),
    ("velocity-0", &[&[60]], &[]),
    ("tempo-0", &[&[60, 64]], &[(22, "tempo of 0")]),
    ("tempo-short", &[&[60, 64]], &[(22, "0x51 cannot have 1 byte")]),
    ("key-signature-empty", &[&[60, 64]], &[(22, "0x59 cannot have 0 bytes")]),
    ("time-signature-odd", &[&[60, 64]], &[(22, "time signature")]),
    ("huge-deltas", &[&[60, 64]], &[]),
    ("split-sysex", &[&[60, 64]], &[]),
    ("escape-in-names", &[&[60, 64]], &[]),
    ("two-files-in-one", &[&[60, 64], &[72]], &[(8, "format 0"), (10, "1 tracks"), (44, "second header")]),
    ("header-only", &[], &[(10, "3 tracks; there are 0")]),
];

#[test]
fn what_can_be_read_is_read_and_what_is_odd_is_told() {
    for (name, keys, warnings) in FILES {
        let reading = read(name);
        let found: Vec<Vec<u8>> =
            reading.composition.tracks.iter().map(|t| t.notes().iter().map(|n| n.key.get()).collect()).collect();
        assert_eq!(found, *keys, "{name}");
        let told: Vec<_> = reading.warnings.iter().map(|w| (w.offset, w.to_string())).collect();
        assert_eq!(told.len(), warnings.len(), "{name}: {told:#?}");
        for ((offset, text), (at, part)) in told.iter().zip(*warnings) {
            assert!(offset == at && text.contains(part), "{name}: byte {offset}: {text}\nexpected byte {at}: {part}");
        }
    }
}

#[test]
fn every_file_here_has_its_line_in_the_readme_and_its_expectation() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let expected: BTreeSet<_> = FILES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let there: BTreeSet<_> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".mid")?.to_owned()))
        .collect();
    let by_others: BTreeSet<_> = there.iter().filter(|name| name.starts_with("by-")).cloned().collect();
    assert_eq!(there.difference(&by_others).cloned().collect::<BTreeSet<_>>(), expected);
    for name in there {
        assert!(readme.contains(&format!("`{name}.mid`")), "{name} is not in README.md");
    }
}

#[test]
fn what_was_read_from_a_broken_file_makes_a_sound_one() {
    for (name, ..) in FILES {
        let first = read(name).composition;
        let again = smf::read(&smf::write(&first).unwrap()).unwrap();
        assert_eq!(again.composition, first, "{name}");
    }
}

#[test]
fn times_are_those_of_the_files_own_clock() {
    let duration = |name| read(name).composition.duration();
    assert_eq!(duration("smpte-25-40"), Micros(1_500_000));
    assert_eq!(duration("smpte-29-80"), Micros(1_001_000));
    assert_eq!(duration("end-in-delta"), Micros(2_000_000));
    // Format 2: one second at 120 and one at 60 quarter notes a minute, one after the other.
    assert_eq!(duration("format-2"), Micros(2_000_000));
    assert_eq!(read("format-2").composition.format, Format::Sequential);
    // 40 times the longest delta is more than 32 bits of ticks.
    let track = &read("huge-deltas").composition.tracks[0];
    assert_eq!(track.end(), Ticks(40 * 0x0fff_ffff + 960));
}

#[test]
fn a_doubled_note_with_one_note_off_ends_there() {
    let ends = |name| read(name).composition.tracks[0].notes().iter().map(|n| n.end.0).collect::<Vec<_>>();
    assert_eq!(ends("doubled-note"), [480, 480, 960]);
    assert_eq!(ends("overlapping-notes"), [480, 720]);
    assert_eq!(ends("hanging-note"), [480, 480]);
}

#[test]
fn names_cannot_command_a_terminal() {
    let track = &read("escape-in-names").composition.tracks[0];
    let texts = [track.name().unwrap(), track.texts(MetaType::MARKER).next().unwrap().1];
    assert!(texts[0].ends_with("Für Elise"), "{texts:?}");
    assert!(texts.iter().all(|t| !t.chars().any(|c| c.is_control() || c == '\u{202e}')), "{texts:?}");
}

#[test]
fn what_is_no_midi_file_is_refused_with_what_it_is() {
    let refused = |bytes: &[u8]| smf::read(bytes).unwrap_err().to_string();
    assert_eq!(refused(b""), "the file is empty");
    assert!(refused(b"RIFF\0\0\0\0WAVEfmt ").contains("RIFF"));
    assert!(refused(b"PK\x03\x04rest").contains("ZIP"));
    assert!(refused(b"The letters MThd alone make no file.").contains("a text"));
    assert!(refused(&[0; 64]).contains("zeros"));
    assert!(refused(b"\x1b[31mred").contains("`\\x1b[31mred`"));
}

/// The start, key and velocity of every note, track by track.
fn played(bytes: &[u8]) -> Vec<Vec<(u64, u8, u8)>> {
    let Ok(reading) = smf::read(bytes) else { return Vec::new() };
    let notes = |t: &composer::music::composition::Track| {
        t.notes().iter().map(|n| (n.start.0, n.key.get(), n.velocity.get())).collect()
    };
    reading.composition.tracks.iter().map(notes).collect()
}

#[test]
fn a_file_cut_anywhere_keeps_what_lies_before_the_cut() {
    for name in ["by-abc2midi", "by-mido", "format-2", "running-status"] {
        let whole = bytes(name);
        let all = played(&whole);
        let mut before = 0;
        for cut in 0..whole.len() {
            let found = played(&whole[..cut]);
            for (track, notes) in found.iter().enumerate() {
                assert!(all[track].starts_with(notes), "{name} cut at byte {cut}: track {track}: {notes:?}");
            }
            let count = found.iter().map(Vec::len).sum();
            assert!(count >= before, "{name}: fewer notes at byte {cut} than at the one before");
            before = count;
            if cut > 14 {
                assert!(
                    !smf::read(&whole[..cut]).unwrap().warnings.is_empty(),
                    "{name}: a cut at {cut} went unnoticed"
                );
            }
        }
        assert_eq!(before, all.iter().map(Vec::len).sum::<usize>(), "{name}");
    }
}

#[test]
fn one_bad_byte_costs_no_other_track() {
    let whole = bytes("by-abc2midi");
    let all = played(&whole);
    assert!(all.len() >= 3);
    // Inside the first track's events, wherever the damage is, the later tracks stay.
    let first_track = 22..whole.windows(4).rposition(|w| w == b"MTrk").unwrap();
    let second = 22 + whole[22..].windows(4).position(|w| w == b"MTrk").unwrap();
    for at in first_track.start..second.min(first_track.end) {
        for bad in [0x00, 0x7f, 0xf4, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = bad;
            assert_eq!(&played(&bytes)[1..], &all[1..], "byte {at} = {bad:#04x}");
        }
    }
}
