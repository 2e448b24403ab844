//! Many signatures at once.
//!
//! No batch equation: what holds for each is decided for each. Only the division that writes down a point (RFC 8032,
//! section 5.1.2) is shared by all of them.

use super::{ReadyKey, Signature, small_order};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};
use sha2::{Digest as _, Sha512};

/// A key, and what it is said to have signed.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// The key.
    pub key: &'a ReadyKey,
    /// What is signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
}

impl Claim<'_> {
    /// Returns whether the signature is the key's.
    pub fn holds(&self) -> bool {
        self.key.has_signed(self.message, self.signature)
    }

    /// Returns the only nonce point with which the signature holds: SB - kA (RFC 8032, section 5.1.7); `None` when S is
    /// not below the group order.
    fn nonce_point(&self) -> Option<EdwardsPoint> {
        let response = Option::from(Scalar::from_canonical_bytes(*self.signature.response()))?;
        let challenge = Sha512::new()
            .chain_update(self.signature.nonce_point())
            .chain_update(self.key.0.as_bytes())
            .chain_update(self.message)
            .finalize();
        let challenge = Scalar::from_bytes_mod_order_wide(&challenge.into());
        let key = -self.key.0.to_edwards();
        Some(EdwardsPoint::vartime_double_scalar_mul_basepoint(&challenge, &key, &response))
    }

    fn is_by(&self, nonce_point: &CompressedEdwardsY) -> bool {
        let claimed = self.signature.nonce_point();
        nonce_point.as_bytes() == claimed && !small_order::ENCODINGS.contains(claimed)
    }
}

/// Returns which of the claims hold, in their order: as [`Claim::holds`] for each, in less time.
pub fn hold(claims: &[Claim<'_>]) -> Vec<bool> {
    let points: Vec<Option<EdwardsPoint>> = claims.iter().map(Claim::nonce_point).collect();
    let known: Vec<EdwardsPoint> = points.iter().flatten().copied().collect();
    let mut written = EdwardsPoint::compress_batch_alloc(&known).into_iter();
    let is_by = |(claim, point): (&Claim<'_>, &Option<EdwardsPoint>)| {
        point.is_some() && written.next().is_some_and(|written| claim.is_by(&written))
    };
    claims.iter().zip(&points).map(is_by).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{PublicKey, SigningKey, sign};
    use curve25519_dalek::constants::EIGHT_TORSION;
    use ed25519_dalek::Verifier as _;
    use proptest::prelude::*;

    /// Returns a signature with this nonce that fulfils the equation.
    fn signature_with(secret: &SigningKey, nonce: Scalar, message: &[u8]) -> Signature {
        let point = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
        let challenge = Sha512::new()
            .chain_update(point)
            .chain_update(secret.verifying_key().as_bytes())
            .chain_update(message)
            .finalize();
        let response = nonce + Scalar::from_bytes_mod_order_wide(&challenge.into()) * secret.to_scalar();
        Signature([point, response.to_bytes()].concat().try_into().unwrap())
    }

    fn strictly(secret: &SigningKey, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        secret.verifying_key().verify_strict(message, &signature).is_ok()
    }

    #[test]
    fn the_points_of_small_order_are_the_eight_of_the_curve() {
        let torsion = EIGHT_TORSION.map(|point| point.compress().to_bytes());
        assert!(torsion.iter().all(|point| small_order::ENCODINGS.contains(point)));
        assert_eq!(std::collections::BTreeSet::from(small_order::ENCODINGS).len(), 8);
    }

    #[test]
    fn a_nonce_point_of_small_order_is_refused_though_the_equation_holds() {
        let secret = SigningKey::from_bytes(&[1; 32]);
        let forged = signature_with(&secret, Scalar::ZERO, b"twee klavers");
        let lenient = ed25519_dalek::Signature::from_bytes(&forged.0);
        assert!(secret.verifying_key().verify(b"twee klavers", &lenient).is_ok());
        assert!(!strictly(&secret, b"twee klavers", &forged));
        assert!(!PublicKey::of(&secret).has_signed(b"twee klavers", &forged));
        let honest = signature_with(&secret, Scalar::from(7_u8), b"twee klavers");
        assert!(PublicKey::of(&secret).has_signed(b"twee klavers", &honest));
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_verify_strict_accepts(
            seed: [u8; 32],
            nonce in 0_u8..4,
            place in 0_usize..64,
            mask in prop::sample::select(vec![0_u8, 0, 1, 0x80, 0xff]),
            torsion in 0_usize..16,
        ) {
            let secret = SigningKey::from_bytes(&seed);
            let mut signature = signature_with(&secret, Scalar::from(nonce), b"twee klavers");
            if let Some(point) = small_order::ENCODINGS.get(torsion) {
                signature.0[..32].copy_from_slice(point);
            }
            signature.0[place] ^= mask;
            let key = PublicKey::of(&secret).ready();
            let accepted = key.has_signed(b"twee klavers", &signature);
            prop_assert_eq!(accepted, strictly(&secret, b"twee klavers", &signature));
            let honest = sign(&secret, b"drie klavers");
            let claims = [
                Claim { key: &key, message: b"drie klavers", signature: &honest },
                Claim { key: &key, message: b"twee klavers", signature: &signature },
                Claim { key: &key, message: b"drie klavers", signature: &honest },
            ];
            prop_assert_eq!(hold(&claims), [true, accepted, true]);
        }
    }
}
