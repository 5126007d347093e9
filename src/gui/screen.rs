//! The screens. Each is a state with a `Message`, an `update` that answers with an [`Action`], a `view`
//! and, where it needs one, a `subscription`; none knows the shell or another screen.
//!
//! A new screen is a module here, a line in [`Screen::ALL`], and its arms in the shell.

pub mod play;

use iced::Task;

use super::icon::Icon;
use super::widget::keys::Touched;
use crate::studio::desk::Order;
use crate::studio::preferences::Change;

/// Which screen is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// Play and record.
    #[default]
    Play,
}

impl Screen {
    /// All of them, in the order of the strip.
    pub const ALL: [Screen; 1] = [Screen::Play];

    /// Its name in the strip.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Screen::Play => "Play",
        }
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> Icon {
        match self {
            Screen::Play => Icon::Piano,
        }
    }
}

/// What a screen wants of the shell.
#[derive(Debug)]
pub enum Action<M> {
    /// Nothing.
    None,
    /// Work beside the window, that ends in a message of this screen.
    Run(Task<M>),
    /// An order for the desk.
    Order(Order),
    /// A key on screen.
    Touch(Touched),
    /// A change to the settings.
    Change(Change),
    /// Another screen.
    Go(Screen),
    /// Several.
    All(Vec<Action<M>>),
}
