//! The plumbing of a function behind SQS: every message on its own, and an answer that names exactly the messages
//! to deliver again.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};

use crate::error::{Error, ErrorKind};

/// Handles the messages of a batch one after the other. A message whose failure may pass is named in the answer and
/// comes again; any other failure is logged and its message is done, since it would fail the same way for ever. A
/// panic fails its own message alone, which comes again until the queue gives it up.
///
/// The answer follows AWS's schema to the letter: a malformed one makes Lambda deliver the whole batch again.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
pub async fn each_message<H, F>(what: &str, event: SqsEvent, handle: H) -> SqsBatchResponse
where
    H: Fn(String) -> F,
    F: Future<Output = Result<(), Error>>,
{
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let message_id = message.message_id.unwrap_or_default();
        match surviving_panics(handle(message.body.unwrap_or_default())).await {
            Ok(()) => {}
            Err(err) if err.kind().is_retryable() => {
                tracing::warn!(
                    message.id = message_id,
                    error.code = err.kind().code(),
                    "could not {what} yet: {}",
                    err.chain()
                );
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = message_id;
                response.batch_item_failures.push(failure);
            }
            Err(err) => {
                tracing::error!(
                    message.id = message_id,
                    error.code = err.kind().code(),
                    "could not {what}: {}",
                    err.chain()
                );
            }
        }
    }
    response
}

async fn surviving_panics(work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let mut work = pin!(work);
    // What the work may have left half done is its own: the future is dropped, and nothing is shared between messages
    // but the ports, whose state is elsewhere.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(poll) => poll,
        Err(_) => Poll::Ready(Err(Error::new(ErrorKind::Internal, "the work on the message panicked"))),
    })
    .await
}
