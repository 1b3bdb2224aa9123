//! [`UploadTable`] on DynamoDB.
//!
//! Every write is a put with a condition. The SDK repeats a call whose answer was lost, and the repeat of a put that
//! had been applied fails its own condition: so a failed condition brings along what is stored, and what is stored
//! exactly as we wanted it was stored by us.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::failure::{code_of, failure};
use super::item::{Item, ItemReader};
use super::other_items::{
    idempotency_from_item, idempotency_keys, idempotency_to_item, page_from_item, page_keys, page_sort_keys,
    page_to_item, walk_from_item, walk_keys, walk_to_item,
};
use super::upload_item::{
    ONLY_SORT_KEY, PARTITION_PREFIX, due_shard_key, from_item, to_item, upload_keys, upload_of_partition,
    upload_partition,
};
use crate::error::{Error, ErrorKind};
use crate::ids::UploadId;
use crate::part_page::{self, PartPage};
use crate::ports::{IdempotencyKey, IdempotencyRecord, UploadTable};
use crate::timestamp::Timestamp;
use crate::upload::Upload;

const DUE_INDEX: &str = "byDue";
const ABSENT: &str = "attribute_not_exists(pk)";
const READING: &str = "could not read the record";
const STORING: &str = "could not store the record";

/// DynamoDB, through the SDK.
#[derive(Clone, Debug)]
pub struct DynamoUploadTable {
    client: Client,
    table: String,
}

/// Where a walk over all records stands.
#[derive(Clone, Debug)]
pub struct RecordPlace(Item);

/// One page of [`DynamoUploadTable::records`].
#[derive(Debug)]
pub struct RecordPage {
    /// The records, each read or refused.
    pub records: Vec<Result<Upload, Error>>,
    /// Where the next page starts; `None` on the last page.
    pub next_after: Option<RecordPlace>,
}

/// What became of a conditional put.
enum Put {
    Stored,
    /// The condition failed; this is what is stored, if anything.
    Refused(Option<Item>),
}

impl DynamoUploadTable {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// One page of all records, in no order, for an operator: the functions never read the whole table. A record that
    /// cannot be read stands in the page as its error. IAM: `dynamodb:Scan`.
    pub async fn records(&self, after: Option<RecordPlace>) -> Result<RecordPage, Error> {
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("begins_with(pk, :uploads) AND sk = :only")
            .expression_attribute_values(":uploads", AttributeValue::S(PARTITION_PREFIX.to_owned()))
            .expression_attribute_values(":only", AttributeValue::S(ONLY_SORT_KEY.to_owned()))
            .consistent_read(true)
            .set_exclusive_start_key(after.map(|place| place.0))
            .send()
            .await
            .map_err(|err| failure("could not read all records", &err))?;
        let records = answer.items().iter().map(from_item).collect();
        Ok(RecordPage { records, next_after: answer.last_evaluated_key.map(RecordPlace) })
    }

    async fn put(
        &self,
        keys: (String, String),
        item: Item,
        condition: &str,
        values: Vec<(&str, AttributeValue)>,
    ) -> Result<Put, Error> {
        let mut request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            request = request.expression_attribute_values(name, value);
        }
        let Err(err) = request.send().await else { return Ok(Put::Stored) };
        if code_of(&err) != "ConditionalCheckFailedException" {
            return Err(failure(STORING, &err));
        }
        match refused_by(err) {
            Some(item) => Ok(Put::Refused(Some(item))),
            // Either nothing is there, or the store does not send the item along.
            None => Ok(Put::Refused(self.read(keys).await?)),
        }
    }

    async fn read(&self, (partition, sort): (String, String)) -> Result<Option<Item>, Error> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(partition))
            .key("sk", AttributeValue::S(sort))
            .consistent_read(true)
            .send()
            .await
            .map_err(|err| failure(READING, &err))?;
        Ok(answer.item)
    }

    /// Stores a record under a condition; a refusal by our own earlier attempt counts as stored.
    async fn put_upload(&self, item: Item, upload: &Upload, condition: &str) -> Result<bool, Error> {
        let values = match condition {
            ABSENT => Vec::new(),
            _ => vec![(":read", AttributeValue::N(upload.version.to_string()))],
        };
        match self.put(upload_keys(&upload.id), item.clone(), condition, values).await? {
            Put::Stored => Ok(true),
            // The tag of the write makes the item ours: no other process can have stored the same.
            Put::Refused(stored) => Ok(stored.is_some_and(|stored| stored == item)),
        }
    }
}

#[async_trait]
impl UploadTable for DynamoUploadTable {
    async fn create(&self, upload: &Upload) -> Result<bool, Error> {
        self.put_upload(to_item(upload, upload.version, &write_tag()?), upload, ABSENT).await
    }

    async fn get(&self, id: &UploadId) -> Result<Option<Upload>, Error> {
        self.read(upload_keys(id)).await?.as_ref().map(from_item).transpose()
    }

    async fn replace(&self, upload: &Upload) -> Result<bool, Error> {
        let item = to_item(upload, upload.version.saturating_add(1), &write_tag()?);
        self.put_upload(item, upload, "ver = :read").await
    }

    async fn tie_key(
        &self,
        key: &IdempotencyKey,
        record: &IdempotencyRecord,
        now: Timestamp,
    ) -> Result<IdempotencyRecord, Error> {
        // `exp` is a name that DynamoDB does not reserve.
        let condition = "attribute_not_exists(pk) OR exp <= :now";
        let values = vec![(":now", AttributeValue::N(now.as_millis().to_string()))];
        match self.put(idempotency_keys(key), idempotency_to_item(key, record), condition, values).await? {
            Put::Stored => Ok(record.clone()),
            Put::Refused(Some(stored)) => idempotency_from_item(&stored),
            Put::Refused(None) => {
                let cause = "the key was refused, but is gone: its row was deleted meanwhile";
                Err(Error::new(ErrorKind::Unavailable, STORING).caused_by(cause))
            }
        }
    }

    async fn pages(&self, id: &UploadId, pages: RangeInclusive<u16>) -> Result<Vec<PartPage>, Error> {
        if pages.is_empty() {
            return Ok(Vec::new()); // DynamoDB refuses a range that ends before it begins.
        }
        let (first, last) = page_sort_keys(&pages);
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
                .expression_attribute_values(":pk", AttributeValue::S(upload_partition(id)))
                .expression_attribute_values(":first", AttributeValue::S(first.clone()))
                .expression_attribute_values(":last", AttributeValue::S(last.clone()))
                .consistent_read(true)
                .set_exclusive_start_key(next)
                .send()
                .await
                .map_err(|err| failure("could not read the received parts", &err))?;
            for item in answer.items() {
                found.push(page_from_item(item)?);
            }
            next = answer.last_evaluated_key;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn replace_page(
        &self,
        id: &UploadId,
        old: Option<&PartPage>,
        page: &PartPage,
        ttl_at: Timestamp,
    ) -> Result<bool, Error> {
        let (condition, values) = match old {
            None => (ABSENT, Vec::new()),
            Some(old) => ("b = :old", vec![(":old", AttributeValue::B(Blob::new(part_page::encode(old))))]),
        };
        let item = page_to_item(id, page, ttl_at);
        match self.put(page_keys(id, page.number), item.clone(), condition, values).await? {
            Put::Stored => Ok(true),
            // Whoever stored the same parts, they are stored.
            Put::Refused(stored) => Ok(stored.is_some_and(|stored| stored.get("b") == item.get("b"))),
        }
    }

    async fn due(&self, shard: u8, now: Timestamp, limit: u16) -> Result<Vec<UploadId>, Error> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(DUE_INDEX)
            .key_condition_expression("dueShard = :shard AND dueAt <= :now")
            .expression_attribute_values(":shard", AttributeValue::S(due_shard_key(shard)))
            .expression_attribute_values(":now", AttributeValue::N(now.as_seconds().to_string()))
            .limit(i32::from(limit.max(1)))
            .send()
            .await
            .map_err(|err| failure("could not list the records that are due", &err))?;
        let id_of = |item: &Item| {
            let read = ItemReader(item);
            read.expect("pk", upload_of_partition(read.text("pk")?))
        };
        answer.items().iter().map(id_of).collect()
    }

    async fn walk_position(&self) -> Result<Option<(String, String)>, Error> {
        match self.read(walk_keys()).await? {
            None => Ok(None),
            Some(item) => walk_from_item(&item),
        }
    }

    async fn set_walk_position(&self, position: Option<(String, String)>) -> Result<(), Error> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(walk_to_item(position)))
            .send()
            .await
            .map(|_| ())
            .map_err(|err| failure(STORING, &err))
    }
}

/// The item that a failed condition brings along.
fn refused_by(err: SdkError<PutItemError>) -> Option<Item> {
    match err.into_service_error() {
        PutItemError::ConditionalCheckFailedException(refusal) => refusal.item,
        _ => None,
    }
}

/// Eight random bytes that no other write has.
fn write_tag() -> Result<[u8; 8], Error> {
    let mut tag = [0; 8];
    match getrandom::fill(&mut tag) {
        Ok(()) => Ok(tag),
        Err(err) => {
            Err(Error::new(ErrorKind::Internal, "could not get random bits").caused_by(err.to_string()))
        }
    }
}
