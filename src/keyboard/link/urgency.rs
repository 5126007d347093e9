//! Real-time scheduling for midir's thread, where the system grants it: what was played has to be in the
//! ring before the audio callback that is to sound it, however busy the machine is.
//!
//! Whoever has the right to it for sound has it for this; builds without sound record by the driver's
//! time stamps, for which nobody need hurry. `make bench-live` shows the difference.

/// For the calling thread. It waits for messages nearly all the time, and does little for each.
#[cfg(all(target_os = "linux", feature = "audio"))]
pub(super) fn promote() {
    use thread_priority::unix::{RealtimeThreadSchedulePolicy as Realtime, ThreadSchedulePolicy};
    use thread_priority::{ThreadPriority, ThreadPriorityValue};
    // Just above the audio callback's; refused, it stays as it is.
    if let Ok(value) = ThreadPriorityValue::try_from(11u8) {
        let _ = thread_priority::set_thread_priority_and_policy(
            thread_priority::thread_native_id(),
            ThreadPriority::Crossplatform(value),
            ThreadSchedulePolicy::Realtime(Realtime::Fifo),
        );
    }
}

/// Elsewhere the system gives its MIDI threads what they need.
#[cfg(not(all(target_os = "linux", feature = "audio")))]
pub(super) fn promote() {}
