//! What a window begins with.

use std::path::PathBuf;

use crate::settings::{Folders, Settings, SettingsError};
use crate::studio::desk::Listen;

/// See the module.
#[derive(Clone, Debug)]
pub struct Start {
    /// A file to be opened.
    pub file: Option<PathBuf>,
    /// The settings.
    pub settings: Settings,
    /// Why they are only the defaults, if they are.
    pub settings_fault: Option<SettingsError>,
    /// Remarks on single settings, such as on values that are wrong.
    pub settings_warnings: Vec<String>,
    /// Where they are kept.
    pub settings_file: Option<PathBuf>,
    /// This user's folders, with what the settings say.
    pub folders: Folders,
    /// Which keyboard is listened to.
    pub listen: Listen,
}
