//! One event from the bytes of a track, and the search for the next good one after a bad one.

use std::ops::Range;

use super::warning::Fault;
use crate::music::message::{Channel, Controller, Key, Value, Velocity, Voice};

/// An event as it stands in a file.
#[derive(Debug)]
pub(super) struct Decoded {
    /// Ticks since the event before.
    pub(super) delta: u32,
    pub(super) item: Item,
    /// Where the next event begins.
    pub(super) next: usize,
    /// Whether it has a status byte of its own.
    pub(super) explicit: bool,
}

#[derive(Debug)]
pub(super) enum Item {
    Voice {
        status: u8,
        voice: Voice,
    },
    SysEx(Range<usize>),
    Escape(Range<usize>),
    Meta(u8, Range<usize>),
    /// System common or real-time: not allowed in a file, but its length is known.
    System(u8),
}

/// The bytes of a chunk's head: its id and its length.
pub(super) const CHUNK_HEAD: usize = 8;

/// Bytes that are no event.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) why: Fault,
    /// The first byte from which a search for the next event makes sense.
    pub(super) search: usize,
}

/// How many good events in a row make bytes after a bad event trustworthy.
const TRUSTED: usize = 4;

/// The longest silences that are believed in such a row, in ticks. For the first event it is the
/// most that one byte can hold: what looks like a longer number may well be the end of the damage,
/// and time is lost there anyway.
const BELIEVABLE_DELTA: u32 = 0x1f_ffff;
const BELIEVABLE_FIRST: u32 = 0x7f;

/// The event that begins at `at`; `bytes` ends where the track does. `running` is the status of
/// the last channel message, 0 for none.
#[inline(always)]
pub(super) fn decode(bytes: &[u8], at: usize, running: u8) -> Result<Decoded, Bad> {
    let (delta, at) = number(bytes, at)?;
    let first = byte(bytes, at)?;
    let explicit = first >= 0x80;
    let (status, at) = if explicit { (first, at + 1) } else { (running, at) };
    if status < 0x80 {
        return Err(Bad { why: Fault::NoStatus, search: at });
    }
    if status < 0xf0 {
        let a = byte(bytes, at)?;
        let one = matches!(status >> 4, 0xc | 0xd);
        let b = if one { 0 } else { byte(bytes, at + 1)? };
        if (a | b) >= 0x80 {
            return Err(Bad { why: Fault::NoData, search: at });
        }
        let next = if one { at + 1 } else { at + 2 };
        return Ok(Decoded { delta, item: Item::Voice { status, voice: voice(status, a, b) }, next, explicit });
    }
    let (item, next) = other(bytes, at, status)?;
    Ok(Decoded { delta, item, next, explicit })
}

#[inline(always)]
fn voice(status: u8, a: u8, b: u8) -> Voice {
    match status >> 4 {
        0x8 => Voice::NoteOff { key: Key::masked(a), velocity: Velocity::masked(b) },
        0x9 if b == 0 => Voice::NoteOff { key: Key::masked(a), velocity: Velocity::masked(64) },
        0x9 => Voice::NoteOn { key: Key::masked(a), velocity: Velocity::masked(b) },
        0xa => Voice::KeyPressure { key: Key::masked(a), pressure: Value::masked(b) },
        0xb => Voice::Control { controller: Controller::masked(a), value: Value::masked(b) },
        0xc => Voice::Program(Value::masked(a)),
        0xd => Voice::ChannelPressure(Value::masked(a)),
        _ => Voice::PitchBend((i16::from(b) << 7 | i16::from(a)) - 8192),
    }
}

fn other(bytes: &[u8], at: usize, status: u8) -> Result<(Item, usize), Bad> {
    let (kind, at) = match status {
        0xf0 | 0xf7 => (0, at),
        0xff => match byte(bytes, at)? {
            kind if kind < 0x80 => (kind, at + 1),
            _ => return Err(Bad { why: Fault::MetaType, search: at }),
        },
        _ => {
            let data = match status {
                0xf1 | 0xf3 => 1,
                0xf2 => 2,
                _ => 0,
            };
            let cut = Bad { why: Fault::Cut, search: at };
            let data = bytes.get(at..at + data).ok_or(cut)?;
            if data.iter().any(|b| *b >= 0x80) {
                return Err(Bad { why: Fault::NoData, search: at });
            }
            return Ok((Item::System(status), at + data.len()));
        }
    };
    let (length, start) = number(bytes, at)?;
    let cut = Bad { why: Fault::Cut, search: start };
    let end = start.checked_add(length as usize).filter(|end| *end <= bytes.len()).ok_or(cut)?;
    let item = match status {
        0xf0 => Item::SysEx(start..end),
        0xf7 => Item::Escape(start..end),
        _ => Item::Meta(kind, start..end),
    };
    Ok((item, end))
}

#[inline(always)]
fn byte(bytes: &[u8], at: usize) -> Result<u8, Bad> {
    bytes.get(at).copied().ok_or(Bad { why: Fault::Cut, search: bytes.len() })
}

/// A number of one to four bytes with seven bits each, and where it ends.
#[inline(always)]
fn number(bytes: &[u8], at: usize) -> Result<(u32, usize), Bad> {
    let first = byte(bytes, at)?;
    if first < 0x80 {
        return Ok((u32::from(first), at + 1));
    }
    let mut value = u32::from(first & 0x7f);
    for i in at + 1..at + 4 {
        let byte = byte(bytes, i)?;
        value = value << 7 | u32::from(byte & 0x7f);
        if byte < 0x80 {
            return Ok((value, i + 1));
        }
    }
    Err(Bad { why: Fault::LongNumber, search: at + 4 })
}

/// The channel of a status byte.
#[inline(always)]
pub(super) fn channel(status: u8) -> Channel {
    Channel::masked(status)
}

/// What comes after an event that cannot be decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Good events begin here.
    Event(usize),
    /// The next track's chunk begins here.
    Track(usize),
    /// Nothing that can be trusted.
    Nothing,
}

/// Searches from `from` for a few good events in a row, the first with a status byte of its own.
pub(super) fn resynchronise(bytes: &[u8], from: usize) -> Next {
    for at in from..bytes.len() {
        if track_begins(bytes, at) {
            return Next::Track(at);
        }
        if trusted(bytes, at) {
            return Next::Event(at);
        }
    }
    Next::Nothing
}

fn trusted(bytes: &[u8], mut at: usize) -> bool {
    let mut running = 0;
    for n in 0..TRUSTED {
        let Ok(event) = decode(bytes, at, running) else { return false };
        if event.delta > if n == 0 { BELIEVABLE_FIRST } else { BELIEVABLE_DELTA } {
            return false;
        }
        match event.item {
            Item::Meta(0x2f, data) => return data.is_empty(),
            Item::System(_) => return false,
            Item::Voice { status, .. } => running = status,
            Item::SysEx(_) | Item::Escape(_) | Item::Meta(..) => {}
        }
        at = event.next;
    }
    true
}

/// Whether a track's chunk with a length that fits into the file begins at `at`.
pub(super) fn track_begins(bytes: &[u8], at: usize) -> bool {
    chunk(bytes, at).is_some_and(|(id, length)| id == *b"MTrk" && length as usize <= bytes.len() - at - CHUNK_HEAD)
}

/// Whether something that looks like a chunk and fits into the file begins at `at`.
pub(super) fn is_chunk(bytes: &[u8], at: usize) -> bool {
    chunk(bytes, at).is_some_and(|(id, length)| {
        id == *b"MTrk"
            || id.iter().all(|b| b.is_ascii_graphic() || *b == b' ') && length as usize <= bytes.len() - at - CHUNK_HEAD
    })
}

/// The id and the length of the chunk at `at`.
pub(super) fn chunk(bytes: &[u8], at: usize) -> Option<([u8; 4], u32)> {
    match bytes.get(at..)? {
        [a, b, c, d, l0, l1, l2, l3, ..] => Some(([*a, *b, *c, *d], u32::from_be_bytes([*l0, *l1, *l2, *l3]))),
        _ => None,
    }
}

/// Where `needle` begins next, at or after `from`.
pub(super) fn find(bytes: &[u8], from: usize, needle: [u8; 4]) -> Option<usize> {
    bytes.get(from..)?.windows(needle.len()).position(|w| w == needle).map(|i| from + i)
}
