//! Whatever the bytes are: the journal's reader does not panic, what it read is in order, and the
//! take that comes of it can be written as a Standard MIDI File.

#![no_main]

use composer::music::smf;
use composer::studio::journal::{self, MAGIC, Record};
use libfuzzer_sys::fuzz_target;

/// A header that reads, with which every framed input begins.
const HEADER: &[u8] = br#"{"take":"t","part":0,"started":"2026-01-01T00:00:00+00:00","device":"AKM322","tempo":500000,
"time_signature":"4/4","ppq":960,"origin":1000000,"wanted":null}"#;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&framed(bytes));
});

/// The input as records with good checksums, which chance alone would hardly ever find:
/// a kind, a length, and so many bytes of payload, again and again.
fn framed(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    record(1, HEADER, &mut out);
    while let [kind, length, rest @ ..] = bytes {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        record(*kind, payload, &mut out);
        bytes = rest;
    }
    out
}

fn record(kind: u8, payload: &[u8], out: &mut Vec<u8>) {
    let length = (payload.len() as u32).to_le_bytes();
    let mut sum = crc32fast::Hasher::new();
    sum.update(&length);
    sum.update(&[kind]);
    sum.update(payload);
    out.extend(length);
    out.extend(sum.finalize().to_le_bytes());
    out.push(kind);
    out.extend(payload);
}

fn check(bytes: &[u8]) {
    let Ok(contents) = journal::read(bytes) else { return };
    assert!(contents.torn <= bytes.len());
    assert!(contents.events.windows(2).all(|w| w[0].0 <= w[1].0));

    // Written again and read again it is the same.
    let mut again = MAGIC.to_vec();
    Record::Header(contents.header.clone()).write(&mut again);
    for (at, event) in &contents.events {
        Record::Event(*at, event.clone()).write(&mut again);
    }
    if let Some(end) = contents.end {
        Record::End(end).write(&mut again);
    }
    let reread = journal::read(&again).expect("what was written can be read");
    assert_eq!((&reread.events, &reread.end), (&contents.events, &contents.end));

    let take = contents.header.assemble(contents.events, contents.end);
    assert!(take.events.windows(2).all(|w| w[0].0 <= w[1].0));
    // Hostile times can make a file too big to be written; that is an error, not a crash.
    if let Ok(file) = smf::write_take(&take) {
        smf::read(&file).expect("what was written can be read");
    }
}
