//! The process that composes for a worker, as it sees itself: it takes tasks from standard input until that is
//! closed, which is also how it learns that its worker is gone.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::frame::{self, Frame, Kind};
use super::{Done, Heard, Limits, Wish, work};
use crate::compose::Model;
use crate::compose::request::Request;
use crate::jobs::patience::to_json;

/// Shares are told this often at most.
const TELL: Duration = Duration::from_millis(20);

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) request: Request,
    pub(super) limits: Limits,
}

/// Takes no more memory than that from here on; on systems that have no such limit, as much as there is.
///
/// # Errors
/// When the system refuses.
pub fn limit_memory(bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Memory that is written to, not what is only reserved: allocators reserve a great deal.
        setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: Some(bytes) })?;
        // What dies of it leaves no picture of it.
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = bytes;
    Ok(())
}

/// Composes what comes until the worker is gone, and with it the process.
///
/// # Errors
/// When the worker does not listen any more.
pub fn serve(model: &Model) -> io::Result<()> {
    let asked = Arc::new(AtomicBool::new(false));
    // Nobody is left to compose for, whatever is being composed.
    let frames = listen(io::stdin(), Arc::clone(&asked), || std::process::exit(0));
    let mut out = io::stdout().lock();
    while let (Ok(task), Ok(input)) = (frames.recv(), frames.recv()) {
        let wrong = io::Error::from(io::ErrorKind::InvalidData);
        if (task.kind, input.kind) != (Kind::Task, Kind::Input) {
            return Err(wrong);
        }
        let task: Task = serde_json::from_slice(&task.body).map_err(|_| wrong)?;
        let mut told = Instant::now();
        let done = work(model, &input.body, &task.request, task.limits, &mut |heard| {
            let sent = match heard {
                Heard::Share(share) if told.elapsed() >= TELL => {
                    told = Instant::now();
                    frame::write(&mut out, Kind::Share, &share.to_le_bytes())
                }
                Heard::Share(_) => Ok(()),
                Heard::Partial(file) => frame::write(&mut out, Kind::Partial, &file),
            };
            match (sent, asked.swap(false, Ordering::AcqRel)) {
                (Err(_), _) => Wish::Stop,
                (Ok(()), true) => Wish::Show,
                (Ok(()), false) => Wish::GoOn,
            }
        });
        match done {
            Done::Composed(files) => {
                files.iter().try_for_each(|file| frame::write(&mut out, Kind::Output, file))?;
                frame::write(&mut out, Kind::Composed, b"")?;
            }
            Done::Failed(fault) => frame::write(&mut out, Kind::Fault, &to_json(&fault))?,
            Done::Stopped => return Ok(()),
        }
    }
    Ok(())
}

/// Reads what the worker says, also while something is composed, until it says no more.
fn listen(
    mut from: impl Read + Send + 'static,
    asked: Arc<AtomicBool>,
    gone: impl FnOnce() + Send + 'static,
) -> Receiver<Frame> {
    let (tell, frames) = sync_channel(2);
    std::thread::spawn(move || {
        while let Ok(frame) = frame::read(&mut from) {
            // In the order in which it is said: what is asked for after a task is asked of that task.
            match frame.kind {
                Kind::Show => {
                    asked.store(true, Ordering::Release);
                    continue;
                }
                Kind::Task => asked.store(false, Ordering::Release),
                _ => {}
            }
            if tell.send(frame).is_err() {
                break;
            }
        }
        gone();
    });
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_shown_however_early_it_is_asked_for() {
        for (said, expected) in [
            (&[Kind::Task, Kind::Input, Kind::Show][..], true),
            // Asked of the task before, which was done by then.
            (&[Kind::Show, Kind::Task, Kind::Input], false),
        ] {
            let mut bytes = Vec::new();
            said.iter().for_each(|kind| frame::write(&mut bytes, *kind, b"").unwrap());
            let (asked, (tell, told)) = (Arc::new(AtomicBool::new(false)), sync_channel(1));
            let frames = listen(io::Cursor::new(bytes), Arc::clone(&asked), move || tell.send(()).unwrap());
            // All that was said has been read before the first is looked at.
            told.recv_timeout(Duration::from_secs(60)).unwrap();
            assert_eq!([frames.recv().unwrap().kind, frames.recv().unwrap().kind], [Kind::Task, Kind::Input]);
            assert_eq!(asked.load(Ordering::Acquire), expected, "{said:?}");
        }
    }
}
