//! What zones and modulators make of a voice's generators, at this moment.

use super::channel::Channel;
use super::units;
use crate::audio::soundfont::generator::{self as g, Values};
use crate::audio::soundfont::modulator::{Curve, Input, Modulator, Source};

/// FluidSynth, and before it the sound cards that fonts were made on, take an attenuation in a font for 0.4 of what
/// the specification says; fonts are voiced for that.
const FONT_ATTENUATION: f32 = 0.4;

/// What a modulator can hear of a note.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    /// As it sounds, after generators that fix key or velocity.
    pub(super) key: u8,
    pub(super) velocity: u8,
    /// The key that was pressed, whose pressure counts.
    pub(super) pressed: u8,
}

/// A voice's generators with all modulators' sums, within their ranges.
pub(super) fn values(base: &Values, modulators: [&[Modulator]; 2], channel: &Channel, note: Note) -> [f32; g::COUNT] {
    let mut values = base.map(f32::from);
    values[g::ATTENUATION] *= FONT_ATTENUATION;
    for modulator in modulators.into_iter().flatten() {
        if let Some(place) = values.get_mut(usize::from(modulator.destination)) {
            *place += sum(modulator, channel, note);
        }
    }
    for (place, value) in values.iter_mut().enumerate() {
        let (low, high) = g::range(place);
        *value = value.clamp(low, high);
    }
    values
}

fn sum(modulator: &Modulator, channel: &Channel, note: Note) -> f32 {
    let first = heard(modulator.source, channel, note);
    if first == 0.0 {
        return 0.0;
    }
    let value = first * heard(modulator.amount_source, channel, note) * f32::from(modulator.amount);
    if modulator.absolute { value.abs() } else { value }
}

/// A source's number after its curve.
fn heard(source: Source, channel: &Channel, note: Note) -> f32 {
    let seven_bits = match source.input {
        Input::One => return 1.0,
        Input::PitchWheel => {
            let x = f32::from(channel.bend);
            return curved(source, (x + 8192.0) / 16383.0, x / 8192.0);
        }
        Input::BendRange => {
            let x = channel.bend_range / 12700.0;
            return curved(source, x, 2.0 * x - 1.0);
        }
        Input::Velocity => note.velocity,
        Input::Key => note.key,
        Input::KeyPressure => channel.key_pressure.get(usize::from(note.pressed)).copied().unwrap_or(0),
        Input::ChannelPressure => channel.pressure,
        Input::Controller(number) => channel.get(number),
    };
    let x = f32::from(seven_bits);
    // 64 is the middle, and both ends are reached.
    curved(source, x / 127.0, if x < 64.0 { (x - 64.0) / 64.0 } else { (x - 64.0) / 63.0 })
}

fn curved(source: Source, unipolar: f32, bipolar: f32) -> f32 {
    let bend = |x: f32| match source.curve {
        Curve::Linear => x,
        Curve::Concave => units::concave(x),
        Curve::Convex => units::convex(x),
        Curve::Switch => f32::from(u8::from(x >= 0.5)),
    };
    match (source.bipolar, source.falling) {
        (false, false) => bend(unipolar),
        (false, true) => bend(1.0 - unipolar),
        (true, falling) => {
            let x = if falling { -bipolar } else { bipolar };
            if source.curve == Curve::Switch {
                return if x >= 0.0 { 1.0 } else { -1.0 };
            }
            bend(x.abs()).copysign(x)
        }
    }
}
