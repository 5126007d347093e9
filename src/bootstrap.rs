//! The program `bootstrap`: composer's worker as a Lambda function. `deploy/` says how it gets there.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match composer::jobs::lambda::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "bootstrap: {e}");
            ExitCode::FAILURE
        }
    }
}
