//! Arrivals and departures of MIDI ports, which midir does not tell.
//!
//! On Linux the sequencer's own announcements are listened to, and nothing runs in between;
//! elsewhere, and while there is no sequencer, the list of ports is compared twice a second.

use std::io;
use std::time::Duration;

#[cfg(target_os = "linux")]
mod announce;
#[cfg(target_os = "linux")]
use announce as system;
#[cfg(not(target_os = "linux"))]
mod compare;
#[cfg(not(target_os = "linux"))]
use compare as system;

/// How often the list is looked at where nothing announces changes.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is on the USB bus at a moment. Two that are equal say that nothing came or went between
/// them; looking costs next to nothing and needs no permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbBus(Vec<(String, String)>);

impl UsbBus {
    /// Looks; `None` where the system shows no bus (no sysfs), and nothing can be told without
    /// looking at every device.
    #[must_use]
    pub fn look() -> Option<UsbBus> {
        super::usb::bus().map(UsbBus)
    }
}

/// Wakes when a MIDI port of another program or a device comes or goes.
#[derive(Debug)]
pub struct Watcher {
    system: system::Watcher,
}

/// Ends a [`Watcher::wait`] from another thread.
#[derive(Clone, Debug)]
pub struct Waker {
    system: system::Waker,
}

impl Watcher {
    /// Starts to watch; nothing that happens from here on is missed.
    ///
    /// # Errors
    /// When the system gives no pipe to wait on. A missing sequencer is no error: it is waited for.
    pub fn start() -> io::Result<Watcher> {
        system::Watcher::start().map(|system| Watcher { system })
    }

    /// Waits until ports came or went, for at most `timeout`; whether they did.
    ///
    /// [`Duration::MAX`] waits for ever. Comes back early with `false` after [`Waker::wake`].
    pub fn wait(&mut self, timeout: Duration) -> bool {
        self.system.wait(timeout)
    }

    /// The ports (ALSA's client and port numbers) that left since the last call, so that one which
    /// came back to the same address at once is not taken for the one that was there. Always empty
    /// on other systems.
    pub fn departures(&mut self) -> Vec<(i32, i32)> {
        self.system.departures()
    }

    /// What ends a wait.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker { system: self.system.waker() }
    }
}

impl Waker {
    /// Ends the wait that is under way, or the next one.
    pub fn wake(&self) {
        self.system.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_wait_can_be_ended_from_another_thread() {
        let mut watcher = Watcher::start().unwrap();
        let waker = watcher.waker();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            waker.wake();
        });
        let start = Instant::now();
        while watcher.wait(Duration::from_secs(5)) {}
        assert!(start.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn a_wait_ends_after_its_time() {
        let mut watcher = Watcher::start().unwrap();
        let start = Instant::now();
        while watcher.wait(Duration::from_millis(20)) {}
        assert!(start.elapsed() >= Duration::from_millis(20));
    }
}
