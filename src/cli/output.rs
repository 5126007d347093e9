//! Standard output: colours where a person reads, none into a pipe, `NO_COLOR` respected; JSON for programs.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::music::composition::text::printable;

/// Headings.
pub const HEADING: Style = Style::new().bold();
/// Something is fine.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Something deserves a look.
pub const WARNING: Style = AnsiColor::Yellow.on_default();
/// Something failed.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// What to type.
pub const REMEDY: Style = AnsiColor::Cyan.on_default();
/// Of less weight.
pub const FAINT: Style = Style::new().dimmed();

/// Where results go. Styles written to it are taken out where they would do harm.
#[derive(Debug)]
pub struct Output {
    stream: anstream::Stdout,
}

impl Output {
    /// Standard output.
    #[must_use]
    pub fn stdout() -> Output {
        Output { stream: anstream::stdout() }
    }

    /// Whether a person is reading.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// One pretty-printed JSON document and a line end.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        writeln!(self.stream, "{}", serde_json::to_string_pretty(value)?)?;
        Ok(())
    }

    /// One JSON document on one line, flushed, for streams.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn json_line(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        writeln!(self.stream, "{}", serde_json::to_string(value)?)?;
        self.stream.flush()?;
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Text that holds names of others, line by line and safe to show; how far lines are set in stays.
#[must_use]
pub fn clean(text: &str) -> String {
    let line = |line: &str| {
        let inner = line.trim_start_matches(' ');
        format!("{}{}", &line[..line.len() - inner.len()], printable(inner))
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
