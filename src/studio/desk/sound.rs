//! The desk's sound: a SoundFont and an output, opened beside the desk's thread, and tried again while
//! there is none.

use std::sync::mpsc;
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::{Font, Remark, Sound, SoundChoice};
use crate::audio::output::{OutputError, State};
use crate::keyboard::Clock;
use crate::studio::instruments::{self, Chosen};
use crate::studio::play::Player;

/// Between two attempts to find an output; it grows up to the second.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(60));

/// What came of opening.
struct Opened {
    /// Which attempt: another choice may have been made meanwhile.
    attempt: u64,
    chosen: Chosen,
    player: Result<(Box<Player>, Option<OutputError>), OutputError>,
}

enum Speaking {
    Opening,
    Open(Box<Player>),
    Silent { again: Instant },
}

/// See the module.
pub(super) struct Speaker {
    choice: SoundChoice,
    clock: Clock,
    state: Speaking,
    chosen: Option<Chosen>,
    told: Sound,
    attempt: u64,
    patience: Duration,
    answer: mpsc::Sender<Opened>,
    answers: mpsc::Receiver<Opened>,
}

/// What has changed.
#[derive(Default)]
pub(super) struct News {
    pub(super) sound: Option<Sound>,
    pub(super) font: Option<Font>,
    pub(super) remarks: Vec<Remark>,
    /// Whether a new engine waits to be told what to play.
    pub(super) fresh: bool,
}

impl Speaker {
    /// Begins to open; the calling thread is woken when there is an answer.
    pub(super) fn open(choice: SoundChoice, clock: Clock) -> Speaker {
        let (answer, answers) = mpsc::channel();
        let mut speaker = Speaker {
            choice,
            clock,
            state: Speaking::Opening,
            chosen: None,
            told: Sound::Opening,
            attempt: 0,
            patience: PATIENCE.0,
            answer,
            answers,
        };
        speaker.begin();
        speaker
    }

    /// Whether this is what sounds, but for the metronome's volume: no reason to fall silent.
    pub(super) fn only_clicks(&self, choice: &SoundChoice) -> bool {
        SoundChoice { clicks: choice.clicks, ..self.choice.clone() } == *choice
    }

    /// Opens another output or SoundFont.
    pub(super) fn choose(&mut self, choice: SoundChoice) {
        if self.only_clicks(&choice)
            && let Speaking::Open(player) = &mut self.state
        {
            let _ = player.remote().set_click_volume(choice.clicks);
            self.choice = choice;
            return;
        }
        if choice.font != self.choice.font {
            self.chosen = None;
        }
        self.choice = choice;
        self.patience = PATIENCE.0;
        self.begin();
    }

    /// Whether there is an output, but no SoundFont: one may have been installed meanwhile.
    pub(super) fn lacks_font(&self) -> bool {
        matches!(self.state, Speaking::Open(_)) && self.chosen.as_ref().is_some_and(|c| c.file.is_none())
    }

    /// Tries at once what would be tried later, and looks again for a SoundFont where there was none.
    pub(super) fn retry(&mut self) {
        let lacks_font = self.lacks_font();
        if lacks_font {
            self.chosen = None;
        }
        if lacks_font || matches!(self.state, Speaking::Silent { .. }) {
            self.patience = PATIENCE.0;
            self.begin();
        }
    }

    fn begin(&mut self) {
        // The old output is closed first: some take one program at a time. One that hangs holds up nobody here.
        let old = match std::mem::replace(&mut self.state, Speaking::Opening) {
            Speaking::Open(player) => Some(player),
            Speaking::Opening | Speaking::Silent { .. } => None,
        };
        self.attempt += 1;
        let (attempt, choice, clock) = (self.attempt, self.choice.clone(), self.clock);
        let (known, answer, desk) = (self.chosen.clone(), self.answer.clone(), std::thread::current());
        let work = move || {
            drop(old);
            work(attempt, &choice, known, clock, &answer, &desk);
        };
        if std::thread::Builder::new().name("sound-opening".to_owned()).spawn(work).is_err() {
            self.fall_silent();
        }
    }

    fn fall_silent(&mut self) {
        self.state = Speaking::Silent { again: Instant::now() + self.patience };
        self.patience = (self.patience * 2).min(PATIENCE.1);
    }

    /// The engine, while there is one.
    pub(super) fn player(&mut self) -> Option<&mut Player> {
        match &mut self.state {
            Speaking::Open(player) => Some(player),
            Speaking::Opening | Speaking::Silent { .. } => None,
        }
    }

    /// The SoundFont.
    pub(super) fn font(&self) -> Option<&Chosen> {
        self.chosen.as_ref()
    }

    /// How long nothing needs a look.
    pub(super) fn rest(&self) -> Duration {
        match &self.state {
            Speaking::Opening => Duration::from_secs(60),
            // A lost output is noticed by its own thread; here it is only told.
            Speaking::Open(_) => Duration::from_secs(1),
            Speaking::Silent { again } => again.saturating_duration_since(Instant::now()),
        }
    }

    /// Looks what has become of it.
    pub(super) fn look(&mut self) -> News {
        let mut news = News::default();
        while let Ok(opened) = self.answers.try_recv() {
            if opened.attempt == self.attempt {
                self.settle(opened, &mut news);
            }
        }
        let sound = match &mut self.state {
            Speaking::Opening => Sound::Opening,
            Speaking::Open(player) => {
                player.remote().collect();
                match player.state() {
                    State::Open(output) => Sound::Open { latency: player.latency(&output), output },
                    State::Lost(error) => Sound::Silent { reason: error.to_string() },
                }
            }
            Speaking::Silent { again } if *again <= Instant::now() => {
                self.begin();
                return news;
            }
            Speaking::Silent { .. } => return news,
        };
        self.tell(sound, &mut news);
        news
    }

    fn settle(&mut self, opened: Opened, news: &mut News) {
        if self.chosen.is_none() {
            let font = &opened.chosen;
            let instruments = instruments::all(&font.font).into();
            news.font = Some(Font { name: font.name(), is_own: font.file.is_none(), instruments });
            news.remarks.extend(font.warnings.iter().take(1).map(Remark::wrong));
        }
        self.chosen = Some(opened.chosen);
        match opened.player {
            Ok((player, missing)) => {
                news.remarks.extend(missing.map(|e| Remark::wrong(format!("{e}; the system's choice is taken."))));
                self.state = Speaking::Open(player);
                self.patience = PATIENCE.0;
                news.fresh = true;
            }
            Err(error) => {
                self.fall_silent();
                self.tell(Sound::Silent { reason: error.to_string() }, news);
            }
        }
    }

    /// Tells what is new; the output's own report of its delay trembles, and is no news by itself.
    fn tell(&mut self, sound: Sound, news: &mut News) {
        const TREMBLE: Duration = Duration::from_millis(2);
        let same = match (&self.told, &sound) {
            (Sound::Open { output: a, latency: x }, Sound::Open { output: b, latency: y }) => {
                a == b && x.abs_diff(*y) < TREMBLE
            }
            // While it is tried again there is nothing new to say.
            (Sound::Silent { .. }, Sound::Opening) => true,
            (a, b) => a == b,
        };
        if !same {
            self.told = sound.clone();
            news.sound = Some(sound);
        }
    }
}

fn work(
    attempt: u64,
    choice: &SoundChoice,
    known: Option<Chosen>,
    clock: Clock,
    answer: &mpsc::Sender<Opened>,
    desk: &Thread,
) {
    let chosen = known.unwrap_or_else(|| choice.font.load().unwrap_or_else(|_| Chosen::own()));
    let player = Player::open_preferring(&choice.request, true, &chosen, choice.options, clock.epoch());
    let player = player.map(|(mut player, missing)| {
        let _ = player.remote().set_click_volume(choice.clicks);
        (Box::new(player), missing)
    });
    let _ = answer.send(Opened { attempt, chosen, player });
    desk.unpark();
}
