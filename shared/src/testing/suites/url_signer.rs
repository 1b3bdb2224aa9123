//! What every signer does: its URLs let one thing happen and nothing else.

use super::super::content::Content;
use super::StoreUnderTest;
use super::fixtures::{Fixtures, URL_LIFETIME_SECONDS, open, opened, sign, whole_content};
use crate::checksum::ChecksumAlgorithm;
use crate::error::ErrorKind;
use crate::ids::PartNumber;
use crate::object_key::ObjectKey;
use crate::ports::{DownloadToSign, PartToSign};
use crate::record::DeclaredChecksum;
use crate::redacted::Redacted;
use crate::timestamp::Timestamp;

/// Runs every check of a signer.
pub async fn url_signer_suite(test: &StoreUnderTest<'_>) {
    a_signed_part_takes_its_own_length_and_bytes_alone(test).await;
    a_single_put_writes_the_object_once_with_its_identity(test).await;
    a_url_is_refused_once_it_has_expired(test).await;
    a_download_says_what_it_is(test).await;
    what_does_not_fit_the_upload_is_not_signed(test).await;
}

async fn a_signed_part_takes_its_own_length_and_bytes_alone(test: &StoreUnderTest<'_>) {
    let mut upload = Fixtures(test.clock).multipart(100, 50);
    open(test, &mut upload, Some(ChecksumAlgorithm::Crc64nvme)).await;
    let right = Content::repeated(7, 50);
    let checksum = Some(right.checksum(ChecksumAlgorithm::Crc64nvme));
    let signed = sign(test, &upload, PartToSign { number: PartNumber::FIRST, checksum }).await;
    assert!(signed.headers.iter().all(|(name, _)| name != "host"));
    assert!(signed.headers.contains(&("content-length".to_owned(), "50".to_owned())));

    assert_eq!(test.client.put(&signed, Content::repeated(7, 51)).await.unwrap_err().status, 403);
    assert_eq!(test.client.put(&signed, Content::repeated(8, 50)).await.unwrap_err().status, 400);
    let mut other_header = signed.clone();
    for (name, value) in &mut other_header.headers {
        if name.starts_with("x-amz-checksum") {
            *value = Content::repeated(8, 50).checksum(ChecksumAlgorithm::Crc64nvme).to_base64();
        }
    }
    assert_eq!(test.client.put(&other_header, Content::repeated(8, 50)).await.unwrap_err().status, 403);
    let mut without_header = signed.clone();
    without_header.headers.retain(|(name, _)| !name.starts_with("x-amz-checksum"));
    assert_eq!(test.client.put(&without_header, right.clone()).await.unwrap_err().status, 403);
    let mut other_part = signed.clone();
    other_part.url = Redacted::new(other_part.url.expose().replace("partNumber=1", "partNumber=2"));
    assert_ne!(other_part.url, signed.url);
    assert_eq!(test.client.put(&other_part, right.clone()).await.unwrap_err().status, 403);

    test.client.put(&signed, right).await.unwrap();
    let listing = test.store.list_parts(&upload.object_key(), opened(&upload), None).await.unwrap().unwrap();
    assert_eq!(listing.parts.len(), 1);
    test.store.abort_multipart(upload.object_key().as_str(), &opened(&upload).s3_upload_id).await.unwrap();
}

async fn a_single_put_writes_the_object_once_with_its_identity(test: &StoreUnderTest<'_>) {
    for algorithm in [ChecksumAlgorithm::Sha256, ChecksumAlgorithm::Crc32] {
        let mut upload = Fixtures(test.clock).single(1_000);
        let content = whole_content(&upload);
        let whole = content.checksum(algorithm);
        upload.checksum = Some(DeclaredChecksum { algorithm, whole: Some(whole.clone()) });
        let signed = sign(test, &upload, PartToSign { number: PartNumber::FIRST, checksum: None }).await;
        let has = |name: &str, value: &str| signed.headers.contains(&(name.to_owned(), value.to_owned()));
        assert!(has("if-none-match", "*") && has("content-type", &upload.content_type));
        assert!(has("x-amz-meta-upload-id", upload.id.as_str()));
        assert!(has(algorithm.header(), &whole.to_base64()));

        assert_eq!(test.client.put(&signed, Content::repeated(9, 1_000)).await.unwrap_err().status, 400);
        test.client.put(&signed, content.clone()).await.unwrap();
        assert_eq!(test.client.put(&signed, content).await.unwrap_err().status, 412);
        let facts = test.store.look(&upload.object_key()).await.unwrap().unwrap();
        assert_eq!((facts.size_bytes, facts.upload_id.as_deref()), (1_000, Some(upload.id.as_str())));
        assert_eq!(facts.checksum.unwrap().algorithm, algorithm);
    }
}

async fn a_url_is_refused_once_it_has_expired(test: &StoreUnderTest<'_>) {
    let upload = Fixtures(test.clock).single(10);
    let long_ago = Timestamp::from_seconds(test.clock.now().as_seconds() - 2 * URL_LIFETIME_SECONDS);
    let part = PartToSign { number: PartNumber::FIRST, checksum: None };
    let signed = test.signer.sign_parts(&upload, &[part], long_ago, URL_LIFETIME_SECONDS).await.unwrap();
    assert_eq!(signed.expires_at, long_ago.plus_seconds(URL_LIFETIME_SECONDS));
    assert_eq!(test.client.put(&signed.urls[0], whole_content(&upload)).await.unwrap_err().status, 403);
    assert_eq!(test.store.look(&upload.object_key()).await.unwrap(), None);
}

async fn a_download_says_what_it_is(test: &StoreUnderTest<'_>) {
    let upload = Fixtures(test.clock).single(10);
    let key = ObjectKey::variant(&upload.owner, &upload.id, "640x480.webp");
    test.store.write(&key, b"an image".to_vec(), "image/webp").await.unwrap();
    let downloads = [
        DownloadToSign {
            key: key.clone(),
            attachment: Some("\u{30cf}ol \"1\".svg".to_owned()),
            content_type: "application/octet-stream".to_owned(),
        },
        DownloadToSign { key: key.clone(), attachment: None, content_type: "image/webp".to_owned() },
    ];
    let now = test.clock.now();
    let signed = test.signer.sign_downloads(&downloads, now, URL_LIFETIME_SECONDS).await.unwrap();
    let saved = test.client.get(&signed.urls[0]).await.unwrap();
    assert_eq!(saved.content.start(100), b"an image");
    assert_eq!((saved.is_attachment, saved.content_type.as_str()), (true, "application/octet-stream"));
    let shown = test.client.get(&signed.urls[1]).await.unwrap();
    assert_eq!((shown.is_attachment, shown.content_type.as_str()), (false, "image/webp"));
    test.store.delete(&key).await.unwrap();
    assert_eq!(test.client.get(&signed.urls[0]).await.unwrap_err().status, 404);
}

async fn what_does_not_fit_the_upload_is_not_signed(test: &StoreUnderTest<'_>) {
    let mut upload = Fixtures(test.clock).multipart(100, 50);
    let now = test.clock.now();
    let number = PartNumber::FIRST;
    let sum = |algorithm| Some(Content::repeated(0, 50).checksum(algorithm));
    let with_checksum = PartToSign { number, checksum: sum(ChecksumAlgorithm::Crc32) };
    let without = PartToSign { number, checksum: None };
    let too_high = PartToSign { number: PartNumber::new(3).unwrap(), checksum: None };
    for (algorithm, part) in [
        (None, &with_checksum),
        (None, &too_high),
        (Some(ChecksumAlgorithm::Crc32), &without),
        (Some(ChecksumAlgorithm::Crc64nvme), &with_checksum),
    ] {
        upload.checksum = algorithm.map(|algorithm| DeclaredChecksum { algorithm, whole: None });
        let refused =
            test.signer.sign_parts(&upload, std::slice::from_ref(part), now, URL_LIFETIME_SECONDS).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidRequest, "{algorithm:?} {part:?}");
    }
}
