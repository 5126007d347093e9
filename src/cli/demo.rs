//! `composer demo`: the whole way from keys to sound, as the commands that somebody would type.
//!
//! Each step is this program again, in a process of its own, with a command line that is shown as it is; so a demo
//! that goes through has shown that the commands do.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;

use super::interrupt::Interrupt;
use super::output::FAINT;
use super::{Context, Exit, Failure};

/// Where it all goes, unless something else is said.
const FOLDER: &str = "composer-demo";
/// Columns for the commands.
const COMMANDS: usize = 52;
/// The bucket of `composer serve`, and how it is started: at a port that is free.
const BUCKET: &str = "s3://composer";
const SERVE: &str = "serve bucket --listen 127.0.0.1:0";

/// The options of `composer demo`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The built-in keyboard plays, so none is needed; what comes of it is in the folder.\n\nExample: composer demo"
)]
pub struct Args {
    /// Where the files go: a folder that is not there yet [composer-demo].
    #[arg(value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// With a bucket of S3 between client and worker: that of `composer serve`, on this computer.
    #[cfg(feature = "s3")]
    #[arg(long)]
    pub s3: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Args {
    fn s3(&self) -> bool {
        #[cfg(feature = "s3")]
        return self.s3;
        #[cfg(not(feature = "s3"))]
        return false;
    }
}

#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    folder: PathBuf,
    /// All steps together.
    seconds: f64,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
struct Step {
    command: String,
    seconds: f64,
    outcome: String,
}

/// The steps so far, and where they are done.
struct Demo<'a> {
    folder: PathBuf,
    settings: Option<PathBuf>,
    steps: Vec<Step>,
    /// The bucket, where the jobs do not go through a folder.
    bucket: Option<Bucket>,
    interrupt: Interrupt,
    quiet: bool,
    context: &'a mut Context,
}

/// Plays, records, composes, has a job done, and makes sound and a picture of it.
///
/// # Errors
/// When a step fails: with its own words and exit code. What the steps before it made stays.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let interrupt = Interrupt::install()?;
    let began = Instant::now();
    let folder = make_folder(args.folder.as_deref())?;
    // The steps are done inside the folder; a name of a settings file counts from here.
    let settings = context.settings.as_deref().map(std::path::absolute).transpose()?;
    if !args.json {
        writeln!(
            context.out,
            "In {}, with the built-in keyboard, which plays for a quarter of a minute:",
            folder.display()
        )?;
    }
    let mut demo = Demo { folder, settings, steps: Vec::new(), bucket: None, interrupt, quiet: args.json, context };
    if args.s3() {
        demo.serve()?;
    }
    demo.all()?;
    let Demo { folder, steps, .. } = demo;
    if args.json {
        let seconds = began.elapsed().as_secs_f64();
        context.out.json(&Report { schema: "composer.demo/1", folder, seconds, steps })?;
    } else {
        let song = folder.join("take-composed.mid");
        writeln!(
            context.out,
            "{:5.1} s  in all. Listen to it: composer play {}",
            began.elapsed().as_secs_f64(),
            song.display()
        )?;
    }
    Ok(Exit::Success)
}

impl Demo<'_> {
    fn all(&mut self) -> anyhow::Result<()> {
        self.step("record --virtual take.mid", |said| {
            format!("{} notes, as they were played", said["takes"][0]["notes"])
        })?;
        self.step("compose take.mid -o band.mid --style rock", |said| {
            let file = &said["files"][0];
            format!("{} notes of a band, in {}", file["notes_added"], text(&file["key"]))
        })?;
        let store = if self.bucket.is_some() { BUCKET } else { "jobs" };
        let job = self.step(&format!("submit take.mid --store {store}"), |said| {
            format!("job {}", text(&said["jobs"][0]["id"]))
        })?;
        self.step(&format!("worker --drain --store {store}"), |_| "the job is done, four voices".to_owned())?;
        self.step(&format!("jobs fetch {} --store {store}", text(&job["jobs"][0]["id"])), |_| {
            "take-composed.mid".to_owned()
        })?;
        self.step("render take-composed.mid take-composed.wav", |said| {
            let seconds = said["files"][0]["duration_s"].as_f64().unwrap_or_default();
            format!("{seconds:.0} s of sound, with {}", text(&said["soundfont"]))
        })?;
        self.step("render take-composed.mid take-composed.png", |said| {
            format!("a picture of {} notes", said["notes"])
        })?;
        if self.bucket.is_some() {
            self.step(&format!("upload take-composed.mid --store {BUCKET}"), |_| "in the bucket's library".to_owned())?;
        }
        Ok(())
    }

    /// Starts the bucket.
    fn serve(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        let bucket = Bucket::start(&self.folder)?;
        if !self.quiet {
            writeln!(
                self.context.out,
                "{:5.1} s  {:COMMANDS$} {FAINT}AWS_ENDPOINT_URL={} for the steps that follow{FAINT:#}",
                began.elapsed().as_secs_f64(),
                format!("composer {SERVE}"),
                bucket.endpoint
            )?;
        }
        self.bucket = Some(bucket);
        Ok(())
    }

    /// Types a command, and answers with what it said.
    fn step(&mut self, command: &str, outcome: fn(&Value) -> String) -> anyhow::Result<Value> {
        let shown = format!("composer {command}");
        if !self.quiet && self.context.out.is_terminal() {
            write!(self.context.out, "     …   {shown}")?;
            self.context.out.flush()?;
        }
        let began = Instant::now();
        let mut process = Command::new(std::env::current_exe()?);
        process.args(command.split(' ')).arg("--json").current_dir(&self.folder).stdin(Stdio::null());
        if let Some(settings) = &self.settings {
            process.arg("--settings").arg(settings);
        }
        if let Some(bucket) = &self.bucket {
            bucket.known_to(&mut process);
        }
        let output = process.output()?;
        let seconds = began.elapsed().as_secs_f64();
        if self.interrupt.came() {
            let text = format!("stopped; what there is lies in {}", self.folder.display());
            return Err(Failure::new(Exit::Failure, text).into());
        }
        if !output.status.success() {
            if !self.quiet && self.context.out.is_terminal() {
                writeln!(self.context.out)?;
            }
            let words = String::from_utf8_lossy(&output.stderr);
            let words = words.trim().strip_prefix("error: ").unwrap_or(words.trim());
            return Err(Failure::new(exit(output.status.code()), format!("{shown}: {words}")).into());
        }
        // A stream of documents ends with the one that counts.
        let said = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let step = Step { command: shown, seconds, outcome: outcome(&said) };
        if !self.quiet {
            let start = if self.context.out.is_terminal() { "\r" } else { "" };
            let Step { command, outcome, .. } = &step;
            writeln!(self.context.out, "{start}{seconds:5.1} s  {command:COMMANDS$} {FAINT}{outcome}{FAINT:#}")?;
        }
        self.steps.push(step);
        Ok(said)
    }
}

/// `composer serve`, which ends with this.
struct Bucket {
    server: Child,
    endpoint: String,
    /// A file in the form of `~/.aws/credentials`.
    keys: String,
}

impl Bucket {
    fn start(folder: &Path) -> anyhow::Result<Bucket> {
        let folder = std::path::absolute(folder)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(SERVE.split(' ')).arg("--json").current_dir(&folder);
        // Keys of its own: those of this user are none of a demo's business.
        command.env("XDG_DATA_HOME", folder.join("serve")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut bucket = Bucket { server: command.spawn()?, endpoint: String::new(), keys: String::new() };
        let mut line = String::new();
        if let Some(out) = bucket.server.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        let (Some(endpoint), Some(keys)) = (said["endpoint_url"].as_str(), said["keys_file"].as_str()) else {
            // Why, it has said on standard error, which is ours as well.
            let code = bucket.server.wait()?.code();
            return Err(Failure::new(exit(code), "composer serve did not start".to_owned()).into());
        };
        (bucket.endpoint, bucket.keys) = (endpoint.to_owned(), keys.to_owned());
        Ok(bucket)
    }

    /// Lets a command find it, by what one would export in a shell.
    fn known_to(&self, command: &mut Command) {
        let others = ["PROFILE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "ENDPOINT_URL_S3"];
        for other in others {
            command.env_remove(format!("AWS_{other}"));
        }
        command.env("AWS_ENDPOINT_URL", &self.endpoint).env("AWS_REGION", "us-east-1");
        command.env("AWS_SHARED_CREDENTIALS_FILE", &self.keys).env("AWS_CONFIG_FILE", &self.keys);
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // Nobody asks it any more.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// The step's own exit code is the demo's.
fn exit(code: Option<i32>) -> Exit {
    match code {
        Some(2) => Exit::Usage,
        Some(3) => Exit::NoDevice,
        Some(4) => Exit::NotPermitted,
        Some(5) => Exit::BadInput,
        Some(6) => Exit::NotSaved,
        Some(8) => Exit::StillRunning,
        _ => Exit::Failure,
    }
}

/// Makes the folder: the one that was named, or the usual one with the next free number.
fn make_folder(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let numbers = (1..).map(|n| if n == 1 { FOLDER.into() } else { PathBuf::from(format!("{FOLDER}-{n}")) });
    let candidates: Box<dyn Iterator<Item = PathBuf>> = match named {
        Some(named) => Box::new(std::iter::once(named.to_owned())),
        None => Box::new(numbers),
    };
    for folder in candidates {
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(e) if named.is_none() && e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => {
                let text = format!("cannot make the folder {}: {e}", folder.display());
                return Err(
                    Failure::new(Exit::NotSaved, text).remedy("name one that is not there yet, where you may write")
                );
            }
        }
    }
    Err(Failure::new(Exit::NotSaved, "there is no name left for a folder"))
}
