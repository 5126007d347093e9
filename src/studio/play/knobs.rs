//! What the keyboard's controls do to the sound, with what the user has taught them.

use crate::audio::engine::Knobs;
use crate::keyboard::controls::{Control, ControlMap, Source};
use crate::music::message::Controller;

/// The controller that a control acts as; `None` for buttons, which make no sound.
fn acts_as(control: Control) -> Option<Option<u8>> {
    match control {
        Control::Play | Control::Stop | Control::Rec => Some(None),
        Control::Modulation => Some(Some(1)),
        Control::Volume => Some(Some(7)),
        Control::Encoder => Some(Some(10)),
        // The AKM322's knobs send controllers without a meaning: reverb, chorus, expression.
        Control::Knob1 | Control::Reverb => Some(Some(91)),
        Control::Knob2 => Some(Some(93)),
        Control::Knob3 => Some(Some(11)),
        Control::Sustain => Some(Some(64)),
        // Not a controller, and it acts by itself.
        Control::PitchWheel => None,
    }
}

/// The table for the engine.
#[must_use]
pub fn knobs(controls: &ControlMap) -> Knobs {
    let mut knobs = Knobs::plain();
    for control in Control::ALL {
        if let (Some(target), Some(binding)) = (acts_as(control), controls.binding(control))
            && let Source::Controller(from) = binding.source
        {
            knobs.set(from, target.map(Controller::masked));
        }
    }
    knobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_delivered_it_is_the_engines_default() {
        assert_eq!(knobs(&ControlMap::default()), Knobs::default());
    }
}
