//! From the driver's time stamps to the session's clock.
//!
//! ALSA stamps a message when the kernel gets it, in the time of a queue that midir starts while it
//! connects. The queue's zero on the session's clock is measured once a connection, so that
//! stamps keep their exact distances; the moment at which a thread gets to hear of a message does
//! not matter.

use crate::keyboard::stream::Clock;
use crate::music::Micros;

/// Where the stamps of one connection lie on the session's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeBase {
    clock: Clock,
    /// The clock's time at stamp zero, in microseconds; negative where stamps count from long ago.
    zero: Option<i64>,
}

impl TimeBase {
    /// Measured with the first message: nothing better is known.
    pub(super) fn unknown(clock: Clock) -> TimeBase {
        TimeBase { clock, zero: None }
    }

    /// With stamp zero at this time of the clock, in microseconds.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    pub(super) fn at(clock: Clock, zero: i64) -> TimeBase {
        TimeBase { clock, zero: Some(zero) }
    }

    /// The time of a stamp. It never lies in the future: ALSA's queue runs ahead of the
    /// monotonic clock where its timer fires late, and then the base is moved back.
    pub(super) fn time(&mut self, stamp: u64) -> Micros {
        let now = signed(self.clock.now().0);
        let stamp = signed(stamp);
        let zero = self.zero.map_or(now.saturating_sub(stamp), |zero| zero.min(now.saturating_sub(stamp)));
        self.zero = Some(zero);
        Micros(u64::try_from(zero.saturating_add(stamp)).unwrap_or(0))
    }
}

fn signed(micros: u64) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}

#[cfg(target_os = "linux")]
pub(super) mod queue {
    //! Reading the queue of midir's client, to see where its zero lies.

    use alsa::Seq;
    use alsa::seq::{Addr, PortSubscribeIter, QuerySubsType};

    use super::{TimeBase, signed};
    use crate::keyboard::stream::Clock;

    /// The base of the connection from the port `source` to our port `port_name`; `None` where it
    /// cannot be found.
    pub(in crate::keyboard::link) fn measure(
        seq: &Seq,
        clock: Clock,
        source: (i32, i32),
        port_name: &str,
    ) -> Option<TimeBase> {
        let source = Addr { client: source.0, port: source.1 };
        let queue = PortSubscribeIter::new(seq, source, QuerySubsType::READ)
            .filter_map(|s| seq.get_any_port_info(s.get_dest()).ok())
            .find(|p| p.get_name() == Ok(port_name))?
            .get_timestamp_queue();
        // The reading between the two closest looks at our clock is the best of several.
        (0..8)
            .filter_map(|_| {
                let before = signed(clock.now().0);
                let status = seq.get_queue_status(queue).ok()?;
                let after = signed(clock.now().0);
                let stamp = i64::try_from(status.get_real_time().as_micros()).ok()?;
                Some((after - before, before + (after - before) / 2 - stamp))
            })
            .min_by_key(|(width, _)| *width)
            .map(|(_, zero)| TimeBase::at(clock, zero))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_between_stamps_are_kept_whenever_they_are_heard_of() {
        let clock = Clock::start();
        let mut base = TimeBase::at(clock, -9_999_000);
        std::thread::sleep(std::time::Duration::from_millis(3));
        let first = base.time(10_000_000);
        assert_eq!(first, Micros(1_000));
        std::thread::sleep(std::time::Duration::from_millis(3));
        assert_eq!(base.time(10_000_500), first.plus(Micros(500)));
    }

    #[test]
    fn a_stamp_is_never_in_the_future() {
        let clock = Clock::start();
        let mut base = TimeBase::at(clock, 0);
        assert!(base.time(3_600_000_000) <= clock.now());
    }

    #[test]
    fn without_a_measured_base_the_first_message_is_now() {
        let clock = Clock::start();
        let before = clock.now();
        let at = TimeBase::unknown(clock).time(987_654_321_000);
        assert!(before <= at && at <= clock.now());
    }
}
