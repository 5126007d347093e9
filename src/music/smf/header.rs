//! Where in a file the MIDI data begins, and what its header says.

use std::num::NonZeroU8;

use super::decode::{self, CHUNK_HEAD};
use super::warning::{Oddity, Warnings};
use super::{Error, sniff};
use crate::music::composition::{Division, Format, FrameRate};
use crate::music::time::Ppq;

/// What the header says.
pub(super) struct Header {
    pub(super) format: Format,
    pub(super) division: Division,
    pub(super) tracks: Option<u16>,
    pub(super) next: usize,
}

/// The resolution that is assumed where a file has none.
const ASSUMED: Division = Division::Metrical(match Ppq::new(480) {
    Some(ppq) => ppq,
    None => Ppq::DEFAULT,
});

/// The bytes up to where the MIDI data ends, and where in them it begins.
pub(super) fn beginning<'a>(warnings: &mut Warnings, file: &'a [u8]) -> Result<(&'a [u8], usize), Error> {
    if file.is_empty() {
        return Err(Error::Empty);
    }
    if file.starts_with(b"MThd") && file.len() < CHUNK_HEAD + 6 {
        return Err(Error::OnlyHeader { bytes: file.len() });
    }
    if file.starts_with(b"MThd") || decode::track_begins(file, 0) {
        return Ok((file, 0));
    }
    if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"RMID") {
        if let Some(data) = sniff::riff_data(file)
            && file.get(data.start..data.start + 4) == Some(b"MThd")
        {
            return Ok((&file[..data.end], data.start));
        }
        warnings.add(4, Oddity::RiffWithoutLength);
    }
    // A header in the middle of a text about MIDI files is none: its length and format must fit.
    let mut from = 0;
    while let Some(at) = decode::find(file, from, *b"MThd") {
        if let Some([0, 0, 0, 6, 0, 0..=2, ..]) = file.get(at + 4..) {
            warnings.add(at, Oddity::NotAtStart);
            return Ok((file, at));
        }
        from = at + 4;
    }
    Err(Error::NotMidi { found: sniff::describe(file) })
}

pub(super) fn header(warnings: &mut Warnings, bytes: &[u8], start: usize) -> Header {
    let Some((_, length)) = decode::chunk(bytes, start).filter(|(id, _)| id == b"MThd") else {
        let cut = bytes[start..].starts_with(b"MThd");
        warnings.add(start, if cut { Oddity::FileEnds } else { Oddity::NoHeader });
        let next = if cut { bytes.len() } else { start };
        return Header { format: Format::Parallel, division: ASSUMED, tracks: None, next };
    };
    let data = start + CHUNK_HEAD;
    let declared_end = data.saturating_add(length as usize);
    let next = if declared_end == bytes.len() || decode::is_chunk(bytes, declared_end) {
        declared_end
    } else {
        (data + 6).min(bytes.len())
    };
    let word = |i: usize| match bytes.get(data + i..next)? {
        [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    };
    if length != 6 {
        warnings.add(start + 4, Oddity::HeaderLength { length });
    }
    let format = match word(0) {
        Some(0) => Format::Single,
        Some(1) => Format::Parallel,
        Some(2) => Format::Sequential,
        Some(format) => {
            warnings.add(data, Oddity::UnknownFormat { format });
            Format::Parallel
        }
        None => Format::Parallel,
    };
    let division = match word(4) {
        Some(word) => division_of(warnings, word, data + 4),
        None => {
            warnings.add(next, Oddity::NoDivision);
            ASSUMED
        }
    };
    Header { format, division, tracks: word(2), next }
}

fn division_of(warnings: &mut Warnings, word: u16, at: usize) -> Division {
    let [high, low] = word.to_be_bytes();
    if high < 0x80 {
        return Ppq::new(word).map_or_else(
            || {
                warnings.add(at, Oddity::DivisionZero);
                ASSUMED
            },
            Division::Metrical,
        );
    }
    let rate = match high.wrapping_neg() {
        24 => FrameRate::Film,
        25 => FrameRate::Pal,
        29 => FrameRate::DropFrame,
        30 => FrameRate::Thirty,
        rate => {
            warnings.add(at, Oddity::UnknownFrameRate { rate });
            match rate {
                0..=24 => FrameRate::Film,
                25..=27 => FrameRate::Pal,
                28 => FrameRate::DropFrame,
                _ => FrameRate::Thirty,
            }
        }
    };
    let subframes = NonZeroU8::new(low).unwrap_or_else(|| {
        warnings.add(at + 1, Oddity::SubframesZero);
        NonZeroU8::MIN
    });
    Division::Smpte { rate, subframes }
}
