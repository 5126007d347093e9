//! A job as it is shown, to people and to programs.

use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::output::{ERROR, FAINT, GOOD, HEADING, Output, WARNING};
use crate::compose::request::Kind;
use crate::jobs::JobId;
use crate::jobs::client::{Progress, Status};
use crate::jobs::job::{Ending, Outcome, Stages};
use crate::music::composition::text::printable;

/// The most characters of a name or a message that are shown.
const LONGEST: usize = 200;

/// A job.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// The file's name, as it was submitted.
    pub name: Option<String>,
    kind: Option<Kind>,
    /// In one word.
    pub state: &'static str,
    submitted: Option<Timestamp>,
    age_seconds: Option<f64>,
    deadline: Option<Timestamp>,
    attempt: u32,
    /// From 0 to 1, while it is worked on.
    progress: Option<f64>,
    /// Why it failed.
    pub error: Option<String>,
    stages: Option<Stages>,
    /// Where its compositions are now.
    pub files: Vec<PathBuf>,
    /// Whether these are parts of a composition that is not done.
    pub partial: bool,
}

/// A change of a job.
#[derive(Debug, Serialize)]
pub struct Event {
    /// Its version.
    pub schema: &'static str,
    /// The job as it is now.
    pub job: Job,
}

impl Job {
    /// What a status says.
    #[must_use]
    pub fn of(status: &Status) -> Job {
        let submission = status.submission.as_ref();
        let ending = status.progress.ending();
        let error = match &status.progress {
            Progress::Ended(Ending { outcome: Outcome::Failed { fault }, .. }) => Some(fault.message.clone()),
            Progress::Damaged { why } => Some(why.clone()),
            _ => None,
        };
        Job {
            id: status.id,
            name: submission.map(|s| s.name.clone()),
            kind: submission.map(|s| s.work.kind),
            state: status.progress.name(),
            submitted: submission.map(|s| s.submitted),
            age_seconds: status.age.map(|a| a.as_secs_f64()),
            deadline: submission.and_then(|s| s.deadline),
            attempt: status.attempt,
            progress: match status.progress {
                Progress::Running { progress, .. } => Some(progress.clamp(0.0, 1.0)),
                _ => None,
            },
            error,
            stages: ending.map(|e| e.stages),
            files: Vec::new(),
            partial: false,
        }
    }

    fn title(&self) -> String {
        short(self.name.as_deref().unwrap_or("(no name)"))
    }

    /// A line of a list.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print_line(&self, out: &mut Output) -> std::io::Result<()> {
        let style = match self.state {
            "succeeded" => GOOD,
            "failed" | "damaged" => ERROR,
            "running" | "cancelling" => WARNING,
            _ => FAINT,
        };
        let doing = self.progress.map_or_else(String::new, |p| format!(" {:.0} %", p * 100.0));
        let state = format!("{}{doing}", self.state);
        let age = self.age_seconds.map_or_else(String::new, age);
        write!(out, "{}  {style}{state:13}{style:#} {FAINT}{age:>8}{FAINT:#}  {}", self.id.short(), self.title())?;
        if self.attempt > 1 {
            write!(out, "  {FAINT}attempt {}{FAINT:#}", self.attempt)?;
        }
        match &self.error {
            Some(error) => writeln!(out, ": {}", short(error)),
            None => writeln!(out),
        }
    }

    /// All that is known of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print_whole(&self, out: &mut Output) -> std::io::Result<()> {
        writeln!(out, "{HEADING}{}{HEADING:#}  {}", self.title(), self.id)?;
        let kind = match self.kind {
            Some(Kind::Compose) => "compose",
            Some(Kind::Extend) => "extend",
            None => "unknown",
        };
        writeln!(out, "  {:10} {}", "state", self.state)?;
        writeln!(out, "  {:10} {kind}", "kind")?;
        if let Some(at) = self.submitted {
            writeln!(out, "  {:10} {at:.0}, {} ago", "submitted", self.age_seconds.map_or_else(String::new, age))?;
        }
        if let Some(at) = self.deadline {
            writeln!(out, "  {:10} {at:.0}", "deadline")?;
        }
        writeln!(out, "  {:10} {}", "attempt", self.attempt)?;
        if let Some(progress) = self.progress {
            writeln!(out, "  {:10} {:.0} %", "progress", progress * 100.0)?;
        }
        if let Some(error) = &self.error {
            writeln!(out, "  {:10} {}", "error", short(error))?;
        }
        if let Some(stages) = self.stages {
            let sum: f64 = stages.named().iter().map(|(_, s)| s).sum();
            for (name, seconds) in stages.named() {
                writeln!(out, "  {name:10} {}", time(seconds))?;
            }
            writeln!(out, "  {:10} {}", "in all", time(sum))?;
        }
        Ok(())
    }
}

/// What others wrote, safe to show and no longer than a person reads.
fn short(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Seconds; what cannot be true is not spelt out.
fn time(seconds: f64) -> String {
    if (0.0..1e8).contains(&seconds) { format!("{seconds:8.3} s") } else { format!("{:>8}", "unknown") }
}

fn age(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        0..=119 => format!("{whole} s"),
        120..=7_199 => format!("{} min", whole / 60),
        7_200..=172_799 => format!("{} h", whole / 3600),
        _ => format!("{} days", whole / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_shown_within_bounds() {
        assert_eq!(short("夢.mid"), "夢.mid");
        assert_eq!(short(&"夢".repeat(3_000)).chars().count(), LONGEST + 1);
        assert_eq!(
            (&time(1.5)[..], &time(1e308)[..], &time(f64::INFINITY)[..]),
            ("   1.500 s", " unknown", " unknown")
        );
    }
}
