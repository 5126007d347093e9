//! A worker that is fed by a queue (Amazon SQS): on a computer of one's own, in ECS or Batch.
//!
//! A message that is worked on is kept from others for as long as the worker lives. When it is killed, the message
//! comes again, and the job's lease has run out by then.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::Message;
use tokio::runtime::Runtime;

use super::{Part, message};
use crate::jobs::Error;
use crate::jobs::patience::jittered;
use crate::jobs::worker::single::Fate;
use crate::jobs::worker::{Stop, Teller, Told, Until, Worker};
use crate::store;
use crate::store::s3::{self, Access};

/// A queue holds its answer back for so long until there is a message; an empty one answers whoever drains it sooner.
const WAIT: Duration = Duration::from_secs(20);
const WAIT_DRAINING: Duration = Duration::from_secs(2);
/// How soon a stop is seen.
const LOOK: Duration = Duration::from_millis(100);
/// After trouble with the queue.
const PAUSE: Duration = Duration::from_secs(2);

/// A queue.
#[derive(Debug)]
pub struct Queue {
    client: Client,
    url: String,
    /// Where credentials were looked for.
    searched: String,
    runtime: Runtime,
}

/// Those who take from a queue together.
struct Shift<'a> {
    worker: &'a Worker,
    until: Until,
    stop: &'a Stop,
    teller: Teller<'a>,
    ended: AtomicUsize,
    /// One of them met something that will not pass.
    failed: AtomicBool,
}

impl Shift<'_> {
    fn is_over(&self) -> bool {
        let one = self.until == Until::One && self.ended.load(Ordering::Relaxed) > 0;
        one || self.stop.wanted() || self.failed.load(Ordering::Relaxed)
    }

    fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_over() && Instant::now() < end {
            thread::sleep(LOOK.min(end.saturating_duration_since(Instant::now())));
        }
    }
}

impl Queue {
    /// Prepares to use a queue; whether it is there shows with the first call.
    ///
    /// # Errors
    /// When this computer cannot run the client.
    pub fn open(url: &str, access: &Access) -> Result<Queue, store::Error> {
        let failed = |e: std::io::Error| store::Error::Failed { store: url.to_owned(), why: e.to_string() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(failed)?;
        let client = Client::new(&runtime.block_on(s3::shared(access)));
        Ok(Queue { client, url: url.to_owned(), searched: access.searched(), runtime })
    }

    /// Works on so many jobs at a time that the queue names, until it is stopped, or as `until` says. Answers with
    /// the number of messages that are done with.
    ///
    /// # Errors
    /// When the queue will not let it work at all.
    pub fn work(
        &self,
        worker: &Worker,
        concurrency: usize,
        until: Until,
        stop: &Stop,
        teller: Teller<'_>,
    ) -> Result<usize, Error> {
        let shift = Shift { worker, until, stop, teller, ended: AtomicUsize::new(0), failed: AtomicBool::new(false) };
        let hands = if until == Until::One { 1 } else { concurrency.max(1) };
        thread::scope(|scope| {
            let hands: Vec<_> = (0..hands).map(|_| scope.spawn(|| self.take(&shift))).collect();
            // All of them are waited for, whatever the first says.
            let ends: Vec<_> = hands.into_iter().map(|hand| hand.join().unwrap_or(Ok(()))).collect();
            ends.into_iter().collect::<Result<(), Error>>()
        })?;
        Ok(shift.ended.into_inner())
    }

    /// Takes message after message.
    fn take(&self, shift: &Shift<'_>) -> Result<(), Error> {
        while !shift.is_over() {
            match self.receive(shift) {
                Ok(Some(message)) => self.heed(&message, shift),
                Ok(None) if shift.until == Until::Drained => return Ok(()),
                Ok(None) => {}
                Err(e) if e.is_passing() => {
                    (shift.teller)(Told::Trouble(Error::Store(e)));
                    shift.rest(jittered(PAUSE));
                }
                Err(e) => {
                    shift.failed.store(true, Ordering::Relaxed);
                    return Err(Error::Store(e));
                }
            }
        }
        Ok(())
    }

    /// Does what a message says, and keeps it from others meanwhile.
    fn heed(&self, received: &Message, shift: &Shift<'_>) {
        let (Some(handle), lease) = (received.receipt_handle(), shift.worker.timing.lease) else { return };
        let done = AtomicBool::new(false);
        let fate = thread::scope(|scope| {
            let keeper = scope.spawn(|| {
                let mut held = Instant::now();
                while !done.load(Ordering::Acquire) {
                    thread::park_timeout(lease / 8);
                    if held.elapsed() > lease / 3 {
                        held = Instant::now();
                        // One that fails is followed by another.
                        let _ = self.hide(handle, lease);
                    }
                }
            });
            let body = received.body().unwrap_or_default();
            let fate = message(shift.worker, Part::Work, body, shift.stop, shift.teller);
            done.store(true, Ordering::Release);
            keeper.thread().unpark();
            fate
        });
        let told = match fate {
            Fate::Ended => {
                shift.ended.fetch_add(1, Ordering::Relaxed);
                self.forget(handle)
            }
            // What was given back is for others at once; who works on it now may vanish within a lease.
            Fate::Again => self.hide(handle, if shift.stop.released() { Duration::ZERO } else { lease }),
        };
        if let Err(e) = told {
            // Then it comes again, and finds that nothing is left to be done.
            (shift.teller)(Told::Trouble(Error::Store(e)));
        }
    }

    /// The next message; none where there is none for a while.
    fn receive(&self, shift: &Shift<'_>) -> Result<Option<Message>, store::Error> {
        let wait = if shift.until == Until::Drained { WAIT_DRAINING } else { WAIT };
        let call = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(1)
            .wait_time_seconds(seconds(wait))
            .visibility_timeout(seconds(shift.worker.timing.lease))
            .send();
        let received = self.runtime.block_on(async {
            let over = async {
                while !shift.is_over() {
                    tokio::time::sleep(LOOK).await;
                }
            };
            tokio::select! {
                received = call => Some(received),
                // What is on its way comes again when it is visible again.
                () = over => None,
            }
        });
        let Some(received) = received else { return Ok(None) };
        let received = received.map_err(|e| s3::meaning(self.url.clone(), &self.searched, &e))?;
        Ok(received.messages.unwrap_or_default().into_iter().next())
    }

    /// Keeps a message from others for a time from now on.
    fn hide(&self, handle: &str, time: Duration) -> Result<(), store::Error> {
        let call = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(handle);
        let changed = self.runtime.block_on(call.visibility_timeout(seconds(time)).send());
        changed.map(drop).map_err(|e| s3::meaning(self.url.clone(), &self.searched, &e))
    }

    /// Takes a message out of the queue.
    fn forget(&self, handle: &str) -> Result<(), store::Error> {
        let call = self.client.delete_message().queue_url(&self.url).receipt_handle(handle).send();
        self.runtime.block_on(call).map(drop).map_err(|e| s3::meaning(self.url.clone(), &self.searched, &e))
    }
}

/// Whole seconds, rounded up, as far as SQS counts.
fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(i32::MAX).min(43_200)
}
