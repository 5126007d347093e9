//! The settings file: reading with remarks, changing without touching the rest.

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, DocumentMut, InlineTable, Item, Table, Value};

use super::{ControlSetting, Settings};

/// What the file looks like when it is first written.
const TEMPLATE: &str = include_str!("template.toml");

/// The keys that mean something; an empty list stands for "any".
const KNOWN: [(&str, &[&str]); 7] = [
    ("record", &["bpm", "time_signature", "resolution", "metronome", "count_in", "split_after", "stop_after"]),
    (
        "sound",
        &[
            "output",
            "buffer_ms",
            "rate",
            "soundfont",
            "reverb",
            "chorus",
            "instrument",
            "velocity",
            "metronome_volume",
            "record",
        ],
    ),
    ("keyboard", &["port"]),
    ("controls", &[]),
    ("folders", &["library", "soundfonts"]),
    ("window", &["theme"]),
    ("jobs", &["store", "endpoint_url", "profile", "region", "keys_file", "instance_metadata", "lease"]),
];

/// Why settings cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// It is not what it should be.
    #[error("{path}:{line}:{column}: {reason}")]
    Broken {
        /// Which file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in characters.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// It cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// It cannot be written.
    #[error("cannot write {path}: {reason}")]
    Unwritable {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
}

/// How the file was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// There is none: all defaults.
    Missing,
    /// It was read.
    Read,
    /// It is there and of no use: all defaults, and nothing may be written. A single value that is wrong
    /// does not make it so: that is a warning, and the default holds for it.
    Broken(SettingsError),
}

/// Settings as they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// How the file was found.
    pub state: State,
    /// Remarks, such as on keys that mean nothing, with their place in the file.
    pub warnings: Vec<String>,
}

/// Reads the settings file. Never fails: see [`State`].
#[must_use]
pub fn load(path: &Path) -> Loaded {
    let nothing = |state| Loaded { settings: Settings::default(), state, warnings: Vec::new() };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return nothing(State::Missing),
        Err(e) => return nothing(State::Broken(unreadable(path, &e))),
    };
    // A value that is wrong is taken out, so that the default holds for it and the rest counts.
    let mut wrong = Vec::new();
    let mut rest = text.clone();
    loop {
        match toml::from_str(&rest) {
            Ok(settings) => {
                wrong.sort();
                let warnings = wrong.into_iter().map(|(_, warning)| warning).chain(unknown_keys(path, &rest)).collect();
                return Loaded { settings, state: State::Read, warnings };
            }
            Err(e) => {
                let error = broken(path, &text, e.span(), e.message());
                let Some(entry) = e.span().and_then(|wrong| entry_around(&rest, wrong.start)) else {
                    return nothing(State::Broken(error));
                };
                wrong.push((entry.start, format!("{error}; going on without this setting")));
                blank(&mut rest, entry);
            }
        }
    }
}

/// The bytes of the setting, its key with its value, in which a value is wrong; `None` where the fault is
/// one of the file's form.
fn entry_around(text: &str, at: usize) -> Option<Range<usize>> {
    let document = Document::parse(text).ok()?;
    let span = |table: &Table, key: &str, item: &Item| match item {
        // A table of its own, `[controls.play]`: its head, and all that stands in it.
        Item::Table(own) => {
            let last = own.iter().filter_map(|(_, i)| Some(i.span()?.end)).max();
            own.span().map(|head| head.start..last.unwrap_or(head.end).max(head.end))
        }
        item => Some(table.get_key_value(key)?.0.span()?.start..item.span()?.end),
    };
    let root = document.as_table();
    root.iter().find_map(|(key, item)| match item {
        Item::Table(section) => {
            section.iter().filter_map(|(key, item)| span(section, key, item)).find(|span| span.contains(&at))
        }
        item => span(root, key, item).filter(|span| span.contains(&at)),
    })
}

/// Puts spaces in place of a part, so that lines and columns stay what they are.
fn blank(text: &mut String, part: Range<usize>) {
    let blanks: String = text[part.clone()].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(part, &blanks);
}

/// A value to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Words.
    Text(String),
    /// A number without a fraction.
    Whole(i64),
    /// Any number.
    Number(f64),
    /// Yes or no.
    Switch(bool),
}

impl From<Given> for Value {
    fn from(given: Given) -> Value {
        match given {
            Given::Text(text) => text.into(),
            Given::Whole(n) => n.into(),
            Given::Number(n) => n.into(),
            Given::Switch(on) => on.into(),
        }
    }
}

/// Sets a value, or with `None` takes it out, so that the default holds again.
///
/// The rest of the file, comments too, stays as it is. The file and its folder are made if need
/// be; the new content is put in place in one step.
///
/// # Errors
/// When the file is broken, in which case it is left alone, or cannot be written.
pub fn set(path: &Path, section: &str, key: &str, given: Option<Given>) -> Result<(), SettingsError> {
    put(path, section, key, given.map(Value::from))
}

/// Sets what a control sends, or with `None` takes it out: see [`set`].
///
/// # Errors
/// When the file is broken, in which case it is left alone, or cannot be written.
pub fn set_control(path: &Path, name: &str, setting: Option<&ControlSetting>) -> Result<(), SettingsError> {
    put(path, "controls", name, setting.map(|s| Value::InlineTable(inline(s))))
}

/// Keeps a file that is of no use beside itself (`settings.broken.toml`, `settings.broken-2.toml`), and puts
/// the commented file without settings in its place.
///
/// # Errors
/// When the folder cannot be written; the file is where it was then.
pub fn put_aside(path: &Path) -> Result<PathBuf, SettingsError> {
    let unwritable =
        |e: io::Error| SettingsError::Unwritable { path: path.display().to_string(), reason: e.to_string() };
    for n in 1..1_000u32 {
        let name = if n == 1 { "broken.toml".to_owned() } else { format!("broken-{n}.toml") };
        let aside = path.with_extension(name);
        // A link fails where something is in the way, and nothing is lost between the two steps.
        match fs::hard_link(path, &aside) {
            Ok(()) => {
                write(path, TEMPLATE.as_bytes()).map_err(unwritable)?;
                return Ok(aside);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(unwritable(e)),
        }
    }
    Err(unwritable(io::ErrorKind::AlreadyExists.into()))
}

fn put(path: &Path, section: &str, key: &str, value: Option<Value>) -> Result<(), SettingsError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => TEMPLATE.to_owned(),
        Err(e) => return Err(unreadable(path, &e)),
    };
    // Only what is no TOML stands in the way: a value that is wrong stays as it is, for its owner to mend.
    let mut document: DocumentMut =
        text.parse().map_err(|e: toml_edit::TomlError| broken(path, &text, e.span(), e.message()))?;
    let item = document.entry(section).or_insert_with(|| Item::Table(Table::new()));
    let Some(table) = item.as_table_like_mut() else {
        let at = Document::parse(text.as_str()).ok().and_then(|d| d.as_table().get(section).and_then(Item::span));
        return Err(broken(path, &text, at, &format!("`{section}` must be a section: [{section}]")));
    };
    match value {
        None => {
            table.remove(key);
        }
        Some(value) => match table.get_mut(key).and_then(Item::as_value_mut) {
            // Keeps a comment behind the old value.
            Some(old) => {
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            None => {
                table.insert(key, Item::Value(value));
            }
        },
    }
    write(path, document.to_string().as_bytes())
        .map_err(|e| SettingsError::Unwritable { path: path.display().to_string(), reason: e.to_string() })
}

fn inline(setting: &ControlSetting) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("message", setting.message.as_str().into());
    if let Some(channel) = setting.channel {
        table.insert("channel", i64::from(channel).into());
    }
    if let Some(press) = &setting.press {
        table.insert("press", press.as_str().into());
    }
    table
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link to the file stays a link: what it points to is replaced.
    let path: PathBuf = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(before) = fs::metadata(&path) {
        let _ = file.as_file().set_permissions(before.permissions());
    }
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|e| e.error)?;
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> SettingsError {
    SettingsError::Unreadable { path: path.display().to_string(), reason: error.to_string() }
}

fn broken(path: &Path, text: &str, span: Option<Range<usize>>, reason: &str) -> SettingsError {
    let (line, column) = place(text, span.map_or(0, |s| s.start));
    SettingsError::Broken {
        path: path.display().to_string(),
        line,
        column,
        reason: reason.trim_end().replace('\n', ", "),
    }
}

/// Line and column, both from 1, of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn unknown_keys(path: &Path, text: &str) -> Vec<String> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let mut warnings = Vec::new();
    let mut warn = |table: &Table, key: &str, section: &str, known: &[&str]| {
        let at = table.get_key_value(key).and_then(|(k, _)| k.span()).map_or(0, |s| s.start);
        let (line, column) = place(text, at);
        let known = known.join(", ");
        warnings.push(format!(
            "{}:{line}:{column}: `{key}`{section} means nothing and is left out; there are {known}",
            path.display()
        ));
    };
    for (section, item) in document.as_table() {
        let Some((_, keys)) = KNOWN.iter().find(|(known, _)| *known == section) else {
            warn(document.as_table(), section, "", &KNOWN.map(|(known, _)| known));
            continue;
        };
        if let Some(table) = item.as_table() {
            for (key, _) in table.iter().filter(|(key, _)| !keys.is_empty() && !keys.contains(key)) {
                warn(table, key, &format!(" in [{section}]"), keys);
            }
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::music::{Ppq, Tempo};

    fn with(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn play() -> ControlSetting {
        ControlSetting { message: "cc 20".to_owned(), channel: Some(1), press: None }
    }

    #[test]
    fn the_template_says_the_defaults_and_every_key() {
        let (_folder, path) = with(TEMPLATE);
        let loaded = load(&path);
        assert_eq!((loaded.settings, loaded.state, loaded.warnings), (Settings::default(), State::Read, vec![]));
        // Every example, without its comment sign, is understood as well.
        let examples = TEMPLATE.replace("#   play", "# play").replace("\n# ", "\n");
        let spoken: String = examples
            .lines()
            .filter(|l| l.starts_with('[') || l.contains(" = "))
            .filter(|l| !l.starts_with("play"))
            .map(|l| format!("{l}\n"))
            .collect();
        let (_folder, path) = with(&spoken);
        let loaded = load(&path);
        assert_eq!((loaded.state, loaded.warnings), (State::Read, vec![]), "{spoken}");
        for key in KNOWN.iter().flat_map(|(_, keys)| keys.iter()) {
            assert!(spoken.contains(&format!("\n{key} = ")), "{key} is not in the template");
        }
    }

    #[test]
    fn what_is_set_is_taken() {
        let (_folder, path) = with("[record]\nbpm = 90.5\nresolution = 480\nsplit_after = 8\nstop_after = \"1m30s\"\n");
        let record = load(&path).settings.record;
        assert_eq!(record.bpm, Tempo::from_bpm(90.5).unwrap());
        assert_eq!(record.resolution, Ppq::new(480).unwrap());
        assert_eq!(record.split_after, Some(Duration::from_secs(8)));
        assert_eq!(record.stop_after, Some(Duration::from_secs(90)));
    }

    #[test]
    fn a_broken_file_is_told_with_its_place_and_never_written() {
        for (text, line, column) in [("[record]\nbpm = fast\n", 2, 7), ("[controls\n", 1, 10)] {
            let (_folder, path) = with(text);
            let loaded = load(&path);
            assert_eq!(loaded.settings, Settings::default());
            let State::Broken(SettingsError::Broken { line: l, column: c, .. }) = &loaded.state else {
                panic!("{:?}", loaded.state)
            };
            assert_eq!((*l, *c), (line, column), "{text}: {:?}", loaded.state);
            assert!(set_control(&path, "play", Some(&play())).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_its_place_and_the_others_count() {
        for (wrong, place) in [
            ("[record]\n\nbpm = 2\n", ":3:7:"),
            ("[record]\ncount_in = 4000000000\n", ":2:12:"),
            ("[record]\ncount_in = 17\nbpm = 2\n", ":2:12:"),
            ("[record]\nmetronome = [\n1,\n2 ] # why not\n", ":2:13:"),
            ("[sound]\nrate = 7999\nbuffer_ms = 0.5\nvelocity = \"loud\"\nmetronome_volume = 201\n", ":2:8:"),
            ("[sound]\nreverb = \"ünd\"\n", ":2:10:"),
            ("[controls]\nplay = { channel = 3 }\n", ":2:8:"),
            ("[controls.play]\nchannel = 3\n", ":1:"),
            ("record = 3\n", ":1:10:"),
        ] {
            let text = format!("{wrong}\n[folders]\nlibrary = \"/takes\"\n");
            let (_folder, path) = with(&text);
            let loaded = load(&path);
            assert_eq!(loaded.state, State::Read, "{text}");
            let mut right = Settings::default();
            right.folders.library = Some("/takes".into());
            assert_eq!(loaded.settings, right, "{text}");
            assert!(loaded.warnings[0].contains(&format!("settings.toml{place}")), "{:?}", loaded.warnings);
            // What is changed in the window is kept all the same, and the wrong value stays to be mended.
            set(&path, "window", "theme", Some(Given::Text("dark".to_owned()))).unwrap();
            let after = fs::read_to_string(&path).unwrap();
            assert_eq!(after.replace("\n[window]\ntheme = \"dark\"\n", ""), text);
            let again = load(&path);
            assert_eq!(again.settings.window.theme, crate::settings::ThemeSetting::Dark);
            assert_eq!(again.warnings, loaded.warnings);
        }
    }

    #[test]
    fn a_wrong_value_is_mended_by_setting_it_and_a_value_is_no_section() {
        let (_folder, path) = with("[record]\nbpm = 2 # slow\n");
        set(&path, "record", "bpm", Some(Given::Whole(60))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[record]\nbpm = 60 # slow\n");
        let (_folder, path) = with("\nrecord = 3\n");
        let error = set(&path, "record", "bpm", Some(Given::Whole(60))).unwrap_err().to_string();
        assert!(error.ends_with("settings.toml:2:10: `record` must be a section: [record]"), "{error}");
    }

    #[test]
    fn keys_that_mean_nothing_are_told_with_their_place() {
        let (_folder, path) = with("[record]\nbmp = 90\n\n[light]\nloud = true\n");
        let loaded = load(&path);
        assert_eq!(loaded.state, State::Read);
        assert!(loaded.warnings[0].contains("settings.toml:2:1: `bmp` in [record]"), "{:?}", loaded.warnings);
        assert!(loaded.warnings[1].contains("`light`"), "{:?}", loaded.warnings);
    }

    #[test]
    fn learning_keeps_comments_and_everything_else() {
        let before = "# mine\n[record]\nbpm = 90 # slow\n\n[controls]\nplay = { message = \"cc 1\" } # the big one\n";
        let (_folder, path) = with(before);
        set_control(&path, "play", Some(&play())).unwrap();
        let after = fs::read_to_string(&path).unwrap();
        assert_eq!(after, before.replace("{ message = \"cc 1\" }", "{ message = \"cc 20\", channel = 1 }"));
        assert_eq!(load(&path).settings.controls["play"], play());
        set_control(&path, "play", None).unwrap();
        assert!(load(&path).settings.controls.is_empty());
        assert!(fs::read_to_string(&path).unwrap().contains("# slow"));
    }

    #[test]
    fn any_value_can_be_set_and_taken_out_again() {
        let (_folder, path) = with("[sound]\nrate = 44100 # as the mixer has it\n");
        set(&path, "sound", "rate", Some(Given::Whole(48_000))).unwrap();
        set(&path, "sound", "buffer_ms", Some(Given::Number(2.5))).unwrap();
        set(&path, "window", "theme", Some(Given::Text("dark".to_owned()))).unwrap();
        let settings = load(&path).settings;
        assert_eq!((settings.sound.rate, settings.sound.buffer), (Some(48_000), Some(Duration::from_micros(2_500))));
        assert_eq!(settings.window.theme, crate::settings::ThemeSetting::Dark);
        set(&path, "sound", "buffer_ms", None).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("rate = 48000 # as the mixer has it") && !text.contains("buffer_ms"), "{text}");
    }

    #[test]
    fn a_broken_file_is_kept_aside_and_never_lost() {
        let (folder, path) = with("[controls\n");
        let first = put_aside(&path).unwrap();
        assert_eq!(fs::read_to_string(&first).unwrap(), "[controls\n");
        assert_eq!(load(&path).state, State::Read);
        fs::write(&path, "[again\n").unwrap();
        let second = put_aside(&path).unwrap();
        assert_eq!(second, folder.path().join("settings.broken-2.toml"));
        assert_eq!(fs::read_to_string(&first).unwrap(), "[controls\n");
    }

    #[test]
    fn the_first_save_writes_the_commented_template() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/settings.toml");
        set_control(&path, "rec", Some(&play())).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("# bpm = 120") && text.contains("rec = { message = \"cc 20\", channel = 1 }"), "{text}");
        assert_eq!(load(&path).settings.controls.len(), 1);
    }
}
