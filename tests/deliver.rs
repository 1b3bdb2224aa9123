//! Deliveries: of queues, of S3's events, of the schedule. Everything is delivered twice unless a test says once,
//! because AWS may.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cleanup::report::Report;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::json;
use shared::object_key::ObjectKey;
use shared::ports::Clock;
use shared::testing::{ObjectCreated, SentMessage};
use shared::timestamp::Timestamp;

use crate::world::{ORIGINALS_BUCKET, World};

/// How often the world goes round before a test gives up on it coming to rest.
const ROUNDS_MAX: usize = 20;

impl World {
    /// Delivers one message to assembly; gives the ids of messages that are to come again.
    pub async fn deliver_to_assembly(&self, body: &str) -> SqsBatchResponse {
        assembly::handler::handle(&self.assembly, batch(&[body]))
            .await
            .expect("a handler answers every batch")
    }

    /// Delivers one message to thumbnail.
    pub async fn deliver_to_thumbnail(&self, body: &str) -> SqsBatchResponse {
        self.deliver_to_thumbnail_with(body, 120).await
    }

    /// Delivers one message to thumbnail, which has this many seconds.
    pub async fn deliver_to_thumbnail_with(&self, body: &str, seconds: u64) -> SqsBatchResponse {
        let mut context = Context::default();
        context.deadline = Timestamp::as_millis(self.clock.now().plus_seconds(seconds));
        let event = LambdaEvent::new(batch(&[body]), context);
        thumbnail::handler::handle(&self.thumbnail, event).await.expect("a handler answers every batch")
    }

    /// Delivers one message to thumbnail, which is left no time to make anything.
    pub async fn deliver_to_thumbnail_without_time(&self, body: &str) -> SqsBatchResponse {
        self.deliver_to_thumbnail_with(body, 0).await
    }

    /// One tick of the schedule.
    pub async fn clean_up(&self) -> Report {
        self.try_clean_up().await.expect("cleanup runs")
    }

    /// One tick of the schedule, which may fail as a whole.
    pub async fn try_clean_up(&self) -> Result<Report, shared::Error> {
        let stop_at = self.clock.now().plus_seconds(280);
        cleanup::handler::run(&self.cleanup, stop_at).await
    }

    /// One tick of the schedule as Lambda brings it, metrics included.
    pub async fn tick(&self) -> Result<Report, lambda_runtime::Error> {
        let mut context = Context::default();
        context.deadline = self.clock.now().plus_seconds(300).as_millis();
        cleanup::handler::handle(&self.cleanup, LambdaEvent::new(json!({}), context)).await
    }

    /// Delivers everything that waits, each message twice, until nothing is left. Messages that are to come again
    /// are put back.
    pub async fn settle(&self) {
        for _ in 0..ROUNDS_MAX {
            if !self.deliver_round().await {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    /// Delivers everything that waits, each message twice; what is to come again is put back. `false` when nothing
    /// waited.
    pub async fn deliver_round(&self) -> bool {
        self.queue_s3_events();
        let (assembly, images) = (self.assembly_queue.take_all(), self.image_queue.take_all());
        let something_waited = !assembly.is_empty() || !images.is_empty();
        for message in assembly {
            let first = self.deliver_to_assembly(&message.body).await;
            let second = self.deliver_to_assembly(&message.body).await;
            self.put_back(&[first, second], message, true);
        }
        for message in images {
            let first = self.deliver_to_thumbnail(&message.body).await;
            let second = self.deliver_to_thumbnail(&message.body).await;
            self.put_back(&[first, second], message, false);
        }
        something_waited
    }

    fn put_back(&self, answers: &[SqsBatchResponse], message: SentMessage, to_assembly: bool) {
        if answers.iter().any(|answer| !answer.batch_item_failures.is_empty()) {
            match to_assembly {
                true => self.assembly_queue.put_in(message),
                false => self.image_queue.put_in(message),
            }
        }
    }

    /// Puts S3's events into the queues that the template sends them to.
    pub fn queue_s3_events(&self) {
        self.store.take_events().iter().for_each(|event| self.queue_s3_event(event));
    }

    /// Puts one event into its queue.
    pub fn queue_s3_event(&self, event: &ObjectCreated) {
        let Some(key) = ObjectKey::parse_original(&event.key) else { return };
        let owner = self.table.upload(key.upload_id()).map(|upload| upload.owner);
        let Some(owner) = owner else { return };
        let message = SentMessage { body: s3_event(event.event_name, &event.key), owner };
        match event.event_name {
            "ObjectCreated:Put" => self.assembly_queue.put_in(message),
            _ => self.image_queue.put_in(message),
        }
    }
}

/// What GuardDuty says of an object, as EventBridge hands it over: the shape is that of the samples in "Monitoring S3
/// object scans with Amazon EventBridge", Amazon GuardDuty User Guide.
pub fn scan_event(key: &str, etag: &str, version_id: Option<&str>, status: &str) -> String {
    let scan_status = match status {
        "NO_THREATS_FOUND" | "THREATS_FOUND" => "COMPLETED",
        "FAILED" => "FAILED",
        _ => "SKIPPED",
    };
    json!({
        "version": "0",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "source": "aws.guardduty",
        "detail": {
            "schemaVersion": "1.0",
            "scanStatus": scan_status,
            "resourceType": "S3_OBJECT",
            "s3ObjectDetails": {
                "bucketName": ORIGINALS_BUCKET, "objectKey": key, "eTag": etag, "versionId": version_id,
                "s3Throttled": false,
            },
            "scanResultDetails": { "scanResultStatus": status, "threats": null },
        },
    })
    .to_string()
}

/// A batch of messages as Lambda hands it over.
pub(crate) fn batch(bodies: &[&str]) -> SqsEvent {
    let records: Vec<_> = (1..)
        .zip(bodies)
        .map(|(number, body)| json!({ "messageId": format!("message-{number}"), "body": body, "eventSource": "aws:sqs" }))
        .collect();
    serde_json::from_value(json!({ "Records": records })).expect("an event of SQS")
}

/// An event notification of S3.
pub fn s3_event(event_name: &str, key: &str) -> String {
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": event_name,
        "s3": { "bucket": { "name": ORIGINALS_BUCKET }, "object": { "key": key, "sequencer": "0055AED6DCD90281E5" } },
    }] })
    .to_string()
}
