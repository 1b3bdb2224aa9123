//! What AWS asks, in one place: on-demand list prices of us-east-1 in dollars, without free tiers and volume steps.

/// When the prices were looked up.
pub const AS_OF: &str = "2026-11";
/// Where they hold.
pub const REGION: &str = "us-east-1";

/// A million invocations. <https://aws.amazon.com/lambda/pricing/>
pub const LAMBDA_MILLION_REQUESTS: f64 = 0.20;
/// A second of one GiB of memory, x86.
pub const LAMBDA_GIB_SECOND: f64 = 0.000_016_666_7;
/// A million requests of an HTTP API. <https://aws.amazon.com/api-gateway/pricing/>
pub const API_MILLION_REQUESTS: f64 = 1.00;
/// A thousand of PUT, POST and LIST. <https://aws.amazon.com/s3/pricing/>
pub const S3_THOUSAND_PUTS: f64 = 0.005;
/// A thousand of GET and HEAD.
pub const S3_THOUSAND_GETS: f64 = 0.000_4;
/// A GiB in S3 Standard for a month.
pub const S3_GIB_MONTH: f64 = 0.023;
/// A million write request units. <https://aws.amazon.com/dynamodb/pricing/on-demand/>
pub const TABLE_MILLION_WRITES: f64 = 0.625;
/// A million read request units.
pub const TABLE_MILLION_READS: f64 = 0.125;
/// A million requests of a standard queue. <https://aws.amazon.com/sqs/pricing/>
pub const QUEUE_MILLION_REQUESTS: f64 = 0.40;
/// A custom metric for a month, prorated by the hour. <https://aws.amazon.com/cloudwatch/pricing/>
pub const METRIC_MONTH: f64 = 0.30;
/// The hours that a month is billed with.
pub const MONTH_HOURS: f64 = 730.0;
