//! A performance as a file: WAV, FLAC or Ogg Vorbis, with its level made right and nothing beyond full scale.
//!
//! The same score, SoundFont and settings give the same bytes: no dates go in, and the noise that
//! hides the steps of 16 bits is the same every time.

mod encoder;
mod level;
mod spool;

use std::io::{self, Seek, Write};
use std::path::PathBuf;

use super::limiter::{CEILING, Limiter};
use super::performance::Performance;
use encoder::Encoder;
pub use level::{Measured, Normalise};
use spool::{Spool, SpoolReader};

/// The longest performance that becomes a file.
const LONGEST: u64 = 24 * 60 * 60;

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// RIFF WAVE.
    Wav,
    /// FLAC, lossless.
    Flac,
    /// Ogg Vorbis, a tenth of that.
    Vorbis {
        /// How much of the sound is kept.
        quality: Quality,
    },
}

/// Vorbis' scale of quality, 0 to 10; 6 is about 190 kbit/s for music at 48 kHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality(u8);

impl Quality {
    /// 0 to 10.
    #[must_use]
    pub fn new(quality: u8) -> Option<Quality> {
        (quality <= 10).then_some(Quality(quality))
    }
}

impl Default for Quality {
    fn default() -> Quality {
        Quality(6)
    }
}

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 16 bits, with dither.
    Sixteen,
    /// 24 bits.
    TwentyFour,
    /// 32-bit floats; WAV only. (Vorbis has no depth.)
    Float,
}

/// What the file shall be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Export {
    /// Its kind.
    pub container: Container,
    /// Its samples.
    pub depth: Depth,
    /// Its level.
    pub normalise: Normalise,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Somebody said stop.
    #[error("interrupted, and not written")]
    Interrupted,
    /// Nobody would hear it to its end.
    #[error("the piece lasts {hours} hours; up to {} can be rendered", LONGEST / 3_600)]
    TooLong {
        /// How long.
        hours: u64,
    },
    /// More than fits.
    #[error("a WAV file holds 4 GB at most; render to FLAC, or with a lower sample rate")]
    TooBig,
    /// FLAC knows no floats.
    #[error("FLAC stores whole numbers: choose 16 or 24 bits, or a WAV file")]
    NoFloats,
    /// The encoder does not take it.
    #[error("this cannot be encoded: {0}")]
    Encoder(String),
    /// What is kept until the level is known finds no room.
    #[error("the temporary folder {} does not take the sound until its level is known: {source}", folder.display())]
    Aside {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk does not take it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Seconds of sound that are made.
    pub seconds: f64,
    /// Of about so many.
    pub of: f64,
}

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Its length in frames.
    pub frames: u64,
    /// Frames a second.
    pub rate: u32,
    /// What was measured before the level was changed.
    pub before: Measured,
    /// What is in the file, where its level was asked for.
    pub after: Option<Measured>,
    /// By how much the level was changed, in dB.
    pub gain_db: f64,
}

/// Writes a performance to `out`. `progress` is told often, and answers whether to go on.
///
/// # Errors
/// See [`ExportError`]; what is in `out` is of no use then.
pub fn export(
    performance: Performance,
    settings: Export,
    out: impl Write + Seek,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Summary, ExportError> {
    if settings.container == Container::Flac && settings.depth == Depth::Float {
        return Err(ExportError::NoFloats);
    }
    let rate = performance.rate();
    seconds(&performance)?;
    if settings.container == Container::Wav
        && encoder::wav_bytes(settings.depth, performance.expected_frames()) > encoder::WAV_BYTES
    {
        return Err(ExportError::TooBig);
    }
    let encoder = Encoder::new(out, settings.container, settings.depth, rate)?;
    perform_to(encoder, performance, settings, progress)
}

fn perform_to<W: Write + Seek>(
    encoder: Encoder<W>,
    performance: Performance,
    settings: Export,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Summary, ExportError> {
    let (rate, of) = (performance.rate(), seconds(&performance)?);
    let mut finish = Finish::new(rate, settings, encoder);
    let mut spool = settings.normalise.is_measured().then(Spool::new);
    let before = measured(performance, settings.normalise, progress, &mut |left, right| match &mut spool {
        Some(spool) => spool.write(left, right),
        None => finish.write(left, right),
    })?;
    let mut gain_db = settings.normalise.gain_db(&before);
    if let Some(spool) = spool {
        let mut reader = spool.read()?;
        let mut go_on = || if progress(Progress { seconds: of, of }) { Ok(()) } else { Err(ExportError::Interrupted) };
        if let (Normalise::Loudness(to), true) = (settings.normalise, finish.limiter.is_some()) {
            gain_db = through_limiter(&mut reader, rate, &before, gain_db, to, &mut go_on)?;
        }
        finish.gain = amplitude(gain_db);
        finish.meter = Some(level::Meter::new(rate, settings.normalise)?);
        while let Some((left, right)) = reader.next_chunk()? {
            finish.write(left, right)?;
            go_on()?;
        }
    }
    let (frames, after) = finish.end()?;
    Ok(Summary { frames, rate, before, after, gain_db })
}

/// The gain at which what leaves the limiter has a loudness: what it takes off the peaks has to be made up for. The
/// more it takes off the less it helps, so the music is not squashed further than by a few dB.
fn through_limiter(
    reader: &mut SpoolReader,
    rate: u32,
    before: &Measured,
    plain_db: f64,
    to: f64,
    go_on: &mut dyn FnMut() -> Result<(), ExportError>,
) -> Result<f64, ExportError> {
    /// Nearer than this nobody hears, in LU.
    const NEAR: f64 = 0.05;
    /// More than the plain gain, in dB.
    const MOST: f64 = 6.0;
    const ROUNDS: usize = 6;
    let mut gain_db = plain_db;
    for _ in 0..ROUNDS {
        if before.peak_db + gain_db <= 20.0 * f64::from(CEILING).log10() {
            break;
        }
        let mut limiter = Limiter::looking_ahead(rate);
        let mut meter = level::Meter::new(rate, Normalise::Loudness(to))?;
        let gain = amplitude(gain_db);
        reader.rewind()?;
        while let Some((left, right)) = reader.next_chunk()? {
            left.iter_mut().chain(right.iter_mut()).for_each(|x| *x *= gain);
            limiter.process(left, right);
            meter.hear(left, right)?;
            go_on()?;
        }
        let missing = meter.measured().loudness.map_or(0.0, |heard| to - heard);
        let next = (gain_db + missing).min(plain_db + MOST);
        if missing.abs() < NEAR || next == gain_db {
            break;
        }
        gain_db = next;
    }
    reader.rewind()?;
    Ok(gain_db)
}

/// What a performance would be as such a file: by how many dB it would be changed, and its level then. No file is made.
///
/// # Errors
/// As [`export`].
pub fn measure(
    performance: Performance,
    settings: Export,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Summary, ExportError> {
    perform_to(Encoder::<io::Cursor<Vec<u8>>>::None, performance, settings, progress)
}

/// How long it will be.
fn seconds(performance: &Performance) -> Result<f64, ExportError> {
    let (frames, rate) = (performance.expected_frames(), performance.rate().max(1));
    if frames / u64::from(rate) > LONGEST {
        return Err(ExportError::TooLong { hours: frames / u64::from(rate) / 3_600 });
    }
    Ok(frames as f64 / f64::from(rate))
}

/// Where sound goes: left and right.
type Take<'a> = dyn FnMut(&[f32], &[f32]) -> Result<(), ExportError> + 'a;

/// Performs, hands everything on, and answers with its level.
fn measured(
    performance: Performance,
    normalise: Normalise,
    progress: &mut dyn FnMut(Progress) -> bool,
    take: &mut Take<'_>,
) -> Result<Measured, ExportError> {
    let rate = performance.rate();
    let of = seconds(&performance)?;
    let mut meter = level::Meter::new(rate, normalise)?;
    let mut frames = 0u64;
    perform(performance, |left, right| {
        meter.hear(left, right)?;
        take(left, right)?;
        frames += left.len() as u64;
        let go_on = progress(Progress { seconds: frames as f64 / f64::from(rate), of });
        if go_on { Ok(()) } else { Err(ExportError::Interrupted) }
    })?;
    Ok(meter.measured())
}

fn amplitude(db: f64) -> f32 {
    10f64.powf(db / 20.0) as f32
}

/// Hands over what is performed, chunk by chunk. Where there are threads to be used, the next chunk is
/// made while one is taken.
fn perform(
    mut performance: Performance,
    mut take: impl FnMut(&[f32], &[f32]) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    /// Chunks that may wait.
    const AHEAD: usize = 4;
    if performance.workers().get() == 1 {
        while let Some((left, right)) = performance.next_chunk() {
            take(left, right)?;
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        let (full, chunks) = std::sync::mpsc::sync_channel(AHEAD);
        let make = move || {
            while let Some((left, right)) = performance.next_chunk() {
                if full.send((left.to_vec(), right.to_vec())).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().spawn_scoped(scope, make)?;
        chunks.into_iter().try_for_each(|(left, right)| take(&left, &right))
    })
}

/// The limiter and the encoder behind it.
struct Finish<W: Write + Seek> {
    gain: f32,
    limiter: Option<Limiter>,
    /// Measures what leaves.
    meter: Option<level::Meter>,
    /// Frames of the limiter's delay that are still to be left out.
    skip: usize,
    encoder: Encoder<W>,
    left: Vec<f32>,
    right: Vec<f32>,
    frames: u64,
}

impl<W: Write + Seek> Finish<W> {
    fn new(rate: u32, settings: Export, encoder: Encoder<W>) -> Finish<W> {
        // A file of floats has no full scale, and a peak that was asked for is below it anyway.
        let limited = settings.depth != Depth::Float && !matches!(settings.normalise, Normalise::Peak(_));
        let limiter = limited.then(|| Limiter::looking_ahead(rate));
        let gain = if let Normalise::By(db) = settings.normalise { amplitude(db) } else { 1.0 };
        Finish {
            gain,
            skip: limiter.as_ref().map_or(0, Limiter::delay),
            limiter,
            meter: None,
            encoder,
            left: Vec::new(),
            right: Vec::new(),
            frames: 0,
        }
    }

    fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), ExportError> {
        self.left.clear();
        self.right.clear();
        self.left.extend(left.iter().map(|x| x * self.gain));
        self.right.extend(right.iter().map(|x| x * self.gain));
        if let Some(limiter) = &mut self.limiter {
            limiter.process(&mut self.left, &mut self.right);
        }
        let skip = self.skip.min(left.len());
        self.skip -= skip;
        self.frames += (left.len() - skip) as u64;
        if let Some(meter) = &mut self.meter {
            meter.hear(&self.left[skip..], &self.right[skip..])?;
        }
        self.encoder.write(&self.left[skip..], &self.right[skip..])
    }

    fn end(mut self) -> Result<(u64, Option<Measured>), ExportError> {
        let rest = self.limiter.as_ref().map_or(0, Limiter::delay);
        let silence = vec![0.0; rest];
        self.write(&silence, &silence)?;
        self.encoder.end()?;
        Ok((self.frames, self.meter.map(|meter| meter.measured())))
    }
}

#[cfg(test)]
mod tests;
