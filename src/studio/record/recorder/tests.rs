//! What a player relies on.

use super::*;
use crate::keyboard::controls::Panel;
use crate::music::{Channel, Ppq, Tempo, TimeSignature};

fn plan() -> Plan {
    Plan {
        tempo: Tempo::DEFAULT,
        time_signature: TimeSignature::COMMON,
        ppq: Ppq::DEFAULT,
        count_in: 0,
        start: Start::AtOnce,
        silence: None,
        split: false,
        duration: None,
        channel: None,
        stay: false,
    }
}

fn at(ms: u64) -> Micros {
    Micros::from_millis(ms)
}

fn message(ms: u64, bytes: &[u8]) -> Event {
    Event::Message { at: at(ms), message: Message::from_bytes(bytes).unwrap() }
}

fn note(ms: u64, key: u8) -> [Event; 2] {
    [message(ms, &[0x90, key, 80]), message(ms + 10, &[0x80, key, 64])]
}

/// A session in one go: events, then the end at `end` ms. Steps come back as short words.
fn play(plan: Plan, events: impl IntoIterator<Item = Event>, end: u64) -> Vec<String> {
    let mut steps = Vec::new();
    let mut recorder = Recorder::start(plan, at(0), &mut steps);
    for event in events {
        recorder.hear(&event, &mut steps);
    }
    recorder.finish(at(end), &mut steps);
    words(&steps)
}

fn words(steps: &[Step]) -> Vec<String> {
    let word = |step: &Step| match step {
        Step::Begin(at) => format!("begin {}", at.0 / 1000),
        Step::End(at) => format!("end {}", at.0 / 1000),
        Step::Drop => "drop".into(),
        Step::Keep(at, TakeEvent::Marker(text)) => format!("{} {text}", at.0 / 1000),
        Step::Keep(at, TakeEvent::Message(m)) => {
            let hex: String = m.to_bytes().iter().map(|b| format!("{b:02x}")).collect();
            format!("{} {hex}", at.0 / 1000)
        }
    };
    steps.iter().map(word).collect()
}

#[test]
fn a_take_runs_from_the_start_to_the_end() {
    assert_eq!(play(plan(), note(100, 60), 500), ["begin 0", "100 903c50", "110 803c40", "end 500"]);
}

#[test]
fn a_take_without_music_is_dropped() {
    assert_eq!(play(plan(), [], 500), ["begin 0", "drop"]);
}

#[test]
fn the_first_note_can_begin_the_take_with_what_held_before() {
    let p = Plan { start: Start::FirstNote, ..plan() };
    let mut events = vec![message(10, &[0xb0, 64, 127]), message(20, &[0xb0, 64, 0]), message(30, &[0xb0, 64, 100])];
    events.extend(note(100, 60));
    assert_eq!(play(p, events, 500), ["begin 100", "100 b04064", "100 903c50", "110 803c40", "end 500"]);
}

#[test]
fn silence_ends_a_take_at_its_last_message_and_another_may_follow() {
    let p = Plan { start: Start::FirstNote, silence: Some(at(1000)), split: true, ..plan() };
    let events: Vec<_> = note(100, 60).into_iter().chain(note(900, 62)).chain(note(5000, 64)).collect();
    let steps = play(p, events, 5500);
    let borders: Vec<_> = steps.iter().filter(|s| s.starts_with(['b', 'e'])).collect();
    assert_eq!(borders, ["begin 100", "end 910", "begin 5000", "end 5500"]);
}

#[test]
fn a_held_key_is_no_silence() {
    let p = Plan { silence: Some(at(1000)), ..plan() };
    let events = [message(0, &[0x90, 60, 80]), message(5000, &[0x80, 60, 64]), message(5500, &[0x90, 62, 80])];
    assert_eq!(play(p, events, 6000).last().unwrap(), "end 6000");
}

#[test]
fn a_length_cuts_exactly_and_nothing_comes_after() {
    let p = Plan { duration: Some(at(1000)), ..plan() };
    let events: Vec<_> = note(500, 60).into_iter().chain(note(1000, 62)).collect();
    assert_eq!(play(p, events, 3000), ["begin 0", "500 903c50", "510 803c40", "end 1000"]);
}

#[test]
fn late_messages_from_before_the_deadline_still_count() {
    let mut steps = Vec::new();
    let mut recorder = Recorder::start(Plan { duration: Some(at(1000)), ..plan() }, at(0), &mut steps);
    recorder.tick(at(1001), &mut steps);
    recorder.hear(&message(999, &[0x90, 60, 80]), &mut steps);
    recorder.tick(at(1100), &mut steps);
    assert_eq!(words(&steps), ["begin 0", "999 903c50", "end 1000"]);
    assert!(matches!(recorder.state(), State::Done));
}

#[test]
fn unplugging_closes_what_is_held_and_the_take_goes_on() {
    let events = [
        message(100, &[0x90, 60, 80]),
        message(110, &[0xb0, 64, 127]),
        Event::Disconnected { at: at(200) },
        Event::Connected { at: at(300), name: "AKM322".into(), id: String::new(), panel: Panel::Akm322 },
        message(400, &[0x80, 60, 64]),
        message(500, &[0x90, 62, 80]),
    ];
    assert_eq!(
        play(plan(), events, 600),
        [
            "begin 0",
            "100 903c50",
            "110 b0407f",
            "200 803c40",
            "200 b04000",
            "200 keyboard disconnected",
            "300 keyboard connected: AKM322",
            "500 903e50",
            "end 600"
        ]
    );
}

#[test]
fn the_buttons_make_two_takes() {
    let p = Plan { start: Start::RecButton, stay: true, ..plan() };
    let mut steps = Vec::new();
    let mut recorder = Recorder::start(p, at(0), &mut steps);
    let hear = |r: &mut Recorder, events: [Event; 2], steps: &mut Vec<Step>| {
        events.iter().for_each(|e| r.hear(e, steps));
    };
    hear(&mut recorder, note(50, 60), &mut steps);
    recorder.press(Button::Rec, at(100), &mut steps);
    hear(&mut recorder, note(150, 61), &mut steps);
    recorder.press(Button::Stop, at(200), &mut steps);
    hear(&mut recorder, note(250, 62), &mut steps);
    recorder.press(Button::Rec, at(300), &mut steps);
    hear(&mut recorder, note(350, 63), &mut steps);
    recorder.press(Button::Stop, at(400), &mut steps);
    assert_eq!(
        words(&steps),
        ["begin 100", "150 903d50", "160 803d40", "end 200", "begin 300", "350 903f50", "360 803f40", "end 400"]
    );
}

#[test]
fn a_count_in_puts_beat_1_where_it_was_counted_to() {
    let p = Plan { count_in: 2, ..plan() };
    assert_eq!(play(p, note(3900, 60), 5000)[0], "begin 4200");
}

#[test]
fn one_channel_only_if_so_wished() {
    let p = Plan { channel: Channel::from_number(2), ..plan() };
    let events = [message(10, &[0x90, 60, 80]), message(20, &[0x91, 61, 80])];
    assert_eq!(play(p, events, 100), ["begin 0", "20 913d50", "end 100"]);
}

#[test]
fn a_silent_ended_script_ends_the_session() {
    let mut events = note(10, 60).to_vec();
    events.push(Event::Ended { at: at(700) });
    assert_eq!(play(plan(), events, 9000).last().unwrap(), "end 700");
}

#[test]
fn after_a_panic_button_silence_ends_the_take() {
    for panic in [120, 123] {
        let silence = Plan { silence: Some(at(1000)), ..plan() };
        let events = [message(100, &[0x90, 60, 80]), message(200, &[0xb0, panic, 0])];
        let words = play(silence, events, 5000);
        assert_eq!(words.last().unwrap(), "end 200", "{words:?}");
    }
}
