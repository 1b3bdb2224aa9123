//! The long run: time passes, messages come again, the schedule ticks, until nothing is left to do.

use shared::record::ImageState;
use shared::testing::SentMessage;
use shared::timestamp::Timestamp;
use shared::upload::{Upload, UploadState};

use crate::breaker::Breaker;
use crate::world::World;
use shared::ports::Clock;

/// Longer than any lease, so that whatever a dead process held is free in the next round.
const ROUND_SECONDS: u64 = 400;
const ROUNDS_MAX: usize = 100;

impl World {
    /// Delivers every waiting message to processes that may break. What they do not acknowledge comes again.
    pub async fn deliver_breaking(&self, breaker: &Breaker) {
        self.queue_s3_events();
        for message in self.assembly_queue.take_all() {
            let answer = breaker.run(Box::pin(self.deliver_to_assembly(&message.body))).await;
            if answer.is_none_or(|answer| !answer.batch_item_failures.is_empty()) {
                self.assembly_queue.put_in(message);
            }
        }
        for message in self.image_queue.take_all() {
            let answer = breaker.run(Box::pin(self.deliver_to_thumbnail(&message.body))).await;
            if answer.is_none_or(|answer| !answer.batch_item_failures.is_empty()) {
                self.image_queue.put_in(message);
            }
        }
    }

    /// Lets time pass until nothing is left to do: deliveries, twice each, and the schedule.
    pub async fn come_to_rest(&self) {
        if let Err(busy) = self.try_come_to_rest().await {
            panic!("the world does not come to rest: {busy}");
        }
    }

    /// The same; says what is still to be done when it goes on for ever.
    pub async fn try_come_to_rest(&self) -> Result<(), String> {
        for _ in 0..ROUNDS_MAX {
            self.deliver_round().await;
            self.clock.advance_seconds(ROUND_SECONDS);
            self.clean_up().await;
            self.queue_s3_events();
            let waiting: Vec<SentMessage> =
                [self.assembly_queue.messages(), self.image_queue.messages()].concat();
            if waiting.is_empty() && self.busy_upload().is_none() {
                return Ok(());
            }
        }
        Err(format!("{:?}", self.busy_upload()))
    }

    /// An upload that somebody other than its client has still to do something about.
    pub fn busy_upload(&self) -> Option<Upload> {
        let now = self.clock.now();
        self.table.uploads().into_iter().find(|upload| is_busy(upload, now))
    }

    /// Moves the time to when the record is due, and lets the schedule tick.
    pub async fn clean_up_when_due(&self, id: &str) -> cleanup::report::Report {
        let due_at = self.upload(id).due_at.expect("the record is due at some time");
        self.clock.set(self.clock.now().max(due_at).plus_seconds(1));
        self.clean_up().await
    }
}

fn is_busy(upload: &Upload, now: Timestamp) -> bool {
    let is_due = upload.due_at.is_some_and(|due_at| due_at <= now);
    let in_work = match upload.state {
        // Cleanup looks for the object of a single PUT once, long before the upload expires.
        UploadState::Active => upload.is_single() && upload.due_at < Some(upload.expires_at),
        UploadState::Initiating | UploadState::Failed => false,
        UploadState::Completing | UploadState::Expiring => true,
        UploadState::Aborted | UploadState::Expired => upload.due_at.is_some(),
        UploadState::Completed => {
            upload
                .image
                .as_ref()
                .is_some_and(|image| matches!(image.state, ImageState::Pending | ImageState::Partial))
                && !upload.is_held_back()
        }
    };
    let is_removed = upload.file.as_ref().is_some_and(|file| file.removed_at.is_some());
    is_due || (in_work && !is_removed) || (is_removed && upload.due_at.is_some())
}
