//! `composer` without a subcommand: the window, or what to type where there is none.

use std::path::PathBuf;

use super::{Context, Exit, Failure, OpenWindow, definition, source};
use crate::keyboard::Script;
use crate::settings::{self, State};
use crate::studio::desk::Listen;
use crate::studio::start::Start;

/// What to do without a window.
const WITHOUT: &str =
    "the command line needs none: `composer record` records, `composer play` plays, `composer --help` shows all";

/// Opens the window, with `file` in it.
///
/// # Errors
/// When there is no such file, no display, or no window in this build.
pub(super) fn run(
    file: Option<PathBuf>,
    r#virtual: Option<&str>,
    open: Option<OpenWindow>,
    context: &Context,
) -> anyhow::Result<Exit> {
    if let Some(file) = file.as_ref().filter(|f| !f.exists()) {
        return Err(missing(file));
    }
    let Some(open) = open else {
        let message = "this composer was built without its window (the feature `gui`)";
        return Err(Failure::new(Exit::Usage, message).remedy(WITHOUT).into());
    };
    let settings_file = source::settings_file(context)?;
    let loaded = settings::load(&settings_file);
    let settings_fault = if let State::Broken(error) = loaded.state { Some(error) } else { None };
    let settings = loaded.settings;
    let folders = source::folders()?.with_settings(&settings);
    let listen = match r#virtual {
        None => Listen::of_settings(&settings),
        Some("demo") => Listen::Virtual(Script::Demo),
        Some(script) => Listen::Virtual(Script::File(script.into())),
    };
    let settings_warnings = loaded.warnings;
    let start = Start {
        file,
        settings,
        settings_fault,
        settings_warnings,
        settings_file: Some(settings_file),
        folders,
        listen,
    };
    open(start).map(|()| Exit::Success).map_err(|e| Failure::new(Exit::NoDisplay, e).remedy(WITHOUT).into())
}

/// A word that is neither a command nor a file that is there.
fn missing(file: &std::path::Path) -> anyhow::Error {
    let word = file.display();
    let looks_like_a_file = file.extension().is_some() || file.components().count() > 1;
    if looks_like_a_file {
        return Failure::new(Exit::BadInput, format!("cannot read {word}: there is no such file")).into();
    }
    let word = word.to_string();
    let near = definition().get_subcommands().map(|c| c.get_name().to_owned()).find(|name| alike(name, &word));
    let remedy = near.map_or_else(|| "`composer --help` lists the commands".to_owned(), |n| format!("`composer {n}`"));
    Failure::new(Exit::Usage, format!("there is no command and no file `{word}`")).remedy(remedy).into()
}

/// Whether one letter more, less or other makes one word of the other.
fn alike(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let front = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let back = a[front..].iter().rev().zip(b[front..].iter().rev()).take_while(|(x, y)| x == y).count();
    (a.len() - front - back).max(b.len() - front - back) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_seen_through() {
        assert!(alike("record", "rekord") && alike("record", "recor") && alike("play", "plays"));
        assert!(!alike("record", "render") && !alike("info", "play"));
    }
}
