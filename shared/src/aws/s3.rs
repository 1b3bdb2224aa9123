//! [`ObjectStore`] on S3.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, ChecksumType as S3ChecksumType};

use super::buckets::Buckets;
use super::failure::{code_of, failure, status_of};
use super::s3_answers::{facts_of, stored_part};
use super::s3_complete;
use super::timeouts::for_payloads;
use super::upload_item::checksum_type_from_name;
use crate::checksum::ChecksumAlgorithm;
use crate::error::{Error, ErrorKind};
use crate::ids::PartNumber;
use crate::object_key::ObjectKey;
use crate::ports::{
    CompleteOutcome, CompletedObject, NewMultipart, ObjectFacts, ObjectStore, OpenMultipart,
    OpenMultipartPage, PartListing, StoredPart,
};
use crate::record::Multipart;
use crate::timestamp::Timestamp;

/// The prefix of every original, see [`ObjectKey::original`].
const ORIGINALS_PREFIX: &str = "u/";

/// S3, through the SDK.
#[derive(Clone, Debug)]
pub struct S3ObjectStore {
    pub(super) client: Client,
    pub(super) buckets: Buckets,
}

impl S3ObjectStore {
    /// A store on these buckets.
    pub fn new(client: Client, buckets: Buckets) -> Self {
        Self { client, buckets }
    }
}

#[async_trait]
impl ObjectStore for S3ObjectStore {
    async fn open_multipart(&self, new: NewMultipart<'_>) -> Result<Multipart, Error> {
        let doing = "could not open the upload in the store";
        let answer = self
            .client
            .create_multipart_upload()
            .bucket(self.buckets.name_of(new.key)?)
            .expected_bucket_owner(&self.buckets.owner_account_id)
            .key(new.key.as_str())
            .content_type(new.content_type)
            .metadata("upload-id", new.upload_id.as_str())
            .set_checksum_algorithm(new.checksum_algorithm.map(to_s3_algorithm))
            .set_checksum_type(new.checksum_algorithm.map(|_| S3ChecksumType::FullObject))
            .send()
            .await
            .map_err(|err| failure(doing, &err))?;
        let Some(s3_upload_id) = answer.upload_id() else {
            return Err(Error::new(ErrorKind::Unavailable, doing).caused_by("the answer names no UploadId"));
        };
        // What S3 answered is what it will do; a store that knows no full-object checksums says so here.
        let checksum_type = answer.checksum_type().and_then(|kind| checksum_type_from_name(kind.as_str()));
        Ok(Multipart {
            s3_upload_id: s3_upload_id.to_owned(),
            checksum_type: checksum_type.filter(|_| new.checksum_algorithm.is_some()),
        })
    }

    async fn list_parts(
        &self,
        key: &ObjectKey,
        multipart: &Multipart,
        after: Option<PartNumber>,
    ) -> Result<Option<PartListing>, Error> {
        let doing = "could not list the parts in the store";
        let answer = self
            .client
            .list_parts()
            .bucket(self.buckets.name_of(key)?)
            .expected_bucket_owner(&self.buckets.owner_account_id)
            .key(key.as_str())
            .upload_id(&multipart.s3_upload_id)
            .set_part_number_marker(after.map(|after| after.to_string()))
            .send()
            .await;
        let page = match answer {
            Ok(page) => page,
            Err(err) if code_of(&err) == "NoSuchUpload" => return Ok(None),
            Err(err) => return Err(failure(doing, &err)),
        };
        let parts: Option<Vec<StoredPart>> = page.parts().iter().map(stored_part).collect();
        let Some(parts) = parts else {
            return Err(
                Error::new(ErrorKind::Internal, doing).caused_by("a listed part lacks number, size or tag")
            );
        };
        let last = parts.last().map(|part| part.number);
        Ok(Some(PartListing { next_after: last.filter(|_| page.is_truncated() == Some(true)), parts }))
    }

    async fn complete_multipart(&self, object: CompletedObject<'_>) -> Result<CompleteOutcome, Error> {
        s3_complete::complete(self, &object).await
    }

    async fn abort_multipart(&self, key: &str, s3_upload_id: &str) -> Result<bool, Error> {
        let answer = self
            .client
            .abort_multipart_upload()
            .bucket(&self.buckets.originals)
            .expected_bucket_owner(&self.buckets.owner_account_id)
            .key(key)
            .upload_id(s3_upload_id)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(err) if code_of(&err) == "NoSuchUpload" => Ok(false),
            Err(err) => Err(failure("could not abort the upload in the store", &err)),
        }
    }

    async fn list_open_multiparts(
        &self,
        after: Option<(String, String)>,
    ) -> Result<OpenMultipartPage, Error> {
        let doing = "could not list the open uploads in the store";
        let (key_marker, upload_id_marker) = after.unzip();
        let page = self
            .client
            .list_multipart_uploads()
            .bucket(&self.buckets.originals)
            .expected_bucket_owner(&self.buckets.owner_account_id)
            .prefix(ORIGINALS_PREFIX)
            .set_key_marker(key_marker)
            .set_upload_id_marker(upload_id_marker)
            .send()
            .await
            .map_err(|err| failure(doing, &err))?;
        let uploads: Vec<OpenMultipart> = page
            .uploads()
            .iter()
            .filter_map(|upload| {
                let initiated_at = upload.initiated()?.to_millis().ok()?;
                Some(OpenMultipart {
                    key: upload.key()?.to_owned(),
                    s3_upload_id: upload.upload_id()?.to_owned(),
                    initiated_at: Timestamp::from_millis(u64::try_from(initiated_at).ok()?),
                })
            })
            .collect();
        let last = uploads.last().map(|upload| (upload.key.clone(), upload.s3_upload_id.clone()));
        Ok(OpenMultipartPage { next_after: last.filter(|_| page.is_truncated() == Some(true)), uploads })
    }

    async fn look(&self, key: &ObjectKey) -> Result<Option<ObjectFacts>, Error> {
        let answer = self
            .client
            .head_object()
            .bucket(self.buckets.name_of(key)?)
            .expected_bucket_owner(&self.buckets.owner_account_id)
            .key(key.as_str())
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        match answer {
            Ok(head) => facts_of(&head).map(Some),
            Err(err) if status_of(&err) == 404 && code_of(&err) != "NoSuchBucket" => Ok(None),
            Err(err) => Err(failure("could not look at the object in the store", &err)),
        }
    }

    async fn read_start(
        &self,
        key: &ObjectKey,
        etag: &str,
        length_bytes: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        let doing = "could not read from the store";
        let answer = self
            .client
            .get_object()
            .bucket(self.buckets.name_of(key)?)
            .expected_bucket_owner(&self.buckets.owner_account_id)
            .key(key.as_str())
            .if_match(format!("\"{etag}\""))
            .range(format!("bytes=0-{}", length_bytes.saturating_sub(1)))
            .customize()
            .config_override(for_payloads())
            .send()
            .await;
        match answer {
            Ok(object) => read_at_most(object.body, length_bytes).await.map(Some),
            Err(err) if matches!(code_of(&err), "NoSuchKey" | "PreconditionFailed") => Ok(None),
            Err(err) if code_of(&err) == "InvalidRange" => Ok(Some(Vec::new())), // The object is empty.
            Err(err) => Err(failure(doing, &err)),
        }
    }

    async fn write(&self, key: &ObjectKey, bytes: Vec<u8>, content_type: &str) -> Result<(), Error> {
        self.client
            .put_object()
            .bucket(self.buckets.name_of(key)?)
            .expected_bucket_owner(&self.buckets.owner_account_id)
            .key(key.as_str())
            .content_type(content_type)
            .body(ByteStream::from(bytes))
            .customize()
            .config_override(for_payloads())
            .send()
            .await
            .map(|_| ())
            .map_err(|err| failure("could not write to the store", &err))
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), Error> {
        let answer = self
            .client
            .delete_object()
            .bucket(self.buckets.name_of(key)?)
            .expected_bucket_owner(&self.buckets.owner_account_id)
            .key(key.as_str())
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(err) if code_of(&err) == "NoSuchKey" => Ok(()),
            Err(err) => Err(failure("could not delete from the store", &err)),
        }
    }
}

/// Our algorithm by S3's name.
fn to_s3_algorithm(algorithm: ChecksumAlgorithm) -> aws_sdk_s3::types::ChecksumAlgorithm {
    match algorithm {
        ChecksumAlgorithm::Crc64nvme => aws_sdk_s3::types::ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Crc32 => aws_sdk_s3::types::ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32c => aws_sdk_s3::types::ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Sha256 => aws_sdk_s3::types::ChecksumAlgorithm::Sha256,
    }
}

/// Reads a body that should not be longer than asked; what is longer is cut, so that no answer can fill the memory.
async fn read_at_most(mut body: ByteStream, length_bytes: u64) -> Result<Vec<u8>, Error> {
    let length = usize::try_from(length_bytes).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    while bytes.len() < length {
        match body.try_next().await {
            Ok(Some(chunk)) => {
                let wanted = chunk.len().min(length - bytes.len());
                bytes.extend_from_slice(chunk.get(..wanted).unwrap_or_default());
            }
            Ok(None) => break,
            Err(err) => {
                return Err(
                    Error::new(ErrorKind::Unavailable, "could not read from the store").caused_by(err)
                );
            }
        }
    }
    Ok(bytes)
}
