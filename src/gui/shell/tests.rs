//! What the shell itself decides.

use super::*;
use crate::settings::Settings;

#[test]
fn the_window_follows_the_system_unless_the_settings_say_otherwise() {
    let mut studio = Studio::without_desk(Now::new(Settings::default(), None));
    let _ = studio.update(Message::System(Mode::Light));
    assert_eq!(studio.theme(), theme::theme(false));
    let _ = studio.change(Change::Theme(ThemeSetting::Dark));
    assert_eq!(studio.theme(), theme::theme(true));
}

#[test]
fn piano_keys_play_on_their_screen_only() {
    use iced::keyboard::key::{Code, Physical};
    use iced::keyboard::{Key, Location, Modifiers};
    let pressed = |letter: &str, code| keyboard::Event::KeyPressed {
        key: Key::Character(letter.into()),
        modified_key: Key::Character(letter.into()),
        physical_key: Physical::Code(code),
        location: Location::Standard,
        modifiers: Modifiers::default(),
        text: None,
        repeat: false,
    };
    let mut studio = Studio::without_desk(Now::new(Settings::default(), None));
    studio.screen = Screen::Devices;
    let before = format!("{:?}", studio.play);
    let _ = studio.key(&pressed("x", Code::KeyX));
    let _ = studio.key(&pressed("a", Code::KeyA));
    assert_eq!(format!("{:?}", studio.play), before);
    studio.screen = Screen::Play;
    let _ = studio.key(&pressed("x", Code::KeyX));
    assert_ne!(format!("{:?}", studio.play), before);
}

#[test]
fn the_first_screen_says_that_the_settings_are_broken() {
    let fault = SettingsError::Unreadable { path: "settings.toml".into(), reason: "no".into() };
    let remark = remark_on_settings(Some(&fault), &[]).unwrap();
    assert!(remark.wrong && remark.text.contains("of no use"), "{}", remark.text);
    assert_eq!(remark_on_settings(None, &[]), None);
}
