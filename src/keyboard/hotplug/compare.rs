//! Comparing lists of ports, for systems that announce nothing.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use super::super::ports;
use super::LOOK_EVERY;

#[derive(Debug)]
pub(super) struct Watcher {
    seen: Vec<String>,
    wake: Receiver<()>,
    waker: Waker,
}

#[derive(Clone, Debug)]
pub(super) struct Waker(Sender<()>);

impl Waker {
    pub(super) fn wake(&self) {
        let _ = self.0.send(());
    }
}

impl Watcher {
    pub(super) fn start() -> io::Result<Watcher> {
        let (tx, wake) = mpsc::channel();
        Ok(Watcher { seen: names(), wake, waker: Waker(tx) })
    }

    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(super) fn departures(&mut self) -> Vec<(i32, i32)> {
        Vec::new()
    }

    pub(super) fn wait(&mut self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let left = deadline.map_or(LOOK_EVERY, |d| d.saturating_duration_since(Instant::now()));
            if self.wake.recv_timeout(left.min(LOOK_EVERY)).is_ok() {
                return false;
            }
            let now = names();
            if now != self.seen {
                self.seen = now;
                return true;
            }
            if left.is_zero() {
                return false;
            }
        }
    }
}

fn names() -> Vec<String> {
    let mut all = ports::inputs().unwrap_or_default();
    all.extend(ports::outputs().unwrap_or_default());
    all.into_iter().map(|p| p.id).collect()
}
