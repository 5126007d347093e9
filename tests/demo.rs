//! The whole way, as `composer demo` goes it: real processes, real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // it fails loudly

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use composer::music::smf;

fn demo(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["200", env!("CARGO_BIN_EXE_composer"), "demo"]).args(arguments).current_dir(home);
    command.stdin(Stdio::null()).env("HOME", home).env("ALSA_CONFIG_PATH", "/dev/null");
    for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "COMPOSER_SETTINGS", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

#[test]
fn from_the_keys_to_a_picture() {
    let home = tempfile::tempdir().unwrap();
    let output = demo(home.path(), &["--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["schema"], &report["folder"]), (&"composer.demo/1".into(), &"composer-demo".into()));
    let steps = report["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 7, "{report:#}");
    assert!(steps[0]["seconds"].as_f64().unwrap() > 15.0, "the melody is played as long as it lasts: {report:#}");

    let folder = home.path().join("composer-demo");
    let notes = |name: &str| smf::read(&fs::read(folder.join(name)).unwrap()).unwrap().composition.note_count();
    let (take, composed, band) = (notes("take.mid"), notes("take-composed.mid"), notes("band.mid"));
    assert_eq!(take, 46, "every note of the melody is recorded");
    assert!(composed > take && band > take, "{take}, {composed}, {band}");

    let wav = hound::WavReader::open(folder.join("take-composed.wav")).unwrap();
    assert!(wav.into_samples::<i16>().any(|s| s.unwrap().unsigned_abs() > 1_000), "it is not silent");
    let picture = tiny_skia::Pixmap::load_png(folder.join("take-composed.png")).unwrap();
    let colours: std::collections::HashSet<_> =
        picture.pixels().iter().map(|p| (p.red(), p.green(), p.blue())).collect();
    assert!(picture.width() > 400 && colours.len() > 8, "{} wide, {} colours", picture.width(), colours.len());
}

#[cfg(feature = "s3")]
#[test]
fn the_same_through_a_bucket() {
    let home = tempfile::tempdir().unwrap();
    let output = demo(home.path(), &["--s3", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = home.path().join("composer-demo");
    let composed = fs::read(folder.join("take-composed.mid")).unwrap();
    assert!(smf::read(&composed).unwrap().composition.note_count() > 46, "there is more than the melody");
    let library = fs::read_dir(folder.join("bucket/library")).unwrap().map(|file| file.unwrap().path());
    let versions = library.flat_map(|file| fs::read_dir(file).unwrap()).map(|version| version.unwrap().path());
    let music = versions.filter(|path| path.extension().is_some_and(|e| e == "mid")).collect::<Vec<_>>();
    assert_eq!(music.len(), 1, "{music:?}");
    assert_eq!(fs::read(&music[0]).unwrap(), composed, "it lies in the bucket");
    assert!(!home.path().join(".local/share/composer/serve.keys").exists(), "the demo's keys are its own");
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("mine"), "mine").unwrap();
    let output = demo(home.path(), &["mine"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("mine") && said.contains("try:"), "{said}");
    assert_eq!(fs::read_to_string(home.path().join("mine")).unwrap(), "mine");
}
