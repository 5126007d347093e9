//! `composer play` as its users meet it, on machines without a sound card: ALSA is told to use outputs that
//! go nowhere or into a file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly
#![cfg(all(target_os = "linux", feature = "audio"))]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use composer::music::composition::{Composition, Division, Format, Track};
use composer::music::message::{Channel, Key, Velocity, Voice};
use composer::music::{Ppq, Ticks, smf};

/// ALSA's configuration files of the rig.
fn alsa(name: &str) -> String {
    let rig = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio-rig/alsa");
    format!("{rig}/base.conf:{rig}/{name}.conf")
}

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

    fn command(&self, config: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
        command.arg("play").args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("ALSA_CONFIG_PATH", config).env("PCM_OUT", self.path("heard.wav"));
        for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "COMPOSER_SETTINGS", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    }

    fn run(&self, config: &str, args: &[&str]) -> Output {
        self.command(config, args).output().unwrap()
    }

    /// Notes of a tenth of a second, one after the other.
    fn song(&self, notes: u64) {
        let mut composition = Composition::new(Format::Parallel, Division::Metrical(Ppq::new(480).unwrap()));
        let mut track = Track::new();
        for i in 0..notes {
            let (key, velocity) = (Key::masked(60 + (i % 12) as u8), Velocity::masked(100));
            track.push_voice(Ticks(i * 96), Channel::default(), Voice::NoteOn { key, velocity });
            track.push_voice(Ticks(i * 96 + 90), Channel::default(), Voice::NoteOff { key, velocity });
        }
        composition.tracks.push(track);
        fs::write(self.path("song.mid"), smf::write(&composition).unwrap()).unwrap();
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", err(output)))
}

#[test]
fn without_an_output_it_says_so_and_what_still_works() {
    let place = Place::new();
    place.song(3);
    // Nothing but an output that cannot be: no such file, so no ALSA configuration at all.
    let config = place.path("nothing.conf");
    fs::write(&config, "pcm.!default { type hw card 31 }\n").unwrap();
    for args in [&["song.mid"][..], &["--virtual"]] {
        let output = place.run(config.to_str().unwrap(), args);
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
        assert!(err(&output).contains("there is no audio output"), "{}", err(&output));
        assert!(err(&output).contains("composer render"), "{}", err(&output));
        assert!(!err(&output).contains("ALSA lib"), "ALSA writes to the terminal: {}", err(&output));
    }
}

#[test]
fn a_file_is_played_to_its_end_at_every_rate() {
    let place = Place::new();
    place.song(20);
    for rate in ["8000", "44100", "96000", "192000"] {
        let output = place.run(&alsa("plugfile"), &["song.mid", "--rate", rate, "--json"]);
        assert!(output.status.success(), "{rate}: {}", err(&output));
        let document = json(&output);
        let file = &document["files"][0];
        assert_eq!(file["reached_s"], file["duration_s"], "{rate}");
        assert!(document["output"].as_str().unwrap().contains(rate), "{document}");
        let mut heard = hound::WavReader::open(place.path("heard.wav")).unwrap();
        let loudest = heard.samples::<i16>().map_while(Result::ok).map(|x| x.unsigned_abs()).max().unwrap();
        assert!((500..32_767).contains(&loudest), "{rate}: {loudest}");
    }
}

#[test]
fn the_first_note_of_a_script_is_heard() {
    let place = Place::new();
    fs::write(place.path("keys.txt"), "note_on 60 110\nsleep 300\nnote_off 60\n").unwrap();
    let output = place.run(&alsa("plugfile"), &["--virtual=keys.txt", "--json"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(json(&output)["notes"], 1);
    let mut heard = hound::WavReader::open(place.path("heard.wav")).unwrap();
    let loudest = heard.samples::<i16>().map_while(Result::ok).map(|x| x.unsigned_abs()).max().unwrap();
    assert!(loudest > 500, "{loudest}");
}

#[test]
fn a_track_is_mixed_as_it_is_asked_for() {
    let place = Place::new();
    place.song(4);
    let heard = |mix: &[&str]| -> Vec<i16> {
        let output = place.run(&alsa("plugfile"), &[&["song.mid", "--dry"], mix].concat());
        assert!(output.status.success(), "{mix:?}: {}", err(&output));
        let mut file = hound::WavReader::open(place.path("heard.wav")).unwrap();
        file.samples::<i16>().map_while(Result::ok).collect()
    };
    let energy = |samples: &[i16], side: usize| -> f64 {
        samples.iter().skip(side).step_by(2).map(|x| f64::from(*x).powi(2)).sum()
    };
    let plain = heard(&[]);
    assert!(energy(&plain, 0) > 0.0);
    assert!(heard(&["--track", "1,volume=0"]).iter().all(|x| x.abs() < 4));
    let quiet = heard(&["--track", "1,volume=50"]);
    assert!(energy(&quiet, 0) < energy(&plain, 0) / 2.0);
    let left = heard(&["--track", "1,pan=-64"]);
    assert!(energy(&left, 0) > 10.0 * energy(&left, 1));
    assert!(heard(&["--track", "1,instrument=violin"]) != plain);
}

#[test]
fn the_settings_say_what_sounds_unless_the_command_line_does() {
    let place = Place::new();
    fs::write(place.path("keys.txt"), "tap 60 100 50\n").unwrap();
    let settings =
        "[sound]\noutput = \"unplugged\"\nbuffer_ms = 10\nrate = 96000\ninstrument = \"flute\"\nreverb = 7\n";
    fs::write(place.path("settings.toml"), settings).unwrap();
    let run = |args: &[&str]| {
        let output = place
            .run(&alsa("null"), &[&["--virtual=keys.txt", "--json", "--settings", "settings.toml"], args].concat());
        assert!(output.status.success(), "{}", err(&output));
        (json(&output), err(&output))
    };
    let (document, said) = run(&[]);
    assert_eq!((&document["sample_rate"], &document["block_frames"]), (&96_000.into(), &960.into()));
    assert!(document["instrument"].as_str().unwrap().to_lowercase().contains("flute"), "{document}");
    // One value is wrong and one output is away: both are told, and nothing else falls back.
    assert!(said.contains("settings.toml:6:10: ") && said.contains("`unplugged`"), "{said}");
    let (document, _) = run(&["--rate", "44100", "--instrument", "violin"]);
    assert_eq!(document["sample_rate"], 44_100);
    assert!(document["instrument"].as_str().unwrap().to_lowercase().contains("violin"), "{document}");
}

#[test]
fn the_demo_is_played_live_and_the_latency_is_told() {
    let place = Place::new();
    fs::write(place.path("keys.txt"), "note_on 60 100\nsleep 300\ncc 21 90\nnote_off 60\ntap 64 90 200\n").unwrap();
    let began = Instant::now();
    let output =
        place.run(&alsa("null"), &["--virtual=keys.txt", "--instrument", "violin", "--transpose", "-5", "--json"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(began.elapsed().as_secs() < 30);
    let document = json(&output);
    assert_eq!(document["schema"], "composer.play/1");
    assert_eq!(document["notes"], 2);
    assert_eq!(document["block_frames"], 240);
    assert!(document["key_to_sound_ms"].as_f64().unwrap() > 5.0);
    assert!(document["instrument"].as_str().unwrap().to_lowercase().contains("violin"), "{document}");
    assert!(err(&output).contains("key to sound"), "{}", err(&output));
}

#[test]
fn what_was_rendered_can_be_heard() {
    let place = Place::new();
    place.song(4);
    for kind in ["wav", "flac", "ogg"] {
        let name = format!("out.{kind}");
        let render = Command::new(env!("CARGO_BIN_EXE_composer"))
            .args(["render", "song.mid", &name])
            .current_dir(place.folder.path())
            .env("HOME", place.folder.path())
            .output()
            .unwrap();
        assert!(render.status.success(), "{}", err(&render));
        let output = place.run(&alsa("null"), &[&name]);
        assert!(output.status.success(), "{}", err(&output));
        let output = place.run(&alsa("null"), &[&name, "--output", "nowhere"]);
        assert_eq!(output.status.code(), Some(3), "{}", err(&output));
        assert!(err(&output).contains("no audio output `nowhere`"), "{}", err(&output));
    }
    // Sounds and pieces one after the other.
    let output = place.run(&alsa("null"), &["out.flac", "song.mid", "out.ogg", "--speed", "200", "--json"]);
    assert!(output.status.success(), "{}", err(&output));
    let document = json(&output);
    let files = document["files"].as_array().unwrap();
    assert!(files.iter().all(|f| f["reached_s"] == f["duration_s"]), "{document}");
    assert_eq!((files.len(), (files[1]["duration_s"].as_f64().unwrap() * 1e3).round()), (3, 394.0), "{document}");
    // What a download that broke off has left is played, and said to be no more than that.
    for kind in ["wav", "flac", "ogg"] {
        let whole = fs::read(place.path(&format!("out.{kind}"))).unwrap();
        let name = format!("half.{kind}");
        fs::write(place.path(&name), &whole[..whole.len() / 2]).unwrap();
        let (half, whole) = (place.run(&alsa("null"), &[&name]), place.run(&alsa("null"), &[&format!("out.{kind}")]));
        assert!(half.status.success() && whole.status.success(), "{}", err(&half));
        assert!(err(&half).contains(&format!("{name}: it is cut off")), "{}", err(&half));
        assert!(!err(&whole).contains("cut off"), "{}", err(&whole));
    }
    for bad in ["bad.wav", "bad.ogg"] {
        fs::write(place.path(bad), "RIFF").unwrap();
        assert_eq!(place.run(&alsa("null"), &[bad]).status.code(), Some(5), "{bad}");
    }
}

#[test]
fn wrong_wishes_have_a_message_and_an_exit_code() {
    let place = Place::new();
    place.song(4);
    let mut single = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::new();
    let (key, velocity) = (Key::masked(60), Velocity::masked(100));
    for channel in [0, 9] {
        track.push_voice(Ticks(0), Channel::masked(channel), Voice::NoteOn { key, velocity });
        track.push_voice(Ticks(1_920), Channel::masked(channel), Voice::NoteOff { key, velocity });
    }
    single.tracks.push(track);
    fs::write(place.path("bar.mid"), smf::write(&single).unwrap()).unwrap();
    let cases: [(&[&str], i32, &str); 29] = [
        (&["song.wav", "--speed", "50"], 2, "plays as it is"),
        (&["song.wav", "--soundfont", "absent.sf2"], 2, "plays as it is"),
        (&["song.mid", "--loop", "1-18446744073709551615"], 2, "there is no bar"),
        (&["song.mid", "--loop", "1-99"], 2, "there is no bar 99"),
        (&["song.mid", "--track", "1,instrument=drums"], 2, "is a drum kit"),
        (&["song.mid", "--track", "1,volume=0", "--track", "1,pan=0"], 2, "stands there twice"),
        (&["song.mid", "--track", "1"], 2, "behind it"),
        (&["song.mid", "--virtual=demo"], 2, "not a keyboard"),
        (&["bar.mid", "--loop", "2-2"], 2, "no bar 2: the piece has 1"),
        (&["bar.mid", "--mute", "2"], 2, "no track 2"),
        (&["bar.mid", "--solo", "1", "--mute", "10", "--output", "nowhere"], 3, "no audio output `nowhere`"),
        // Nothing is opened, and nothing plays, before everything is known to be of use.
        (&["bar.mid", "song.mid", "--from", "2", "--output", "nowhere"], 2, "bar.mid: there is no bar 2"),
        (&["bar.mid", "--track", "1,instrument=kazoo", "--output", "nowhere"], 2, "no instrument `kazoo`"),
        (&["song.mid", "absent.mid", "--output", "nowhere"], 5, "absent.mid"),
        (&["song.wav", "song.mid", "--loop", "1-2"], 2, "no bars"),
        (&["song.wav", "--midi-out", "port"], 2, "MIDI port"),
        (&["song.mid", "--track", "9,volume=50"], 2, "no track 9"),
        (&["song.mid", "--track", "1,volume=loud"], 2, "0 to 200"),
        (&["--virtual", "--layer", "violin,keys=C4"], 2, "C4.."),
        (&["--virtual", "--instrument", "kazoo"], 2, "no instrument `kazoo`"),
        (&["--virtual", "--instrument", "77:5"], 2, "no instrument `77:5`"),
        (&["--virtual", "--instrument", "drums", "--layer", "128:26"], 2, "one for a drum kit"),
        (&["song.mid", "--from", "99"], 2, "no bar 99"),
        (&["song.mid", "--speed", "300"], 2, "25 to 200"),
        (&["song.mid", "--output", "nowhere"], 3, "no audio output `nowhere`"),
        (&["song.mid", "--loop", "4"], 2, "5-8"),
        (&["absent.mid"], 5, "absent.mid"),
        (&["song.mid", "--soundfont", "song.mid"], 5, "not a SoundFont"),
        (&["song.mid", "--soundfont", "."], 5, "it is a folder"),
    ];
    for (args, code, words) in cases {
        let output = place.run(&alsa("null"), args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{args:?}: {}", err(&output));
    }
}

/// As many notes at once as no synthesiser has voices, and many more than a block takes: it ends all the same. Ten
/// million of them are for an optimised build: `cargo bench --bench ten_million`.
#[test]
fn more_events_than_can_be_heard_are_played_to_the_end() {
    let place = Place::new();
    let mut composition = Composition::new(Format::Single, Division::Metrical(Ppq::new(480).unwrap()));
    let mut track = Track::with_capacity(40_000);
    for i in 0..20_000u64 {
        let (key, velocity) = (Key::masked((i % 100) as u8 + 10), Velocity::masked(60));
        let channel = Channel::masked((i % 16) as u8);
        track.push_voice(Ticks(i / 2_000), channel, Voice::NoteOn { key, velocity });
        track.push_voice(Ticks(i / 2_000), channel, Voice::NoteOff { key, velocity });
    }
    composition.tracks.push(track);
    fs::write(place.path("dense.mid"), smf::write(&composition).unwrap()).unwrap();
    let output = place.run(&alsa("null"), &["dense.mid", "--json"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(json(&output)["files"][0]["reached_s"], json(&output)["files"][0]["duration_s"]);
}

#[test]
fn what_would_change_nothing_is_refused() {
    let place = Place::new();
    place.song(3);
    for wish in [
        &["song.mid", "--instrument", "violin"][..],
        &["--virtual", "--loop", "1-2"],
        &["--virtual", "--speed", "50"],
        &["song.mid", "--midi-out", "x", "--metronome"],
    ] {
        let output = place.run("/dev/null", wish);
        assert_eq!(output.status.code(), Some(2), "{wish:?}: {}", err(&output));
    }
}

/// Nothing has been begun while the input is awaited, so nothing has to be tidied up.
#[test]
fn ctrl_c_ends_it_while_it_reads() {
    let place = Place::new();
    for args in [&["play", "-"][..], &["render", "-", "out.wav"], &["render", "-", "out.png"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
        command.args(args).current_dir(place.folder.path()).env("HOME", place.folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > Duration::from_secs(20) {
                child.kill().unwrap();
                panic!("{args:?} goes on");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A driver that never returns keeps the thread that waits for it, and nobody else.
#[test]
fn an_output_that_hangs_is_told_and_holds_nothing_up() {
    let place = Place::new();
    place.song(300);
    let sound = place.path("sound");
    assert!(Command::new("mkfifo").arg(&sound).status().unwrap().success());
    let config = place.path("pipe.conf");
    let written = format!(
        "pcm.pipe {{ type file slave.pcm \"null\" file \"{}\" format \"raw\" }}\n\
         pcm.!default {{ type plug slave {{ pcm \"pipe\" rate 48000 channels 2 format S16_LE }} }}\n",
        sound.display()
    );
    fs::write(&config, written).unwrap();
    let base = alsa("null").split(':').next().unwrap().to_owned();
    // Open at both ends, so that nobody waits for the other; a fifth of a second is taken from it, and then no more.
    let mut pipe = fs::File::options().read(true).write(true).open(&sound).unwrap();
    let mut command = place.command(&format!("{base}:{}", config.display()), &["song.mid", "--json"]);
    let said = fs::File::create(place.path("said")).unwrap();
    let mut child = command.stdout(Stdio::piped()).stderr(said).spawn().unwrap();
    std::io::Read::read_exact(&mut pipe, &mut vec![0; 38_400]).unwrap();
    let mut within = Deadline::new(&mut child);
    while !fs::read_to_string(place.path("said")).unwrap().contains("it has stopped asking for sound") {
        within.still("nothing is said");
    }
    assert!(Command::new("kill").args(["-INT", &within.child.id().to_string()]).status().unwrap().success());
    while within.child.try_wait().unwrap().is_none() {
        within.still("it goes on");
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let reached = json(&output)["files"][0]["reached_s"].as_f64().unwrap();
    // Of 29 seconds.
    assert!(reached < 10.0, "{reached}");
}

/// A child that has to be through in a time.
struct Deadline<'a> {
    child: &'a mut std::process::Child,
    began: Instant,
}

impl<'a> Deadline<'a> {
    fn new(child: &'a mut std::process::Child) -> Deadline<'a> {
        Deadline { child, began: Instant::now() }
    }

    fn still(&mut self, what: &str) {
        if self.began.elapsed() > Duration::from_secs(30) {
            self.child.kill().unwrap();
            panic!("{what}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A job in the background that asked for the terminal's keys would be stopped by the system.
#[test]
fn in_the_background_it_plays_on() {
    let place = Place::new();
    place.song(5);
    let mut terminal = Command::new("timeout");
    terminal.args([
        "60",
        "script",
        "-qfc",
        "bash -mc '\"$PROGRAM\" play song.mid & wait $!; echo $? > ended'",
        "typescript",
    ]);
    terminal.current_dir(place.folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    terminal
        .env("HOME", place.folder.path())
        .env("ALSA_CONFIG_PATH", alsa("null"))
        .env("PROGRAM", env!("CARGO_BIN_EXE_composer"));
    terminal.status().unwrap();
    assert_eq!(fs::read_to_string(place.path("ended")).unwrap().trim(), "0");
}

#[test]
fn a_terminal_that_is_closed_ends_it() {
    let place = Place::new();
    place.song(3_000);
    // `script` is the terminal.
    let mut terminal = Command::new("script");
    terminal.args(["-qfc", "echo $$ > pid; exec \"$PROGRAM\" play song.mid", "typescript"]);
    terminal.current_dir(place.folder.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    terminal
        .env("HOME", place.folder.path())
        .env("ALSA_CONFIG_PATH", alsa("null"))
        .env("PROGRAM", env!("CARGO_BIN_EXE_composer"));
    let mut terminal = terminal.spawn().unwrap();
    let began = Instant::now();
    let within = |what: &str| assert!(began.elapsed() < std::time::Duration::from_secs(90), "{what}");
    let pause = || std::thread::sleep(std::time::Duration::from_millis(20));
    // It follows the piece on the screen, so it listens to the keys.
    while !fs::read_to_string(place.path("typescript")).is_ok_and(|shown| shown.contains('▶')) {
        within("it plays");
        pause();
    }
    let process = format!("/proc/{}/stat", fs::read_to_string(place.path("pid")).unwrap().trim());
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    // Whoever takes on orphans here may leave it as a zombie.
    while fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z ")) {
        within("it goes with its terminal");
        pause();
    }
}
