//! The work itself, the same in both ways: from a file to its pieces, each handed over as soon as it is there.

use imaging::{Conditions, Crew, ImageError, Limits, Look, SkipReason, VariantSpec};
use shared::record::{Placeholder, Reason};

use super::{Cause, LeftOut, Piece};

/// What to make, without the file.
pub(super) struct Work<'a> {
    pub(super) specs: &'a [VariantSpec],
    pub(super) wants_placeholder: bool,
    pub(super) limits: &'a Limits,
    pub(super) look: Look,
    pub(super) time_left: &'a dyn Fn() -> bool,
    /// Who works on it.
    pub(super) crew: &'a Crew,
}

/// Decodes the file, frees it, and makes what is wanted of it.
pub(super) fn produce(file: Vec<u8>, work: &Work<'_>, deliver: &mut dyn FnMut(Piece)) {
    let decoded = imaging::decode(&file, work.specs, work.limits, work.look);
    drop(file);
    let picture = match decoded {
        Ok(picture) => picture,
        Err(err) => return deliver(Piece::Refused(reason_for(&err))),
    };
    let header = picture.header();
    deliver(Piece::Size(header.width, header.height));
    // It costs next to nothing, and is what a page needs first.
    if work.wants_placeholder
        && let Ok(made) = imaging::placeholder(&picture)
    {
        deliver(Piece::Placeholder(Placeholder {
            thumb_hash: made.thumb_hash_base64,
            dominant_color: made.dominant_color,
        }));
    }
    let conditions = Conditions { limits: work.limits, look: work.look, time_left: work.time_left };
    let skipped = imaging::render_all(picture, work.specs, &conditions, work.crew, &mut |variant| {
        deliver(Piece::Variant(variant));
    });
    for skipped in skipped {
        deliver(Piece::LeftOut(LeftOut { name: skipped.spec.name, cause: cause_of(&skipped.reason) }));
    }
}

fn reason_for(err: &ImageError) -> Reason {
    let code = match err {
        ImageError::Unsupported => "image_unsupported",
        ImageError::TooLarge { .. } => "image_too_large",
        _ => "image_damaged",
    };
    Reason::new(code, plain(&err.to_string()))
}

fn cause_of(reason: &SkipReason) -> Cause {
    match reason {
        SkipReason::OutOfTime => Cause::OutOfTime,
        SkipReason::TooManyPixels { pixels, limit } => {
            Cause::ForGood(format!("{pixels} pixels are more than the {limit} allowed for AVIF"))
        }
        SkipReason::Failed(err) => Cause::ForGood(plain(&err.to_string())),
        _ => Cause::ForGood("the pipeline left it out".to_owned()),
    }
}

/// Longest text that is passed on, in characters.
pub(super) const WORDS_MAX: usize = 300;

/// The first line, which is what a person can use of all that a decoder may say, and nothing that steers a terminal.
pub(super) fn plain(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|letter| !letter.is_control()).take(WORDS_MAX).collect()
}
