//! `composer serve`: a folder of this computer as a bucket for others.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::interrupt::Interrupt;
use super::output::{FAINT, REMEDY};
use super::store::{store_failure, tell_of_made};
use super::{Context, Exit, Failure, source};
use crate::store::Address;
use crate::studio::serve::{self as studio, Error};

/// The options of `composer serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Every request must be signed with the keys that are shown at the start. The programs of \
                        this computer may use the folder itself meanwhile. Ctrl-C or SIGTERM: requests under way are answered.\n\n\
                        Example: composer serve --listen 0.0.0.0:8014")]
pub struct Args {
    /// The folder [the one of your jobs].
    pub folder: Option<PathBuf>,
    /// Where to listen; with 0.0.0.0:8014 the computers of your network are let in.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8014")]
    pub listen: SocketAddr,
    /// The name of the bucket.
    #[arg(long, value_name = "NAME", default_value = "composer")]
    pub bucket: String,
    /// Make new keys: the old ones are of no use any more.
    #[arg(long)]
    pub new_keys: bool,
    /// Print where it is as JSON, without the secret key.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Serialize)]
struct Serving<'a> {
    schema: &'static str,
    folder: String,
    store: String,
    endpoint_url: String,
    access_key_id: &'a str,
    keys_file: String,
}

/// Serves until it is stopped.
///
/// # Errors
/// When the folder, its keys or the address cannot be had.
pub fn run(args: &Args, context: &mut Context) -> anyhow::Result<Exit> {
    let settings = source::settings(context);
    let folders = source::folders()?.with_settings(&settings);
    let (folder, is_named) = match (&args.folder, settings.jobs.store.as_deref().map(str::parse)) {
        (Some(folder), _) => (folder.clone(), true),
        (None, Some(Ok(Address::Folder(folder)))) => (folders.from_home(&folder), true),
        _ => (folders.jobs.clone(), false),
    };
    let interrupt = Interrupt::install()?;
    let keys_file = folders.data.join("serve.keys");
    let is_new = is_named && !folder.exists();
    let serving = studio::Serving {
        folder: &folder,
        bucket: &args.bucket,
        listen: args.listen,
        keys: &keys_file,
        renew: args.new_keys,
    };
    let (server, keys) = studio::serve(&serving).map_err(failure)?;
    if is_new {
        tell_of_made(&folder);
    }
    let (store, at) = (format!("s3://{}", args.bucket), studio::reached_at(server.address()));
    if args.json {
        context.out.json_line(&Serving {
            schema: "composer.serve/1",
            folder: folder.display().to_string(),
            store,
            endpoint_url: format!("http://{at}"),
            access_key_id: &keys.access,
            keys_file: keys_file.display().to_string(),
        })?;
    } else {
        writeln!(
            context.out,
            "{} is {store} at http://{at}. To use it, here or on another computer:\n",
            folder.display()
        )?;
        writeln!(context.out, "{REMEDY}export AWS_ACCESS_KEY_ID={}{REMEDY:#}", keys.access)?;
        // What is written into a file or a log stays there, for others to read.
        if std::io::stdout().is_terminal() {
            writeln!(context.out, "{REMEDY}export AWS_SECRET_ACCESS_KEY={}{REMEDY:#}", keys.secret.as_str())?;
        } else {
            let file = keys_file.display();
            writeln!(context.out, "{REMEDY}export AWS_SECRET_ACCESS_KEY=...{REMEDY:#}  # it is in {file}")?;
        }
        writeln!(context.out, "{REMEDY}composer jobs --store {store} --endpoint-url http://{at}{REMEDY:#}\n")?;
        writeln!(context.out, "{FAINT}The keys are in {}. Ctrl-C ends it.{FAINT:#}", keys_file.display())?;
        context.out.flush()?;
    }
    if !server.address().ip().is_loopback() {
        source::warn("what goes over the network is signed but not encrypted: for networks that you trust");
    }
    while !interrupt.came() {
        std::thread::park_timeout(Duration::from_secs(3600));
    }
    drop(server);
    Ok(Exit::Success)
}

fn failure(error: Error) -> Failure {
    let message = error.to_string();
    match error {
        Error::Store(e) => store_failure(&e),
        Error::Bucket(_) => Failure::new(Exit::Usage, message),
        Error::Keys { .. } => Failure::new(Exit::NotPermitted, message),
    }
}
