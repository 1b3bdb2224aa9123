//! URLs that only the fake store understands.

use std::sync::Mutex;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::points::{Call, CallLog, Fault, Points, locked};
use crate::aws::planned_put::{PlannedPut, identity_of, s3_upload_id};
use crate::error::Error;
use crate::ids::{PartNumber, hex};
use crate::object_key::{BucketRole, ObjectKey};
use crate::ports::{DownloadToSign, PartToSign, SignedDownload, SignedPart, SignedUrls, UrlSigner};
use crate::redacted::Redacted;
use crate::timestamp::Timestamp;
use crate::upload::Upload;

const ORIGINALS: &str = "https://originals.s3.test/";
const VARIANTS: &str = "https://variants.s3.test/";

/// Signs URLs for [`super::FakeObjectStore`], with the headers that the real signer asks for.
#[derive(Debug)]
pub struct FakeUrlSigner {
    points: Points,
    credentials_expire_at: Mutex<Option<Timestamp>>,
}

impl Default for FakeUrlSigner {
    fn default() -> Self {
        Self::with_log(CallLog::default())
    }
}

impl FakeUrlSigner {
    /// A signer which shares a log. Its credentials do not expire.
    pub fn with_log(log: CallLog) -> Self {
        Self { points: Points::new("signer", log), credentials_expire_at: Mutex::new(None) }
    }

    /// Lets the credentials expire then: no URL outlives them.
    pub fn set_credentials_expire_at(&self, at: Option<Timestamp>) {
        *locked(&self.credentials_expire_at) = at;
    }

    /// Faults, hooks and counters.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// See [`Points::fail_next`].
    pub fn fail_next(&self, operation: &'static str, fault: Fault) {
        self.points.fail_next(operation, fault);
    }

    /// See [`Points::calls`].
    pub fn calls(&self) -> Vec<Call> {
        self.points.calls()
    }

    fn expiry(&self, now: Timestamp, lifetime_seconds: u64) -> Timestamp {
        let asked = now.plus_seconds(lifetime_seconds);
        locked(&self.credentials_expire_at).map_or(asked, |at| at.min(asked))
    }
}

#[async_trait]
impl UrlSigner for FakeUrlSigner {
    async fn sign_parts(
        &self,
        upload: &Upload,
        parts: &[PartToSign],
        now: Timestamp,
        lifetime_seconds: u64,
    ) -> Result<SignedUrls<SignedPart>, Error> {
        let effect = || {
            let expires_at = self.expiry(now, lifetime_seconds);
            let sign = |part: &PartToSign| sign_part(upload, part, expires_at);
            Ok(SignedUrls { expires_at, urls: parts.iter().map(sign).collect::<Result<_, _>>()? })
        };
        self.points.call("sign_parts", format!("{} parts of {}", parts.len(), upload.id), effect).await
    }

    async fn sign_downloads(
        &self,
        downloads: &[DownloadToSign],
        now: Timestamp,
        lifetime_seconds: u64,
    ) -> Result<SignedUrls<SignedDownload>, Error> {
        let effect = || {
            let expires_at = self.expiry(now, lifetime_seconds);
            let sign = |download: &DownloadToSign| {
                let disposition = if download.attachment.is_some() { "attachment" } else { "inline" };
                let parameters = format!("&disposition={disposition}&type={}", download.content_type);
                SignedDownload(Redacted::new(signed_url(&download.key, expires_at, &parameters, &[])))
            };
            Ok(SignedUrls { expires_at, urls: downloads.iter().map(sign).collect() })
        };
        self.points.call("sign_downloads", format!("{} objects", downloads.len()), effect).await
    }
}

fn sign_part(upload: &Upload, part: &PartToSign, expires_at: Timestamp) -> Result<SignedPart, Error> {
    let put = PlannedPut::new(upload, part)?;
    let key = upload.object_key();
    let (headers, parameters) = match upload.is_single() {
        true => (put.put_object(upload, key.as_str(), &identity_of(upload)).headers(), String::new()),
        false => {
            let s3_upload_id = s3_upload_id(upload)?;
            (put.part_headers(), format!("&partNumber={}&uploadId={s3_upload_id}", part.number))
        }
    };
    let url = Redacted::new(signed_url(&key, expires_at, &parameters, &headers));
    Ok(SignedPart { number: part.number, size_bytes: put.size_bytes, url, headers })
}

fn signed_url(
    key: &ObjectKey,
    expires_at: Timestamp,
    parameters: &str,
    headers: &[(String, String)],
) -> String {
    let origin = match key.bucket() {
        BucketRole::Originals => ORIGINALS,
        BucketRole::Variants => VARIANTS,
    };
    let url = format!("{origin}{key}?expires={}{parameters}", expires_at.as_millis());
    let signature = signature_of(&url, headers);
    format!("{url}&signature={signature}")
}

fn signature_of(url: &str, headers: &[(String, String)]) -> String {
    let mut headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    headers.sort_unstable();
    hex(&Sha256::digest(format!("{url}\n{}", headers.join("\n")).as_bytes()))
}

/// What a URL of [`FakeUrlSigner`] asks for.
#[derive(Debug)]
pub(super) struct FakeRequest {
    pub(super) is_original: bool,
    pub(super) key: String,
    pub(super) part: Option<(String, PartNumber)>,
    pub(super) expires_at: Timestamp,
    pub(super) content_type: Option<String>,
    pub(super) is_attachment: bool,
}

/// Reads a URL; `None` unless it was signed, with exactly these headers.
pub(super) fn read_url(url: &str, headers: &[(String, String)]) -> Option<FakeRequest> {
    let (signed, signature) = url.rsplit_once("&signature=")?;
    if signature != signature_of(signed, headers) {
        return None;
    }
    let (is_original, rest) = match signed.strip_prefix(ORIGINALS) {
        Some(rest) => (true, rest),
        None => (false, signed.strip_prefix(VARIANTS)?),
    };
    let (key, query) = rest.split_once('?')?;
    let parameter = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name).and_then(|value| value.strip_prefix('=')))
    };
    let part = match (parameter("uploadId"), parameter("partNumber")) {
        (Some(s3_upload_id), Some(number)) => {
            Some((s3_upload_id.to_owned(), PartNumber::new(number.parse().ok()?).ok()?))
        }
        _ => None,
    };
    let expires_at = Timestamp::from_millis(parameter("expires")?.parse().ok()?);
    Some(FakeRequest {
        is_original,
        key: key.to_owned(),
        part,
        expires_at,
        content_type: parameter("type").map(str::to_owned),
        is_attachment: parameter("disposition") == Some("attachment"),
    })
}
