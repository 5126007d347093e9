//! Work that may take its time, beside the window.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iced::Task;
use iced::futures::channel::{mpsc, oneshot};

/// Why work came to no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It never began.
    #[error("The system gives no thread for it: {0}. Close other programs and try again.")]
    NoThread(String),
    /// A fault of composer's own.
    #[error("A part of composer broke down ({0}). What is open is still there: save it, and please report this.")]
    Panicked(String),
}

impl Broken {
    fn panicked(payload: &(dyn Any + Send)) -> Broken {
        let words = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
        Broken::Panicked(words.unwrap_or("it does not say why").to_owned())
    }
}

/// Work on a thread of its own, that ends in a message. It begins when the task is run, not before.
pub fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Task<Result<T, Broken>> {
    Task::future(async move {
        let (done, outcome) = oneshot::channel();
        let run = move || {
            let outcome = catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Broken::panicked(&*payload));
            drop(done.send(outcome));
        };
        match std::thread::Builder::new().name("beside".to_owned()).spawn(run) {
            Ok(_) => outcome.await.unwrap_or_else(|_| Err(Broken::Panicked("it gave no answer".to_owned()))),
            Err(e) => Err(Broken::NoThread(e.to_string())),
        }
    })
}

/// Work on a thread of its own, that tells how far it is. It begins when the task is run.
pub fn telling<T: Send + 'static>(work: impl FnOnce(&mut dyn FnMut(T)) + Send + 'static) -> Task<Result<T, Broken>> {
    let begin = async move {
        let (tell, told) = mpsc::unbounded();
        let broken = tell.clone();
        let run = move || {
            let run = || work(&mut |message| drop(tell.unbounded_send(Ok(message))));
            if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
                let _ = tell.unbounded_send(Err(Broken::panicked(&*payload)));
            }
        };
        if let Err(e) = std::thread::Builder::new().name("telling".to_owned()).spawn(run) {
            let _ = broken.unbounded_send(Err(Broken::NoThread(e.to_string())));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::screen::bench;

    fn outcome<T: Send + 'static>(task: Task<T>) -> Vec<T> {
        bench::run(task).0
    }

    #[test]
    fn work_that_breaks_down_says_so() {
        assert_eq!(outcome(beside(|| 7)), [Ok(7)]);
        let broken: Vec<Result<u8, Broken>> = outcome(beside(|| panic!("nothing of value")));
        assert_eq!(broken, [Err(Broken::Panicked("nothing of value".to_owned()))]);
        let half = outcome(telling(|tell: &mut dyn FnMut(u8)| {
            tell(1);
            panic!("half way");
        }));
        assert_eq!(half, [Ok(1), Err(Broken::Panicked("half way".to_owned()))]);
    }
}
