//! One check a line, and what to type below it.

use std::io::{self, Write};

use crate::cli::output::{ERROR, FAINT, GOOD, REMEDY, WARNING};
use crate::studio::doctor::{Check, Status};

pub(super) fn print(checks: &[Check], out: &mut impl Write) -> io::Result<()> {
    for check in checks {
        let (style, word) = match check.status {
            Status::Ok => (GOOD, "ok"),
            Status::Warning => (WARNING, "warning"),
            Status::Failure => (ERROR, "failure"),
            Status::Skipped => (FAINT, "skipped"),
        };
        writeln!(out, "{style}{word:7}{style:#}  {:14}  {}", check.id, check.evidence)?;
        if let Some(remedy) = &check.remedy {
            writeln!(out, "{:9}{REMEDY}try:{REMEDY:#} {remedy}", "")?;
        }
    }
    writeln!(out, "\n{}", summary(checks))
}

pub(super) fn summary(checks: &[Check]) -> String {
    let count = |status| checks.iter().filter(|c| c.status == status).count();
    let of = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    format!(
        "{} ok, {}, {}, {} skipped",
        count(Status::Ok),
        of(count(Status::Warning), "warning"),
        of(count(Status::Failure), "failure"),
        count(Status::Skipped)
    )
}
