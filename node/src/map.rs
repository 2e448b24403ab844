//! The map of the town square: where its pictures come from. Without an address there is no map, and the list says all.

use crate::config::ConfigError;
use serde::{Deserialize, Serialize};

/// The settings of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapSettings {
    /// Where a picture is fetched, with `{z}`, `{x}` and `{y}` in it: `https://tiles.example/{z}/{x}/{y}.png`.
    pub tiles: String,
    /// Whose map it is, as its licence asks to say.
    pub attribution: String,
}

impl MapSettings {
    /// Returns the origin that the pictures come from, the only one besides the node's that a page may ask.
    ///
    /// # Errors
    /// When the address is none that a page can be given.
    pub fn origin(&self) -> Result<String, ConfigError> {
        let wrong = |reason: &str| ConfigError::Map { tiles: self.tiles.clone(), reason: reason.to_owned() };
        if let Some(missing) = ["{z}", "{x}", "{y}"].iter().find(|part| !self.tiles.contains(**part)) {
            return Err(wrong(&format!("{missing} is missing")));
        }
        let (scheme, rest) = self.tiles.split_once("://").ok_or_else(|| wrong("it begins with https://"))?;
        let host = rest.split('/').next().unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default();
        let is_near = matches!(name, "localhost" | "127.0.0.1");
        if scheme != "https" && !(scheme == "http" && is_near) {
            return Err(wrong("it begins with https://; http:// is for this machine alone"));
        }
        // It stands in a policy that browsers read: nothing but a host belongs there.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
        if name.is_empty() || !host.chars().all(is_plain) {
            return Err(wrong(
                "a host of letters, digits, points and hyphens belongs there, with nothing to fill in",
            ));
        }
        Ok(format!("{scheme}://{host}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_a_policy_can_name_is_taken() {
        let origin =
            |tiles: &str| MapSettings { tiles: tiles.to_owned(), attribution: "us".to_owned() }.origin();
        assert_eq!(origin("https://tiles.example/a/{z}/{x}/{y}.png").unwrap(), "https://tiles.example");
        assert_eq!(origin("http://127.0.0.1:8081/{z}/{x}/{y}").unwrap(), "http://127.0.0.1:8081");
        for wrong in [
            "https://tiles.example/{z}/{x}.png",
            "tiles.example/{z}/{x}/{y}",
            "http://tiles.example/{z}/{x}/{y}",
            "https://{s}.tiles.example/{z}/{x}/{y}",
            "https://a.example; script-src */{z}/{x}/{y}",
            "https:///{z}/{x}/{y}",
            "https://*/{z}/{x}/{y}",
        ] {
            assert!(origin(wrong).unwrap_err().to_string().contains(wrong), "{wrong}");
        }
    }
}
