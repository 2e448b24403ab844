//! `klaver completions`: completions for a shell.

use crate::app::App;
use crate::failure::{Exit, Outcome};
use clap::Args;
use clap_complete::Shell;

/// Write completions for a shell.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

impl Completions {
    /// Runs the command.
    ///
    /// # Errors
    /// None of its own.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let mut bytes = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut crate::cli::localised(app.output.language),
            "klaver",
            &mut bytes,
        );
        app.output.data(&bytes);
        Ok(Exit::Ok)
    }
}
