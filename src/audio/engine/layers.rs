//! What the keys play: one or more layers, each with its instrument, range, transposition, volume and
//! feeling for velocity; and which knob acts on what.

use crate::audio::sequencer::{Program, squared};
use crate::music::VelocityCurve;
use crate::music::message::{Channel, Controller, Key, Message, Value, Velocity, Voice};
use crate::music::take::Sounding;

/// One instrument under the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The synthesiser's channel that it plays on.
    pub channel: Channel,
    /// Its instrument; on the channel of percussion a kit.
    pub program: Program,
    /// Semitones up (or down), octaves included; keys beyond the range of MIDI are silent.
    pub transpose: i8,
    /// Its feeling for velocity.
    pub curve: VelocityCurve,
    /// Percent of the level that the keyboard's volume slider asks for, 0 to 100.
    pub volume: u8,
    /// The lowest and the highest key that it answers to.
    pub keys: (Key, Key),
}

impl Layer {
    /// All keys as they are, on channel 1.
    #[must_use]
    pub fn new(program: Program) -> Layer {
        Layer {
            channel: Channel::default(),
            program,
            transpose: 0,
            curve: VelocityCurve::Linear,
            volume: 100,
            keys: (Key::masked(0), Key::masked(127)),
        }
    }

    /// A position of the volume slider at this layer's volume.
    fn at_level(&self, slider: Value) -> Value {
        Value::masked(squared(slider.get(), self.volume))
    }
}

/// What the keyboard's controllers become: by number, `None` for those that make no sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knobs([Option<u8>; 128]);

impl Default for Knobs {
    /// Everything stays as it is, but for the AKM322's transport buttons (105 to 107), which make no
    /// sound, and its knobs 1 to 3 (21 to 23), which have no meaning in MIDI: they become reverb
    /// send, chorus send and expression.
    fn default() -> Knobs {
        let mut knobs = Knobs::plain();
        for (from, to) in [(21, Some(91)), (22, Some(93)), (23, Some(11)), (105, None), (106, None), (107, None)] {
            knobs.set(Controller::masked(from), to.map(Controller::masked));
        }
        knobs
    }
}

impl Knobs {
    /// Every controller as it is.
    #[must_use]
    pub fn plain() -> Knobs {
        let mut map = [None; 128];
        map.iter_mut().zip(0..).for_each(|(to, from)| *to = Some(from));
        Knobs(map)
    }

    /// Lets controller `from` act as `to`, or not at all.
    pub fn set(&mut self, from: Controller, to: Option<Controller>) {
        self.0[usize::from(from.get())] = to.map(Controller::get);
    }

    /// What a controller acts as.
    #[must_use]
    pub fn get(&self, from: Controller) -> Option<Controller> {
        self.0[usize::from(from.get())].map(Controller::masked)
    }
}

const VOLUME: u8 = 7;

/// Controllers that stay where they were put, and change a sound: portamento time, balance, pan, expression, the sound's
/// brightness and times, and what is sent to the effects. Pedals and the wheel spring back, and are none of these.
const KEPT: [u8; 15] = [5, 8, 10, 11, 71, 72, 73, 74, 75, 76, 77, 78, 91, 93, 94];

const SILENT: u8 = 0xff;

/// Where General MIDI's volume stands until somebody moves it.
const SLIDER: Value = Value::masked(100);

#[derive(Clone, Debug)]
struct Played {
    layer: Layer,
    /// What each key that is down sounds as: the transposition may have changed since.
    sounds: [u8; 128],
    sounding: Sounding,
}

/// All layers.
#[derive(Clone, Debug)]
pub struct Layers {
    layers: Vec<Played>,
    knobs: Knobs,
    /// The last position of the volume slider.
    slider: Value,
    /// Where the other controllers stand that keep their place: pan, expression, what is sent to the effects.
    kept: [Option<Value>; KEPT.len()],
}

impl Layers {
    /// From the layers; 16 at most are played.
    #[must_use]
    pub fn new(layers: &[Layer], knobs: Knobs) -> Layers {
        let played = |layer: &Layer| Played { layer: *layer, sounds: [SILENT; 128], sounding: Sounding::default() };
        Layers { layers: layers.iter().take(16).map(played).collect(), knobs, slider: SLIDER, kept: [None; KEPT.len()] }
    }

    /// Takes the place of others: the slider and the knobs are where they were.
    pub(super) fn succeed(&mut self, before: &Layers) {
        (self.slider, self.kept) = (before.slider, before.kept);
    }

    /// Takes note of where the keyboard's controllers stand, as far as that outlasts an instrument; answers with the
    /// message as it acts, none where it makes no sound.
    pub(super) fn remember(&mut self, voice: Voice) -> Option<Voice> {
        let Voice::Control { controller, value } = voice else { return Some(voice) };
        let controller = self.knobs.get(controller)?;
        if controller.get() == VOLUME {
            self.slider = value;
        } else if let Some(place) = KEPT.iter().position(|c| *c == controller.get()) {
            self.kept[place] = Some(value);
        }
        Some(Voice::Control { controller, value })
    }

    /// The messages that choose the instruments, and how loud they are.
    pub fn set_up(&self, mut say: impl FnMut(&Message)) {
        for Played { layer, .. } in &self.layers {
            let mut voice = |v| say(&Message::Voice(layer.channel, v));
            voice(control(0, layer.program.bank));
            voice(control(32, layer.program.bank_fine));
            voice(Voice::Program(Value::masked(layer.program.program)));
            voice(control(VOLUME, layer.at_level(self.slider).get()));
            for (controller, value) in KEPT.iter().zip(self.kept) {
                if let Some(value) = value {
                    voice(control(*controller, value.get()));
                }
            }
        }
    }

    /// A message of the keyboard, on whatever channel, as the layers play it.
    pub fn play(&mut self, _channel: Channel, voice: Voice, mut say: impl FnMut(&Message)) {
        let Some(voice) = self.remember(voice) else { return };
        for Played { layer, sounds, sounding } in &mut self.layers {
            let voice = match voice {
                Voice::NoteOn { key, velocity } => {
                    let to = i16::from(key.get()) + i16::from(layer.transpose);
                    let in_range = (layer.keys.0..=layer.keys.1).contains(&key);
                    let Some(sound) = u8::try_from(to).ok().and_then(Key::new).filter(|_| in_range) else { continue };
                    sounds[usize::from(key.get())] = sound.get();
                    Voice::NoteOn { key: sound, velocity: layer.curve.apply(velocity) }
                }
                Voice::NoteOff { key, velocity } => {
                    let sound = std::mem::replace(&mut sounds[usize::from(key.get())], SILENT);
                    let Some(sound) = Key::new(sound) else { continue };
                    Voice::NoteOff { key: sound, velocity }
                }
                Voice::KeyPressure { key, pressure } => {
                    let Some(sound) = Key::new(sounds[usize::from(key.get())]) else { continue };
                    Voice::KeyPressure { key: sound, pressure }
                }
                Voice::Control { controller, value } if controller.get() == VOLUME => {
                    Voice::Control { controller, value: layer.at_level(value) }
                }
                voice => voice,
            };
            let message = Message::Voice(layer.channel, voice);
            sounding.hear(&message);
            say(&message);
        }
    }

    /// A message that is only tried out: on its own channel, past the layers. A layer on that channel gets its own
    /// instrument back when the key is let go.
    pub fn try_out(&self, channel: Channel, voice: Voice, mut say: impl FnMut(&Message)) {
        say(&Message::Voice(channel, voice));
        let is_end = matches!(voice, Voice::NoteOff { .. });
        if is_end && self.layers.iter().any(|played| played.layer.channel == channel) {
            self.set_up(say);
        }
    }

    /// Ends what is held, pedals too, and puts the wheels back.
    pub fn release(&mut self, mut say: impl FnMut(&Message)) {
        for Played { layer, sounds, sounding } in &mut self.layers {
            for (channel, key) in std::mem::take(sounding).keys() {
                say(&Message::Voice(channel, Voice::NoteOff { key, velocity: Velocity::masked(64) }));
            }
            *sounds = [SILENT; 128];
            for voice in [
                control(64, 0),
                control(66, 0),
                control(1, 0),
                Voice::PitchBend(0),
                Voice::ChannelPressure(Value::masked(0)),
            ] {
                say(&Message::Voice(layer.channel, voice));
            }
        }
    }
}

fn control(controller: u8, value: u8) -> Voice {
    Voice::Control { controller: Controller::masked(controller), value: Value::masked(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(key: u8) -> Voice {
        Voice::NoteOn { key: Key::masked(key), velocity: Velocity::masked(64) }
    }

    fn off(key: u8) -> Voice {
        Voice::NoteOff { key: Key::masked(key), velocity: Velocity::masked(64) }
    }

    fn say(layers: &mut Layers, voices: &[Voice]) -> Vec<Message> {
        let mut said = Vec::new();
        for voice in voices {
            layers.play(Channel::default(), *voice, |m| said.push(m.clone()));
        }
        said
    }

    #[test]
    fn layers_split_transpose_and_end_what_they_began() {
        let low = Layer { transpose: -12, keys: (Key::masked(0), Key::masked(59)), ..Layer::new(Program::default()) };
        let high = Layer { channel: Channel::masked(1), transpose: 100, ..Layer::new(Program::default()) };
        let mut layers = Layers::new(&[low, high], Knobs::default());
        let said = say(&mut layers, &[on(20), on(60), off(20), off(60)]);
        let at = |c, v| Message::Voice(Channel::masked(c), v);
        assert_eq!(said, [at(0, on(8)), at(1, on(120)), at(0, off(8)), at(1, off(120))]);
        say(&mut layers, &[on(30)]);
        let mut released = Vec::new();
        layers.release(|m| released.push(m.clone()));
        assert!(released.contains(&at(0, off(18))));
        assert!(say(&mut layers, &[off(30)]).is_empty());
    }

    #[test]
    fn each_layer_has_its_volume_and_the_slider_moves_both() {
        let loud = Layer::new(Program::default());
        let quiet = Layer { channel: Channel::masked(1), volume: 25, ..loud };
        let mut layers = Layers::new(&[loud, quiet], Knobs::default());
        let at = |c, v| Message::Voice(Channel::masked(c), control(7, v));
        // A controller acts by its square: half of it is a quarter of the level.
        let set_up = |layers: &Layers| {
            let mut said = Vec::new();
            layers.set_up(|m| said.push(m.clone()));
            said.retain(|m| matches!(m, Message::Voice(_, Voice::Control { controller, .. }) if controller.get() == 7));
            said
        };
        assert_eq!(set_up(&layers), [at(0, 100), at(1, 50)]);
        assert_eq!(say(&mut layers, &[control(7, 80)]), [at(0, 80), at(1, 40)]);
        let mut others = Layers::new(&[loud], Knobs::default());
        others.succeed(&layers);
        assert_eq!(set_up(&others), [at(0, 80)]);
    }

    #[test]
    fn another_instrument_finds_the_knobs_where_they_are() {
        let mut layers = Layers::new(&[Layer::new(Program::default())], Knobs::default());
        // Knob 3 is expression; a pedal and the wheel spring back.
        say(&mut layers, &[control(10, 20), control(23, 70), control(64, 127), control(1, 90), Voice::PitchBend(100)]);
        assert_eq!(layers.remember(control(91, 5)), Some(control(91, 5)));
        let mut others = Layers::new(&[Layer::new(Program::default())], Knobs::default());
        others.succeed(&layers);
        let mut said = Vec::new();
        others.set_up(|m| said.push(m.clone()));
        let at = |c, v| Message::Voice(Channel::default(), control(c, v));
        assert_eq!(said[3..], [at(7, 100), at(10, 20), at(11, 70), at(91, 5)]);
    }

    #[test]
    fn the_knobs_of_the_akm322_act_and_its_buttons_make_no_sound() {
        let mut layers = Layers::new(&[Layer::new(Program::default())], Knobs::default());
        let said = say(&mut layers, &[control(21, 50), control(105, 127), control(7, 9)]);
        let at = |v| Message::Voice(Channel::default(), v);
        assert_eq!(said, [at(control(91, 50)), at(control(7, 9))]);
    }
}
