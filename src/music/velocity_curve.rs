//! How the force of a touch becomes loudness.

use std::fmt;
use std::str::FromStr;

use super::message::Velocity;

/// How the force of a touch becomes loudness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VelocityCurve {
    /// A light touch is already loud.
    Soft,
    /// As the keyboard says.
    #[default]
    Linear,
    /// Only a heavy touch is loud.
    Hard,
    /// Always the same.
    Fixed(Velocity),
}

impl VelocityCurve {
    /// The velocity that sounds; never 0.
    #[must_use]
    pub fn apply(self, velocity: Velocity) -> Velocity {
        let bent = |power: f32| {
            let v = f32::from(velocity.get()) / 127.0;
            Velocity::masked((v.powf(power) * 127.0).round().clamp(1.0, 127.0) as u8)
        };
        match self {
            VelocityCurve::Soft => bent(0.55),
            VelocityCurve::Linear => Velocity::masked(velocity.get().max(1)),
            VelocityCurve::Hard => bent(1.8),
            VelocityCurve::Fixed(v) => Velocity::masked(v.get().max(1)),
        }
    }
}

impl FromStr for VelocityCurve {
    type Err = String;

    fn from_str(text: &str) -> Result<VelocityCurve, String> {
        match text.trim() {
            "soft" => Ok(VelocityCurve::Soft),
            "linear" => Ok(VelocityCurve::Linear),
            "hard" => Ok(VelocityCurve::Hard),
            number => number
                .parse::<u8>()
                .ok()
                .filter(|v| *v > 0)
                .and_then(Velocity::new)
                .map(VelocityCurve::Fixed)
                .ok_or_else(|| "there are soft, linear, hard, and 1 to 127".to_owned()),
        }
    }
}

impl fmt::Display for VelocityCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VelocityCurve::Soft => f.write_str("soft"),
            VelocityCurve::Linear => f.write_str("linear"),
            VelocityCurve::Hard => f.write_str("hard"),
            VelocityCurve::Fixed(velocity) => write!(f, "{}", velocity.get()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_rise_and_reach_both_ends() {
        for curve in [VelocityCurve::Soft, VelocityCurve::Linear, VelocityCurve::Hard] {
            let v: Vec<u8> = (1..=127).map(|v| curve.apply(Velocity::masked(v)).get()).collect();
            assert!(v.is_sorted() && v[0] >= 1 && v[126] == 127, "{curve:?}");
        }
        let middle = |c: VelocityCurve| c.apply(Velocity::masked(64)).get();
        assert!(middle(VelocityCurve::Soft) > 64 && middle(VelocityCurve::Hard) < 64);
        assert_eq!(middle(VelocityCurve::Fixed(Velocity::masked(90))), 90);
    }

    #[test]
    fn every_curve_is_read_as_it_is_written() {
        for text in ["soft", "linear", "hard", "1", "127"] {
            assert_eq!(text.parse::<VelocityCurve>().map(|c| c.to_string()), Ok(text.to_owned()));
        }
        for wrong in ["", "0", "128", "loud"] {
            assert!(wrong.parse::<VelocityCurve>().is_err(), "{wrong}");
        }
    }
}
