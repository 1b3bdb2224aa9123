//! `CompleteMultipartUpload`, the one call of S3 that can say several things.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{ChecksumType as S3ChecksumType, CompletedMultipartUpload, CompletedPart};

use super::failure::{code_of, failure, status_of};
use super::s3::S3ObjectStore;
use super::timeouts::for_complete;
use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::error::{Error, ErrorKind};
use crate::ids::PartNumber;
use crate::part_page::ETag;
use crate::ports::{CompleteOutcome, CompletedObject, WholeChecksum};

const DOING: &str = "could not complete the upload in the store";

/// Completes, and sorts what S3 says.
pub(super) async fn complete(
    store: &S3ObjectStore,
    object: &CompletedObject<'_>,
) -> Result<CompleteOutcome, Error> {
    let size_bytes = i64::try_from(object.size_bytes)
        .map_err(|err| Error::new(ErrorKind::Internal, DOING).caused_by(err))?;
    let parts = object.parts.iter().map(|part| completed_part(*part)).collect();
    let mut request = store
        .client
        .complete_multipart_upload()
        .bucket(store.buckets.name_of(object.key)?)
        .expected_bucket_owner(&store.buckets.owner_account_id)
        .key(object.key.as_str())
        .upload_id(&object.multipart.s3_upload_id)
        .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
        .mpu_object_size(size_bytes)
        .if_none_match("*");
    // S3 computes a composite checksum itself and takes none.
    if let Some(WholeChecksum::FullObject(whole)) = &object.checksum {
        let value = whole.to_base64();
        request = request.checksum_type(S3ChecksumType::FullObject);
        request = match whole.algorithm() {
            ChecksumAlgorithm::Crc64nvme => request.checksum_crc64_nvme(value),
            ChecksumAlgorithm::Crc32 => request.checksum_crc32(value),
            ChecksumAlgorithm::Crc32c => request.checksum_crc32_c(value),
            ChecksumAlgorithm::Sha256 => request.checksum_sha256(value),
        };
    }
    let answer = request.customize().config_override(for_complete()).send().await;
    let err = match answer {
        // S3 sends the status before it has done the work, so only a whole answer counts: a body that was cut off
        // reads as an answer without a tag.
        Ok(done) if done.e_tag().is_some() => return Ok(CompleteOutcome::Completed),
        Ok(_) => {
            return Err(
                Error::new(ErrorKind::Unavailable, DOING).caused_by("the answer is cut off: it has no tag")
            );
        }
        Err(err) => err,
    };
    let code = code_of(&err).to_owned();
    match (code.as_str(), status_of(&err)) {
        ("NoSuchUpload", _) => Ok(CompleteOutcome::NoSuchUpload),
        ("PreconditionFailed" | "ConditionalRequestConflict", _) | (_, 412) => {
            Ok(CompleteOutcome::ObjectExists)
        }
        ("InvalidPart" | "InvalidPartOrder" | "EntityTooSmall" | "EntityTooLarge" | "MalformedXML", _) => {
            Ok(CompleteOutcome::PartsRefused(code))
        }
        // `InvalidRequest` is S3's answer to a size that the parts do not add up to; what else it can stand for is
        // in the message, which goes to the log with the reason.
        ("BadDigest" | "InvalidRequest" | "XAmzContentChecksumMismatch", _) => {
            tracing::warn!(
                code,
                error.message = err.message().unwrap_or_default(),
                "the store refused the whole file"
            );
            Ok(CompleteOutcome::IntegrityRefused(code))
        }
        _ => Err(failure(DOING, &err)),
    }
}

fn completed_part((number, etag, checksum): (PartNumber, &ETag, Option<&Checksum>)) -> CompletedPart {
    let part =
        CompletedPart::builder().part_number(i32::from(number.get())).e_tag(format!("\"{}\"", etag.as_str()));
    let part = match checksum.map(|checksum| (checksum.algorithm(), checksum.to_base64())) {
        None => part,
        Some((ChecksumAlgorithm::Crc64nvme, value)) => part.checksum_crc64_nvme(value),
        Some((ChecksumAlgorithm::Crc32, value)) => part.checksum_crc32(value),
        Some((ChecksumAlgorithm::Crc32c, value)) => part.checksum_crc32_c(value),
        Some((ChecksumAlgorithm::Sha256, value)) => part.checksum_sha256(value),
    };
    part.build()
}
