//! What the tests of the log share: RFC 6962 written down naively, leaves, and keys.

use ed25519_dalek::{Signer, SigningKey};

use super::hash::{Hash, empty_root, leaf_hash, node_hash};
use super::key::{KeyKind, KeyName, VerifierKey};

/// The hash of leaf number `index` of a log that tests share.
pub fn test_leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

pub fn test_leaves(size: u64) -> Vec<Hash> {
    (0..size).map(test_leaf).collect()
}

/// `MTH` by its definition.
pub fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = split(leaves);
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// `PATH` by its definition.
pub fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = split(leaves);
    let (mut path, sibling) = if index < left.len() {
        (naive_path(index, left), right)
    } else {
        (naive_path(index - left.len(), right), left)
    };
    path.push(naive_root(sibling));
    path
}

/// `PROOF` by its definition; empty from the empty tree.
pub fn naive_consistency(old: usize, leaves: &[Hash]) -> Vec<Hash> {
    fn subproof(old: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if known { Vec::new() } else { vec![naive_root(leaves)] };
        }
        let (left, right) = split(leaves);
        let (mut proof, sibling) = if old <= left.len() {
            (subproof(old, left, known), right)
        } else {
            (subproof(old - left.len(), right, false), left)
        };
        proof.push(naive_root(sibling));
        proof
    }
    if old == 0 { Vec::new() } else { subproof(old, leaves, true) }
}

fn split(leaves: &[Hash]) -> (&[Hash], &[Hash]) {
    let mut middle = 1;
    while middle * 2 < leaves.len() {
        middle *= 2;
    }
    leaves.split_at(middle)
}

/// A key pair made from a number.
pub struct TestKey {
    pub secret: SigningKey,
    pub public: VerifierKey,
}

impl TestKey {
    pub fn new(name: &str, kind: KeyKind, seed: u8) -> TestKey {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let name = KeyName::new(name).unwrap();
        let public = VerifierKey::new(name, kind, secret.verifying_key().as_bytes()).unwrap();
        TestKey { secret, public }
    }

    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}
