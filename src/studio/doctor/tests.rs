//! Every check in each of its states, on a machine where all is well but for one thing.

use super::*;
use crate::keyboard::chain::tests::{akm322, card, port};
use crate::keyboard::chain::{Joined, Keyboard, Missing, Stage};
use crate::keyboard::facts::{Access, Facts, NotAllowed, Sandbox, System, UdevRule};
use crate::keyboard::ports::{MatchedBy, PortsError};
use crate::keyboard::sound_cards::Holder;
use crate::keyboard::usb::UsbError;

fn node(path: &str) -> NotAllowed {
    NotAllowed { path: path.into(), mode: "660".into(), group: "audio".into() }
}

/// A machine on which all is well.
fn well() -> Examination {
    let keyboard = Keyboard {
        name: "AKM322".into(),
        akm322: Some(MatchedBy::UsbId),
        usb: Some(akm322()),
        card: Some(card()),
        inputs: vec![port()],
        outputs: vec![port()],
        received_bytes: Some(42),
        last_message: None,
        listeners: vec![],
        missing: None,
    };
    let facts = Facts {
        system: System::default(),
        sequencer: Some(Access::Allowed { path: "/dev/snd/seq".into() }),
        modules: ["snd_usb_audio", "snd_seq", "snd_seq_midi"].map(str::to_owned).to_vec(),
        in_audio_group: true,
        superuser: false,
        sandbox: None,
        udev_rule: UdevRule { file: Some("/lib/udev/rules.d/70-composer-akm322.rules".into()), in_force: Some(true) },
        usb_node: Some(Access::Allowed { path: "/dev/bus/usb/001/002".into() }),
        display: Some("Wayland".into()),
    };
    Examination {
        survey: Survey {
            joined: Joined { keyboards: vec![keyboard], ..Joined::default() },
            usb: Ok(4),
            ports_error: None,
            facts,
        },
        outputs: Ok(vec![]),
        default_output: Ok(DefaultOutput { name: "default".into(), sample_rate: 48_000, channels: 2 }),
        soundfonts: vec![SoundFont { path: "/usr/share/sounds/sf2/TimGM6mb.sf2".into(), bytes: 5_969_788 }],
    }
}

/// The check of this id after `change` was done to a machine on which all is well.
fn check(id: &str, change: impl FnOnce(&mut Examination)) -> Check {
    let mut found = well();
    change(&mut found);
    diagnose(&found).into_iter().find(|c| c.id == id).unwrap()
}

fn keyboard(found: &mut Examination) -> &mut Keyboard {
    &mut found.survey.joined.keyboards[0]
}

fn facts(found: &mut Examination) -> &mut Facts {
    &mut found.survey.facts
}

fn unplug(found: &mut Examination) {
    found.survey.joined.keyboards.clear();
    facts(found).usb_node = None;
    facts(found).udev_rule.in_force = None;
}

fn lose(found: &mut Examination, link: Stage, reason: &str) {
    let keyboard = keyboard(found);
    keyboard.inputs.clear();
    keyboard.missing = Some(Missing { link, reason: reason.into() });
    if link != Stage::Port {
        keyboard.card = None;
    }
    if link == Stage::Driver {
        keyboard.usb.as_mut().unwrap().interfaces.iter_mut().for_each(|i| i.driver = None);
    }
}

#[track_caller]
fn expect(check: &Check, status: Status, evidence: &str, remedy: Option<&str>) {
    assert_eq!(check.status, status, "{check:?}");
    assert!(check.evidence.contains(evidence), "{check:?}");
    match remedy {
        None => assert_eq!(check.remedy, None),
        Some(text) => assert!(check.remedy.as_deref().is_some_and(|r| r.contains(text)), "{check:?}"),
    }
}

#[test]
fn all_is_well_on_a_machine_where_all_is_well() {
    let checks = diagnose(&well());
    assert!(checks.iter().all(|c| c.status == Status::Ok && c.remedy.is_none()), "{checks:#?}");
    assert_eq!(verdict(&checks), Status::Ok);
}

#[test]
fn warnings_and_failures_always_come_with_a_remedy_and_ids_are_unique() {
    let mut found = well();
    unplug(&mut found);
    found.soundfonts.clear();
    let checks = diagnose(&found);
    for check in &checks {
        let needs = matches!(check.status, Status::Warning | Status::Failure);
        assert_eq!(check.remedy.is_some(), needs, "{check:?}");
        assert!(!check.evidence.is_empty());
    }
    let ids: std::collections::BTreeSet<_> = checks.iter().map(|c| c.id).collect();
    assert_eq!(ids.len(), checks.len());
    assert_eq!(verdict(&checks), Status::Failure);
}

#[test]
fn the_verdict_is_the_worst_and_skipped_does_not_count() {
    let ok = Check::ok("a", "x");
    let warning = Check::warning("b", "x", "y");
    assert_eq!(verdict(&[ok.clone(), Check::skipped("c", "x")]), Status::Ok);
    assert_eq!(verdict(&[ok, warning.clone()]), Status::Warning);
    assert_eq!(verdict(&[warning, Check::failure("d", "x", "y")]), Status::Failure);
}

#[test]
fn usb_device() {
    let id = "usb-device";
    expect(&check(id, |_| {}), Status::Ok, "USB socket 1-1, recognised by its USB id 1acc:1533", None);
    expect(&check(id, |f| keyboard(f).usb = None), Status::Ok, "cannot be seen from here", None);
    expect(
        &check(id, |f| keyboard(f).akm322 = None),
        Status::Warning,
        "another MIDI keyboard: AKM322",
        Some("--watch"),
    );
    expect(&check(id, unplug), Status::Failure, "4 devices on the USB bus, none", Some("cable"));
    let blind = check(id, |f| {
        unplug(f);
        f.survey.usb = Err(UsbError { reason: "Other error".into() });
    });
    expect(&blind, Status::Failure, "cannot be read: Other error", Some("container"));
}

#[test]
fn usb_driver() {
    let id = "usb-driver";
    expect(&check(id, |_| {}), Status::Ok, "snd-usb-audio is bound, sound card 2", None);
    expect(&check(id, unplug), Status::Skipped, "no keyboard", None);
    expect(&check(id, |f| facts(f).sequencer = None), Status::Skipped, "built in", None);
    let unbound = check(id, |f| lose(f, Stage::Driver, "snd-usb-audio is loaded, but not bound"));
    expect(&unbound, Status::Failure, "not bound", Some("re-plug"));
    let unloaded = check(id, |f| {
        lose(f, Stage::Driver, "the kernel module snd_usb_audio is not loaded");
        facts(f).modules.clear();
    });
    expect(&unloaded, Status::Failure, "not loaded", Some("sudo modprobe snd-usb-audio"));
    let taken = check(id, |f| {
        lose(f, Stage::Driver, "another program has taken the MIDI interface");
        keyboard(f).usb.as_mut().unwrap().interfaces[1].driver = Some("usbfs".into());
    });
    expect(&taken, Status::Failure, "another program", Some("end that program"));
    expect(&check(id, |f| lose(f, Stage::Card, "made no sound card")), Status::Failure, "no sound card", Some("dmesg"));
    expect(&check(id, |f| lose(f, Stage::Port, "x")), Status::Ok, "is bound", None);
}

#[test]
fn seq_module() {
    let id = "seq-module";
    let missing = || Some(Access::Missing { path: "/dev/snd/seq".into() });
    expect(&check(id, |_| {}), Status::Ok, "/dev/snd/seq", None);
    expect(&check(id, |f| facts(f).sequencer = None), Status::Skipped, "no ALSA", None);
    expect(
        &check(id, |f| facts(f).sequencer = missing()),
        Status::Failure,
        "is missing",
        Some("sudo modprobe snd-seq"),
    );
    let contained = check(id, |f| {
        facts(f).sequencer = missing();
        facts(f).sandbox = Some(Sandbox::Container);
    });
    expect(&contained, Status::Failure, "is missing", Some("--device /dev/snd"));
}

#[test]
fn seq_permission() {
    let id = "seq-permission";
    let denied = |f: &mut Examination| facts(f).sequencer = Some(Access::Denied(node("/dev/snd/seq")));
    expect(&check(id, |_| {}), Status::Ok, "may be read and written", None);
    expect(&check(id, |f| facts(f).sequencer = None), Status::Skipped, "no ALSA", None);
    let missing = check(id, |f| facts(f).sequencer = Some(Access::Missing { path: "/dev/snd/seq".into() }));
    expect(&missing, Status::Skipped, "no sequencer", None);
    let outside = check(id, |f| {
        denied(f);
        facts(f).in_audio_group = false;
    });
    expect(&outside, Status::Failure, "mode 660, group audio", Some("sudo usermod -aG audio $USER"));
    expect(&check(id, denied), Status::Failure, "not permitted", Some("chmod"));
}

#[test]
fn midi_port() {
    let id = "midi-port";
    expect(&check(id, |_| {}), Status::Ok, "AKM322 MIDI 1 (akm322-0); 42 bytes received", None);
    expect(&check(id, unplug), Status::Skipped, "no keyboard", None);
    let no_list = check(id, |f| {
        unplug(f);
        f.survey.ports_error = Some(PortsError::NoSequencer);
    });
    expect(&no_list, Status::Failure, "sequencer is missing", Some("modprobe snd-seq"));
    let lost = |f: &mut Examination| lose(f, Stage::Port, "the kernel module snd_seq_midi is not loaded");
    expect(&check(id, lost), Status::Failure, "snd_seq_midi", Some("sudo modprobe snd-seq-midi"));
    let denied = check(id, |f| {
        lost(f);
        facts(f).sequencer = Some(Access::Denied(node("/dev/snd/seq")));
    });
    expect(&denied, Status::Failure, "", Some("chmod g+rw"));
    expect(&check(id, |f| lose(f, Stage::Driver, "x")), Status::Skipped, "without its driver", None);
}

#[test]
fn port_busy() {
    let id = "port-busy";
    let held = |f: &mut Examination| {
        let holder = Holder { pid: 192, program: Some("amidi".into()) };
        keyboard(f).card.as_mut().unwrap().raw_midi[0].holder = Some(holder);
    };
    expect(&check(id, |_| {}), Status::Ok, "no other program", None);
    expect(&check(id, unplug), Status::Skipped, "no keyboard", None);
    expect(&check(id, |f| keyboard(f).card = None), Status::Skipped, "does not tell", None);
    expect(&check(id, held), Status::Failure, "amidi (process 192) holds hw:2,0", Some("kill 192"));
    let shared = check(id, |f| {
        held(f);
        keyboard(f).listeners = vec!["aseqdump".into()];
    });
    expect(&shared, Status::Ok, "shared through the sequencer with aseqdump", None);
}

#[test]
fn usb_permission() {
    let id = "usb-permission";
    let denied = |f: &mut Examination| facts(f).usb_node = Some(Access::Denied(node("/dev/bus/usb/001/002")));
    expect(&check(id, |_| {}), Status::Ok, "/dev/bus/usb/001/002", None);
    expect(&check(id, unplug), Status::Skipped, "no keyboard", None);
    let missing = check(id, |f| facts(f).usb_node = Some(Access::Missing { path: "/dev/bus/usb/001/002".into() }));
    expect(&missing, Status::Warning, "is missing", Some("container"));
    expect(&check(id, denied), Status::Warning, "not permitted", Some("log in at"));
    let no_rule = check(id, |f| {
        denied(f);
        facts(f).udev_rule = UdevRule::default();
    });
    expect(&no_rule, Status::Warning, "not permitted", Some("sudo make install"));
    let stale = check(id, |f| {
        denied(f);
        facts(f).udev_rule.in_force = Some(false);
    });
    expect(&stale, Status::Warning, "not permitted", Some("re-plug"));
    let other = check(id, |f| {
        denied(f);
        keyboard(f).akm322 = None;
    });
    expect(&other, Status::Skipped, "not needed", None);
}

#[test]
fn udev_rule() {
    let id = "udev-rule";
    let rule = |file: bool, in_force| {
        move |f: &mut Examination| {
            facts(f).udev_rule = UdevRule { file: file.then(|| "/etc/udev/rules.d/x.rules".into()), in_force };
        }
    };
    expect(&check(id, |_| {}), Status::Ok, "in force", None);
    expect(&check(id, |f| facts(f).sequencer = None), Status::Skipped, "no udev", None);
    expect(&check(id, rule(false, None)), Status::Warning, "not installed", Some("sudo make install"));
    expect(&check(id, rule(false, Some(false))), Status::Warning, "not installed", Some("sudo make install"));
    expect(&check(id, rule(true, Some(false))), Status::Warning, "not applied", Some("udevadm trigger"));
    expect(&check(id, rule(true, None)), Status::Warning, "does not tell", Some("udevd"));
    expect(&check(id, rule(false, Some(true))), Status::Ok, "in force", None);
    expect(&check(id, unplug), Status::Ok, "no AKM322 to apply it to", None);
}

#[test]
fn sandbox() {
    let id = "sandbox";
    let inside = |sandbox: Sandbox, blocked: bool| {
        move |f: &mut Examination| {
            facts(f).sandbox = Some(sandbox);
            if blocked {
                unplug(f);
            }
        }
    };
    let flatpak = || Sandbox::Flatpak { id: "org.example.Composer".into() };
    expect(&check(id, |_| {}), Status::Ok, "none", None);
    expect(&check(id, inside(flatpak(), false)), Status::Ok, "lets the keyboard through", None);
    let remedy = "flatpak override --user --device=all org.example.Composer";
    expect(&check(id, inside(flatpak(), true)), Status::Warning, "Flatpak", Some(remedy));
    let snap = Sandbox::Snap { id: "composer".into() };
    expect(&check(id, inside(snap, true)), Status::Warning, "Snap", Some("sudo snap connect composer:alsa"));
    expect(&check(id, inside(Sandbox::Container, true)), Status::Warning, "container", Some("--device /dev/snd"));
}

#[test]
fn audio_output() {
    let id = "audio-output";
    let error = || OutputsError::Default { host: "ALSA".into(), reason: "no such device".into() };
    expect(&check(id, |_| {}), Status::Ok, "default: 48000 Hz, 2 channels", None);
    let closed = check(id, |f| f.default_output = Err(error()));
    expect(&closed, Status::Warning, "no sound card", Some("pipewire"));
    let silent = check(id, |f| {
        f.outputs = Err(OutputsError::Silent { seconds: 2 });
        f.default_output = Err(OutputsError::Silent { seconds: 2 });
    });
    expect(&silent, Status::Warning, "did not answer within 2 s", Some("pipewire"));
    let one = AudioOutput {
        id: "hw:CARD=PCH,DEV=0".into(),
        name: "PCH".into(),
        host: "ALSA".into(),
        default: false,
        hardware: true,
    };
    let card_only = check(id, |f| {
        f.outputs = Ok(vec![one]);
        f.default_output = Err(error());
    });
    expect(&card_only, Status::Warning, "1 outputs of sound cards, but", Some("pipewire"));
    let without = check(id, |f| f.default_output = Err(OutputsError::NotBuilt));
    expect(&without, Status::Skipped, "built without sound", None);
}

#[test]
fn soundfont_and_display() {
    expect(&check("soundfont", |_| {}), Status::Ok, "TimGM6mb.sf2 (6.0 MB)", None);
    expect(&check("soundfont", |f| f.soundfonts.clear()), Status::Warning, "no SoundFont", Some("sudo apt install"));
    expect(&check("display", |_| {}), Status::Ok, "Wayland", None);
    expect(&check("display", |f| facts(f).display = None), Status::Warning, "command line works", Some("ssh -X"));
}
