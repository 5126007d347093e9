//! The announcements of the ALSA sequencer (its port 0:1).

use std::collections::BTreeSet;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alsa::poll::pollfd;
use alsa::seq::{Addr, ClientIter, Connect, EventType, PortCap, PortIter, PortSubscribe, PortType};
use alsa::{Direction, PollDescriptors, Seq};

use super::super::ports::{CLIENT_NAME, sequencer};
use super::LOOK_EVERY;

/// From poll(2), the same on every Linux.
const POLLIN: i16 = 1;

#[derive(Debug)]
pub(super) struct Watcher {
    source: Announcements,
    wake: PipeReader,
    waker: Waker,
    departed: Vec<(i32, i32)>,
}

#[derive(Debug)]
enum Announcements {
    Listening {
        seq: Seq,
        known: BTreeSet<(i32, i32)>,
    },
    /// There is no sequencer, or not yet.
    Missing,
}

#[derive(Clone, Debug)]
pub(super) struct Waker(Arc<PipeWriter>);

impl Waker {
    pub(super) fn wake(&self) {
        let _ = (&*self.0).write(&[1]);
    }
}

impl Watcher {
    pub(super) fn start() -> io::Result<Watcher> {
        let (wake, writer) = io::pipe()?;
        let source = listen().unwrap_or(Announcements::Missing);
        Ok(Watcher { source, wake, waker: Waker(Arc::new(writer)), departed: Vec::new() })
    }

    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(super) fn departures(&mut self) -> Vec<(i32, i32)> {
        std::mem::take(&mut self.departed)
    }

    pub(super) fn wait(&mut self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            let slice = match self.source {
                Announcements::Missing => Some(left.map_or(LOOK_EVERY, |l| l.min(LOOK_EVERY))),
                Announcements::Listening { .. } => left,
            };
            if self.sleep(slice) {
                return false;
            }
            let changed = match &mut self.source {
                Announcements::Listening { seq, known } => read(seq, known, &mut self.departed),
                Announcements::Missing => match listen() {
                    Some(source) => {
                        self.source = source;
                        true
                    }
                    None => false,
                },
            };
            if changed || left.is_some_and(|l| l.is_zero()) {
                return changed;
            }
        }
    }

    /// Sleeps until something can be read or the time is over; `true` when woken by a [`Waker`].
    fn sleep(&mut self, time: Option<Duration>) -> bool {
        let mut fds = vec![pollfd { fd: self.wake.as_raw_fd(), events: POLLIN, revents: 0 }];
        if let Announcements::Listening { seq, .. } = &self.source {
            fds.extend((seq, Some(Direction::Capture)).get().unwrap_or_default());
        }
        // Rounded up, so that a wait of less than a millisecond does not spin.
        let millis = time.map_or(-1, |t| i32::try_from(t.as_micros().div_ceil(1000)).unwrap_or(i32::MAX));
        let _ = alsa::poll::poll(&mut fds, millis);
        if fds[0].revents & POLLIN == 0 {
            return false;
        }
        let _ = self.wake.read(&mut [0; 64]);
        true
    }
}

/// Subscribes to the announcements, then takes stock of what is there.
fn listen() -> Option<Announcements> {
    let seq = sequencer::open().ok()?;
    let port = seq
        .create_simple_port(
            c"announcements",
            PortCap::WRITE | PortCap::SUBS_WRITE | PortCap::NO_EXPORT,
            PortType::APPLICATION,
        )
        .ok()?;
    let subscription = PortSubscribe::empty().ok()?;
    subscription.set_sender(Addr::system_announce());
    subscription.set_dest(Addr { client: seq.client_id().ok()?, port });
    seq.subscribe_port(&subscription).ok()?;
    let known = ClientIter::new(&seq)
        .filter(|c| c.get_name() != Ok(CLIENT_NAME))
        .flat_map(|c| PortIter::new(&seq, c.get_client()))
        .map(|p| (p.get_client(), p.get_port()))
        .collect();
    Some(Announcements::Listening { seq, known })
}

/// Reads all that was announced; whether it concerns anybody but ourselves.
///
/// Our own clients do not count: listing ports and connecting make some, and would be heard here as
/// a reason to list again, for ever.
fn read(seq: &Seq, known: &mut BTreeSet<(i32, i32)>, departed: &mut Vec<(i32, i32)>) -> bool {
    let mut changed = false;
    let mut input = seq.input();
    loop {
        match input.event_input_pending(true) {
            Ok(1..) => {}
            _ => return changed,
        }
        let Ok(event) = input.event_input() else {
            // Announcements were lost: anything may have changed.
            changed = true;
            continue;
        };
        let kind = event.get_type();
        let Some(address) = event.get_data::<Addr>().or_else(|| event.get_data::<Connect>().map(|c| c.sender)) else {
            continue;
        };
        let address = (address.client, address.port);
        match kind {
            EventType::PortStart => {
                let ours = seq.get_any_client_info(address.0).is_ok_and(|c| c.get_name() == Ok(CLIENT_NAME));
                if !ours {
                    known.insert(address);
                    changed = true;
                }
            }
            EventType::PortExit if known.remove(&address) => {
                departed.push(address);
                changed = true;
            }
            EventType::PortChange if known.contains(&address) => changed = true,
            EventType::ClientExit => {
                let gone: Vec<_> = known.iter().copied().filter(|(client, _)| *client == address.0).collect();
                for address in gone {
                    known.remove(&address);
                    departed.push(address);
                    changed = true;
                }
            }
            _ => {}
        }
    }
}
