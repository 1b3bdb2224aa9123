//! Presigned URLs.

use std::fmt;

use async_trait::async_trait;

use crate::checksum::Checksum;
use crate::error::Error;
use crate::ids::PartNumber;
use crate::object_key::ObjectKey;
use crate::redacted::Redacted;
use crate::timestamp::Timestamp;
use crate::upload::Upload;

/// One part to sign a URL for. For an upload with a single PUT, part 1 is the PUT.
#[derive(Clone, Debug)]
pub struct PartToSign {
    /// Its number.
    pub number: PartNumber,
    /// The checksum that its bytes must have; signed, so that S3 refuses any others.
    pub checksum: Option<Checksum>,
}

/// A signed request for one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPart {
    /// Its number.
    pub number: PartNumber,
    /// Its exact length in bytes.
    pub size_bytes: u64,
    /// Where to PUT it. A bearer token.
    pub url: Redacted<String>,
    /// The headers that must be sent exactly so.
    pub headers: Vec<(String, String)>,
}

/// One object to sign a download for.
#[derive(Clone, Debug)]
pub struct DownloadToSign {
    /// Its key.
    pub key: ObjectKey,
    /// The file name to save it under; `None` lets a browser show it, which is for our own variants only.
    pub attachment: Option<String>,
    /// The content type to answer with.
    pub content_type: String,
}

/// A signed download. A bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDownload(pub Redacted<String>);

/// Signed things and when they die, which can be sooner than asked: a URL never outlives the credentials it was
/// signed with.
#[derive(Clone, Debug)]
pub struct SignedUrls<T> {
    /// When all of them have expired.
    pub expires_at: Timestamp,
    /// What was signed, in the order asked.
    pub urls: Vec<T>,
}

/// Signs URLs with the function's own credentials. Makes no call; what a URL may do is what the function's role may
/// do: `s3:PutObject` for parts, `s3:GetObject` for downloads.
#[async_trait]
pub trait UrlSigner: fmt::Debug + Send + Sync {
    /// Signs PUTs for parts of `upload`, to live `lifetime_seconds` from `now` at the longest.
    async fn sign_parts(
        &self,
        upload: &Upload,
        parts: &[PartToSign],
        now: Timestamp,
        lifetime_seconds: u64,
    ) -> Result<SignedUrls<SignedPart>, Error>;

    /// Signs GETs.
    async fn sign_downloads(
        &self,
        downloads: &[DownloadToSign],
        now: Timestamp,
        lifetime_seconds: u64,
    ) -> Result<SignedUrls<SignedDownload>, Error>;
}
