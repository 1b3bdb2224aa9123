//! The record of an upload and its legal changes. Pure: the time comes in, decisions come out.
//!
//! ```text
//! initiating -> active <-> completing -> completed
//!      |          |            +-------> failed
//!      +----------+--> expiring -> expired
//!      +----------+--> aborted
//! ```
//!
//! Every change goes through a method of [`Upload`], and every stored change is conditional on the version that
//! was read (see [`crate::ports::UploadTable::replace`]). A worker that was frozen while another took over holds
//! an old version, so nothing it decides can be stored any more.
//!
//! `due_at` is when cleanup should look at the record, whatever the reason: to expire it, to send a job again, to
//! delete what was never completed. A record without it needs no care. It and `ttl_at` are stored in whole seconds, rounded
//! up, so that nothing is due early.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind};
use crate::guard::Guard;
use crate::ids::{OwnerId, UploadId};
use crate::object_key::ObjectKey;
use crate::plan::{Plan, Strategy};
use crate::record::{DeclaredChecksum, FileRecord, ImageRecord, Multipart, Priority, Reason};
use crate::timestamp::Timestamp;

pub use crate::upload_state::UploadState;

/// A job that has not finished after this long is sent again, in seconds; doubles with every attempt.
pub const RESEND_AFTER_SECONDS: u64 = 300;
/// An upload that could not be assembled in this many attempts fails.
pub const ASSEMBLY_ATTEMPTS_MAX: u32 = 12;
/// After this many attempts in a row that added no variant, an image stays as it is: without what is missing, or failed.
pub const IMAGE_ATTEMPTS_MAX: u32 = 5;
/// What a failed upload left in S3 is kept this long, in seconds, for whoever wants to find out why.
pub const FAILED_BYTES_KEPT_SECONDS: u64 = 24 * 3600;
/// An upload that went back to `active` stays open at least this long, in seconds.
pub const REOPENED_SECONDS: u64 = 3600;
/// But never longer than this after it was created, in seconds, however often it goes back: half a day before the
/// buckets' own rule aborts what is left of it.
pub const REOPENED_SECONDS_MAX: u64 = 7 * 24 * 3600 + 12 * 3600;
/// A finished record without a file is kept this long, in seconds; then DynamoDB's TTL may take it.
pub const ENDED_RECORD_KEPT_SECONDS: u64 = 7 * 24 * 3600;

/// The record of one upload, and of the file it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Who may see it.
    pub owner: OwnerId,
    /// Where it stands.
    pub state: UploadState,
    /// Size and parts.
    pub plan: Plan,
    /// The name the client gave, cleaned of path and control characters.
    pub filename: String,
    /// The type the client declared; never trusted.
    pub content_type: String,
    /// How urgent its work is.
    pub priority: Priority,
    /// The client's own words about the file.
    pub metadata: BTreeMap<String, String>,
    /// What the client said about checksums.
    pub checksum: Option<DeclaredChecksum>,
    /// How long the file lives once it is complete, in seconds; for ever without.
    pub file_lifetime_seconds: Option<u64>,
    /// S3's side; `None` while initiating and for a single PUT.
    pub multipart: Option<Multipart>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires unless it is complete by then.
    pub expires_at: Timestamp,
    /// Until when one assembly worker has it for itself.
    pub leased_until: Option<Timestamp>,
    /// How often assembly was begun.
    pub assembly_attempts: u32,
    /// Why it failed, or why it went back to `active`.
    pub reason: Option<Reason>,
    /// When it failed, was cancelled, or began to expire.
    pub ended_at: Option<Timestamp>,
    /// The verified file.
    pub file: Option<FileRecord>,
    /// The image work, for images.
    pub image: Option<ImageRecord>,
    /// When cleanup should look at it.
    pub due_at: Option<Timestamp>,
    /// When DynamoDB may delete the record.
    pub ttl_at: Option<Timestamp>,
    /// Counts the stored changes; the fence of every write.
    pub version: u64,
}

/// What [`Upload::take_lease`] decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The caller has the upload for itself, once this is stored.
    Taken,
    /// Another worker has it.
    HeldByAnother,
    /// There is nothing to assemble: the upload has ended, or waits for parts.
    NothingToDo,
    /// It was tried too often; the upload is failed by this call.
    GivenUp,
}

impl Upload {
    /// The key of the uploaded bytes.
    pub fn object_key(&self) -> ObjectKey {
        ObjectKey::original(&self.owner, &self.id)
    }

    /// Whether the parts travel as one PUT.
    pub fn is_single(&self) -> bool {
        self.plan.strategy() == Strategy::Single
    }

    /// `initiating -> active`, with the upload that S3 opened for it.
    pub fn activate(&mut self, multipart: Multipart) -> Result<(), Error> {
        match self.state {
            UploadState::Initiating => {
                self.state = UploadState::Active;
                self.multipart = Some(multipart);
                Ok(())
            }
            _ => Err(self.wrong_state("be opened")),
        }
    }

    /// Refuses unless the upload still takes parts: `active`, and not past its time.
    pub fn check_takes_parts(&self, now: Timestamp) -> Result<(), Error> {
        match self.takes_parts(now) {
            Err(refused) if Guard::TakesParts.catches(true) => Err(refused),
            _ => Ok(()),
        }
    }

    fn takes_parts(&self, now: Timestamp) -> Result<(), Error> {
        match self.state {
            UploadState::Active | UploadState::Initiating if self.expires_at <= now => Err(expired()),
            UploadState::Active => Ok(()),
            UploadState::Expiring | UploadState::Expired => Err(expired()),
            _ => Err(self.wrong_state("take parts")),
        }
    }

    /// `active -> completing`: every part is in.
    pub fn begin_completing(&mut self, now: Timestamp) -> Result<(), Error> {
        self.check_takes_parts(now)?;
        self.state = UploadState::Completing;
        self.reason = None;
        self.due_at = Some(now.plus_seconds(RESEND_AFTER_SECONDS));
        Ok(())
    }

    /// Has assembly prove an object that is there although no report says so. A single PUT gets there by its lease.
    pub fn complete_what_is_there(&mut self, now: Timestamp) {
        self.state = if self.is_single() { self.state } else { UploadState::Completing };
        self.due_at = Some(resend_at(now, self.assembly_attempts));
    }

    /// Takes the upload for one worker. A single PUT goes from `active` straight to its worker, since its S3 event
    /// is the word that all bytes are in.
    pub fn take_lease(&mut self, now: Timestamp, lease_seconds: u64) -> LeaseOutcome {
        let ready = match self.state {
            UploadState::Completing => true,
            UploadState::Active => self.is_single(),
            _ => false,
        };
        if !ready {
            return LeaseOutcome::NothingToDo;
        }
        if self.has_live_lease(now) {
            return LeaseOutcome::HeldByAnother;
        }
        if self.assembly_attempts >= ASSEMBLY_ATTEMPTS_MAX {
            let message = format!("the file could not be assembled in {ASSEMBLY_ATTEMPTS_MAX} attempts");
            self.fail(Reason::new("assembly_gave_up", message), now);
            return LeaseOutcome::GivenUp;
        }
        self.state = UploadState::Completing;
        self.assembly_attempts += 1;
        self.leased_until = Some(now.plus_seconds(lease_seconds));
        LeaseOutcome::Taken
    }

    /// Whether a worker has the upload for itself right now.
    pub fn has_live_lease(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|until| now < until)
    }

    /// `completing -> active`: parts are missing or were replaced; the reason says which.
    pub fn reopen(&mut self, reason: Reason, now: Timestamp) {
        self.state = UploadState::Active;
        self.leased_until = None;
        self.assembly_attempts = 0;
        self.reason = Some(reason);
        let reopened_until =
            now.plus_seconds(REOPENED_SECONDS).min(self.created_at.plus_seconds(REOPENED_SECONDS_MAX));
        self.expires_at = self.expires_at.max(reopened_until);
        self.due_at = Some(self.expires_at);
    }

    /// Gives the upload back after a failure that may pass, so that the next delivery need not wait for the lease.
    pub fn release_lease(&mut self) {
        self.leased_until = None;
    }

    /// `completing -> completed`, with the proof. The record is due again when what is next should be over.
    pub fn complete(&mut self, file: FileRecord, is_image: bool) {
        self.state = UploadState::Completed;
        self.leased_until = None;
        self.reason = None;
        self.image = is_image.then(ImageRecord::pending);
        let completed_at = file.completed_at;
        self.file = Some(file);
        self.due_at = self.file_work_due_at(completed_at);
    }

    /// Any open state `-> failed`, for a reason that trying again cannot mend.
    pub fn fail(&mut self, reason: Reason, now: Timestamp) {
        self.state = UploadState::Failed;
        self.leased_until = None;
        self.reason = Some(reason);
        self.ended_at = Some(now);
        self.due_at = Some(now.plus_seconds(FAILED_BYTES_KEPT_SECONDS));
    }

    /// Cancels. `Ok(true)` when this changed the record, `Ok(false)` when the upload had ended without a file
    /// already; refused once completion was accepted. What a failed upload left goes now instead of in a day.
    pub fn cancel(&mut self, now: Timestamp) -> Result<bool, Error> {
        match self.state {
            UploadState::Initiating | UploadState::Active => Ok(self.end_as(UploadState::Aborted, now)),
            UploadState::Failed if self.due_at.is_some_and(|due_at| now < due_at) => {
                self.due_at = Some(now);
                Ok(true)
            }
            UploadState::Aborted | UploadState::Expiring | UploadState::Expired | UploadState::Failed => {
                Ok(false)
            }
            UploadState::Completing | UploadState::Completed => match Guard::CancelOnlyOpen.catches(true) {
                true => Err(self.wrong_state("be cancelled")),
                false => Ok(self.end_as(UploadState::Aborted, now)),
            },
        }
    }

    /// `initiating | active -> expiring`, once its time is over.
    pub fn begin_expiring(&mut self, now: Timestamp) -> bool {
        let open = matches!(self.state, UploadState::Initiating | UploadState::Active);
        !Guard::ExpireOnlyOpen.catches(!open)
            && self.expires_at <= now
            && self.end_as(UploadState::Expiring, now)
    }

    /// Ends it in this state, for cleanup to purge.
    fn end_as(&mut self, state: UploadState, now: Timestamp) -> bool {
        self.state = state;
        self.ended_at = Some(now);
        self.due_at = Some(now);
        true
    }

    /// Nothing is left of it in S3 and nothing can come back: the record rests until its TTL.
    pub fn finish_ending(&mut self, now: Timestamp) {
        if self.state == UploadState::Expiring {
            self.state = UploadState::Expired;
        }
        self.due_at = None;
        self.ttl_at = Some(now.plus_seconds(ENDED_RECORD_KEPT_SECONDS));
    }

    fn wrong_state(&self, what: &str) -> Error {
        Error::new(ErrorKind::WrongState, format!("the upload is {} and cannot {what}", self.state.name()))
    }
}

fn expired() -> Error {
    Error::new(ErrorKind::Expired, "the upload has expired; create a new one")
}

/// When a job that was sent for the `attempts`-th time should be looked at again.
pub fn resend_at(now: Timestamp, attempts: u32) -> Timestamp {
    now.plus_seconds(RESEND_AFTER_SECONDS << attempts.min(6))
}
