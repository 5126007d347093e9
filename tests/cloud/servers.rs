//! Servers that others have written, where they are installed: moto and MiniStack (`make clouds`).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use composer::store::Objects;
use composer::store::s3::{Access, Bucket};

use crate::body;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program of the virtual environment that `make clouds` makes.
fn program(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clouds/bin").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("COMPOSER_REQUIRE_CLOUDS").is_none(), "{name} is not there: make clouds");
    eprintln!("SKIPPED {name}: it is not there (make clouds)");
    None
}

/// Starts a server that listens on a free port, and makes a bucket.
fn start(mut command: Command, port: u16, keys: &Path) -> (Server, Bucket) {
    let server = Server(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let (address, end) = (format!("127.0.0.1:{port}"), Instant::now() + Duration::from_secs(90));
    let mut stream = loop {
        match TcpStream::connect(&address) {
            Ok(stream) => break stream,
            Err(e) => assert!(Instant::now() < end, "the server does not answer: {e}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    // Neither of them looks at signatures.
    let request = format!("PUT /music HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    std::fs::write(keys, "[default]\naws_access_key_id=test\naws_secret_access_key=test\n").unwrap();
    let endpoint_url = Some(format!("http://{address}"));
    let access = Access { endpoint_url, keys_file: Some(keys.to_owned()), ..Access::default() };
    (server, Bucket::open("music", "part/", &access).unwrap())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn moto_is_a_store() {
    let Some(program) = program("moto_server") else { return };
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let mut command = Command::new(program);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    let (_server, bucket) = start(command, port, &folder.path().join("keys"));
    let store: Arc<dyn Objects> = Arc::new(bucket);
    body::holds(&store);
}

#[test]
fn ministack_is_a_store() {
    let Some(program) = program("ministack") else { return };
    let (port, folder) = (free_port(), tempfile::tempdir().unwrap());
    let mut command = Command::new(program);
    command.current_dir(folder.path()).env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")).env("HOME", folder.path());
    let (_server, bucket) = start(command, port, &folder.path().join("keys"));
    let store: Arc<dyn Objects> = Arc::new(bucket);
    body::holds(&store);
}
