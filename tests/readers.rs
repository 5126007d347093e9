//! Programs by others read what composer writes, and must find the same notes.
//!
//! Debian packages `python3-mido`, `midicsv` and `abcmidi`. Where one is missing its test says
//! SKIPPED; with `COMPOSER_REQUIRE_READERS=1` it fails instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly

use std::path::Path;
use std::process::Command;

use composer::music::message::{Channel, Key, Message, Value, Velocity, Voice};
use composer::music::quantise::{Grid, Quantise};
use composer::music::smf::{self, Contents};
use composer::music::take::{Take, TakeEvent, TakeInfo};
use composer::music::{Micros, Ppq, Tempo, TimeSignature};

/// Tick, channel (from 0), key, velocity; 0 for a note-off's, whatever its release velocity.
type Struck = Vec<(u64, u8, u8, u8)>;

/// A take with all that a keyboard can send.
fn take() -> Take {
    let mut events = Vec::new();
    let channel = Channel::default();
    let mut say = |at: u64, voice| events.push((Micros(at), TakeEvent::Message(Message::Voice(channel, voice))));
    let sustain = |value| Voice::Control { controller: Message::SUSTAIN, value: Value::masked(value) };
    for i in 0..50u64 {
        let (key, at) = (Key::masked(41 + (i * 7 % 32) as u8), 1_234_567 + i * 333_331);
        say(at, sustain(127));
        say(at, Voice::NoteOn { key, velocity: Velocity::masked(1 + (i * 5 % 127) as u8) });
        say(at + 50_021, Voice::PitchBend(-8192 + 300 * i as i16));
        say(at + 60_013, Voice::ChannelPressure(Value::masked(i as u8)));
        say(at + 250_003, Voice::NoteOff { key, velocity: Velocity::masked(i as u8) });
        say(at + 250_003, sustain(0));
    }
    events.insert(7, (events[6].0, TakeEvent::Message(Message::SysEx([0xf0, 0x7e, 0x7f, 9, 1, 0xf7].into()))));
    events.insert(20, (events[19].0, TakeEvent::Marker("the keyboard was unplugged".into())));
    let length = Micros(20_000_000);
    let info = TakeInfo {
        started: "2026-11-21T10:00:00+01:00".into(),
        device: "AKM322 MIDI 1".into(),
        tempo: Tempo::from_bpm(97.0).unwrap(),
        time_signature: TimeSignature::new(6, 8).unwrap(),
        ppq: Ppq::DEFAULT,
    };
    Take { info, events, length }
}

fn written(folder: &Path) -> (std::path::PathBuf, Struck) {
    let take = take();
    let contents = Contents::PlayedAndQuantised(Quantise::onto(Grid::new(16, false).unwrap()));
    let path = folder.join("take.mid");
    std::fs::write(&path, smf::write_take_with(&take, contents).unwrap()).unwrap();
    let expected = take
        .events
        .iter()
        .filter_map(|(at, event)| {
            let tick = take.info.tempo.ticks(*at, take.info.ppq).0;
            match event {
                TakeEvent::Message(Message::Voice(c, Voice::NoteOn { key, velocity })) => {
                    Some((tick, c.get(), key.get(), velocity.get()))
                }
                TakeEvent::Message(Message::Voice(c, Voice::NoteOff { key, .. })) => {
                    Some((tick, c.get(), key.get(), 0))
                }
                _ => None,
            }
        })
        .collect();
    (path, expected)
}

/// What a program prints; `None`, said loudly, where it is not installed.
fn ask(reader: &str, package: &str, mut candidates: Vec<Command>) -> Option<String> {
    for command in &mut candidates {
        match command.output() {
            Ok(output) if output.status.success() => return Some(String::from_utf8_lossy(&output.stdout).into_owned()),
            // 3 is the script's own way of saying that the module is not there.
            Ok(output) if output.status.code() != Some(3) => {
                panic!("{reader} cannot read the file: {}", String::from_utf8_lossy(&output.stderr));
            }
            _ => {}
        }
    }
    assert!(
        std::env::var_os("COMPOSER_REQUIRE_READERS").is_none_or(|v| v != "1"),
        "{reader} is not installed (apt-get install {package})"
    );
    eprintln!("SKIPPED: {reader} is not installed (apt-get install {package})");
    None
}

#[test]
fn mido_finds_the_same_notes() {
    const SCRIPT: &str = "
import sys
try:
    import mido
except ImportError:
    sys.exit(3)
song = mido.MidiFile(sys.argv[1])
assert song.type == 1 and song.ticks_per_beat == 960 and len(song.tracks) == 3, song
kinds = [m.type for m in song.tracks[0]]
assert kinds == ['track_name', 'time_signature', 'set_tempo', 'text', 'device_name', 'end_of_track'], kinds
assert {'sysex', 'marker', 'pitchwheel', 'aftertouch', 'control_change'} <= {m.type for m in song.tracks[1]}
print('length', song.length)
at = 0
for m in song.tracks[1]:
    at += m.time
    if m.type in ('note_on', 'note_off'):
        print('note', at, m.channel, m.note, m.velocity if m.type == 'note_on' else 0)
";
    let folder = tempfile::tempdir().unwrap();
    let (path, expected) = written(folder.path());
    // A python of the user's own may hide the one that the package belongs to.
    let python = |program: &str| {
        let mut command = Command::new(program);
        command.args(["-c", SCRIPT]).arg(&path);
        command
    };
    let Some(output) = ask("mido", "python3-mido", vec![python("python3"), python("/usr/bin/python3")]) else { return };
    let field = |line: &str, i: usize| line.split(' ').nth(i).unwrap().parse::<u64>().unwrap();
    let notes = output.lines().filter(|l| l.starts_with("note"));
    let found: Struck = notes.map(|l| (field(l, 1), field(l, 2) as u8, field(l, 3) as u8, field(l, 4) as u8)).collect();
    assert_eq!(found, expected);
    let length: f64 = output.lines().find_map(|l| l.strip_prefix("length ")).unwrap().parse().unwrap();
    assert!((length - 20.0).abs() < 0.001, "{length}");
}

#[test]
fn midicsv_finds_the_same_notes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, expected) = written(folder.path());
    let mut command = Command::new("midicsv");
    command.arg(&path);
    let Some(output) = ask("midicsv", "midicsv", vec![command]) else { return };
    let found: Struck = output
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split(", ").collect();
            let number = |i: usize| cells[i].parse::<u64>().unwrap();
            let played = cells[0] == "2";
            match cells[2] {
                "Note_on_c" if played => Some((number(1), number(3) as u8, number(4) as u8, number(5) as u8)),
                "Note_off_c" if played => Some((number(1), number(3) as u8, number(4) as u8, 0)),
                _ => None,
            }
        })
        .collect();
    assert_eq!(found, expected);
    for line in ["Tempo, 618557", "Time_signature, 6, 3", "Marker_t, \"the keyboard was unplugged\""] {
        assert!(output.contains(line), "no {line} in:\n{output}");
    }
}

#[test]
fn mftext_finds_as_many_notes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, expected) = written(folder.path());
    let mut command = Command::new("mftext");
    command.arg(&path);
    let Some(output) = ask("mftext", "abcmidi", vec![command]) else { return };
    let on = output.lines().filter(|l| l.contains("Note on,") || l.contains("note on")).count();
    let struck = expected.iter().filter(|(.., velocity)| *velocity > 0).count();
    // The take and its quantised copy.
    assert_eq!(on, 2 * struck, "{output}");
}
