//! The signer makes no call, and promises no more life than the credentials have.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

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

/// Gives what it holds, which a test changes.
#[derive(Clone, Debug)]
struct Changing(Arc<Mutex<Credentials>>);

impl ProvideCredentials for Changing {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Ok(self.0.lock().unwrap().clone()))
    }
}

fn credentials(access_key_id: &str, ends_in_seconds: u64) -> Credentials {
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.as_seconds() + ends_in_seconds);
    Credentials::new(access_key_id, "secret", Some("token".to_owned()), Some(end), "a test")
}

#[tokio::test]
async fn credentials_that_change_sign_before_the_old_ones_end() {
    let provider = Changing(Arc::new(Mutex::new(credentials("ASIATHEFIRST", 1_000))));
    let server = ScriptedServer::start([Reply::HangUp]).await;
    let sdk = server.sdk(credentials("ASIANOBODYS", 1_000)).into_builder();
    let sdk = sdk.credentials_provider(SharedCredentialsProvider::new(provider.clone())).build();
    let signer = Aws::with_config(sdk).url_signer(&Buckets::only_originals("originals", "1")).unwrap();
    let id = UploadId::generate(NOW, [7; 10]);
    let download = DownloadToSign {
        key: ObjectKey::original(&OwnerId::parse("alice").unwrap(), &id),
        attachment: None,
        content_type: "text/plain".to_owned(),
    };
    let signed_at = async |seconds: u64| {
        let now = NOW.plus_seconds(seconds);
        let answer = signer.sign_downloads(std::slice::from_ref(&download), now, 60).await.unwrap();
        assert_eq!(answer.expires_at.as_seconds(), now.as_seconds() + 60);
        answer.urls[0].0.expose().clone()
    };
    assert!(signed_at(0).await.contains("X-Amz-Credential=ASIATHEFIRST%2F"));
    *provider.0.lock().unwrap() = credentials("ASIATHESECOND", 5_000);
    // Five minutes before their end the first ones are given up, as the SDK itself does.
    assert!(signed_at(699).await.contains("X-Amz-Credential=ASIATHEFIRST%2F"));
    assert!(signed_at(700).await.contains("X-Amz-Credential=ASIATHESECOND%2F"));
}
