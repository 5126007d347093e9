//! The samples themselves: 16 bits, 24 bits, or Vorbis (SF3), decoded for the presets that are asked for.

use std::io::Cursor;
use std::sync::OnceLock;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::codecs::VorbisDecoder;
use symphonia::default::formats::OggReader;

use super::tables::Header;

/// The sample is in the ROM of a sound card.
const ROM: u16 = 0x8000;
/// The sample is an Ogg Vorbis stream: MuseScore's extension that makes a file an SF3.
const VORBIS: u16 = 0x10;
/// A stream longer than this (in frames; six minutes) is a bomb.
const LONGEST: usize = 1 << 24;

/// All samples of a font.
#[derive(Debug)]
pub(super) struct Samples {
    pool: Pool,
    samples: Vec<Sample>,
}

/// What the `smpl` chunk has.
#[derive(Debug)]
pub(super) enum Pool {
    /// Samples, and the lower eight bits of 24 where the file has them.
    Plain(Vec<i16>, Option<Vec<u8>>),
    /// Streams, and perhaps samples between them.
    Packed(Vec<u8>),
}

#[derive(Debug)]
struct Sample {
    tune: Tune,
    data: Data,
}

/// A sample's pitch.
#[derive(Clone, Copy, Debug)]
struct Tune {
    rate: u32,
    key: u8,
    correction: i8,
}

#[derive(Debug)]
enum Data {
    /// Not there, or broken: it sounds as silence.
    Nothing,
    /// In the plain pool.
    Pooled(Bounds),
    /// In the packed pool from byte to byte.
    Packed { from: usize, to: usize, vorbis: bool, looped: (u32, u32), decoded: OnceLock<Box<[i16]>> },
}

/// Places of a sample in its slice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::audio) struct Bounds {
    pub(in crate::audio) start: u32,
    /// The first place after it.
    pub(in crate::audio) end: u32,
    pub(in crate::audio) loop_start: u32,
    /// The first place after the loop: what is here sounds as what is at its start.
    pub(in crate::audio) loop_end: u32,
}

/// A sample as a voice plays it.
#[derive(Clone, Copy, Debug)]
pub(in crate::audio) struct Wave<'a> {
    pub(in crate::audio) points: &'a [i16],
    /// The lower bits of 24-bit points, as long as `points`.
    pub(in crate::audio) low: Option<&'a [u8]>,
    pub(in crate::audio) bounds: Bounds,
    /// Frames a second.
    pub(in crate::audio) rate: u32,
    pub(in crate::audio) key: u8,
    /// Cents.
    pub(in crate::audio) correction: i8,
}

/// Whether any sample of these is a Vorbis stream.
pub(super) fn packed(headers: &[Header]) -> bool {
    headers.iter().any(|h| h.kind & VORBIS != 0)
}

impl Samples {
    /// The samples, and what is wrong with those that cannot sound.
    pub(super) fn new(pool: Pool, headers: &[Header]) -> (Samples, Vec<String>) {
        let mut wrong = Vec::new();
        let samples = headers
            .iter()
            .map(|header| {
                let data = pool.place(header).unwrap_or_else(|why| {
                    wrong.push(format!("sample '{}': {why}", header.name));
                    Data::Nothing
                });
                let tune =
                    Tune { rate: header.rate.clamp(400, 1_000_000), key: header.key, correction: header.correction };
                Sample { tune, data }
            })
            .collect();
        (Samples { pool, samples }, wrong)
    }

    /// `None` for one that cannot sound, or not yet.
    pub(super) fn wave(&self, sample: u32) -> Option<Wave<'_>> {
        let sample = self.samples.get(sample as usize)?;
        let (points, low, bounds) = match (&sample.data, &self.pool) {
            (Data::Pooled(bounds), Pool::Plain(points, low)) => (&points[..], low.as_deref(), *bounds),
            (Data::Packed { decoded, looped, .. }, _) => {
                let points = decoded.get()?;
                let end = points.len() as u32;
                let loop_end = looped.1.min(end);
                (&points[..], None, Bounds { start: 0, end, loop_start: looped.0.min(loop_end), loop_end })
            }
            _ => return None,
        };
        let Tune { rate, key, correction } = sample.tune;
        (bounds.end > bounds.start).then_some(Wave { points, low, bounds, rate, key, correction })
    }

    /// Whether nothing is left to decode for this sample.
    pub(super) fn ready(&self, sample: u32) -> bool {
        match self.samples.get(sample as usize).map(|s| &s.data) {
            Some(Data::Packed { decoded, .. }) => decoded.get().is_some(),
            _ => true,
        }
    }

    /// Decodes a sample if that has not been done. Never on the audio thread.
    pub(super) fn prepare(&self, sample: u32) {
        let (Some(Sample { data, .. }), Pool::Packed(bytes)) = (self.samples.get(sample as usize), &self.pool) else {
            return;
        };
        if let Data::Packed { from, to, vorbis, decoded, .. } = data {
            decoded.get_or_init(|| {
                let bytes = bytes.get(*from..*to).unwrap_or_default();
                if *vorbis { decode(bytes).into() } else { plain(bytes) }
            });
        }
    }

    /// The memory that samples take, in bytes.
    pub(super) fn memory(&self) -> usize {
        let decoded = |s: &Sample| match &s.data {
            Data::Packed { decoded, .. } => decoded.get().map_or(0, |d| 2 * d.len()),
            _ => 0,
        };
        let pool = match &self.pool {
            Pool::Plain(points, low) => 2 * points.len() + low.as_ref().map_or(0, Vec::len),
            Pool::Packed(bytes) => bytes.len(),
        };
        pool + self.samples.iter().map(decoded).sum::<usize>()
    }
}

impl Pool {
    fn place(&self, header: &Header) -> Result<Data, String> {
        let Header { start, end, loop_start, loop_end, kind, .. } = *header;
        if kind & ROM != 0 {
            return Err("it is in the ROM of a sound card".into());
        }
        if end < start {
            return Err(format!("it ends at {end}, before its start at {start}"));
        }
        match self {
            Pool::Plain(points, _) => {
                if end as usize > points.len() {
                    return Err(format!("it ends at {end}, the samples at {}", points.len()));
                }
                // Loops a little outside are common in old files; one that makes no sense is not played.
                let (mut from, mut to) = (loop_start, loop_end.min(points.len() as u32));
                if from >= to {
                    (from, to) = (start, start);
                }
                Ok(Data::Pooled(Bounds { start, end, loop_start: from, loop_end: to }))
            }
            Pool::Packed(bytes) => {
                let vorbis = kind & VORBIS != 0;
                let width = if vorbis { 1 } else { 2 };
                let (from, to) = (start as usize * width, end as usize * width);
                if to > bytes.len() {
                    return Err(format!("it ends at byte {to}, the samples at {}", bytes.len()));
                }
                // An SF3's loops count from the sample's own start; those of plain samples from the chunk's.
                let base = if vorbis { 0 } else { start };
                let looped = (loop_start.saturating_sub(base), loop_end.saturating_sub(base));
                Ok(Data::Packed { from, to, vorbis, looped, decoded: OnceLock::new() })
            }
        }
    }
}

fn plain(bytes: &[u8]) -> Box<[i16]> {
    bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

/// As much of a stream as can be decoded; of several channels the first.
fn decode(bytes: &[u8]) -> Vec<i16> {
    let mut points = Vec::new();
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    let Ok(mut reader) = OggReader::try_new(source, FormatOptions::default()) else { return points };
    let Some(track) = reader.tracks().first() else { return points };
    let Some(CodecParameters::Audio(parameters)) = &track.codec_params else { return points };
    let Ok(mut decoder) = VorbisDecoder::try_new(parameters, &AudioDecoderOptions::default()) else { return points };
    let mut buffer: Vec<i16> = Vec::new();
    while let Ok(Some(packet)) = reader.next_packet() {
        let Ok(decoded) = decoder.decode(&packet) else { continue };
        let channels = decoded.spec().channels().count().max(1);
        decoded.copy_to_vec_interleaved(&mut buffer);
        points.extend(buffer.iter().step_by(channels));
        if points.len() > LONGEST {
            break;
        }
    }
    points.shrink_to_fit();
    points
}
