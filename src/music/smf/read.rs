//! Reading: the chunks of a file, and a composition from them.

use super::decode::{self, Bad, CHUNK_HEAD, Item, Next, decode};
use super::keys::Keys;
use super::warning::{Oddity, Warning, Warnings};
use super::{Error, header};
use crate::music::composition::{Composition, Event, Format, MetaType, Track, event};
use crate::music::message::Voice;
use crate::music::time::Ticks;

/// What a file holds, and what was odd about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Everything that could be read.
    pub composition: Composition,
    /// In the order of the file.
    pub warnings: Vec<Warning>,
}

/// Reads a Standard MIDI File of any format, alone or in a RIFF wrapper, whole or broken.
///
/// Memory stays within a small multiple of the file's size, and time is linear in it.
///
/// # Errors
/// When there is nothing in it that could be MIDI.
pub fn read(file: &[u8]) -> Result<Reading, Error> {
    if u32::try_from(file.len()).is_err() {
        return Err(Error::TooLong { bytes: file.len() as u64 });
    }
    let mut reader = Reader { warnings: Warnings::default(), keys: Keys::new() };
    let composition = reader.file(file)?;
    Ok(Reading { composition, warnings: reader.warnings.finish() })
}

struct Reader {
    warnings: Warnings,
    keys: Keys,
}

/// What ended a track.
struct TrackEnd {
    /// Where its last event ended.
    at: usize,
    /// Where the next chunk begins, if that was found out on the way.
    next: Option<usize>,
}

impl Reader {
    fn file(&mut self, file: &[u8]) -> Result<Composition, Error> {
        let (bytes, start) = header::beginning(&mut self.warnings, file)?;
        let header = header::header(&mut self.warnings, bytes, start);
        let mut composition = Composition::new(header.format, header.division);
        let mut at = header.next;
        while at < bytes.len() {
            self.warnings.enter(None);
            at = match decode::chunk(bytes, at) {
                Some((id, length)) if id == *b"MTrk" => {
                    let Ok(index) = u16::try_from(composition.tracks.len() + 1) else {
                        self.warnings.add(at, Oddity::TooManyTracks);
                        break;
                    };
                    self.warnings.enter(Some(index - 1));
                    let (track, next) = self.track(bytes, at, length);
                    composition.tracks.push(track);
                    next
                }
                Some((id, length)) if decode::is_chunk(bytes, at) => {
                    let oddity = match &id {
                        b"MThd" => Oddity::SecondHeader,
                        _ => Oddity::UnknownChunk { id, length },
                    };
                    self.warnings.add(at, oddity);
                    at + CHUNK_HEAD + length as usize
                }
                _ => {
                    // Not from `at` itself: a head of less than eight bytes may stand there.
                    let next = decode::find(bytes, at + 1, *b"MTrk").unwrap_or(bytes.len());
                    self.warnings.add(at, Oddity::NoChunk { bytes: next - at });
                    next
                }
            };
        }
        self.warnings.enter(None);
        let found = composition.tracks.len();
        if let Some(declared) = header.tracks
            && usize::from(declared) != found
        {
            self.warnings.add((start + 10).min(file.len()), Oddity::TrackCount { declared, found });
        }
        if composition.format == Format::Single && found != 1 {
            if found > 1 {
                self.warnings.add((start + 8).min(file.len()), Oddity::SingleFormat { tracks: found });
            }
            composition.format = Format::Parallel;
        }
        Ok(composition)
    }

    /// The track whose chunk begins at `at`, and where the next chunk begins.
    fn track(&mut self, bytes: &[u8], at: usize, length: u32) -> (Track, usize) {
        let start = at + CHUNK_HEAD;
        let declared = start.saturating_add(length as usize);
        // A length is believed when it leads to the end of the file or to another chunk.
        let believed = declared == bytes.len() || decode::is_chunk(bytes, declared);
        let limit = if believed { declared } else { decode::find(bytes, start, *b"MTrk").unwrap_or(bytes.len()) };
        let (track, end) = self.events(&bytes[..limit], start, believed);
        let next = end.next.unwrap_or(if believed { declared } else { end.at });
        if next != declared {
            if declared > bytes.len() && limit == bytes.len() && end.next == Some(limit) {
                self.warnings.add(bytes.len(), Oddity::FileEnds);
            } else {
                self.warnings.add(at + 4, Oddity::ChunkLength { declared: length, real: end.at - start });
            }
        }
        (track, next)
    }

    /// The events from `at` on. With a believed length what comes after End of Track is read too.
    fn events(&mut self, bytes: &[u8], mut at: usize, believed: bool) -> (Track, TrackEnd) {
        // Most events take four bytes; what is too much is given back at the end.
        let mut track = Track::with_capacity((bytes.len() - at) / 4);
        let mut tick = 0u64;
        let mut running = 0u8;
        let mut interrupted = false;
        let mut ended = false;
        let end = loop {
            if at >= bytes.len() {
                if !ended {
                    self.warnings.add(at, Oddity::NoEndOfTrack);
                }
                break TrackEnd { at, next: Some(bytes.len()) };
            }
            let decoded = match decode(bytes, at, running) {
                // By running status, the next chunk's id would be a note.
                Ok(decoded) if !decoded.explicit && decode::track_begins(bytes, at) => {
                    self.warnings.add(at, Oddity::NoEndOfTrack);
                    break TrackEnd { at, next: Some(at) };
                }
                Ok(decoded) => decoded,
                Err(_) if ended => {
                    let next = decode::find(bytes, at, *b"MTrk").unwrap_or(bytes.len());
                    break TrackEnd { at, next: Some(next) };
                }
                Err(bad) => match self.recover(bytes, at, &bad) {
                    Next::Event(next) => {
                        at = next;
                        running = 0;
                        continue;
                    }
                    Next::Track(next) => break TrackEnd { at: next, next: Some(next) },
                    Next::Nothing => break TrackEnd { at: bytes.len(), next: Some(bytes.len()) },
                },
            };
            tick += u64::from(decoded.delta);
            let ticks = Ticks(tick);
            match decoded.item {
                Item::Voice { status, voice } => {
                    if interrupted {
                        if !decoded.explicit {
                            self.warnings.add(at, Oddity::RunningStatus);
                        }
                        interrupted = false;
                    }
                    running = status;
                    let channel = decode::channel(status);
                    match voice {
                        Voice::NoteOn { key, .. } => self.keys.down(channel, key, at, &mut self.warnings),
                        Voice::NoteOff { key, .. } => self.keys.up(channel, key, at, &mut self.warnings),
                        _ => {}
                    }
                    track.push_voice(ticks, channel, voice);
                }
                Item::Meta(0x2f, _) => {
                    track.end_at(ticks);
                    let rest = bytes.len() - decoded.next;
                    if rest == 0 || !believed || decode::track_begins(bytes, decoded.next) {
                        break TrackEnd { at: decoded.next, next: (rest > 0).then_some(decoded.next) };
                    }
                    if !ended {
                        self.warnings.add(decoded.next, Oddity::AfterEndOfTrack { bytes: rest });
                    }
                    ended = true;
                    running = 0;
                }
                Item::Meta(number, data) => {
                    interrupted = true;
                    let data = &bytes[data];
                    self.check_meta(number, data, at);
                    // The decoder lets no number above 127 through.
                    if let Some(kind) = MetaType::new(number) {
                        track.push(ticks, Event::Meta(kind, data));
                    }
                }
                Item::SysEx(data) => {
                    interrupted = true;
                    track.push(ticks, Event::SysEx(&bytes[data]));
                }
                Item::Escape(data) => {
                    interrupted = true;
                    track.push(ticks, Event::Escape(&bytes[data]));
                }
                Item::System(status) => self.warnings.add(at, Oddity::SystemMessage { status }),
            }
            at = decoded.next;
        };
        self.keys.release(&mut self.warnings);
        track.end_at(Ticks(tick));
        track.shrink();
        (track, end)
    }

    #[cold]
    fn recover(&mut self, bytes: &[u8], at: usize, bad: &Bad) -> Next {
        let next = decode::resynchronise(bytes, bad.search.max(at + 1));
        let to = match next {
            Next::Event(to) | Next::Track(to) => to,
            Next::Nothing => bytes.len(),
        };
        self.warnings.add(at, Oddity::Undecodable { why: bad.why, skipped: to - at });
        next
    }

    fn check_meta(&mut self, number: u8, data: &[u8], at: usize) {
        let length = data.len();
        match MetaType::new(number) {
            Some(MetaType::TEMPO) if length < 3 => self.warnings.add(at, Oddity::MetaLength { kind: number, length }),
            Some(MetaType::TEMPO) if event::tempo(data).is_none() => self.warnings.add(at, Oddity::ZeroTempo),
            Some(MetaType::TIME_SIGNATURE) if length < 2 => {
                self.warnings.add(at, Oddity::MetaLength { kind: number, length });
            }
            Some(MetaType::TIME_SIGNATURE) if event::time_signature(data).is_none() => {
                self.warnings.add(at, Oddity::BadTimeSignature);
            }
            Some(MetaType::KEY_SIGNATURE) if length < 2 => {
                self.warnings.add(at, Oddity::MetaLength { kind: number, length });
            }
            _ => {}
        }
    }
}
