//! The SoundFont's units, and the few functions behind them.
//!
//! Powers, logarithms and sines are computed here, by additions and multiplications alone: those of the system's
//! library differ between systems, and the same performance must give the same bytes everywhere.

use std::f64::consts::{LN_2, LOG2_E, TAU};

/// The nearest whole number, for numbers below 2^50: by what the processor rounds in an addition, since a call costs
/// more than all else here.
fn nearest(x: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    (x + SHIFT) - SHIFT
}

/// 2 to the power `x`; relative error below 1e-9, limits at 2^-126 and 2^126.
pub(in crate::audio) fn exp2(x: f64) -> f64 {
    let x = x.clamp(-126.0, 126.0);
    let whole = nearest(x);
    let t = (x - whole) * LN_2;
    let series = 1.0
        + t * (1.0
            + t * (1.0 / 2.0
                + t * (1.0 / 6.0 + t * (1.0 / 24.0 + t * (1.0 / 120.0 + t * (1.0 / 720.0 + t / 5040.0))))));
    series * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}

/// The logarithm to base 2 of a number above 0; error below 1e-8.
pub(in crate::audio) fn log2(x: f64) -> f64 {
    let bits = x.max(f64::MIN_POSITIVE).to_bits();
    let exponent = (bits >> 52) as i64 - 1023;
    let mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    // From [1, 2) into [0.75, 1.5), where the series is short.
    let (mantissa, exponent) = if mantissa > 1.5 { (mantissa / 2.0, exponent + 1) } else { (mantissa, exponent) };
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let q = s * s;
    let series = s * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q / 11.0)))));
    exponent as f64 + 2.0 * LOG2_E * series
}

/// The sine of an angle in turns; error below 1e-7.
pub(in crate::audio) fn sin(turns: f64) -> f64 {
    let turns = turns - nearest(turns);
    // The sine is symmetric about a quarter turn.
    let quarter = if turns > 0.25 {
        0.5 - turns
    } else if turns < -0.25 {
        -0.5 - turns
    } else {
        turns
    };
    let x = quarter * TAU;
    let q = x * x;
    x * (1.0 - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * (1.0 - q / 72.0 * (1.0 - q / 110.0 * (1.0 - q / 156.0))))))
}

/// The cosine of an angle in turns.
pub(in crate::audio) fn cos(turns: f64) -> f64 {
    sin(turns + 0.25)
}

/// An attenuation in centibels as a factor.
pub(in crate::audio) fn gain(centibels: f32) -> f32 {
    // log2(10) / 200
    exp2(f64::from(centibels) * -0.016_609_640_474_436_81) as f32
}

/// A factor as an attenuation in centibels, at most 1440.
pub(in crate::audio) fn attenuation(gain: f32) -> f32 {
    (-(log2(f64::from(gain)) / 0.016_609_640_474_436_81) as f32).min(1440.0)
}

/// A frequency ratio from cents.
pub(in crate::audio) fn ratio(cents: f32) -> f64 {
    exp2(f64::from(cents) / 1200.0)
}

/// Hertz from absolute cents, which count from the lowest MIDI note.
pub(in crate::audio) fn hertz(cents: f32) -> f64 {
    8.175_798_915_643_707 * ratio(cents)
}

/// A time in timecents as frames.
pub(in crate::audio) fn frames(timecents: f32, sample_rate: f32) -> f32 {
    exp2(f64::from(timecents) / 1200.0) as f32 * sample_rate
}

/// As [`frames`], where the least value means none: delays and holds.
pub(in crate::audio) fn frames_or_none(timecents: f32, sample_rate: f32) -> u32 {
    if timecents <= -12000.0 { 0 } else { frames(timecents, sample_rate) as u32 }
}

/// The concave curve from 0 to 1 (specification, section 9.5.3): as many decibels as a fader's.
pub(in crate::audio) fn concave(x: f32) -> f32 {
    // 40 / 96 * log10(2)
    let height = -0.125_429_165 * log2(f64::from(1.0 - x).max(1e-9));
    (height as f32).clamp(0.0, 1.0)
}

/// The convex curve from 0 to 1: the concave one turned over.
pub(in crate::audio) fn convex(x: f32) -> f32 {
    1.0 - concave(1.0 - x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_the_library_computes() {
        for i in -3000..3000 {
            let x = f64::from(i) / 97.0;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 1e-8, "exp2({x})");
            assert!((log2(x.exp2()) - x).abs() < 1e-7, "log2 {x}: {}", log2(x.exp2()));
            assert!((sin(x) - (x * TAU).sin()).abs() < 1e-7, "sin({x})");
        }
        assert!((gain(200.0) - 0.1).abs() < 1e-6);
        assert!((attenuation(0.1) - 200.0).abs() < 1e-3);
        assert!((hertz(6900.0) - 440.0).abs() < 1e-3);
    }

    #[test]
    fn the_curves_meet_the_specification() {
        assert_eq!((concave(0.0), concave(1.0), convex(0.0), convex(1.0)), (0.0, 1.0, 0.0, 1.0));
        // A velocity of 64 is 11.9 dB quieter than 127.
        assert!((concave(1.0 - 64.0 / 127.0) * 96.0 - 11.9).abs() < 0.05);
    }
}
