//! The udev rule that gives the person at the computer access to the AKM322's USB node:
//! where it is installed, and whether udev applied it to the device that is plugged in.
//!
//! udev's database is read from `/run/udev/data`; its format is that of systemd's `sd-device`
//! (`E:` a property, `G:` a tag, `Q:` a tag now in force).

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::keyboard::usb::UsbDevice;

/// The rule's file name, the same in every folder.
pub const RULE_FILE: &str = "70-composer-akm322.rules";

/// The property that the rule sets, so that it can be seen whether it was applied.
pub const RULE_PROPERTY: &str = "COMPOSER_AKM322=1";

/// Where udev looks for rules; the first that has a file of the name wins (`udev(7)`).
const FOLDERS: [&str; 5] =
    ["etc/udev/rules.d", "run/udev/rules.d", "usr/local/lib/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d"];

/// What is known about the rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UdevRule {
    /// The file that udev takes; `None` when it is not installed.
    pub file: Option<PathBuf>,
    /// Whether the plugged-in AKM322 bears the rule's property and the tag `uaccess`;
    /// `None` without an AKM322, without udev, or where its database cannot be read.
    pub in_force: Option<bool>,
}

/// Looks for the file, and in udev's database for the device.
pub(super) fn look(keyboard: Option<&UsbDevice>) -> UdevRule {
    look_in(Path::new("/"), keyboard)
}

fn look_in(root: &Path, keyboard: Option<&UsbDevice>) -> UdevRule {
    let first = FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(RULE_FILE))
        .find(|file| std::fs::symlink_metadata(root.join(file)).is_ok());
    // An empty file or a link to /dev/null is how an administrator switches off all that come after it.
    let file = first
        .filter(|file| std::fs::metadata(root.join(file)).is_ok_and(|m| m.is_file() && m.len() > 0))
        .map(|file| Path::new("/").join(file));
    UdevRule { file, in_force: keyboard.filter(|k| k.has_akm322_id()).and_then(|k| in_force(root, k)) }
}

fn in_force(root: &Path, keyboard: &UsbDevice) -> Option<bool> {
    // The kernel's numbering of USB nodes: 128 addresses a bus under major number 189.
    let minor = (u32::from(keyboard.bus).checked_sub(1)?) * 128 + u32::from(keyboard.address).checked_sub(1)?;
    let text = std::fs::read_to_string(root.join(format!("run/udev/data/c189:{minor}"))).ok()?;
    let property = text.lines().any(|l| l.strip_prefix("E:") == Some(RULE_PROPERTY));
    // Older versions of udev know no `Q:`; where there is one it alone tells what holds now.
    let prefix = if text.lines().any(|l| l.starts_with("Q:")) { "Q:" } else { "G:" };
    let tag = text.lines().any(|l| l.strip_prefix(prefix) == Some("uaccess"));
    Some(property && tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyboard::usb::{Speed, UsbId};

    fn keyboard() -> UsbDevice {
        UsbDevice {
            path: "2-1".into(),
            bus: 2,
            address: 5,
            vendor_id: UsbId(0x1acc),
            product_id: UsbId(0x1533),
            release: "0.0b".into(),
            manufacturer: None,
            product: Some("AKM322".into()),
            serial: None,
            speed: Speed::Full,
            max_power_ma: Some(100),
            self_powered: false,
            interfaces: Vec::new(),
        }
    }

    #[test]
    fn the_rule_is_missing_then_installed_then_in_force() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let file = root.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        assert_eq!(look_in(root.path(), Some(&keyboard())), UdevRule::default());
        write("run/udev/data/c189:132", "I:1\nE:ID_VENDOR_ID=1acc\nG:seat\nQ:seat\nV:1\n");
        write("usr/lib/udev/rules.d/70-composer-akm322.rules", "# rule\n");
        let installed = look_in(root.path(), Some(&keyboard()));
        assert_eq!(installed.file, Some("/usr/lib/udev/rules.d/70-composer-akm322.rules".into()));
        assert_eq!(installed.in_force, Some(false));
        write("run/udev/data/c189:132", "E:COMPOSER_AKM322=1\nG:seat\nG:uaccess\nQ:seat\nQ:uaccess\nV:1\n");
        assert_eq!(look_in(root.path(), Some(&keyboard())).in_force, Some(true));
        write("run/udev/data/c189:132", "E:COMPOSER_AKM322=1\nG:uaccess\nQ:seat\nV:1\n");
        assert_eq!(look_in(root.path(), Some(&keyboard())).in_force, Some(false));
    }

    #[cfg(unix)]
    #[test]
    fn a_rule_that_is_switched_off_is_not_installed() {
        let root = tempfile::tempdir().unwrap();
        let folders = ["etc/udev/rules.d", "usr/lib/udev/rules.d"].map(|f| root.path().join(f));
        folders.iter().for_each(|f| std::fs::create_dir_all(f).unwrap());
        let [mask, rule] = folders.map(|f| f.join(RULE_FILE));
        std::fs::write(&rule, "# rule\n").unwrap();
        assert!(look_in(root.path(), None).file.is_some());
        std::fs::write(&mask, "").unwrap();
        assert_eq!(look_in(root.path(), None).file, None);
        std::fs::remove_file(&mask).unwrap();
        std::os::unix::fs::symlink("/dev/null", &mask).unwrap();
        assert_eq!(look_in(root.path(), None).file, None);
    }

    #[test]
    fn another_keyboard_is_none_of_the_rules_business() {
        let root = tempfile::tempdir().unwrap();
        let other = UsbDevice { product_id: UsbId(0x1a91), ..keyboard() };
        assert_eq!(look_in(root.path(), Some(&other)).in_force, None);
    }
}
