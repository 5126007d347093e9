//! `composer devices`, as a user and as a script meet it: the real binary, with devices that were
//! captured in the kernel rig and are played back by umockdev (Debian package `umockdev`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // it fails loudly

#[path = "documented/keys.rs"]
mod documented;

use std::process::Command;

use documented::undocumented;
use serde_json::Value;

const AKM322: &str = include_str!("data/usb/akm322.umockdev");

/// Runs composer on a machine whose USB bus has the captured device; `None`, said loudly, where umockdev is missing.
fn composer_with(capture: &str, args: &[&str]) -> Option<std::process::Output> {
    if Command::new("umockdev-run").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("COMPOSER_REQUIRE_UMOCKDEV").is_none(),
            "COMPOSER_REQUIRE_UMOCKDEV is set, and umockdev-run is not installed"
        );
        eprintln!("SKIPPED: umockdev-run is not installed (Debian package umockdev)");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("device.umockdev");
    std::fs::write(&file, capture).unwrap();
    let output = Command::new("umockdev-run")
        .arg("--device")
        .arg(&file)
        .arg("--")
        .arg(env!("CARGO_BIN_EXE_composer"))
        .args(args)
        .env("HOME", folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(output)
}

/// Runs composer on this machine, with a home of its own.
fn composer_here(args: &[&str]) -> std::process::Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.args(args).env("HOME", home.path()).env_remove("COMPOSER_SETTINGS");
    for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn json(capture: &str, args: &[&str]) -> Option<Value> {
    // Without audio: umockdev 0.17 gives up on ALSA's search for cards.
    let args = [&["devices", "--no-audio", "--json"], args].concat();
    Some(serde_json::from_slice(&composer_with(capture, &args)?.stdout).unwrap())
}

/// The same device with another product number, or another name.
fn other(product: &str, name: &str) -> String {
    let (hi, lo) = product.split_at(2);
    AKM322
        .replace("CC1A33150B", &format!("CC1A{lo}{hi}0B").to_uppercase())
        .replace("idProduct=1533", &format!("idProduct={product}"))
        .replace("product=AKM322", &format!("product={name}"))
}

#[test]
fn the_captured_akm322_is_described_in_full() {
    let Some(found) = json(AKM322, &[]) else { return };
    assert_eq!(found["schema"], "composer.devices/1");
    let keyboard = &found["keyboards"][0];
    assert_eq!(keyboard["akm322"], "usb-id");
    let usb = &keyboard["usb"];
    assert_eq!((&usb["vendor_id"], &usb["product_id"]), (&"1acc".into(), &"1533".into()));
    assert_eq!((&usb["manufacturer"], &usb["product"]), (&"MIDIPLUS".into(), &"AKM322".into()));
    assert_eq!((&usb["release"], &usb["speed"]), (&"0.0b".into(), &"full".into()));
    assert_eq!((&usb["max_power_ma"], &usb["self_powered"]), (&100.into(), &false.into()));
    assert_eq!((&usb["path"], &usb["bus"], &usb["address"]), (&"1-1".into(), &1.into(), &2.into()));
    let midi = &usb["interfaces"][1];
    assert_eq!((&midi["class"], &midi["subclass"], &midi["driver"]), (&1.into(), &3.into(), &"snd-usb-audio".into()));
    assert_eq!(midi["endpoints"][1]["address"], "81");
}

#[test]
fn serial_numbers_are_masked_unless_asked_for() {
    let Some(found) = json(AKM322, &[]) else { return };
    assert!(!found.to_string().contains("CC-1533"), "{found}");
    let found = json(AKM322, &["--serials"]).unwrap();
    assert_eq!(found["keyboards"][0]["usb"]["serial"], "MIDIPLUS-CC-1533-00AKM322");
}

#[test]
fn the_name_alone_is_enough_and_the_vendor_alone_is_not() {
    let Some(found) = json(&other("1abc", "AKM322"), &[]) else { return };
    assert_eq!(found["keyboards"][0]["akm322"], "name");
    let found = json(&other("1a91", "X2 mini"), &[]).unwrap();
    assert_eq!((&found["keyboards"][0]["name"], &found["keyboards"][0]["akm322"]), (&"X2 mini".into(), &Value::Null));
}

#[test]
fn a_device_without_a_driver_says_so() {
    let unbound = AKM322.replace("L: driver=../../../../../../bus/usb/drivers/snd-usb-audio\n", "");
    let Some(found) = json(&unbound, &[]) else { return };
    let missing = &found["keyboards"][0]["missing"];
    if cfg!(target_os = "linux") {
        assert_eq!(missing["link"], "driver", "{missing}");
        assert!(missing["reason"].as_str().unwrap().contains("snd"), "{missing}");
    }
}

#[test]
fn the_listing_shows_the_chain_and_no_colours_in_a_pipe() {
    let Some(output) = composer_with(AKM322, &["devices", "--no-audio"]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["AKM322, recognised by its USB id 1acc:1533", "full speed (12 Mb/s)", "100 mA", "bulk in 81"] {
        assert!(text.contains(part), "{part} is missing from:\n{text}");
    }
    assert!(!text.contains('\x1b'));
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn every_key_is_documented() {
    let documented = documented::keys("composer.devices/1");
    if let Some(found) = json(AKM322, &[]) {
        assert_eq!(undocumented(&found, &documented), Vec::<String>::new());
    }
    let output = composer_here(&["devices", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(undocumented(&found, &documented), Vec::<String>::new());
}

#[test]
fn a_machine_without_a_keyboard_gets_an_answer_and_no_failure() {
    let output = composer_here(&["devices"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Keyboards") && text.contains("Audio outputs"), "{text}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
