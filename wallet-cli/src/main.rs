//! The `klaver` program: a shell around the library, and the only place that ends the process.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(klaver_cli::run(std::env::args_os()))
}
