//! The way out: a stream of small blocks to an audio output, kept alive.
//!
//! [`Output::open`] starts a supervisor thread, which owns the stream. When the output vanishes, is
//! exchanged by the system or stops asking for sound, the supervisor takes the [`Renderer`] back,
//! looks for an output until there is one, and goes on. Xruns are survived and counted.
//!
//! What is followed, where no output is named:
//!
//! | system | another default | a default that vanishes |
//! | --- | --- | --- |
//! | PipeWire, PulseAudio | the server moves the stream | likewise; a server that dies is waited for |
//! | ALSA alone | read when an output is opened: a stream that plays stays where it is, as with every program for ALSA | the first card that has an output stands in, until the default is back |
//! | JACK | connections are the patch bay's | a server that dies is waited for |
//! | Core Audio, WASAPI | looked at twice a second, and the stream opened anew | likewise |
//!
//! An output that was named is waited for when it vanishes.
//!
//! cpal reaches ALSA (and PipeWire and PulseAudio through it), Core Audio and WASAPI; JACK is reached
//! directly, as one client for MIDI and sound, since that is what lets a key sound in the very
//! period in which it is played.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::music::message::{Channel, Voice};

#[cfg(feature = "audio")]
mod cpal_stream;
#[cfg(feature = "audio")]
mod interleave;
#[cfg(feature = "jack")]
mod jack_client;
#[cfg(any(feature = "audio", feature = "jack"))]
mod loan;
#[cfg(any(feature = "jack", all(test, feature = "audio")))]
mod period;
mod supervisor;

#[cfg(feature = "audio")]
pub(super) use cpal_stream::{Choice, choose};
#[cfg(feature = "audio")]
pub(super) use supervisor::{OPENING, join_within};

/// What a stream gives and wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Frames a second.
    pub rate: u32,
    /// Frames a block, as far as that is constant.
    pub block: u32,
    /// Frames between the start of rendering a block and its first frame being heard, as far as the
    /// output says so.
    pub latency: u32,
}

/// What is known of a block.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// When it was asked for.
    pub now: Instant,
    /// Messages that came with it, with the frames of the block at which they happened, in order.
    pub live: &'a [(u32, Channel, Voice)],
}

/// Makes sound for an output.
pub trait Renderer: Send {
    /// A stream is about to begin. May take its time.
    fn prepare(&mut self, format: Format);
    /// Writes a block over what is in the buffers, which are of equal length. In the audio callback.
    fn render(&mut self, left: &mut [f32], right: &mut [f32], block: &Block<'_>);
    /// The stream has ended; another may follow. May take its time.
    fn suspend(&mut self);
}

/// Which audio system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum System {
    /// The platform's own: ALSA, Core Audio, WASAPI.
    #[default]
    Platform,
    /// A JACK server that runs (PipeWire is one too).
    Jack,
}

/// What is asked of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which audio system.
    pub system: System,
    /// The output's id, or a part of its name; `None` for the system's choice, which is followed.
    pub device: Option<String>,
    /// Frames a second, 8,000 to 192,000; `None` for the output's choice.
    pub rate: Option<u32>,
    /// Channels; `None` for stereo, or what comes nearest.
    pub channels: Option<u16>,
    /// The length of a block.
    pub buffer: Duration,
    /// JACK alone: whether the keyboards that its server knows are connected. Where the keyboard is heard in another way
    /// too, each key would sound twice.
    pub keyboards: bool,
}

impl Default for Request {
    fn default() -> Request {
        Request {
            system: System::Platform,
            device: None,
            rate: None,
            channels: None,
            buffer: DEFAULT_BUFFER,
            keyboards: false,
        }
    }
}

/// The length of a block where nothing else is said.
pub const DEFAULT_BUFFER: Duration = Duration::from_millis(5);

/// The sample rates that may be asked for.
pub use crate::settings::sound::RATES;

/// An open output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name for people.
    pub name: String,
    /// The audio system: `ALSA`, `JACK`, ...
    pub system: String,
    /// What it takes.
    pub format: Format,
    /// How many channels it has.
    pub channels: u16,
    /// How samples are written, as `f32` or `i16`.
    pub sample_format: String,
    /// Whether it stands in for the system's choice, which leads to a card that is not there.
    pub substitute: bool,
}

/// Why there is no output.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// Left out of this build.
    #[error("this composer was built without {0}")]
    NotBuilt(&'static str),
    /// Nowhere for sound to go.
    #[error("there is no audio output ({system}: {reason})")]
    NoDevice {
        /// Which audio system.
        system: String,
        /// Its words.
        reason: String,
    },
    /// None of that name.
    #[error("there is no audio output `{wanted}`; there are: {known}")]
    NoSuchDevice {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// It cannot do what is asked.
    #[error("the audio output `{device}` does not take {what}")]
    Unsupported {
        /// Its name.
        device: String,
        /// What was asked of it.
        what: String,
    },
    /// It does not open.
    #[error("the audio output `{device}` cannot be opened: {reason}")]
    Refused {
        /// Its name.
        device: String,
        /// The system's words.
        reason: String,
    },
    /// It hangs.
    #[error("the audio system does not answer")]
    Silent,
    /// It has gone while it played.
    #[error("the audio output `{device}` is gone: {reason}")]
    Lost {
        /// Its name.
        device: String,
        /// The system's words.
        reason: String,
    },
}

/// How things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Sound goes there.
    Open(Description),
    /// Sound goes nowhere; an output is looked for.
    Lost(OutputError),
}

/// What the audio callback counts.
#[derive(Debug, Default)]
struct Counters {
    callbacks: AtomicU64,
    xruns: AtomicU64,
    /// The output's own delay in nanoseconds, smoothed.
    delay: AtomicU64,
}

/// An output that plays until this is dropped.
#[derive(Debug)]
pub struct Output {
    supervisor: supervisor::Supervisor,
    counters: Arc<Counters>,
}

impl Output {
    /// Opens an output and lets it ask the renderer for sound.
    ///
    /// # Errors
    /// When there is none, or it does not do what is asked. Once open, it is kept open.
    pub fn open(request: Request, renderer: Box<dyn Renderer>) -> Result<Output, OutputError> {
        let counters = Arc::new(Counters::default());
        let supervisor =
            supervisor::Supervisor::start(Box::new(open_stream), request, renderer, Arc::clone(&counters))?;
        Ok(Output { supervisor, counters })
    }

    /// How things are now.
    #[must_use]
    pub fn state(&self) -> State {
        self.supervisor.state()
    }

    /// How often sound came too late for the output.
    #[must_use]
    pub fn xruns(&self) -> u64 {
        self.counters.xruns.load(Relaxed)
    }

    /// The output's own delay, from a block being asked for to its first frame being heard, as it
    /// reports it; zero where it does not.
    #[must_use]
    pub fn delay(&self) -> Duration {
        Duration::from_nanos(self.counters.delay.load(Relaxed))
    }
}

/// A stream that plays while it is held.
enum Stream {
    #[cfg(feature = "audio")]
    Cpal { _stream: cpal::Stream },
    #[cfg(feature = "jack")]
    Jack { _client: jack_client::Client },
    #[cfg(all(test, feature = "audio"))]
    Pretended { _stream: Box<dyn Send> },
}

impl Stream {
    /// Ends it; its renderer comes home.
    fn end(self) {}
}

/// What a stream tells its supervisor.
#[cfg_attr(not(any(feature = "audio", feature = "jack")), expect(dead_code, reason = "no stream is built in"))]
enum Notice {
    Lost(String),
    Stop,
}

/// What it takes to open a stream.
#[cfg_attr(not(any(feature = "audio", feature = "jack")), expect(dead_code, reason = "no stream is built in"))]
struct Opening<'a> {
    request: &'a Request,
    renderer: Box<dyn Renderer>,
    /// Where the renderer returns to when the stream ends or never begins.
    home: std::sync::mpsc::Sender<Box<dyn Renderer>>,
    notices: std::sync::mpsc::Sender<Notice>,
    counters: &'a Arc<Counters>,
}

fn open_stream(opening: Opening<'_>) -> Result<(Stream, Description), OutputError> {
    match opening.request.system {
        #[cfg(feature = "audio")]
        System::Platform => cpal_stream::open(opening),
        #[cfg(feature = "jack")]
        System::Jack => jack_client::open(opening),
        #[cfg(not(feature = "audio"))]
        System::Platform => refused(opening, "sound (the feature `audio`)"),
        #[cfg(not(feature = "jack"))]
        System::Jack => refused(opening, "JACK (the feature `jack`)"),
    }
}

#[cfg(not(all(feature = "audio", feature = "jack")))]
fn refused(opening: Opening<'_>, what: &'static str) -> Result<(Stream, Description), OutputError> {
    let _ = opening.home.send(opening.renderer);
    Err(OutputError::NotBuilt(what))
}

#[cfg(test)]
#[cfg(feature = "audio")]
mod tests;
