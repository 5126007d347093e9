//! A stream through cpal: which device, which of its configurations, and the callback.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig};

use super::interleave::interleave;
use super::loan::Loan;
use super::{Block, Counters, Description, Format, Notice, Opening, OutputError, Request, State, Stream};
use crate::audio::outputs::quietly;

/// The most that is rendered at once; larger callbacks are served in pieces.
const PIECE: usize = 4_096;

/// Sample formats, the best first. The others that cpal knows (DSD) are no plain samples.
const FORMATS: [SampleFormat; 10] = [
    SampleFormat::F32,
    SampleFormat::I32,
    SampleFormat::I24,
    SampleFormat::I16,
    SampleFormat::F64,
    SampleFormat::U32,
    SampleFormat::U24,
    SampleFormat::U16,
    SampleFormat::I8,
    SampleFormat::U8,
];

pub(super) fn open(opening: Opening<'_>) -> Result<(Stream, Description), OutputError> {
    let Opening { request, renderer, home, notices, counters } = opening;
    let loan = Loan::new(renderer, home);
    // ALSA's default may lead to JACK, whose library writes a screen full with every attempt.
    #[cfg(feature = "jack")]
    let _ = super::jack_client::quieten();
    quietly(|| {
        let Choice { device, name, system, substitute } = choose(request)?;
        let (config, sample_format) = configure(&device, &name, request)?;
        let parts = Parts { device: &device, name: &name, counters, notices };
        let (stream, format) = parts.start(config, sample_format, loan)?;
        let channels = config.channels;
        let sample_format = sample_format.to_string();
        let description = Description { name, system, format, channels, sample_format, substitute };
        Ok((Stream::Cpal { _stream: stream }, description))
    })
}

/// Whether the system's choice is another device than the one that is open. ALSA's has one name whatever is behind it:
/// a sound server moves its streams by itself, and only where a card stands in for the choice is there something to do.
pub(super) fn default_has_changed(request: &Request, state: &State) -> bool {
    let State::Open(open) = state else { return false };
    if request.device.is_some() || (cfg!(target_os = "linux") && !open.substitute) {
        return false;
    }
    quietly(|| {
        let default = cpal::default_host().default_output_device();
        default.is_some_and(|d| name_of(&d) != open.name && !(cfg!(target_os = "linux") && leads_nowhere(&d)))
    })
}

/// Whether a device is there by name only: its card is not plugged in, or has no output as a keyboard has none. A sound
/// server that does not run is something else; its cards are best left to it.
fn leads_nowhere(device: &cpal::Device) -> bool {
    device.default_output_config().is_err_and(|e| e.kind() == ErrorKind::DeviceNotAvailable)
}

fn name_of(device: &cpal::Device) -> String {
    device.description().map_or_else(|_| "default".to_owned(), |d| d.name().to_owned())
}

/// A device that was chosen.
pub(in crate::audio) struct Choice {
    pub(in crate::audio) device: cpal::Device,
    /// Its name for people.
    pub(in crate::audio) name: String,
    /// The audio system's.
    pub(in crate::audio) system: String,
    /// Whether it stands in for the system's choice, which leads nowhere.
    pub(in crate::audio) substitute: bool,
}

/// The device that is asked for: by name, or the system's choice. Where ALSA's choice leads nowhere, the first output of
/// a card: without a sound server the choice is card 0, whatever that is.
pub(in crate::audio) fn choose(request: &Request) -> Result<Choice, OutputError> {
    let host = cpal::default_host();
    let system = host.id().name().to_owned();
    let Some(wanted) = &request.device else {
        let none = || OutputError::NoDevice { system: system.clone(), reason: "no default output".to_owned() };
        let device = host.default_output_device().ok_or_else(none)?;
        if cfg!(target_os = "linux") && leads_nowhere(&device) {
            let is_card = |d: &cpal::Device| d.id().is_ok_and(|id| id.id().starts_with("plughw:"));
            let mut cards = host.output_devices().into_iter().flatten().filter(is_card);
            if let Some(device) = cards.find(|d| d.default_output_config().is_ok()) {
                return Ok(Choice { name: name_of(&device), device, system, substitute: true });
            }
        }
        return Ok(Choice { name: name_of(&device), device, system, substitute: false });
    };
    let all: Vec<_> = host
        .output_devices()
        .map_err(|e| OutputError::NoDevice { system: system.clone(), reason: e.to_string() })?
        .map(|d| (d.id().map(|i| i.id().to_owned()).unwrap_or_default(), name_of(&d), d))
        .collect();
    let lower = wanted.to_lowercase();
    let found = all
        .iter()
        .find(|(id, ..)| id == wanted)
        .or_else(|| all.iter().find(|(_, name, _)| name.to_lowercase().contains(&lower)));
    match found {
        Some((_, name, device)) => Ok(Choice { device: device.clone(), name: name.clone(), system, substitute: false }),
        None => {
            let known = all.iter().map(|(id, ..)| id.as_str()).collect::<Vec<_>>().join(", ");
            Err(OutputError::NoSuchDevice { wanted: wanted.clone(), known })
        }
    }
}

fn configure(
    device: &cpal::Device,
    name: &str,
    request: &Request,
) -> Result<(StreamConfig, SampleFormat), OutputError> {
    let refused = |e: cpal::Error| {
        let reason = e.to_string();
        // ALSA's default may be a sound server that does not run: EHOSTDOWN, ECONNREFUSED.
        let no_server = cfg!(target_os = "linux") && (reason.contains("(112)") || reason.contains("(111)"));
        if no_server || matches!(e.kind(), ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable) {
            // cpal adds guesses in further sentences.
            let reason = reason.split(". ").next().unwrap_or_default().to_owned();
            return OutputError::NoDevice { system: cpal::default_host().id().name().to_owned(), reason };
        }
        OutputError::Refused { device: name.to_owned(), reason }
    };
    let ranges: Vec<_> = device.supported_output_configs().map_err(refused)?.collect();
    let rate = match request.rate {
        Some(rate) => rate,
        None => device.default_output_config().map_err(refused)?.sample_rate(),
    };
    let channels = request.channels.unwrap_or(2);
    let best = ranges
        .iter()
        .filter(|r| r.contains_rate(rate))
        .filter(|r| request.channels.is_none_or(|c| r.channels() == c))
        .filter_map(|r| {
            Some((r.channels().abs_diff(channels), FORMATS.iter().position(|f| *f == r.sample_format())?, r))
        })
        .min_by_key(|(distance, place, _)| (*distance, *place));
    let Some((_, _, range)) = best else {
        let what = format!("{rate} Hz with {channels} channels");
        return Err(OutputError::Unsupported { device: name.to_owned(), what });
    };
    let wanted = (request.buffer.as_secs_f64() * f64::from(rate)).round().clamp(16.0, f64::from(u16::MAX)) as u32;
    let frames = match range.buffer_size() {
        cpal::SupportedBufferSize::Range { min, max } => wanted.clamp((*min).min(*max), *max),
        cpal::SupportedBufferSize::Unknown => wanted,
    };
    let config = StreamConfig { channels: range.channels(), sample_rate: rate, buffer_size: BufferSize::Fixed(frames) };
    Ok((config, range.sample_format()))
}

struct Parts<'a> {
    device: &'a cpal::Device,
    name: &'a str,
    counters: &'a Arc<Counters>,
    notices: mpsc::Sender<Notice>,
}

impl Parts<'_> {
    fn start(
        &self,
        config: StreamConfig,
        sample_format: SampleFormat,
        loan: Loan,
    ) -> Result<(cpal::Stream, Format), OutputError> {
        match sample_format {
            SampleFormat::F32 => self.build::<f32>(config, loan),
            SampleFormat::F64 => self.build::<f64>(config, loan),
            SampleFormat::I8 => self.build::<i8>(config, loan),
            SampleFormat::I16 => self.build::<i16>(config, loan),
            SampleFormat::I24 => self.build::<cpal::I24>(config, loan),
            SampleFormat::I32 => self.build::<i32>(config, loan),
            SampleFormat::U8 => self.build::<u8>(config, loan),
            SampleFormat::U16 => self.build::<u16>(config, loan),
            SampleFormat::U24 => self.build::<cpal::U24>(config, loan),
            SampleFormat::U32 => self.build::<u32>(config, loan),
            other => {
                Err(OutputError::Unsupported { device: self.name.to_owned(), what: format!("samples as {other}") })
            }
        }
    }

    fn build<T: SizedSample + FromSample<f32>>(
        &self,
        config: StreamConfig,
        mut loan: Loan,
    ) -> Result<(cpal::Stream, Format), OutputError> {
        let BufferSize::Fixed(block) = config.buffer_size else {
            return Err(OutputError::Unsupported { device: self.name.to_owned(), what: "no fixed buffer".to_owned() });
        };
        // Two blocks are on their way: the one that is heard and the one that waits (cpal's choice).
        let format = Format { rate: config.sample_rate, block, latency: block };
        if let Some(renderer) = loan.get() {
            renderer.prepare(format);
        }
        let mut callback = Callback::new(config, loan, Arc::clone(self.counters));
        let (counters, notices) = (Arc::clone(self.counters), self.notices.clone());
        let stream = self
            .device
            .build_output_stream(
                config,
                move |data: &mut [T], info: &cpal::OutputCallbackInfo| callback.fill(data, info),
                move |error| match error.kind() {
                    ErrorKind::Xrun => {
                        counters.xruns.fetch_add(1, Relaxed);
                    }
                    ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
                    // The stream is over, so time no longer matters here.
                    _ => {
                        let _ = notices.send(Notice::Lost(error.to_string()));
                    }
                },
                None,
            )
            .map_err(|e| OutputError::Refused { device: self.name.to_owned(), reason: e.to_string() })?;
        stream.play().map_err(|e| OutputError::Refused { device: self.name.to_owned(), reason: e.to_string() })?;
        Ok((stream, format))
    }
}

pub(super) struct Callback {
    loan: Loan,
    channels: usize,
    rate: u32,
    left: Box<[f32]>,
    right: Box<[f32]>,
    counters: Arc<Counters>,
    urgency: super::super::urgency::Urgency,
}

impl Callback {
    pub(super) fn new(config: StreamConfig, loan: Loan, counters: Arc<Counters>) -> Callback {
        Callback {
            loan,
            channels: usize::from(config.channels.max(1)),
            rate: config.sample_rate.max(1),
            left: vec![0.0; PIECE].into(),
            right: vec![0.0; PIECE].into(),
            counters,
            urgency: super::super::urgency::Urgency::new(config.sample_rate),
        }
    }

    /// All that happens in the audio callback.
    pub(super) fn fill<T: SizedSample + FromSample<f32>>(&mut self, data: &mut [T], info: &cpal::OutputCallbackInfo) {
        let mut now = Instant::now();
        let frames = data.len() / self.channels;
        self.urgency.block(now, frames);
        self.counters.callbacks.fetch_add(1, Relaxed);
        let stamp = info.timestamp();
        if let Some(delay) = stamp.playback.checked_duration_since(stamp.callback) {
            let old = self.counters.delay.load(Relaxed);
            let new = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
            let smooth = if old == 0 { new } else { old - old / 16 + new / 16 };
            self.counters.delay.store(smooth, Relaxed);
        }
        let Some(renderer) = self.loan.get() else { return };
        for piece in data.chunks_mut(PIECE * self.channels) {
            let frames = piece.len() / self.channels;
            let (l, r) = (&mut self.left[..frames], &mut self.right[..frames]);
            renderer.render(l, r, &Block { now, live: &[] });
            interleave(piece, self.channels, l, r);
            now += Duration::from_secs_f64(frames as f64 / f64::from(self.rate));
        }
    }
}
