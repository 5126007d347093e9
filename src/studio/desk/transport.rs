//! The beat that takes are recorded to.

use crate::audio::metronome::Count;
use crate::music::{Micros, Ppq, Tempo, TimeSignature};
use crate::settings::RecordSettings;
use crate::studio::record::{Plan, Start};

/// The silence after which what is captured becomes a stretch of its own.
const STRETCH: Micros = Micros::from_millis(8_000);

/// Tempo, time signature, count-in and metronome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beat {
    /// The tempo.
    pub tempo: Tempo,
    /// The time signature.
    pub signature: TimeSignature,
    /// Bars to count before a take.
    pub count_in: u32,
    /// Whether the beat sounds.
    pub metronome: bool,
}

impl Beat {
    /// As the settings have it.
    #[must_use]
    pub fn of_settings(settings: &RecordSettings) -> Beat {
        Beat {
            tempo: settings.bpm,
            signature: settings.time_signature,
            count_in: settings.count_in,
            metronome: settings.metronome,
        }
    }

    /// The clicks of a take whose first beat is at `origin`, if there are any.
    pub(super) fn clicks(&self, origin: Micros) -> Option<Count> {
        let start = origin.since(Micros(self.signature.bar(self.tempo).0 * u64::from(self.count_in)));
        let bars = if self.metronome { None } else { Some(self.count_in) };
        (bars != Some(0)).then_some(Count { start, tempo: self.tempo, signature: self.signature, bars })
    }

    /// How a take is recorded.
    pub(super) fn take(&self, ppq: Ppq) -> Plan {
        Plan {
            tempo: self.tempo,
            time_signature: self.signature,
            ppq,
            count_in: self.count_in,
            start: Start::AtOnce,
            silence: None,
            split: false,
            duration: None,
            channel: None,
            stay: false,
        }
    }

    /// How what is played between takes is captured.
    pub(super) fn capture(&self, ppq: Ppq) -> Plan {
        Plan { count_in: 0, start: Start::FirstNote, silence: Some(STRETCH), split: true, ..self.take(ppq) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_end_with_the_count_in_unless_the_metronome_goes_on() {
        let beat = Beat { count_in: 2, ..Beat::of_settings(&RecordSettings::default()) };
        assert_eq!(
            beat.clicks(Micros::from_millis(5_000)),
            Some(Count {
                start: Micros::from_millis(1_000),
                tempo: beat.tempo,
                signature: beat.signature,
                bars: Some(2)
            })
        );
        assert_eq!(Beat { metronome: true, ..beat }.clicks(Micros(5)).unwrap().bars, None);
        assert_eq!(Beat { count_in: 0, ..beat }.clicks(Micros(5)), None);
    }
}
