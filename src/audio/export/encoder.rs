//! From floats to the bytes of a file: hound writes WAV, flac-codec writes FLAC.

use std::io::{Seek, Write};

use flac_codec::encode::{FlacSampleWriter, Options};
use hound::{SampleFormat, WavSpec, WavWriter};

use super::{Container, Depth, ExportError};

/// What a WAV file's lengths can say, less what its header takes.
const WAV_BYTES: u64 = u32::MAX as u64 - 1_024;

pub(super) enum Encoder<W: Write + Seek> {
    Wav { writer: WavWriter<W>, quantiser: Quantiser, bytes: u64 },
    Flac { writer: Box<FlacSampleWriter<W>>, quantiser: Quantiser, samples: Vec<i32> },
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
        }
        Ok(())
    }

    pub(super) fn end(self) -> Result<(), ExportError> {
        match self {
            Encoder::Wav { writer, .. } => writer.finalize().map_err(of_hound),
            Encoder::Flac { writer, .. } => writer.finalize().map_err(of_flac),
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
