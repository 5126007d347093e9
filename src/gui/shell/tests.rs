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
