//! A reverse proxy in front of a local AWS, for tests alone.
//!
//! It does two things that the local AWS cannot. It refuses what AWS refuses and the local AWS lets pass:
//!
//! | what | answer | where AWS says so |
//! |---|---|---|
//! | an `x-amz-*` header beside a presigned URL that did not sign it | 403 `AccessDenied` | [presigned URLs] |
//! | a presigned PUT without a stated length | 411 `MissingContentLength` | [`PutObject`] |
//! | completing with no parts | 400 `MalformedXML` | [`CompleteMultipartUpload`] |
//! | parts out of order or named twice, or with gaps where they have checksums | 400 `InvalidPartOrder` | the same |
//! | a part below 5 MiB that is not the last | 400 `EntityTooSmall` | the same |
//! | a `FULL_OBJECT` checksum that is not that of the bytes | 400 `BadDigest` | [checksums] |
//! | a body above 10 MiB at an HTTP API | 413 | [quotas of HTTP APIs] |
//! | more requests than the API's rate and burst allow | 429 | the same |
//!
//! and it shows the CRC64NVME of the whole object, which S3 keeps for every object. And it breaks calls by [`Rule`], on
//! either side of their effect, as networks and services do.
//!
//! [presigned URLs]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
//! [`PutObject`]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
//! [`CompleteMultipartUpload`]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
//! [checksums]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
//! [quotas of HTTP APIs]: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html

mod answer;
mod call;
mod completion;
mod fault;
mod gateway;
mod journal;
mod objects;
mod presigned;
mod proxy;
mod sender;

pub use call::Operation;
pub use fault::{Fault, Planted, Rule};
pub use gateway::GatewayLimits;
pub use journal::Seen;
pub use proxy::{Proxy, Settings};
