//! The one way to measure how long something took.

use std::future::Future;
use std::time::{Duration, Instant};

use super::metric::Metric;
use super::samples::{record, record_flag};

/// Everything whose duration is measured, but requests and invocations, which the plumbing measures by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// One message of assembly.
    Assemble,
    /// One message of thumbnail.
    ImageStage,
    /// From a file to the sizes of its variants.
    Decode,
    /// Making one JPEG.
    EncodeJpeg,
    /// Making one WebP.
    EncodeWebp,
    /// Making one AVIF.
    EncodeAvif,
    /// One run of cleanup.
    Sweep,
    /// S3: `CreateMultipartUpload`.
    S3CreateMultipartUpload,
    /// S3: `CompleteMultipartUpload`.
    S3CompleteMultipartUpload,
    /// S3: `AbortMultipartUpload`.
    S3AbortMultipartUpload,
    /// S3: `ListMultipartUploads`.
    S3ListMultipartUploads,
    /// S3: `ListParts`.
    S3ListParts,
    /// S3: `HeadObject`.
    S3HeadObject,
    /// S3: `GetObject`.
    S3GetObject,
    /// S3: `PutObject`.
    S3PutObject,
    /// S3: `DeleteObject`.
    S3DeleteObject,
    /// DynamoDB: `GetItem`.
    DynamoDbGetItem,
    /// DynamoDB: `PutItem`.
    DynamoDbPutItem,
    /// DynamoDB: `Query`.
    DynamoDbQuery,
    /// SQS: `SendMessage`.
    SqsSendMessage,
    /// A call of AWS that has no name of its own here.
    OtherCall,
}

impl Operation {
    /// Where its duration goes, and where whether it failed, if that is counted by operation.
    pub const fn row(self) -> (Metric, Option<Metric>) {
        match self {
            Self::Assemble => (Metric::AssembleDuration, Some(Metric::AssembleFailed)),
            Self::ImageStage => (Metric::ImageDuration, Some(Metric::ImageRetried)),
            Self::Decode => (Metric::DecodeDuration, None),
            Self::EncodeJpeg => (Metric::EncodeJpegDuration, None),
            Self::EncodeWebp => (Metric::EncodeWebpDuration, None),
            Self::EncodeAvif => (Metric::EncodeAvifDuration, None),
            Self::Sweep => (Metric::SweepDuration, None),
            Self::S3CreateMultipartUpload => (Metric::S3CreateMultipartUploadDuration, None),
            Self::S3CompleteMultipartUpload => (Metric::S3CompleteMultipartUploadDuration, None),
            Self::S3AbortMultipartUpload => (Metric::S3AbortMultipartUploadDuration, None),
            Self::S3ListMultipartUploads => (Metric::S3ListMultipartUploadsDuration, None),
            Self::S3ListParts => (Metric::S3ListPartsDuration, None),
            Self::S3HeadObject => (Metric::S3HeadObjectDuration, None),
            Self::S3GetObject => (Metric::S3GetObjectDuration, None),
            Self::S3PutObject => (Metric::S3PutObjectDuration, None),
            Self::S3DeleteObject => (Metric::S3DeleteObjectDuration, None),
            Self::DynamoDbGetItem => (Metric::DynamoDbGetItemDuration, None),
            Self::DynamoDbPutItem => (Metric::DynamoDbPutItemDuration, None),
            Self::DynamoDbQuery => (Metric::DynamoDbQueryDuration, None),
            Self::SqsSendMessage => (Metric::SqsSendMessageDuration, None),
            Self::OtherCall => (Metric::OtherCallDuration, None),
        }
    }

    /// The call that the SDK names so; services by the SDK's own ids.
    pub fn of_aws_call(service: &str, operation: &str) -> Self {
        match (service, operation) {
            ("S3", "CreateMultipartUpload") => Self::S3CreateMultipartUpload,
            ("S3", "CompleteMultipartUpload") => Self::S3CompleteMultipartUpload,
            ("S3", "AbortMultipartUpload") => Self::S3AbortMultipartUpload,
            ("S3", "ListMultipartUploads") => Self::S3ListMultipartUploads,
            ("S3", "ListParts") => Self::S3ListParts,
            ("S3", "HeadObject") => Self::S3HeadObject,
            ("S3", "GetObject") => Self::S3GetObject,
            ("S3", "PutObject") => Self::S3PutObject,
            ("S3", "DeleteObject") => Self::S3DeleteObject,
            ("DynamoDB", "GetItem") => Self::DynamoDbGetItem,
            ("DynamoDB", "PutItem") => Self::DynamoDbPutItem,
            ("DynamoDB", "Query") => Self::DynamoDbQuery,
            ("SQS", "SendMessage") => Self::SqsSendMessage,
            _ => Self::OtherCall,
        }
    }

    /// Puts one on record that was timed elsewhere.
    pub fn took(self, duration: Duration) {
        record(self.row().0, duration.as_secs_f64() * 1e3);
    }
}

/// Does `work` and puts on record how long it took and, where that is counted, whether it failed.
pub async fn measure<T, E>(operation: Operation, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let started_at = Instant::now();
    let result = work.await;
    operation.took(started_at.elapsed());
    if let (_, Some(failed)) = operation.row() {
        record_flag(failed, result.is_err());
    }
    result
}
