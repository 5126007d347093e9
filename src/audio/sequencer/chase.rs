//! Chasing: what every channel would have been told by a given time, in few messages.
//!
//! Without it a performance that begins in the middle plays everything on a piano.

use crate::music::Micros;
use crate::music::message::{Channel, Controller, Message, Value, Voice};

use super::score::{Cue, Score, ScoreEvent};

/// Where to go on, and what to tell the instrument first.
#[derive(Clone, Debug)]
pub struct Seek {
    /// The time.
    pub position: Micros,
    /// The first event at or after it.
    pub next: usize,
    /// The state there.
    pub cues: Box<[ScoreEvent]>,
}

const BANK: [u8; 2] = [0, 32];
const DATA: [u8; 2] = [6, 38];
const PARAMETER: [u8; 2] = [101, 100];
const OTHER_PARAMETER: [u8; 2] = [99, 98];

/// Registered parameters that are remembered: bend range, fine tuning, coarse tuning, modulation depth range.
const REGISTERED: usize = 6;

/// What their upper halves are at power-on (MIDI 1.0 detailed specification; 64 is the middle of both tunings).
const AT_FIRST: [u8; REGISTERED] = [2, 64, 64, 0, 0, 0];

#[derive(Clone, Copy)]
struct State {
    strip: u8,
    controllers: [Option<u8>; 128],
    program: Option<(u8, [Option<u8>; 2])>,
    bend: Option<i16>,
    pressure: Option<u8>,
    /// The registered parameter that is selected now.
    selected: Option<usize>,
    /// By which controllers a parameter was selected last.
    pair: Option<[u8; 2]>,
    registered: [[Option<u8>; 2]; REGISTERED],
}

impl State {
    const NEW: State = State {
        strip: 0,
        controllers: [None; 128],
        program: None,
        bend: None,
        pressure: None,
        selected: None,
        pair: None,
        registered: [[None; 2]; REGISTERED],
    };

    fn hear(&mut self, strip: u8, voice: Voice) {
        match voice {
            Voice::Program(p) => {
                self.program = Some((p.get(), BANK.map(|c| self.controllers[usize::from(c)])));
                self.strip = strip;
            }
            Voice::PitchBend(bend) => self.bend = Some(bend),
            Voice::ChannelPressure(p) => self.pressure = Some(p.get()),
            Voice::Control { controller, value } => self.control(controller.get(), value.get()),
            Voice::NoteOn { .. } | Voice::NoteOff { .. } | Voice::KeyPressure { .. } => {}
        }
    }

    fn control(&mut self, controller: u8, value: u8) {
        if let 96 | 97 = controller {
            if let Some(parameter) = self.selected {
                let high = self.registered[parameter][0].unwrap_or(AT_FIRST[parameter]);
                let moved = if controller == 96 { (high + 1).min(127) } else { high.saturating_sub(1) };
                self.registered[parameter][0] = Some(moved);
            }
            return;
        }
        if let Some(half) = DATA.iter().position(|c| *c == controller) {
            if let Some(parameter) = self.selected {
                self.registered[parameter][half] = Some(value);
            }
            return;
        }
        match controller {
            // All controllers off leaves volume, pan, bank and sends alone (MMA RP-015).
            121 => {
                self.bend = None;
                self.pressure = None;
                self.selected = None;
                self.pair = None;
                for c in [1, 11, 64, 65, 66, 67, 98, 99, 100, 101] {
                    self.controllers[c] = None;
                }
            }
            120..=127 => {}
            _ => {
                self.controllers[usize::from(controller)] = Some(value);
                if PARAMETER.contains(&controller) {
                    let number = PARAMETER.map(|c| self.controllers[usize::from(c)]);
                    self.selected = match number {
                        [Some(0), Some(low)] if usize::from(low) < REGISTERED => Some(usize::from(low)),
                        _ => None,
                    };
                    self.pair = Some(PARAMETER);
                } else if OTHER_PARAMETER.contains(&controller) {
                    self.selected = None;
                    self.pair = Some(OTHER_PARAMETER);
                }
            }
        }
    }

    fn messages(&self, mut say: impl FnMut(Voice)) {
        let control = |c: u8, v: u8| Voice::Control { controller: Controller::masked(c), value: Value::masked(v) };
        if let Some((program, bank)) = self.program {
            for (c, v) in BANK.into_iter().zip(bank) {
                say(control(c, v.unwrap_or(0)));
            }
            say(Voice::Program(Value::masked(program)));
        }
        for (parameter, halves) in self.registered.iter().enumerate() {
            if halves.iter().any(Option::is_some) {
                say(control(PARAMETER[0], 0));
                say(control(PARAMETER[1], parameter as u8));
                for (c, v) in DATA.into_iter().zip(halves) {
                    if let Some(v) = v {
                        say(control(c, *v));
                    }
                }
            }
        }
        // What was selected last is selected again, and nothing where nothing was.
        if self.registered.iter().flatten().any(Option::is_some) {
            PARAMETER.into_iter().for_each(|c| say(control(c, 127)));
        }
        for c in self.pair.into_iter().flatten() {
            if let Some(value) = self.controllers[usize::from(c)] {
                say(control(c, value));
            }
        }
        let selects = |c: usize| [PARAMETER, OTHER_PARAMETER].as_flattened().iter().any(|p| usize::from(*p) == c);
        for (c, value) in self.controllers.iter().enumerate() {
            if let Some(value) = value.filter(|_| !selects(c)) {
                say(control(c as u8, value));
            }
        }
        if let Some(bend) = self.bend {
            say(Voice::PitchBend(bend));
        }
        if let Some(pressure) = self.pressure {
            say(Voice::ChannelPressure(Value::masked(pressure)));
        }
    }
}

pub(super) fn seek(score: &Score, to: Micros) -> Seek {
    let next = score.events().partition_point(|e| e.at < to);
    let mut states = [State::NEW; 16];
    let mut cues = Vec::new();
    for event in &score.events()[..next] {
        match event.cue {
            Cue::Voice(channel, voice) => states[usize::from(channel.get())].hear(event.strip, voice),
            Cue::SysEx(number) => {
                if score.sysex(number).is_some_and(is_reset) {
                    states = [State::NEW; 16];
                    cues.clear();
                }
                // What they set is unknown here, so they are all sent again, within reason.
                if cues.len() < 512 {
                    cues.push(ScoreEvent { at: to, ..*event });
                }
            }
        }
    }
    for (c, state) in states.iter().enumerate() {
        let channel = Channel::masked(c as u8);
        let strip = score.owner(channel).unwrap_or(state.strip);
        state.messages(|voice| cues.push(ScoreEvent { at: to, strip, cue: Cue::Voice(channel, voice) }));
    }
    Seek { position: to, next, cues: cues.into() }
}

/// Whether a system exclusive message puts an instrument into its first state.
pub(crate) fn is_reset(message: &Message) -> bool {
    let Message::SysEx(bytes) = message else { return false };
    matches!(
        bytes.as_ref(),
        // General MIDI on, level 1 and 2; Roland GS reset; Yamaha XG on.
        [0xf0, 0x7e, _, 0x09, 0x01 | 0x03, 0xf7]
            | [0xf0, 0x41, _, 0x42, 0x12, 0x40, 0x00, 0x7f, 0x00, _, 0xf7]
            | [0xf0, 0x43, _, 0x4c, 0x00, 0x00, 0x7e, 0x00, 0xf7]
    )
}
