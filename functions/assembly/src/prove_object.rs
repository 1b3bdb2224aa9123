//! Is the object in S3 the file that was declared? Decided by looking at it, never by what an answer to Complete
//! said: an answer can be lost, and "no such upload" is what both a finished and an aborted upload answer.

use shared::checksum::{Checksum, ChecksumType, combine_composite, combine_full_object};
use shared::error::Error;
use shared::guard::Guard;
use shared::part_page::ReceivedParts;
use shared::ports::ObjectFacts;
use shared::record::Reason;
use shared::upload::Upload;

use crate::App;

/// What a look at the object came to.
#[derive(Debug)]
pub(crate) enum Proof {
    /// It is there, written by this upload, with the declared size and checksum.
    Proved(ObjectFacts),
    /// There is no object.
    NotThere,
    /// There is one, and it is not the declared file.
    Contradicted(Reason),
}

/// Looks at the object. `parts` are the recorded parts of a multipart upload.
pub(crate) async fn run(app: &App, upload: &Upload, parts: Option<&ReceivedParts>) -> Result<Proof, Error> {
    let Some(facts) = app.store.look(&upload.object_key()).await? else {
        return Ok(Proof::NotThere);
    };
    Ok(match contradiction(upload, parts, &facts) {
        None => Proof::Proved(facts),
        Some(reason) => Proof::Contradicted(reason),
    })
}

fn contradiction(upload: &Upload, parts: Option<&ReceivedParts>, facts: &ObjectFacts) -> Option<Reason> {
    if Guard::ObjectIdentity.catches(facts.upload_id.as_deref() != Some(upload.id.as_str())) {
        return Some(Reason::new("foreign_object", "another object lies where the file should be"));
    }
    let declared = upload.plan.size_bytes();
    if facts.size_bytes != declared {
        let message = format!("the object has {} bytes; {declared} were declared", facts.size_bytes);
        return Some(Reason::new("size_mismatch", message));
    }
    let expected = expected_checksum(upload, parts)?;
    let held = facts.checksum.as_ref().filter(|held| held.algorithm == upload_algorithm(upload));
    match held {
        Some(held) if expected.matches(held.kind, &held.value) => None,
        Some(_) => Some(checksum_mismatch()),
        None => Some(Reason::new(
            "checksum_missing",
            "S3 holds no checksum for the object, though parts were sent with one",
        )),
    }
}

fn upload_algorithm(upload: &Upload) -> shared::checksum::ChecksumAlgorithm {
    upload
        .checksum
        .as_ref()
        .map_or(shared::checksum::ChecksumAlgorithm::Crc64nvme, |declared| declared.algorithm)
}

pub(crate) fn checksum_mismatch() -> Reason {
    Reason::new("checksum_mismatch", "the bytes that arrived do not have the declared checksum")
}

/// What the object's checksum must be, in whichever of its two forms S3 keeps it.
struct Expected {
    full_object: Option<Checksum>,
    composite: Option<String>,
}

impl Expected {
    fn matches(&self, kind: ChecksumType, value: &str) -> bool {
        match kind {
            ChecksumType::FullObject => self.full_object.as_ref().is_some_and(|sum| sum.to_base64() == value),
            ChecksumType::Composite => self.composite.as_deref() == Some(value),
        }
    }
}

/// `None` when the client gave no checksums.
fn expected_checksum(upload: &Upload, parts: Option<&ReceivedParts>) -> Option<Expected> {
    let declared = upload.checksum.as_ref()?;
    // Of some parts nothing may be on record, although S3 has completed all: a table that was restored from an older copy
    // knows only what had been reported by then. What is declared of the whole counts then.
    let all = parts.filter(|parts| parts.len() == usize::from(upload.plan.part_count()));
    match all {
        Some(parts) => Some(Expected {
            full_object: whole_of(upload, parts),
            composite: combine_composite(checksums(parts)?),
        }),
        None => declared.whole.clone().map(|whole| Expected { full_object: Some(whole), composite: None }),
    }
}

/// The checksum of all bytes, from the parts' checksums; `None` unless every part has one.
pub(crate) fn whole_of(upload: &Upload, parts: &ReceivedParts) -> Option<Checksum> {
    let lengths = parts.keys().map(|number| upload.plan.part_length_bytes(*number));
    combine_full_object(checksums(parts)?.into_iter().zip(lengths))
}

fn checksums(parts: &ReceivedParts) -> Option<Vec<&Checksum>> {
    parts.values().map(|part| part.checksum.as_ref()).collect()
}
