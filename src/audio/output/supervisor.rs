//! Keeps a stream open: the thread that owns it, notices when it dies, and opens the next.

use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Counters, Description, Notice, Opening, OutputError, Renderer, Request, State, Stream};

/// A stream that asks for nothing in this time is dead, whatever it says.
const SILENCE: Duration = Duration::from_millis(2_500);

/// How often an output is looked for.
const RETRY: Duration = Duration::from_millis(300);

/// How many longer blocks are tried.
const LONGER_BLOCKS: u32 = 4;

/// So long the end of an output that hangs is waited for.
const CLOSING: Duration = Duration::from_secs(1);

/// How long the first opening of an output may take: a sound server that has to be started needs a second or two.
pub(in crate::audio) const OPENING: Duration = Duration::from_secs(5);

/// Opens a stream: [`open_stream`](super::open_stream), or what a test puts in its place.
pub(super) type Open = Box<dyn Fn(Opening<'_>) -> Result<(Stream, Description), OutputError> + Send>;

/// Whether what is refused is the length of a block (cpal's words).
fn is_of_length(error: &OutputError) -> bool {
    matches!(error, OutputError::Refused { reason, .. } if reason.to_lowercase().contains("buffer size"))
}

/// The next power of two, in frames, and twice, four and eight times that.
fn longer(buffer: Duration, rate: u32, doublings: u32) -> Duration {
    let frames = (buffer.as_secs_f64() * f64::from(rate)).clamp(16.0, 65_536.0) as u32;
    Duration::from_secs_f64(f64::from(frames.next_power_of_two() << doublings) / f64::from(rate))
}

#[derive(Debug)]
pub(super) struct Supervisor {
    state: Arc<Mutex<State>>,
    notices: mpsc::Sender<Notice>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    pub(super) fn start(
        open: Open,
        request: Request,
        renderer: Box<dyn Renderer>,
        counters: Arc<Counters>,
    ) -> Result<Supervisor, OutputError> {
        let (notices, inbox) = mpsc::channel();
        let (first, opened) = mpsc::channel();
        let state = Arc::new(Mutex::new(State::Lost(OutputError::NotBuilt("an output"))));
        let keeper = Keeper {
            open,
            request,
            counters,
            notices: notices.clone(),
            inbox,
            stopped: Cell::new(false),
            state: Arc::clone(&state),
        };
        let thread = std::thread::Builder::new()
            .name("audio-output".to_owned())
            .spawn(move || keeper.run(renderer, &first))
            .map_err(|e| OutputError::Refused { device: "any".to_owned(), reason: e.to_string() })?;
        match opened.recv_timeout(OPENING) {
            Ok(opened) => opened?,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // Should it come back after all, nobody wants it any more.
                let _ = notices.send(Notice::Stop);
                return Err(OutputError::Silent);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let reason = "its thread has ended".to_owned();
                return Err(OutputError::Refused { device: "any".to_owned(), reason });
            }
        }
        Ok(Supervisor { state, notices, thread: Some(thread) })
    }

    pub(super) fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = self.notices.send(Notice::Stop);
        if let Some(thread) = self.thread.take() {
            join_within(thread, CLOSING);
        }
    }
}

/// Waits for a thread that closes an output; one that hangs in a driver is left behind.
pub(in crate::audio) fn join_within(thread: JoinHandle<()>, most: Duration) {
    let deadline = Instant::now() + most;
    while !thread.is_finished() {
        if Instant::now() > deadline {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = thread.join();
}

struct Keeper {
    open: Open,
    request: Request,
    counters: Arc<Counters>,
    notices: mpsc::Sender<Notice>,
    inbox: mpsc::Receiver<Notice>,
    /// Nobody wants a stream any more.
    stopped: Cell<bool>,
    state: Arc<Mutex<State>>,
}

impl Keeper {
    fn run(self, renderer: Box<dyn Renderer>, first: &mpsc::Sender<Result<(), OutputError>>) {
        let (home, returned) = mpsc::channel();
        let mut renderer = renderer;
        let mut stream = match self.open(renderer, &home, &returned) {
            Ok((stream, description)) => {
                self.set(State::Open(description));
                let _ = first.send(Ok(()));
                stream
            }
            Err(e) => {
                let _ = first.send(Err(e));
                return;
            }
        };
        loop {
            let Some(reason) = self.watch() else { return };
            let device = match self.state() {
                State::Open(description) => description.name,
                State::Lost(_) => String::new(),
            };
            self.set(State::Lost(OutputError::Lost { device, reason }));
            stream.end();
            let Some(back) = self.await_home(&returned) else { return };
            renderer = back;
            renderer.suspend();
            stream = loop {
                match self.open(renderer, &home, &returned) {
                    Ok((stream, description)) => {
                        self.set(State::Open(description));
                        break stream;
                    }
                    Err(_) => {
                        let Some(back) = self.await_home(&returned) else { return };
                        renderer = back;
                        if self.stopped.get() || self.pause() {
                            return;
                        }
                    }
                }
            };
        }
    }

    /// Opens a stream; where the output refuses the length of a block, with a longer one that it may
    /// like better: some want powers of two, others have a least length that they do not tell.
    fn open(
        &self,
        renderer: Box<dyn Renderer>,
        home: &mpsc::Sender<Box<dyn Renderer>>,
        returned: &mpsc::Receiver<Box<dyn Renderer>>,
    ) -> Result<(Stream, Description), OutputError> {
        let mut renderer = renderer;
        let mut request = self.request.clone();
        let mut first = None;
        for attempt in 0..=LONGER_BLOCKS {
            if attempt > 0 {
                request.buffer = longer(self.request.buffer, self.request.rate.unwrap_or(48_000), attempt - 1);
            }
            let opening = Opening {
                request: &request,
                renderer,
                home: home.clone(),
                notices: self.notices.clone(),
                counters: &self.counters,
            };
            let error = match (self.open)(opening) {
                Ok(open) => return Ok(open),
                Err(error) => error,
            };
            let told = first.take();
            let refused = matches!(error, OutputError::Refused { .. });
            // That a length is refused says little where another one fails for another reason.
            let told = match told {
                Some(before) if is_of_length(&error) || !is_of_length(&before) => before,
                _ => error,
            };
            if !refused || attempt == LONGER_BLOCKS {
                return Err(told);
            }
            match self.await_home(returned) {
                Some(back) => renderer = back,
                None => return Err(told),
            }
            first = Some(told);
        }
        Err(first.unwrap_or(OutputError::NotBuilt("an output")))
    }

    /// Waits for the renderer of a stream that was let go of, however long that hangs; `None` when it is no longer wanted.
    fn await_home(&self, returned: &mpsc::Receiver<Box<dyn Renderer>>) -> Option<Box<dyn Renderer>> {
        loop {
            match returned.recv_timeout(RETRY) {
                Ok(back) => return Some(back),
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    if self.inbox.try_iter().any(|notice| matches!(notice, Notice::Stop)) {
                        self.stopped.set(true);
                    }
                    if self.stopped.get() {
                        return None;
                    }
                }
            }
        }
    }

    /// Waits until the stream is dead, and says why; `None` when it is no longer wanted.
    fn watch(&self) -> Option<String> {
        // What a stream that is gone has said about itself is old news.
        while let Ok(notice) = self.inbox.try_recv() {
            if matches!(notice, Notice::Stop) {
                return None;
            }
        }
        let mut seen = (self.counters.callbacks.load(Relaxed), Instant::now());
        loop {
            match self.inbox.recv_timeout(Duration::from_millis(500)) {
                Ok(Notice::Lost(reason)) => return Some(reason),
                Ok(Notice::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            let callbacks = self.counters.callbacks.load(Relaxed);
            if callbacks != seen.0 {
                seen = (callbacks, Instant::now());
            } else if seen.1.elapsed() > SILENCE {
                return Some("it has stopped asking for sound".to_owned());
            }
            #[cfg(feature = "audio")]
            if super::cpal_stream::default_has_changed(&self.request, &self.state()) {
                return Some("the system has chosen another".to_owned());
            }
        }
    }

    /// Waits before the next attempt; whether to give up.
    fn pause(&self) -> bool {
        let until = Instant::now() + RETRY;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.inbox.recv_timeout(left) {
                Ok(Notice::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return true,
                Ok(Notice::Lost(_)) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
        false
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

#[cfg(test)]
#[cfg(feature = "audio")]
mod tests;
