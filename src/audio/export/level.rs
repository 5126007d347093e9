//! How loud: measured, and made as loud as was asked for.

use super::ExportError;

/// The level that a file shall have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Normalise {
    /// As it was performed.
    #[default]
    No,
    /// The largest sample at so many dB below full scale (0 or less).
    Peak(f64),
    /// So many LUFS over the whole piece (EBU R 128); -23 is broadcasting's, -14 that of many players.
    Loudness(f64),
    /// So many dB more than it was performed, whatever that is: what was measured of something else.
    By(f64),
}

impl Normalise {
    /// Whether the level has to be known before it can be changed.
    #[must_use]
    pub fn is_measured(self) -> bool {
        matches!(self, Normalise::Peak(_) | Normalise::Loudness(_))
    }

    /// The change in dB that it takes; none for silence.
    pub(super) fn gain_db(self, measured: &Measured) -> f64 {
        // No quiet passage needs more than this, and noise should not be blown up to music.
        const MOST: f64 = 60.0;
        let gain = match self {
            Normalise::No => 0.0,
            Normalise::By(gain) => return gain,
            Normalise::Peak(to) => to.min(0.0) - measured.peak_db,
            Normalise::Loudness(to) => to - measured.loudness.unwrap_or(to),
        };
        if gain.is_finite() && measured.peak_db > -120.0 { gain.min(MOST) } else { 0.0 }
    }
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The largest sample in dB of full scale; minus infinity for silence.
    pub peak_db: f64,
    /// Loudness over the whole piece in LUFS, where it was asked for and there was any.
    pub loudness: Option<f64>,
}

pub(super) struct Meter {
    peak: f32,
    loudness: Option<ebur128::EbuR128>,
}

impl Meter {
    pub(super) fn new(rate: u32, normalise: Normalise) -> Result<Meter, ExportError> {
        let loudness = match normalise {
            Normalise::Loudness(_) => Some(
                ebur128::EbuR128::new(2, rate, ebur128::Mode::I).map_err(|e| ExportError::Encoder(e.to_string()))?,
            ),
            _ => None,
        };
        Ok(Meter { peak: 0.0, loudness })
    }

    pub(super) fn hear(&mut self, left: &[f32], right: &[f32]) -> Result<(), ExportError> {
        self.peak = left.iter().chain(right).fold(self.peak, |a, x| a.max(x.abs()));
        match &mut self.loudness {
            Some(l) => l.add_frames_planar_f32(&[left, right]).map_err(|e| ExportError::Encoder(e.to_string())),
            None => Ok(()),
        }
    }

    pub(super) fn measured(&self) -> Measured {
        let loudness = self.loudness.as_ref().and_then(|l| l.loudness_global().ok()).filter(|l| l.is_finite());
        Measured { peak_db: 20.0 * f64::from(self.peak).log10(), loudness }
    }
}
