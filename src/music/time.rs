//! Time: microseconds as they are measured, ticks as a Standard MIDI File counts them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time or a length in microseconds.
///
/// What zero means is said where a value is stored: the session's start for what comes from a
/// keyboard, the take's start inside a take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

impl Micros {
    /// The start of whatever is measured.
    pub const ZERO: Micros = Micros(0);

    /// From whole milliseconds.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Micros {
        Micros(ms.saturating_mul(1_000))
    }

    /// The time from `earlier` to `self`, zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Micros) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }

    /// `self` and `length` added, at most [`u64::MAX`].
    #[must_use]
    pub const fn plus(self, length: Micros) -> Micros {
        Micros(self.0.saturating_add(length.0))
    }

    /// In seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl From<Duration> for Micros {
    fn from(d: Duration) -> Micros {
        Micros(u64::try_from(d.as_micros()).unwrap_or(u64::MAX))
    }
}

impl From<Micros> for Duration {
    fn from(m: Micros) -> Duration {
        Duration::from_micros(m.0)
    }
}

/// A point in time or a length in ticks, the unit of a Standard MIDI File.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(pub u64);

/// Ticks per quarter note ("resolution"), 1 to 32767.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Ppq(u16);

impl Ppq {
    /// The resolution of what composer records.
    pub const DEFAULT: Ppq = Ppq(960);

    /// `None` unless 1 <= `ticks` <= 32767 (a Standard MIDI File has 15 bits for it).
    #[must_use]
    pub const fn new(ticks: u16) -> Option<Ppq> {
        if ticks >= 1 && ticks <= 0x7fff { Some(Ppq(ticks)) } else { None }
    }

    /// Ticks per quarter note.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Ppq {
    type Error = String;
    fn try_from(v: u16) -> Result<Ppq, String> {
        Ppq::new(v).ok_or_else(|| format!("{v} ticks a quarter note: must be 1 to 32767"))
    }
}

impl From<Ppq> for u16 {
    fn from(p: Ppq) -> u16 {
        p.0
    }
}

impl FromStr for Ppq {
    type Err = String;
    fn from_str(s: &str) -> Result<Ppq, String> {
        s.parse::<u16>()
            .ok()
            .and_then(Ppq::new)
            .ok_or_else(|| format!("`{s}`: ticks a quarter note must be 1 to 32767"))
    }
}

/// A tempo, kept as a Standard MIDI File keeps it: whole microseconds a quarter note, 1 to 16,777,215.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Tempo(u32);

impl TryFrom<u32> for Tempo {
    type Error = String;
    fn try_from(us: u32) -> Result<Tempo, String> {
        if (1..=0x00ff_ffff).contains(&us) {
            Ok(Tempo(us))
        } else {
            Err(format!("{us} microseconds a quarter note: must be 1 to 16777215"))
        }
    }
}

impl From<Tempo> for u32 {
    fn from(tempo: Tempo) -> u32 {
        tempo.0
    }
}

impl Tempo {
    /// 120 quarter notes a minute, which holds where a file says nothing.
    pub const DEFAULT: Tempo = Tempo(500_000);

    /// The slowest and the fastest tempo that [`Tempo::from_bpm`] takes, in quarter notes a minute.
    pub const BPM_RANGE: std::ops::RangeInclusive<f64> = 4.0..=1000.0;

    /// From quarter notes a minute; `None` outside [`Tempo::BPM_RANGE`] or when not a number.
    #[must_use]
    pub fn from_bpm(bpm: f64) -> Option<Tempo> {
        Tempo::BPM_RANGE.contains(&bpm).then(|| Tempo((60e6 / bpm).round() as u32))
    }

    /// From microseconds a quarter note; 0 counts as 1 and what 24 bits cannot hold as the most they can.
    #[must_use]
    pub fn from_micros_per_quarter(us: u32) -> Tempo {
        Tempo(us.clamp(1, 0x00ff_ffff))
    }

    /// Microseconds a quarter note.
    #[must_use]
    pub const fn micros_per_quarter(self) -> u32 {
        self.0
    }

    /// Quarter notes a minute.
    #[must_use]
    pub fn bpm(self) -> f64 {
        60e6 / f64::from(self.0)
    }

    /// The tick nearest to a point in time, counted from the same zero.
    #[must_use]
    pub fn ticks(self, at: Micros, ppq: Ppq) -> Ticks {
        let (n, d) = (u128::from(at.0) * u128::from(ppq.get()), u128::from(self.0));
        Ticks(u64::try_from((n + d / 2) / d).unwrap_or(u64::MAX))
    }

    /// The point in time of a tick, rounded to the microsecond.
    #[must_use]
    pub fn micros(self, at: Ticks, ppq: Ppq) -> Micros {
        let (n, d) = (u128::from(at.0) * u128::from(self.0), u128::from(ppq.get()));
        Micros(u64::try_from((n + d / 2) / d).unwrap_or(u64::MAX))
    }
}

impl FromStr for Tempo {
    type Err = String;
    fn from_str(s: &str) -> Result<Tempo, String> {
        s.parse::<f64>().ok().and_then(Tempo::from_bpm).ok_or_else(|| {
            let (lo, hi) = (Tempo::BPM_RANGE.start(), Tempo::BPM_RANGE.end());
            format!("`{s}`: a tempo must be {lo} to {hi} quarter notes a minute")
        })
    }
}

/// A time signature such as 3/4: `numerator` beats a bar, each a 1/`denominator` note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeSignature {
    numerator: u8,
    /// The exponent: 2 for quarters, 3 for eighths.
    denominator_power: u8,
}

impl TimeSignature {
    /// 4/4, which holds where a file says nothing.
    pub const COMMON: TimeSignature = TimeSignature { numerator: 4, denominator_power: 2 };

    /// `None` unless 1 <= `numerator` <= 255 and the denominator is a power of two from 1 to 128.
    #[must_use]
    pub fn new(numerator: u8, denominator: u8) -> Option<TimeSignature> {
        (numerator > 0 && denominator.is_power_of_two())
            .then(|| TimeSignature { numerator, denominator_power: denominator.trailing_zeros() as u8 })
    }

    /// Beats a bar.
    #[must_use]
    pub const fn numerator(self) -> u8 {
        self.numerator
    }

    /// The note value of a beat: 4 for a quarter.
    #[must_use]
    pub const fn denominator(self) -> u8 {
        1 << self.denominator_power
    }

    /// The denominator's exponent of two, as a Standard MIDI File stores it.
    #[must_use]
    pub const fn denominator_power(self) -> u8 {
        self.denominator_power
    }

    /// The length of one beat at a tempo.
    #[must_use]
    pub fn beat(self, tempo: Tempo) -> Micros {
        Micros(u64::from(tempo.micros_per_quarter()) * 4 / u64::from(self.denominator()))
    }

    /// The length of one bar at a tempo.
    #[must_use]
    pub fn bar(self, tempo: Tempo) -> Micros {
        Micros(u64::from(tempo.micros_per_quarter()) * 4 * u64::from(self.numerator) / u64::from(self.denominator()))
    }
}

impl TryFrom<String> for TimeSignature {
    type Error = String;
    fn try_from(text: String) -> Result<TimeSignature, String> {
        text.parse()
    }
}

impl From<TimeSignature> for String {
    fn from(signature: TimeSignature) -> String {
        signature.to_string()
    }
}

impl fmt::Display for TimeSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator())
    }
}

impl FromStr for TimeSignature {
    type Err = String;
    fn from_str(s: &str) -> Result<TimeSignature, String> {
        s.split_once('/')
            .and_then(|(n, d)| TimeSignature::new(n.trim().parse().ok()?, d.trim().parse().ok()?))
            .ok_or_else(|| format!("`{s}`: a time signature looks like 3/4 or 6/8 (beats 1 to 255, note value 1 to 128, a power of two)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_rounded_from_absolute_time() {
        let t = Tempo::from_bpm(120.0).unwrap();
        assert_eq!(t.ticks(Micros(500_000), Ppq::DEFAULT), Ticks(960));
        assert_eq!(t.ticks(Micros(260), Ppq::DEFAULT), Ticks(0));
        assert_eq!(t.ticks(Micros(261), Ppq::DEFAULT), Ticks(1));
        assert_eq!(t.micros(Ticks(960), Ppq::DEFAULT), Micros(500_000));
    }

    #[test]
    fn what_is_out_of_range_is_refused_with_the_range() {
        assert!("0".parse::<Tempo>().unwrap_err().contains("4 to 1000"));
        assert!("NaN".parse::<Tempo>().is_err());
        assert!("0".parse::<Ppq>().is_err());
        assert!("32768".parse::<Ppq>().is_err());
        assert!("4/3".parse::<TimeSignature>().is_err());
        assert!("0/4".parse::<TimeSignature>().is_err());
        assert_eq!("6/8".parse::<TimeSignature>().unwrap().to_string(), "6/8");
    }

    #[test]
    fn a_bar_of_six_eighths_lasts_three_quarters() {
        let six_eight = TimeSignature::new(6, 8).unwrap();
        assert_eq!(six_eight.bar(Tempo::DEFAULT), Micros(1_500_000));
        assert_eq!(six_eight.beat(Tempo::DEFAULT), Micros(250_000));
    }
}
