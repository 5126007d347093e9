//! From floats to the bytes of a file: hound writes WAV, flac-codec writes FLAC, vorbis_rs writes Ogg Vorbis.
//!
//! Vorbis is the one compressed kind: vorbis_rs is kept up, brings libvorbis (aoTuV) with it and needs no
//! more than the C compiler that linking needs, and every browser and player takes its files. The encoders
//! of MP3 are under the LGPL, and those of Opus want CMake or the system's library.

use std::io::{Seek, Write};
use std::num::{NonZeroU8, NonZeroU32};

use flac_codec::encode::{FlacSampleWriter, Options};
use hound::{SampleFormat, WavSpec, WavWriter};
use vorbis_rs::{VorbisBitrateManagementStrategy, VorbisEncoder, VorbisEncoderBuilder, VorbisError};

use super::{Container, Depth, ExportError};

/// What a WAV file's lengths can say, less what its header takes.
pub(super) const WAV_BYTES: u64 = u32::MAX as u64 - 1_024;

/// The bytes that so many frames take in a WAV file.
pub(super) fn wav_bytes(depth: Depth, frames: u64) -> u64 {
    let bits = match depth {
        Depth::Sixteen => 16,
        Depth::TwentyFour => 24,
        Depth::Float => 32,
    };
    frames.saturating_mul(2 * bits / 8)
}

/// The number of the one stream in an Ogg file: always the same, so that the same sound gives the same bytes.
const SERIAL: i32 = 1;

/// Frames that are handed to Vorbis at once.
const BLOCK: usize = 1_024;

pub(super) enum Encoder<W: Write + Seek> {
    Wav {
        writer: WavWriter<W>,
        quantiser: Quantiser,
        bytes: u64,
    },
    Flac {
        writer: Box<FlacSampleWriter<W>>,
        quantiser: Quantiser,
        samples: Vec<i32>,
    },
    Vorbis {
        writer: Box<VorbisEncoder<W>>,
    },
    /// There is to be no file.
    None,
}

impl<W: Write + Seek> Encoder<W> {
    pub(super) fn new(out: W, container: Container, depth: Depth, rate: u32) -> Result<Encoder<W>, ExportError> {
        let quantiser = Quantiser::new(depth);
        match container {
            Container::Wav => {
                let sample_format = if depth == Depth::Float { SampleFormat::Float } else { SampleFormat::Int };
                let bits = quantiser.bits() as u16;
                let spec = WavSpec { channels: 2, sample_rate: rate, bits_per_sample: bits, sample_format };
                let writer = WavWriter::new(out, spec).map_err(of_hound)?;
                Ok(Encoder::Wav { writer, quantiser, bytes: 0 })
            }
            Container::Flac => {
                let writer =
                    FlacSampleWriter::new(out, Options::default(), rate, quantiser.bits(), 2, None).map_err(of_flac)?;
                Ok(Encoder::Flac { writer: Box::new(writer), quantiser, samples: Vec::new() })
            }
            Container::Vorbis { quality } => {
                let (rate, stereo) =
                    (NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN), NonZeroU8::MIN.saturating_add(1));
                let target_quality = f32::from(quality.0) / 10.0;
                let writer = VorbisEncoderBuilder::new_with_serial(rate, stereo, out, SERIAL)
                    .bitrate_management_strategy(VorbisBitrateManagementStrategy::QualityVbr { target_quality })
                    .build()
                    .map_err(of_vorbis)?;
                Ok(Encoder::Vorbis { writer: Box::new(writer) })
            }
        }
    }

    pub(super) fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), ExportError> {
        let frames = left.iter().zip(right);
        match self {
            Encoder::Wav { writer, quantiser, bytes } => {
                *bytes += (left.len() as u64) * 2 * u64::from(quantiser.bits() / 8);
                if *bytes > WAV_BYTES {
                    return Err(ExportError::TooBig);
                }
                for x in frames.flat_map(|(l, r)| [*l, *r]) {
                    match quantiser.depth {
                        Depth::Float => writer.write_sample(x).map_err(of_hound)?,
                        _ => writer.write_sample(quantiser.step(x)).map_err(of_hound)?,
                    }
                }
            }
            Encoder::Flac { writer, quantiser, samples } => {
                samples.clear();
                samples.extend(frames.flat_map(|(l, r)| [*l, *r]).map(|x| quantiser.step(x)));
                writer.write(samples).map_err(of_flac)?;
            }
            Encoder::Vorbis { writer } => {
                for (left, right) in left.chunks(BLOCK).zip(right.chunks(BLOCK)) {
                    writer.encode_audio_block([left, right]).map_err(of_vorbis)?;
                }
            }
            Encoder::None => {}
        }
        Ok(())
    }

    pub(super) fn end(self) -> Result<(), ExportError> {
        match self {
            Encoder::Wav { writer, .. } => writer.finalize().map_err(of_hound),
            Encoder::Flac { writer, .. } => writer.finalize().map_err(of_flac),
            Encoder::Vorbis { writer } => writer.finish().map(drop).map_err(of_vorbis),
            Encoder::None => Ok(()),
        }
    }
}

fn of_hound(e: hound::Error) -> ExportError {
    match e {
        hound::Error::IoError(e) => ExportError::Io(e),
        other => ExportError::Encoder(other.to_string()),
    }
}

fn of_flac(e: flac_codec::Error) -> ExportError {
    match e {
        flac_codec::Error::Io(e) => ExportError::Io(e),
        other => ExportError::Encoder(other.to_string()),
    }
}

fn of_vorbis(e: VorbisError) -> ExportError {
    match e {
        VorbisError::Io(e) => ExportError::Io(e),
        other => ExportError::Encoder(other.to_string()),
    }
}

/// Rounds to the steps of a file's samples.
pub(super) struct Quantiser {
    depth: Depth,
    noise: u32,
}

impl Quantiser {
    fn new(depth: Depth) -> Quantiser {
        Quantiser { depth, noise: 0x9e37_79b9 }
    }

    fn bits(&self) -> u32 {
        match self.depth {
            Depth::Sixteen => 16,
            Depth::TwentyFour => 24,
            Depth::Float => 32,
        }
    }

    fn step(&mut self, x: f32) -> i32 {
        let full = f64::from(1u32 << (self.bits().min(31) - 1));
        // Two dice instead of one: noise whose strength does not follow the music (triangular dither).
        // Silence stays silence.
        let dither = if self.depth == Depth::Sixteen && x != 0.0 { self.die() + self.die() - 1.0 } else { 0.0 };
        (f64::from(x) * full + dither).round().clamp(-full, full - 1.0) as i32
    }

    /// 0 to 1, the same row of numbers every time (xorshift, G. Marsaglia 2003).
    fn die(&mut self) -> f64 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 17;
        self.noise ^= self.noise << 5;
        f64::from(self.noise) / f64::from(u32::MAX)
    }
}
