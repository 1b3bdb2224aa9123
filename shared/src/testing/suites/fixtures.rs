//! Uploads that no other run has, and the steps that most checks share.

use super::super::builders::an_upload;
use super::super::content::Content;
use super::StoreUnderTest;
use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::ids::{PartNumber, UploadId};
use crate::part_page::ETag;
use crate::plan::{Plan, Strategy};
use crate::ports::{
    Clock, CompleteOutcome, CompletedObject, NewMultipart, PartToSign, SignedPart, WholeChecksum,
};
use crate::record::{DeclaredChecksum, Multipart};
use crate::upload::Upload;

/// How long the suites' URLs live, in seconds.
pub(super) const URL_LIFETIME_SECONDS: u64 = 300;

/// Makes uploads with new ids.
#[derive(Clone, Copy, Debug)]
pub struct Fixtures<'a>(pub &'a dyn Clock);

impl Fixtures<'_> {
    /// An active upload with a new id, created now, whose parts may be smaller than S3 takes.
    pub fn multipart(&self, size_bytes: u64, part_size_bytes: u64) -> Upload {
        let plan = Plan::from_record(Strategy::Multipart, size_bytes, part_size_bytes).unwrap();
        self.with_plan(plan)
    }

    /// An active upload with a new id and a single PUT.
    pub fn single(&self, size_bytes: u64) -> Upload {
        let plan = Plan::from_record(Strategy::Single, size_bytes, size_bytes).unwrap();
        let mut upload = self.with_plan(plan);
        upload.multipart = None;
        upload
    }

    fn with_plan(&self, plan: Plan) -> Upload {
        let mut upload = an_upload().created_at(self.0.now()).build();
        upload.id = UploadId::generate(self.0.now(), self.0.random().unwrap());
        upload.plan = plan;
        upload
    }
}

/// A part that was put: number, tag, checksum.
pub(super) type PutPart = (PartNumber, ETag, Option<Checksum>);

/// Opens a multipart upload in the store and remembers it in the record.
pub(super) async fn open(
    test: &StoreUnderTest<'_>,
    upload: &mut Upload,
    algorithm: Option<ChecksumAlgorithm>,
) {
    upload.checksum = algorithm.map(|algorithm| DeclaredChecksum { algorithm, whole: None });
    let key = upload.object_key();
    let new = NewMultipart {
        key: &key,
        content_type: &upload.content_type,
        upload_id: &upload.id,
        checksum_algorithm: algorithm,
    };
    upload.multipart = Some(test.store.open_multipart(new).await.unwrap());
}

/// S3's side of an upload that is open.
pub(super) fn opened(upload: &Upload) -> &Multipart {
    upload.multipart.as_ref().unwrap()
}

/// Signs one part.
pub(super) async fn sign(test: &StoreUnderTest<'_>, upload: &Upload, part: PartToSign) -> SignedPart {
    let now = test.clock.now();
    let mut signed = test.signer.sign_parts(upload, &[part], now, URL_LIFETIME_SECONDS).await.unwrap();
    assert_eq!(signed.urls.len(), 1);
    signed.urls.remove(0)
}

/// Puts the parts of an upload as a browser would, each filled with its own number.
pub(super) async fn put_parts(test: &StoreUnderTest<'_>, upload: &Upload) -> Vec<PutPart> {
    let algorithm = upload.checksum.as_ref().map(|declared| declared.algorithm);
    let mut parts = Vec::new();
    for number in upload.plan.part_numbers() {
        let content = content_of(upload, number);
        let checksum = algorithm.map(|algorithm| content.checksum(algorithm));
        let signed = sign(test, upload, PartToSign { number, checksum: checksum.clone() }).await;
        assert_eq!(signed.size_bytes, content.size_bytes());
        let etag = test.client.put(&signed, content).await.unwrap();
        parts.push((number, etag, checksum));
    }
    parts
}

/// The content of a part in these suites.
pub(super) fn content_of(upload: &Upload, number: PartNumber) -> Content {
    let byte = u8::try_from(number.get() % 251).unwrap();
    Content::repeated(byte, upload.plan.part_length_bytes(number))
}

/// The content of the whole file in these suites.
pub(super) fn whole_content(upload: &Upload) -> Content {
    Content::concat(upload.plan.part_numbers().map(|number| content_of(upload, number)))
}

/// Completes with these parts.
pub(super) async fn complete(
    test: &StoreUnderTest<'_>,
    upload: &Upload,
    parts: &[PutPart],
    checksum: Option<WholeChecksum>,
) -> CompleteOutcome {
    complete_as(test, upload, parts, checksum, upload.plan.size_bytes()).await
}

/// Completes with these parts and another size in bytes than the planned one.
pub(super) async fn complete_as(
    test: &StoreUnderTest<'_>,
    upload: &Upload,
    parts: &[PutPart],
    checksum: Option<WholeChecksum>,
    size_bytes: u64,
) -> CompleteOutcome {
    let key = upload.object_key();
    let parts = parts.iter().map(|(number, etag, checksum)| (*number, etag, checksum.as_ref())).collect();
    let order = CompletedObject { key: &key, multipart: opened(upload), parts, size_bytes, checksum };
    test.store.complete_multipart(order).await.unwrap()
}
