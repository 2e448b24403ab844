//! A community of some days ago, whose records say when they were made because the test says so. Its council is `anna`.

use crate::node::{Node, private_directory};
use crate::town::{entry, now};
use klaver_ledger::amount::Scale;
use klaver_ledger::charter::{Charter, Policy, UnitWords};
use klaver_ledger::engine::Outcome;
use klaver_ledger::entry::{Body, Govern, SignedEntry};
use klaver_ledger::id::LedgerId;
use klaver_ledger::keys::SigningKey;
use klaver_ledger::testing::{key, public};
use klaver_ledger::time::{Deadline, Seconds, Timestamp};
use klaver_node::config::{Config, DataDir};
use klaver_node::found::{Founding, found_with, founding_entry, sign_founding};
use klaver_node::keys::NodeKeys;
use klaver_node::service::{OsSalts, open_ledger};
use std::path::Path;

/// A community that was founded four days ago, and is not served yet.
pub struct Past {
    /// Its node.
    pub node: Node,
    /// Where the node keeps everything.
    pub data: DataDir,
    /// The ledger's id.
    pub ledger: LedgerId,
    /// The charter that it was founded with.
    pub charter: Charter,
}

impl Past {
    /// Founds one below `directory`, after `change` was made to its charter; that is told the address of the node.
    ///
    /// # Panics
    /// When it cannot be founded.
    pub fn found(directory: &Path, change: impl FnOnce(&mut Charter, &str)) -> Self {
        private_directory(&directory.join("data"));
        let node = Node::at(directory);
        let data = DataDir::at(node.data());
        let began = days_ago(4);
        let config = Config { beat_seconds: 1, ..Config::new(&node.url()).expect("an address on loopback") };
        let founding = Founding {
            name: "Toendorp".to_owned(),
            unit: UnitWords { one: "klaver".to_owned(), many: "klavers".to_owned() },
            scale: Scale::new(2).expect("two decimals"),
            origin: config.log_origin(),
            config,
            policy: Policy { recovery_delay: Seconds(86_400), ..Policy::starting() },
        };
        let keys = NodeKeys::generate().expect("randomness");
        let mut unsigned = founding_entry(&founding, &keys, &[public("anna")], [3; 32], began);
        let Body::Found(found) = &mut unsigned.body else { panic!("a founding entry") };
        change(&mut found.charter, &node.url());
        let charter = found.charter.clone();
        let signed = sign_founding(unsigned, &[&key("anna")]);
        let founded =
            found_with(&data, &founding, &keys, signed, began, OsSalts).expect("an empty directory");
        let past = Self { node, data, ledger: founded.id, charter };
        founded.ledger.close().expect("a disk");
        past
    }

    /// Records something that the council signed, at some moment; the node must not run.
    ///
    /// # Panics
    /// When it is refused.
    pub fn record(&self, body: Body, at: Timestamp) {
        let keys = NodeKeys::read(&self.data).expect("the node's keys");
        let (ledger, _) = open_ledger(&self.data, keys.log).expect("a stopped node");
        let mut entry = entry(body);
        entry.expires_at = Deadline::after(at, Seconds(300));
        let signed = SignedEntry::sign(entry, &self.ledger, &[&key("anna")]);
        let verified = signed.verify_any_key(&self.ledger).expect("our own signature");
        let (ledger, outcomes) = ledger.commit(vec![verified], at).expect("a disk");
        assert!(matches!(outcomes[..], [Outcome::Recorded(_)]), "{outcomes:?}");
        ledger.close().expect("a disk");
    }

    /// Lets the council decide, three days ago, and the charter be in force since two.
    ///
    /// # Panics
    /// When it is refused.
    pub fn govern(&self, charter: Charter) {
        self.record(Body::Govern(Govern { base: 0, charter }), days_ago(3));
    }

    /// Puts another log key in place, as whoever runs the node does when the charter names it.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn put_log_key(&self, key: &SigningKey) {
        let text = format!("{}\n", data_encoding::HEXLOWER.encode(&key.to_bytes()));
        std::fs::write(self.data.keys().join("log"), text).expect("a file can be written");
    }
}

/// Returns the moment so many days ago.
///
/// # Panics
/// Before 1970.
pub fn days_ago(days: u64) -> Timestamp {
    Timestamp::from_millis(now().millis() - days * 86_400_000).expect("after 1970")
}
