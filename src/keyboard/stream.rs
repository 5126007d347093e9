//! The way from a MIDI callback to whoever listens: a wait-free ring for the messages and a
//! channel for the few notices about the connection, merged in the order of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::controls::Panel;
use crate::music::message::{Channel, Controller, Value, Voice};
use crate::music::{Message, Micros};

/// Messages that wait for their reader at most: over twenty seconds of the most that a full-speed
/// keyboard can send (about 3,000 a second in a burst).
const CAPACITY: usize = 1 << 16;

/// Channel messages that wait for the audio callback at most: it takes them every few milliseconds.
const TAP: usize = 1 << 12;

/// Channel mode messages that end every note, and lift every pedal.
const ALL_NOTES_OFF: Controller = Controller::masked(123);
const RESET_CONTROLLERS: Controller = Controller::masked(121);

/// Taps that wait for the next message at most.
const TAPS: usize = 64;

/// What was played longer ago than this before anybody listened is not made up for.
const LONG_AGO: Micros = Micros(100_000);

/// A second way for channel messages, to the audio callback: small, and nothing in it must be freed.
pub type Tap = rtrb::Consumer<(Micros, Channel, Voice)>;

/// A tap's other end.
type Spout = rtrb::Producer<(Micros, Channel, Voice)>;

/// The clock of a session: microseconds since it was made, from the system's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that shows zero now.
    #[must_use]
    pub fn start() -> Clock {
        Clock { start: Instant::now() }
    }

    /// When it showed zero.
    #[must_use]
    pub fn epoch(&self) -> Instant {
        self.start
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.start.elapsed().into()
    }
}

/// What a listener hears, with times on the session's [`Clock`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The keyboard said something; `at` is the driver's time stamp where there is one.
    Message {
        /// When.
        at: Micros,
        /// What.
        message: Message,
    },
    /// A port is connected, for the first time or again.
    Connected {
        /// When.
        at: Micros,
        /// The port's name for people.
        name: String,
        /// The port's id: see `keyboard::ports`.
        id: String,
        /// Whose controls it has.
        panel: Panel,
    },
    /// The port is gone; what was held down will get no note-off from the keyboard.
    Disconnected {
        /// When it was noticed.
        at: Micros,
    },
    /// The port is there, but gives no connection; it is tried again until it does.
    Refused {
        /// When.
        at: Micros,
        /// Why, for people.
        reason: String,
    },
    /// Messages were lost before they could be read: the system's buffer or the ring was full.
    Overrun {
        /// Where in what was heard they are missing.
        at: Micros,
        /// How many, where that is known.
        lost: Option<u64>,
    },
    /// The keyboard has nothing more to say: a virtual keyboard's script has ended.
    Ended {
        /// When.
        at: Micros,
    },
}

impl Event {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Micros {
        match self {
            Event::Message { at, .. }
            | Event::Connected { at, .. }
            | Event::Disconnected { at }
            | Event::Refused { at, .. }
            | Event::Overrun { at, .. }
            | Event::Ended { at } => *at,
        }
    }
}

impl Event {
    /// The order of what has the same time: a connection, what is said on it, its end.
    fn rank(&self) -> u8 {
        match self {
            Event::Connected { .. } => 0,
            // The message that came after the loss has its time.
            Event::Overrun { lost: None, .. } => 1,
            Event::Message { .. } => 2,
            Event::Overrun { lost: Some(_), .. } => 3,
            Event::Disconnected { .. } | Event::Refused { .. } | Event::Ended { .. } => 4,
        }
    }
}

/// The callback's end. Sending neither blocks nor takes a lock.
#[derive(Debug)]
pub struct Sender {
    ring: rtrb::Producer<(Micros, Message)>,
    tap: Option<Spout>,
    taps: rtrb::Consumer<Spout>,
    dropped: Arc<AtomicU64>,
    reader: Thread,
}

/// The end for notices about the connection; it can be cloned.
#[derive(Clone, Debug)]
pub struct Notices {
    channel: mpsc::Sender<Event>,
    reader: Thread,
}

/// The listener's end; belongs to the thread that made it.
#[derive(Debug)]
pub struct Receiver {
    ring: rtrb::Consumer<(Micros, Message)>,
    /// Open from the beginning, so that the very first message is in it.
    first_tap: Option<Tap>,
    taps: rtrb::Producer<Spout>,
    notices: mpsc::Receiver<Event>,
    dropped: Arc<AtomicU64>,
    clock: Clock,
}

/// A stream for the calling thread to read.
#[must_use]
pub fn stream(clock: Clock) -> (Sender, Notices, Receiver) {
    let (producer, consumer) = rtrb::RingBuffer::new(CAPACITY);
    let (taps_in, taps_out) = rtrb::RingBuffer::new(TAPS);
    let (spout, first_tap) = rtrb::RingBuffer::new(TAP);
    let (tx, rx) = mpsc::channel();
    let dropped = Arc::new(AtomicU64::new(0));
    let reader = std::thread::current();
    (
        Sender {
            ring: producer,
            tap: Some(spout),
            taps: taps_out,
            dropped: Arc::clone(&dropped),
            reader: reader.clone(),
        },
        Notices { channel: tx, reader },
        Receiver { ring: consumer, first_tap: Some(first_tap), taps: taps_in, notices: rx, dropped, clock },
    )
}

impl Sender {
    /// Hands a message over. When the ring is full the message is counted as lost and the reader
    /// will hear [`Event::Overrun`].
    pub fn send(&mut self, at: Micros, message: Message) {
        self.sound(at, &message);
        self.tell(at, message);
    }

    /// Tells the reader of a message that sounds already.
    pub fn tell(&mut self, at: Micros, message: Message) {
        if self.ring.push((at, message)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.reader.unpark();
    }

    /// Lets a message sound, and tells the reader nothing of it.
    pub fn sound(&mut self, at: Micros, message: &Message) {
        while let Ok(tap) = self.taps.pop() {
            self.tap = Some(tap);
        }
        if let (Message::Voice(channel, voice), Some(tap)) = (message, &mut self.tap) {
            // Full where the sound has stopped. What comes then is not missed, except that it ends notes and lifts pedals: so
            // the last that finds room ends and lifts everything.
            match tap.slots() {
                0 => {}
                1 | 2 => {
                    for controller in [ALL_NOTES_OFF, RESET_CONTROLLERS] {
                        let _ = tap.push((at, *channel, Voice::Control { controller, value: Value::masked(0) }));
                    }
                }
                _ => drop(tap.push((at, *channel, *voice))),
            }
        }
    }
}

impl Notices {
    /// Hands a notice over; without a reader it is forgotten.
    pub fn send(&self, event: Event) {
        let _ = self.channel.send(event);
        self.reader.unpark();
    }
}

impl Receiver {
    /// The way of the channel messages to the audio callback. The first begins with what has just come,
    /// every other with what comes from now on, and an earlier one gets nothing more. `None` when many
    /// were taken and no message came between.
    pub fn take_tap(&mut self) -> Option<Tap> {
        if let Some(mut tap) = self.first_tap.take() {
            let now = self.clock.now();
            while tap.peek().is_ok_and(|(at, ..)| now.since(*at) > LONG_AGO) {
                let _ = tap.pop();
            }
            return Some(tap);
        }
        let (spout, tap) = rtrb::RingBuffer::new(TAP);
        self.taps.push(spout).ok().map(|()| tap)
    }

    /// Everything that has arrived, in the order of time, appended to `out`; waits for at most
    /// `timeout` when there is nothing yet. May come back early with nothing.
    pub fn drain(&mut self, timeout: Duration, out: &mut Vec<Event>) {
        if self.take(out) == 0 {
            std::thread::park_timeout(timeout);
            self.take(out);
        }
    }

    fn take(&mut self, out: &mut Vec<Event>) -> usize {
        let start = out.len();
        // A look at the one and then at the other could miss what came in between: so again until
        // there are no more notices. Then whatever was sent before something that is here is here too,
        // and sorting cannot tear it apart.
        loop {
            while let Ok((at, message)) = self.ring.pop() {
                out.push(Event::Message { at, message });
            }
            let before = out.len();
            out.extend(self.notices.try_iter());
            if out.len() == before {
                break;
            }
        }
        let lost = self.dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            // They came after the ring was full, and before all that is still to be heard.
            let at = out[start..].iter().map(Event::at).max().unwrap_or_else(|| self.clock.now());
            out.push(Event::Overrun { at, lost: Some(lost) });
        }
        out[start..].sort_by_key(|e| (e.at(), e.rank()));
        out.len() - start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(key: u8) -> Message {
        Message::from_bytes(&[0x90, key, 1]).unwrap()
    }

    #[test]
    fn notices_and_messages_come_in_the_order_of_time() {
        let (mut tx, notices, mut rx) = stream(Clock::start());
        tx.send(Micros(10), note(1));
        notices.send(Event::Disconnected { at: Micros(15) });
        tx.send(Micros(20), note(2));
        let mut out = Vec::new();
        rx.drain(Duration::ZERO, &mut out);
        assert_eq!(out.iter().map(Event::at).collect::<Vec<_>>(), [Micros(10), Micros(15), Micros(20)]);
    }

    #[test]
    fn of_equal_times_a_connection_comes_first_and_its_end_last() {
        let (mut tx, notices, mut rx) = stream(Clock::start());
        notices.send(Event::Ended { at: Micros(1) });
        notices.send(Event::Connected { at: Micros(1), name: String::new(), id: String::new(), panel: Panel::Unknown });
        tx.send(Micros(1), note(1));
        let mut out = Vec::new();
        rx.drain(Duration::ZERO, &mut out);
        assert_eq!(out.iter().map(Event::rank).collect::<Vec<_>>(), [0, 2, 4]);
    }

    #[test]
    fn the_first_tap_has_what_has_just_come_and_a_later_one_what_comes() {
        let start = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        let clock = Clock { start };
        let (mut tx, _notices, mut rx) = stream(clock);
        tx.send(Micros(1), note(1));
        // Ahead of the clock, so that a slow machine does not make it long ago.
        let now = clock.now().plus(Micros(60_000_000));
        tx.send(now, note(2));
        let mut tap = rx.take_tap().unwrap();
        tx.send(now, Message::System([0xf8, 0, 0]));
        assert_eq!(tap.pop().map(|(at, ..)| at), Ok(now), "what is long past is left out");
        let mut later = rx.take_tap().unwrap();
        tx.send(Micros(4), note(4));
        assert!(tap.pop().is_err(), "the later tap has taken over");
        assert_eq!(later.pop().map(|(at, ..)| at), Ok(Micros(4)));
    }

    #[test]
    fn a_tap_that_is_full_ends_with_the_end_of_everything() {
        let (mut tx, _notices, mut rx) = stream(Clock::start());
        let mut tap = rx.take_tap().unwrap();
        for _ in 0..TAP + 100 {
            tx.send(Micros(0), note(1));
        }
        let mut heard = Vec::new();
        while let Ok((_, _, voice)) = tap.pop() {
            heard.push(voice);
        }
        let off = |controller| Voice::Control { controller, value: Value::masked(0) };
        assert_eq!(heard.len(), TAP);
        assert_eq!(heard[TAP - 2..], [off(ALL_NOTES_OFF), off(RESET_CONTROLLERS)]);
        // And when there is room again, it goes on as before.
        tx.send(Micros(0), note(1));
        assert!(matches!(tap.pop(), Ok((_, _, voice)) if voice == heard[0]));
    }

    #[test]
    fn a_full_ring_is_counted_not_hidden() {
        let (mut tx, _notices, mut rx) = stream(Clock::start());
        for _ in 0..CAPACITY + 3 {
            tx.send(Micros(0), note(1));
        }
        let mut out = Vec::new();
        rx.drain(Duration::ZERO, &mut out);
        assert_eq!(out.len(), CAPACITY + 1);
        // In its place in time: what the driver stamped meanwhile is yet to come.
        assert_eq!(out.last(), Some(&Event::Overrun { at: Micros(0), lost: Some(3) }));
    }
}
