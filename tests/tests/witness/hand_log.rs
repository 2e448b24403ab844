//! A log made by hand: one can sign with it what no honest node would.

use super::*;

/// A log made by hand, of leaves that are numbers.
pub(crate) struct HandLog {
    pub(crate) tree: Tree,
    pub(crate) secret: SigningKey,
    pub(crate) key: VerifierKey,
}

impl HandLog {
    pub(crate) fn new(origin: &str, seed: u8) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let name = KeyName::new(origin).unwrap();
        let key = VerifierKey::new(name, KeyKind::Note, PublicKey::of(&secret).as_bytes()).unwrap();
        Self { tree: Tree::new(), secret, key }
    }

    pub(crate) fn grow(&mut self, size: u64) {
        (self.tree.size()..size).for_each(|number| {
            self.tree.append(&number.to_be_bytes());
        });
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        self.tree.root_at(size, &NoLeafTiles).unwrap()
    }

    pub(crate) fn note(&self, size: u64, root: Hash) -> Note {
        let checkpoint = Checkpoint { origin: self.key.name().clone(), size, root };
        checkpoint.sign(&self.key, |text| sign(&self.secret, text).0).unwrap().note().clone()
    }

    pub(crate) fn request(&self, old: u64, new: u64) -> AddCheckpoint {
        let proof =
            if old <= new { self.tree.consistency_proof(old, new, &NoLeafTiles).unwrap() } else { vec![] };
        AddCheckpoint { old, proof, note: self.note(new, self.root(new)) }
    }
}
