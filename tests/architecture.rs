//! Holds the arrows between the rooms of the house (see the docs of `composer`'s library) against the sources:
//! who may use whom, which package is known where, and how files are named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // in a test they are how it fails

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("music", &[]),
    ("settings", &["music"]),
    ("keyboard", &["music", "settings"]),
    ("audio", &["music", "settings"]),
    ("compose", &["music"]),
    ("store", &[]),
    ("jobs", &["store", "compose", "music"]),
    ("studio", &["keyboard", "audio", "compose", "jobs", "store", "music", "settings"]),
    ("cli", &["studio", "keyboard", "audio", "compose", "jobs", "store", "music", "settings"]),
    ("gui", &["studio", "keyboard", "audio", "compose", "music", "settings"]),
    ("main", &["cli", "gui"]),
    ("bootstrap", &["jobs"]),
];

/// Where a package is known, as the beginnings of paths below `src/`.
const PACKAGES: &[(&str, &[&str])] = &[
    ("midly", &["music"]),
    ("rusb", &["keyboard"]),
    ("midir", &["keyboard"]),
    // audio: only for ALSA's error handler, which otherwise writes to standard error.
    ("alsa", &["keyboard", "audio"]),
    ("cpal", &["audio"]),
    ("jack", &["audio"]),
    ("rodio", &["audio"]),
    ("symphonia", &["audio"]),
    ("hound", &["audio"]),
    ("flac_codec", &["audio"]),
    ("vorbis_rs", &["audio"]),
    ("ebur128", &["audio"]),
    // keyboard: midir's thread must not be later than the audio callback.
    ("thread_priority", &["audio", "keyboard/link"]),
    ("pulp", &["compose"]),
    ("async_trait", &["store"]),
    ("aws_config", &["store"]),
    ("aws_credential_types", &["store"]),
    ("aws_runtime", &["store"]),
    ("aws_sdk_s3", &["store"]),
    ("aws_sdk_sqs", &["jobs/queue"]),
    ("aws_smithy_http_client", &["store"]),
    ("futures_util", &["store"]),
    ("http_body_util", &["store"]),
    ("hyper", &["store"]),
    ("hyper_util", &["store"]),
    ("lambda_runtime", &["jobs/lambda"]),
    // jobs: the queue's events name keys as in forms.
    ("percent_encoding", &["store", "jobs/queue"]),
    ("s3s", &["store"]),
    ("zeroize", &["store", "studio/serve"]),
    ("tokio", &["store", "jobs/lambda", "jobs/queue"]),
    ("sha2", &["compose", "studio", "jobs"]),
    ("uuid", &["jobs", "store/server", "studio/remote"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("anstyle", &["cli"]),
    ("anstream", &["cli"]),
    ("anyhow", &["cli", "main"]),
    // The virtual keyboard reads the computer's keys.
    ("crossterm", &["cli", "keyboard/virtual_keyboard"]),
    ("iced", &["gui"]),
    ("rfd", &["gui"]),
    ("ctrlc", &["cli", "gui"]),
    ("signal_hook", &["cli/interrupt"]),
    ("tiny_skia", &["studio/picture"]),
    ("toml", &["settings"]),
    ("toml_edit", &["settings"]),
];

/// Names that say nothing about what is inside.
const NO_NAMES: &[&str] = &["mod", "utils", "util", "types", "common", "helpers", "misc"];

/// Past this a file is to be split by noun.
const MOST_LINES: usize = 600;

struct Source {
    /// Below `src/`, without `.rs`, such as `keyboard/usb`.
    module: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        self.module.split('/').next().unwrap_or_default()
    }

    /// The sources without comments, and without the texts in quotes.
    fn code(&self) -> String {
        strip(&self.text)
    }
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<Source>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let module = path.strip_prefix(root).unwrap().with_extension("");
                let module = module.to_str().unwrap().replace('\\', "/");
                found.push(Source { module, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(found.len() > 20, "only {} source files found below {}", found.len(), root.display());
    found
}

/// Takes line comments and the contents of string literals out.
fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            // A quote as a character begins no string.
            rest[1..].find('\'').map_or(rest.len(), |at| at + 2)
        } else if let Some(length) = raw_string(rest).filter(|_| !out.ends_with(is_word)) {
            length
        } else if c == '"' {
            plain_string(rest)
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[skip..];
    }
    out
}

/// The length of the raw string literal that `text` begins with.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then(|| {
        let end = format!("\"{}", &after[..hashes]);
        let contents = 1 + hashes + 1;
        text[contents..].find(&end).map_or(text.len(), |at| contents + at + end.len())
    })
}

/// The length of the string literal that `text` begins with.
fn plain_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What follows each `prefix` that is a path's own beginning: `use crate::{a::b, c}` gives `a` and `c`.
fn heads(code: &str, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].chars().next_back().is_some_and(|c| is_word(c) || c == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0usize;
            let mut head = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut head)),
                    _ if depth == 0 => head.push(c),
                    _ => {}
                }
            }
            found.push(head);
        } else {
            found.push(rest.to_owned());
        }
    }
    found
        .iter()
        .map(|h| h.trim_start().chars().take_while(|&c| is_word(c)).collect())
        .filter(|h: &String| !h.is_empty())
        .collect()
}

/// Whether the package is named as the beginning of a path.
fn names_package(code: &str, package: &str) -> bool {
    code.match_indices(package).any(|(at, _)| {
        let before = code[..at].trim_end_matches(' ');
        // `::midly::Smf` is the package's, `backend::midly::Smf` is not.
        let parent = code[..at].strip_suffix("::").unwrap_or(&code[..at]);
        let own = !parent.ends_with(|c| is_word(c) || c == ':' || c == '.' || c == '>');
        let after = &code[at + package.len()..];
        own && (after.starts_with("::") || (before.ends_with("use") && after.starts_with([';', ' '])))
    })
}

#[test]
fn rooms_use_only_what_their_arrows_allow() {
    let rooms: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    let mut faults = Vec::new();
    for source in sources() {
        let room = source.room();
        if room == "lib" {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(r, _)| *r == room) else {
            faults.push(format!("src/{}.rs is in no room that ARROWS knows", source.module));
            continue;
        };
        let code = source.code();
        let mut used = heads(&code, "crate::");
        if room == "main" || room == "bootstrap" {
            used.extend(heads(&code, "composer::"));
        }
        // One `super` more than the module is deep names the crate's root.
        let depth = source.module.split('/').count();
        used.extend(heads(&code, &"super::".repeat(depth)));
        for name in used {
            if rooms.contains(&name.as_str()) && name != room && !allowed.contains(&name.as_str()) {
                faults.push(format!("src/{}.rs uses `{name}`; `{room}` may only use {allowed:?}", source.module));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn packages_are_known_only_in_their_rooms() {
    let mut faults = Vec::new();
    for source in sources() {
        let code = source.code();
        for (package, homes) in PACKAGES {
            let at_home = homes.iter().any(|home| {
                source.module.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if !at_home && names_package(&code, package) {
                faults.push(format!("src/{}.rs uses {package}, which lives in {homes:?} only", source.module));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_are_named_sized_and_introduced_as_agreed() {
    let mut faults = Vec::new();
    for Source { module, text } in sources() {
        if NO_NAMES.contains(&module.rsplit('/').next().unwrap_or_default()) {
            faults.push(format!("src/{module}.rs: that name says nothing"));
        }
        if !text.starts_with("//!") {
            faults.push(format!("src/{module}.rs does not begin with what it owns and may use (//!)"));
        }
        let lines = text.lines().count();
        if lines > MOST_LINES {
            faults.push(format!("src/{module}.rs has {lines} lines; past {MOST_LINES} split it by noun"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_scanner_sees_what_it_must() {
    let code = strip(
        "use crate::music::{Key, Note};\nuse crate::{\n    audio,\n    keyboard::{usb, Port},\n};\n// crate::cli is a remark\nlet s = \"crate::cli \\\" crate::cli\";\nlet r = r#\"crate::cli \" crate::cli\"#;\nlet q = '\"';\nfn f() -> crate::studio::Take { othercrate::cli() }\n",
    );
    assert_eq!(heads(&code, "crate::"), ["music", "audio", "keyboard", "studio"]);
    assert!(names_package("use midly::Smf;", "midly") && names_package("let x = ::midly::Smf;", "midly"));
    assert!(names_package("use alsa;", "alsa") && names_package("fn f(p: &alsa::Seq) {}", "alsa"));
    assert!(
        !names_package("let alsa = backend::alsa::open();", "alsa")
            && !names_package("use crate::alsa_errors;", "alsa")
    );
}
