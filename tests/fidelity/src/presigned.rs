//! What S3 asks of a request with a presigned URL.

use crate::answer::Answer;
use crate::call::{Call, Operation};

/// The refusal of a request whose `x-amz-*` headers are not all signed, or that does not say how long it is. The local
/// AWS takes such headers for an order, so that a URL for a PUT could copy any object or make it public.
pub(crate) fn refusal(call: &Call) -> Option<Answer> {
    let signed = call.query("X-Amz-SignedHeaders")?;
    let signed: Vec<&str> = signed.split(';').collect();
    let names = call.headers.keys().map(hyper::header::HeaderName::as_str);
    let unsigned: Vec<&str> =
        names.filter(|name| name.starts_with("x-amz-") && !signed.contains(name)).collect();
    if !unsigned.is_empty() {
        let more = format!("<HeadersNotSigned>{}</HeadersNotSigned>", unsigned.join(", "));
        let message = "There were headers present in the request which were not signed";
        return Some(Answer::s3_error(403, "AccessDenied", message, &more));
    }
    let puts = [Operation::PUT_OBJECT, Operation::UPLOAD_PART].contains(&call.operation);
    (puts && call.header("content-length").is_none()).then(|| {
        let message = "You must provide the Content-Length HTTP header.";
        Answer::s3_error(411, "MissingContentLength", message, "")
    })
}
