//! The command line as its users meet it: help that fits a screen, exit codes, pipes, colours, completions, manuals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The screen that a help text must fit.
const SCREEN: (usize, usize) = (36, 100);

const SUBCOMMANDS: &[&str] = &[
    "devices",
    "doctor",
    "monitor",
    "learn",
    "play",
    "record",
    "recover",
    "info",
    "render",
    "instruments",
    "compose",
    "extend",
    "evaluate",
    #[cfg(feature = "train")]
    "train",
    "submit",
    "jobs",
    "worker",
    "upload",
    "download",
    "share",
    "sync",
    #[cfg(feature = "s3")]
    "bucket",
    #[cfg(feature = "s3")]
    "serve",
    "demo",
    "completions",
];

/// composer, with a home of its own so that nobody's settings or takes have a say.
fn composer(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.env("HOME", home).env("COLUMNS", SCREEN.1.to_string()).stdin(Stdio::null());
    for variable in
        ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "COMPOSER_SETTINGS", "NO_COLOR", "CLICOLOR_FORCE"]
    {
        command.env_remove(variable);
    }
    command
}

fn run(args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    composer(home.path()).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_help_fits_a_screen_and_ends_with_an_example() {
    let mut faults = Vec::new();
    for subcommand in SUBCOMMANDS {
        let output = run(&[subcommand, "-h"]);
        assert!(output.status.success(), "{subcommand} -h: {}", output.status);
        let help = text(&output.stdout);
        let lines: Vec<&str> = help.trim_end().lines().collect();
        if lines.len() > SCREEN.0 {
            faults.push(format!("composer {subcommand} -h: {} lines, a screen has {}", lines.len(), SCREEN.0));
        }
        for line in &lines {
            if line.chars().count() > SCREEN.1 {
                faults.push(format!("composer {subcommand} -h: wider than {}: {line}", SCREEN.1));
            }
        }
        if !lines.last().is_some_and(|l| l.starts_with("Example:")) {
            faults.push(format!("composer {subcommand} -h: the last line is no example: {:?}", lines.last()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_program_s_own_help_names_every_subcommand_and_the_exit_codes() {
    let help = text(&run(&["--help"]).stdout);
    for subcommand in SUBCOMMANDS {
        // Some share a line: `upload, download`.
        let mut named = help
            .lines()
            .filter_map(|l| l.strip_prefix("  "))
            .flat_map(|l| l.split("  ").next())
            .flat_map(|n| n.split(", "));
        assert!(named.any(|n| n == *subcommand), "{subcommand} is missing:\n{help}");
    }
    assert!(help.contains("Exit codes:"), "{help}");
    assert!(help.lines().count() <= SCREEN.0 && help.lines().all(|l| l.chars().count() <= SCREEN.1), "{help}");
}

#[test]
fn the_readme_s_commands_are_understood() {
    let readme = include_str!("../README.md");
    // What stands between the fences, and what is set as code in the text.
    let parts: Vec<&str> = readme.split("```").collect();
    let blocks = parts.iter().skip(1).step_by(2).flat_map(|block| block.lines());
    let in_text = parts.iter().step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2));
    let commands = blocks.chain(in_text).filter(|line| line.starts_with("composer "));
    let mut count = 0;
    for line in commands {
        let words = line.split('#').next().unwrap_or_default().split_whitespace();
        // What stands for something else: an optional file, any shell, the subcommand itself.
        let words: Vec<String> = words.map(|w| w.trim_matches(['[', ']']).replace("SHELL", "bash")).collect();
        // A part that this build leaves out is described all the same.
        let left_out = |name: &str| match name {
            "train" => !cfg!(feature = "train"),
            "bucket" | "serve" => !cfg!(feature = "s3"),
            _ => false,
        };
        if words.get(1).is_some_and(|w| left_out(w)) {
            continue;
        }
        let answer = composer::cli::definition().try_get_matches_from(&words);
        if let Err(e) = answer {
            let bare = words.len() == 2 && e.kind() == clap::error::ErrorKind::MissingRequiredArgument;
            assert!(bare, "README.md: {line}: {e}");
        }
        count += 1;
    }
    assert!(count > 15, "only {count} commands found");
}

#[test]
fn without_arguments_and_without_a_display_the_command_line_is_named() {
    let home = tempfile::tempdir().unwrap();
    let mut command = composer(home.path());
    let output = command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap();
    let message = text(&output.stderr);
    let code = if cfg!(feature = "gui") { 7 } else { 2 };
    if cfg!(all(unix, not(target_os = "macos"))) || !cfg!(feature = "gui") {
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(message.starts_with("error:") && message.contains("composer record"), "{message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

#[test]
#[cfg(all(feature = "gui", unix, not(target_os = "macos")))]
fn a_display_that_does_not_answer_is_told_as_such() {
    let home = tempfile::tempdir().unwrap();
    let mut command = composer(home.path());
    let output = command.env("DISPLAY", ":54321").env_remove("WAYLAND_DISPLAY").output().unwrap();
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{message}");
    assert!(message.contains(":54321") && !message.contains("panicked"), "{message}");
}

#[test]
fn a_file_that_is_not_there_is_exit_code_5() {
    let output = run(&["no-such-file.mid"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(text(&output.stderr).contains("no-such-file.mid"), "{output:?}");
}

#[test]
fn settings_may_stand_before_the_command_and_a_file_may_not() {
    let home = tempfile::tempdir().unwrap();
    let settings = home.path().join("settings.toml");
    fs::write(&settings, "").unwrap();
    let output = composer(home.path()).arg("--settings").arg(&settings).args(["recover", "--json"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = run(&["song.mid", "recover"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("what stands before it is for the window"), "{output:?}");
}

#[test]
fn wrong_usage_is_exit_code_2_and_says_what_was_wrong() {
    for args in [&["rekord"][..], &["devices", "--no-such-option"], &["completions", "no-such-shell"], &["info"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let message = text(&output.stderr);
        assert!(message.starts_with("error:") && output.stdout.is_empty(), "{args:?}: {message}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for args in [&["devices"][..], &["doctor", "--json"], &["completions", "zsh"]] {
        let home = tempfile::tempdir().unwrap();
        let mut child = composer(home.path()).args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut message = String::new();
        child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        assert!(!message.contains("panicked") && !message.contains("roken pipe"), "{args:?}: {message}");
        let code = child.wait().unwrap().code();
        assert!(code.is_some(), "{args:?} was killed by a signal");
        // What doctor found stays its answer.
        assert!(code == Some(0) || args[0] == "doctor", "{args:?}: exit code {code:?}");
    }
}

#[test]
fn no_colours_in_a_pipe() {
    for args in [&["--help"][..], &["devices"], &["doctor"], &["record", "--help"], &["info", "/no/such.mid"]] {
        let output = run(args);
        for (name, bytes) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
            assert!(!bytes.contains(&0x1b), "{args:?}: escape codes on {name}: {:?}", String::from_utf8_lossy(bytes));
        }
    }
}

/// What composer writes to a terminal.
#[cfg(target_os = "linux")]
fn on_a_terminal(args: &str, variable: Option<(&str, &str)>) -> Option<String> {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("script");
    command.args(["--quiet", "--command", &format!("{} {args}", env!("CARGO_BIN_EXE_composer")), "/dev/null"]);
    command.env("HOME", home.path()).env("TERM", "xterm-256color").env_remove("NO_COLOR").stdin(Stdio::null());
    if let Some((name, value)) = variable {
        command.env(name, value);
    }
    command.output().ok().map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
}

#[test]
#[cfg(target_os = "linux")]
fn colours_on_a_terminal_unless_no_color_is_set() {
    let Some(coloured) = on_a_terminal("info /no/such.mid", None) else {
        eprintln!("SKIPPED colours_on_a_terminal: there is no `script` (Debian: bsdutils) to make a terminal with");
        return;
    };
    assert!(coloured.contains("\x1b["), "{coloured:?}");
    let plain = on_a_terminal("info /no/such.mid", Some(("NO_COLOR", "1"))).unwrap();
    assert!(plain.contains("error:") && !plain.contains('\x1b'), "{plain:?}");
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = text(&output.stdout);
        for subcommand in SUBCOMMANDS {
            assert!(script.contains(subcommand), "{shell}: {subcommand} is missing");
        }
    }
}

#[test]
fn manual_pages_for_every_subcommand_that_man_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("made/on/the/way");
    let output = run(&["man", pages.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let names: Vec<String> =
        std::iter::once("composer.1".to_owned()).chain(SUBCOMMANDS.iter().map(|s| format!("composer-{s}.1"))).collect();
    for name in &names {
        let page = fs::read_to_string(pages.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(page.contains(".TH"), "{name}");
    }
    for name in &names {
        match Command::new("man").args(["--warnings", "-l"]).arg(pages.join(name)).env("MANPAGER", "cat").output() {
            Ok(output) => {
                assert!(output.status.success() && output.stderr.is_empty(), "{name}: {}", text(&output.stderr));
                assert!(text(&output.stdout).contains("NAME"), "{name}");
            }
            Err(e) if std::env::var_os("COMPOSER_REQUIRE_READERS").is_none() => {
                eprintln!("SKIPPED reading the manual pages: man: {e} (Debian: man-db)");
                return;
            }
            Err(e) => panic!("man: {e} (Debian: man-db)"),
        }
    }
}
