//! The way to a bucket, over `composer serve` on this computer: figures of one run, to be held against each other.
//!
//! 200 small files at 16 at a time beside `aws s3 cp --recursive` (where it is installed: `make clouds`), the connections
//! opened for them, and how soon somebody without credentials has an answer. What is beyond its bound makes it end
//! with exit code 1. `cargo bench --bench s3`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark prints, and fails loudly

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const FILES: usize = 200;
const AT_ONCE: usize = 16;
const ROUNDS: usize = 5;

struct Server {
    child: Child,
    url: String,
    keys: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn composer(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.current_dir(home).env_clear().env("HOME", home).stdin(Stdio::null());
    command
}

fn serve(home: &Path) -> Server {
    let mut command = composer(home);
    command.args(["serve", "--listen", "127.0.0.1:0", "--json"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let about: serde_json::Value = serde_json::from_str(&line).unwrap();
    let text = |key: &str| about[key].as_str().unwrap().to_owned();
    Server { child, url: text("endpoint_url"), keys: text("keys_file").into() }
}

/// Passes everything on, and counts connections.
fn counted(to: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::Relaxed);
            let server = TcpStream::connect(to.trim_start_matches("http://")).unwrap();
            for (mut from, mut into) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
                let _ = (from.set_nodelay(true), into.set_nodelay(true));
                std::thread::spawn(move || {
                    let mut buffer = vec![0; 1 << 16];
                    while let Ok(n @ 1..) = from.read(&mut buffer) {
                        if into.write_all(&buffer[..n]).is_err() {
                            break;
                        }
                    }
                    let _ = into.shutdown(Shutdown::Write);
                });
            }
        }
    });
    (url, count)
}

fn seconds(command: &mut Command) -> f64 {
    let started = Instant::now();
    let output = command.output().unwrap();
    let took = started.elapsed().as_secs_f64();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    took
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let server = serve(home);
    let files = home.join("files");
    // New files each time: what is there already would not be sent.
    let fill = |round: usize| -> Vec<PathBuf> {
        let _ = fs::remove_dir_all(&files);
        fs::create_dir(&files).unwrap();
        let names = (0..FILES).map(|n| files.join(format!("f{round}-{n:03}.mid")));
        let content = |name: &Path| format!("MThd {} {}", name.display(), "x".repeat(2_000));
        names.inspect(|name| fs::write(name, content(name)).unwrap()).collect()
    };
    let (url, connections) = counted(server.url.clone());
    let settings = home.join("settings.toml");
    let keys = server.keys.display();
    fs::write(
        &settings,
        format!("[jobs]\nstore = \"s3://composer\"\nendpoint_url = \"{url}\"\nkeys_file = \"{keys}\"\n"),
    )
    .unwrap();
    // The first round starts the server's threads; both have one.
    let ours = (0..=ROUNDS).map(|round| {
        let names = fill(round);
        connections.store(0, Ordering::Relaxed);
        seconds(composer(home).arg("--settings").arg(&settings).arg("upload").args(&names))
    });
    let ours: Vec<f64> = ours.skip(1).collect();
    let opened = connections.load(Ordering::Relaxed);
    // A listing, in pages, of what the rounds before brought; a content and a document for each file.
    let requests = (ROUNDS * 2 * FILES).div_ceil(1_000) + 2 * FILES;
    println!("upload of {FILES} files, {AT_ONCE} at a time   {:>8.3} s, median of {ROUNDS}", median(ours.clone()));
    let per_100 = 100.0 * opened as f64 / requests as f64;
    println!("connections for {requests} requests          {opened:>8}     {per_100:.1} per 100 (at most {AT_ONCE})");
    let mut within = per_100 <= AT_ONCE as f64;

    let aws = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/clouds/bin/aws");
    if aws.exists() {
        fs::create_dir_all(home.join(".aws")).unwrap();
        fs::write(
            home.join(".aws/config"),
            format!("[default]\nregion = us-east-1\ns3 =\n  max_concurrent_requests = {AT_ONCE}\n"),
        )
        .unwrap();
        fs::copy(&server.keys, home.join(".aws/credentials")).unwrap();
        let theirs = (0..=ROUNDS).map(|round| {
            fill(ROUNDS + 1 + round);
            let mut command = Command::new(&aws);
            command.current_dir(home).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
            command.args([
                "s3",
                "cp",
                "--recursive",
                "--only-show-errors",
                "--endpoint-url",
                &url,
                "files",
                "s3://composer/aws/",
            ]);
            seconds(&mut command)
        });
        let theirs = median(theirs.skip(1).collect());
        let times = theirs / median(ours);
        println!("aws s3 cp --recursive                  {theirs:>8.3} s, {times:.1} times as long (at least 5)");
        within &= times >= 5.0;
    } else {
        println!("aws s3 cp --recursive                  not installed: make clouds");
    }

    let nobody = tempfile::tempdir().unwrap();
    let answers = (0..20).map(|_| {
        let started = Instant::now();
        let output = composer(nobody.path()).args(["jobs", "--store", "s3://composer-nobody"]).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
        started.elapsed().as_secs_f64()
    });
    let answers: Vec<f64> = answers.collect();
    let worst = answers.iter().copied().fold(0.0, f64::max);
    let middle = median(answers) * 1e3;
    println!("without credentials, an answer in      {middle:>8.0} ms, at worst {:.0} (at most 100)", worst * 1e3);
    within &= worst <= 0.1;
    if within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
