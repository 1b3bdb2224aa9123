//! Every metric there is, with its unit and what tells its values apart.

/// Units as CloudWatch spells them.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// How many; also samples of 0 and 1 whose average is a rate.
    Count,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Bytes in a second.
    BytesPerSecond,
    /// Of a hundred.
    Percent,
    /// None that CloudWatch knows.
    None,
}

impl Unit {
    /// CloudWatch's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
            Self::Bytes => "Bytes",
            Self::BytesPerSecond => "Bytes/Second",
            Self::Percent => "Percent",
            Self::None => "None",
        }
    }
}

/// What tells the values of one metric apart. Never anything of which there may be many: an owner, a file or an id as a
/// dimension would be a metric to pay for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Nothing but the stack.
    Stack,
    /// The function; and all of the stack together, for alarms.
    Function,
    /// The route of the API; and all of the stack together.
    Route,
}

impl Dimension {
    /// Every dimension there is.
    pub const ALL: [Self; 3] = [Self::Stack, Self::Function, Self::Route];

    /// CloudWatch's names for it: each value goes to a metric for each of these sets.
    pub const fn sets(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Stack => &[&["Stack"]],
            Self::Function => &[&["Stack"], &["Stack", "Function"]],
            Self::Route => &[&["Stack"], &["Stack", "Route"]],
        }
    }
}

/// Makes the enum and its table in one place: a metric without a unit or a dimension does not compile.
macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $name:ident: $unit:ident by $dimension:ident,)+) => {
        /// Every metric there is. The name in CloudWatch is the name here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Metric {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Metric {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// CloudWatch's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What its numbers count.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$name => Unit::$unit,)+ }
            }

            /// What tells its values apart.
            pub const fn dimension(self) -> Dimension {
                match self { $(Self::$name => Dimension::$dimension,)+ }
            }

            /// What it says, for documentation.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

metrics! {
    /// 1 for an invocation that ended in an error, else 0.
    InvocationFailed: Count by Function,
    /// 1 for the first invocation of a process, else 0.
    ColdStart: Count by Function,
    /// From the start of `main` to the first wait for work.
    InitDuration: Milliseconds by Function,
    /// What was left of the time limit at the end.
    TimeLeft: Milliseconds by Function,
    /// The most memory that the process has held, its largest child included, of the function's memory.
    MemoryUsedPercent: Percent by Function,
    /// Processor time against time on the clock; 100 is one processor, used throughout.
    CpuPercent: Percent by Function,
    /// Bytes in use on /tmp.
    TmpUsed: Bytes by Function,
    /// Attempts after the first in calls of AWS.
    AwsRetries: Count by Stack,
    /// Calls that AWS answered with a throttle.
    AwsThrottled: Count by Stack,
    /// Calls that AWS denied.
    AwsDenied: Count by Stack,
    /// Samples that one invocation had too many of.
    SamplesDropped: Count by Stack,

    /// How long a request of the API took in the function.
    RequestDuration: Milliseconds by Route,
    /// 1 for an answer of 500 or more, else 0.
    RequestFailed: Count by Route,
    /// 1 for an answer of 400 to 499, else 0.
    RequestRefused: Count by Route,
    /// 1 for a request slower than the threshold, else 0.
    RequestSlow: Count by Route,

    /// Uploads that were created; repeats of an idempotent call are none.
    UploadsStarted: Count by Stack,
    /// 1 for an upload that failed, 0 for one that was completed.
    UploadFailed: Count by Stack,
    /// Uploads that became files.
    UploadsCompleted: Count by Stack,
    /// Uploads that their client cancelled.
    UploadsCancelled: Count by Stack,
    /// Uploads that ran out of time.
    UploadsExpired: Count by Stack,
    /// Uploads that went back to their client for missing or replaced parts.
    UploadsReopened: Count by Stack,
    /// Uploads that failed because size, checksum or type were not as declared.
    IntegrityFailures: Count by Stack,
    /// Bytes of completed files.
    BytesUploaded: Bytes by Stack,
    /// From the creation of an upload to the file.
    UploadDuration: Milliseconds by Stack,
    /// The bytes of a file by that time.
    UploadThroughput: BytesPerSecond by Stack,
    /// That time by the number of parts.
    PartDuration: Milliseconds by Stack,
    /// Part URLs that were signed.
    PartsSigned: Count by Stack,
    /// Parts that were acknowledged.
    PartsRecorded: Count by Stack,

    /// How long assembling took, from the lease to the record.
    AssembleDuration: Milliseconds by Stack,
    /// 1 for an assembly that has to be tried again, else 0.
    AssembleFailed: Count by Stack,
    /// How long one stage of an image took, from the claim to the record.
    ImageDuration: Milliseconds by Stack,
    /// 1 for a stage that has to be tried again, else 0.
    ImageRetried: Count by Stack,
    /// 1 for an image of which nothing could be made, 0 for one that is done.
    ImageFailed: Count by Stack,
    /// Variants that were stored.
    VariantsMade: Count by Stack,
    /// Their bytes.
    VariantBytes: Bytes by Stack,
    /// From a file to the sizes of its variants.
    DecodeDuration: Milliseconds by Stack,
    /// Making one JPEG.
    EncodeJpegDuration: Milliseconds by Stack,
    /// Making one WebP.
    EncodeWebpDuration: Milliseconds by Stack,
    /// Making one AVIF.
    EncodeAvifDuration: Milliseconds by Stack,

    /// Runs of cleanup that went through.
    SweepsDone: Count by Stack,
    /// How long a run of cleanup took.
    SweepDuration: Milliseconds by Stack,
    /// 1 for a run that stopped before everything due was attended to, else 0.
    SweepIncomplete: Count by Stack,
    /// Records that a run could not attend to.
    SweepFailures: Count by Stack,
    /// Lost jobs that were sent again.
    JobsResent: Count by Stack,
    /// Multipart uploads without a record that were aborted.
    OrphansAborted: Count by Stack,
    /// Bytes that were deleted because nobody may have them any more.
    BytesFreed: Bytes by Stack,
    /// Files that no malware scan said anything of in a day.
    VerdictsMissing: Count by Stack,
    /// Multipart uploads that are open in S3.
    UploadsOpen: Count by Stack,
    /// Age of the oldest of them.
    OldestUploadAge: Seconds by Stack,
    /// Bytes that S3 holds, and bills, for those that were opened ten minutes ago or earlier.
    UnfinishedBytes: Bytes by Stack,
    /// What those bytes cost in a month, in dollars.
    UnfinishedCost: None by Stack,
    /// Messages that wait for assembly.
    AssemblyQueueDepth: Count by Stack,
    /// Messages that wait for thumbnail.
    ImageQueueDepth: Count by Stack,
    /// Messages that were given up, in all dead-letter queues.
    DeadLetters: Count by Stack,

    /// S3: `CreateMultipartUpload`.
    S3CreateMultipartUploadDuration: Milliseconds by Stack,
    /// S3: `CompleteMultipartUpload`.
    S3CompleteMultipartUploadDuration: Milliseconds by Stack,
    /// S3: `AbortMultipartUpload`.
    S3AbortMultipartUploadDuration: Milliseconds by Stack,
    /// S3: `ListMultipartUploads`.
    S3ListMultipartUploadsDuration: Milliseconds by Stack,
    /// S3: `ListParts`.
    S3ListPartsDuration: Milliseconds by Stack,
    /// S3: `HeadObject`.
    S3HeadObjectDuration: Milliseconds by Stack,
    /// S3: `GetObject`, until the first bytes.
    S3GetObjectDuration: Milliseconds by Stack,
    /// S3: `PutObject`.
    S3PutObjectDuration: Milliseconds by Stack,
    /// S3: `DeleteObject`.
    S3DeleteObjectDuration: Milliseconds by Stack,
    /// DynamoDB: `GetItem`.
    DynamoDbGetItemDuration: Milliseconds by Stack,
    /// DynamoDB: `PutItem`.
    DynamoDbPutItemDuration: Milliseconds by Stack,
    /// DynamoDB: `Query`.
    DynamoDbQueryDuration: Milliseconds by Stack,
    /// SQS: `SendMessage`.
    SqsSendMessageDuration: Milliseconds by Stack,
    /// Any call of AWS that has no metric of its own.
    OtherCallDuration: Milliseconds by Stack,
}
