//! Multipart uploads as S3 completes them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use shared::checksum::{Checksum, ChecksumAlgorithm, checksum_of};
use shared::plan::PART_SIZE_BYTES_MIN;

use crate::answer::Answer;
use crate::call::{Call, Operation};

const ALGORITHMS: [ChecksumAlgorithm; 3] =
    [ChecksumAlgorithm::Crc64nvme, ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32c];

/// What is to become of a completion.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It goes to the local AWS as it is.
    Pass,
    /// It goes there without its checksum, which is right, but not what the local AWS would compute.
    PassWithoutChecksum,
    /// S3 would refuse it.
    Refused(Answer),
}

/// An upload whose beginning was seen.
#[derive(Debug, Default)]
struct OpenUpload {
    /// The algorithm, if the upload was begun with one.
    algorithm: Option<ChecksumAlgorithm>,
    is_full_object: bool,
    /// What was put last under each number. All of it is kept, so that the checksum of the whole is that of the bytes
    /// and owes nothing to the arithmetic that is under test.
    parts: BTreeMap<u32, Bytes>,
}

/// All uploads that are open.
#[derive(Debug, Default)]
pub(crate) struct OpenUploads(Mutex<HashMap<String, OpenUpload>>);

impl OpenUploads {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, OpenUpload>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What S3 would say to this call.
    pub(crate) fn judge(&self, call: &Call) -> Verdict {
        let uploads = self.lock();
        let upload = call.query("uploadId").and_then(|id| uploads.get(&id));
        match upload {
            Some(upload) if call.operation == Operation::COMPLETE => upload.judge(call),
            _ => Verdict::Pass,
        }
    }

    /// Takes note of what the local AWS did. For an upload that it has completed: the checksum that S3 keeps of the
    /// object.
    pub(crate) fn learn(&self, call: &Call, answer: &mut Answer) -> Option<Checksum> {
        if !answer.status.is_success() {
            return None;
        }
        let mut uploads = self.lock();
        let id = call.query("uploadId").unwrap_or_default();
        match call.operation.name() {
            "s3:CreateMultipartUpload" => {
                let upload = OpenUpload::begun_by(call);
                if upload.is_full_object {
                    // The local AWS knows only the other kind, and says so.
                    let kind = hyper::header::HeaderValue::from_static("FULL_OBJECT");
                    answer.headers.insert("x-amz-checksum-type", kind);
                }
                uploads.insert(text_of(&answer.body, "UploadId")?, upload);
                None
            }
            "s3:UploadPart" => {
                let number = call.query("partNumber")?.parse().ok()?;
                uploads.get_mut(&id)?.parts.insert(number, call.body.clone());
                None
            }
            "s3:CompleteMultipartUpload" => {
                let named = named_parts(&call.body)?;
                let upload = uploads.remove(&id)?;
                upload.checksum_of_whole(&named, upload.algorithm_to_keep())
            }
            "s3:AbortMultipartUpload" => {
                uploads.remove(&id);
                None
            }
            _ => None,
        }
    }
}

impl OpenUpload {
    fn begun_by(call: &Call) -> Self {
        let named = call.header("x-amz-checksum-algorithm").map(str::to_ascii_lowercase);
        let kind = call.header("x-amz-checksum-type");
        Self {
            algorithm: named.and_then(|name| ChecksumAlgorithm::from_name(&name)),
            is_full_object: kind == Some("FULL_OBJECT"),
            parts: BTreeMap::new(),
        }
    }

    /// S3 keeps a CRC64NVME of every object for which nothing else was asked.
    fn algorithm_to_keep(&self) -> ChecksumAlgorithm {
        self.algorithm.unwrap_or(ChecksumAlgorithm::Crc64nvme)
    }

    fn judge(&self, call: &Call) -> Verdict {
        let Some(named) = named_parts(&call.body).filter(|named| !named.is_empty()) else {
            let message =
                "The XML you provided was not well-formed or did not validate against our published schema";
            return refused("MalformedXML", message);
        };
        let is_ascending = named.windows(2).all(|pair| pair.first() < pair.last());
        let is_gapless = (1..).zip(&named).all(|(expected, number)| expected == *number);
        if !is_ascending || self.algorithm.is_some() && !is_gapless {
            return refused("InvalidPartOrder", "The list of parts was not in ascending order.");
        }
        let all_but_last = named.iter().take(named.len() - 1);
        let too_small =
            |part: &Bytes| part.len() < usize::try_from(PART_SIZE_BYTES_MIN).unwrap_or(usize::MAX);
        if all_but_last.filter_map(|number| self.parts.get(number)).any(too_small) {
            return refused(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
            );
        }
        self.judge_checksum(call, &named)
    }

    fn judge_checksum(&self, call: &Call, named: &[u32]) -> Verdict {
        let stated = ALGORITHMS.into_iter().find_map(|algorithm| {
            let value = call.header(algorithm.header())?.to_owned();
            Some((algorithm, value))
        });
        let Some((algorithm, value)) = stated else { return Verdict::Pass };
        if self.algorithm.is_some() && !self.is_full_object {
            return refused(
                "BadDigest",
                "A checksum of the whole was given for an upload whose checksum is composite.",
            );
        }
        match self.checksum_of_whole(named, algorithm) {
            Some(right) if right.to_base64() == value => Verdict::PassWithoutChecksum,
            Some(_) => {
                refused("BadDigest", "The checksum you specified did not match the calculated checksum.")
            }
            // A part that was never seen; the local AWS knows whether there is one.
            None => Verdict::Pass,
        }
    }

    fn checksum_of_whole(&self, named: &[u32], algorithm: ChecksumAlgorithm) -> Option<Checksum> {
        let parts: Option<Vec<&Bytes>> = named.iter().map(|number| self.parts.get(number)).collect();
        let whole: Vec<u8> = parts?.into_iter().flatten().copied().collect();
        checksum_of(algorithm, &whole)
    }
}

fn refused(code: &str, message: &str) -> Verdict {
    Verdict::Refused(Answer::s3_error(400, code, message, ""))
}

/// The part numbers of a completion, in its order; `None` when it cannot be read.
fn named_parts(body: &[u8]) -> Option<Vec<u32>> {
    let text = std::str::from_utf8(body).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let numbers = document.descendants().filter(|node| node.has_tag_name_ignoring_namespace("PartNumber"));
    numbers.map(|node| node.text()?.trim().parse().ok()).collect()
}

/// The text of the first element of this name.
pub(crate) fn text_of(body: &[u8], name: &str) -> Option<String> {
    let document = roxmltree::Document::parse(std::str::from_utf8(body).ok()?).ok()?;
    let node = document.descendants().find(|node| node.has_tag_name_ignoring_namespace(name))?;
    node.text().map(str::to_owned)
}

trait TagName {
    /// Whether this is an element of that name, in whatever namespace: the SDKs name S3's, and people often do not.
    fn has_tag_name_ignoring_namespace(&self, name: &str) -> bool;
}

impl TagName for roxmltree::Node<'_, '_> {
    fn has_tag_name_ignoring_namespace(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}
