//! A SoundFont for homes that tests make.

use std::fs;
use std::path::Path;

use composer::audio::soundfonts::{find, standard_folders};

/// Gives a home the system's first SoundFont that is not packed, as its own: a packed one is decoded while one plays, and
/// without optimisation that is too slow for the first note to be heard.
pub(super) fn soundfont(home: &Path) {
    let fonts = find(&standard_folders(None));
    if let Some(font) = fonts.iter().find(|f| f.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sf2"))) {
        let own = home.join(".local/share/composer/soundfonts");
        fs::create_dir_all(&own).unwrap();
        std::os::unix::fs::symlink(fs::canonicalize(&font.path).unwrap(), own.join("unpacked.sf2")).unwrap();
    }
}
