//! One part to S3 by its presigned URL, with retries and with a new signature when the old one is refused.
use ureq::SendBody;
use ureq::http::Response;

use super::api::{Api, header, network};
use super::error::ClientError;
use super::parts::PartRange;
use super::retry::{Attempt, is_passing_status, retry_after, retrying};
use super::source::{PartReader, SourceFile};
use super::wire::{PartToSign, SentPart, SignedPart};
use crate::progress::Task;

/// How often one part may get a new URL: a second one heals an expired URL, a third one expired credentials of the
/// signer; after that the refusal has another cause.
const NEW_SIGNATURES_MAX: u32 = 2;
/// S3's error documents are a few hundred bytes.
const ERROR_BYTES_MAX: u64 = 64 * 1024;

/// What every part of one upload shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// The API that signs.
    pub(crate) api: &'a Api,
    /// The upload.
    pub(crate) upload_id: &'a str,
    /// The bytes.
    pub(crate) source: &'a SourceFile,
    /// Where progress is counted.
    pub(crate) task: &'a Task,
}

/// A part with the request that the server has signed for it.
#[derive(Debug, Clone)]
pub(crate) struct PartJob {
    /// Which bytes.
    pub(crate) range: PartRange,
    /// Base64 CRC64NVME of these bytes, for a new signature.
    pub(crate) checksum: String,
    /// The request.
    pub(crate) signed: SignedPart,
}

/// What one PUT came to.
enum PutAnswer {
    /// S3 has the part; None when it already had it and therefore gave no `ETag`.
    Stored(Option<String>),
    /// The URL is no longer good.
    SignAgain(ClientError),
    /// The connection or S3 failed in a way that passes.
    TryAgain(ClientError, Option<std::time::Duration>),
    /// No repeat helps.
    Refused(ClientError),
}

/// Stores one part. None means that S3 already held the object: nothing is left to report, `complete` finds it.
pub(crate) fn put_part(target: Target<'_>, job: PartJob) -> Result<Option<SentPart>, ClientError> {
    let mut signed = job.signed;
    let mut signatures_left = NEW_SIGNATURES_MAX;
    let mut lost_connections = 0;
    retrying(target.api.backoff(), || {
        if let Err(error) = check_plan(job.range, &signed) {
            return Attempt::Never(error);
        }
        let (error, after, wants_signature) = match put_once(target, job.range, &signed) {
            PutAnswer::Stored(etag) => {
                let sent = etag.map(|etag| SentPart { part_number: job.range.number, etag });
                return Attempt::Done(sent);
            }
            PutAnswer::Refused(error) => return Attempt::Never(error),
            PutAnswer::SignAgain(error) => (error, None, true),
            PutAnswer::TryAgain(error, after) => {
                // S3 may close the connection of an expired URL while we still send, before its 403 can be read.
                lost_connections += u32::from(matches!(error, ClientError::Network { .. }));
                let suspicious = lost_connections == 2 && 0 < signatures_left;
                (error, after, suspicious)
            }
        };
        if wants_signature {
            if signatures_left == 0 {
                return Attempt::Never(error);
            }
            signatures_left -= 1;
            match sign_again(target, job.range, &job.checksum) {
                Ok(fresh) => signed = fresh,
                Err(sign_error) => return Attempt::Never(sign_error),
            }
        }
        Attempt::Again(error, after)
    })
}

fn check_plan(range: PartRange, signed: &SignedPart) -> Result<(), ClientError> {
    if signed.size == range.size_bytes {
        return Ok(());
    }
    Err(ClientError::GaveUp(format!(
        "the server signed {} bytes for part {}, which has {}",
        signed.size, range.number, range.size_bytes
    )))
}

fn sign_again(target: Target<'_>, range: PartRange, checksum: &str) -> Result<SignedPart, ClientError> {
    let wish = PartToSign { part_number: range.number, checksum: checksum.to_owned() };
    let signed = target.api.sign(target.upload_id, vec![wish])?;
    signed.parts.into_iter().find(|part| part.part_number == range.number).ok_or_else(|| {
        ClientError::GaveUp(format!("the server did not sign part {}, though asked to", range.number))
    })
}

fn put_once(target: Target<'_>, range: PartRange, signed: &SignedPart) -> PutAnswer {
    let doing = format!("could not store part {}", range.number);
    let mut reader = match PartReader::open(target.source, range, target.task) {
        Ok(reader) => reader,
        Err(error) => return PutAnswer::Refused(error),
    };
    let mut request = target.api.agent().put(&signed.url);
    for (name, value) in &signed.headers {
        request = request.header(name, value);
    }
    if !signed.headers.keys().any(|name| name.eq_ignore_ascii_case("content-length")) {
        request = request.header("content-length", range.size_bytes);
    }
    let result = request.send(SendBody::from_reader(&mut reader));
    let answer = match (reader.fault.take(), result) {
        (Some(fault), _) => PutAnswer::Refused(fault),
        (None, Err(error)) => PutAnswer::TryAgain(network(&doing, &error), None),
        (None, Ok(response)) => judge(response, &doing),
    };
    if !matches!(answer, PutAnswer::Stored(_)) {
        reader.undo_progress();
    }
    answer
}

fn judge(mut response: Response<ureq::Body>, doing: &str) -> PutAnswer {
    let status = response.status().as_u16();
    let etag = header(&response, "etag").map(str::to_owned);
    let after = retry_after(header(&response, "retry-after"));
    // Read to the end even where the text is not needed: only then can the connection be used again.
    let text = response.body_mut().with_config().limit(ERROR_BYTES_MAX).read_to_string().unwrap_or_default();
    let code = xml_text(&text, "Code");
    let refusal = |message: String| ClientError::Refused {
        doing: doing.to_owned(),
        status,
        code: code.to_owned(),
        message,
        missing: Vec::new(),
    };
    let words = xml_text(&text, "Message").to_owned();
    match (status, code) {
        (200..=299, _) => match etag {
            Some(etag) => PutAnswer::Stored(Some(etag)),
            None => PutAnswer::TryAgain(refusal("the answer has no ETag".to_owned()), after),
        },
        // Only a PUT that must not overwrite is answered so: an earlier attempt did arrive, its answer did not.
        (412, _) => PutAnswer::Stored(None),
        (403, _) | (_, "ExpiredToken" | "RequestExpired") => PutAnswer::SignAgain(refusal(words)),
        (_, "BadDigest" | "InvalidDigest" | "XAmzContentChecksumMismatch") => {
            PutAnswer::Refused(refusal(format!("{words} Did the file change while it was uploaded?")))
        }
        (_, "RequestTimeout" | "OperationAborted" | "ConditionalRequestConflict") => {
            PutAnswer::TryAgain(refusal(words), after)
        }
        _ if is_passing_status(status) => PutAnswer::TryAgain(refusal(words), after),
        _ => PutAnswer::Refused(refusal(words)),
    }
}

/// The text of the first element of that name in S3's error document, which is flat:
/// `<Error><Code>..</Code><Message>..</Message>..</Error>`. Empty when there is none.
fn xml_text<'a>(document: &'a str, name: &str) -> &'a str {
    let after_open = document.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
    after_open.and_then(|rest| rest.split_once('<')).map_or("", |(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3s_error_document_gives_code_and_message() {
        let document = "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
        assert_eq!(xml_text(document, "Code"), "AccessDenied");
        assert_eq!(xml_text(document, "Message"), "Request has expired");
        assert_eq!(xml_text("<html>", "Code"), "");
        assert_eq!(xml_text("", "Code"), "");
    }
}
