//! A running recording: events in, words to the player out, until everything is saved.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::status::{self, StatusLine};
use crate::cli::interrupt::Interrupt;
use crate::cli::source::Connection;
use crate::cli::{Exit, sound};
use crate::keyboard::Event;
use crate::keyboard::controls::Panel;
use crate::music::Micros;
use crate::studio::last_message::Follower;
use crate::studio::record::sound::{Sound, Told};
use crate::studio::record::{Notice, Saved, Session};

/// How long a message may be on its way from the driver when the player ends the session.
const IN_FLIGHT: Duration = Duration::from_millis(30);

/// How long to go on trying to save what no disk takes, when nobody is there to decide.
const PATIENCE: Duration = Duration::from_secs(30);

/// The keyboard as it came.
pub(super) struct Arrival {
    /// When; a take's time runs from here.
    pub(super) at: Micros,
    /// The port's id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// Which controls it has.
    pub(super) panel: Panel,
    /// What came right after.
    pub(super) early: Vec<Event>,
}

/// Waits until the keyboard is there, so that no take begins without one; `None` when the player gave up.
pub(super) fn connected(source: &mut Connection, interrupt: &Interrupt, line: &mut StatusLine) -> Option<Arrival> {
    let mut events = Vec::new();
    let mut told = false;
    loop {
        if let Some(i) = events.iter().position(|e| matches!(e, Event::Connected { .. })) {
            let early = events.split_off(i + 1);
            let Some(Event::Connected { at, id, name, panel }) = events.pop() else { return None };
            line.say(&format!("Listening to {name}. Ctrl-C ends the recording."));
            return Some(Arrival { at, id, name, panel, early });
        }
        if interrupt.came() || events.iter().any(|e| matches!(e, Event::Ended { .. })) {
            return None;
        }
        if let Some(Event::Refused { reason, .. }) = events.iter().find(|e| matches!(e, Event::Refused { .. })) {
            line.say(&format!("warning: the keyboard is there but cannot be listened to yet: {reason}"));
        }
        events.clear();
        source.receiver.drain(Duration::from_millis(500), &mut events);
        if events.is_empty() && !std::mem::replace(&mut told, true) {
            line.say("Waiting for the keyboard: plug it in. Ctrl-C gives up.");
        }
    }
}

/// What is said about the sound.
fn heard(told: &Told) -> String {
    match told {
        Told::Open(instruments, font, open, latency) => {
            format!("Sound: {instruments} ({font}) on {}", sound::described(open, Some(*latency)))
        }
        Told::Silent(e) => format!("No sound: {e}. The recording goes on; `--silent` does without."),
        Told::Lost(e) => format!("warning: {e}; the recording goes on, and an output is looked for"),
        Told::Back(open) => format!("Sound goes on: {}", sound::described(open, None)),
        Told::Remark(text) => format!("warning: {text}"),
    }
}

/// What the session came to.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    schema: &'static str,
    takes: Vec<OutcomeTake>,
    /// The journals of takes that could not be saved.
    not_saved: Vec<PathBuf>,
    /// Takes that could not even be kept in a journal.
    lost: usize,
    lost_messages: u64,
}

#[derive(Debug, Serialize)]
struct OutcomeTake {
    files: Vec<PathBuf>,
    notes: usize,
    duration_s: f64,
    /// Why the take is not where it was to go.
    elsewhere: Option<String>,
}

impl Default for Outcome {
    fn default() -> Outcome {
        Outcome { schema: "composer.record/1", takes: Vec::new(), not_saved: Vec::new(), lost: 0, lost_messages: 0 }
    }
}

impl Outcome {
    /// The exit code that says it.
    pub(super) fn exit(&self, file_wanted: bool) -> Exit {
        match () {
            () if self.lost > 0 || !self.not_saved.is_empty() || self.takes.iter().any(|t| t.elsewhere.is_some()) => {
                Exit::NotSaved
            }
            () if self.takes.is_empty() && file_wanted => Exit::Failure,
            () => Exit::Success,
        }
    }
}

/// The session, its status line and what it comes to.
pub(super) struct Recording {
    session: Session,
    line: StatusLine,
    interrupt: Interrupt,
    follower: Follower,
    sound: Option<Sound>,
    outcome: Outcome,
}

impl Recording {
    /// `sound` is what is heard meanwhile, if anything is.
    pub(super) fn new(
        session: Session,
        line: StatusLine,
        interrupt: Interrupt,
        follower: Follower,
        sound: Option<Sound>,
    ) -> Recording {
        Recording { session, line, interrupt, follower, sound, outcome: Outcome::default() }
    }

    /// Records until the session is done or the player ends it.
    pub(super) fn run(mut self, mut source: Connection) -> Outcome {
        self.until_done(&mut source);
        self.tell();
        self.until_saved();
        drop(source);
        self.line.clear();
        self.outcome.lost_messages = self.session.status().lost;
        self.outcome
    }

    fn until_done(&mut self, source: &mut Connection) {
        // Without a live line only deadlines need a look at the clock, and those have a grace period.
        let patience = if StatusLine::is_live() { status::EVERY } else { Duration::from_millis(100) };
        let mut events = Vec::new();
        // The first click of a count-in is due at once.
        self.tell();
        while !self.session.is_done() {
            source.receiver.drain(patience, &mut events);
            if self.interrupt.came() {
                std::thread::sleep(IN_FLIGHT);
                source.receiver.drain(Duration::ZERO, &mut events);
                self.follower.hear(&events);
                self.session.hear(&events);
                self.session.finish();
            } else {
                self.follower.hear(&events);
                self.session.hear(&events);
                self.session.retry();
            }
            events.clear();
            self.tell();
            self.line.draw(&self.session.status());
        }
    }

    /// Goes on trying while something is only in memory, until the player gives up; where nobody
    /// watches, for a while. Then says what is left.
    fn until_saved(&mut self) {
        let (before, since) = (self.interrupt.count(), Instant::now());
        let patience = if StatusLine::is_live() { Duration::MAX } else { PATIENCE };
        let in_memory = |session: &Session| session.unsaved().any(|(_, in_memory)| in_memory);
        while in_memory(&self.session) && self.interrupt.count() == before && since.elapsed() < patience {
            std::thread::park_timeout(Duration::from_millis(500));
            self.session.retry();
            self.tell();
        }
        if in_memory(&self.session) {
            self.session.retry_in(&std::env::temp_dir());
            self.tell();
        }
        for (journals, in_memory) in self.session.unsaved() {
            if in_memory {
                self.outcome.lost += 1;
                self.line.say("error: a take is lost: nothing could be written anywhere");
            }
            self.outcome.not_saved.extend(journals);
        }
    }

    fn tell(&mut self) {
        for notice in self.session.notices() {
            if let Some(sound) = &self.sound {
                sound.follow(&notice, self.session.status().plan);
            }
            if let Some(text) = self.note(notice) {
                self.line.say(&text);
            }
        }
        let told: Vec<Told> = self.sound.iter().flat_map(Sound::told).collect();
        told.iter().for_each(|told| self.line.say(&heard(told)));
    }

    fn note(&mut self, notice: Notice) -> Option<String> {
        Some(match notice {
            Notice::Began { .. } | Notice::Plays(_) | Notice::PlayStops => return None,
            Notice::NothingToPlay => "There is no take to play yet.".into(),
            Notice::NothingPlayed => "Nothing was played; no file was written.".into(),
            Notice::Connected(name) => format!("Listening to {name}. Ctrl-C ends the recording."),
            Notice::Disconnected => {
                "The keyboard is gone; what was held is closed. Plug it in again and the take goes on.".into()
            }
            Notice::Refused(reason) => {
                format!("warning: the keyboard is there but cannot be listened to yet: {reason}")
            }
            Notice::Lost(Some(n)) => format!("warning: {n} messages came faster than they could be read and are lost"),
            Notice::Lost(None) => "warning: messages came faster than the system could keep and are lost".into(),
            Notice::Journal(text) => format!("warning: {text}"),
            Notice::Saved(saved) => self.saved(saved),
            Notice::NotSaved { reason, journals, in_memory } => {
                let mut text = format!("error: the take is not saved: {reason}");
                if in_memory {
                    text.push_str(
                        "\n  It is only in memory: free some space; it is tried again until Ctrl-C gives it up.",
                    );
                } else {
                    text.push_str("\n  It is kept in its journal: free some space, then `composer recover restore`.");
                }
                for journal in journals {
                    text.push_str(&format!("\n  journal: {}", journal.display()));
                }
                text
            }
        })
    }

    fn saved(&mut self, saved: Saved) -> String {
        let mut text = String::new();
        if let Some(reason) = &saved.elsewhere {
            text.push_str(&format!("warning: {reason}; the take is kept elsewhere:\n"));
        }
        let plural = if saved.notes == 1 { "" } else { "s" };
        for path in &saved.paths {
            text.push_str(&format!(
                "Saved {} ({} note{plural}, {})\n",
                path.display(),
                saved.notes,
                status::time(saved.length)
            ));
        }
        self.outcome.takes.push(OutcomeTake {
            files: saved.paths,
            notes: saved.notes,
            duration_s: saved.length.as_secs_f64(),
            elsewhere: saved.elsewhere,
        });
        text
    }
}
