//! The checksums that S3 keeps of objects and the local AWS does not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hyper::header::HeaderValue;
use shared::checksum::{Checksum, ChecksumAlgorithm, checksum_of};

use crate::answer::Answer;
use crate::call::{Call, Operation};
use crate::completion::text_of;

/// What is known of an object.
#[derive(Debug)]
struct Known {
    etag: String,
    checksum: Checksum,
}

/// Objects by their paths.
#[derive(Debug, Default)]
pub(crate) struct Objects(Mutex<HashMap<String, Known>>);

impl Objects {
    /// Takes note of an object that was put, or completed with this checksum.
    pub(crate) fn learn(&self, call: &Call, answer: &Answer, completed: Option<Checksum>) {
        let is_plain_put =
            call.operation == Operation::PUT_OBJECT && call.header("content-encoding").is_none();
        let known = match completed {
            Some(checksum) => text_of(&answer.body, "ETag").map(|etag| (etag, Some(checksum))),
            None if is_plain_put && answer.status.is_success() => {
                etag_of(answer).map(|etag| (etag, checksum_of(ChecksumAlgorithm::Crc64nvme, &call.body)))
            }
            None => None,
        };
        if let Some((etag, Some(checksum))) = known {
            let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            objects.insert(call.path().to_owned(), Known { etag, checksum });
        }
    }

    /// Adds the checksum to an answer that was asked for it.
    pub(crate) fn show(&self, call: &Call, answer: &mut Answer) {
        let looks = [Operation::HEAD_OBJECT, Operation::GET_OBJECT].contains(&call.operation);
        if !looks || call.header("x-amz-checksum-mode") != Some("ENABLED") {
            return;
        }
        let objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = objects.get(call.path()) else { return };
        let is_same = etag_of(answer).is_some_and(|etag| etag == known.etag);
        let shown = answer.headers.iter().find_map(|(name, value)| {
            let is_value = name.as_str().starts_with("x-amz-checksum-") && name != "x-amz-checksum-type";
            is_value.then(|| value.to_str().unwrap_or_default().to_owned())
        });
        // A checksum that the client gave with a single PUT is shown as it is; one with `-N` is of the other kind.
        if !is_same || shown.is_some_and(|value| !value.contains('-')) {
            return;
        }
        let Ok(value) = HeaderValue::from_str(&known.checksum.to_base64()) else { return };
        answer.headers.insert(known.checksum.algorithm().header(), value);
        answer.headers.insert("x-amz-checksum-type", HeaderValue::from_static("FULL_OBJECT"));
    }
}

fn etag_of(answer: &Answer) -> Option<String> {
    answer.headers.get("etag")?.to_str().ok().map(str::to_owned)
}
