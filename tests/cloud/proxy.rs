//! An HTTP proxy that does to requests what networks and loaded servers do, and counts it.
//!
//! It stands between clients and a server on loopback, passes signed requests on as they are, and knows no more
//! of HTTP/1.1 than where a message ends.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What is done to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It is done, and its answer never comes.
    LostAnswer,
    /// The connection breaks, and it is done all the same, a while later.
    Late,
    /// 500, and it is not done.
    InternalError,
    /// 503 SlowDown, and it is not done.
    SlowDown,
    /// It takes long.
    Stall,
    /// Half of the answer comes.
    CutOff,
    /// It is done twice; the second answer counts.
    Twice,
    /// Others that come later are done first.
    Overtaken,
}

use Fault::{CutOff, InternalError, Late, LostAnswer, Overtaken, SlowDown, Stall, Twice};

/// Each with its name, and how often it comes among faults.
const FAULTS: [(Fault, &str, u64); 8] = [
    (LostAnswer, "lost answers", 4),
    (Late, "late arrivals", 3),
    (InternalError, "500", 4),
    (SlowDown, "503 SlowDown", 4),
    (Stall, "stalls", 1),
    (CutOff, "cut off", 4),
    (Twice, "twice", 4),
    (Overtaken, "overtaken", 4),
];

/// A held request lets so many others pass, or waits no longer than that.
const OVERTAKEN_BY: usize = 3;
const HELD: Duration = Duration::from_millis(150);

/// How bad it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// So many of 1,000 requests go wrong.
    pub(crate) per_mille: u64,
    /// How long a stall is.
    pub(crate) stall: Duration,
}

/// The proxy; it ends with its value.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    server: SocketAddr,
    weather: Weather,
    random: AtomicU64,
    requests: AtomicUsize,
    injected: [AtomicUsize; FAULTS.len()],
    over: AtomicBool,
}

impl Proxy {
    pub(crate) fn start(server: SocketAddr, weather: Weather, seed: u64) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let inside = Arc::new(Inside {
            server,
            weather,
            random: AtomicU64::new(seed),
            requests: AtomicUsize::new(0),
            injected: Default::default(),
            over: AtomicBool::new(false),
        });
        let proxy = Proxy { address: listener.local_addr().unwrap(), inside: Arc::clone(&inside) };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if inside.over.load(Ordering::Relaxed) {
                    return;
                }
                let inside = Arc::clone(&inside);
                // A connection that breaks is what this is for.
                thread::spawn(move || inside.serve(client));
            }
        });
        proxy
    }

    /// Requests that came.
    pub(crate) fn requests(&self) -> usize {
        self.inside.requests.load(Ordering::Relaxed)
    }

    /// What was done to them, for people.
    pub(crate) fn report(&self) -> String {
        let counts = FAULTS.iter().zip(self.injected()).map(|((_, name, _), n)| format!("{name} {n}"));
        format!("{} requests; {}", self.requests(), counts.collect::<Vec<_>>().join(", "))
    }

    /// How often each fault was injected.
    pub(crate) fn injected(&self) -> Vec<usize> {
        self.inside.injected.iter().map(|n| n.load(Ordering::Relaxed)).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.inside.over.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

impl Inside {
    fn draw(&self) -> Option<Fault> {
        // splitmix64
        let mut x = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        if x % 1000 >= self.weather.per_mille {
            return None;
        }
        let mut left = x / 1000 % FAULTS.iter().map(|(_, _, share)| share).sum::<u64>();
        for (i, (fault, _, share)) in FAULTS.iter().enumerate() {
            if left < *share {
                self.injected[i].fetch_add(1, Ordering::Relaxed);
                return Some(*fault);
            }
            left -= share;
        }
        None
    }

    /// Passes requests on until the connection ends or breaks.
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut from = BufReader::new(client.try_clone()?);
        let mut to = client;
        let mut server = None;
        while let Some(request) = Message::read(&mut from, true)? {
            let came = self.requests.fetch_add(1, Ordering::Relaxed);
            let is_head = request.head.starts_with(b"HEAD ");
            let fault = self.draw();
            match fault {
                Some(InternalError) => to.write_all(&refusal("500 Internal Server Error", "InternalError", is_head))?,
                Some(SlowDown) => to.write_all(&refusal("503 Slow Down", "SlowDown", is_head))?,
                Some(Late) => {
                    to.shutdown(Shutdown::Both)?;
                    thread::sleep(HELD * 2);
                    self.pass(&mut server, &request, is_head)?;
                    return Ok(());
                }
                _ => {
                    if fault == Some(Stall) {
                        thread::sleep(self.weather.stall);
                    }
                    if fault == Some(Overtaken) {
                        let end = Instant::now() + HELD;
                        while self.requests.load(Ordering::Relaxed) <= came + OVERTAKEN_BY && Instant::now() < end {
                            thread::sleep(Duration::from_millis(2));
                        }
                    }
                    if fault == Some(Twice) {
                        self.pass(&mut server, &request, is_head)?;
                    }
                    let answer = self.pass(&mut server, &request, is_head)?;
                    match fault {
                        Some(LostAnswer) => return to.shutdown(Shutdown::Both),
                        Some(CutOff) => {
                            to.write_all(&answer.head)?;
                            to.write_all(&answer.body[..answer.body.len() / 2])?;
                            return to.shutdown(Shutdown::Both);
                        }
                        _ => answer.write(&mut to)?,
                    }
                }
            }
        }
        Ok(())
    }

    /// Has the server do it.
    fn pass(
        &self,
        connection: &mut Option<BufReader<TcpStream>>,
        request: &Message,
        is_head: bool,
    ) -> io::Result<Message> {
        // A connection that the server closed meanwhile is opened anew: that is no fault of the weather.
        for _ in 0..2 {
            let mut server = match connection.take() {
                Some(server) => server,
                None => {
                    let server = TcpStream::connect(self.server)?;
                    server.set_nodelay(true)?;
                    server.set_read_timeout(Some(Duration::from_secs(60)))?;
                    BufReader::new(server)
                }
            };
            let answer = request.write(server.get_mut()).and_then(|()| Message::read(&mut server, !is_head));
            if let Ok(Some(answer)) = answer {
                *connection = Some(server);
                return Ok(answer);
            }
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

/// A request or an answer as it came.
#[derive(Debug, Default)]
struct Message {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Message {
    /// Reads one; none where the connection was closed in between.
    fn read(from: &mut impl BufRead, may_have_body: bool) -> io::Result<Option<Message>> {
        let (mut message, mut length, mut chunked) = (Message::default(), 0, false);
        loop {
            let before = message.head.len();
            if from.read_until(b'\n', &mut message.head)? == 0 {
                return if before == 0 { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            let line = String::from_utf8_lossy(&message.head[before..]).trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
            }
            chunked |= line.starts_with("transfer-encoding:") && line.ends_with("chunked");
        }
        if chunked && may_have_body {
            message.read_chunks(from)?;
        } else if may_have_body {
            from.take(length).read_to_end(&mut message.body)?;
        }
        Ok(Some(message))
    }

    fn read_chunks(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        loop {
            let before = self.body.len();
            from.read_until(b'\n', &mut self.body)?;
            let line = String::from_utf8_lossy(&self.body[before..]);
            let size = line.trim().split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            from.take(size + 2).read_to_end(&mut self.body)?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&[&self.head[..], &self.body].concat())
    }
}

/// As S3 refuses.
fn refusal(status: &str, code: &str, is_head: bool) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>injected</Message></Error>");
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n", body.len());
    (if is_head { head } else { head + &body }).into_bytes()
}
