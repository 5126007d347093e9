//! From two channels of floats to whatever an output takes.

use cpal::{FromSample, SizedSample};

/// Writes frames of `channels` samples: both sides to the first two, their mean where there is only
/// one, silence to all others. The shorter of the slices counts.
pub(super) fn interleave<T: SizedSample + FromSample<f32>>(
    out: &mut [T],
    channels: usize,
    left: &[f32],
    right: &[f32],
) {
    let frames = out.chunks_exact_mut(channels.max(1));
    for ((frame, l), r) in frames.zip(left).zip(right) {
        match frame {
            [only] => *only = T::from_sample((l + r) * 0.5),
            [a, b, others @ ..] => {
                *a = T::from_sample(*l);
                *b = T::from_sample(*r);
                others.fill(T::EQUILIBRIUM);
            }
            [] => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mono_stereo_and_eight_channels() {
        let (l, r) = ([0.5, -1.0], [0.25, 0.0]);
        let mut mono = [0.0f32; 2];
        interleave(&mut mono, 1, &l, &r);
        assert_eq!(mono, [0.375, -0.5]);
        let mut stereo = [0i16; 4];
        interleave(&mut stereo, 2, &l, &r);
        assert_eq!(stereo, [16_384, 8_192, -32_768, 0]);
        let mut eight = [1u8; 16];
        interleave(&mut eight, 8, &l, &r);
        assert_eq!(eight[..3], [192, 160, 128]);
        assert_eq!(eight[8..10], [0, 128]);
    }
}
