//! The window without a display: every screen as it is drawn, held against pictures in `tests/data/window`, and
//! what a click or a key leads to.
//!
//! A picture that has changed or is missing makes the test fail and leaves the new one in `target/window`; with
//! `COMPOSER_NEW_PICTURES=1` it takes the old one's place. Look at it before you keep it.

#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // it fails loudly

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use composer::audio::output::{Description, Format};
use composer::audio::sequencer::Program;
use composer::gui::now::Now;
use composer::gui::screen::{Screen, play, settings};
use composer::gui::shell::{Message, Studio};
use composer::gui::status;
use composer::gui::theme;
use composer::keyboard::controls::Panel;
use composer::music::{Message as Midi, Micros};
use composer::settings::{Settings, SettingsError, ThemeSetting};
use composer::studio::choices::{Choices, Offer};
use composer::studio::desk::{Captured, Font, Kept, Keyboard, Piece, Pulse, Remark, Report, Sound, Transport};
use composer::studio::doctor::{Check, Status};
use composer::studio::edit::EditError;
use composer::studio::instruments::Instrument;
use iced_test::Simulator;
use iced_test::core::{Settings as Toolkit, Size};

#[path = "gui/sizes.rs"]
mod sizes;

const USUAL: Size = Size::new(1180.0, 740.0);
const SMALLEST: Size = Size::new(1024.0, 640.0);

/// What is left of usual displays at 100, 125, 150 and 200 %, in the points that a window reckons in.
const SIZES: [Size; 4] = [USUAL, SMALLEST, Size::new(960.0, 600.0), TWICE];
const TWICE: Size = Size::new(960.0, 540.0);

fn studio(theme: ThemeSetting) -> Studio {
    let mut settings = Settings::default();
    settings.window.theme = theme;
    Studio::without_desk(Now::new(settings, None))
}

fn tell(studio: &mut Studio, reports: impl IntoIterator<Item = Report>) {
    for report in reports {
        let _ = studio.update(Message::Told(report));
    }
}

fn instrument(name: &str, program: u8) -> Instrument {
    let program = Program { bank: 0, bank_fine: 0, program };
    Instrument { channel: Default::default(), program, name: name.to_owned() }
}

/// A keyboard, an output and a SoundFont.
fn all_is_well() -> Vec<Report> {
    let format = Format { rate: 48_000, block: 240, latency: 240 };
    let output = Description {
        name: "HDA Intel PCH".to_owned(),
        system: "ALSA".to_owned(),
        format,
        channels: 2,
        sample_format: "f32".to_owned(),
        substitute: false,
    };
    let instruments = [instrument("Acoustic Grand Piano", 0), instrument("Church Organ", 19)];
    vec![
        Report::Keyboard(Keyboard::Connected {
            name: "AKM322 MIDI 1".to_owned(),
            id: "akm322-0".to_owned(),
            panel: Panel::Akm322,
        }),
        Report::Font(Font { name: "TimGM6mb.sf2".to_owned(), is_own: false, instruments: instruments.clone().into() }),
        Report::Instrument(instruments[0].clone()),
        Report::Sound(Sound::Open { output, latency: Duration::from_micros(10_500) }),
    ]
}

fn heard(notes: &[(u64, [u8; 3])]) -> Report {
    let message = |bytes: &[u8; 3]| Midi::from_bytes(bytes).unwrap();
    Report::Heard(notes.iter().map(|(ms, bytes)| (Micros::from_millis(*ms), message(bytes))).collect())
}

fn pulse(ms: u64, position: u64) -> Report {
    let (now, position) = (Micros::from_millis(ms), Micros::from_millis(position));
    Report::Pulse(Pulse { now, position, peaks: [0.3, 0.2], xruns: 0, rest: false })
}

/// A chord that is held, and a melody before it.
fn melody() -> Report {
    heard(&[
        (1_000, [0x90, 60, 90]),
        (1_450, [0x80, 60, 0]),
        (1_500, [0x90, 62, 70]),
        (1_900, [0x80, 62, 0]),
        (2_000, [0x90, 64, 100]),
        (2_900, [0x80, 64, 0]),
        (3_000, [0x90, 65, 50]),
        (3_400, [0x80, 65, 0]),
        (4_000, [0x90, 48, 80]),
        (4_000, [0x90, 55, 80]),
        (4_050, [0x90, 63, 110]),
    ])
}

fn demo() -> Arc<Piece> {
    Arc::new(Piece::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/melodies/demo.mid")).unwrap())
}

fn simulator(studio: &Studio, size: Size) -> Simulator<'_, Message> {
    let fonts = theme::FONTS.map(std::borrow::Cow::Borrowed).to_vec();
    let settings = Toolkit { fonts, default_font: theme::REGULAR, ..Toolkit::default() };
    Simulator::with_size(settings, size, studio.view())
}

/// Draws the window and holds it against the picture of this name.
fn picture(studio: &Studio, size: Size, name: &str) {
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/window").join(name);
    let fresh = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../window").join(name);
    let snapshot = simulator(studio, size).snapshot(&studio.theme()).unwrap();
    let real = |path: &Path| path.with_file_name(format!("{name}-tiny-skia.png"));
    let is_known = real(&known).exists();
    if is_known && snapshot.matches_image(known.with_extension("png")).unwrap() {
        return;
    }
    let keep = std::env::var_os("COMPOSER_NEW_PICTURES").is_some();
    let target = if keep { &known } else { &fresh };
    let _ = std::fs::remove_file(real(target));
    // A picture that is not there is made.
    assert!(snapshot.matches_image(target.with_extension("png")).unwrap());
    let what = if is_known { "looks different" } else { "has no picture yet" };
    assert!(keep, "{name} {what}; look at {}", real(target).display());
    eprintln!("new picture: {}", real(target).display());
}

#[test]
fn the_first_screen_before_anything_is_there() {
    let mut studio = studio(ThemeSetting::Dark);
    tell(&mut studio, [Report::Keyboard(Keyboard::Awaited)]);
    picture(&studio, USUAL, "first");
}

#[test]
fn what_is_played_rises_from_the_keys() {
    let mut studio = studio(ThemeSetting::Light);
    tell(&mut studio, all_is_well());
    tell(&mut studio, [melody(), Report::Captured(Captured { notes: 7 }), pulse(5_000, 0)]);
    picture(&studio, USUAL, "played");
}

#[test]
fn a_take_is_recorded() {
    let mut studio = studio(ThemeSetting::Dark);
    tell(&mut studio, all_is_well());
    let origin = Micros::from_millis(500);
    tell(&mut studio, [Report::Transport(Transport::Recording { origin }), melody(), pulse(5_000, 0)]);
    picture(&studio, USUAL, "recording");
}

#[test]
fn a_piece_falls_onto_the_keys() {
    let mut studio = studio(ThemeSetting::Dark);
    tell(&mut studio, all_is_well());
    tell(&mut studio, [Report::Piece(demo()), Report::Transport(Transport::Playing), pulse(9_000, 3_000)]);
    picture(&studio, SMALLEST, "playing");
}

#[test]
fn what_is_wrong_is_said_at_the_foot_with_its_remedy() {
    let mut studio = studio(ThemeSetting::Light);
    let reason = "there is no audio output".to_owned();
    tell(&mut studio, [Report::Keyboard(Keyboard::Awaited), Report::Sound(Sound::Silent { reason })]);
    let _ = studio.update(Message::Examined(checks()));
    picture(&studio, SMALLEST, "trouble");
    let mut window = simulator(&studio, SMALLEST);
    window.click("Copy remedy").unwrap();
}

#[test]
fn what_was_said_before_is_a_click_away() {
    let mut studio = studio(ThemeSetting::Dark);
    tell(&mut studio, all_is_well());
    let path = PathBuf::from("/takes/2026-11-21 10.00.00.mid");
    let kept = Kept { path, notes: 12, length: Micros::from_millis(8_000), elsewhere: None };
    let text = "The take is not saved: the disk is full. It is kept in /home/clara/.local/state/composer/journals; free some \
                space, and it is tried again.";
    tell(&mut studio, [Report::Says(Remark { text: text.to_owned(), wrong: true }), Report::Kept(kept)]);
    tell(&mut studio, [Report::Says(Remark { text: "Nothing was played, so no take was made.".into(), wrong: false })]);
    let mut window = simulator(&studio, SMALLEST);
    assert!(window.find(text).is_err());
    window.click("2 more").unwrap();
    let messages: Vec<Message> = window.into_messages().collect();
    messages.into_iter().for_each(|m| drop(studio.update(m)));
    picture(&studio, SMALLEST, "remarks");
    let mut window = simulator(&studio, SMALLEST);
    window.find(text).unwrap();
    window.click("Dismiss all").unwrap();
    let messages: Vec<Message> = window.into_messages().collect();
    messages.into_iter().for_each(|m| drop(studio.update(m)));
    assert!(simulator(&studio, SMALLEST).find("Nothing was played, so no take was made.").is_err());
}

#[test]
fn the_question_at_closing_fits_into_a_small_window() {
    let mut studio = studio(ThemeSetting::Light);
    tell(&mut studio, all_is_well());
    let reason = "no space is left on the disk".to_owned();
    let _ = studio.update(Message::Safe(Err(EditError::WouldBeLost { name: "Morning".to_owned(), reason })));
    picture(&studio, SMALLEST, "closing");
}

#[test]
fn without_a_soundfont_the_foot_says_what_to_type() {
    let mut studio = studio(ThemeSetting::Dark);
    let own = |report| match report {
        Report::Font(font) => Report::Font(Font { is_own: true, ..font }),
        other => other,
    };
    tell(&mut studio, all_is_well().into_iter().map(own));
    simulator(&studio, SMALLEST).find("Simple sounds").unwrap();
    let remedy = "sudo apt install timgm6mb-soundfont";
    let (evidence, remedy_of_it) = ("no SoundFont to play takes with".to_owned(), Some(remedy.to_owned()));
    let check = Check { id: "soundfont", status: Status::Warning, evidence, remedy: remedy_of_it };
    let _ = studio.update(Message::Examined(vec![check]));
    let mut window = simulator(&studio, SMALLEST);
    window.click("Copy remedy").unwrap();
    let copied = |m: Message| matches!(m, Message::Status(status::Message::Copy(words)) if words == remedy);
    assert!(window.into_messages().any(copied));
}

fn checks() -> Vec<Check> {
    let check = |id, status, evidence: &str, remedy: Option<&str>| Check {
        id,
        status,
        evidence: evidence.to_owned(),
        remedy: remedy.map(str::to_owned),
    };
    vec![
        check("usb-device", Status::Ok, "AKM322 in USB socket 1-2, recognised by its USB id", None),
        check("usb-driver", Status::Ok, "snd-usb-audio is bound, sound card 1", None),
        check(
            "seq-module",
            Status::Failure,
            "/dev/snd/seq is missing: the sequencer's kernel module is not loaded",
            Some("sudo modprobe snd-seq"),
        ),
        check("seq-permission", Status::Skipped, "there is no sequencer to be permitted", None),
        check("midi-port", Status::Skipped, "without its driver it has no port", None),
        check(
            "udev-rule",
            Status::Warning,
            "70-composer-akm322.rules is not installed",
            Some("sudo make install (in composer's source folder), then re-plug the keyboard"),
        ),
        check(
            "audio-output",
            Status::Warning,
            "no sound card: the default output of ALSA cannot be opened",
            Some("systemctl --user start pipewire wireplumber, or plug in headphones; recording works without"),
        ),
        check("soundfont", Status::Ok, "/usr/share/sounds/sf2/TimGM6mb.sf2 (6.0 MB)", None),
    ]
}

#[test]
fn the_devices_say_what_is_wrong_and_what_controls_send() {
    let mut studio = studio(ThemeSetting::Dark);
    tell(&mut studio, all_is_well());
    let _ = studio.update(Message::Go(Screen::Devices));
    let _ = studio.update(Message::Examined(checks()));
    tell(&mut studio, [heard(&[(0, [0xb0, 21, 90]), (1, [0xb0, 7, 127]), (2, [0xe0, 0, 64])])]);
    picture(&studio, USUAL, "devices");
}

#[test]
fn the_settings_say_what_they_lead_to() {
    let mut now = Now::new(Settings::default(), None);
    now.settings_fault = Some(SettingsError::Broken {
        path: "/home/clara/.config/composer/settings.toml".to_owned(),
        line: 3,
        column: 7,
        reason: "a tempo of 2: must be 4 to 1000 quarter notes a minute".to_owned(),
    });
    let mut studio = Studio::without_desk(now);
    tell(&mut studio, all_is_well());
    let _ = studio.update(Message::Go(Screen::Settings));
    let outputs = vec![Offer { value: "hw:0".to_owned(), name: "HDA Intel PCH".to_owned() }];
    let _ = studio.update(Message::Settings(settings::Message::Found(Choices { outputs, ..Choices::default() })));
    picture(&studio, USUAL, "settings");
}

#[test]
fn the_help_lies_over_the_screen() {
    let mut studio = studio(ThemeSetting::Dark);
    tell(&mut studio, all_is_well());
    let _ = studio.update(Message::Help);
    picture(&studio, USUAL, "help");
}

#[test]
fn buttons_lead_to_orders() {
    let mut studio = studio(ThemeSetting::Dark);
    tell(&mut studio, all_is_well());
    tell(&mut studio, [Report::Captured(Captured { notes: 7 })]);
    for (button, wanted) in [("Record", "Record"), ("Keep what I just played", "Keep"), ("Tap", "Tap")] {
        let mut window = simulator(&studio, USUAL);
        window.click(button).unwrap();
        let messages: Vec<String> = window.into_messages().map(|m| format!("{m:?}")).collect();
        assert_eq!(messages, [format!("Play({wanted})")], "{button}");
    }
    for (name, screen) in [("Devices", Screen::Devices), ("Settings", Screen::Settings)] {
        let mut window = simulator(&studio, USUAL);
        window.click(name).unwrap();
        assert!(window.into_messages().any(|m| matches!(m, Message::Go(s) if s == screen)), "{name}");
    }
}

#[test]
fn a_take_that_is_saved_is_said_and_a_typed_tempo_holds() {
    let mut studio = studio(ThemeSetting::Dark);
    let path = PathBuf::from("/takes/2026-11-21 10.00.00.mid");
    let kept = Kept { path, notes: 12, length: Micros::from_millis(8_000), elsewhere: None };
    tell(&mut studio, [Report::Kept(kept)]);
    let _ = studio.update(Message::Play(play::Message::TempoTyped("96".to_owned())));
    let _ = studio.update(Message::Play(play::Message::TempoSet));
    let mut window = simulator(&studio, USUAL);
    window.find("Saved 2026-11-21 10.00.00.mid (12 notes, 0:08).").unwrap();
    drop(window);
    tell(&mut studio, [Report::Says(Remark { text: "Something else.".to_owned(), wrong: true })]);
    simulator(&studio, USUAL).find("Something else.").unwrap();
}
