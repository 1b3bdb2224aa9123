//! The derived key: one per secret, day, region and service.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{PresignError, SigningTime};

/// A signing key, kept as the HMAC state which has already absorbed it.
///
/// Derive it once and keep it while [`is_for_day_of`](Self::is_for_day_of) holds: it costs four HMACs, as much as
/// signing several URLs. Neither the secret nor the key shows in `Debug`, and the state is wiped when dropped.
#[derive(Clone)]
pub struct SigningKey {
    keyed: Hmac<Sha256>,
    date: String,
    scope: String,
}

impl SigningKey {
    /// Derives the key of the day of `signing_time`. `service` is `s3` for everything in this module.
    ///
    /// Fails with [`PresignError::EmptyCredential`] when the secret, the region or the service is empty.
    pub fn derive(
        secret_access_key: &str,
        signing_time: &SigningTime,
        region: &str,
        service: &str,
    ) -> Result<Self, PresignError> {
        if [secret_access_key, region, service].iter().any(|text| text.is_empty()) {
            return Err(PresignError::EmptyCredential);
        }
        let date = signing_time.date();
        // The capacity is exact: a growing vector would leave copies of the secret behind that nothing wipes.
        let mut prefixed_secret = Zeroizing::new(Vec::with_capacity(4 + secret_access_key.len()));
        prefixed_secret.extend_from_slice(b"AWS4");
        prefixed_secret.extend_from_slice(secret_access_key.as_bytes());

        let day_key = mac_of(&prefixed_secret, date)?;
        let region_key = mac_of(day_key.as_slice(), region)?;
        let service_key = mac_of(region_key.as_slice(), service)?;
        let signing_key = mac_of(service_key.as_slice(), "aws4_request")?;
        Ok(Self {
            keyed: keyed_state(signing_key.as_slice())?,
            date: date.to_owned(),
            scope: format!("{date}/{region}/{service}/aws4_request"),
        })
    }

    /// Whether this key signs at `signing_time`: the day is part of the key.
    pub fn is_for_day_of(&self, signing_time: &SigningTime) -> bool {
        self.date == signing_time.date()
    }

    /// The credential scope, `YYYYMMDD/region/service/aws4_request`.
    pub(super) fn scope(&self) -> &str {
        &self.scope
    }

    /// An HMAC which has absorbed the key and waits for the message.
    pub(super) fn keyed(&self) -> Hmac<Sha256> {
        self.keyed.clone()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// HMAC takes a key of any length, so the error never happens; it is passed on because panicking is worse.
fn keyed_state(key: &[u8]) -> Result<Hmac<Sha256>, PresignError> {
    Hmac::new_from_slice(key).map_err(|_| PresignError::EmptyCredential)
}

fn mac_of(key: &[u8], message: &str) -> Result<Zeroizing<[u8; 32]>, PresignError> {
    let mut mac = keyed_state(key)?;
    mac.update(message.as_bytes());
    Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::encode::lower_hex;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn noon_of(days_since_epoch: u64) -> SigningTime {
        SigningTime::from_epoch_seconds(days_since_epoch * 86_400 + 43_200).unwrap()
    }

    /// The example of "Create a signed AWS API request" (IAM User Guide), 2015-08-30, `ListUsers`.
    #[test]
    fn the_published_iam_example_is_signed_as_published() {
        let key = SigningKey::derive(SECRET, &noon_of(16_677), "us-east-1", "iam").unwrap();
        assert_eq!(key.scope(), "20150830/us-east-1/iam/aws4_request");
        let mut mac = key.keyed();
        mac.update(
            b"AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
              f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59",
        );
        let signature = lower_hex(&mac.finalize().into_bytes().into());
        assert_eq!(signature, *b"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    /// The example of "Deriving a signing key" (AWS General Reference): the key itself, by its published value.
    #[test]
    fn the_published_derived_key_comes_out() {
        let day_key = mac_of(format!("AWS4{SECRET}").as_bytes(), "20120215").unwrap();
        assert_eq!(lower_hex(&day_key), *b"969fbb94feb542b71ede6f87fe4d5fa29c789342b0f407474670f0c2489e0a0d");
        let region_key = mac_of(day_key.as_slice(), "us-east-1").unwrap();
        let service_key = mac_of(region_key.as_slice(), "iam").unwrap();
        let signing_key = mac_of(service_key.as_slice(), "aws4_request").unwrap();
        assert_eq!(
            lower_hex(&signing_key),
            *b"f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
        );
    }

    #[test]
    fn a_key_is_good_for_its_own_day_only() {
        let key = SigningKey::derive(SECRET, &noon_of(16_677), "us-east-1", "s3").unwrap();
        assert!(key.is_for_day_of(&noon_of(16_677)));
        assert!(!key.is_for_day_of(&noon_of(16_678)));
    }

    #[test]
    fn debug_output_shows_the_scope_and_nothing_secret() {
        let key = SigningKey::derive(SECRET, &noon_of(16_677), "eu-west-1", "s3").unwrap();
        assert_eq!(format!("{key:?}"), r#"SigningKey { scope: "20150830/eu-west-1/s3/aws4_request", .. }"#);
    }

    #[test]
    fn an_empty_secret_region_or_service_is_refused() {
        for (secret, region, service) in [("", "r", "s3"), ("s", "", "s3"), ("s", "r", "")] {
            let refused = SigningKey::derive(secret, &noon_of(1), region, service);
            assert_eq!(refused.err(), Some(PresignError::EmptyCredential));
        }
    }
}
