//! Values on the command line that several commands take.

use std::time::Duration;

use crate::audio::sequencer::Speed;
use crate::music::Channel;
use crate::settings::seconds_of;

/// A length of time: `90`, `90s`, `1m30s`, `0.5s`, `500ms`; from 1 ms to a year.
///
/// # Errors
/// Says what it should look like.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = seconds_of(text).filter(|s| (0.001..=31_536_000.0).contains(s));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "must be a time such as 90s, 1m30s or 0.5s".to_owned())
}

/// A length of silence, like [`duration`]; `0` for never.
///
/// # Errors
/// Says what it should look like.
pub fn silence(text: &str) -> Result<Duration, String> {
    if text.trim_end_matches('s') == "0" { Ok(Duration::ZERO) } else { duration(text).map_err(|e| e + "; 0 is never") }
}

/// A channel as people count, 1 to 16.
///
/// # Errors
/// Says so.
pub fn channel(text: &str) -> Result<Channel, String> {
    text.parse().ok().and_then(Channel::from_number).ok_or_else(|| "channels are 1 to 16".to_owned())
}

/// A speed in percent, 25 to 200.
///
/// # Errors
/// Says so.
pub fn speed(text: &str) -> Result<Speed, String> {
    let percent = text.trim_end_matches('%').trim().parse().ok();
    percent.and_then(Speed::new).ok_or_else(|| "a speed is 25 to 200 percent".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_understood_with_and_without_a_unit() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("0.5s"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["", "0", "-1", "NaN", "inf", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
