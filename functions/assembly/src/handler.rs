//! From a batch of messages to use cases, one message at a time.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::Error;
use shared::batch::each_message;
use shared::error::{Error as Failure, ErrorKind};
use shared::ids::UploadId;
use shared::telemetry::{Operation, measure};
use shared::wire::{AssemblyMessage, S3Event, ScanResult, check_message_version};

use crate::App;
use crate::{assemble_file, take_verdict};

/// Handles a batch; the answer names the messages to deliver again.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, Error> {
    // In a box, because the work of a message is a large future.
    let handle = |body| measure(Operation::Assemble, Box::pin(handle_message(app, body)));
    Ok(each_message("assemble a file", event, handle).await)
}

/// One message: ours, GuardDuty's, or S3's. A message that is none of them is an error that no repeat mends.
async fn handle_message(app: &App, body: String) -> Result<(), Failure> {
    if let Ok(message) = serde_json::from_str::<AssemblyMessage>(&body) {
        check_message_version(message.version)?;
        let id = UploadId::parse(&message.upload_id)
            .map_err(|_| Failure::new(ErrorKind::InvalidRequest, "the message names no upload"))?;
        return assemble_file::run(app, &id).await;
    }
    if let Some(result) = ScanResult::parse(&body)? {
        return take_verdict::run(app, &result).await;
    }
    let event = S3Event::parse(&body)?;
    // S3 sends events one to a message. If it ever sends several, one failure repeats them all, which does no harm.
    for record in &event.records {
        match record.created_original(&app.originals_bucket) {
            Some(key) => assemble_file::run_for_object(app, &key).await?,
            None => tracing::warn!(
                event.name = record.event_name,
                "an event that is not about one of our originals"
            ),
        }
    }
    Ok(())
}
