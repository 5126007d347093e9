//! Where this platform keeps things.

use std::fs;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::{Settings, without_tilde};

const NAME: &str = "composer";

/// The folders of this user. None of them is made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    home: PathBuf,
    /// The settings file's: `~/.config/composer` on Linux.
    pub config: PathBuf,
    /// SoundFonts and the like: `~/.local/share/composer`.
    pub data: PathBuf,
    /// Journals of takes under way, and what each port said last: `~/.local/state/composer`.
    pub state: PathBuf,
    /// Takes that got no name: `Composer` in the user's folder for music, else in the home folder.
    pub library: PathBuf,
    /// Weights that the user's own music has taught: `models` beside the SoundFonts.
    pub models: PathBuf,
    /// Jobs, and what came of them, unless the settings name another store.
    pub jobs: PathBuf,
    /// One more folder of SoundFonts that the settings name.
    pub soundfonts: Option<PathBuf>,
}

impl Folders {
    /// The platform's folders; `None` where the user has no home folder.
    #[must_use]
    pub fn of_platform() -> Option<Folders> {
        let base = etcetera::choose_base_strategy().ok()?;
        let home = base.home_dir().to_owned();
        let data = base.data_dir().join(NAME);
        Some(Folders {
            config: base.config_dir().join(NAME),
            state: base.state_dir().map_or_else(|| data.join("state"), |s| s.join(NAME)),
            library: music_folder(&home, &base.config_dir()).unwrap_or_else(|| home.clone()).join("Composer"),
            soundfonts: None,
            models: data.join("models"),
            jobs: data.join("store"),
            data,
            home,
        })
    }

    /// With the folders that the settings name.
    #[must_use]
    pub fn with_settings(mut self, settings: &Settings) -> Folders {
        if let Some(library) = &settings.folders.library {
            self.library = without_tilde(library, &self.home);
        }
        self.soundfonts = settings.folders.soundfonts.as_ref().map(|s| without_tilde(s, &self.home));
        self
    }

    /// A path of the settings, which may begin with `~`.
    #[must_use]
    pub fn from_home(&self, path: &Path) -> PathBuf {
        without_tilde(path, &self.home)
    }

    /// The settings file, unless the user names another.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("settings.toml")
    }
}

/// The user's folder for music, if it is there. On Linux it has a name in the user's language,
/// which `user-dirs.dirs` tells (xdg-user-dirs).
fn music_folder(home: &Path, config: &Path) -> Option<PathBuf> {
    let named = if cfg!(any(target_os = "macos", target_os = "windows")) {
        None
    } else {
        fs::read_to_string(config.join("user-dirs.dirs")).ok().and_then(|text| xdg_music(&text, home))
    };
    Some(named.unwrap_or_else(|| home.join("Music"))).filter(|folder| folder.is_dir() && folder != home)
}

fn xdg_music(user_dirs: &str, home: &Path) -> Option<PathBuf> {
    let value = user_dirs.lines().find_map(|line| line.trim().strip_prefix("XDG_MUSIC_DIR="))?.trim().trim_matches('"');
    match value.strip_prefix("$HOME") {
        Some(rest) => Some(home.join(rest.trim_start_matches('/'))),
        None => value.starts_with('/').then(|| PathBuf::from(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_for_music_has_the_users_name() {
        let home = Path::new("/home/clara");
        let text = "# comment\nXDG_DESKTOP_DIR=\"$HOME/Schreibtisch\"\nXDG_MUSIC_DIR=\"$HOME/Musik\"\n";
        assert_eq!(xdg_music(text, home), Some(home.join("Musik")));
        assert_eq!(xdg_music("XDG_MUSIC_DIR=\"/srv/music\"", home), Some("/srv/music".into()));
        assert_eq!(xdg_music("", home), None);
    }

    #[test]
    fn a_folder_for_music_that_is_not_there_is_not_made_up() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(music_folder(home.path(), &home.path().join(".config")), None);
        fs::create_dir(home.path().join("Music")).unwrap();
        assert_eq!(music_folder(home.path(), &home.path().join(".config")), Some(home.path().join("Music")));
    }

    #[test]
    fn the_settings_may_name_folders_from_home() {
        let Some(folders) = Folders::of_platform() else { return };
        let mut settings = Settings::default();
        settings.folders.library = Some("~/takes".into());
        let home = folders.home.clone();
        assert_eq!(folders.with_settings(&settings).library, home.join("takes"));
    }
}
