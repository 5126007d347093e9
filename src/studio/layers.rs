//! What somebody wants under the keys, in words: one instrument or several, each with its transposition,
//! its volume, its feeling for velocity and its part of the keyboard.

use std::str::FromStr;

use super::instruments::{self, NoSuchInstrument};
use crate::audio::SoundFont;
use crate::audio::engine::Layer;
use crate::music::general_midi::PERCUSSION;
use crate::music::message::{Channel, Key};
use crate::music::{VelocityCurve, pitch};

/// A layer as it is asked for: `violin`, or `violin,octave=1,velocity=soft,keys=C4..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerWish {
    /// The instrument, as [`instruments::find`] understands it.
    pub instrument: String,
    /// Semitones up or down, octaves included.
    pub transpose: i8,
    /// Percent of its level, 0 to 100.
    pub volume: u8,
    /// Its feeling for velocity, if it has one of its own.
    pub velocity: Option<VelocityCurve>,
    /// The lowest and the highest key that it answers to.
    pub keys: (Key, Key),
}

impl LayerWish {
    /// An instrument under all keys.
    #[must_use]
    pub fn new(instrument: &str) -> LayerWish {
        let keys = (Key::masked(0), Key::masked(127));
        LayerWish { instrument: instrument.to_owned(), transpose: 0, volume: 100, velocity: None, keys }
    }

    /// Whether a SoundFont has its instrument.
    ///
    /// # Errors
    /// When it has not.
    pub fn is_in(&self, font: &SoundFont) -> Result<(), NoSuchInstrument> {
        instruments::find(font, &self.instrument).map(drop)
    }
}

impl FromStr for LayerWish {
    type Err = String;

    fn from_str(text: &str) -> Result<LayerWish, String> {
        let mut parts = text.split(',');
        let mut wish = LayerWish::new(parts.next().unwrap_or_default().trim());
        if wish.instrument.is_empty() {
            return Err("an instrument comes first, such as violin,octave=1".to_owned());
        }
        let mut semitones = 0i16;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (name.trim(), value.trim());
            let number = |most: i16| {
                let number = value.parse().ok().filter(|n: &i16| n.abs() <= most);
                number.ok_or_else(|| format!("`{name}` is a number from -{most} to {most}"))
            };
            match name {
                "transpose" => semitones += number(60)?,
                "octave" => semitones += 12 * number(5)?,
                "volume" => {
                    let percent = value.trim_end_matches('%').parse().ok().filter(|v| *v <= 100);
                    wish.volume = percent.ok_or("`volume` is 0 to 100 per cent")?;
                }
                "velocity" => wish.velocity = Some(value.parse()?),
                "keys" => wish.keys = range(value)?,
                _ => {
                    return Err(format!(
                        "`{name}` is not known; there are transpose, octave, volume, velocity and keys"
                    ));
                }
            }
        }
        wish.transpose = semitones.clamp(-127, 127) as i8;
        Ok(wish)
    }
}

/// `C4..`, `..B3` or `C2..B3`.
fn range(text: &str) -> Result<(Key, Key), String> {
    let wrong = || "`keys` is a range such as C4.. or ..B3 or C2..B3 (C4 is middle C)".to_owned();
    let (low, high) = text.split_once("..").ok_or_else(wrong)?;
    let key = |text: &str, open: u8| {
        if text.trim().is_empty() { Some(Key::masked(open)) } else { pitch::parse(text) }.ok_or_else(wrong)
    };
    let (low, high) = (key(low, 0)?, key(high, 127)?);
    if low <= high { Ok((low, high)) } else { Err(wrong()) }
}

/// How all layers are played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysWish {
    /// The layers, one at least.
    pub layers: Vec<LayerWish>,
    /// Semitones up or down for all of them.
    pub transpose: i8,
    /// The feel of those that have none of their own.
    pub velocity: VelocityCurve,
}

impl KeysWish {
    /// The layers that play it with the instruments of a SoundFont, and their names for people.
    ///
    /// # Errors
    /// When an instrument is not there.
    pub fn of(&self, font: &SoundFont) -> Result<(Vec<Layer>, String), NoSuchInstrument> {
        // Every layer has a channel for itself; drums are only on theirs.
        let mut free = (0..16).map(Channel::masked).filter(|c| *c != PERCUSSION);
        let mut layers = Vec::new();
        let mut names = Vec::new();
        for wish in &self.layers {
            let instrument = instruments::find(font, &wish.instrument)?;
            let channel = if instrument.channel != PERCUSSION {
                free.next()
            } else {
                // Two kits would be one: there is a single channel for them.
                let other = |l: &Layer| l.channel == PERCUSSION && l.program != instrument.program;
                (!layers.iter().any(other)).then_some(PERCUSSION)
            };
            let Some(channel) = channel else { break };
            layers.push(Layer {
                channel,
                transpose: wish.transpose.saturating_add(self.transpose),
                volume: wish.volume,
                curve: wish.velocity.unwrap_or(self.velocity),
                keys: wish.keys,
                ..Layer::new(instrument.program)
            });
            names.push(instrument.name);
        }
        Ok((layers, names.join(" + ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Velocity;

    #[test]
    fn a_layer_is_read_with_all_that_may_stand_behind_it() {
        let wish: LayerWish =
            "string ensemble 1, octave=-1, transpose=7, volume=60%, velocity=90, keys=C2..B3".parse().unwrap();
        assert_eq!(wish.instrument, "string ensemble 1");
        assert_eq!((wish.transpose, wish.volume), (-5, 60));
        assert_eq!(wish.velocity, Some(VelocityCurve::Fixed(Velocity::masked(90))));
        assert_eq!(wish.keys, (Key::masked(36), Key::masked(59)));
        assert_eq!("1,keys=..B3".parse::<LayerWish>().unwrap().keys, (Key::masked(0), Key::masked(59)));
        for wrong in
            ["", ",octave=1", "1,octave=6", "1,colour=red", "1,volume=101", "1,keys=C4", "1,keys=C4..C3", "1,velocity="]
        {
            assert!(wrong.parse::<LayerWish>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn layers_have_channels_of_their_own_and_drums_theirs() {
        let wish = |text: &str| text.parse::<LayerWish>().unwrap();
        let keys = KeysWish {
            layers: vec![wish("violin,velocity=hard"), wish("drums"), wish("cello,transpose=-12")],
            transpose: 2,
            velocity: VelocityCurve::Soft,
        };
        let (layers, names) = keys.of(&SoundFont::builtin()).unwrap();
        assert_eq!(layers.iter().map(|l| l.channel.get()).collect::<Vec<_>>(), [0, 9, 1]);
        assert_eq!(layers.iter().map(|l| l.transpose).collect::<Vec<_>>(), [2, 2, -10]);
        assert_eq!((layers[0].curve, layers[2].curve), (VelocityCurve::Hard, VelocityCurve::Soft));
        assert_eq!(names, "Violin + Standard Kit + Cello");
        let kits = KeysWish { layers: vec![wish("drums"), wish("drums,keys=C4.."), wish("drums")], ..keys.clone() };
        assert_eq!(kits.of(&SoundFont::builtin()).unwrap().0.len(), 3);
        let none = KeysWish { layers: vec![wish("kazoo")], ..keys };
        assert_eq!(none.of(&SoundFont::builtin()).unwrap_err().wanted, "kazoo");
    }
}
