//! The metronome: two clicks made by our own code, and when they are due.
//!
//! Clicks of a performance come from its own beats, see [`beats`]; those of a recording run on the
//! clock of the keyboard's time stamps, see [`Count`], and are sent early by the output's latency, so
//! that they are heard when they are due.

use std::f32::consts::TAU;

use crate::music::composition::Division;
use crate::music::{Micros, Tempo, TempoMap, Ticks, TimeSignature};

/// A click's length in seconds.
const LENGTH: f32 = 0.04;

/// Where a click is due, and whether it begins a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// When.
    pub at: Micros,
    /// Whether it is the first of its bar.
    pub accent: bool,
}

/// The beats of a piece up to `end`, at most a million. None where ticks are parts of film frames.
#[must_use]
pub fn beats(map: &TempoMap, division: Division, end: Ticks) -> Box<[Beat]> {
    const MOST: usize = 1_000_000;
    let Division::Metrical(ppq) = division else { return Box::default() };
    let whole_note = 4 * u64::from(ppq.get());
    let mut signatures = map.signatures().peekable();
    let mut signature = TimeSignature::COMMON;
    let mut beats = Vec::new();
    for bar in 1.. {
        let (Some(start), Some(next)) = (map.bar_start(bar), map.bar_start(bar + 1)) else { break };
        while let Some((_, s)) = signatures.next_if(|(at, _)| *at <= start) {
            signature = s;
        }
        for beat in 0..u64::from(signature.numerator()) {
            let at = Ticks(start.0.saturating_add(beat * whole_note / u64::from(signature.denominator())));
            if at > end || beats.len() >= MOST {
                return beats.into();
            }
            // A time signature may cut the bar before it short.
            if beat == 0 || at < next {
                beats.push(Beat { at: map.micros(at), accent: beat == 0 });
            }
        }
    }
    beats.into()
}

/// Clicks on the clock of the keyboard's time stamps: bars to count in, then for as long as wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// When the first click is to be heard.
    pub start: Micros,
    /// The tempo.
    pub tempo: Tempo,
    /// The time signature.
    pub signature: TimeSignature,
    /// How many bars; `None` for no end.
    pub bars: Option<u32>,
}

impl Count {
    /// The n-th beat, from 0; `None` after the last.
    #[must_use]
    pub fn beat(&self, n: u64) -> Option<Beat> {
        let in_bar = u64::from(self.signature.numerator());
        if self.bars.is_some_and(|bars| n >= u64::from(bars) * in_bar) {
            return None;
        }
        // From the beat's number, so that rounding never adds up.
        let micros =
            u128::from(self.tempo.micros_per_quarter()) * 4 * u128::from(n) / u128::from(self.signature.denominator());
        let at = self.start.plus(Micros(u64::try_from(micros).unwrap_or(u64::MAX)));
        Some(Beat { at, accent: n.is_multiple_of(in_bar) })
    }

    /// When the beat after the last counted bar is: where the music begins. `None` without an end.
    #[must_use]
    pub fn end(&self) -> Option<Micros> {
        let bars = self.bars?;
        let endless = Count { bars: None, ..*self };
        endless.beat(u64::from(bars) * u64::from(self.signature.numerator())).map(|b| b.at)
    }
}

/// The two clicks as samples, and the one that sounds.
#[derive(Debug)]
pub struct Clicker {
    accent: Box<[f32]>,
    normal: Box<[f32]>,
    level: f32,
    sounding: Option<(bool, usize)>,
}

impl Clicker {
    /// Makes the clicks for a sample rate in hertz.
    #[must_use]
    pub fn new(rate: u32) -> Clicker {
        Clicker { accent: click(rate, 1_760.0, 0.5), normal: click(rate, 1_174.7, 0.32), level: 1.0, sounding: None }
    }

    /// At a level, 1.0 as it is.
    #[must_use]
    pub fn at_level(self, level: f32) -> Clicker {
        Clicker { level, ..self }
    }

    /// Its level.
    #[must_use]
    pub fn level(&self) -> f32 {
        self.level
    }

    /// Sets its level, 1.0 as it is, 2.0 at most.
    pub fn set_level(&mut self, level: f32) {
        self.level = level.clamp(0.0, 2.0);
    }

    /// Starts a click; one that sounds is cut.
    pub fn strike(&mut self, accent: bool) {
        self.sounding = Some((accent, 0));
    }

    /// Adds what sounds to the buffers.
    pub fn add(&mut self, left: &mut [f32], right: &mut [f32]) {
        let Some((accent, from)) = self.sounding else { return };
        let samples = if accent { &self.accent } else { &self.normal };
        let rest = samples.get(from..).unwrap_or_default();
        for ((l, r), x) in left.iter_mut().zip(right.iter_mut()).zip(rest) {
            *l += x * self.level;
            *r += x * self.level;
        }
        let to = from + left.len();
        self.sounding = (to < samples.len()).then_some((accent, to));
    }
}

/// A struck block of wood, nearly: a sine with an overtone that dies away at once.
fn click(rate: u32, hertz: f32, level: f32) -> Box<[f32]> {
    let rate = rate.max(1) as f32;
    // No overtone beyond what the rate can carry.
    let overtone = if hertz * 2.7 < rate / 2.0 { 0.4 } else { 0.0 };
    (0..(LENGTH * rate) as usize)
        .map(|i| {
            let t = i as f32 / rate;
            let attack = (t / 0.0005).min(1.0);
            let end = ((LENGTH - t) / 0.005).min(1.0);
            let tone = (TAU * hertz * t).sin() + overtone * (TAU * hertz * 2.7 * t).sin() * (-t / 0.004).exp();
            level * attack * end * tone * (-t / 0.010).exp()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::Ppq;

    #[test]
    fn beats_follow_the_signatures() {
        let signatures =
            vec![(Ticks(0), TimeSignature::new(3, 4).unwrap()), (Ticks(2880), TimeSignature::new(6, 8).unwrap())];
        let division = Division::Metrical(Ppq::new(480).unwrap());
        let map = TempoMap::new(division, vec![], signatures);
        let beats = beats(&map, division, Ticks(2880 + 1440));
        let accents: Vec<_> = beats.iter().enumerate().filter(|(_, b)| b.accent).map(|(i, _)| i).collect();
        assert_eq!(accents, [0, 3, 6, 12]);
        assert_eq!(beats[1].at, Micros(500_000));
        assert_eq!(beats[7].at, Micros(3_250_000));
    }

    #[test]
    fn a_count_in_ends_where_the_music_begins() {
        let count = Count {
            start: Micros(7),
            tempo: Tempo::from_bpm(70.0).unwrap(),
            signature: TimeSignature::new(3, 4).unwrap(),
            bars: Some(2),
        };
        let beats: Vec<_> = (0..).map_while(|n| count.beat(n)).collect();
        assert_eq!(beats.len(), 6);
        assert_eq!(beats.iter().filter(|b| b.accent).count(), 2);
        assert_eq!(count.end(), Some(Micros(7 + 6 * 857_143)));
    }

    #[test]
    fn clicks_start_softly_end_in_silence_and_fit_every_rate() {
        for rate in [8_000, 48_000, 192_000] {
            let mut clicker = Clicker::new(rate);
            clicker.strike(true);
            let n = rate as usize / 10;
            let (mut l, mut r) = (vec![0.0; n], vec![0.0; n]);
            for (l, r) in l.chunks_mut(50).zip(r.chunks_mut(50)) {
                clicker.add(l, r);
            }
            assert!(l[0].abs() < 0.01 && l[n - 1] == 0.0);
            let peak = l.iter().fold(0.0f32, |a, x| a.max(x.abs()));
            assert!((0.2..0.9).contains(&peak), "{peak} at {rate}");
        }
    }
}
