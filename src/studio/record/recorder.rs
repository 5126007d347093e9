//! When a take begins and ends, and what belongs to it.
//!
//! Pure: it is told what happened ([`Recorder::hear`]) and how late it is ([`Recorder::tick`]) and
//! answers with [`Step`]s. Times are those of the session's clock.

use std::collections::BTreeMap;

use super::plan::{Plan, Start};
use crate::keyboard::Event;
use crate::music::message::Voice;
use crate::music::take::Sounding;
use crate::music::{Key, Message, Micros, TakeEvent, Velocity};

/// How long after a deadline its last messages may still be on their way from the driver.
const GRACE: Micros = Micros::from_millis(60);

/// Something to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A take begins; beat 1 is at this time.
    Begin(Micros),
    /// This belongs to the take.
    Keep(Micros, TakeEvent),
    /// The take ends here.
    End(Micros),
    /// The take ends and nothing was played in it.
    Drop,
}

/// A press of one of the keyboard's transport buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Play.
    Play,
    /// Stop.
    Stop,
    /// Record.
    Rec,
}

/// What a session is doing.
#[derive(Clone, Debug)]
pub enum State {
    /// Nothing yet: the first note or the Rec button begins a take.
    Waiting(Start),
    /// A take is running.
    Recording(Box<Running>),
    /// No more takes.
    Done,
}

/// A running take.
#[derive(Clone, Debug)]
pub struct Running {
    /// Where beat 1 is.
    pub origin: Micros,
    /// Notes so far.
    pub notes: u64,
    /// The last note struck.
    pub last_note: Option<(Key, Velocity)>,
    /// What is down.
    pub sounding: Sounding,
    /// When something was last kept.
    last: Option<Micros>,
}

/// See the module.
#[derive(Debug)]
pub struct Recorder {
    plan: Plan,
    state: State,
    /// The last value of everything that lasts (controllers, program, wheel): what a take begins with.
    standing: BTreeMap<(u8, u8, u8), Message>,
    latest: Micros,
}

impl Recorder {
    /// A session that starts at `now`.
    pub fn start(plan: Plan, now: Micros, steps: &mut Vec<Step>) -> Recorder {
        let start = plan.start;
        let mut recorder = Recorder { plan, state: State::Waiting(start), standing: BTreeMap::new(), latest: now };
        if start == Start::AtOnce {
            recorder.begin(now, now.plus(recorder.plan.lead_in()), steps);
        }
        recorder
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the player asked for.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn begin(&mut self, now: Micros, origin: Micros, steps: &mut Vec<Step>) {
        steps.push(Step::Begin(origin));
        steps.extend(self.standing.values().map(|m| Step::Keep(now, TakeEvent::Message(m.clone()))));
        self.state = State::Recording(Box::new(Running {
            origin,
            notes: 0,
            last_note: None,
            sounding: Sounding::default(),
            last: None,
        }));
    }

    /// Ends the running take, if there is one; `next` says what then.
    fn end(&mut self, at: Micros, next: State, steps: &mut Vec<Step>) {
        if let State::Recording(running) = &self.state {
            steps.push(running.last.map_or(Step::Drop, |last| Step::End(at.max(last))));
        }
        self.state = next;
    }

    /// What follows a take that its own rules (silence, length) have ended.
    fn afterwards(&self) -> State {
        match self.plan.start {
            _ if !self.plan.split => State::Done,
            Start::RecButton => State::Waiting(Start::RecButton),
            Start::AtOnce | Start::FirstNote => State::Waiting(Start::FirstNote),
        }
    }

    /// Takes note of what happened.
    pub fn hear(&mut self, event: &Event, steps: &mut Vec<Step>) {
        let at = event.at().max(self.latest);
        self.tick_until(at, steps);
        self.latest = at;
        match event {
            Event::Message { message, .. } => self.hear_message(at, message, steps),
            Event::Disconnected { .. } => {
                if let State::Recording(running) = &mut self.state {
                    let held = running.sounding.close();
                    steps.extend(held.into_iter().map(|m| Step::Keep(at, TakeEvent::Message(m))));
                    if running.last.is_some() {
                        steps.push(Step::Keep(at, TakeEvent::Marker("keyboard disconnected".into())));
                    }
                }
                self.standing.clear();
            }
            Event::Connected { name, .. } => {
                if let State::Recording(running) = &self.state
                    && running.last.is_some()
                {
                    steps.push(Step::Keep(at, TakeEvent::Marker(format!("keyboard connected: {name}"))));
                }
            }
            Event::Overrun { lost, .. } => {
                if matches!(self.state, State::Recording(_)) {
                    let text = match lost {
                        Some(n) => format!("{n} messages lost here"),
                        None => "messages lost here".into(),
                    };
                    steps.push(Step::Keep(at, TakeEvent::Marker(text)));
                }
            }
            Event::Refused { .. } => {}
            Event::Ended { .. } => self.end(at, State::Done, steps),
        }
    }

    fn hear_message(&mut self, at: Micros, message: &Message, steps: &mut Vec<Step>) {
        let Message::Voice(channel, voice) = message else {
            if let (Message::SysEx(_), State::Recording(running)) = (message, &mut self.state) {
                running.last = Some(at);
                steps.push(Step::Keep(at, TakeEvent::Message(message.clone())));
            }
            return;
        };
        if self.plan.channel.is_some_and(|c| c != *channel) {
            return;
        }
        if let (State::Waiting(Start::FirstNote), Voice::NoteOn { .. }) = (&self.state, voice) {
            self.begin(at, at, steps);
        }
        self.keep(at, message.clone(), steps);
        if let Some((kind, number)) = lasting(voice) {
            self.standing.insert((channel.get(), kind, number), message.clone());
        }
    }

    fn keep(&mut self, at: Micros, message: Message, steps: &mut Vec<Step>) {
        let State::Recording(running) = &mut self.state else { return };
        if let Message::Voice(channel, Voice::NoteOff { key, .. }) = message
            && !running.sounding.is_down(channel, key)
        {
            // Struck before this take began, or closed when the keyboard went away.
            return;
        }
        running.sounding.hear(&message);
        running.last = Some(at);
        if let Message::Voice(_, Voice::NoteOn { key, velocity }) = message {
            running.notes += 1;
            running.last_note = Some((key, velocity));
        }
        steps.push(Step::Keep(at, TakeEvent::Message(message)));
    }

    /// A transport button was pressed.
    pub fn press(&mut self, button: Button, at: Micros, steps: &mut Vec<Step>) {
        let at = at.max(self.latest);
        self.tick_until(at, steps);
        match button {
            Button::Rec if !matches!(self.state, State::Done) => {
                self.end(at, State::Waiting(Start::RecButton), steps);
                self.begin(at, at.plus(self.plan.lead_in()), steps);
            }
            Button::Stop if matches!(self.state, State::Recording(_)) => {
                let next = if self.plan.stay { State::Waiting(Start::RecButton) } else { State::Done };
                self.end(at, next, steps);
            }
            Button::Rec | Button::Stop | Button::Play => {}
        }
    }

    /// Says how late it is; deadlines act when all that came before them must have arrived.
    pub fn tick(&mut self, now: Micros, steps: &mut Vec<Step>) {
        self.tick_until(Micros(now.0.saturating_sub(GRACE.0)), steps);
    }

    /// Acts on deadlines up to `at`.
    fn tick_until(&mut self, at: Micros, steps: &mut Vec<Step>) {
        let State::Recording(running) = &self.state else { return };
        if let Some(end) = self.plan.duration.map(|d| running.origin.plus(d)).filter(|end| *end <= at) {
            let next = self.afterwards();
            return self.end(end, next, steps);
        }
        if let (Some(silence), Some(last)) = (self.plan.silence, running.last)
            && running.sounding.is_silent()
            && last.plus(silence) <= at
        {
            let next = self.afterwards();
            self.end(last, next, steps);
        }
    }

    /// Ends the session.
    pub fn finish(&mut self, at: Micros, steps: &mut Vec<Step>) {
        self.tick_until(at, steps);
        self.end(at, State::Done, steps);
    }
}

/// Which lasting thing a message sets, as (kind, number).
fn lasting(voice: &Voice) -> Option<(u8, u8)> {
    match voice {
        Voice::Control { controller, .. } => Some((0, controller.get())),
        Voice::Program(_) => Some((1, 0)),
        Voice::ChannelPressure(_) => Some((2, 0)),
        Voice::PitchBend(_) => Some((3, 0)),
        Voice::NoteOn { .. } | Voice::NoteOff { .. } | Voice::KeyPressure { .. } => None,
    }
}

#[cfg(test)]
mod tests;
