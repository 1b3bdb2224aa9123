//! Presigned S3 URLs by AWS Signature Version 4: pure arithmetic on text, no I/O, no clock, no SDK.
//!
//! The SDK's presigner builds a whole request, with its endpoint rules and interceptors, for every URL. A multipart
//! upload needs up to 10,000 URLs which differ in a few bytes, so everything they share is computed once here:
//!
//! | computed once per | type | what is kept |
//! |---|---|---|
//! | secret, day, region | [`SigningKey`] | the derived key, as a keyed HMAC state |
//! | moment, bucket, credentials | [`Presigner`] | encoded credential and token, host, HMAC state after the scope |
//! | multipart upload | [`PartPresigner`] | the URL's constant pieces, SHA-256 state up to the part number |
//!
//! The URLs are, byte for byte, those of `aws-sdk-s3`; `tests/presign_against_sdk.rs` holds them to it. The algorithm
//! and its test values: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", Amazon S3 API
//! Reference. The payload is never signed (`UNSIGNED-PAYLOAD`): the sender of a URL cannot know the bytes. What binds
//! the bytes is the signed `content-length` and, where given, the signed checksum header.

mod canonical_request;
mod encode;
mod endpoint;
mod error;
mod object_requests;
mod part_presigner;
mod presigner;
mod signing_key;
mod signing_time;

pub use error::PresignError;
pub use object_requests::{GetObject, PutObject};
pub use part_presigner::PartPresigner;
pub use presigner::{Method, PresignRequest, Presigner, SigningCredentials};
pub use signing_key::SigningKey;
pub use signing_time::SigningTime;
