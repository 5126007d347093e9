//! SoundFonts: the files that hold the instruments' samples, and where systems keep them. No file is opened.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// A SoundFont file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SoundFont {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Where distributions put SoundFonts, most of Linux's and the BSDs'.
const FOLDERS: [&str; 6] = [
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/local/share/sounds/sf2",
    "/usr/local/share/sounds/sf3",
    "/usr/local/share/soundfonts",
];

/// The system's folders, then the user's: see [`users_folders`].
#[must_use]
pub fn standard_folders(data: Option<&Path>) -> Vec<PathBuf> {
    FOLDERS.iter().map(PathBuf::from).chain(data.into_iter().flat_map(users_folders)).collect()
}

/// `soundfonts` in composer's own `data` folder, and the folders beside it that other programs share.
#[must_use]
pub fn users_folders(data: &Path) -> Vec<PathBuf> {
    let shared = data.parent().into_iter().flat_map(|d| ["soundfonts", "sounds/sf2", "sounds/sf3"].map(|f| d.join(f)));
    std::iter::once(data.join("soundfonts")).chain(shared).collect()
}

/// The SoundFonts (`.sf2`, `.sf3`) in these folders, each file once: a distribution's defaults (`default-GM.*`)
/// first, of these the one with the most in it, then the others by path.
#[must_use]
pub fn find(folders: &[PathBuf]) -> Vec<SoundFont> {
    let mut found: Vec<SoundFont> = Vec::new();
    let mut seen = Vec::new();
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten().map(|e| e.path()))
        .filter(|path| is_soundfont(path))
        .collect();
    paths.sort_by_cached_key(|path| match is_default(path) {
        true => (Reverse(contents(path)), path.clone()),
        false => (Reverse(0), path.clone()),
    });
    for path in paths {
        // Distributions link the default to one of the others.
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let Ok(meta) = fs::metadata(&real) else { continue };
        if meta.is_file() && !seen.contains(&real) {
            seen.push(real);
            found.push(SoundFont { path, bytes: meta.len() });
        }
    }
    found
}

fn is_soundfont(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sf2") || e.eq_ignore_ascii_case("sf3"))
}

/// How much sound is in a file, in bytes of an SF2. An SF3's samples are compressed, to a fifth of that or less
/// (FluidR3Mono: 24 MB of 129).
fn contents(path: &Path) -> u64 {
    let bytes = fs::metadata(path).map_or(0, |meta| meta.len());
    let compressed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("sf3"));
    bytes.saturating_mul(if compressed { 5 } else { 1 }).max(1)
}

fn is_default(path: &Path) -> bool {
    path.file_stem().is_some_and(|s| s.eq_ignore_ascii_case("default-GM"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_comes_first_and_a_link_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| fs::write(folder.path().join(name), "RIFF").unwrap();
        write("a.sf2");
        write("b.SF3");
        write("default-GM.txt");
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("b.SF3"), folder.path().join("default-GM.sf3")).unwrap();
        let names: Vec<_> = find(&[folder.path().into(), folder.path().join("absent")])
            .iter()
            .map(|f| f.path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        if cfg!(unix) {
            assert_eq!(names, ["default-GM.sf3", "a.sf2"]);
        } else {
            assert_eq!(names, ["a.sf2", "b.SF3"]);
        }
    }

    #[test]
    fn of_several_defaults_the_fullest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: usize| fs::write(folder.path().join(name), vec![0; bytes]).unwrap();
        let first = || find(&[folder.path().into()]).into_iter().next().unwrap();
        write("all-and-more.sf2", 9_000);
        write("default-GM.sf2", 600);
        write("default-GM.sf3", 200);
        assert!(first().path.ends_with("default-GM.sf3"), "compressed it holds more");
        write("default-GM.sf2", 1_400);
        assert!(first().path.ends_with("default-GM.sf2"));
    }
}
