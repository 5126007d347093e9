//! The journal: what was played, on disk while it is played.
//!
//! A journal is appended to and nothing else, so a crash can only cut off its end. Every record
//! carries its length and a checksum; reading stops in front of the first record that is not whole.
//!
//! ```text
//! file   = "CMPJRNL1" record*
//! record = length u32 | checksum u32 | kind u8 | payload          (little endian)
//!          length counts the payload, the checksum (CRC-32) covers length, kind and payload
//! kind 1   header   JSON, see [`Header`]; the first record of a file
//! kind 2   message  time u64 | the message's bytes without running status
//! kind 3   marker   time u64 | text, UTF-8
//! kind 4   end      time u64; the take was ended, not cut off
//! ```
//!
//! Times are microseconds on the clock of the session that wrote the journal.
//! When a disk fills up the journal goes on as another file elsewhere: a further *part* with the
//! same take id.

pub mod file;
mod sync;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::music::composition::text::printable;
use crate::music::{Message, Micros, Ppq, Take, TakeEvent, Tempo, TimeSignature, take::TakeInfo};

/// The first bytes of every journal.
pub const MAGIC: &[u8; 8] = b"CMPJRNL1";

/// The longest payload that is believed; a message is far shorter.
const MAX_PAYLOAD: usize = 16 << 20;

/// Bytes in front of a record's payload.
const FRAME: usize = 9;

/// What is known of a take when it begins. What a header does not say, or says wrongly, is as in the
/// default: the music matters more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// The take's id: the same in all parts of its journal.
    pub take: String,
    /// Which part this is, from 0.
    pub part: u32,
    /// When beat 1 was, RFC 3339 with offset.
    pub started: String,
    /// The port's name.
    pub device: String,
    /// The tempo that was given.
    pub tempo: Tempo,
    /// The time signature that was given.
    pub time_signature: TimeSignature,
    /// Ticks a quarter note of the file to be.
    pub ppq: Ppq,
    /// Where beat 1 is on the session's clock.
    pub origin: Micros,
    /// The file that the player asked for; `None` for one in the library.
    pub wanted: Option<PathBuf>,
}

impl Default for Header {
    fn default() -> Header {
        Header {
            take: String::new(),
            part: 0,
            started: String::new(),
            device: String::new(),
            tempo: Tempo::DEFAULT,
            time_signature: TimeSignature::COMMON,
            ppq: Ppq::DEFAULT,
            origin: Micros::ZERO,
            wanted: None,
        }
    }
}

impl Header {
    /// Without control characters: what a device or a file says ends up on terminals.
    fn made_safe(self) -> Header {
        let [take, started, device] = [&self.take, &self.started, &self.device].map(|s| printable(s));
        Header { take, started, device, ..self }
    }

    /// Makes the take out of what the journal holds.
    ///
    /// Notes that were played before beat 1 (during the count-in) stay: the take then begins whole
    /// bars earlier. What else came before the take's beginning holds from its beginning. Whatever
    /// still sounds at the end is closed there.
    #[must_use]
    pub fn assemble(&self, events: Vec<(Micros, TakeEvent)>, end: Option<Micros>) -> Take {
        let first = events.iter().find(|(_, e)| e.is_note_on()).map_or(self.origin, |(at, _)| *at);
        let bar = self.time_signature.bar(self.tempo).0.max(1);
        let early = self.origin.since(first).0.div_ceil(bar).saturating_mul(bar);
        let origin = Micros(self.origin.0.saturating_sub(early));
        let last = events.last().map_or(origin, |(at, _)| *at);
        let mut take = Take {
            info: TakeInfo {
                started: self.started.clone(),
                device: self.device.clone(),
                tempo: self.tempo,
                time_signature: self.time_signature,
                ppq: self.ppq,
            },
            events: events.into_iter().map(|(at, e)| (at.since(origin), e)).collect(),
            length: Micros::ZERO,
        };
        take.close(end.unwrap_or(last).max(last).since(origin));
        take
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// What is known of the take.
    Header(Header),
    /// Something happened.
    Event(Micros, TakeEvent),
    /// The take was ended here.
    End(Micros),
}

impl Record {
    /// Appends the record's bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([0; FRAME]);
        let kind = match self {
            Record::Header(header) => {
                // A header is strings, numbers and a path; the one way to fail is a path that is no
                // Unicode, and then the take matters more than where it was to go.
                let json = serde_json::to_vec(header)
                    .or_else(|_| serde_json::to_vec(&Header { wanted: None, ..header.clone() }))
                    .unwrap_or_default();
                out.extend(json);
                1
            }
            Record::Event(at, TakeEvent::Message(message)) => {
                out.extend(at.0.to_le_bytes());
                out.extend(message.to_bytes());
                2
            }
            Record::Event(at, TakeEvent::Marker(text)) => {
                out.extend(at.0.to_le_bytes());
                out.extend(text.as_bytes());
                3
            }
            Record::End(at) => {
                out.extend(at.0.to_le_bytes());
                4
            }
        };
        let length = u32::try_from(out.len() - start - FRAME).unwrap_or(u32::MAX).to_le_bytes();
        out[start + 8] = kind;
        let sum = checksum(length, &out[start + 8..]).to_le_bytes();
        out[start..start + 4].copy_from_slice(&length);
        out[start + 4..start + 8].copy_from_slice(&sum);
    }

    /// The record at the front of `bytes` and its length there; `None` when it is not whole.
    fn read(bytes: &[u8]) -> Option<(Record, usize)> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<4>()?;
        let payload_length = u32::from_le_bytes(*length) as usize;
        if payload_length > MAX_PAYLOAD {
            return None;
        }
        let body = rest.get(..=payload_length)?;
        if checksum(*length, body) != u32::from_le_bytes(*sum) {
            return None;
        }
        let (&kind, payload) = body.split_first()?;
        let timed = || payload.split_first_chunk::<8>().map(|(at, rest)| (Micros(u64::from_le_bytes(*at)), rest));
        let record = match kind {
            1 => Record::Header(serde_json::from_slice(payload).map(Header::made_safe).unwrap_or_default()),
            2 => timed().and_then(|(at, m)| Some(Record::Event(at, TakeEvent::Message(Message::from_bytes(m)?))))?,
            3 => timed()
                .map(|(at, text)| Record::Event(at, TakeEvent::Marker(String::from_utf8_lossy(text).into_owned())))?,
            4 => timed().map(|(at, _)| Record::End(at))?,
            _ => return None,
        };
        Some((record, FRAME + payload_length))
    }
}

fn checksum(length: [u8; 4], kind_and_payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(kind_and_payload);
    hasher.finalize()
}

/// What a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// What was known when the take began.
    pub header: Header,
    /// What happened, times never falling.
    pub events: Vec<(Micros, TakeEvent)>,
    /// Where the take was ended; `None` when it was cut off.
    pub end: Option<Micros>,
    /// Bytes at the end of the file that are no whole record.
    pub torn: usize,
}

/// Why nothing can be had from a journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Something else.
    #[error("this is no composer journal (it does not begin with {})", String::from_utf8_lossy(MAGIC))]
    NotAJournal,
    /// The crash came before anything could be written.
    #[error("the journal ends before anything was played")]
    Empty,
}

/// Reads a journal: all records up to the first that is not whole.
///
/// # Errors
/// When it is no journal or has no header, so that there is nothing to save.
pub fn read(bytes: &[u8]) -> Result<Contents, JournalError> {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return Err(if MAGIC.starts_with(bytes) { JournalError::Empty } else { JournalError::NotAJournal });
    };
    let Some((Record::Header(header), length)) = Record::read(rest) else {
        return Err(JournalError::Empty);
    };
    rest = &rest[length..];
    let mut contents = Contents { header, events: Vec::new(), end: None, torn: 0 };
    let mut latest = Micros::ZERO;
    while let Some((record, length)) = Record::read(rest) {
        rest = &rest[length..];
        match record {
            Record::Header(_) => {}
            Record::Event(at, event) => {
                latest = latest.max(at);
                contents.events.push((latest, event));
            }
            Record::End(at) => contents.end = Some(at),
        }
    }
    contents.end = contents.end.map(|end| end.max(latest));
    contents.torn = rest.len();
    Ok(contents)
}

/// Joins the parts of one take's journal, in any order.
///
/// A part begins once more with what the disk of the part before may not have kept; what both have
/// counts once.
#[must_use]
pub fn join(mut parts: Vec<Contents>) -> Option<Contents> {
    parts.sort_by_key(|p| p.header.part);
    let mut parts = parts.into_iter();
    let mut whole = parts.next()?;
    for part in parts {
        let again = overlap(&whole.events, &part.events);
        whole.events.extend(part.events.into_iter().skip(again));
        whole.end = part.end.or(whole.end);
        whole.torn += part.torn;
    }
    whole.events.sort_by_key(|(at, _)| *at);
    Some(whole)
}

/// How many of the first of `later` are the last of `earlier`.
fn overlap<T: PartialEq>(earlier: &[T], later: &[T]) -> usize {
    let starts = earlier.len().saturating_sub(later.len())..earlier.len();
    starts.into_iter().find(|i| later.starts_with(&earlier[*i..])).map_or(0, |i| earlier.len() - i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::message::{Channel, Key, Velocity, Voice};

    fn header() -> Header {
        Header {
            take: "t".into(),
            part: 0,
            started: "2026-01-01T12:00:00+00:00".into(),
            device: "AKM322 MIDI 1".into(),
            tempo: Tempo::DEFAULT,
            time_signature: TimeSignature::COMMON,
            ppq: Ppq::DEFAULT,
            origin: Micros(1_000_000),
            wanted: Some("take.mid".into()),
        }
    }

    fn note_on(key: u8) -> TakeEvent {
        let voice = Voice::NoteOn { key: Key::masked(key), velocity: Velocity::masked(9) };
        TakeEvent::Message(Message::Voice(Channel::default(), voice))
    }

    fn sample() -> Vec<Record> {
        vec![
            Record::Header(header()),
            Record::Event(Micros(1_000_000), note_on(60)),
            Record::Event(Micros(1_000_100), TakeEvent::Marker("unplugged ♪".into())),
            Record::Event(Micros(1_000_200), TakeEvent::Message(Message::SysEx([0xf0, 1, 2, 0xf7].into()))),
            Record::End(Micros(1_500_000)),
        ]
    }

    #[test]
    fn cut_off_at_any_byte_all_whole_records_come_back() {
        let mut bytes = MAGIC.to_vec();
        let mut ends = vec![];
        for record in sample() {
            record.write(&mut bytes);
            ends.push(bytes.len());
        }
        for cut in 0..=bytes.len() {
            let whole = ends.iter().filter(|e| **e <= cut).count();
            match read(&bytes[..cut]) {
                Err(e) => {
                    assert_eq!(whole, 0, "cut at {cut}");
                    assert_eq!(e, JournalError::Empty);
                }
                Ok(contents) => {
                    let got = 1 + contents.events.len() + usize::from(contents.end.is_some());
                    assert_eq!(got, whole, "cut at {cut}");
                    assert_eq!(contents.torn, cut - ends[whole - 1]);
                }
            }
        }
    }

    #[test]
    fn a_flipped_bit_never_passes_for_music() {
        let mut bytes = MAGIC.to_vec();
        sample().iter().for_each(|r| r.write(&mut bytes));
        let good = read(&bytes).unwrap();
        for i in MAGIC.len()..bytes.len() {
            let mut bad = bytes.clone();
            bad[i] ^= 0x10;
            if let Ok(contents) = read(&bad) {
                assert!(good.events.starts_with(&contents.events), "byte {i}");
                assert!(contents.torn > 0, "byte {i}");
            }
        }
        assert_eq!(read(b"MThd...."), Err(JournalError::NotAJournal));
    }

    #[test]
    fn what_was_played_in_the_count_in_moves_the_start_back_by_whole_bars() {
        let h = Header { origin: Micros(4_000_000), ..header() };
        let take = h.assemble(vec![(Micros(3_900_000), note_on(60)), (Micros(4_000_000), note_on(62))], None);
        assert_eq!(take.events[0].0, Micros(1_900_000), "a bar of 4/4 at 120 lasts two seconds");
        assert_eq!(take.events[1].0, Micros(2_000_000));
    }

    #[test]
    fn what_still_sounds_at_the_end_is_closed_there() {
        let take = header().assemble(vec![(Micros(1_000_000), note_on(60))], Some(Micros(2_000_000)));
        let off = Voice::NoteOff { key: Key::masked(60), velocity: Velocity::masked(64) };
        assert_eq!(
            take.events.last(),
            Some(&(Micros(1_000_000), TakeEvent::Message(Message::Voice(Channel::default(), off))))
        );
        assert_eq!(take.length, Micros(1_000_000));
    }

    #[test]
    fn what_two_parts_have_counts_once() {
        assert_eq!(overlap(&[1, 2, 3, 4], &[3, 4, 5]), 2);
        assert_eq!(overlap(&[1, 2, 3], &[1, 2, 3]), 3);
        assert_eq!(overlap(&[1, 2, 3], &[4]), 0);
        assert_eq!(overlap(&[], &[4]), 0);
        assert_eq!(overlap(&[1, 1], &[1, 2]), 1);
    }

    #[test]
    fn a_header_with_impossible_values_costs_no_music() {
        let mut bytes = MAGIC.to_vec();
        let mut payload = br#"{"tempo":0,"time_signature":"4/0","ppq":0}"#.to_vec();
        let length = (payload.len() as u32).to_le_bytes();
        payload.insert(0, 1);
        bytes.extend(length);
        bytes.extend(checksum(length, &payload).to_le_bytes());
        bytes.extend(payload);
        Record::Event(Micros(5), note_on(60)).write(&mut bytes);
        let contents = read(&bytes).unwrap();
        assert_eq!(contents.header.assemble(contents.events, contents.end).notes(), 1);
    }

    #[test]
    fn parts_join_whatever_their_order() {
        let part = |n, at| Contents {
            header: Header { part: n, ..header() },
            events: vec![(Micros(at), note_on(60))],
            end: (n == 1).then_some(Micros(99)),
            torn: 0,
        };
        let whole = join(vec![part(1, 50), part(0, 10)]).unwrap();
        assert_eq!(whole.events.iter().map(|e| e.0.0).collect::<Vec<_>>(), [10, 50]);
        assert_eq!((whole.header.part, whole.end), (0, Some(Micros(99))));
    }
}
