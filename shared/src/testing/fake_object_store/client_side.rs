//! What clients do to S3 with signed URLs, and what tests do to it directly.

use async_trait::async_trait;

use super::super::content::Content;
use super::super::fake_url_signer::{FakeRequest, read_url};
use super::super::points::locked;
use super::super::suites::StorageClient;
use super::state::{FakePart, Phase, State, address};
use super::{FakeObject, FakeObjectStore, ObjectCreated};
use crate::checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::ids::PartNumber;
use crate::object_key::{BucketRole, ObjectKey};
use crate::part_page::ETag;
use crate::ports::{Clock, SignedDownload, SignedPart};
use crate::record::{Multipart, ObjectChecksum};
use crate::timestamp::Timestamp;

/// S3's refusal of a client's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutRefused {
    /// The HTTP status.
    pub status: u16,
    /// S3's code.
    pub code: String,
}

/// What a client gets for a signed GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// The bytes.
    pub content: Content,
    /// The content type of the answer.
    pub content_type: String,
    /// Whether a browser is told to save it rather than show it.
    pub is_attachment: bool,
}

fn refused(status: u16, code: &str) -> PutRefused {
    PutRefused { status, code: code.to_owned() }
}

impl FakeObjectStore {
    /// A client's PUT with a signed URL and its headers. Checks what S3 checks: signature, expiry, exact length,
    /// the signed checksum, and that a single PUT finds no object there.
    pub fn put_signed(&self, signed: &SignedPart, content: Content) -> Result<ETag, PutRefused> {
        let request = read_url(signed.url.expose(), &signed.headers)
            .ok_or_else(|| refused(403, "SignatureDoesNotMatch"))?;
        if request.expires_at <= self.clock.now() {
            return Err(refused(403, "AccessDenied"));
        }
        let header = |name: &str| {
            signed.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        if header("content-length") != Some(content.size_bytes().to_string().as_str()) {
            // The length is signed, so another one is another request.
            return Err(refused(403, "SignatureDoesNotMatch"));
        }
        let checksum = signed_checksum(&signed.headers)?;
        match &request.part {
            Some((s3_upload_id, number)) => {
                locked(&self.state).put_part(&request.key, s3_upload_id, *number, (content, checksum))
            }
            None => {
                let content_type = header("content-type").unwrap_or("binary/octet-stream").to_owned();
                let upload_id = header("x-amz-meta-upload-id").map(str::to_owned);
                let only_if_absent = header("if-none-match") == Some("*");
                locked(&self.state).put_object(
                    &request,
                    (content, checksum),
                    content_type,
                    (upload_id, only_if_absent),
                )
            }
        }
    }

    /// A client's GET with a signed URL.
    pub fn get_signed(&self, signed: &SignedDownload) -> Result<Downloaded, PutRefused> {
        let request =
            read_url(signed.0.expose(), &[]).ok_or_else(|| refused(403, "SignatureDoesNotMatch"))?;
        if request.expires_at <= self.clock.now() {
            return Err(refused(403, "AccessDenied"));
        }
        let state = locked(&self.state);
        let object = state.current(&(request.is_original, request.key));
        let object = object.ok_or_else(|| refused(404, "NoSuchKey"))?;
        Ok(Downloaded {
            content: object.content.clone(),
            content_type: request.content_type.unwrap_or_else(|| object.content_type.clone()),
            is_attachment: request.is_attachment,
        })
    }

    /// Puts a part as a client with a URL would, with the checksum of its bytes where the upload takes one.
    pub fn put_part(
        &self,
        key: &ObjectKey,
        multipart: &Multipart,
        number: PartNumber,
        content: Content,
    ) -> Result<ETag, PutRefused> {
        let mut state = locked(&self.state);
        let algorithm = state.multiparts.get(&multipart.s3_upload_id).and_then(|known| known.algorithm);
        let checksum = algorithm.map(|algorithm| content.checksum(algorithm));
        state.put_part(key.as_str(), &multipart.s3_upload_id, number, (content, checksum))
    }

    /// Lets a part land that was in flight when its upload was aborted: S3 then knows the upload again, until it
    /// is aborted once more.
    pub fn land_part_after_abort(&self, multipart: &Multipart, number: PartNumber, content: Content) {
        if let Some(known) = locked(&self.state).multiparts.get_mut(&multipart.s3_upload_id) {
            known.parts.insert(number.get(), FakePart { content, checksum: None });
        }
    }

    /// Puts an object at a key, whatever is there, as `upload_id` would have.
    pub fn put_object(&self, key: &ObjectKey, content: Content, upload_id: Option<&str>) {
        let object =
            new_object((content, None), "application/octet-stream".to_owned(), upload_id.map(str::to_owned));
        locked(&self.state).store(address(key), object, "ObjectCreated:Put");
    }

    /// Changes an object behind everybody's back: another size, tag, checksum or owner than what was written.
    pub fn tamper(&self, key: &ObjectKey, change: impl FnOnce(&mut FakeObject)) {
        let mut state = locked(&self.state);
        let object = state.objects.get_mut(&address(key)).and_then(|versions| versions.last_mut());
        if let Some(object) = object.and_then(Option::as_mut) {
            change(object);
        }
    }

    /// The object at a key.
    pub fn object(&self, key: &ObjectKey) -> Option<FakeObject> {
        locked(&self.state).current(&address(key)).cloned()
    }

    /// How many versions a key has, delete markers included.
    pub fn version_count(&self, key: &ObjectKey) -> usize {
        locked(&self.state).objects.get(&address(key)).map_or(0, Vec::len)
    }

    /// The keys of all objects in one bucket, in order.
    pub fn keys(&self, bucket: BucketRole) -> Vec<String> {
        let state = locked(&self.state);
        let in_bucket = |address: &&(bool, String)| address.0 == (bucket == BucketRole::Originals);
        let present =
            state.objects.keys().filter(in_bucket).filter(|address| state.current(address).is_some());
        present.map(|address| address.1.clone()).collect()
    }

    /// How many multipart uploads S3 holds open, in both buckets.
    pub fn open_multipart_count(&self) -> usize {
        locked(&self.state).multiparts.values().filter(|multipart| multipart.is_visible()).count()
    }

    /// The tag of a part that S3 holds.
    pub fn held_part(&self, multipart: &Multipart, number: PartNumber) -> Option<ETag> {
        let state = locked(&self.state);
        state
            .multiparts
            .get(&multipart.s3_upload_id)?
            .parts
            .get(&number.get())
            .map(|part| part.content.etag())
    }

    /// When a multipart upload was opened.
    pub fn initiated_at(&self, s3_upload_id: &str) -> Option<Timestamp> {
        locked(&self.state).multiparts.get(s3_upload_id).map(|multipart| multipart.initiated_at)
    }

    /// The events since the last call, oldest first.
    pub fn take_events(&self) -> Vec<ObjectCreated> {
        std::mem::take(&mut locked(&self.state).events)
    }
}

#[async_trait]
impl StorageClient for FakeObjectStore {
    async fn put(&self, signed: &SignedPart, content: Content) -> Result<ETag, PutRefused> {
        self.put_signed(signed, content)
    }

    async fn get(&self, signed: &SignedDownload) -> Result<Downloaded, PutRefused> {
        self.get_signed(signed)
    }
}

impl State {
    fn put_part(
        &mut self,
        key: &str,
        s3_upload_id: &str,
        number: PartNumber,
        (content, checksum): (Content, Option<Checksum>),
    ) -> Result<ETag, PutRefused> {
        let known = self.multiparts.get_mut(s3_upload_id).filter(|known| known.address.1 == key);
        let multipart =
            known.filter(|known| known.phase == Phase::Open).ok_or_else(|| refused(404, "NoSuchUpload"))?;
        check_checksum(&content, checksum.as_ref())?;
        let algorithm = checksum.as_ref().map(Checksum::algorithm);
        let composite = multipart.checksum_type == Some(ChecksumType::Composite);
        // For a full-object checksum S3 can do without those of the parts; a wrong algorithm it never takes.
        if (algorithm.is_some() || composite) && algorithm != multipart.algorithm {
            return Err(refused(400, "InvalidRequest"));
        }
        let checksum = multipart.algorithm.map(|algorithm| content.checksum(algorithm));
        let etag = content.etag();
        multipart.parts.insert(number.get(), FakePart { content, checksum });
        Ok(etag)
    }

    fn put_object(
        &mut self,
        request: &FakeRequest,
        (content, checksum): (Content, Option<Checksum>),
        content_type: String,
        (upload_id, only_if_absent): (Option<String>, bool),
    ) -> Result<ETag, PutRefused> {
        check_checksum(&content, checksum.as_ref())?;
        let address = (request.is_original, request.key.clone());
        if only_if_absent && self.current(&address).is_some() {
            return Err(refused(412, "PreconditionFailed"));
        }
        let etag = content.etag();
        let object = new_object((content, checksum), content_type, upload_id);
        self.store(address, object, "ObjectCreated:Put");
        Ok(etag)
    }
}

fn new_object(
    (content, checksum): (Content, Option<Checksum>),
    content_type: String,
    upload_id: Option<String>,
) -> FakeObject {
    let checksum = checksum.unwrap_or_else(|| content.checksum(ChecksumAlgorithm::Crc64nvme));
    FakeObject {
        etag: content.etag().as_str().to_owned(),
        content,
        content_type,
        upload_id,
        version_id: None,
        checksum: Some(ObjectChecksum {
            algorithm: checksum.algorithm(),
            kind: ChecksumType::FullObject,
            value: checksum.to_base64(),
        }),
    }
}

fn check_checksum(content: &Content, checksum: Option<&Checksum>) -> Result<(), PutRefused> {
    match checksum {
        Some(checksum) if content.checksum(checksum.algorithm()) != *checksum => {
            Err(refused(400, "BadDigest"))
        }
        _ => Ok(()),
    }
}

fn signed_checksum(headers: &[(String, String)]) -> Result<Option<Checksum>, PutRefused> {
    let algorithms = [
        ChecksumAlgorithm::Crc64nvme,
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32c,
        ChecksumAlgorithm::Sha256,
    ];
    let found = algorithms.into_iter().find_map(|algorithm| {
        let (_, value) = headers.iter().find(|(name, _)| name == algorithm.header())?;
        Some(Checksum::parse(algorithm, value))
    });
    found.transpose().map_err(|_| refused(400, "InvalidRequest"))
}
