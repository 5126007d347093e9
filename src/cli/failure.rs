//! Exit codes, and failures that carry one.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use super::output::clean;

/// The table of exit codes that `--help` shows.
pub const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such device, 4 not permitted, 5 input of no use,
6 not saved where asked, 7 no display, 8 a job not done in time, 130 stopped. `doctor` has its own.";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done. `doctor`: nothing to say.
    Success = 0,
    /// Failed in a way that has no code of its own. `doctor`: warnings.
    Failure = 1,
    /// The command line was wrong. `doctor`: failures.
    Usage = 2,
    /// No keyboard, or none of the name that was given.
    NoDevice = 3,
    /// The device or a file is there but not permitted, or another program holds it.
    NotPermitted = 4,
    /// A file that was given cannot be used.
    BadInput = 5,
    /// What was played could not be saved where it should be; it is kept elsewhere.
    NotSaved = 6,
    /// There is no display to open the window on.
    NoDisplay = 7,
    /// A job was not done in the time that was given; it goes on.
    StillRunning = 8,
    /// Somebody stopped waiting with Ctrl-C; what was waited for goes on.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(e: Exit) -> ExitCode {
        ExitCode::from(e as u8)
    }
}

/// A failure in words for the user, with its exit code and what to do about it.
#[derive(Clone, Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    remedy: Option<String>,
}

impl Failure {
    /// What failed, and on what.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), remedy: None }
    }

    /// Its exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Says on what it failed.
    #[must_use]
    pub fn of(mut self, what: &str) -> Failure {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Failure {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Tells the user on standard error, and answers with the exit code. A reader of our output that
/// has gone away (`composer devices | head -1`) is no failure.
pub(crate) fn report(error: &anyhow::Error) -> Exit {
    let broken_pipe =
        error.chain().any(|e| e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe));
    if broken_pipe {
        return Exit::Success;
    }
    let mut err = anstream::stderr();
    let style = super::output::ERROR;
    // Names of others are in it, and what servers say: a line stays a line, and nothing in it moves the cursor.
    let _ = writeln!(err, "{style}error:{style:#} {}", clean(&format!("{error:#}")));
    match error.downcast_ref::<Failure>() {
        Some(failure) => {
            if let Some(remedy) = &failure.remedy {
                let style = super::output::REMEDY;
                let _ = writeln!(err, "{style}  try:{style:#} {}", clean(remedy));
            }
            failure.exit
        }
        None => Exit::Failure,
    }
}
