//! An Ogg Vorbis file as a sound for rodio, decoded as it plays. By symphonia, which reads SF3 SoundFonts
//! as well; rodio itself would bring an older one along.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZero;
use std::time::Duration;

use rodio::{ChannelCount, Sample, SampleRate, Source};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::default::codecs::VorbisDecoder;
use symphonia::default::formats::OggReader;

pub(super) struct Vorbis {
    reader: OggReader<'static>,
    decoder: VorbisDecoder,
    channels: ChannelCount,
    rate: SampleRate,
    length: Option<Duration>,
    /// Interleaved samples, and how many of them have been taken.
    buffer: Vec<f32>,
    taken: usize,
}

impl Vorbis {
    /// Opens a file.
    ///
    /// # Errors
    /// Says why it is no Vorbis file, for people.
    pub(super) fn open(file: File) -> Result<Vorbis, String> {
        let words = |e: symphonia::core::errors::Error| e.to_string();
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let reader = OggReader::try_new(stream, FormatOptions::default()).map_err(words)?;
        let track = reader.tracks().first().ok_or("there is nothing in it")?;
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else {
            return Err("there is no sound in it".to_owned());
        };
        let decoder = VorbisDecoder::try_new(parameters, &AudioDecoderOptions::default()).map_err(words)?;
        let channels = parameters.channels.as_ref().and_then(|c| u16::try_from(c.count()).ok()).and_then(NonZero::new);
        let rate = parameters.sample_rate.and_then(NonZero::new);
        let (Some(channels), Some(rate)) = (channels, rate) else {
            return Err("it does not say how fast it is to be played".to_owned());
        };
        let length = track.num_frames.map(|n| Duration::from_secs_f64(n as f64 / f64::from(rate.get())));
        Ok(Vorbis { reader, decoder, channels, rate, length, buffer: Vec::new(), taken: 0 })
    }
}

/// Whether the file's last page says that it is the last (RFC 3533, section 6: the third bit of the header type). The
/// file is at its start afterwards.
///
/// # Errors
/// When it cannot be read.
pub(super) fn has_end(file: &mut File) -> io::Result<bool> {
    /// The longest page: 27 bytes, 255 lengths, and 255 segments of 255 bytes.
    const PAGE: u64 = 27 + 255 + 255 * 255;
    const LAST: u8 = 4;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(PAGE)))?;
    let mut tail = Vec::new();
    file.take(PAGE).read_to_end(&mut tail)?;
    file.seek(SeekFrom::Start(0))?;
    let last = tail.windows(6).rfind(|bytes| bytes.starts_with(b"OggS\0"));
    Ok(last.is_some_and(|header| header.get(5).is_some_and(|kind| kind & LAST != 0)))
}

impl Iterator for Vorbis {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        while self.taken == self.buffer.len() {
            let packet = self.reader.next_packet().ok().flatten()?;
            self.buffer.clear();
            self.taken = 0;
            // A packet that is broken is left out.
            if let Ok(decoded) = self.decoder.decode(&packet) {
                decoded.copy_to_vec_interleaved(&mut self.buffer);
            }
        }
        let sample = self.buffer.get(self.taken).copied();
        self.taken += 1;
        sample
    }
}

impl Source for Vorbis {
    fn current_span_len(&self) -> Option<usize> {
        None
    }

    fn channels(&self) -> ChannelCount {
        self.channels
    }

    fn sample_rate(&self) -> SampleRate {
        self.rate
    }

    fn total_duration(&self) -> Option<Duration> {
        self.length
    }
}
