//! What crosses the wire: bodies of the API and messages of the queues. Wire types are not domain types; each
//! request has one conversion, and after it the domain can trust what it holds.

mod answers;
mod checksums;
mod messages;
mod names;
mod requests;
mod scan_result;

pub use answers::{
    CancelledAnswer, ErrorAnswer, FileAnswer, HealthAnswer, PartsAnswer, SignedAnswer, SignedPartAnswer,
    UploadAnswer, UploadStartedAnswer, VariantAnswer,
};
pub use messages::{
    AssemblyMessage, ImageMessage, ImageStage, MESSAGE_VERSION, S3Event, S3Record, check_message_version,
};
pub use names::{check_content_type, check_filename, check_idempotency_key, check_metadata};
pub use requests::{
    CreateBody, NewUpload, PARTS_PER_CALL_MAX, ReportBody, ReportedPart, RequestLimits, SignBody,
    parse_parts_to_sign, parse_reported_parts,
};
pub use scan_result::ScanResult;
