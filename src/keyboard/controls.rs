//! The controls of the AKM322, and which message each of them sends.
//!
//! The defaults are what one owner read off a unit (danlangford/AMGI-1_AKM322). The vendor's editor can
//! remap every control, so each can be learned anew; what was learned is kept in the settings.

use std::collections::BTreeMap;

use crate::music::message::{Channel, Controller, Key, Message, Value, Voice};
use crate::settings::ControlSetting;

mod source;

pub use source::Source;

/// The Play button's controller as delivered.
pub const PLAY: Controller = Controller::masked(105);
/// The Stop button's controller as delivered.
pub const STOP: Controller = Controller::masked(106);
/// The Rec button's controller as delivered.
pub const REC: Controller = Controller::masked(107);

/// From this value on a button or pedal is down, as the MIDI 1.0 specification has it for switches.
const DOWN: u8 = 64;

/// A control of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Control {
    /// The Play button.
    Play,
    /// The Stop button.
    Stop,
    /// The Rec button.
    Rec,
    /// The modulation wheel.
    Modulation,
    /// The volume slider.
    Volume,
    /// The endless encoder; sends pan as delivered.
    Encoder,
    /// Knob 1.
    Knob1,
    /// Knob 2.
    Knob2,
    /// Knob 3.
    Knob3,
    /// Set + Reverb.
    Reverb,
    /// The pitch wheel.
    PitchWheel,
    /// The sustain pedal. Its message was not observed; 64 is the convention.
    Sustain,
}

impl Control {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Control; 12] = [
        Control::Play,
        Control::Stop,
        Control::Rec,
        Control::PitchWheel,
        Control::Modulation,
        Control::Volume,
        Control::Encoder,
        Control::Knob1,
        Control::Knob2,
        Control::Knob3,
        Control::Reverb,
        Control::Sustain,
    ];

    /// The name in settings and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Control::Play => "play",
            Control::Stop => "stop",
            Control::Rec => "rec",
            Control::Modulation => "modulation",
            Control::Volume => "volume",
            Control::Encoder => "encoder",
            Control::Knob1 => "knob1",
            Control::Knob2 => "knob2",
            Control::Knob3 => "knob3",
            Control::Reverb => "reverb",
            Control::PitchWheel => "pitch-wheel",
            Control::Sustain => "sustain",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Control::Play => "Play",
            Control::Stop => "Stop",
            Control::Rec => "Rec",
            Control::Modulation => "modulation wheel",
            Control::Volume => "volume slider",
            Control::Encoder => "encoder",
            Control::Knob1 => "knob 1",
            Control::Knob2 => "knob 2",
            Control::Knob3 => "knob 3",
            Control::Reverb => "Set + Reverb",
            Control::PitchWheel => "pitch wheel",
            Control::Sustain => "sustain pedal",
        }
    }

    /// The control of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Control> {
        Control::ALL.into_iter().find(|c| c.name().eq_ignore_ascii_case(name))
    }

    /// Whether it acts when it is pressed.
    #[must_use]
    pub const fn is_button(self) -> bool {
        matches!(self, Control::Play | Control::Stop | Control::Rec)
    }

    /// What it sends as delivered, on whatever channel.
    #[must_use]
    pub fn default_source(self) -> Source {
        let controller = |n| Source::Controller(Controller::masked(n));
        match self {
            Control::Play => Source::Controller(PLAY),
            Control::Stop => Source::Controller(STOP),
            Control::Rec => Source::Controller(REC),
            Control::Modulation => controller(1),
            Control::Volume => controller(7),
            Control::Encoder => controller(10),
            Control::Knob1 => controller(21),
            Control::Knob2 => controller(22),
            Control::Knob3 => controller(23),
            Control::Reverb => controller(91),
            Control::PitchWheel => Source::PitchWheel,
            Control::Sustain => Source::Controller(Message::SUSTAIN),
        }
    }
}

/// Whose controls a port has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// A port that was recognised as an AKM322's.
    Akm322,
    /// The virtual keyboard's, which stand for those of an AKM322.
    Virtual,
    /// Another keyboard's or a file's: what its controllers mean is not known.
    Unknown,
}

impl Panel {
    /// Whether [`Control::default_source`] holds for it where nothing was learned.
    #[must_use]
    pub const fn has_defaults(self) -> bool {
        matches!(self, Panel::Akm322 | Panel::Virtual)
    }
}

/// How a button behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Press {
    /// Sends a high value when pressed (64 or more acts) and perhaps a low one when let go.
    #[default]
    Momentary,
    /// Sends a high and a low value in turns, one a press: both act.
    Toggle,
}

/// What a control sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The message.
    pub source: Source,
    /// The only channel on which it counts; `None` for all.
    pub channel: Option<Channel>,
    /// For buttons.
    pub press: Press,
}

/// Which message is which control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlMap {
    bindings: BTreeMap<Control, Binding>,
}

impl Default for ControlMap {
    /// As the keyboard is delivered.
    fn default() -> ControlMap {
        let binding = |c: Control| Binding { source: c.default_source(), channel: None, press: Press::default() };
        ControlMap { bindings: Control::ALL.into_iter().map(|c| (c, binding(c))).collect() }
    }
}

impl ControlMap {
    /// As delivered, changed by what the settings say; with a warning for each setting of no use.
    #[must_use]
    pub fn from_settings(settings: &BTreeMap<String, ControlSetting>) -> (ControlMap, Vec<String>) {
        let mut map = ControlMap::default();
        let mut warnings = Vec::new();
        for (name, setting) in settings {
            match read(name, setting) {
                Ok((control, binding)) => {
                    map.bindings.insert(control, binding);
                }
                Err(reason) => warnings.push(format!("settings, [controls] {name}: {reason}")),
            }
        }
        (map, warnings)
    }

    /// Only what the settings say, for keyboards whose other controls are not known. What is of no
    /// use is left out: [`ControlMap::from_settings`] tells of it.
    #[must_use]
    pub fn only_learned(settings: &BTreeMap<String, ControlSetting>) -> ControlMap {
        ControlMap { bindings: settings.iter().filter_map(|(name, setting)| read(name, setting).ok()).collect() }
    }

    /// What a control sends.
    #[must_use]
    pub fn binding(&self, control: Control) -> Option<&Binding> {
        self.bindings.get(&control)
    }

    /// The control that a message comes from and where it stands: 0 to 127, the pitch wheel -8192
    /// to 8191 with 0 at rest. Buttons come first where two controls share a message.
    #[must_use]
    pub fn lookup(&self, message: &Message) -> Option<(Control, i16)> {
        self.bindings.iter().find_map(|(control, binding)| Some((*control, binding.value(message)?)))
    }

    /// The button (Play, Stop or Rec) that this message presses; `None` for one let go.
    #[must_use]
    pub fn pressed(&self, message: &Message) -> Option<Control> {
        self.bindings.iter().filter(|(control, _)| control.is_button()).find_map(|(control, binding)| {
            let value = binding.value(message)?;
            (binding.press == Press::Toggle || value >= i16::from(DOWN)).then_some(*control)
        })
    }

    /// The other control that already has this message.
    #[must_use]
    pub fn rival(&self, control: Control, source: &Source, channel: Option<Channel>) -> Option<Control> {
        self.bindings
            .iter()
            .find(|(other, b)| {
                let channels = b.channel.is_none() || channel.is_none() || b.channel == channel;
                **other != control && b.source == *source && channels
            })
            .map(|(other, _)| *other)
    }
}

impl Binding {
    fn value(&self, message: &Message) -> Option<i16> {
        if self.channel.is_some() && message.channel() != self.channel {
            return None;
        }
        self.source.value(message)
    }

    /// What is sent when the control is pressed and let go, on its channel or on `channel`.
    #[must_use]
    pub fn press_and_release(&self, channel: Channel) -> Vec<Message> {
        let mut messages = self.source.press_and_release(self.channel.unwrap_or(channel));
        if self.press == Press::Toggle {
            // Each message is a press of its own.
            messages.truncate(1);
        }
        messages
    }

    /// As the settings keep it.
    #[must_use]
    pub fn to_setting(&self) -> ControlSetting {
        ControlSetting {
            message: self.source.to_string(),
            channel: self.channel.map(Channel::number),
            press: (self.press == Press::Toggle).then(|| "toggle".to_owned()),
        }
    }
}

fn read(name: &str, setting: &ControlSetting) -> Result<(Control, Binding), String> {
    let names = || Control::ALL.map(Control::name).join(", ");
    let control = Control::from_name(name).ok_or_else(|| format!("no such control; there are {}", names()))?;
    let channel = match setting.channel {
        None => None,
        Some(n) => Some(Channel::from_number(n).ok_or_else(|| format!("channel {n}: must be 1 to 16"))?),
    };
    let press = match setting.press.as_deref() {
        None | Some("momentary") => Press::Momentary,
        Some("toggle") => Press::Toggle,
        Some(other) => return Err(format!("press = \"{other}\": must be \"momentary\" or \"toggle\"")),
    };
    Ok((control, Binding { source: setting.message.parse()?, channel, press }))
}

/// The name of a controller as the AKM322 has it on its panel, or as the MIDI specification has it.
#[must_use]
pub fn controller_name(controller: Controller) -> Option<&'static str> {
    Some(match controller.get() {
        0 => "bank select",
        1 => "modulation wheel",
        2 => "breath",
        4 => "foot",
        5 => "portamento time",
        6 => "data entry",
        7 => "volume slider",
        8 => "balance",
        10 => "encoder (pan)",
        11 => "expression",
        21 => "knob 1",
        22 => "knob 2",
        23 => "knob 3",
        32 => "bank select (fine)",
        64 => "sustain pedal",
        65 => "portamento",
        66 => "sostenuto",
        67 => "soft pedal",
        68 => "legato",
        91 => "Set + Reverb",
        93 => "chorus",
        105 => "Play",
        106 => "Stop",
        107 => "Rec",
        120 => "all sound off",
        121 => "reset controllers",
        122 => "local control",
        123 => "all notes off",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cc(controller: u8, value: u8) -> Message {
        Message::from_bytes(&[0xb0, controller, value]).unwrap()
    }

    fn setting(message: &str, channel: Option<u8>, press: Option<&str>) -> ControlSetting {
        ControlSetting { message: message.to_owned(), channel, press: press.map(str::to_owned) }
    }

    fn map(name: &str, s: ControlSetting) -> (ControlMap, Vec<String>) {
        ControlMap::from_settings(&BTreeMap::from([(name.to_owned(), s)]))
    }

    #[test]
    fn the_buttons_act_when_pressed_and_not_when_let_go() {
        let map = ControlMap::default();
        assert_eq!(map.pressed(&cc(107, 127)), Some(Control::Rec));
        assert_eq!(map.pressed(&cc(106, 127)), Some(Control::Stop));
        assert_eq!(map.pressed(&cc(106, 0)), None);
        assert_eq!(map.pressed(&cc(105, 64)), Some(Control::Play));
        assert_eq!(map.pressed(&cc(1, 127)), None);
    }

    #[test]
    fn a_toggle_acts_each_time() {
        let (map, warnings) = map("stop", setting("cc 106", None, Some("toggle")));
        assert!(warnings.is_empty());
        assert_eq!(map.pressed(&cc(106, 0)), Some(Control::Stop));
        assert_eq!(map.pressed(&cc(106, 127)), Some(Control::Stop));
    }

    #[test]
    fn every_control_is_found_by_what_it_sends() {
        let map = ControlMap::default();
        assert_eq!(map.lookup(&cc(91, 64)), Some((Control::Reverb, 64)));
        let wheel = Message::from_bytes(&[0xe0, 64, 64]).unwrap();
        assert_eq!(map.lookup(&wheel), Some((Control::PitchWheel, 64)));
        assert_eq!(map.lookup(&cc(20, 1)), None);
        for control in Control::ALL {
            assert_eq!(Control::from_name(control.name()), Some(control));
        }
    }

    #[test]
    fn a_learned_control_counts_on_its_channel_only_and_the_old_message_no_more() {
        let (map, _) = map("play", setting("note 36", Some(10), None));
        assert_eq!(map.pressed(&Message::from_bytes(&[0x99, 36, 100]).unwrap()), Some(Control::Play));
        assert_eq!(map.pressed(&Message::from_bytes(&[0x90, 36, 100]).unwrap()), None);
        assert_eq!(map.pressed(&cc(105, 127)), None);
    }

    #[test]
    fn settings_of_no_use_are_said_and_the_rest_stands() {
        for (name, s, word) in [
            ("pay", setting("cc 1", None, None), "pitch-wheel"),
            ("play", setting("cc 200", None, None), "127"),
            ("play", setting("cc 1", Some(17), None), "16"),
            ("play", setting("cc 1", None, Some("hold")), "toggle"),
        ] {
            let (map, warnings) = map(name, s);
            assert!(warnings.len() == 1 && warnings[0].contains(word), "{warnings:?}");
            assert_eq!(map, ControlMap::default());
        }
    }

    #[test]
    fn of_an_unknown_keyboard_only_what_was_learned_counts() {
        let settings = BTreeMap::from([
            ("rec".to_owned(), setting("cc 20", None, None)),
            ("pay".to_owned(), setting("cc 1", None, None)),
        ]);
        let map = ControlMap::only_learned(&settings);
        assert_eq!(map.pressed(&cc(20, 127)), Some(Control::Rec));
        for default in [1, 105, 106, 107] {
            assert_eq!(map.lookup(&cc(default, 127)), None);
        }
    }

    #[test]
    fn a_button_presses_itself_however_it_was_learned() {
        for (message, press) in [
            ("cc 20", None),
            ("cc 20", Some("toggle")),
            ("note 36", None),
            ("program 5", None),
            ("pressure", None),
            ("pitch", None),
            ("stop", None),
            ("sysex F0 7F 7F 06 02 F7", None),
        ] {
            let (map, _) = map(
                "stop",
                setting(message, (!matches!(message, "stop" | "sysex F0 7F 7F 06 02 F7")).then_some(3), press),
            );
            let sent = map.binding(Control::Stop).unwrap().press_and_release(Channel::default());
            let presses = sent.iter().filter(|m| map.pressed(m) == Some(Control::Stop)).count();
            assert_eq!(presses, 1, "{message}: {sent:?}");
            assert!(sent.iter().all(|m| map.lookup(m).is_some()), "{message}: {sent:?}");
        }
    }

    #[test]
    fn a_rival_is_named() {
        let map = ControlMap::default();
        assert_eq!(map.rival(Control::Play, &Source::Controller(REC), None), Some(Control::Rec));
        assert_eq!(map.rival(Control::Rec, &Source::Controller(REC), None), None);
    }

    #[test]
    fn a_binding_survives_the_settings() {
        let setting = setting("sysex F0 7F 7F 06 02 F7", None, Some("toggle"));
        let (map, _) = map("play", setting.clone());
        assert_eq!(map.binding(Control::Play).unwrap().to_setting(), setting);
    }
}
