//! The image work of a file in its record: when to look at it again, how it ends, and what may be left of it.

use std::collections::BTreeSet;

use crate::record::{ImageState, Reason, VARIANT_NAMES};
use crate::timestamp::Timestamp;
use crate::upload::{Upload, resend_at};

/// No invocation lives longer, in seconds, whatever its function's timeout ("Lambda quotas", AWS Lambda Developer Guide).
pub const INVOCATION_SECONDS_MAX: u64 = 900;

impl Upload {
    /// When to look at the image work again that was sent at `now`: when it should be done, or at the file's end.
    pub fn image_work_due_at(&self, now: Timestamp) -> Timestamp {
        let should_be_done_at = resend_at(now, self.image.as_ref().map_or(0, |image| image.attempts));
        self.not_after_the_end(should_be_done_at)
    }

    /// When the record is due once its image work needs no more care.
    pub fn due_after_image_work(&self) -> Option<Timestamp> {
        self.file.as_ref().and_then(|file| file.expires_at)
    }

    fn not_after_the_end(&self, at: Timestamp) -> Timestamp {
        self.due_after_image_work().map_or(at, |end| end.min(at))
    }

    /// Sets the image's state. When it is final and every variant is on record, nothing is left to do. Otherwise a worker
    /// that died or was overtaken may have left variants that no record names; when the last worker is gone, cleanup
    /// deletes those.
    pub fn finish_image(&mut self, state: ImageState, reason: Option<Reason>, now: Timestamp) {
        if let Some(image) = &mut self.image {
            image.state = state;
            image.reason = reason;
            image.claimed_until = None;
        }
        if self.image_work_is_over() {
            self.due_at = match self.unrecorded_variants().is_empty() {
                true => self.due_after_image_work(),
                false => Some(self.not_after_the_end(now.plus_seconds(INVOCATION_SECONDS_MAX))),
            };
        }
    }

    /// Whether no variant will be made any more.
    pub fn image_work_is_over(&self) -> bool {
        self.image.as_ref().is_some_and(|image| matches!(image.state, ImageState::Done | ImageState::Failed))
    }

    /// The names of variants that the record of an image does not have.
    pub fn unrecorded_variants(&self) -> Vec<&'static str> {
        let Some(image) = &self.image else { return Vec::new() };
        let is_recorded = |name: &str| image.variants.iter().any(|variant| variant.name == name);
        VARIANT_NAMES.into_iter().filter(|name| !is_recorded(name)).collect()
    }

    /// Begins the image work anew, all attempts before it: the variants of these names are gone, and go from the record,
    /// since what is on record is not made again. The caller sends the job.
    pub fn remake_image(&mut self, gone: &BTreeSet<String>, now: Timestamp) {
        if let Some(image) = &mut self.image {
            image.variants.retain(|variant| !gone.contains(&variant.name));
            image.state = ImageState::Pending;
            image.attempts = 0;
            image.reason = None;
        }
        self.due_at = self.file_work_due_at(now);
    }
}
