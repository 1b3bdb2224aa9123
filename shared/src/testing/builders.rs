//! Records with good defaults: a test names only what it is about.

use std::collections::BTreeMap;

use super::content::Content;
use super::fake_clock::FakeClock;
use crate::checksum::{ChecksumAlgorithm, ChecksumType};
use crate::ids::{OwnerId, PartNumber, UploadId};
use crate::part_page::ReceivedPart;
use crate::plan::{MIB, OBJECT_SIZE_BYTES_MAX, Plan, PlanLimits};
use crate::ports::Clock;
use crate::record::{DeclaredChecksum, FileRecord, ImageRecord, Multipart, ObjectChecksum, Priority};
use crate::timestamp::Timestamp;
use crate::upload::{Upload, UploadState};

/// How long the builders' uploads live, in seconds.
pub const LIFETIME_SECONDS: u64 = 24 * 3600;

/// An active multipart upload of 20 MiB in three parts, owned by `alice`, created when [`FakeClock`] begins.
pub fn an_upload() -> UploadBuilder {
    UploadBuilder { upload: active_upload(), number: 1 }
}

/// An owner.
pub fn an_owner(name: &str) -> OwnerId {
    OwnerId::parse(name).unwrap_or_else(|err| panic!("{name}: {err}"))
}

/// A part number.
pub fn part_number(number: u32) -> PartNumber {
    PartNumber::new(number).unwrap_or_else(|err| panic!("{err}"))
}

/// What is recorded of a part with this content.
pub fn a_received_part(content: &Content, algorithm: Option<ChecksumAlgorithm>) -> ReceivedPart {
    ReceivedPart { etag: content.etag(), checksum: algorithm.map(|algorithm| content.checksum(algorithm)) }
}

/// A verified file of `content`, completed at `completed_at`.
pub fn a_file(content: &Content, completed_at: Timestamp) -> FileRecord {
    let algorithm = ChecksumAlgorithm::Crc64nvme;
    let value = content.checksum(algorithm).to_base64();
    FileRecord {
        etag: content.etag().as_str().to_owned(),
        version_id: None,
        checksum: Some(ObjectChecksum { algorithm, kind: ChecksumType::FullObject, value }),
        detected_type: "application/octet-stream".to_owned(),
        completed_at,
        expires_at: None,
        removed_at: None,
        scan: None,
    }
}

/// Limits that allow every file that S3 takes; one PUT up to 8 MiB.
pub const fn limits() -> PlanLimits {
    PlanLimits { single_put_bytes_max: 8 * MIB, file_size_bytes_max: OBJECT_SIZE_BYTES_MAX }
}

/// Builds an [`Upload`]. `build` gives the record; nothing is stored anywhere.
#[derive(Clone, Debug)]
pub struct UploadBuilder {
    upload: Upload,
    number: u8,
}

impl UploadBuilder {
    /// Another id than the other uploads of the test; 1 unless set.
    #[must_use]
    pub fn numbered(mut self, number: u8) -> Self {
        self.number = number;
        self
    }

    /// Its owner.
    #[must_use]
    pub fn owned_by(mut self, owner: &str) -> Self {
        self.upload.owner = an_owner(owner);
        self
    }

    /// Its size in bytes, planned with [`limits`]: up to 8 MiB is a single PUT, which S3 knows nothing of.
    #[must_use]
    pub fn sized(self, size_bytes: u64) -> Self {
        self.planned(size_bytes, None)
    }

    /// Its size and part size in bytes.
    #[must_use]
    pub fn planned(mut self, size_bytes: u64, part_size_bytes: Option<u64>) -> Self {
        let plan = Plan::new(size_bytes, part_size_bytes, &limits());
        self.upload.plan = plan.unwrap_or_else(|err| panic!("{err}"));
        if self.upload.is_single() {
            self.upload.multipart = None;
        }
        self
    }

    /// Its state; nothing else changes with it.
    #[must_use]
    pub fn in_state(mut self, state: UploadState) -> Self {
        self.upload.state = state;
        self
    }

    /// S3's side of it.
    #[must_use]
    pub fn with_multipart(mut self, multipart: Multipart) -> Self {
        self.upload.multipart = Some(multipart);
        self
    }

    /// What the client declared about checksums.
    #[must_use]
    pub fn with_checksum(mut self, algorithm: ChecksumAlgorithm, whole: Option<&Content>) -> Self {
        let whole = whole.map(|content| content.checksum(algorithm));
        self.upload.checksum = Some(DeclaredChecksum { algorithm, whole });
        self
    }

    /// Completed, with this file.
    #[must_use]
    pub fn with_file(mut self, file: FileRecord) -> Self {
        self.upload.state = UploadState::Completed;
        self.upload.due_at = file.expires_at;
        self.upload.file = Some(file);
        self
    }

    /// With this image work.
    #[must_use]
    pub fn with_image(mut self, image: ImageRecord) -> Self {
        self.upload.image = Some(image);
        self
    }

    /// Created then, to expire [`LIFETIME_SECONDS`] later.
    #[must_use]
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.upload.created_at = at;
        self.upload.expires_at = at.plus_seconds(LIFETIME_SECONDS);
        self.upload.due_at = Some(self.upload.expires_at);
        self
    }

    /// Anything else.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Upload)) -> Self {
        change(&mut self.upload);
        self
    }

    /// The record.
    pub fn build(mut self) -> Upload {
        self.upload.id = UploadId::generate(self.upload.created_at, [self.number; 10]);
        self.upload
    }
}

fn active_upload() -> Upload {
    let now = FakeClock::default().now();
    let expires_at = now.plus_seconds(LIFETIME_SECONDS);
    Upload {
        id: UploadId::generate(now, [1; 10]),
        owner: an_owner("alice"),
        state: UploadState::Active,
        plan: Plan::new(20 * MIB, None, &limits()).unwrap_or_else(|err| panic!("{err}")),
        filename: "holiday.mp4".to_owned(),
        content_type: "video/mp4".to_owned(),
        priority: Priority::Normal,
        metadata: BTreeMap::new(),
        checksum: None,
        file_lifetime_seconds: None,
        multipart: Some(Multipart { s3_upload_id: "s3-upload-of-a-builder".to_owned(), checksum_type: None }),
        created_at: now,
        expires_at,
        leased_until: None,
        assembly_attempts: 0,
        reason: None,
        ended_at: None,
        file: None,
        image: None,
        due_at: Some(expires_at),
        ttl_at: None,
        version: 1,
    }
}
