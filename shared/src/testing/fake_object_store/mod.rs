//! S3 in memory, with S3's own rules.

mod client_side;
mod state;

use std::sync::Mutex;

use async_trait::async_trait;

pub use client_side::{Downloaded, PutRefused};
pub use state::{FakeObject, ObjectCreated};

use super::content::Content;
use super::fake_clock::FakeClock;
use super::points::{Call, CallLog, Fault, Points, locked};
use crate::checksum::{ChecksumAlgorithm, ChecksumType};
use crate::error::Error;
use crate::ids::PartNumber;
use crate::object_key::ObjectKey;
use crate::ports::{
    Clock, CompleteOutcome, CompletedObject, NewMultipart, ObjectFacts, ObjectStore, OpenMultipart,
    OpenMultipartPage, PartListing, StoredPart,
};
use crate::record::{Multipart, ObjectChecksum};
use state::{FakeMultipart, Phase, State, address};

/// The two buckets in memory.
///
/// It refuses what S3 refuses: small parts, wrong order, unknown tags, wrong sizes and checksums. The methods of
/// the port go through [`Points`]; the others are the hands of clients and of tests.
#[derive(Debug)]
pub struct FakeObjectStore {
    points: Points,
    clock: FakeClock,
    state: Mutex<State>,
}

impl FakeObjectStore {
    /// Empty buckets, without versions, answering `FULL_OBJECT` to whoever asks for checksums.
    pub fn new(clock: FakeClock) -> Self {
        Self::with_log(clock, CallLog::default())
    }

    /// The same, sharing a log.
    pub fn with_log(clock: FakeClock, log: CallLog) -> Self {
        let state = State {
            multiparts: std::collections::BTreeMap::new(),
            objects: std::collections::BTreeMap::new(),
            events: Vec::new(),
            checksum_type: ChecksumType::FullObject,
            versioned: false,
            repeated_complete_succeeds: true,
            forced_outcome: None,
            page_size: 1_000,
            counter: 0,
        };
        Self { points: Points::new("store", log), clock, state: Mutex::new(state) }
    }

    /// The type that S3 answers to uploads with checksums from now on. CRC-64/NVME is always `FULL_OBJECT` on S3, but
    /// not in every store that speaks S3.
    pub fn set_checksum_type(&self, kind: ChecksumType) {
        locked(&self.state).checksum_type = kind;
    }

    /// Whether the buckets keep versions from now on.
    pub fn set_versioned(&self, versioned: bool) {
        locked(&self.state).versioned = versioned;
    }

    /// Whether repeating a successful Complete succeeds (the default), or answers that there is no such upload.
    /// S3 does either, depending on how much later the repeat comes.
    pub fn set_repeated_complete_succeeds(&self, succeeds: bool) {
        locked(&self.state).repeated_complete_succeeds = succeeds;
    }

    /// Makes the next Complete answer this and do nothing, such as the 409 of a racing request.
    pub fn force_next_complete(&self, outcome: CompleteOutcome) {
        locked(&self.state).forced_outcome = Some(outcome);
    }

    /// The most entries of one page of a listing, 1,000 unless set.
    pub fn set_page_size(&self, page_size: usize) {
        locked(&self.state).page_size = page_size.clamp(1, 1_000);
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
}

#[async_trait]
impl ObjectStore for FakeObjectStore {
    async fn open_multipart(&self, new: NewMultipart<'_>) -> Result<Multipart, Error> {
        let effect = || {
            let mut state = locked(&self.state);
            // As long as S3's own, so that the sizes of stored records are true.
            let s3_upload_id = format!("fake-upload-{:0>8}.{}", state.next_number(), "x".repeat(107));
            let checksum_type = new.checksum_algorithm.map(|_| state.checksum_type);
            let multipart = FakeMultipart {
                address: address(new.key),
                content_type: new.content_type.to_owned(),
                upload_id: new.upload_id.as_str().to_owned(),
                algorithm: new.checksum_algorithm,
                checksum_type,
                initiated_at: self.clock.now(),
                parts: std::collections::BTreeMap::new(),
                phase: Phase::Open,
            };
            state.multiparts.insert(s3_upload_id.clone(), multipart);
            Ok(Multipart { s3_upload_id, checksum_type })
        };
        self.points.call("open_multipart", new.key.to_string(), effect).await
    }

    async fn list_parts(
        &self,
        key: &ObjectKey,
        multipart: &Multipart,
        after: Option<PartNumber>,
    ) -> Result<Option<PartListing>, Error> {
        let effect = || Ok(locked(&self.state).list_parts(key, multipart, after));
        self.points.call("list_parts", key.to_string(), effect).await
    }

    async fn complete_multipart(&self, object: CompletedObject<'_>) -> Result<CompleteOutcome, Error> {
        let effect = || Ok(locked(&self.state).complete(&object));
        self.points.call("complete_multipart", object.key.to_string(), effect).await
    }

    async fn abort_multipart(&self, key: &str, s3_upload_id: &str) -> Result<bool, Error> {
        let effect = || {
            let mut state = locked(&self.state);
            let known = state.multiparts.get_mut(s3_upload_id).filter(|known| known.address.1 == key);
            let Some(multipart) = known.filter(|known| known.is_visible()) else { return Ok(false) };
            multipart.phase = Phase::Aborted;
            multipart.parts.clear();
            Ok(true)
        };
        self.points.call("abort_multipart", format!("{key} {s3_upload_id}"), effect).await
    }

    async fn list_open_multiparts(
        &self,
        after: Option<(String, String)>,
    ) -> Result<OpenMultipartPage, Error> {
        let effect = || Ok(locked(&self.state).list_open(after.as_ref()));
        self.points.call("list_open_multiparts", format!("{after:?}"), effect).await
    }

    async fn look(&self, key: &ObjectKey) -> Result<Option<ObjectFacts>, Error> {
        let effect = || Ok(locked(&self.state).current(&address(key)).map(FakeObject::facts));
        self.points.call("look", key.to_string(), effect).await
    }

    async fn read_start(
        &self,
        key: &ObjectKey,
        etag: &str,
        length_bytes: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        let effect = || {
            let state = locked(&self.state);
            let object = state.current(&address(key)).filter(|object| object.etag == etag);
            Ok(object.map(|object| object.content.start(length_bytes)))
        };
        self.points.call("read_start", key.to_string(), effect).await
    }

    async fn write(&self, key: &ObjectKey, bytes: Vec<u8>, content_type: &str) -> Result<(), Error> {
        let effect = || {
            let content = Content::bytes(bytes);
            let algorithm = ChecksumAlgorithm::Crc64nvme;
            let value = content.checksum(algorithm).to_base64();
            let object = FakeObject {
                etag: content.etag().as_str().to_owned(),
                content,
                content_type: content_type.to_owned(),
                upload_id: None,
                version_id: None,
                checksum: Some(ObjectChecksum { algorithm, kind: ChecksumType::FullObject, value }),
            };
            locked(&self.state).store(address(key), object, "ObjectCreated:Put");
            Ok(())
        };
        self.points.call("write", key.to_string(), effect).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), Error> {
        let effect = || {
            let mut state = locked(&self.state);
            let versioned = state.versioned;
            match state.objects.get_mut(&address(key)) {
                Some(versions) if versioned => versions.push(None),
                Some(versions) => versions.clear(),
                None => {}
            }
            Ok(())
        };
        self.points.call("delete", key.to_string(), effect).await
    }
}

impl FakeMultipart {
    /// Whether S3 still knows it: open, or aborted with parts that landed afterwards.
    fn is_visible(&self) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Completed => false,
            Phase::Aborted => !self.parts.is_empty(),
        }
    }
}

impl State {
    fn list_parts(
        &self,
        key: &ObjectKey,
        multipart: &Multipart,
        after: Option<PartNumber>,
    ) -> Option<PartListing> {
        let known = self.multiparts.get(&multipart.s3_upload_id)?;
        let known = Some(known).filter(|known| known.address == address(key) && known.is_visible())?;
        let first = after.map_or(1, |after| after.get() + 1);
        let mut rest = known.parts.range(first..).filter_map(|(number, part)| {
            Some(StoredPart {
                number: PartNumber::new(u32::from(*number)).ok()?,
                size_bytes: part.content.size_bytes(),
                etag: part.content.etag(),
                checksum: part.checksum.clone(),
            })
        });
        let parts: Vec<StoredPart> = rest.by_ref().take(self.page_size).collect();
        let next_after = rest.next().and(parts.last().map(|part| part.number));
        Some(PartListing { parts, next_after })
    }

    fn list_open(&self, after: Option<&(String, String)>) -> OpenMultipartPage {
        let mut uploads: Vec<OpenMultipart> = self
            .multiparts
            .iter()
            .filter(|(_, multipart)| multipart.is_visible() && multipart.address.0)
            .map(|(s3_upload_id, multipart)| OpenMultipart {
                key: multipart.address.1.clone(),
                s3_upload_id: s3_upload_id.clone(),
                initiated_at: multipart.initiated_at,
            })
            .collect();
        uploads.sort_by(|a, b| {
            (&a.key, a.initiated_at, &a.s3_upload_id).cmp(&(&b.key, b.initiated_at, &b.s3_upload_id))
        });
        // The place may be of an upload that is gone by now.
        let is_after = |upload: &OpenMultipart| {
            after.is_none_or(|(key, id)| {
                (upload.key.as_str(), upload.s3_upload_id.as_str()) > (key.as_str(), id.as_str())
            })
        };
        let mut rest = uploads.into_iter().filter(is_after);
        let page: Vec<OpenMultipart> = rest.by_ref().take(self.page_size).collect();
        let last = page.last().map(|upload| (upload.key.clone(), upload.s3_upload_id.clone()));
        OpenMultipartPage { next_after: rest.next().and(last), uploads: page }
    }
}
