//! akm322-sim: a software AKM322 (AWS DeepComposer keyboard) for Linux's vhci-hcd (USB/IP).
//!
//! No crates, no network, no `usbip` tool: the device end and the kernel's virtual host
//! controller talk USB/IP over a socketpair whose other end is handed to
//! /sys/devices/platform/vhci_hcd.0/attach. Needs root and the modules vhci-hcd,
//! snd-usb-audio and snd-seq-midi.
//!
//!   akm322-sim daemon [--sock /run/akm322.sock] [--log FILE] [--plug] [key=value ...]
//!   akm322-sim send   [--sock ...] COMMAND...     one command ("note_on 60 100")
//!   akm322-sim play   [--sock ...] FILE|-         a script, one command a line, # comments
//!   akm322-sim desc                               dump the descriptors as hex
//!
//! Device keys: vid pid bcd speed(1 low 2 full 3 high) manufacturer product serial power
//!
//! Commands (a line each; the answer is one line, "ok ..." or "err ..."):
//!   plug | unplug | yank        yank = drop the USB/IP link (crash of the wire), unplug = orderly detach
//!   note_on N [VEL] [CH]        note_off N [VEL] [CH]      tap N [VEL] [MS]   (channels 0-15)
//!   cc C V [CH]   pitch 0-16383 [CH]   prog P [CH]   touch V [CH]   sysex HH..   raw HH HH HH
//!   pkt HHHHHHHH..              raw USB-MIDI event packets, sent in ONE bulk transfer
//!   sleep MS                    relative      mark            t = 0 for `at`
//!   at MS                       wait until MS (may be fractional) after the last mark
//!   wait_open [MS]              until the driver has IN transfers queued (an app opened the port)
//!   wait_drain [MS]             until every packet has been taken by the host
//!   stall on|off                IN endpoint answers NAK (device hung) / resumes
//!   status | quit
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const VHCI: &str = "/sys/devices/platform/vhci_hcd.0";
const FIFO_MAX: usize = 1024; // USB-MIDI packets held while the host does not poll

#[repr(C)]
struct Timespec { sec: i64, nsec: i64 }
unsafe extern "C" {
    fn clock_gettime(clk: i32, ts: *mut Timespec) -> i32;
    fn clock_nanosleep(clk: i32, flags: i32, req: *const Timespec, rem: *mut Timespec) -> i32;
}
/// CLOCK_MONOTONIC in nanoseconds (what ALSA and std::time::Instant use on Linux).
fn now_ns() -> i64 {
    let mut t = Timespec { sec: 0, nsec: 0 };
    unsafe { clock_gettime(1, &mut t) };
    t.sec * 1_000_000_000 + t.nsec
}
fn sleep_until_ns(t: i64) {
    if t > now_ns() {
        let ts = Timespec { sec: t / 1_000_000_000, nsec: t % 1_000_000_000 };
        while unsafe { clock_nanosleep(1, 1 /* TIMER_ABSTIME */, &ts, std::ptr::null_mut()) } == 4 {}
    }
}

// ---------------------------------------------------------------- descriptors

#[derive(Clone)]
struct Cfg {
    vid: u16, pid: u16, bcd: u16, speed: u32, power: u8,
    manufacturer: String, product: String, serial: String,
}
impl Default for Cfg {
    /// Identity as a real AKM322 reports it to macOS (System Profiler listing in a public repository).
    fn default() -> Self {
        Cfg { vid: 0x1acc, pid: 0x1533, bcd: 0x000b, speed: 2, power: 50, // 2 mA units
              manufacturer: "MIDIPLUS".into(), product: "AKM322".into(),
              serial: "MIDIPLUS-CC-1533-00AKM322".into() }
    }
}
impl Cfg {
    fn set(&mut self, kv: &str) -> Result<(), String> {
        let (k, v) = kv.split_once('=').ok_or(format!("not key=value: {kv}"))?;
        let n = |v: &str| u32::from_str_radix(v.trim_start_matches("0x"),
            if v.starts_with("0x") { 16 } else { 10 }).map_err(|e| format!("{kv}: {e}"));
        match k {
            "vid" => self.vid = n(v)? as u16, "pid" => self.pid = n(v)? as u16,
            "bcd" => self.bcd = n(v)? as u16, "speed" => self.speed = n(v)?,
            "power" => self.power = n(v)? as u8, "manufacturer" => self.manufacturer = v.into(),
            "product" => self.product = v.into(), "serial" => self.serial = v.into(),
            _ => return Err(format!("unknown key {k}")),
        }
        Ok(())
    }
    fn device(&self) -> Vec<u8> {
        let (v, p, b) = (self.vid.to_le_bytes(), self.pid.to_le_bytes(), self.bcd.to_le_bytes());
        vec![18, 1, 0x10, 0x01, 0, 0, 0, 64, v[0], v[1], p[0], p[1], b[0], b[1], 1, 2,
             if self.serial.is_empty() { 0 } else { 3 }, 1]
    }
    fn config(&self) -> Vec<u8> {
        let mps: u16 = if self.speed == 3 { 512 } else { 64 };
        let m = mps.to_le_bytes();
        let mut d = vec![9, 2, 0, 0, 2, 1, 0, 0x80, self.power];
        d.extend([9, 4, 0, 0, 0, 1, 1, 0, 0]);          // interface 0: Audio Control
        d.extend([9, 0x24, 1, 0x00, 0x01, 9, 0, 1, 1]); //   header, collection = {1}
        d.extend([9, 4, 1, 0, 2, 1, 3, 0, 0]);          // interface 1: MIDIStreaming
        d.extend([7, 0x24, 1, 0x00, 0x01, 65, 0]);      //   header, 65 bytes of class-specific
        d.extend([6, 0x24, 2, 1, 1, 0]);                //   MIDI IN jack 1, embedded
        d.extend([6, 0x24, 2, 2, 2, 0]);                //   MIDI IN jack 2, external (the keys)
        d.extend([9, 0x24, 3, 1, 3, 1, 2, 1, 0]);       //   MIDI OUT jack 3, embedded  <- 2
        d.extend([9, 0x24, 3, 2, 4, 1, 1, 1, 0]);       //   MIDI OUT jack 4, external  <- 1
        d.extend([9, 5, 0x01, 2, m[0], m[1], 0, 0, 0]); //   bulk OUT 0x01
        d.extend([5, 0x25, 1, 1, 1]);                   //     -> jack 1
        d.extend([9, 5, 0x81, 2, m[0], m[1], 0, 0, 0]); //   bulk IN 0x81
        d.extend([5, 0x25, 1, 1, 3]);                   //     <- jack 3
        let n = (d.len() as u16).to_le_bytes();
        d[2] = n[0]; d[3] = n[1];
        d
    }
    fn string(&self, i: u8) -> Option<Vec<u8>> {
        let s = match i {
            0 => return Some(vec![4, 3, 0x09, 0x04]),
            1 => &self.manufacturer, 2 => &self.product, 3 => &self.serial, _ => return None,
        };
        let u: Vec<u8> = s.encode_utf16().flat_map(|c| c.to_le_bytes()).collect();
        let mut d = vec![2 + u.len() as u8, 3];
        d.extend(u);
        Some(d)
    }
}

// ---------------------------------------------------------------- the device

struct Link { sock: UnixStream, port: u32, generation: u64 }
struct Dev {
    link: Option<Link>,
    generation: u64,
    urbs: VecDeque<(u32, usize)>,      // pending bulk IN: seqnum, buffer length
    fifo: VecDeque<Vec<u8>>,           // transfers waiting to be polled
    stalled: bool,
    config: u8,
    sent: u64, dropped: u64, received: u64,
    mark: i64,
}
struct Sim { cfg: Cfg, dev: Mutex<Dev>, cv: Condvar, log: Mutex<Option<File>> }

fn be(b: &[u8], i: usize) -> u32 { u32::from_be_bytes(b[i..i + 4].try_into().unwrap()) }
fn hex(b: &[u8]) -> String { b.iter().map(|x| format!("{x:02x}")).collect::<Vec<_>>().join(" ") }

fn ret(cmd: u32, seq: u32, status: i32, data: Option<&[u8]>, len: usize) -> Vec<u8> {
    let mut r = vec![0u8; 48];
    r[0..4].copy_from_slice(&cmd.to_be_bytes());
    r[4..8].copy_from_slice(&seq.to_be_bytes());
    r[20..24].copy_from_slice(&status.to_be_bytes());
    r[24..28].copy_from_slice(&(len as u32).to_be_bytes());
    if let Some(d) = data { r.extend_from_slice(d); }
    r
}

impl Sim {
    fn log(&self, s: &str) { self.log_at(now_ns(), s) }
    fn log_at(&self, t: i64, s: &str) {
        if let Some(f) = self.log.lock().unwrap().as_mut() {
            let _ = writeln!(f, "{}.{:06} {s}", t / 1_000_000_000, t % 1_000_000_000 / 1000);
        }
    }

    /// Hand queued packets to queued IN transfers. Caller holds the lock.
    fn pump(&self, d: &mut Dev) {
        while !d.stalled && !d.urbs.is_empty() && !d.fifo.is_empty() {
            let (seq, len) = d.urbs.pop_front().unwrap();
            let mut data = d.fifo.pop_front().unwrap();
            if data.len() > len { let rest = data.split_off(len); d.fifo.push_front(rest); }
            let r = ret(3, seq, 0, Some(&data), data.len());
            let t = now_ns(); // just before the kernel gets it
            if let Some(l) = d.link.as_mut() { let _ = l.sock.write_all(&r); }
            d.sent += data.len() as u64 / 4;
            self.log_at(t, &format!("IN {}", hex(&data)));
        }
        self.cv.notify_all();
    }

    fn control(&self, d: &mut Dev, setup: &[u8], out: &[u8]) -> Result<Vec<u8>, i32> {
        let (typ, req) = (setup[0], setup[1]);
        let val = u16::from_le_bytes([setup[2], setup[3]]);
        let len = u16::from_le_bytes([setup[6], setup[7]]) as usize;
        let _ = out;
        let mut r = match (typ, req) {
            (0x80, 6) => match (val >> 8, val as u8) {
                (1, _) => self.cfg.device(),
                (2, 0) => self.cfg.config(),
                (3, i) => self.cfg.string(i).ok_or(-32)?,
                _ => return Err(-32), // device qualifier etc.: STALL, as a full-speed device does
            },
            (0x80, 0) => vec![0, 0],                        // GET_STATUS device: bus powered
            (0x81, 0) | (0x82, 0) => vec![0, 0],
            (0x80, 8) => vec![d.config],
            (0x81, 10) => vec![0],                          // GET_INTERFACE
            (0x00, 9) => { d.config = val as u8; vec![] }   // SET_CONFIGURATION
            (0x01, 11) if val == 0 => vec![],               // SET_INTERFACE alt 0
            (0x00, 5) | (0x02, 1) | (0x00, 1) | (0x00, 3) => vec![],
            _ => return Err(-32),
        };
        r.truncate(len);
        Ok(r)
    }

    /// The USB/IP loop of one attachment.
    fn serve(&self, mut rx: UnixStream, generation: u64) -> io::Result<()> {
        let mut h = [0u8; 48];
        loop {
            rx.read_exact(&mut h)?;
            let (cmd, seq, dir, ep) = (be(&h, 0), be(&h, 4), be(&h, 12), be(&h, 16));
            match cmd {
                1 => {
                    let len = be(&h, 24) as usize;
                    let mut out = vec![0u8; if dir == 0 { len } else { 0 }];
                    rx.read_exact(&mut out)?;
                    let mut d = self.dev.lock().unwrap();
                    if d.generation != generation { return Ok(()); }
                    let r = match (ep, dir) {
                        (0, _) => {
                            let a = self.control(&mut d, &h[40..48], &out);
                            self.log(&format!("CTRL {} -> {}", hex(&h[40..48]),
                                match &a { Ok(v) => format!("{} bytes", v.len()), Err(e) => format!("{e}") }));
                            match a {
                                Ok(v) if dir == 1 => ret(3, seq, 0, Some(&v), v.len()),
                                Ok(_) => ret(3, seq, 0, None, len),
                                Err(e) => ret(3, seq, e, None, 0),
                            }
                        }
                        (1, 1) => { d.urbs.push_back((seq, len)); self.pump(&mut d); continue; }
                        (1, 0) => {
                            d.received += out.len() as u64 / 4;
                            self.log(&format!("OUT {}", hex(&out)));
                            ret(3, seq, 0, None, out.len())
                        }
                        _ => ret(3, seq, -32, None, 0),
                    };
                    if let Some(l) = d.link.as_mut() { l.sock.write_all(&r)?; }
                }
                2 => {
                    let victim = be(&h, 20);
                    let mut d = self.dev.lock().unwrap();
                    if d.generation != generation { return Ok(()); }
                    let n = d.urbs.len();
                    d.urbs.retain(|(s, _)| *s != victim);
                    let st = if d.urbs.len() < n { -104 } else { 0 }; // -ECONNRESET: unlinked
                    let r = ret(4, seq, st, None, 0);
                    if let Some(l) = d.link.as_mut() { l.sock.write_all(&r)?; }
                }
                x => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("usbip command {x}"))),
            }
        }
    }

    /// (port, state) of the first port of the wanted hub; state 4 = free, 6 = in use.
    fn ports(&self) -> io::Result<Vec<(u32, u32)>> {
        let hub = if self.cfg.speed >= 5 { "ss" } else { "hs" };
        Ok(fs::read_to_string(format!("{VHCI}/status"))?.lines().filter_map(|l| {
            let f: Vec<_> = l.split_whitespace().collect();
            (f.len() > 2 && f[0] == hub).then(|| Some((f[1].parse().ok()?, f[2].parse().ok()?)))?
        }).collect())
    }

    fn plug(self: &Arc<Self>) -> Result<String, String> {
        let e = |e: io::Error| e.to_string();
        let mut d = self.dev.lock().unwrap();
        if d.link.is_some() { return Err("already plugged".into()); }
        let port = self.ports().map_err(e)?.iter().find(|p| p.1 == 4).ok_or("no free vhci port")?.0;
        let (ours, kernels) = UnixStream::pair().map_err(e)?;
        let rx = ours.try_clone().map_err(e)?;
        d.generation += 1;
        let generation = d.generation;
        d.urbs.clear(); d.fifo.clear(); d.config = 0; d.stalled = false;
        d.link = Some(Link { sock: ours, port, generation });
        let me = self.clone();
        thread::spawn(move || {
            let r = me.serve(rx, generation);
            let mut d = me.dev.lock().unwrap();
            if d.link.as_ref().map(|l| l.generation) == Some(generation) { d.link = None; }
            me.log(&format!("link closed: {:?}", r.err().map(|e| e.to_string())));
            me.cv.notify_all();
        });
        let line = format!("{port} {} {} {}", kernels.as_raw_fd(), 0x0001_0002, self.cfg.speed);
        if let Err(x) = fs::write(format!("{VHCI}/attach"), &line) { d.link = None; return Err(e(x)); }
        self.log(&format!("PLUG port {port}"));
        Ok(format!("port {port}"))
    }

    fn unplug(&self, yank: bool) -> Result<String, String> {
        let mut d = self.dev.lock().unwrap();
        let l = d.link.take().ok_or("not plugged")?;
        d.generation += 1;
        d.urbs.clear(); d.fifo.clear();
        drop(d);
        self.log(if yank { "YANK" } else { "UNPLUG" });
        if !yank { fs::write(format!("{VHCI}/detach"), l.port.to_string()).map_err(|e| e.to_string())?; }
        let _ = l.sock.shutdown(std::net::Shutdown::Both);
        drop(l.sock);
        let end = Instant::now() + Duration::from_secs(10);
        while self.ports().map_err(|e| e.to_string())?.iter().any(|p| p.0 == l.port && p.1 != 4) {
            if Instant::now() > end { return Err("vhci port did not become free".into()); }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(String::new())
    }

    fn send(&self, pkts: Vec<Vec<u8>>) -> Result<String, String> {
        let mut d = self.dev.lock().unwrap();
        if d.link.is_none() { return Err("not plugged".into()); }
        for p in pkts {
            if d.fifo.len() >= FIFO_MAX { d.dropped += 1; } else { d.fifo.push_back(p); }
        }
        self.pump(&mut d);
        Ok(String::new())
    }

    fn wait(&self, ms: u64, what: &str, f: impl Fn(&Dev) -> bool) -> Result<String, String> {
        let d = self.dev.lock().unwrap();
        let (_d, t) = self.cv.wait_timeout_while(d, Duration::from_millis(ms), |d| !f(d)).unwrap();
        if t.timed_out() { Err(format!("timeout: {what}")) } else { Ok(String::new()) }
    }

    fn command(self: &Arc<Self>, line: &str) -> Result<String, String> {
        let w: Vec<&str> = line.split_whitespace().collect();
        let Some((&cmd, a)) = w.split_first() else { return Ok(String::new()) };
        let num = |i: usize, def: Option<u32>| -> Result<u32, String> {
            match a.get(i) {
                Some(s) => s.parse().map_err(|_| format!("bad number {s}")),
                None => def.ok_or(format!("{cmd}: argument {} missing", i + 1)),
            }
        };
        let ms = |i: usize| -> Result<f64, String> {
            a.get(i).ok_or("milliseconds missing")?.parse().map_err(|_| "bad milliseconds".to_string())
        };
        let bytes = || -> Result<Vec<u8>, String> {
            let s: String = a.concat();
            if s.len() % 2 != 0 { return Err("odd number of hex digits".into()); }
            (0..s.len() / 2).map(|i| u8::from_str_radix(&s[2 * i..2 * i + 2], 16).map_err(|e| e.to_string())).collect()
        };
        let ev = |st: u32, ch: u32, x: u32, y: u32| self.send(vec![vec![
            st as u8, (st << 4) as u8 | (ch & 15) as u8, x as u8 & 127, y as u8 & 127]]);
        match cmd {
            "plug" => self.plug(),
            "unplug" => self.unplug(false),
            "yank" => self.unplug(true),
            "note_on" => ev(9, num(2, Some(0))?, num(0, None)?, num(1, Some(100))?),
            "note_off" => ev(8, num(2, Some(0))?, num(0, None)?, num(1, Some(0))?),
            "tap" => {
                let (n, v, t) = (num(0, None)?, num(1, Some(100))?, num(2, Some(100))?);
                let at = now_ns() + t as i64 * 1_000_000;
                ev(9, 0, n, v)?;
                sleep_until_ns(at);
                ev(8, 0, n, 0)
            }
            "cc" => ev(11, num(2, Some(0))?, num(0, None)?, num(1, None)?),
            "prog" => ev(12, num(1, Some(0))?, num(0, None)?, 0),
            "touch" => ev(13, num(1, Some(0))?, num(0, None)?, 0),
            "pitch" => { let v = num(0, None)?; ev(14, num(1, Some(0))?, v & 127, v >> 7) }
            "raw" => { let mut b = bytes()?; if b.is_empty() { return Err("no bytes".into()); }
                       b.resize(3, 0); let cin = if b[0] < 0xf0 { b[0] >> 4 } else { 15 };
                       b.insert(0, cin); self.send(vec![b]) }
            "pkt" => { let b = bytes()?; if b.is_empty() || b.len() % 4 != 0 { return Err("need 4n bytes".into()); }
                       self.send(vec![b]) }
            "sysex" => {
                let mut b = bytes()?;
                if b.first() != Some(&0xf0) { b.insert(0, 0xf0); }
                if b.last() != Some(&0xf7) { b.push(0xf7); }
                let n = b.len();
                let mut out = vec![];
                for (i, c) in b.chunks(3).enumerate() {
                    let last = (i + 1) * 3 >= n;
                    let mut p = vec![if last { 4 + c.len() as u8 } else { 4 }];
                    p.extend(c); p.resize(4, 0); out.extend(p);
                }
                self.send(out.chunks(64).map(|c| c.to_vec()).collect())
            }
            "sleep" => { sleep_until_ns(now_ns() + (ms(0)? * 1e6) as i64); Ok(String::new()) }
            "mark" => { self.dev.lock().unwrap().mark = now_ns(); Ok(String::new()) }
            "at" => { let m = self.dev.lock().unwrap().mark; sleep_until_ns(m + (ms(0)? * 1e6) as i64); Ok(String::new()) }
            "wait_open" => {
                self.wait(num(0, Some(10000))? as u64, "nobody opened the IN endpoint", |d| !d.urbs.is_empty())?;
                // The kernel queues IN transfers a moment before it lets their data through to the
                // sequencer (rawmidi trigger, subscription); what arrives in between is lost.
                thread::sleep(Duration::from_millis(50));
                Ok(String::new())
            }
            "wait_drain" => self.wait(num(0, Some(10000))? as u64, "packets left", |d| d.fifo.is_empty()),
            "stall" => { let mut d = self.dev.lock().unwrap(); d.stalled = a.first() == Some(&"on"); self.pump(&mut d); Ok(String::new()) }
            "status" => {
                let d = self.dev.lock().unwrap();
                Ok(format!("plugged={} config={} in_urbs={} fifo={} sent={} received={} dropped={}", d.link.is_some(),
                    d.config, d.urbs.len(), d.fifo.len(), d.sent, d.received, d.dropped))
            }
            "quit" => { let _ = self.unplug(false); self.log("QUIT"); std::process::exit(0) }
            _ => Err(format!("unknown command {cmd}")),
        }
    }
}

// ---------------------------------------------------------------- command line

fn client(sock: &str, lines: impl Iterator<Item = String>, verbose: bool) -> i32 {
    let end = Instant::now() + Duration::from_secs(10);
    let mut s = loop {
        match UnixStream::connect(sock) {
            Ok(s) => break s,
            Err(e) if Instant::now() > end => { eprintln!("akm322-sim: {sock}: {e}"); return 2; }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    };
    let mut r = BufReader::new(s.try_clone().unwrap());
    for l in lines {
        let l = l.split('#').next().unwrap().trim().to_string();
        if l.is_empty() { continue; }
        if writeln!(s, "{l}").is_err() { return 2; }
        let mut a = String::new();
        if r.read_line(&mut a).unwrap_or(0) == 0 { return if l == "quit" { 0 } else { 2 }; }
        if a.starts_with("err") { eprintln!("akm322-sim: {l}: {}", a.trim()); return 1; }
        if verbose && a.trim() != "ok" { println!("{}", a.trim()); }
    }
    0
}

fn main() {
    let mut sock = "/run/akm322.sock".to_string();
    let (mut log, mut plug, mut pos, mut cfg) = (None, false, vec![], Cfg::default());
    let mut it = std::env::args().skip(1);
    while let Some(a) = it.next() {
        match a.as_str() {
            "--sock" => sock = it.next().expect("--sock PATH"),
            "--log" => log = it.next(),
            "--plug" => plug = true,
            _ if pos.first().map(String::as_str) == Some("daemon") || pos.first().map(String::as_str) == Some("desc") =>
                if let Err(e) = cfg.set(&a) { eprintln!("akm322-sim: {e}"); std::process::exit(2) },
            _ => pos.push(a),
        }
    }
    match pos.first().map(String::as_str) {
        Some("send") => std::process::exit(client(&sock, std::iter::once(pos[1..].join(" ")), true)),
        Some("play") => {
            let text = match pos.get(1).map(String::as_str) {
                Some("-") | None => io::read_to_string(io::stdin()),
                Some(f) => fs::read_to_string(f),
            }.unwrap_or_else(|e| { eprintln!("akm322-sim: {e}"); std::process::exit(2) });
            std::process::exit(client(&sock, text.lines().map(str::to_string), false))
        }
        Some("desc") => println!("{}{}", hex(&cfg.device()).replace(' ', ""), hex(&cfg.config()).replace(' ', "")),
        Some("daemon") => {
            let log = log.map(|f| OpenOptions::new().create(true).append(true).open(f).expect("log file"));
            let sim = Arc::new(Sim {
                cfg, cv: Condvar::new(), log: Mutex::new(log),
                dev: Mutex::new(Dev { link: None, generation: 0, urbs: VecDeque::new(), fifo: VecDeque::new(), stalled: false,
                                      config: 0, sent: 0, dropped: 0, received: 0, mark: now_ns() }),
            });
            let _ = fs::remove_file(&sock);
            let l = UnixListener::bind(&sock).expect("control socket");
            if plug { if let Err(e) = sim.plug() { eprintln!("akm322-sim: plug: {e}"); std::process::exit(1) } }
            for c in l.incoming().flatten() {
                let sim = sim.clone();
                thread::spawn(move || {
                    let mut w = c.try_clone().unwrap();
                    for line in BufReader::new(c).lines().map_while(Result::ok) {
                        let a = match sim.command(&line) { Ok(s) => format!("ok {s}"), Err(e) => format!("err {e}") };
                        if writeln!(w, "{}", a.trim_end()).is_err() { break; }
                    }
                });
            }
        }
        _ => { eprintln!("usage: akm322-sim daemon|send|play|desc (see the head of akm322_sim.rs)"); std::process::exit(2) }
    }
}
