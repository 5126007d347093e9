//! `composer play` on PipeWire: another default, one that vanishes, a server that dies. `tests/audio-rig/moved-output.sh`
//! does it, with a server of its own that knows no sound card.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)] // it fails loudly
#![cfg(all(target_os = "linux", feature = "audio"))]

use std::process::{Command, Stdio};

#[test]
fn sound_goes_where_the_system_wants_it() {
    if Command::new("dbus-run-session").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: there is no dbus-run-session (Debian: dbus)");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audio-rig/moved-output.sh");
    let output = Command::new("timeout")
        .args(["-k", "5", "200", "dbus-run-session", "--", script, env!("CARGO_BIN_EXE_composer")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => {}
        Some(77) => eprintln!("{}", said.trim()),
        code => panic!("{code:?}: {said}{}", String::from_utf8_lossy(&output.stderr)),
    }
}
