//! The tempo map: from ticks to time and back, and where the bars lie.
//!
//! All sums are of whole numbers over one denominator, so that no error adds up however often
//! the tempo changes; a result is rounded once, to the nearest microsecond or tick.

use super::composition::Division;
use super::time::{Micros, Tempo, Ticks, TimeSignature};

/// Tempos and time signatures of a piece.
#[derive(Clone, Debug, PartialEq)]
pub struct TempoMap {
    /// One microsecond in the units of `Stretch::start`.
    units_per_micro: u64,
    /// Never empty; the first is at tick 0.
    stretches: Vec<Stretch>,
    /// Empty where ticks are parts of film frames.
    meters: Vec<Meter>,
    /// Ticks a whole note, where ticks are parts of notes.
    whole_note: u64,
}

/// From a tempo to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    at: Ticks,
    /// The time since tick 0, in units.
    start: u128,
    units_per_tick: u64,
    /// None where ticks are parts of film frames.
    tempo: Option<Tempo>,
}

/// From a time signature to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Meter {
    at: Ticks,
    signature: TimeSignature,
    /// Whole and begun bars before it.
    bars: u64,
}

/// A place in the bars of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The bar, from 1.
    pub bar: u64,
    /// The beat in the bar, from 1; a beat is the note value under the time signature's line.
    pub beat: u64,
    /// Whole ticks since the beat.
    pub tick: u64,
}

impl TempoMap {
    /// From tempos and time signatures at their ticks, in any order; of several at one tick the
    /// last counts. Before the first, [`Tempo::DEFAULT`] and [`TimeSignature::COMMON`] hold. With
    /// [`Division::Smpte`] neither has a meaning, and they are left out.
    #[must_use]
    pub fn new(
        division: Division,
        mut tempos: Vec<(Ticks, Tempo)>,
        mut signatures: Vec<(Ticks, TimeSignature)>,
    ) -> TempoMap {
        let ppq = match division {
            Division::Smpte { rate, subframes } => {
                let (frames, seconds) = rate.ratio();
                let stretch =
                    Stretch { at: Ticks(0), start: 0, units_per_tick: 1_000_000 * u64::from(seconds), tempo: None };
                return TempoMap {
                    units_per_micro: u64::from(frames) * u64::from(subframes.get()),
                    stretches: vec![stretch],
                    meters: Vec::new(),
                    whole_note: 0,
                };
            }
            Division::Metrical(ppq) => u64::from(ppq.get()),
        };
        tempos.sort_by_key(|(at, _)| *at);
        let mut stretches = vec![Stretch::metrical(Ticks(0), 0, Tempo::DEFAULT)];
        for (at, tempo) in tempos {
            let last = stretches[stretches.len() - 1];
            if last.at == at {
                stretches.pop();
            }
            stretches.push(Stretch::metrical(at, last.units(at), tempo));
        }
        let whole_note = 4 * ppq;
        signatures.sort_by_key(|(at, _)| *at);
        let mut meters = vec![Meter { at: Ticks(0), signature: TimeSignature::COMMON, bars: 0 }];
        for (at, signature) in signatures {
            let last = meters[meters.len() - 1];
            if last.at == at {
                meters.pop();
            }
            meters.push(Meter { at, signature, bars: last.bars_until(at, whole_note) });
        }
        TempoMap { units_per_micro: ppq, stretches, meters, whole_note }
    }

    /// The time of a tick, rounded to the nearest microsecond; [`u64::MAX`] where it is later.
    #[must_use]
    pub fn micros(&self, at: Ticks) -> Micros {
        let stretch = self.stretches[self.stretches.partition_point(|s| s.at <= at).saturating_sub(1)];
        Micros(divided(stretch.units(at), u128::from(self.units_per_micro)))
    }

    /// The tick nearest to a time.
    #[must_use]
    pub fn ticks(&self, at: Micros) -> Ticks {
        let units = u128::from(at.0) * u128::from(self.units_per_micro);
        let next = self.stretches.partition_point(|s| s.start <= units);
        let stretch = self.stretches[next.saturating_sub(1)];
        let since = divided(units - stretch.start.min(units), u128::from(stretch.units_per_tick));
        let tick = stretch.at.0.saturating_add(since);
        Ticks(self.stretches.get(next).map_or(tick, |s| tick.min(s.at.0)))
    }

    /// The tempos with the ticks from which they hold, the first at tick 0. None where ticks are
    /// parts of film frames.
    pub fn tempos(&self) -> impl Iterator<Item = (Ticks, Tempo)> + '_ {
        self.stretches.iter().filter_map(|s| Some((s.at, s.tempo?)))
    }

    /// The time signatures with the ticks from which they hold, the first at tick 0. None where
    /// ticks are parts of film frames.
    pub fn signatures(&self) -> impl Iterator<Item = (Ticks, TimeSignature)> + '_ {
        self.meters.iter().map(|m| (m.at, m.signature))
    }

    /// The time signature that holds at a tick, and the tick from which it does. `None` where ticks are
    /// parts of film frames.
    #[must_use]
    pub fn signature_at(&self, at: Ticks) -> Option<(Ticks, TimeSignature)> {
        self.meter_at(at).map(|m| (m.at, m.signature))
    }

    fn meter_at(&self, at: Ticks) -> Option<&Meter> {
        self.meters.get(self.meters.partition_point(|m| m.at <= at).checked_sub(1)?)
    }

    /// The bar and beat of a tick; a time signature begins a new bar. `None` where ticks are
    /// parts of film frames.
    #[must_use]
    pub fn position(&self, at: Ticks) -> Option<Position> {
        let meter = self.meter_at(at)?;
        let (numerator, denominator) = meter.beats();
        // In parts of a tick, so that beats which are no whole number of ticks lose nothing.
        let parts = u128::from(at.0 - meter.at.0) * denominator;
        let beat = u128::from(self.whole_note);
        let beats = parts / beat;
        Some(Position {
            bar: saturated(u128::from(meter.bars) + beats / numerator + 1),
            beat: saturated(beats % numerator + 1),
            tick: saturated(parts % beat / denominator),
        })
    }

    /// The first tick of a bar, counted from 1. `None` where ticks are parts of film frames, and
    /// for bar 0.
    #[must_use]
    pub fn bar_start(&self, bar: u64) -> Option<Ticks> {
        let before = bar.checked_sub(1)?;
        let meter = self.meters.get(self.meters.partition_point(|m| m.bars <= before).checked_sub(1)?)?;
        let (numerator, denominator) = meter.beats();
        let parts = u128::from(before - meter.bars) * numerator * u128::from(self.whole_note);
        Some(Ticks(saturated(u128::from(meter.at.0) + parts.div_ceil(denominator))))
    }
}

impl Stretch {
    fn metrical(at: Ticks, start: u128, tempo: Tempo) -> Stretch {
        Stretch { at, start, units_per_tick: u64::from(tempo.micros_per_quarter()), tempo: Some(tempo) }
    }

    fn units(&self, at: Ticks) -> u128 {
        self.start + u128::from(at.0.saturating_sub(self.at.0)) * u128::from(self.units_per_tick)
    }
}

impl Meter {
    fn beats(&self) -> (u128, u128) {
        (u128::from(self.signature.numerator()), u128::from(self.signature.denominator()))
    }

    fn bars_until(&self, at: Ticks, whole_note: u64) -> u64 {
        let (numerator, denominator) = self.beats();
        let parts = u128::from(at.0 - self.at.0) * denominator;
        saturated(u128::from(self.bars) + parts.div_ceil(numerator * u128::from(whole_note)))
    }
}

fn divided(dividend: u128, divisor: u128) -> u64 {
    saturated((dividend + divisor / 2) / divisor)
}

fn saturated(n: u128) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU8;

    use proptest::prelude::*;

    use super::super::composition::FrameRate;
    use super::super::time::Ppq;
    use super::*;

    fn metrical(ppq: u16) -> Division {
        Division::Metrical(Ppq::new(ppq).unwrap())
    }

    #[test]
    fn ten_thousand_changes_of_tempo_add_no_error() {
        // A third of a microsecond a tick cannot be summed in microseconds.
        let tempos = (0..10_000).map(|i| (Ticks(i), Tempo::from_micros_per_quarter(1))).collect();
        let map = TempoMap::new(metrical(3), tempos, vec![]);
        assert_eq!(map.micros(Ticks(30_000)), Micros(10_000));
        assert_eq!(map.ticks(Micros(10_000)), Ticks(30_000));
    }

    #[test]
    fn the_last_of_several_tempos_at_a_tick_holds() {
        let bpm = |b| Tempo::from_bpm(b).unwrap();
        let map = TempoMap::new(
            metrical(480),
            vec![(Ticks(480), bpm(30.0)), (Ticks(0), bpm(100.0)), (Ticks(480), bpm(60.0))],
            vec![],
        );
        assert_eq!(map.tempos().collect::<Vec<_>>(), [(Ticks(0), bpm(100.0)), (Ticks(480), bpm(60.0))]);
        assert_eq!(map.micros(Ticks(960)), Micros(600_000 + 1_000_000));
    }

    #[test]
    fn film_frames_know_no_tempo() {
        let division = |rate| Division::Smpte { rate, subframes: NonZeroU8::new(40).unwrap() };
        let map = TempoMap::new(division(FrameRate::Pal), vec![(Ticks(0), Tempo::DEFAULT)], vec![]);
        assert_eq!(map.micros(Ticks(1)), Micros(1_000));
        assert_eq!(map.tempos().count(), 0);
        assert_eq!(map.position(Ticks(5)), None);
        let ntsc = TempoMap::new(division(FrameRate::DropFrame), vec![], vec![]);
        assert_eq!(ntsc.micros(Ticks(30_000 * 40)), Micros(1_001_000_000));
        assert_eq!(ntsc.ticks(Micros(1_001_000_000)), Ticks(30_000 * 40));
    }

    #[test]
    fn bars_follow_changing_signatures() {
        let s = |n, d| TimeSignature::new(n, d).unwrap();
        let map = TempoMap::new(metrical(480), vec![], vec![(Ticks(3840), s(6, 8)), (Ticks(3840 + 1500), s(3, 4))]);
        let at = |t| map.position(Ticks(t)).map(|p| (p.bar, p.beat, p.tick)).unwrap();
        assert_eq!(at(0), (1, 1, 0));
        assert_eq!(at(1919), (1, 4, 479));
        assert_eq!(at(3840), (3, 1, 0));
        assert_eq!(at(3840 + 250), (3, 2, 10));
        // The second 6/8 bar is cut short by the 3/4, which begins a bar of its own.
        assert_eq!(at(3840 + 1499), (4, 1, 59));
        assert_eq!(at(3840 + 1500), (5, 1, 0));
        for (bar, tick) in [(1, 0), (2, 1920), (3, 3840), (4, 5280), (5, 5340), (6, 6780)] {
            assert_eq!(map.bar_start(bar), Some(Ticks(tick)), "bar {bar}");
        }
        assert_eq!(map.bar_start(0), None);
    }

    #[test]
    fn beats_of_half_a_tick_are_counted() {
        let map = TempoMap::new(metrical(1), vec![], vec![(Ticks(0), TimeSignature::new(1, 8).unwrap())]);
        assert_eq!(map.position(Ticks(3)).unwrap().bar, 7);
    }

    proptest! {
        #[test]
        fn a_tick_comes_back_from_its_time(
            ppq in 1u16..=960,
            tempos in proptest::collection::vec((0u64..1_000_000, 10_000u32..=0xff_ffff), 0..20),
            tick in 0u64..10_000_000,
        ) {
            let tempos = tempos.into_iter().map(|(t, us)| (Ticks(t), Tempo::from_micros_per_quarter(us))).collect();
            let map = TempoMap::new(metrical(ppq), tempos, vec![]);
            prop_assert_eq!(map.ticks(map.micros(Ticks(tick))), Ticks(tick));
        }

        #[test]
        fn extremes_neither_panic_nor_wrap(tick: u64, us in 1u32..=0xff_ffff, at: u64) {
            let map = TempoMap::new(
                metrical(1),
                vec![(Ticks(at), Tempo::from_micros_per_quarter(us))],
                vec![(Ticks(at), TimeSignature::new(1, 128).unwrap())],
            );
            let _ = (map.micros(Ticks(tick)), map.ticks(Micros(tick)), map.position(Ticks(tick)), map.bar_start(tick));
            prop_assert!(map.micros(Ticks(tick)) <= map.micros(Ticks(tick.saturating_add(1))));
        }
    }
}
