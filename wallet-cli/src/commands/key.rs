//! `klaver key`: more keys, another passphrase, another usual key.

use crate::app::App;
use crate::failure::{Exit, Outcome};
use clap::Subcommand;
use klaver_keystore::NewKey;

/// Make another key, or change the passphrase.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a new key: for another account, or for an office
    New {
        /// What to call it
        name: String,
    },
    /// Act as this key when none is named
    Use {
        /// The key's name
        name: String,
    },
    /// Change the passphrase of the wallet
    Passphrase,
}

impl Key {
    /// Runs the command.
    ///
    /// # Errors
    /// When the name is taken or unknown, or the wallet cannot be opened.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        match self {
            Self::New { name } => {
                let info = app.keystore_mut()?.add(NewKey::generate(&*name)?)?;
                let key = info.public_key.to_string();
                app.output.line(&app.output.good(&app.output.words("done.key", &[("name", &name)])));
                app.output.say("done.init.key", &[("key", &key)]);
                app.output.json(&serde_json::json!({ "name": name, "public_key": key }));
            }
            Self::Use { name } => {
                app.global.account = Some(name);
                let hat = app.hat()?;
                app.set_usual(&hat.name)?;
                app.output.line(&app.output.good(&app.output.words("done.use", &[("name", &hat.name)])));
                app.output.json(&serde_json::json!({ "usual": hat.name }));
            }
            Self::Passphrase => {
                app.keystore()?;
                // What was given by file opened the wallet; the new one is always asked, or given on standard input.
                app.global.passphrase_file = None;
                app.global.passphrase_fd = None;
                let new = app.new_passphrase()?;
                app.keystore_mut()?.change_passphrase(&new)?;
                app.output.line(&app.output.good(&app.output.words("done.passphrase", &[])));
            }
        }
        Ok(Exit::Ok)
    }
}
