//! The beat is set by tapping.

use super::*;

#[test]
fn taps_give_a_tempo_and_a_pause_begins_anew() {
    let mut play = Play::default();
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    assert_eq!(play.tap(at(0)), None);
    assert_eq!(play.tap(at(500)), Tempo::from_bpm(120.0));
    assert_eq!(play.tap(at(1_000)), Tempo::from_bpm(120.0));
    assert_eq!(play.tap(at(5_000)), None);
    assert_eq!(play.tap(at(5_600)), Tempo::from_bpm(100.0));
}
