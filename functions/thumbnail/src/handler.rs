//! From a batch of messages to use cases, one message at a time.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent};
use shared::batch::each_message;
use shared::error::{Error as Failure, ErrorKind};
use shared::ids::UploadId;
use shared::telemetry::{Operation, measure};
use shared::timestamp::Timestamp;
use shared::wire::{ImageMessage, ImageStage, S3Event, check_message_version};

use crate::App;
use crate::claim::Asked;
use crate::make_variants;

/// Kept free at the end of an invocation for storing what was made, in milliseconds.
const TIME_TO_STORE_MILLIS: u64 = 15_000;

/// Handles a batch; the answer names the messages to deliver again.
pub async fn handle(app: &App, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let stop_at = Timestamp::from_millis(event.context.deadline.saturating_sub(TIME_TO_STORE_MILLIS));
    let handle = |body| measure(Operation::ImageStage, handle_message(app, body, stop_at));
    Ok(each_message("make variants", event.payload, handle).await)
}

/// One message: ours, or S3's. A message that is neither is an error that no repeat mends.
async fn handle_message(app: &App, body: String, stop_at: Timestamp) -> Result<(), Failure> {
    if let Ok(message) = serde_json::from_str::<ImageMessage>(&body) {
        check_message_version(message.version)?;
        let id = UploadId::parse(&message.upload_id)
            .map_err(|_| Failure::new(ErrorKind::InvalidRequest, "the message names no upload"))?;
        let asked = Asked { id: &id, stage: message.stage, key: None };
        return make_variants::run(app, &asked, stop_at).await;
    }
    let event = S3Event::parse(&body)?;
    for record in &event.records {
        match record.created_original(&app.originals_bucket) {
            Some(key) => {
                let asked = Asked { id: key.upload_id(), stage: ImageStage::First, key: Some(&key) };
                make_variants::run(app, &asked, stop_at).await?;
            }
            None => tracing::warn!(
                event.name = record.event_name,
                "an event that is not about one of our originals"
            ),
        }
    }
    Ok(())
}
