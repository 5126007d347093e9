//! The computer's keys as piano keys.
//!
//! Where the terminal tells when a key goes up (the kitty keyboard protocol), notes last as long as
//! keys are held. Elsewhere a terminal only repeats a held key, so a note ends when no repeat has
//! come for a while.

use std::io::{self, IsTerminal};
use std::sync::Once;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossterm::event::{
    self, Event as TerminalEvent, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::{execute, terminal};

use super::layout::{Meaning, key, meaning};
use super::{Stop, VirtualError, Wire};
use crate::keyboard::controls::{Control, ControlMap};
use crate::keyboard::stream::{Clock, Event};
use crate::music::message::{Channel, Controller, Message, Value, Velocity, Voice};

/// Terminals wait this long before they repeat a held key for the first time (X11: 250 to 660 ms).
const FIRST_REPEAT: Duration = Duration::from_millis(300);
/// Between repeats (X11: 25 to 40 ms).
const NEXT_REPEAT: Duration = Duration::from_millis(120);
/// How often to look whether a note or the whole keyboard has to end.
const LOOK: Duration = Duration::from_millis(20);

const SOFTEST: u8 = 10;
const VELOCITY_STEP: i8 = 10;

pub(super) fn start(
    wire: Wire,
    controls: ControlMap,
    clock: Clock,
    stop: Stop,
) -> Result<JoinHandle<()>, VirtualError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(VirtualError::NoTerminal);
    }
    let raw = RawTerminal::enter().map_err(VirtualError::Terminal)?;
    std::thread::Builder::new()
        .name("computer-keys".to_owned())
        .spawn(move || {
            let releases = false;
            Keys { wire, controls, clock, stop, releases, down: Vec::new(), octave: 4, velocity: 90, sustain: false }
                .play(raw);
        })
        .map_err(VirtualError::System)
}

/// What comes from the terminal next, within a time.
///
/// # Errors
/// When the terminal cannot be read, or has gone: crossterm by itself would read its end over and over, and never return.
pub fn typed(within: Duration) -> io::Result<Option<TerminalEvent>> {
    #[cfg(unix)]
    for within in [Duration::ZERO, within] {
        if has_gone(within) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal has gone"));
        }
        if event::poll(Duration::ZERO)? {
            return event::read().map(Some);
        }
    }
    #[cfg(not(unix))]
    if event::poll(within)? {
        return event::read().map(Some);
    }
    Ok(None)
}

/// Whether the terminal has gone; waits so long for that, or for a key.
#[cfg(unix)]
fn has_gone(within: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let mut wanted = [PollFd::new(&stdin, PollFlags::IN)];
    // A signal ends the waiting early, as a key does.
    let _ = poll(&mut wanted, Timespec::try_from(within).ok().as_ref());
    wanted[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}

/// Waits for the thread that reads the terminal; not where it may be caught in crossterm, as [`typed`] tells: then the
/// end of the program is its end.
pub(super) fn wait_for(thread: JoinHandle<()>) {
    #[cfg(unix)]
    if has_gone(Duration::ZERO) {
        return;
    }
    let _ = thread.join();
}

/// The terminal in raw mode; put back when dropped, and by a panic anywhere.
struct RawTerminal {
    /// Whether the terminal tells of keys that go up.
    releases: bool,
}

impl RawTerminal {
    fn enter() -> io::Result<RawTerminal> {
        static RESTORE_ON_PANIC: Once = Once::new();
        RESTORE_ON_PANIC.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore(true);
                before(info);
            }));
        });
        terminal::enable_raw_mode()?;
        Ok(RawTerminal { releases: false })
    }

    /// Asks the terminal to tell of keys that go up, and whether it will. One that does not answer is waited for, two
    /// seconds long; what is typed meanwhile is kept.
    fn ask_for_releases(&mut self) -> bool {
        self.releases = terminal::supports_keyboard_enhancement().unwrap_or(false)
            && execute!(
                io::stderr(),
                PushKeyboardEnhancementFlags(
                    KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES
                        | KeyboardEnhancementFlags::REPORT_EVENT_TYPES
                        | KeyboardEnhancementFlags::REPORT_ALL_KEYS_AS_ESCAPE_CODES
                )
            )
            .is_ok();
        self.releases
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore(self.releases);
    }
}

fn restore(releases: bool) {
    if terminal::is_raw_mode_enabled().unwrap_or(false) {
        if releases {
            let _ = execute!(io::stderr(), PopKeyboardEnhancementFlags);
        }
        let _ = terminal::disable_raw_mode();
    }
}

struct Held {
    semitones: u8,
    message: Message,
    ends: Option<Instant>,
}

struct Keys {
    wire: Wire,
    controls: ControlMap,
    clock: Clock,
    stop: Stop,
    releases: bool,
    down: Vec<Held>,
    octave: i8,
    velocity: u8,
    sustain: bool,
}

impl Keys {
    fn play(mut self, mut terminal: RawTerminal) {
        self.wire.connect(self.clock.now());
        self.releases = terminal.ask_for_releases();
        while !self.stop.is_set() {
            match typed(LOOK) {
                Ok(Some(TerminalEvent::Key(key))) if is_end(&key) => break,
                Ok(Some(TerminalEvent::Key(key))) => self.key(&key),
                Ok(_) => {}
                Err(_) => break,
            }
            self.let_go(|held| held.ends.is_some_and(|at| at <= Instant::now()));
        }
        self.let_go(|_| true);
        if self.sustain {
            self.control(Message::SUSTAIN, 0);
        }
        self.wire.notices.send(Event::Ended { at: self.clock.now() });
    }

    fn key(&mut self, key: &KeyEvent) {
        let c = match key.code {
            KeyCode::Char(c) => c,
            KeyCode::Enter => '\n',
            KeyCode::Tab => '\t',
            KeyCode::Backspace => '\u{8}',
            _ => return,
        };
        match (meaning(c), key.kind) {
            (Some(Meaning::Note(n)), KeyEventKind::Release) => self.let_go(|held| held.semitones == n),
            (Some(Meaning::Note(n)), _) => self.press(n),
            (Some(other), KeyEventKind::Press) => self.act(other),
            _ => {}
        }
    }

    fn press(&mut self, semitones: u8) {
        let now = Instant::now();
        let releases = self.releases;
        if let Some(held) = self.down.iter_mut().find(|h| h.semitones == semitones) {
            held.ends = (!releases).then_some(now + NEXT_REPEAT);
            return;
        }
        let Some(key) = key(self.octave, semitones) else { return };
        self.say(Voice::NoteOn { key, velocity: Velocity::masked(self.velocity) });
        let off = Voice::NoteOff { key, velocity: Velocity::masked(64) };
        let message = Message::Voice(Channel::default(), off);
        self.down.push(Held { semitones, message, ends: (!releases).then_some(now + FIRST_REPEAT) });
    }

    fn act(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Note(_) => {}
            Meaning::Octave(step) => self.octave = (self.octave + step).clamp(-1, 8),
            Meaning::Velocity(step) => {
                self.velocity = self.velocity.saturating_add_signed(step * VELOCITY_STEP).clamp(SOFTEST, 127);
            }
            Meaning::Sustain => {
                self.sustain = !self.sustain;
                self.control(Message::SUSTAIN, if self.sustain { 127 } else { 0 });
            }
            Meaning::Button(control) => self.button(control),
        }
    }

    /// Sends what the user's own button sends, so that it means here what it means there.
    fn button(&mut self, control: Control) {
        let Some(binding) = self.controls.binding(control) else { return };
        for message in binding.press_and_release(Channel::default()) {
            self.wire.say(self.clock.now(), &message);
        }
    }

    fn control(&mut self, controller: Controller, value: u8) {
        self.say(Voice::Control { controller, value: Value::masked(value) });
    }

    fn say(&mut self, voice: Voice) {
        self.wire.say(self.clock.now(), &Message::Voice(Channel::default(), voice));
    }

    fn let_go(&mut self, which: impl Fn(&Held) -> bool) {
        let at = self.clock.now();
        let wire = &mut self.wire;
        self.down.retain(|held| {
            let ends = which(held);
            if ends {
                wire.say(at, &held.message);
            }
            !ends
        });
    }
}

/// Raw mode takes Ctrl-C away from the terminal, so it is honoured here.
fn is_end(key: &KeyEvent) -> bool {
    key.kind != KeyEventKind::Release
        && (key.code == KeyCode::Esc
            || (key.modifiers.contains(KeyModifiers::CONTROL)
                && matches!(key.code, KeyCode::Char('c' | 'C' | 'd' | 'D'))))
}
