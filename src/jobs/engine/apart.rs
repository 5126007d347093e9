//! Composing in a process of its own, which can be ended whatever it is at: what a job may take of time and
//! memory then holds for every input, and what brings that process down leaves the worker alone.
//!
//! A process that has done its work stays, model and all, and does the next.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::frame::{self, Frame, Kind};
use super::hand::Task;
use super::{Done, Heard, Limits, Watch, Wish, fault};
use crate::compose::request::Request;
use crate::jobs::job::Class;
use crate::jobs::patience::to_json;

/// How often is looked whether the work is still wanted, when nothing is heard of it.
const LOOK: Duration = Duration::from_millis(50);

/// The processes that compose.
#[derive(Debug)]
pub struct Apart {
    program: PathBuf,
    arguments: Vec<OsString>,
    idle: Mutex<Vec<Hand>>,
}

/// One of them; it ends with its value.
#[derive(Debug)]
struct Hand {
    process: Child,
    to: ChildStdin,
    from: Receiver<io::Result<Frame>>,
}

/// Why nothing came of it.
enum Broken {
    /// It is not wanted any more.
    Stopped,
    /// It took too long.
    Late,
    /// The process is gone, or talks nonsense.
    Gone,
}

impl Apart {
    /// Composes by a program that calls [`serve`](super::hand::serve) when it is started with these arguments.
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<OsString>) -> Apart {
        Apart { program, arguments, idle: Mutex::default() }
    }

    /// The program that is running, whatever has become of its file since.
    ///
    /// # Errors
    /// When it cannot be found.
    pub fn own_program() -> io::Result<PathBuf> {
        let running = Path::new("/proc/self/exe");
        if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
    }

    /// As [`work`](super::work), but nothing that happens in there happens here.
    pub(super) fn work(&self, input: &[u8], request: &Request, limits: Limits, watch: Watch<'_>) -> Done {
        let started = Instant::now();
        let mut hand = match self.take() {
            Ok(hand) => hand,
            Err(e) => {
                let message = format!("no process to compose in could be started: {e}; is the computer full?");
                return fault(Class::Transient, message);
            }
        };
        match hand.make(input, request, limits, started, watch) {
            Ok(done) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(hand);
                done
            }
            Err(Broken::Stopped) => Done::Stopped,
            Err(Broken::Late) => fault(Class::Input, super::too_late(limits)),
            Err(Broken::Gone) => {
                let _ = hand.process.kill();
                let how = hand.process.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
                let most = limits.memory >> 20;
                fault(Class::Internal, format!("composing it failed ({how}); it may have needed more than {most} MiB"))
            }
        }
    }

    fn take(&self) -> io::Result<Hand> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut hand) = idle else { return Hand::start(&self.program, &self.arguments) };
            if let Ok(None) = hand.process.try_wait() {
                return Ok(hand);
            }
        }
    }
}

impl Hand {
    fn start(program: &Path, arguments: &[OsString]) -> io::Result<Hand> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Whatever an input does in there, it finds no keys.
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")).for_each(|(name, _)| {
            command.env_remove(name);
        });
        let mut process = command.spawn()?;
        let (Some(to), Some(mut out)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let (tell, from) = sync_channel(4);
        std::thread::spawn(move || {
            loop {
                let frame = frame::read(&mut out);
                let over = frame.is_err();
                if tell.send(frame).is_err() || over {
                    return;
                }
            }
        });
        Ok(Hand { process, to, from })
    }

    fn make(
        &mut self,
        input: &[u8],
        request: &Request,
        limits: Limits,
        started: Instant,
        watch: Watch<'_>,
    ) -> Result<Done, Broken> {
        let gone = |_| Broken::Gone;
        frame::write(&mut self.to, Kind::Task, &to_json(&Task { request: request.clone(), limits })).map_err(gone)?;
        frame::write(&mut self.to, Kind::Input, input).map_err(gone)?;
        let (mut outputs, mut share) = (Vec::new(), 0.0);
        loop {
            let heard = match self.from.recv_timeout(LOOK) {
                Ok(Ok(Frame { kind, body })) => match kind {
                    Kind::Share => {
                        share = body.try_into().map_or(share, f64::from_le_bytes);
                        Heard::Share(share)
                    }
                    Kind::Partial => Heard::Partial(body),
                    Kind::Output => {
                        outputs.push(body);
                        continue;
                    }
                    Kind::Composed => return Ok(Done::Composed(outputs)),
                    Kind::Fault => return serde_json::from_slice(&body).map(Done::Failed).map_err(|_| Broken::Gone),
                    Kind::Task | Kind::Input | Kind::Show => return Err(Broken::Gone),
                },
                Err(RecvTimeoutError::Timeout) => Heard::Share(share),
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Err(Broken::Gone),
            };
            if started.elapsed() > limits.time {
                return Err(Broken::Late);
            }
            match watch(heard) {
                Wish::GoOn => {}
                Wish::Show => frame::write(&mut self.to, Kind::Show, b"").map_err(gone)?,
                Wish::Stop => return Err(Broken::Stopped),
            }
        }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
