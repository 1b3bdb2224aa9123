//! Buckets, a table and a queue for one test, with the keys and indexes that `template.yaml` gives the real ones.

use std::fmt;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use shared::aws::Buckets;
use shared::ids::hex;
use shared::ports::{Clock, SystemClock};
use shared::testing::suites::QueueDrain;

/// The region whose name S3 does not take as a location.
const REGION_WITHOUT_LOCATION: &str = "us-east-1";

fn unique_name(what: &str) -> String {
    format!("longshore-test-{what}-{}", hex(&SystemClock.random().unwrap()))
}

/// Two empty buckets.
pub(crate) struct ThrowawayBuckets {
    client: aws_sdk_s3::Client,
    pub(crate) buckets: Buckets,
}

impl ThrowawayBuckets {
    /// Makes them.
    pub(crate) async fn make(sdk: &SdkConfig, account_id: &str) -> Self {
        let client = aws_sdk_s3::Client::new(sdk);
        let buckets = Buckets {
            originals: unique_name("originals"),
            variants: unique_name("variants"),
            owner_account_id: account_id.to_owned(),
        };
        let region = sdk.region().unwrap().as_ref();
        let location = (region != REGION_WITHOUT_LOCATION).then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
        for name in [&buckets.originals, &buckets.variants] {
            let create =
                client.create_bucket().bucket(name).set_create_bucket_configuration(location.clone());
            create.send().await.unwrap();
        }
        Self { client, buckets }
    }

    /// Empties and deletes them.
    pub(crate) async fn remove(self) {
        for bucket in [&self.buckets.originals, &self.buckets.variants] {
            let listed = self.client.list_objects_v2().bucket(bucket).send().await.unwrap();
            for key in listed.contents().iter().filter_map(|object| object.key()) {
                self.client.delete_object().bucket(bucket).key(key).send().await.unwrap();
            }
            let open = self.client.list_multipart_uploads().bucket(bucket).send().await.unwrap();
            for upload in open.uploads() {
                let abort = self.client.abort_multipart_upload().bucket(bucket);
                let abort = abort.set_key(upload.key.clone()).set_upload_id(upload.upload_id.clone());
                abort.send().await.unwrap();
            }
            self.client.delete_bucket().bucket(bucket).send().await.unwrap();
        }
    }
}

/// An empty table.
pub(crate) struct ThrowawayTable {
    client: aws_sdk_dynamodb::Client,
    pub(crate) name: String,
}

impl ThrowawayTable {
    /// Makes it and waits until it can be used.
    pub(crate) async fn make(sdk: &SdkConfig) -> Self {
        let client = aws_sdk_dynamodb::Client::new(sdk);
        let name = unique_name("table");
        let text = |name| attribute(name, ScalarAttributeType::S);
        let create = client
            .create_table()
            .table_name(&name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(key_schema("pk", "sk")))
            .set_attribute_definitions(Some(vec![
                text("pk"),
                text("sk"),
                text("ownerKey"),
                text("ownerSort"),
                text("dueShard"),
                attribute("dueAt", ScalarAttributeType::N),
            ]))
            .global_secondary_indexes(index("byOwner", "ownerKey", "ownerSort"))
            .global_secondary_indexes(index("byDue", "dueShard", "dueAt"));
        create.send().await.unwrap();
        let ready = aws_sdk_dynamodb::client::Waiters::wait_until_table_exists(&client).table_name(&name);
        ready.wait(std::time::Duration::from_mins(1)).await.unwrap();
        Self { client, name }
    }

    /// Deletes it.
    pub(crate) async fn remove(self) {
        self.client.delete_table().table_name(&self.name).send().await.unwrap();
    }
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
}

fn key_schema(partition: &str, sort: &str) -> Vec<KeySchemaElement> {
    let element =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    vec![element(partition, KeyType::Hash), element(sort, KeyType::Range)]
}

fn index(name: &str, partition: &str, sort: &str) -> GlobalSecondaryIndex {
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(key_schema(partition, sort)))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .unwrap()
}

/// An empty queue.
pub(crate) struct ThrowawayQueue {
    client: aws_sdk_sqs::Client,
    pub(crate) url: String,
}

impl ThrowawayQueue {
    /// Makes it.
    pub(crate) async fn make(sdk: &SdkConfig) -> Self {
        let client = aws_sdk_sqs::Client::new(sdk);
        let create = client.create_queue().queue_name(unique_name("queue"));
        let created = create.attributes(QueueAttributeName::VisibilityTimeout, "60").send().await.unwrap();
        Self { client, url: created.queue_url().unwrap().to_owned() }
    }

    /// Deletes it.
    pub(crate) async fn remove(self) {
        self.client.delete_queue().queue_url(&self.url).send().await.unwrap();
    }
}

impl fmt::Debug for ThrowawayQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrowawayQueue").field("url", &self.url).finish_non_exhaustive()
    }
}

#[async_trait]
impl QueueDrain for ThrowawayQueue {
    async fn take(&self, count: usize) -> Vec<(String, String)> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
            let receive = receive.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
            // Waits at the server for messages, shorter than the client waits for the server.
            for message in receive.wait_time_seconds(3).send().await.unwrap().messages() {
                let group =
                    message.attributes().and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
                taken.push((message.body().unwrap().to_owned(), group.cloned().unwrap_or_default()));
            }
        }
        taken
    }
}
