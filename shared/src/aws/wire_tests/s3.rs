//! What goes to S3, and what its answers mean.

use super::scripted_server::{Reply, ScriptedServer};
use crate::aws::{Buckets, S3ObjectStore};
use crate::checksum::{Checksum, ChecksumAlgorithm, checksum_of};
use crate::error::{Error, ErrorKind};
use crate::ids::{OwnerId, PartNumber, UploadId};
use crate::object_key::ObjectKey;
use crate::part_page::ETag;
use crate::ports::{CompleteOutcome, CompletedObject, NewMultipart, ObjectStore, WholeChecksum};
use crate::record::Multipart;
use crate::timestamp::Timestamp;

const DONE: &str = "<?xml version=\"1.0\"?>\n<CompleteMultipartUploadResult><ETag>\"abc-1\"</ETag></CompleteMultipartUploadResult>";
const ACCOUNT: &str = "123456789012";

fn key() -> ObjectKey {
    let id = UploadId::generate(Timestamp::from_seconds(1_795_000_000), [7; 10]);
    ObjectKey::original(&OwnerId::parse("alice").unwrap(), &id)
}

fn store(server: &ScriptedServer) -> S3ObjectStore {
    let buckets = Buckets {
        originals: "originals".to_owned(),
        variants: "variants".to_owned(),
        owner_account_id: ACCOUNT.to_owned(),
    };
    server.aws().object_store(buckets)
}

fn sum(bytes: &[u8]) -> Checksum {
    checksum_of(ChecksumAlgorithm::Crc64nvme, bytes).unwrap()
}

async fn complete(
    server: &ScriptedServer,
    checksum: Option<WholeChecksum>,
) -> Result<CompleteOutcome, Error> {
    let (etag, part_sum) = (ETag::parse("0123").unwrap(), sum(b"part"));
    let multipart = Multipart { s3_upload_id: "s3-id".to_owned(), checksum_type: None };
    let key = key();
    let parts = vec![(PartNumber::FIRST, &etag, Some(&part_sum))];
    let order = CompletedObject { key: &key, multipart: &multipart, parts, size_bytes: 4, checksum };
    store(server).complete_multipart(order).await
}

async fn outcome_of(reply: Reply) -> (Result<CompleteOutcome, ErrorKind>, usize) {
    let server = ScriptedServer::start([reply]).await;
    let outcome = complete(&server, None).await.map_err(|err| err.kind());
    (outcome, server.requests().len())
}

#[tokio::test]
async fn completing_sends_size_fence_and_checksums() {
    let server = ScriptedServer::start([Reply::new(200, DONE)]).await;
    let whole = Some(WholeChecksum::FullObject(sum(b"whole")));
    assert_eq!(complete(&server, whole).await.unwrap(), CompleteOutcome::Completed);
    let request = &server.requests()[0];
    assert_eq!(request.header("x-amz-mp-object-size"), Some("4"));
    assert_eq!(request.header("if-none-match"), Some("*"));
    assert_eq!(request.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    assert_eq!(request.header("x-amz-checksum-crc64nvme"), Some(sum(b"whole").to_base64().as_str()));
    let part = format!("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME>", sum(b"part").to_base64());
    assert!(request.body.contains(&part), "{}", request.body);
    assert!(request.body.contains("<ETag>&quot;0123&quot;</ETag>"), "{}", request.body);
}

#[tokio::test]
async fn a_composite_checksum_is_left_to_s3() {
    let server = ScriptedServer::start([Reply::new(200, DONE)]).await;
    complete(&server, Some(WholeChecksum::Composite(ChecksumAlgorithm::Crc32))).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(request.header("x-amz-checksum-type"), None);
    assert_eq!(request.header("x-amz-checksum-crc32"), None);
}

#[tokio::test]
async fn an_error_in_a_200_is_an_error() {
    let (outcome, attempts) = outcome_of(Reply::s3_error(200, "InternalError")).await;
    assert_eq!((outcome, attempts), (Err(ErrorKind::Unavailable), 3));
    let (outcome, _) = outcome_of(Reply::s3_error(200, "SomethingNew")).await;
    assert_eq!(outcome, Err(ErrorKind::Unavailable));
    let (outcome, _) = outcome_of(Reply::s3_error(200, "InvalidPart")).await;
    assert_eq!(outcome, Ok(CompleteOutcome::PartsRefused("InvalidPart".to_owned())));
    let behind_whitespace = format!("   \n   {}", "<Error><Code>InternalError</Code></Error>");
    let (outcome, _) = outcome_of(Reply::new(200, &behind_whitespace)).await;
    assert_eq!(outcome, Err(ErrorKind::Unavailable));
}

#[tokio::test]
async fn a_body_that_is_cut_off_or_empty_is_no_success() {
    let cut = |body: &str| Reply::CutOff { promised_bytes: DONE.len(), body: body.to_owned() };
    let replies = [
        cut(""),
        cut(&DONE[..40]),
        cut(&DONE[..70]),
        Reply::new(200, ""),
        Reply::new(200, "   "),
        Reply::HangUp,
    ];
    for reply in replies {
        let (outcome, _) = outcome_of(reply.clone()).await;
        assert_eq!(outcome, Err(ErrorKind::Unavailable), "{reply:?}");
    }
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_again() {
    let server =
        ScriptedServer::start([Reply::HangUp, Reply::s3_error(503, "SlowDown"), Reply::new(200, DONE)]).await;
    assert_eq!(complete(&server, None).await.unwrap(), CompleteOutcome::Completed);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn every_answer_to_completing_is_told_apart() {
    use CompleteOutcome::{IntegrityRefused, NoSuchUpload, ObjectExists, PartsRefused};
    let parts = |code: &str| Ok(PartsRefused(code.to_owned()));
    let integrity = |code: &str| Ok(IntegrityRefused(code.to_owned()));
    for (status, code, expected) in [
        (404, "NoSuchUpload", Ok(NoSuchUpload)),
        (412, "PreconditionFailed", Ok(ObjectExists)),
        (409, "ConditionalRequestConflict", Ok(ObjectExists)),
        (400, "InvalidPart", parts("InvalidPart")),
        (400, "InvalidPartOrder", parts("InvalidPartOrder")),
        (400, "EntityTooSmall", parts("EntityTooSmall")),
        (400, "MalformedXML", parts("MalformedXML")),
        (400, "BadDigest", integrity("BadDigest")),
        (400, "InvalidRequest", integrity("InvalidRequest")),
        (403, "AccessDenied", Err(ErrorKind::Internal)),
        (404, "NoSuchBucket", Err(ErrorKind::Internal)),
        (400, "KMS.DisabledException", Err(ErrorKind::Internal)),
        (400, "ExpiredToken", Err(ErrorKind::Unavailable)),
        (503, "SlowDown", Err(ErrorKind::Unavailable)),
        (500, "InternalError", Err(ErrorKind::Unavailable)),
        (418, "SomethingNew", Err(ErrorKind::Unavailable)),
    ] {
        assert_eq!(outcome_of(Reply::s3_error(status, code)).await.0, expected, "{status} {code}");
    }
}

#[tokio::test]
async fn every_call_names_the_account_that_must_own_the_bucket() {
    let server = ScriptedServer::start([Reply::s3_error(418, "SomethingNew")]).await;
    let (store, key) = (store(&server), key());
    let multipart = Multipart { s3_upload_id: "s3-id".to_owned(), checksum_type: None };
    let new = NewMultipart {
        key: &key,
        content_type: "video/mp4",
        upload_id: key.upload_id(),
        checksum_algorithm: None,
    };
    assert!(store.open_multipart(new).await.is_err());
    assert!(store.list_parts(&key, &multipart, None).await.is_err());
    assert!(complete(&server, None).await.is_err());
    assert!(store.abort_multipart(key.as_str(), "s3-id").await.is_err());
    assert!(store.list_open_multiparts(None).await.is_err());
    assert!(store.look(&key).await.is_err());
    assert!(store.read_start(&key, "0123", 10).await.is_err());
    assert!(store.write(&key, b"bytes".to_vec(), "image/webp").await.is_err());
    assert!(store.delete(&key).await.is_err());
    let requests = server.requests();
    assert_eq!(requests.len(), 9, "an answer that nobody knows is not asked for again");
    for request in &requests {
        assert_eq!(request.header("x-amz-expected-bucket-owner"), Some(ACCOUNT), "{}", request.line);
    }
    let opening = &requests[0];
    assert_eq!(opening.header("x-amz-meta-upload-id"), Some(key.upload_id().as_str()));
    assert_eq!(opening.header("x-amz-checksum-algorithm"), None, "nobody asked for checksums");
    assert_eq!(requests[5].header("x-amz-checksum-mode"), Some("ENABLED"));
    assert_eq!(requests[6].header("if-match"), Some("\"0123\""));
    assert_eq!(requests[6].header("range"), Some("bytes=0-9"));
}

#[tokio::test]
async fn not_there_and_not_allowed_are_told_apart() {
    for (status, expected) in
        [(404, Ok(None)), (403, Err(ErrorKind::Internal)), (503, Err(ErrorKind::Unavailable))]
    {
        let server = ScriptedServer::start([Reply::new(status, "")]).await;
        let seen = store(&server).look(&key()).await.map_err(|err| err.kind());
        assert_eq!(seen, expected, "{status}");
    }
    for (status, code) in [(404, "NoSuchKey"), (412, "PreconditionFailed")] {
        let server = ScriptedServer::start([Reply::s3_error(status, code)]).await;
        assert_eq!(store(&server).read_start(&key(), "tag", 10).await.unwrap(), None);
    }
}

#[tokio::test]
async fn no_more_is_read_than_was_asked_for() {
    let server = ScriptedServer::start([Reply::new(200, "a store that ignores ranges")]).await;
    let bytes = store(&server).read_start(&key(), "tag", 7).await.unwrap();
    assert_eq!(bytes.as_deref(), Some(b"a store".as_slice()));
}
