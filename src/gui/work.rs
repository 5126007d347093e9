//! Work that may take its time, beside the window.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iced::Task;
use iced::futures::channel::{mpsc, oneshot};

/// Work on a thread of its own, that ends in a message. It begins when the task is run, not before.
pub fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Task<T> {
    let begin = async move {
        let (done, outcome) = oneshot::channel();
        let _ = std::thread::Builder::new().name("beside".to_owned()).spawn(move || drop(done.send(work())));
        outcome.await
    };
    Task::future(begin).then(|outcome| outcome.map_or_else(|_| Task::none(), Task::done))
}

/// Work on a thread of its own, that tells how far it is. It begins when the task is run.
pub fn telling<T: Send + 'static>(work: impl FnOnce(&mut dyn FnMut(T)) + Send + 'static) -> Task<T> {
    let begin = async move {
        let (tell, told) = mpsc::unbounded();
        let run = move || work(&mut |message| drop(tell.unbounded_send(message)));
        let _ = std::thread::Builder::new().name("telling".to_owned()).spawn(run);
        told
    };
    Task::future(begin).then(Task::stream)
}

/// Work goes on while somebody holds this.
#[derive(Debug)]
pub struct Held(Arc<AtomicBool>);

/// The work's end of it.
#[derive(Clone, Debug)]
pub struct Wanted(Arc<AtomicBool>);

/// A pair: dropped, the first tells the second that nobody wants the work any more.
#[must_use]
pub fn held() -> (Held, Wanted) {
    let flag = Arc::new(AtomicBool::new(true));
    (Held(Arc::clone(&flag)), Wanted(flag))
}

impl Wanted {
    /// Whether the work is still wanted.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
