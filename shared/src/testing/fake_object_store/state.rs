//! What the fake S3 holds, and the rules of a multipart upload.
//!
//! The rules are those of S3, not of an emulator: see "`CompleteMultipartUpload`" in the Amazon S3 API Reference for
//! the order of parts, the least part size and the checks of size and checksum.

use std::collections::BTreeMap;

use super::super::content::Content;
use crate::checksum::{Checksum, ChecksumAlgorithm, ChecksumType, combine_composite};
use crate::object_key::{BucketRole, ObjectKey};
use crate::plan::PART_SIZE_BYTES_MIN;
use crate::ports::{CompleteOutcome, CompletedObject, ObjectFacts, WholeChecksum};
use crate::record::ObjectChecksum;
use crate::timestamp::Timestamp;

/// Bucket and key.
pub(super) type Address = (bool, String);

/// The address of a key.
pub(super) fn address(key: &ObjectKey) -> Address {
    (key.bucket() == BucketRole::Originals, key.as_str().to_owned())
}

/// An object in the fake store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeObject {
    /// Its bytes.
    pub content: Content,
    /// Its tag.
    pub etag: String,
    /// Its content type.
    pub content_type: String,
    /// The metadata `upload-id`.
    pub upload_id: Option<String>,
    /// Its version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// Its checksum.
    pub checksum: Option<ObjectChecksum>,
}

impl FakeObject {
    /// What a look at it shows.
    pub fn facts(&self) -> ObjectFacts {
        ObjectFacts {
            size_bytes: self.content.size_bytes(),
            etag: self.etag.clone(),
            version_id: self.version_id.clone(),
            upload_id: self.upload_id.clone(),
            checksum: self.checksum.clone(),
        }
    }
}

/// What S3 tells a queue when an object was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectCreated {
    /// `ObjectCreated:Put` or `ObjectCreated:CompleteMultipartUpload`.
    pub event_name: &'static str,
    /// Which bucket.
    pub bucket: BucketRole,
    /// The key, not encoded.
    pub key: String,
    /// The object's size in bytes.
    pub size_bytes: u64,
    /// The object's tag.
    pub etag: String,
    /// Orders the events of one key.
    pub sequencer: String,
}

/// How a multipart upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Completed,
    /// Aborted; parts that were in flight may still have landed.
    Aborted,
}

/// A part.
#[derive(Clone, Debug)]
pub(super) struct FakePart {
    pub(super) content: Content,
    pub(super) checksum: Option<Checksum>,
}

/// A multipart upload.
#[derive(Clone, Debug)]
pub(super) struct FakeMultipart {
    pub(super) address: Address,
    pub(super) content_type: String,
    pub(super) upload_id: String,
    pub(super) algorithm: Option<ChecksumAlgorithm>,
    pub(super) checksum_type: Option<ChecksumType>,
    pub(super) initiated_at: Timestamp,
    pub(super) parts: BTreeMap<u16, FakePart>,
    pub(super) phase: Phase,
}

/// Everything the fake store holds.
#[derive(Debug)]
pub(super) struct State {
    pub(super) multiparts: BTreeMap<String, FakeMultipart>,
    /// Versions of each key, newest last; `None` is a delete marker.
    pub(super) objects: BTreeMap<Address, Vec<Option<FakeObject>>>,
    pub(super) events: Vec<ObjectCreated>,
    pub(super) checksum_type: ChecksumType,
    pub(super) versioned: bool,
    pub(super) repeated_complete_succeeds: bool,
    pub(super) forced_outcome: Option<CompleteOutcome>,
    pub(super) page_size: usize,
    pub(super) counter: u64,
}

impl State {
    pub(super) fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// The object that a key shows now.
    pub(super) fn current(&self, address: &Address) -> Option<&FakeObject> {
        self.objects.get(address)?.last()?.as_ref()
    }

    /// Writes an object, as a new version where versions are kept, and makes its event.
    pub(super) fn store(&mut self, address: Address, mut object: FakeObject, event_name: &'static str) {
        let number = self.next_number();
        object.version_id = self.versioned.then(|| format!("version-{number:04}"));
        self.events.push(ObjectCreated {
            event_name,
            bucket: if address.0 { BucketRole::Originals } else { BucketRole::Variants },
            key: address.1.clone(),
            size_bytes: object.content.size_bytes(),
            etag: object.etag.clone(),
            sequencer: format!("{number:018X}"),
        });
        let versioned = self.versioned;
        let versions = self.objects.entry(address).or_default();
        if !versioned {
            versions.clear();
        }
        versions.push(Some(object));
    }

    /// Completes a multipart upload by S3's rules.
    pub(super) fn complete(&mut self, order: &CompletedObject<'_>) -> CompleteOutcome {
        if let Some(outcome) = self.forced_outcome.take() {
            return outcome;
        }
        let s3_upload_id = &order.multipart.s3_upload_id;
        let address = address(order.key);
        let Some(multipart) = self.multiparts.get(s3_upload_id).filter(|known| known.address == address)
        else {
            return CompleteOutcome::NoSuchUpload;
        };
        match multipart.phase {
            Phase::Open => {}
            Phase::Completed if self.repeated_complete_succeeds => return CompleteOutcome::Completed,
            Phase::Completed | Phase::Aborted => return CompleteOutcome::NoSuchUpload,
        }
        if let Err(code) = multipart.check_part_list(order) {
            return CompleteOutcome::PartsRefused(code.to_owned());
        }
        let object = multipart.assembled(order);
        if let Err(code) = multipart.check_integrity(order, &object) {
            return CompleteOutcome::IntegrityRefused(code.to_owned());
        }
        if self.current(&address).is_some() {
            return CompleteOutcome::ObjectExists;
        }
        if let Some(multipart) = self.multiparts.get_mut(s3_upload_id) {
            multipart.phase = Phase::Completed;
            multipart.parts.clear();
        }
        self.store(address, object, "ObjectCreated:CompleteMultipartUpload");
        CompleteOutcome::Completed
    }
}

impl FakeMultipart {
    fn check_part_list(&self, order: &CompletedObject<'_>) -> Result<(), &'static str> {
        let numbers: Vec<u16> = order.parts.iter().map(|(number, _, _)| number.get()).collect();
        let Some((last, others)) = order.parts.split_last() else { return Err("MalformedXML") };
        if !numbers.is_sorted_by(|a, b| a < b) {
            return Err("InvalidPartOrder");
        }
        let with_checksums = order.parts.iter().any(|(_, _, checksum)| checksum.is_some());
        let consecutive = numbers.iter().copied().eq(1..=last.0.get());
        if with_checksums && !consecutive {
            return Err("InvalidPartOrder");
        }
        for (number, etag, checksum) in &order.parts {
            let stored = self.parts.get(&number.get()).ok_or("InvalidPart")?;
            let same_checksum = checksum.is_none_or(|listed| stored.checksum.as_ref() == Some(listed));
            if stored.content.etag() != **etag || !same_checksum {
                return Err("InvalidPart");
            }
        }
        let is_too_small = |number: u16| {
            self.parts.get(&number).is_some_and(|part| part.content.size_bytes() < PART_SIZE_BYTES_MIN)
        };
        match others.iter().any(|(number, _, _)| is_too_small(number.get())) {
            true => Err("EntityTooSmall"),
            false => Ok(()),
        }
    }

    fn check_integrity(&self, order: &CompletedObject<'_>, object: &FakeObject) -> Result<(), &'static str> {
        if object.content.size_bytes() != order.size_bytes {
            return Err("InvalidRequest");
        }
        let composite = self.algorithm.is_some() && self.checksum_type == Some(ChecksumType::Composite);
        if composite && order.parts.iter().any(|(_, _, checksum)| checksum.is_none()) {
            return Err("InvalidRequest");
        }
        match (&order.checksum, &object.checksum) {
            (Some(WholeChecksum::FullObject(_)), _) if composite => Err("BadDigest"),
            (Some(WholeChecksum::FullObject(sent)), Some(computed)) => {
                let matches = sent.algorithm() == computed.algorithm && sent.to_base64() == computed.value;
                if matches { Ok(()) } else { Err("BadDigest") }
            }
            _ => Ok(()),
        }
    }

    /// The object that the listed parts make. Without an algorithm S3 computes a CRC-64/NVME of its own.
    fn assembled(&self, order: &CompletedObject<'_>) -> FakeObject {
        let listed: Vec<&FakePart> =
            order.parts.iter().filter_map(|(number, _, _)| self.parts.get(&number.get())).collect();
        let algorithm = self.algorithm.unwrap_or(ChecksumAlgorithm::Crc64nvme);
        let kind = self.checksum_type.unwrap_or(ChecksumType::FullObject);
        let content = Content::concat(listed.iter().map(|part| part.content.clone()));
        let value = match kind {
            ChecksumType::FullObject => Some(content.checksum(algorithm).to_base64()),
            ChecksumType::Composite => {
                let sums: Vec<Checksum> =
                    listed.iter().map(|part| part.content.checksum(algorithm)).collect();
                combine_composite(&sums)
            }
        };
        let tags: String = listed.iter().map(|part| part.content.etag().as_str().to_owned()).collect();
        FakeObject {
            etag: format!("{}-{}", Content::bytes(tags).etag().as_str(), listed.len()),
            content,
            content_type: self.content_type.clone(),
            upload_id: Some(self.upload_id.clone()),
            version_id: None,
            checksum: value.map(|value| ObjectChecksum { algorithm, kind, value }),
        }
    }
}
