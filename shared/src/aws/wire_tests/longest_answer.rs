//! The longest answer that any route gives.

use aws_credential_types::Credentials;

use super::scripted_server::{Reply, ScriptedServer};
use crate::aws::{Aws, Buckets};
use crate::checksum::ChecksumAlgorithm;
use crate::plan::MIB;
use crate::ports::{PartToSign, UrlSigner};
use crate::record::Multipart;
use crate::testing::{Content, an_upload, part_number};
use crate::timestamp::Timestamp;
use crate::wire::{PARTS_PER_CALL_MAX, UploadStartedAnswer};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_900);

/// The most that Lambda passes on, in bytes:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const ANSWER_BYTES_MAX: usize = 6 * 1024 * 1024;

#[tokio::test]
async fn the_longest_answer_is_one_that_lambda_passes_on() {
    // STS promises no length, and says that tokens stay below 4,096 bytes; those of functions have about a thousand.
    let token = "IQoJb3JpZ2luX2VjEJr/aCXVzLWVhc+0".repeat(128);
    let provider = Credentials::new("ASIAEXAMPLEEXAMPLE12", "secret", Some(token), None, "a test");
    let server = ScriptedServer::start([Reply::HangUp]).await;
    let signer = Aws::with_config(server.sdk(provider));
    let bucket = "b".repeat(63);
    let signer = signer.url_signer(&Buckets::only_originals(bucket, "1")).unwrap();
    let algorithm = ChecksumAlgorithm::Crc64nvme;
    let multipart = Multipart { s3_upload_id: "i".repeat(256), checksum_type: None };
    let upload = an_upload()
        .planned(10_000 * 8 * MIB, Some(8 * MIB))
        .with_checksum(algorithm, None)
        .with_multipart(multipart);
    let upload = upload.build();
    let content = Content::bytes(*b"content");
    let part =
        |number| PartToSign { number: part_number(number), checksum: Some(content.checksum(algorithm)) };
    let parts: Vec<PartToSign> = (9_001..=10_000).map(part).collect();
    assert_eq!(parts.len(), PARTS_PER_CALL_MAX);
    let answer = signer.sign_parts(&upload, &parts, NOW, 900).await.unwrap();
    let body = serde_json::to_string(&UploadStartedAnswer::new(&upload, answer)).unwrap();
    // Lambda is given the body as text within JSON, where each quote takes one byte more.
    let quotes = body.matches('"').count();
    assert!(4_000_000 < body.len() && body.len() + quotes < ANSWER_BYTES_MAX, "{} and {quotes}", body.len());
}
