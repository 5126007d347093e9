//! Takes, the capture between them, and the piece that is played.

use std::path::Path;
use std::sync::Arc;

use super::super::capture::CAPTURED;
use super::super::{Captured, Kept, Piece, Remark, Report, Transport};
use super::Work;
use crate::audio::sequencer::Strip;
use crate::keyboard::Event;
use crate::music::Micros;
use crate::studio::instruments;
use crate::studio::record::recorder::Button;
use crate::studio::record::render::renderer;
use crate::studio::record::session::Setup;
use crate::studio::record::transport::Transport as Buttons;
use crate::studio::record::{Destination, Notice, Plan, Session};

/// Whose instruments a piece is played with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Its own.
    Its,
    /// What the keys play.
    Keys,
}

impl Work {
    /// A session of this plan whose files go into `folder`. The buttons are the desk's.
    fn session(&self, plan: Plan, folder: &Path, now: Micros) -> Session {
        let setup = Setup {
            plan,
            destination: Destination::Library(folder.to_owned()),
            folders: self.places.clone(),
            transport: Buttons::Off,
            render: renderer(None),
        };
        let device = match &self.keyboard {
            super::Keyboard::Connected { name, .. } => Some(name.clone()),
            _ => Some("keys on screen".to_owned()),
        };
        Session::start(setup, self.clock, now, device)
    }

    /// Gives what was played to the take that runs, else to the capture.
    pub(super) fn pass_on(&mut self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        if let Some(session) = &mut self.recording {
            session.hear(events);
            return;
        }
        self.capture_hears(events);
    }

    fn capture_hears(&mut self, events: &[Event]) {
        let mut capture = std::mem::take(&mut self.capture);
        let notices = capture.hear(events, || {
            let plan = self.beat.capture(self.settings.record.resolution);
            let first = events.first().map_or_else(|| self.clock.now(), Event::at);
            self.session(plan, &self.places.library.join(CAPTURED), first)
        });
        self.capture = capture;
        self.tell_capture(notices);
    }

    pub(super) fn press(&mut self, button: Button) {
        match button {
            Button::Rec => {
                self.end_take();
                self.begin_take();
            }
            Button::Stop => self.stop(),
            Button::Play => self.play(),
        }
    }

    pub(super) fn begin_take(&mut self) {
        self.stop_playing();
        let notices = self.capture.end();
        self.tell_capture(notices);
        let start = self.clock.now();
        let session = self.session(self.beat.take(self.settings.record.resolution), &self.places.library, start);
        let origin = session.status().running().map_or(start, |r| r.origin);
        self.recording = Some(session);
        let clicks = self.beat.clicks(origin);
        if let Some(player) = self.speaker.player() {
            let _ = player.remote().count(clicks);
        }
        self.set_transport(Transport::Recording { origin });
    }

    /// Ends the take that runs and puts it into the library.
    pub(super) fn end_take(&mut self) {
        let Some(mut session) = self.recording.take() else { return };
        if let Some(player) = self.speaker.player() {
            let _ = player.remote().count(None);
        }
        session.finish();
        self.set_transport(Transport::Idle);
        self.unsaved.push(session);
        self.look_at_takes();
    }

    /// Ticks, tries again what a disk refused, and tells what has become of takes.
    pub(super) fn look_at_takes(&mut self) {
        let mut notices = Vec::new();
        if let Some(session) = &mut self.recording {
            session.hear(&[]);
            session.retry();
            notices.extend(session.notices());
        }
        for session in &mut self.unsaved {
            session.retry();
            notices.extend(session.notices());
        }
        self.unsaved.retain(|s| s.unsaved().next().is_some());
        for notice in notices {
            self.tell_take(notice);
        }
        if self.capture.is_busy() {
            self.capture_hears(&[]);
        }
        if self.transport == Transport::Playing && self.speaker.player().is_some_and(|p| p.remote().ended()) {
            self.stop_playing();
            self.seek(Micros::ZERO);
        }
    }

    fn tell_take(&mut self, notice: Notice) {
        match notice {
            Notice::Saved(saved) => {
                let Some(path) = saved.paths.into_iter().next() else { return };
                let (notes, length, elsewhere) = (saved.notes, saved.length, saved.elsewhere);
                self.kept(Kept { path, notes, length, elsewhere });
            }
            Notice::NothingPlayed => self.say(Remark::plain("Nothing was played, so no take was made.")),
            other => self.tell_trouble(other),
        }
    }

    pub(super) fn tell_capture(&mut self, notices: Vec<Notice>) {
        for notice in notices {
            self.tell_trouble(notice);
        }
        let captured = Captured { notes: self.capture.notes() };
        if captured != self.captured {
            self.captured = captured;
            self.tell(Report::Captured(captured));
        }
    }

    fn tell_trouble(&mut self, notice: Notice) {
        match notice {
            Notice::Journal(text) => self.say(Remark::wrong(format!("{text}."))),
            Notice::NotSaved { reason, journals, .. } => {
                let place = journals.first().map_or("in memory".to_owned(), |j| format!("in {}", j.display()));
                let text = format!(
                    "The take is not saved: {reason}. It is kept {place}; free some space, and it is tried again."
                );
                self.say(Remark::wrong(text));
            }
            _ => {}
        }
    }

    /// A take is safe: it is told, and put on the desk.
    fn kept(&mut self, kept: Kept) {
        match Piece::read(&kept.path) {
            Ok(piece) => self.show(Arc::new(piece), Whose::Keys),
            Err(e) => self.say(Remark::wrong(format!("{e}."))),
        }
        self.tell(Report::Kept(kept));
    }

    pub(super) fn keep(&mut self) {
        let notices = self.capture.end();
        self.tell_capture(notices);
        match self.capture.keep(&self.places.library) {
            Ok(Some(kept)) => self.kept(kept),
            Ok(None) => self.say(Remark::plain("Nothing has been played since the last take.")),
            Err(e) => {
                let text =
                    format!("It cannot be put into {}: {e}. It stays in {CAPTURED}.", self.places.library.display());
                self.say(Remark::wrong(text));
            }
        }
        self.tell_capture(Vec::new());
    }

    /// Puts a piece on the desk.
    pub(super) fn show(&mut self, piece: Arc<Piece>, whose: Whose) {
        self.piece = Some((Arc::clone(&piece), whose));
        self.load();
        self.tell(Report::Piece(piece));
    }

    pub(super) fn mix(&mut self, strips: Vec<Strip>) {
        if let Some(player) = self.speaker.player() {
            for (index, strip) in strips.into_iter().enumerate() {
                let _ = player.remote().set_strip(index, strip);
            }
        }
    }

    pub(super) fn set_loop(&mut self, between: Option<(Micros, Micros)>) {
        if let Some(Err(e)) = self.speaker.player().map(|p| p.remote().set_loop(between)) {
            self.say(Remark::wrong(format!("{e}.")));
        }
    }

    /// Gives the piece to the engine.
    pub(super) fn load(&mut self) {
        let Some((piece, whose)) = &self.piece else { return };
        if let Some(chosen) = self.speaker.font() {
            let strips = self.strip_of_keys().filter(|_| *whose == Whose::Keys);
            instruments::prepare(&chosen.font, &piece.score, strips.as_slice());
        }
        if let Some(player) = self.speaker.player() {
            let _ = player.remote().load(Arc::clone(&piece.score));
        }
        if *whose == Whose::Keys {
            self.set_strips();
        }
    }

    fn strip_of_keys(&self) -> Option<Strip> {
        self.instrument.as_ref().map(|i| Strip { program: Some(i.program), ..Strip::default() })
    }

    /// A take plays what the keys play: the keyboard itself names no instrument.
    pub(super) fn set_strips(&mut self) {
        let (Some((piece, Whose::Keys)), Some(strip)) = (&self.piece, self.strip_of_keys()) else { return };
        if let Some(player) = self.speaker.player() {
            for index in 0..piece.score.strips().len() {
                let _ = player.remote().set_strip(index, strip);
            }
        }
    }

    pub(super) fn play(&mut self) {
        if self.transport == Transport::Playing {
            return self.stop_playing();
        }
        self.end_take();
        if self.piece.is_none() {
            return self.say(Remark::plain("There is nothing to play yet: record something first."));
        }
        let metronome = self.beat.metronome;
        let Some(player) = self.speaker.player() else {
            return self.say(Remark::wrong("There is no audio output to play on."));
        };
        let remote = player.remote();
        match remote.set_metronome(metronome).and_then(|()| remote.play()) {
            Ok(()) => self.set_transport(Transport::Playing),
            Err(e) => self.say(Remark::wrong(format!("{e}."))),
        }
    }

    pub(super) fn stop_playing(&mut self) {
        if self.transport == Transport::Playing {
            if let Some(player) = self.speaker.player() {
                let _ = player.remote().pause();
            }
            self.set_transport(Transport::Idle);
        }
    }

    pub(super) fn stop(&mut self) {
        match self.transport {
            Transport::Recording { .. } => self.end_take(),
            Transport::Playing => self.stop_playing(),
            Transport::Idle => self.seek(Micros::ZERO),
        }
    }

    pub(super) fn seek(&mut self, to: Micros) {
        if let Some(player) = self.speaker.player() {
            let _ = player.remote().seek(to);
        }
        // One pulse shows where it is now.
        self.at_rest = false;
    }

    fn set_transport(&mut self, transport: Transport) {
        self.transport = transport;
        self.tell(Report::Transport(transport));
    }
}
