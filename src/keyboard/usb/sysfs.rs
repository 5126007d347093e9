//! What Linux's sysfs tells about a USB device without any permission: strings and drivers.
//!
//! The folder's layout is documented in the kernel's `Documentation/ABI/testing/sysfs-bus-usb`.

use std::fs;
use std::path::Path;

use super::UsbDevice;
use crate::music::composition::text::printable;

const DEVICES: &str = "/sys/bus/usb/devices";

/// Fills in strings and drivers; false where sysfs does not have the device.
pub(super) fn complete(device: &mut UsbDevice) -> bool {
    complete_from(Path::new(DEVICES), device)
}

/// Vendor and product of a device.
pub(super) fn ids(path: &str) -> Option<(u16, u16)> {
    ids_from(Path::new(DEVICES), path)
}

fn ids_from(devices: &Path, path: &str) -> Option<(u16, u16)> {
    let number = |file| u16::from_str_radix(&read(&devices.join(path).join(file))?, 16).ok();
    Some((number("idVendor")?, number("idProduct")?))
}

/// What the bus looks like: the names of all devices and interfaces with the devices' addresses.
pub(super) fn bus() -> Option<Vec<(String, String)>> {
    bus_from(Path::new(DEVICES))
}

fn bus_from(devices: &Path) -> Option<Vec<(String, String)>> {
    let entries = fs::read_dir(devices).ok()?.flatten();
    let mut names: Vec<(String, String)> = entries
        .map(|entry| {
            let address = read(&entry.path().join("devnum")).unwrap_or_default();
            (entry.file_name().to_string_lossy().into_owned(), address)
        })
        .collect();
    names.sort();
    Some(names)
}

fn complete_from(devices: &Path, device: &mut UsbDevice) -> bool {
    let folder = devices.join(&device.path);
    if !folder.is_dir() {
        return false;
    }
    device.manufacturer = read(&folder.join("manufacturer"));
    device.product = read(&folder.join("product"));
    device.serial = read(&folder.join("serial"));
    let configuration = read(&folder.join("bConfigurationValue")).unwrap_or_else(|| "1".into());
    for interface in &mut device.interfaces {
        let name = format!("{}:{configuration}.{}", device.path, interface.number);
        interface.driver = fs::read_link(devices.join(name).join("driver"))
            .ok()
            .and_then(|target| Some(target.file_name()?.to_string_lossy().into_owned()));
    }
    true
}

fn read(file: &Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    // A device may say anything here.
    let text = printable(&String::from_utf8_lossy(&bytes));
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::super::{Interface, Speed, UsbId};
    use super::*;

    #[test]
    fn strings_and_drivers_are_read_and_what_is_absent_stays_none() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("1-2.4");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("product"), "AKM322\n").unwrap();
        fs::write(folder.join("manufacturer"), "\x1b]0;mine\x07").unwrap();
        fs::write(folder.join("bConfigurationValue"), "1\n").unwrap();
        fs::create_dir_all(root.path().join("1-2.4:1.1")).unwrap();
        std::os::unix::fs::symlink("/nowhere/drivers/snd-usb-audio", root.path().join("1-2.4:1.1/driver")).unwrap();
        let interface = |number, subclass| Interface {
            number,
            alternate: 0,
            class: 1,
            subclass,
            driver: None,
            endpoints: Vec::new(),
        };
        let mut device = UsbDevice {
            path: "1-2.4".into(),
            bus: 1,
            address: 9,
            vendor_id: UsbId(0x1acc),
            product_id: UsbId(0x1533),
            release: "0.0b".into(),
            manufacturer: None,
            product: None,
            serial: None,
            speed: Speed::Full,
            max_power_ma: Some(100),
            self_powered: false,
            interfaces: vec![interface(0, 1), interface(1, 3)],
        };
        assert!(complete_from(root.path(), &mut device));
        assert_eq!(device.product.as_deref(), Some("AKM322"));
        assert_eq!(device.manufacturer.as_deref(), Some("\u{fffd}]0;mine\u{fffd}"));
        assert_eq!(device.serial, None);
        assert_eq!(device.interfaces[0].driver, None);
        assert_eq!(device.midi_driver(), Some("snd-usb-audio"));
        assert_eq!(ids_from(root.path(), "1-2.4"), None);
        fs::write(folder.join("idVendor"), "1acc\n").unwrap();
        fs::write(folder.join("idProduct"), "1533\n").unwrap();
        assert_eq!(ids_from(root.path(), "1-2.4"), Some((0x1acc, 0x1533)));
        let before = bus_from(root.path());
        assert_eq!(before.as_ref().unwrap().len(), 2);
        fs::write(folder.join("devnum"), "10\n").unwrap();
        assert_ne!(bus_from(root.path()), before, "another device in the same socket");
        assert_eq!(bus_from(&root.path().join("none")), None);
        device.path = "9-9".into();
        assert!(!complete_from(root.path(), &mut device));
    }
}
