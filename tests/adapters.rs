//! The suites of the ports against a running AWS, local or real.
//!
//! `LONGSHORE_STACK_FILE` names the JSON file that describes it. Every test makes buckets, a table or a queue of its
//! own and removes them, so that the deployed stack is not disturbed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests; a failed unwrap is a failed test")]

#[path = "adapters/browser.rs"]
mod browser;
#[path = "adapters/throwaway.rs"]
mod throwaway;

use std::io::Write;

use browser::Browser;
use shared::aws::Aws;
use shared::ids::UploadId;
use shared::part_page::PartPage;
use shared::ports::{SystemClock, UploadTable};
use shared::testing::an_upload;
use shared::testing::suites::{
    StoreRules, StoreUnderTest, object_store_suite, queue_suite, upload_table_suite, url_signer_suite,
};
use shared::upload::Upload;
use throwaway::{ThrowawayBuckets, ThrowawayQueue, ThrowawayTable};

/// Where the AWS of this run is.
#[derive(Debug)]
struct Place {
    sdk: aws_config::SdkConfig,
    account_id: String,
    rules: StoreRules,
}

impl Place {
    /// Reads the stack file; says so, past the test harness which keeps a passing test's output to itself, when
    /// there is none.
    #[expect(clippy::disallowed_methods, reason = "a test asks for its surroundings itself")]
    async fn find(suite: &str) -> Option<Self> {
        let Ok(path) = std::env::var("LONGSHORE_STACK_FILE") else {
            let line = format!("NOT RUN: {suite} against AWS, since LONGSHORE_STACK_FILE is not set\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        };
        let text = std::fs::read_to_string(&path).unwrap_or_else(|err| panic!("{path}: {err}"));
        let stack: serde_json::Value = serde_json::from_str(&text).unwrap();
        let field = |name: &str| stack.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        let needed = |name: &str| field(name).unwrap_or_else(|| panic!("{path} does not say {name}"));
        let credentials = aws_credential_types::Credentials::new(
            needed("accessKeyId"),
            needed("secretAccessKey"),
            field("sessionToken"),
            None,
            "stack file",
        );
        let mut settings = Aws::settings()
            .region(aws_config::Region::new(needed("region")))
            .credentials_provider(credentials);
        // Without an address it is AWS itself, which keeps its own rules.
        let mut rules = StoreRules::S3;
        if let Some(endpoint_url) = field("endpointUrl") {
            settings = settings.endpoint_url(endpoint_url);
            rules = StoreRules::MiniStack;
        }
        let account_id = field("accountId").unwrap_or_else(|| "000000000000".to_owned());
        Some(Self { sdk: settings.load().await, account_id, rules })
    }

    fn aws(&self) -> Aws {
        Aws::with_config(self.sdk.clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_on_s3_keeps_its_suite() {
    let Some(place) = Place::find("the suite of the store").await else { return };
    let throwaway = ThrowawayBuckets::make(&place.sdk, &place.account_id).await;
    let store = place.aws().object_store(throwaway.buckets.clone());
    let signer = place.aws().url_signer(&throwaway.buckets).unwrap();
    object_store_suite(&StoreUnderTest {
        store: &store,
        signer: &signer,
        client: &Browser,
        clock: &SystemClock,
        rules: place.rules,
    })
    .await;
    throwaway.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_signer_for_s3_keeps_its_suite() {
    let Some(place) = Place::find("the suite of the signer").await else { return };
    let throwaway = ThrowawayBuckets::make(&place.sdk, &place.account_id).await;
    let store = place.aws().object_store(throwaway.buckets.clone());
    let signer = place.aws().url_signer(&throwaway.buckets).unwrap();
    url_signer_suite(&StoreUnderTest {
        store: &store,
        signer: &signer,
        client: &Browser,
        clock: &SystemClock,
        rules: place.rules,
    })
    .await;
    throwaway.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_on_dynamodb_keeps_its_suite() {
    let Some(place) = Place::find("the suite of the table").await else { return };
    let throwaway = ThrowawayTable::make(&place.sdk).await;
    upload_table_suite(&place.aws().upload_table(throwaway.name.as_str()), &SystemClock).await;
    throwaway.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_over_the_table_meets_every_record_once_and_nothing_else() {
    let Some(place) = Place::find("a walk over the table").await else { return };
    let throwaway = ThrowawayTable::make(&place.sdk).await;
    let table = place.aws().upload_table(throwaway.name.as_str());
    let mut expected: Vec<Upload> = (0..5).map(|_| an_upload().build()).collect();
    for (place, upload) in (0..).zip(&mut expected) {
        upload.id = UploadId::generate(upload.created_at, [place; 10]);
        assert!(table.create(upload).await.unwrap());
        let page = PartPage { number: 0, ..PartPage::default() };
        assert!(table.replace_page(&upload.id, None, &page, upload.expires_at).await.unwrap());
    }
    let (mut met, mut after) = (Vec::new(), None);
    loop {
        let page = table.records(after).await.unwrap();
        met.extend(page.records.into_iter().map(Result::unwrap));
        after = page.next_after;
        if after.is_none() {
            break;
        }
    }
    met.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(met, expected);
    throwaway.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_on_sqs_keeps_its_suite() {
    let Some(place) = Place::find("the suite of the queue").await else { return };
    let throwaway = ThrowawayQueue::make(&place.sdk).await;
    queue_suite(&place.aws().queue(throwaway.url.as_str()), &throwaway).await;
    throwaway.remove().await;
}
