//! Work beside the window.

use iced::Task;
use iced::futures::channel::oneshot;

/// Work that may take its time, on a thread of its own; the task ends with what it comes to.
pub(super) fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Task<T> {
    let (done, outcome) = oneshot::channel();
    let _ = std::thread::Builder::new().name("beside".to_owned()).spawn(move || drop(done.send(work())));
    Task::future(outcome).then(|outcome| outcome.map_or_else(|_| Task::none(), Task::done))
}
