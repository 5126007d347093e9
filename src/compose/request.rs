//! What is asked for: the kind of work and its parameters, by DeepComposer's names and ranges.
//!
//! Plain data that a command line, a window and a job's `request.json` share. A value of one of
//! these types is within its range: it cannot be made otherwise, from JSON neither.
//! `docs/composing.md` lists the JSON.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::arrangement::Style;
use super::melody::Voice;
use super::tonality::Tonality;
use crate::music::TimeSignature;

/// A value outside the range of its parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} must be {from} to {to}")]
pub struct OutOfRange {
    name: &'static str,
    from: String,
    to: String,
}

/// A number with a name and a range.
macro_rules! ranged {
    ($($(#[$doc:meta])* $type:ident($number:ty) = $name:literal, $from:literal to $to:literal, usually $usual:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $type($number);

        impl $type {
            /// The lowest and the highest.
            pub const RANGE: std::ops::RangeInclusive<$number> = $from..=$to;

            /// `None` outside [`Self::RANGE`].
            #[must_use]
            pub fn new(value: $number) -> Option<$type> {
                Self::RANGE.contains(&value).then_some($type(value))
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> $number {
                self.0
            }

            fn out_of_range() -> OutOfRange {
                OutOfRange { name: $name, from: $from.to_string(), to: $to.to_string() }
            }
        }

        impl Default for $type {
            fn default() -> $type {
                $type($usual)
            }
        }

        impl FromStr for $type {
            type Err = OutOfRange;
            fn from_str(text: &str) -> Result<$type, OutOfRange> {
                text.parse().ok().and_then($type::new).ok_or_else($type::out_of_range)
            }
        }

        impl TryFrom<f64> for $type {
            type Error = OutOfRange;
            fn try_from(value: f64) -> Result<$type, OutOfRange> {
                let number = value as $number;
                // A fraction, where whole numbers are meant, is not taken for one.
                let whole = (number as f64 - value).abs() < 1e-6;
                $type::new(number).filter(|_| whole).ok_or_else($type::out_of_range)
            }
        }

        impl From<$type> for f64 {
            fn from(value: $type) -> f64 {
                value.0.into()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ranged! {
    /// DeepComposer's creative risk: higher is bolder.
    CreativeRisk(f32) = "creative risk", 0.5 to 6.0, usually 1.0;
    /// DeepComposer's sampling iterations: drafts of which the best is kept; 0 takes the first.
    SamplingIterations(u32) = "sampling iterations", 0 to 100, usually 8;
    /// Compositions to make.
    Variations(u32) = "variations", 1 to 16, usually 1;
    /// DeepComposer's maximum input notes to remove, in per cent of the melody's notes.
    NotesToRemove(u32) = "maximum input notes to remove", 0 to 100, usually 0;
    /// DeepComposer's maximum notes to add.
    NotesToAdd(u32) = "maximum notes to add", 50 to 1000, usually 1000;
    /// A tempo in quarter notes a minute.
    Bpm(f32) = "the tempo (quarter notes a minute)", 30.0 to 250.0, usually 120.0;
    /// The quarters that sound before the first bar line, in quarters of a quarter.
    PickUp(f32) = "the pick-up (quarter notes)", 0.0 to 8.0, usually 0.0;
    /// A bar, counted from 1.
    BarNumber(u32) = "a bar", 1 to 100_000, usually 1;
    /// A track, counted from 1 as people do.
    TrackNumber(u32) = "the track", 1 to 65_535, usually 1;
    /// How many bars a melody goes on.
    ExtensionBars(u32) = "bars to add", 1 to 256, usually 4;
    /// How many seconds a melody goes on.
    ExtensionSeconds(u32) = "seconds to add", 1 to 600, usually 20;
}

impl PickUp {
    /// In steps of a sixteenth.
    #[must_use]
    pub fn steps(self) -> u64 {
        (self.0 * 4.0 + 0.5) as u64
    }
}

/// Bars from one to another, both included: `5-8`, or `5` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bars {
    from: u32,
    to: u32,
}

impl Bars {
    /// The first.
    #[must_use]
    pub const fn from(self) -> u32 {
        self.from
    }

    /// The last.
    #[must_use]
    pub const fn to(self) -> u32 {
        self.to
    }
}

impl FromStr for Bars {
    type Err = String;
    fn from_str(text: &str) -> Result<Bars, String> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let bar = |text: &str| text.trim().parse::<BarNumber>().ok().map(BarNumber::get);
        match (bar(from), bar(to)) {
            (Some(from), Some(to)) if from <= to => Ok(Bars { from, to }),
            _ => Err(format!("`{text}`: bars look like 5-8, or 5; they are counted from 1")),
        }
    }
}

impl TryFrom<String> for Bars {
    type Error = String;
    fn try_from(text: String) -> Result<Bars, String> {
        text.parse()
    }
}

impl From<Bars> for String {
    fn from(bars: Bars) -> String {
        bars.to_string()
    }
}

impl fmt::Display for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// What becomes of a bass that the input has: a low track, or the low notes of two hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bass {
    /// It stays, and the harmony is built on it.
    #[default]
    Keep,
    /// Its notes go, and a new one is written.
    Replace,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Add the voices that are missing.
    #[default]
    Compose,
    /// Go on where the melody ends.
    Extend,
}

/// How far a melody goes on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extension {
    /// So many bars, as long as the last one.
    Bars(ExtensionBars),
    /// So much time at the last tempo.
    Seconds(ExtensionSeconds),
}

impl Default for Extension {
    fn default() -> Extension {
        Extension::Bars(ExtensionBars::default())
    }
}

/// A piece of work: `{"kind": "compose", "parameters": {...}}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What is to be done.
    pub kind: Kind,
    /// How. What is left out is as by [`Parameters::default`].
    #[serde(default)]
    pub parameters: Parameters,
}

/// How to compose. Every field may be left out of the JSON; one that is not known is refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// The track of the melody; found out where it is not told.
    pub track: Option<TrackNumber>,
    /// The voice that the melody is; found out where it is not told.
    pub voice: Option<Voice>,
    /// How the harmony is spread over instruments.
    pub style: Style,
    /// The key; read from the file or estimated where it is not told.
    pub key: Option<Tonality>,
    /// The tempo of a recording without a metronome; estimated where it is not told. The file's own
    /// tempo stays what it is.
    pub bpm: Option<Bpm>,
    /// The metre; read from the file or estimated where it is not told.
    pub time_signature: Option<TimeSignature>,
    /// How much of the melody comes before the first bar line; read from the file or estimated where it
    /// is not told.
    pub pick_up: Option<PickUp>,
    /// How many of the melody's notes the model may replace.
    pub max_input_notes_to_remove: NotesToRemove,
    /// How many notes may be added; as many as there are where it is not told.
    pub max_notes_to_add: Option<NotesToAdd>,
    /// Which voices are written; those that are missing where it is not told.
    pub voices: Option<Vec<Voice>>,
    /// What becomes of a bass that the input has.
    pub bass: Bass,
    /// The bars to write; what the input has of the voices there is written anew.
    pub bars: Option<Bars>,
    /// How bold.
    pub creative_risk: CreativeRisk,
    /// How many drafts to choose from.
    pub sampling_iterations: SamplingIterations,
    /// The same seed gives the same composition, on every machine.
    pub seed: u64,
    /// Compositions to make; each after the first takes the next seed.
    pub variations: Variations,
    /// How far to go on, for [`Kind::Extend`].
    pub extension: Extension,
    /// Whether the other voices are added too, for [`Kind::Extend`].
    pub harmony: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_usual_and_what_is_out_of_range_is_told_with_the_range() {
        let request: Request = serde_json::from_str(r#"{"kind":"compose"}"#).unwrap();
        assert_eq!(request, Request::default());
        assert_eq!(serde_json::from_str::<Request>(&serde_json::to_string(&request).unwrap()).unwrap(), request);
        let extend: Request = serde_json::from_str(
            r#"{"kind":"extend","parameters":{"extension":{"seconds":20},"creative_risk":2,"voice":"bass"}}"#,
        )
        .unwrap();
        assert_eq!(extend.parameters.creative_risk.get(), 2.0);
        let wrong = |parameters: &str| {
            let text = format!(r#"{{"kind":"compose","parameters":{parameters}}}"#);
            serde_json::from_str::<Request>(&text).unwrap_err().to_string()
        };
        assert!(wrong(r#"{"creative_risk":7}"#).contains("creative risk must be 0.5 to 6"));
        assert!(wrong(r#"{"sampling_iterations":101}"#).contains("sampling iterations must be 0 to 100"));
        assert!(wrong(r#"{"sampling_iterations":-1}"#).contains("0 to 100"));
        assert!(wrong(r#"{"variations":1.5}"#).contains("1 to 16"));
        assert!(wrong(r#"{"extension":{"bars":0}}"#).contains("1 to 256"));
        assert!(wrong(r#"{"creative_rsik":1}"#).contains("unknown field"));
        assert_eq!(
            "101".parse::<SamplingIterations>().unwrap_err().to_string(),
            "sampling iterations must be 0 to 100"
        );
    }
}
