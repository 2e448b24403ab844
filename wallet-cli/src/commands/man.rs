//! `klaver man`: the manual page.

use crate::app::App;
use crate::failure::{Exit, Failure, Outcome};
use clap::Args;
use std::path::PathBuf;

/// Write the manual page.
#[derive(Args, Debug)]
pub struct Man {
    /// Directory for a page of every command; without it, the main page goes to standard output
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

impl Man {
    /// Runs the command.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let command = crate::cli::localised(app.output.language);
        match self.dir {
            Some(directory) => {
                let failed = |error| {
                    Failure::text(Exit::Failed, "cannot_write", error).with("path", directory.display())
                };
                std::fs::create_dir_all(&directory).map_err(failed)?;
                clap_mangen::generate_to(command, &directory).map_err(failed)?;
            }
            None => {
                let mut bytes = Vec::new();
                clap_mangen::Man::new(command)
                    .render(&mut bytes)
                    .map_err(|error| Failure::text(Exit::Failed, "cannot_write", error).with("path", "-"))?;
                app.output.data(&bytes);
            }
        }
        Ok(Exit::Ok)
    }
}
