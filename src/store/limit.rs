//! How long calls to a store may take, for those who cannot wait as long as the store can.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When calls are given up that were not answered, for all who share it, those under way too.
#[derive(Clone, Debug, Default)]
pub struct Limit(Arc<Mutex<Bounds>>);

#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    /// No call lasts beyond this.
    end: Option<Instant>,
    /// No call lasts longer.
    longest: Option<Duration>,
}

impl Limit {
    /// Until then.
    #[must_use]
    pub fn until(end: Instant) -> Limit {
        let limit = Limit::default();
        limit.end_by(end);
        limit
    }

    /// From now on no call lasts beyond this, unless that was so already.
    pub fn end_by(&self, end: Instant) {
        let mut bounds = self.lock();
        bounds.end = Some(bounds.end.map_or(end, |before| before.min(end)));
    }

    /// From now on no call lasts longer.
    pub fn last_at_most(&self, longest: Duration) {
        self.lock().longest = Some(longest);
    }

    /// Whether a call that was begun then is to be given up.
    #[must_use]
    pub fn is_over(&self, begun: Instant) -> bool {
        let Bounds { end, longest } = *self.lock();
        end.is_some_and(|end| end <= Instant::now()) || longest.is_some_and(|longest| begun.elapsed() >= longest)
    }

    fn lock(&self) -> MutexGuard<'_, Bounds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_end_holds_for_all_who_share_it() {
        let now = Instant::now();
        let limit = Limit::until(now + Duration::from_secs(3600));
        let shared = limit.clone();
        assert!(!shared.is_over(now));
        limit.end_by(now);
        limit.end_by(now + Duration::from_secs(7200));
        assert!(shared.is_over(now));
        let limit = Limit::default();
        limit.last_at_most(Duration::from_secs(5));
        let before = now.checked_sub(Duration::from_secs(6)).unwrap_or(now);
        assert_eq!((limit.is_over(Instant::now()), limit.is_over(before)), (false, before < now));
    }
}
