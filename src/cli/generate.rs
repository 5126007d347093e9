//! `composer completions` and `composer man`: made from the definition of the command line, so that they cannot differ from it.

use std::path::PathBuf;

use anyhow::Context as _;

use super::{Context, Exit};

/// The options of `composer completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: composer completions bash > ~/.local/share/bash-completion/completions/composer")]
pub struct CompletionsArgs {
    /// Which shell.
    pub shell: clap_complete::Shell,
}

/// The options of `composer man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The folder; it is made if need be.
    pub folder: PathBuf,
}

/// Prints the completion script.
///
/// # Errors
/// When standard output cannot be written.
pub fn completions(args: &CompletionsArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::definition(), "composer", &mut script);
    std::io::Write::write_all(&mut context.out, &script)?;
    Ok(Exit::Success)
}

/// Writes one page for the program and one for every subcommand.
///
/// # Errors
/// When the folder cannot be written.
pub fn man(args: &ManArgs, _context: &mut Context) -> anyhow::Result<Exit> {
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(super::definition(), &args.folder))
        .with_context(|| format!("cannot write manual pages into {}", args.folder.display()))?;
    Ok(Exit::Success)
}
