//! `klaver init`: make a wallet.

use crate::app::App;
use crate::failure::{Exit, Failure, Outcome};
use clap::Args;
use klaver_keystore::{Keystore, NewKey};

/// Make a wallet: a first key, under a passphrase.
#[derive(Args, Debug)]
pub struct Init {
    /// Name of the first key
    #[arg(default_value = "me")]
    pub name: String,
}

impl Init {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is a wallet already.
    pub fn run(self, app: &mut App<'_>) -> Outcome {
        let path = app.places.wallet();
        let shown = path.display().to_string();
        if path.exists() {
            return Err(Failure::new(Exit::Usage, "wallet_exists").with("path", shown));
        }
        let passphrase = app.new_passphrase()?;
        app.places.create()?;
        let keystore = Keystore::create(&path, &passphrase, vec![NewKey::generate(&*self.name)?])?;
        let key = keystore.keys().next().map_or_else(String::new, |key| key.public_key.to_string());
        app.adopt(keystore);
        app.output.line(&app.output.good(&app.output.words("done.init", &[("path", &shown)])));
        app.output.say("done.init.key", &[("key", &key)]);
        app.output.note("next.init", &[]);
        app.output.json(&serde_json::json!({ "wallet": shown, "name": self.name, "public_key": key }));
        Ok(Exit::Ok)
    }
}
