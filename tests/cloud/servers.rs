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

/// Sends a request as it stands; neither of them looks at signatures.
fn send(port: u16, request: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// `composer bucket check --fix-metadata`: what others have described wrongly is said rightly, and stays what it was.
///
/// MiniStack keeps an encoding that it is told to leave out.
fn descriptions_are_mended(bucket: &Bucket, port: u16, home: &Path, replaces: bool) {
    let put = |name: &str, headers: &str| {
        send(
            port,
            &format!(
                "PUT /music/part/{name} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 4\r\n\
                 Connection: close\r\nx-amz-meta-sha256: abc\r\n{headers}\r\nMThd"
            ),
        );
    };
    put("shared/one/piece.mid", "Content-Type: binary/octet-stream\r\n");
    put("library/two/000001.mid", "Content-Type: audio/midi\r\nContent-Encoding: gzip\r\n");
    put("jobs/three/right.mid", "Content-Type: audio/midi\r\n");
    let check = |arguments: &[&str]| -> serde_json::Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
        command.args(["bucket", "check", "--json", "--store", "s3://music/part"]).args(arguments);
        command.args(["--endpoint-url", &format!("http://127.0.0.1:{port}")]).env("HOME", home);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
    };
    let wrong = |report: &serde_json::Value, fixed: bool| {
        let list = report["misdescribed"].as_array().unwrap().iter().filter(|m| m["fixed"] == fixed);
        list.map(|m| m["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let found = wrong(&check(&[]), false);
    assert_eq!(found, ["library/two/000001.mid", "shared/one/piece.mid"]);
    let mended = check(&["--fix-metadata"]);
    assert_eq!(wrong(&mended, true), if replaces { &found[..] } else { &found[1..] });
    // What could not be mended was not said to be.
    assert_eq!(wrong(&check(&[]), false), wrong(&mended, false));
    for name in ["shared/one/piece.mid", "library/two/000001.mid", "jobs/three/right.mid"] {
        let at = body::key(name);
        let head = bucket.head(&at).unwrap().unwrap();
        assert_eq!(head.content_type, "audio/midi", "{name}");
        assert_eq!(bucket.get(&at, 100).unwrap().unwrap(), b"MThd");
        bucket.delete(&at).unwrap();
    }
}

/// Starts a server that listens on a free port, and makes a bucket.
fn start(mut command: Command, port: u16, keys: &Path) -> (Server, Bucket) {
    let server = Server(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let (address, end) = (format!("127.0.0.1:{port}"), Instant::now() + Duration::from_secs(90));
    while let Err(e) = TcpStream::connect(&address) {
        assert!(Instant::now() < end, "the server does not answer: {e}");
        std::thread::sleep(Duration::from_millis(50));
    }
    send(port, &format!("PUT /music HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
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
    descriptions_are_mended(&bucket, port, folder.path(), true);
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
    descriptions_are_mended(&bucket, port, folder.path(), false);
    let store: Arc<dyn Objects> = Arc::new(bucket);
    body::holds(&store);
}
