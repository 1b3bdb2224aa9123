//! From the SDK's answers to our types.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::Part;

use super::upload_item::checksum_type_from_name;
use crate::checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::error::{Error, ErrorKind};
use crate::ids::PartNumber;
use crate::part_page::ETag;
use crate::ports::{ObjectFacts, StoredPart};
use crate::record::ObjectChecksum;

/// A listed part; `None` when it lacks number, size or tag.
pub(super) fn stored_part(part: &Part) -> Option<StoredPart> {
    let checksums = [
        (ChecksumAlgorithm::Crc64nvme, part.checksum_crc64_nvme()),
        (ChecksumAlgorithm::Crc32, part.checksum_crc32()),
        (ChecksumAlgorithm::Crc32c, part.checksum_crc32_c()),
        (ChecksumAlgorithm::Sha256, part.checksum_sha256()),
    ];
    let checksum =
        checksums.into_iter().find_map(|(algorithm, value)| Checksum::parse(algorithm, value?).ok());
    Some(StoredPart {
        number: PartNumber::new(u32::try_from(part.part_number()?).ok()?).ok()?,
        size_bytes: u64::try_from(part.size()?).ok()?,
        etag: ETag::parse(part.e_tag()?)?,
        checksum,
    })
}

/// What a HEAD shows.
pub(super) fn facts_of(head: &HeadObjectOutput) -> Result<ObjectFacts, Error> {
    let size_bytes = head.content_length().and_then(|length| u64::try_from(length).ok());
    let etag = head.e_tag().and_then(ETag::parse);
    let (Some(size_bytes), Some(etag)) = (size_bytes, etag) else {
        let cause = "the answer lacks a length or a tag";
        return Err(
            Error::new(ErrorKind::Internal, "could not look at the object in the store").caused_by(cause)
        );
    };
    let checksums = [
        (ChecksumAlgorithm::Crc64nvme, head.checksum_crc64_nvme()),
        (ChecksumAlgorithm::Crc32, head.checksum_crc32()),
        (ChecksumAlgorithm::Crc32c, head.checksum_crc32_c()),
        (ChecksumAlgorithm::Sha256, head.checksum_sha256()),
    ];
    let named_kind = head.checksum_type().and_then(|kind| checksum_type_from_name(kind.as_str()));
    let checksum = checksums.into_iter().find_map(|(algorithm, value)| {
        let value = value?.to_owned();
        // An older store names no type; a composite value ends in the number of parts.
        let shown_kind = if value.contains('-') { ChecksumType::Composite } else { ChecksumType::FullObject };
        Some(ObjectChecksum { algorithm, kind: named_kind.unwrap_or(shown_kind), value })
    });
    Ok(ObjectFacts {
        size_bytes,
        etag: etag.as_str().to_owned(),
        version_id: head.version_id().filter(|id| *id != "null").map(str::to_owned),
        upload_id: head.metadata().and_then(|metadata| metadata.get("upload-id")).cloned(),
        checksum,
    })
}
