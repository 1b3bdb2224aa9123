//! The rules of S3 that a local AWS does not keep: each store is checked for what it does.

use super::fixtures::{Fixtures, PutPart, complete, open, put_parts, whole_content};
use super::{StoreRules, StoreUnderTest};
use crate::checksum::{Checksum, ChecksumAlgorithm, ChecksumType, combine_composite};
use crate::ports::{CompleteOutcome, WholeChecksum};
use crate::upload::Upload;

const MULTIPART_ALGORITHMS: [ChecksumAlgorithm; 3] =
    [ChecksumAlgorithm::Crc64nvme, ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32c];

/// What the store said about the checksum when it opened the upload is what it does in the end.
pub(super) async fn whole_checksums_are_kept_as_the_store_said(test: &StoreUnderTest<'_>) {
    for algorithm in MULTIPART_ALGORITHMS {
        let mut upload = Fixtures(test.clock).multipart(20, 20);
        open(test, &mut upload, Some(algorithm)).await;
        let kind = upload.multipart.as_ref().and_then(|multipart| multipart.checksum_type);
        let parts = put_parts(test, &upload).await;
        let kept = match (test.rules, kind) {
            (_, Some(ChecksumType::FullObject)) => {
                completed_with_a_full_object_checksum(test, &upload, &parts, algorithm).await
            }
            (StoreRules::MiniStack, Some(ChecksumType::Composite)) => {
                let order = Some(WholeChecksum::Composite(algorithm));
                assert_eq!(complete(test, &upload, &parts, order).await, CompleteOutcome::Completed);
                let sums: Vec<&Checksum> = parts.iter().filter_map(|part| part.2.as_ref()).collect();
                combine_composite(sums).unwrap()
            }
            (rules, kind) => panic!("{rules:?} answered {kind:?} to {algorithm:?}"),
        };
        let facts = test.store.look(&upload.object_key()).await.unwrap().unwrap();
        let checksum = facts.checksum.unwrap();
        assert_eq!((checksum.algorithm, Some(checksum.kind), checksum.value), (algorithm, kind, kept));
    }
}

async fn completed_with_a_full_object_checksum(
    test: &StoreUnderTest<'_>,
    upload: &Upload,
    parts: &[PutPart],
    algorithm: ChecksumAlgorithm,
) -> String {
    let wrong = whole_content(&Fixtures(test.clock).multipart(21, 21)).checksum(algorithm);
    let refused = complete(test, upload, parts, Some(WholeChecksum::FullObject(wrong))).await;
    assert_eq!(refused, CompleteOutcome::IntegrityRefused("BadDigest".to_owned()));
    let right = whole_content(upload).checksum(algorithm);
    let order = Some(WholeChecksum::FullObject(right.clone()));
    assert_eq!(complete(test, upload, parts, order).await, CompleteOutcome::Completed);
    right.to_base64()
}

/// Small parts, a wrong order, a part that is listed twice, an empty list.
pub(super) async fn size_and_order_of_parts_are_checked_as_the_store_does(test: &StoreUnderTest<'_>) {
    type Change = fn(&mut Vec<PutPart>);
    let cases: [(&str, Change, &str); 4] = [
        ("small parts", |_| {}, "EntityTooSmall"),
        ("wrong order", |parts| parts.swap(0, 1), "InvalidPartOrder"),
        ("listed twice", |parts| parts[1] = parts[0].clone(), "InvalidPartOrder"),
        ("empty list", Vec::clear, "MalformedXML"),
    ];
    for (what, change, code) in cases {
        let mut upload = Fixtures(test.clock).multipart(4, 2);
        open(test, &mut upload, None).await;
        let mut parts = put_parts(test, &upload).await;
        change(&mut parts);
        let outcome = complete(test, &upload, &parts, None).await;
        let expected = match (test.rules, what) {
            (StoreRules::S3, _) => CompleteOutcome::PartsRefused(code.to_owned()),
            // An empty list makes an object of no bytes there; only the declared size stops it.
            (StoreRules::MiniStack, "empty list") => {
                CompleteOutcome::IntegrityRefused("InvalidRequest".to_owned())
            }
            (StoreRules::MiniStack, _) => CompleteOutcome::Completed,
        };
        assert_eq!(outcome, expected, "{what}");
    }
}
