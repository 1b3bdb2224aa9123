//! [`Queue`] and [`QueueDepth`] on SQS.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use super::failure::failure;
use crate::error::{Error, ErrorKind};
use crate::ids::OwnerId;
use crate::ports::{Queue, QueueDepth};

/// One queue, through the SDK.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at this URL.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, body: &str, owner: &OwnerId) -> Result<(), Error> {
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            // The hash: an owner's name is personal, and may hold characters that SQS refuses here.
            .message_group_id(owner.key_prefix())
            .send()
            .await
            .map(|_| ())
            .map_err(|err| failure("could not send the job to its queue", &err))
    }
}

#[async_trait]
impl QueueDepth for SqsQueue {
    async fn waiting(&self) -> Result<u64, Error> {
        let wanted = QueueAttributeName::ApproximateNumberOfMessages;
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(wanted.clone())
            .send()
            .await
            .map_err(|err| failure("could not ask how much waits in a queue", &err))?;
        let waiting = answer.attributes().and_then(|attributes| attributes.get(&wanted));
        waiting
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Error::new(ErrorKind::Unavailable, "the queue did not say how much waits in it"))
    }
}
