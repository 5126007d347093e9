//! The store of jobs and files: the options that several commands share, and what its failures mean to users.

use std::io::Write;
use std::path::Path;

use super::output::FAINT;
use super::{Context, Exit, Failure, source};
use crate::jobs::client::Client;
use crate::jobs::{self, Timing};
use crate::music::composition::text::printable;
use crate::store::address::endpoint;
use crate::store::{self, Address};
pub use crate::studio::jobs::Purpose;
use crate::studio::jobs::{self as studio, Opened, Place};
use crate::studio::remote;

/// Where the store is.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct StoreArgs {
    /// A folder, or s3://bucket/prefix [the settings' `store`, else a folder of yours].
    #[arg(long, global = true, value_name = "STORE", display_order = 900)]
    pub store: Option<Address>,
    /// A server that is not Amazon's.
    #[arg(long, global = true, value_name = "URL", value_parser = endpoint, display_order = 901, hide_short_help = true)]
    pub endpoint_url: Option<String>,
    /// The profile of your AWS configuration.
    #[arg(long, global = true, value_name = "NAME", display_order = 902, hide_short_help = true)]
    pub profile: Option<String>,
    /// The AWS region of the bucket.
    #[arg(long, global = true, value_name = "NAME", display_order = 903, hide_short_help = true)]
    pub region: Option<String>,
}

/// A store that is open, and what all who use it agree on.
#[derive(Debug)]
pub struct Room {
    /// The store.
    pub opened: Opened,
    /// The lease.
    pub timing: Timing,
}

impl Room {
    /// Someone who submits and fetches.
    #[must_use]
    pub fn client(&self) -> Client {
        Client { store: std::sync::Arc::clone(&self.opened.store), timing: self.timing }
    }
}

impl StoreArgs {
    fn place(&self) -> Place {
        Place {
            address: self.store.clone(),
            endpoint_url: self.endpoint_url.clone(),
            profile: self.profile.clone(),
            region: self.region.clone(),
        }
    }

    /// Opens the bucket that is meant, for what only a bucket can say, and whether it is reached encrypted; none
    /// where a folder is meant.
    ///
    /// # Errors
    /// When it cannot be opened, with what to do.
    #[cfg(feature = "s3")]
    pub fn open_bucket(&self, context: &Context) -> anyhow::Result<Option<(store::s3::Bucket, bool)>> {
        let settings = source::settings(context);
        let folders = source::folders()?.with_settings(&settings);
        Ok(studio::open_bucket(&self.place(), &settings, &folders).map_err(open_failure)?)
    }

    /// Opens the store that is meant; that a folder was made for it is told.
    ///
    /// # Errors
    /// When it cannot be opened, with what to do.
    pub fn open(&self, purpose: Purpose, context: &Context) -> anyhow::Result<Room> {
        let settings = source::settings(context);
        let folders = source::folders()?.with_settings(&settings);
        let opened = studio::open_for(purpose, &self.place(), &settings, &folders).map_err(open_failure)?;
        if let Some(folder) = &opened.made {
            tell_of_made(folder);
        }
        opened.store.tell_of_silence(source::warn);
        Ok(Room { opened, timing: Timing { lease: settings.jobs.lease } })
    }

    /// How AWS is reached, for what is no store.
    ///
    /// # Errors
    /// When there is no home.
    #[cfg(feature = "lambda")]
    pub fn access(&self, context: &Context) -> anyhow::Result<store::s3::Access> {
        let settings = source::settings(context);
        let folders = source::folders()?.with_settings(&settings);
        Ok(studio::access(&self.place(), &settings, &folders))
    }
}

/// Says that there was no such folder: it may have been mistyped.
pub fn tell_of_made(folder: &Path) {
    let _ = writeln!(anstream::stderr(), "{FAINT}made the store {}{FAINT:#}", printable(&folder.display().to_string()));
}

/// What it means that a store was not opened.
fn open_failure(error: studio::Error) -> Failure {
    match error {
        studio::Error::Store(e) => store_failure(&e),
        studio::Error::NoServer(_) => {
            Failure::new(Exit::Usage, error.to_string()).remedy("--store s3://bucket with it; a folder needs no server")
        }
        studio::Error::Endpoint(_) => Failure::new(Exit::Usage, error.to_string()),
        other => Failure::new(Exit::Usage, other.to_string()).remedy("a folder, or s3://bucket/prefix"),
    }
}

/// What it means to a user that a file did not go to a store, or did not come from there.
#[must_use]
pub fn remote_failure(error: remote::Error) -> Failure {
    let message = error.to_string();
    match error {
        remote::Error::Store(e) => store_failure(&e),
        remote::Error::Document(e) => job_failure(e),
        remote::Error::Overtaken { .. } => Failure::new(Exit::Failure, message).remedy("the same again"),
        remote::Error::Broken { .. } => Failure::new(Exit::Failure, message).remedy("bring it there once more"),
        remote::Error::Busy { .. } => Failure::new(Exit::Failure, message).remedy("wait until it is done"),
        remote::Error::BadName { .. } => Failure::new(Exit::BadInput, message).remedy("give it another name"),
        remote::Error::Vanishing { .. } => Failure::new(Exit::Failure, format!("nothing was done: {message}"))
            .remedy("see that both sides are there, a disk not unmounted; `--delete --force` if that is meant"),
        remote::Error::Local { .. } => Failure::new(Exit::NotSaved, message),
    }
}

/// What a store's failure means to its user.
#[must_use]
pub fn store_failure(error: &store::Error) -> Failure {
    let (exit, remedy) = match error {
        store::Error::TooLong { .. } => {
            (Exit::BadInput, "make it shorter (`composer render` writes .ogg and .flac), or another store with --store")
        }
        store::Error::Unreachable { .. } | store::Error::Refused { .. } => {
            (Exit::Failure, "check the network and the address, then again")
        }
        store::Error::GivenUp { .. } => (Exit::Failure, "check the network and the address, or wait longer"),
        store::Error::Full { .. } => (Exit::Failure, "make room there, or name another with --store"),
        store::Error::WrongKeys { .. } => (
            Exit::NotPermitted,
            "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, --profile or keys_file; `composer serve` names its own",
        ),
        store::Error::Busy { .. } => (Exit::Failure, "the same again in a moment"),
        store::Error::Denied { .. } => {
            (Exit::NotPermitted, "ask the store's owner for permission, or name another with --store")
        }
        store::Error::NoCredentials { .. } => (
            Exit::NotPermitted,
            "`aws configure` or `aws sso login`; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or --profile NAME",
        ),
        store::Error::Elsewhere { region, .. } => {
            return Failure::new(Exit::BadInput, error.to_string()).remedy(format!("--region {region}"));
        }
        store::Error::Missing { .. } | store::Error::NoStore { .. } => {
            (Exit::BadInput, "check the name; --store names another")
        }
        store::Error::Taken { .. } => (Exit::Failure, "another port with --listen, such as 127.0.0.1:8015"),
        store::Error::TooLarge { .. } | store::Error::Irregular { .. } | store::Error::Failed { .. } => {
            return Failure::new(Exit::Failure, error.to_string());
        }
        store::Error::Unsupported { .. } => (Exit::Usage, "another store with --store"),
    };
    Failure::new(exit, error.to_string()).remedy(remedy)
}

/// What a job's failure means to its user.
#[must_use]
pub fn job_failure(error: jobs::Error) -> Failure {
    let message = error.to_string();
    match error {
        jobs::Error::Store(e) => store_failure(&e),
        jobs::Error::NoSuchJob { .. } => {
            Failure::new(Exit::BadInput, message).remedy("`composer jobs --all` lists them")
        }
        jobs::Error::Ambiguous { .. } => Failure::new(Exit::BadInput, message).remedy("more of its name, from the end"),
        jobs::Error::NotEnded { .. } => Failure::new(Exit::Failure, message)
            .remedy("`composer jobs wait` waits for it, `composer jobs cancel` ends it"),
        jobs::Error::Document { .. } | jobs::Error::NoOutput { .. } => Failure::new(Exit::Failure, message),
    }
}
