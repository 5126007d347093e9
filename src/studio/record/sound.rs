//! The sound of a recording: the count-in, the metronome, the keys as they are played, and the last take
//! played back.
//!
//! All of it is in a thread of its own that is told what happens and never answered to: opening an output,
//! reading a SoundFont or an output that hangs cannot hold up a recording, nor can their failing end it.
//! Until the SoundFont is there composer's own instruments play.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::plan::Plan;
use super::session::Notice;
use crate::audio::engine::{Knobs, Layers};
use crate::audio::metronome::Count;
use crate::audio::output::{Description, OutputError, Request, State};
use crate::audio::sequencer::Score;
use crate::audio::{Options, SoundFontError};
use crate::keyboard::Clock;
use crate::keyboard::stream::Tap;
use crate::music::smf::{Contents, composition_of_take};
use crate::music::{Message, Micros, Take, TakeEvent};
use crate::studio::instruments::{self, Chosen, FontWish};
use crate::studio::layers::{KeysWish, LayerWish};
use crate::studio::play::Player;

/// How often the output is looked after.
const CARE: Duration = Duration::from_millis(200);

/// How long the sound takes to fade at the end.
const FADE: Duration = Duration::from_millis(30);

/// How long the end waits for the output to close.
const CLOSING: Duration = Duration::from_secs(1);

/// What is to sound, and where.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The output.
    pub output: Request,
    /// Whether another output will do where that one is not there.
    pub any_output: bool,
    /// The SoundFont.
    pub font: FontWish,
    /// How the synthesiser is made.
    pub options: Options,
    /// What the keys play.
    pub keys: KeysWish,
    /// What the knobs do.
    pub knobs: Knobs,
    /// The volume of the clicks, 1.0 as they are.
    pub clicks: f32,
    /// Whether the metronome beats during the take as well.
    pub metronome: bool,
}

/// What there is to say about the sound.
#[derive(Clone, Debug)]
pub enum Told {
    /// It is there: the instruments, their SoundFont, where they are heard, and how late.
    Open(String, String, Description, Duration),
    /// It is not there, and will not be.
    Silent(OutputError),
    /// The output is gone; another is looked for.
    Lost(OutputError),
    /// Sound goes on.
    Back(Description),
    /// Something is not as it was asked for.
    Remark(String),
}

enum Order {
    Listen(Tap),
    Count(Option<Count>),
    Release,
    Play(Arc<Take>),
    Stop,
    Font(Result<Chosen, SoundFontError>),
    End,
}

/// The sound of a recording; it ends when this is dropped.
#[derive(Debug)]
pub struct Sound {
    orders: mpsc::Sender<Order>,
    told: mpsc::Receiver<Told>,
    open: mpsc::Receiver<()>,
    metronome: bool,
    thread: Option<JoinHandle<()>>,
}

impl Sound {
    /// Starts to open the output. `clock` is the one that the keyboard's messages are stamped by.
    #[must_use]
    pub fn start(wanted: Wanted, clock: Clock) -> Sound {
        let (orders, inbox) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let (opened, open) = mpsc::channel();
        let metronome = wanted.metronome;
        let loader = orders.clone();
        let run = move || {
            let stage = Stage::open(wanted, clock, &tell);
            let _ = opened.send(());
            if let Some(stage) = stage {
                stage.run(loader, &inbox);
            }
            drop(opened);
        };
        let thread = std::thread::Builder::new().name("sound".to_owned()).spawn(run).ok();
        Sound { orders, told, open, metronome, thread }
    }

    /// Waits until it is known whether there is an output, for so long at most.
    pub fn settle(&self, most: Duration) {
        let _ = self.open.recv_timeout(most);
    }

    /// Lets the keys sound.
    pub fn listen(&self, tap: Option<Tap>) {
        if let Some(tap) = tap {
            self.order(Order::Listen(tap));
        }
    }

    /// Does what belongs to something that has happened: clicks with a take, silence without a keyboard,
    /// the last take when it is to be played.
    pub fn follow(&self, notice: &Notice, plan: &Plan) {
        match notice {
            Notice::Began { origin } => self.order(Order::Count(self.count(*origin, plan))),
            Notice::Saved(_) | Notice::NotSaved { .. } | Notice::NothingPlayed => self.order(Order::Count(None)),
            // Nobody sends note-offs for what was held.
            Notice::Disconnected | Notice::Lost(_) => self.order(Order::Release),
            Notice::Plays(take) => self.order(Order::Play(Arc::clone(take))),
            Notice::PlayStops => self.order(Order::Stop),
            Notice::Journal(_) | Notice::Connected(_) | Notice::Refused(_) | Notice::NothingToPlay => {}
        }
    }

    /// The clicks of a take with its first beat at `origin`.
    fn count(&self, origin: Micros, plan: &Plan) -> Option<Count> {
        let (tempo, signature) = (plan.tempo, plan.time_signature);
        // Where the first note began the take these beats are over, and the engine makes up for none.
        let start = Micros(origin.0.saturating_sub(signature.bar(tempo).0 * u64::from(plan.count_in)));
        let bars = if self.metronome { None } else { Some(plan.count_in) };
        (bars != Some(0)).then_some(Count { start, tempo, signature, bars })
    }

    /// What there is to say, once.
    pub fn told(&self) -> impl Iterator<Item = Told> + '_ {
        self.told.try_iter()
    }

    fn order(&self, order: Order) {
        // Without an output nobody takes orders, and nothing is missed.
        let _ = self.orders.send(order);
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.order(Order::End);
        let deadline = Instant::now() + CLOSING;
        // The thread's end closes the channel. One that hangs in a driver is left behind.
        let closed = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.open.recv_timeout(left) {
                Ok(()) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break true,
                Err(mpsc::RecvTimeoutError::Timeout) => break false,
            }
        };
        if let Some(thread) = self.thread.take().filter(|_| closed) {
            let _ = thread.join();
        }
    }
}

/// The thread's side.
struct Stage<'a> {
    player: Player,
    wanted: Wanted,
    layers: Layers,
    tell: &'a mpsc::Sender<Told>,
}

impl<'a> Stage<'a> {
    fn open(wanted: Wanted, clock: Clock, tell: &'a mpsc::Sender<Told>) -> Option<Stage<'a>> {
        let own = Chosen::own();
        let opened = Player::open_preferring(&wanted.output, wanted.any_output, &own, wanted.options, clock.epoch());
        let player = match opened {
            Ok((player, missing)) => {
                if let Some(missing) = missing {
                    let _ = tell.send(Told::Remark(format!("{missing}; the system's choice is taken")));
                }
                player
            }
            Err(e) => {
                let _ = tell.send(Told::Silent(e));
                return None;
            }
        };
        let layers = Layers::new(&[], wanted.knobs);
        let mut stage = Stage { player, wanted, layers, tell };
        let _ = stage.player.remote().set_click_volume(stage.wanted.clicks);
        stage.set_layers(&own);
        Some(stage)
    }

    /// Until the end.
    fn run(mut self, loader: mpsc::Sender<Order>, inbox: &mpsc::Receiver<Order>) {
        let (font, keys) = (self.wanted.font.clone(), self.wanted.keys.clone());
        let load = move || {
            let chosen = font.load();
            if let Ok(chosen) = &chosen {
                let layers = keys.of(&chosen.font).map(|(layers, _)| layers).unwrap_or_default();
                instruments::prepare_layers(&chosen.font, &layers);
            }
            let _ = loader.send(Order::Font(chosen));
        };
        let _ = std::thread::Builder::new().name("soundfont-loader".to_owned()).spawn(load);
        let mut lost = false;
        loop {
            match inbox.recv_timeout(CARE) {
                Ok(Order::End) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Ok(order) => self.obey(order),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            self.player.remote().collect();
            match self.player.state() {
                State::Lost(e) if !lost => self.say(Told::Lost(e)),
                State::Open(open) if lost => self.say(Told::Back(open)),
                State::Open(_) | State::Lost(_) => {}
            }
            lost = matches!(self.player.state(), State::Lost(_));
        }
        let _ = self.player.remote().set_volume(0.0);
        std::thread::sleep(FADE);
    }

    fn say(&self, told: Told) {
        let _ = self.tell.send(told);
    }

    fn obey(&mut self, order: Order) {
        let remote = self.player.remote();
        let done = match order {
            Order::Listen(tap) => remote.listen(Some(tap)),
            Order::Count(count) => remote.count(count),
            Order::Release => remote.release_keys(),
            Order::Play(take) => {
                let score = Score::new(&composition_of_take(&as_heard(&take, &self.layers), Contents::Played));
                remote.load(Arc::new(score)).and_then(|()| remote.play())
            }
            Order::Stop => remote.unload(),
            Order::Font(chosen) => {
                self.exchange(chosen);
                Ok(())
            }
            Order::End => Ok(()),
        };
        // An engine that takes no orders has lost its output, which is told already.
        let _ = done;
    }

    fn exchange(&mut self, chosen: Result<Chosen, SoundFontError>) {
        let chosen = chosen.unwrap_or_else(|e| {
            self.say(Told::Remark(format!("{e}; composer's own instruments play")));
            Chosen::own()
        });
        for warning in chosen.warnings.iter().take(3) {
            self.say(Told::Remark(warning.clone()));
        }
        let _ = self.player.set_font(&chosen, self.wanted.options);
        let names = self.set_layers(&chosen);
        if let State::Open(open) = self.player.state() {
            let latency = self.player.latency(&open);
            self.say(Told::Open(names, chosen.name(), open, latency));
        }
    }

    /// Puts the wanted instruments under the keys, or the piano where there is no such instrument.
    fn set_layers(&mut self, chosen: &Chosen) -> String {
        let (layers, names) = match self.wanted.keys.of(&chosen.font) {
            Ok(found) => found,
            Err(e) => {
                // What composer's own do not have, the SoundFont may.
                if chosen.file.is_some() {
                    self.say(Told::Remark(format!("{e}; the piano plays (`composer instruments` lists them)")));
                }
                KeysWish { layers: vec![LayerWish::new("1")], ..self.wanted.keys.clone() }
                    .of(&chosen.font)
                    .unwrap_or_default()
            }
        };
        self.layers = Layers::new(&layers, self.wanted.knobs);
        let _ = self.player.remote().set_layers(self.layers.clone());
        names
    }
}

/// A take as its player heard it: through the layers that were under the keys.
fn as_heard(take: &Take, layers: &Layers) -> Take {
    let mut layers = layers.clone();
    let mut events = Vec::with_capacity(take.events.len());
    let mut say = |at: Micros, message: &Message| events.push((at, TakeEvent::Message(message.clone())));
    layers.set_up(|m| say(Micros::ZERO, m));
    for (at, event) in &take.events {
        if let TakeEvent::Message(Message::Voice(channel, voice)) = event {
            layers.play(*channel, *voice, |m| say(*at, m));
        }
    }
    Take { info: take.info.clone(), events, length: take.length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SoundFont;
    use crate::music::take::TakeInfo;
    use crate::music::{Ppq, Tempo, TimeSignature, VelocityCurve};

    #[test]
    fn a_take_is_played_back_through_the_layers() {
        let event =
            |ms, bytes: &[u8]| (Micros::from_millis(ms), TakeEvent::Message(Message::from_bytes(bytes).unwrap()));
        let take = Take {
            info: TakeInfo {
                started: String::new(),
                device: String::new(),
                tempo: Tempo::DEFAULT,
                time_signature: TimeSignature::COMMON,
                ppq: Ppq::DEFAULT,
            },
            events: vec![event(100, &[0x93, 60, 80]), event(300, &[0x83, 60, 0])],
            length: Micros::from_millis(400),
        };
        let wish = KeysWish {
            layers: vec![LayerWish::new("violin"), "drums,keys=..B3".parse().unwrap()],
            transpose: 12,
            velocity: VelocityCurve::Linear,
        };
        let (layers, _) = wish.of(&SoundFont::builtin()).unwrap();
        let heard = as_heard(&take, &Layers::new(&layers, Knobs::default()));
        let notes: Vec<_> = heard.events.iter().filter(|(at, _)| *at > Micros::ZERO).cloned().collect();
        assert_eq!(notes, [event(100, &[0x90, 72, 80]), event(300, &[0x80, 72, 0])]);
        assert!(heard.events.contains(&event(0, &[0xc0, 40])), "{heard:?}");
    }
}
