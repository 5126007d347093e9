//! The desk's thread: it waits for keys, orders and sound, and carries them out.

mod takes;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::capture::Capture;
use super::sound::Speaker;
use super::{Beat, Captured, Keyboard, Listen, Opening, Order, Piece, Pulse, Remark, Report, SoundChoice, Transport};
use takes::Whose;

use crate::audio::engine::{Hand, Layer, Layers};
use crate::keyboard::controls::{ControlMap, Panel};
use crate::keyboard::{Clock, Event, Link, Receiver, VirtualKeyboard, Wait};
use crate::music::Micros;
use crate::settings::{Folders, Settings};
use crate::studio::instruments::{self, Instrument};
use crate::studio::last_message::Follower;
use crate::studio::play::knobs;
use crate::studio::record::Session;
use crate::studio::record::session::TakeFolders;
use crate::studio::record::transport::{Role, Transport as Buttons};

/// Between two pulses.
const FRAME: Duration = Duration::from_millis(33);

/// How often a running take or capture looks at the clock.
const LOOK: Duration = Duration::from_millis(100);

/// How long after the last key the window still moves.
const LINGER: Micros = Micros::from_millis(1_500);

/// Where nothing has to be looked at.
const LONG: Duration = Duration::from_secs(3_600);

/// What plays the keys.
enum Source {
    None,
    Linked { receiver: Receiver, _link: Link },
    Virtual { receiver: Receiver, _keyboard: VirtualKeyboard },
}

impl Source {
    fn receiver(&mut self) -> Option<&mut Receiver> {
        match self {
            Source::None => None,
            Source::Linked { receiver, .. } | Source::Virtual { receiver, .. } => Some(receiver),
        }
    }
}

/// Whom the desk listens to, and who listens to it.
pub(super) struct Ears {
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) tell: Box<dyn FnMut(Report) + Send>,
    /// Is told when everything is saved, before sound and keyboard are let go of.
    pub(super) saved: mpsc::Sender<()>,
}

/// See the module.
pub(super) struct Work {
    clock: Clock,
    ears: Ears,
    settings: Settings,
    user: Folders,
    places: TakeFolders,
    source: Source,
    screen: Receiver,
    listen: Listen,
    keyboard: Keyboard,
    buttons: Buttons,
    controls: ControlMap,
    follower: Follower,
    speaker: Speaker,
    instrument: Option<Instrument>,
    beat: Beat,
    capture: Capture,
    captured: Captured,
    recording: Option<Session>,
    /// Ended takes that no disk has taken yet.
    unsaved: Vec<Session>,
    piece: Option<(Arc<Piece>, Whose)>,
    transport: Transport,
    /// When a key was last heard.
    heard: Option<Micros>,
    at_rest: bool,
}

impl Work {
    pub(super) fn new(opening: Opening, clock: Clock, screen: Receiver, ears: Ears) -> Work {
        let Opening { settings, folders, listen } = opening;
        let (buttons, controls) = buttons(&settings, Panel::Unknown);
        Work {
            clock,
            ears,
            source: Source::None,
            screen,
            listen,
            keyboard: Keyboard::default(),
            buttons,
            controls,
            follower: Follower::new(folders.state.clone(), None),
            speaker: Speaker::open(SoundChoice::of_settings(&settings, &folders), clock),
            instrument: None,
            beat: Beat::of_settings(&settings.record),
            capture: Capture::default(),
            captured: Captured::default(),
            recording: None,
            unsaved: Vec::new(),
            piece: None,
            transport: Transport::Idle,
            heard: None,
            at_rest: true,
            places: TakeFolders::of_user(&folders),
            user: folders,
            settings,
        }
    }

    /// Works until there is nobody left to give orders.
    pub(super) fn run(mut self) {
        self.listen();
        let mut events = Vec::new();
        loop {
            let patience = self.patience();
            match self.source.receiver() {
                Some(receiver) => receiver.drain(patience, &mut events),
                None => std::thread::park_timeout(patience),
            }
            let from_keyboard = events.len();
            self.screen.drain(Duration::ZERO, &mut events);
            if from_keyboard > 0 && events.len() > from_keyboard {
                events.sort_by_key(Event::at);
            }
            self.hear(&events);
            events.clear();
            loop {
                let order = match self.ears.orders.try_recv() {
                    Ok(order) => Some(order),
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => None,
                };
                // What was played on screen before the order came before it: it is in the take that the order ends.
                self.screen.drain(Duration::ZERO, &mut events);
                self.hear(&events);
                events.clear();
                match order {
                    Some(order) => self.obey(order),
                    None => return self.close(),
                }
            }
            self.look_at_sound();
            self.look_at_takes();
            self.pulse();
        }
    }

    fn close(&mut self) {
        self.end_take();
        let notices = self.capture.end();
        self.tell_capture(notices);
        let _ = self.ears.saved.send(());
    }

    fn tell(&mut self, report: Report) {
        (self.ears.tell)(report);
    }

    fn say(&mut self, remark: Remark) {
        self.tell(Report::Says(remark));
    }

    /// How long nothing has to be done unless somebody wants something.
    fn patience(&mut self) -> Duration {
        if self.moves() {
            return FRAME;
        }
        let busy = self.capture.is_busy() || !self.unsaved.is_empty();
        let clock = if busy { LOOK } else { LONG };
        clock.min(self.speaker.rest())
    }

    /// Whether a window that shows this desk has something to draw.
    fn moves(&mut self) -> bool {
        let now = self.clock.now();
        self.transport != Transport::Idle
            || self.heard.is_some_and(|at| now.since(at) < LINGER)
            || self.speaker.player().is_some_and(|p| p.gauges().voices() > 0)
    }

    fn pulse(&mut self) {
        let moves = self.moves();
        if !moves && self.at_rest {
            return;
        }
        self.at_rest = !moves;
        let mut pulse = Pulse { now: self.clock.now(), rest: !moves, ..Pulse::default() };
        if let Some(player) = self.speaker.player() {
            pulse.position = player.gauges().position();
            pulse.peaks = player.gauges().take_peaks();
            pulse.xruns = player.xruns();
        }
        self.tell(Report::Pulse(pulse));
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Record if self.recording.is_some() => self.end_take(),
            Order::Record => self.begin_take(),
            Order::Stop => self.stop(),
            Order::Play => self.play(),
            Order::Go if self.transport == Transport::Playing => {}
            Order::Go => self.play(),
            Order::Pause => self.stop_playing(),
            Order::Speed(speed) => {
                if let Some(player) = self.speaker.player() {
                    let _ = player.remote().set_speed(speed);
                }
            }
            Order::Seek(to) => self.seek(to),
            Order::Keep => self.keep(),
            Order::Show(piece) => {
                self.stop_playing();
                self.show(piece, Whose::Its);
            }
            Order::Strips(strips) => self.mix(strips),
            Order::Loop(between) => self.set_loop(between),
            Order::Beat(beat) => {
                self.beat = beat;
                let playing = self.transport == Transport::Playing;
                if let Some(player) = self.speaker.player().filter(|_| playing) {
                    let _ = player.remote().set_metronome(beat.metronome);
                }
            }
            Order::Instrument(instrument) => self.choose(instrument),
            Order::Sound(choice) => {
                if !self.speaker.only_clicks(&choice) {
                    self.stop_playing();
                }
                self.speaker.choose(choice);
            }
            Order::Listen(listen) => {
                self.listen = listen;
                self.listen();
            }
            Order::Settings(settings) => self.set(*settings),
            Order::Retry => {
                if matches!(self.keyboard, Keyboard::Unusable { .. }) {
                    self.listen();
                }
                if self.speaker.lacks_font() {
                    self.stop_playing();
                }
                self.speaker.retry();
            }
        }
    }

    fn set(&mut self, settings: Settings) {
        let panel = match &self.keyboard {
            Keyboard::Connected { panel, .. } => *panel,
            _ => Panel::Unknown,
        };
        (self.buttons, self.controls) = buttons(&settings, panel);
        if let Some(folders) = Folders::of_platform() {
            self.user = folders.with_settings(&settings);
            self.places = TakeFolders::of_user(&self.user);
        }
        self.settings = settings;
        self.set_layers();
    }

    /// Listens to the keyboard that is wanted.
    fn listen(&mut self) {
        // The old one is let go before the new one is taken: it may be the same.
        self.source = Source::None;
        let opened = match self.listen.clone() {
            Listen::To(select) => Link::open(select, Wait::ForPort, self.clock)
                .map(|(link, receiver)| Source::Linked { receiver, _link: link })
                .map_err(|e| e.to_string()),
            Listen::Virtual(script) => VirtualKeyboard::start(script, self.clock, Micros::ZERO)
                .map(|(keyboard, receiver)| Source::Virtual { receiver, _keyboard: keyboard })
                .map_err(|e| e.to_string()),
        };
        let keyboard = match opened {
            Ok(source) => {
                self.source = source;
                Keyboard::Awaited
            }
            Err(reason) => Keyboard::Unusable { reason },
        };
        self.set_keyboard(keyboard);
        self.connect_taps();
    }

    fn set_keyboard(&mut self, keyboard: Keyboard) {
        self.keyboard = keyboard.clone();
        self.tell(Report::Keyboard(keyboard));
    }

    fn hear(&mut self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let mut heard = Vec::new();
        let mut music = Vec::with_capacity(events.len());
        for event in events {
            match event {
                Event::Message { at, message } => {
                    heard.push((*at, message.clone()));
                    self.heard = Some(self.heard.map_or(*at, |h| h.max(*at)));
                    match self.buttons.role(message) {
                        Role::Music => music.push(event.clone()),
                        Role::Other => {}
                        Role::Down(button) => {
                            // What came before the button belongs to what it ends.
                            self.pass_on(&std::mem::take(&mut music));
                            self.press(button);
                        }
                    }
                    continue;
                }
                Event::Connected { name, id, panel, .. } => {
                    self.buttons.connected(*panel);
                    let (name, id, panel) = (name.clone(), id.clone(), *panel);
                    self.set_keyboard(Keyboard::Connected { name, id, panel });
                }
                Event::Ended { .. } if matches!(self.source, Source::Virtual { .. }) => {
                    self.set_keyboard(Keyboard::Ended);
                    self.release_keys();
                }
                Event::Disconnected { .. } | Event::Ended { .. } => {
                    if let Keyboard::Connected { name, .. } = &self.keyboard {
                        let name = name.clone();
                        self.set_keyboard(Keyboard::Away { name });
                    }
                    self.release_keys();
                }
                Event::Refused { reason, .. } => self.set_keyboard(Keyboard::Refused { reason: reason.clone() }),
                Event::Overrun { lost, .. } => {
                    self.release_keys();
                    let lost = lost.map_or("Some".to_owned(), |n| n.to_string());
                    self.say(Remark::wrong(format!("{lost} messages of the keyboard were lost; all keys are let go.")));
                }
            }
            // A session ends with its source; here another may follow.
            if !matches!(event, Event::Ended { .. }) {
                music.push(event.clone());
            }
        }
        self.follower.hear(events);
        self.pass_on(&music);
        if !heard.is_empty() {
            self.tell(Report::Heard(heard));
        }
    }

    fn release_keys(&mut self) {
        if let Some(player) = self.speaker.player() {
            let _ = player.remote().release_keys();
        }
    }

    fn look_at_sound(&mut self) {
        let news = self.speaker.look();
        if let Some(font) = news.font {
            self.tell(Report::Font(font));
            self.find_instrument();
        }
        for remark in news.remarks {
            self.say(remark);
        }
        if news.fresh {
            self.set_layers();
            self.connect_taps();
            self.load();
        }
        if let Some(sound) = news.sound {
            self.tell(Report::Sound(sound));
        }
    }

    /// Lets the engine hear the keyboard and the keys on screen.
    fn connect_taps(&mut self) {
        let Some(player) = self.speaker.player() else { return };
        let remote = player.remote();
        let _ = remote.listen_to(Hand::Keyboard, self.source.receiver().and_then(Receiver::take_tap));
        let _ = remote.listen_to(Hand::Screen, self.screen.take_tap());
    }

    /// The instrument that was chosen before, in the SoundFont that is there now.
    fn find_instrument(&mut self) {
        let Some(chosen) = self.speaker.font() else { return };
        let wanted = self.instrument.as_ref().map(|i| i.name.clone()).or(self.settings.sound.instrument.clone());
        let found = wanted.and_then(|name| instruments::find(&chosen.font, &name).ok());
        let first = || instruments::all(&chosen.font).into_iter().next();
        if let Some(instrument) = found.or_else(first) {
            self.choose(instrument);
        }
    }

    fn choose(&mut self, instrument: Instrument) {
        self.instrument = Some(instrument.clone());
        self.set_layers();
        self.set_strips();
        self.tell(Report::Instrument(instrument));
    }

    fn set_layers(&mut self) {
        let Some(instrument) = &self.instrument else { return };
        let curve = self.settings.sound.velocity;
        let layer = Layer { channel: instrument.channel, curve, ..Layer::new(instrument.program) };
        let layers = Layers::new(&[layer], knobs(&self.controls));
        if let Some(player) = self.speaker.player() {
            let _ = player.remote().set_layers(layers);
        }
    }
}

/// What the keyboard's buttons and knobs mean.
fn buttons(settings: &Settings, panel: Panel) -> (Buttons, ControlMap) {
    let (controls, _) = ControlMap::from_settings(&settings.controls);
    let learned = ControlMap::only_learned(&settings.controls);
    (Buttons::new(controls.clone(), learned, panel), controls)
}
