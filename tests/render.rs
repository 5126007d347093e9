//! `composer render` and `composer instruments` as their users meet them. No sound card, no keyboard.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use composer::music::composition::{Composition, Division, Event, Format, MetaType, Track};
use composer::music::message::{Channel, Key, Value, Velocity, Voice};
use composer::music::{Ppq, Ticks, smf};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_composer"), args)
    }

    fn program(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder.path()).env("HOME", self.folder.path()).stdin(Stdio::null());
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "COMPOSER_SETTINGS", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn put(path: &Path, composition: &Composition) {
    fs::write(path, smf::write(composition).unwrap()).unwrap();
}

/// A note every half second on each of some tracks, a channel each.
fn song(tracks: u8, notes: u64) -> Composition {
    let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
    for t in 0..tracks {
        let mut track = Track::new();
        track.push_text(Ticks(0), MetaType::TRACK_NAME, &format!("Part {}", t + 1));
        for i in 0..notes {
            let (key, velocity) = (Key::masked(50 + t * 3 + (i % 5) as u8), Velocity::masked(90));
            track.push_voice(Ticks(i * 480), Channel::masked(t), Voice::NoteOn { key, velocity });
            track.push_voice(Ticks(i * 480 + 400), Channel::masked(t), Voice::NoteOff { key, velocity });
        }
        composition.tracks.push(track);
    }
    composition
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(output)))
}

fn peak(wav: &Path) -> f32 {
    let mut reader = hound::WavReader::open(wav).unwrap();
    reader.samples::<i16>().fold(0.0, |a, s| a.max(f32::from(s.unwrap()).abs() / 32_768.0))
}

#[test]
fn a_picture_shows_every_track_and_a_very_long_piece_too() {
    let place = Place::new();
    put(&place.path("song.mid"), &song(3, 8));
    put(&place.path("long.mid"), &song(1, 50_000));
    put(&place.path("none.mid"), &song(1, 0));
    let output = place.run(&["render", "song.mid", "song.png", "--json"]);
    assert_eq!(json(&output)["schema"], "composer.render.picture/1", "{}", err(&output));
    assert_eq!(json(&output)["notes"], 24);
    let picture = tiny_skia::Pixmap::load_png(place.path("song.png")).unwrap();
    for shade in composer::studio::picture::TRACKS.iter().take(3) {
        let [_, red, green, blue] = shade.to_be_bytes();
        // Notes are a little darker the softer they are; a colour is known by its proportions.
        let alike = |p: &tiny_skia::PremultipliedColorU8| {
            let near = |a: u8, b: u8| (i32::from(a) - i32::from(b)).abs() < 60;
            near(p.red(), red) && near(p.green(), green) && near(p.blue(), blue) && p.red().max(p.blue()) > 70
        };
        assert!(picture.pixels().iter().any(alike), "{shade:06x}");
    }
    assert!(place.run(&["render", "long.mid", "long.png"]).status.success());
    assert!(tiny_skia::Pixmap::load_png(place.path("long.png")).unwrap().width() < 5_000);

    let output = place.run(&["render", "song.mid", "song.png"]);
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    let output = place.run(&["render", "none.mid", "none.png"]);
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(!place.path("none.png").exists());
}

#[test]
fn the_same_input_gives_the_same_bytes_on_any_number_of_threads() {
    let place = Place::new();
    put(&place.path("song.mid"), &song(5, 4));
    for kind in ["wav", "flac", "ogg"] {
        for (threads, name) in [("1", "a"), ("2", "b"), ("7", "c")] {
            let out = format!("{name}.{kind}");
            let output = place.run(&["render", "song.mid", &out, "--threads", threads]);
            assert!(output.status.success(), "{}", err(&output));
        }
        let bytes = |name: &str| fs::read(place.path(&format!("{name}.{kind}"))).unwrap();
        assert!(bytes("a") == bytes("b") && bytes("a") == bytes("c"), "{kind}");
    }
    assert!(peak(&place.path("a.wav")) > 0.01, "it is silent");
}

#[test]
fn an_ogg_file_has_every_frame_at_every_rate() {
    let place = Place::new();
    put(&place.path("song.mid"), &song(2, 3));
    for (rate, quality) in [("8000", "0"), ("44100", "6"), ("192000", "10")] {
        let quality = ["--quality", quality];
        for (name, more) in [("out.wav", &[][..]), ("out.ogg", &quality)] {
            let output = place.run(&[&["render", "song.mid", name, "--rate", rate, "--force"], more].concat());
            assert!(output.status.success(), "{rate} {name}: {}", err(&output));
        }
        let frames = hound::WavReader::open(place.path("out.wav")).unwrap().duration() as usize;
        let file = fs::File::open(place.path("out.ogg")).unwrap();
        let mut decoder = vorbis_rs::VorbisDecoder::<fs::File>::new(file).unwrap();
        assert_eq!(decoder.sampling_frequency().get().to_string(), rate);
        let (mut decoded, mut peak) = (0, 0f32);
        while let Some(block) = decoder.decode_audio_block().unwrap() {
            decoded += block.samples()[0].len();
            peak = block.samples().iter().flat_map(|c| c.iter()).fold(peak, |a, x| a.max(x.abs()));
        }
        assert_eq!(decoded, frames, "{rate}");
        assert!((0.01..1.2).contains(&peak), "{rate}: {peak}");
    }
}

#[test]
fn rates_depths_and_levels_are_as_asked_for() {
    let place = Place::new();
    put(&place.path("song.mid"), &song(2, 3));
    for (rate, bits) in [("8000", "16"), ("44100", "24"), ("192000", "32f")] {
        let args =
            ["render", "song.mid", "out.wav", "--rate", rate, "--bits", bits, "--normalise", "peak:-6", "--force"];
        let output = place.run(&[&args[..], &["--json"]].concat());
        assert!(output.status.success(), "{}", err(&output));
        let spec = hound::WavReader::open(place.path("out.wav")).unwrap().spec();
        assert_eq!((spec.sample_rate.to_string(), spec.channels), (rate.to_owned(), 2));
        assert_eq!(spec.bits_per_sample, bits.trim_end_matches('f').parse::<u16>().unwrap());
        let document = json(&output);
        assert_eq!(document["schema"], "composer.render/1");
        let file = &document["files"][0];
        let level = file["peak_db"].as_f64().unwrap() + file["gain_db"].as_f64().unwrap();
        assert!((level + 6.0).abs() < 0.01, "{file}");
    }
}

#[test]
fn stems_are_one_file_a_track() {
    let place = Place::new();
    put(&place.path("song.mid"), &song(3, 3));
    let output = place.run(&["render", "song.mid", "out.wav", "--stems"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(place.files(), ["out-01-part-1.wav", "out-02-part-2.wav", "out-03-part-3.wav", "song.mid"]);
    fs::write(place.path("out-02-part-2.wav"), "mine").unwrap();
    let again = place.run(&["render", "song.mid", "out.wav", "--stems"]);
    assert_eq!(again.status.code(), Some(6), "{}", err(&again));
    assert!(err(&again).contains("out-01-part-1.wav is there already"), "{}", err(&again));
    assert_eq!(fs::read(place.path("out-02-part-2.wav")).unwrap(), b"mine");
    let forced = place.run(&["render", "song.mid", "out.wav", "--stems", "--force"]);
    assert!(forced.status.success(), "{}", err(&forced));
    assert_eq!(place.files().len(), 4);
    for stem in &place.files()[..3] {
        assert!(peak(&place.path(stem)) > 0.005, "{stem}");
    }
    // A level is the whole's: the stems keep theirs among each other.
    let loud = |more: &[&str]| {
        let args = ["render", "song.mid", "out.wav", "--force", "--json", "--normalise"];
        let output = place.run(&[&args, more].concat());
        assert!(more[0] == "peak:-6" || err(&output).contains("not -5.0"), "{}", err(&output));
        json(&output)["files"].clone()
    };
    for level in ["peak:-6", "r128:-5"] {
        let whole = loud(&[level])[0]["gain_db"].clone();
        let stems = loud(&[level, "--stems"]);
        assert!(stems.as_array().unwrap().iter().all(|stem| stem["gain_db"] == whole), "{stems} is not {whole}");
    }
    put(&place.path("silence.mid"), &song(1, 0));
    let none = place.run(&["render", "silence.mid", "no.wav", "--stems"]);
    assert_eq!(none.status.code(), Some(5), "{}", err(&none));
    assert!(err(&none).contains("no stems"), "{}", err(&none));
}

#[test]
fn one_track_with_all_channels_is_taken_apart_by_channel() {
    let place = Place::new();
    let mut composition = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::new();
    for (channel, program) in [(0u8, 40), (4, 73), (9, 0)] {
        let channel = Channel::masked(channel);
        let (key, velocity) = (Key::masked(60), Velocity::masked(90));
        track.push_voice(Ticks(0), channel, Voice::Program(Value::masked(program)));
        track.push_voice(Ticks(0), channel, Voice::NoteOn { key, velocity });
        track.push_voice(Ticks(480), channel, Voice::NoteOff { key, velocity });
    }
    composition.tracks.push(track);
    put(&place.path("song.mid"), &composition);
    let output = place.run(&["render", "song.mid", "out.wav", "--stems"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(place.files(), ["out-01-violin.wav", "out-05-flute.wav", "out-10-percussion.wav", "song.mid"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_grow_is_told_and_nothing_is_left() {
    let place = Place::new();
    put(&place.path("song.mid"), &song(2, 8));
    let composer = env!("CARGO_BIN_EXE_composer");
    for (stems, path) in [("", "out.wav"), ("--stems", "out-01-part-1.wav")] {
        let script = format!("ulimit -f 20; exec {composer} render song.mid out.wav {stems}");
        let output = place.program("sh", &["-c", &script]).output().unwrap();
        assert_eq!(output.status.code(), Some(6), "{}", err(&output));
        assert!(err(&output).contains(path), "{}", err(&output));
        assert_eq!(place.files(), ["song.mid"]);
    }
}

#[test]
fn nothing_is_overwritten_unasked_and_no_half_file_is_left() {
    let place = Place::new();
    put(&place.path("song.mid"), &song(4, 4));
    fs::write(place.path("out.wav"), "mine").unwrap();
    let output = place.run(&["render", "song.mid", "out.wav"]);
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert!(err(&output).contains("--force"));
    assert_eq!(fs::read(place.path("out.wav")).unwrap(), b"mine");
    let output = place.run(&["render", "song.mid", "no such folder/out.wav"]);
    assert_eq!(output.status.code(), Some(6), "{}", err(&output));
    assert_eq!(place.files(), ["out.wav", "song.mid"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_half_file() {
    let place = Place::new();
    put(&place.path("long.mid"), &song(15, 4_000));
    let mut child = place.command(&["render", "long.mid", "out.wav"]).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    // The half file is there under another name while it grows.
    while place.files().len() < 2 && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(place.files().len(), 2, "{:?}", place.files());
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(place.files(), ["long.mid"]);
}

#[test]
fn bad_input_has_a_message_and_its_exit_code() {
    let place = Place::new();
    put(&place.path("song.mid"), &song(1, 1));
    fs::write(place.path("broken.sf2"), b"RIFF\x10\0\0\0sfbkLIST").unwrap();
    fs::write(place.path("no.mid"), "hello").unwrap();
    let cases: [(&[&str], i32, &str); 12] = [
        (&["render", "song.mid", "a.png", "--stems"], 2, "a picture has"),
        (&["render", "song.mid", "a.png", "--speed", "50"], 2, "a picture has"),
        (&["render", "song.mid", "a.wav", "--tail", "11m"], 2, "0s to 10m"),
        (&["instruments", "zither of gold"], 1, "no instrument of"),
        (&["render", "no.mid", "a.wav"], 5, "no MIDI file"),
        (&["render", "song.mid", "a.mp3"], 2, ".wav, .flac, .ogg or .png"),
        (&["render", "song.mid", "a.flac", "--bits", "32f"], 2, "16 or 24 bits"),
        (&["render", "song.mid", "a.ogg", "--bits", "24"], 2, "has no bits"),
        (&["render", "song.mid", "a.wav", "--quality", "9"], 2, "only an .ogg"),
        (&["render", "song.mid", "a.wav", "--rate", "7999"], 2, "8000 to 192000"),
        (&["render", "song.mid", "a.wav", "--soundfont", "broken.sf2"], 5, "broken.sf2"),
        (&["instruments", "--soundfont", "absent.sf2"], 5, "absent.sf2"),
    ];
    for (args, code, words) in cases {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{args:?}: {}", err(&output));
    }
    assert!(!place.path("a.wav").exists() && !place.path("a.flac").exists());
    assert!(place.run(&["render", "song.mid", "a.wav", "--tail", "0s"]).status.success());
}

#[test]
fn hostile_tempos_are_refused_or_rendered() {
    let place = Place::new();
    for (name, tempo, end, code) in
        [("zero", [0, 0, 0], 960, 0), ("fast", [0, 0, 1], 960, 0), ("slow", [255, 255, 255], 10_000_000, 5)]
    {
        let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
        let mut track = Track::new();
        track.push(Ticks(0), Event::Meta(MetaType::TEMPO, &tempo));
        let (key, velocity) = (Key::masked(60), Velocity::masked(90));
        track.push_voice(Ticks(0), Channel::default(), Voice::NoteOn { key, velocity });
        track.push_voice(Ticks(end), Channel::default(), Voice::NoteOff { key, velocity });
        composition.tracks.push(track);
        put(&place.path("song.mid"), &composition);
        let output = place.run(&["render", "song.mid", &format!("{name}.wav"), "--rate", "8000"]);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", err(&output));
        assert_eq!(place.path(&format!("{name}.wav")).exists(), code == 0);
    }
}

#[test]
fn instruments_are_listed_for_people_and_for_programs() {
    let place = Place::new();
    let output = place.run(&["instruments", "--json"]);
    assert!(output.status.success(), "{}", err(&output));
    let document = json(&output);
    assert_eq!(document["schema"], "composer.instruments/1");
    let listed = document["instruments"].as_array().unwrap();
    assert!(!listed.is_empty());
    let lines = String::from_utf8(place.run(&["instruments"]).stdout).unwrap();
    assert_eq!(lines.lines().count(), listed.len() + 1);
}

/// How fast that is, and how it is played, is a matter of `make bench-ten-million`.
#[test]
fn ten_million_events_are_no_trouble() {
    const EVENTS: usize = 10_000_000;
    let place = Place::new();
    // The wheel is moved, with running status, and then there is a note.
    let mut track = vec![0, 0xb0, 1, 0];
    track.extend((1..EVENTS - 2).flat_map(|i| [0, 1, (i % 128) as u8]));
    track.extend([0, 0x90, 60, 100, 0x83, 0x60, 0x80, 60, 64, 0, 0xff, 0x2f, 0]);
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk".to_vec();
    file.extend(u32::try_from(track.len()).unwrap().to_be_bytes());
    file.extend(track);
    fs::write(place.path("ten.mid"), file).unwrap();
    let output = place.run(&["render", "ten.mid", "ten.wav", "--rate", "8000", "--json"]);
    assert!(output.status.success(), "{}", err(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["files"][0]["peak_db"].as_f64().unwrap() > -40.0, "{report}");
}
