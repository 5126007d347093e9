//! The keyboard as an instrument.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::Args;
use super::line::{self, say};
use crate::audio::engine::Layers;
use crate::audio::output::{Description, State, System};
use crate::cli::interrupt::Interrupt;
use crate::cli::source::{self, Connection};
use crate::cli::{Context, Exit, sound};
use crate::keyboard::controls::ControlMap;
use crate::keyboard::{Clock, Event};
use crate::studio::instruments;
use crate::studio::play::{Player, knobs};

/// How often the output is looked after.
const CARE: Duration = Duration::from_millis(200);

/// How long the last notes may sound after a virtual keyboard has ended.
const LAST_NOTES: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    instrument: String,
    soundfont: String,
    output: String,
    system: String,
    sample_rate: u32,
    block_frames: u32,
    key_to_sound_ms: f64,
    /// From the start of the program until the engine was ready.
    ready_ms: f64,
    notes: u64,
    xruns: u64,
    late: u64,
}

pub(super) fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let interrupt = Interrupt::install()?;
    let settings = source::settings(context);
    let (controls, warnings) = ControlMap::from_settings(&settings.controls);
    warnings.iter().for_each(|w| source::warn(w));
    let chosen = args.font.load(&settings)?;
    let (layers, instrument) = args.keys.layers(&settings, &chosen)?;
    instruments::prepare_layers(&chosen.font, &layers);
    let clock = Clock::start();
    // The built-in keyboard plays at once, so its output has to be there; a real one may be missing, and is told first.
    let built_in = args.source.r#virtual.is_some();
    let mut source = if built_in { None } else { open_source(args, clock, &settings)? };

    let options = args.font.options(&settings);
    let patch_bay = !built_in && source.is_none();
    let mut player = args.output.open(&settings, &chosen, options, clock.epoch(), patch_bay)?;
    if built_in {
        source = open_source(args, clock, &settings)?;
    }
    player.remote().set_layers(Layers::new(&layers, knobs(&controls)))?;
    player.remote().listen(source.as_mut().and_then(|s| s.receiver.take_tap()))?;
    let ready = began.elapsed();
    let mut care = Care::new(&player);
    if let Some(open) = &care.open {
        say(&format!("{instrument} ({}) on {}", chosen.name(), sound::described(open, Some(player.latency(open)))));
    }

    let notes = hear(&mut player, source.as_mut(), &interrupt, &mut care)?;
    if let Some(open) = care.open.filter(|_| args.json) {
        context.out.json(&Document {
            schema: "composer.play/1",
            instrument,
            soundfont: chosen.name(),
            system: open.system.clone(),
            sample_rate: open.format.rate,
            block_frames: open.format.block,
            key_to_sound_ms: player.latency(&open).as_secs_f64() * 1e3,
            output: open.name,
            ready_ms: ready.as_secs_f64() * 1e3,
            notes,
            xruns: player.xruns(),
            late: player.gauges().late(),
        })?;
    } else if player.xruns() > 0 {
        say(&format!("sound came too late ({}): a longer `--buffer` helps", line::xruns(player.xruns())));
    }
    Ok(Exit::Success)
}

/// With JACK the keyboard may come through a patch bay instead.
fn open_source(args: &Args, clock: Clock, settings: &crate::settings::Settings) -> anyhow::Result<Option<Connection>> {
    let optional = args.output.request(settings).system == System::Jack
        && args.source.port.is_none()
        && args.source.r#virtual.is_none()
        && !args.source.wait;
    match args.source.open(clock, settings) {
        Ok(source) => Ok(Some(source)),
        Err(_) if optional => Ok(None),
        Err(e) => Err(e),
    }
}

/// Looks after the output while something plays.
pub(super) struct Care {
    /// Whether there is no output at the moment.
    pub(super) lost: bool,
    /// The output as it was when it was last open.
    open: Option<Description>,
}

impl Care {
    pub(super) fn new(player: &Player) -> Care {
        let open = match player.state() {
            State::Open(open) => Some(open),
            State::Lost(_) => None,
        };
        Care { lost: false, open }
    }

    /// Says what has happened to the output, if anything has.
    pub(super) fn look(&mut self, player: &Player) {
        match player.state() {
            State::Lost(e) if !self.lost => {
                self.lost = true;
                source::warn(&format!("{e}; waiting for an output"));
            }
            State::Open(open) if self.lost || self.open.as_ref() != Some(&open) => {
                self.lost = false;
                say(&format!("sound goes on: {}", sound::described(&open, None)));
                self.open = Some(open);
            }
            State::Open(_) | State::Lost(_) => {}
        }
    }
}

/// Until Ctrl-C or the end; the number of notes that were struck.
fn hear(
    player: &mut Player,
    mut source: Option<&mut Connection>,
    interrupt: &Interrupt,
    care: &mut Care,
) -> anyhow::Result<u64> {
    let mut notes = 0;
    let mut events = Vec::new();
    let mut ending: Option<Instant> = None;
    while !interrupt.came() {
        events.clear();
        match &mut source {
            Some(source) => source.receiver.drain(CARE, &mut events),
            None => std::thread::park_timeout(CARE),
        }
        for event in &events {
            match event {
                Event::Message { message, .. } => {
                    use crate::music::message::{Message, Voice};
                    notes += u64::from(matches!(message, Message::Voice(_, Voice::NoteOn { .. })));
                }
                Event::Connected { name, .. } => say(&format!("keyboard: {name}")),
                Event::Disconnected { .. } => {
                    // Nobody sends note-offs for what was held.
                    let _ = player.remote().release_keys();
                    source::warn("the keyboard is gone; waiting for it");
                }
                Event::Refused { reason, .. } => source::warn(reason),
                Event::Overrun { lost, .. } => {
                    let _ = player.remote().release_keys();
                    let lost = lost.map_or("some".to_owned(), |n| n.to_string());
                    source::warn(&format!("{lost} messages of the keyboard were lost; all keys let go"));
                }
                Event::Ended { .. } => {
                    let _ = player.remote().release_keys();
                    ending = Some(Instant::now());
                }
            }
        }
        care.look(player);
        player.remote().collect();
        if ending.is_some_and(|e| e.elapsed() > LAST_NOTES || (e.elapsed() > CARE && player.gauges().voices() == 0)) {
            break;
        }
    }
    Ok(notes)
}
