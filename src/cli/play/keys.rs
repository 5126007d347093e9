//! The keys of the computer while a file plays.

use std::io::{ErrorKind, IsTerminal};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

use crate::keyboard::virtual_keyboard::typed;

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Pause,
    /// By so many seconds.
    Seek(i64),
    /// By so many percent.
    Speed(i16),
    Start,
    Loop,
    Metronome,
    Next,
    Quit,
}

/// The terminal, key by key; as it was when this is dropped.
pub(super) struct Keys {
    raw: bool,
}

impl Keys {
    /// Listens, if there is somebody to listen to.
    pub(super) fn new() -> Keys {
        let here = std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && in_foreground();
        Keys { raw: here && crossterm::terminal::enable_raw_mode().is_ok() }
    }

    /// The next wish, within a time.
    pub(super) fn wish(&self, timeout: Duration) -> Option<Wish> {
        match if self.raw { typed(timeout) } else { Err(ErrorKind::NotConnected.into()) } {
            Ok(Some(Event::Key(key))) if key.kind != KeyEventKind::Release => wish(key.code, key.modifiers),
            Ok(_) => None,
            // Nobody is there, or not any more.
            Err(_) => {
                std::thread::park_timeout(timeout);
                None
            }
        }
    }
}

/// Whether the terminal's keys are ours: a job in the background that asks for them is stopped by the system.
fn in_foreground() -> bool {
    #[cfg(unix)]
    {
        rustix::termios::tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
    }
    #[cfg(not(unix))]
    true
}

impl Drop for Keys {
    fn drop(&mut self) {
        if self.raw {
            let _ = crossterm::terminal::disable_raw_mode();
        }
    }
}

fn wish(code: KeyCode, modifiers: KeyModifiers) -> Option<Wish> {
    match code {
        KeyCode::Char('c' | 'd') if modifiers.contains(KeyModifiers::CONTROL) => Some(Wish::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(Wish::Quit),
        KeyCode::Char(' ' | 'p') => Some(Wish::Pause),
        KeyCode::Left => Some(Wish::Seek(-5)),
        KeyCode::Right => Some(Wish::Seek(5)),
        KeyCode::PageUp => Some(Wish::Seek(-30)),
        KeyCode::PageDown => Some(Wish::Seek(30)),
        KeyCode::Up | KeyCode::Char('+') => Some(Wish::Speed(5)),
        KeyCode::Down | KeyCode::Char('-') => Some(Wish::Speed(-5)),
        KeyCode::Home => Some(Wish::Start),
        KeyCode::Char('l') => Some(Wish::Loop),
        KeyCode::Char('m') => Some(Wish::Metronome),
        KeyCode::Char('n') => Some(Wish::Next),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctrl_c_quits_and_c_does_nothing() {
        assert_eq!(wish(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Wish::Quit));
        assert_eq!(wish(KeyCode::Char('c'), KeyModifiers::NONE), None);
    }
}
