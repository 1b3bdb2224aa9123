//! The queues and what they gave up on.

use std::collections::BTreeSet;

use anyhow::Context as _;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use serde::Serialize;

/// While messages are looked at nobody else gets them, for this long in seconds.
const HELD_SECONDS: i32 = 60;
/// One call gives at most as many.
const MESSAGES_PER_CALL: i32 = 10;
/// How long a call waits for messages, in seconds: a call that does not wait asks only some of SQS's servers.
const WAIT_SECONDS: i32 = 1;
/// A dead-letter queue of more messages than this is searched only so far.
const SEARCHED_MAX: usize = 1_000;

/// How many messages a queue holds, as SQS estimates it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Depth {
    /// To be delivered.
    pub(crate) waiting: u64,
    /// Delivered, and neither done with nor back yet.
    pub(crate) in_flight: u64,
}

/// What a redrive of one queue came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Redriven {
    /// The queue: `assembly`, `image` or `cleanup`.
    pub(crate) queue: &'static str,
    /// Back in the source queue.
    pub(crate) moved: usize,
    /// Not to be moved.
    pub(crate) left: usize,
    /// Not moved, or moved and not deleted here.
    pub(crate) failed: usize,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// One dead-letter queue and the queue that its messages came from.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetters {
    client: Client,
    /// `assembly`, `image` or `cleanup`.
    pub(crate) name: &'static str,
    /// `None` for cleanup, whose dead letters are runs of a schedule.
    source_url: Option<String>,
    url: String,
}

impl DeadLetters {
    /// The dead letters at `url`, of the queue at `source_url`.
    pub(crate) fn new(client: Client, name: &'static str, source_url: Option<String>, url: String) -> Self {
        Self { client, name, source_url, url }
    }

    /// How much the source queue holds; `None` when there is none.
    pub(crate) async fn source_depth(&self) -> anyhow::Result<Option<Depth>> {
        match &self.source_url {
            Some(url) => self.depth_of(url).await.map(Some),
            None => Ok(None),
        }
    }

    /// How much the dead-letter queue holds.
    pub(crate) async fn depth(&self) -> anyhow::Result<Depth> {
        self.depth_of(&self.url).await
    }

    async fn depth_of(&self, url: &str) -> anyhow::Result<Depth> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .with_context(|| format!("could not ask for the depth of {url}"))?;
        let [waiting, in_flight] = names.map(|name| {
            answer.attributes().and_then(|all| all.get(&name)).and_then(|text| text.parse().ok()).unwrap_or(0)
        });
        Ok(Depth { waiting, in_flight })
    }

    /// How many dead letters hold `text`. They are back for others when this returns.
    pub(crate) async fn naming(&self, text: &str) -> anyhow::Result<usize> {
        let (mut seen, mut naming) = (BTreeSet::new(), 0);
        let mut held = Vec::new();
        loop {
            let new = self.receive_new(&mut seen).await?;
            if new.is_empty() {
                break;
            }
            naming += new.iter().filter(|letter| names(letter, text)).count();
            held.extend(new);
            if SEARCHED_MAX <= held.len() {
                break;
            }
        }
        for letter in &held {
            self.release(letter).await;
        }
        Ok(naming)
    }

    /// Moves the messages that hold `text` back to the source queue, or all of them.
    pub(crate) async fn redrive(&self, text: Option<&str>) -> anyhow::Result<Redriven> {
        let mut redriven = Redriven { queue: self.name, ..Redriven::default() };
        let Some(source_url) = &self.source_url else {
            redriven.left = usize::try_from(self.depth().await?.waiting).unwrap_or(usize::MAX);
            let note = "cleanup has no queue to go back to: its schedule runs it anew, and its dead letters only tell \
                of runs that failed";
            redriven.note = Some(note.to_owned());
            return Ok(redriven);
        };
        let (mut seen, mut left) = (BTreeSet::new(), Vec::new());
        loop {
            let new = self.receive_new(&mut seen).await?;
            if new.is_empty() {
                break;
            }
            for letter in new {
                if text.is_some_and(|text| !names(&letter, text)) {
                    left.push(letter);
                    continue;
                }
                match self.move_back(&letter, source_url).await {
                    Ok(()) => redriven.moved += 1,
                    Err(error) => {
                        redriven.failed += 1;
                        redriven.note = Some(format!("{error:#}"));
                    }
                }
            }
        }
        redriven.left = left.len();
        for letter in &left {
            self.release(letter).await;
        }
        Ok(redriven)
    }

    /// Messages that were not in `seen` yet; none when there are no others. Those of a long run come back before its end.
    async fn receive_new(&self, seen: &mut BTreeSet<String>) -> anyhow::Result<Vec<Message>> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(MESSAGES_PER_CALL)
            .visibility_timeout(HELD_SECONDS)
            .wait_time_seconds(WAIT_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_attribute_names("All")
            .send()
            .await
            .with_context(|| format!("could not receive from {}", self.url))?;
        let mut letters = answer.messages.unwrap_or_default();
        letters.retain(|letter| seen.insert(letter.message_id().unwrap_or_default().to_owned()));
        Ok(letters)
    }

    /// Sends first and deletes after: a crash in between doubles a message, which does no harm, and loses none.
    async fn move_back(&self, letter: &Message, source_url: &str) -> anyhow::Result<()> {
        let attributes = letter.attributes();
        let group = attributes.and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
        self.client
            .send_message()
            .queue_url(source_url)
            .message_body(letter.body().unwrap_or_default())
            .set_message_group_id(group.cloned())
            .set_message_attributes(letter.message_attributes().cloned())
            .send()
            .await
            .context("could not send to the source queue")?;
        self.client
            .delete_message()
            .queue_url(&self.url)
            .set_receipt_handle(letter.receipt_handle().map(str::to_owned))
            .send()
            .await
            .context("sent, and could not be deleted from the dead letters")?;
        Ok(())
    }

    /// Lets others have a message again at once. If this fails it comes back by itself.
    async fn release(&self, letter: &Message) {
        let _ = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .set_receipt_handle(letter.receipt_handle().map(str::to_owned))
            .visibility_timeout(0)
            .send()
            .await;
    }
}

fn names(letter: &Message, text: &str) -> bool {
    letter.body().is_some_and(|body| body.contains(text))
}
