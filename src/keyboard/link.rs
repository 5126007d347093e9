//! The connection to a keyboard, which mends itself: unplug it, plug it in again, and it goes on.
//!
//! midir's thread calls the ear, which settles the bytes and hands messages to the ring. One more
//! thread, the supervisor, sleeps until ports come or go.

use std::io;
use std::thread::JoinHandle;

use super::hotplug::{Waker, Watcher};
use super::ports::PortsError;
use super::stream::{Clock, Receiver, stream};

mod choice;
mod ear;
mod overruns;
mod supervisor;
mod time_base;
mod urgency;

pub use choice::ChoiceError;
use supervisor::Supervisor;

/// Which port to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select {
    /// The AKM322; without one the only other keyboard that is hardware.
    Auto,
    /// The port of this id, or the only one with this in its name, whatever the case.
    Named(String),
}

/// Whether the port must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It must.
    No,
    /// It may come later: [`super::Event::Connected`] then says so.
    ForPort,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No list of ports.
    #[error(transparent)]
    Ports(#[from] PortsError),
    /// No port, or too many.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The port is there but gives no connection.
    #[error("cannot listen to {port}: {reason}; another program may hold it (`composer doctor` looks for it)")]
    Refused {
        /// The port's name.
        port: String,
        /// What the system said.
        reason: String,
    },
    /// The system gives no thread or pipe.
    #[error("the system is out of threads or files: {0}")]
    System(String),
}

impl From<io::Error> for LinkError {
    fn from(e: io::Error) -> LinkError {
        LinkError::System(e.to_string())
    }
}

/// A connection to a keyboard. It ends when this is dropped.
#[derive(Debug)]
pub struct Link {
    waker: Waker,
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    supervisor: Option<JoinHandle<()>>,
}

impl Link {
    /// Connects, and keeps connected until the link is dropped. The receiver belongs to the calling
    /// thread; its first event is [`super::Event::Connected`], at once or when the port comes.
    ///
    /// Once connected, a link stays with that keyboard: after a departure it takes the port of the
    /// same id in whatever USB socket it comes back, but never a twin that was there all along, and
    /// no other socket when the choice names one (`akm322-0@1-1`).
    ///
    /// # Errors
    /// With [`Wait::No`] when there is no such port or it cannot be connected; in any case when
    /// the choice is not clear or the MIDI service is not permitted.
    pub fn open(select: Select, wait: Wait, clock: Clock) -> Result<(Link, Receiver), LinkError> {
        overruns::install();
        let watcher = Watcher::start()?;
        let waker = watcher.waker();
        let (sender, notices, receiver) = stream(clock);
        let mut supervisor = Supervisor::new(select, clock, watcher, sender, notices);
        supervisor.begin(wait)?;
        let stop = supervisor.stop_flag();
        let supervisor = std::thread::Builder::new().name("midi-link".to_owned()).spawn(move || supervisor.run())?;
        Ok((Link { waker, stop, supervisor: Some(supervisor) }, receiver))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.stop.store(true, std::sync::atomic::Ordering::Release);
        self.waker.wake();
        if let Some(thread) = self.supervisor.take() {
            let _ = thread.join();
        }
    }
}
