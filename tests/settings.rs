//! The settings file as its owner meets it: comments stay, mistakes are told, nothing is written over.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn learn(settings: &Path, args: &[&str], script: &str) -> Output {
    let folder = settings.parent().unwrap();
    let file = folder.join("script.txt");
    fs::write(&file, script).unwrap();
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .arg("learn")
        .args(args)
        .arg(format!("--virtual={}", file.display()))
        .env("COMPOSER_SETTINGS", settings)
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn comments_and_order_outlive_learning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let mine = "# my own words\n[record]\nbpm = 96 # andante\n\n[controls]\n# the broken one\nknob1 = { message = \"cc 70\" }\n";
    fs::write(&file, mine).unwrap();
    let output = learn(&file, &["knob2"], "cc 71 3\n");
    assert!(output.status.success());
    // It comes from a script, and stays for the keyboard.
    let said = errors(&output);
    assert!(said.contains("for every keyboard; `composer learn --reset knob2` forgets it"), "{said}");
    let now = fs::read_to_string(&file).unwrap();
    assert!(now.starts_with(mine), "{now}");
    assert!(now.contains("knob2 = { message = \"cc 71\", channel = 1 }"), "{now}");
}

#[test]
fn a_broken_file_is_left_alone_and_its_line_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let broken = "[record]\nbpm = = 96\n";
    fs::write(&file, broken).unwrap();
    let output = learn(&file, &["play"], "cc 20 127\n");
    assert_eq!(output.status.code(), Some(5));
    assert!(errors(&output).contains("settings.toml:2:7"), "{}", errors(&output));
    assert_eq!(fs::read_to_string(&file).unwrap(), broken);
    // What only reads goes on without.
    let output = learn(&file, &["--list"], "");
    assert!(output.status.success() && errors(&output).contains("going on without"), "{}", errors(&output));
}

#[test]
fn a_wrong_value_keeps_nothing_else_from_being_saved() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    let wrong = "[record]\nbpm = \"quick\"\n";
    fs::write(&file, wrong).unwrap();
    let output = learn(&file, &["play"], "cc 20 127\n");
    assert!(output.status.success(), "{}", errors(&output));
    let now = fs::read_to_string(&file).unwrap();
    assert!(now.starts_with(wrong) && now.contains("cc 20"), "{now}");
}

#[test]
fn a_key_that_means_nothing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    fs::write(&file, "[record]\ntempo = 96\n[controls]\nhorn = { message = \"cc 1\" }\n").unwrap();
    let output = learn(&file, &["--list"], "");
    assert!(output.status.success());
    for part in ["settings.toml:2:1: `tempo`", "bpm", "horn"] {
        assert!(errors(&output).contains(part), "{part} in {}", errors(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_the_file_stays_a_link_and_a_read_only_folder_is_told() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("dotfiles.toml");
    let link = folder.path().join("settings.toml");
    fs::write(&real, "# dotfiles\n").unwrap();
    symlink(&real, &link).unwrap();
    assert!(learn(&link, &["rec"], "cc 50 127\n").status.success());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("cc 50"));

    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(locked.join("probe"), "").is_ok() {
        eprintln!("SKIPPED: a read-only folder stops everybody but root, who runs this test");
        return;
    }
    let script = folder.path().join("script.txt");
    fs::write(&script, "cc 50 127\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(["learn", "rec"])
        .arg(format!("--virtual={}", script.display()))
        .env("COMPOSER_SETTINGS", locked.join("settings.toml"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", errors(&output));
    assert!(errors(&output).contains("cannot write"), "{}", errors(&output));
}
