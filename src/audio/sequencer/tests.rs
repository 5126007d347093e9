//! Tests of the sequencer: every message at its frame, and nothing left sounding.

use super::*;
use crate::music::composition::{Division, Event, Format, Track};
use crate::music::message::{Controller, Key, Value};
use crate::music::{Composition, Ppq, Ticks};

const RATE: u32 = 48_000;

#[derive(Default)]
struct Heard {
    base: u64,
    offset: u64,
    messages: Vec<(u64, Message)>,
    clicks: Vec<(u64, bool)>,
    resets: usize,
    restarts: usize,
}

impl Sink for Heard {
    fn advance(&mut self, offset: usize) {
        assert!(self.offset <= self.base + offset as u64, "time went back");
        self.offset = self.base + offset as u64;
    }
    fn message(&mut self, message: &Message) {
        self.messages.push((self.offset, message.clone()));
    }
    fn reset(&mut self) {
        self.resets += 1;
    }
    fn restart(&mut self) {
        self.restarts += 1;
    }
    fn click(&mut self, accent: bool) {
        self.clicks.push((self.offset, accent));
    }
}

impl Heard {
    fn run(&mut self, sequencer: &mut Sequencer, frames: usize, block: usize) {
        let mut left = frames;
        while left > 0 {
            let n = left.min(block);
            sequencer.run(n, self);
            self.base += n as u64;
            left -= n;
        }
    }

    fn notes(&self) -> Vec<(u64, u8, bool)> {
        self.messages
            .iter()
            .filter_map(|(at, m)| match m {
                Message::Voice(_, Voice::NoteOn { key, .. }) => Some((*at, key.get(), true)),
                Message::Voice(_, Voice::NoteOff { key, .. }) => Some((*at, key.get(), false)),
                _ => None,
            })
            .collect()
    }

    fn hanging(&self) -> usize {
        let mut sounding = Sounding::default();
        self.messages.iter().for_each(|(_, m)| sounding.hear(m));
        sounding.close().len()
    }
}

fn on(key: u8) -> Voice {
    Voice::NoteOn { key: Key::masked(key), velocity: Velocity::masked(100) }
}

fn off(key: u8) -> Voice {
    Voice::NoteOff { key: Key::masked(key), velocity: Velocity::masked(64) }
}

fn cc(controller: u8, value: u8) -> Voice {
    Voice::Control { controller: Controller::masked(controller), value: Value::masked(value) }
}

/// 480 ticks a quarter at 120 BPM: a tick is 50 frames.
fn score(tracks: &[&[(u64, u8, Voice)]]) -> Arc<Score> {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    for events in tracks {
        let mut track = Track::new();
        for (at, channel, voice) in *events {
            track.push_voice(Ticks(*at), Channel::masked(*channel), *voice);
        }
        composition.tracks.push(track);
    }
    Arc::new(Score::new(&composition))
}

fn playing(score: &Arc<Score>) -> Sequencer {
    let mut sequencer = Sequencer::new(Arc::clone(score), RATE, 1_000);
    sequencer.play();
    sequencer
}

#[test]
fn every_note_is_at_its_frame_whatever_the_blocks() {
    let events: Vec<_> = (0..200u64).flat_map(|i| [(i * 7, 0, on(60)), (i * 7 + 3, 0, off(60))]).collect();
    let score = score(&[&events]);
    for block in [1, 17, 64, 128, 1_000, 100_000] {
        let mut heard = Heard::default();
        heard.run(&mut playing(&score), 80_000, block);
        let notes = heard.notes();
        assert_eq!(notes.len(), 400);
        for (i, pair) in notes.chunks(2).enumerate() {
            assert_eq!(pair, [(i as u64 * 350, 60, true), (i as u64 * 350 + 150, 60, false)], "blocks of {block}");
        }
    }
}

#[test]
fn speed_changes_time_and_nothing_else() {
    let score = score(&[&[(0, 0, on(60)), (480, 0, off(60)), (960, 0, on(61)), (970, 0, off(61))]]);
    for (percent, frame) in [(25, 192_000), (50, 96_000), (150, 32_000), (200, 24_000)] {
        let mut sequencer = playing(&score);
        sequencer.set_speed(Speed::new(percent).unwrap());
        let mut heard = Heard::default();
        heard.run(&mut sequencer, 300_000, 128);
        assert_eq!(heard.notes()[2], (frame, 61, true), "{percent} %");
    }
    assert_eq!(Speed::new(24), None);
    assert_eq!(Speed::new(201), None);
}

#[test]
fn stops_seeks_mutes_and_ends_leave_nothing_sounding() {
    let score = score(&[
        &[(0, 0, cc(64, 127)), (0, 0, on(60)), (4_000, 0, off(60)), (4_000, 0, cc(64, 0))],
        // Hangs in the file.
        &[(0, 1, on(70)), (5_000, 1, cc(7, 90))],
    ]);
    type Act = fn(&mut Sequencer, &mut Heard);
    // The pedal of a muted strip is let up, so that nothing sounds on, and is down again for what follows.
    let acts: [(&str, usize, Act); 4] = [
        ("pause", 0, |s, h| s.pause(h)),
        ("seek", 0, |s, h| {
            let there = s.score().seek(Micros(4_500_000));
            s.seek(&there, h);
        }),
        ("mute", 1, |s, h| {
            for i in 0..2 {
                s.set_strip(i, Strip { mute: true, ..Strip::default() }, h);
            }
        }),
        ("end", 0, |s, h| h.run(s, 1_000_000, 128)),
    ];
    for (name, left, act) in acts {
        let mut sequencer = playing(&score);
        let mut heard = Heard::default();
        heard.run(&mut sequencer, 10_000, 128);
        assert_eq!(heard.hanging(), 3, "before {name}");
        act(&mut sequencer, &mut heard);
        assert_eq!(heard.hanging(), left, "{name}");
        sequencer.close(&mut heard);
        assert_eq!(heard.hanging(), 0, "{name}, then stopped");
    }
}

#[test]
fn a_reset_in_the_piece_does_not_undo_the_mix() {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::new();
    track.push(Ticks(0), Event::SysEx(&[0x7e, 0x7f, 0x09, 0x01, 0xf7]));
    for (at, voice) in [(1, Voice::Program(Value::masked(5))), (1, cc(7, 90)), (2, on(60)), (960, off(60))] {
        track.push_voice(Ticks(at), Channel::default(), voice);
    }
    composition.tracks.push(track);
    let score = Arc::new(Score::new(&composition));
    let organ = Program { program: 19, ..Program::default() };
    // The last that the instrument is told of its program and its volume, played from the start and from the middle.
    for from in [0, 500_000] {
        let mut sequencer = playing(&score);
        let mut heard = Heard::default();
        let strip = Strip { volume: 25, pan: -64, program: Some(organ), ..Strip::default() };
        sequencer.set_strip(0, strip, &mut heard);
        sequencer.seek(&score.seek(Micros(from)), &mut heard);
        sequencer.play();
        heard.run(&mut sequencer, 1_000, 100);
        let reset = heard.messages.iter().rposition(|(_, m)| matches!(m, Message::SysEx(_))).unwrap();
        let voices: Vec<_> = heard.messages[reset..]
            .iter()
            .filter_map(|(_, m)| if let Message::Voice(_, voice) = m { Some(*voice) } else { None })
            .collect();
        let programs: Vec<_> = voices.iter().filter(|v| matches!(v, Voice::Program(_))).collect();
        assert_eq!(programs, [&Voice::Program(Value::masked(19))], "from {from}");
        assert!(voices.contains(&cc(10, 0)) && voices.contains(&cc(7, 45)), "from {from}: {voices:?}");
    }
}

#[test]
fn a_seek_selects_the_parameter_that_was_selected_last() {
    let bend_range: &[(u64, u8, Voice)] =
        &[(0, 0, cc(101, 0)), (0, 0, cc(100, 0)), (0, 0, cc(6, 12)), (0, 0, cc(96, 0))];
    let other: &[(u64, u8, Voice)] = &[(1, 0, cc(99, 1)), (1, 0, cc(98, 8)), (960, 0, on(60))];
    let score = score(&[&[bend_range, other].concat()]);
    let said: Vec<_> = score
        .seek(Micros(900_000))
        .cues
        .iter()
        .filter_map(|e| {
            if let Cue::Voice(_, Voice::Control { controller, value }) = e.cue {
                Some((controller.get(), value.get()))
            } else {
                None
            }
        })
        .collect();
    assert_eq!(said, [(101, 0), (100, 0), (6, 13), (101, 127), (100, 127), (99, 1), (98, 8)]);
}

#[test]
fn a_muted_hand_is_silent_though_the_other_holds_the_pedal() {
    // Both hands on one channel; the left one's note has been let go, and the pedal holds it.
    let right: &[(u64, u8, Voice)] = &[(0, 0, cc(64, 127)), (0, 0, on(72)), (10, 0, on(76)), (4_000, 0, off(72))];
    let left: &[(u64, u8, Voice)] = &[(0, 0, on(40)), (100, 0, off(40)), (4_000, 0, on(41))];
    let mut sequencer = playing(&score(&[right, left]));
    let mut heard = Heard::default();
    heard.run(&mut sequencer, 10_000, 128);
    heard.messages.clear();
    let muted = Strip { mute: true, ..Strip::default() };
    sequencer.set_strip(1, muted, &mut heard);
    let said: Vec<_> = heard.messages.drain(..).map(|(_, message)| message).collect();
    assert_eq!(said, [cc(64, 0), cc(64, 127)].map(|voice| Message::Voice(Channel::masked(0), voice)));
    // Once: what is mixed after that changes nothing for those who play.
    sequencer.set_strip(1, Strip { volume: 50, ..muted }, &mut heard);
    assert_eq!(heard.messages, []);
}

#[test]
fn a_pedal_that_the_piece_has_reset_stays_up_where_a_track_is_muted() {
    let right: &[(u64, u8, Voice)] = &[(0, 0, cc(64, 127)), (10, 0, on(72)), (20, 0, cc(121, 0)), (4_000, 0, off(72))];
    let left: &[(u64, u8, Voice)] = &[(0, 0, on(40)), (4_000, 0, off(40))];
    let mut sequencer = playing(&score(&[right, left]));
    let mut heard = Heard::default();
    heard.run(&mut sequencer, 10_000, 128);
    heard.messages.clear();
    sequencer.set_strip(1, Strip { mute: true, ..Strip::default() }, &mut heard);
    let pressed = Message::Voice(Channel::masked(0), cc(64, 127));
    assert!(heard.messages.iter().all(|(_, message)| *message != pressed), "{:?}", heard.messages);
}

#[test]
fn a_loop_returns_to_the_frame() {
    let score = score(&[&[(0, 0, on(60)), (100, 0, off(60)), (480, 0, on(61)), (2_000, 0, off(61))]]);
    let mut sequencer = playing(&score);
    let start = score.seek(Micros::ZERO);
    sequencer.set_loop(Some(Box::new(Loop { start, end: Micros(600_000) })));
    let mut heard = Heard::default();
    heard.run(&mut sequencer, 28_800 * 50, 100);
    let struck: Vec<_> = heard.notes().into_iter().filter(|n| n.2 && n.1 == 60).map(|n| n.0).collect();
    assert_eq!(struck, (0..50).map(|i| i * 28_800).collect::<Vec<_>>());
    assert_eq!((heard.resets, heard.restarts), (1, 49), "what dies away goes on into the next round");
    assert_eq!(heard.hanging(), 1, "only the note that sounds now");
    let old = sequencer.set_loop(None);
    assert!(old.is_some());
    heard.run(&mut sequencer, 200_000, 100);
    assert!(sequencer.has_ended());
    assert_eq!(heard.hanging(), 0);
}

#[test]
fn a_loop_whose_end_is_past_returns_at_once() {
    let score = score(&[&[(0, 0, on(60)), (480, 0, off(60)), (960, 0, on(61)), (4_000, 0, off(61))]]);
    // At its end, a little behind it, and far behind it with a note sounding.
    for played in [24_000, 24_100, 100_000] {
        let mut sequencer = playing(&score);
        let mut heard = Heard::default();
        heard.run(&mut sequencer, played, 100);
        let looped = Loop { start: score.seek(Micros(250_000)), end: Micros(500_000) };
        sequencer.set_loop(Some(Box::new(looped)));
        heard.run(&mut sequencer, 12_000 * 10 + 4_800, 100);
        assert_eq!(sequencer.position(), Micros(350_000), "after {played}");
        assert_eq!(heard.hanging(), 0, "after {played}");
    }
}

#[test]
fn a_loop_of_no_length_is_no_loop() {
    let score = score(&[&[(0, 0, on(60)), (480, 0, off(60))]]);
    let mut sequencer = playing(&score);
    sequencer.set_loop(Some(Box::new(Loop { start: score.seek(Micros(100)), end: Micros(100) })));
    let mut heard = Heard::default();
    heard.run(&mut sequencer, 48_000, 64);
    assert!(sequencer.has_ended());
}

#[test]
fn seeking_chases_what_the_channels_were_told() {
    let score = score(&[&[
        (0, 0, cc(0, 8)),
        (0, 0, Voice::Program(Value::masked(40))),
        (0, 0, cc(101, 0)),
        (0, 0, cc(100, 0)),
        (0, 0, cc(6, 12)),
        (0, 0, cc(7, 80)),
        (10, 0, cc(7, 90)),
        (20, 0, Voice::PitchBend(1_000)),
        (900, 0, on(60)),
        (960, 0, off(60)),
    ]]);
    let mut sequencer = playing(&score);
    let mut heard = Heard::default();
    sequencer.seek(&score.seek(Micros(500_000)), &mut heard);
    let told: Vec<Voice> = heard
        .messages
        .iter()
        .filter_map(|(_, m)| match m {
            Message::Voice(_, voice) => Some(*voice),
            _ => None,
        })
        .collect();
    let place = |v: Voice| told.iter().position(|t| *t == v).unwrap_or_else(|| panic!("{v:?} is missing in {told:?}"));
    assert!(place(cc(0, 8)) < place(Voice::Program(Value::masked(40))));
    assert!(place(cc(100, 0)) < place(cc(6, 12)));
    place(cc(7, 90));
    place(Voice::PitchBend(1_000));
    assert!(!told.contains(&cc(7, 80)), "only the last counts");
    heard.run(&mut sequencer, 48_000, 128);
    assert_eq!(heard.notes(), [(900 * 50 - 24_000, 60, true), (960 * 50 - 24_000, 60, false)]);
}

#[test]
fn strips_are_mixed_by_the_controllers_of_their_channel() {
    let score = score(&[
        &[(0, 0, cc(7, 100)), (0, 0, cc(10, 64)), (0, 0, on(60)), (900, 0, off(60))],
        &[(0, 1, on(70)), (900, 1, off(70))],
    ]);
    let mut sequencer = playing(&score);
    let mut heard = Heard::default();
    let violin = Program { bank: 0, bank_fine: 0, program: 40 };
    let strip = Strip { volume: 25, pan: -30, program: Some(violin), ..Strip::default() };
    sequencer.set_strip(0, strip, &mut heard);
    sequencer.set_strip(1, Strip { mute: true, ..Strip::default() }, &mut heard);
    heard.run(&mut sequencer, 1_000, 128);
    let has = |voice| heard.messages.iter().any(|(_, m)| *m == Message::Voice(Channel::masked(0), voice));
    assert!(has(cc(7, 50)) && has(cc(10, 34)) && has(Voice::Program(Value::masked(40))));
    assert!(!has(cc(7, 100)));
    assert_eq!(heard.notes(), [(0, 60, true)]);
    // A solo elsewhere silences it; taking the solo back brings the volume as it was asked for.
    sequencer.set_strip(1, Strip { solo: true, ..Strip::default() }, &mut heard);
    assert_eq!(heard.hanging(), 0);
}

#[test]
fn the_metronome_beats_with_the_piece_at_any_speed() {
    let score = score(&[&[(0, 0, on(60)), (480 * 8, 0, off(60))]]);
    let mut sequencer = playing(&score);
    sequencer.set_metronome(true);
    sequencer.set_speed(Speed::new(200).unwrap());
    let mut heard = Heard::default();
    heard.run(&mut sequencer, 48_000 * 4, 333);
    assert_eq!(heard.clicks[..5], [(0, true), (12_000, false), (24_000, false), (36_000, false), (48_000, true)]);
}

#[test]
fn a_million_notes_at_one_time_take_time_instead_of_the_callback() {
    let events: Vec<_> = (0..100_000u64).map(|i| (0, 0, on((i % 128) as u8))).collect();
    let score = score(&[&events]);
    let mut sequencer = playing(&score);
    let mut heard = Heard::default();
    heard.run(&mut sequencer, 64, 64);
    assert!(heard.messages.len() <= 1_000);
    heard.run(&mut sequencer, 64 * 110, 64);
    assert_eq!(heard.notes().iter().filter(|n| n.2).count(), 100_000);
}

#[test]
fn hostile_tempos_neither_panic_nor_hang() {
    use crate::music::composition::MetaType;
    for tempo in [[0, 0, 0], [0, 0, 1], [255, 255, 255]] {
        let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(1).unwrap()));
        let mut track = Track::new();
        track.push(Ticks(0), Event::Meta(MetaType::TEMPO, &tempo));
        track.push_voice(Ticks(1), Channel::default(), on(60));
        track.push_voice(Ticks(u64::MAX / 2), Channel::default(), off(60));
        composition.tracks.push(track);
        let score = Arc::new(Score::new(&composition));
        for rate in [8_000, 192_000] {
            let mut sequencer = Sequencer::new(Arc::clone(&score), rate, 100);
            sequencer.play();
            let mut heard = Heard::default();
            heard.run(&mut sequencer, 10_000, 64);
            sequencer.seek(&score.seek(Micros(u64::MAX)), &mut heard);
            sequencer.play();
            heard.run(&mut sequencer, 10_000, 64);
            sequencer.pause(&mut heard);
            assert_eq!(heard.hanging(), 0);
        }
    }
}
