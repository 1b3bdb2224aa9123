//! The signer makes no call, and promises no more life than the credentials have.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;

use super::scripted_server::{ForTests, Reply, ScriptedServer};
use crate::aws::{Aws, Buckets};
use crate::error::ErrorKind;
use crate::ids::{OwnerId, UploadId};
use crate::object_key::ObjectKey;
use crate::ports::{DownloadToSign, UrlSigner};
use crate::timestamp::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_900);

/// Signs a download at [`NOW`] for an hour; the seconds it lives, and the URL.
async fn sign_for_an_hour(expires_in_seconds: Option<u64>) -> Result<(u64, String), ErrorKind> {
    let server = ScriptedServer::start([Reply::HangUp]).await;
    let expiry = expires_in_seconds
        .map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.as_seconds() + seconds));
    let sdk = server.sdk(Credentials::for_tests_that_expire_at(expiry));
    let signer = Aws::with_config(sdk).url_signer(&Buckets::only_originals("originals", "1")).unwrap();
    let id = UploadId::generate(NOW, [7; 10]);
    let download = DownloadToSign {
        key: ObjectKey::original(&OwnerId::parse("alice").unwrap(), &id),
        attachment: Some("a.txt".to_owned()),
        content_type: "text/plain".to_owned(),
    };
    let answer = signer.sign_downloads(&[download], NOW, 3600).await.map_err(|err| err.kind())?;
    assert_eq!(server.requests().len(), 0);
    let url = answer.urls[0].0.expose().clone();
    Ok((answer.expires_at.as_seconds() - NOW.as_seconds(), url))
}

#[tokio::test]
async fn a_url_lives_as_long_as_was_asked_when_the_credentials_say_no_end() {
    let (seconds, url) = sign_for_an_hour(None).await.unwrap();
    assert_eq!(seconds, 3600);
    assert!(url.contains("X-Amz-Expires=3600&"), "{url}");
}

#[tokio::test]
async fn a_url_dies_before_its_credentials_do() {
    assert_eq!(sign_for_an_hour(Some(100_000)).await.unwrap().0, 3600);
    let (seconds, url) = sign_for_an_hour(Some(1_000)).await.unwrap();
    // The milliseconds of now count against it.
    assert_eq!(seconds, 939);
    assert!(url.contains("X-Amz-Expires=939&"), "{url}");
    assert_eq!(sign_for_an_hour(Some(60)).await, Err(ErrorKind::Unavailable));
}

#[tokio::test]
async fn the_address_is_the_one_that_the_sdk_would_use() {
    let (_, url) = sign_for_an_hour(None).await.unwrap();
    let path = url.strip_prefix("http://127.0.0.1:").unwrap().split_once('/').unwrap().1;
    assert!(path.starts_with("originals/u/"), "an address of numbers takes the bucket in the path: {url}");
}

#[tokio::test]
async fn a_function_without_variants_cannot_sign_for_them() {
    let server = ScriptedServer::start([Reply::HangUp]).await;
    let signer = server.aws().url_signer(&Buckets::only_originals("originals", "1")).unwrap();
    let id = UploadId::generate(NOW, [7; 10]);
    let key = ObjectKey::variant(&OwnerId::parse("alice").unwrap(), &id, "640x480.webp");
    let download = DownloadToSign { key, attachment: None, content_type: "image/webp".to_owned() };
    let refused = signer.sign_downloads(&[download], NOW, 60).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Internal);
}
