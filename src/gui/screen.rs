//! The screens. Each is a state with a `Message`, an `update` that answers with an [`Action`], a `view`
//! and, where it needs one, a `subscription`; none knows the shell or another screen.
//!
//! A new screen is a module here, a line in [`Screen::ALL`], and its arms in the shell.

#[cfg(test)]
pub(in crate::gui) mod bench;
pub mod compose;
pub mod devices;
pub mod edit;
pub mod jobs;
pub mod learn;
pub mod library;
pub mod play;
pub mod practice;
pub mod settings;
#[cfg(feature = "train")]
pub mod train;

use std::path::PathBuf;
use std::sync::Arc;

use iced::Task;

use super::icon::Icon;
use super::widget::keys::Touched;
use super::work::Broken;
use crate::compose::request::Request;
use crate::studio::compose::atelier::Melody;
use crate::studio::desk::{Order, Trial};
use crate::studio::edit::Draft;
use crate::studio::preferences::Change;

/// Which screen is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// Play and record.
    #[default]
    Play,
    /// A piece falls onto the keys, and waits.
    Practice,
    /// Takes and compositions.
    Library,
    /// The editor.
    Edit,
    /// Melodies become compositions.
    Compose,
    /// The model learns from the user's own music.
    #[cfg(feature = "train")]
    Train,
    /// Compositions that workers make.
    Jobs,
    /// How it all works.
    Learn,
    /// Keyboards and sound, with what is wrong about them.
    Devices,
    /// The settings.
    Settings,
}

impl Screen {
    /// All of them, in the order of the strip.
    pub const ALL: [Screen; 9 + cfg!(feature = "train") as usize] = [
        Screen::Play,
        Screen::Practice,
        Screen::Library,
        Screen::Edit,
        Screen::Compose,
        #[cfg(feature = "train")]
        Screen::Train,
        Screen::Jobs,
        Screen::Learn,
        Screen::Devices,
        Screen::Settings,
    ];

    /// Its name in the strip.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Screen::Play => "Play",
            Screen::Practice => "Practice",
            Screen::Library => "Library",
            Screen::Edit => "Edit",
            Screen::Compose => "Compose",
            #[cfg(feature = "train")]
            Screen::Train => "Training",
            Screen::Jobs => "Jobs",
            Screen::Learn => "Learn",
            Screen::Devices => "Devices",
            Screen::Settings => "Settings",
        }
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> Icon {
        match self {
            Screen::Play => Icon::Piano,
            Screen::Practice => Icon::Practice,
            Screen::Library => Icon::Library,
            Screen::Edit => Icon::Notes,
            Screen::Compose => Icon::Compose,
            #[cfg(feature = "train")]
            Screen::Train => Icon::Train,
            Screen::Jobs => Icon::Jobs,
            Screen::Learn => Icon::Learn,
            Screen::Devices => Icon::Cable,
            Screen::Settings => Icon::Settings,
        }
    }
}

/// What a screen wants of the shell.
#[derive(Debug)]
pub enum Action<M> {
    /// Nothing.
    None,
    /// Something of the toolkit's: a dialog, the focus, a place to scroll to.
    Run(Task<M>),
    /// Work beside the window, that ends in a message of this screen unless it breaks down.
    Work(Task<Result<M, Broken>>),
    /// An order for the desk.
    Order(Order),
    /// A key on screen.
    Touch(Touched),
    /// A key that is to be heard in an instrument of its own, and is not played: nothing records it.
    Sound(Trial, Touched),
    /// A change to the settings.
    Change(Change),
    /// Something that cannot be done is to be said.
    Complain(String),
    /// Words for the clipboard.
    Copy(String),
    /// The doctor is to look again.
    Examine,
    /// A settings' file that is of no use is to be kept aside.
    PutAside,
    /// A file is to be edited.
    Edit(PathBuf),
    /// A file has another name: the first was its old one.
    Renamed(PathBuf, PathBuf),
    /// Something is to be composed to a file.
    Compose(PathBuf),
    /// A melody is to be composed to by workers.
    Submit(Arc<Melody>, Box<Request>),
    /// What was not saved is to be edited.
    Recover(Draft),
    /// Several.
    All(Vec<Action<M>>),
}
