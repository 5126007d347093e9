//! The program as its users run it, a server that it serves, and one that never answers.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::documented;

/// composer, with a home of its own, and nobody's credentials.
pub(crate) fn composer(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_composer"));
    command.current_dir(home).stdin(Stdio::null());
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy().into_owned();
        if ["XDG_", "COMPOSER_", "AWS_"].iter().any(|p| name.starts_with(p)) || name.to_lowercase().ends_with("_proxy")
        {
            command.env_remove(variable);
        }
    }
    command.env("HOME", home);
    command
}

pub(crate) fn run(home: &Path, arguments: &[&str]) -> Output {
    composer(home).args(arguments).output().unwrap()
}

pub(crate) fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// `composer serve`, and what is needed to use it.
pub(crate) struct Served {
    pub(crate) server: Child,
    pub(crate) url: String,
    pub(crate) access: String,
    pub(crate) secret: String,
}

impl Served {
    pub(crate) fn start(home: &Path) -> Served {
        let mut server = composer(home)
            .args(["serve", "--listen", "127.0.0.1:0", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let about: Value = serde_json::from_str(&line).unwrap();
        documented::check(&about);
        let keys_file = about["keys_file"].as_str().unwrap();
        let keys = fs::read_to_string(keys_file).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(keys_file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let value =
            |name| keys.lines().find_map(|l| l.strip_prefix(name)).unwrap().trim_start_matches([' ', '=']).to_owned();
        let secret = value("aws_secret_access_key");
        assert!(!line.contains(&secret));
        let url = about["endpoint_url"].as_str().unwrap().to_owned();
        Served { server, url, access: value("aws_access_key_id"), secret }
    }

    /// Runs a command with the bucket as its store; whatever it says, the secret is not in it.
    pub(crate) fn run(&self, home: &Path, arguments: &[&str]) -> Output {
        let store = ["--store", "s3://composer", "--endpoint-url", &self.url];
        let output = composer(home)
            .args([arguments, &store[..]].concat())
            .env("AWS_ACCESS_KEY_ID", &self.access)
            .env("AWS_SECRET_ACCESS_KEY", &self.secret)
            .output()
            .unwrap();
        let said = format!("{output:?}");
        assert!(!said.contains(&self.secret), "{arguments:?} tells the secret key");
        output
    }

    pub(crate) fn json(&self, home: &Path, arguments: &[&str]) -> Value {
        let output = self.run(home, &[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", error(&output));
        let document = serde_json::from_slice(&output.stdout).unwrap();
        documented::check(&document);
        document
    }

    /// Follows a link, as a browser does.
    pub(crate) fn get(&self, link: &str) -> (String, Vec<u8>) {
        let address = self.url.trim_start_matches("http://");
        let path = link.strip_prefix(&self.url).unwrap_or_else(|| panic!("{link} leads elsewhere"));
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        (head, answer[end + 4..].to_vec())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Somebody who takes calls and never answers.
pub(crate) struct Silent(pub(crate) String);

impl Silent {
    pub(crate) fn start() -> Silent {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let mut open = Vec::new();
            listener.incoming().for_each(|stream| open.push(stream));
        });
        Silent(url)
    }

    pub(crate) fn command(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = composer(home);
        command.args(arguments).args(["--store", "s3://composer", "--endpoint-url", &self.0]);
        command.env("AWS_ACCESS_KEY_ID", "C").env("AWS_SECRET_ACCESS_KEY", "x");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// Waits for a program, and not for ever.
pub(crate) fn ended(child: Child) -> Output {
    let (tell, told) = std::sync::mpsc::channel();
    let id = child.id();
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    match told.recv_timeout(Duration::from_secs(60)) {
        Ok(output) => output.unwrap(),
        Err(_) => {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
            panic!("it does not end");
        }
    }
}
