//! The USB bus: which devices are on it, what they say about themselves and which driver has them.
//!
//! rusb (libusb) reads the descriptors; on Linux the strings and the drivers come from sysfs, which
//! needs no permission and does not wake a sleeping device. May use nothing but [`super`]'s plain types.

mod sysfs;

use std::fmt;
use std::path::PathBuf;

use rusb::UsbContext;
use serde::{Serialize, Serializer};

use super::ports::{AKM322_USB, is_akm322_name};
use crate::music::composition::text::printable;

/// The USB audio class, and in it MIDI streaming (USB Device Class Definition for MIDI Devices 1.0).
const AUDIO: u8 = 0x01;
const MIDI_STREAMING: u8 = 0x03;

/// Why the bus cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the USB bus cannot be read: {reason}; inside a container or sandbox give it access to /dev/bus/usb")]
pub struct UsbError {
    /// libusb's words.
    pub reason: String,
}

/// A vendor or product number; shown and serialised as four hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UsbId(pub u16);

impl fmt::Display for UsbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

impl Serialize for UsbId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// The speed of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// 1.5 Mb/s.
    Low,
    /// 12 Mb/s: the AKM322.
    Full,
    /// 480 Mb/s.
    High,
    /// 5 Gb/s.
    Super,
    /// 10 Gb/s and above.
    SuperPlus,
    /// The system does not know.
    Unknown,
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Speed::Low => "low speed (1.5 Mb/s)",
            Speed::Full => "full speed (12 Mb/s)",
            Speed::High => "high speed (480 Mb/s)",
            Speed::Super => "super speed (5 Gb/s)",
            Speed::SuperPlus => "super speed plus (10 Gb/s)",
            Speed::Unknown => "unknown speed",
        })
    }
}

/// The direction of an endpoint, seen from the computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Device to computer.
    In,
    /// Computer to device.
    Out,
}

/// How an endpoint moves its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// Control.
    Control,
    /// Isochronous.
    Isochronous,
    /// Bulk: MIDI.
    Bulk,
    /// Interrupt.
    Interrupt,
}

/// An endpoint of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// As in the descriptor, direction bit included: `81` is endpoint 1, in. Two hexadecimal digits.
    #[serde(serialize_with = "hex_byte")]
    pub address: u8,
    /// Seen from the computer.
    pub direction: Direction,
    /// The kind of transfer.
    pub transfer: Transfer,
    /// The largest packet, bytes.
    pub max_packet_bytes: u16,
}

fn hex_byte<S: Serializer>(byte: &u8, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(&format_args!("{byte:02x}"))
}

/// An interface of a device, in one of its alternate settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// Its number.
    pub number: u8,
    /// Which alternate setting.
    pub alternate: u8,
    /// The class, 1 for audio.
    pub class: u8,
    /// The subclass: of audio 1 control, 2 streaming, 3 MIDI streaming.
    pub subclass: u8,
    /// The kernel driver bound to it; `None` when there is none or the system does not tell.
    pub driver: Option<String>,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
}

impl Interface {
    /// Whether MIDI goes through it.
    #[must_use]
    pub fn is_midi(&self) -> bool {
        (self.class, self.subclass) == (AUDIO, MIDI_STREAMING)
    }

    /// What it is for, in words.
    #[must_use]
    pub fn purpose(&self) -> &'static str {
        match (self.class, self.subclass) {
            (AUDIO, 1) => "audio control",
            (AUDIO, 2) => "audio streaming",
            (AUDIO, MIDI_STREAMING) => "MIDI streaming",
            (0x03, _) => "human interface",
            (0x08, _) => "mass storage",
            (0xfe, 1) => "firmware update",
            (0xff, _) => "vendor specific",
            _ => "other",
        }
    }
}

/// A device on the bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsbDevice {
    /// Where it is plugged in, as Linux writes it: `1-2.4` is bus 1, port 2, of the hub there port 4.
    pub path: String,
    /// The bus.
    pub bus: u8,
    /// The address on the bus; another one each time it is plugged in.
    pub address: u8,
    /// Who made it.
    pub vendor_id: UsbId,
    /// What it is.
    pub product_id: UsbId,
    /// The release of the device, `bcdDevice`: `0.0b`.
    pub release: String,
    /// The manufacturer's name as the device tells it.
    pub manufacturer: Option<String>,
    /// The product's name as the device tells it.
    pub product: Option<String>,
    /// The serial number. Personal where it is a true one: see [`UsbDevice::mask_serial`].
    pub serial: Option<String>,
    /// The speed of its connection.
    pub speed: Speed,
    /// What it may draw from the bus at most, mA; `None` while it is not configured.
    pub max_power_ma: Option<u16>,
    /// Whether it has a power supply of its own.
    pub self_powered: bool,
    /// Its interfaces.
    pub interfaces: Vec<Interface>,
}

/// What stands for a serial number that is not shown.
pub const MASK: &str = "(masked)";

impl UsbDevice {
    /// Whether it speaks MIDI as the USB class says.
    #[must_use]
    pub fn has_midi(&self) -> bool {
        self.interfaces.iter().any(Interface::is_midi)
    }

    /// Whether vendor and product are those of the AKM322.
    #[must_use]
    pub fn has_akm322_id(&self) -> bool {
        (self.vendor_id.0, self.product_id.0) == AKM322_USB
    }

    /// Whether the product's name begins as that of the AKM322.
    #[must_use]
    pub fn has_akm322_name(&self) -> bool {
        self.product.as_deref().is_some_and(is_akm322_name)
    }

    /// The driver bound to its MIDI interface.
    #[must_use]
    pub fn midi_driver(&self) -> Option<&str> {
        self.interfaces.iter().filter(|i| i.is_midi()).find_map(|i| i.driver.as_deref())
    }

    /// The name for people: the product's, or vendor and product number.
    #[must_use]
    pub fn name(&self) -> String {
        self.product.clone().unwrap_or_else(|| format!("{}:{}", self.vendor_id, self.product_id))
    }

    /// Its node in the USB file system, which programs open to talk to it directly (Linux).
    #[must_use]
    pub fn node(&self) -> PathBuf {
        PathBuf::from(format!("/dev/bus/usb/{:03}/{:03}", self.bus, self.address))
    }

    /// Puts [`MASK`] in the place of the serial number.
    pub fn mask_serial(&mut self) {
        if let Some(serial) = &mut self.serial {
            *serial = MASK.into();
        }
    }
}

/// Every device on the bus, hubs too; strings and drivers only of those that speak MIDI.
///
/// # Errors
/// When libusb finds no way to the bus, as in a container without `/dev/bus/usb`.
pub fn scan() -> Result<Vec<UsbDevice>, UsbError> {
    let error = |e: rusb::Error| UsbError { reason: e.to_string() };
    // Not `rusb::devices()`: that one panics where no context can be made.
    let context = rusb::Context::new().map_err(error)?;
    let list = context.devices().map_err(error)?;
    // A device that leaves between two calls is left out: it is gone.
    let mut devices: Vec<UsbDevice> = list.iter().filter_map(|device| describe(&device).ok()).collect();
    devices.sort_by(|a, b| (a.bus, &a.path).cmp(&(b.bus, &b.path)));
    Ok(devices)
}

fn describe(device: &rusb::Device<rusb::Context>) -> rusb::Result<UsbDevice> {
    let descriptor = device.device_descriptor()?;
    let config = device.active_config_descriptor().or_else(|_| device.config_descriptor(0)).ok();
    let version = descriptor.device_version();
    let speed = match device.speed() {
        rusb::Speed::Low => Speed::Low,
        rusb::Speed::Full => Speed::Full,
        rusb::Speed::High => Speed::High,
        rusb::Speed::Super => Speed::Super,
        rusb::Speed::SuperPlus => Speed::SuperPlus,
        _ => Speed::Unknown,
    };
    // rusb doubles the descriptor's byte; from USB 3 on its unit is 8 mA instead of 2.
    let unit = if matches!(speed, Speed::Super | Speed::SuperPlus) { 4 } else { 1 };
    let ports = device.port_numbers().unwrap_or_default();
    let mut found = UsbDevice {
        path: path(device.bus_number(), &ports),
        bus: device.bus_number(),
        address: device.address(),
        vendor_id: UsbId(descriptor.vendor_id()),
        product_id: UsbId(descriptor.product_id()),
        release: format!("{:x}.{:x}{:x}", version.major(), version.minor(), version.sub_minor()),
        manufacturer: None,
        product: None,
        serial: None,
        speed,
        max_power_ma: config.as_ref().map(|c| c.max_power() * unit),
        self_powered: config.as_ref().is_some_and(rusb::ConfigDescriptor::self_powered),
        interfaces: config.as_ref().map(interfaces).unwrap_or_default(),
    };
    if (found.has_midi() || found.has_akm322_id()) && !sysfs::complete(&mut found) {
        ask_for_strings(device, &descriptor, &mut found);
    }
    Ok(found)
}

fn path(bus: u8, ports: &[u8]) -> String {
    if ports.is_empty() {
        return format!("usb{bus}");
    }
    let ports: Vec<String> = ports.iter().map(u8::to_string).collect();
    format!("{bus}-{}", ports.join("."))
}

fn interfaces(config: &rusb::ConfigDescriptor) -> Vec<Interface> {
    config
        .interfaces()
        .flat_map(|interface| interface.descriptors())
        .map(|d| Interface {
            number: d.interface_number(),
            alternate: d.setting_number(),
            class: d.class_code(),
            subclass: d.sub_class_code(),
            driver: None,
            endpoints: d
                .endpoint_descriptors()
                .map(|e| Endpoint {
                    address: e.address(),
                    direction: match e.direction() {
                        rusb::Direction::In => Direction::In,
                        rusb::Direction::Out => Direction::Out,
                    },
                    transfer: match e.transfer_type() {
                        rusb::TransferType::Control => Transfer::Control,
                        rusb::TransferType::Isochronous => Transfer::Isochronous,
                        rusb::TransferType::Bulk => Transfer::Bulk,
                        rusb::TransferType::Interrupt => Transfer::Interrupt,
                    },
                    max_packet_bytes: e.max_packet_size(),
                })
                .collect(),
        })
        .collect()
}

/// Vendor and product of the device at this place on the bus, from sysfs.
#[must_use]
pub fn ids_at(path: &str) -> Option<(u16, u16)> {
    sysfs::ids(path)
}

/// The names and addresses of all that is on the bus, from sysfs.
pub(super) fn bus() -> Option<Vec<(String, String)>> {
    sysfs::bus()
}

/// Where there is no sysfs the device itself is asked, if it may be opened.
fn ask_for_strings(device: &rusb::Device<rusb::Context>, descriptor: &rusb::DeviceDescriptor, found: &mut UsbDevice) {
    let Ok(handle) = device.open() else { return };
    found.manufacturer = handle.read_manufacturer_string_ascii(descriptor).ok().map(|s| printable(&s));
    found.product = handle.read_product_string_ascii(descriptor).ok().map(|s| printable(&s));
    found.serial = handle.read_serial_number_string_ascii(descriptor).ok().map(|s| printable(&s));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_linux_writes_them() {
        assert_eq!(path(1, &[2, 4]), "1-2.4");
        assert_eq!(path(3, &[]), "usb3");
    }

    #[test]
    fn a_machine_without_usb_is_an_error_or_an_empty_list_but_no_panic() {
        if let Err(e) = scan() {
            assert!(e.to_string().contains("/dev/bus/usb"), "{e}");
        }
    }
}
