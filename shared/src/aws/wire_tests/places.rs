//! Addresses where nobody answers, or somebody else does.

use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;

use super::scripted_server::{ForTests, Reply, ScriptedServer};
use crate::aws::{Aws, Buckets};
use crate::error::{Error, ErrorKind};
use crate::ids::{OwnerId, UploadId};
use crate::object_key::ObjectKey;
use crate::ports::{ObjectStore, Queue, UploadTable};
use crate::record::Multipart;
use crate::timestamp::Timestamp;

/// Adapters that take this address for AWS and ask once.
async fn aws_at(endpoint_url: &str) -> Aws {
    let server = ScriptedServer::start([Reply::HangUp]).await;
    let sdk = server.sdk(Credentials::for_tests_that_expire_at(None)).into_builder();
    Aws::with_config(sdk.endpoint_url(endpoint_url).retry_config(RetryConfig::disabled()).build())
}

fn an_id() -> UploadId {
    UploadId::generate(Timestamp::from_seconds(1_795_000_000), [7; 10])
}

fn expect_passing_trouble(err: &Error) {
    assert_eq!(err.kind(), ErrorKind::Unavailable, "{}", err.chain());
    assert!(err.chain().contains("dispatch failure"), "the log says why: {}", err.chain());
}

#[tokio::test]
async fn a_place_without_listener_or_certificate_may_be_there_later() {
    let server = ScriptedServer::start([Reply::HangUp]).await;
    let plain = server.sdk(Credentials::for_tests_that_expire_at(None)).endpoint_url().unwrap().to_owned();
    // Nobody listens at port 1, and the server speaks no TLS.
    for endpoint_url in ["http://127.0.0.1:1", plain.replace("http://", "https://").as_str()] {
        let (aws, owner) = (aws_at(endpoint_url).await, OwnerId::parse("alice").unwrap());
        let store = aws.object_store(Buckets::only_originals("originals", "123456789012"));
        expect_passing_trouble(&store.look(&ObjectKey::original(&owner, &an_id())).await.unwrap_err());
        expect_passing_trouble(&aws.upload_table("uploads").get(&an_id()).await.unwrap_err());
        let queue = aws.queue(format!("{endpoint_url}/1/queue"));
        expect_passing_trouble(&queue.send("{}", &owner).await.unwrap_err());
    }
}

#[tokio::test]
async fn a_place_without_a_name_may_have_one_later() {
    // Reserved never to have an address: RFC 2606, section 2.
    let aws = aws_at("http://nowhere.invalid").await;
    expect_passing_trouble(&aws.upload_table("uploads").get(&an_id()).await.unwrap_err());
}

#[tokio::test]
async fn a_bucket_in_another_region_is_no_passing_trouble() {
    for (status, code) in [(301, "PermanentRedirect"), (400, "AuthorizationHeaderMalformed")] {
        let server = ScriptedServer::start([Reply::s3_error(status, code)]).await;
        let key = ObjectKey::original(&OwnerId::parse("alice").unwrap(), &an_id());
        let store = server.aws().object_store(Buckets::only_originals("originals", "123456789012"));
        let multipart = Multipart { s3_upload_id: "s3-id".to_owned(), checksum_type: None };
        let err = store.list_parts(&key, &multipart, None).await.unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Internal, "{}", err.chain());
        assert!(err.chain().contains(code), "the log says why: {}", err.chain());
        assert_eq!(server.requests().len(), 1, "asking again does not help");
    }
}
