//! What a file is that is no bare Standard MIDI File.

use std::ops::Range;

/// Where in a RIFF file of form RMID the MIDI data lies, as far as the file goes.
pub(super) fn riff_data(file: &[u8]) -> Option<Range<usize>> {
    let mut at = 12;
    loop {
        let (id, length) = match file.get(at..)? {
            [a, b, c, d, l0, l1, l2, l3, ..] => ([*a, *b, *c, *d], u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize),
            _ => return None,
        };
        let start = at + 8;
        let end = start.checked_add(length)?;
        if id == *b"data" {
            return Some(start..end.min(file.len()));
        }
        at = end.saturating_add(length % 2);
    }
}

/// What a file seems to be, in words, with its first bytes.
pub(super) fn describe(file: &[u8]) -> String {
    let known: &[(&[u8], &str)] = &[
        (b"RIFF", "a RIFF file without MIDI data in it, a WAV file for example"),
        (b"ID3", "an MP3 file"),
        (b"\xff\xfb", "an MP3 file"),
        (b"OggS", "an Ogg audio file"),
        (b"fLaC", "a FLAC audio file"),
        (b"FORM", "an IFF or AIFF file"),
        (b"PK\x03\x04", "a ZIP archive, a MuseScore or compressed MusicXML file for example"),
        (b"\x1f\x8b", "a gzip archive; unpack it first"),
        (b"<?xml", "an XML file, MusicXML for example"),
        (b"%PDF", "a PDF file"),
        (b"\x7fELF", "a program"),
    ];
    let first = file.get(..8).unwrap_or(file);
    let bytes = first.escape_ascii();
    let name = known.iter().find(|(magic, _)| file.starts_with(magic)).map(|(_, name)| *name);
    let text = || file.iter().take(512).all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
    match name {
        Some(name) => format!("`{bytes}` ({name})"),
        None if file.iter().all(|b| *b == 0) => format!("`{bytes}` (nothing but zeros)"),
        None if text() => format!("`{bytes}` (a text)"),
        None => format!("`{bytes}`"),
    }
}
