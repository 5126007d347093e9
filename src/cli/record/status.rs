//! The status line of a running recording: one line on standard error that is written over.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::cli::output::ERROR;
use crate::music::{Micros, pitch};
use crate::studio::record::{Start, State, Status};

/// How often the line changes: often enough for a beat to be seen, seldom enough to cost nothing.
pub(crate) const EVERY: Duration = Duration::from_millis(50);

/// The line, and the messages that go above it.
#[derive(Debug)]
pub(crate) struct StatusLine {
    shown: bool,
    drawn: Option<Instant>,
    metronome: bool,
}

impl StatusLine {
    /// For standard error; without a terminal there only the messages appear.
    pub(crate) fn new(metronome: bool) -> StatusLine {
        StatusLine { shown: false, drawn: None, metronome }
    }

    /// Whether anybody sees the line.
    pub(crate) fn is_live() -> bool {
        io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Writes a message above the line.
    pub(crate) fn say(&mut self, text: &str) {
        self.clear();
        let mut err = anstream::stderr();
        for line in text.lines() {
            // The computer keyboard puts the terminal into raw mode, where a line feed alone goes straight down.
            let end = if StatusLine::is_live() { "\r\n" } else { "\n" };
            let _ = write!(err, "{line}{end}");
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    /// Draws the line if somebody sees it and it is time.
    pub(crate) fn draw(&mut self, status: &Status<'_>) {
        if !StatusLine::is_live() || self.drawn.is_some_and(|t| t.elapsed() < EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        self.shown = true;
        let width =
            crossterm::terminal::size().ok().filter(|(w, _)| *w > 0).map_or(80, |(w, _)| usize::from(w)).max(20);
        let mut line = text(status, self.metronome);
        // Room is left for the ^C that a terminal writes behind it.
        if line.chars().count() > width - 3 {
            line = line.chars().take(width - 4).chain(['…']).collect();
        }
        // Counted and cut before it is coloured.
        let line = line.replacen('●', &format!("{ERROR}●{ERROR:#}"), usize::from(line.starts_with('●')));
        let mut err = anstream::stderr().lock();
        let _ = write!(err, "\r{line}\x1b[K").and_then(|()| err.flush());
    }
}

/// What the line says, without colour.
fn text(status: &Status<'_>, metronome: bool) -> String {
    let mut line = String::new();
    if let Some(replay) = status.replay {
        let _ = write!(line, "▶ {} of {}  ", time(replay.position()), time(replay.length()));
        line.extend(replay.keys().map(|(_, k)| pitch::name(k) + " "));
        return line;
    }
    match status.state {
        State::Waiting(Start::RecButton) => line.push_str("○ waiting for the keyboard's Rec button"),
        State::Waiting(_) => line.push_str("○ waiting for the first note"),
        State::Done => line.push_str("■ done"),
        State::Recording(running) if status.now < running.origin => {
            let beat = status.plan.time_signature.beat(status.plan.tempo).0.max(1);
            let counted = u64::from(status.plan.count_in) * u64::from(status.plan.time_signature.numerator());
            let left = running.origin.since(status.now).0.div_ceil(beat).min(counted);
            let _ = write!(line, "◌ count-in: {left}");
        }
        State::Recording(running) => {
            let elapsed = status.now.since(running.origin);
            let beat_length = status.plan.time_signature.beat(status.plan.tempo).0.max(1);
            let beats = u64::from(status.plan.time_signature.numerator());
            let beat = elapsed.0 / beat_length;
            let _ = write!(line, "● {}  bar {} beat {}", time(elapsed), beat / beats + 1, beat % beats + 1);
            if metronome {
                line.push_str("  ");
                line.extend((0..beats).map(|b| match (b == beat % beats, b) {
                    (true, 0) => '◆',
                    (true, _) => '●',
                    (false, _) => '·',
                }));
            }
            let _ = write!(line, "  {} note{}", running.notes, if running.notes == 1 { "" } else { "s" });
            if let Some((key, velocity)) = running.last_note {
                let _ = write!(line, "  last {} ({})", pitch::name(key), velocity.get());
            }
            let held: Vec<String> = running.sounding.keys().map(|(_, k)| pitch::name(k)).collect();
            if !held.is_empty() {
                let _ = write!(line, "  held {}", held.join(" "));
            }
        }
    }
    let _ = match status.device {
        Some(name) => write!(line, "  | {name}"),
        None => write!(line, "  | no keyboard: plug it in"),
    };
    if status.takes > 0 {
        let _ = write!(line, "  | {} saved", status.takes);
    }
    if status.lost > 0 {
        let _ = write!(line, "  | {} MESSAGES LOST", status.lost);
    }
    if status.trouble.is_some() {
        line.push_str("  | JOURNAL IN TROUBLE");
    }
    line
}

/// Minutes, seconds and tenths.
pub(crate) fn time(t: Micros) -> String {
    let tenths = t.0 / 100_000;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}
