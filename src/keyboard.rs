//! The keyboard: USB, MIDI ports, hot-plugging, controls, the virtual keyboard, and why a link is missing.
//!
//! rusb, midir and alsa are known here and nowhere else. What leaves this room are plain types.

pub mod chain;
pub mod controls;
pub mod facts;
pub mod hotplug;
pub mod link;
pub mod midi;
pub mod output_port;
pub mod ports;
pub mod sound_cards;
pub mod stream;
pub mod usb;
pub mod virtual_keyboard;

pub use link::{Link, LinkError, Select, Wait};
pub use output_port::{OutputAddress, OutputPort, OutputPortError};
pub use ports::Port;
pub use stream::{Clock, Event, Receiver, Sender};
pub use virtual_keyboard::{Script, VirtualError, VirtualKeyboard};
