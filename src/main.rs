//! The `composer` program: the command line, and the window that opens without a subcommand.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "gui")]
    let window: Option<composer::cli::OpenWindow> =
        Some(|start| composer::gui::run(start).map_err(|no_display| no_display.to_string()));
    #[cfg(not(feature = "gui"))]
    let window = None;
    composer::cli::main(window)
}
