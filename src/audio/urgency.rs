//! Real-time scheduling for the audio callback's thread, where the system grants it.

use std::time::Instant;

/// Callbacks that are watched before the thread is trusted.
const TRIAL: u32 = 40;

/// Asks for real-time scheduling once the callbacks have shown that they keep to real time: an output
/// that takes whatever it gets at once (ALSA's `null`, say) would hold a core for ever.
#[derive(Debug)]
pub(super) struct Urgency {
    rate: f64,
    seen: u32,
    frames: f64,
    start: Option<Instant>,
}

impl Urgency {
    pub(super) fn new(rate: u32) -> Urgency {
        Urgency { rate: f64::from(rate.max(1)), seen: 0, frames: 0.0, start: None }
    }

    /// A callback begins.
    pub(super) fn block(&mut self, now: Instant, frames: usize) {
        if self.seen > TRIAL {
            return;
        }
        let start = *self.start.get_or_insert(now);
        if self.seen == TRIAL && now.saturating_duration_since(start).as_secs_f64() > 0.5 * self.frames / self.rate {
            promote();
        }
        self.seen += 1;
        self.frames += frames as f64;
    }
}

/// Without the right to it, it stays as it is; the xruns are counted either way.
#[cfg(target_os = "linux")]
fn promote() {
    use thread_priority::unix::{RealtimeThreadSchedulePolicy as Realtime, ThreadSchedulePolicy};
    use thread_priority::{ThreadPriority, ThreadPriorityValue};
    // Below JACK's and PipeWire's own threads, above everything usual.
    if let Ok(value) = ThreadPriorityValue::try_from(10u8) {
        let _ = thread_priority::set_thread_priority_and_policy(
            thread_priority::thread_native_id(),
            ThreadPriority::Crossplatform(value),
            ThreadSchedulePolicy::Realtime(Realtime::Fifo),
        );
    }
}

/// Elsewhere the system gives its audio threads what they need.
#[cfg(not(target_os = "linux"))]
fn promote() {}
