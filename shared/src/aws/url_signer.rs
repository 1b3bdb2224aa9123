//! [`UrlSigner`] with our own arithmetic, see [`crate::sigv4`].

use async_trait::async_trait;
use aws_config::SdkConfig;

use super::buckets::Buckets;
use super::content_disposition::attachment;
use super::planned_put::{PlannedPut, identity_of, s3_upload_id};
use super::signing_state::{BucketAddress, Identities};
use crate::error::{Error, ErrorKind};
use crate::object_key::BucketRole;
use crate::ports::{DownloadToSign, PartToSign, SignedDownload, SignedPart, SignedUrls, UrlSigner};
use crate::redacted::Redacted;
use crate::sigv4::{GetObject, PresignError, Presigner, SigningCredentials, SigningTime};
use crate::timestamp::Timestamp;
use crate::upload::Upload;

/// A URL dies with the credentials that signed it; this much earlier we say that it does, in seconds, so that a
/// request that sets out in time also arrives in time.
const CREDENTIALS_MARGIN_SECONDS: u64 = 60;
/// The most that S3 takes: seven days.
const LIFETIME_SECONDS_MAX: u64 = 604_800;

/// Signs with the function's own credentials.
#[derive(Debug)]
pub struct SigV4UrlSigner {
    client: aws_sdk_s3::Client,
    buckets: Buckets,
    originals: BucketAddress,
    variants: BucketAddress,
    identities: Identities,
}

/// A signer for one bucket at one moment, and when its URLs die.
struct Ready {
    presigner: Presigner,
    expires_at: Timestamp,
}

impl SigV4UrlSigner {
    /// A signer for these buckets. `Internal` when the configuration has no region or no source of credentials.
    pub fn new(sdk: &SdkConfig, buckets: Buckets) -> Result<Self, Error> {
        let (Some(region), Some(provider)) = (sdk.region(), sdk.credentials_provider()) else {
            return Err(Error::new(ErrorKind::Internal, "there is no region or no source of credentials"));
        };
        Ok(Self {
            client: aws_sdk_s3::Client::new(sdk),
            buckets,
            originals: BucketAddress::default(),
            variants: BucketAddress::default(),
            identities: Identities::new(provider, region.to_string()),
        })
    }

    async fn ready(&self, role: BucketRole, now: Timestamp, lifetime_seconds: u64) -> Result<Ready, Error> {
        let address = match role {
            BucketRole::Originals => &self.originals,
            BucketRole::Variants => &self.variants,
        };
        let address = address.of(&self.client, self.buckets.name(role)?).await?;
        let time = SigningTime::from_epoch_seconds(now.as_seconds()).map_err(refused)?;
        let identity = self.identities.at(now, &time).await?;
        let lifetime_seconds = match identity.expires_at() {
            Some(at) => {
                lifetime_seconds.min(at.since(now.plus_seconds(CREDENTIALS_MARGIN_SECONDS)).as_secs())
            }
            None => lifetime_seconds,
        };
        let lifetime_seconds = lifetime_seconds.min(LIFETIME_SECONDS_MAX);
        if lifetime_seconds == 0 {
            return Err(
                Error::new(ErrorKind::Unavailable, "could not sign").caused_by("the credentials expire")
            );
        }
        let credentials = SigningCredentials {
            access_key_id: identity.credentials.access_key_id(),
            session_token: identity.credentials.session_token(),
            signing_key: &identity.key,
        };
        let seconds = u32::try_from(lifetime_seconds).unwrap_or(u32::MAX);
        let presigner = Presigner::new(credentials, address, &time, seconds).map_err(refused)?;
        // S3 counts from the second that the URL shows.
        let expires_at = Timestamp::from_seconds(now.as_seconds()).plus_seconds(lifetime_seconds);
        Ok(Ready { presigner, expires_at })
    }
}

#[async_trait]
impl UrlSigner for SigV4UrlSigner {
    async fn sign_parts(
        &self,
        upload: &Upload,
        parts: &[PartToSign],
        now: Timestamp,
        lifetime_seconds: u64,
    ) -> Result<SignedUrls<SignedPart>, Error> {
        let Ready { presigner, expires_at } =
            self.ready(BucketRole::Originals, now, lifetime_seconds).await?;
        let urls = match upload.is_single() {
            true => sign_single(&presigner, upload, parts)?,
            false => sign_multipart(&presigner, upload, parts)?,
        };
        Ok(SignedUrls { expires_at, urls })
    }

    async fn sign_downloads(
        &self,
        downloads: &[DownloadToSign],
        now: Timestamp,
        lifetime_seconds: u64,
    ) -> Result<SignedUrls<SignedDownload>, Error> {
        let mut ready: [Option<Ready>; 2] = [None, None];
        let [originals, variants] = &mut ready;
        let mut urls = Vec::with_capacity(downloads.len());
        let mut expires_at = Timestamp::from_seconds(now.as_seconds()).plus_seconds(lifetime_seconds);
        for download in downloads {
            let role = download.key.bucket();
            let slot = match role {
                BucketRole::Originals => &mut *originals,
                BucketRole::Variants => &mut *variants,
            };
            let ready = match slot {
                Some(ready) => ready,
                None => slot.insert(self.ready(role, now, lifetime_seconds).await?),
            };
            expires_at = expires_at.min(ready.expires_at);
            let disposition = download.attachment.as_deref().map(attachment);
            let get = GetObject {
                key: download.key.as_str(),
                response_content_disposition: disposition.as_deref(),
                response_content_type: Some(&download.content_type),
            };
            urls.push(SignedDownload(Redacted::new(ready.presigner.get_object(&get).map_err(refused)?)));
        }
        Ok(SignedUrls { expires_at, urls })
    }
}

fn sign_single(
    presigner: &Presigner,
    upload: &Upload,
    parts: &[PartToSign],
) -> Result<Vec<SignedPart>, Error> {
    let (key, identity) = (upload.object_key(), identity_of(upload));
    let sign = |part: &PartToSign| {
        let planned = PlannedPut::new(upload, part)?;
        let put = planned.put_object(upload, key.as_str(), &identity);
        Ok(SignedPart {
            number: part.number,
            size_bytes: planned.size_bytes,
            url: Redacted::new(presigner.put_object(&put).map_err(refused)?),
            headers: put.headers(),
        })
    };
    parts.iter().map(sign).collect()
}

fn sign_multipart(
    presigner: &Presigner,
    upload: &Upload,
    parts: &[PartToSign],
) -> Result<Vec<SignedPart>, Error> {
    let key = upload.object_key();
    let algorithm = upload.checksum.as_ref().map(|declared| declared.algorithm);
    let presigner =
        presigner.part_presigner(key.as_str(), s3_upload_id(upload)?, algorithm).map_err(refused)?;
    let sign = |part: &PartToSign| {
        let planned = PlannedPut::new(upload, part)?;
        let checksum = planned.checksum.as_ref().map(|(_, value)| value.as_str());
        let url = presigner.presign(part.number.get(), planned.size_bytes, checksum).map_err(refused)?;
        Ok(SignedPart {
            number: part.number,
            size_bytes: planned.size_bytes,
            url: Redacted::new(url),
            headers: planned.part_headers(),
        })
    };
    parts.iter().map(sign).collect()
}

fn refused(err: PresignError) -> Error {
    Error::new(ErrorKind::Internal, "could not sign").caused_by(err)
}
