//! Finished sounds, by rodio: decoding and hearing what has been rendered, and pieces that nobody mixes meanwhile.
//!
//! rodio mixes, resamples and queues whole sounds with little code, through locks and allocations in
//! its own stream: right for listening to a file, and the reason why nothing live goes through it.

mod counted;
mod vorbis;

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use rodio::cpal::{self, ErrorKind};
use rodio::{Decoder, DeviceSinkBuilder, MixerDeviceSink, Player, Source};

use super::output::{Choice, OPENING, OutputError, Request, choose, join_within};
use super::outputs::quietly;
use counted::{Count, Counted};
use vorbis::Vorbis;

/// An output that takes nothing in this time is dead, whatever it says.
const SILENCE: Duration = Duration::from_millis(2_500);

/// Why a sound cannot be heard.
#[derive(Debug, thiserror::Error)]
pub enum AuditionError {
    /// No file.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no sound.
    #[error("{path}: {reason}")]
    NoSound {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// No output.
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// A file that stops before the end that it announces: a copy or a download that broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is cut off{}; copy or download it again", .missing.map_or(String::new(), |m| format!(": {:.1} s are missing", m.as_secs_f64())))]
pub struct CutOff {
    /// How much is missing, where the file says how long it was.
    pub missing: Option<Duration>,
}

/// What the output says while it plays.
#[derive(Default)]
struct Told {
    lost: OnceLock<String>,
    xruns: AtomicU64,
}

/// Closes the output beside this thread: one that has stopped taking sound may hang there.
struct Closing(Option<MixerDeviceSink>);

impl Drop for Closing {
    fn drop(&mut self) {
        let sink = self.0.take();
        if let Ok(thread) = std::thread::Builder::new().spawn(move || drop(sink)) {
            join_within(thread, SILENCE);
        }
    }
}

/// A sound that plays until this is dropped.
pub struct Audition {
    player: Player,
    length: Option<Duration>,
    /// Of a file: what was taken of it, and whether it has an end.
    file: Option<(Arc<Count>, bool)>,
    output: String,
    told: Arc<Told>,
    /// Where it was when it was last seen to move.
    moved: (Duration, Instant),
    // After the player, which it feeds.
    _sink: Closing,
}

impl std::fmt::Debug for Audition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audition").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Audition {
    /// Plays a WAV, FLAC or Ogg Vorbis file on the output that is asked for. Nothing here is in a hurry: the
    /// request's length of a block, rate and channels do not count.
    ///
    /// # Errors
    /// When it cannot be read or decoded, or there is no output.
    pub fn of_file(path: &Path, request: &Request) -> Result<Audition, AuditionError> {
        let Decoded { sound, has_end } = decode(path)?;
        let counted = Counted::new(sound);
        let count = counted.counter();
        Ok(Audition { file: Some((count, has_end)), ..Audition::of(counted, request)? })
    }

    /// Whether a file can be played, by its beginning.
    ///
    /// # Errors
    /// When it cannot be read or decoded.
    pub fn check(path: &Path) -> Result<(), AuditionError> {
        decode(path).map(drop)
    }

    /// Plays any sound: a [`PerformanceSource`](super::performance::PerformanceSource), for instance.
    ///
    /// # Errors
    /// When there is no output.
    pub fn of(sound: impl Source + Send + 'static, request: &Request) -> Result<Audition, AuditionError> {
        let length = sound.total_duration();
        let told = Arc::new(Told::default());
        let (mut sink, output) = within(request.clone(), Arc::clone(&told))?;
        sink.log_on_drop(false);
        let player = Player::connect_new(sink.mixer());
        player.append(sound);
        let moved = (Duration::ZERO, Instant::now());
        Ok(Audition { player, length, file: None, output, told, moved, _sink: Closing(Some(sink)) })
    }

    /// Whether a file that has been heard to its end stopped before the end that it announces.
    #[must_use]
    pub fn cut_off(&self) -> Option<CutOff> {
        /// Less is a coder's padding.
        const ROUNDING: Duration = Duration::from_millis(100);
        let (count, has_end) = self.file.as_ref().filter(|_| self.is_over())?;
        let missing = self.length.and_then(|length| length.checked_sub(count.duration())).filter(|m| *m > ROUNDING);
        (missing.is_some() || !has_end).then_some(CutOff { missing })
    }

    /// Why there is nothing more to be heard, if the output has gone. To be asked now and then.
    #[must_use]
    pub fn failure(&mut self) -> Option<OutputError> {
        let here = self.position();
        if here != self.moved.0 || self.player.is_paused() || self.is_over() {
            self.moved = (here, Instant::now());
        }
        let dead = self.moved.1.elapsed() > SILENCE;
        let reason = self.told.lost.get().map(String::as_str).or(dead.then_some("it has stopped asking for sound"))?;
        Some(OutputError::Lost { device: self.output.clone(), reason: reason.to_owned() })
    }

    /// The output's name.
    #[must_use]
    pub fn output(&self) -> &str {
        &self.output
    }

    /// How often sound came too late for the output.
    #[must_use]
    pub fn xruns(&self) -> u64 {
        self.told.xruns.load(Relaxed)
    }

    /// How long it is, where that is known.
    #[must_use]
    pub fn length(&self) -> Option<Duration> {
        self.length
    }

    /// Where it is.
    #[must_use]
    pub fn position(&self) -> Duration {
        self.player.get_pos()
    }

    /// Whether it has been heard to its end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.player.empty()
    }

    /// Stops for a while, or goes on.
    pub fn pause(&self, paused: bool) {
        if paused { self.player.pause() } else { self.player.play() }
    }
}

struct Decoded {
    sound: Box<dyn Source + Send>,
    /// False where the kind of file marks its end, and this one's mark is missing.
    has_end: bool,
}

fn decode(path: &Path) -> Result<Decoded, AuditionError> {
    let name = || path.display().to_string();
    let unread = |source| AuditionError::File { path: name(), source };
    let mut file = File::open(path).map_err(unread)?;
    let no_sound = |reason| AuditionError::NoSound { path: name(), reason };
    let is_ogg = path.extension().is_some_and(|e| ["ogg", "oga"].iter().any(|ogg| e.eq_ignore_ascii_case(ogg)));
    if is_ogg {
        let has_end = vorbis::has_end(&mut file).map_err(unread)?;
        return Ok(Decoded { sound: Box::new(Vorbis::open(file).map_err(no_sound)?), has_end });
    }
    let sound = Decoder::try_from(file).map_err(|e| no_sound(e.to_string()))?;
    Ok(Decoded { sound: Box::new(sound), has_end: true })
}

/// Opens an output, unless that takes for ever.
fn within(request: Request, told: Arc<Told>) -> Result<(MixerDeviceSink, String), OutputError> {
    let (answer, opened) = mpsc::channel();
    let work = move || drop(answer.send(quietly(|| open(&request, told))));
    let refused =
        |e: std::io::Error| OutputError::Refused { device: "any".to_owned(), reason: format!("no thread: {e}") };
    std::thread::Builder::new().name("audio-open".to_owned()).spawn(work).map_err(refused)?;
    opened.recv_timeout(OPENING).unwrap_or(Err(OutputError::Silent))
}

fn open(request: &Request, told: Arc<Told>) -> Result<(MixerDeviceSink, String), OutputError> {
    let Choice { device, name, system, .. } = choose(request)?;
    let refused = |e: rodio::DeviceSinkError| OutputError::Refused { device: name.clone(), reason: e.to_string() };
    // Without this rodio writes to the terminal.
    let heard = move |e: cpal::Error| match e.kind() {
        ErrorKind::Xrun => drop(told.xruns.fetch_add(1, Relaxed)),
        ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
        _ => drop(told.lost.set(e.to_string())),
    };
    // The system's choice without a configuration is no output at all.
    let absent = |e: rodio::DeviceSinkError| match request.device {
        None => OutputError::NoDevice { system: system.clone(), reason: e.to_string() },
        Some(_) => refused(e),
    };
    let builder = DeviceSinkBuilder::from_device(device).map_err(absent)?.with_error_callback(heard);
    let sink = builder.open_sink_or_fallback().map_err(refused)?;
    Ok((sink, name))
}
