//! The studio's window: what `composer` shows when it is started without a subcommand.
//!
//! iced is known here and nowhere else. The window is a face of `studio::desk` and the other use cases:
//! it gives orders, is told reports and draws them, and holds no music of its own. [`shell`] is the
//! application; [`screen`] has a module for each screen; [`theme`] says how everything looks.

pub mod dialog;
mod display;
pub mod help;
pub mod icon;
pub mod now;
pub mod offer;
pub mod remarks;
pub mod screen;
pub mod shell;
pub mod status;
pub mod theme;
pub mod widget;
pub mod words;
pub mod work;

use iced::window;

use crate::studio::start::Start;
pub use display::NoDisplay;
use shell::Studio;

/// The smallest window that everything fits into: a display of 1920 by 1080 at twice the size.
const SMALLEST: iced::Size = iced::Size::new(960.0, 540.0);

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no display to open it on.
pub fn run(start: Start) -> Result<(), NoDisplay> {
    display::check()?;
    let (width, height, pixels) = ICON;
    let window = window::Settings {
        size: iced::Size::new(1180.0, 740.0),
        min_size: Some(SMALLEST),
        icon: window::icon::from_rgba(pixels.to_vec(), width, height).ok(),
        exit_on_close_request: false,
        #[cfg(target_os = "linux")]
        platform_specific: window::settings::PlatformSpecific {
            application_id: "composer".to_owned(),
            ..Default::default()
        },
        ..window::Settings::default()
    };
    let mut application = iced::application(move || Studio::boot(start.clone()), Studio::update, Studio::view)
        .title(Studio::title)
        .subscription(Studio::subscription)
        .theme(Studio::theme)
        .default_font(theme::REGULAR)
        .antialiasing(true)
        .window(window);
    for font in theme::FONTS {
        application = application.font(font);
    }
    display::guard(move || application.run().map_err(|e| e.to_string()))
}

/// The window's icon: width, height and pixels of red, green, blue and alpha.
const ICON: (u32, u32, &[u8]) = (64, 64, include_bytes!("../assets/icon/composer-64.rgba"));
