//! The stack that is looked at: its names from the stack file, and the ways to it.

use std::path::Path;

use anyhow::Context as _;
use aws_config::Region;
use aws_credential_types::Credentials;
use serde::Deserialize;
use shared::aws::{Aws, Buckets, DynamoUploadTable, S3ObjectStore, SqsQueue};

use crate::dead_letters::DeadLetters;
use crate::listing::Listing;

/// The stack file, as far as it is read here. The ready file of a local stack is one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StackFile {
    originals_bucket: String,
    variants_bucket: String,
    table: String,
    region: String,
    assembly_queue_url: String,
    assembly_dead_letter_queue_url: String,
    image_queue_url: String,
    image_dead_letter_queue_url: String,
    cleanup_dead_letter_queue_url: String,
    /// Of a local AWS; AWS itself without.
    endpoint_url: Option<String>,
    /// Without them the environment gives the credentials.
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
}

/// A stack and the ways to it.
#[derive(Debug)]
pub(crate) struct Stack {
    /// The table.
    pub(crate) table: DynamoUploadTable,
    /// Both buckets, as the functions see them.
    pub(crate) store: S3ObjectStore,
    /// Both buckets, as lists.
    pub(crate) listing: Listing,
    /// Where image jobs go.
    pub(crate) image_jobs: SqsQueue,
    /// The queues with their dead letters.
    pub(crate) dead_letters: Vec<DeadLetters>,
}

impl Stack {
    /// Reads the stack file and connects, without any call.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
        let file: StackFile = serde_json::from_str(&text)
            .with_context(|| format!("{} does not describe a stack", path.display()))?;
        let mut settings = Aws::settings().region(Region::new(file.region.clone()));
        if let (Some(key), Some(secret)) = (&file.access_key_id, &file.secret_access_key) {
            let session = file.session_token.clone();
            settings =
                settings.credentials_provider(Credentials::new(key, secret, session, None, "stack file"));
        }
        if let Some(url) = &file.endpoint_url {
            settings = settings.endpoint_url(url);
        }
        let sdk = settings.load().await;
        let account_id = account_of_queue(&file.assembly_queue_url)
            .with_context(|| format!("{} is no URL of a queue", file.assembly_queue_url))?;
        let buckets = Buckets {
            originals: file.originals_bucket,
            variants: file.variants_bucket,
            owner_account_id: account_id.to_owned(),
        };
        let sqs = aws_sdk_sqs::Client::new(&sdk);
        let dead_letters = vec![
            DeadLetters::new(
                sqs.clone(),
                "assembly",
                Some(file.assembly_queue_url),
                file.assembly_dead_letter_queue_url,
            ),
            DeadLetters::new(
                sqs.clone(),
                "image",
                Some(file.image_queue_url.clone()),
                file.image_dead_letter_queue_url,
            ),
            DeadLetters::new(sqs, "cleanup", None, file.cleanup_dead_letter_queue_url),
        ];
        let aws = Aws::with_config(sdk.clone());
        Ok(Self {
            table: aws.upload_table(file.table),
            store: aws.object_store(buckets.clone()),
            listing: Listing::new(aws_sdk_s3::Client::new(&sdk), buckets),
            image_jobs: aws.queue(file.image_queue_url),
            dead_letters,
        })
    }
}

/// The account in the URL of a queue, `https://<host>/<account>/<name>`: both buckets must belong to it.
fn account_of_queue(url: &str) -> Option<&str> {
    let mut from_the_end = url.rsplit('/').skip(1);
    from_the_end.next().filter(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_from_the_url_of_a_queue() {
        let url = "https://sqs.us-east-1.amazonaws.com/123456789012/longshore-assembly";
        assert_eq!(account_of_queue(url), Some("123456789012"));
        assert_eq!(account_of_queue("http://127.0.0.1:4566/000000000000/q"), Some("000000000000"));
        assert_eq!(account_of_queue("https://sqs.us-east-1.amazonaws.com/q"), None);
    }

    #[test]
    fn a_stack_on_aws_needs_neither_endpoint_nor_keys() {
        let text = r#"{"originalsBucket":"o","variantsBucket":"v","table":"t","region":"eu-central-1","token":"x",
            "assemblyQueueUrl":"a","assemblyDeadLetterQueueUrl":"b","imageQueueUrl":"c",
            "imageDeadLetterQueueUrl":"d","cleanupDeadLetterQueueUrl":"e"}"#;
        let file: StackFile = serde_json::from_str(text).unwrap();
        assert_eq!((file.endpoint_url, file.access_key_id), (None, None));
    }
}
