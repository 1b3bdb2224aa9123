//! Putting variants on record, and deciding whether their stage is over.

use shared::access::{Change, change};
use shared::error::Error;
use shared::guard::Guard;
use shared::record::{ImageRecord, ImageState, Reason, VARIANT_NAMES};
use shared::timestamp::Timestamp;
use shared::upload::{IMAGE_ATTEMPTS_MAX, Upload};
use shared::wire::ImageStage;

use crate::App;
use crate::judge::{Made, left_out};
use crate::stage::{awaited_by, missing_of};

/// What came of recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// The stage is over, and the image is in this state now.
    StageOver(ImageState),
    /// Time ran out before all was made. What was made is on record, the image is free, and its stage has to be sent.
    MoreIsMissing,
    /// Nothing more to do: another worker ended the stage, or has the image now and a message of its own.
    ByAnother,
    /// Nothing more to do: the file was removed meanwhile. Its removal deletes the variants; the ones written since are
    /// put on record, for cleanup to come again.
    Removed,
}

/// Records what was made of the image that `claimed` holds. The record is the whole truth about what is missing: a
/// variant that is on it is never made again, and a stage of which one is missing stays open until it was made, cannot
/// be made, or was tried too often without any of them coming of it.
pub(crate) async fn run(
    app: &App,
    claimed: &Upload,
    stage: ImageStage,
    made: &Made,
) -> Result<Recorded, Error> {
    let now = app.clock.now();
    let attempt = Attempt { claimed_until: claimed_until(claimed), stage, made };
    let (_, recorded) =
        change(app.table.as_ref(), &claimed.id, |upload| Ok(attempt.record(upload, now))).await?;
    Ok(recorded)
}

fn claimed_until(upload: &Upload) -> Option<Timestamp> {
    upload.image.as_ref().and_then(|image| image.claimed_until)
}

/// One worker's attempt at one stage.
struct Attempt<'a> {
    claimed_until: Option<Timestamp>,
    stage: ImageStage,
    made: &'a Made,
}

impl Attempt<'_> {
    fn record(&self, upload: &mut Upload, now: Timestamp) -> Change<Recorded> {
        let removed = upload.file.as_ref().is_none_or(|file| file.removed_at.is_some());
        let Some(image) = upload.image.as_mut() else { return Change::Keep(Recorded::ByAnother) };
        if removed {
            self.apply(image);
            image.claimed_until = None;
            upload.due_at = Some(now);
            return Change::Store(Recorded::Removed);
        }
        if image.state != awaited_by(self.stage) {
            return Change::Keep(Recorded::ByAnother);
        }
        let has_gained = self.apply(image);
        let missing = self.missing(image);
        let may_go_on = has_gained || image.attempts < IMAGE_ATTEMPTS_MAX;
        match Guard::StageStaysOpen.catches(may_go_on && !missing.is_empty()) {
            true => self.go_on(upload, has_gained, now),
            false => Change::Store(Recorded::StageOver(self.end(upload, &missing, now))),
        }
    }

    /// Adds what was made; answers whether there is a variant among it that was not on record.
    fn apply(&self, image: &mut ImageRecord) -> bool {
        let known_before = image.variants.len();
        for variant in &self.made.variants {
            image.variants.retain(|known| known.name != variant.name);
            image.variants.push(variant.clone());
        }
        // Clients see them in the order of their worth, whichever attempt made which.
        image.variants.sort_by_key(|known| VARIANT_NAMES.iter().position(|name| *name == known.name));
        if let Some((width, height)) = self.made.size {
            image.width = Some(width);
            image.height = Some(height);
        }
        if self.made.placeholder.is_some() {
            image.placeholder.clone_from(&self.made.placeholder);
        }
        known_before < image.variants.len()
    }

    /// What another attempt may make.
    fn missing(&self, image: &ImageRecord) -> Vec<&'static str> {
        if self.made.failure.is_some() {
            return Vec::new();
        }
        let names = missing_of(self.stage, image).into_iter().map(|spec| spec.name);
        names.filter(|name| !self.made.left_out.contains(name)).collect()
    }

    /// Leaves the stage open and the image free. Attempts are counted to find images that nothing comes of; one that
    /// gained a variant is none of them, and there are only so many variants to gain.
    fn go_on(&self, upload: &mut Upload, has_gained: bool, now: Timestamp) -> Change<Recorded> {
        if let Some(image) = upload.image.as_mut() {
            if has_gained {
                image.attempts = 0;
            }
            // Whoever took the image over has a message of its own, which comes back if it dies.
            if image.claimed_until.is_some_and(|until| Some(until) != self.claimed_until) {
                return Change::Store(Recorded::ByAnother);
            }
            image.claimed_until = None;
        }
        // When the message that is about to be sent has to be taken for lost.
        upload.due_at = upload.file_work_due_at(now);
        Change::Store(Recorded::MoreIsMissing)
    }

    /// Ends the stage without what is missing. An image of which nothing could be made at all has failed.
    fn end(&self, upload: &mut Upload, missing: &[&str], now: Timestamp) -> ImageState {
        let is_empty = upload.image.as_ref().is_none_or(|image| image.variants.is_empty());
        let next = match (self.stage, &self.made.failure) {
            _ if is_empty => ImageState::Failed,
            (ImageStage::First, None) => ImageState::Partial,
            (ImageStage::Avif, _) | (_, Some(_)) => ImageState::Done,
        };
        let reason = self.reason(missing, next);
        let mut earlier = None;
        if let Some(image) = upload.image.as_mut().filter(|_| next != ImageState::Failed) {
            // The next stage has all its attempts before it. What this one left out stays left out when that goes well.
            image.attempts = 0;
            earlier = image.reason.take();
        }
        upload.finish_image(next, reason.or(earlier), now);
        next
    }

    fn reason(&self, missing: &[&str], next: ImageState) -> Option<Reason> {
        let skipped = self.made.failure.as_ref().or(self.made.skipped.as_ref()).cloned();
        if missing.is_empty() {
            return skipped;
        }
        if next == ImageState::Failed {
            let message =
                format!("there was no time to make anything of it in {IMAGE_ATTEMPTS_MAX} attempts");
            return Some(Reason::new("image_gave_up", message));
        }
        let mut reason = left_out("variants_left_out", missing, "there was no time left");
        if let Some(skipped) = skipped {
            reason.message = format!("{}; {}", skipped.message, reason.message);
        }
        Some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_will_be_made_and_what_there_was_no_time_for_are_both_said() {
        let made = Made {
            left_out: vec!["1920x1080.avif"],
            skipped: Some(left_out("variants_left_out", &["1920x1080.avif"], "it is too large")),
            ..Made::default()
        };
        let attempt = Attempt { claimed_until: None, stage: ImageStage::Avif, made: &made };
        let missing = attempt.missing(&ImageRecord::pending());
        assert_eq!(missing, ["640x480.avif", "1280x720.avif"]);
        let reason = attempt.reason(&missing, ImageState::Done).unwrap();
        assert_eq!(
            (reason.code.as_str(), reason.message.as_str()),
            (
                "variants_left_out",
                "left out 1920x1080.avif: it is too large; left out 640x480.avif, 1280x720.avif: there was no time left"
            )
        );
    }
}
