//! A display of its own (Xvfb), with hands (the XTEST extension) and eyes (the DAMAGE extension): every picture that a
//! program presents is told with the moment when it came.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _,
    EventMask, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::Failure;

pub const WIDTH: u16 = 1280;
pub const HEIGHT: u16 = 800;

/// The server, and our connection to it.
pub struct Display {
    pub name: String,
    connection: RustConnection,
    root: Window,
    damage: u32,
    keycodes: HashMap<u32, u8>,
    server: Child,
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Display {
    pub fn start(folder: &Path) -> Result<Display, Failure> {
        let number = folder.join("display");
        let screen = format!("{WIDTH}x{HEIGHT}x24");
        let server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp"])
            .stdout(File::create(&number)?)
            .stderr(Stdio::null())
            .spawn()?;
        let name = loop {
            std::thread::sleep(Duration::from_millis(20));
            if let Ok(text) = std::fs::read_to_string(&number)
                && text.ends_with('\n')
            {
                break format!(":{}", text.trim());
            }
        };
        let (connection, screen) = x11rb::connect(Some(&name))?;
        let root = connection.setup().roots[screen].root;
        let (low, high) = (connection.setup().min_keycode, connection.setup().max_keycode);
        let mapping = connection.get_keyboard_mapping(low, high - low + 1)?.reply()?;
        let a_key = usize::from(mapping.keysyms_per_keycode);
        let first = |(n, keys): (usize, &[u32])| (keys[0], low + n as u8);
        let keycodes =
            mapping.keysyms.chunks(a_key).enumerate().map(first).filter(|(symbol, _)| *symbol != 0).collect();
        let watch = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        connection.change_window_attributes(root, &watch)?.check()?;
        connection.damage_query_version(1, 1)?.reply()?;
        let damage = connection.generate_id()?;
        connection.damage_create(damage, root, ReportLevel::NON_EMPTY)?.check()?;
        Ok(Display { name, connection, root, damage, keycodes, server })
    }

    /// The next picture, and how long it is seen for already; none within the time.
    pub fn picture(&self, patience: Duration) -> Result<Option<Instant>, Failure> {
        let until = Instant::now() + patience;
        loop {
            while let Some(event) = self.connection.poll_for_event()? {
                if let Event::DamageNotify(_) = event {
                    let at = Instant::now();
                    self.connection.damage_subtract(self.damage, x11rb::NONE, x11rb::NONE)?.check()?;
                    return Ok(Some(at));
                }
            }
            let now = Instant::now();
            if now >= until {
                return Ok(None);
            }
            wait_for_input(&self.connection, until - now);
        }
    }

    /// Pictures until none comes for so long.
    pub fn rest(&self, quiet: Duration) -> Result<(), Failure> {
        while self.picture(quiet)?.is_some() {}
        Ok(())
    }

    /// Whether the display shows more than a single colour.
    pub fn is_painted(&self) -> Result<bool, Failure> {
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, 40, 60, 1000, 1, !0)?.reply()?;
        let mut colours: Vec<&[u8]> = image.data.chunks(4).collect();
        colours.sort_unstable();
        colours.dedup();
        Ok(colours.len() > 2)
    }

    /// The left part of the window's last line, where the keyboard stands.
    pub fn foot(&self) -> Result<Vec<u8>, Failure> {
        let top = (HEIGHT - 34) as i16;
        Ok(self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, 8, top, 300, 30, !0)?.reply()?.data)
    }

    /// Writes what is seen into a file (PNG).
    pub fn keep(&self, file: &Path) -> Result<(), Failure> {
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, WIDTH, HEIGHT, !0)?.reply()?;
        let mut encoder = png::Encoder::new(File::create(file)?, u32::from(WIDTH), u32::from(HEIGHT));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        let pixels: Vec<u8> = image.data.chunks(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Ok(encoder.write_header()?.write_image_data(&pixels)?)
    }

    /// Gives the only window the whole screen and the keyboard.
    pub fn fill_screen(&self) -> Result<(), Failure> {
        let children = self.connection.query_tree(self.root)?.reply()?.children;
        let mut largest = None;
        for window in children {
            let size = self.connection.get_geometry(window)?.reply()?;
            largest = largest.max(Some((u32::from(size.width) * u32::from(size.height), window)));
        }
        let (_, window) = largest.ok_or("there is no window")?;
        let whole = ConfigureWindowAux::new().x(0).y(0).width(u32::from(WIDTH)).height(u32::from(HEIGHT));
        self.connection.configure_window(window, &whole)?.check()?;
        self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?.check()?;
        Ok(())
    }

    fn say(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<(), Failure> {
        self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0)?;
        Ok(self.connection.flush()?)
    }

    pub fn point(&self, x: i16, y: i16) -> Result<(), Failure> {
        self.say(MOTION_NOTIFY_EVENT, 0, (x, y))
    }

    /// A turn of the wheel: 4 up, 5 down; or a click: 1.
    pub fn button(&self, button: u8) -> Result<(), Failure> {
        self.say(BUTTON_PRESS_EVENT, button, (0, 0))?;
        self.say(BUTTON_RELEASE_EVENT, button, (0, 0))
    }

    fn code(&self, symbol: u32) -> Result<u8, Failure> {
        Ok(*self.keycodes.get(&symbol).ok_or("no such key")?)
    }

    pub fn hold(&self, symbol: u32) -> Result<(), Failure> {
        self.say(KEY_PRESS_EVENT, self.code(symbol)?, (0, 0))
    }

    pub fn let_go(&self, symbol: u32) -> Result<(), Failure> {
        self.say(KEY_RELEASE_EVENT, self.code(symbol)?, (0, 0))
    }

    /// Presses a key, with others held.
    pub fn key(&self, held: &[u32], symbol: u32) -> Result<(), Failure> {
        held.iter().try_for_each(|key| self.hold(*key))?;
        self.hold(symbol)?;
        self.let_go(symbol)?;
        held.iter().try_for_each(|key| self.let_go(*key))
    }
}

/// Keys, by X's names for them.
pub mod keys {
    pub const CONTROL: u32 = 0xffe3;
    pub const SHIFT: u32 = 0xffe1;
    pub const ENTER: u32 = 0xff0d;
    pub const ARROW_UP: u32 = 0xff52;
    pub const ARROW_DOWN: u32 = 0xff54;
}

/// There is no `poll` in the standard library: a short sleep is as good as the scheduler is, 0.1 ms.
fn wait_for_input(_connection: &RustConnection, most: Duration) {
    std::thread::sleep(most.min(Duration::from_micros(100)));
}
