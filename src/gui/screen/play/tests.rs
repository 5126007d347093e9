//! The beat is set by tapping, and instruments are found by their names.

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

#[test]
fn the_list_of_instruments_is_as_high_as_what_is_found() {
    let instruments = ["Acoustic Grand Piano", "Electric Piano 1", "Church Organ"].map(|name| {
        let program = crate::audio::sequencer::Program { bank: 0, bank_fine: 0, program: 0 };
        Named(Instrument { channel: Default::default(), program, name: name.to_owned() })
    });
    let rows = ["", "PIANO", "piano, 1", "organ church", "theremin"].map(|words| found(&instruments, words));
    assert_eq!(rows, [3, 2, 1, 1, 0]);
}
