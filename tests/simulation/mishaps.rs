//! What happens to a world without anybody asking: deliveries in any order, twice or never, the schedule, the clock.

use shared::ids::{PartNumber, UploadId};
use shared::ports::Clock as _;
use shared::testing::{Content, FakeQueue, SentMessage};
use shared::timestamp::Timestamp;
use shared::upload::UploadState;

use super::clients;
use super::coverage::Program;
use super::model::Fact;
use super::net::{Line, Task};
use super::schedule::Schedule;

const PROCESSES_MAX: usize = 14;
/// So long that clocks which jump leave thumbnail time: when it runs out is drawn for each image ([`Mishap::ShortOfTime`]).
const THUMBNAIL_SECONDS: u64 = 30 * 24 * 3600;

/// What goes wrong between processes, beside the blows that fall on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// A message or event is delivered twice at the same time.
    Doubled,
    /// A message is delivered before older ones.
    Reordered,
    /// A message or event is lost.
    Dropped,
    /// A message is held back.
    Delayed,
    /// The index of what is due is behind.
    IndexLag,
    /// The clock jumps, forwards or backwards.
    ClockJump,
    /// The credentials that sign URLs are about to expire.
    ShortCredentials,
    /// A part lands after its upload was aborted.
    LatePart,
    /// Somebody else's object lies where the file should be.
    ForeignObject,
    /// The time of an image is over before all its variants are made.
    ShortOfTime,
}

impl Mishap {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Doubled,
        Self::Reordered,
        Self::Dropped,
        Self::Delayed,
        Self::IndexLag,
        Self::ClockJump,
        Self::ShortCredentials,
        Self::LatePart,
        Self::ForeignObject,
        Self::ShortOfTime,
    ];
}

impl Schedule {
    /// Something that nobody asked for: a delivery, the schedule, the passing of time.
    pub(super) fn happen(&mut self) {
        self.events.extend(self.net.world.store.take_events());
        let is_full = self.processes.len() >= PROCESSES_MAX;
        match self.net.random(24) {
            0..=3 if !is_full => self.deliver(true),
            4..=7 if !is_full => self.deliver(false),
            8 | 9 => self.deliver_event(),
            10 if !is_full && self.net.once_in(4) => self.tick(),
            11..=13 => {
                let seconds = self.net.random(20);
                self.net.world.clock.advance_seconds(seconds);
            }
            14 => self.jump(),
            15 => self.change_index(),
            16 => self.change_credentials(),
            17 if !is_full => self.begin_snoop(),
            18 => self.land_late_part(),
            19 => self.land_foreign_object(),
            _ => {}
        }
    }

    pub(super) fn queue(&self, to_assembly: bool) -> &FakeQueue {
        match to_assembly {
            true => &self.net.world.assembly_queue,
            false => &self.net.world.image_queue,
        }
    }

    /// Delivers a message of a queue: any of those that wait, perhaps twice at once, perhaps never.
    fn deliver(&mut self, to_assembly: bool) {
        let mut waiting = self.queue(to_assembly).take_all();
        if waiting.is_empty() {
            return;
        }
        let chosen = self.net.pick(waiting.len());
        if chosen > 0 {
            self.conductor.note_mishap(Mishap::Reordered);
        }
        let message = waiting.remove(chosen);
        for message in waiting {
            self.queue(to_assembly).put_in(message);
        }
        match self.net.random(20) {
            0 => self.conductor.note_mishap(Mishap::Dropped),
            1 | 2 => {
                self.conductor.note_mishap(Mishap::Delayed);
                self.queue(to_assembly).put_in(message);
            }
            3..=5 => {
                self.conductor.note_mishap(Mishap::Doubled);
                self.begin_worker(to_assembly, message.clone());
                self.begin_worker(to_assembly, message);
            }
            _ => self.begin_worker(to_assembly, message),
        }
    }

    fn begin_worker(&mut self, to_assembly: bool, message: SentMessage) {
        let (net, handed) = (self.net.clone(), message.clone());
        let program = if to_assembly { Program::Assembly } else { Program::Thumbnail };
        let future = Box::pin(async move {
            let answer = match to_assembly {
                true => net.world.deliver_to_assembly(&handed.body).await,
                false => net.world.deliver_to_thumbnail_with(&handed.body, THUMBNAIL_SECONDS).await,
            };
            if !answer.batch_item_failures.is_empty() {
                let queue = if to_assembly { &net.world.assembly_queue } else { &net.world.image_queue };
                queue.put_in(handed);
            }
        });
        let task = Task { program, future };
        self.admit(task, Some((to_assembly, message)));
    }

    /// An event of S3 goes its way to a queue, in any order, perhaps twice, perhaps never.
    fn deliver_event(&mut self) {
        if self.events.is_empty() {
            return;
        }
        let chosen = self.net.pick(self.events.len());
        let event = self.events.swap_remove(chosen);
        match self.net.random(10) {
            0 => self.conductor.note_mishap(Mishap::Dropped),
            1 => {
                self.conductor.note_mishap(Mishap::Doubled);
                self.net.world.queue_s3_event(&event);
                self.net.world.queue_s3_event(&event);
            }
            _ => self.net.world.queue_s3_event(&event),
        }
    }

    /// A run of the schedule; an earlier one may still be under way.
    fn tick(&mut self) {
        let net = self.net.clone();
        self.net.begin(Program::Cleanup, async move {
            let _ = net.world.try_clean_up().await;
        });
    }

    fn jump(&mut self) {
        let clock = &self.net.world.clock;
        self.conductor.note_mishap(Mishap::ClockJump);
        // To whoever is at work it is as if it had stood still.
        for process in &self.processes {
            self.conductor.overtake(process.task.program);
        }
        match self.net.random(6) {
            // Clocks of different machines differ, and are corrected.
            0 => clock.set(Timestamp::from_millis(clock.now().as_millis() - 120_000)),
            1 => clock.advance_seconds(3_600),
            _ => clock.advance_seconds(400),
        }
    }

    fn change_index(&mut self) {
        match self.net.once_in(2) {
            true => {
                self.conductor.note_mishap(Mishap::IndexLag);
                self.net.world.table.let_due_index_lag();
            }
            false => self.net.world.table.let_due_index_catch_up(),
        }
    }

    fn change_credentials(&mut self) {
        let expire_at = match self.net.once_in(2) {
            true => {
                self.conductor.note_mishap(Mishap::ShortCredentials);
                Some(self.net.world.clock.now().plus_seconds(60))
            }
            false => None,
        };
        self.net.world.signer.set_credentials_expire_at(expire_at);
    }

    fn begin_snoop(&mut self) {
        let ids: Vec<UploadId> = self.net.model.borrow().uploads.keys().cloned().collect();
        if ids.is_empty() || !self.net.once_in(8) {
            return;
        }
        let id = ids[self.net.pick(ids.len())].clone();
        let line = Line { net: self.net.clone(), owner: "bob" };
        self.net.begin(Program::Client, clients::snoop(line, id));
    }

    /// A PUT that was under way when its upload was aborted, or whose URL was still alive.
    fn land_late_part(&mut self) {
        let now = self.net.world.clock.now();
        let url_lifetime_seconds = self.net.world.cleanup.url_lifetime_seconds;
        let ended = self.net.world.table.uploads().into_iter().find(|upload| {
            let is_ended = matches!(upload.state, UploadState::Aborted | UploadState::Expiring);
            let end = upload.ended_at.filter(|_| is_ended);
            end.is_some_and(|end| now < end.plus_seconds(url_lifetime_seconds))
        });
        if let Some(upload) = ended
            && let Some(multipart) = &upload.multipart
            && self.net.world.store.open_multipart_count() < 20
        {
            self.conductor.note_mishap(Mishap::LatePart);
            let part = PartNumber::new(1).unwrap();
            self.net.world.store.land_part_after_abort(multipart, part, Content::repeated(9, 100));
        }
    }

    /// An object that is not ours, of the right size, where a file is about to be.
    fn land_foreign_object(&mut self) {
        if !self.net.once_in(60) {
            return;
        }
        let open = self.net.world.table.uploads().into_iter().find(|upload| {
            !upload.is_single() && matches!(upload.state, UploadState::Active | UploadState::Completing)
        });
        let Some(upload) = open.filter(|upload| self.net.world.store.object(&upload.object_key()).is_none())
        else {
            return;
        };
        if let Some(known) = self.net.model.borrow_mut().uploads.get_mut(&upload.id) {
            self.conductor.note_mishap(Mishap::ForeignObject);
            known.learn(Fact::ForeignObject);
            let content = Content::repeated(77, upload.plan.size_bytes());
            self.net.world.store.put_object(&upload.object_key(), content, None);
        }
    }
}
