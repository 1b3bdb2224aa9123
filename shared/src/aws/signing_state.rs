//! What signing needs and what is worth keeping from one request to the next: addresses, credentials, the day's key.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use tokio::sync::OnceCell;

use crate::error::{Error, ErrorKind};
use crate::sigv4::{SigningKey, SigningTime};
use crate::timestamp::Timestamp;

const SIGNING: &str = "could not sign";
/// Credentials are asked for anew this long before they expire, in seconds; the SDK does it as early.
const REFRESH_BEFORE_SECONDS: u64 = 300;
const PROBE_KEY: &str = "k";

/// The address of one bucket, found out once.
#[derive(Debug, Default)]
pub(super) struct BucketAddress(OnceCell<String>);

impl BucketAddress {
    /// The address, such as `https://bucket.s3.eu-west-1.amazonaws.com` or `http://127.0.0.1:4566/bucket`.
    ///
    /// The SDK itself says it: one URL is presigned by it and cut before the key. So every setting that the SDK
    /// knows of (endpoint variables, path style, dual stack, FIPS) holds for our URLs too.
    pub(super) async fn of(&self, client: &Client, bucket: &str) -> Result<&str, Error> {
        let address = self.0.get_or_try_init(|| async {
            let lifetime = PresigningConfig::expires_in(Duration::from_mins(1))
                .map_err(|err| Error::new(ErrorKind::Internal, SIGNING).caused_by(err))?;
            let probe = client.get_object().bucket(bucket).key(PROBE_KEY).presigned(lifetime).await;
            let probe = probe.map_err(|err| super::failure::failure(SIGNING, &err))?;
            let url = probe.uri().split_once('?').map_or(probe.uri(), |(url, _)| url);
            url.strip_suffix(PROBE_KEY)
                .map(|address| address.trim_end_matches('/').to_owned())
                .ok_or_else(|| Error::new(ErrorKind::Internal, SIGNING).caused_by("the SDK's URL has no key"))
        });
        address.await.map(String::as_str)
    }
}

/// Credentials, and the key of the day they sign with.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) credentials: Credentials,
    pub(super) key: SigningKey,
}

impl Identity {
    /// When the credentials expire. The credentials of a Lambda function are environment variables, which say no
    /// such thing; they outlive the longest URL only by Lambda's own care.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        let since_epoch = self.credentials.expiry()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Timestamp::from_seconds(since_epoch.as_secs()))
    }

    fn is_good_at(&self, now: Timestamp, time: &SigningTime) -> bool {
        let fresh = self.expires_at().is_none_or(|at| now.plus_seconds(REFRESH_BEFORE_SECONDS) < at);
        fresh && self.key.is_for_day_of(time)
    }
}

/// Keeps the identity while it is good.
#[derive(Debug)]
pub(super) struct Identities {
    provider: SharedCredentialsProvider,
    region: String,
    kept: Mutex<Option<Identity>>,
}

impl Identities {
    pub(super) fn new(provider: SharedCredentialsProvider, region: String) -> Self {
        Self { provider, region, kept: Mutex::new(None) }
    }

    /// The identity to sign with at `now`.
    pub(super) async fn at(&self, now: Timestamp, time: &SigningTime) -> Result<Identity, Error> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(identity) = kept.filter(|identity| identity.is_good_at(now, time)) {
            return Ok(identity);
        }
        let credentials = self.provider.provide_credentials().await;
        let credentials =
            credentials.map_err(|err| Error::new(ErrorKind::Unavailable, SIGNING).caused_by(err))?;
        let key = SigningKey::derive(credentials.secret_access_key(), time, &self.region, "s3")
            .map_err(|err| Error::new(ErrorKind::Internal, SIGNING).caused_by(err))?;
        let identity = Identity { credentials, key };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity.clone());
        Ok(identity)
    }
}
