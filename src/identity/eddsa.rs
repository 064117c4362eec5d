//! The one algorithm of our access tokens. The token library gets no other, so that a token that names another one
//! meets no code at all.

use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signature, SignatureError, Signer, SigningKey, Verifier, VerifyingKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes EdDSA the algorithm of this process's tokens; doing it again changes nothing.
pub fn install() {
    // Refused when it is installed already: there is one in a process.
    let _ = PROVIDER.install_default();
}

struct EdDsaSigner(SigningKey);

struct EdDsaVerifier(VerifyingKey);

fn only_eddsa(algorithm: Algorithm) -> Result<(), Error> {
    match algorithm {
        Algorithm::EdDSA => Ok(()),
        _ => Err(new_error(ErrorKind::InvalidAlgorithm)),
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    only_eddsa(*algorithm)?;
    let key =
        SigningKey::from_pkcs8_der(key.as_bytes()).map_err(|_| new_error(ErrorKind::InvalidEddsaKey))?;
    Ok(Box::new(EdDsaSigner(key)))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    only_eddsa(*algorithm)?;
    let bytes = key.try_get_as_bytes()?;
    let key = VerifyingKey::try_from(bytes).map_err(|_| new_error(ErrorKind::InvalidEddsaKey))?;
    Ok(Box::new(EdDsaVerifier(key)))
}

impl Signer<Vec<u8>> for EdDsaSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let signature: Signature = self.0.try_sign(message)?;
        Ok(signature.to_bytes().to_vec())
    }
}

impl JwtSigner for EdDsaSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for EdDsaVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        self.0.verify_strict(message, &Signature::from_slice(signature)?)
    }
}

impl JwtVerifier for EdDsaVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}
