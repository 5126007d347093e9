//! `--report`: everything a maintainer would ask for, and nothing about the person: no serial
//! numbers, no user, host or home folder, not even inside the names that devices and programs bear.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use crate::cli::devices;
use crate::cli::{Exit, Failure};
use crate::studio::doctor::{Check, Examination};
use crate::studio::place::{InTheWay, place};

use super::text;

/// Says no before anything is examined.
pub(super) fn refuse_early(file: &Path, force: bool) -> anyhow::Result<()> {
    if !force && file.symlink_metadata().is_ok() {
        return Err(exists(file));
    }
    Ok(())
}

fn exists(file: &Path) -> anyhow::Error {
    Failure::new(Exit::NotSaved, format!("{} exists; the report is not written", file.display()))
        .remedy("another name, or --force to replace it")
        .into()
}

/// Writes it, whole or not at all.
pub(super) fn write(file: &Path, force: bool, checks: &[Check], found: &Examination) -> anyhow::Result<()> {
    let text = compose(checks, found)?;
    let not_saved = |e: io::Error| {
        anyhow::Error::from(
            Failure::new(Exit::NotSaved, format!("cannot write the report to {}: {e}", file.display()))
                .remedy("another folder, one that you may write to"),
        )
    };
    if force {
        place(text.as_bytes(), file, InTheWay::Replace).map_err(not_saved)?;
    } else {
        let mut new = OpenOptions::new().write(true).create_new(true).open(file).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => exists(file),
            _ => not_saved(e),
        })?;
        new.write_all(text.as_bytes()).map_err(|e| {
            let _ = std::fs::remove_file(file);
            not_saved(e)
        })?;
    }
    let _ = writeln!(anstream::stderr(), "report: {}", file.display());
    Ok(())
}

fn compose(checks: &[Check], found: &Examination) -> anyhow::Result<String> {
    let facts = &found.survey.facts;
    let mut text = format!("composer {} report\n\n", env!("CARGO_PKG_VERSION"));
    writeln!(text, "## Checks\n")?;
    let mut lines = anstream::StripStream::new(Vec::new());
    text::print(checks, &mut lines)?;
    text.push_str(&String::from_utf8_lossy(&lines.into_inner()));
    let mut facts = serde_json::to_value(facts)?;
    let system = facts.as_object_mut().and_then(|f| f.remove("system"));
    writeln!(text, "\n## Facts\n\n{}\n", serde_json::to_string_pretty(&facts)?)?;
    let fonts: Vec<_> = found.soundfonts.iter().map(|f| &f.path).collect();
    writeln!(text, "## SoundFonts\n\n{}\n", serde_json::to_string_pretty(&fonts)?)?;
    let document = devices::Document::new(found.survey.clone(), Some(found.outputs.clone()));
    writeln!(text, "## Devices\n\n{}", serde_json::to_string_pretty(&document)?)?;
    let text = without_secrets(&text, &secrets());
    // A host called "debian" must not take the distribution's name away.
    Ok(format!("{text}\n## System\n\n{}\n", serde_json::to_string_pretty(&system)?))
}

/// What must not appear, and what stands in its place; the longest first, so that a home folder goes as a whole.
fn secrets() -> Vec<(String, &'static str)> {
    let mut secrets = Vec::new();
    let mut add = |value: Option<String>, instead| {
        // A name of one or two letters would be found in every other word.
        if let Some(value) = value.filter(|v| v.chars().count() >= 3 && v != "root") {
            secrets.push((value, instead));
        }
    };
    if let Some(home) = std::env::home_dir() {
        add(Some(home.to_string_lossy().into_owned()), "~");
        add(home.file_name().map(|n| n.to_string_lossy().into_owned()), "(user)");
    }
    for name in ["USER", "LOGNAME", "USERNAME", "SUDO_USER"] {
        add(std::env::var(name).ok(), "(user)");
    }
    for name in ["HOSTNAME", "COMPUTERNAME"] {
        add(std::env::var(name).ok(), "(host)");
    }
    add(std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|s| s.trim().to_owned()), "(host)");
    secrets.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    secrets
}

fn without_secrets(text: &str, secrets: &[(String, &'static str)]) -> String {
    let mut text = text.to_owned();
    for (secret, instead) in secrets {
        text = replace_words(&text, secret, instead);
    }
    text
}

/// Replaces whole words whatever their case: a user named "max" must not turn "max_power" into nonsense.
fn replace_words(text: &str, word: &str, instead: &str) -> String {
    let (lower, wanted) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let part_of_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, found) in lower.match_indices(&wanted) {
        let end = start + found.len();
        if start < done || part_of_word(text[..start].chars().next_back()) || part_of_word(text[end..].chars().next()) {
            continue;
        }
        out.push_str(&text[done..start]);
        out.push_str(instead);
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_homes_are_taken_out_as_whole_words() {
        let secrets = [("/home/max".to_owned(), "~"), ("max".to_owned(), "(user)")];
        let text = "\"/home/max/fonts/a.sf2\", Max's headphones, max_power_ma, /home/maxine";
        assert_eq!(
            without_secrets(text, &secrets),
            "\"~/fonts/a.sf2\", (user)'s headphones, max_power_ma, /home/maxine"
        );
    }
}
